/* SPDX-License-Identifier: Apache-2.0 */
/* Operator policy, with every backend. */
#include "store/policy.h"

#include "world.h"

struct policies {
	struct world *w;
	struct buf *out;
};


static struct policies *policies(void)
{
	struct policies *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 19);
	return t;
}


/* "scope|key=value," */
static void seen(struct store_request *r, int error, void *arg)
{
	struct policies *t = arg;
	size_t n;
	const struct store_policy *p = store_policy_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++)
		buf_printf(t->out, STR_FMT "|" STR_FMT "=" STR_FMT ",", STR_ARG(p[i].scope),
			   STR_ARG(p[i].key), STR_ARG(p[i].value));
	world_done(r, error, t->w);
}


static int list(struct policies *t, const char *scope)
{
	return ASK(t, store_policy_list, str_of(scope), seen, t);
}


static void test_kept(void)
{
	struct policies *t = policies();
	struct store_policy set[] = {
		{STR_INIT(""), STR_INIT("pager.max-size"), STR_INIT("1300")},
		{STR_INIT("sip:a@x"), STR_INIT("pager.max-size"), STR_INIT("200")},
		{STR_INIT(""), STR_INIT("deferred.expiry"), STR_INIT("7d")},
		{STR_INIT("sip:aa@x"), STR_INIT("b"), STR_INIT("")},
		{STR_INIT(""), STR_INIT("deferred.expiry"), STR_INIT("8d")},
	};

	unit_ok(list(t, ""));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_policy_put, set, 5, seen, t));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(list(t, ""));
	unit_buf_is(t->out, "|deferred.expiry=8d,|pager.max-size=1300,");
	unit_ok(list(t, "sip:a@x"));
	unit_buf_is(t->out, "sip:a@x|pager.max-size=200,");
	unit_ok(list(t, "sip:aa@x"));
	unit_buf_is(t->out, "sip:aa@x|b=,");
	set[0].value = STR("9");
	unit_ok(ASK(t, store_policy_put, set, 1, seen, t));
	unit_ok(ASK(t, store_policy_delete, STR(""), STR("deferred.expiry"), seen, t));
	unit_must(ASK(t, store_policy_delete, STR(""), STR("deferred.expiry"), seen, t) == -ENOENT);
	unit_must(ASK(t, store_policy_delete, STR("sip:b@x"), STR("b"), seen, t) == -ENOENT);
	unit_ok(list(t, ""));
	unit_buf_is(t->out, "|pager.max-size=9,");
}


static void test_ceilings(void)
{
	struct policies *t = policies();
	char *large = unit_storage(STORE_POLICY_VALUE_MAX + 1);
	struct store_policy p = {.scope = STR("s"), .key = {large, STORE_POLICY_KEY_MAX + 1}};

	memset(large, 'x', STORE_POLICY_VALUE_MAX + 1);
	unit_must(ASK(t, store_policy_put, &p, 1, seen, t) == -EMSGSIZE);
	p.key.n--;
	p.value = (struct str){large, STORE_POLICY_VALUE_MAX + 1};
	unit_must(ASK(t, store_policy_put, &p, 1, seen, t) == -EMSGSIZE);
	p.value.n--;
	unit_ok(ASK(t, store_policy_put, &p, 1, seen, t));
	unit_must(ASK(t, store_policy_put, &p, STORE_POLICIES_MAX + 1, seen, t) == -EMSGSIZE);
	p.key = STR("a\0b");
	unit_must(ASK(t, store_policy_put, &p, 1, seen, t) == -EINVAL);
}


/* All or none: one too many, and none of them is there. */
static void test_atomic(void)
{
	struct policies *t = policies();
	struct store_policy *set = unit_storage(STORE_POLICIES_MAX * sizeof(*set));
	char(*key)[16] = unit_storage(STORE_POLICIES_MAX * 16);
	struct store_policy one[] = {
		{STR_INIT("other"), STR_INIT("k"), STR_INIT("v")},
		{STR_INIT("s"), STR_INIT("first"), STR_INIT("v")},
		{STR_INIT("s"), STR_INIT("second"), STR_INIT("v")},
	};

	for (int i = 0; i < STORE_POLICIES_MAX; i++) {
		snprintf(key[i], sizeof(key[i]), "%03d", i);
		set[i] = (struct store_policy){STR("s"), str_of(key[i]), STR("v")};
	}
	unit_ok(ASK(t, store_policy_put, set, STORE_POLICIES_MAX - 1, seen, t));
	unit_must(ASK(t, store_policy_put, one, 3, seen, t) == -EDQUOT);
	unit_ok(list(t, "other"));
	unit_buf_is(t->out, "");
	unit_must(ASK(t, store_policy_delete, STR("s"), STR("first"), seen, t) == -ENOENT);
	unit_ok(ASK(t, store_policy_put, set, STORE_POLICIES_MAX, seen, t));
	unit_must(ASK(t, store_policy_put, one, 2, seen, t) == -EDQUOT);
	unit_ok(ASK(t, store_policy_put, set, STORE_POLICIES_MAX, seen, t));
	assert_int_equal(store_trouble(t->w->store).n, 0);
}


UNIT_MAIN(UNIT_TEST(test_kept), UNIT_TEST(test_ceilings), UNIT_TEST_PLAIN(test_atomic))
