/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: groups, made and changed in their documents. */
#include <errno.h>

#include "body/group.h"
#include "body/group_edit.h"
#include "server/operator_desk.h"
#include "server/spelling.h"
#include "sip/uri.h"
#include "store/document.h"
#include "subscriber/group.h"

/** Somebody else may change the document between our reading and writing; not for ever. */
#define TRIES_MAX 5

/** What the owner may, and what the others may (digest c7): those who are no members may nothing. */
#define OWNER_RIGHTS (MEMBER_RIGHTS | GROUP_BIT(GROUP_INVITE) | GROUP_BIT(GROUP_EXPEL))
#define MEMBER_RIGHTS                                                                 \
	(GROUP_BIT(GROUP_JOIN) | GROUP_BIT(GROUP_INITIATE) | GROUP_BIT(GROUP_STATE) | \
	 GROUP_BIT(GROUP_PRIVATE_MESSAGE) | GROUP_BIT(GROUP_OFFLINE_STORAGE) |        \
	 GROUP_BIT(GROUP_REJECT_INVITE))

struct named {
	struct str aor;
	bool unknown;
};

struct group_task {
	struct desk_task task;
	admin_group_cb *each;
	struct str text;      /**< of a new document */
	struct group *before; /**< of a change: as it was, a reference */
	struct str member;    /**< to be added or removed */
	bool removes;
	struct named *named; /**< who becomes a member: whether there is such a user */
	size_t named_n, looked;
	void (*looked_up)(struct desk_task *t);
	unsigned tries;
	struct str after; /**< of a list */
	size_t limit;     /**< rows still wanted */
};

static void read_document(struct desk_task *t);
static void read_page(struct desk_task *t);


static struct group_task *self(struct desk_task *t)
{
	return container_of(t, struct group_task, task);
}


static void drop(struct group_task *t)
{
	if (t->task.desk->p.groups)
		groups_drop(t->task.desk->p.groups, t->task.aor);
}


/* ---- Is there such a user? ---- */

static void look_on(struct group_task *t);


static bool is_unknown(const struct group_task *t, struct str aor)
{
	for (size_t i = 0; i < t->named_n; i++)
		if (t->named[i].unknown && str_eq(t->named[i].aor, aor))
			return true;
	return false;
}


/* No user; a group may be a member, too. What nobody knows for certain is not told. */
static void note_nobody(struct group_task *t, struct named *n)
{
	struct groups *groups = t->task.desk->p.groups;
	struct group *g;

	n->unknown = !groups || groups_find(groups, n->aor, &g) == -ENOENT;
}


static void on_looked(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct group_task *t = arg;

	(void)q;
	(void)s;
	if (error == -ENOENT)
		note_nobody(t, &t->named[t->looked]);
	t->looked++;
	look_on(t);
}


/* A member who is nobody here is one all the same: the account may come later. */
static void look_on(struct group_task *t)
{
	struct subscribers *all = t->task.desk->p.subscribers;

	for (; t->looked < t->named_n; t->looked++) {
		struct named *n = &t->named[t->looked];
		struct subscriber *s;
		int err = subscribers_serve(all, n->aor) ? subscribers_find(all, n->aor, &s) : 0;

		if (err == -EAGAIN && !subscriber_load(all, &t->task.query, n->aor, on_looked, t))
			return;
		if (err == -ENOENT)
			note_nobody(t, n);
	}
	t->looked_up(&t->task);
}


static void look(struct desk_task *t)
{
	look_on(self(t));
}


/* ---- Showing ---- */

/* Members are shown from the arena: a group may have hundreds. */
static int show(struct group_task *t, const struct store_document *d, struct str text)
{
	struct admin_member *members;
	struct group *g;
	int err = group_decode(&g, text, desk_canonical, t->task.desk);

	if (err)
		return err == -ENOBUFS ? -EBADMSG : err;
	members = mem_raw((g->members_n + 1) * sizeof(*members));
	if (!members) {
		mem_unref(g);
		return -ENOMEM;
	}
	for (size_t i = 0; i < g->members_n; i++)
		members[i] = (struct admin_member){.address = g->members[i].uri,
						   .name = g->members[i].display_name,
						   .unknown = is_unknown(t,
									 g->members[i].canonical)};
	t->each(&(struct admin_group){.address = t->task.aor,
				      .name = g->display_name,
				      .subject = g->subject,
				      .members = members,
				      .members_n = g->members_n,
				      .invites = g->invite_members,
				      .advertises = g->advertise,
				      .max_participants = g->max_participants,
				      .max_duration_s = g->activity.max_duration_s,
				      .size = d->size,
				      .changed_ms = d->changed_ms},
		t->task.done_arg);
	mem_free(members);
	mem_unref(g);
	return 0;
}


/* ---- Writing ---- */

static void on_written(struct store_request *r, int error, void *arg)
{
	struct group_task *t = arg;
	const struct store_document *d = error ? NULL : store_document_result(r, NULL);

	/* Also after a failure: nobody knows then what was written. */
	drop(t);
	if (error == -ESTALE && t->member.n && ++t->tries < TRIES_MAX) {
		read_document(&t->task);
		return;
	}
	if (error == -ESTALE && !t->member.n)
		error = -EEXIST;
	if (!error)
		desk_group_written(t->task.desk, t->before, t->text);
	if (!error)
		error = show(t, d, t->text);
	desk_task_finish(&t->task, error);
}


static int write_document(struct group_task *t, struct str etag)
{
	struct operator_desk *o = t->task.desk;

	return store_document_put(o->p.store, &t->task.store,
				  &(struct store_document){
					  .aor = t->task.aor,
					  .auid = STR(STORE_AUID_GROUPS),
					  .name = STR(STORE_NAME_GROUP),
					  .type = GROUP_TYPE,
					  .body = t->text,
					  .changed_ms = loop_wall_ms(o->p.loop),
				  },
				  etag, on_written, t);
}


/* The arena holds each try: TRIES_MAX documents at most. */
static int change(struct group_task *t, const struct store_document *d)
{
	struct operator_desk *o = t->task.desk;
	struct buf out = BUF_INIT(STORE_DOCUMENT_MAX);
	struct group_member more = {.uri = t->member};
	mem_unref(t->before);
	t->before = desk_group_before(o, d->body);
	int err = t->removes ? group_edit_remove(&out, d->body, t->member, desk_canonical, o)
			     : group_edit_add(&out, d->body, &more, desk_canonical, o);

	if (!err) {
		t->text = arena_str(&t->task.arena, buf_str(&out));
		err = t->text.p ? write_document(t, d->etag) : -ENOMEM;
	} else if (err == -ENOENT) {
		err = -ESRCH;
	} else if (err == -ENOBUFS) {
		err = -EMSGSIZE;
	}
	buf_done(&out);
	return err;
}


static void on_read(struct store_request *r, int error, void *arg)
{
	struct group_task *t = arg;
	const struct store_document *d = error ? NULL : store_document_result(r, NULL);

	if (error) {
		desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
		return;
	}
	if (t->member.n)
		desk_task_step(&t->task, change(t, d));
	else
		desk_task_finish(&t->task, show(t, d, d->body));
}


static void read_document(struct desk_task *t)
{
	desk_task_step(t, store_document_get(t->desk->p.store, &t->store, t->aor,
					     STR(STORE_AUID_GROUPS), STR(STORE_NAME_GROUP), on_read,
					     t));
}


/* ---- Beginning ---- */

static void task_destroy(struct desk_task *t)
{
	mem_unref(self(t)->before);
}


static struct group_task *task_alloc(struct operator_desk *o, admin_group_cb *each,
				     admin_done_cb *done, void *done_arg)
{
	struct group_task *t = desk_task_alloc(o, sizeof(*t), task_destroy, done, done_arg);

	if (t)
		t->each = each;
	return t;
}


/* Members may be of other domains: then as a URI. */
static int member_decode(struct operator_desk *o, struct str text, struct buf *out, struct buf *why)
{
	struct sip_uri u;
	int err = 0;

	if (sip_uri_decode(&u, text))
		err = desk_user(o, text, out, NULL);
	else if (sip_uri_aor(&u, o->config->domains.v[0], out))
		err = -EINVAL;
	if (err || out->failed)
		buf_printf(why,
			   STR_FMT " is no address of a member: write NAME, or sip:NAME@DOMAIN",
			   STR_ARG(str_upto(text, 100)));
	return err || out->failed ? -EINVAL : 0;
}


static int group_show(struct str group, admin_group_cb *each, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	struct group_task *t = task_alloc(arg, each, done, done_arg);

	return t ? desk_task_begin_group(&t->task, group, read_document, why) : -ENOMEM;
}


static int change_begin(struct operator_desk *o, struct str group, struct str member, bool removes,
			admin_group_cb *each, admin_done_cb *done, void *done_arg, struct buf *why)
{
	char text[SIP_AOR_MAX];
	struct group_task *t;
	struct buf uri;
	int err;

	buf_fixed(&uri, text, sizeof(text));
	err = member_decode(o, member, &uri, why);
	if (err)
		return err;
	t = task_alloc(o, each, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->removes = removes;
	t->looked_up = read_document;
	t->member = arena_str(&t->task.arena, buf_str(&uri));
	t->named = arena_alloc(&t->task.arena, sizeof(*t->named));
	if (t->member.p && t->named) {
		t->named[0] = (struct named){.aor = t->member};
		t->named_n = !removes;
		return desk_task_begin_group(&t->task, group, look, why);
	}
	mem_unref(t);
	return -ENOMEM;
}


static int group_add(struct str group, struct str member, admin_group_cb *each, admin_done_cb *done,
		     void *done_arg, struct buf *why, void *arg)
{
	return change_begin(arg, group, member, false, each, done, done_arg, why);
}


static int group_remove(struct str group, struct str member, admin_group_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	return change_begin(arg, group, member, true, each, done, done_arg, why);
}


/* ---- Deleting ---- */

static void on_deleted(struct store_request *r, int error, void *arg)
{
	struct group_task *t = arg;

	(void)r;
	drop(t);
	desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
}


static void remove_document(struct desk_task *t)
{
	desk_task_step(t, store_document_delete(t->desk->p.store, &t->store, t->aor,
						STR(STORE_AUID_GROUPS), STR(STORE_NAME_GROUP),
						STR(""), on_deleted, t));
}


static int group_destroy(struct str group, admin_done_cb *done, void *done_arg, struct buf *why,
			 void *arg)
{
	struct group_task *t = task_alloc(arg, NULL, done, done_arg);

	return t ? desk_task_begin_group(&t->task, group, remove_document, why) : -ENOMEM;
}


/* ---- Lists ---- */

static size_t page_of(const struct group_task *t)
{
	return t->limit < STORE_PAGE_MAX ? t->limit : STORE_PAGE_MAX;
}


static void on_page(struct store_request *r, int error, void *arg)
{
	struct group_task *t = arg;
	size_t n = 0, asked = page_of(t);
	const struct store_document *d = error ? NULL : store_document_result(r, &n);

	for (size_t i = 0; i < n; i++)
		t->each(&(struct admin_group){.address = d[i].aor,
					      .size = d[i].size,
					      .changed_ms = d[i].changed_ms},
			t->task.done_arg);
	t->limit -= n;
	if (error || n < asked || !t->limit) {
		desk_task_finish(&t->task, error);
		return;
	}
	t->after = arena_str(&t->task.arena, d[n - 1].aor);
	if (t->after.p)
		read_page(&t->task);
	else
		desk_task_finish(&t->task, -ENOMEM);
}


static void read_page(struct desk_task *task)
{
	struct group_task *t = self(task);

	desk_task_step(task, store_document_find(task->desk->p.store, &task->store,
						 STR(STORE_AUID_GROUPS), t->after, page_of(t),
						 on_page, t));
}


static int group_list(struct str after, size_t limit, admin_group_cb *each, admin_done_cb *done,
		      void *done_arg, struct buf *why, void *arg)
{
	struct group_task *t = task_alloc(arg, each, done, done_arg);

	(void)why;
	if (!t)
		return -ENOMEM;
	t->limit = limit;
	t->after = arena_str(&t->task.arena, after.n ? after : STR(""));
	if (t->after.p)
		return desk_task_begin_all(&t->task, read_page);
	mem_unref(t);
	return -ENOMEM;
}


/* ---- Making one ---- */

static const struct str set_names[] = {STR_INIT("name"),     STR_INIT("subject"),
				       STR_INIT("invite"),   STR_INIT("max"),
				       STR_INIT("duration"), STR_INIT("advertise")};
#define SET_NAMES (sizeof(set_names) / sizeof(set_names[0]))
/** What each may be; a name and a subject are any text. */
static const char *const set_values[SET_NAMES] = {"a text",
						  "a text",
						  "on or off",
						  "a number of people, or 0 for any",
						  "seconds, or 0 for no end",
						  "on or off"};


static bool switch_of(struct str value, bool *ret)
{
	*ret = str_eq(value, STR("on"));
	return *ret || str_eq(value, STR("off"));
}


static int refuse_value(const struct admin_value *v, struct buf *why)
{
	struct str nearest = spelling_nearest(v->name, set_names, SET_NAMES);

	for (size_t i = 0; i < SET_NAMES; i++) {
		if (!str_eq(v->name, set_names[i]))
			continue;
		buf_printf(why, STR_FMT " cannot be \"" STR_FMT "\": write %s", STR_ARG(v->name),
			   STR_ARG(str_upto(v->value, 100)), set_values[i]);
		return -EINVAL;
	}
	buf_printf(why, "a group has no " STR_FMT ": ", STR_ARG(str_upto(v->name, 100)));
	if (nearest.n)
		buf_printf(why, "did you mean " STR_FMT "?", STR_ARG(nearest));
	else
		buf_puts(why, STR("there are name, subject, invite, max, duration and advertise"));
	return -EINVAL;
}


static bool set_value(struct group *g, const struct admin_value *v)
{
	if (str_eq(v->name, STR("name")))
		g->display_name = v->value;
	else if (str_eq(v->name, STR("subject")))
		g->subject = v->value;
	else if (str_eq(v->name, STR("invite")))
		return switch_of(v->value, &g->invite_members);
	else if (str_eq(v->name, STR("advertise")))
		return switch_of(v->value, &g->advertise);
	else if (str_eq(v->name, STR("max")))
		return str_u32(v->value, &g->max_participants);
	else if (str_eq(v->name, STR("duration")))
		return str_u32(v->value, &g->activity.max_duration_s);
	else
		return false;
	return true;
}


/* Who is named twice is a member once. */
static int members_make(struct group_task *t, struct group *g, const struct str *members, size_t n,
			struct buf *why)
{
	struct group_member *m = arena_alloc(&t->task.arena, (n + 1) * sizeof(*m));

	t->named = arena_alloc(&t->task.arena, (n + 1) * sizeof(*t->named));
	if (!m || !t->named)
		return -ENOMEM;
	g->members = m;
	for (size_t i = 0; i < n; i++) {
		char text[SIP_AOR_MAX];
		struct buf uri;
		int err;

		buf_fixed(&uri, text, sizeof(text));
		err = member_decode(t->task.desk, members[i], &uri, why);
		if (err)
			return err;
		struct str one = buf_str(&uri);
		m[g->members_n].canonical = one;
		if (group_member(g, &one, 1))
			continue;
		one = arena_str(&t->task.arena, one);
		if (!one.p)
			return -ENOMEM;
		m[g->members_n++] = (struct group_member){.uri = one, .canonical = one};
		t->named[t->named_n++] = (struct named){.aor = one};
	}
	return 0;
}


static int text_make(struct group_task *t, const struct group *g)
{
	struct group_grant grants[] = {
		{.whom = GROUP_FOR_MEMBERS, .rights = MEMBER_RIGHTS},
		{.whom = GROUP_FOR_ONE, .rights = OWNER_RIGHTS},
	};
	struct buf out = BUF_INIT(STORE_DOCUMENT_MAX);

	if (g->members_n)
		grants[1].uri = g->members[0].uri;
	group_encode(&out, g, grants, g->members_n ? 2 : 1);
	t->text = arena_str(&t->task.arena, buf_str(&out));
	int err = out.failed ? -EMSGSIZE : t->text.p ? 0 : -ENOMEM;
	buf_done(&out);
	return err;
}


static void on_nobody(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct group_task *t = arg;

	(void)q;
	if (!error && s->account)
		desk_task_finish(&t->task, -EEXIST);
	else if (error && error != -ENOENT)
		desk_task_finish(&t->task, error);
	else
		desk_task_step(&t->task, write_document(t, STORE_ETAG_NONE));
}


/* An account of that name would never be reached any more. */
static void create(struct desk_task *t)
{
	desk_task_step(t, subscriber_load(t->desk->p.subscribers, &t->query, t->aor, on_nobody, t));
}


static int create_decode(struct group_task *t, struct str group, const struct str *members,
			 size_t members_n, const struct admin_value *set, size_t n, struct buf *why)
{
	struct operator_desk *o = t->task.desk;
	struct group g = {.members_n = 0};
	struct buf aor;
	int err;

	buf_fixed(&aor, t->task.aor_text, sizeof(t->task.aor_text));
	err = desk_user(o, group, &aor, why);
	t->task.aor = g.uri = buf_str(&aor);
	for (size_t i = 0; !err && i < n; i++)
		err = set_value(&g, &set[i]) ? 0 : refuse_value(&set[i], why);
	if (!err)
		err = members_make(t, &g, members, members_n, why);
	return err ? err : text_make(t, &g);
}


static int group_create(struct str group, const struct str *members, size_t members_n,
			const struct admin_value *set, size_t n, admin_group_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct group_task *t = task_alloc(arg, each, done, done_arg);
	int err;

	if (!t)
		return -ENOMEM;
	t->looked_up = create;
	err = create_decode(t, group, members, members_n, set, n, why);
	if (!err)
		return desk_task_begin_all(&t->task, look);
	mem_unref(t);
	return err;
}


bool desk_group_bears(struct operator_desk *o, struct str user, struct buf *why)
{
	char text[SIP_AOR_MAX];
	struct group *g;
	struct buf aor;
	bool found;

	buf_fixed(&aor, text, sizeof(text));
	found = o->p.groups && groups_complete(o->p.groups) && !desk_user(o, user, &aor, NULL) &&
		groups_find(o->p.groups, buf_str(&aor), &g) != -ENOENT;
	if (found)
		buf_printf(why, "there is a group " STR_FMT ": choose another name",
			   STR_ARG(buf_str(&aor)));
	return found;
}


void operator_group_services(struct admin_services *s)
{
	s->groups = (struct admin_groups){.list = group_list,
					  .show = group_show,
					  .create = group_create,
					  .add = group_add,
					  .remove = group_remove,
					  .destroy = group_destroy};
}
