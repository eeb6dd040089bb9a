/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the groups that this server hosts. */
#include "admin/group.h"

#include <errno.h>

#include "admin/resource.h"

#define ONE "/v1/groups/{group}"
#define MEMBER "/v1/groups/{group}/members/{user}"


/* "unknown" stands with those alone of whom it is true. */
static json_t *member_json(const struct admin_member *m)
{
	json_t *j = json_pack("{s:o, s:o}", "user", admin_json_text(m->address), "name",
			      admin_json_text(m->name));

	if (j && m->unknown)
		json_object_set_new(j, "unknown", json_true());
	return j;
}


static json_t *members_json(const struct admin_group *g)
{
	json_t *members = json_array();

	for (size_t i = 0; members && i < g->members_n; i++)
		json_array_append_new(members, member_json(&g->members[i]));
	return members;
}


static void on_group(const struct admin_group *g, void *arg)
{
	admin_request_add(arg,
			  json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:I, s:I, s:I, s:I}", "group",
				    admin_json_text(g->address), "name", admin_json_text(g->name),
				    "subject", admin_json_text(g->subject), "members",
				    members_json(g), "invite", g->invites, "advertise",
				    g->advertises, "max", (json_int_t)g->max_participants,
				    "duration_s", (json_int_t)g->max_duration_s, "size",
				    (json_int_t)g->size, "changed_ms", (json_int_t)g->changed_ms));
}


static void on_row(const struct admin_group *g, void *arg)
{
	admin_request_add(arg,
			  json_pack("{s:o, s:I, s:I}", "group", admin_json_text(g->address), "size",
				    (json_int_t)g->size, "changed_ms", (json_int_t)g->changed_ms));
}


static void failed(struct admin_request *r, int error)
{
	struct str group = admin_request_param(r, 0), member = admin_request_param(r, 1);

	if (error == -ENODATA)
		admin_request_error(r, 404, "list the groups to see those there are",
				    "there is no group " STR_FMT, STR_ARG(group));
	else if (error == -EEXIST && member.n)
		admin_request_error(r, 409, "show the group to see them",
				    STR_FMT " is a member of " STR_FMT " already", STR_ARG(member),
				    STR_ARG(group));
	else if (error == -EEXIST)
		admin_request_error(r, 409, "choose another name",
				    "there is a group, or a user, of that name already");
	else if (error == -ESRCH)
		admin_request_error(r, 404, "show the group to see its members",
				    STR_FMT " is no member of " STR_FMT, STR_ARG(member),
				    STR_ARG(group));
	else
		admin_request_failed(r, error, NULL, group);
}


/* ---- Looking ---- */

static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_list(r, "groups");
}


static void get_groups(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	uint32_t limit;

	(void)arg;
	if (!admin_request_limit(r, &limit))
		return;
	admin_request_ask(r, STR(""), s->groups.list, admin_request_query(r, "after"),
			  (size_t)limit + 1, on_row, on_list_done);
}


static void on_one(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_row(r, 200);
}


static void get_group(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str group = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, group, s->groups.show, group, on_group, on_one);
}


/* ---- Changing ---- */

static bool members_of(struct admin_request *r, const json_t *body, struct str *members, size_t *n)
{
	const json_t *list = json_object_get(body, "members");

	*n = json_array_size(list);
	for (size_t i = 0; i < *n && i < ADMIN_MEMBERS_MAX; i++) {
		members[i] = str_of(json_string_value(json_array_get(list, i)));
		if (!members[i].n || members[i].n > ADMIN_USER_MAX)
			*n = SIZE_MAX;
	}
	if (list && json_is_array(list) && *n <= ADMIN_MEMBERS_MAX)
		return true;
	admin_request_error(r, 400, "send an array of addresses, at most 512",
			    "\"members\" is no list of members");
	return false;
}


/* What else there is in the body, as texts. */
static bool values_of(struct admin_request *r, json_t *body, struct admin_value *set, size_t *n)
{
	const char *name;
	json_t *value;

	*n = 0;
	json_object_foreach(body, name, value)
	{
		if (!strcmp(name, "group") || !strcmp(name, "members"))
			continue;
		if (*n == ADMIN_VALUES_MAX || !json_is_string(value) ||
		    json_string_length(value) > ADMIN_VALUE_MAX) {
			admin_request_error(r, 400, "write all values as texts",
					    "\"%.100s\" is no text", name);
			return false;
		}
		set[(*n)++] = (struct admin_value){.name = str_of(name),
						   .value = {json_string_value(value),
							     json_string_length(value)}};
	}
	return true;
}


static void post_group(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str group, members[ADMIN_MEMBERS_MAX];
	struct admin_value set[ADMIN_VALUES_MAX];
	json_t *body = admin_request_json(r);
	size_t members_n, n;

	(void)arg;
	if (!body || !admin_request_string(r, "group", ADMIN_USER_MAX, &group) ||
	    !members_of(r, body, members, &members_n) || !values_of(r, body, set, &n))
		return;
	admin_request_ask(r, group, s->groups.create, group, members, members_n, set, n, on_group,
			  on_one);
}


static void put_member(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str group = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, group, s->groups.add, group, admin_request_param(r, 1), on_group,
			  on_one);
}


static void delete_member(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str group = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, group, s->groups.remove, group, admin_request_param(r, 1), on_group,
			  on_one);
}


static void on_destroyed(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_named(r, "group");
}


static void delete_group(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str group = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, group, s->groups.destroy, group, on_destroyed);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/groups", "the groups hosted here; ?after=GROUP&limit=N", get_groups},
	{"POST", "/v1/groups", "make one: {\"group\": …, \"members\": [\"alice\", …], …}",
	 post_group},
	{"GET", ONE, "one, with its members", get_group},
	{"DELETE", ONE, "delete one", delete_group},
	{"PUT", MEMBER, "add a member", put_member},
	{"DELETE", MEMBER, "remove a member", delete_member},
};


int admin_group_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
