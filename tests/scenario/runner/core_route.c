/* SPDX-License-Identifier: Apache-2.0 */
/* The IMS core that the runner plays: who is registered, and where a request goes. */
#include "scenario/runner/core.h"

#include "scenario/runner/react.h"
#include "scenario/runner/server.h"

#define EXPIRES_DEFAULT_S 3600


static struct str host_of(struct str uri)
{
	struct str rest = uri, host;
	ptrdiff_t at;

	(void)str_cut(&rest, ':');
	at = rest.p ? str_find(rest, '@') : -1;
	host = rest.p ? str_from(rest, (size_t)(at + 1)) : STR("");
	for (size_t i = 0; i < host.n; i++)
		if (strchr(";?>", host.p[i]))
			return str_upto(host, i);
	return host;
}


/** "sip:bob@example.org", whatever stands behind it. */
static struct str aor_of(struct str uri)
{
	for (size_t i = 0; i < uri.n; i++)
		if (strchr(";?", uri.p[i]))
			return str_upto(uri, i);
	return uri;
}


static bool is_ours(const struct scn_core *core, struct str uri)
{
	return str_eq_nocase(host_of(uri), core->play->domain);
}


/** Where "198.51.100.10:5060;transport=tcp" is. */
static bool hop_of(struct str uri, struct scn_over_hop *ret)
{
	struct str host = host_of(uri);

	ret->over = str_find_str(uri, STR("transport=tcp")) >= 0 ? SCN_TCP : SCN_UDP;
	return !addr_decode_hostport(&ret->to, host) || !addr_decode(&ret->to, host, 5060);
}


/* ---- Who is registered ---- */

static bool is_there(const struct scn_core *core, const struct scn_core_binding *b, struct str aor)
{
	return b->until_ms > scn_now(core->play) && str_eq(b->aor, aor);
}


static bool is_registered(const struct scn_core *core, struct str aor)
{
	for (const struct scn_core_binding *b = core->bindings; b; b = b->next)
		if (is_there(core, b, aor))
			return true;
	return false;
}


/** The core's word to its application server (TS 24.229 5.4.1.7). */
static void tell_server(struct scn_core *core, struct str aor, uint32_t expires_s)
{
	struct scn_draft *d = scn_alloc(core->play->arena, sizeof(*d));
	const struct scn_msg nothing = {.bytes = STR_NULL};
	struct scn_over_hop hop;
	struct arena *a = core->play->arena;

	if (!scn_core_to_server(core, &nothing, &hop))
		return;
	scn_draft_init(d, a);
	d->method = STR("REGISTER");
	d->uri = scn_fmt(a, "sip:" STR_FMT, STR_ARG(core->play->domain));
	scn_draft_put(d, STR("Max-Forwards"), STR("70"));
	scn_draft_put(d, STR("From"), STR("<sip:core.example.org>;tag=core"));
	scn_draft_put(d, STR("To"), scn_fmt(a, "<" STR_FMT ">", STR_ARG(aor)));
	scn_draft_put(d, STR("Call-ID"), scn_fmt(a, "core-" STR_FMT, STR_ARG(aor)));
	scn_draft_put(d, STR("CSeq"), scn_fmt(a, "%u REGISTER", ++core->counter));
	scn_draft_put(d, STR("Contact"),
		      scn_fmt(a, "<sip:" STR_FMT ">",
			      STR_ARG(scn_peer_hostport(core->peer, SCN_UDP))));
	scn_draft_put(d, STR("Expires"), scn_fmt(a, "%u", expires_s));
	scn_core_send_own(core, d, &hop);
}


static void keep(struct scn_core *core, struct str aor, struct str contact,
		 const struct scn_over_hop *hop, uint32_t expires_s)
{
	struct scn_core_binding *b = core->bindings;

	while (b && !(str_eq(b->aor, aor) && str_eq(b->contact, contact)))
		b = b->next;
	if (!b) {
		b = scn_alloc(core->play->arena, sizeof(*b));
		b->aor = aor;
		b->contact = contact;
		b->next = core->bindings;
		core->bindings = b;
	}
	b->hop = *hop;
	b->until_ms = scn_now(core->play) + (uint64_t)expires_s * 1000;
}


/** The longest that any device of this user stays; 0: nobody is there. */
static uint32_t longest_s(const struct scn_core *core, struct str aor)
{
	uint64_t until = scn_now(core->play);

	for (const struct scn_core_binding *b = core->bindings; b; b = b->next)
		if (is_there(core, b, aor) && b->until_ms > until)
			until = b->until_ms;
	return (uint32_t)((until - scn_now(core->play)) / 1000);
}


static void registers(struct scn_core *core, struct scn_core_txn *t)
{
	struct str aor = aor_of(scn_value_uri(scn_header_value(t->m, STR("To"))));
	struct str contacts[SCN_VALUES_MAX], list = STR("");
	struct scn_header extra[] = {{STR("Contact"), STR_NULL}, {STR_NULL, STR_NULL}};
	size_t n = scn_header_values(t->m, STR("Contact"), contacts);
	uint32_t expires_s = EXPIRES_DEFAULT_S, own;

	(void)str_u32(scn_header_value(t->m, STR("Expires")), &expires_s);
	for (size_t i = 0; i < n; i++) {
		struct str given;

		own = expires_s;
		if (scn_value_param(contacts[i], STR("expires"), &given))
			(void)str_u32(given, &own);
		for (struct scn_core_binding *b = core->bindings; b; b = b->next)
			if (str_eq(contacts[i], STR("*")) && str_eq(b->aor, aor))
				b->until_ms = 0;
		if (!str_eq(contacts[i], STR("*")))
			keep(core, aor, scn_value_uri(contacts[i]), &t->back, own);
	}
	for (const struct scn_core_binding *b = core->bindings; b; b = b->next)
		if (is_there(core, b, aor))
			list = scn_fmt(core->play->arena, STR_FMT "%s<" STR_FMT ">;expires=%llu",
				       STR_ARG(list), list.n ? ", " : "", STR_ARG(b->contact),
				       (unsigned long long)(b->until_ms - scn_now(core->play)) /
					       1000);
	extra[0].value = list;
	tell_server(core, aor, longest_s(core, aor));
	scn_core_answer(core, t, 200, "OK", list.n ? extra : NULL);
}


/* ---- Where it goes ---- */

/** Takes the core's own Route off the top; its odi in `odi`. */
static bool pop_route(struct scn_core *core, const struct scn_msg *m, struct scn_draft *d,
		      struct str *odi, struct str *next)
{
	struct str routes[SCN_VALUES_MAX];
	size_t n = scn_header_values(m, STR("Route"), routes), from = 0;
	bool was = false;

	*odi = *next = STR_NULL;
	scn_draft_remove(d, STR("Route"));
	while (from < n) {
		struct scn_over_hop hop;
		struct str uri = scn_value_uri(routes[from]);

		if (!hop_of(uri, &hop) || !addr_eq_host(&hop.to, &core->peer->addr))
			break;
		was = true;
		(void)scn_value_param(uri, STR("odi"), odi);
		from++;
	}
	for (size_t i = n; i-- > from;)
		scn_draft_add(d, STR("Route"), routes[i], true);
	if (from < n)
		*next = scn_value_uri(routes[from]);
	return was;
}


static const struct scn_peer *sender(const struct scn_core *core, const struct scn_arrival *a)
{
	for (const struct scn_peer *peer = core->play->peers; peer; peer = peer->next)
		if (peer != core->peer && addr_eq(&peer->addr, &a->source))
			return peer;
	for (const struct scn_peer *peer = core->play->peers; peer; peer = peer->next)
		if (peer != core->peer && addr_eq_host(&peer->addr, &a->source))
			return peer;
	return NULL;
}


/** One leg to the server, for the user it serves. */
static void to_server(struct scn_core *core, struct scn_core_txn *t, struct scn_draft *d,
		      struct str served, bool originating)
{
	struct scn_core_case *c = scn_alloc(core->play->arena, sizeof(*c));
	struct arena *a = core->play->arena;
	char text[ADDR_TEXT_MAX];

	if (!scn_core_to_server(core, t->m, &t->leg[0].hop)) {
		scn_core_answer(core, t, 503, "No Application Server", NULL);
		return;
	}
	c->odi = scn_fmt(a, "%u", ++core->counter);
	c->originating = originating;
	c->next = core->cases;
	core->cases = c;
	scn_draft_add(d, STR("Route"),
		      scn_fmt(a, "<sip:" STR_FMT ";lr;odi=" STR_FMT ">",
			      STR_ARG(scn_peer_hostport(core->peer, SCN_UDP)), STR_ARG(c->odi)),
		      true);
	scn_draft_add(d, STR("Route"),
		      scn_fmt(a, "<sip:%s;lr;%s>", addr_text(&t->leg[0].hop.to, text),
			      originating ? "orig" : "term"),
		      true);
	scn_draft_set(d, STR("P-Served-User"),
		      scn_fmt(a, "<" STR_FMT ">;sescase=%s;regstate=%s", STR_ARG(served),
			      originating ? "orig" : "term",
			      is_registered(core, served) ? "reg" : "unreg"));
	t->legs = 1;
}


static void along(struct scn_core *core, struct scn_core_txn *t, struct str uri)
{
	if (hop_of(uri, &t->leg[0].hop))
		t->legs = 1;
	else
		scn_core_answer(core, t, 404, "Not Found", NULL);
}


/** To the devices, or to whoever is there of another domain. */
static void to_devices(struct scn_core *core, struct scn_core_txn *t, struct scn_draft *d)
{
	struct str aor = aor_of(t->m->uri);

	scn_draft_remove(d, STR("P-Served-User"));
	/* RFC 3325 5: the core ends here, and so does the trust. */
	if (str_find_str(scn_draft_value(d, STR("Privacy")).p ? scn_draft_value(d, STR("Privacy"))
							      : STR(""),
			 STR("id")) >= 0)
		scn_draft_remove(d, STR("P-Asserted-Identity"));
	if (!is_ours(core, aor)) {
		for (const struct scn_peer *peer = core->play->peers; peer; peer = peer->next)
			if (str_eq(peer->uri, aor)) {
				t->leg[0].hop = (struct scn_over_hop){.over = peer->over,
								      .to = peer->addr};
				t->legs = 1;
				return;
			}
		along(core, t, t->m->uri);
		return;
	}
	for (const struct scn_core_binding *b = core->bindings; b && t->legs < SCN_LEGS_MAX;
	     b = b->next) {
		struct scn_core_leg *leg = &t->leg[t->legs];

		if (!is_there(core, b, aor))
			continue;
		leg->uri = b->contact;
		if (!hop_of(b->contact, &leg->hop))
			leg->hop = b->hop;
		t->legs++;
	}
	if (!t->legs)
		scn_core_answer(core, t, 480, "Temporarily Unavailable", NULL);
}


/** What comes back from the server along the Route it was given. */
static void onward(struct scn_core *core, struct scn_core_txn *t, struct scn_draft *d,
		   const struct scn_core_case *c)
{
	struct str aor = aor_of(t->m->uri);

	if (c->originating && is_ours(core, aor))
		to_server(core, t, d, aor, false);
	else
		to_devices(core, t, d);
}


/** Of the filter criteria: what the user may be served for (examples/ims-kamailio/ifc.xml). */
static bool is_triggered(const struct scn_core_txn *t)
{
	return str_eq(t->method, STR("MESSAGE")) || str_eq(t->method, STR("INVITE"));
}


/**
 * The server's own, for which there is no original dialog identifier: an application server as originating user
 * agent (TS 24.229 5.7.3). It reaches a user of ours as what another domain sends does (5.4.3.3).
 */
static void of_server(struct scn_core *core, struct scn_core_txn *t, struct scn_draft *d)
{
	struct str aor = aor_of(t->m->uri);

	if (is_ours(core, aor) && is_triggered(t))
		to_server(core, t, d, aor, false);
	else
		to_devices(core, t, d);
}


/** An initial request of a peer: the core asserts who it is. */
static void enter(struct scn_core *core, const struct scn_arrival *a, struct scn_core_txn *t,
		  struct scn_draft *d)
{
	const struct scn_peer *from = sender(core, a);
	struct str who = from ? from->uri : scn_value_uri(scn_header_value(t->m, STR("From")));

	scn_draft_remove(d, STR("P-Preferred-Identity"));
	scn_draft_set(d, STR("P-Asserted-Identity"),
		      scn_fmt(d->arena, "<" STR_FMT ">", STR_ARG(who)));
	if (is_ours(core, who))
		to_server(core, t, d, who, true);
	else if (is_ours(core, aor_of(t->m->uri)))
		to_server(core, t, d, aor_of(t->m->uri), false);
	else
		to_devices(core, t, d);
}


void scn_core_route(struct scn_core *core, const struct scn_arrival *a, struct scn_draft *d,
		    struct scn_core_txn *t)
{
	bool from_server = scn_server_is_at(core->play->server, &a->source);
	const struct scn_core_case *c = core->cases;
	struct str odi, next, tag;

	if (str_eq(t->method, STR("REGISTER")) && !from_server) {
		registers(core, t);
		return;
	}
	(void)pop_route(core, t->m, d, &odi, &next);
	while (c && !(odi.p && str_eq(c->odi, odi)))
		c = c->next;
	if (from_server && c)
		onward(core, t, d, c);
	else if (scn_value_param(scn_header_value(t->m, STR("To")), STR("tag"), &tag))
		along(core, t, next.p ? next : t->m->uri);
	else if (from_server)
		of_server(core, t, d);
	else
		enter(core, a, t, d);
}
