/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a group, as lines or as JSON. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#define LINE_MAX_BYTES (1u << 20)


/* ---- One line to the user ---- */

/* What the group is told by goes to standard error: standard output has what is said. */
static bool tell(const struct cli *c, struct buf *line)
{
	(void)c;
	if (!line->failed)
		fprintf(stderr, "parley: " STR_FMT "\n", STR_ARG(buf_str(line)));
	buf_done(line);
	return true;
}


static void put_person(struct buf *b, const char *name, const char *uri)
{
	show_text(b, *name ? str_of(name) : *uri ? str_of(uri) : STR("somebody"), 0);
	if (*name && *uri) {
		buf_puts(b, STR(" ("));
		show_text(b, str_of(uri), 0);
		buf_putc(b, ')');
	}
}


/* ---- People ---- */

static json_t *person_json(const struct parley_person *p)
{
	json_t *o = json_pack("{s:s}", "state", parley_presence_name(p->presence));

	show_put_name(o, "uri", p->uri);
	if (*p->name)
		show_put_name(o, "name", p->name);
	if (p->own)
		json_object_set_new(o, "own", json_true());
	if (*p->how)
		show_put_name(o, "how", p->how);
	if (*p->reason)
		show_put_name(o, "reason", p->reason);
	return o;
}


/* RFC 4575 5.7.6: how somebody went. */
static const char *words_of(const struct parley_person *p, enum parley_presence before)
{
	if (p->presence == PARLEY_PERSON_HERE)
		return before == PARLEY_PERSON_HERE ? "is called so now" : "has joined";
	if (p->presence == PARLEY_PERSON_INVITED)
		return "is invited";
	if (!strcmp(p->how, "booted"))
		return "was sent away";
	if (!strcmp(p->how, "busy"))
		return "is busy";
	if (before == PARLEY_PERSON_INVITED)
		return strstr(p->reason, "cause=603") ? "has declined" : "cannot be reached";
	return !strcmp(p->how, "failed") ? "was lost" : "has left";
}


/* What the program's user has done, and names that do not change who is there, are no news. */
static bool is_news(const struct parley_person *p, enum parley_presence before)
{
	if (p->own)
		return false;
	return p->presence != PARLEY_PERSON_AWAY || before == PARLEY_PERSON_INVITED ||
	       before == PARLEY_PERSON_HERE;
}


bool show_person(const struct cli *c, const struct parley_person *p, enum parley_presence before)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	if (c->json) {
		json_t *o = person_json(p);

		json_object_set_new(o, "event", json_string("person"));
		json_object_set_new(o, "before", json_string(parley_presence_name(before)));
		return show_print_json(o);
	}
	if (!is_news(p, before))
		return true;
	put_person(&line, p->name, p->uri);
	buf_printf(&line, " %s", words_of(p, before));
	return tell(c, &line);
}


struct listing {
	const struct cli *cli;
	json_t *people;
	struct buf line;
	unsigned here, invited;
};


static void list_json(const struct parley_person *p, void *arg)
{
	struct listing *l = arg;

	json_array_append_new(l->people, person_json(p));
}


static void list_line(const struct parley_person *p, void *arg)
{
	struct listing *l = arg;

	if (p->presence != PARLEY_PERSON_HERE && p->presence != PARLEY_PERSON_INVITED)
		return;
	l->here += p->presence == PARLEY_PERSON_HERE;
	l->invited += p->presence == PARLEY_PERSON_INVITED;
	buf_puts(&l->line, STR("\n  "));
	put_person(&l->line, p->name, p->uri);
	if (p->own)
		buf_puts(&l->line, STR(", you"));
	if (p->presence == PARLEY_PERSON_INVITED)
		buf_puts(&l->line, STR(", invited"));
}


bool show_roster(const struct cli *c, const struct parley_session *s)
{
	struct listing l = {.cli = c, .line = BUF_INIT(LINE_MAX_BYTES)};
	struct buf head = BUF_INIT(LINE_MAX_BYTES);
	json_t *o;
	int err;

	if (c->json) {
		l.people = json_array();
		err = parley_group_people(s, list_json, &l);
		o = json_pack("{s:s,s:b,s:o}", "event", "roster", "known", !err, "people",
			      l.people);
		return show_print_json(o);
	}
	err = parley_group_people(s, list_line, &l);
	if (err) {
		buf_done(&l.line);
		buf_puts(&head, STR("who is here is not known"));
		return tell(c, &head);
	}
	buf_printf(&head, "%u %s here", l.here, l.here == 1 ? "is" : "are");
	if (l.invited)
		buf_printf(&head, ", %u invited", l.invited);
	if (*parley_session_subject(s)) {
		buf_puts(&head, STR(", about "));
		show_text(&head, str_of(parley_session_subject(s)), 0);
	}
	buf_puts(&head, STR(":"));
	buf_puts(&head, buf_str(&l.line));
	buf_done(&l.line);
	return tell(c, &head);
}


bool show_roster_refused(const struct cli *c, unsigned status)
{
	struct buf line = BUF_INIT(256);

	if (c->json)
		return show_print_json(json_pack("{s:s,s:b,s:i}", "event", "roster", "known", 0,
						 "status", (int)status));
	buf_puts(&line, STR("the group does not tell who is here"));
	if (status)
		buf_printf(&line, " (%u)", status);
	return tell(c, &line);
}


/* ---- The group itself ---- */

bool show_group(const struct cli *c, const struct parley_session *s, const char *state)
{
	const char *identity = parley_session_identity(s), *subject = parley_session_subject(s);
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s,s:b}", "event", "chat", "state", state, "group", 1);

		show_put_name(o, "with", parley_session_peer(s));
		if (identity)
			show_put_name(o, "identity", identity);
		if (*subject)
			show_put_name(o, "subject", subject);
		return show_print_json(o);
	}
	if (strcmp(state, "established")) {
		buf_puts(&line, STR("the group is over"));
		return tell(c, &line);
	}
	buf_puts(&line, STR("in the group "));
	show_text(&line, str_of(parley_session_peer(s)), 0);
	if (*subject) {
		buf_puts(&line, STR(" about "));
		show_text(&line, str_of(subject), 0);
	}
	buf_puts(&line, STR("; /help shows the commands"));
	return tell(c, &line);
}


bool show_group_lost(const struct cli *c, const struct parley_session *s, uint32_t retry_ms)
{
	struct buf line = BUF_INIT(256);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s,s:b,s:i}", "event", "chat", "state", "lost",
				      "group", 1, "retry_ms", (int)retry_ms);

		show_put_name(o, "with", parley_session_peer(s));
		return show_print_json(o);
	}
	buf_puts(&line, STR("the connection was lost; joining again"));
	return tell(c, &line);
}


bool show_writing(const struct cli *c, const char *uri, const char *name, bool active)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	if (c->json) {
		json_t *o = json_pack("{s:s,s:s}", "event", "chat", "state",
				      active ? "writing" : "paused");

		show_put_name(o, "with", uri);
		if (*name)
			show_put_name(o, "name", name);
		return show_print_json(o);
	}
	/* In a group that somebody has paused is no news: their line tells it, or nothing does. */
	if (!active) {
		buf_done(&line);
		return true;
	}
	show_text(&line, *name ? str_of(name) : *uri ? str_of(uri) : STR("somebody"), 0);
	buf_puts(&line, STR(" is writing"));
	return tell(c, &line);
}


bool show_invited_group(const struct cli *c, const struct parley_invitation *i)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	json_t *o, *others;

	if (c->json) {
		others = json_array();
		for (size_t n = 0; n < i->others_n; n++)
			json_array_append_new(others, json_string(i->others[n]));
		o = json_pack("{s:s,s:s,s:b,s:o}", "event", "invitation", "kind", "chat", "group",
			      1, "others", others);
		show_put_name(o, "from", i->from);
		if (*i->from_name)
			show_put_name(o, "from_name", i->from_name);
		if (*i->by)
			show_put_name(o, "by", i->by);
		if (*i->subject)
			show_put_name(o, "subject", i->subject);
		if (i->replaces)
			json_object_set_new(o, "replaces", json_true());
		return show_print_json(o);
	}
	put_person(&line, *i->by ? "" : i->from_name, *i->by ? i->by : i->from);
	buf_puts(&line, i->replaces ? STR(" makes this talk a group") : STR(" invites to a group"));
	if (*i->subject) {
		buf_puts(&line, STR(" about "));
		show_text(&line, str_of(i->subject), 0);
	}
	for (size_t n = 0; n < i->others_n; n++) {
		buf_puts(&line, n ? STR(", ") : STR(", with "));
		show_text(&line, str_of(i->others[n]), 0);
	}
	return tell(c, &line);
}


/* ---- What was asked of it ---- */

static const struct {
	unsigned status;
	enum parley_request what;
	const char *words;
} answers[] = {
	{403, PARLEY_ADD, "this group does not let you add anybody"},
	{486, PARLEY_ADD, "the group is full"},
	{404, PARLEY_ADD, "there is nobody of that name"},
	{403, PARLEY_REMOVE, "this group does not let you send anybody away"},
	{404, PARLEY_REMOVE, "there is nobody of that name in the group"},
	{403, PARLEY_NICKNAME, "this group does not let you have a nickname"},
	{424, PARLEY_NICKNAME, "the group does not take such a nickname"},
	{425, PARLEY_NICKNAME, "somebody has that nickname already"},
	{501, PARLEY_NICKNAME, "this group knows no nicknames"},
};


static const char *refusal_of(enum parley_request what, unsigned status)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].what == what && answers[i].status == status)
			return answers[i].words;
	}
	return what == PARLEY_ADD      ? "nobody could be added"
	       : what == PARLEY_REMOVE ? "nobody could be sent away"
				       : "the nickname could not be taken";
}


bool show_answer(const struct cli *c, enum parley_request what, unsigned status)
{
	static const char *const names[] = {"add", "remove", "nick"};
	struct buf line = BUF_INIT(256);

	if (c->json)
		return show_print_json(json_pack("{s:s,s:s,s:i}", "event", "answer", "to",
						 names[what], "status", (int)status));
	/* What came of an invitation, or of sending somebody away, the roster tells. */
	if (status >= 200 && status < 300) {
		if (what == PARLEY_NICKNAME)
			buf_puts(&line, STR("the group calls you so now"));
		else
			buf_puts(&line, what == PARLEY_ADD ? STR("invitations are on their way")
							   : STR("they are sent away"));
	} else if (status) {
		buf_printf(&line, "%s (%u)", refusal_of(what, status), status);
	} else {
		buf_printf(&line, "%s: there was no answer", refusal_of(what, status));
	}
	return tell(c, &line);
}


/* ---- What is said in it ---- */

bool show_said(const struct cli *c, const struct parley_message *m)
{
	struct buf who = BUF_INIT(LINE_MAX_BYTES);
	bool good;

	if (c->json) {
		buf_done(&who);
		return show_message(c, m);
	}
	buf_puts(&who, str_of(*m->from_name ? m->from_name : m->from));
	if (m->in_private)
		buf_puts(&who, who.n ? STR(" (to you alone)") : STR("anonymous (to you alone)"));
	good = show_line(c, buf_cstr(&who) ? who.p : "",
			 m->sent_ms >= 0 ? m->sent_ms : m->received_ms, m->content);
	buf_done(&who);
	return good;
}
