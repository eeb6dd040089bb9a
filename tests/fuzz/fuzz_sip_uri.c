/* SPDX-License-Identifier: Apache-2.0 */
/* Two URIs, a line each, compared and brought to their address-of-record. */
#include <assert.h>
#include <stdint.h>

#include "sip/name_addr.h"
#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_aor(const struct sip_uri *u)
{
	char first[SIP_AOR_MAX], second[SIP_AOR_MAX];
	struct sip_uri again;
	struct buf a, b;

	buf_fixed(&a, first, sizeof(first));
	buf_fixed(&b, second, sizeof(second));
	if (sip_uri_aor(u, STR("example.com"), &a))
		return;
	/* An AOR is a sip URI and its own AOR. */
	assert(sip_uri_decode(&again, buf_str(&a)) == 0 && again.scheme == SIP_URI_SIP);
	assert(sip_uri_aor(&again, STR("example.com"), &b) == 0);
	assert(str_eq(buf_str(&a), buf_str(&b)));
}


static void check_escapes(struct str s)
{
	struct buf escaped = BUF_INIT(8 * SIP_URI_MAX), back = BUF_INIT(8 * SIP_URI_MAX);

	sip_escape_user(s, &escaped);
	sip_unescape(buf_str(&escaped), &back);
	if (!escaped.failed && !back.failed)
		assert(str_eq(buf_str(&back), s));
	buf_done(&escaped);
	buf_done(&back);
}


static bool check(struct sip_uri *u, struct str s)
{
	struct str v;

	if (sip_uri_decode(u, s))
		return false;

	assert(s.n <= SIP_URI_MAX);
	assert(sip_uri_eq(u, u));
	(void)sip_uri_param(u, STR("lr"), &v);
	check_aor(u);
	if (u->user.p)
		check_escapes(u->user);
	return true;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str second = {(const char *)data, size}, first = str_cut(&second, '\n');
	struct sip_name_addr a;
	struct sip_uri x, y;

	if (sip_name_addr_decode(&a, first) == 0 && !a.star)
		assert(a.uri.n);
	if (size < SIP_URI_MAX)
		check_escapes((struct str){(const char *)data, size});
	if (check(&x, first) && second.p && check(&y, second))
		assert(sip_uri_eq(&x, &y) == sip_uri_eq(&y, &x));
	return 0;
}
