/* SPDX-License-Identifier: Apache-2.0 */
/* Through what is kept: references, pages and limits, over both backends; nobody else's. */
#include "im/retrieval/retrieval_state.h"

#include "im/deferred/fetched.h"
#include "store/deferred.h"
#include "store/history.h"
#include "store/world.h"

#define NOW INT64_C(1767225600000)
#define HISTORY "sip:history@example.org"
#define DEFERRED "sip:deferred@example.org"

static const struct str domains[] = {STR_INIT("example.org")};
static const struct im_addresses ours = {
	.domains = domains,
	.domains_n = 1,
	.history = STR_INIT(HISTORY),
	.deferred = STR_INIT(DEFERRED),
};

struct fixture {
	struct world *w;
	struct retrievals rs;
	struct deferred deferred; /**< as far as describe looks at it */
	struct im_handout handout;
	struct walk walk;
	struct asked asked;
	struct buf *out;
	unsigned pages, entries;
	int error;
	bool whole; /**< the entry is to have its content */
};


static void close_fixture(void *arg)
{
	struct fixture *t = arg;

	kept_cancel(&t->walk.k);
	asked_done(&t->asked);
}


static struct fixture *fixture(const struct kept_source *source, const char *user)
{
	struct fixture *t = unit_storage(sizeof(*t));

	t->w = world();
	unit_defer(close_fixture, t);
	t->out = unit_buf(1 << 16);
	t->rs.p.store = t->w->store;
	t->rs.p.addresses = ours;
	t->rs.loop = t->deferred.loop = t->w->loop;
	t->deferred.addresses = ours;
	t->handout = (struct im_handout){.describe = fetched_describe, .arg = &t->deferred};
	t->rs.p.handout = &t->handout;
	t->rs.history_expiry_s = 60;
	t->walk.k.source = source;
	t->walk.k.rs = &t->rs;
	t->walk.k.user = str_of(user);
	return t;
}


/* ---- What is kept ---- */

static void keep(struct fixture *t, const char *owner, const char *peer, const char *text,
		 uint64_t conversation, int64_t ms)
{
	struct store_history_entry e = {
		.conversation = conversation,
		.owner = str_of(owner),
		.peer = str_of(peer),
		.kind = STORE_HISTORY_PAGER,
		.outgoing = true,
		.request = STR(""),
		.message_id = STR("m1"),
		.from = STR("Alice <sip:alice@example.org>"),
		.to = str_of(peer),
		.subject = STR(""),
		.content_type = STR("text/plain"),
		.size = strlen(text),
		.text = str_of(text),
		.body = str_of(text),
		.file = STR(""),
	};
	static const struct store_history_quota none;

	unit_ok(ASK(t, store_history_add, &e, 1, &none, ms, world_done, t->w));
}


/* 30 lines with bob, in two sessions, and 30 with carol between them. */
static void talk(struct fixture *t)
{
	char text[64];

	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "bob%d", i);
		keep(t, "sip:alice@example.org", "sip:bob@example.org", text, i < 15 ? 7 : 8,
		     NOW + i * 1000);
		snprintf(text, sizeof(text), "Carol%d", i);
		keep(t, "sip:alice@example.org", "sip:carol@example.org", text, 0, NOW + i * 1000);
	}
	keep(t, "sip:dave@example.org", "sip:alice@example.org", "hidden", 9, NOW);
}


static void wait_for(struct fixture *t, const char *user, const char *sender, uint32_t n)
{
	char call_id[32];
	struct store_deferred d = {
		.user = str_of(user),
		.from_tag = STR("t"),
		.cseq = 1,
		.message_id = STR(""),
		.sender = str_of(sender),
		.size = 5,
		.received_ms = NOW + n,
		.headers = STR("From: \"A\" <sip:alice@example.org>;tag=t\r\n"
			       "To: <sip:bob@example.org>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
			       "Content-Type: text/html\r\n"),
		.body = STR("hello"),
		.file = STR(""),
	};

	snprintf(call_id, sizeof(call_id), "c%u", n);
	d.call_id = str_of(call_id);
	unit_ok(ASK(t, store_deferred_hold, &d, 0, world_done, t->w));
}


/* ---- Walking ---- */

static void on_entry(struct walk *w, const struct kept_entry *e)
{
	struct fixture *t = container_of(w, struct fixture, walk);

	t->entries++;
	buf_puts(t->out, e->item.text.n ? e->item.text : e->item.reference);
	if (t->whole && e->content) {
		buf_putc(t->out, '=');
		buf_puts(t->out, e->content->type);
		buf_putc(t->out, '=');
		buf_puts(t->out, e->content->body);
	}
	buf_putc(t->out, '|');
}


static void on_paged(struct walk *w, int error)
{
	struct fixture *t = container_of(w, struct fixture, walk);

	t->error = error;
	t->pages++;
}


static int read_body(struct fixture *t, const char *service, const char *references)
{
	struct buf *body = unit_buf(8192);
	struct sip_msg *m = unit_storage(sizeof(*m));
	struct buf *text = unit_buf(16384);

	buf_puts(body,
		 STR("<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\"><list>"));
	for (struct str rest = str_of(references); rest.p;) {
		struct str one = str_cut(&rest, ' ');

		buf_printf(body, "<entry uri=\"" STR_FMT "\"/>", STR_ARG(one));
	}
	buf_puts(body, STR("</list></resource-lists>"));
	buf_printf(text,
		   "MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
		   "From: <sip:a@x>;tag=1\r\nTo: <%s>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
		   "Content-Type: application/resource-lists+xml\r\nContent-Length: "
		   "%zu\r\n\r\n" STR_FMT,
		   service, service, body->n, STR_ARG(buf_str(body)));
	unit_ok(text->failed || body->failed ? -ENOMEM : 0);
	assert_int_equal(sip_msg_decode(m, buf_str(text), false), SIP_DECODE_OK);
	asked_done(&t->asked);
	return asked_read(&t->asked, m, str_of(service), &ours);
}


static void walk_all(struct fixture *t, const char *service, const char *references, uint32_t limit)
{
	int err;

	unit_ok(read_body(t, service, references));
	buf_clear(t->out);
	t->pages = t->entries = 0;
	t->walk.entry = on_entry;
	t->walk.paged = on_paged;
	walk_begin(&t->walk, &t->asked);
	while (!(err = walk_on(&t->walk, limit))) {
		virtual_loop_run_until_idle(t->w->vl);
		unit_ok(t->error);
	}
	if (err != -ENODATA)
		unit_ok(err);
	unit_ok(t->out->failed ? -ENOMEM : 0);
}


static void test_history(void)
{
	struct fixture *t = fixture(&kept_history, "sip:alice@example.org");
	static const struct {
		const char *reference;
		unsigned entries;
		const char *begins;
	} rows[] = {
		{HISTORY, 60, "bob0|Carol0|bob1|"},
		{HISTORY ";with=sip:bob%40EXAMPLE.org", 30, "bob0|bob1|"},
		{HISTORY ";with=sip:nobody%40example.org", 0, ""},
		{HISTORY ";conversation=8", 15, "bob15|bob16|"},
		{HISTORY ";conversation=9", 0, ""},
		{HISTORY ";text=CAROL2", 11, "Carol2|Carol20|"},
		{HISTORY ";text=rol;with=sip:bob%40example.org", 0, ""},
		{HISTORY ";since=1767225629000", 2, "bob29|Carol29|"},
		{HISTORY ";until=1767225601000", 2, "bob0|Carol0|"},
		{HISTORY ";limit=3", 3, "bob0|Carol0|bob1|"},
		{HISTORY ";limit=55", 55, "bob0|"},
		{HISTORY ";text=carol;limit=2 " HISTORY ";conversation=7;limit=1", 3,
		 "Carol0|Carol1|bob0|"},
	};

	talk(t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].reference);
		walk_all(t, HISTORY, rows[i].reference, 0);
		assert_int_equal(t->entries, rows[i].entries);
		assert_true(str_starts(buf_str(t->out), str_of(rows[i].begins)));
	}
	walk_all(t, HISTORY, HISTORY, 7);
	assert_int_equal(t->entries, 7);
}


static void found(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;
	size_t n = 0;
	const struct store_history_entry *e = error ? NULL : store_history_result(r, &n);

	if (n)
		buf_printf(t->out, HISTORY ";id=%llu", (unsigned long long)e[0].id);
	world_done(r, error, t->w);
}


/* One by its id, with its content; another's is not there. */
static void test_one(void)
{
	struct fixture *t = fixture(&kept_history, "sip:alice@example.org");
	struct store_history_filter f = {.owner = STR("sip:alice@example.org"),
					 .peer = STR(""),
					 .text = STR("bob7"),
					 .max = 1};
	char reference[128];

	talk(t);
	unit_ok(ASK(t, store_history_list, &f, found, t));
	unit_ok(t->out->failed ? -ENOMEM : 0);
	snprintf(reference, sizeof(reference), STR_FMT, STR_ARG(buf_str(t->out)));
	t->whole = true;
	walk_all(t, HISTORY, reference, 0);
	unit_buf_is(t->out, "bob7=text/plain=bob7|");
	t->walk.k.user = STR("sip:dave@example.org");
	walk_all(t, HISTORY, reference, 0);
	unit_buf_is(t->out, "");
	assert_int_equal(t->error, 0);
}


static void test_deferred(void)
{
	struct fixture *t = fixture(&kept_deferred, "sip:bob@example.org");

	for (uint32_t i = 0; i < 3; i++)
		wait_for(t, "sip:bob@example.org", "sip:alice@example.org", i);
	wait_for(t, "sip:carol@example.org", "sip:alice@example.org", 3);
	wait_for(t, "sip:bob@example.org", "sip:dave@example.org", 4);
	walk_all(t, DEFERRED, DEFERRED, 0);
	unit_buf_is(t->out,
		    DEFERRED ";id=1|" DEFERRED ";id=2|" DEFERRED ";id=3|" DEFERRED ";id=5|");
	walk_all(t, DEFERRED, DEFERRED ";with=sip:dave%40example.org", 0);
	unit_buf_is(t->out, DEFERRED ";id=5|");
	walk_all(t, DEFERRED, DEFERRED ";since=1767225600001;until=1767225600002", 0);
	unit_buf_is(t->out, DEFERRED ";id=2|");
	t->whole = true;
	walk_all(t, DEFERRED, DEFERRED ";id=4 " DEFERRED ";id=2 " DEFERRED ";id=99", 0);
	unit_buf_is(t->out, DEFERRED ";id=2=text/html=hello|");
}


static void test_asked_wrongly(void)
{
	struct fixture *t = fixture(&kept_history, "sip:alice@example.org");
	struct buf *many = unit_buf(65536);
	static const char *const rows[] = {
		DEFERRED ";id=1",       "sip:history@example.net;id=1",        HISTORY ";id=x",
		HISTORY ";with=nobody", HISTORY ";id=1 sip:other@example.org",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i]);
		unit_must(read_body(t, HISTORY, rows[i]) == -EBADMSG);
	}
	for (int i = 0; i <= RETRIEVAL_REFERENCES_MAX / 8; i++)
		buf_puts(many, STR("sip:history@example.org;id=1 "));
	unit_ok(many->failed ? -ENOMEM : 0);
	many->p[many->n - 1] = '\0';
	unit_ok(read_body(t, HISTORY, many->p));
	assert_int_equal(t->asked.n, RETRIEVAL_REFERENCES_MAX / 8 + 1);
}


UNIT_MAIN(UNIT_TEST(test_history), UNIT_TEST(test_one), UNIT_TEST(test_deferred),
	  UNIT_TEST(test_asked_wrongly))
