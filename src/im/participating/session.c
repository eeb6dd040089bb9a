/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions: finding, listing, ending them. */

#include "im/participating/session.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "im/participating/session_state.h"

static struct counter open_now = GAUGE("im.sessions", "sessions that pass through this server now");
static struct counter begun = COUNTER("im.sessions.begun", "sessions begun through this server");

/**
 *     INVITING ---> ACTIVE ---> ENDING
 *         '---------------------^
 */
static const struct sm_state states[] = {
	[IM_SESSION_INVITING] = {"inviting", SM_TO(IM_SESSION_ACTIVE) | SM_TO(IM_SESSION_ENDING)},
	[IM_SESSION_ACTIVE] = {"active", SM_TO(IM_SESSION_ENDING)},
	[IM_SESSION_ENDING] = {"ending", 0},
};
static const struct sm_table machine = SM_TABLE("session", states);

static struct str said_on(struct sip_invite *inv, void *arg);

static const struct sip_invite_handler handler_a = {
	.acked = session_on_acked,
	.modify = session_on_modify,
	.modified = session_on_modified,
	.session = said_on,
	.request = session_on_request,
	.ended = session_on_ended,
};
static const struct sip_invite_handler handler_b = {
	.provisional = session_on_provisional,
	.answered = session_on_answered,
	.acked = session_on_acked,
	.modify = session_on_modify,
	.modified = session_on_modified,
	.session = said_on,
	.request = session_on_request,
	.ended = session_on_ended,
};
/* What a focus, or a device, is asked for is carried to it (RFC 5366, RFC 3891); who does not know it says so. */
const struct sip_invite_profile session_profile_a = {
	.allow = STR_INIT(SESSION_ALLOW),
	.supported = STR_INIT("recipient-list-invite, replaces"),
	.handler = &handler_a,
};
/* RFC 5366: what the focus behind us understands. */
const struct sip_invite_profile session_profile_focus = {.allow = STR_INIT(SESSION_ALLOW),
							 .supported = STR_INIT(
								 "recipient-list-invite, replaces"),
							 .handler = &handler_a};
const struct sip_invite_profile session_profile_b = {.allow = STR_INIT(SESSION_ALLOW),
						     .handler = &handler_b};


const char *im_session_state_name(enum im_session_state s)
{
	return sm_name(&machine, (uint8_t)s);
}


void session_move(struct im_session *s, enum im_session_state to)
{
	sm_move(&machine, &s->state, (uint8_t)to);
}


/* ---- Legs ---- */

struct session_leg *session_leg(struct im_session *s, enum session_leg_id id)
{
	if (id == LEG_A)
		return &s->a;
	return s->won ? &s->won->leg : NULL;
}


enum session_leg_id session_leg_id(const struct session_leg *l)
{
	return l == &l->session->a ? LEG_A : LEG_B;
}


struct session_branch *session_branch_of(struct session_leg *l)
{
	return container_of(l, struct session_branch, leg);
}


struct sip_dialog *session_dialog(struct im_session *s, enum session_leg_id id)
{
	struct session_leg *l = session_leg(s, id);

	return l && l->inv ? sip_invite_dialog(l->inv) : NULL;
}


/* In the embedded setting the caller's leg follows the originating rows, the callee's the terminating ones. */
enum session_function session_function(const struct im_session *s, enum session_leg_id id)
{
	if (s->originating && s->terminating)
		return id == LEG_A ? SESSION_OPF : SESSION_TPF;
	return s->originating ? SESSION_OPF : SESSION_TPF;
}


static struct str said_on(struct sip_invite *inv, void *arg)
{
	const struct session_leg *l = arg;

	(void)inv;
	return session_media_said(l->session->media, session_leg_id(l));
}


/* ---- The table ---- */

struct im_session *session_find(const struct im_sessions *ss, struct str id)
{
	if (id.n != IM_SESSION_ID_N)
		return NULL;
	struct hash_link *l = hash_first(&ss->by_id, hash_bytes(&ss->by_id.key, id.p, id.n));
	for (; l; l = hash_next(l)) {
		struct im_session *s = container_of(l, struct im_session, by_id);

		if (str_eq(id, (struct str){s->id, IM_SESSION_ID_N}))
			return s;
	}
	return NULL;
}


/* 80 bits of chance in letters that can be read aloud. */
static void id_make(struct im_sessions *ss, char id[static IM_SESSION_ID_N])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint64_t chance = 0;

	for (int i = 0; i < IM_SESSION_ID_N; i++, chance >>= 5) {
		if (i % 12 == 0)
			chance = loop_random_u64(ss->loop);
		id[i] = letters[chance & 31];
	}
}


void session_enter(struct im_sessions *ss, struct im_session *s)
{
	do
		id_make(ss, s->id);
	while (session_find(ss, (struct str){s->id, IM_SESSION_ID_N}));
	s->table = ss;
	s->number = ++ss->begun;
	s->since_wall_ms = loop_wall_ms(ss->loop);
	hash_insert(&ss->by_id, &s->by_id, hash_bytes(&ss->by_id.key, s->id, IM_SESSION_ID_N));
	list_append(&ss->all, &s->in_all);
	counter_add(&open_now, 1);
	counter_add(&begun, 1);
}


void session_leave(struct im_session *s)
{
	if (!list_linked(&s->in_all))
		return;
	hash_remove(&s->table->by_id, &s->by_id);
	list_remove(&s->table->all, &s->in_all);
	counter_add(&open_now, -1);
}


void im_sessions_counters_register(void)
{
	counter_register(&open_now, 1);
	counter_register(&begun, 1);
}


static void end_all(struct im_sessions *ss, enum session_end why)
{
	struct list_link *l;

	while ((l = list_first(&ss->all)))
		session_end(container_of(l, struct im_session, in_all), why, 503);
}


void im_sessions_stop(struct im_sessions *ss)
{
	ss->stopping = true;
	end_all(ss, SESSION_END_SHUTDOWN);
}


static void destroy(void *object)
{
	struct im_sessions *ss = object;

	im_sessions_stop(ss);
	hash_done(&ss->by_id);
	hash_done(&ss->users);
}


int im_sessions_alloc(struct im_sessions **ret, const struct im_sessions_params *p)
{
	struct im_sessions *ss = mem_alloc(sizeof(*ss), destroy);

	if (!ss)
		return -ENOMEM;
	list_init(&ss->all);
	ss->sip = p->sip;
	ss->dialogs = p->dialogs;
	ss->msrp = p->msrp;
	ss->events = p->events;
	ss->addresses = p->addresses;
	ss->rules = p->rules;
	ss->trust = p->trust;
	ss->judge = p->judge;
	ss->judge_arg = p->judge_arg;
	ss->loop = sip_loop(p->sip);
	int err = hash_init(&ss->by_id, 64);
	if (!err)
		err = hash_init(&ss->users, 64);
	if (err) {
		mem_unref(ss);
		return err;
	}
	loop_random(ss->loop, &ss->by_id.key, sizeof(ss->by_id.key));
	loop_random(ss->loop, &ss->users.key, sizeof(ss->users.key));
	*ret = ss;
	return 0;
}


/* ---- For the operator ---- */

static struct str call_id_of(struct im_session *s, enum session_leg_id id)
{
	struct sip_dialog *d = session_dialog(s, id);

	return d ? sip_dialog_call_id(d) : STR_NULL;
}


static void tell(struct im_session *s, im_session_info_cb *cb, void *arg)
{
	struct im_session_info i = {
		.id = {s->id, IM_SESSION_ID_N},
		.number = s->number,
		.state = (enum im_session_state)s->state,
		.kind = (enum im_kind)s->kind,
		.originating = s->originating,
		.terminating = s->terminating,
		.originator = s->report.originator,
		.recipient = s->report.recipient,
		.caller_call_id = call_id_of(s, LEG_A),
		.callee_call_id = call_id_of(s, LEG_B),
		.since_ms = s->since_wall_ms,
		.established_ms = s->established_wall_ms,
	};

	session_media_count(s->media, &i.messages, &i.bytes);
	cb(&i, arg);
}


void im_sessions_list(const struct im_sessions *ss, struct str user, uint64_t after, size_t limit,
		      im_session_info_cb *cb, void *arg)
{
	for (struct list_link *l = list_first(&ss->all); l && limit; l = list_next(&ss->all, l)) {
		struct im_session *s = container_of(l, struct im_session, in_all);

		if (s->number <= after || (user.n && !str_eq(user, s->report.originator) &&
					   !str_eq(user, s->report.recipient)))
			continue;
		tell(s, cb, arg);
		limit--;
	}
}


int im_sessions_show(const struct im_sessions *ss, struct str id, im_session_info_cb *cb, void *arg)
{
	struct im_session *s = session_find(ss, id);

	if (!s)
		return -ENOENT;
	tell(s, cb, arg);
	return 0;
}


int im_sessions_end(struct im_sessions *ss, struct str id)
{
	struct im_session *s = session_find(ss, id);

	if (!s)
		return -ENOENT;
	session_end(s, SESSION_END_OPERATOR, 480);
	return 0;
}
