/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: documents of a user, checked before they are stored. */
#include <errno.h>

#include "body/common_policy.h"
#include "body/group.h"
#include "body/im_settings.h"
#include "body/resource_lists.h"
#include "body/xml.h"
#include "server/operator_desk.h"
#include "server/spelling.h"
#include "sip/uri.h"
#include "store/document.h"
#include "subscriber/group.h"

/** What a decoded list takes at most, while it is looked at. */
#define CHECK_ARENA_MAX (4u << 20)

struct document_task {
	struct desk_task task;
	admin_document_cb *each;
	struct store_document document; /**< texts in the arena */
	struct str if_etag;
	struct group *before; /**< of a group: as it was, a reference */
};

/** Applications that we know: what stands in their documents, and under which name the service looks. */
struct application {
	struct str auid;
	struct str type;
	struct str name; /**< the one that counts; empty: any */
	int (*check)(struct str text);
	const char *what;
};


static int check_settings(struct str text)
{
	struct im_settings_doc doc;
	struct arena a = ARENA_INIT(CHECK_ARENA_MAX);
	int err = im_settings_decode(&doc, text, &a);

	arena_done(&a);
	return err;
}


static int check_rules(struct str text)
{
	struct access_rules *rules;
	int err = access_rules_decode(&rules, text, NULL, NULL);

	if (!err)
		mem_unref(rules);
	return err;
}


static int check_lists(struct str text)
{
	struct resource_lists lists;
	struct arena a = ARENA_INIT(CHECK_ARENA_MAX);
	int err = resource_lists_decode(&lists, text, &a);

	arena_done(&a);
	return err;
}


static int check_group(struct str text)
{
	struct group *g;
	int err = group_decode(&g, text, NULL, NULL);

	if (!err)
		mem_unref(g);
	return err;
}


static const struct application applications[] = {
	{STR_INIT(STORE_AUID_SETTINGS), STR_INIT("application/im-settings+xml"),
	 STR_INIT(STORE_NAME_SETTINGS), check_settings,
	 "service settings (<im-settings> with an <entity> for each device)"},
	{STR_INIT(STORE_AUID_ACCESS_RULES), STR_INIT("application/auth-policy+xml"),
	 STR_INIT(STORE_NAME_ACCESS_RULES), check_rules, "access rules (a <ruleset> of RFC 4745)"},
	{STR_INIT(STORE_AUID_RESOURCE_LISTS), STR_INIT("application/resource-lists+xml"),
	 STR_INIT(""), check_lists, "lists (<resource-lists> of RFC 4826)"},
	{STR_INIT(STORE_AUID_GROUPS), STR_INIT("application/vnd.oma.poc.groups+xml"),
	 STR_INIT(STORE_NAME_GROUP), check_group, "a group (<group> with a <list-service>)"},
};
#define APPLICATIONS (sizeof(applications) / sizeof(applications[0]))


static const struct application *application_find(struct str auid)
{
	for (size_t i = 0; i < APPLICATIONS; i++) {
		if (str_eq(applications[i].auid, auid))
			return &applications[i];
	}
	return NULL;
}


/* ---- Checking ---- */

static int refuse_auid(struct str auid, struct buf *why)
{
	struct str known[APPLICATIONS], nearest;

	for (size_t i = 0; i < APPLICATIONS; i++)
		known[i] = applications[i].auid;
	nearest = spelling_nearest(auid, known, APPLICATIONS);
	buf_printf(why, "there is no application " STR_FMT ": ", STR_ARG(str_upto(auid, 80)));
	if (nearest.n) {
		buf_printf(why, "did you mean " STR_FMT "?", STR_ARG(nearest));
		return -EINVAL;
	}
	buf_puts(why, STR("there are"));
	for (size_t i = 0; i < APPLICATIONS; i++)
		buf_printf(why, "%s " STR_FMT, i ? "," : "", STR_ARG(known[i]));
	return -EINVAL;
}


static int refuse_size(struct buf *why)
{
	buf_printf(
		why,
		"the document is too large, or has too many elements: keep it below %u kilobytes",
		STORE_DOCUMENT_MAX >> 10);
	return -EMSGSIZE;
}


static int check_xml(struct str text, struct buf *why)
{
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (!err)
		mem_unref(doc);
	else if (err == -ENOBUFS)
		return refuse_size(why);
	else if (err == -EBADMSG)
		buf_puts(why, text.n ? STR("this is not well-formed XML, or has a DTD: "
					   "correct it; xmllint --noout FILE says where")
				     : STR("the document is empty: send its XML"));
	return err == -EBADMSG ? -EINVAL : err;
}


static int check_document(const struct admin_document *d, const struct application *app,
			  struct buf *why)
{
	int err;

	if (d->body.n > STORE_DOCUMENT_MAX)
		return refuse_size(why);
	err = check_xml(d->body, why);
	if (err)
		return err;
	if (app->name.n && !str_eq(app->name, d->name)) {
		buf_printf(why,
			   "the service does not look at a document " STR_FMT " of " STR_FMT
			   ": call it " STR_FMT,
			   STR_ARG(str_upto(d->name, 80)), STR_ARG(app->auid), STR_ARG(app->name));
		return -EINVAL;
	}
	err = app->check ? app->check(d->body) : 0;
	if (err == -ENOBUFS)
		return refuse_size(why);
	if (err == -EBADMSG) {
		buf_printf(why, "the XML is well-formed, but no document of " STR_FMT ": send %s",
			   STR_ARG(app->auid), app->what);
		return -EINVAL;
	}
	return err;
}


/* ---- Steps ---- */

static void show(const struct document_task *t, const struct store_document *d)
{
	t->each(&(struct admin_document){.auid = d->auid,
					 .name = d->name,
					 .type = d->type,
					 .etag = d->etag,
					 .body = d->body,
					 .size = d->size,
					 .changed_ms = d->changed_ms},
		t->task.done_arg);
}


static void on_done(struct store_request *r, int error, void *arg)
{
	struct document_task *t = arg;
	size_t n = 0;
	const struct store_document *d = error || !t->each ? NULL : store_document_result(r, &n);

	for (size_t i = 0; i < n; i++)
		show(t, &d[i]);
	desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
}


static void on_changed(struct store_request *r, int error, void *arg)
{
	struct document_task *t = arg;

	/* Also after a failure: nobody knows then what was written. */
	subscribers_drop(t->task.desk->p.subscribers, t->task.aor);
	if (t->task.desk->p.groups && str_eq(t->document.auid, STR(STORE_AUID_GROUPS)))
		groups_drop(t->task.desk->p.groups, t->task.aor);
	if (!error && t->document.body.n && str_eq(t->document.auid, STR(STORE_AUID_GROUPS)))
		desk_group_written(t->task.desk, t->before, t->document.body);
	if (t->task.desk->p.groups && str_eq(t->document.auid, STR(STORE_AUID_RESOURCE_LISTS)))
		groups_drop_lists(t->task.desk->p.groups);
	on_done(r, error, arg);
}


static void list(struct desk_task *t)
{
	desk_task_step(t, store_document_list(t->desk->p.store, &t->store, t->aor, on_done, t));
}


static void get(struct desk_task *t)
{
	const struct document_task *d = (const struct document_task *)t;

	desk_task_step(t, store_document_get(t->desk->p.store, &t->store, t->aor, d->document.auid,
					     d->document.name, on_done, t));
}


static void put(struct desk_task *t)
{
	struct document_task *d = (struct document_task *)t;

	d->document.aor = t->aor;
	d->document.changed_ms = loop_wall_ms(t->desk->p.loop);
	desk_task_step(t, store_document_put(t->desk->p.store, &t->store, &d->document, d->if_etag,
					     on_changed, t));
}


static void on_before(struct store_request *r, int error, void *arg)
{
	struct document_task *t = arg;

	if (!error)
		t->before = desk_group_before(t->task.desk, store_document_result(r, NULL)->body);
	put(&t->task);
}


/* What it was is asked for, so that only those are told who do not know it. */
static void put_group(struct desk_task *t)
{
	const struct document_task *d = (const struct document_task *)t;

	desk_task_step(t, store_document_get(t->desk->p.store, &t->store, t->aor, d->document.auid,
					     d->document.name, on_before, t));
}


static void remove_it(struct desk_task *t)
{
	const struct document_task *d = (const struct document_task *)t;

	desk_task_step(t,
		       store_document_delete(t->desk->p.store, &t->store, t->aor, d->document.auid,
					     d->document.name, STR(""), on_changed, t));
}


/* ---- The services ---- */

static void task_destroy(struct desk_task *t)
{
	mem_unref(((struct document_task *)t)->before);
}


static struct document_task *task_alloc(struct operator_desk *o, struct str auid, struct str name,
					admin_document_cb *each, admin_done_cb *done,
					void *done_arg)
{
	struct document_task *t = desk_task_alloc(o, sizeof(*t), task_destroy, done, done_arg);

	if (!t)
		return NULL;
	t->each = each;
	t->document.auid = arena_str(&t->task.arena, auid);
	t->document.name = arena_str(&t->task.arena, name);
	if (t->document.auid.p && t->document.name.p)
		return t;
	return mem_unref(t);
}


/* A group is no user: its document lies under its own address, whether it is there or not. */
static int begin(struct document_task *t, struct str user, void (*known)(struct desk_task *t),
		 struct buf *why)
{
	if (str_eq(t->document.auid, STR(STORE_AUID_GROUPS)))
		return desk_task_begin_group(&t->task, user, known, why);
	return desk_task_begin(&t->task, user, known, why);
}


/* The document says whose it is, too; a group under another's address would never be found by its own. */
static int check_address(struct operator_desk *o, struct str group, struct str text,
			 struct buf *why)
{
	char stated_text[SIP_AOR_MAX], aor_text[SIP_AOR_MAX];
	struct buf stated, aor;
	struct sip_uri u;
	struct group *g;
	int err;

	buf_fixed(&stated, stated_text, sizeof(stated_text));
	buf_fixed(&aor, aor_text, sizeof(aor_text));
	err = desk_user(o, group, &aor, why);
	if (!err)
		err = group_decode(&g, text, NULL, NULL);
	if (err)
		return err;
	if (!sip_uri_decode(&u, g->uri) && !sip_uri_aor(&u, o->config->domains.v[0], &stated) &&
	    str_eq(buf_str(&stated), buf_str(&aor)))
		err = 0;
	else
		err = -EINVAL;
	if (err)
		buf_printf(why,
			   "the document is about " STR_FMT ", not about " STR_FMT
			   ": put it under its own address",
			   STR_ARG(str_upto(g->uri, 200)), STR_ARG(str_upto(buf_str(&aor), 200)));
	mem_unref(g);
	return err;
}


static int document_list(struct str user, admin_document_cb *each, admin_done_cb *done,
			 void *done_arg, struct buf *why, void *arg)
{
	struct document_task *t = task_alloc(arg, STR(""), STR(""), each, done, done_arg);

	return t ? desk_task_begin(&t->task, user, list, why) : -ENOMEM;
}


static int document_get(struct str user, struct str auid, struct str name, admin_document_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct document_task *t;

	if (!application_find(auid))
		return refuse_auid(auid, why);
	t = task_alloc(arg, auid, name, each, done, done_arg);
	return t ? begin(t, user, get, why) : -ENOMEM;
}


static int document_put(struct str user, const struct admin_document *d, struct str if_etag,
			admin_document_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	const struct application *app = application_find(d->auid);
	struct document_task *t;
	int err = app ? check_document(d, app, why) : refuse_auid(d->auid, why);

	if (!err && str_eq(d->auid, STR(STORE_AUID_GROUPS)))
		err = check_address(arg, user, d->body, why);
	if (err)
		return err;
	t = task_alloc(arg, d->auid, d->name, each, done, done_arg);
	if (!t)
		return -ENOMEM;
	t->document.type = app->type;
	t->document.body = arena_str(&t->task.arena, d->body);
	t->if_etag = if_etag.n ? arena_str(&t->task.arena, if_etag) : STR("");
	if (!t->document.body.p || !t->if_etag.p) {
		mem_unref(t);
		return -ENOMEM;
	}
	return begin(t, user, str_eq(d->auid, STR(STORE_AUID_GROUPS)) ? put_group : put, why);
}


static int document_remove(struct str user, struct str auid, struct str name, admin_done_cb *done,
			   void *done_arg, struct buf *why, void *arg)
{
	struct document_task *t;

	if (!application_find(auid))
		return refuse_auid(auid, why);
	t = task_alloc(arg, auid, name, NULL, done, done_arg);
	return t ? begin(t, user, remove_it, why) : -ENOMEM;
}


void operator_document_services(struct admin_services *s)
{
	s->rules.document_list = document_list;
	s->rules.document_get = document_get;
	s->rules.document_put = document_put;
	s->rules.document_remove = document_remove;
}
