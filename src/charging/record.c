/* SPDX-License-Identifier: Apache-2.0 */
/* One charging record as a line of JSON. */
#include "charging/record.h"

#include <time.h>

#include "charging/charging.h"

/** U+FFFD in UTF-8. */
#define REPLACEMENT STR("\xef\xbf\xbd")

static const struct str names[IM_OUTCOMES] = {
	[IM_DELIVERED] = STR_INIT("delivered"), [IM_REFUSED] = STR_INIT("refused"),
	[IM_FAILED] = STR_INIT("failed"),       [IM_RELAYED] = STR_INIT("accepted"),
	[IM_DEFERRED] = STR_INIT("deferred"),   [IM_EXPIRED] = STR_INIT("expired"),
	[IM_ENDED] = STR_INIT("ended"),         [IM_REPORTED] = STR_INIT("reported"),
	[IM_JOINED] = STR_INIT("joined"),       [IM_LEFT] = STR_INIT("left"),
};


/* Length of the UTF-8 character at `p` (RFC 3629 4); 0: none is there. */
static size_t character(const unsigned char *p, size_t n)
{
	size_t length = p[0] < 0x80                   ? 1
			: p[0] >= 0xc2 && p[0] < 0xe0 ? 2
			: (p[0] & 0xf0) == 0xe0       ? 3
			: p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						      : 0;

	if (!length || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}


static void put_ascii(struct buf *out, char c)
{
	if (c == '"' || c == '\\')
		buf_put(out, (char[]){'\\', c}, 2);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_printf(out, "\\u%04x", (unsigned char)c);
	else
		buf_putc(out, c);
}


void record_put_string(struct buf *out, struct str s)
{
	buf_putc(out, '"');
	for (size_t i = 0, n; i < s.n; i += n ? n : 1) {
		n = character((const unsigned char *)s.p + i, s.n - i);
		if (n == 1)
			put_ascii(out, s.p[i]);
		else if (n)
			buf_put(out, s.p + i, n);
		else
			buf_puts(out, REPLACEMENT);
	}
	buf_putc(out, '"');
}


static void put_time(struct buf *out, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm t;

	gmtime_r(&s, &t);
	buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", t.tm_year + 1900, t.tm_mon + 1,
		   t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(wall_ms % 1000));
}


static void put_member(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, STR(",\""));
	buf_puts(out, name);
	buf_puts(out, STR("\":"));
	record_put_string(out, str_upto(value, CHARGING_TEXT_MAX));
}


void record_encode(struct buf *out, const struct im_event *e, int64_t wall_ms)
{
	buf_puts(out, STR("{\"time\":"));
	put_time(out, wall_ms);
	put_member(out, STR("event"), names[e->outcome]);
	put_member(out, STR("kind"), im_kind_name(e->kind));
	put_member(out, STR("side"), im_side_name(e->side));
	put_member(out, STR("originator"), e->originator);
	put_member(out, STR("recipient"), e->recipient);
	put_member(out, STR("call-id"), e->call_id);
	put_member(out, STR("icid"), e->icid);
	buf_printf(out, ",\"status\":%u,\"size\":%zu", e->status, e->size);
	put_member(out, STR("reason"), e->reason);
	if (e->outcome == IM_REPORTED) {
		put_member(out, STR("message-id"), e->message_id);
		buf_printf(out, ",\"recipients\":%u", e->recipients);
	}
	buf_puts(out, STR("}\n"));
}
