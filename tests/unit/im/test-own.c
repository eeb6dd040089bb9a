/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the service's own: where they go, and how they are known again. */
#include "im/own.h"

#include <string.h>

#include "lib/unit.h"
#include "unit/sip/engine.h"

static struct world {
	struct engine *e;
	struct str domain;
	struct im_setting setting;
	struct im_own *own, *other;
} w;


static void onward(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->target[0] = (struct sip_proxy_target){.route = STR("<sip:198.51.100.1;lr>")};
	ret->n = 1;
}


static void close_world(void *arg)
{
	(void)arg;
	w.own = mem_unref(w.own);
	w.other = mem_unref(w.other);
}


static void set_up(bool embedded)
{
	memset(&w, 0, sizeof(w));
	w.domain = STR("example.org");
	w.e = engine_open();
	unit_defer(close_world, NULL);
	w.setting = (struct im_setting){.terminates_here = embedded, .onward = onward};
	struct im_own_params p = {.sip = w.e->sip,
				  .setting = &w.setting,
				  .addresses = {.domains = &w.domain, .domains_n = 1}};
	unit_ok(im_own_alloc(&w.own, &p));
	unit_ok(im_own_alloc(&w.other, &p));
}


static void listen_on(struct im_own *o, enum sip_transport_kind kind)
{
	struct addr a;

	assert_int_equal(addr_decode(&a, STR(ENGINE_HOST), 5060), 0);
	im_own_listens(o, kind, &a);
}


/* Decodes a Route as the proxy would. */
static struct sip_route route_of(struct str route)
{
	struct sip_uri u;
	struct str inner = str_range(route.p + 1, route.p + route.n - 1);

	assert_int_equal(sip_uri_decode(&u, inner), 0);
	return (struct sip_route){.ours_popped = true, .our_user = u.user};
}


static void test_embedded(void)
{
	struct sip_proxy_target t;

	set_up(true);
	assert_null(im_own_hop(w.own));
	assert_int_equal(im_own_target(w.own, STR("sip:bob@example.org"), &t), -EHOSTUNREACH);
	listen_on(w.own, SIP_UDP);
	assert_int_equal(im_own_hop(w.own)->kind, SIP_UDP);
	listen_on(w.own, SIP_TCP);
	assert_int_equal(im_own_hop(w.own)->kind, SIP_TCP);
	listen_on(w.own, SIP_UDP);
	assert_int_equal(im_own_hop(w.own)->kind, SIP_TCP);
	assert_int_equal(im_own_target(w.own, STR("sip:bob@example.org"), &t), 0);
	unit_str(t.uri, "sip:bob@example.org");
	assert_ptr_equal(t.hop, im_own_hop(w.own));
	assert_true(str_starts(t.route, STR("<sip:own-")));
	assert_true(str_find_str(t.route, STR(ENGINE_ADDR)) > 0);
	/* Elsewhere: as anybody. */
	assert_int_equal(im_own_target(w.own, STR("sip:carol@example.com"), &t), 0);
	assert_int_equal(t.route.n, 0);
	assert_null(t.hop);
}


static void test_known_again(void)
{
	struct sip_proxy_target mine, theirs;
	struct sip_route r;

	set_up(true);
	listen_on(w.own, SIP_UDP);
	listen_on(w.other, SIP_UDP);
	assert_int_equal(im_own_target(w.own, STR("sip:bob@example.org"), &mine), 0);
	assert_int_equal(im_own_target(w.other, STR("sip:bob@example.org"), &theirs), 0);
	r = route_of(mine.route);
	assert_true(im_own_is(w.own, &r));
	assert_false(im_own_is(w.other, &r));
	r.ours_popped = false;
	assert_false(im_own_is(w.own, &r));
	r = route_of(theirs.route);
	assert_false(im_own_is(w.own, &r));
	r.our_user = str_upto(route_of(mine.route).our_user, 10);
	assert_false(im_own_is(w.own, &r));
	r.our_user = STR_NULL;
	assert_false(im_own_is(w.own, &r));
}


static void test_core(void)
{
	struct sip_proxy_target t;

	set_up(false);
	assert_int_equal(im_own_target(w.own, STR("sip:bob@example.org"), &t), 0);
	unit_str(t.uri, "sip:bob@example.org");
	unit_str(t.route, "<sip:198.51.100.1;lr>");
	assert_null(t.hop);
}


UNIT_MAIN(UNIT_TEST(test_embedded), UNIT_TEST(test_known_again), UNIT_TEST(test_core))
