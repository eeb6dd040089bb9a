/* SPDX-License-Identifier: Apache-2.0 */
/* Statements by which the bundled client acts in a group, and that judge what it tells of one. */
#include "scenario/runner/client.h"
#include "scenario/runner/statements.h"


/* ---- Acting ---- */

/** "bob,carol": names, or URIs. */
static const char **uris_of(struct scn_play *p, struct str list, size_t *ret_n)
{
	const char **uris = scn_alloc(p->arena, PARLEY_GROUP_MAX * sizeof(*uris));
	size_t n = 0;

	while (list.p && n < PARLEY_GROUP_MAX) {
		struct str one = str_trim(str_cut(&list, ','));

		if (one.n)
			uris[n++] = scn_client_uri(p, one).p;
	}
	*ret_n = n;
	return uris;
}


static bool taken(struct scn_play *p, const struct scn_step *st, int err)
{
	if (err)
		return scn_fail(p, st->line, "it was not taken: %s", strerror(-err));
	scn_settle(p);
	return !p->failed;
}


static bool play_begins(struct scn_play *p, const struct scn_step *st)
{
	struct parley_chat_params params = {.to = NULL};
	struct str members, name, subject, factory, old;
	struct scn_client *c;
	struct scn_session *extended = NULL;

	if (!scn_step_client(p, st, &c) || !scn_step_arg(p, st, "VALUE", &members) ||
	    !scn_step_arg(p, st, "NAME_AS", &name) || !scn_step_arg(p, st, "QUOTED", &subject) ||
	    !scn_step_arg(p, st, "VALUE_FACTORY", &factory) ||
	    !scn_step_arg(p, st, "NAME_OLD", &old))
		return false;
	if (old.p) {
		extended = scn_client_session(c, old);
		if (!extended)
			return scn_fail(p, st->line, "it has no such session");
		params.extends = extended->session;
	}
	params.members = uris_of(p, members, &params.members_n);
	if (factory.p)
		params.to = scn_client_uri(p, factory).p;
	if (subject.p)
		params.subject = scn_copy(p->arena, subject).p;
	return taken(p, st, scn_client_chat(c, name, &params));
}


static bool play_adds(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	struct str list;
	const char **uris;
	size_t n;

	if (!scn_step_session(p, st, &s) || !scn_step_arg(p, st, "VALUE", &list))
		return false;
	uris = uris_of(p, list, &n);
	return taken(p, st, parley_group_add(s->session, uris, n, NULL));
}


static bool play_removes(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	struct str who;

	if (!scn_step_session(p, st, &s) || !scn_step_arg(p, st, "TARGET", &who))
		return false;
	return taken(p, st, parley_group_remove(s->session, scn_client_uri(p, who).p, NULL));
}


static bool play_nickname(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	struct str name;

	if (!scn_step_session(p, st, &s) || !scn_step_arg(p, st, "QUOTED", &name))
		return false;
	return taken(p, st, parley_group_nickname(s->session, scn_copy(p->arena, name).p, NULL));
}


static bool play_says_to(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	struct str text, who;

	if (!scn_step_session(p, st, &s) || !scn_step_arg(p, st, "QUOTED", &text) ||
	    !scn_step_arg(p, st, "TARGET", &who))
		return false;
	return taken(p, st,
		     parley_group_send_to(s->session, scn_client_uri(p, who).p,
					  scn_copy(p->arena, text).p, NULL, NULL));
}


static bool play_asks_who(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;

	if (!scn_step_session(p, st, &s))
		return false;
	scn_client_tell_roster(s);
	return true;
}


/* ---- Judging ---- */

static bool play_gets_roster(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;

	return scn_step_told(p, st, "roster", &a) && scn_step_judge(p, st, a, STR("roster"), false);
}


static bool play_gets_person(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str who, state;
	bool wrong;

	if (!scn_step_arg(p, st, "TARGET", &who) || !scn_step_arg(p, st, "VALUE", &state) ||
	    !scn_step_told(p, st, "person", &a))
		return false;
	wrong = !str_eq(scn_header_value(a->msg, STR("State")), state) ||
		!str_eq(scn_header_value(a->msg, STR("Who")), scn_client_uri(p, who));
	return scn_step_judge(p, st, a,
			      scn_fmt(p->arena, "person " STR_FMT " " STR_FMT, STR_ARG(who),
				      STR_ARG(state)),
			      wrong);
}


static bool play_gets_answer(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str status;
	bool wrong;

	if (!scn_step_arg(p, st, "STATUS", &status) || !scn_step_told(p, st, "answer", &a))
		return false;
	wrong = !str_eq(scn_header_value(a->msg, STR("Status")), status);
	return scn_step_judge(p, st, a, scn_fmt(p->arena, "answer " STR_FMT, STR_ARG(status)),
			      wrong);
}


const struct scn_form scn_group_forms[] = {
	{"CLIENT begins a group of VALUE [as NAME_AS] [about QUOTED] [by VALUE_FACTORY] "
	 "[instead of NAME_OLD]",
	 "a group made on the spot of these (`bob,carol`), by the factory; `instead of` a chat, "
	 "whose other side comes, too",
	 play_begins},
	{"CLIENT adds VALUE [in NAME]", "REFER: invite these to the group", play_adds},
	{"CLIENT removes TARGET [in NAME]", "REFER: send somebody away", play_removes},
	{"CLIENT takes nickname QUOTED [in NAME]", "NICKNAME of MSRP", play_nickname},
	{"CLIENT says QUOTED to TARGET [in NAME]", "a line for one of the group alone",
	 play_says_to},
	{"CLIENT asks who is there [in NAME]", "what it knows is told: see `gets roster`",
	 play_asks_who},
	{"CLIENT gets roster [within TIME]",
	 "who is in the group, at first and when asked; checks of Known, Here, Invited, Away, "
	 "Subject, Status",
	 play_gets_roster, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets person TARGET VALUE [within TIME]",
	 "somebody is invited, here, away; checks of Who, Name, Before, How, Reason",
	 play_gets_person, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets answer STATUS [within TIME]",
	 "what came of adds, removes, takes nickname; checks of To, Number", play_gets_answer,
	 .beneath = SCN_CHECKS, .judges = true},
	{0},
};
