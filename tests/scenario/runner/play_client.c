/* SPDX-License-Identifier: Apache-2.0 */
/* Statements by which the bundled client acts, and that judge what it tells its user. */
#include <errno.h>

#include "scenario/runner/client.h"
#include "scenario/runner/expect.h"
#include "scenario/runner/react.h"
#include "scenario/runner/statements.h"

/** Content that `sends N bytes` makes: what a client may be asked to send, and more. */
#define CONTENT_MAX ((size_t)16 << 20)


bool scn_step_client(struct scn_play *p, const struct scn_step *st, struct scn_client **ret)
{
	*ret = scn_client_of(p, scn_step_peer(p, st));
	if (!*ret || !(*ret)->parley)
		return scn_fail(p, st->line, "this client is closed");
	return true;
}


/* ---- Acting ---- */

/** A user of our domain, a peer, or a URI as it is. */
struct str scn_client_uri(struct scn_play *p, struct str to)
{
	const struct scn_peer *peer = scn_peer_find(p, to);

	if (peer)
		return scn_copy(p->arena, peer->uri);
	return str_find(to, ':') >= 0 ? scn_copy(p->arena, to)
				      : scn_fmt(p->arena, "sip:" STR_FMT "@" STR_FMT, STR_ARG(to),
						STR_ARG(p->domain));
}


static bool content_of(struct scn_play *p, const struct scn_step *st, struct str *ret)
{
	uint64_t n = 0;
	char *bytes;

	if (!scn_step_arg(p, st, "QUOTED", ret))
		return false;
	if (ret->p)
		return true;
	if (!scn_step_number(p, st, "N", &n))
		return false;
	if (n > CONTENT_MAX)
		return scn_fail(p, st->line, "at most %zu bytes", CONTENT_MAX);
	bytes = scn_alloc(p->arena, n + 1);
	memset(bytes, 'x', n);
	*ret = (struct str){bytes, n};
	return true;
}


static bool reports_of(struct scn_play *p, const struct scn_step *st, struct str list,
		       unsigned *ret)
{
	*ret = 0;
	while (list.p) {
		struct str one = str_trim(str_cut(&list, ','));

		if (str_eq(one, STR("delivery")))
			*ret |= PARLEY_REPORT_DELIVERY;
		else if (str_eq(one, STR("display")))
			*ret |= PARLEY_REPORT_DISPLAY;
		else
			return scn_fail(p, st->line, "asking delivery, display or both");
	}
	return true;
}


static bool play_sends(struct scn_play *p, const struct scn_step *st)
{
	bool in_vain = scn_arg(&st->args, "in").p != NULL;
	struct scn_client_message m = {
		.anonymous = scn_arg(&st->args, "anonymously").p != NULL,
		.reliable_path = scn_arg(&st->args, "over").p != NULL,
		.large = scn_arg(&st->args, "by").p != NULL,
	};
	struct scn_client *c;
	struct str asked;
	int err;

	if (!scn_step_client(p, st, &c) || !content_of(p, st, &m.content) ||
	    !scn_step_arg(p, st, "TARGET", &m.to) || !scn_step_arg(p, st, "NAME_AS", &m.name) ||
	    !scn_step_arg(p, st, "VALUE_TYPE", &m.type) ||
	    !scn_step_arg(p, st, "VALUE_ASK", &asked) || !reports_of(p, st, asked, &m.reports) ||
	    !scn_step_arg(p, st, "VALUE_FILE", &m.file))
		return false;
	m.to = scn_client_uri(p, m.to);
	if (m.file.p)
		m.file = scn_copy(p->arena, m.file);
	if (m.type.p)
		m.type = scn_copy(p->arena, m.type);
	err = scn_client_send(c, &m);
	if (!err == in_vain)
		return scn_fail(p, st->line, in_vain ? "it was taken" : "it was not taken: %s",
				strerror(-err));
	scn_settle(p);
	return !p->failed;
}


static bool play_registers(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;

	if (!scn_step_client(p, st, &c))
		return false;
	if (parley_register(c->parley))
		return scn_fail(p, st->line, "it cannot register");
	scn_settle(p);
	return !p->failed;
}


static bool play_unregisters(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;

	if (!scn_step_client(p, st, &c))
		return false;
	if (parley_unregister(c->parley))
		return scn_fail(p, st->line, "there is no registration to take back");
	scn_settle(p);
	return !p->failed;
}


static bool play_closes(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;

	if (!scn_step_client(p, st, &c))
		return false;
	scn_client_close(c);
	scn_settle(p);
	return !p->failed;
}


static bool play_looks(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;

	if (!scn_step_client(p, st, &c))
		return false;
	c->looks_away = scn_arg(&st->args, "away").p != NULL;
	return true;
}


/* ---- Sessions ---- */

static bool play_answers(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;
	uint64_t n = 200;

	if (!scn_step_client(p, st, &c) || !scn_step_number(p, st, "N", &n))
		return false;
	if (n < 180 || n > 699)
		return scn_fail(p, st->line,
				"a status: 180 rings, 200 takes, from 300 on declines");
	c->answers = (unsigned)n;
	return true;
}


static bool play_chats(struct scn_play *p, const struct scn_step *st)
{
	struct scn_client *c;
	struct str to, name, subject, asked;
	struct parley_chat_params params = {.anonymous = scn_arg(&st->args, "anonymously").p !=
							 NULL};
	int err;

	if (!scn_step_client(p, st, &c) || !scn_step_arg(p, st, "TARGET", &to) ||
	    !scn_step_arg(p, st, "NAME_AS", &name) || !scn_step_arg(p, st, "QUOTED", &subject) ||
	    !scn_step_arg(p, st, "VALUE_ASK", &asked) || !reports_of(p, st, asked, &params.reports))
		return false;
	params.to = scn_client_uri(p, to).p;
	if (subject.p)
		params.subject = scn_copy(p->arena, subject).p;
	err = scn_client_chat(c, name, &params);
	if (err)
		return scn_fail(p, st->line, "it was not taken: %s", strerror(-err));
	scn_settle(p);
	return !p->failed;
}


bool scn_step_session(struct scn_play *p, const struct scn_step *st, struct scn_session **ret)
{
	struct scn_client *c;
	struct str name;

	if (!scn_step_client(p, st, &c) || !scn_step_arg(p, st, "NAME", &name))
		return false;
	*ret = scn_client_session(c, name);
	return *ret ? true : scn_fail(p, st->line, "it has no such session");
}


static bool play_says(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	struct str text;
	int err;

	if (!scn_step_session(p, st, &s) || !content_of(p, st, &text))
		return false;
	err = parley_session_send(s->session, scn_copy(p->arena, text).p, NULL, NULL);
	if (err)
		return scn_fail(p, st->line, "it was not taken: %s", strerror(-err));
	scn_settle(p);
	return !p->failed;
}


static bool play_types(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;

	if (!scn_step_session(p, st, &s))
		return false;
	parley_session_typing(s->session);
	scn_settle(p);
	return !p->failed;
}


static bool play_leaves(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;

	if (!scn_step_session(p, st, &s))
		return false;
	parley_session_end(s->session, 0);
	scn_settle(p);
	return !p->failed;
}


static bool play_takes(struct scn_play *p, const struct scn_step *st)
{
	struct scn_session *s;
	int err;

	if (!scn_step_session(p, st, &s))
		return false;
	err = parley_session_accept(s->session);
	if (err)
		return scn_fail(p, st->line, "it cannot be taken: %s", strerror(-err));
	scn_settle(p);
	return !p->failed;
}


/* ---- Judging ---- */

static bool state_read(struct str name, enum parley_state *ret)
{
	for (int s = PARLEY_IDLE; s <= PARLEY_LEAVING; s++) {
		if (str_eq(name, str_of(parley_state_name((enum parley_state)s)))) {
			*ret = (enum parley_state)s;
			return true;
		}
	}
	return false;
}


static bool play_is(struct scn_play *p, const struct scn_step *st)
{
	enum parley_state want;
	struct scn_client *c;
	struct str name;
	uint64_t ms = 0;

	if (!scn_step_client(p, st, &c) || !scn_step_arg(p, st, "VALUE", &name) ||
	    !scn_step_time(p, st, "TIME", &ms))
		return false;
	if (!state_read(name, &want))
		return scn_fail(p, st->line,
				"no such state: idle, registering, registered, waiting, refused, "
				"leaving");
	if (scn_client_reaches(c, want, ms))
		return true;
	scn_fail(p, st->line, STR_FMT " is %s", STR_ARG(c->peer->name),
		 parley_state_name(parley_registration_state(c->parley)));
	scn_fail_ladder(p, STR(""));
	return false;
}


/** What was told next must be this. */
bool scn_step_told(struct scn_play *p, const struct scn_step *st, const char *what,
		   struct scn_arrival **ret)
{
	struct scn_peer *peer = scn_step_peer(p, st);
	uint64_t within = 0;

	if (!scn_step_time(p, st, "TIME", &within))
		return false;
	if (!scn_peer_waiting(peer) && within && !scn_pass_until(p, st->line, peer, within))
		return false;
	*ret = scn_peer_waiting(peer);
	if (!*ret) {
		scn_fail(p, st->line, STR_FMT " was told nothing", STR_ARG(peer->name));
		scn_fail_ladder(p, STR(""));
		return false;
	}
	if (str_eq((*ret)->msg->method, str_of(what)))
		return true;
	scn_fail(p, st->line, STR_FMT " was told something else:\n" STR_FMT, STR_ARG(peer->name),
		 STR_ARG((*ret)->bytes));
	return false;
}


bool scn_step_judge(struct scn_play *p, const struct scn_step *st, struct scn_arrival *a,
		    struct str wanted, bool wrong)
{
	if (!scn_expect(p, st->line, scn_step_peer(p, st), wanted, wrong, st->checks, a))
		return false;
	a->taken = true;
	return true;
}


static bool play_gets_message(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str text, from, wanted = STR("message");
	bool wrong = false;

	if (!scn_step_arg(p, st, "QUOTED", &text) || !scn_step_arg(p, st, "TARGET", &from) ||
	    !scn_step_told(p, st, "message", &a))
		return false;
	if (text.p) {
		wrong |= !str_eq(a->msg->body, text);
		wanted = scn_fmt(p->arena, STR_FMT " \"" STR_FMT "\"", STR_ARG(wanted),
				 STR_ARG(scn_escape(p->arena, text)));
	}
	if (from.p) {
		struct str who = scn_header_value(a->msg, STR("From"));

		wrong |= str_eq(from, STR("anonymous")) ? who.n > 0
							: !str_eq(who, scn_client_uri(p, from));
		wanted = scn_fmt(p->arena, STR_FMT " from " STR_FMT, STR_ARG(wanted),
				 STR_ARG(from));
	}
	return scn_step_judge(p, st, a, wanted, wrong);
}


static bool play_gets_report(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str status, from;
	bool wrong;

	if (!scn_step_arg(p, st, "VALUE", &status) || !scn_step_arg(p, st, "TARGET", &from) ||
	    !scn_step_told(p, st, "report", &a))
		return false;
	wrong = !str_eq(scn_header_value(a->msg, STR("Status")), status) ||
		(from.p && !str_eq(scn_header_value(a->msg, STR("From")), scn_client_uri(p, from)));
	return scn_step_judge(p, st, a, scn_fmt(p->arena, "report " STR_FMT, STR_ARG(status)),
			      wrong);
}


static bool play_gets_invitation(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;

	return scn_step_told(p, st, "invitation", &a) &&
	       scn_step_judge(p, st, a, STR("invitation"), false);
}


static bool play_gets_chat(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str state;

	if (!scn_step_arg(p, st, "VALUE", &state) || !scn_step_told(p, st, "chat", &a))
		return false;
	return scn_step_judge(p, st, a, scn_fmt(p->arena, "chat " STR_FMT, STR_ARG(state)),
			      !str_eq(scn_header_value(a->msg, STR("State")), state));
}


static bool play_gets_refusal(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;

	return scn_step_told(p, st, "refusal", &a) &&
	       scn_step_judge(p, st, a, STR("refusal"), false);
}


static bool play_gets_loss(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;

	return scn_step_told(p, st, "loss", &a) && scn_step_judge(p, st, a, STR("loss"), false);
}


/** "delivered", "unanswered", "403", "4xx", or the name of an error: EMSGSIZE. */
static bool ends_so(const struct scn_msg *m, struct str how)
{
	struct str status = scn_header_value(m, STR("Status")),
		   error = scn_header_value(m, STR("Error"));
	uint32_t n = 0;

	if (str_eq(how, STR("unanswered")))
		return str_eq(error, STR("ETIMEDOUT"));
	if (error.n && str_eq(error, how))
		return true;
	if (!status.n || !str_u32(status, &n))
		return false;
	return scn_status_is(n, str_eq(how, STR("delivered")) ? STR("2xx") : how);
}


static bool play_ends(struct scn_play *p, const struct scn_step *st)
{
	struct scn_arrival *a;
	struct str how, name;
	bool wrong;

	if (!scn_step_arg(p, st, "VALUE", &how) || !scn_step_arg(p, st, "NAME", &name) ||
	    !scn_step_told(p, st, "outcome", &a))
		return false;
	wrong = !ends_so(a->msg, how) ||
		(name.p && !str_eq(scn_header_value(a->msg, STR("For")), name));
	return scn_step_judge(p, st, a,
			      scn_fmt(p->arena, "outcome: " STR_FMT "%s" STR_FMT, STR_ARG(how),
				      name.p ? " for " : "", STR_ARG(name)),
			      wrong);
}


#define OPTIONS                                                                                  \
	"[by large message] [as NAME_AS] [of type VALUE_TYPE] [anonymously] [asking VALUE_ASK] " \
	"[over a reliable path] [in vain]"

const struct scn_form scn_client_forms[] = {
	{"CLIENT sends QUOTED to TARGET " OPTIONS,
	 "the bundled client sends a text; `asking delivery,display` for reports, `in vain`: it "
	 "refuses at once",
	 play_sends},
	{"CLIENT sends N bytes to TARGET " OPTIONS, "so many bytes of content", play_sends},
	{"CLIENT sends file VALUE_FILE of N bytes to TARGET [as NAME_AS] [of type VALUE_TYPE] "
	 "[anonymously] [asking VALUE_ASK] [in vain]",
	 "a file of this name (RFC 5547)", play_sends},
	{"CLIENT chats with TARGET [as NAME_AS] [about QUOTED] [anonymously] [asking VALUE_ASK]",
	 "a conversation begins; see `gets chat established`", play_chats},
	{"CLIENT says QUOTED [in NAME]", "a line of a chat, the latest or the one named",
	 play_says},
	{"CLIENT says N bytes [in NAME]", "a long one", play_says},
	{"CLIENT types [in NAME]", "a key, as of who writes a line", play_types},
	{"CLIENT leaves [NAME]", "the chat, or declines what rings", play_leaves},
	{"CLIENT takes call [NAME]", "that rings", play_takes},
	{"CLIENT answers invitations N",
	 "from now on: 200 takes them (so it is without a word), 180 lets them ring, from 300 on "
	 "declines",
	 play_answers},
	{"CLIENT registers", "REGISTER goes out; see `is registered`", play_registers},
	{"CLIENT unregisters", "and takes it back", play_unregisters},
	{"CLIENT closes", "at once, without a word", play_closes},
	{"CLIENT looks [away] [again]", "what it tells is shown to nobody: no display report",
	 play_looks},
	{"CLIENT is VALUE [within TIME]",
	 "the state of its registration: idle, registering, registered, waiting, refused, leaving",
	 play_is, .judges = true},
	{"CLIENT gets message [QUOTED] [from TARGET] [within TIME]",
	 "what it shows next to its user; checks of From, Name, To, Mode, Type, File, Size, "
	 "Message-ID, "
	 "Reports, Sent, Private and the body",
	 play_gets_message, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets report VALUE [from TARGET] [within TIME]",
	 "a report on a message it sent; checks of From, Recipient, Message-ID, Kind, Status",
	 play_gets_report, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets invitation [within TIME]",
	 "to a chat, or one that is not taken; checks of From, Name, To, Subject, Mode, File, "
	 "Type, "
	 "Size, Answered, and of a group's: Group, By, Others, Replaces",
	 play_gets_invitation, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets chat VALUE [within TIME]",
	 "ringing, established, writing, paused, lost, ended; checks of With, Identity, Why (us, "
	 "them, "
	 "refused, failed), Status, Reason, Detail, Error, Retry",
	 play_gets_chat, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets refusal [within TIME]", "a line was not taken; checks of Line, Status",
	 play_gets_refusal, .beneath = SCN_CHECKS, .judges = true},
	{"CLIENT gets loss [within TIME]",
	 "a large message or a file was cut short; checks of Why, Error", play_gets_loss,
	 .beneath = SCN_CHECKS, .judges = true},
	{"OWNER message [NAME] ends VALUE [within TIME]",
	 "how it went: delivered, a status (403, 4xx), unanswered, an error (EMSGSIZE); checks "
	 "of "
	 "Mode, Status, Reason, Detail, Accepts, Max-Size, Bytes, Confirmed, Message-ID",
	 play_ends, .beneath = SCN_CHECKS, .judges = true},
	{0},
};
