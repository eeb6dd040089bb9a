/* SPDX-License-Identifier: Apache-2.0 */
/* The registrar: one REGISTER from its arrival to its answer. */
#include "core/registrar.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "core/authentication.h"
#include "core/core_state.h"
#include "core/register_request.h"
#include "sip/compose.h"

/** Header lines of a refusal. */
#define REFUSAL_MAX 1024

static struct counter counters[] = {
	COUNTER("core.registrar.accepted", "REGISTER requests answered 200"),
	COUNTER("core.registrar.refused", "REGISTER requests refused for what they asked"),
	COUNTER("core.registrar.failed", "REGISTER requests answered 503: the store or a ceiling"),
};
enum { ACCEPTED, REFUSED, FAILED };

/** One REGISTER under way; owns itself until it is answered. */
struct registering {
	struct list_link link;
	struct core *core;         /**< borrowed: the core drops what is under way before it goes */
	struct sip_server_txn *st; /**< a reference */
	struct core_auth_query auth;
	struct registration_update update;
	struct buf headers; /**< of a refusal that was decided in `prepare` */
	char aor[SIP_AOR_MAX];
	size_t aor_n;
};

static const struct str extensions[] = {STR_INIT("path"), STR_INIT("outbound")};


void core_registrar_register(void)
{
	counter_register(counters, sizeof(counters) / sizeof(counters[0]));
}


static void destroy(void *object)
{
	struct registering *g = object;

	list_remove(&g->core->registering, &g->link);
	registration_update_cancel(&g->update);
	core_auth_done(&g->auth);
	buf_done(&g->headers);
	mem_unref(g->st);
}


void core_registrar_stop(struct core *c)
{
	for (struct list_link *k; (k = list_first(&c->registering));)
		mem_unref(container_of(k, struct registering, link));
}


/* ---- Answers ---- */

static void refuse(struct sip_server_txn *st, uint16_t status, const struct buf *headers)
{
	counter_add(&counters[REFUSED], 1);
	(void)sip_reply(st, status, headers->failed ? STR("") : buf_str(headers));
}


static void refuse_text(struct core *c, struct sip_server_txn *st, uint16_t status,
			const char *text)
{
	struct buf b = BUF_INIT(REFUSAL_MAX);

	register_warn(&b, &c->params, text);
	refuse(st, status, &b);
	buf_done(&b);
}


static void unavailable(struct sip_server_txn *st)
{
	char storage[64];
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	buf_printf(&b, "Retry-After: %d\r\n", REGISTRAR_RETRY_AFTER_S);
	counter_add(&counters[FAILED], 1);
	(void)sip_reply(st, 503, buf_str(&b));
}


static void put_contact(struct buf *b, const struct registration_binding *d, int64_t now_ms)
{
	buf_puts(b, STR("Contact: <"));
	buf_puts(b, d->contact);
	buf_putc(b, '>');
	if (d->params.n) {
		buf_putc(b, ';');
		buf_puts(b, d->params);
	}
	if (d->q != 1000)
		buf_printf(b, ";q=0.%03u", d->q);
	buf_printf(b, ";expires=%lld\r\n", (long long)((d->expires_ms - now_ms + 999) / 1000));
}


/* RFC 3261 10.3 8: "The response MUST contain Contact header field values enumerating all current
 * bindings." */
static void put_contacts(struct buf *b, struct core *c, struct str aor)
{
	const struct registration *user = registrations_find(c->params.registrations, aor);
	int64_t now_ms = loop_wall_ms(c->params.loop);

	for (size_t i = 0; user && i < registration_count(user); i++) {
		const struct registration_binding *d = registration_binding(user, i);

		if (d->expires_ms > now_ms)
			put_contact(b, d, now_ms);
	}
}


static void put_outbound(struct buf *b, const struct register_request *r)
{
	bool flow = false;

	for (size_t i = 0; i < r->n; i++)
		flow |= r->contact[i].reg_id && r->contact[i].expires_s;
	if (!flow || !r->supports_outbound)
		return;
	buf_puts(b, STR("Require: outbound\r\n"));
	if (r->direct)
		buf_printf(b, "Flow-Timer: %d\r\n", REGISTRAR_FLOW_TIMER_S);
}


static void answer_ok(struct registering *g, const struct sip_msg *m,
		      const struct register_request *r)
{
	struct core *c = g->core;
	struct buf b = BUF_INIT(SIP_MESSAGE_MAX);

	put_contacts(&b, c, (struct str){g->aor, g->aor_n});
	sip_put_copy(&b, m, SIP_HDR_PATH);
	if (c->params.service_route.n)
		sip_put_header(&b, SIP_HDR_SERVICE_ROUTE, c->params.service_route);
	put_outbound(&b, r);
	buf_puts(&b, STR("Date: "));
	sip_put_date(&b, loop_wall_ms(c->params.loop));
	buf_puts(&b, STR("\r\n"));
	if (b.failed) {
		unavailable(g->st);
	} else {
		counter_add(&counters[ACCEPTED], 1);
		(void)sip_reply(g->st, 200, buf_str(&b));
	}
	buf_done(&b);
}


/* ---- The update ---- */

static int update_prepare(struct registration_update *u, const struct registration *now, void *arg)
{
	struct registering *g = arg;
	struct core *c = g->core;
	struct register_request r;
	struct sip_msg m;
	uint16_t status;

	/* Nobody waits for an answer any more, and no 200 would tell the device what holds: leave it. */
	if (sip_server_txn_request(g->st, &m))
		return -ECANCELED;
	status = register_request_decode(&r, &m, &c->params, &g->headers);
	if (!status)
		status = register_request_apply(&r, &m, sip_server_txn_source(g->st), &c->params,
						loop_wall_ms(c->params.loop), u, now, &g->headers);
	return status;
}


static void update_done(struct registration_update *u, int error, void *arg)
{
	struct registering *g = arg;
	struct register_request r;
	struct sip_msg m;

	(void)u;
	if (error < 0 || error == 503)
		unavailable(g->st);
	else if (error)
		refuse(g->st, (uint16_t)error, &g->headers);
	else if (!sip_server_txn_request(g->st, &m) &&
		 !register_request_decode(&r, &m, &g->core->params, &g->headers))
		answer_ok(g, &m, &r);
	mem_unref(g);
}


static const struct registration_update_handler update_handler = {
	.prepare = update_prepare,
	.done = update_done,
};


/* ---- In order ---- */

static bool to_is(struct core *c, const struct sip_msg *m, struct str aor)
{
	char storage[SIP_AOR_MAX];
	struct sip_uri uri;
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	return sip_uri_decode(&uri, m->to_uri) == 0 &&
	       sip_uri_aor(&uri, c->params.realm, &b) == 0 && str_eq(buf_str(&b), aor);
}


/* The sender is known. Takes `g`. */
static void authorized(struct registering *g, const struct sip_msg *m)
{
	struct core *c = g->core;
	struct str aor = g->auth.user->aor;

	/* RFC 3261 10.3 4: "If the authenticated user is not authorized to modify bindings, the
	 * registrar MUST return a 403". Each may modify its own. */
	if (!to_is(c, m, aor) || aor.n > sizeof(g->aor)) {
		refuse_text(c, g->st, 403, "To is not the authenticated user");
		mem_unref(g);
		return;
	}
	memcpy(g->aor, aor.p, aor.n);
	g->aor_n = aor.n;
	core_auth_done(&g->auth);
	if (registrations_update(c->params.registrations, &g->update,
				 (struct str){g->aor, g->aor_n}, &update_handler, g)) {
		unavailable(g->st);
		mem_unref(g);
	}
}


static void authenticated(struct core_auth_query *q, struct subscriber *user, void *arg)
{
	struct registering *g = arg;
	struct sip_msg m;

	(void)q;
	if (!user || sip_server_txn_request(g->st, &m))
		mem_unref(g);
	else
		authorized(g, &m);
}


static bool understood(struct str extension)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (str_eq_nocase(extension, extensions[i]))
			return true;
	return false;
}


/* RFC 3261 8.2.2.3. */
static bool require_is_met(struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_REQUIRE);
	struct buf b = BUF_INIT(REFUSAL_MAX);
	bool met;

	for (struct str value; sip_values_next(&v, &value);) {
		if (understood(value))
			continue;
		buf_puts(&b, STR("Unsupported: "));
		buf_puts(&b, value);
		buf_puts(&b, STR("\r\n"));
	}
	met = b.n == 0 && !b.failed;
	if (!met)
		refuse(st, 420, &b);
	buf_done(&b);
	return met;
}


/* RFC 3261 10.3 1 and 5: the address-of-record is in a domain of ours. A Request-URI with our listener's
 * address instead of the domain is common and means the same. */
static bool serves(struct core *c, const struct sip_msg *m)
{
	struct sip_uri to;

	return sip_uri_decode(&to, m->to_uri) == 0 &&
	       (to.scheme == SIP_URI_TEL ||
		subscribers_serve_domain(c->params.subscribers, to.host));
}


static struct registering *begin(struct core *c, struct sip_server_txn *st)
{
	struct registering *g = mem_alloc(sizeof(*g), destroy);

	if (!g)
		return NULL;
	g->core = c;
	g->st = mem_ref(st);
	buf_init(&g->headers, REFUSAL_MAX);
	list_append(&c->registering, &g->link);
	return g;
}


void core_register(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		   const struct sip_source *src)
{
	struct registering *g;
	int r;

	if (!serves(c, m)) {
		refuse_text(c, st, 404, "No such domain here");
		return;
	}
	if (!require_is_met(st, m))
		return;
	g = begin(c, st);
	if (!g) {
		unavailable(st);
		return;
	}

	r = core_authenticate(c, &g->auth, st, m, src, authenticated, g);
	if (r > 0)
		authorized(g, m);
	else if (r < 0)
		mem_unref(g);
}
