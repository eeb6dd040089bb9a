/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication: credentials found, the user looked up, the digest judged, From compared. */
#include "core/authentication.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "core/core_state.h"
#include "sip/auth_header.h"
#include "sip/digest.h"
#include "sip/name_addr.h"
#include "sip/uri.h"

/** Header lines of a challenge or refusal. */
#define ANSWER_MAX 2048

static struct counter counters[] = {
	COUNTER("core.authentication.challenged", "Requests answered with a challenge"),
	COUNTER("core.authentication.accepted", "Requests whose sender was authenticated"),
	COUNTER("core.authentication.wrong", "Requests with a wrong password or an unknown user"),
	COUNTER("core.authentication.stale", "Requests with a nonce too old or used before"),
	COUNTER("core.authentication.from", "Requests whose From was not the authenticated user"),
	COUNTER("core.authentication.locked",
		"Requests refused because their source had failed too often"),
	COUNTER("core.authentication.malformed", "Requests with malformed credentials"),
};
enum { CHALLENGED, ACCEPTED, WRONG, STALE, FROM, LOCKED, MALFORMED };


void core_authentication_register(void)
{
	counter_register(counters, sizeof(counters) / sizeof(counters[0]));
}


/* ---- Answers ---- */

static void reply(struct sip_server_txn *st, uint16_t status, const struct buf *headers)
{
	/* A transaction that has ended meanwhile needs no answer. */
	(void)sip_reply(st, status, headers->failed ? STR("") : buf_str(headers));
}


static void reply_warning(struct core *c, struct sip_server_txn *st, uint16_t status,
			  const char *text)
{
	struct buf b = BUF_INIT(ANSWER_MAX);

	buf_printf(&b, "Warning: 399 " STR_FMT " \"%s\"\r\n", STR_ARG(c->params.realm), text);
	reply(st, status, &b);
	buf_done(&b);
}


/* RFC 3261 22.1: a registrar is a user agent server and answers 401, a proxy 407. */
static void challenge(struct core *c, struct sip_server_txn *st, bool registering, bool stale)
{
	struct buf b = BUF_INIT(ANSWER_MAX);

	digest_challenge(c->digest, c->params.realm, !registering, stale, &b);
	if (b.failed)
		(void)sip_reply(st, 500, STR(""));
	else
		reply(st, registering ? 401 : 407, &b);
	buf_done(&b);
	counter_add(&counters[CHALLENGED], 1);
}


static void reply_locked(struct core *c, struct sip_server_txn *st, uint64_t wait_ms)
{
	struct buf b = BUF_INIT(ANSWER_MAX);

	buf_printf(&b,
		   "Retry-After: %u\r\nWarning: 399 " STR_FMT " \"Too many failed attempts\"\r\n",
		   (unsigned)((wait_ms + 999) / 1000), STR_ARG(c->params.realm));
	reply(st, 403, &b);
	buf_done(&b);
	counter_add(&counters[LOCKED], 1);
}


static void reply_unavailable(struct sip_server_txn *st)
{
	(void)sip_reply(st, 503, STR("Retry-After: 10\r\n"));
}


/* ---- Judging ---- */

static enum sip_header_id credentials_header(const struct sip_msg *m)
{
	return m->method == SIP_REGISTER ? SIP_HDR_AUTHORIZATION : SIP_HDR_PROXY_AUTHORIZATION;
}


static int uri_aor(struct core *c, struct str text, struct buf *ret)
{
	struct sip_uri uri;

	if (sip_uri_decode(&uri, text))
		return -EBADMSG;
	return sip_uri_aor(&uri, c->params.realm, ret);
}


/*
 * Whom the request claims to be from: From; or, of one that hides (RFC 3323 4.1.1.3), what it asks us to assert
 * (RFC 3325 9.2). STR_NULL: it hides, and claims nothing.
 */
static struct str claimed(const struct sip_msg *m)
{
	struct sip_name_addr preferred;
	struct sip_uri from;

	if (sip_uri_decode(&from, m->from_uri) ||
	    !str_eq_nocase(from.host, STR("anonymous.invalid")))
		return m->from_uri;
	if (sip_name_addr_decode(&preferred, sip_msg_header(m, SIP_HDR_P_PREFERRED_IDENTITY)))
		return STR_NULL;
	return preferred.uri;
}


/* Who proved who they are need not claim it, too. */
static bool from_is(struct core *c, const struct sip_msg *m, struct str aor)
{
	char storage[SIP_AOR_MAX];
	struct str uri = claimed(m);
	struct buf b;

	if (!uri.p)
		return c->params.authenticate;
	buf_fixed(&b, storage, sizeof(storage));
	return uri_aor(c, uri, &b) == 0 && str_eq(buf_str(&b), aor);
}


/* The user the credentials name: of the domain in From when that is one of ours, else of the realm's. */
static int named_aor(struct core *c, const struct sip_msg *m, const struct auth_credentials *cred,
		     struct buf *ret)
{
	struct str domain = c->params.realm;
	struct sip_uri from;

	if (sip_uri_decode(&from, claimed(m)) == 0 &&
	    subscribers_serve_domain(c->params.subscribers, from.host))
		domain = from.host;
	return core_user_aor(cred->username, domain, ret);
}


static bool from_fits(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct subscriber *s)
{
	if (!from_is(c, m, s->aor)) {
		counter_add(&counters[FROM], 1);
		reply_warning(c, st, 403, "From is not the authenticated user");
		return false;
	}
	counter_add(&counters[ACCEPTED], 1);
	return true;
}


static void refuse_wrong(struct core *c, struct sip_server_txn *st, const struct sip_msg *m)
{
	const struct sip_source *src = sip_server_txn_source(st);

	counter_add(&counters[WRONG], 1);
	failures_add(&c->failures, &src->peer, loop_now_ms(c->params.loop));
	challenge(c, st, m->method == SIP_REGISTER, false);
}


/* `s` NULL: unknown, and judged with a secret nobody has, for the same work and the same answer. */
static bool judge(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		  const struct auth_credentials *cred, struct subscriber *s)
{
	bool known = s && s->account && str_eq(s->realm, c->params.realm);
	enum digest_verdict v = digest_verify(c->digest, cred, m->method_name, m->uri, m->body,
					      known ? &s->secret : &c->nobody);

	if (v == DIGEST_OK && known) {
		failures_clear(&c->failures, &sip_server_txn_source(st)->peer);
		return from_fits(c, st, m, s);
	}
	switch (v) {
	case DIGEST_STALE:
		counter_add(&counters[STALE], 1);
		challenge(c, st, m->method == SIP_REGISTER, true);
		break;
	case DIGEST_MALFORMED:
		counter_add(&counters[MALFORMED], 1);
		reply_warning(c, st, 400, "Malformed credentials");
		break;
	default:
		refuse_wrong(c, st, m);
	}
	return false;
}


/* What the credentials say, and whether they may be judged at all; false: an answer was sent. */
static bool find_credentials(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
			     struct auth_credentials *ret)
{
	uint64_t wait_ms;
	int r = auth_credentials_find(ret, m, credentials_header(m), c->params.realm);

	if (r == -ENOENT) {
		challenge(c, st, m->method == SIP_REGISTER, false);
		return false;
	}
	wait_ms = failures_locked_ms(&c->failures, &sip_server_txn_source(st)->peer,
				     loop_now_ms(c->params.loop));
	if (wait_ms) {
		reply_locked(c, st, wait_ms);
		return false;
	}
	if (r) {
		counter_add(&counters[MALFORMED], 1);
		reply_warning(c, st, 400, "Malformed credentials");
		return false;
	}
	return true;
}


/* Authentication is off: From is the user, when it is one of ours. */
static bool believe(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		    struct subscriber *s)
{
	if (s)
		return from_fits(c, st, m, s);
	counter_add(&counters[FROM], 1);
	reply_warning(c, st, 403, "From is no user of this domain");
	return false;
}


/* The end of it, at once or after the look-up. */
static bool decide(struct core *c, struct sip_server_txn *st, const struct sip_msg *m,
		   struct subscriber *s)
{
	struct auth_credentials cred;

	if (!c->params.authenticate)
		return believe(c, st, m, s);
	return find_credentials(c, st, m, &cred) && judge(c, st, m, &cred, s);
}


/* ---- The query ---- */

static void finish(struct core_auth_query *q, struct subscriber *s)
{
	q->core = NULL;
	q->st = mem_unref(q->st);
	q->user = mem_ref(s);
	q->cb(q, s, q->arg);
}


static void loaded(struct subscriber_query *load, int error, struct subscriber *s, void *arg)
{
	struct core_auth_query *q = arg;
	struct sip_msg m;

	(void)load;
	/* The transaction ended meanwhile: nobody waits. */
	if (sip_server_txn_request(q->st, &m)) {
		finish(q, NULL);
		return;
	}
	if (error && error != -ENOENT) {
		reply_unavailable(q->st);
		finish(q, NULL);
		return;
	}
	finish(q, decide(q->core, q->st, &m, s) ? s : NULL);
}


static int load_user(struct core *c, struct core_auth_query *q, struct sip_server_txn *st,
		     struct str aor)
{
	if (subscriber_load(c->params.subscribers, &q->load, aor, loaded, q)) {
		reply_unavailable(st);
		return -EACCES;
	}
	q->core = c;
	q->st = mem_ref(st);
	return 0;
}


/* Whom to look up. A name that can be nobody's is looked for as such: it costs what others cost. */
static int user_sought(struct core *c, const struct sip_msg *m, const struct auth_credentials *cred,
		       struct buf *ret)
{
	return c->params.authenticate ? named_aor(c, m, cred, ret) : uri_aor(c, claimed(m), ret);
}


int core_authenticate(struct core *c, struct core_auth_query *q, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src, core_auth_cb *cb,
		      void *arg)
{
	struct auth_credentials cred;
	char storage[SIP_AOR_MAX];
	struct subscriber *s = NULL;
	struct buf aor;
	int r;

	(void)src;
	*q = (struct core_auth_query){.cb = cb, .arg = arg};
	if (c->params.authenticate && !find_credentials(c, st, m, &cred))
		return -EACCES;

	buf_fixed(&aor, storage, sizeof(storage));
	r = user_sought(c, m, &cred, &aor);
	if (!r)
		r = subscribers_find(c->params.subscribers, buf_str(&aor), &s);
	if (r == -EAGAIN)
		return load_user(c, q, st, buf_str(&aor));
	if (r)
		s = NULL;
	if (c->params.authenticate ? !judge(c, st, m, &cred, s) : !believe(c, st, m, s))
		return -EACCES;
	q->user = mem_ref(s);
	return 1;
}


void core_auth_done(struct core_auth_query *q)
{
	subscriber_load_cancel(&q->load);
	q->core = NULL;
	q->st = mem_unref(q->st);
	q->user = mem_unref(q->user);
}
