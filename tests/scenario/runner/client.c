/* SPDX-License-Identifier: Apache-2.0 */
/* The bundled client as an actor of a scenario. */
#include "scenario/runner/client.h"

#include "scenario/runner/core.h"
#include "scenario/runner/react.h"
#include "scenario/runner/server.h"
#include "scenario/runner/temp.h"


struct scn_client *scn_client_of(const struct scn_play *p, const struct scn_peer *peer)
{
	for (struct scn_client *c = p->clients; c; c = c->next)
		if (c->peer == peer)
			return c;
	return NULL;
}


/* ---- What it tells ---- */

struct scn_telling scn_telling_of(struct scn_client *c, const char *what)
{
	struct scn_telling t = {.c = c, .m = scn_alloc(c->peer->play->arena, sizeof(*t.m))};

	t.m->request = true;
	t.m->method = str_of(what);
	t.m->start = t.m->method;
	t.m->body = STR("");
	return t;
}


void scn_tell(struct scn_telling *t, const char *name, struct str value)
{
	if (!value.n)
		return;
	t->m->header[t->m->headers++] =
		(struct scn_header){str_of(name), scn_copy(t->c->peer->play->arena, value)};
}


void scn_tell_text(struct scn_telling *t, const char *name, const char *value)
{
	scn_tell(t, name, value ? str_of(value) : STR_NULL);
}


void scn_tell_number(struct scn_telling *t, const char *name, long long n)
{
	scn_tell(t, name, scn_fmt(t->c->peer->play->arena, "%lld", n));
}


/** As one text, for reports; then it waits for a statement. */
void scn_told(struct scn_telling *t)
{
	struct scn_peer *peer = t->c->peer;
	struct arena *a = peer->play->arena;
	struct buf b = BUF_INIT(SCN_ARENA_MAX);

	buf_puts(&b, t->m->start);
	for (size_t i = 0; i < t->m->headers; i++)
		buf_printf(&b, "; " STR_FMT ": " STR_FMT, STR_ARG(t->m->header[i].name),
			   STR_ARG(t->m->header[i].value));
	t->m->bytes = scn_copy(a, buf_str(&b));
	buf_done(&b);
	scn_peer_event(peer, scn_fmt(a, "is told: " STR_FMT, STR_ARG(t->m->bytes)));
	scn_peer_arrive(peer,
			&(struct scn_arrival){.kind = SCN_TOLD, .bytes = t->m->bytes, .msg = t->m});
}


void scn_tell_reports(struct scn_telling *t, unsigned reports)
{
	scn_tell(t, "Reports",
		 scn_fmt(t->c->peer->play->arena, "%s%s%s",
			 reports & PARLEY_REPORT_DELIVERY ? "delivery" : "",
			 (reports & 3) == 3 ? ", " : "",
			 reports & PARLEY_REPORT_DISPLAY ? "display" : ""));
}


bool scn_tell_message(struct scn_client *c, const struct parley_message *m, enum parley_mode mode)
{
	struct scn_telling t = scn_telling_of(c, "message");

	scn_tell_text(&t, "From", m->from);
	scn_tell_text(&t, "Name", m->from_name);
	scn_tell_text(&t, "To", m->to);
	scn_tell_text(&t, "Mode", parley_mode_name(mode));
	scn_tell_text(&t, "Type", m->type);
	scn_tell_text(&t, "Message-ID", m->message_id);
	scn_tell_reports(&t, m->reports);
	if (m->in_private)
		scn_tell_text(&t, "Private", "yes");
	if (m->sent_ms >= 0)
		scn_tell_number(&t, "Sent", (long long)m->sent_ms);
	t.m->body = scn_copy(c->peer->play->arena, (struct str){m->content, m->content_size});
	scn_told(&t);
	return !c->looks_away;
}


static bool on_message(struct parley *parley, const struct parley_message *m, void *arg)
{
	(void)parley;
	return scn_tell_message(arg, m, PARLEY_PAGER);
}


void scn_tell_report(struct scn_client *c, const struct parley_report *r)
{
	struct scn_telling t = scn_telling_of(c, "report");

	scn_tell_text(&t, "From", r->from);
	scn_tell_text(&t, "Recipient", r->recipient);
	scn_tell_text(&t, "Message-ID", r->message_id);
	scn_tell_text(&t, "Kind",
		      r->kind == PARLEY_REPORT_DELIVERY  ? "delivery"
		      : r->kind == PARLEY_REPORT_DISPLAY ? "display"
							 : "processing");
	scn_tell_text(&t, "Status", r->status);
	scn_told(&t);
}


static void on_report(struct parley *parley, const struct parley_report *r, void *arg)
{
	(void)parley;
	scn_tell_report(arg, r);
}


static void on_registration(struct parley *parley, const struct parley_registration *r, void *arg)
{
	struct scn_client *c = arg;

	(void)parley;
	scn_peer_event(c->peer, scn_fmt(c->peer->play->arena, "%s", parley_state_name(r->state)));
	c->reached |= r->state == c->awaited;
}


static const struct parley_handler handler = {
	.registration = on_registration,
	.message = on_message,
	.report = on_report,
	.invitation = scn_client_invited,
	.session_handler = &scn_session_handler,
};


/* ---- Sending ---- */

struct sent_note {
	struct scn_client *c;
	struct str name;
};


void scn_tell_outcome(struct scn_telling *t, const struct parley_outcome *o)
{
	if (o->status)
		scn_tell_number(t, "Status", o->status);
	scn_tell_text(t, "Reason", o->reason);
	scn_tell_text(t, "Detail", o->detail);
	scn_tell_text(t, "Accepts", o->accepts);
	if (o->max_size)
		scn_tell_number(t, "Max-Size", (long long)o->max_size);
	if (o->error)
		scn_tell_text(t, "Error", strerrorname_np(-o->error));
	scn_tell_number(t, "Bytes", (long long)o->bytes);
	if (o->retry_after_s)
		scn_tell_number(t, "Retry-After", o->retry_after_s);
}


static void on_sent(struct parley *parley, const struct parley_sent *s, void *arg)
{
	const struct sent_note *note = arg;
	struct scn_telling t = scn_telling_of(note->c, "outcome");

	(void)parley;
	scn_tell(&t, "For", note->name);
	scn_tell_text(&t, "Mode", parley_mode_name(s->mode));
	scn_tell_outcome(&t, &s->outcome);
	if (s->confirmed)
		scn_tell_text(&t, "Confirmed", "yes");
	scn_tell_text(&t, "Message-ID", s->message_id);
	scn_told(&t);
}


int scn_client_send(struct scn_client *c, const struct scn_client_message *m)
{
	struct sent_note *note = scn_alloc(c->peer->play->arena, sizeof(*note));
	struct parley_file file = {.name = m->file.p, .modified_ms = -1};

	*note = (struct sent_note){c, m->name};
	return parley_send(c->parley,
			   &(struct parley_outgoing){
				   .to = m->to.p,
				   .type = m->type.p,
				   .content = m->content.p,
				   .content_size = m->content.n,
				   .file = m->file.p ? &file : NULL,
				   .anonymous = m->anonymous,
				   .reports = m->reports,
				   .large = m->large,
				   .reliable_path = m->reliable_path,
			   },
			   on_sent, note);
}


bool scn_client_reaches(struct scn_client *c, enum parley_state s, uint64_t within_ms)
{
	c->awaited = s;
	c->reached = parley_registration_state(c->parley) == s;
	return c->reached || (within_ms && scn_pass_flag(c->peer->play, &c->reached, within_ms));
}


/* ---- Life ---- */

static struct str password_of(const struct scn_play *p, struct str user)
{
	const struct scn_decls *both[] = {&p->script->decls, &p->c->decls};

	for (size_t k = 0; k < 2; k++)
		for (const struct scn_user *u = both[k]->users; u; u = u->next)
			if (str_eq(u->name, user))
				return u->password;
	return STR_NULL;
}


bool scn_client_place(struct scn_play *p, const struct scn_client_decl *d, unsigned number)
{
	struct scn_client *c = scn_alloc(p->arena, sizeof(*c)), **tail = &p->clients;
	struct scn_peer_decl *as = scn_alloc(p->arena, sizeof(*as));

	*as = (struct scn_peer_decl){.line = d->line,
				     .name = d->name,
				     .at = d->at,
				     .over = d->over,
				     .is = d->is,
				     .client = true};
	c->decl = d;
	c->peer = scn_peer_open(p, as, number);
	if (!c->peer)
		return false;
	while (*tail)
		tail = &(*tail)->next;
	*tail = c;
	return true;
}


/** "192.0.2.1:5060;transport=udp": of the peer or address said, else of the server under test. */
static bool server_text(struct scn_client *c, struct str *ret)
{
	struct scn_play *p = c->peer->play;
	struct scn_peer *peer = c->decl->server.p ? scn_peer_find(p, c->decl->server) : NULL;
	enum scn_over over = c->peer->over;
	struct str hostport = c->decl->server;
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (peer)
		hostport = scn_peer_hostport(peer, over);
	else if (!hostport.p && scn_core_addr(p, &a))
		hostport = str_of(addr_text(&a, text));
	else if (!hostport.p && scn_server_addr(p->server, over, c->peer->addr.sa.sa_family, &a))
		hostport = str_of(addr_text(&a, text));
	if (!hostport.p)
		return scn_fail(p, c->decl->line, "there is no server: say server PEER");
	if (c->decl->server.p && !peer && str_find(hostport, ';') >= 0)
		*ret = scn_copy(p->arena, hostport);
	else
		*ret = scn_fmt(p->arena, STR_FMT ";transport=" STR_FMT, STR_ARG(hostport),
			       STR_ARG(scn_over_name(over)));
	return true;
}


bool scn_client_open(struct scn_client *c)
{
	struct scn_play *p = c->peer->play;
	const struct scn_client_decl *d = c->decl;
	struct str password = d->password.p ? d->password : password_of(p, c->peer->user);
	struct str local = scn_peer_hostport(c->peer, c->peer->over), server;
	char why[PARLEY_ERROR_MAX];
	struct parley_params params = {
		.loop = p->loop,
		.account = scn_copy(p->arena, c->peer->uri).p,
		.display_name = d->called.p ? scn_copy(p->arena, d->called).p : NULL,
		.password = password.p ? scn_copy(p->arena, password).p : NULL,
		.local = local.p,
		.device = scn_copy(p->arena, c->peer->name).p,
		.product = "Scenario/1.0",
		.ims = d->ims || (!d->server.p && str_eq(p->core, STR("ims"))),
		.reports_only = d->reports_only,
		.dns = p->dns,
		.handler = &handler,
		.arg = c,
	};

	if (!server_text(c, &server))
		return false;
	params.server = server.p;
	if (c->peer->over == SCN_TLS) {
		(void)scn_tls(p);
		params.ca_file = scn_fmt(p->arena, STR_FMT "/server.pem", STR_ARG(scn_temp(p))).p;
	}
	if (parley_open(&c->parley, &params, why))
		return scn_fail(p, d->line, "the client does not open: %s", why);
	if (!d->registered)
		return true;
	if (parley_register(c->parley))
		return scn_fail(p, d->line, "the client cannot register");
	scn_settle(p);
	return scn_client_reaches(c, PARLEY_REGISTERED, 0) ||
	       scn_fail(p, d->line, "it is not registered: %s",
			parley_state_name(parley_registration_state(c->parley)));
}


void scn_client_close(struct scn_client *c)
{
	parley_close(c->parley);
	c->parley = NULL;
	scn_client_sessions_done(c);
}
