/* SPDX-License-Identifier: Apache-2.0 */
/* What registration documents say of one user, and how it gets into the table (RFC 3680 5.2). */
#include "subscriber/reg_event_view.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/memory/memory.h"
#include "subscriber/reg_event.h"

#define BOB STR("sip:bob@example.org")

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	struct registrations *rs;
	struct registration_listener listener;
	struct reg_event_view *view;
	struct sip_source from;
	unsigned registered, refreshed, left;
};


static void changed(struct registration_listener *l, enum registration_event e,
		    const struct registration *user, const struct registration_binding *b)
{
	struct world *w = l->arg;

	(void)user;
	(void)b;
	w->registered += e == REGISTRATION_REGISTERED;
	w->refreshed += e == REGISTRATION_REFRESHED;
	w->left += e == REGISTRATION_DEREGISTERED;
}


static void close_world(void *arg)
{
	struct world *w = arg;

	mem_unref(w->view);
	if (w->rs)
		registrations_unlisten(w->rs, &w->listener);
	mem_unref(w->rs);
	mem_unref(w->store);
	mem_unref(w->vl);
}


static void restored(int error, void *arg)
{
	(void)error;
	(void)arg;
}


static void run(struct world *w)
{
	assert_true(virtual_loop_run_until_idle(w->vl));
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, w->loop, STR("memory:"), unit_buf(256)));
	unit_ok(registrations_alloc(&w->rs, &(struct registrations_params){.loop = w->loop,
									   .store = w->store}));
	w->listener = (struct registration_listener){.changed = changed, .arg = w};
	registrations_listen(w->rs, &w->listener);
	unit_ok(registrations_restore(w->rs, restored, NULL));
	run(w);
	w->from.kind = SIP_UDP;
	assert_int_equal(addr_decode_hostport(&w->from.peer, STR("198.51.100.1:5060")), 0);
	unit_ok(reg_event_view_alloc(&w->view, w->rs, w->loop, BOB, 3600));
	return w;
}


static struct reginfo_contact contact(const char *id, const char *uri)
{
	return (struct reginfo_contact){
		.id = str_of(id),
		.uri = str_of(uri),
		.state = REGINFO_ACTIVE,
		.expires_s = 600,
		.duration_s = REGINFO_ABSENT,
		.retry_after_s = REGINFO_ABSENT,
		.cseq = REGINFO_ABSENT,
		.call_id = STR("c"),
		.q = STR(""),
	};
}


static int apply(struct world *w, const struct reginfo_contact *c)
{
	return reg_event_view_apply(w->view, c, &w->from);
}


static size_t devices(struct world *w)
{
	const struct registration *r;

	reg_event_view_sync(w->view);
	run(w);
	r = registrations_find(w->rs, BOB);
	return r ? registration_count(r) : 0;
}


static void test_params(void)
{
	static const struct {
		struct reginfo_param param[3];
		size_t n;
		const char *params, *instance;
		uint32_t has, lacks;
	} rows[] = {
		{{{STR_INIT("+g.oma.sip-im"), {0}}},
		 1,
		 "+g.oma.sip-im",
		 "",
		 REGISTRATION_IM | REGISTRATION_PAGER,
		 REGISTRATION_LARGE},
		/* Nothing known: an IM user all the same. */
		{{{{0}, {0}}},
		 0,
		 "+g.oma.sip-im;+g.oma.sip-im.large-message",
		 "",
		 REGISTRATION_IM | REGISTRATION_LARGE,
		 0},
		/* Without the plus; a value that wants quotes gets them. */
		{{{STR_INIT("g.3gpp.icsi-ref"),
		   STR_INIT("urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.largemsg,x")}},
		 1,
		 "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.largemsg,x\"",
		 "",
		 REGISTRATION_LARGE,
		 0},
		{{{STR_INIT("+sip.instance"), STR_INIT("\"<urn:uuid:1>\"")},
		  {STR_INIT("audio"), {0}}},
		 2,
		 "+sip.instance=\"<urn:uuid:1>\";audio",
		 "urn:uuid:1",
		 REGISTRATION_PAGER,
		 REGISTRATION_IM},
		{{{STR_INIT("methods"), STR_INIT("\"INVITE,BYE\"")}},
		 1,
		 "methods=\"INVITE,BYE\"",
		 "",
		 0,
		 REGISTRATION_PAGER},
		/* What could break out of its place does not. */
		{{{STR_INIT("a;b"), {0}},
		  {STR_INIT("c"), STR_INIT("x\";+g.oma.sip-im")},
		  {STR_INIT("d"), STR_INIT("tok")}},
		 3,
		 "c=\"x\\\";+g.oma.sip-im\";d=tok",
		 "",
		 0,
		 REGISTRATION_IM},
		{{{STR_INIT("c"), STR_INIT("\"x\";\"y\"")}},
		 1,
		 "c=\"\\\"x\\\";\\\"y\\\"\"",
		 "",
		 0,
		 REGISTRATION_IM},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world();
		struct reginfo_contact c = contact("1", "sip:bob@10.0.0.1");
		struct reginfo_param params[3];

		unit_case("%s", rows[i].params);
		memcpy(params, rows[i].param, sizeof(params));
		c.params = params;
		c.params_n = rows[i].n;
		unit_ok(apply(w, &c));
		unit_str(w->view->row[0].binding.params, rows[i].params);
		unit_str(w->view->row[0].binding.instance, rows[i].instance);
		assert_int_equal(w->view->row[0].binding.flags & rows[i].has, rows[i].has);
		assert_int_equal(w->view->row[0].binding.flags & rows[i].lacks, 0);
		unit_must(devices(w) == 1);
	}
}


static void test_rows(void)
{
	struct world *w = world();
	struct reginfo_contact c = contact("1", "sip:bob@10.0.0.1");

	unit_ok(apply(w, &c));
	c = contact("2", "sip:bob@10.0.0.2");
	c.q = STR("0.25");
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 2 && w->registered == 2);
	/* The same again changes nothing. */
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 2 && w->refreshed == 0);
	assert_int_equal(w->view->row[1].binding.q, 250);
	/* Refreshed; its URI is another. */
	c.expires_s = 1200;
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 2 && w->refreshed == 1);
	c.uri = STR("sip:bob@10.0.0.22");
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 2 && w->left == 1 && w->registered == 3);
	/* Gone: terminated, or its time is over. */
	c.state = REGINFO_TERMINATED;
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 1);
	c = contact("1", "sip:bob@10.0.0.1");
	c.expires_s = 0;
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 0);
	/* One that was never there. */
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 0);
}


static void test_times(void)
{
	struct world *w = world();
	struct reginfo_contact c = contact("1", "sip:bob@10.0.0.1");
	int64_t now = loop_wall_ms(w->loop);

	unit_ok(apply(w, &c));
	assert_int_equal(w->view->row[0].binding.expires_ms, now + 600000);
	c.expires_s = REGINFO_ABSENT;
	unit_ok(apply(w, &c));
	assert_int_equal(w->view->row[0].binding.expires_ms, now + 3600000);
	c.expires_s = UINT32_MAX;
	unit_ok(apply(w, &c));
	assert_int_equal(w->view->row[0].binding.expires_ms, now + 3600000);
}


static void test_ceilings(void)
{
	struct world *w = world();
	char *text = unit_storage(REG_EVENT_TEXT_MAX + 8);
	struct reginfo_contact c;
	char id[8], uri[40];

	for (unsigned i = 0; i < REGISTRATION_DEVICES_MAX; i++) {
		snprintf(id, sizeof(id), "%u", i);
		snprintf(uri, sizeof(uri), "sip:bob@10.0.0.%u", i);
		c = contact(id, uri);
		unit_ok(apply(w, &c));
	}
	c = contact("more", "sip:bob@10.0.1.1");
	assert_int_equal(apply(w, &c), -ENOBUFS);
	memset(text, 'x', REG_EVENT_TEXT_MAX);
	c = contact("0", "sip:bob@10.0.0.0");
	c.call_id = (struct str){text, REG_EVENT_TEXT_MAX};
	assert_int_not_equal(apply(w, &c), 0);
	unit_must(devices(w) == REGISTRATION_DEVICES_MAX);
	/* No way leads to these. */
	c = contact("0", "tel:+4712345");
	unit_ok(apply(w, &c));
	unit_must(devices(w) == REGISTRATION_DEVICES_MAX - 1);
}


/* Others had a say before: a full document is all there is. */
static void test_takes_over(void)
{
	struct world *w = world();
	struct reginfo_contact c = contact("1", "sip:scscf.example.org");
	struct reg_event_view *other;

	unit_ok(reg_event_view_alloc(&other, w->rs, w->loop, BOB, 3600));
	unit_own(other);
	if (reg_event_view_apply(other, &c, &w->from) == 0)
		reg_event_view_sync(other);
	run(w);
	c = contact("7", "sip:bob@10.0.0.7");
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 1);
	unit_must(w->left == 1);
}


static void test_while_writing(void)
{
	struct world *w = world();
	struct reginfo_contact c = contact("1", "sip:bob@10.0.0.1");

	store_memory_set_delay(w->store, 100);
	unit_ok(apply(w, &c));
	reg_event_view_sync(w->view);
	c = contact("2", "sip:bob@10.0.0.2");
	unit_ok(apply(w, &c));
	reg_event_view_sync(w->view);
	reg_event_view_sync(w->view);
	assert_true(virtual_loop_advance(w->vl, 1000));
	unit_must(w->registered == 2);
	/* It leaves while it is being written, too. */
	c = contact("3", "sip:bob@10.0.0.3");
	unit_ok(apply(w, &c));
	reg_event_view_sync(w->view);
	reg_event_view_leave(w->view);
	w->view = NULL;
	assert_true(virtual_loop_advance(w->vl, 1000));
	unit_must(!registrations_find(w->rs, BOB));
}


static void test_store_fails(void)
{
	struct world *w = world();
	struct reginfo_contact c = contact("1", "sip:bob@10.0.0.1");

	store_memory_fail_next(w->store, 1, -EIO);
	unit_ok(apply(w, &c));
	unit_must(devices(w) == 0);
	/* The next document tries again. */
	unit_must(devices(w) == 1);
}

UNIT_MAIN(UNIT_TEST(test_params), UNIT_TEST(test_rows), UNIT_TEST(test_times),
	  UNIT_TEST(test_ceilings), UNIT_TEST(test_takes_over), UNIT_TEST(test_while_writing),
	  UNIT_TEST(test_store_fails))
