/* SPDX-License-Identifier: Apache-2.0 */
/* Digest credentials as a client makes them (RFC 7616). */
#include "scenario/runner/message.h"

#include <openssl/evp.h>
#include <stdlib.h>


/** The parameter `name` of "Digest a=b, c="d"". */
static struct str field(struct str value, struct str name)
{
	struct str rest = value;

	(void)str_cut(&rest, ' ');
	while (rest.n) {
		struct str key = str_trim(str_upto(
			rest, (size_t)(str_find(rest, '=') < 0 ? 0 : str_find(rest, '='))));
		struct str v;

		if (!key.n)
			break;
		rest = str_trim(str_from(rest, (size_t)str_find(rest, '=') + 1));
		if (rest.n && rest.p[0] == '"') {
			ptrdiff_t end = str_find(str_from(rest, 1), '"');

			if (end < 0)
				break;
			v = (struct str){rest.p + 1, (size_t)end};
			rest = str_from(rest, (size_t)end + 2);
			(void)str_cut(&rest, ',');
		} else {
			v = str_trim(str_cut(&rest, ','));
		}
		if (str_eq_nocase(key, name))
			return v;
		if (!rest.p)
			break;
		rest = str_trim(rest);
	}
	return STR_NULL;
}


static bool known_algorithm(struct str a)
{
	return !a.p || str_eq_nocase(a, STR("MD5")) || str_eq_nocase(a, STR("SHA-256"));
}


bool scn_challenge_read(const struct scn_msg *m, struct scn_challenge *ret)
{
	struct str name = m->status == 407 ? STR("Proxy-Authenticate") : STR("WWW-Authenticate");

	for (size_t i = 0; i < m->headers; i++) {
		struct str v = m->header[i].value;

		if (!str_eq(m->header[i].name, name) || !str_starts_nocase(v, STR("Digest ")))
			continue;
		*ret = (struct scn_challenge){.realm = field(v, STR("realm")),
					      .nonce = field(v, STR("nonce")),
					      .opaque = field(v, STR("opaque")),
					      .qop = field(v, STR("qop")),
					      .algorithm = field(v, STR("algorithm")),
					      .proxy = m->status == 407,
					      .stale = str_eq_nocase(field(v, STR("stale")),
								     STR("true"))};
		if (known_algorithm(ret->algorithm) && ret->nonce.p)
			return true;
	}
	return false;
}


static struct str hash(struct arena *a, struct str algorithm, struct str text)
{
	const EVP_MD *md = str_eq_nocase(algorithm, STR("SHA-256")) ? EVP_sha256() : EVP_md5();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct buf hex = BUF_INIT(2 * EVP_MAX_MD_SIZE);
	struct str ret;

	if (!EVP_Digest(text.p, text.n, digest, &n, md, NULL))
		scn_die("no digest " STR_FMT, STR_ARG(algorithm));
	for (unsigned i = 0; i < n; i++)
		buf_puthex(&hex, digest[i], 2);
	ret = scn_copy(a, buf_str(&hex));
	buf_done(&hex);
	return ret;
}


struct str scn_credentials(struct arena *a, const struct scn_challenge *c, struct str user,
			   struct str password, struct str method, struct str uri, unsigned count,
			   struct str cnonce)
{
	struct str ha1 = hash(a, c->algorithm,
			      scn_fmt(a, STR_FMT ":" STR_FMT ":" STR_FMT, STR_ARG(user),
				      STR_ARG(c->realm), STR_ARG(password)));
	struct str ha2 = hash(a, c->algorithm,
			      scn_fmt(a, STR_FMT ":" STR_FMT, STR_ARG(method), STR_ARG(uri)));
	struct str more = STR(""), response;

	if (c->qop.p) {
		response = hash(a, c->algorithm,
				scn_fmt(a, STR_FMT ":" STR_FMT ":%08x:" STR_FMT ":auth:" STR_FMT,
					STR_ARG(ha1), STR_ARG(c->nonce), count, STR_ARG(cnonce),
					STR_ARG(ha2)));
		more = scn_fmt(a, ", qop=auth, nc=%08x, cnonce=\"" STR_FMT "\"", count,
			       STR_ARG(cnonce));
	} else {
		response = hash(a, c->algorithm,
				scn_fmt(a, STR_FMT ":" STR_FMT ":" STR_FMT, STR_ARG(ha1),
					STR_ARG(c->nonce), STR_ARG(ha2)));
	}
	if (c->opaque.p)
		more = scn_fmt(a, STR_FMT ", opaque=\"" STR_FMT "\"", STR_ARG(more),
			       STR_ARG(c->opaque));
	if (c->algorithm.p)
		more = scn_fmt(a, STR_FMT ", algorithm=" STR_FMT, STR_ARG(more),
			       STR_ARG(c->algorithm));
	return scn_fmt(a,
		       "Digest username=\"" STR_FMT "\", realm=\"" STR_FMT "\", nonce=\"" STR_FMT
		       "\", uri=\"" STR_FMT "\", response=\"" STR_FMT "\"" STR_FMT,
		       STR_ARG(user), STR_ARG(c->realm), STR_ARG(c->nonce), STR_ARG(uri),
		       STR_ARG(response), STR_ARG(more));
}


bool scn_credentials_good(struct arena *a, const struct scn_msg *m, struct str user,
			  struct str password)
{
	for (size_t i = 0; i < m->headers; i++) {
		struct str v = m->header[i].value, name = m->header[i].name;
		struct scn_challenge c = {.realm = field(v, STR("realm")),
					  .nonce = field(v, STR("nonce")),
					  .qop = field(v, STR("qop")),
					  .algorithm = field(v, STR("algorithm"))};
		struct str count = scn_copy(a, field(v, STR("nc"))), ours;

		if ((!str_eq(name, STR("Authorization")) &&
		     !str_eq(name, STR("Proxy-Authorization"))) ||
		    !str_eq(field(v, STR("username")), user) || !known_algorithm(c.algorithm))
			continue;
		ours = scn_credentials(a, &c, user, password, m->method, field(v, STR("uri")),
				       (unsigned)strtoul(count.p, NULL, 16),
				       field(v, STR("cnonce")));
		if (str_eq(field(ours, STR("response")), field(v, STR("response"))))
			return true;
	}
	return false;
}
