/* SPDX-License-Identifier: Apache-2.0 */
/* The bundled client in a group: what it tells of it. */
#include "scenario/runner/client.h"


/* ---- People ---- */

void scn_group_person(struct parley_session *session, const struct parley_person *p,
		      enum parley_presence before, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "person");

	(void)session;
	scn_tell_text(&t, "State", parley_presence_name(p->presence));
	scn_tell_text(&t, "Before", parley_presence_name(before));
	scn_tell_text(&t, "Who", p->uri);
	scn_tell_text(&t, "Name", p->name);
	scn_tell_text(&t, "How", p->how);
	scn_tell_text(&t, "Reason", p->reason);
	if (p->own)
		scn_tell_text(&t, "Own", "yes");
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


struct listing {
	struct arena *arena;
	struct str of[PARLEY_PERSON_AWAY + 1];
};


static void list(const struct parley_person *p, void *arg)
{
	struct listing *l = arg;
	struct str *all = &l->of[p->presence];

	*all = scn_fmt(l->arena, STR_FMT "%s%s", STR_ARG(*all), all->n ? ", " : "", p->uri);
}


void scn_client_tell_roster(struct scn_session *s)
{
	struct scn_telling t = scn_telling_of(s->c, "roster");
	struct listing l = {.arena = s->c->peer->play->arena};

	scn_tell_text(&t, "Known", parley_group_people(s->session, list, &l) ? "no" : "yes");
	scn_tell(&t, "Here", l.of[PARLEY_PERSON_HERE]);
	scn_tell(&t, "Invited", l.of[PARLEY_PERSON_INVITED]);
	scn_tell(&t, "Away", l.of[PARLEY_PERSON_AWAY]);
	scn_tell_text(&t, "Subject", parley_session_subject(s->session));
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


void scn_group_roster(struct parley_session *session, void *arg)
{
	(void)session;
	scn_client_tell_roster(arg);
}


void scn_group_roster_refused(struct parley_session *session, unsigned status, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "roster");

	(void)session;
	scn_tell_text(&t, "Known", "no");
	scn_tell_number(&t, "Status", status);
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


/* ---- The rest ---- */

void scn_group_person_composing(struct parley_session *session, const char *uri, const char *name,
				bool active, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "chat");

	(void)session;
	scn_tell_text(&t, "State", active ? "writing" : "paused");
	scn_tell_text(&t, "With", uri);
	scn_tell_text(&t, "Name", name);
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


void scn_group_answered(struct parley_session *session, uint32_t number, enum parley_request what,
			unsigned status, void *arg)
{
	static const char *const names[] = {"add", "remove", "nickname"};
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "answer");

	(void)session;
	scn_tell_text(&t, "To", names[what]);
	scn_tell_number(&t, "Number", number);
	scn_tell_number(&t, "Status", status);
	scn_tell(&t, "For", s->name);
	scn_told(&t);
}


void scn_group_lost(struct parley_session *session, const struct parley_outcome *o,
		    uint32_t retry_ms, void *arg)
{
	struct scn_session *s = arg;
	struct scn_telling t = scn_telling_of(s->c, "chat");

	scn_tell_text(&t, "State", "lost");
	scn_tell_text(&t, "Identity", parley_session_identity(session));
	scn_tell_number(&t, "Retry", retry_ms);
	scn_tell(&t, "For", s->name);
	scn_tell_outcome(&t, o);
	scn_told(&t);
}


void scn_client_tell_invited_group(struct scn_telling *t, const struct parley_invitation *i)
{
	struct arena *a = t->c->peer->play->arena;
	struct str others = STR_NULL;

	if (i->group)
		scn_tell_text(t, "Group", "yes");
	scn_tell_text(t, "By", i->by);
	for (size_t n = 0; n < i->others_n; n++)
		others = scn_fmt(a, STR_FMT "%s%s", STR_ARG(others), n ? ", " : "", i->others[n]);
	scn_tell(t, "Others", others);
	if (i->replaces)
		scn_tell_text(t, "Replaces", parley_session_peer(i->replaces));
}
