/* SPDX-License-Identifier: Apache-2.0 */
/* Digest authentication: challenging, verifying, answering. */
#include "sip/digest.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/digest_hash.h"
#include "sip/digest_nonce.h"
#include "sip/msg.h"
#include "sip/param.h"
#include "sip/uri.h"

/* A realm as a quoted string, every byte of it escaped. */
#define REALM_MAX 512
/* A user name likewise. */
#define USER_MAX 1024
#define CNONCE_N 32

enum { C_OK, C_WRONG, C_STALE, C_MALFORMED, C_CHALLENGED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_OK] = COUNTER("sip.digest.ok", "requests authenticated"),
	[C_WRONG] = COUNTER("sip.digest.wrong",
			    "credentials with a wrong password or unknown user"),
	[C_STALE] = COUNTER("sip.digest.stale",
			    "right credentials with a nonce of no use any more"),
	[C_MALFORMED] = COUNTER("sip.digest.malformed", "credentials that contradict themselves"),
	[C_CHALLENGED] = COUNTER("sip.digest.challenged", "challenges sent"),
};

/* In the order of offering: RFC 8760 2.4, the preferred first. */
static const enum digest_algorithm offered[] = {DIGEST_SHA256, DIGEST_MD5};

struct digest_server {
	struct loop *loop;
	struct digest_hash hash;
	struct digest_nonces nonces;
	uint32_t offered; /**< set of 1u << enum digest_algorithm */
	bool ready;
};


static enum auth_algorithm name_of(enum digest_algorithm a)
{
	return a == DIGEST_MD5 ? AUTH_MD5 : AUTH_SHA256;
}


static bool algorithm_of(enum auth_algorithm a, enum digest_algorithm *ret)
{
	if (a == AUTH_MD5)
		*ret = DIGEST_MD5;
	else if (a == AUTH_SHA256)
		*ret = DIGEST_SHA256;
	else
		return false;
	return true;
}


/* The text as it stands between quotes, which is also what is hashed: RFC 7616 3.4.1, "unq". */
static struct str escaped(struct str text, struct buf *b)
{
	sip_quote(text, b);
	if (b->failed || b->n < 2)
		return STR_NULL;
	return (struct str){b->p + 1, b->n - 2};
}


/* ---- Server ---- */

static void destroy(void *object)
{
	struct digest_server *d = object;

	digest_hash_done(&d->hash);
	if (d->ready)
		digest_nonces_done(&d->nonces);
	mem_unref(d->loop);
}


int digest_server_alloc(struct digest_server **ret, struct loop *loop)
{
	struct digest_server *d = mem_alloc(sizeof(*d), destroy);
	int err;

	if (!d)
		return -ENOMEM;
	counter_register(counters, C_COUNT);
	d->loop = mem_ref(loop);
	err = digest_hash_init(&d->hash);
	if (!err)
		err = digest_nonces_init(&d->nonces, loop);
	if (err) {
		mem_unref(d);
		return err;
	}
	d->ready = true;
	d->offered = UINT32_MAX;
	*ret = d;
	return 0;
}


void digest_server_offer(struct digest_server *d, uint32_t algorithms)
{
	d->offered = algorithms;
}


void digest_challenge(struct digest_server *d, struct str realm, bool proxy, bool stale,
		      struct buf *out)
{
	char nonce_text[DIGEST_NONCE_N], realm_text[REALM_MAX];
	struct buf nonce, quoted;
	struct auth_challenge c = {.scheme = STR("Digest"),
				   .digest = true,
				   .stale = stale,
				   .qop = true,
				   .qop_auth = true};

	buf_fixed(&nonce, nonce_text, sizeof(nonce_text));
	buf_fixed(&quoted, realm_text, sizeof(realm_text));
	digest_nonce_put(&d->nonces, &nonce);
	c.nonce = buf_str(&nonce);
	c.realm = escaped(realm, &quoted);
	if (nonce.failed || !c.realm.p) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		if (!d->hash.md[offered[i]] || !(d->offered & 1u << offered[i]))
			continue;
		c.algorithm = name_of(offered[i]);
		buf_puts(out, proxy ? STR("Proxy-Authenticate: ") : STR("WWW-Authenticate: "));
		auth_challenge_encode(&c, out);
		buf_puts(out, STR("\r\n"));
	}
	counter_add(&counters[C_CHALLENGED], 1);
}


/*
 * RFC 3261 22.4 8: the two URIs "may refer to different users, due to forwarding at some proxy"; but
 * here the credentials are for us or for a proxy before us, which sees the URI that was signed.
 */
static bool same_uri(struct str a, struct str b)
{
	struct sip_uri ua, ub;

	if (str_eq(a, b))
		return true;
	return sip_uri_decode(&ua, a) == 0 && sip_uri_decode(&ub, b) == 0 && sip_uri_eq(&ua, &ub);
}


/* All is computed for a user we do not know too, so that time does not tell who is known. */
static bool right(struct digest_server *d, const struct auth_credentials *c,
		  enum digest_algorithm a, struct str method, struct str body,
		  const struct digest_secret *secret)
{
	static const char nobody[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	const char *ha1 = secret ? secret->ha1[a] : "";
	size_t n = a == DIGEST_MD5 ? 32 : 64;
	bool known = strlen(ha1) == n;
	char response[DIGEST_HEX_MAX];
	struct digest_response r = {
		.algorithm = a,
		.ha1 = {known ? ha1 : nobody, n},
		.nonce = c->nonce,
		.nc = c->nc_text,
		.cnonce = c->cnonce,
		.qop = c->qop == AUTH_QOP_NONE ? STR("") : auth_qop_name(c->qop),
		.method = method,
		.uri = c->uri,
		.with_body = c->qop == AUTH_QOP_AUTH_INT,
		.body = body,
	};

	if (digest_hash_response(&d->hash, &r, response) || c->response.n != n)
		return false;
	return CRYPTO_memcmp(response, c->response.p, n) == 0 && known;
}


static enum digest_verdict judge(struct digest_server *d, const struct auth_credentials *c,
				 struct str method, struct str uri, struct str body,
				 const struct digest_secret *secret)
{
	bool counted = c->qop == AUTH_QOP_AUTH || c->qop == AUTH_QOP_AUTH_INT;
	enum digest_algorithm a;

	/* RFC 7616 3.4: the count begins with 1. */
	if (c->qop == AUTH_QOP_OTHER || (counted && (!c->nc || !c->cnonce.n)))
		return DIGEST_MALFORMED;
	if (!c->digest || !algorithm_of(c->algorithm, &a))
		return DIGEST_WRONG;
	if (!same_uri(c->uri, uri))
		return DIGEST_MALFORMED;
	if (!right(d, c, a, method, body, secret))
		return DIGEST_WRONG;
	return digest_nonce_use(&d->nonces, c->nonce, counted ? c->nc : 0) ? DIGEST_OK
									   : DIGEST_STALE;
}


enum digest_verdict digest_verify(struct digest_server *d, const struct auth_credentials *c,
				  struct str method, struct str uri, struct str body,
				  const struct digest_secret *secret)
{
	static const int counter_of[] = {
		[DIGEST_OK] = C_OK,
		[DIGEST_WRONG] = C_WRONG,
		[DIGEST_STALE] = C_STALE,
		[DIGEST_MALFORMED] = C_MALFORMED,
	};
	enum digest_verdict v = judge(d, c, method, uri, body, secret);

	counter_add(&counters[counter_of[v]], 1);
	return v;
}


/* ---- Secrets ---- */

static int hash_secret(struct digest_hash *h, enum digest_algorithm a, struct str user,
		       struct str realm, struct str password, char ret[static DIGEST_HEX_MAX])
{
	return digest_hash_hex(h, a, (struct str[]){user, realm, password}, 3, ret);
}


int digest_secret_init(struct digest_secret *ret, struct str user, struct str realm,
		       struct str password)
{
	char user_text[USER_MAX], realm_text[REALM_MAX];
	struct digest_secret s = {0};
	struct digest_hash h;
	struct buf u, r;
	int err;

	buf_fixed(&u, user_text, sizeof(user_text));
	buf_fixed(&r, realm_text, sizeof(realm_text));
	user = escaped(user, &u);
	realm = escaped(realm, &r);
	if (!user.p || !realm.p)
		return -EINVAL;
	err = digest_hash_init(&h);
	for (int a = 0; a < DIGEST_ALGORITHMS && !err; a++) {
		if (h.md[a])
			err = hash_secret(&h, (enum digest_algorithm)a, user, realm, password,
					  s.ha1[a]);
	}
	if (!err)
		*ret = s;
	digest_hash_done(&h);
	OPENSSL_cleanse(&s, sizeof(s));
	return err;
}


/* ---- Client ---- */

static bool keep(char *room, size_t size, struct str text)
{
	if (text.n >= size || (text.n && memchr(text.p, 0, text.n)))
		return false;
	if (text.n)
		memcpy(room, text.p, text.n);
	room[text.n] = 0;
	return true;
}


/* A challenge whose qop leaves us only auth-int is not one that we answer. */
static bool take(struct digest_client *ret, const struct auth_challenge *c, enum digest_algorithm a)
{
	struct digest_client n = {.algorithm = a, .qop_auth = c->qop_auth};

	if (c->qop && !c->qop_auth)
		return false;
	if (!keep(n.realm, sizeof(n.realm), c->realm) ||
	    !keep(n.nonce, sizeof(n.nonce), c->nonce) ||
	    !keep(n.opaque, sizeof(n.opaque), c->opaque))
		return false;
	*ret = n;
	return true;
}


/*
 * RFC 8760 2.4: the topmost challenge that is understood is to be used, "unless a local policy dictates
 * otherwise". The policy here is the strongest, whoever reordered them on the way.
 */
int digest_client_take(struct digest_client *ret, const struct sip_msg *response)
{
	bool proxy = response->status == 407, found = false;
	struct auth_challenges it = auth_challenges_first(response,
							  proxy ? SIP_HDR_PROXY_AUTHENTICATE
								: SIP_HDR_WWW_AUTHENTICATE);
	struct digest_client best;

	for (struct auth_challenge c; auth_challenges_next(&it, &c);) {
		enum digest_algorithm a;

		if (!c.digest || !algorithm_of(c.algorithm, &a) || (found && a <= best.algorithm))
			continue;
		if (take(&best, &c, a))
			found = true;
	}
	if (!found)
		return -ENOTSUP;
	best.proxy = proxy;
	*ret = best;
	return 0;
}


static int sign(struct digest_hash *h, struct auth_credentials *c, enum digest_algorithm a,
		struct str password, struct str method, char ret[static DIGEST_HEX_MAX])
{
	char ha1[DIGEST_HEX_MAX];
	struct digest_response r = {
		.algorithm = a,
		.ha1 = {ha1, 0},
		.nonce = c->nonce,
		.nc = c->nc_text,
		.cnonce = c->cnonce,
		.method = method,
		.uri = c->uri,
		.qop = c->qop == AUTH_QOP_AUTH ? STR("auth") : STR(""),
	};
	int err = hash_secret(h, a, c->username, c->realm, password, ha1);

	if (!err) {
		r.ha1.n = strlen(ha1);
		err = digest_hash_response(h, &r, ret);
	}
	OPENSSL_cleanse(ha1, sizeof(ha1));
	return err;
}


/* Eight digits of nc, and random ones for cnonce. */
static void put_count(struct auth_credentials *ret, struct digest_client *c, struct loop *loop,
		      struct buf *b)
{
	ret->qop = AUTH_QOP_AUTH;
	ret->nc = ++c->count;
	buf_puthex(b, c->count, 8);
	buf_puthex(b, loop_random_u64(loop), 16);
	buf_puthex(b, loop_random_u64(loop), 16);
	ret->nc_text = (struct str){b->p, 8};
	ret->cnonce = (struct str){b->p + 8, CNONCE_N};
}


int digest_answer(struct digest_client *c, struct loop *loop, struct str user, struct str password,
		  struct str method, struct str uri, struct buf *out)
{
	char user_text[USER_MAX], count_text[8 + CNONCE_N], response[DIGEST_HEX_MAX];
	struct auth_credentials a = {
		.scheme = STR("Digest"),
		.digest = true,
		.realm = str_of(c->realm),
		.nonce = str_of(c->nonce),
		.uri = uri,
		.algorithm = name_of(c->algorithm),
		.opaque = c->opaque[0] ? str_of(c->opaque) : STR_NULL,
	};
	struct digest_hash h;
	struct buf u, count;
	int err;

	buf_fixed(&u, user_text, sizeof(user_text));
	buf_fixed(&count, count_text, sizeof(count_text));
	a.username = escaped(user, &u);
	if (!a.username.p)
		return -EINVAL;
	err = digest_hash_init(&h);
	if (err)
		return err;
	if (c->qop_auth)
		put_count(&a, c, loop, &count);
	err = sign(&h, &a, c->algorithm, password, method, response);
	digest_hash_done(&h);
	if (err)
		return err;
	a.response = str_of(response);
	buf_puts(out, c->proxy ? STR("Proxy-Authorization: ") : STR("Authorization: "));
	auth_credentials_encode(&a, out);
	buf_puts(out, STR("\r\n"));
	return out->failed ? -ENOBUFS : 0;
}
