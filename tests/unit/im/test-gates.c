/* SPDX-License-Identifier: Apache-2.0 */
/* The gate tables: each row's answer, and that the first refusal is the one that counts. */

#include "im/participating/gates.h"

#include "lib/unit.h"
#include "subscriber/subscriber.h"

static struct subscriber alice = {.allowed = true, .account = true};
static struct subscriber barred = {.allowed = false, .account = true};

struct answered {
	const struct gate *by;
	struct gate_answer answer;
	struct buf headers;
	char text[1024];
};


static void ask(struct answered *a, bool originating, const struct subscriber *served, enum im_reach reach)
{
	struct im_request r = {.kind = IM_PAGER};
	struct gate_view v = {.r = &r, .served = served, .reach = reach, .host = STR("example.org")};

	buf_fixed(&a->headers, a->text, sizeof(a->text));
	a->answer = (struct gate_answer){.headers = &a->headers};
	a->by = gates_run(originating ? gates_originating : gates_terminating,
			  originating ? gates_originating_n : gates_terminating_n, &v, &a->answer);
}


static void test_originating(void)
{
	struct answered a;

	ask(&a, true, &alice, IM_REACH_OK);
	assert_null(a.by);

	/* OPF-GEN-1b, 1c: 403 with a readable Warning */
	ask(&a, true, &barred, IM_REACH_OK);
	assert_non_null(a.by);
	assert_int_equal(a.answer.status, 403);
	assert_true(str_eq(buf_str(&a.headers), STR("Warning: 399 example.org \"127 Service not authorised\"\r\n")));

	/* OPF-GEN-1a: nobody vouches for the sender */
	ask(&a, true, NULL, IM_REACH_OK);
	assert_int_equal(a.answer.status, 403);
}


static void test_terminating(void)
{
	struct answered a;

	ask(&a, false, &alice, IM_REACH_OK);
	assert_null(a.by);
	ask(&a, false, NULL, IM_REACH_UNREGISTERED);
	assert_int_equal(a.answer.status, 404);
	assert_string_equal(a.by->name, "recipient-known");
	ask(&a, false, &alice, IM_REACH_UNREGISTERED);
	assert_int_equal(a.answer.status, 480);
	ask(&a, false, &alice, IM_REACH_INCAPABLE);
	assert_int_equal(a.answer.status, 480);
	assert_string_equal(a.by->name, "recipient-reachable");
	/* what the recipient may send says nothing about what they may receive */
	ask(&a, false, &barred, IM_REACH_OK);
	assert_null(a.by);
}

UNIT_MAIN(UNIT_TEST(test_originating), UNIT_TEST(test_terminating))
