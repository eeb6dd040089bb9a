/* SPDX-License-Identifier: Apache-2.0 */
/* System messages: what the operator asks for, written to the store. */

#include "im/system/system_message.h"

#include <errno.h>

#include "base/mem.h"
#include "im/system/system_state.h"
#include "subscriber/subscriber.h"


static void on_registration(struct registration_listener *l, enum registration_event e,
			    const struct registration *user, const struct registration_binding *b)
{
	struct im_system *s = l->arg;

	(void)b;
	if (e == REGISTRATION_REGISTERED || e == REGISTRATION_REFRESHED)
		im_system_push(s, registration_aor(user));
}


static void destroy(void *object)
{
	struct im_system *s = object;

	if (s->listener.arg)
		registrations_unlisten(s->p.registrations, &s->listener);
	system_pushes_end(s);
	system_answers_end(s);
	mem_unref(s->p.registrations);
	mem_unref(s->p.subscribers);
	mem_unref(s->p.store);
}


int im_system_alloc(struct im_system **ret, const struct im_system_params *p)
{
	struct im_system *s = mem_alloc(sizeof(*s), destroy);

	if (!s)
		return -ENOMEM;
	s->p = *p;
	mem_ref(p->registrations);
	mem_ref(p->subscribers);
	mem_ref(p->store);
	list_init(&s->pushes);
	list_init(&s->answers);
	s->listener = (struct registration_listener){.changed = on_registration, .arg = s};
	registrations_listen(s->p.registrations, &s->listener);
	*ret = s;
	return 0;
}


size_t im_system_under_way(const struct im_system *s)
{
	return s->pushes.count + s->answers.count;
}


/* ---- Requests of the operator ---- */

static struct str aor_of(const struct im_system_request *q)
{
	return (struct str){q->aor, q->aor_n};
}


static void on_stored(struct store_request *r, int error, void *arg)
{
	struct im_system_request *q = arg;
	struct im_system *s = q->system;
	struct str id = {q->id, q->id_n};

	(void)r;
	q->system = NULL;
	if (!error) {
		subscribers_drop(s->p.subscribers, aor_of(q));
		if (q->pushes)
			im_system_push(s, aor_of(q));
	}
	q->done(q, error, q->pushes && !error ? id : STR(""), q->arg);
}


static int prepare(struct im_system *s, struct im_system_request *q, struct str aor,
		   im_system_done_cb *done, void *arg)
{
	if (aor.n > sizeof(q->aor))
		return -EINVAL;
	*q = (struct im_system_request){.system = s, .done = done, .arg = arg, .aor_n = aor.n};
	memcpy(q->aor, aor.n ? aor.p : "", aor.n);
	return 0;
}


static int begun(struct im_system_request *q, int err)
{
	if (err)
		q->system = NULL;
	return err;
}


/* In order of time, so that a list reads well, and hard to guess: an answer names its message by it. */
static void make_id(struct im_system *s, struct im_system_request *q, int64_t now_ms)
{
	struct buf id;

	buf_fixed(&id, q->id, sizeof(q->id));
	buf_puts(&id, STR("sm-"));
	buf_puthex(&id, (uint64_t)now_ms, 11);
	buf_puthex(&id, loop_random_u64(sip_loop(s->p.sip)), 12);
	q->id_n = id.n;
}


int im_system_send(struct im_system *s, struct im_system_request *q,
		   const struct im_system_message *m, im_system_done_cb *done, void *arg)
{
	int64_t now_ms = loop_wall_ms(sip_loop(s->p.sip));
	int err = prepare(s, q, m->aor, done, arg);

	if (err)
		return err;
	if (m->choices > STORE_CHOICES_MAX)
		return begun(q, -EMSGSIZE);
	if (!m->aor.n || !m->text.n)
		return begun(q, -EINVAL);
	make_id(s, q, now_ms);
	q->pushes = true;
	struct store_system_message record = {
		.aor = aor_of(q),
		.id = {q->id, q->id_n},
		.text = m->text,
		.choices = (unsigned)m->choices,
		.required = m->choices > 0,
		.timeout_s = m->timeout_s ? m->timeout_s : s->p.rules->answer_timeout_s,
		.created_ms = now_ms,
	};
	for (size_t i = 0; i < m->choices; i++)
		record.choice[i] = m->choice[i];
	return begun(q, store_system_message_add(s->p.store, &q->store, &record, on_stored, q));
}


int im_system_clear(struct im_system *s, struct im_system_request *q, struct str aor, struct str id,
		    im_system_done_cb *done, void *arg)
{
	int err = prepare(s, q, aor, done, arg);

	return err ? err
		   : begun(q, store_system_message_clear(s->p.store, &q->store, aor, id, on_stored,
							 q));
}


void im_system_cancel(struct im_system_request *q)
{
	if (!q->system)
		return;
	store_cancel(&q->store);
	q->system = NULL;
}
