/* SPDX-License-Identifier: Apache-2.0 */
/* A content on its way out: from memory and from the store, at the pace of who reads it, and what goes wrong. */
#include "im/content_sender.h"

#include <string.h>

#include "store/store.h"
#include "unit/msrp/world.h"

#define alice (&f->w->peers[0])
/** More than MSRP takes at a time, and than one read of the disk. */
#define LARGE 300000

struct fixture {
	struct world *w;
	struct store *store;
	struct buf *why;
	struct content_sender *sender, *other;
	struct store_content_writer *writer;
	char name[STORE_CONTENT_NAME_N];
	char *content;
	unsigned sent;
};


/* ---- The fixture ---- */

static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)arg;
	return r->frame->body ? 403 : 0;
}


static const struct msrp_session_handler handler = {.head = on_head};


static void end(void *arg)
{
	struct fixture *f = arg;

	content_sender_cancel(f->sender);
	content_sender_cancel(f->other);
	store_content_abandon(f->writer);
	f->store = mem_unref(f->store);
	/* What the disk has begun it ends. */
	if (f->w->vl)
		(void)virtual_loop_run_until_idle(f->w->vl);
}


static void bind_alice(struct fixture *f)
{
	struct msrp_remote r = {.path = STR(ALICE_PATH), .role = MSRP_PASSIVE};
	struct str local;

	unit_ok(msrp_session_start(f->w->a, &r));
	local = msrp_session_local(f->w->a);
	alice->to = memcpy(unit_storage(local.n + 1), local.p, local.n);
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b000");
	run(f->w);
	peer_heard(alice, "200 b000");
}


static struct fixture *fixture(bool bound)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->w = world_open();
	f->content = unit_storage(LARGE + 1);
	fill(f->content, LARGE, 0);
	f->why = unit_buf(256);
	unit_defer(end, f);
	unit_ok(store_open(&f->store, f->w->l, STR("memory:"), f->why));
	unit_ok(msrp_session_alloc(&f->w->a, f->w->ep,
				   &(struct msrp_session_params){.handler = &handler,
								 .arg = f->w}));
	if (bound)
		bind_alice(f);
	return f;
}


static void on_stored(struct store_content_writer *c, int error, const struct str *name, void *arg)
{
	struct fixture *f = arg;

	(void)c;
	f->writer = NULL;
	if (!error)
		memcpy(f->name, name[0].p, STORE_CONTENT_NAME_N);
}


/* `n` bytes of the content are in the store, by f->name. */
static void store_bytes(struct fixture *f, size_t n)
{
	static const struct store_content_handler kept = {.done = on_stored};

	unit_ok(store_content_create(&f->writer, f->store, &kept, f));
	for (size_t at = 0; at < n; at += 50000) {
		size_t piece = n - at < 50000 ? n - at : 50000;

		unit_ok(store_content_write(f->writer, at, (struct str){f->content + at, piece}));
		run(f->w);
	}
	store_content_finish(f->writer, 1);
	run(f->w);
	unit_must(f->name[0]);
}


static struct str name_of(const struct fixture *f)
{
	return (struct str){(char *)f->name, STORE_CONTENT_NAME_N};
}


static void on_sent(struct content_sender *s, uint16_t status, int error, void *arg)
{
	struct fixture *f = arg;

	f->sent++;
	note(f->w, "sent %u %d", status, error);
	if (s == f->sender)
		f->sender = NULL;
	if (s == f->other)
		f->other = NULL;
}


static struct content_sender_params params(struct fixture *f, const char *id)
{
	return (struct content_sender_params){
		.session = f->w->a,
		.store = f->store,
		.message = {.message_id = str_of(id), .content_type = STR("text/plain")},
	};
}


static void start(struct fixture *f, const struct content_sender_params *p)
{
	unit_ok(content_sender_start(&f->sender, p, on_sent, f));
	assert_int_equal(f->sent, 0);
}


/* ---- All goes well ---- */

static void test_bytes(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	p.head = STR("From: <sip:a@b>\r\n\r\n");
	p.bytes = STR("hello");
	p.message.success_report = true;
	start(f, &p);
	run(f->w);
	peer_heard(alice, "SEND m001 1-24/24 24 $");
	unit_buf_is(&alice->body, "From: <sip:a@b>\r\n\r\nhello");
	unit_must(str_find_str(buf_str(&alice->others), STR("Success-Report: yes\r\n")) >= 0);
	events_are(f->w, "sent 200 0");
}


static void test_nothing(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	start(f, &p);
	run(f->w);
	peer_heard(alice, "SEND m001 1-0/0 0 $");
	events_are(f->w, "sent 200 0");
}


static void test_stored(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	store_bytes(f, LARGE);
	p.name = name_of(f);
	p.size = LARGE;
	alice->quiet = true;
	start(f, &p);
	run(f->w);
	body_is_filled(alice, LARGE);
	events_are(f->w, "sent 200 0");
}


/* The head stands before it, in the same message. */
static void test_stored_with_head(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	store_bytes(f, 10);
	p.head = STR("head:");
	p.name = name_of(f);
	p.size = 10;
	start(f, &p);
	run(f->w);
	peer_heard(alice, "SEND m001 1-*/15 15 $");
	unit_must(alice->body.n == 15 && memcmp(alice->body.p, "head:", 5) == 0 &&
		  memcmp(alice->body.p + 5, f->content, 10) == 0);
	events_are(f->w, "sent 200 0");
}


/* A content that is longer than its record says: not a byte more. */
static void test_no_more_than_its_size(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	store_bytes(f, 1000);
	p.name = name_of(f);
	p.size = 10;
	start(f, &p);
	run(f->w);
	peer_heard(alice, "SEND m001 1-10/10 10 $");
	events_are(f->w, "sent 200 0");
}


/* Two on one session take turns; both arrive whole. */
static void test_two(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001"), q = params(f, "m002");

	store_bytes(f, LARGE);
	p.name = q.name = name_of(f);
	p.size = q.size = LARGE;
	alice->quiet = true;
	start(f, &p);
	unit_ok(content_sender_start(&f->other, &q, on_sent, f));
	run(f->w);
	events_are(f->w, "sent 200 0, sent 200 0");
	unit_must(alice->bytes == 2 * LARGE);
}


/* ---- Trouble ---- */

static void test_not_there(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	p.name = STR("0123456789abcdef");
	p.size = 10;
	start(f, &p);
	run(f->w);
	unit_must(f->sent == 1);
	if (!unit_refused())
		unit_str(buf_str(&f->w->events), "sent 0 -2");
}


/* A disk that has lost its end: what the peer has of it is given up. */
static void test_too_short(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	store_bytes(f, 5000);
	p.name = name_of(f);
	p.size = 6000;
	start(f, &p);
	run(f->w);
	events_are(f->w, "sent 0 -5");
	peer_heard(alice, "SEND m001 1-*/6000 5000 #");
}


static void test_refused(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	store_bytes(f, LARGE);
	p.name = name_of(f);
	p.size = LARGE;
	alice->status = 413;
	alice->quiet = true;
	start(f, &p);
	run(f->w);
	events_are(f->w, "sent 413 0");
	assert_null(f->sender);
}


static void test_lost(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	p.bytes = STR("hello");
	alice->status = 0;
	start(f, &p);
	run(f->w);
	unit_must(f->sender && content_sender_at(f->sender) == 5);
	peer_close(alice);
	run(f->w);
	events_are(f->w, "sent 0 0");
}


/* Who has cancelled hears nothing, whatever still comes. */
static void test_cancel(void)
{
	struct fixture *f = fixture(true);
	struct content_sender_params p = params(f, "m001");

	content_sender_cancel(NULL);
	p.bytes = STR("hello");
	start(f, &p);
	content_sender_cancel(f->sender);
	f->sender = NULL;
	run(f->w);
	p.message.message_id = STR("m002");
	alice->status = 0;
	start(f, &p);
	run(f->w);
	content_sender_cancel(f->sender);
	f->sender = NULL;
	peer_answer(alice, 200);
	run(f->w);
	unit_must(!f->sent);
}


static void test_does_not_begin(void)
{
	struct fixture *f = fixture(false);
	struct content_sender_params p = params(f, "m001");

	p.bytes = STR("hello");
	unit_must(content_sender_start(&f->sender, &p, on_sent, f) == -ENOTCONN);
	bind_alice(f);
	p.message.content_type = STR("");
	unit_must(content_sender_start(&f->sender, &p, on_sent, f) == -EINVAL);
	run(f->w);
	unit_must(!f->sent);
	unit_must(!f->sender);
}


UNIT_MAIN(UNIT_TEST(test_bytes), UNIT_TEST(test_nothing), UNIT_TEST(test_stored),
	  UNIT_TEST(test_stored_with_head), UNIT_TEST(test_no_more_than_its_size),
	  UNIT_TEST(test_two), UNIT_TEST(test_not_there), UNIT_TEST(test_too_short),
	  UNIT_TEST(test_refused), UNIT_TEST(test_lost), UNIT_TEST(test_cancel),
	  UNIT_TEST(test_does_not_begin))
