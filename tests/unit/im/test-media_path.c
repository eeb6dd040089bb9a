/* SPDX-License-Identifier: Apache-2.0 */
/* The media path decision: every setting against every parameter, for each kind and side. */

#include "im/participating/media_path.h"

#include "body/im_settings.h"
#include "lib/unit.h"
#include "store/policy.h"
#include "subscriber/operator_policy.h"

/** What a row sets; the rest is off. */
enum {
	USER_SESSION = 1, /**< history.session=on */
	USER_LARGE = 2,   /**< history.pager-large=on */
	NO_HISTORY = 4,   /**< the operator has no History function */
	USER_ON = 8,      /**< charging=on, of the user */
	USER_OFF = 16,    /**< charging=off, of the user */
	SERVICE_ON = 32,  /**< charging=on, of the service */
	COUNT = 64,       /**< the sent count is asked for */
	EVERYTHING = USER_SESSION | USER_LARGE | USER_ON | SERVICE_ON | COUNT,
};
#define HISTORY IM_MEDIA_PATH_HISTORY
#define CHARGING IM_MEDIA_PATH_CHARGING

static const struct row {
	uint32_t path; /**< media-path */
	unsigned given;
	/** For a session, a large message, a file. */
	enum media_path session, large, file;
} rows[] = {
	/* PATH-3: never is never. */
	{0, 0, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	{0, EVERYTHING, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	/* PATH-2: always is always. */
	{IM_MEDIA_PATH_ALWAYS, 0, MEDIA_PATH_ALWAYS, MEDIA_PATH_ALWAYS, MEDIA_PATH_ALWAYS},
	{IM_MEDIA_PATH_ALWAYS, EVERYTHING, MEDIA_PATH_ALWAYS, MEDIA_PATH_ALWAYS, MEDIA_PATH_ALWAYS},
	/* PATH-4: the function is there and the user wants it. */
	{HISTORY, 0, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	{HISTORY, USER_SESSION, MEDIA_PATH_HISTORY, MEDIA_PATH_OUT, MEDIA_PATH_HISTORY},
	{HISTORY, USER_LARGE, MEDIA_PATH_OUT, MEDIA_PATH_HISTORY, MEDIA_PATH_OUT},
	{HISTORY, USER_SESSION | USER_LARGE | NO_HISTORY, MEDIA_PATH_OUT, MEDIA_PATH_OUT,
	 MEDIA_PATH_OUT},
	{HISTORY, USER_ON | SERVICE_ON, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	/* PATH-5: the user's, else the service's. */
	{CHARGING, 0, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	{CHARGING, USER_ON, MEDIA_PATH_CHARGING, MEDIA_PATH_CHARGING, MEDIA_PATH_CHARGING},
	{CHARGING, SERVICE_ON, MEDIA_PATH_CHARGING, MEDIA_PATH_CHARGING, MEDIA_PATH_CHARGING},
	{CHARGING, SERVICE_ON | USER_OFF, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	{CHARGING, USER_SESSION | USER_LARGE, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	/* Both. */
	{HISTORY | CHARGING, USER_LARGE | USER_ON, MEDIA_PATH_CHARGING, MEDIA_PATH_HISTORY,
	 MEDIA_PATH_CHARGING},
	{HISTORY | CHARGING, 0, MEDIA_PATH_OUT, MEDIA_PATH_OUT, MEDIA_PATH_OUT},
	/* PATH-6: on the originating side alone (below), and not for a file. */
	{HISTORY, COUNT, MEDIA_PATH_SENT_COUNT, MEDIA_PATH_SENT_COUNT, MEDIA_PATH_OUT},
	{CHARGING, COUNT, MEDIA_PATH_SENT_COUNT, MEDIA_PATH_SENT_COUNT, MEDIA_PATH_OUT},
};


static struct operator_policy *charging(bool on)
{
	const struct store_policy set = {.key = STR("charging"),
					 .value = on ? STR("on") : STR("off")};
	struct operator_policy *p = NULL;

	unit_ok(operator_policy_alloc(&p, NULL, &set, 1));
	return unit_own(p);
}


static enum media_path decide(const struct row *row, enum im_kind kind, enum im_side side)
{
	struct im_settings settings = {0};
	struct im_rules rules = {
		.media_path = row->path,
		.history_kept = !(row->given & NO_HISTORY),
		.sent_count = row->given & COUNT ? IM_SENT_COUNT_HEADER : IM_SENT_COUNT_OFF,
	};
	struct media_path_view v = {.kind = kind,
				    .side = side,
				    .rules = &rules,
				    .settings = row->given ? &settings : NULL};

	if (row->given & USER_SESSION)
		settings.is[IM_HISTORY_SESSION] = IM_ON;
	if (row->given & USER_LARGE)
		settings.is[IM_HISTORY_PAGER_LARGE] = IM_ON;
	if (row->given & (USER_ON | USER_OFF))
		v.user = charging(row->given & USER_ON);
	if (row->given & SERVICE_ON)
		v.service = charging(true);
	return media_path_decide(&v);
}


static void is(const struct row *row, enum im_kind kind, enum im_side side, enum media_path want)
{
	enum media_path got = decide(row, kind, side);

	if (got != want)
		fail_msg("row %zu, %.*s, %.*s: %.*s instead of %.*s", (size_t)(row - rows),
			 (int)im_kind_name(kind).n, im_kind_name(kind).p, (int)im_side_name(side).n,
			 im_side_name(side).p, (int)media_path_name(got).n, media_path_name(got).p,
			 (int)media_path_name(want).n, media_path_name(want).p);
}


static enum media_path uncounted(enum media_path p)
{
	return p == MEDIA_PATH_SENT_COUNT ? MEDIA_PATH_OUT : p;
}


static void test_decision(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		is(r, IM_SESSION, IM_ORIGINATING, r->session);
		is(r, IM_LARGE, IM_ORIGINATING, r->large);
		is(r, IM_FILE, IM_ORIGINATING, r->file);
		is(r, IM_SESSION, IM_TERMINATING, uncounted(r->session));
		is(r, IM_LARGE, IM_TERMINATING, uncounted(r->large));
		is(r, IM_FILE, IM_TERMINATING, r->file);
	}
}


/* Whatever is configured, nothing but these three has a media path of ours. */
static void test_other_kinds(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned k = 0; k < IM_KINDS; k++) {
			bool concerned = k == IM_SESSION || k == IM_LARGE || k == IM_FILE;

			assert_int_equal(media_path_concerns(k), concerned);
			if (!concerned)
				is(&rows[i], k, IM_ORIGINATING, MEDIA_PATH_OUT);
		}
	}
}

UNIT_MAIN(UNIT_TEST(test_decision), UNIT_TEST(test_other_kinds))
