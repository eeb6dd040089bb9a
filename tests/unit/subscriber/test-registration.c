/* SPDX-License-Identifier: Apache-2.0 */
/* The registration table: updates in turn, what is durable, what leaves by itself, where to route. */
#include "subscriber/registration.h"

#include <malloc.h>
#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/binding.h"
#include "store/memory/memory.h"

#define ALICE STR("sip:alice@example.org")
#define BOB STR("sip:bob@example.org")

/** One update: sets `contact` (in place of what has it already), or removes it. */
struct change {
	struct world *w;
	struct registration_update u;
	struct registration_binding b;
	bool remove, all;
	int refuse;
	unsigned prepared, done;
	int error;
};

#define CHANGES_MAX 64

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	struct registrations *rs;
	struct registration_listener listener;
	struct buf *log;    /**< "registered sip:1@h," … */
	uint64_t held[8];   /**< flows in use */
	uint64_t dead_flow; /**< hold says it is gone */
	struct store_request r;
	struct registration_targets targets;
	int restored;
	unsigned changes;
	struct change change[CHANGES_MAX];
};

static bool flow_hold(uint64_t flow, void *arg)
{
	struct world *w = arg;

	if (flow == w->dead_flow)
		return false;
	w->held[flow]++;
	return true;
}


static void flow_release(uint64_t flow, void *arg)
{
	struct world *w = arg;

	assert_true(w->held[flow] > 0);
	w->held[flow]--;
}


static void changed(struct registration_listener *l, enum registration_event e,
		    const struct registration *user, const struct registration_binding *b)
{
	struct world *w = l->arg;

	assert_true(registration_aor(user).n > 0);
	buf_printf(w->log, "%s " STR_FMT ",", registration_event_name(e), STR_ARG(b->contact));
}


static void open_table(struct world *w)
{
	unit_ok(registrations_alloc(&w->rs, &(struct registrations_params){
						    .loop = w->loop,
						    .store = w->store,
						    .flow_hold = flow_hold,
						    .flow_release = flow_release,
						    .flow_arg = w,
					    }));
	w->listener.changed = changed;
	w->listener.arg = w;
	registrations_listen(w->rs, &w->listener);
}


static void close_table(struct world *w)
{
	if (w->rs)
		registrations_unlisten(w->rs, &w->listener);
	w->rs = mem_unref(w->rs);
}


static void close_world(void *arg)
{
	struct world *w = arg;

	close_table(w);
	mem_unref(w->store);
	mem_unref(w->vl);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(w->held[i], 0);
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));
	struct buf *why = unit_buf(256);
	char *text = unit_storage(4096);

	w->log = unit_storage(sizeof(*w->log));
	buf_fixed(w->log, text, 4096);
	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, w->loop, STR("memory:"), why));
	open_table(w);
	return w;
}


static struct registration_binding binding(struct world *w, const char *contact)
{
	struct registration_binding b = {
		.contact = str_of(contact),
		.params = STR("+g.oma.sip-im"),
		.instance = STR(""),
		.call_id = STR("call"),
		.path = STR(""),
		.user_agent = STR("test"),
		.registered_ms = loop_wall_ms(w->loop),
		.expires_ms = loop_wall_ms(w->loop) + 3600000,
		.cseq = 1,
		.flags = REGISTRATION_IM | REGISTRATION_PAGER,
		.q = 1000,
		.kind = SIP_UDP,
	};

	assert_int_equal(addr_decode_hostport(&b.peer, STR("192.0.2.1:5060")), 0);
	return b;
}


static int prepare(struct registration_update *u, const struct registration *now, void *arg)
{
	struct change *c = arg;
	const struct registration_binding *old = NULL;

	c->prepared++;
	for (size_t i = 0; now && i < registration_count(now); i++) {
		const struct registration_binding *b = registration_binding(now, i);

		if (c->all)
			registration_update_remove(u, b);
		else if (str_eq(b->contact, c->b.contact))
			old = b;
	}
	if (c->refuse)
		return c->refuse;
	if (c->all)
		return 0;
	if (c->remove && old)
		registration_update_remove(u, old);
	else if (!c->remove && c->b.contact.n)
		return registration_update_set(u, old, &c->b);
	return 0;
}


static void done(struct registration_update *u, int error, void *arg)
{
	struct change *c = arg;

	(void)u;
	c->done++;
	c->error = error;
	buf_puts(c->w->log, STR("done,"));
}

static const struct registration_update_handler handler = {prepare, done};


static struct change *change_of(struct world *w, const char *contact)
{
	struct change *c = &w->change[w->changes++];

	assert_true(w->changes < CHANGES_MAX);
	c->w = w;
	c->b = binding(w, contact);
	return c;
}


static int start(struct change *c, struct str aor)
{
	return registrations_update(c->w->rs, &c->u, aor, &handler, c);
}


static int run(struct change *c, struct str aor)
{
	int r = start(c, aor);

	if (r)
		return r;
	assert_int_equal(c->done, 0);
	assert_true(virtual_loop_run_until_idle(c->w->vl));
	assert_int_equal(c->done, 1);
	c->done = 0;
	return c->error;
}


static void put(struct world *w, struct str aor, const char *contact)
{
	unit_ok(run(change_of(w, contact), aor));
}


static void take(struct world *w, struct str aor, const char *contact)
{
	struct change *c = change_of(w, contact);

	c->remove = true;
	unit_ok(run(c, aor));
}


/* "sip:1@h sip:2@h " of what is in the table. */
static void assert_contacts(struct world *w, struct str aor, const char *want)
{
	const struct registration *r = registrations_find(w->rs, aor);
	char text[512] = "";
	size_t n = 0;

	for (size_t i = 0; r && i < registration_count(r); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, STR_FMT " ",
				      STR_ARG(registration_binding(r, i)->contact));
	assert_string_equal(text, want);
}


static void assert_log(struct world *w, const char *want)
{
	unit_str(buf_str(w->log), want);
	buf_clear(w->log);
}


static void listed(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;
	size_t n;
	const struct store_binding *b = store_binding_result(r, &n);

	if (error)
		buf_puts(w->log, STR("failed"));
	for (size_t i = 0; i < n; i++)
		buf_printf(w->log, STR_FMT " ", STR_ARG(b[i].contact));
}


static void assert_stored(struct world *w, const char *want)
{
	buf_clear(w->log);
	unit_ok(store_binding_list(w->store, &w->r, STR(""), 0, 0, 100, listed, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(!str_eq(buf_str(w->log), STR("failed")));
	assert_log(w, want);
}


static void test_registers_and_leaves(void)
{
	struct world *w = world();

	assert_null(registrations_find(w->rs, ALICE));
	put(w, ALICE, "sip:1@h");
	assert_log(w, "done,registered sip:1@h,");
	put(w, ALICE, "sip:2@h");
	put(w, ALICE, "sip:1@h");
	assert_log(w, "done,registered sip:2@h,done,refreshed sip:1@h,");
	assert_contacts(w, ALICE, "sip:1@h sip:2@h ");
	assert_int_equal(registrations_users(w->rs), 1);
	assert_int_equal(registrations_devices(w->rs), 2);
	assert_stored(w, "sip:1@h sip:2@h ");
	take(w, ALICE, "sip:1@h");
	assert_log(w, "done,unregistered sip:1@h,");
	take(w, ALICE, "sip:2@h");
	assert_null(registrations_find(w->rs, ALICE));
	assert_null(registrations_next(w->rs, NULL));
	assert_int_equal(registrations_users(w->rs) + registrations_devices(w->rs), 0);
	assert_stored(w, "");
}


static void test_refresh_keeps_the_id(void)
{
	struct world *w = world();
	uint64_t id;

	put(w, ALICE, "sip:1@h");
	id = registration_binding(registrations_find(w->rs, ALICE), 0)->id;
	assert_true(id != 0);
	put(w, ALICE, "sip:1@h");
	assert_true(registration_binding(registrations_find(w->rs, ALICE), 0)->id == id);
	take(w, ALICE, "sip:1@h");
	put(w, ALICE, "sip:1@h");
	assert_true(registration_binding(registrations_find(w->rs, ALICE), 0)->id != id);
}


static void test_not_before_it_is_on_disk(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:1@h");

	store_memory_hold(w->store, true);
	unit_ok(start(c, ALICE));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(c->prepared, 1);
	if (!unit_refused()) {
		assert_int_equal(c->done, 0);
		assert_null(registrations_find(w->rs, ALICE));
	}
	store_memory_hold(w->store, false);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(c->done, 1);
	unit_ok(c->error);
	assert_contacts(w, ALICE, "sip:1@h ");
}


static void test_store_fails(void)
{
	struct world *w = world();
	struct change *c;

	put(w, ALICE, "sip:1@h");
	buf_clear(w->log);
	store_memory_fail_next(w->store, 2, -ENOSPC);
	c = change_of(w, "sip:2@h");
	unit_must(run(c, ALICE) == -ENOSPC);
	c = change_of(w, "sip:1@h");
	c->remove = true;
	unit_must(run(c, ALICE) == -ENOSPC);
	if (!unit_refused())
		assert_log(w, "done,done,");
	assert_contacts(w, ALICE, "sip:1@h ");
	/* One whose first registration failed leaves no trace. */
	store_memory_fail_next(w->store, 1, -EIO);
	unit_must(run(change_of(w, "sip:3@h"), BOB) == -EIO);
	assert_int_equal(registrations_users(w->rs), 1);
}


static void test_refused(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:1@h");

	put(w, ALICE, "sip:1@h");
	c->refuse = 423;
	c->all = true;
	unit_must(run(c, ALICE) == 423);
	assert_contacts(w, ALICE, "sip:1@h ");
	/* Nothing asked for: nothing written. */
	store_memory_fail_next(w->store, 1, -EIO);
	unit_ok(run(change_of(w, ""), ALICE));
	store_memory_fail_next(w->store, 0, 0);
}


static void test_in_turn(void)
{
	struct world *w = world();
	struct change *c[4];

	store_memory_hold(w->store, true);
	for (unsigned i = 0; i < 4; i++)
		c[i] = change_of(w,
				 (const char *[]){"sip:1@h", "sip:2@h", "sip:1@h", "sip:3@h"}[i]);
	c[2]->remove = true;
	for (unsigned i = 0; i < 4; i++)
		unit_ok(start(c[i], i < 3 ? ALICE : BOB));
	assert_int_equal(c[0]->prepared, 1);
	assert_int_equal(c[1]->prepared + c[2]->prepared, 0);
	/* Another user does not wait. */
	assert_int_equal(c[3]->prepared, 1);
	store_memory_hold(w->store, false);
	assert_true(virtual_loop_run_until_idle(w->vl));
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(c[i]->done, 1);
		unit_ok(c[i]->error);
	}
	assert_contacts(w, ALICE, "sip:2@h ");
	assert_contacts(w, BOB, "sip:3@h ");
}


static void test_cancelled(void)
{
	struct world *w = world();
	struct change *a = change_of(w, "sip:1@h"), *b = change_of(w, "sip:2@h");

	unit_ok(start(a, ALICE));
	unit_ok(start(b, ALICE));
	registration_update_cancel(&b->u);
	registration_update_cancel(&a->u);
	registration_update_cancel(&a->u);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(a->done + b->done + b->prepared, 0);
	/* What was being written is there. */
	unit_must(registrations_find(w->rs, ALICE) != NULL);
	assert_contacts(w, ALICE, "sip:1@h ");
}


static void test_closed_under_way(void)
{
	struct world *w = world();
	struct change *a = change_of(w, "sip:1@h"), *b = change_of(w, "sip:2@h");

	put(w, ALICE, "sip:0@h");
	unit_ok(start(a, ALICE));
	unit_ok(start(b, ALICE));
	close_table(w);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(a->done + b->done, 0);
	registration_update_cancel(&a->u);
}


static void test_ceilings(void)
{
	struct world *w = world();
	char *big = unit_storage(REGISTRATION_BINDING_MAX + 1);
	struct change *c;

	memset(big, 'a', REGISTRATION_BINDING_MAX);
	unit_must(run(change_of(w, big), ALICE) == -ENOBUFS);
	for (unsigned i = 0; i < REGISTRATION_DEVICES_MAX; i++) {
		char *contact = unit_storage(16);

		snprintf(contact, 16, "sip:%u@h", i);
		put(w, ALICE, contact);
	}
	unit_must(run(change_of(w, "sip:more@h"), ALICE) == -ENOBUFS);
	put(w, ALICE, "sip:7@h");
	assert_int_equal(registrations_devices(w->rs), REGISTRATION_DEVICES_MAX);

	store_memory_hold(w->store, true);
	for (unsigned i = 0; i < REGISTRATION_UPDATES_MAX + 1; i++)
		unit_ok(start(change_of(w, "sip:1@h"), ALICE));
	c = change_of(w, "sip:1@h");
	unit_must(start(c, ALICE) == -ENOBUFS);
}


static void test_expires(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:short@h");

	put(w, ALICE, "sip:1@h");
	c->b.expires_ms = loop_wall_ms(w->loop) + 60000;
	unit_ok(run(c, ALICE));
	buf_clear(w->log);
	assert_true(virtual_loop_advance(w->vl, 59999));
	assert_int_equal(registrations_targets(w->rs, ALICE, 0, &w->targets), 2);
	assert_log(w, "");
	assert_true(virtual_loop_advance(w->vl, 1));
	assert_log(w, "expired sip:short@h,");
	assert_contacts(w, ALICE, "sip:1@h ");
	assert_true(virtual_loop_advance(w->vl, 3600000));
	assert_log(w, "expired sip:1@h,");
	assert_null(registrations_find(w->rs, ALICE));
	/* And from the store, a little later. */
	assert_true(virtual_loop_advance(w->vl, 3600000));
	unit_must(!unit_refused());
	assert_stored(w, "");
}


static void test_nobody_is_routed_to_an_expired_one(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:1@h");

	c->b.expires_ms = loop_wall_ms(w->loop) + 60001;
	unit_ok(run(c, ALICE));
	assert_true(registrations_reachable(w->rs, ALICE, REGISTRATION_IM));
	assert_true(virtual_loop_advance(w->vl, 60001));
	assert_false(registrations_reachable(w->rs, ALICE, REGISTRATION_IM));
	assert_int_equal(registrations_targets(w->rs, ALICE, 0, &w->targets), 0);
}


/* It expires while its refresh is being written: told, and then registered anew. */
static void test_expires_while_refreshed(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:1@h");

	c->b.expires_ms = loop_wall_ms(w->loop) + 60000;
	unit_ok(run(c, ALICE));
	buf_clear(w->log);
	store_memory_set_delay(w->store, 5000);
	assert_true(virtual_loop_advance(w->vl, 57000));
	c = change_of(w, "sip:1@h");
	unit_ok(start(c, ALICE));
	assert_true(virtual_loop_advance(w->vl, 5000));
	unit_ok(c->error);
	unit_must(c->done == 1);
	assert_log(w, "expired sip:1@h,done,registered sip:1@h,");
	assert_contacts(w, ALICE, "sip:1@h ");
}


/* One that is kept by a change expires while that is being written: it does not come back. */
static void test_expires_while_another_is_written(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:1@h");

	c->b.expires_ms = loop_wall_ms(w->loop) + 60000;
	unit_ok(run(c, ALICE));
	store_memory_set_delay(w->store, 5000);
	assert_true(virtual_loop_advance(w->vl, 57000));
	c = change_of(w, "sip:2@h");
	unit_ok(start(c, ALICE));
	assert_true(virtual_loop_advance(w->vl, 5000));
	unit_ok(c->error);
	unit_must(c->done == 1);
	assert_contacts(w, ALICE, "sip:2@h ");
	assert_int_equal(registrations_devices(w->rs), 1);
}


static struct change *over_tcp(struct world *w, const char *contact, uint64_t flow, uint32_t flags)
{
	struct change *c = change_of(w, contact);

	c->b.kind = SIP_TCP;
	c->b.flow = flow;
	c->b.flags |= flags;
	c->b.reg_id = flags & REGISTRATION_OUTBOUND ? 1 : 0;
	return c;
}


static void test_flow_closes(void)
{
	struct world *w = world();

	unit_ok(run(over_tcp(w, "sip:out@h", 1, REGISTRATION_OUTBOUND), ALICE));
	unit_ok(run(over_tcp(w, "sip:nat@h", 1, REGISTRATION_RECEIVED), ALICE));
	unit_ok(run(over_tcp(w, "sip:other@h", 2, REGISTRATION_OUTBOUND), BOB));
	assert_int_equal(w->held[1], 2);
	assert_int_equal(w->held[2], 1);
	buf_clear(w->log);
	registrations_flow_closed(w->rs, 1);
	registrations_flow_closed(w->rs, 77);
	assert_log(w, "unreachable sip:out@h,");
	assert_contacts(w, ALICE, "sip:nat@h ");
	assert_true(registration_binding(registrations_find(w->rs, ALICE), 0)->flow == 0);
	assert_int_equal(w->held[1], 0);
	assert_contacts(w, BOB, "sip:other@h ");
	registrations_targets(w->rs, ALICE, 0, &w->targets);
	assert_true(w->targets.target[0].flow == 0 && !w->targets.target[0].hop);
}


static void test_flow_closes_while_written(void)
{
	struct world *w = world();
	struct change *out = over_tcp(w, "sip:out@h", 3, REGISTRATION_OUTBOUND);
	struct change *nat = over_tcp(w, "sip:nat@h", 3, REGISTRATION_RECEIVED);

	unit_ok(start(out, ALICE));
	unit_ok(start(nat, ALICE));
	w->dead_flow = 3;
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_ok(out->error);
	unit_ok(nat->error);
	assert_contacts(w, ALICE, "sip:nat@h ");
	assert_int_equal(registrations_devices(w->rs), 1);
}


static void test_dropped_and_forgotten(void)
{
	struct world *w = world();
	struct change *c;

	put(w, ALICE, "sip:1@h");
	put(w, ALICE, "sip:2@h");
	buf_clear(w->log);
	registrations_drop(w->rs, ALICE,
			   registration_binding(registrations_find(w->rs, ALICE), 0)->id);
	registrations_drop(w->rs, ALICE, 999);
	registrations_drop(w->rs, BOB, 1);
	assert_log(w, "unreachable sip:1@h,");
	/* Forgotten while a device comes: it does not stay, and nothing is left in the store. */
	c = change_of(w, "sip:3@h");
	unit_ok(start(c, ALICE));
	registrations_forget(w->rs, ALICE);
	registrations_forget(w->rs, BOB);
	assert_log(w, "unregistered sip:2@h,");
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_null(registrations_find(w->rs, ALICE));
	unit_ok(c->error);
	unit_must(!unit_refused());
	assert_stored(w, "");
	put(w, ALICE, "sip:4@h");
	assert_contacts(w, ALICE, "sip:4@h ");
}


static void assert_order(struct world *w, uint32_t flags, const char *want)
{
	size_t n = registrations_targets(w->rs, ALICE, flags, &w->targets), at = 0;
	char text[256] = "";

	assert_int_equal(n, w->targets.n);
	for (size_t i = 0; i < n; i++) {
		const struct sip_proxy_target *t = &w->targets.target[i];

		at += (size_t)snprintf(text + at, sizeof(text) - at, STR_FMT " ", STR_ARG(t->uri));
		assert_true(registration_target_id(t->user) == w->targets.binding[i]->id);
		assert_int_equal(t->q, w->targets.binding[i]->q);
	}
	assert_string_equal(text, want);
}


static void test_targets(void)
{
	struct world *w = world();
	struct change *c;

	for (unsigned i = 0; i < 4; i++) {
		c = change_of(w, (const char *[]){"sip:low@h", "sip:a@h", "sip:b@h",
						  "sip:plain@h"}[i]);
		c->b.q = (uint16_t[]){100, 500, 500, 700}[i];
		c->b.registered_ms += (int64_t[]){0, 1, 2, 0}[i];
		if (i == 3)
			c->b.flags = REGISTRATION_PAGER;
		unit_ok(run(c, ALICE));
	}
	assert_order(w, 0, "sip:plain@h sip:b@h sip:a@h sip:low@h ");
	assert_order(w, REGISTRATION_IM, "sip:b@h sip:a@h sip:low@h ");
	assert_order(w, REGISTRATION_PAGER, "sip:plain@h sip:b@h sip:a@h sip:low@h ");
	assert_order(w, REGISTRATION_LARGE, "");
	assert_false(registrations_reachable(w->rs, ALICE, REGISTRATION_LARGE));
	assert_false(registrations_reachable(w->rs, BOB, 0));
	assert_int_equal(registrations_targets(w->rs, BOB, 0, &w->targets), 0);
}


static void test_one_binding_of_an_instance(void)
{
	struct world *w = world();

	for (unsigned i = 0; i < 3; i++) {
		struct change *c = change_of(w, (const char *[]){"sip:old@h", "sip:new@h",
								 "sip:new2@h"}[i]);

		c->b.instance = STR("urn:uuid:1");
		c->b.registered_ms += i ? 1000 : 0;
		unit_ok(run(c, ALICE));
	}
	put(w, ALICE, "sip:other@h");
	assert_order(w, 0, "sip:new2@h sip:other@h ");
}


static void test_how_to_reach(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:udp@10.0.0.1");
	struct sip_proxy_target *t = w->targets.target;

	c->b.flags |= REGISTRATION_RECEIVED;
	c->b.socket = 2;
	unit_ok(run(c, ALICE));
	registrations_targets(w->rs, ALICE, 0, &w->targets);
	assert_non_null(t->hop);
	assert_true(t->hop->kind == SIP_UDP && t->hop->socket == 2 &&
		    addr_eq(&t->hop->addr, &c->b.peer));

	unit_ok(run(over_tcp(w, "sip:tcp@10.0.0.1", 4, REGISTRATION_RECEIVED), BOB));
	registrations_targets(w->rs, BOB, 0, &w->targets);
	assert_true(t->flow == 4 && !t->hop && !t->route.n);

	/* With a Path the proxies on it know the way. */
	c = over_tcp(w, "sip:path@10.0.0.1", 0, REGISTRATION_OUTBOUND);
	c->b.path = STR("<sip:edge;lr;ob>");
	unit_ok(run(c, STR("sip:carol@example.org")));
	registrations_targets(w->rs, STR("sip:carol@example.org"), 0, &w->targets);
	assert_true(t->flow == 0 && !t->hop);
	unit_str(t->route, "<sip:edge;lr;ob>");

	put(w, STR("sip:dave@example.org"), "sip:1@h");
	registrations_targets(w->rs, STR("sip:dave@example.org"), 0, &w->targets);
	assert_true(t->flow == 0 && !t->hop && !t->route.n);
}


static void restored(int error, void *arg)
{
	struct world *w = arg;

	w->restored = error ? error : 1;
}


static void test_restored(void)
{
	struct world *w = world();
	struct change *c = change_of(w, "sip:full@h"), *late;
	const struct registration_binding *b;

	c->b.params = STR("+g.oma.sip-im;methods=\"MESSAGE\"");
	c->b.instance = STR("urn:uuid:9");
	c->b.path = STR("<sip:edge;lr>");
	c->b.reg_id = 7;
	c->b.cseq = 99;
	c->b.q = 300;
	c->b.socket = 3;
	unit_ok(run(c, ALICE));
	put(w, ALICE, "sip:2@h");
	unit_ok(run(over_tcp(w, "sip:out@h", 5, REGISTRATION_OUTBOUND), ALICE));
	unit_ok(run(over_tcp(w, "sip:nat@h", 5, REGISTRATION_RECEIVED), BOB));
	late = change_of(w, "sip:gone@h");
	late->b.expires_ms = loop_wall_ms(w->loop) + 1000;
	unit_ok(run(late, STR("sip:carol@example.org")));
	close_table(w);
	assert_true(virtual_loop_advance(w->vl, 2000));

	open_table(w);
	buf_clear(w->log);
	unit_ok(registrations_restore(w->rs, restored, w));
	late = change_of(w, "sip:late@h");
	unit_ok(start(late, BOB));
	assert_int_equal(late->prepared, 0);
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_ok(w->restored < 0 ? w->restored : 0);
	assert_int_equal(w->restored, 1);
	unit_ok(late->error);
	assert_contacts(w, ALICE, "sip:full@h sip:2@h ");
	assert_contacts(w, BOB, "sip:nat@h sip:late@h ");
	assert_int_equal(registrations_users(w->rs), 2);
	b = registration_binding(registrations_find(w->rs, ALICE), 0);
	unit_str(b->params, "+g.oma.sip-im;methods=\"MESSAGE\"");
	unit_str(b->instance, "urn:uuid:9");
	unit_str(b->path, "<sip:edge;lr>");
	unit_str(b->call_id, "call");
	unit_str(b->user_agent, "test");
	assert_true(b->reg_id == 7 && b->cseq == 99 && b->q == 300 && b->socket == 3 && b->id);
	assert_true(b->flags == (REGISTRATION_IM | REGISTRATION_PAGER));
	assert_true(addr_eq(&b->peer, &c->b.peer) && b->kind == SIP_UDP);
	assert_log(w, "done,registered sip:late@h,");
}


static void test_restore_fails(void)
{
	struct world *w = world();

	store_memory_fail_next(w->store, 1, -EIO);
	unit_ok(registrations_restore(w->rs, restored, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->restored, -EIO);
}


/* Pages: more users than one page holds. */
static void test_many(void)
{
	struct world *w = world();
	const struct registration *r = NULL;
	size_t seen = 0;

	for (unsigned i = 0; i < 1000; i++) {
		char aor[64], contact[64];
		struct change c = {.w = w};

		snprintf(aor, sizeof(aor), "sip:%u@example.org", i);
		snprintf(contact, sizeof(contact), "sip:%u@h", i);
		c.b = binding(w, contact);
		assert_int_equal(run(&c, str_of(aor)), 0);
		buf_clear(w->log);
	}
	while ((r = registrations_next(w->rs, r)))
		seen++;
	assert_int_equal(seen, 1000);
	close_table(w);
	open_table(w);
	assert_int_equal(registrations_restore(w->rs, restored, w), 0);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(registrations_users(w->rs), 1000);
	assert_int_equal(registrations_devices(w->rs), 1000);
}


/* Design 5: at most 2 kB for an idle registered user, the memory store's copy included. */
static void test_cost(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct world *w = world();
	size_t before = mallinfo2().uordblks, after;
	const unsigned users = 20000;

	for (unsigned i = 0; i < users; i++) {
		char aor[64], contact[64], instance[64], call_id[64];
		struct change c = {.w = w};

		snprintf(aor, sizeof(aor), "sip:subscriber%06u@ims.example.org", i);
		snprintf(contact, sizeof(contact),
			 "sip:subscriber%06u@192.0.2.17:49152;transport=tcp", i);
		snprintf(instance, sizeof(instance), "urn:uuid:00000000-0000-1000-8000-%012u", i);
		snprintf(call_id, sizeof(call_id), "a84b4c76e66710%06u@pc33.example.org", i);
		c.b = binding(w, contact);
		c.b.params = STR(
			"+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\";"
			"+g.oma.sip-im;+g.oma.sip-im.large-message;methods=\"INVITE,ACK,BYE,"
			"CANCEL,MESSAGE,OPTIONS,NOTIFY,SUBSCRIBE,UPDATE,REFER\"");
		c.b.instance = str_of(instance);
		c.b.call_id = str_of(call_id);
		c.b.user_agent = STR("IM-client/OMA1.0 Example/1.2.3");
		assert_int_equal(run(&c, str_of(aor)), 0);
		buf_clear(w->log);
	}
	after = mallinfo2().uordblks;
	fprintf(stderr, "bytes per registered user, memory store included: %zu\n",
		(after - before) / users);
	assert_true((after - before) / users <= 2048);
#endif
}


UNIT_MAIN(UNIT_TEST(test_registers_and_leaves), UNIT_TEST(test_refresh_keeps_the_id),
	  UNIT_TEST(test_not_before_it_is_on_disk), UNIT_TEST(test_store_fails),
	  UNIT_TEST(test_refused), UNIT_TEST(test_in_turn), UNIT_TEST(test_cancelled),
	  UNIT_TEST(test_closed_under_way), UNIT_TEST(test_ceilings), UNIT_TEST(test_expires),
	  UNIT_TEST(test_nobody_is_routed_to_an_expired_one),
	  UNIT_TEST(test_expires_while_refreshed), UNIT_TEST(test_expires_while_another_is_written),
	  UNIT_TEST(test_flow_closes), UNIT_TEST(test_flow_closes_while_written),
	  UNIT_TEST(test_dropped_and_forgotten), UNIT_TEST(test_targets),
	  UNIT_TEST(test_one_binding_of_an_instance), UNIT_TEST(test_how_to_reach),
	  UNIT_TEST(test_restored), UNIT_TEST(test_restore_fails), UNIT_TEST_PLAIN(test_many),
	  UNIT_TEST_PLAIN(test_cost))
