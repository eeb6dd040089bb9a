/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in, by method. */
#include "client/receive.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/incoming.h"
#include "client/invited.h"
#include "sip/compose.h"
#include "sip/name_addr.h"
#include "sip/param.h"
#include "sip/uri.h"

struct counter client_c_messages = COUNTER("client.messages", "messages taken in");
struct counter client_c_refused = COUNTER("client.refused", "requests that were refused");
struct counter client_c_duplicates = COUNTER("client.duplicates",
					     "messages that came a second time");
struct counter client_c_reports_dropped =
	COUNTER("client.reports_dropped", "reports that were asked for and could not be sent");


/* ---- Answers ---- */

static void answer(struct sip_server_txn *st, uint16_t status, struct buf *headers)
{
	(void)sip_respond(st, &(struct sip_response){
				      .status = status,
				      .headers = headers->failed ? STR_NULL : buf_str(headers),
			      });
	if (status >= 300)
		counter_add(&client_c_refused, 1);
}


void receive_refuse(struct sip_server_txn *st, uint16_t status, struct str sentence)
{
	char text[512];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	buf_printf(&b, "Warning: 399 parley \"" STR_FMT "\"\r\n", STR_ARG(sentence));
	answer(st, status, &b);
}


/* RFC 3261 8.2.1: "MUST include an Allow header field". */
static void refuse_method(struct sip_server_txn *st)
{
	char text[256];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	account_put_allow(&b);
	answer(st, 405, &b);
}


/* 8.2.2.3: "If the UAS does not understand an option-tag listed in a Require header field, it MUST respond
 * by generating a response with status code 420 (Bad Extension)." */
static bool refuse_extensions(struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_values values = sip_values_first(m, SIP_HDR_REQUIRE);
	char text[2048];
	struct buf b;
	bool any = false;

	buf_fixed(&b, text, sizeof(text));
	for (struct str value; sip_values_next(&values, &value);) {
		/* `timer` asks for nothing outside a session, and none is taken. */
		if (str_eq_nocase(value, STR("timer")))
			continue;
		buf_puts(&b, any ? STR(", ") : STR("Unsupported: "));
		buf_puts(&b, value);
		any = true;
	}
	buf_puts(&b, STR("\r\n"));
	if (any)
		answer(st, 420, &b);
	return any;
}


/* ---- Who sends ---- */

int receive_sender(struct sip_name_addr *ret, const struct sip_msg *m)
{
	struct sip_values asserted = sip_values_first(m, SIP_HDR_P_ASSERTED_IDENTITY);
	struct str value;

	if (sip_values_next(&asserted, &value) && !sip_name_addr_decode(ret, value))
		return 0;
	return sip_name_addr_decode(ret, sip_msg_header(m, SIP_HDR_FROM));
}


static bool is_anonymous(struct str text)
{
	struct sip_uri uri;

	return sip_uri_decode(&uri, text) || str_eq_nocase(uri.host, STR("anonymous.invalid"));
}


struct str receive_sender_uri(const struct sip_msg *m)
{
	struct sip_name_addr a;

	return receive_sender(&a, m) || is_anonymous(a.uri) ? STR("") : a.uri;
}


const char *receive_text(struct arena *a, struct str s)
{
	return arena_str(a, s.p ? s : STR("")).p;
}


const char *receive_sender_name(struct arena *a, const struct sip_msg *m)
{
	struct sip_name_addr who;
	struct buf b = BUF_INIT(SIP_URI_MAX);
	const char *name;

	if (!receive_sender(&who, m) && who.display.n) {
		/* The decoder took the quotes off; its escapes are undone inside quotes only. */
		for (size_t i = 0; i < who.display.n; i++) {
			if (who.display.p[i] == '\\' && i + 1 < who.display.n)
				i++;
			buf_putc(&b, who.display.p[i]);
		}
	}
	name = receive_text(a, b.n ? buf_str(&b) : STR(""));
	buf_done(&b);
	return name;
}


/* ---- By method ---- */

/* RFC 3261 11.2: "Allow, Accept, Accept-Encoding, Accept-Language, and Supported header fields SHOULD be
 * present in a 200 (OK) response to an OPTIONS request". */
static void options(struct parley *p, struct sip_server_txn *st)
{
	char text[512];
	struct buf b;

	(void)p;
	buf_fixed(&b, text, sizeof(text));
	account_put_allow(&b);
	sip_put_header(&b, SIP_HDR_ACCEPT, STR(RECEIVE_ACCEPT));
	sip_put_header(&b, SIP_HDR_ACCEPT_ENCODING, STR("identity"));
	sip_put_header(&b, SIP_HDR_SUPPORTED, STR("timer"));
	answer(st, 200, &b);
}


void receive_request(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m,
		     const struct sip_source *src)
{
	if (!account_is_us(p, m->uri)) {
		receive_refuse(st, 404, STR("nobody of this name is here"));
		return;
	}
	if (refuse_extensions(st, m))
		return;

	switch (m->method) {
	case SIP_MESSAGE:
	case SIP_OPTIONS:
	case SIP_INVITE:
	case SIP_BYE:
	case SIP_CANCEL:
	case SIP_UPDATE:
	case SIP_PRACK:
	case SIP_NOTIFY:
		break;
	default:
		refuse_method(st);
		return;
	}
	/* RFC 3261 12.2.2: a To tag names a dialog, and there is none. */
	if (m->to_tag.p ||
	    (m->method != SIP_MESSAGE && m->method != SIP_OPTIONS && m->method != SIP_INVITE))
		receive_refuse(st, 481, STR("there is no such dialog"));
	else if (m->method == SIP_MESSAGE)
		incoming_message(p, st, m);
	else if (m->method == SIP_OPTIONS)
		options(p, st);
	else
		invited(p, st, m, src);
}
