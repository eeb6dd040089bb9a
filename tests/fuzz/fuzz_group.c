/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and their advertisements: rules can be asked anything, what is written again is read as the same. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "body/group.h"
#include "body/group_advertisement.h"
#include "body/group_edit.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Not every URI has a canonical form. */
static int canonical(struct str uri, struct buf *out, void *arg)
{
	(void)arg;
	if (!uri.n || uri.p[0] != 's')
		return -EBADMSG;
	buf_puts(out, uri);
	return 0;
}


static enum access_listed listed(struct str anchor, const struct str *who, size_t n, void *arg)
{
	(void)who;
	(void)arg;
	assert(anchor.n && n);
	return (enum access_listed)(anchor.n % 3);
}


static void check_rights(const struct group *g)
{
	struct str who[] = {STR("sip:nobody@example.net"), STR("sip:alice@example.net")};
	struct group_request q = {.who = who, .n = 2, .listed = listed, .now_ms = 1};
	bool uncertain = false;
	unsigned all = GROUP_BIT(GROUP_RIGHTS) - 1;

	for (size_t i = 0; i < g->members_n; i++) {
		assert(g->members[i].uri.n);
		if (!g->members[i].canonical.n)
			continue;
		who[0] = g->members[i].canonical;
		assert(group_is_member(g, &q, NULL) && group_member(g, who, 1));
	}
	assert(!(group_rights(g, &q, &uncertain) & ~all));
	q.anonymous = true;
	q.listed = NULL;
	assert(!(group_rights(g, &q, NULL) & ~all));
	q.n = 0;
	assert(!group_is_member(g, &q, NULL));
	(void)group_is_open(&g->activity, 1);
}


static void check_round_trip(const struct group *g)
{
	const struct group_grant grants[] = {{GROUP_FOR_ONE, g->uri, 1},
					     {GROUP_FOR_OTHERS, STR_NULL, ~0u}};
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct group *back;
	int err;

	group_encode(&out, g, grants, 2);
	assert(!out.failed);
	err = group_decode(&back, buf_str(&out), canonical, NULL);
	if (err) {
		assert(err == -ENOBUFS);
	} else {
		assert(str_eq(back->uri, g->uri) && back->members_n == g->members_n);
		assert(back->externals_n == g->externals_n);
		assert(back->max_participants == g->max_participants);
		assert(back->activity.max_duration_s == g->activity.max_duration_s);
		assert(back->activity.required_n == g->activity.required_n);
		assert(back->rules_n == 2);
		mem_unref(back);
	}
	buf_done(&out);
}


/* A member more and less again is what it was; never anything but that, or an error. */
static void check_edit(struct str text, const struct group *g)
{
	const struct group_member more = {.uri = STR("sip:one more@example.net"),
					  .display_name = STR("<&>")};
	struct buf added = BUF_INIT(XML_SIZE_MAX), left = BUF_INIT(XML_SIZE_MAX);

	if (!group_edit_add(&added, text, &more, canonical, NULL) &&
	    !group_edit_remove(&left, buf_str(&added), more.uri, canonical, NULL))
		assert(left.n >= text.n);
	for (size_t i = 0; i < g->members_n && i < 3; i++) {
		buf_clear(&left);
		(void)group_edit_remove(&left, text, g->members[i].uri, canonical, NULL);
	}
	buf_done(&added);
	buf_done(&left);
}


static void check_advertisement(const struct group_advertisement *g)
{
	struct arena a = ARENA_INIT(XML_SIZE_MAX);
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct group_advertisement back;

	group_advertisement_encode(&out, g);
	assert(!out.failed);
	if (out.n <= GROUP_ADVERTISEMENT_SIZE_MAX) {
		assert(group_advertisement_decode(&back, buf_str(&out), &a) == 0);
		assert(back.n == g->n && str_eq(back.group[0].uri, g->group[0].uri));
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena a = ARENA_INIT(XML_SIZE_MAX);
	struct group_advertisement ad;
	struct group *g;

	if (group_decode(&g, text, canonical, NULL) == 0) {
		check_rights(g);
		check_round_trip(g);
		check_edit(text, g);
		mem_unref(g);
	}
	if (group_advertisement_decode(&ad, text, &a) == 0)
		check_advertisement(&ad);
	arena_done(&a);
	return 0;
}
