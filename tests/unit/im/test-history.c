/* SPDX-License-Identifier: Apache-2.0 */
/* The History function: what an entry says of its content, and messages put together as they pass. */
#include "im/history/history.h"

#include <stdio.h>

#include "body/im_settings.h"
#include "im/history/history_state.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "msrp/relay.h"
#include "store/document.h"

#define ALICE "sip:alice@example.org"
#define BOB "sip:bob@example.org"

struct world {
	struct virtual_loop *vl;
	struct store *store;
	struct subscribers *subscribers;
	struct history *history;
	struct store_request r;
	struct buf *out;
	int error;
};


static void close_world(void *arg)
{
	struct world *w = arg;

	w->history = mem_unref(w->history);
	w->subscribers = mem_unref(w->subscribers);
	w->store = mem_unref(w->store);
	if (w->vl)
		virtual_loop_run_until_idle(w->vl);
	w->vl = mem_unref(w->vl);
}


static void done(struct store_request *r, int error, void *arg)
{
	(void)r;
	((struct world *)arg)->error = error;
}


/* This user wants both kinds. */
static void wants(struct world *w, const char *user)
{
	struct store_document d = {
		.aor = str_of(user),
		.auid = IM_SETTINGS_AUID,
		.name = STR("index"),
		.type = IM_SETTINGS_TYPE,
		.body = STR("<im-settings><entity id=\"a\"><his-settings>"
			    "<hist-activation active=\"true\"/></his-settings></entity>"
			    "</im-settings>"),
	};

	w->error = 1;
	unit_ok(store_document_put(w->store, &w->r, &d, STR_NULL, done, w));
	virtual_loop_run_until_idle(w->vl);
	unit_ok(w->error);
	subscribers_drop(w->subscribers, str_of(user));
}


static struct world *world(void)
{
	static const struct str domains[] = {STR_INIT("example.org")};
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(close_world, w);
	w->out = unit_buf(1 << 20);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	struct loop *loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, loop, STR("memory:"), w->out));
	unit_ok(subscribers_alloc(&w->subscribers, &(struct subscribers_params){
							   .loop = loop,
							   .store = w->store,
							   .domains = domains,
							   .domains_n = 1,
							   .ims = true,
						   }));
	unit_ok(history_alloc(&w->history, &(struct history_params){
						   .loop = loop,
						   .store = w->store,
						   .subscribers = w->subscribers,
					   }));
	history_configure(w->history, &(struct history_config){.enabled = true});
	return w;
}


/* ---- Asking ---- */

static void listed(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;
	size_t n;
	const struct store_history_entry *e = store_history_result(r, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(w->out, "%s" STR_FMT " " STR_FMT " %llu %s" STR_FMT "|",
			   e[i].outgoing ? ">" : "<", STR_ARG(e[i].peer),
			   STR_ARG(e[i].content_type), (unsigned long long)e[i].size,
			   e[i].aborted ? "aborted " : "",
			   STR_ARG(e[i].file.n ? STR("file") : e[i].text));
	w->error = error;
}


static void is_kept(struct world *w, const char *owner, const char *wanted)
{
	struct store_history_filter f = {.owner = str_of(owner), .max = 50};

	virtual_loop_run_until_idle(w->vl);
	buf_clear(w->out);
	w->error = 1;
	unit_ok(store_history_list(w->store, &w->r, &f, listed, w));
	virtual_loop_run_until_idle(w->vl);
	unit_ok(w->error);
	unit_buf_is(w->out, wanted);
}


/* ---- A session ---- */

struct chunk {
	struct msrp_frame frame;
	struct msrp_receive r;
	void *cookie;
};


static struct im_recording *begin(struct world *w, unsigned sides, bool hides)
{
	const struct im_recorder *r = history_recorder(w->history);

	return r->begin(&(struct im_recorded_session){.kind = IM_SESSION,
						      .sides = sides,
						      .originator = STR(ALICE),
						      .recipient = STR(BOB),
						      .call_id = STR("call"),
						      .originator_hides = hides},
			r->arg);
}


static void head(struct im_recording *rec, struct chunk *c, enum msrp_side from, const char *id,
		 const char *type)
{
	*c = (struct chunk){.frame = {.request = true,
				      .body = true,
				      .method = MSRP_METHOD_SEND,
				      .message_id = str_of(id),
				      .content_type = str_of(type)}};
	c->r.frame = &c->frame;
	assert_int_equal(history_tap.head(from, &c->r, &c->cookie, rec), 0);
}


static void chunk(struct im_recording *rec, enum msrp_side from, const char *id, const char *type,
		  uint64_t at, struct str body, char flag, uint16_t status)
{
	struct chunk c;

	head(rec, &c, from, id, type);
	c.r.offset = at;
	if (body.n)
		history_tap.piece(from, &c.r, body, c.cookie, rec);
	c.r.offset += body.n;
	history_tap.end(from, &c.r, flag, c.cookie, rec);
	history_tap.answered(from, status, c.cookie, rec);
}


static void end(struct world *w, struct im_recording *rec)
{
	const struct im_recorder *r = history_recorder(w->history);

	r->end(rec, STR("caller"), r->arg);
}


static struct im_recording *begun(struct world *w, unsigned sides, bool hides)
{
	struct im_recording *rec = unit_ptr(begin(w, sides, hides));

	return rec;
}


#define BOTH (IM_RECORD_ORIGINATOR | IM_RECORD_RECIPIENT)
#define TEXT "text/plain"


static void test_session(void)
{
	struct world *w = world();
	struct im_recording *rec;

	wants(w, ALICE);
	wants(w, BOB);
	rec = begun(w, BOTH, false);
	chunk(rec, MSRP_SIDE_A, "1", TEXT, 0, STR("hello"), '$', 200);
	/* In two halves, the second first; and another between them. */
	chunk(rec, MSRP_SIDE_B, "2", TEXT, 3, STR("def"), '$', 200);
	chunk(rec, MSRP_SIDE_B, "3", TEXT, 0, STR("x"), '$', 0);
	chunk(rec, MSRP_SIDE_B, "2", TEXT, 0, STR("abc"), '+', 200);
	chunk(rec, MSRP_SIDE_A, "4", "application/im-iscomposing+xml", 0, STR("<a/>"), '$', 200);
	chunk(rec, MSRP_SIDE_A, "5", "message/imdn+xml", 0, STR("<a/>"), '$', 200);
	chunk(rec, MSRP_SIDE_A, "6", TEXT, 0, STR(""), '$', 200);
	chunk(rec, MSRP_SIDE_A, "7", "message/cpim", 0,
	      STR("From: <im:a@b>\r\n\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n<a/>"),
	      '$', 200);
	chunk(rec, MSRP_SIDE_A, "8", TEXT, 0, STR("stop"), '#', 200);
	chunk(rec, MSRP_SIDE_A, "9", TEXT, 0, STR("no"), '$', 413);
	chunk(rec, MSRP_SIDE_A, "10", TEXT, 0, STR("half"), '+', 200);
	end(w, rec);
	is_kept(w, ALICE,
		">" BOB " text/plain 5 hello|<" BOB " text/plain 1 x|<" BOB
		" text/plain 6 abcdef|>" BOB " text/plain 4 aborted stop|>" BOB
		" text/plain 2 aborted no|>" BOB " text/plain 4 aborted half|");
	is_kept(w, BOB,
		"<" ALICE " text/plain 5 hello|>" ALICE " text/plain 1 x|>" ALICE
		" text/plain 6 abcdef|<" ALICE " text/plain 4 aborted stop|<" ALICE
		" text/plain 2 aborted no|<" ALICE " text/plain 4 aborted half|");
	unit_must(history_under_way(w->history) == 0);
}


static void test_one_wants(void)
{
	struct world *w = world();
	struct im_recording *rec;

	wants(w, BOB);
	/* Only his function is here, and he does not know who it was. */
	rec = begun(w, IM_RECORD_RECIPIENT, true);
	chunk(rec, MSRP_SIDE_A, "1", TEXT, 0, STR("boo"), '$', 200);
	end(w, rec);
	is_kept(w, BOB, "<sip:anonymous@anonymous.invalid text/plain 3 boo|");
	is_kept(w, ALICE, "");
	/* Her settings are known by now: nobody wants it. */
	rec = begin(w, IM_RECORD_ORIGINATOR, false);
	if (rec) {
		chunk(rec, MSRP_SIDE_A, "1", TEXT, 0, STR("boo"), '$', 200);
		end(w, rec);
	}
	is_kept(w, ALICE, "");
	assert_null(begin(w, IM_RECORD_ORIGINATOR, false));
	assert_int_equal(history_under_way(w->history), 0);
}


static void test_large(void)
{
	struct world *w = world();
	char *bytes = unit_storage(50000);
	struct im_recording *rec;

	wants(w, ALICE);
	wants(w, BOB);
	rec = begun(w, BOTH, false);
	for (unsigned i = 0; i < 4; i++) {
		chunk(rec, MSRP_SIDE_A, "1", "image/png", 50000ull * i, (struct str){bytes, 50000},
		      i == 3 ? '$' : '+', 200);
		/* The disk keeps up: there is no session here that could be held back. */
		virtual_loop_run_until_idle(w->vl);
	}
	end(w, rec);
	is_kept(w, ALICE, ">" BOB " image/png 200000 file|");
	is_kept(w, BOB, "<" ALICE " image/png 200000 file|");
	unit_must(history_under_way(w->history) == 0);
}


/* The function goes away in the middle of everything. */
static void test_gone(void)
{
	struct world *w = world();
	char *bytes = unit_storage(50000);
	struct im_recording *rec;

	wants(w, ALICE);
	rec = begun(w, BOTH, false);
	chunk(rec, MSRP_SIDE_A, "1", "image/png", 0, (struct str){bytes, 50000}, '+', 200);
	chunk(rec, MSRP_SIDE_A, "2", TEXT, 0, STR("x"), '$', 200);
	chunk(rec, MSRP_SIDE_A, "3", TEXT, 0, STR("x"), '+', 200);
	end(w, rec);
	w->history = mem_unref(w->history);
	virtual_loop_run_until_idle(w->vl);
}


/* Pieces that do not touch, more than there is room for: not recorded, and nothing is broken by it. */
static void test_too_many_pieces(void)
{
	struct world *w = world();
	struct im_recording *rec;

	wants(w, ALICE);
	rec = begun(w, IM_RECORD_ORIGINATOR, false);
	for (unsigned i = 0; i <= HISTORY_PIECES_MAX; i++)
		chunk(rec, MSRP_SIDE_A, "1", TEXT, 2 * i, STR("x"), '+', 200);
	for (unsigned i = 0; i <= HISTORY_PARTIALS_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "m%u", i);
		chunk(rec, MSRP_SIDE_A, id, TEXT, 1, STR("x"), '+', 200);
	}
	end(w, rec);
	virtual_loop_run_until_idle(w->vl);
	unit_must(history_under_way(w->history) == 0);
}


/* ---- Facts ---- */

static void test_facts(void)
{
	struct history_facts f;

	history_facts_read(&f, STR("text/plain; charset=utf-8"), STR("hi"));
	assert_false(f.nothing || f.cpim);
	unit_str(f.text, "hi");
	history_facts_read(&f, STR("Message/CPIM"),
			   STR("From: A <im:a@b>\r\nTo: <im:c@d>\r\n"
			       "DateTime: 2026-01-01T00:00:00Z\r\nSubject: s\r\n"
			       "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: id7\r\n\r\n"
			       "Content-Type: text/plain\r\n\r\nhello"));
	assert_true(f.cpim && !f.nothing);
	unit_str(f.from, "A <im:a@b>");
	unit_str(f.to, "<im:c@d>");
	unit_str(f.subject, "s");
	unit_str(f.message_id, "id7");
	unit_str(f.content_type, "text/plain");
	unit_str(f.text, "hello");
	assert_true(f.date_ms == 1767225600000);
	/* What cannot be read is kept as it is. */
	history_facts_read(&f, STR("message/cpim"), STR("\x01"));
	assert_true(f.cpim && !f.nothing);
	unit_str(f.content_type, "message/cpim");
	history_facts_read(&f, STR("application/im-iscomposing+xml;a=b"), STR("x"));
	assert_true(f.nothing);
	history_facts_read(&f, STR("text/plain"), STR(""));
	assert_true(f.nothing);
}


UNIT_MAIN(UNIT_TEST(test_session), UNIT_TEST(test_one_wants), UNIT_TEST(test_large),
	  UNIT_TEST(test_gone), UNIT_TEST(test_too_many_pieces), UNIT_TEST(test_facts))
