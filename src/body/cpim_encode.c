/* SPDX-License-Identifier: Apache-2.0 */
/* Message/CPIM: an object of our own, front to back. */
#include "body/cpim.h"

#include <errno.h>
#include <time.h>


/* RFC 3862 2.3.1: backslash, backspace, tab, linefeed and return have escapes of their own, other control
 * characters the general one, and "All other characters MUST NOT be represented using an escape". */
static void put_escaped(struct buf *out, struct str s, bool quoted)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		switch (c) {
		case '\\':
			buf_puts(out, STR("\\\\"));
			break;
		case '\b':
			buf_puts(out, STR("\\b"));
			break;
		case '\t':
			buf_puts(out, STR("\\t"));
			break;
		case '\n':
			buf_puts(out, STR("\\n"));
			break;
		case '\r':
			buf_puts(out, STR("\\r"));
			break;
		case '"':
			buf_puts(out, quoted ? STR("\\\"") : STR("\""));
			break;
		default:
			if ((unsigned char)c < 0x20 || c == 0x7f) {
				buf_puts(out, STR("\\u"));
				buf_puthex(out, (unsigned char)c, 4);
			} else {
				buf_putc(out, c);
			}
		}
	}
}


static void put_line(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, name);
	buf_puts(out, STR(": "));
	put_escaped(out, value, false);
	buf_puts(out, STR("\r\n"));
}


/* What stands between < and > has no escapes of its own: bytes that cannot be there are left out. */
static void put_uri(struct buf *out, struct str uri)
{
	buf_putc(out, '<');
	for (size_t i = 0; i < uri.n; i++) {
		unsigned char c = (unsigned char)uri.p[i];

		if (c > 0x20 && c != 0x7f && c != '<' && c != '>')
			buf_putc(out, (char)c);
	}
	buf_putc(out, '>');
}


static void put_address(struct buf *out, struct str header, struct str name, struct str uri)
{
	buf_puts(out, header);
	buf_puts(out, STR(": "));
	if (name.n) {
		buf_putc(out, '"');
		put_escaped(out, name, true);
		buf_puts(out, STR("\" "));
	}
	put_uri(out, uri);
	buf_puts(out, STR("\r\n"));
}


void cpim_notify_encode(unsigned notify, struct buf *out)
{
	static const struct {
		unsigned flag;
		struct str name;
	} names[] = {
		{CPIM_NOTIFY_POSITIVE_DELIVERY, STR_INIT("positive-delivery")},
		{CPIM_NOTIFY_NEGATIVE_DELIVERY, STR_INIT("negative-delivery")},
		{CPIM_NOTIFY_PROCESSING, STR_INIT("processing")},
		{CPIM_NOTIFY_DISPLAY, STR_INIT("display")},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(notify & names[i].flag))
			continue;
		if (!first)
			buf_puts(out, STR(", "));
		buf_puts(out, names[i].name);
		first = false;
	}
}


void cpim_date_encode(int64_t ms, struct buf *out)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}


/* Exactly `n` digits off the front. */
static bool digits_cut(struct str *s, unsigned n, int *ret)
{
	uint32_t v;

	if (s->n < n || !str_u32(str_upto(*s, n), &v))
		return false;
	*s = str_from(*s, n);
	*ret = (int)v;
	return true;
}


static bool char_cut(struct str *s, const char *any)
{
	if (!s->n || !strchr(any, s->p[0]) || !s->p[0])
		return false;
	*s = str_from(*s, 1);
	return true;
}


/* RFC 3339 5.6: time-offset = "Z" / ("+" / "-") time-hour ":" time-minute; in minutes. */
static bool offset_cut(struct str *s, int *ret)
{
	int hours, minutes, sign;

	if (char_cut(s, "Zz")) {
		*ret = 0;
		return true;
	}
	sign = s->n && s->p[0] == '-' ? -1 : 1;
	if (!char_cut(s, "+-") || !digits_cut(s, 2, &hours) || !char_cut(s, ":") ||
	    !digits_cut(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = sign * (hours * 60 + minutes);
	return true;
}


int cpim_date_decode(int64_t *ret_ms, struct str value)
{
	struct str s = str_trim(value);
	struct tm tm = {.tm_isdst = 0};
	int year, month, offset, fraction = 0, scale = 100;

	if (!digits_cut(&s, 4, &year) || !char_cut(&s, "-") || !digits_cut(&s, 2, &month) ||
	    !char_cut(&s, "-") || !digits_cut(&s, 2, &tm.tm_mday) || !char_cut(&s, "Tt ") ||
	    !digits_cut(&s, 2, &tm.tm_hour) || !char_cut(&s, ":") ||
	    !digits_cut(&s, 2, &tm.tm_min) || !char_cut(&s, ":") || !digits_cut(&s, 2, &tm.tm_sec))
		return -EBADMSG;
	if (char_cut(&s, ".")) {
		int digit;

		if (!digits_cut(&s, 1, &digit))
			return -EBADMSG;
		do {
			fraction += digit * scale;
			scale /= 10;
		} while (digits_cut(&s, 1, &digit));
	}
	if (!offset_cut(&s, &offset) || s.n || month < 1 || month > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EBADMSG;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*ret_ms = ((int64_t)timegm(&tm) - offset * 60) * 1000 + fraction;
	return 0;
}


static void put_imdn(const struct cpim_params *p, struct buf *out)
{
	buf_puts(out, STR("NS: imdn <urn:ietf:params:imdn>\r\n"));
	put_line(out, STR("imdn.Message-ID"), p->message_id);
	if (p->notify) {
		buf_puts(out, STR("imdn.Disposition-Notification: "));
		cpim_notify_encode(p->notify, out);
		buf_puts(out, STR("\r\n"));
	}
	/* Received values, escapes and all: put as they came. They were one line each. */
	for (size_t i = 0; i < p->routes_n; i++) {
		buf_puts(out, STR("imdn.IMDN-Route: "));
		buf_puts(out, p->routes[i]);
		buf_puts(out, STR("\r\n"));
	}
}


static void put_mime(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, name);
	buf_puts(out, STR(": "));
	for (size_t i = 0; i < value.n; i++)
		buf_putc(out, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
	buf_puts(out, STR("\r\n"));
}


void cpim_encode(const struct cpim_params *p, struct buf *out)
{
	put_address(out, STR("From"), p->from_name, p->from);
	put_address(out, STR("To"), p->to_name, p->to);
	if (p->date_ms >= 0) {
		buf_puts(out, STR("DateTime: "));
		cpim_date_encode(p->date_ms, out);
		buf_puts(out, STR("\r\n"));
	}
	if (p->subject.n)
		put_line(out, STR("Subject"), p->subject);
	if (p->message_id.n)
		put_imdn(p, out);
	buf_puts(out, STR("\r\n"));

	put_mime(out, STR("Content-Type"), p->content_type);
	if (p->content_disposition.n)
		put_mime(out, STR("Content-Disposition"), p->content_disposition);
	buf_puts(out, STR("Content-Length: "));
	buf_putu(out, p->content.n + p->following);
	buf_puts(out, STR("\r\n\r\n"));
	buf_puts(out, p->content);
}
