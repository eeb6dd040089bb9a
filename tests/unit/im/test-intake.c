/* SPDX-License-Identifier: Apache-2.0 */
/* A message that arrives over MSRP: what it may be, what is here of it, and what its chunks are answered. */
#include "im/intake.h"

#include <string.h>

#include "lib/unit.h"


static void test_status(void)
{
	static const struct {
		int error;
		uint16_t status;
	} rows[] = {
		{-EFBIG, 413},    {-EDQUOT, 413}, {-ENOSPC, 413}, {-ENOBUFS, 413},
		{-EMSGSIZE, 413}, {-EIO, 408},    {-ENOMEM, 408}, {-EPIPE, 408},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", strerror(-rows[i].error));
		assert_int_equal(intake_status(rows[i].error), rows[i].status);
	}
}


static void test_nothing(void)
{
	static const struct {
		bool body;
		const char *type;
		bool nothing;
	} rows[] = {
		{false, "", true},
		{true, "text/plain", false},
		{true, "", false},
		{true, "application/im-iscomposing+xml", true},
		{true, "Application/IM-isComposing+XML ; charset=utf-8", true},
		{true, "application/im-iscomposing", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msrp_frame f = {.body = rows[i].body, .content_type = str_of(rows[i].type)};

		unit_case("%s", rows[i].type);
		assert_int_equal(intake_is_nothing(&f), rows[i].nothing);
	}
}


static void test_larger(void)
{
	struct msrp_frame f = {.has_range = true, .range = {1, 10, 100}};

	assert_false(intake_is_larger(&f, 100));
	assert_true(intake_is_larger(&f, 99));
	f.range.total = MSRP_RANGE_UNKNOWN;
	assert_false(intake_is_larger(&f, 99));
	f = (struct msrp_frame){.has_range = false, .range = {1, 10, 100}};
	assert_false(intake_is_larger(&f, 99));
}


/* ---- Its chunks ---- */

static void chunk(struct intake *in, uint64_t at, size_t n, char flag)
{
	struct msrp_receive rc = {.offset = at};

	intake_begin_chunk(in, &rc, in);
	assert_ptr_equal(rc.user, in);
	if (n)
		assert_int_equal(intake_add(in, at, n), 0);
	rc.offset = at + n;
	intake_end_chunk(in, &rc, flag);
	assert_null(rc.user);
}


static void test_whole(void)
{
	struct intake in = INTAKE_INIT;

	assert_false(intake_whole(&in));
	chunk(&in, 0, 10, '+');
	assert_false(intake_whole(&in));
	chunk(&in, 10, 5, '$');
	assert_true(intake_whole(&in));
	assert_int_equal(in.size, 15);
	in.refused = 413;
	assert_false(intake_whole(&in));
}


/* The last piece first; the gap; and the one that another connection is still bringing. */
static void test_any_order(void)
{
	struct intake in = INTAKE_INIT;
	struct msrp_receive slow = {.offset = 0};

	chunk(&in, 10, 5, '$');
	assert_int_equal(in.size, 15);
	assert_false(intake_whole(&in));
	chunk(&in, 5, 5, '+');
	assert_false(intake_whole(&in));
	intake_begin_chunk(&in, &slow, &in);
	chunk(&in, 0, 5, '+');
	assert_false(intake_whole(&in));
	intake_end_chunk(&in, &slow, 0);
	assert_true(intake_whole(&in));
}


/* Where a chunk breaks off is not where the message ends; nothing at all is no message. */
static void test_no_end(void)
{
	struct intake in = INTAKE_INIT;

	chunk(&in, 0, 5, 0);
	assert_int_equal(in.total, MSRP_RANGE_UNKNOWN);
	assert_false(intake_whole(&in));
	in = (struct intake)INTAKE_INIT;
	chunk(&in, 0, 0, '$');
	assert_false(intake_whole(&in));
}


static void test_gaps(void)
{
	struct intake in = INTAKE_INIT;

	for (uint64_t i = 0; i < BYTE_RUNS_MAX; i++)
		assert_int_equal(intake_add(&in, i * 10, 1), 0);
	assert_int_equal(intake_add(&in, BYTE_RUNS_MAX * 10, 1), -ENOBUFS);
	assert_int_equal(in.size, (BYTE_RUNS_MAX - 1) * 10 + 1);
}


UNIT_MAIN(UNIT_TEST(test_status), UNIT_TEST(test_nothing), UNIT_TEST(test_larger),
	  UNIT_TEST(test_whole), UNIT_TEST(test_any_order), UNIT_TEST(test_no_end),
	  UNIT_TEST(test_gaps))
