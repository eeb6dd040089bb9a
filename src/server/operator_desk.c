/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of the operator's desk: finding the user, stepping on, ending. */
#include "server/operator_desk.h"

#include <errno.h>

#include "core/accounts.h"


static void task_destroy(void *object)
{
	struct desk_task *t = object;

	subscriber_load_cancel(&t->query);
	store_cancel(&t->store);
	list_remove(&t->desk->tasks, &t->link);
	if (t->destroy)
		t->destroy(t);
	arena_done(&t->arena);
}


void *desk_task_alloc(struct operator_desk *o, size_t size, void (*destroy)(struct desk_task *t),
		      admin_done_cb *done, void *done_arg)
{
	struct desk_task *t = mem_alloc(size, task_destroy);

	if (!t)
		return NULL;
	t->desk = o;
	t->destroy = destroy;
	t->done = done;
	t->done_arg = done_arg;
	t->arena.max = DESK_ARENA_MAX;
	list_append(&o->tasks, &t->link);
	return t;
}


void desk_task_finish(struct desk_task *t, int error)
{
	admin_done_cb *done = t->done;
	void *arg = t->done_arg;

	mem_unref(t);
	done(error, arg);
}


void desk_task_step(struct desk_task *t, int error)
{
	if (error)
		desk_task_finish(t, error);
}


static void on_loaded(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct desk_task *t = arg;

	(void)q;
	(void)s;
	if (error)
		desk_task_finish(t, error);
	else
		t->known(t);
}


static int find(struct desk_task *t, struct str user, struct buf *why)
{
	struct operator_desk *o = t->desk;
	struct subscriber *s;
	struct buf aor;
	int err;

	buf_fixed(&aor, t->aor_text, sizeof(t->aor_text));
	err = desk_user(o, user, &aor, why);
	if (err)
		return err;
	t->aor = buf_str(&aor);
	err = subscribers_find(o->p.subscribers, t->aor, &s);
	if (err == -EAGAIN)
		return subscriber_load(o->p.subscribers, &t->query, t->aor, on_loaded, t);
	if (!err)
		t->known(t);
	return err;
}


int desk_task_begin(struct desk_task *t, struct str user, void (*known)(struct desk_task *t),
		    struct buf *why)
{
	int err;

	t->known = known;
	err = find(t, user, why);
	if (err)
		mem_unref(t);
	return err;
}


int desk_task_begin_group(struct desk_task *t, struct str group, void (*known)(struct desk_task *t),
			  struct buf *why)
{
	struct buf aor;
	int err;

	buf_fixed(&aor, t->aor_text, sizeof(t->aor_text));
	err = desk_user(t->desk, group, &aor, why);
	if (err) {
		mem_unref(t);
		return err;
	}
	t->aor = buf_str(&aor);
	return desk_task_begin_all(t, known);
}


int desk_task_begin_all(struct desk_task *t, void (*known)(struct desk_task *t))
{
	t->known = known;
	known(t);
	return 0;
}


int desk_user(struct operator_desk *o, struct str user, struct buf *aor, struct buf *why)
{
	struct sip_uri u;

	if (o->p.core)
		return account_name_decode(o->p.core, user, aor, why);
	if (sip_uri_decode(&u, user)) {
		char text[SIP_AOR_MAX];
		struct buf whole;

		/* A name alone, or NAME@DOMAIN. */
		buf_fixed(&whole, text, sizeof(text));
		buf_printf(&whole, "sip:" STR_FMT "%s" STR_FMT,
			   STR_ARG(str_upto(user, SIP_AOR_MAX)), str_find(user, '@') < 0 ? "@" : "",
			   STR_ARG(str_find(user, '@') < 0 ? o->config->domains.v[0] : STR("")));
		if (!user.n || whole.failed || sip_uri_decode(&u, buf_str(&whole)) ||
		    sip_uri_aor(&u, o->config->domains.v[0], aor))
			return -EINVAL;
	} else if (sip_uri_aor(&u, o->config->domains.v[0], aor)) {
		return -EINVAL;
	}
	return subscribers_serve(o->p.subscribers, buf_str(aor)) ? 0 : -EXDEV;
}


int desk_canonical(struct str uri, struct buf *out, void *arg)
{
	const struct operator_desk *o = arg;
	struct sip_uri u;

	if (sip_uri_decode(&u, uri))
		return -EBADMSG;
	return sip_uri_aor(&u, o->config->domains.v[0], out);
}
