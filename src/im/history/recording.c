/* SPDX-License-Identifier: Apache-2.0 */
/* One session being recorded: its two copies, and holding its stream back when the disk falls behind. */
#include "im/history/recording.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "msrp/session.h"


/* ---- Holding the stream back ---- */

static bool content_behind(const struct im_recording *rec, enum msrp_side side)
{
	for (struct list_link *l = rec->contents ? list_first(&rec->open) : NULL; l;
	     l = list_next(&rec->open, l)) {
		const struct recorded *m = container_of(l, struct recorded, link);

		if (m->from == side && m->content && store_content_behind(m->content))
			return true;
	}
	return false;
}


static void hold(struct im_recording *rec, enum msrp_side side, struct msrp_session *s)
{
	bool behind = rec->queued > HISTORY_BEHIND_HIGH || rec->h->queued > HISTORY_BEHIND_ALL ||
		      content_behind(rec, side);

	if (!behind || rec->held[side] || rec->ended)
		return;
	rec->held[side] = mem_ref(s);
	msrp_session_pause(s);
	history_tally(HISTORY_PAUSES, 1);
}


static void let_side_go(struct im_recording *rec, int side)
{
	struct msrp_session *s = rec->held[side];

	rec->held[side] = NULL;
	if (!s)
		return;
	msrp_session_resume(s);
	mem_unref(s);
}


void recording_let_go(struct im_recording *rec)
{
	if (rec->queued > HISTORY_BEHIND_LOW || rec->h->queued > HISTORY_BEHIND_ALL)
		return;
	for (int side = 0; side < 2; side++)
		if (!content_behind(rec, (enum msrp_side)side))
			let_side_go(rec, side);
}


/* One session's room may be what another waits for. */
void recording_unqueue(struct im_recording *rec, size_t n)
{
	struct history *h = rec->h;
	bool was_full = h->queued > HISTORY_BEHIND_ALL;

	rec->queued -= n;
	h->queued -= n;
	recording_let_go(rec);
	if (!was_full || h->queued > HISTORY_BEHIND_ALL)
		return;
	for (struct list_link *l = list_first(&h->recordings); l; l = list_next(&h->recordings, l))
		recording_let_go(container_of(l, struct im_recording, link));
}


/* ---- The tap ---- */

static uint16_t on_head(enum msrp_side from, const struct msrp_receive *r, void **cookie, void *arg)
{
	struct im_recording *rec = arg;
	struct recorded *m = NULL;

	if (r->frame->method != MSRP_METHOD_SEND)
		return 0;
	/* Without a body (and a type) it may be the end, or the abort, of what came before. */
	if (!r->frame->body)
		m = recorded_find(rec, from, r->frame->message_id);
	else if (!history_is_nothing(r->frame->content_type))
		m = recorded_of(rec, from, r->frame);
	if (m)
		m->chunks++;
	*cookie = m;
	return 0;
}


static void on_piece(enum msrp_side from, const struct msrp_receive *r, struct str piece,
		     void *cookie, void *arg)
{
	struct im_recording *rec = arg;

	if (!cookie)
		return;
	recorded_piece(cookie, r->offset, piece);
	hold(rec, from, r->session);
}


static void on_end(enum msrp_side from, const struct msrp_receive *r, char flag, void *cookie,
		   void *arg)
{
	struct im_recording *rec = arg;

	if (!cookie)
		return;
	mem_ref(rec);
	recorded_end(cookie, r->offset, flag);
	if (flag)
		hold(rec, from, r->session);
	mem_unref(rec);
}


static void on_answered(enum msrp_side from, uint16_t status, void *cookie, void *arg)
{
	(void)from;
	(void)arg;
	if (cookie)
		recorded_answered(cookie, status);
}


const struct msrp_tap history_tap = {
	.head = on_head,
	.piece = on_piece,
	.end = on_end,
	.answered = on_answered,
};


/* ---- The copies ---- */

static void on_begun(struct store_request *r, int error, void *arg)
{
	struct recording_copy *c = arg;

	(void)r;
	if (error)
		log_warning("history", "a conversation of " STR_FMT " has no beginning: %s",
			    STR_ARG(c->owner), strerror(-error));
	mem_unref(c->rec);
}


static void copy_begin(struct recording_copy *c)
{
	struct im_recording *rec = c->rec;
	struct store_conversation v = {
		.id = c->conversation,
		.owner = c->owner,
		.peer = c->peer,
		.call_id = str_upto(rec->call_id, STORE_HISTORY_TEXT_MAX),
		.kind = history_kind_of(rec->kind),
		.outgoing = c->outgoing,
		.begin_ms = rec->begin_ms,
	};
	int err = store_history_begin(rec->h->store, &c->begin, &v, on_begun, c);

	if (!err)
		mem_ref(rec);
	history_tally(HISTORY_CONVERSATIONS, 1);
}


static void on_ended(struct store_request *r, int error, void *arg)
{
	struct recording_copy *c = arg;

	(void)r;
	(void)error;
	mem_unref(c->rec);
}


static void copy_end(struct recording_copy *c)
{
	struct im_recording *rec = c->rec;

	if (c->wanted && !store_history_end(rec->h->store, &c->end, c->conversation, rec->end_ms,
					    (struct str){rec->reason, rec->reason_n}, on_ended, c))
		mem_ref(rec);
}


/* All are known: what waited for that is written, or was in vain. */
static void decided(struct im_recording *rec)
{
	recorded_flush(rec);
	if (!rec->ended)
		return;
	gathering_write(rec);
	for (size_t i = 0; i < rec->copies; i++)
		copy_end(&rec->copy[i]);
}


static void know(struct recording_copy *c, const struct subscriber *s)
{
	struct im_recording *rec = c->rec;

	c->wanted = history_wanted(s, rec->kind);
	if (!c->wanted)
		return;
	c->conversation = store_history_conversation_id(rec->h->store, rec->begin_ms);
	copy_begin(c);
}


static void on_loaded(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct recording_copy *c = arg;
	struct im_recording *rec = c->rec;

	(void)q;
	rec->asking--;
	c->loading = false;
	know(c, error ? NULL : s);
	if (!rec->asking)
		decided(rec);
	mem_unref(rec);
}


static void ask(struct recording_copy *c)
{
	struct im_recording *rec = c->rec;
	struct subscriber *s = NULL;
	int err = subscribers_find(rec->h->subscribers, c->owner, &s);

	if (err != -EAGAIN) {
		know(c, err ? NULL : s);
	} else if (!subscriber_load(rec->h->subscribers, &c->query, c->owner, on_loaded, c)) {
		rec->asking++;
		c->loading = true;
		mem_ref(rec);
	}
}


/* ---- Life ---- */

static void recording_destroy(void *object)
{
	struct im_recording *rec = object;

	for (int i = 0; i < 2; i++) {
		subscriber_load_cancel(&rec->copy[i].query);
		store_cancel(&rec->copy[i].begin);
		store_cancel(&rec->copy[i].end);
		let_side_go(rec, i);
	}
	if (rec->gathering.entries)
		history_lost(rec->copy[0].owner, -ENOMEM);
	if (rec->gathering.queued)
		recording_unqueue(rec, rec->gathering.queued);
	gathering_done(&rec->gathering);
	list_remove(&rec->h->recordings, &rec->link);
	while (!rec->h->recordings.count && rec->h->spares)
		buf_done(&rec->h->spare[--rec->h->spares]);
	mem_free(rec->text);
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static bool copy_texts(struct im_recording *rec, const struct im_recorded_session *s)
{
	char *at = mem_raw(s->originator.n + s->recipient.n + s->call_id.n + 1);

	if (!at)
		return false;
	rec->text = at;
	rec->originator = put(&at, s->originator);
	rec->recipient = put(&at, s->recipient);
	rec->call_id = put(&at, s->call_id);
	return true;
}


static void copy_add(struct im_recording *rec, bool outgoing)
{
	struct recording_copy *c = &rec->copy[rec->copies];

	c->rec = rec;
	c->outgoing = outgoing;
	c->owner = outgoing ? rec->originator : rec->recipient;
	c->peer = outgoing ? rec->recipient : rec->hidden ? HISTORY_ANONYMOUS : rec->originator;
	if (!c->owner.n || (rec->copies && str_eq(rec->copy[0].owner, c->owner)))
		return;
	rec->copies++;
	ask(c);
}


static bool any_wanted(const struct im_recording *rec)
{
	bool wanted = rec->asking > 0;

	for (size_t i = 0; i < rec->copies; i++)
		wanted |= rec->copy[i].wanted;
	return wanted;
}


struct im_recording *history_begin(const struct im_recorded_session *s, void *arg)
{
	struct history *h = arg;
	struct im_recording *rec;

	if (!h->config.enabled)
		return NULL;
	rec = mem_alloc(sizeof(*rec), recording_destroy);
	if (!rec)
		return NULL;
	rec->h = h;
	list_append(&h->recordings, &rec->link);
	list_init(&rec->open);
	list_init(&rec->ready);
	list_init(&rec->storing);
	gathering_init(&rec->gathering);
	rec->kind = s->kind;
	rec->hidden = s->originator_hides;
	rec->begin_ms = loop_wall_ms(h->loop);
	if (!copy_texts(rec, s)) {
		mem_unref(rec);
		return NULL;
	}
	if (s->sides & IM_RECORD_ORIGINATOR)
		copy_add(rec, true);
	if (s->sides & IM_RECORD_RECIPIENT)
		copy_add(rec, false);
	if (!any_wanted(rec)) {
		mem_unref(rec);
		return NULL;
	}
	return rec;
}


void history_end(struct im_recording *rec, struct str reason, void *arg)
{
	(void)arg;
	rec->ended = true;
	rec->end_ms = loop_wall_ms(rec->h->loop);
	rec->reason_n = str_upto(reason, sizeof(rec->reason)).n;
	if (rec->reason_n)
		memcpy(rec->reason, reason.p, rec->reason_n);
	for (int i = 0; i < 2; i++)
		let_side_go(rec, i);
	recorded_end_all(rec);
	if (!rec->asking)
		decided(rec);
	mem_unref(rec);
}


static void copy_drop(struct recording_copy *c)
{
	unsigned held = c->loading + store_pending(&c->begin) + store_pending(&c->end);

	subscriber_load_cancel(&c->query);
	store_cancel(&c->begin);
	store_cancel(&c->end);
	c->loading = false;
	while (held--)
		mem_unref(c->rec);
}


void history_recordings_done(struct history *h)
{
	for (struct list_link *l; (l = list_first(&h->recordings));) {
		struct im_recording *rec = container_of(l, struct im_recording, link);

		mem_ref(rec);
		recorded_drop_all(rec);
		gathering_drop(rec);
		for (size_t i = 0; i < rec->copies; i++)
			copy_drop(&rec->copy[i]);
		if (!rec->ended)
			mem_unref(rec);
		mem_unref(rec);
	}
}
