/* SPDX-License-Identifier: Apache-2.0 */
/* One chunk for many sessions. */
#include "msrp/copy.h"

#include <errno.h>
#include <string.h>

#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"

/* " SEND" and the two paths, the same for all copies of one session. */
#define PATHS_MAX (MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 64)
/* What is a copy's own: its first bytes and its end-line. */
#define START_N (5 + MSRP_TID_MADE)
#define END_MAX (2 + 7 + MSRP_TID_MADE + 1 + 2)
/* Parts of a write: for each copy start, paths and text; the end-line lies in front of the next start. */
#define PARTS_MAX (3 * MSRP_COPIES_MAX + 1)
_Static_assert(PARTS_MAX <= STREAM_PARTS_MAX, "one write");

struct composed {
	char own[MSRP_COPIES_MAX * (START_N + END_MAX)];
	size_t own_n;
	char paths[PATHS_MAX];
	size_t paths_n;
	struct iovec parts[PARTS_MAX];
	unsigned parts_n;
	size_t bytes;
	unsigned transactions_n;
	struct {
		struct msrp_transaction *t;
		bool timed;
	} transactions[MSRP_COPIES_MAX];
};


void msrp_copy_lines_encode(const struct msrp_copy_lines *l, struct buf *out)
{
	static const struct str failure[] = {
		[MSRP_FAILURE_PARTIAL] = STR_INIT("partial"),
		[MSRP_FAILURE_NO] = STR_INIT("no"),
	};

	msrp_header_encode(out, STR("Message-ID"), l->message_id);
	msrp_range_encode(out, &l->range);
	if (l->failure_report != MSRP_FAILURE_YES)
		msrp_header_encode(out, STR("Failure-Report"), failure[l->failure_report]);
	buf_puts(out, l->others);
	if (l->content_type.n)
		msrp_content_encode(out, l->content_type);
}


static char *put(char *to, struct str s)
{
	memcpy(to, s.p, s.n);
	return to + s.n;
}


static void compose_paths(struct composed *k, const struct msrp_session *s)
{
	char *to = put(k->paths, STR(" SEND\r\nTo-Path: "));

	to = put(to, msrp_session_remote(s));
	to = put(to, STR("\r\nFrom-Path: "));
	to = put(to, msrp_session_local(s));
	to = put(to, STR("\r\n"));
	k->paths_n = (size_t)(to - k->paths);
}


static void add_part(struct composed *k, const char *p, size_t n)
{
	k->parts[k->parts_n++] = (struct iovec){(void *)(uintptr_t)p, n};
	k->bytes += n;
}


/* Its transaction id, at `tid`. -ENOMEM. */
static int draw(struct composed *k, struct msrp_session *s, const struct msrp_copy *copy, char *tid)
{
	struct msrp_transaction *t;

	if (!copy->done) {
		msrp_tid_make(loop_random_u64(s->ep->loop), tid);
		return 0;
	}
	t = msrp_transaction_begin(s, s->now.c, tid, copy->done, copy->owner, copy->arg);
	if (!t)
		return -ENOMEM;
	k->transactions[k->transactions_n].t = t;
	k->transactions[k->transactions_n++].timed = copy->timed;
	return 0;
}


/* The end-line of a copy and the start of the next one lie together: one part. */
static int add_copy(struct composed *k, struct msrp_session *s, const struct msrp_copy *copy,
		    size_t *from)
{
	char *start = k->own + k->own_n, *to = put(start, STR("MSRP ")), *tid = to;
	int err = draw(k, s, copy, tid);

	if (err)
		return err;
	to += MSRP_TID_MADE;
	add_part(k, k->own + *from, (size_t)(to - (k->own + *from)));
	add_part(k, k->paths, k->paths_n);
	add_part(k, copy->text.p, copy->text.n);
	*from = (size_t)(to - k->own);
	to = put(to, copy->body ? STR("\r\n-------") : STR("-------"));
	to = put(to, (struct str){tid, MSRP_TID_MADE});
	*to++ = copy->flag;
	to = put(to, STR("\r\n"));
	k->own_n = (size_t)(to - k->own);
	return 0;
}


static unsigned compose(struct composed *k, struct msrp_session *s, const struct msrp_copy *copies,
			unsigned n)
{
	size_t from = 0;
	unsigned i;

	k->own_n = k->bytes = 0;
	k->parts_n = k->transactions_n = 0;
	compose_paths(k, s);
	for (i = 0; i < n && i < MSRP_COPIES_MAX; i++) {
		if (i && k->bytes + copies[i].text.n > MSRP_QUEUE_HIGH)
			break;
		if (add_copy(k, s, &copies[i], &from))
			break;
	}
	if (i)
		add_part(k, k->own + from, k->own_n - from);
	return i;
}


int msrp_copies_write(struct msrp_session *s, const struct msrp_copy *copies, unsigned n)
{
	struct msrp_connection *c = s->now.c;
	struct composed k;
	unsigned done;

	if (!c || !c->connected || !s->remote || !msrp_connection_usable(c))
		return -ENOTCONN;
	if (!n || msrp_connection_queued(c) > MSRP_QUEUE_LOW)
		return 0;
	done = compose(&k, s, copies, n);
	if (!done)
		return -ENOMEM;
	msrp_connection_clear(c);
	msrp_count(MSRP_C_FRAMES_SENT, done);
	msrp_connection_write_parts(c, k.parts, k.parts_n, k.bytes);
	for (unsigned i = 0; i < k.transactions_n; i++)
		msrp_transaction_sent(k.transactions[i].t, k.transactions[i].timed);
	s->active_ms = loop_now_ms(s->ep->loop);
	return (int)done;
}


void msrp_copies_forget(struct msrp_session *s, const void *owner)
{
	msrp_transactions_forget(s, owner);
}
