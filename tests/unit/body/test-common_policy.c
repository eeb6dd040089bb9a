/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules: may this caller reach the user in this way? */
#include "body/common_policy.h"

#include <ctype.h>

#include "lib/unit.h"

#define RULESET(rules)                                                                      \
	"<cp:ruleset xmlns:cp='urn:ietf:params:xml:ns:common-policy' "                      \
	"xmlns:ocp='urn:oma:xml:xdm:common-policy' xmlns:ext='urn:oma:xml:xdm:extensions' " \
	"xmlns:poc='urn:oma:xml:poc:poc-rules'>" rules "</cp:ruleset>"
#define RULE(id, conditions, action)                                                     \
	"<cp:rule id='" id "'><cp:conditions>" conditions "</cp:conditions><cp:actions>" \
	"<poc:allow-invite>" action "</poc:allow-invite></cp:actions></cp:rule>"
#define ONE(uri) "<cp:identity><cp:one id='" uri "'/></cp:identity>"
#define MEDIA(media) "<ext:media-list><ext:" media "/></ext:media-list>"
#define PERIOD(from, until) "<cp:from>" from "</cp:from><cp:until>" until "</cp:until>"
#define LISTED(anchor) "<ocp:external-list><ocp:entry anc='" anchor "'/></ocp:external-list>"
#define OTHER "<ocp:other-identity/>"
#define ANONYMOUS "<ocp:anonymous-request/>"

/* 2003-12-24T18:00:00+01:00. */
#define NOW_MS 1072285200000

/* Lower case, as a stand-in for what SIP does; no identity when there is no '@'. */
static int canonical(struct str uri, struct buf *out, void *arg)
{
	(void)arg;
	if (str_find(uri, '@') < 0)
		return -EINVAL;
	for (size_t i = 0; i < uri.n; i++)
		buf_putc(out, (char)tolower((unsigned char)uri.p[i]));
	return 0;
}


/* "list:a@x" holds only sip:a@x; "down" cannot be had. */
static enum access_listed listed(struct str anchor, const struct str *callers, size_t n, void *arg)
{
	unsigned *asked = arg;

	if (asked)
		++*asked;
	if (str_eq(anchor, STR("down")))
		return ACCESS_LIST_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		if (str_ends(callers[i], str_from(anchor, 5)))
			return ACCESS_LISTED;
	}
	return ACCESS_NOT_LISTED;
}


static void release(void *arg)
{
	struct access_rules **r = arg;

	mem_unref(*r);
}


static const struct access_rules *decode(const char *text)
{
	struct access_rules **r = unit_storage(sizeof(*r));

	unit_defer(release, r);
	unit_ok(access_rules_decode(r, str_of(text), canonical, NULL));
	return *r;
}


static struct access_outcome evaluate(const struct access_rules *r, const char *caller,
				      enum access_media media, bool anonymous)
{
	struct str callers[] = {str_of(caller)};
	struct access_request q = {
		.callers = callers,
		.callers_n = caller != NULL,
		.anonymous = anonymous,
		.media = media,
		.now_ms = NOW_MS,
		.sphere = STR("Work"),
		.listed = listed,
	};
	struct access_outcome o;

	access_evaluate(r, &q, &o);
	return o;
}


static enum access_action ask(const struct access_rules *r, const char *caller,
			      enum access_media media)
{
	return evaluate(r, caller, media, false).action;
}


/* Rows TPF-GEN-2a, 2b (a Large Message asks as a session), 2c. */
static void test_media(void)
{
	const struct access_rules *session = decode(
		RULESET(RULE("1", ONE("sip:a@x") MEDIA("message-session"), "reject")));
	const struct access_rules *pager = decode(
		RULESET(RULE("1", ONE("sip:a@x") MEDIA("pager-mode-message"), "reject")));

	assert_int_equal(ask(session, "sip:a@x", ACCESS_MESSAGE_SESSION), ACCESS_REJECT);
	assert_int_equal(ask(session, "sip:c@x", ACCESS_MESSAGE_SESSION), ACCESS_PASS);
	assert_int_equal(ask(session, "sip:a@x", ACCESS_PAGER_MODE_MESSAGE), ACCESS_PASS);
	assert_int_equal(ask(session, "sip:a@x", ACCESS_FILE_TRANSFER), ACCESS_PASS);
	assert_int_equal(ask(pager, "sip:a@x", ACCESS_PAGER_MODE_MESSAGE), ACCESS_REJECT);
	assert_int_equal(ask(pager, "sip:a@x", ACCESS_MESSAGE_SESSION), ACCESS_PASS);
}


/* Row TPF-GEN-2d: who rejected is told; 2f: accept, pass and no rule go on. */
static void test_outcomes(void)
{
	const struct access_rules *r = decode(
		RULESET(RULE("one", ONE("sip:a@x"), "reject") RULE("two", ONE("sip:b@x"), "pass")
				RULE("three", ONE("sip:c@x"), " accept\n")));
	struct access_outcome o = evaluate(r, "sip:a@x", ACCESS_MESSAGE_SESSION, false);

	assert_int_equal(access_rules_count(r), 3);
	assert_int_equal(o.action, ACCESS_REJECT);
	assert_int_equal(o.by, ACCESS_BY_IDENTITY);
	unit_str(o.rule, "one");
	assert_int_equal(ask(r, "sip:b@x", ACCESS_MESSAGE_SESSION), ACCESS_PASS);
	assert_int_equal(ask(r, "sip:c@x", ACCESS_MESSAGE_SESSION), ACCESS_ACCEPT);
	o = evaluate(r, "sip:d@x", ACCESS_MESSAGE_SESSION, false);
	assert_int_equal(o.action, ACCESS_PASS);
	assert_null(o.rule.p);
	unit_str(access_action_name(ACCESS_REJECT), "reject");
}


/* One condition, whether it holds for sip:a@example.com who starts a session. */
static void test_conditions(void)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{"", true},
		{"<cp:identity><cp:one id='sip:a@example.com'/></cp:identity>", true},
		{"<identity><one id='SIP:A@Example.COM'/></identity>", true},
		{"<cp:identity><cp:one id='sip:b@example.com'/><cp:one "
		 "id='sip:a@example.com'/></cp:identity>",
		 true},
		{"<cp:identity><cp:one id='sip:b@example.com'/></cp:identity>", false},
		{"<cp:identity><cp:one id='nonsense'/></cp:identity>", false},
		{"<cp:identity><cp:one/></cp:identity>", false},
		{"<cp:identity><cp:one domain='example.com'/></cp:identity>", false},
		{"<cp:identity/>", false},
		{"<cp:identity><cp:many/></cp:identity>", true},
		{"<cp:identity><cp:many domain='Example.com'/></cp:identity>", true},
		{"<cp:identity><cp:many domain='ample.com'/></cp:identity>", false},
		{"<cp:identity><cp:many domain='com'/></cp:identity>", false},
		{"<cp:identity><cp:many domain=''/></cp:identity>", false},
		{"<cp:identity><cp:many><cp:except domain='example.com'/></cp:many></cp:identity>",
		 false},
		{"<cp:identity><cp:many><cp:except domain='example.org'/></cp:many></cp:identity>",
		 true},
		{"<cp:identity><cp:many><cp:except "
		 "id='sip:a@example.com'/></cp:many></cp:identity>",
		 false},
		{"<cp:identity><cp:many domain='example.com'><cp:except "
		 "id='sip:b@example.com'/></cp:many></cp:identity>",
		 true},
		{"<cp:identity><cp:many domain='example.com'><cp:except id='sip:b@example.com'/>"
		 "<cp:except id='sip:A@example.com'/></cp:many></cp:identity>",
		 false},
		{"<cp:identity><cp:many><cp:except/></cp:many></cp:identity>", false},
		{"<cp:identity><cp:many><x:unless xmlns:x='urn:x'/></cp:many></cp:identity>",
		 false},
		{"<cp:identity><cp:many domain='example.org'/><cp:one "
		 "id='sip:a@example.com'/></cp:identity>",
		 true},
		/* All conditions must hold. */
		{"<cp:identity><cp:many/></cp:identity><cp:identity><cp:one "
		 "id='sip:b@example.com'/></cp:identity>",
		 false},
		{LISTED("list:a@example.com"), true},
		{LISTED("list:b@example.com"), false},
		{LISTED("down"), false},
		{"<ocp:external-list/>", false},
		{"<ocp:external-list><ocp:entry/><ocp:entry anc='list:x'/><ocp:entry "
		 "anc='list:a@example.com'/></ocp:external-list>",
		 true},
		{LISTED("list:a@example.com") LISTED("list:b@example.com"), false},
		{ANONYMOUS, false},
		{OTHER, true},
		{"<cp:sphere value='work'/>", true},
		{"<cp:sphere value='home  WORK'/>", true},
		{"<cp:sphere value='home'/>", false},
		{"<cp:sphere value=''/>", false},
		{"<cp:sphere/>", false},
		/* RFC 4745 7.1.3.2. */
		{"<cp:validity>" PERIOD("2003-12-24T17:00:00+01:00",
					"2003-12-24T19:00:00+01:00") "</cp:validity>",
		 true},
		{"<cp:validity>" PERIOD("2003-12-24T17:00:00Z",
					"2003-12-24T18:00:00Z") "</cp:validity>",
		 true},
		{"<cp:validity>" PERIOD("2003-12-24T16:00:00Z",
					"2003-12-24T17:00:00Z") "</cp:validity>",
		 false},
		{"<cp:validity>" PERIOD("2003-12-24T17:00:00.001Z",
					"2004-12-24T17:00:00Z") "</cp:validity>",
		 false},
		{"<cp:validity>" PERIOD("2001-01-01T00:00:00Z", "2002-01-01T00:00:00Z")
			 PERIOD("2003-01-01T00:00:00Z", "2004-01-01T00:00:00Z") "</cp:validity>",
		 true},
		{"<cp:validity><cp:from>2003-01-01T00:00:00Z</cp:from></cp:validity>", false},
		{"<cp:validity><cp:until>2004-01-01T00:00:00Z</cp:until></cp:validity>", false},
		{"<cp:validity>" PERIOD("yesterday", "2004-01-01T00:00:00Z") "</cp:validity>",
		 false},
		{"<cp:validity>" PERIOD("2003-01-01T00:00:00Z", "never") "</cp:validity>", false},
		{"<cp:validity/>", false},
		{MEDIA("message-session"), true},
		{MEDIA("file-transfer"), false},
		{MEDIA("all-media"), true},
		{"<ext:media-list/>", false},
		{"<ext:media-list><ext:poc-speech/></ext:media-list>", false},
		{"<ext:media-list><ext:file-transfer/><ext:message-session/></ext:media-list>",
		 true},
		{"<ext:media-list><ext:all-media-except><ext:file-transfer/></ext:all-media-except>"
		 "</ext:media-list>",
		 true},
		{"<ext:media-list><ext:all-media-except><ext:message-session/></"
		 "ext:all-media-except>"
		 "</ext:media-list>",
		 false},
		{"<media>message-session</media>", true},
		{"<media>pager-mode-message</media>", false},
		{"<media>pager-mode-message</media><media> message-session </media>", true},
		{"<media-list><media>message-session</media></media-list>", true},
		{"<ext:service-list><ext:service enabler='IM'/></ext:service-list>", true},
		{"<ext:service-list><ext:service enabler='PoC'/></ext:service-list>", false},
		{"<ext:service-list><ext:service enabler='PoC'/><ext:service "
		 "enabler='org.openmobilealliance:im-session'/>"
		 "</ext:service-list>",
		 true},
		{"<ext:service-list><ext:service/></ext:service-list>", false},
		{"<ext:service-list><ext:all-services-except><ext:service "
		 "enabler='PoC'/></ext:all-services-except>"
		 "</ext:service-list>",
		 true},
		{"<ext:service-list><ext:all-services-except><ext:service "
		 "enabler='IM'/></ext:all-services-except>"
		 "</ext:service-list>",
		 false},
		{"<x:phase-of-moon xmlns:x='urn:x'/>", false},
		{"<cp:identity><cp:many/></cp:identity><x:phase-of-moon xmlns:x='urn:x'/>", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(2048);
		const char *text;

		unit_case("%s", rows[i].condition);
		buf_printf(b,
			   RULESET("<cp:rule "
				   "id='x'><cp:conditions>%s</"
				   "cp:conditions><cp:actions><poc:allow-invite>reject"
				   "</poc:allow-invite></cp:actions></cp:rule>"),
			   rows[i].condition);
		text = unit_ptr(buf_cstr(b));
		assert_int_equal(ask(decode(text), "sip:a@example.com", ACCESS_MESSAGE_SESSION),
				 rows[i].holds ? ACCESS_REJECT : ACCESS_PASS);
	}
}


/* Identities of callers, for the rules with a domain. */
static void test_domains(void)
{
	static const struct {
		const char *caller;
		bool within;
	} rows[] = {
		{"sip:a@example.com", true},
		{"sip:a@EXAMPLE.com", true},
		{"sip:a@example.com:5070;x=y", true},
		{"sip:example.com", true},
		{"sip:a@example.com?x=y", true},
		{"sip:example.com@example.org", false},
		{"tel:+15550100", false},
		{"tel:example.com", false},
		{"sip:a@b@example.com", true},
		{"sip:a@[2001:db8::1]:5060", false},
		{"", false},
		{"sip:", false},
	};
	const struct access_rules *r = decode(RULESET(
		RULE("1", "<cp:identity><cp:many domain='example.com'/></cp:identity>", "reject")));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].caller);
		assert_int_equal(ask(r, rows[i].caller, ACCESS_PAGER_MODE_MESSAGE),
				 rows[i].within ? ACCESS_REJECT : ACCESS_PASS);
	}
}


/* Digest c6: the first class that speaks; within it the combiner. */
static void test_classes(void)
{
	static const struct {
		const char *rules;
		enum access_action max, min;
		enum access_class by;
	} rows[] = {
		{RULE("1", ONE("sip:a@x"), "pass") RULE("2", LISTED("list:a@x"), "reject"),
		 ACCESS_PASS, ACCESS_PASS, ACCESS_BY_IDENTITY},
		{RULE("2", LISTED("list:a@x"), "reject") RULE("1", ONE("sip:a@x"), "accept"),
		 ACCESS_ACCEPT, ACCESS_ACCEPT, ACCESS_BY_IDENTITY},
		{RULE("1", ONE("sip:b@x"), "pass") RULE("2", LISTED("list:a@x"), "reject")
			 RULE("3", OTHER, "pass"),
		 ACCESS_REJECT, ACCESS_REJECT, ACCESS_BY_LIST},
		{RULE("1", ONE("sip:b@x"), "pass") RULE("2", LISTED("list:b@x"), "pass")
			 RULE("3", OTHER, "reject"),
		 ACCESS_REJECT, ACCESS_REJECT, ACCESS_BY_DEFAULT},
		{RULE("1", ONE("sip:a@x"), "reject")
			 RULE("2", "<cp:identity><cp:many domain='x'/></cp:identity>", "accept"),
		 ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_BY_IDENTITY},
		{RULE("1", ONE("sip:a@x"), "pass") RULE("2", ONE("sip:a@x"), "accept")
			 RULE("3", ONE("sip:a@x"), "reject"),
		 ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_BY_IDENTITY},
		/* About another medium: does not make its class speak. */
		{RULE("1", ONE("sip:a@x") MEDIA("file-transfer"), "accept")
			 RULE("2", LISTED("list:a@x"), "reject"),
		 ACCESS_REJECT, ACCESS_REJECT, ACCESS_BY_LIST},
		/* No condition on the caller: yields to all that name somebody. */
		{RULE("1", "", "accept") RULE("2", ONE("sip:a@x"), "reject"), ACCESS_REJECT,
		 ACCESS_REJECT, ACCESS_BY_IDENTITY},
		{RULE("1", MEDIA("message-session"), "reject"), ACCESS_REJECT, ACCESS_REJECT,
		 ACCESS_BY_DEFAULT},
		{RULE("1", ANONYMOUS, "reject"), ACCESS_PASS, ACCESS_PASS, ACCESS_BY_DEFAULT},
		/* Without a value that is known. */
		{RULE("1", ONE("sip:a@x"), "perhaps") RULE("2", OTHER, "reject"), ACCESS_REJECT,
		 ACCESS_REJECT, ACCESS_BY_DEFAULT},
		{"<cp:rule id='1'><cp:conditions>" ONE(
			 "sip:a@x") "</cp:conditions></cp:rule>" RULE("2", OTHER, "reject"),
		 ACCESS_REJECT, ACCESS_REJECT, ACCESS_BY_DEFAULT},
		{"<cp:rule><cp:actions><poc:allow-invite>reject</poc:allow-invite></cp:actions></"
		 "cp:rule>",
		 ACCESS_REJECT, ACCESS_REJECT, ACCESS_BY_DEFAULT},
		{"", ACCESS_PASS, ACCESS_PASS, ACCESS_BY_DEFAULT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str caller = STR("sip:a@x");
		struct access_request q = {.callers = &caller, .callers_n = 1, .listed = listed};
		struct buf *b = unit_buf(4096);
		struct access_outcome o;
		const struct access_rules *r;
		const char *text;

		unit_case("%s", rows[i].rules);
		buf_printf(b, RULESET("%s"), rows[i].rules);
		text = unit_ptr(buf_cstr(b));
		r = decode(text);
		access_evaluate(r, &q, &o);
		assert_int_equal(o.action, rows[i].max);
		assert_int_equal(o.by, rows[i].by);
		q.combine = ACCESS_COMBINE_MIN;
		access_evaluate(r, &q, &o);
		assert_int_equal(o.action, rows[i].min);
	}
}


/* Digest f-C 36: a caller who hides is judged by the real identity too. */
static void test_anonymous(void)
{
	static const struct {
		const char *rules;
		enum access_action hidden, open;
	} rows[] = {
		{"", ACCESS_PASS, ACCESS_PASS},
		{RULE("1", ANONYMOUS, "reject"), ACCESS_REJECT, ACCESS_PASS},
		{RULE("1", ANONYMOUS, "reject") RULE("2", ONE("sip:a@x"), "accept"), ACCESS_REJECT,
		 ACCESS_ACCEPT},
		{RULE("1", ANONYMOUS, "accept") RULE("2", ONE("sip:a@x"), "reject"), ACCESS_REJECT,
		 ACCESS_REJECT},
		{RULE("1", ANONYMOUS, "accept") RULE("2", LISTED("list:a@x"), "reject"),
		 ACCESS_REJECT, ACCESS_REJECT},
		{RULE("1", ANONYMOUS, "pass") RULE("2", ONE("sip:a@x"), "accept"), ACCESS_PASS,
		 ACCESS_ACCEPT},
		{RULE("1", ANONYMOUS, "accept") RULE("2", OTHER, "reject"), ACCESS_ACCEPT,
		 ACCESS_REJECT},
		{RULE("2", OTHER, "reject"), ACCESS_REJECT, ACCESS_REJECT},
		{RULE("2", ONE("sip:a@x"), "accept") RULE("3", OTHER, "reject"), ACCESS_ACCEPT,
		 ACCESS_ACCEPT},
		{RULE("1", ANONYMOUS MEDIA("pager-mode-message"), "reject")
			 RULE("3", OTHER, "pass"),
		 ACCESS_PASS, ACCESS_PASS},
		{RULE("1", ANONYMOUS "<cp:identity><cp:many domain='x'/></cp:identity>", "reject"),
		 ACCESS_REJECT, ACCESS_PASS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(4096);
		const struct access_rules *r;
		const char *text;

		unit_case("%s", rows[i].rules);
		buf_printf(b, RULESET("%s"), rows[i].rules);
		text = unit_ptr(buf_cstr(b));
		r = decode(text);
		assert_int_equal(evaluate(r, "sip:a@x", ACCESS_MESSAGE_SESSION, true).action,
				 rows[i].hidden);
		assert_int_equal(evaluate(r, "sip:a@x", ACCESS_MESSAGE_SESSION, false).action,
				 rows[i].open);
	}
}


/* Digest e2. */
static void test_example(void)
{
	const struct access_rules *r = decode(RULESET(
		RULE("blocked", LISTED("list:blocked@example.com"), "reject")
			RULE("mallory-no-sessions",
			     ONE("sip:mallory@example.net") MEDIA("message-session"), "reject")
				RULE("no-anonymous-pager", ANONYMOUS MEDIA("pager-mode-message"),
				     "reject") RULE("default", OTHER, "pass")));
	struct access_outcome o;

	assert_int_equal(ask(r, "sip:blocked@example.com", ACCESS_FILE_TRANSFER), ACCESS_REJECT);
	assert_int_equal(ask(r, "sip:mallory@example.net", ACCESS_MESSAGE_SESSION), ACCESS_REJECT);
	assert_int_equal(ask(r, "sip:mallory@example.net", ACCESS_PAGER_MODE_MESSAGE), ACCESS_PASS);
	o = evaluate(r, "sip:alice@example.net", ACCESS_PAGER_MODE_MESSAGE, true);
	assert_int_equal(o.action, ACCESS_REJECT);
	assert_int_equal(o.by, ACCESS_BY_ANONYMITY);
	unit_str(o.rule, "no-anonymous-pager");
	assert_int_equal(evaluate(r, "sip:alice@example.net", ACCESS_MESSAGE_SESSION, true).action,
			 ACCESS_PASS);
	unit_str(evaluate(r, "sip:alice@example.net", ACCESS_PAGER_MODE_MESSAGE, false).rule,
		 "default");
}


static void test_callers(void)
{
	const struct access_rules *r = decode(RULESET(RULE("1", ONE("tel:+1@x"), "reject") RULE(
		"2",
		"<cp:identity><cp:many><cp:except id='sip:n@x'/></cp:many>"
		"</cp:identity>" MEDIA("file-transfer"),
		"reject") RULE("3", OTHER MEDIA("group-advertisement"), "reject")));
	struct str both[] = {STR("sip:a@x"), STR("tel:+1@x")},
		   except[] = {STR("sip:a@x"), STR("sip:n@x")};
	struct access_request q = {.callers = both, .callers_n = 2};
	struct access_outcome o;

	access_evaluate(r, &q, &o);
	assert_int_equal(o.action, ACCESS_REJECT);
	q.callers_n = 1;
	access_evaluate(r, &q, &o);
	assert_int_equal(o.action, ACCESS_PASS);
	/* One excepted identity excepts the caller. */
	q.media = ACCESS_FILE_TRANSFER;
	access_evaluate(r, &q, &o);
	assert_int_equal(o.action, ACCESS_REJECT);
	q.callers = except;
	q.callers_n = 2;
	access_evaluate(r, &q, &o);
	assert_int_equal(o.action, ACCESS_PASS);
	/* Nobody we know: <many> is about authenticated callers, <other-identity> is not. */
	assert_int_equal(ask(r, NULL, ACCESS_FILE_TRANSFER), ACCESS_PASS);
	assert_int_equal(ask(r, NULL, ACCESS_GROUP_ADVERTISEMENT), ACCESS_REJECT);
}


static void test_lists(void)
{
	const struct access_rules *r = decode(
		RULESET(RULE("1", LISTED("down"), "reject")
				RULE("2", LISTED("list:b@x") MEDIA("file-transfer"), "reject")
					RULE("3", ONE("sip:c@x"), "pass")));
	struct str caller = STR("sip:a@x"), named = STR("sip:c@x");
	unsigned asked = 0;
	struct access_request q = {
		.callers = &caller, .callers_n = 1, .listed = listed, .arg = &asked};
	struct access_outcome o;

	access_evaluate(r, &q, &o);
	assert_int_equal(o.action, ACCESS_PASS);
	assert_true(o.uncertain);
	/* The list of the rule for files was none of our business. */
	assert_int_equal(asked, 1);
	q.callers = &named;
	access_evaluate(r, &q, &o);
	assert_false(o.uncertain);
	assert_int_equal(asked, 1);
	q.callers = &caller;
	q.listed = NULL;
	access_evaluate(r, &q, &o);
	assert_true(o.uncertain);
}


static void test_as_written(void)
{
	struct access_rules *r;

	unit_ok(access_rules_decode(&r, STR(RULESET(RULE("1", ONE("sip:A@x"), "reject"))), NULL,
				    NULL));
	assert_int_equal(ask(r, "sip:A@x", ACCESS_MESSAGE_SESSION), ACCESS_REJECT);
	assert_int_equal(ask(r, "sip:a@x", ACCESS_MESSAGE_SESSION), ACCESS_PASS);
	mem_unref(r);
}


static void test_refused(void)
{
	static const char *const rows[] = {"", "<x/>", "<ruleset>", "<!DOCTYPE ruleset><ruleset/>",
					   "<ruleset><rule id='&external;'/></ruleset>"};
	struct access_rules *r = NULL;
	struct buf *b = unit_buf(200000);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i]);
		unit_must(access_rules_decode(&r, str_of(rows[i]), canonical, NULL) == -EBADMSG);
		assert_null(r);
	}
	buf_puts(b, STR("<ruleset>"));
	for (int i = 0; i <= ACCESS_RULES_MAX; i++)
		buf_puts(b, STR("<rule/>"));
	buf_puts(b, STR("</ruleset>"));
	unit_must(access_rules_decode(&r, buf_str(b), canonical, NULL) == -ENOBUFS);
	buf_clear(b);
	buf_puts(b, STR("<ruleset><rule><conditions><external-list>"));
	for (int i = 0; i <= ACCESS_LISTS_MAX; i++)
		buf_puts(b, STR("<entry anc='a'/>"));
	buf_puts(b, STR("</external-list></conditions><actions><allow-invite>pass</allow-invite></"
			"actions></"
			"rule></ruleset>"));
	unit_must(access_rules_decode(&r, buf_str(b), canonical, NULL) == -ENOBUFS);
	assert_null(r);
}


UNIT_MAIN(UNIT_TEST(test_media), UNIT_TEST(test_outcomes), UNIT_TEST(test_conditions),
	  UNIT_TEST(test_domains), UNIT_TEST(test_classes), UNIT_TEST(test_anonymous),
	  UNIT_TEST(test_example), UNIT_TEST(test_callers), UNIT_TEST(test_lists),
	  UNIT_TEST(test_as_written), UNIT_TEST(test_refused))
