/* SPDX-License-Identifier: Apache-2.0 */
/* MESSAGE to many without a session. */
#include "im/controlling/exploder.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "im/controlling/exploder_list.h"
#include "im/controlling/membership.h"
#include "sip/auth_header.h"
#include "sip/compose.h"
#include "sip/name_addr.h"

/** Header lines of an answer: one Warning. */
#define ANSWER_HEADERS_MAX 1024
/** Begins the Call-ID of what our mailer sends (mailer_message.c). */
#define OWN_CALL_ID STR("mailing-")

static struct counter refused = COUNTER("exploder.refused", "messages to many that were refused");
static struct counter accepted = COUNTER("exploder.accepted",
					 "messages to many that were accepted");

struct exploder {
	struct sip *sip;
	struct mailer *mailer;
	struct im_events *events;
	struct im_addresses addresses;
	struct list explosions;
};

/** One message that is being written. */
struct explosion {
	struct list_link link;
	struct exploder *e;
	struct sip_server_txn *st;
	struct mailer_posting posting;
	struct im_event event; /**< what will be told of it; its texts follow */
	uint64_t since_ms;
	char text[];
};

/** What is made of one request: parts of a mailing that are not in it. */
struct draft {
	struct buf from, headers;
	struct arena arena; /**< of a group's recipients */
};


/* ---- Answers ---- */

static void explosion_destroy(void *object)
{
	struct explosion *x = object;

	mailer_posting_cancel(&x->posting);
	list_remove(&x->e->explosions, &x->link);
	mem_unref(x->st);
}


/* What is told of a request; its texts are the request's. */
static struct im_event event_of(const struct im_request *r)
{
	return (struct im_event){
		.kind = r->kind,
		.side = IM_CONTROLLING,
		.originator = r->originator.n ? r->originator : r->m->from_uri,
		.recipient = r->recipient.n ? r->recipient : r->m->uri,
		.call_id = r->m->call_id,
		.message_id = str_upto(r->message_id, IM_MESSAGE_ID_MAX),
		.size = r->m->body.n,
	};
}


/* Told first: what it is about may go with the answer. */
static void finish_with(struct exploder *e, const struct im_request *r, uint16_t status,
			struct str headers, struct str reason)
{
	struct im_event event = event_of(r);

	event.outcome = status < 300 ? IM_RELAYED : IM_REFUSED;
	event.status = status;
	event.reason = reason;
	im_events_tell(e->events, &event);
	(void)sip_reply(r->st, status, headers);
}


static void refuse_with(struct exploder *e, const struct im_request *r, uint16_t status,
			struct str headers, struct str reason)
{
	counter_add(&refused, 1);
	finish_with(e, r, status, headers, reason);
}


static void refuse(struct exploder *e, const struct im_request *r, uint16_t status,
		   const char *text, struct str reason)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;

	buf_fixed(&headers, storage, sizeof(storage));
	buf_printf(&headers, "Warning: 399 " STR_FMT " \"%s\"\r\n",
		   STR_ARG(e->addresses.domains[0]), text);
	refuse_with(e, r, status, buf_str(&headers), reason);
}


static void refuse_error(struct exploder *e, const struct im_request *r, int err)
{
	switch (err) {
	case -EBADMSG:
		refuse(e, r, 400, "the recipient list cannot be read", STR("list"));
		break;
	case -ENOENT:
		refuse(e, r, 400, "there is no recipient list, or nobody else in it", STR("list"));
		break;
	case -ENOMSG:
		refuse(e, r, 400, "there is nothing beside the recipient list", STR("list"));
		break;
	case -ENOBUFS:
		refuse(e, r, 403, "102 Too many participants", STR("too-many"));
		break;
	case -EMSGSIZE:
		refuse(e, r, 413, "133 Size exceeded", STR("size"));
		break;
	default:
		/* RFC 3261 21.5.4: the sender may try again. */
		refuse_with(e, r, 503, STR("Retry-After: 10\r\n"), STR("store"));
	}
}


static void on_posted(struct mailer_posting *p, int error, void *arg)
{
	struct explosion *x = arg;

	(void)p;
	counter_add(error ? &refused : &accepted, 1);
	x->event.outcome = error ? IM_REFUSED : IM_RELAYED;
	x->event.status = error ? 503 : 202;
	x->event.reason = error ? STR("store") : STR_NULL;
	x->event.took_ms = (uint32_t)(loop_now_ms(sip_loop(x->e->sip)) - x->since_ms);
	im_events_tell(x->e->events, &x->event);
	(void)sip_reply(x->st, x->event.status, error ? STR("Retry-After: 10\r\n") : STR_NULL);
	mem_unref(x);
}


static char *keep_text(char *at, struct str *s)
{
	if (s->n)
		memcpy(at, s->p, s->n);
	s->p = at;
	return at + s->n;
}


static struct explosion *explosion_alloc(struct exploder *e, const struct im_request *r)
{
	struct im_event event = event_of(r);
	struct str *text[] = {&event.originator, &event.recipient, &event.call_id,
			      &event.message_id};
	struct explosion *x;
	size_t n = 0;
	char *at;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		n += text[i]->n;
	x = mem_alloc(sizeof(*x) + n, explosion_destroy);
	if (!x)
		return NULL;
	at = x->text;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		at = keep_text(at, text[i]);
	x->event = event;
	x->e = e;
	x->st = mem_ref(r->st);
	x->since_ms = loop_now_ms(sip_loop(e->sip));
	list_append(&e->explosions, &x->link);
	return x;
}


static int post(struct exploder *e, const struct im_request *r, const struct store_mailing *what)
{
	struct explosion *x = explosion_alloc(e, r);
	int err = x ? mailer_post(e->mailer, what, &x->posting, on_posted, x) : -ENOMEM;

	if (err)
		mem_unref(x);
	return err == -ENOBUFS ? -EBUSY : err;
}


/* ---- The same for all kinds ---- */

/* What describes the message, and whom it is good for: "copy all the significant header fields" (RFC 5365 6). */
static const enum sip_header_id carried[] = {
	SIP_HDR_SUBJECT,         SIP_HDR_PRIORITY,     SIP_HDR_ACCEPT_CONTACT,
	SIP_HDR_REJECT_CONTACT,  SIP_HDR_PRIVACY,      SIP_HDR_IN_REPLY_TO,
	SIP_HDR_REPLY_TO,        SIP_HDR_ORGANIZATION, SIP_HDR_CONTENT_LANGUAGE,
	SIP_HDR_CONTRIBUTION_ID, /* RCS clients sort messages into conversations by them (digest d1) */
	SIP_HDR_CONVERSATION_ID,
};


/* RFC 5365 7.2: credentials for another realm go on to who they are for. */
static void put_credentials(struct buf *b, const struct exploder *e, const struct sip_msg *m,
			    enum sip_header_id id)
{
	for (uint8_t i = m->first[id]; i != SIP_LINE_NONE; i = m->line[i].next) {
		struct str value = str_range(m->p + m->line[i].value, m->p + m->line[i].vend);
		struct auth_credentials c;
		bool ours = auth_credentials_decode(&c, value) != 0;

		for (size_t k = 0; !ours && k < e->addresses.domains_n; k++)
			ours = str_eq_nocase(c.realm, e->addresses.domains[k]);
		if (!ours)
			sip_put_header(b, id, value);
	}
}


static void put_carried(struct buf *b, const struct exploder *e, const struct im_request *r)
{
	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++)
		sip_put_copy(b, r->m, carried[i]);
	if (r->trusted) {
		sip_put_copy(b, r->m, SIP_HDR_P_ASSERTED_SERVICE);
		sip_put_copy(b, r->m, SIP_HDR_P_CHARGING_VECTOR);
	}
	put_credentials(b, e, r->m, SIP_HDR_AUTHORIZATION);
	put_credentials(b, e, r->m, SIP_HDR_PROXY_AUTHORIZATION);
}


/* RFC 5365 7.2: "the same as the From header field included in the incoming MESSAGE request", but its tag. */
static int put_from(struct buf *b, const struct sip_msg *m)
{
	struct sip_name_addr a;

	if (sip_name_addr_decode(&a, sip_msg_header(m, SIP_HDR_FROM)))
		return -EBADMSG;
	if (a.display.n)
		buf_printf(b, "\"" STR_FMT "\" ", STR_ARG(a.display));
	buf_printf(b, "<" STR_FMT ">", STR_ARG(a.uri));
	return b->failed ? -EBADMSG : 0;
}


/* RFC 3428 7: Expires counts from the Date, if the sender said it. */
static void set_life(struct store_mailing *what, const struct exploder *e,
		     const struct im_request *r)
{
	int64_t now = loop_wall_ms(sip_loop(e->sip)), date;

	what->received_ms = now;
	if (sip_date_decode(&date, sip_msg_header(r->m, SIP_HDR_DATE)) == 0 && date > 0 &&
	    date < now)
		what->received_ms = date;
	if (!r->expires_given)
		return;
	what->flags |= MAILING_EXPIRES;
	what->expires_ms = what->received_ms + (int64_t)r->expires_s * 1000;
}


static void describe(struct store_mailing *what, struct draft *d, const struct exploder *e,
		     const struct im_request *r)
{
	what->sender = r->originator;
	what->call_id = str_upto(r->m->call_id, STORE_MAILING_TEXT_MAX);
	what->from = buf_str(&d->from);
	if (r->anonymous)
		what->flags |= MAILING_ANONYMOUS;
	set_life(what, e, r);
	put_carried(&d->headers, e, r);
}


static void want_notice(struct store_mailing *what, const struct cpim *c)
{
	what->message_id = str_upto(c->message_id, STORE_MAILING_TEXT_MAX);
	if (c->message_id.n && (c->notify & CPIM_NOTIFY_NEGATIVE_DELIVERY))
		what->flags |= MAILING_NEGATIVE;
}


static bool is_anonymous(const struct sip_uri *u)
{
	return str_eq_nocase(u->host, STR("anonymous.invalid"));
}


/* The From of a message/cpim is the sender, or nobody. */
static bool is_sender(const struct exploder *e, const struct im_request *r, const struct cpim *c)
{
	char text[SIP_AOR_MAX];
	struct str name, uri;
	struct sip_uri u;
	struct buf aor;

	if (!c->from.p)
		return true;
	if (cpim_address_decode(&name, &uri, c->from) || sip_uri_decode(&u, uri))
		return false;
	if (is_anonymous(&u))
		return true;
	buf_fixed(&aor, text, sizeof(text));
	return !r->anonymous && sip_uri_aor(&u, e->addresses.domains[0], &aor) == 0 &&
	       str_eq(buf_str(&aor), r->originator);
}


/* 0; -EPERM: somebody else is named in it; -EBADMSG. */
static int look_inside(struct store_mailing *what, const struct exploder *e,
		       const struct im_request *r, struct str text)
{
	struct cpim c;

	if (!text.p)
		return 0;
	if (cpim_decode(&c, text))
		return -EBADMSG;
	if (!is_sender(e, r, &c))
		return -EPERM;
	want_notice(what, &c);
	return 0;
}


static void draft_init(struct draft *d)
{
	*d = (struct draft){.arena = ARENA_INIT(EXPLODER_LIST_MEMORY_MAX)};
	buf_init(&d->from, STORE_MAILING_TEXT_MAX);
	buf_init(&d->headers, STORE_MAILING_HEADERS_MAX);
}


static void draft_done(struct draft *d)
{
	buf_done(&d->from);
	buf_done(&d->headers);
	arena_done(&d->arena);
}


static int finish(struct exploder *e, const struct im_request *r, struct store_mailing *what,
		  struct draft *d)
{
	if (d->headers.failed)
		return -EMSGSIZE;
	what->headers = buf_str(&d->headers);
	return post(e, r, what);
}


static void answer(struct exploder *e, const struct im_request *r, int err)
{
	if (err == -EPERM)
		refuse(e, r, 403, "the From of the message is not its sender", STR("cpim-from"));
	else if (err)
		refuse_error(e, r, err);
}


/* ---- To a list ---- */

static int to_list(struct exploder *e, const struct im_request *r, const struct exploder_list *l,
		   struct draft *d)
{
	struct store_mailing what = {
		.kind = MAILING_LIST,
		.type = l->type,
		.body = buf_str(&l->body),
		.recipient = l->recipient,
		.recipients_n = l->n,
	};
	int err = put_from(&d->from, r->m);

	if (!err)
		err = look_inside(&what, e, r, l->cpim);
	if (err)
		return err;
	describe(&what, d, e, r);
	if (l->disposition.n)
		sip_put_header(&d->headers, SIP_HDR_CONTENT_DISPOSITION, l->disposition);
	return finish(e, r, &what, d);
}


static void receive_list(struct exploder *e, const struct im_request *r)
{
	struct exploder_list l;
	struct draft d;
	int err = exploder_list_decode(&l, &(struct exploder_list_params){
						   .m = r->m,
						   .sender = r->originator,
						   .domain = e->addresses.domains[0],
						   .most = EXPLODER_RECIPIENTS_MAX,
						   .random = loop_random_u64(sip_loop(e->sip)),
					   });

	if (err) {
		refuse_error(e, r, err);
		return;
	}
	draft_init(&d);
	answer(e, r, to_list(e, r, &l, &d));
	draft_done(&d);
	exploder_list_done(&l);
}


/* ---- To a group ---- */

static int members(struct store_mailing *what, struct draft *d, const struct group *g,
		   struct str sender)
{
	struct store_mailing_recipient *to = arena_alloc(&d->arena,
							 (g->members_n + 1) * sizeof(*to));
	uint32_t n = 0;

	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < g->members_n && n < STORE_MAILING_RECIPIENTS_MAX; i++) {
		const struct group_member *m = &g->members[i];

		if (!m->canonical.n || str_eq(m->canonical, sender) ||
		    str_eq(m->canonical, g->canonical))
			continue;
		to[n] = (struct store_mailing_recipient){.position = n,
							 .uri = m->uri,
							 .who = m->canonical};
		n++;
	}
	what->recipient = to;
	what->recipients_n = n;
	return 0;
}


/* The body as it is: its type, and its disposition among the headers. */
static void take_body(struct store_mailing *what, struct draft *d, const struct sip_msg *m)
{
	what->type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	what->body = m->body;
	sip_put_copy(&d->headers, m, SIP_HDR_CONTENT_DISPOSITION);
	sip_put_copy(&d->headers, m, SIP_HDR_CONTENT_ENCODING);
}


static bool holds_cpim(const struct im_request *r)
{
	return str_eq_nocase(r->content.type, STR("message")) &&
	       str_eq_nocase(r->content.subtype, STR("cpim"));
}


static int to_group(struct exploder *e, const struct im_request *r, const struct group *g,
		    struct draft *d)
{
	struct store_mailing what = {.kind = MAILING_GROUP, .group = g->canonical};
	int err = put_from(&d->from, r->m);

	if (!err)
		err = look_inside(&what, e, r, holds_cpim(r) ? r->m->body : STR_NULL);
	if (!err)
		err = members(&what, d, g, r->originator);
	if (err)
		return err;
	describe(&what, d, e, r);
	take_body(&what, d, r->m);
	if (!r->anonymous)
		buf_printf(&d->headers, "Referred-By: <" STR_FMT ">\r\n", STR_ARG(r->originator));
	if (!what.recipients_n)
		return -ENODATA;
	return finish(e, r, &what, d);
}


static bool allowed(struct exploder *e, const struct im_request *r, const struct group *g)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;
	struct membership_answer a = {.headers = &headers};
	struct membership_view v = {
		.group = g,
		.who = &r->originator,
		.n = r->originator.n > 0,
		.anonymous = r->anonymous,
		.now_ms = loop_wall_ms(sip_loop(e->sip)),
		.host = e->addresses.domains[0],
	};
	const struct membership_rule *rule;

	buf_fixed(&headers, storage, sizeof(storage));
	rule = membership_judge(&v, MEMBERSHIP_SEND, &a);
	if (rule)
		refuse_with(e, r, a.status, buf_str(&headers), str_of(rule->name));
	return !rule;
}


/* Accepted, and for nobody: a group of one, isComposing without a session. */
static void swallow(struct exploder *e, const struct im_request *r)
{
	finish_with(e, r, 202, STR_NULL, STR_NULL);
}


/* Digest b row 21: "group reports only go to the sender", whom the CPIM To of the report names. */
static int to_reported(struct exploder *e, const struct im_request *r, const struct group *g,
		       struct draft *d)
{
	struct store_mailing what = {.kind = MAILING_NOTICE, .group = g->canonical};
	struct store_mailing_recipient to = {.position = 0};
	char text[SIP_AOR_MAX];
	struct str name;
	struct sip_uri u;
	struct buf aor;
	struct cpim c;
	int err = put_from(&d->from, r->m);

	buf_fixed(&aor, text, sizeof(text));
	if (err || !holds_cpim(r) || cpim_decode(&c, r->m->body) || !c.to.p ||
	    cpim_address_decode(&name, &to.uri, c.to) || sip_uri_decode(&u, to.uri) ||
	    sip_uri_aor(&u, e->addresses.domains[0], &aor))
		return -EBADMSG;
	to.who = buf_str(&aor);
	/* Who is not of the group has said nothing to it: nobody is written to through it. */
	if (str_eq(to.who, g->canonical) || !group_member(g, &to.who, 1))
		return -ENODATA;
	what.message_id = str_upto(c.message_id, STORE_MAILING_TEXT_MAX);
	what.recipient = &to;
	what.recipients_n = 1;
	describe(&what, d, e, r);
	take_body(&what, d, r->m);
	return finish(e, r, &what, d);
}


static void receive_group(struct exploder *e, const struct im_request *r, const struct group *g)
{
	struct draft d;
	int err;

	draft_init(&d);
	err = r->kind == IM_NOTIFICATION ? to_reported(e, r, g, &d) : to_group(e, r, g, &d);
	if (err == -ENODATA)
		swallow(e, r);
	else
		answer(e, r, err);
	draft_done(&d);
}


/* ---- In ---- */

/* What we have sent to many is not sent to many once more: lists within lists could go round for ever. */
static bool is_own(const struct im_request *r)
{
	return r->trusted && str_starts(r->m->call_id, OWN_CALL_ID);
}


void exploder_receive(struct exploder *e, struct im_request *r, struct group *g)
{
	bool report = r->kind == IM_NOTIFICATION && g;

	if (!r->originator.n)
		refuse(e, r, 403, "127 Service not authorised", STR("identity"));
	else if (is_own(r))
		refuse(e, r, 403, "122 Function not allowed: a list within a list", STR("nested"));
	else if (!g)
		receive_list(e, r);
	else if (!report && !allowed(e, r, g))
		return;
	else if (r->kind == IM_COMPOSING)
		swallow(e, r);
	else
		receive_group(e, r, g);
}


/* ---- Life ---- */

static void exploder_destroy(void *object)
{
	struct exploder *e = object;

	exploder_stop(e);
	mem_unref(e->mailer);
}


int exploder_alloc(struct exploder **ret, const struct exploder_params *p)
{
	struct exploder *e = mem_alloc(sizeof(*e), exploder_destroy);

	if (!e)
		return -ENOMEM;
	e->sip = p->sip;
	e->mailer = mem_ref(p->mailer);
	e->events = p->events;
	e->addresses = p->addresses;
	list_init(&e->explosions);
	*ret = e;
	return 0;
}


void exploder_counters_register(void)
{
	counter_register(&refused, 1);
	counter_register(&accepted, 1);
}


void exploder_stop(struct exploder *e)
{
	for (struct list_link *l; (l = list_first(&e->explosions));) {
		struct explosion *x = container_of(l, struct explosion, link);

		(void)sip_reply(x->st, 503, STR("Retry-After: 30\r\n"));
		mem_unref(x);
	}
}


size_t exploder_under_way(const struct exploder *e)
{
	return e->explosions.count;
}
