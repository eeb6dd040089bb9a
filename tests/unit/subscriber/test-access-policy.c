/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules with the user's own lists of people. */
#include "subscriber/access_policy.h"

#include <stdio.h>

#include "lib/unit.h"

#define BOB STR("sip:bob@example.org")

static const char lists[] =
	"<resource-lists xmlns='urn:ietf:params:xml:ns:resource-lists'>"
	"<list name='blocked'><entry uri='sip:mallory@Example.Org;transport=tcp'/><entry "
	"uri='tel:+49-123'/>"
	"<list name='worse'><entry uri='sip:trudy@example.org'/></list></list>"
	"<list name='friends'><entry uri='sip:alice@example.org'/><entry uri='nonsense'/></list>"
	"<list name='elsewhere'><entry uri='sip:carol@example.org'/>"
	"<external anchor='http://x/resource-lists/users/sip:dave@example.org/index'/></list>"
	"</resource-lists>";


static struct access_policy *policy(const char *anchor)
{
	struct buf *b = unit_buf(4000);
	struct access_policy *p = NULL;

	buf_printf(b,
		   "<ruleset xmlns='urn:ietf:params:xml:ns:common-policy'><rule id='a'><conditions>"
		   "<external-list xmlns='urn:oma:xml:xdm:common-policy'><entry "
		   "anc='%s'/></external-list>"
		   "</conditions><actions><allow-invite "
		   "xmlns='urn:oma:xml:poc:poc-rules'>reject</allow-invite>"
		   "</actions></rule></ruleset>",
		   anchor);
	unit_must(!b->failed);
	unit_ok(access_policy_alloc(&p, BOB, STR("example.org"), buf_str(b)));
	return unit_own(p);
}


static struct access_outcome judged(const struct access_policy *p, const char *caller)
{
	struct str callers[1] = {str_of(caller)};
	struct access_outcome o;

	access_policy_judge(p,
			    &(struct access_request){.callers = callers,
						     .callers_n = 1,
						     .media = ACCESS_PAGER_MODE_MESSAGE},
			    &o);
	return o;
}


#define ROOT "http://x/resource-lists/users/sip:bob@example.org"
#define LIST ROOT "/index/~~/resource-lists/list"


static void test_lists(void)
{
	static const struct {
		const char *anchor, *caller;
		bool rejected, uncertain;
	} rows[] = {
		{ROOT "/index", "sip:mallory@example.org", true, false},
		{ROOT "/index", "sip:alice@example.org", true, false},
		{ROOT "/index", "sip:nobody@example.org", false,
		 true}, /* the reference could lead to anybody */
		{LIST "%5B@name=%22blocked%22%5D", "sip:mallory@example.org", true, false},
		{LIST "[@name='blocked']", "sip:mallory@example.org", true, false},
		{ROOT "/index/~~/rl:resource-lists/rl:list[@name='blocked']",
		 "sip:mallory@example.org", true, false},
		{LIST "[@name='blocked']", "sip:+49123@example.org", true, false},
		{LIST "[@name='blocked']", "sip:trudy@example.org", true, false},
		{LIST "[@name='blocked']", "sip:alice@example.org", false, false},
		{LIST "[@name='blocked']/list[@name='worse']", "sip:trudy@example.org", true,
		 false},
		{LIST "[@name='blocked']/list[@name='worse']", "sip:mallory@example.org", false,
		 false},
		{LIST "[@name='none']", "sip:mallory@example.org", false, false},
		{LIST "[2]", "sip:alice@example.org", false, true},
		{LIST "[@name='elsewhere']", "sip:carol@example.org", true, false},
		{LIST "[@name='elsewhere']", "sip:alice@example.org", false, true},
		{ROOT "/other", "sip:mallory@example.org", false, true},
		{ROOT "/index/x/resource-lists", "sip:mallory@example.org", false, true},
		{"http://x/resource-lists/users/sip:carol@example.org/index",
		 "sip:mallory@example.org", false, true},
		{"http://x/resource-lists/users/sip%3Abob%40EXAMPLE.org/index",
		 "sip:mallory@example.org", true, false},
		{"http://x/elsewhere", "sip:mallory@example.org", false, true},
		{"", "sip:mallory@example.org", false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char anchor[300], *to = anchor;

		/* Quotes as XML has them in an attribute. */
		for (const char *c = rows[i].anchor; *c; c++) {
			if (*c == '\'')
				to += sprintf(to, "&apos;");
			else
				*to++ = *c;
		}
		*to = '\0';
		struct access_policy *p = policy(anchor);
		if (!rows[i].anchor[0]) {
			/* An entry without an anchor is a condition that never holds. */
			assert_int_equal(judged(p, rows[i].caller).action, ACCESS_PASS);
			continue;
		}
		assert_true(access_policy_wants_lists(p));
		unit_ok(access_policy_add_lists(p, STR("index"), str_of(lists)));
		struct access_outcome o = judged(p, rows[i].caller);
		if ((o.action == ACCESS_REJECT) != rows[i].rejected ||
		    o.uncertain != rows[i].uncertain)
			fail_msg("row %zu: %s, %s", i, rows[i].anchor, rows[i].caller);
	}
}


static void test_documents(void)
{
	struct access_policy *p = policy(ROOT "/d7");
	char name[8];

	unit_must(access_policy_add_lists(p, STR("x"), STR("<no")) == -EBADMSG);
	for (unsigned i = 0; i < ACCESS_DOCUMENTS_MAX; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		unit_ok(access_policy_add_lists(p, str_of(name), str_of(lists)));
	}
	unit_must(access_policy_add_lists(p, STR("more"), str_of(lists)) == -ENOBUFS);
	assert_int_equal(judged(p, "sip:mallory@example.org").action, ACCESS_REJECT);
}


static void test_without_lists(void)
{
	struct access_policy *p = NULL;

	unit_must(access_policy_alloc(&p, BOB, STR("example.org"), STR("<x/>")) == -EBADMSG);
	unit_ok(access_policy_alloc(
		&p, BOB, STR("example.org"),
		STR("<ruleset xmlns='urn:ietf:params:xml:ns:common-policy'/>")));
	p = unit_own(p);
	assert_false(access_policy_wants_lists(p));
	assert_int_equal(judged(p, "sip:mallory@example.org").action, ACCESS_PASS);
}

UNIT_MAIN(UNIT_TEST(test_lists), UNIT_TEST(test_documents), UNIT_TEST(test_without_lists))
