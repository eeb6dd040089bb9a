/* SPDX-License-Identifier: Apache-2.0 */
/* Mailings, with every backend. */
#include "store/mailing.h"

#include "store/content.h"

#include "world.h"

struct mailings {
	struct world *w;
	struct buf *out;
	size_t n;
	uint64_t last;
	char name[STORE_CONTENT_NAME_N + 1];
	int read;
};


static struct mailings *mailings(void)
{
	struct mailings *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 20);
	return t;
}


/* "id[position=who>uri headers,]" of each */
static void listed(struct store_request *r, int error, void *arg)
{
	struct mailings *t = arg;
	const struct store_mailing *m = error ? NULL : store_mailing_result(r, &t->n);

	buf_clear(t->out);
	for (size_t i = 0; m && i < t->n; i++) {
		buf_printf(t->out, "%d[", (int)m[i].id);
		for (size_t k = 0; k < m[i].recipients_n; k++) {
			const struct store_mailing_recipient *to = &m[i].recipient[k];

			buf_printf(t->out, "%u=" STR_FMT ">" STR_FMT " " STR_FMT ",", to->position,
				   STR_ARG(to->who), STR_ARG(to->uri), STR_ARG(to->headers));
		}
		buf_putc(t->out, ']');
		t->last = m[i].id;
	}
	world_done(r, error, t->w);
}


static void whole(struct store_request *r, int error, void *arg)
{
	struct mailings *t = arg;
	const struct store_mailing *m = error ? NULL : store_mailing_result(r, &t->n);

	buf_clear(t->out);
	if (m && t->n)
		buf_printf(t->out,
			   "%u %u " STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT
			   " " STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT " %d %d %d",
			   m->kind, m->flags, STR_ARG(m->sender), STR_ARG(m->group),
			   STR_ARG(m->call_id), STR_ARG(m->message_id), STR_ARG(m->from),
			   STR_ARG(m->headers), STR_ARG(m->type), STR_ARG(m->body),
			   STR_ARG(m->file), (int)m->size, (int)m->received_ms, (int)m->expires_ms);
	world_done(r, error, t->w);
}


static const struct store_mailing_recipient two[] = {
	{.position = 0,
	 .uri = STR_INIT("sip:b@x;a"),
	 .who = STR_INIT("sip:b@x"),
	 .headers = STR_INIT("A: b\r\n")},
	{.position = 1,
	 .uri = STR_INIT("sip:c@x"),
	 .who = STR_INIT("sip:c@x"),
	 .headers = STR_INIT("")},
};


static struct store_mailing example(uint64_t id)
{
	return (struct store_mailing){
		.id = id,
		.kind = 3,
		.flags = 5,
		.sender = STR("sip:a@x"),
		.group = STR("sip:g@x"),
		.call_id = STR("call"),
		.message_id = STR("mid"),
		.from = STR("<sip:a@x>"),
		.headers = STR("S: t"),
		.type = STR("text/plain"),
		.body = STR("hello"),
		.file = STR(""),
		.size = 5,
		.received_ms = 7,
		.expires_ms = 9,
		.recipient = two,
		.recipients_n = 2,
	};
}


static int add(struct mailings *t, uint64_t id)
{
	struct store_mailing m = example(id);

	return ASK(t, store_mailing_add, &m, world_done, t->w);
}


static int settle(struct mailings *t, uint64_t id, uint32_t position)
{
	return ASK(t, store_mailing_settle, id, position, world_done, t->w);
}


static int list(struct mailings *t, uint64_t after, size_t max)
{
	return ASK(t, store_mailing_list, after, max, listed, t);
}


static void test_kept(void)
{
	struct mailings *t = mailings();

	unit_ok(list(t, 0, 10));
	unit_buf_is(t->out, "");
	unit_ok(add(t, 20));
	unit_ok(add(t, 10));
	unit_must(add(t, 20) == -EEXIST);
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(list(t, 0, 10));
	unit_buf_is(t->out, "10[0=sip:b@x>sip:b@x;a A: b\r\n,1=sip:c@x>sip:c@x ,]"
			    "20[0=sip:b@x>sip:b@x;a A: b\r\n,1=sip:c@x>sip:c@x ,]");
	unit_ok(ASK(t, store_mailing_list, 10, 1, whole, t));
	unit_buf_is(t->out, "3 5 sip:a@x sip:g@x call mid <sip:a@x> S: t text/plain hello  5 7 9");
	unit_ok(list(t, 0, 1));
	assert_int_equal(t->last, 10);
	unit_ok(list(t, 20, 1));
	unit_buf_is(t->out, "");
}


static void test_settled(void)
{
	struct mailings *t = mailings();

	unit_ok(add(t, 10));
	unit_ok(add(t, 20));
	unit_must(settle(t, 10, 7) == -ENOENT);
	unit_must(settle(t, 11, 0) == -ENOENT);
	unit_ok(settle(t, 10, 0));
	unit_must(settle(t, 10, 0) == -ENOENT);
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(list(t, 0, 10));
	unit_buf_is(t->out, "10[1=sip:c@x>sip:c@x ,]"
			    "20[0=sip:b@x>sip:b@x;a A: b\r\n,1=sip:c@x>sip:c@x ,]");
	unit_ok(settle(t, 10, 1));
	unit_ok(settle(t, 20, 1));
	unit_ok(list(t, 0, 10));
	unit_buf_is(t->out, "20[0=sip:b@x>sip:b@x;a A: b\r\n,]");
	unit_must(settle(t, 10, 1) == -ENOENT);
}


/* ---- The content goes with the last recipient ---- */

static void finished(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct mailings *t = arg;

	(void)w;
	unit_ok(error);
	if (!error)
		memcpy(t->name, name[0].p, STORE_CONTENT_NAME_N);
}


static void got(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct mailings *t = arg;

	(void)r;
	t->read = error ? error : (int)bytes.n;
}


static int read_content(struct mailings *t)
{
	struct store_content_reader *r;

	t->read = -1000;
	if (store_content_open(&r, t->w->store, str_of(t->name)))
		return -1001;
	if (store_content_read(r, 0, 100, got, t) == 0)
		(void)virtual_loop_run_until_idle(t->w->vl);
	store_content_close(r);
	return t->read;
}


static void test_content(void)
{
	static const struct store_content_handler handler = {.done = finished};
	struct mailings *t = mailings();
	struct store_mailing m = example(10);
	struct store_content_writer *w;

	unit_ok(store_content_create(&w, t->w->store, &handler, t));
	unit_ok(store_content_write(w, 0, STR("large")));
	store_content_finish(w, 1);
	(void)virtual_loop_run_until_idle(t->w->vl);
	m.body = STR("");
	m.file = str_of(t->name);
	m.size = 5;
	unit_ok(ASK(t, store_mailing_add, &m, world_done, t->w));
	if (world_keeps(t->w))
		world_reopen(t->w); /* the sweep knows whose it is */
	unit_must(read_content(t) == 5);
	unit_ok(settle(t, 10, 0));
	unit_must(read_content(t) == 5);
	unit_ok(settle(t, 10, 1));
	unit_must(read_content(t) == -ENOENT);
}


/* A page ends by bytes, too. */
static void test_pages(void)
{
	struct mailings *t = mailings();
	char *body = unit_storage(STORE_MAILING_BODY_MAX + 1);
	struct store_mailing m = example(1);
	size_t total = 0;
	uint64_t after = 0;

	memset(body, 'b', STORE_MAILING_BODY_MAX);
	m.body = (struct str){body, STORE_MAILING_BODY_MAX};
	for (m.id = 1; m.id <= 20; m.id++)
		unit_ok(ASK(t, store_mailing_add, &m, world_done, t->w));
	for (;;) {
		unit_ok(list(t, after, STORE_MAILING_PAGE_MAX));
		if (!t->n)
			break;
		assert_true(t->n < 20);
		total += t->n;
		after = t->last;
	}
	assert_int_equal(total, 20);
}


static void test_ceilings(void)
{
	struct mailings *t = mailings();
	char *longer = unit_storage(STORE_MAILING_BODY_MAX + 2);
	struct store_mailing m = example(1);
	struct store_mailing_recipient r = two[0];
	struct str nul = {"a\0b", 3};

	memset(longer, 'x', STORE_MAILING_BODY_MAX + 1);
	m.body = (struct str){longer, STORE_MAILING_BODY_MAX + 1};
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EMSGSIZE);
	m = example(1);
	m.headers = (struct str){longer, STORE_MAILING_HEADERS_MAX + 1};
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EMSGSIZE);
	m = example(1);
	m.sender = (struct str){longer, STORE_MAILING_TEXT_MAX + 1};
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EMSGSIZE);
	m = example(1);
	m.group = nul;
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EINVAL);
	m = example(1);
	m.file = STR("../../etc/passwd");
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EINVAL);
	m = example(1);
	m.recipient = &r;
	m.recipients_n = 1;
	r.who = nul;
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EINVAL);
	m.recipients_n = STORE_MAILING_RECIPIENTS_MAX + 1;
	unit_must(ASK(t, store_mailing_add, &m, world_done, t->w) == -EMSGSIZE);
}


UNIT_MAIN(UNIT_TEST(test_kept), UNIT_TEST(test_settled), UNIT_TEST_PLAIN(test_content),
	  UNIT_TEST_PLAIN(test_pages), UNIT_TEST_PLAIN(test_ceilings))
