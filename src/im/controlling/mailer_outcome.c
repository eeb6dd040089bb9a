/* SPDX-License-Identifier: Apache-2.0 */
/* A copy that is done with: to the store, to who listens to events, to who counts the copies. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"

/** One outcome on its way to the disk. */
struct settling {
	struct list_link link;
	struct mailer *m;
	struct store_request r;
};


/* ---- The store ---- */

static void settling_destroy(void *object)
{
	struct settling *s = object;

	store_cancel(&s->r);
	list_remove(&s->m->settlings, &s->link);
}


static void not_settled(struct str who, int error)
{
	mailer_tally(MAILER_UNSETTLED);
	log_error("mailing", "what became of a copy to " STR_FMT " cannot be written: %s",
		  STR_ARG(who), strerror(-error));
}


static void on_settled(struct store_request *r, int error, void *arg)
{
	(void)r;
	if (error && error != -ENOENT)
		not_settled(STR("somebody"), error);
	mem_unref(arg);
}


void mailer_copy_settle(struct mailer *m, const struct copy *c)
{
	struct settling *s = mem_alloc(sizeof(*s), settling_destroy);
	int err = -ENOMEM;

	if (s) {
		s->m = m;
		list_append(&m->settlings, &s->link);
		err = store_mailing_settle(m->p.store, &s->r, c->mail->record.id, c->to->position,
					   on_settled, s);
	}
	if (!err)
		return;
	not_settled(c->to->who, err);
	mem_unref(s);
}


void mailer_settlings_drop(struct mailer *m)
{
	for (struct list_link *l; (l = list_first(&m->settlings));)
		mem_unref(container_of(l, struct settling, link));
}


/* ---- Who listens ---- */

static enum im_kind kind_of(const struct store_mailing *r)
{
	switch (r->kind) {
	case MAILING_ADVERTISEMENT:
		return IM_ADVERTISEMENT;
	case MAILING_NOTICE:
		return IM_NOTIFICATION;
	default:
		return r->flags & MAILING_LARGE ? IM_LARGE : IM_PAGER;
	}
}


void mailer_copy_tell(struct mailer *m, const struct copy *c, enum im_outcome outcome,
		      uint16_t status)
{
	const struct store_mailing *r = &c->mail->record;
	int64_t took = loop_wall_ms(m->loop) - r->received_ms;
	char storage[STORE_MAILING_TEXT_MAX];
	struct buf id;

	buf_fixed(&id, storage, sizeof(storage));
	mailer_put_call_id(&id, m, r->id, c->to->position);
	im_events_tell(m->p.events,
		       &(struct im_event){
			       .outcome = outcome,
			       .kind = kind_of(r),
			       .side = IM_CONTROLLING,
			       .status = status,
			       .originator = r->sender,
			       .recipient = c->to->who,
			       .call_id = buf_str(&id),
			       .message_id = str_upto(r->message_id, IM_MESSAGE_ID_MAX),
			       .size = (size_t)r->size,
			       .took_ms = took > 0 && took < INT32_MAX ? (uint32_t)took : 0,
		       });
}


void mailer_copy_tell_watch(struct mail *l, bool served)
{
	struct mailer_posting *p = l->watch;

	if (!p)
		return;
	if (!--l->left)
		l->watch = p->watched = NULL;
	p->settled(p, served, l->left, p->arg);
}
