/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's policy: records and configuration compiled, two levels asked. */
#include "subscriber/operator_policy.h"

#include <stdio.h>

#include "lib/unit.h"


static struct operator_policy *made(const struct operator_policy *under, const char *key,
				    const char *value)
{
	const struct store_policy set = {.key = str_of(key), .value = str_of(value)};
	struct operator_policy *p = NULL;

	unit_ok(operator_policy_alloc(&p, under, &set, key ? 1 : 0));
	return unit_own(p);
}


static bool allows(const struct operator_policy *service, const struct operator_policy *user,
		   const char *type)
{
	struct str subtype = str_of(type);
	struct str t = str_cut(&subtype, '/');

	return operator_allows_type(service, user, OPERATOR_PAGER, t, subtype);
}


static void test_types(void)
{
	static const struct {
		const char *value, *type;
		bool is;
	} rows[] = {
		{"text/plain", "text/plain", true},
		{"text/plain", "TEXT/Plain", true},
		{"text/plain", "text/html", false},
		{"text/plain", "text/plain2", false},
		{"text/plain,image/*", "image/x", true},
		{"text/plain  image/*", "image/x", true},
		{" text/plain , image/* ", "image/x", true},
		{"text/plain,", "text/plain", true},
		{"*", "a/b", true},
		{"*/*", "a/b", true},
		{"image/*", "text/plain", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct operator_policy *p = made(NULL, "pager.types", rows[i].value);

		if (allows(p, NULL, rows[i].type) != rows[i].is ||
		    allows(NULL, p, rows[i].type) != rows[i].is)
			fail_msg("row %zu", i);
		/* Of one mode only. */
		assert_true(operator_allows_type(p, NULL, OPERATOR_LARGE, STR("x"), STR("y")));
	}
	assert_true(allows(NULL, NULL, "a/b"));
	assert_true(allows(made(NULL, NULL, NULL), NULL, "a/b"));
}


static void test_levels(void)
{
	struct operator_policy *service = made(NULL, "pager.types", "text/plain, text/html");
	struct operator_policy *user = made(NULL, "pager.types", "text/plain, image/gif");

	assert_true(allows(service, user, "text/plain"));
	assert_false(allows(service, user, "text/html"));
	assert_false(allows(service, user, "image/gif"));
	assert_int_equal(operator_max_size(NULL, NULL, OPERATOR_PAGER), OPERATOR_NO_LIMIT);
	service = made(NULL, "pager.max-size", "100");
	assert_int_equal(operator_max_size(service, NULL, OPERATOR_PAGER), 100);
	assert_int_equal(
		operator_max_size(service, made(NULL, "pager.max-size", "99"), OPERATOR_PAGER), 99);
	assert_int_equal(operator_max_size(service, made(NULL, "pager.max-size", "101"),
					   OPERATOR_PAGER),
			 100);
	assert_int_equal(operator_max_size(service, NULL, OPERATOR_FILE), OPERATOR_NO_LIMIT);
}


static void test_put(void)
{
	static const struct {
		const char *service, *user, *expected;
	} rows[] = {
		{NULL, NULL, "*/*"},
		{"text/plain,image/*", NULL, "text/plain, image/*"},
		{NULL, "text/plain", "text/plain"},
		{"text/plain,text/html", "text/plain,image/gif", "text/plain"},
		{"text/*", "text/plain", "text/plain"},
		{"text/plain", "*", "text/plain"},
		{"text/*,image/gif", "text/plain,image/*", "image/gif, text/plain"},
		{"text/plain", "TEXT/PLAIN", "text/plain"},
		{"text/plain", "image/gif", ""},
		{"*", "*", "*/*"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1000);
		const struct operator_policy *s =
			rows[i].service ? made(NULL, "pager.types", rows[i].service) : NULL;
		const struct operator_policy *u = rows[i].user
							  ? made(NULL, "pager.types", rows[i].user)
							  : NULL;

		operator_put_types(s, u, OPERATOR_PAGER, b);
		unit_must(!b->failed);
		unit_str(buf_str(b), rows[i].expected);
	}
}


static void test_configured(void)
{
	const struct str types[] = {STR("text/plain"), STR("image/*")}, wrong[] = {STR("plain")};
	struct operator_rule rule[OPERATOR_MODES] = {
		[OPERATOR_PAGER] = {.max_size = 1000, .types = types, .types_n = 2},
	};
	struct operator_policy *p = NULL, *q;

	unit_ok(operator_policy_configured(&p, rule));
	p = unit_own(p);
	assert_true(allows(p, NULL, "image/x"));
	/* A record in the place of one key; the others stay. */
	q = made(p, "pager.types", "text/html");
	assert_false(allows(q, NULL, "text/plain"));
	assert_int_equal(operator_max_size(q, NULL, OPERATOR_PAGER), 1000);
	q = made(p, "pager.max-size", "5");
	assert_true(allows(q, NULL, "text/plain"));
	assert_int_equal(operator_max_size(q, NULL, OPERATOR_PAGER), 5);
	/* One that makes no sense is passed over. */
	q = made(p, "pager.types", "nonsense");
	assert_true(allows(q, NULL, "text/plain"));
	q = made(p, "what.ever", "1");
	assert_true(allows(q, NULL, "text/plain"));
	/* No types at all: nothing is allowed. */
	assert_false(operator_allows_type(p, NULL, OPERATOR_FILE, STR("a"), STR("b")));

	rule[OPERATOR_LARGE] = (struct operator_rule){.types = wrong, .types_n = 1};
	unit_must(operator_policy_configured(&q, rule) == -EINVAL);
}


static void test_check(void)
{
	static const struct {
		const char *key, *value;
		int error;
	} rows[] = {
		{"pager.max-size", "1", 0},
		{"pager.max-size", "0", -EINVAL},
		{"pager.max-size", "-1", -EINVAL},
		{"pager.max-size", "1k", -EINVAL},
		{"file.types", "*", 0},
		{"file.types", "", -EINVAL},
		{"file.types", "text", -EINVAL},
		{"file.types", "text/", -EINVAL},
		{"file.types", "*/plain", -EINVAL},
		{"file.types", "te<xt/plain", -EINVAL},
		{"large.types", "text/*", 0},
		{"session.max-size", "18446744073709551615", 0},
		{"session.max-size", "18446744073709551616", -EINVAL},
		{"charging", "on", 0},
		{"charging", "off", 0},
		{"charging", "perhaps", -EINVAL},
		{"pager.maxsize", "1", -ENOENT},
		{"", "", -ENOENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *why = unit_buf(1000);
		int err = operator_policy_check(str_of(rows[i].key), str_of(rows[i].value), why);

		if (err != rows[i].error)
			fail_msg("row %zu: %d", i, err);
		unit_must((why->n > 0) == (err != 0));
	}
	assert_int_equal(made(NULL, "charging", "on")->charging, OPERATOR_ON);
	assert_int_equal(made(NULL, "charging", "off")->charging, OPERATOR_OFF);
	assert_int_equal(made(made(NULL, "charging", "on"), "pager.max-size", "1")->charging,
			 OPERATOR_ON);
}


static void test_many(void)
{
	struct buf *b = unit_buf(STORE_POLICY_VALUE_MAX),
		   *why = unit_buf(STORE_POLICY_VALUE_MAX + 200);

	for (unsigned i = 0; i < OPERATOR_TYPES_MAX; i++)
		buf_printf(b, "a/%u,", i);
	unit_must(!b->failed);
	assert_int_equal(operator_policy_check(STR("pager.types"), buf_str(b), why), 0);
	buf_puts(b, STR("b/c"));
	unit_must(!b->failed);
	assert_int_equal(operator_policy_check(STR("pager.types"), buf_str(b), why), -EINVAL);
}

UNIT_MAIN(UNIT_TEST(test_types), UNIT_TEST(test_levels), UNIT_TEST(test_put),
	  UNIT_TEST(test_configured), UNIT_TEST(test_check), UNIT_TEST(test_many))
