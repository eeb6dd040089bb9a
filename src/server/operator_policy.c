/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's desk: operator policy, of the service and of users. The keys and the forms of their values are
 * those of `policy:` in the configuration, whose table of options checks them; the configuration is also what
 * holds where nothing is set.
 */
#include "subscriber/operator_policy.h"

#include <errno.h>

#include "server/config.h"
#include "server/operator_desk.h"
#include "server/option_type.h"
#include "server/spelling.h"

static const struct str keys[] = {
	STR_INIT("pager.max-size"), STR_INIT("pager.types"),      STR_INIT("large.max-size"),
	STR_INIT("large.types"),    STR_INIT("session.max-size"), STR_INIT("session.types"),
	STR_INIT("file.max-size"),  STR_INIT("file.types"),       STR_INIT("charging"),
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct policy_task {
	struct desk_task task;
	admin_value_cb *each;
	struct store_policy set[KEYS]; /**< to be written, under the task's scope */
	size_t set_n;
	struct str unset[KEYS]; /**< to be removed */
	size_t unset_n, unset_done;
	struct str service[KEYS]; /**< records of the service; STR_NULL: none */
};

static void change(struct policy_task *t);


static size_t key_index(struct str key)
{
	size_t i = 0;

	while (i < KEYS && !str_eq(keys[i], key))
		i++;
	return i;
}


/** The configuration's option; NULL: it has none of that name. */
static const struct option *option_of(struct str key)
{
	char name[64];
	struct buf b;

	buf_fixed(&b, name, sizeof(name));
	buf_printf(&b, "policy." STR_FMT, STR_ARG(key));
	return buf_cstr(&b) ? option_find(b.p) : NULL;
}


/* ---- Showing ---- */

static void put_configured(const struct config *c, struct str key, struct buf *out)
{
	const struct option *o = option_of(key);
	const char *field = o ? (const char *)c + o->offset : NULL;

	if (!o) {
		buf_puts(out, STR("off"));
	} else if (o->type->item_size) {
		const struct option_list *list = (const void *)field;

		for (size_t i = 0; i < list->n; i++) {
			buf_puts(out, i ? STR(",") : STR(""));
			o->type->encode(o, (const char *)list->v + i * o->type->item_size, out);
		}
	} else {
		uint64_t v;

		memcpy(&v, field, sizeof(v));
		buf_putu(out, v);
	}
}


static void show_key(const struct policy_task *t, size_t i, struct str users)
{
	struct buf text = BUF_INIT(CONFIG_TEXT_MAX);
	struct admin_value v = {.name = keys[i]};

	if (users.p) {
		v.value = users;
		v.from = STR("user");
	} else if (t->service[i].p) {
		v.value = t->service[i];
		v.from = STR("service");
	} else {
		put_configured(t->task.desk->config, keys[i], &text);
		v.value = buf_str(&text);
		v.from = option_of(keys[i]) ? STR("configuration") : STR("default");
	}
	t->each(&v, t->task.done_arg);
	buf_done(&text);
}


static void show(const struct policy_task *t, const struct store_policy *users, size_t n)
{
	struct str value[KEYS] = {{NULL, 0}};

	for (size_t i = 0; i < n; i++) {
		size_t k = key_index(users[i].key);

		if (k < KEYS)
			value[k] = users[i].value;
	}
	for (size_t i = 0; i < KEYS; i++)
		show_key(t, i, value[i]);
}


/* ---- Reading ---- */

static void on_users(struct store_request *r, int error, void *arg)
{
	struct policy_task *t = arg;
	size_t n = 0;
	const struct store_policy *p = error ? NULL : store_policy_result(r, &n);

	if (!error)
		show(t, p, n);
	desk_task_finish(&t->task, error);
}


static int keep_service(struct policy_task *t, const struct store_policy *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = key_index(p[i].key);

		if (k == KEYS)
			continue;
		t->service[k] = arena_str(&t->task.arena, p[i].value);
		if (!t->service[k].p)
			return -ENOMEM;
	}
	return 0;
}


static void on_service(struct store_request *r, int error, void *arg)
{
	struct policy_task *t = arg;
	size_t n = 0;
	const struct store_policy *p = error ? NULL : store_policy_result(r, &n);

	if (!error)
		error = keep_service(t, p, n);
	if (error || !t->task.aor.n) {
		if (!error)
			show(t, NULL, 0);
		desk_task_finish(&t->task, error);
		return;
	}
	desk_task_step(&t->task, store_policy_list(t->task.desk->p.store, &t->task.store,
						   t->task.aor, on_users, t));
}


static void read_all(struct desk_task *task)
{
	desk_task_step(task, store_policy_list(task->desk->p.store, &task->store, STR(""),
					       on_service, task));
}


/* ---- Changing ---- */

static void on_written(struct store_request *r, int error, void *arg)
{
	struct policy_task *t = arg;

	(void)r;
	subscribers_drop(t->task.desk->p.subscribers, t->task.aor);
	if (error)
		desk_task_finish(&t->task, error);
	else
		read_all(&t->task);
}


static void on_removed(struct store_request *r, int error, void *arg)
{
	struct policy_task *t = arg;

	if (error && error != -ENOENT)
		on_written(r, error, arg);
	else
		change(t);
}


/** What is to be removed, one by one; then all that is to be written, at once. */
static void change(struct policy_task *t)
{
	struct store *store = t->task.desk->p.store;

	if (t->unset_done < t->unset_n)
		desk_task_step(&t->task,
			       store_policy_delete(store, &t->task.store, t->task.aor,
						   t->unset[t->unset_done++], on_removed, t));
	else if (t->set_n)
		desk_task_step(&t->task, store_policy_put(store, &t->task.store, t->set, t->set_n,
							  on_written, t));
	else
		on_written(&t->task.store, 0, t);
}


static void known(struct desk_task *task)
{
	struct policy_task *t = (struct policy_task *)task;

	for (size_t i = 0; i < t->set_n; i++)
		t->set[i].scope = task->aor;
	change(t);
}


/* ---- Checking ---- */

static int refuse_key(struct str key, struct buf *why)
{
	struct str nearest = spelling_nearest(key, keys, KEYS);

	buf_printf(why, "there is no policy " STR_FMT ": ", STR_ARG(str_upto(key, 80)));
	if (nearest.n) {
		buf_printf(why, "did you mean " STR_FMT "?", STR_ARG(nearest));
		return -EINVAL;
	}
	buf_puts(why, STR("there are"));
	for (size_t i = 0; i < KEYS; i++)
		buf_printf(why, "%s " STR_FMT, i ? "," : "", STR_ARG(keys[i]));
	return -EINVAL;
}


/** "text/plain, image/…": every item checked, written with commas alone between. */
static int take_list(const struct option *o, struct str text, struct arena *a,
		     struct option_mistake *m, struct buf *out)
{
	int err = text.n ? 0 : -EINVAL;

	for (struct str rest = text; rest.p && !err;) {
		struct str item = str_trim(str_cut(&rest, ',')), kept;

		err = o->type->decode(o, item, &kept, a, m);
		buf_printf(out, "%s" STR_FMT, out->n ? "," : "", STR_ARG(item));
	}
	return err;
}


static int take_option(const struct option *o, struct str text, struct arena *a,
		       struct option_mistake *m, struct buf *out)
{
	uint64_t v;
	int err;

	if (o->type->item_size)
		return take_list(o, text, a, m, out);
	err = o->type->decode(o, text, &v, a, m);
	if (!err)
		buf_putu(out, v);
	return err;
}


/** The value as it is stored. -EINVAL: `why` says what is wrong. */
static int take_value(struct str key, struct str text, struct arena *a, struct buf *out,
		      struct buf *why)
{
	char texts[2][OPTION_MISTAKE_MAX];
	const struct option *o = option_of(key);
	struct option_mistake m;
	int err;

	buf_fixed(&m.what, texts[0], sizeof(texts[0]));
	buf_fixed(&m.remedy, texts[1], sizeof(texts[1]));
	text = str_trim(text);
	if (o) {
		err = take_option(o, text, a, &m, out);
	} else {
		err = str_eq(text, STR("on")) || str_eq(text, STR("off")) ? 0 : -EINVAL;
		buf_puts(out, text);
		buf_printf(&m.what, "\"" STR_FMT "\" is neither on nor off",
			   STR_ARG(str_upto(text, 80)));
		buf_puts(&m.remedy, STR("write on or off"));
	}
	if (err == -EINVAL && !m.what.n) {
		buf_puts(&m.what, STR("it is empty"));
		buf_puts(&m.remedy, STR("write a value, or default"));
	}
	if (err == -EINVAL)
		buf_printf(why, STR_FMT " cannot be set, " STR_FMT ": " STR_FMT, STR_ARG(key),
			   STR_ARG(buf_str(&m.what)), STR_ARG(buf_str(&m.remedy)));
	if (err)
		return err;
	if (out->failed) {
		buf_printf(why, "the value of " STR_FMT " is too long: write less", STR_ARG(key));
		return -EINVAL;
	}
	return operator_policy_check(key, buf_str(out), why) ? -EINVAL : 0;
}


static int take(struct policy_task *t, const struct admin_value *v, struct buf *why)
{
	char storage[STORE_POLICY_VALUE_MAX];
	size_t k = key_index(v->name);
	struct buf text;
	int err;

	if (k == KEYS)
		return refuse_key(v->name, why);
	/* Names come once each, in JSON; what comes beyond is not lost in silence. */
	if (t->set_n + t->unset_n == KEYS)
		return -EINVAL;
	if (!v->value.p || str_eq(v->value, STR("default"))) {
		t->unset[t->unset_n++] = keys[k];
		return 0;
	}
	buf_fixed(&text, storage, sizeof(storage));
	err = take_value(keys[k], v->value, &t->task.arena, &text, why);
	if (err)
		return err;
	struct str kept = arena_str(&t->task.arena, buf_str(&text));
	if (!kept.p)
		return -ENOMEM;
	t->set[t->set_n++] = (struct store_policy){.key = keys[k], .value = kept};
	return 0;
}


/* ---- The services ---- */

static int begin(struct policy_task *t, struct str user, void (*go)(struct desk_task *t),
		 struct buf *why)
{
	return user.n ? desk_task_begin(&t->task, user, go, why)
		      : desk_task_begin_all(&t->task, go);
}


static int policy_get(struct str user, admin_value_cb *each, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	struct policy_task *t = desk_task_alloc(arg, sizeof(*t), NULL, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->each = each;
	return begin(t, user, read_all, why);
}


static int policy_set(struct str user, const struct admin_value *set, size_t n,
		      admin_value_cb *each, admin_done_cb *done, void *done_arg, struct buf *why,
		      void *arg)
{
	struct policy_task *t = desk_task_alloc(arg, sizeof(*t), NULL, done, done_arg);
	int err = 0;

	if (!t)
		return -ENOMEM;
	t->each = each;
	for (size_t i = 0; !err && i < n; i++)
		err = take(t, &set[i], why);
	if (err) {
		mem_unref(t);
		return err;
	}
	return begin(t, user, known, why);
}


void operator_policy_services(struct admin_services *s)
{
	s->rules.policy_get = policy_get;
	s->rules.policy_set = policy_set;
}
