/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: the service settings of a user, read from and edited in their settings document. */
#include <errno.h>

#include "body/im_settings.h"
#include "server/operator_desk.h"
#include "server/spelling.h"
#include "store/document.h"

/** Somebody else may change the document between our reading and writing; not for ever. */
#define TRIES_MAX 5

struct settings_task {
	struct desk_task task;
	admin_value_cb *each;
	unsigned on, off; /**< bits of the settings to change */
	unsigned tries;
	struct im_settings_doc doc;
};

static void read_document(struct desk_task *t);


static void show(const struct settings_task *s)
{
	struct im_settings sum;

	im_settings_sum(&sum, &s->doc);
	for (int i = 0; i < IM_SETTINGS; i++) {
		const enum im_settings_key which = (enum im_settings_key)i;
		bool on = im_settings_on(&sum, which);

		s->each(&(struct admin_value){.name = im_setting_name(which),
					      .value = on ? STR("on") : STR("off")},
			s->task.done_arg);
	}
}


static void on_put(struct store_request *r, int error, void *arg)
{
	struct settings_task *s = arg;

	(void)r;
	subscribers_drop(s->task.desk->p.subscribers, s->task.aor);
	if (error == -ESTALE && ++s->tries < TRIES_MAX) {
		read_document(&s->task);
		return;
	}
	if (!error)
		show(s);
	desk_task_finish(&s->task, error);
}


/*
 * What counts is the sum of all devices: a barring holds when each of them bars, the others are off when each of
 * them has them off. So a change goes into every entity; a user without any gets one.
 */
static void change(struct settings_task *s)
{
	if (!s->doc.n)
		(void)im_settings_entity(&s->doc, STR(""));
	for (size_t e = 0; e < s->doc.n; e++) {
		for (unsigned i = 0; i < IM_SETTINGS; i++) {
			if ((s->on | s->off) & (1u << i))
				s->doc.entity[e].settings.is[i] = s->on & (1u << i) ? IM_ON
										    : IM_OFF;
		}
	}
}


static int write_document(struct settings_task *s, struct str if_etag)
{
	struct buf text = BUF_INIT(STORE_DOCUMENT_MAX);
	int err;

	change(s);
	im_settings_encode(&s->doc, &text);
	err = text.failed
		      ? -ENOMEM
		      : store_document_put(s->task.desk->p.store, &s->task.store,
					   &(struct store_document){
						   .aor = s->task.aor,
						   .auid = STR(STORE_AUID_SETTINGS),
						   .name = STR(STORE_NAME_SETTINGS),
						   .type = IM_SETTINGS_TYPE,
						   .body = buf_str(&text),
						   .changed_ms = loop_wall_ms(s->task.desk->p.loop),
					   },
					   if_etag, on_put, s);
	buf_done(&text);
	return err;
}


static void on_read(struct store_request *r, int error, void *arg)
{
	struct settings_task *s = arg;
	size_t n = 0;
	const struct store_document *d = error ? NULL : store_document_result(r, &n);
	struct str etag = d && n ? arena_str(&s->task.arena, d->etag) : STORE_ETAG_NONE;

	s->doc.n = 0;
	if (!error && n)
		error = im_settings_decode(&s->doc, d->body, &s->task.arena);
	else if (error == -ENOENT)
		error = 0;
	if (!error && !etag.p)
		error = -ENOMEM;
	if (error) {
		desk_task_finish(&s->task, error == -ENOBUFS ? -EBADMSG : error);
	} else if (s->on | s->off) {
		desk_task_step(&s->task, write_document(s, etag));
	} else {
		show(s);
		desk_task_finish(&s->task, 0);
	}
}


static void read_document(struct desk_task *t)
{
	desk_task_step(t, store_document_get(t->desk->p.store, &t->store, t->aor,
					     STR(STORE_AUID_SETTINGS), STR(STORE_NAME_SETTINGS),
					     on_read, t));
}


static int settings_get(struct str user, admin_value_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	struct settings_task *s = desk_task_alloc(arg, sizeof(*s), NULL, done, done_arg);

	if (!s)
		return -ENOMEM;
	s->each = each;
	return desk_task_begin(&s->task, user, read_document, why);
}


static int refuse_name(struct str name, struct buf *why)
{
	struct str known[IM_SETTINGS + 2], nearest;

	for (int i = 0; i < IM_SETTINGS; i++)
		known[i] = im_setting_name((enum im_settings_key)i);
	known[IM_SETTINGS] = STR("barring");
	known[IM_SETTINGS + 1] = STR("history");
	nearest = spelling_nearest(name, known, IM_SETTINGS + 2);
	buf_printf(why, "there is no setting " STR_FMT ": ", STR_ARG(str_upto(name, 80)));
	if (nearest.n) {
		buf_printf(why, "did you mean " STR_FMT "?", STR_ARG(nearest));
		return -EINVAL;
	}
	buf_puts(why, STR("there are"));
	for (int i = 0; i < IM_SETTINGS; i++)
		buf_printf(why, "%s " STR_FMT, i ? "," : "", STR_ARG(known[i]));
	return -EINVAL;
}


static int take(struct settings_task *s, const struct admin_value *v, struct buf *why)
{
	unsigned bits = im_setting_bits(v->name);

	if (!bits)
		return refuse_name(v->name, why);
	if (str_eq(v->value, STR("on"))) {
		s->on |= bits;
		s->off &= ~bits;
	} else if (str_eq(v->value, STR("off"))) {
		s->off |= bits;
		s->on &= ~bits;
	} else {
		buf_printf(why, STR_FMT " cannot be \"" STR_FMT "\": write on or off",
			   STR_ARG(v->name), STR_ARG(str_upto(v->value, 80)));
		return -EINVAL;
	}
	return 0;
}


static int settings_set(struct str user, const struct admin_value *set, size_t n,
			admin_value_cb *each, admin_done_cb *done, void *done_arg, struct buf *why,
			void *arg)
{
	struct settings_task *s = desk_task_alloc(arg, sizeof(*s), NULL, done, done_arg);
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->each = each;
	for (size_t i = 0; !err && i < n; i++)
		err = take(s, &set[i], why);
	if (err) {
		mem_unref(s);
		return err;
	}
	return desk_task_begin(&s->task, user, read_document, why);
}


void operator_settings_services(struct admin_services *s)
{
	s->rules.settings_get = settings_get;
	s->rules.settings_set = settings_set;
}
