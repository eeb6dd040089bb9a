/* SPDX-License-Identifier: Apache-2.0 */
/* A challenge or credentials: decoded, encoded, and decoded to the same. */
#include <assert.h>
#include <stdint.h>

#include "sip/auth_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Line ends become blanks when encoded: text with them is not the same afterwards. */
static bool plain(struct str s)
{
	return !s.n || (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n));
}


static void same(struct str a, struct str b)
{
	if (plain(a))
		assert(!a.p == !b.p && str_eq(a, b));
}


static void check_challenge(struct str s)
{
	struct buf b = BUF_INIT(1 << 20);
	struct auth_challenge c, d;

	if (auth_challenge_decode(&c, s) == 0 && c.digest) {
		auth_challenge_encode(&c, &b);
		assert(!b.failed && auth_challenge_decode(&d, buf_str(&b)) == 0);
		same(c.realm, d.realm);
		same(c.nonce, d.nonce);
		same(c.opaque, d.opaque);
		same(c.domain, d.domain);
		assert(c.algorithm == d.algorithm || c.algorithm == AUTH_ALGORITHM_OTHER);
		assert(c.stale == d.stale && c.qop_auth == d.qop_auth &&
		       c.qop_auth_int == d.qop_auth_int);
	}
	buf_done(&b);
}


static void check_credentials(struct str s)
{
	struct buf b = BUF_INIT(1 << 20);
	struct auth_credentials c, d;

	if (auth_credentials_decode(&c, s) == 0 && c.digest) {
		auth_credentials_encode(&c, &b);
		assert(!b.failed && auth_credentials_decode(&d, buf_str(&b)) == 0);
		same(c.username, d.username);
		same(c.realm, d.realm);
		same(c.nonce, d.nonce);
		same(c.uri, d.uri);
		same(c.response, d.response);
		same(c.opaque, d.opaque);
		if (c.qop == AUTH_QOP_AUTH || c.qop == AUTH_QOP_AUTH_INT) {
			same(c.cnonce, d.cnonce);
			assert(c.qop == d.qop && c.nc == d.nc);
		}
	}
	buf_done(&b);
}


/* As a line of a message, where several challenges may stand. */
static void check_list(struct str s)
{
	struct buf b = BUF_INIT(1 << 20);
	struct auth_credentials found;
	struct auth_challenge c;
	struct sip_msg m;
	unsigned n = 0;

	buf_puts(&b, STR("SIP/2.0 401 x\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: "
			 "<sip:b>\r\nCall-ID: c\r\n"
			 "CSeq: 1 A\r\nWWW-Authenticate: "));
	buf_puts(&b, s);
	buf_puts(&b, STR("\r\nAuthorization: "));
	buf_puts(&b, s);
	buf_puts(&b, STR("\r\n\r\n"));
	if (!b.failed && sip_msg_decode(&m, buf_str(&b), false) != SIP_DECODE_BROKEN) {
		struct auth_challenges it = auth_challenges_first(&m, SIP_HDR_WWW_AUTHENTICATE);

		while (auth_challenges_next(&it, &c))
			n++;
		assert(n <= s.n);
		(void)auth_credentials_find(&found, &m, SIP_HDR_AUTHORIZATION, STR("r"));
	}
	buf_done(&b);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};

	check_challenge(s);
	check_credentials(s);
	check_list(s);
	return 0;
}
