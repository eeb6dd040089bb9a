/* SPDX-License-Identifier: Apache-2.0 */
/* A member more, a member less; all else as it was. */
#include "body/group_edit.h"

#include "lib/unit.h"

#define HEAD                                                                                \
	"<g:group xmlns:g='urn:oma:xml:poc:list-service'><!-- <list> > --><g:list-service " \
	"uri='sip:h@x'>"
#define TAIL                                                    \
	"<c:ruleset xmlns:c='c'><c:rule id='1'><!-- </g:list> " \
	"--></c:rule></c:ruleset></g:list-service></g:group>"
#define BOB "<g:entry uri='sip:bob@x' a='>'><g:display-name>Bob &gt;</g:display-name></g:entry>\n"


static void test_add(void)
{
	static const struct {
		const char *before, *after;
		int err;
	} rows[] = {
		{HEAD "<g:list>" BOB "</g:list>" TAIL,
		 HEAD "<g:list>" BOB "<g:entry "
		      "uri=\"sip:eve&amp;@x\"><g:display-name>E</g:display-name></"
		      "g:entry>\n</g:list>" TAIL,
		 0},
		{HEAD "<g:list a='/>' />" TAIL,
		 HEAD "<g:list a='/>' >\n<g:entry "
		      "uri=\"sip:eve&amp;@x\"><g:display-name>E</g:display-name></g:entry>\n</"
		      "g:list>" TAIL,
		 0},
		{HEAD "<g:list></g:list>" TAIL,
		 HEAD "<g:list><g:entry "
		      "uri=\"sip:eve&amp;@x\"><g:display-name>E</g:display-name></g:entry>\n</"
		      "g:list>" TAIL,
		 0},
		{HEAD "<g:display-name>H</g:display-name>" TAIL,
		 HEAD "<g:display-name>H</g:display-name>\n<g:list>\n<g:entry "
		      "uri=\"sip:eve&amp;@x\"><g:display-name>E</g:display-name></g:entry>\n</"
		      "g:list>" TAIL,
		 0},
		{HEAD "<g:list><g:entry uri='sip:eve&amp;@x'/></g:list>" TAIL, NULL, -EEXIST},
		{"<group/>", NULL, -EBADMSG},
		{"<group xmlns='x'><list-service uri='u'/></group>", NULL, -EBADMSG},
		{"no xml", NULL, -EBADMSG},
	};
	static const struct group_member eve = {.uri = STR_INIT("sip:eve&@x"),
						.display_name = STR_INIT("E")};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(65536);
		int err = group_edit_add(out, str_of(rows[i].before), &eve, NULL, NULL);

		unit_case("%zu", i);
		if (rows[i].err) {
			unit_must(err == rows[i].err);
			continue;
		}
		unit_ok(err);
		unit_buf_is(out, rows[i].after);
	}
}


static void test_remove(void)
{
	static const struct {
		const char *before, *after;
		int err;
	} rows[] = {
		{HEAD "<g:list>\n" BOB "<g:entry uri='sip:a@x'/></g:list>" TAIL,
		 HEAD "<g:list>\n<g:entry uri='sip:a@x'/></g:list>" TAIL, 0},
		/* Twice; a comment and a nested element that only look like it stay. */
		{HEAD "<g:list><g:entry uri = \" sip:bob@x \"/><!--" BOB "-->" BOB
		      "<g:external anchor='u'/></g:list>" TAIL,
		 HEAD "<g:list><!--" BOB "--><g:external anchor='u'/></g:list>" TAIL, 0},
		{HEAD "<g:list><g:entry uri='sip:a@x'/></g:list>" TAIL, NULL, -ENOENT},
		{HEAD TAIL, NULL, -ENOENT},
		{"<group/>", NULL, -EBADMSG},
		/* Written in a way that only a whole parser reads: an error, and nothing wrong. */
		{HEAD "<g:list><g:entry uri='sip:b&#111;b@x'/></g:list>" TAIL, NULL, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(65536);
		int err = group_edit_remove(out, str_of(rows[i].before), STR("sip:bob@x"), NULL,
					    NULL);

		unit_case("%zu", i);
		if (rows[i].err) {
			unit_must(err == rows[i].err);
			continue;
		}
		unit_ok(err);
		unit_buf_is(out, rows[i].after);
	}
}


/* Whatever the codec writes can be edited, there and back. */
static void test_written(void)
{
	struct group_member members[] = {{.uri = STR_INIT("sip:a\"<&>'@x")},
					 {.uri = STR_INIT("sip:b@x")}};
	struct group g = {.uri = STR("sip:h@x"), .members = members, .members_n = 2};
	struct group_member more = {.uri = STR("tel:+15550100"), .display_name = STR("<C>")};
	struct buf *first = unit_buf(65536), *second = unit_buf(65536), *third = unit_buf(65536);

	group_encode(first, &g, &(struct group_grant){.whom = GROUP_FOR_MEMBERS, .rights = ~0u}, 1);
	unit_must(!first->failed);
	unit_ok(group_edit_add(second, buf_str(first), &more, NULL, NULL));
	unit_ok(group_edit_remove(third, buf_str(second), more.uri, NULL, NULL));
	assert_true(str_eq(buf_str(first), buf_str(third)));
	buf_clear(third);
	unit_ok(group_edit_remove(third, buf_str(second), members[0].uri, NULL, NULL));
}


UNIT_MAIN(UNIT_TEST(test_add), UNIT_TEST(test_remove), UNIT_TEST(test_written))
