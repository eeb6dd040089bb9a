/* SPDX-License-Identifier: Apache-2.0 */
/* SIP methods by number. */
#include "sip/method.h"

static const struct str names[SIP_METHOD_COUNT] = {
	[SIP_METHOD_OTHER] = STR_INIT(""),
	[SIP_INVITE] = STR_INIT("INVITE"),
	[SIP_ACK] = STR_INIT("ACK"),
	[SIP_CANCEL] = STR_INIT("CANCEL"),
	[SIP_BYE] = STR_INIT("BYE"),
	[SIP_REGISTER] = STR_INIT("REGISTER"),
	[SIP_OPTIONS] = STR_INIT("OPTIONS"),
	[SIP_MESSAGE] = STR_INIT("MESSAGE"),
	[SIP_SUBSCRIBE] = STR_INIT("SUBSCRIBE"),
	[SIP_NOTIFY] = STR_INIT("NOTIFY"),
	[SIP_PUBLISH] = STR_INIT("PUBLISH"),
	[SIP_REFER] = STR_INIT("REFER"),
	[SIP_UPDATE] = STR_INIT("UPDATE"),
	[SIP_PRACK] = STR_INIT("PRACK"),
	[SIP_INFO] = STR_INIT("INFO"),
};


/** The one method the length and a letter leave over. */
static enum sip_method candidate(struct str name)
{
	switch (name.n) {
	case 3:
		return name.p[0] == 'A' ? SIP_ACK : SIP_BYE;
	case 4:
		return SIP_INFO;
	case 5:
		return name.p[0] == 'R' ? SIP_REFER : SIP_PRACK;
	case 6:
		switch (name.p[0]) {
		case 'I':
			return SIP_INVITE;
		case 'N':
			return SIP_NOTIFY;
		case 'C':
			return SIP_CANCEL;
		default:
			return SIP_UPDATE;
		}
	case 7:
		switch (name.p[0]) {
		case 'M':
			return SIP_MESSAGE;
		case 'O':
			return SIP_OPTIONS;
		default:
			return SIP_PUBLISH;
		}
	case 8:
		return SIP_REGISTER;
	case 9:
		return SIP_SUBSCRIBE;
	default:
		return SIP_METHOD_OTHER;
	}
}


enum sip_method sip_method_decode(struct str name)
{
	enum sip_method m = candidate(name);

	return m && str_eq(names[m], name) ? m : SIP_METHOD_OTHER;
}


struct str sip_method_name(enum sip_method m)
{
	return (unsigned)m < SIP_METHOD_COUNT ? names[m] : STR("");
}
