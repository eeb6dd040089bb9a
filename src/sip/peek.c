/* SPDX-License-Identifier: Apache-2.0 */
/* The cheap look at a message, for recognising retransmissions under overload. */
#include "sip/chars.h"
#include "sip/line.h"
#include "sip/msg.h"


static bool peek_cseq(struct sip_peek *k, struct str value)
{
	const char *end = sip_end(value), *p = value.p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	p = sip_skip_blanks(p, end);
	if (p == value.p || !sip_all_chars(str_range(p, end), SIP_CHAR_TOKEN))
		return false;

	k->method_name = str_range(p, end);
	k->method = sip_method_decode(k->method_name);
	return true;
}


static bool peek_via(struct sip_peek *k, struct str value)
{
	struct sip_via via;
	size_t used;

	if (sip_via_decode_first(&via, value, &used) || !via.branch.p)
		return false;

	k->branch = via.branch;
	k->sent_by = via.sent_by;
	return true;
}


bool sip_msg_peek(struct sip_peek *ret, struct str bytes)
{
	const char *p = bytes.p, *end = sip_end(bytes);
	struct sip_peek k = {0};
	struct sip_line l;
	enum sip_line_read r;

	if (!bytes.n || bytes.n > SIP_MESSAGE_MAX)
		return false;

	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	k.request = !str_starts_nocase(str_range(p, end), STR("SIP/"));
	p = memchr(p, '\n', (size_t)(end - p));

	for (p = p ? p + 1 : end; p < end; p = bytes.p + l.end) {
		struct str value;

		r = sip_line_read(&l, bytes.p, p, end);
		if (r != SIP_LINE_OK)
			return false;

		value = str_range(bytes.p + l.value, bytes.p + l.vend);
		if (!k.branch.p && l.id == SIP_HDR_VIA) {
			if (!peek_via(&k, value))
				return false;
		} else if (!k.method_name.p && l.id == SIP_HDR_CSEQ) {
			if (!peek_cseq(&k, value))
				return false;
		}
		if (k.branch.p && k.method_name.p) {
			*ret = k;
			return true;
		}
	}
	return false;
}
