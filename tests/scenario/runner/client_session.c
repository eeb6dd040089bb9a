/* SPDX-License-Identifier: Apache-2.0 */
/* The bundled client's sessions: what it tells of them, and what it is made to do in them. */
#include <errno.h>

#include "scenario/runner/client.h"

/** Content kept for checks; of more, only the size. */
#define CONTENT_MAX ((size_t)16 << 20)


static struct scn_session *session_make(struct scn_client *c, struct str name,
					enum parley_mode mode)
{
	struct scn_session *s = scn_alloc(c->peer->play->arena, sizeof(*s));

	s->c = c;
	s->name = name;
	s->mode = mode;
	buf_init(&s->bytes, CONTENT_MAX);
	s->next = c->sessions;
	c->sessions = s;
	return s;
}


struct scn_session *scn_client_session(const struct scn_client *c, struct str name)
{
	for (struct scn_session *s = c->sessions; s; s = s->next)
		if (s->session && (!name.p || str_eq(s->name, name)))
			return s;
	return NULL;
}


void scn_client_sessions_done(struct scn_client *c)
{
	for (struct scn_session *s = c->sessions; s; s = s->next)
		buf_done(&s->bytes);
	c->sessions = NULL;
}


/* ---- Invitations ---- */

unsigned scn_client_invited(struct parley *p, const struct parley_invitation *i, void *arg)
{
	struct scn_client *c = arg;
	unsigned status = c->answers ? c->answers : 200;
	struct scn_telling t = scn_telling_of(c, "invitation");
	struct scn_session *s;

	(void)p;
	if (status < 300) {
		s = session_make(c, STR_NULL, i->mode);
		s->session = i->session;
		parley_session_set_arg(i->session, s);
	}
	/* What comes in it is told when it is there. */
	if (status == 200 && i->mode != PARLEY_CHAT)
		return status;
	scn_tell_text(&t, "From", i->from);
	scn_tell_text(&t, "Name", i->from_name);
	scn_tell_text(&t, "To", i->to);
	scn_tell_text(&t, "Subject", i->subject);
	scn_tell_text(&t, "Mode", parley_mode_name(i->mode));
	scn_tell_text(&t, "File", i->name);
	scn_tell_text(&t, "Type", i->type);
	if (i->size != PARLEY_SIZE_UNKNOWN)
		scn_tell_number(&t, "Size", (long long)i->size);
	scn_client_tell_invited_group(&t, i);
	scn_tell_number(&t, "Answered", status);
	scn_told(&t);
	return status;
}


/* ---- Chats ---- */

static void tell_state(struct scn_session *s, const char *state)
{
	struct scn_telling t = scn_telling_of(s->c, "chat");

	scn_tell_text(&t, "State", state);
	scn_tell_text(&t, "With", parley_session_peer(s->session));
	scn_tell_text(&t, "Identity", parley_session_identity(s->session));
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


static void on_ringing(struct parley_session *session, void *arg)
{
	(void)session;
	tell_state(arg, "ringing");
}


static void on_established(struct parley_session *session, void *arg)
{
	(void)session;
	tell_state(arg, "established");
}


static void on_composing(struct parley_session *session, bool active, void *arg)
{
	(void)session;
	tell_state(arg, active ? "writing" : "paused");
}


static bool on_message(struct parley_session *session, const struct parley_message *m, void *arg)
{
	struct scn_session *s = arg;

	(void)session;
	return scn_tell_message(s->c, m, PARLEY_CHAT);
}


static void on_report(struct parley_session *session, const struct parley_report *r, void *arg)
{
	struct scn_session *s = arg;

	(void)session;
	scn_tell_report(s->c, r);
}


/* What was taken is nobody's business. */
static void on_sent(struct parley_session *session, uint32_t number, unsigned status, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "refusal");

	(void)session;
	if (status == 200)
		return;
	scn_tell_number(&t, "Line", number);
	scn_tell_number(&t, "Status", status);
	scn_told(&t);
}


/* ---- Large messages and files ---- */

static bool on_content(struct parley_session *session, const struct parley_content *m, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling *t = scn_alloc(s->c->peer->play->arena, sizeof(*t));

	(void)session;
	*t = scn_telling_of(s->c, "message");
	scn_tell_text(t, "From", m->from);
	scn_tell_text(t, "Name", m->from_name);
	scn_tell_text(t, "To", m->to);
	scn_tell_text(t, "Mode", parley_mode_name(s->mode));
	scn_tell_text(t, "Type", m->type);
	scn_tell_text(t, "File", m->name);
	scn_tell_text(t, "Message-ID", m->message_id);
	scn_tell_reports(t, m->reports);
	if (m->sent_ms >= 0)
		scn_tell_number(t, "Sent", (long long)m->sent_ms);
	s->content = t;
	return true;
}


static bool on_piece(struct parley_session *session, uint64_t offset, const void *bytes, size_t n,
		     void *arg)
{
	struct scn_session *s = arg;

	(void)session;
	if (offset == s->bytes.n)
		buf_put(&s->bytes, bytes, n);
	return offset < CONTENT_MAX;
}


static bool on_complete(struct parley_session *session, uint64_t size, void *arg)
{
	struct scn_session *s = arg;

	(void)session;
	scn_tell_number(s->content, "Size", (long long)size);
	s->content->m->body = scn_copy(s->c->peer->play->arena, buf_str(&s->bytes));
	buf_done(&s->bytes);
	scn_told(s->content);
	return !s->c->looks_away;
}


/* Of one that only carried something, when it was cut short. */
static void on_ended(struct parley_session *session, const struct parley_session_end *e, void *arg)
{
	static const char *const whys[] = {
		[PARLEY_ENDED_US] = "us",
		[PARLEY_ENDED_THEM] = "them",
		[PARLEY_REFUSED_THEM] = "refused",
		[PARLEY_FAILED] = "failed",
	};
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, s->mode == PARLEY_CHAT ? "chat" : "loss");

	if (s->mode == PARLEY_CHAT || e->outcome->error) {
		if (s->mode == PARLEY_CHAT)
			scn_tell_text(&t, "State", "ended");
		scn_tell_text(&t, "Why", whys[e->why]);
		scn_tell_text(&t, "Identity", parley_session_identity(session));
		scn_tell(&t, "For", s->name);
		scn_tell_outcome(&t, e->outcome);
		scn_told(&t);
	}
	s->session = NULL;
	buf_done(&s->bytes);
}


const struct parley_session_handler scn_session_handler = {
	.ringing = on_ringing,
	.established = on_established,
	.message = on_message,
	.composing = on_composing,
	.report = on_report,
	.sent = on_sent,
	.content = on_content,
	.piece = on_piece,
	.complete = on_complete,
	.person = scn_group_person,
	.roster = scn_group_roster,
	.roster_refused = scn_group_roster_refused,
	.person_composing = scn_group_person_composing,
	.answered = scn_group_answered,
	.lost = scn_group_lost,
	.ended = on_ended,
};


int scn_client_chat(struct scn_client *c, struct str name, const struct parley_chat_params *params)
{
	struct scn_session *s = session_make(c, name, PARLEY_CHAT);
	struct parley_chat_params p = *params;

	p.handler = &scn_session_handler;
	p.arg = s;
	return parley_chat(&s->session, c->parley, &p);
}
