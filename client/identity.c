/* SPDX-License-Identifier: Apache-2.0 */
/* What an account is called: instance, Contact, the server's URI, random names. */
#include "client/account.h"

#include <errno.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "sip/param.h"
#include "sip/uri.h"


void account_put_random(struct parley *p, char *text, unsigned n)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = 0;

	for (unsigned i = 0; i < n; i++) {
		if (i % 16 == 0)
			bits = loop_random_u64(p->loop);
		text[i] = digits[bits & 15];
		bits >>= 4;
	}
	text[n] = '\0';
}


/*
 * RFC 5626 4.1: the "URN MUST be persistent across power cycles of the device". It is made from what does
 * not change instead of being written somewhere: the account and the name of the device. The layout is
 * that of UUID version 8, which leaves the bits to us.
 */
void account_make_instance(struct parley *p, struct str device)
{
	static const struct hash_key keys[2] = {{0x7061726c65792069, 0x6e7374616e636520},
						{0x6f66206120646576, 0x6963652076312e30}};
	char bytes[2 * ACCOUNT_TEXT_MAX];
	struct buf text, out;
	uint64_t half[2];

	buf_fixed(&text, bytes, sizeof(bytes));
	buf_puts(&text, str_of(p->aor));
	buf_putc(&text, '\n');
	buf_puts(&text, device);
	for (int i = 0; i < 2; i++)
		half[i] = hash_bytes(&keys[i], text.p, text.n);

	half[0] = (half[0] & ~UINT64_C(0xf000)) | 0x8000;
	half[1] = (half[1] & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);
	buf_fixed(&out, p->instance, sizeof(p->instance));
	buf_puts(&out, STR("urn:uuid:"));
	buf_puthex(&out, half[0] >> 32, 8);
	buf_putc(&out, '-');
	buf_puthex(&out, half[0] >> 16 & 0xffff, 4);
	buf_putc(&out, '-');
	buf_puthex(&out, half[0] & 0xffff, 4);
	buf_putc(&out, '-');
	buf_puthex(&out, half[1] >> 48, 4);
	buf_putc(&out, '-');
	buf_puthex(&out, half[1] & 0xffffffffffff, 12);
	(void)buf_cstr(&out);
}


/* The user part ends in what nobody can guess: a request that did not come through the server, where the
 * sender was authenticated, does not know it. */
void account_put_contact(const struct parley *p, const struct sip_hop *hop, struct buf *b)
{
	struct str uri = sip_transports_uri(sip_transports(p->sip), hop);
	ptrdiff_t colon = str_find(uri, ':');

	buf_putc(b, '<');
	buf_puts(b, str_upto(uri, (size_t)(colon + 1)));
	buf_puts(b, str_of(p->user));
	buf_putc(b, '.');
	buf_puts(b, str_of(p->token));
	buf_putc(b, '@');
	buf_puts(b, str_from(uri, (size_t)(colon + 1)));
	buf_putc(b, '>');
}


bool account_is_us(const struct parley *p, struct str uri)
{
	char text[SIP_AOR_MAX];
	struct sip_uri theirs, ours;
	struct buf aor;

	if (sip_uri_decode(&theirs, uri) || !theirs.user.p)
		return false;
	if (str_ends(theirs.user, str_of(p->token)) && str_starts(theirs.user, str_of(p->user)) &&
	    theirs.user.n == strlen(p->user) + 1 + strlen(p->token))
		return true;
	/* A server that does not retarget (RFC 3261 16.5) sends to the address itself. */
	buf_fixed(&aor, text, sizeof(text));
	return !sip_uri_decode(&ours, str_of(p->aor)) && !sip_uri_aor(&theirs, ours.host, &aor) &&
	       str_eq_nocase(buf_str(&aor), str_of(p->aor));
}


/* ---- The server ---- */

static int transport_decode(enum sip_transport_kind *ret, struct str params, struct buf *error)
{
	*ret = SIP_TRANSPORT_OTHER;
	while (params.n) {
		struct str value = str_cut(&params, ';'), name = str_cut(&value, '=');

		if (!str_eq_nocase(str_trim(name), STR("transport")))
			goto wrong;
		for (int k = SIP_UDP; k <= SIP_TLS; k++) {
			if (str_eq_nocase(str_trim(value),
					  sip_transport_param((enum sip_transport_kind)k)))
				*ret = (enum sip_transport_kind)k;
		}
		if (*ret == SIP_TRANSPORT_OTHER)
			goto wrong;
	}
	return 0;
wrong:
	buf_puts(error,
		 STR("after the server's address only ;transport=udp, tcp or tls can stand"));
	return -EINVAL;
}


/* The host of "HOST[:PORT]", where an IPv6 address may come without brackets and then without a port. */
static void put_host(struct buf *b, struct str hostport)
{
	struct addr a;

	if (str_eq_nocase(hostport, STR("localhost"))) {
		buf_puts(b, STR("127.0.0.1"));
	} else if (str_starts_nocase(hostport, STR("localhost:"))) {
		buf_puts(b, STR("127.0.0.1"));
		buf_puts(b, str_from(hostport, 9));
	} else if (hostport.p[0] != '[' && !addr_decode(&a, hostport, 0) &&
		   a.sa.sa_family == AF_INET6) {
		buf_putc(b, '[');
		buf_puts(b, hostport);
		buf_putc(b, ']');
	} else {
		buf_puts(b, hostport);
	}
}


int account_server_decode(struct buf *uri, enum sip_transport_kind *ret_kind, struct str text,
			  struct buf *error)
{
	struct str params = text, hostport = str_trim(str_cut(&params, ';'));
	struct sip_uri decoded;
	int err = transport_decode(ret_kind, params.p ? params : STR(""), error);

	if (err)
		return err;
	if (hostport.n) {
		buf_puts(uri, STR("sip:"));
		put_host(uri, hostport);
		if (*ret_kind != SIP_TRANSPORT_OTHER) {
			buf_puts(uri, STR(";transport="));
			buf_puts(uri, sip_transport_param(*ret_kind));
		}
	}
	if (uri->failed || !hostport.n || sip_uri_decode(&decoded, buf_str(uri)) ||
	    decoded.user.p || decoded.headers.n) {
		buf_printf(error,
			   "'" STR_FMT
			   "' is no server: write HOST, HOST:PORT or HOST:PORT;transport=tcp",
			   STR_ARG(text));
		return -EINVAL;
	}
	return 0;
}
