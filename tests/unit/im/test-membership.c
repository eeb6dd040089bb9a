/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what in a conference, and how long it lasts. */
#include "im/controlling/membership.h"

#include <string.h>

#include "im/controlling/roster.h"
#include "lib/unit.h"

/* Alice may do everything; members join and see; the others may see. */
#define RULES                                                                              \
	"<cp:ruleset>"                                                                     \
	"<cp:rule id='a'><cp:conditions><cp:identity><cp:one id='sip:alice@example.org'/>" \
	"</cp:identity></cp:conditions><cp:actions>"                                       \
	"<join-handling>true</join-handling>"                                              \
	"<allow-initiate-conference>true</allow-initiate-conference>"                      \
	"<allow-invite-users-dynamically>true</allow-invite-users-dynamically>"            \
	"<allow-anonymity>true</allow-anonymity>%KEY%"                                     \
	"<ext:allow-expelling>true</ext:allow-expelling>"                                  \
	"<ext:allow-private-message>true</ext:allow-private-message>"                      \
	"</cp:actions></cp:rule>"                                                          \
	"<cp:rule id='m'><cp:conditions><is-list-member/></cp:conditions><cp:actions>"     \
	"<join-handling>true</join-handling></cp:actions></cp:rule>"                       \
	"<cp:rule id='o'><cp:conditions><ocp:other-identity/></cp:conditions><cp:actions>" \
	"<allow-conference-state>true</allow-conference-state></cp:actions></cp:rule>"     \
	"</cp:ruleset>"

static const char head[] =
	"<group xmlns='urn:oma:xml:poc:list-service' "
	"xmlns:cp='urn:ietf:params:xml:ns:common-policy'"
	" xmlns:ocp='urn:oma:xml:xdm:common-policy' xmlns:ext='urn:oma:xml:xdm:extensions'>"
	"<list-service uri='sip:hikers@example.org'><list><entry uri='sip:bob@example.org'/>"
	"<entry uri='sip:carol@example.org'/></list>";


/* `more` between list and rules. */
static struct group *group_make(const char *more, bool key)
{
	struct buf *text = unit_buf(16384);
	struct str rules = STR(RULES);
	ptrdiff_t at = str_find_str(rules, STR("%KEY%"));
	struct group *g = NULL;

	buf_puts(text, str_of(head));
	buf_puts(text, str_of(more));
	buf_puts(text, str_upto(rules, (size_t)at));
	if (key)
		buf_puts(text, STR("<is-key-participant>true</is-key-participant>"));
	buf_puts(text, str_from(rules, (size_t)at + 5));
	buf_puts(text, STR("</list-service></group>"));
	unit_must(!text->failed);
	unit_ok(group_decode(&g, buf_str(text), NULL, NULL));
	return unit_own(g);
}


struct row {
	const char *who;
	enum membership_action what;
	uint16_t status; /**< 0: may */
	const char *rule;
	bool anonymous, inside, invited, founder, target, key;
	size_t participants, more;
};


static void judge_all(const struct group *g, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		char storage[512];
		struct buf headers;
		struct str who = str_of(row->who);
		struct membership_answer a = {.headers = &headers};
		const struct membership_rule *by;

		buf_fixed(&headers, storage, sizeof(storage));
		unit_case("%zu: %s %d", i, row->who ? row->who : "-", row->what);
		by = membership_judge(&(struct membership_view){.group = g,
								.who = &who,
								.n = row->who != NULL,
								.anonymous = row->anonymous,
								.inside = row->inside,
								.invited = row->invited,
								.founder = row->founder,
								.key_present = row->key,
								.participants = row->participants,
								.more = row->more,
								.max_made = 4,
								.target_inside = row->target,
								.now_ms = 1767225600000,
								.host = STR("im.example.org")},
				      row->what, &a);
		assert_int_equal(a.status, row->status);
		assert_true((by != NULL) == (row->status != 0));
		if (by) {
			assert_string_equal(by->name, row->rule);
			assert_true(str_starts(buf_str(&headers),
					       STR("Warning: 399 im.example.org \"")));
			assert_true(str_ends(buf_str(&headers), STR("\"\r\n")));
		} else {
			assert_int_equal(headers.n, 0);
		}
	}
}
#define JUDGE(g, rows) judge_all((g), (rows), sizeof(rows) / sizeof((rows)[0]))

#define ALICE "sip:alice@example.org"
#define BOB "sip:bob@example.org"
#define EVE "sip:eve@example.org"


static void test_group(void)
{
	static const struct row rows[] = {
		{NULL, MEMBERSHIP_START, 403, "identity"},
		{ALICE, MEMBERSHIP_START},
		{ALICE, MEMBERSHIP_START, .anonymous = true},
		{BOB, MEMBERSHIP_START, 403, "start"},
		{EVE, MEMBERSHIP_START, 403, "join"},
		{BOB, MEMBERSHIP_JOIN},
		{BOB, MEMBERSHIP_JOIN, 403, "anonymity", .anonymous = true},
		{EVE, MEMBERSHIP_JOIN, 403, "anonymity", .anonymous = true},
		{EVE, MEMBERSHIP_JOIN, 403, "join", .invited = true},
		{BOB, MEMBERSHIP_JOIN, .participants = 2},
		{BOB, MEMBERSHIP_JOIN, 486, "full", .participants = 3},
		{BOB, MEMBERSHIP_JOIN, .participants = 3, .inside = true},
		{BOB, MEMBERSHIP_JOIN, 486, "full", .participants = 9, .more = SIZE_MAX,
		 .inside = true},
		{ALICE, MEMBERSHIP_START, .more = 2},
		{ALICE, MEMBERSHIP_START, 486, "full", .more = 3},
		{ALICE, MEMBERSHIP_INVITE, 403, "participant"},
		{ALICE, MEMBERSHIP_INVITE, .inside = true, .participants = 2, .more = 1},
		{ALICE, MEMBERSHIP_INVITE, 486, "full", .inside = true, .participants = 2,
		 .more = 2},
		{BOB, MEMBERSHIP_INVITE, 403, "invite", .inside = true, .more = 1},
		{ALICE, MEMBERSHIP_EXPEL, .inside = true, .target = true},
		{ALICE, MEMBERSHIP_EXPEL, 404, "target", .inside = true},
		{BOB, MEMBERSHIP_EXPEL, 403, "expel", .inside = true, .target = true},
		{BOB, MEMBERSHIP_EXPEL, 403, "expel", .inside = true, .founder = true},
		{ALICE, MEMBERSHIP_PRIVATE, .inside = true, .target = true},
		{ALICE, MEMBERSHIP_PRIVATE, 404, "target", .inside = true},
		{BOB, MEMBERSHIP_PRIVATE, 403, "private-message", .inside = true, .target = true},
		{BOB, MEMBERSHIP_SUBSCRIBE, 403, "conference-state"},
		{BOB, MEMBERSHIP_SUBSCRIBE, .inside = true},
		{EVE, MEMBERSHIP_SUBSCRIBE},
		{NULL, MEMBERSHIP_SUBSCRIBE, 403, "identity"},
		{BOB, MEMBERSHIP_SEND},
		{BOB, MEMBERSHIP_SEND, 403, "anonymity", .anonymous = true},
		{EVE, MEMBERSHIP_SEND, 403, "join"},
	};

	JUDGE(group_make("<max-participant-count>3</max-participant-count>", false), rows);
}


static void test_key_and_schedule(void)
{
	static const struct row key[] = {
		{ALICE, MEMBERSHIP_START},
		{BOB, MEMBERSHIP_JOIN, 403, "key-participant"},
		{BOB, MEMBERSHIP_JOIN, .key = true},
	};
	static const struct row open[] = {{ALICE, MEMBERSHIP_START}, {ALICE, MEMBERSHIP_JOIN}};
	static const struct row closed[] = {
		{ALICE, MEMBERSHIP_START, 403, "schedule"},
		{BOB, MEMBERSHIP_JOIN, 403, "schedule"},
		{BOB, MEMBERSHIP_SUBSCRIBE, .inside = true},
	};

	JUDGE(group_make("", true), key);
	JUDGE(group_make("<ext:session-active-policy><ext:schedule>"
			 "<ext:from>2025-12-31T00:00:00Z</ext:from>"
			 "<ext:until>2026-01-02T00:00:00Z</ext:until>"
			 "</ext:schedule></ext:session-active-policy>",
			 false),
	      open);
	JUDGE(group_make("<ext:session-active-policy><ext:schedule>"
			 "<ext:from>2025-12-30T00:00:00Z</ext:from>"
			 "<ext:until>2026-01-01T00:00:00Z</ext:until>"
			 "</ext:schedule></ext:session-active-policy>",
			 false),
	      closed);
}


static void test_without_group(void)
{
	static const struct row rows[] = {
		{ALICE, MEMBERSHIP_START, .more = 3, .anonymous = true},
		{ALICE, MEMBERSHIP_START, 486, "full", .more = 4},
		{BOB, MEMBERSHIP_JOIN, 403, "join"},
		{BOB, MEMBERSHIP_JOIN, .invited = true},
		{BOB, MEMBERSHIP_INVITE, .inside = true, .participants = 3, .more = 1},
		{BOB, MEMBERSHIP_INVITE, 486, "full", .inside = true, .participants = 3, .more = 2},
		{BOB, MEMBERSHIP_EXPEL, 403, "expel", .inside = true, .target = true},
		{ALICE, MEMBERSHIP_EXPEL, .inside = true, .target = true, .founder = true},
		{BOB, MEMBERSHIP_PRIVATE, .inside = true, .target = true},
		{EVE, MEMBERSHIP_SUBSCRIBE, 403, "conference-state"},
		{BOB, MEMBERSHIP_SUBSCRIBE, .inside = true},
	};

	JUDGE(NULL, rows);
	assert_int_equal(membership_max(NULL, 7), 7);
	/* Every action is judged, and each rule is one of the table's own. */
	for (int what = MEMBERSHIP_START; what <= MEMBERSHIP_SEND; what++) {
		char storage[256];
		struct buf headers;
		struct membership_answer a = {.headers = &headers};

		buf_fixed(&headers, storage, sizeof(storage));
		assert_non_null(membership_judge(&(struct membership_view){.host = STR("h")},
						 (enum membership_action)what, &a));
		assert_int_equal(a.status, 403);
	}
}


/* ---- How long ---- */

static const char *over(const struct membership_course *c)
{
	const struct membership_end *e = membership_over(c);

	return e ? e->name : "goes on";
}


static void test_too_few(void)
{
	struct group *joined = group_make("", false);
	struct group *dialled = group_make("<invite-members>true</invite-members>", false);
	struct group *three = group_make("<ext:session-active-policy><ext:min-participant-count>3"
					 "</ext:min-participant-count></ext:session-active-policy>",
					 false);
	const struct {
		const struct group *group;
		size_t participants, most;
		const char *over;
	} rows[] = {
		{NULL, 0, 0, "empty"},
		{NULL, 1, 1, "goes on"},
		{NULL, 1, 2, "min-participants"},
		{NULL, 2, 5, "goes on"},
		{joined, 1, 7, "goes on"},
		{joined, 0, 7, "empty"},
		{dialled, 1, 2, "min-participants"},
		{dialled, 2, 2, "goes on"},
		{three, 2, 2, "goes on"},
		{three, 2, 3, "min-participants"},
		{three, 3, 3, "goes on"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct membership_course c = {.group = rows[i].group,
					      .participants = rows[i].participants,
					      .most = rows[i].most,
					      .founder_present = true};

		unit_case("%zu", i);
		assert_string_equal(over(&c), rows[i].over);
		if (membership_over(&c))
			unit_str(membership_over(&c)->reason, "SIP;cause=410;text=\"Gone\"");
	}
}


static void test_time(void)
{
	struct group *hour = group_make("<ext:session-active-policy><ext:max-duration>3600"
					"</ext:max-duration></ext:session-active-policy>",
					false);
	struct group *windows = group_make("<ext:session-active-policy><ext:schedule>"
					   "<ext:from>1970-01-01T02:00:00Z</ext:from>"
					   "<ext:until>1970-01-01T03:00:00Z</ext:until>"
					   "<ext:from>1970-01-01T01:00:00Z</ext:from>"
					   "<ext:until>1970-01-01T02:00:00Z</ext:until>"
					   "</ext:schedule></ext:session-active-policy>",
					   false);
	struct membership_course c = {.participants = 2, .most = 2, .founder_present = true};

	assert_true(membership_deadline_ms(&c) == INT64_MAX);
	c.started_ms = c.now_ms = 1000;
	c.max_duration_s = 10;
	assert_int_equal(membership_deadline_ms(&c), 11000);
	c.now_ms = 10999;
	assert_string_equal(over(&c), "goes on");
	c.now_ms = 11000;
	assert_string_equal(over(&c), "max-duration");
	c.group = hour;
	assert_int_equal(membership_deadline_ms(&c), 11000);
	c.max_duration_s = 0;
	assert_int_equal(membership_deadline_ms(&c), 3601000);

	c.group = windows;
	c.now_ms = 3600000;
	assert_string_equal(over(&c), "goes on");
	assert_int_equal(membership_deadline_ms(&c), 3 * 3600000);
	c.now_ms = 3 * 3600000;
	assert_string_equal(over(&c), "schedule");
	assert_int_equal(membership_deadline_ms(&c), c.now_ms);
}


static void test_who_is_needed(void)
{
	struct group *g =
		group_make("<ext:session-active-policy>"
			   "<ext:required-participants-list><entry uri='sip:carol@example.org'/>"
			   "</ext:required-participants-list>"
			   "<ext:session-originator>true</ext:session-originator>"
			   "</ext:session-active-policy>",
			   true);
	struct membership_view v = {.group = g};
	struct membership_course c = {
		.group = g, .participants = 3, .most = 3, .founder_present = true};
	struct roster *r = NULL;

	unit_ok(roster_alloc(&r, &(struct roster_params){.entity = STR("sip:s@example.org")}));
	unit_own(r);
	unit_ok(roster_set(r, &(struct roster_person){.who = STR(BOB),
						      .status = CONFERENCE_CONNECTED}));
	unit_ok(roster_set(r, &(struct roster_person){.who = STR(ALICE),
						      .status = CONFERENCE_PENDING}));
	membership_look(&c, &v, r);
	assert_true(!c.key_present && !c.key_came && !c.required_present);
	/* Nobody who is needed has come yet: they may still. */
	assert_string_equal(over(&c), "goes on");
	unit_ok(roster_set(r, &(struct roster_person){.who = STR(ALICE),
						      .status = CONFERENCE_CONNECTED}));
	unit_ok(roster_set(r, &(struct roster_person){.who = STR("sip:carol@example.org"),
						      .status = CONFERENCE_CONNECTED}));
	membership_look(&c, &v, r);
	assert_true(c.key_present && c.key_came && c.required_present && c.required_came);
	assert_string_equal(over(&c), "goes on");
	unit_ok(roster_leave(r, STR("sip:carol@example.org"), CONFERENCE_DEPARTED, STR_NULL,
			     STR_NULL));
	membership_look(&c, &v, r);
	assert_string_equal(over(&c), "required-participants");
	unit_ok(roster_leave(r, STR(ALICE), CONFERENCE_DEPARTED, STR_NULL, STR_NULL));
	membership_look(&c, &v, r);
	assert_string_equal(over(&c), "key-participant");
	c.key_came = c.required_came = false;
	c.founder_present = false;
	assert_string_equal(over(&c), "session-originator");
}


UNIT_MAIN(UNIT_TEST(test_group), UNIT_TEST(test_key_and_schedule), UNIT_TEST(test_without_group),
	  UNIT_TEST(test_too_few), UNIT_TEST(test_time), UNIT_TEST(test_who_is_needed))
