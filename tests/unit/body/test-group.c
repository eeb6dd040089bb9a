/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: documents, and what their rules allow. */
#include "body/group.h"

#include "lib/unit.h"

#define BIT GROUP_BIT

/* Digest e3. */
static const char hikers[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<group xmlns=\"urn:oma:xml:poc:list-service\""
	" xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\""
	" xmlns:ocp=\"urn:oma:xml:xdm:common-policy\""
	" xmlns:ext=\"urn:oma:xml:xdm:extensions\">"
	"<list-service uri=\"sip:hikers@groups.example.net\">"
	"<display-name xml:lang=\"en\">Hikers</display-name>"
	"<list><entry uri=\"sip:alice@example.net\"><display-name>Alice</display-name></entry>"
	"<entry uri=\"sip:bob@example.net\"/><entry uri=\"tel:+15550100\"/></list>"
	"<invite-members>true</invite-members>"
	"<max-participant-count>20</max-participant-count>"
	"<ext:subject>Sunday tour</ext:subject>"
	"<ext:session-active-policy><ext:max-duration>7200</ext:max-duration>"
	"<ext:min-participant-count>2</ext:min-participant-count></ext:session-active-policy>"
	"<cp:ruleset>"
	"<cp:rule id=\"owner\"><cp:conditions><cp:identity>"
	"<cp:one id=\"sip:alice@example.net\"/></cp:identity></cp:conditions><cp:actions>"
	"<join-handling>true</join-handling>"
	"<allow-initiate-conference>true</allow-initiate-conference>"
	"<allow-conference-state>true</allow-conference-state>"
	"<allow-invite-users-dynamically>true</allow-invite-users-dynamically>"
	"<allow-anonymity>false</allow-anonymity><is-key-participant>true</is-key-participant>"
	"<ext:allow-expelling>true</ext:allow-expelling>"
	"<ext:allow-private-message>true</ext:allow-private-message>"
	"</cp:actions></cp:rule>"
	"<cp:rule id=\"members\"><cp:conditions><is-list-member/></cp:conditions><cp:actions>"
	"<join-handling>true</join-handling>"
	"<allow-initiate-conference>true</allow-initiate-conference>"
	"<allow-conference-state>true</allow-conference-state>"
	"<allow-invite-users-dynamically>false</allow-invite-users-dynamically>"
	"<allow-anonymity>false</allow-anonymity><is-key-participant>false</is-key-participant>"
	"</cp:actions></cp:rule></cp:ruleset></list-service></group>";

#define MEMBER_RIGHTS (BIT(GROUP_JOIN) | BIT(GROUP_INITIATE) | BIT(GROUP_STATE))


static struct group *decode(const char *text)
{
	struct group *g = NULL;

	unit_ok(group_decode(&g, str_of(text), NULL, NULL));
	return unit_own(g);
}


/* A group with these rules, and bob as its one member. */
static struct group *with_rules(const char *rules)
{
	struct buf *b = unit_buf(65536);

	buf_printf(b,
		   "<group><list-service uri='sip:g@h'><list><entry uri='sip:bob@h'/>"
		   "<external anchor='http://x/list'/></list>"
		   "<ruleset>%s</ruleset></list-service></group>",
		   rules);
	unit_must(!b->failed);
	return decode(buf_cstr(b));
}


static unsigned rights_of(const struct group *g, const char *who)
{
	struct str one = str_of(who);
	const struct group_request q = {.who = &one, .n = 1};

	return group_rights(g, &q, NULL);
}


static void test_example(void)
{
	struct group *g = decode(hikers);

	unit_str(g->uri, "sip:hikers@groups.example.net");
	unit_str(g->canonical, "sip:hikers@groups.example.net");
	unit_str(g->display_name, "Hikers");
	unit_str(g->subject, "Sunday tour");
	assert_int_equal(g->members_n, 3);
	unit_str(g->members[0].display_name, "Alice");
	unit_str(g->members[2].uri, "tel:+15550100");
	assert_int_equal(g->externals_n, 0);
	assert_true(g->invite_members);
	assert_int_equal(g->max_participants, 20);
	assert_int_equal(g->activity.max_duration_s, 7200);
	assert_int_equal(g->activity.min_participants, 2);
	assert_true(group_is_open(&g->activity, 0));
	assert_true(g->has_key_rules);
	assert_false(g->advertise || g->searchable);

	assert_int_equal(rights_of(g, "sip:alice@example.net"),
			 MEMBER_RIGHTS | BIT(GROUP_INVITE) | BIT(GROUP_KEY) | BIT(GROUP_EXPEL) |
				 BIT(GROUP_PRIVATE_MESSAGE));
	assert_int_equal(rights_of(g, "sip:bob@example.net"), MEMBER_RIGHTS);
	assert_int_equal(rights_of(g, "tel:+15550100"), MEMBER_RIGHTS);
	assert_int_equal(rights_of(g, "sip:mallory@example.net"), 0);
}


#define JOIN "<actions><join-handling>true</join-handling></actions>"
#define STATE "<actions><allow-conference-state>1</allow-conference-state></actions>"

static void test_rules(void)
{
	static const struct {
		const char *rules, *who;
		unsigned rights;
	} rows[] = {
		{"", "sip:bob@h", 0},
		{"<rule>" JOIN "</rule>", "sip:eve@h", BIT(GROUP_JOIN)},
		{"<rule><conditions/>" JOIN "</rule>", "sip:eve@h", BIT(GROUP_JOIN)},
		{"<rule><conditions><is-list-member/></conditions>" JOIN "</rule>", "sip:eve@h", 0},
		{"<rule><conditions><is-list-member/></conditions>" JOIN "</rule>", "sip:bob@h",
		 BIT(GROUP_JOIN)},
		{"<rule><conditions><is-list-member/></conditions>" JOIN "</rule>"
		 "<rule><conditions><other-identity/></conditions>" STATE "</rule>",
		 "sip:bob@h", BIT(GROUP_JOIN)},
		{"<rule><conditions><is-list-member/></conditions>" JOIN "</rule>"
		 "<rule><conditions><other-identity/></conditions>" STATE "</rule>",
		 "sip:eve@h", BIT(GROUP_STATE)},
		/* A rule without conditions names nobody: the others stay others. */
		{"<rule>" JOIN "</rule>"
		 "<rule><conditions><other-identity/></conditions>" STATE "</rule>",
		 "sip:eve@h", BIT(GROUP_JOIN) | BIT(GROUP_STATE)},
		{"<rule><conditions><identity><many domain='h'><except id='sip:eve@h'/></many>"
		 "</identity></conditions>" JOIN "</rule>",
		 "sip:eve@h", 0},
		{"<rule><conditions><identity><many domain='h'><except id='sip:eve@h'/></many>"
		 "</identity></conditions>" JOIN "</rule>",
		 "sip:dan@h", BIT(GROUP_JOIN)},
		/* One condition that is not known keeps the rule from matching. */
		{"<rule><conditions><is-list-member/><moon-is-full/></conditions>" JOIN "</rule>",
		 "sip:bob@h", 0},
		{"<rule><conditions><is-list-member/><identity><one id='sip:eve@h'/></identity>"
		 "</conditions>" JOIN "</rule>",
		 "sip:eve@h", 0},
		{"<rule><actions><join-handling>perhaps</join-handling></actions></rule>",
		 "sip:bob@h", 0},
		{"<rule><actions><join-handling/><allow-anonymity>true</allow-anonymity></actions>"
		 "</rule>",
		 "sip:bob@h", BIT(GROUP_ANONYMITY)},
		/* The union: false in one rule takes nothing away that another gives. */
		{"<rule>" JOIN "</rule>"
		 "<rule><actions><join-handling>false</join-handling></actions></rule>",
		 "sip:bob@h", BIT(GROUP_JOIN)},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("row %zu", k);
		assert_int_equal(rights_of(with_rules(rows[k].rules), rows[k].who), rows[k].rights);
	}
}


static void test_every_right(void)
{
	for (int r = 0; r < GROUP_RIGHTS; r++) {
		struct buf *b = unit_buf(512);
		struct str name = group_right_name((enum group_right)r);

		buf_printf(b,
			   "<rule><actions><" STR_FMT ">true</" STR_FMT "></actions></rule>"
			   "<rule><actions/></rule>",
			   STR_ARG(name), STR_ARG(name));
		unit_must(!b->failed);
		assert_int_equal(rights_of(with_rules(buf_cstr(b)), "sip:x@h"), BIT(r));
	}
}


static enum access_listed listed(struct str anchor, const struct str *who, size_t n, void *arg)
{
	unit_str(anchor, "http://x/list");
	assert_int_equal(n, 1);
	if (!str_eq(*who, STR("sip:eve@h")))
		return ACCESS_NOT_LISTED;
	return *(enum access_listed *)arg;
}


static void test_external(void)
{
	struct group *g = with_rules(
		"<rule><conditions><is-list-member/></conditions>" JOIN "</rule>"
		"<rule><conditions><is-list-member/></conditions>" STATE "</rule>");
	enum access_listed answer = ACCESS_LISTED;
	struct str eve = STR("sip:eve@h"), dan = STR("sip:dan@h");
	struct group_request q = {.who = &eve, .n = 1, .listed = listed, .arg = &answer};
	bool uncertain = false;

	assert_int_equal(g->externals_n, 1);
	assert_int_equal(group_rights(g, &q, &uncertain), BIT(GROUP_JOIN) | BIT(GROUP_STATE));
	assert_true(group_is_member(g, &q, NULL));
	assert_false(uncertain);
	answer = ACCESS_LIST_UNKNOWN;
	assert_int_equal(group_rights(g, &q, &uncertain), 0);
	assert_true(uncertain);
	uncertain = false;
	q.listed = NULL;
	assert_false(group_is_member(g, &q, &uncertain));
	assert_true(uncertain);
	uncertain = false;
	q.listed = listed;
	q.who = &dan;
	assert_int_equal(group_rights(g, &q, &uncertain), 0);
	assert_false(uncertain);
	q.n = 0;
	assert_false(group_is_member(g, &q, NULL));
	assert_int_equal(group_rights(g, &q, NULL), 0);
}


static void test_validity(void)
{
	struct group *g = with_rules(
		"<rule><conditions><validity>"
		"<from>1970-01-01T00:00:10Z</from>"
		"<until>1970-01-01T00:00:20Z</until></validity></conditions>" JOIN
		"</rule><rule><conditions><anonymous-request/></conditions>" STATE "</rule>");
	struct str bob = STR("sip:bob@h");
	struct group_request q = {.who = &bob, .n = 1, .now_ms = 9999};

	assert_int_equal(group_rights(g, &q, NULL), 0);
	q.now_ms = 10000;
	assert_int_equal(group_rights(g, &q, NULL), BIT(GROUP_JOIN));
	q.anonymous = true;
	assert_int_equal(group_rights(g, &q, NULL), BIT(GROUP_JOIN) | BIT(GROUP_STATE));
	q.now_ms = 20000;
	assert_int_equal(group_rights(g, &q, NULL), BIT(GROUP_STATE));
}


static int upper(struct str uri, struct buf *out, void *arg)
{
	(void)arg;
	if (!str_starts(uri, STR("sip:")))
		return -EBADMSG;
	for (size_t i = 0; i < uri.n; i++)
		buf_putc(out,
			 (char)(uri.p[i] >= 'a' && uri.p[i] <= 'z' ? uri.p[i] - 32 : uri.p[i]));
	return 0;
}


static void test_canonical(void)
{
	struct group *g = NULL;
	struct str who[] = {STR("sip:nobody"), STR("SIP:BOB@EXAMPLE.NET")}, nothing = STR("");

	unit_ok(group_decode(&g, str_of(hikers), upper, NULL));
	unit_own(g);
	unit_str(g->canonical, "SIP:HIKERS@GROUPS.EXAMPLE.NET");
	assert_ptr_equal(group_member(g, who, 2), &g->members[1]);
	assert_null(group_member(g, who, 1));
	/* What has no canonical form is equal to nobody. */
	assert_int_equal(g->members[2].canonical.n, 0);
	assert_null(group_member(g, &nothing, 1));
	assert_int_equal(rights_of(g, "SIP:ALICE@EXAMPLE.NET") & BIT(GROUP_EXPEL),
			 BIT(GROUP_EXPEL));
}


static void test_activity(void)
{
	struct group *g = decode(
		"<group><list-service uri='sip:g@h'><session-active-policy>"
		"<max-duration>P1DT2H30M5S</max-duration>"
		"<required-participants-list><entry "
		"uri='sip:a@h'/><entry/></required-participants-list>"
		"<session-originator>true</session-originator>"
		"<schedule><from>1970-01-01T00:00:10Z</from><until>1970-01-01T00:00:20Z</until>"
		"<until>1970-01-01T00:00:30Z</until><from>x</from><until>1970-01-01T00:00:40Z</"
		"until>"
		"<from>1970-01-01T00:01:00Z</from><until>1970-01-01T00:02:00Z</until></schedule>"
		"</session-active-policy>"
		"<age-restrictions><min-age>18</min-age></age-restrictions>"
		"<automatic-group-advertisement>1</automatic-group-advertisement>"
		"<searchable>true</searchable></list-service></group>");
	const struct group_activity *a = &g->activity;

	assert_int_equal(a->max_duration_s, 86400 + 2 * 3600 + 30 * 60 + 5);
	assert_int_equal(a->required_n, 1);
	unit_str(a->required[0].canonical, "sip:a@h");
	assert_true(a->originator && a->scheduled && g->advertise && g->searchable);
	assert_int_equal(g->min_age, 18);
	assert_int_equal(g->max_age, 0);
	assert_int_equal(a->windows_n, 2);
	assert_false(group_is_open(a, 9999));
	assert_true(group_is_open(a, 10000));
	assert_false(group_is_open(a, 20000));
	assert_false(group_is_open(a, 35000));
	assert_true(group_is_open(a, 119999));
	/* A schedule without a readable time is never open. */
	g = decode("<group><list-service uri='sip:g@h'><session-active-policy><schedule/>"
		   "</session-active-policy></list-service></group>");
	assert_false(group_is_open(&g->activity, 0));
}


static void test_durations(void)
{
	static const struct {
		const char *text;
		long s; /* negative: refused */
	} rows[] = {
		{"0", 0},           {"90", 90},     {"PT1H", 3600}, {"P2D", 172800},
		{"PT90M", 5400},    {"PT1M1S", 61}, {"P", -1},      {"PT", -1},
		{"P1M", -1},        {"P1Y", -1},    {"PT1S1M", -1}, {"PT1H1H", -1},
		{"P1H", -1},        {"PT1D", -1},   {"P1DT", -1},   {"PT1TH", -1},
		{"PTH", -1},        {"PT1", -1},    {"-5", -1},     {"1.5", -1},
		{"P60000D", -1},    {"", -1},       {"soon", -1},   {"PT4294967296S", -1},
		{"4294967296", -1},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct buf *b = unit_buf(1024);
		struct group *g = NULL;

		unit_case("%s", rows[k].text);
		buf_printf(b,
			   "<group><list-service uri='sip:g@h'><session-active-policy>"
			   "<max-duration>%s</max-duration></session-active-policy>"
			   "</list-service></group>",
			   rows[k].text);
		unit_must(!b->failed);
		if (rows[k].s < 0) {
			unit_must(group_decode(&g, buf_str(b), NULL, NULL) == -EBADMSG);
			continue;
		}
		unit_ok(group_decode(&g, buf_str(b), NULL, NULL));
		unit_own(g);
		assert_int_equal(g->activity.max_duration_s, rows[k].s);
	}
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"<list-service uri='sip:g@h'/>",
		"<group/>",
		"<group><list-service/></group>",
		"<group><list-service uri=' '/></group>",
		"<group><list-service uri='sip:g@h'><invite-members>yes</invite-members>"
		"</list-service></group>",
		"<group><list-service uri='sip:g@h'><max-participant-count>-1"
		"</max-participant-count></list-service></group>",
		"<!DOCTYPE x><group><list-service uri='sip:g@h'/></group>",
		"<group><list-service uri='sip:g@h'></group>",
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct group *g = NULL;

		unit_case("%s", rows[k]);
		unit_must(group_decode(&g, str_of(rows[k]), NULL, NULL) == -EBADMSG);
		assert_null(g);
	}
}


static void repeat(struct buf *b, const char *before, const char *what, size_t n, const char *after)
{
	buf_clear(b);
	buf_puts(b, STR("<group><list-service uri='sip:g@h'>"));
	buf_puts(b, str_of(before));
	while (n--)
		buf_puts(b, str_of(what));
	buf_puts(b, str_of(after));
	buf_puts(b, STR("</list-service></group>"));
}


static void test_ceilings(void)
{
	static const struct {
		const char *before, *what, *after;
		size_t max;
	} rows[] = {
		{"<list>", "<entry uri='sip:a@h'/>", "</list>", GROUP_MEMBERS_MAX},
		{"<list>", "<external anchor='a'/>", "</list>", GROUP_EXTERNALS_MAX},
		{"<ruleset>", "<rule/>", "</ruleset>", GROUP_RULES_MAX},
		{"<session-active-policy><required-participants-list>", "<entry uri='sip:a@h'/>",
		 "</required-participants-list></session-active-policy>", GROUP_REQUIRED_MAX},
		{"<session-active-policy><schedule>", "<from>x</from><until>x</until>",
		 "</schedule></session-active-policy>", GROUP_WINDOWS_MAX},
	};
	struct buf *b = unit_buf(1 << 20);
	struct group *g = NULL;

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		unit_case("%s", rows[k].what);
		repeat(b, rows[k].before, rows[k].what, rows[k].max, rows[k].after);
		unit_ok(group_decode(&g, buf_str(b), NULL, NULL));
		unit_own(g);
		repeat(b, rows[k].before, rows[k].what, rows[k].max + 1, rows[k].after);
		unit_must(group_decode(&g, buf_str(b), NULL, NULL) == -ENOBUFS);
	}
}


/* What is written is read as the same, and its rules give what was granted. */
static void test_encode(void)
{
	const struct group_member members[] = {
		{.uri = STR("sip:a&b@h"), .display_name = STR("A <B>")},
		{.uri = STR("sip:bob@h")},
	};
	const struct str lists[] = {STR("http://x/list")};
	const struct group_window window = {10000, 20000};
	const struct group from = {
		.uri = STR("sip:g@h"),
		.display_name = STR("G"),
		.subject = STR("S"),
		.members = members,
		.members_n = 2,
		.externals = lists,
		.externals_n = 1,
		.invite_members = true,
		.advertise = true,
		.searchable = true,
		.max_participants = 9,
		.min_age = 1,
		.max_age = 99,
		.activity = {.max_duration_s = 60,
			     .min_participants = 2,
			     .required = members,
			     .required_n = 1,
			     .originator = true,
			     .scheduled = true,
			     .windows = &window,
			     .windows_n = 1},
	};
	const struct group_grant grants[] = {
		{GROUP_FOR_ONE, STR("sip:a&b@h"), BIT(GROUP_JOIN) | BIT(GROUP_EXPEL)},
		{GROUP_FOR_MEMBERS, STR_NULL, BIT(GROUP_STATE)},
		{GROUP_FOR_OTHERS, STR_NULL, BIT(GROUP_REJECT_INVITE)},
	};
	struct buf *out = unit_buf(16384);
	struct group *g;

	group_encode(out, &from, grants, 3);
	unit_must(!out->failed);
	assert_int_equal(str_find_str(buf_str(out), STR("ext:allow-subconf")), -1);
	g = decode(buf_cstr(out));
	unit_str(g->uri, "sip:g@h");
	unit_str(g->display_name, "G");
	unit_str(g->subject, "S");
	assert_int_equal(g->members_n, 2);
	unit_str(g->members[0].uri, "sip:a&b@h");
	unit_str(g->members[0].display_name, "A <B>");
	assert_int_equal(g->externals_n, 1);
	assert_true(g->invite_members && g->advertise && g->searchable);
	assert_int_equal(g->max_participants, 9);
	assert_int_equal(g->min_age, 1);
	assert_int_equal(g->max_age, 99);
	assert_int_equal(g->activity.max_duration_s, 60);
	assert_int_equal(g->activity.min_participants, 2);
	assert_int_equal(g->activity.required_n, 1);
	assert_true(g->activity.originator);
	assert_true(group_is_open(&g->activity, 10000));
	assert_false(group_is_open(&g->activity, 20000));
	assert_int_equal(rights_of(g, "sip:a&b@h"),
			 BIT(GROUP_JOIN) | BIT(GROUP_EXPEL) | BIT(GROUP_STATE));
	assert_int_equal(rights_of(g, "sip:bob@h"), BIT(GROUP_STATE));
	assert_int_equal(rights_of(g, "sip:eve@h"), BIT(GROUP_REJECT_INVITE));
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_rules), UNIT_TEST(test_every_right),
	  UNIT_TEST(test_external), UNIT_TEST(test_validity), UNIT_TEST(test_canonical),
	  UNIT_TEST(test_activity), UNIT_TEST_PLAIN(test_durations), UNIT_TEST(test_refused),
	  UNIT_TEST_PLAIN(test_ceilings), UNIT_TEST(test_encode))
