/* SPDX-License-Identifier: Apache-2.0 */
/* How many received a message: what is asked, what is heard, and what is remembered between. */
#include "im/participating/delivery_report.h"

#include <stdio.h>

#include "lib/unit.h"

static const struct hash_key key;


static struct delivery_reports *reports_of(enum im_sent_count how)
{
	return unit_own(delivery_reports_alloc(how, &key));
}


static struct msrp_frame send_of(const char *id, bool report, bool count)
{
	return (struct msrp_frame){
		.request = true,
		.method = MSRP_METHOD_SEND,
		.message_id = str_of(id),
		.success_report = report,
		.include_sent_count = count,
		.range = {1, 5, 5},
	};
}


static struct msrp_frame report_of(const char *id, uint16_t status)
{
	return (struct msrp_frame){
		.request = true,
		.method = MSRP_METHOD_REPORT,
		.message_id = str_of(id),
		.has_status = true,
		.report_status = status,
		.range = {1, 5, 5},
		.has_distribution_count = true,
		.distribution_count = 7,
	};
}


static bool ask(struct delivery_reports *d, const char *id, bool report, bool count)
{
	const struct msrp_frame f = send_of(id, report, count);

	return delivery_reports_ask(d, &f) != MSRP_SENT_COUNT_AS_IT_CAME;
}


static void heard(struct delivery_reports *d, const struct msrp_frame *f,
		  enum msrp_report_fate fate, int recipients)
{
	struct delivery_report r = delivery_reports_arrived(d, f);

	assert_int_equal(r.fate, fate);
	assert_int_equal(r.counted, recipients >= 0);
	if (r.counted)
		assert_int_equal(r.recipients, recipients);
}


static void test_form(void)
{
	const struct msrp_frame f = send_of("m1", false, false), none = {.success_report = true};

	assert_int_equal(delivery_reports_ask(reports_of(IM_SENT_COUNT_PARAMETER), &f),
			 MSRP_SENT_COUNT_PARAMETER);
	assert_int_equal(delivery_reports_ask(reports_of(IM_SENT_COUNT_HEADER), &f),
			 MSRP_SENT_COUNT_HEADER);
	/* Without a Message-ID nothing can be heard of it. */
	assert_int_equal(delivery_reports_ask(reports_of(IM_SENT_COUNT_HEADER), &none),
			 MSRP_SENT_COUNT_AS_IT_CAME);
}


/* Who is told, by what was asked and what is reported. */
static void test_fates(void)
{
	static const struct {
		const char *what;
		bool report, count;
		uint16_t status;
		enum msrp_report_fate fate;
	} rows[] = {
		{"only we asked", false, false, 200, MSRP_REPORT_STAYS},
		{"the client asked", true, false, 200, MSRP_REPORT_WITHOUT_COUNT},
		{"for the number, too", true, true, 200, MSRP_REPORT_PASSES},
		{"for the number, but for no report", false, true, 200, MSRP_REPORT_STAYS},
		{"a failure", false, false, 413, MSRP_REPORT_WITHOUT_COUNT},
		{"a failure, the client asked", true, true, 408, MSRP_REPORT_PASSES},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct delivery_reports *d = reports_of(IM_SENT_COUNT_HEADER);
		const struct msrp_frame f = report_of("m1", rows[i].status);

		unit_case("%s", rows[i].what);
		unit_must(ask(d, "m1", rows[i].report, rows[i].count));
		heard(d, &f, rows[i].fate, 7);
		assert_int_equal(delivery_reports_due(d), 0);
	}
}


static void test_counted_once_and_whole(void)
{
	struct delivery_reports *d = reports_of(IM_SENT_COUNT_HEADER);
	struct msrp_frame f = report_of("m1", 200);

	unit_must(ask(d, "m1", false, false));
	/* On a part of it: nothing is known of the rest. */
	f.range = (struct msrp_range){1, 3, 5};
	heard(d, &f, MSRP_REPORT_STAYS, -1);
	f.range = (struct msrp_range){4, 5, 5};
	heard(d, &f, MSRP_REPORT_STAYS, -1);
	f.range = (struct msrp_range){1, 5, 5};
	f.has_distribution_count = false;
	assert_int_equal(delivery_reports_due(d), 1);
	/* No number; and what comes after is on nothing. */
	heard(d, &f, MSRP_REPORT_STAYS, -1);
	assert_int_equal(delivery_reports_due(d), 0);
	f.has_distribution_count = true;
	heard(d, &f, MSRP_REPORT_STAYS, -1);
	/* Without a Byte-Range it is on all. */
	unit_must(ask(d, "m1", false, false));
	f.range = (struct msrp_range){1, MSRP_RANGE_UNKNOWN, MSRP_RANGE_UNKNOWN};
	heard(d, &f, MSRP_REPORT_STAYS, 7);
}


static void test_unknown(void)
{
	struct delivery_reports *d = reports_of(IM_SENT_COUNT_HEADER);
	const struct msrp_frame f = report_of("m9", 200), failure = report_of("m9", 413);

	heard(d, &f, MSRP_REPORT_STAYS, -1);
	heard(d, &failure, MSRP_REPORT_WITHOUT_COUNT, -1);
	unit_must(ask(d, "m1", false, false));
	heard(d, &f, MSRP_REPORT_STAYS, -1);
	/* A client that asks for reports knows its own. */
	unit_must(ask(d, "m2", true, false));
	heard(d, &f, MSRP_REPORT_WITHOUT_COUNT, -1);
}


/* Chunks of one message, those of others between, from a client that changes its mind. */
static void test_chunks_are_one_message(void)
{
	struct delivery_reports *d = reports_of(IM_SENT_COUNT_PARAMETER);
	const struct msrp_frame one = report_of("m1", 200), two = report_of("m2", 200);

	unit_must(ask(d, "m1", false, false));
	unit_must(ask(d, "m2", false, false));
	unit_must(ask(d, "m1", true, false));
	unit_must(ask(d, "m2", false, false));
	assert_int_equal(delivery_reports_due(d), 2);
	heard(d, &two, MSRP_REPORT_STAYS, 7);
	heard(d, &one, MSRP_REPORT_WITHOUT_COUNT, 7);
	assert_int_equal(delivery_reports_due(d), 0);
}


/* A far side that reports nothing: the oldest go, and what is asked stays the same. */
static void test_ceiling(void)
{
	struct delivery_reports *d = reports_of(IM_SENT_COUNT_HEADER);
	char id[32];

	for (int i = 0; i < 3 * DELIVERY_REPORTS_MAX; i++) {
		snprintf(id, sizeof(id), "m%d", i);
		assert_true(ask(d, id, false, false));
		assert_true(delivery_reports_due(d) <= DELIVERY_REPORTS_MAX);
	}
	for (int i = 0; i < 3 * DELIVERY_REPORTS_MAX; i++) {
		bool known = i >= 2 * DELIVERY_REPORTS_MAX;

		snprintf(id, sizeof(id), "m%d", i);
		const struct msrp_frame f = report_of(id, 200);
		heard(d, &f, MSRP_REPORT_STAYS, known ? 7 : -1);
	}
	assert_int_equal(delivery_reports_due(d), 0);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_form), UNIT_TEST(test_fates), UNIT_TEST(test_counted_once_and_whole),
	  UNIT_TEST(test_unknown), UNIT_TEST(test_chunks_are_one_message),
	  UNIT_TEST_PLAIN(test_ceiling))
