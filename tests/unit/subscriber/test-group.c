/* SPDX-License-Identifier: Apache-2.0 */
/* The groups hosted here: found, read, dropped. */
#include "subscriber/group.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/document.h"
#include "store/memory/memory.h"

#define HIKERS STR("sip:hikers@example.org")

struct world {
	struct virtual_loop *vl;
	struct store *store;
	struct groups *groups;
	struct store_request r;
	struct group_query q[4];
	unsigned answers;
	int error, store_error;
	size_t members;
	char name[32];
	bool cancel; /**< the first answered cancels the second */
};


static void close_world(void *arg)
{
	struct world *w = arg;

	mem_unref(w->groups);
	mem_unref(w->store);
	mem_unref(w->vl);
}


static void run(struct world *w)
{
	assert_true(virtual_loop_run_until_idle(w->vl));
}


static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));
	struct buf *why = unit_buf(256);

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	unit_ok(store_open(&w->store, virtual_loop_base(w->vl), STR("memory:"), why));
	return w;
}


static void open_groups(struct world *w)
{
	unit_ok(groups_alloc(&w->groups, &(struct groups_params){.loop = virtual_loop_base(w->vl),
								 .store = w->store,
								 .domain = STR("example.org")}));
	run(w);
}


static void stored(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	w->store_error = error;
}


static void put(struct world *w, struct str aor, const char *body)
{
	unit_ok(store_document_put(w->store, &w->r,
				   &(struct store_document){.aor = aor,
							    .auid = STR(STORE_AUID_GROUPS),
							    .name = STR(STORE_NAME_GROUP),
							    .type = GROUP_TYPE,
							    .body = str_of(body)},
				   STR_NULL, stored, w));
	run(w);
	unit_ok(w->store_error);
}


static const char *document(struct world *w, struct str uri, unsigned members)
{
	struct buf *b = unit_buf(8192);

	(void)w;
	buf_printf(b,
		   "<group xmlns='urn:oma:xml:poc:list-service'><list-service uri='" STR_FMT
		   "'><display-name>Hikers</display-name><list>",
		   STR_ARG(uri));
	for (unsigned i = 0; i < members; i++)
		buf_printf(b, "<entry uri='sip:M%u@EXAMPLE.org:5060'/>", i);
	buf_puts(b, STR("</list></list-service></group>"));
	return unit_ptr(buf_cstr(b));
}


static void loaded(struct group_query *q, int error, struct group *g, void *arg)
{
	struct world *w = arg;

	(void)q;
	w->answers++;
	w->error = error;
	w->members = g ? g->members_n : 0;
	w->name[0] = '\0';
	if (g && g->members_n)
		snprintf(w->name, sizeof(w->name), STR_FMT, STR_ARG(g->members[0].canonical));
	if (w->cancel)
		group_load_cancel(&w->q[1]);
}


static int load(struct world *w, struct str identity)
{
	w->answers = 0;
	w->error = 1;
	unit_ok(group_load(w->groups, &w->q[0], identity, loaded, w));
	assert_int_equal(w->answers, 0);
	run(w);
	assert_int_equal(w->answers, 1);
	return w->error;
}


static void test_known(void)
{
	struct world *w = world();
	struct group *g = NULL;

	put(w, HIKERS, document(w, HIKERS, 2));
	open_groups(w);
	unit_must(groups_complete(w->groups));
	unit_must(groups_count(w->groups) == 1);
	unit_must(groups_find(w->groups, STR("sip:alice@example.org"), &g) == -ENOENT);
	unit_must(groups_find(w->groups, HIKERS, &g) == -EAGAIN);
	unit_ok(load(w, HIKERS));
	assert_int_equal(w->members, 2);
	/* Canonical as everywhere. */
	assert_string_equal(w->name, "sip:M0@example.org");
	unit_ok(groups_find(w->groups, HIKERS, &g));
	unit_str(g->display_name, "Hikers");
	unit_must(load(w, STR("sip:nobody@example.org")) == -ENOENT);
	unit_must(groups_count(w->groups) == 1);
}


static void test_changed(void)
{
	struct world *w = world();
	struct group *g = NULL, *kept;

	open_groups(w);
	unit_must(groups_find(w->groups, HIKERS, &g) == -ENOENT);
	put(w, HIKERS, document(w, HIKERS, 1));
	groups_drop(w->groups, HIKERS);
	run(w);
	unit_must(groups_find(w->groups, HIKERS, &g) == -EAGAIN);
	unit_ok(load(w, HIKERS));
	unit_ok(groups_find(w->groups, HIKERS, &g));
	kept = unit_own(mem_ref(g));
	/* Changed while it is being read: read again. */
	groups_drop(w->groups, HIKERS);
	unit_ok(group_load(w->groups, &w->q[0], HIKERS, loaded, w));
	groups_drop(w->groups, HIKERS);
	put(w, HIKERS, document(w, HIKERS, 3));
	unit_ok(w->error);
	assert_int_equal(w->members, 3);
	assert_int_equal(kept->members_n, 1);
	/* Gone. */
	unit_ok(store_document_delete(w->store, &w->r, HIKERS, STR(STORE_AUID_GROUPS),
				      STR(STORE_NAME_GROUP), STR_NULL, stored, w));
	run(w);
	groups_drop(w->groups, HIKERS);
	unit_must(load(w, HIKERS) == -ENOENT);
	unit_must(groups_find(w->groups, HIKERS, &g) == -ENOENT);
	unit_must(groups_count(w->groups) == 0);
}


static void test_together(void)
{
	struct world *w = world();

	put(w, HIKERS, document(w, HIKERS, 1));
	open_groups(w);
	for (unsigned i = 0; i < 4; i++)
		unit_ok(group_load(w->groups, &w->q[i], HIKERS, loaded, w));
	group_load_cancel(&w->q[3]);
	group_load_cancel(&w->q[3]);
	w->cancel = true;
	run(w);
	assert_int_equal(w->answers, 2);
	unit_ok(w->error);
}


static void test_unreadable(void)
{
	struct world *w = world();
	struct group *g = NULL;

	put(w, HIKERS, "<group/>");
	open_groups(w);
	unit_must(load(w, HIKERS) == -EBADMSG);
	unit_must(groups_find(w->groups, HIKERS, &g) == -EAGAIN);
	/* Who asks last is not answered any more. */
	unit_ok(group_load(w->groups, &w->q[0], HIKERS, loaded, w));
	w->answers = 0;
	w->groups = mem_unref(w->groups);
	run(w);
	assert_int_equal(w->answers, 0);
	assert_null(w->q[0].entry);
}


static void put_list(struct world *w, struct str aor, const char *body)
{
	unit_ok(store_document_put(w->store, &w->r,
				   &(struct store_document){.aor = aor,
							    .auid = STR(STORE_AUID_RESOURCE_LISTS),
							    .name = STR("index"),
							    .body = str_of(body)},
				   STR_NULL, stored, w));
	run(w);
	unit_ok(w->store_error);
}


/* Members of lists elsewhere are members; what cannot be followed stays an external. */
static void test_lists(void)
{
	static const char lists[] = "<resource-lists xmlns='urn:ietf:params:xml:ns:resource-lists'>"
				    "<list name='a'><entry uri='sip:M0@EXAMPLE.org'/><entry "
				    "uri='sip:new@example.org'/></list>"
				    "<list name='b'><entry uri='sip:other@example.org'/><external "
				    "anchor='http://x'/></list>"
				    "</resource-lists>";
	static const char text[] =
		"<group xmlns='urn:oma:xml:poc:list-service'><list-service "
		"uri='sip:hikers@example.org'><list>"
		"<entry uri='sip:M0@example.org'/>"
		"<external "
		"anchor='http://x/r/resource-lists/users/sip:alice@example.org/index/~~/"
		"resource-lists/list%5B@name=%22a%22%5D'/>"
		"<external anchor='http://elsewhere/'/>"
		"<external anchor='http://x/r/resource-lists/users/sip:nobody@example.org/index'/>"
		"<external "
		"anchor='http://x/r/resource-lists/users/sip:alice@example.org/index/~~/"
		"resource-lists/list%5B@name=%22b%22%5D'/>"
		"</list></list-service></group>";
	struct str new = STR("sip:new@example.org"), other = STR("sip:other@example.org");
	struct world *w = world();
	struct group *g = NULL;

	put(w, HIKERS, text);
	put_list(w, STR("sip:alice@example.org"), lists);
	open_groups(w);
	unit_ok(load(w, HIKERS));
	unit_ok(groups_find(w->groups, HIKERS, &g));
	unit_must(g->members_n == 3 || unit_refused());
	if (g->members_n != 3)
		return;
	assert_non_null(group_member(g, &new, 1));
	assert_non_null(group_member(g, &other, 1));
	assert_int_equal(g->externals_n, 2);
	unit_str(g->externals[0], "http://elsewhere/");
	put_list(w, STR("sip:alice@example.org"), "no lists");
	groups_drop_lists(w->groups);
	unit_must(groups_find(w->groups, HIKERS, &g) == -EAGAIN);
	unit_ok(load(w, HIKERS));
	unit_ok(groups_find(w->groups, HIKERS, &g));
	unit_must(g->members_n == 1);
	unit_must(g->externals_n == 3);
}


/* More than one page of identities, and more groups in use than are kept. */
static void test_many(void)
{
	struct world *w = world();
	struct group *g = NULL;
	char name[64];

	for (unsigned i = 0; i < GROUPS_DECODED_MAX + 5; i++) {
		snprintf(name, sizeof(name), "sip:g%u@example.org", i);
		put(w, str_of(name), document(w, str_of(name), 0));
	}
	open_groups(w);
	assert_true(groups_complete(w->groups));
	assert_int_equal(groups_count(w->groups), GROUPS_DECODED_MAX + 5);
	for (unsigned i = 0; i < GROUPS_DECODED_MAX + 5; i++) {
		snprintf(name, sizeof(name), "sip:g%u@example.org", i);
		unit_must(groups_find(w->groups, str_of(name), &g) == -EAGAIN);
		assert_int_equal(load(w, str_of(name)), 0);
	}
	unit_must(groups_find(w->groups, STR("sip:g4@example.org"), &g) == -EAGAIN);
	assert_int_equal(groups_find(w->groups, STR("sip:g5@example.org"), &g), 0);
}


UNIT_MAIN(UNIT_TEST(test_known), UNIT_TEST(test_changed), UNIT_TEST(test_together),
	  UNIT_TEST(test_unreadable), UNIT_TEST(test_lists), UNIT_TEST_PLAIN(test_many))
