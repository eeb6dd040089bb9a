/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as SIP writes them, and as HTTP has taught others to. */
#include <errno.h>
#include <time.h>

#include "sip/chars.h"
#include "sip/compose.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";


static void put2(struct buf *b, int v)
{
	buf_put(b, (char[]){(char)('0' + v / 10 % 10), (char)('0' + v % 10)}, 2);
}


static void put_clock(struct buf *b, const struct tm *t)
{
	put2(b, t->tm_hour);
	buf_putc(b, ':');
	put2(b, t->tm_min);
	buf_putc(b, ':');
	put2(b, t->tm_sec);
}


void sip_put_date(struct buf *b, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm t;

	if (!gmtime_r(&s, &t))
		return;

	buf_put(b, &days[t.tm_wday * 3], 3);
	buf_puts(b, STR(", "));
	put2(b, t.tm_mday);
	buf_putc(b, ' ');
	buf_put(b, &months[t.tm_mon * 3], 3);
	buf_putc(b, ' ');
	put2(b, (t.tm_year + 1900) / 100);
	put2(b, t.tm_year + 1900);
	buf_putc(b, ' ');
	put_clock(b, &t);
	buf_puts(b, STR(" GMT"));
}


/* Takes letters off `*s`. */
static struct str word(struct str *s)
{
	size_t n = 0;

	while (n < s->n && (s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z')
		n++;
	struct str w = str_upto(*s, n);

	*s = str_from(*s, n);
	return w;
}


static bool literal(struct str *s, struct str text)
{
	if (!str_starts(*s, text))
		return false;
	*s = str_from(*s, text.n);
	return true;
}


static bool number(struct str *s, size_t digits, int *ret)
{
	uint32_t v;

	if (s->n < digits || !str_u32(str_upto(*s, digits), &v))
		return false;
	*s = str_from(*s, digits);
	*ret = (int)v;
	return true;
}


static bool month(struct str *s, int *ret)
{
	struct str w = word(s);

	for (int i = 0; w.n == 3 && i < 12; i++)
		if (str_eq_nocase(w, (struct str){&months[i * 3], 3})) {
			*ret = i;
			return true;
		}
	return false;
}


static bool clock_time(struct str *s, struct tm *t)
{
	return number(s, 2, &t->tm_hour) && literal(s, STR(":")) && number(s, 2, &t->tm_min) &&
	       literal(s, STR(":")) && number(s, 2, &t->tm_sec);
}


static bool year4(struct str *s, struct tm *t)
{
	if (!number(s, 4, &t->tm_year))
		return false;
	t->tm_year -= 1900;
	return true;
}


/* "06 Nov 1994 08:49:37 GMT", after the day of the week */
static bool rfc1123(struct str s, struct tm *t)
{
	return number(&s, 2, &t->tm_mday) && literal(&s, STR(" ")) && month(&s, &t->tm_mon) &&
	       literal(&s, STR(" ")) && year4(&s, t) && literal(&s, STR(" ")) &&
	       clock_time(&s, t) && str_eq(s, STR(" GMT"));
}


/* "06-Nov-94 08:49:37 GMT"; RFC 2822 4.3: 00 … 49 are of this century. */
static bool rfc850(struct str s, struct tm *t)
{
	if (!(number(&s, 2, &t->tm_mday) && literal(&s, STR("-")) && month(&s, &t->tm_mon) &&
	      literal(&s, STR("-")) && number(&s, 2, &t->tm_year) && literal(&s, STR(" ")) &&
	      clock_time(&s, t) && str_eq(s, STR(" GMT"))))
		return false;

	t->tm_year += t->tm_year < 50 ? 100 : 0;
	return true;
}


/* "Nov  6 08:49:37 1994" */
static bool asctime_form(struct str s, struct tm *t)
{
	if (!month(&s, &t->tm_mon) || !literal(&s, STR(" ")))
		return false;
	if (!number(&s, literal(&s, STR(" ")) ? 1 : 2, &t->tm_mday))
		return false;
	return literal(&s, STR(" ")) && clock_time(&s, t) && literal(&s, STR(" ")) &&
	       year4(&s, t) && !s.n;
}


static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}


static bool in_range(const struct tm *t)
{
	static const int8_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int last = length[t->tm_mon] + (t->tm_mon == 1 && leap(t->tm_year + 1900));

	return t->tm_mday >= 1 && t->tm_mday <= last && t->tm_hour <= 23 && t->tm_min <= 59 &&
	       t->tm_sec <= 60;
}


int sip_date_decode(int64_t *ret_ms, struct str value)
{
	struct str s = str_trim(value);
	struct tm t = {0};
	bool ok;

	if (!word(&s).n)
		return -EBADMSG;

	if (literal(&s, STR(", ")))
		ok = s.n > 2 && s.p[2] == '-' ? rfc850(s, &t) : rfc1123(s, &t);
	else
		ok = literal(&s, STR(" ")) && asctime_form(s, &t);
	if (!ok || !in_range(&t))
		return -EBADMSG;

	*ret_ms = (int64_t)timegm(&t) * 1000;
	return 0;
}
