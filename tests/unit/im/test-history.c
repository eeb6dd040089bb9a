/* SPDX-License-Identifier: Apache-2.0 */
/* The History function: what an entry says of its content, and messages put together as they pass. */
#include "im/history/history.h"

#include <stdio.h>

#include "body/im_settings.h"
#include "im/history/history_state.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "msrp/relay.h"
#include "store/content.h"
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


/* ---- What waited, and was delivered ---- */

/** Larger than what is looked at, and than a record takes. */
#define FILE_N 50000

struct waited {
	struct world *w;
	struct sip_msg m;
	struct store_deferred d;
	struct im_record k;
	char name[STORE_CONTENT_NAME_N];
	unsigned recorded;
	int error;
};


static void written(struct store_content_writer *c, int error, const struct str *name, void *arg)
{
	struct waited *t = arg;

	(void)c;
	t->error = error;
	if (!error)
		memcpy(t->name, name[0].p, STORE_CONTENT_NAME_N);
}


static const struct store_content_handler content_handler = {.done = written};


static void held(struct store_request *r, int error, void *arg)
{
	struct waited *t = arg;

	if (!error)
		t->d.id = store_deferred_result(r, NULL)->id;
	t->error = error;
}


static void hold(struct waited *t)
{
	t->error = 1;
	unit_ok(store_deferred_hold(t->w->store, &t->w->r, &t->d, 0, held, t));
	virtual_loop_run_until_idle(t->w->vl);
	unit_ok(t->error);
}


static struct waited *waited(void)
{
	static const char INVITE[] =
		"INVITE sip:bob@example.org SIP/2.0\r\n"
		"Via: SIP/2.0/TCP stored.invalid;branch=z9hG4bKstored\r\n"
		"From: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.org>\r\n"
		"Call-ID: c\r\nCSeq: 7 INVITE\r\nSubject: the report\r\n"
		"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
	struct waited *t = unit_storage(sizeof(*t));

	t->w = world();
	assert_int_equal(sip_msg_decode(&t->m, str_of(INVITE), true), SIP_DECODE_OK);
	t->d = (struct store_deferred){.user = STR(BOB),
				       .call_id = STR("c"),
				       .from_tag = STR("a"),
				       .cseq = 7,
				       .sender = STR(ALICE),
				       .kind = STORE_DEFERRED_LARGE,
				       .content_type = STR(TEXT),
				       .message_id = STR("id7"),
				       .body = STR("hello"),
				       .size = 5};
	return t;
}


/* The same, as a file that begins so. */
static struct waited *waited_file(const char *begin)
{
	struct waited *t = waited();
	char *bytes = unit_storage(FILE_N);
	struct store_content_writer *c;

	memset(bytes, '-', FILE_N);
	memcpy(bytes, begin, strlen(begin));
	t->error = 1;
	unit_ok(store_content_create(&c, t->w->store, &content_handler, t));
	int err = store_content_write(c, 0, (struct str){bytes, FILE_N});
	if (err)
		store_content_abandon(c);
	else
		store_content_finish(c, 1);
	virtual_loop_run_until_idle(t->w->vl);
	unit_ok(err ? err : t->error);
	t->d.file = (struct str){t->name, STORE_CONTENT_NAME_N};
	t->d.body = STR("");
	t->d.size = FILE_N;
	hold(t);
	return t;
}


static void recorded(struct im_record *k, void *arg)
{
	struct waited *t = arg;

	assert_true(k == &t->k && !k->impl);
	t->recorded++;
}


static int deliver(struct waited *t)
{
	const struct im_recorder *r = history_recorder(t->w->history);
	enum im_kind kind = t->d.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE;

	return r->pager(&(struct im_recorded_pager){.m = &t->m,
						    .kind = kind,
						    .sides = IM_RECORD_RECIPIENT,
						    .originator = STR(ALICE),
						    .recipient = STR(BOB),
						    .held = &t->d},
			&t->k, recorded, t, r->arg);
}


static void is_delivered(struct waited *t, const char *wanted)
{
	unsigned before = t->recorded;
	int err = deliver(t);

	unit_ok(err);
	assert_int_equal(t->recorded, before);
	virtual_loop_run_until_idle(t->w->vl);
	assert_int_equal(t->recorded, before + 1);
	is_kept(t->w, BOB, wanted);
}


static void told(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;
	size_t n;
	const struct store_history_entry *e = store_history_result(r, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(w->out,
			   "%d " STR_FMT " " STR_FMT ">" STR_FMT " " STR_FMT " " STR_FMT
			   " %lld %d %llu",
			   e[i].kind, STR_ARG(e[i].message_id), STR_ARG(e[i].from),
			   STR_ARG(e[i].to), STR_ARG(e[i].subject), STR_ARG(e[i].content_type),
			   (long long)e[i].date_ms, e[i].cpim, (unsigned long long)e[i].size);
	w->error = error;
}


/* Found by what it says. */
static void is_told(struct waited *t, const char *text, const char *wanted)
{
	struct store_history_filter f = {.owner = STR(BOB), .text = str_of(text), .max = 50};
	struct world *w = t->w;

	buf_clear(w->out);
	w->error = 1;
	unit_ok(store_history_list(w->store, &w->r, &f, told, w));
	virtual_loop_run_until_idle(w->vl);
	unit_ok(w->error);
	unit_buf_is(w->out, wanted);
}


static void test_waited(void)
{
	struct waited *t = waited();

	wants(t->w, BOB);
	hold(t);
	is_delivered(t, "<" ALICE " text/plain 5 hello|");
	is_told(t, "hello", "1 id7 " ALICE ">" BOB " the report text/plain 1767225600000 0 5");
	/* Another device has it, too. */
	is_delivered(t, "<" ALICE " text/plain 5 hello|");
}


static void test_waited_file(void)
{
	struct waited *t = waited_file("the beginning");

	wants(t->w, BOB);
	is_delivered(t, "<" ALICE " text/plain 50000 file|");
	is_told(t, "the beg",
		"1 id7 " ALICE ">" BOB " the report text/plain 1767225600000 0 50000");
	is_delivered(t, "<" ALICE " text/plain 50000 file|");
	/* The next of the same session. */
	t->d.cseq++;
	is_delivered(t, "<" ALICE " text/plain 50000 file|<" ALICE " text/plain 50000 file|");
}


/* What it is says its beginning. */
static void test_waited_cpim(void)
{
	struct waited *t = waited_file("From: A <im:a@b>\r\nTo: <im:c@d>\r\n"
				       "DateTime: 2026-01-02T00:00:00Z\r\nSubject: s\r\n"
				       "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: id8\r\n"
				       "\r\nContent-Type: text/html\r\n\r\nhello");

	wants(t->w, BOB);
	t->d.kind = STORE_DEFERRED_FILE;
	t->d.name = STR("page.html");
	t->d.content_type = STR("message/cpim");
	is_delivered(t, "<" ALICE " text/html 50000 file|");
	is_told(t, "", "3 id8 A <im:a@b>><im:c@d> s text/html 1767312000000 1 50000");
}


static void test_waited_not(void)
{
	struct waited *t = waited_file(
		"From: <im:a@b>\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n");

	/* Nobody wants it; nobody is told. */
	int err = deliver(t);
	virtual_loop_run_until_idle(t->w->vl);
	unit_must(err != 0 || t->recorded == 1);
	is_kept(t->w, BOB, "");
	/* No message of a person's. */
	wants(t->w, BOB);
	t->d.content_type = STR("message/cpim");
	is_delivered(t, "");
	/* It was withdrawn meanwhile. */
	t->d.content_type = STR(TEXT);
	store_content_remove(t->w->store, t->d.file);
	is_delivered(t, "");
	unit_must(history_under_way(t->w->history) == 0);
}


/* Whoever waited for it has gone: it is recorded. The function goes: it may not be, and nobody is told. */
static void test_waited_gone(void)
{
	struct waited *t = waited_file("x");
	const struct im_recorder *r = history_recorder(t->w->history);

	wants(t->w, BOB);
	unit_ok(deliver(t));
	r->cancel(&t->k, r->arg);
	is_kept(t->w, BOB, "<" ALICE " text/plain 50000 file|");
	t->d.cseq++;
	unit_ok(deliver(t));
	t->w->history = mem_unref(t->w->history);
	virtual_loop_run_until_idle(t->w->vl);
	assert_true(!t->k.impl && !t->recorded);
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
	  UNIT_TEST(test_gone), UNIT_TEST(test_too_many_pieces), UNIT_TEST(test_waited),
	  UNIT_TEST(test_waited_file), UNIT_TEST(test_waited_cpim), UNIT_TEST(test_waited_not),
	  UNIT_TEST(test_waited_gone), UNIT_TEST(test_facts))
