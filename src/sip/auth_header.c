/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges and credentials in header fields. */
#include "sip/auth_header.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"

static const struct str algorithm_names[] = {
	[AUTH_MD5] = STR_INIT("MD5"),
	[AUTH_MD5_SESS] = STR_INIT("MD5-sess"),
	[AUTH_SHA256] = STR_INIT("SHA-256"),
	[AUTH_SHA256_SESS] = STR_INIT("SHA-256-sess"),
	[AUTH_SHA512_256] = STR_INIT("SHA-512-256"),
	[AUTH_SHA512_256_SESS] = STR_INIT("SHA-512-256-sess"),
	[AUTH_ALGORITHM_OTHER] = STR_INIT(""),
};


struct str auth_algorithm_name(enum auth_algorithm a)
{
	return (unsigned)a <= AUTH_ALGORITHM_OTHER ? algorithm_names[a] : STR("");
}


enum auth_algorithm auth_algorithm_decode(struct str name)
{
	for (unsigned a = 0; a < AUTH_ALGORITHM_OTHER; a++)
		if (str_eq_nocase(name, algorithm_names[a]))
			return a;
	return AUTH_ALGORITHM_OTHER;
}


struct str auth_qop_name(enum auth_qop q)
{
	switch (q) {
	case AUTH_QOP_AUTH:
		return STR("auth");
	case AUTH_QOP_AUTH_INT:
		return STR("auth-int");
	default:
		return STR("");
	}
}


/* ---- Reading ---- */

/* Blanks and commas: RFC 3261 25.1 has none of them empty, lists in the field do. */
static const char *skip_commas(const char *p, const char *end)
{
	while (p < end && (*p == ',' || sip_char_is(*p, SIP_CHAR_BLANK)))
		p++;
	return p;
}


/*
 * Takes the next name=value off `*rest`, without quotes. 1: found; 0: no more here, either at the
 * end or because the next thing is another scheme; -EBADMSG.
 */
static int next_param(struct str *rest, struct str *name, struct str *value)
{
	const char *end = sip_end(*rest), *p = skip_commas(rest->p, end), *q;

	*rest = str_range(p, end);
	if (p == end)
		return 0;

	q = sip_span(p, end, SIP_CHAR_TOKEN);
	*name = str_range(p, q);
	p = sip_skip_blanks(q, end);
	if (!name->n)
		return -EBADMSG;
	if (p == end || *p != '=')
		return p > q ? 0 : -EBADMSG;

	p = sip_skip_blanks(p + 1, end);
	if (p < end && *p == '"') {
		q = sip_quoted_end(p, end);
		if (!q)
			return -EBADMSG;
		*value = str_range(p + 1, q - 1);
	} else {
		q = sip_span(p, end, SIP_CHAR_PARAM);
		if (q == p)
			return -EBADMSG;
		*value = str_range(p, q);
	}
	p = sip_skip_blanks(q, end);
	if (p < end && *p != ',')
		return -EBADMSG;

	*rest = str_range(p, end);
	return 1;
}


/* auth-scheme LWS; false when nothing or no token stands there. */
static bool take_scheme(struct str *rest, struct str *scheme)
{
	const char *end = sip_end(*rest), *p, *q;

	if (!rest->n)
		return false;

	p = skip_commas(rest->p, end);
	q = sip_span(p, end, SIP_CHAR_TOKEN);
	if (q == p || (q < end && !sip_char_is(*q, SIP_CHAR_BLANK)))
		return false;

	*scheme = str_range(p, q);
	*rest = str_range(sip_skip_blanks(q, end), end);
	return true;
}


/* Sets what must not be there twice. */
static bool once(struct str *field, struct str value)
{
	if (field->p)
		return false;
	*field = value;
	return true;
}


static bool take_qop_list(struct auth_challenge *c, struct str list)
{
	if (c->qop)
		return false;

	c->qop = true;
	while (list.p) {
		struct str item = str_trim(str_cut(&list, ','));

		if (SIP_IS(item, "auth"))
			c->qop_auth = true;
		else if (SIP_IS(item, "auth-int"))
			c->qop_auth_int = true;
	}
	return true;
}


static bool challenge_param(struct auth_challenge *c, struct str name, struct str value)
{
	if (SIP_IS(name, "realm"))
		return once(&c->realm, value);
	if (SIP_IS(name, "nonce"))
		return once(&c->nonce, value);
	if (SIP_IS(name, "opaque"))
		return once(&c->opaque, value);
	if (SIP_IS(name, "domain"))
		return once(&c->domain, value);
	if (SIP_IS(name, "algorithm"))
		return once(&c->algorithm_text, value);
	if (SIP_IS(name, "qop"))
		return take_qop_list(c, value);
	if (SIP_IS(name, "stale"))
		c->stale = SIP_IS(value, "true");
	return true;
}


/* Passes over what belongs to the scheme begun, to where another one might start. */
static void skip_params(struct str *rest)
{
	struct str name, value;
	int r;

	while ((r = next_param(rest, &name, &value)) > 0)
		;
	if (r < 0)
		*rest = STR_NULL;
}


static int decode_challenge(struct auth_challenge *ret, struct str *rest)
{
	struct auth_challenge c = {0};
	struct str name, value;
	bool good = true;
	int r;

	if (!take_scheme(rest, &c.scheme)) {
		*rest = STR_NULL;
		return -EBADMSG;
	}

	c.digest = SIP_IS(c.scheme, "Digest");
	if (!c.digest) {
		skip_params(rest);
		*ret = c;
		return 0;
	}
	while ((r = next_param(rest, &name, &value)) > 0)
		good &= challenge_param(&c, name, value);
	if (r < 0)
		*rest = STR_NULL;
	if (r < 0 || !good || !c.realm.p || !c.nonce.p)
		return -EBADMSG;

	if (c.algorithm_text.p)
		c.algorithm = auth_algorithm_decode(c.algorithm_text);
	*ret = c;
	return 0;
}


int auth_challenge_decode(struct auth_challenge *ret, struct str value)
{
	struct auth_challenge c;
	int r = decode_challenge(&c, &value);

	if (r == 0 && c.digest && value.n)
		return -EBADMSG;
	if (r == 0)
		*ret = c;
	return r;
}


struct auth_challenges auth_challenges_first(const struct sip_msg *m, enum sip_header_id id)
{
	return (struct auth_challenges){m, m->first[id], STR_NULL};
}


bool auth_challenges_next(struct auth_challenges *it, struct auth_challenge *ret)
{
	for (;;) {
		if (!it->rest.n) {
			const struct sip_line *l;

			if (it->line == SIP_LINE_NONE)
				return false;
			l = &it->m->line[it->line];
			it->line = l->next;
			it->rest = str_range(it->m->p + l->value, it->m->p + l->vend);
			if (!it->rest.n)
				continue;
		}
		if (decode_challenge(ret, &it->rest) == 0)
			return true;
	}
}


static bool take_nc(struct auth_credentials *c, struct str value)
{
	uint64_t nc;

	/* RFC 3261 25.1: nc-value = 8LHEX */
	if (value.n != 8 || !str_hex_u64(value, &nc) || !once(&c->nc_text, value))
		return false;
	c->nc = (uint32_t)nc;
	return true;
}


static bool take_qop(struct auth_credentials *c, struct str value)
{
	if (c->qop != AUTH_QOP_NONE)
		return false;

	c->qop = SIP_IS(value, "auth")       ? AUTH_QOP_AUTH
		 : SIP_IS(value, "auth-int") ? AUTH_QOP_AUTH_INT
					     : AUTH_QOP_OTHER;
	return true;
}


static bool credentials_param(struct auth_credentials *c, struct str name, struct str value)
{
	if (SIP_IS(name, "username"))
		return once(&c->username, value);
	if (SIP_IS(name, "realm"))
		return once(&c->realm, value);
	if (SIP_IS(name, "nonce"))
		return once(&c->nonce, value);
	if (SIP_IS(name, "uri"))
		return once(&c->uri, value);
	if (SIP_IS(name, "response"))
		return once(&c->response, value);
	if (SIP_IS(name, "cnonce"))
		return once(&c->cnonce, value);
	if (SIP_IS(name, "opaque"))
		return once(&c->opaque, value);
	if (SIP_IS(name, "algorithm"))
		return once(&c->algorithm_text, value);
	if (SIP_IS(name, "qop"))
		return take_qop(c, value);
	if (SIP_IS(name, "nc"))
		return take_nc(c, value);
	return true;
}


static bool complete(const struct auth_credentials *c)
{
	if (!c->username.p || !c->realm.p || !c->nonce.p || !c->uri.p || !c->response.n)
		return false;
	/* RFC 2617 3.2.2: cnonce and nc "MUST be specified if a qop directive is sent". */
	return c->qop == AUTH_QOP_NONE || (c->cnonce.p && c->nc_text.p);
}


int auth_credentials_decode(struct auth_credentials *ret, struct str value)
{
	struct auth_credentials c = {0};
	struct str name, v;
	int r;

	if (!take_scheme(&value, &c.scheme))
		return -EBADMSG;

	c.digest = SIP_IS(c.scheme, "Digest");
	if (!c.digest) {
		*ret = c;
		return 0;
	}
	while ((r = next_param(&value, &name, &v)) > 0)
		if (!credentials_param(&c, name, v))
			return -EBADMSG;
	if (r < 0 || value.n || !complete(&c))
		return -EBADMSG;

	if (c.algorithm_text.p)
		c.algorithm = auth_algorithm_decode(c.algorithm_text);
	*ret = c;
	return 0;
}


int auth_credentials_find(struct auth_credentials *ret, const struct sip_msg *m,
			  enum sip_header_id id, struct str realm)
{
	int result = -ENOENT;

	for (uint8_t at = m->first[id]; at != SIP_LINE_NONE; at = m->line[at].next) {
		const struct sip_line *l = &m->line[at];
		struct auth_credentials c;

		if (auth_credentials_decode(&c, str_range(m->p + l->value, m->p + l->vend))) {
			result = -EBADMSG;
			continue;
		}
		if (c.digest && str_eq(c.realm, realm)) {
			*ret = c;
			return 0;
		}
	}
	return result;
}


/* ---- Writing ---- */

/* The value keeps the escapes it came with; only what would end the string or the line is taken
 * out of a value made otherwise. */
static void put_quoted(struct buf *out, const char *name, struct str value)
{
	buf_puts(out, str_of(name));
	buf_puts(out, STR("=\""));
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\\' && i + 1 < value.n && value.p[i + 1] != '\r' &&
		    value.p[i + 1] != '\n') {
			buf_put(out, &value.p[i++], 2);
			continue;
		}
		if (c == '\\' || c == '"')
			buf_putc(out, '\\');
		buf_putc(out, c == '\r' || c == '\n' ? ' ' : c);
	}
	buf_putc(out, '"');
}


static void put_optional(struct buf *out, const char *name, struct str value)
{
	if (!value.p)
		return;
	buf_puts(out, STR(", "));
	put_quoted(out, name, value);
}


static struct str algorithm_text(enum auth_algorithm a, struct str received)
{
	return a == AUTH_ALGORITHM_OTHER ? received : auth_algorithm_name(a);
}


static void put_algorithm(struct buf *out, struct str name)
{
	if (!sip_all_chars(name, SIP_CHAR_TOKEN))
		return;
	buf_puts(out, STR(", algorithm="));
	buf_puts(out, name);
}


void auth_challenge_encode(const struct auth_challenge *c, struct buf *out)
{
	buf_puts(out, STR("Digest "));
	put_quoted(out, "realm", c->realm);
	put_optional(out, "domain", c->domain);
	buf_puts(out, STR(", "));
	put_quoted(out, "nonce", c->nonce);
	put_optional(out, "opaque", c->opaque);
	if (c->stale)
		buf_puts(out, STR(", stale=true"));
	put_algorithm(out, algorithm_text(c->algorithm, c->algorithm_text));
	if (c->qop_auth || c->qop_auth_int) {
		buf_puts(out, STR(", qop=\""));
		buf_puts(out, c->qop_auth ? STR("auth") : STR("auth-int"));
		if (c->qop_auth && c->qop_auth_int)
			buf_puts(out, STR(",auth-int"));
		buf_putc(out, '"');
	}
}


void auth_credentials_encode(const struct auth_credentials *c, struct buf *out)
{
	buf_puts(out, STR("Digest "));
	put_quoted(out, "username", c->username);
	put_optional(out, "realm", c->realm);
	put_optional(out, "nonce", c->nonce);
	put_optional(out, "uri", c->uri);
	put_optional(out, "response", c->response);
	put_algorithm(out, algorithm_text(c->algorithm, c->algorithm_text));
	put_optional(out, "opaque", c->opaque);
	if (c->qop != AUTH_QOP_AUTH && c->qop != AUTH_QOP_AUTH_INT)
		return;

	put_optional(out, "cnonce", c->cnonce);
	/* RFC 3261 25.1: message-qop and nc are not quoted. */
	buf_puts(out, STR(", qop="));
	buf_puts(out, auth_qop_name(c->qop));
	buf_puts(out, STR(", nc="));
	buf_puthex(out, c->nc, 8);
}
