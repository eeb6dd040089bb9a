/* SPDX-License-Identifier: Apache-2.0 */
/* A stored message on its way out over MSRP. */
#include "im/content_sender.h"

#include <errno.h>

#include "base/mem.h"

struct content_sender {
	struct msrp_session *session; /**< a reference */
	struct msrp_send *send;       /**< likewise */
	struct store_content_reader *reader;
	struct loop *loop;
	struct deferred_call tell;
	uint64_t at;     /**< of the content: what was read of it */
	uint64_t size;   /**< of the content in the store; 0: `rest` has all there is */
	struct buf rest; /**< read, and not yet taken by MSRP from `rest_at` on */
	size_t rest_at;
	int error;
	bool reading;
	content_sent_cb *sent;
	void *arg;
};

static void go_on(struct content_sender *s);


static void destroy(void *object)
{
	struct content_sender *s = object;

	if (s->loop)
		loop_defer_cancel(s->loop, &s->tell);
	store_content_close(s->reader);
	if (s->send)
		msrp_send_abort(s->send);
	mem_unref(s->send);
	mem_unref(s->session);
	buf_done(&s->rest);
}


static void over(struct content_sender *s, uint16_t status)
{
	content_sent_cb *sent = s->sent;
	int error = s->error;

	if (!sent)
		return;
	s->sent = NULL;
	sent(s, status, error, s->arg);
	mem_unref(s);
}


static void on_tell(void *arg)
{
	over(arg, 0);
}


/* The content cannot be had: what the peer has of it is given up. */
static void fail(struct content_sender *s, int error)
{
	s->error = error;
	msrp_send_abort(s->send);
	loop_defer(s->loop, &s->tell, on_tell, s);
}


/* ---- Out ---- */

/* What is in hand. True: all of it left. */
static bool write_rest(struct content_sender *s)
{
	while (s->rest_at < s->rest.n) {
		ssize_t n = msrp_send_write(s->send, s->rest.p + s->rest_at,
					    s->rest.n - s->rest_at);

		if (n <= 0) {
			if (n < 0 && n != -EPIPE) /* -EPIPE: `done` tells */
				fail(s, (int)n);
			return false;
		}
		s->rest_at += (size_t)n;
		if (s->rest_at < s->rest.n)
			return false; /* `room` follows */
	}
	buf_clear(&s->rest);
	s->rest_at = 0;
	return true;
}


static void on_read(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct content_sender *s = arg;

	(void)r;
	s->reading = false;
	if (!error && !bytes.n)
		error = -EIO; /* it is shorter than its record says */
	bytes = str_upto(bytes, s->size - s->at < bytes.n ? (size_t)(s->size - s->at) : bytes.n);
	if (!error)
		buf_puts(&s->rest, bytes);
	if (!error && s->rest.failed)
		error = -ENOMEM;
	if (error) {
		fail(s, error);
		return;
	}
	s->at += bytes.n;
	go_on(s);
}


static void read_more(struct content_sender *s)
{
	uint64_t left = s->size - s->at;
	int err = store_content_read(s->reader, s->at,
				     left < CONTENT_SENDER_READ ? (size_t)left
								: CONTENT_SENDER_READ,
				     on_read, s);

	s->reading = !err;
	if (err)
		fail(s, err);
}


static void go_on(struct content_sender *s)
{
	if (s->reading || s->error || !write_rest(s))
		return;
	if (s->at < s->size) {
		read_more(s);
	} else {
		int err = msrp_send_end(s->send);

		if (err && err != -EPIPE)
			fail(s, err);
	}
}


static void on_room(struct msrp_send *m, void *arg)
{
	(void)m;
	go_on(arg);
}


static void on_done(struct msrp_send *m, uint16_t status, void *arg)
{
	struct content_sender *s = arg;

	(void)m;
	over(s, status);
}


static const struct msrp_send_handler handler = {.room = on_room, .done = on_done};


/* ---- Life ---- */

static void on_begin(void *arg)
{
	go_on(arg);
}


static int open_all(struct content_sender *s, const struct content_sender_params *p)
{
	struct msrp_send_params m = p->message;
	size_t begin = p->head.n + p->bytes.n;
	int err = 0;

	buf_init(&s->rest, begin > CONTENT_SENDER_READ ? begin : CONTENT_SENDER_READ);
	buf_puts(&s->rest, p->head);
	if (p->name.n) {
		s->size = p->size;
		err = store_content_open(&s->reader, p->store, p->name);
	} else {
		buf_puts(&s->rest, p->bytes);
	}
	if (!err && s->rest.failed)
		err = -ENOMEM;
	m.first = 0;
	m.total = s->rest.n + s->size;
	return err ? err : msrp_send_open(&s->send, p->session, &m, &handler, s);
}


int content_sender_start(struct content_sender **ret, const struct content_sender_params *p,
			 content_sent_cb *sent, void *arg)
{
	struct content_sender *s = mem_alloc(sizeof(*s), destroy);
	int err;

	if (!s)
		return -ENOMEM;
	s->session = mem_ref(p->session);
	s->loop = msrp_endpoint_loop(msrp_session_endpoint(p->session));
	err = open_all(s, p);
	if (err) {
		mem_unref(s);
		return err;
	}
	s->sent = sent;
	s->arg = arg;
	loop_defer(s->loop, &s->tell, on_begin, s);
	*ret = s;
	return 0;
}


void content_sender_cancel(struct content_sender *s)
{
	if (!s)
		return;
	s->sent = NULL;
	mem_unref(s);
}


uint64_t content_sender_at(const struct content_sender *s)
{
	return msrp_send_sent(s->send);
}
