/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields that every initial request bears (seed 002, 5.2.1.1 General). */
#include "client/account.h"

#include "base/buf.h"
#include "sip/compose.h"
#include "sip/param.h"

/** What receive.c and the sessions have an answer for; the same list in requests and in responses. */
#define ALLOWED "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, UPDATE, PRACK, NOTIFY"


/* 5.2.1.1 2: "SHALL include a User-Agent header to indicate the IM release version as specified in
 * Appendix F" */
void account_put_product(const struct parley *p, struct buf *b)
{
	buf_puts(b, STR("IM-client/OMA1.0 "));
	buf_puts(b, str_of(p->product));
}


/* 5.2.1.1 3: "SHOULD include an Allow header with all supported SIP methods" */
void account_put_allow(struct buf *b)
{
	sip_put_header(b, SIP_HDR_ALLOW, STR(ALLOWED));
}


/* Who we are, for the first server that is trusted to know: in an IMS always; elsewhere where From does not
 * say it (RFC 3325 9.2). No other header of an IMS is needed or invented outside of one. */
static void put_identity(const struct parley *p, struct buf *b, bool anonymous)
{
	if (p->ims || anonymous) {
		buf_puts(b, STR("P-Preferred-Identity: <"));
		buf_puts(b, str_of(p->aor));
		buf_puts(b, STR(">\r\n"));
	}
	if (p->ims && p->access_network)
		sip_put_header(b, SIP_HDR_P_ACCESS_NETWORK_INFO, str_of(p->access_network));
}


static void put_preferences(const struct parley *p, struct buf *b, bool anonymous, bool large)
{
	put_identity(p, b, anonymous);
	/* 5.2.1.1 5: "SHALL include value ''id'' in a Privacy header if anonymity is requested" */
	if (anonymous)
		sip_put_header(b, SIP_HDR_PRIVACY, STR("id"));
	/* 5.2.1.1 1: "SHALL include an Accept-Contact header with the IM feature-tag '+g.oma.sip-im'" */
	sip_put_header(b, SIP_HDR_ACCEPT_CONTACT,
		       large ? STR("*" ACCOUNT_TAGS_LARGE) : STR("*" ACCOUNT_TAGS));
}


void account_put_initial(const struct parley *p, struct buf *b, bool anonymous)
{
	put_preferences(p, b, anonymous, false);
	buf_puts(b, STR("User-Agent: "));
	account_put_product(p, b);
	buf_puts(b, STR("\r\n"));
	account_put_allow(b);
	/* 5.2.1.1 6: "SHALL include the option tag 'timer' in the Supported header" */
	sip_put_header(b, SIP_HDR_SUPPORTED, STR("timer"));
}


void account_put_subscribe(const struct parley *p, struct buf *b, bool anonymous)
{
	put_preferences(p, b, anonymous, false);
	account_put_allow(b);
	sip_put_header(b, SIP_HDR_SUPPORTED, STR("timer"));
}


struct str account_allowed(void)
{
	return STR(ALLOWED);
}


void account_put_invite(const struct parley *p, struct buf *b, bool anonymous, bool large,
			struct str subject)
{
	put_preferences(p, b, anonymous, large);
	if (subject.n)
		sip_put_header(b, SIP_HDR_SUBJECT, subject);
}


void account_put_from(const struct parley *p, struct buf *b, bool anonymous, struct str tag)
{
	/* RFC 3323 4.1.1.3 has this value. `id` withholds the asserted identity alone (RFC 3325 9.3): whoever
	 * sends is the one to keep From silent. */
	if (anonymous) {
		buf_puts(b, STR("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
	} else {
		if (*p->display_name) {
			sip_quote(str_of(p->display_name), b);
			buf_putc(b, ' ');
		}
		buf_putc(b, '<');
		buf_puts(b, str_of(p->aor));
		buf_putc(b, '>');
	}
	buf_puts(b, STR(";tag="));
	buf_puts(b, tag);
}
