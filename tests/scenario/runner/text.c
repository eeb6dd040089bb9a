/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the scenario language. */
#include "scenario/runner/text.h"

#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/** Bytes of a pattern. */
#define PATTERN_MAX ((uint64_t)32 << 20)


void scn_die(const char *fmt, ...)
{
	va_list ap;

	fputs("scn: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}


void *scn_alloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size ? size : 1);

	if (!p)
		scn_die("no memory");
	return p;
}


struct str scn_copy(struct arena *a, struct str s)
{
	char *p = scn_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}


struct str scn_fmt(struct arena *a, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str ret;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (b.failed)
		scn_die("no memory");
	ret = scn_copy(a, buf_str(&b));
	buf_done(&b);
	return ret;
}


static bool name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}


bool scn_is_name(struct str s)
{
	if (!s.n || !name_start(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return true;
}


/** Length of a {name} at the start of `s`, braces included; 0: it is none. */
static size_t variable_length(struct str s)
{
	ptrdiff_t end = s.n && s.p[0] == '{' ? str_find(s, '}') : -1;

	if (end < 0 || !scn_is_name((struct str){s.p + 1, (size_t)end - 1}))
		return 0;
	return (size_t)end + 1;
}


/** Index after the closing quote; 0: not closed. */
static size_t quoted_end(struct str s, size_t i)
{
	for (i++; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}


/** Index after the brace that closes the one at `i`; 0: not closed. */
static size_t braces_end(struct str s, size_t i)
{
	size_t depth = 0;

	while (i < s.n) {
		if (s.p[i] == '"') {
			i = quoted_end(s, i);
			if (!i)
				return 0;
			continue;
		}
		if (s.p[i] == '{')
			depth++;
		if (s.p[i] == '}' && --depth == 0)
			return i + 1;
		i++;
	}
	return 0;
}


static bool blank(char c)
{
	return c == ' ' || c == '\t';
}


/** Index after the plain word at `i`. */
static size_t plain_end(struct str s, size_t i)
{
	while (i < s.n && !blank(s.p[i])) {
		size_t v = variable_length(str_from(s, i));

		i += v ? v : 1;
	}
	return i;
}


bool scn_words(struct scn_words *ret, struct str line)
{
	size_t i = 0;

	ret->n = 0;
	for (;;) {
		struct scn_word *w;
		size_t end;

		while (i < line.n && blank(line.p[i]))
			i++;
		if (i == line.n || (line.p[i] == '#' && (i + 1 == line.n || blank(line.p[i + 1]))))
			return true;
		if (ret->n == SCN_WORDS_MAX)
			return false;
		w = &ret->w[ret->n++];
		*w = (struct scn_word){.at = (uint32_t)i};
		if (line.p[i] == '"') {
			end = quoted_end(line, i);
			if (!end)
				return false;
			w->quoted = true;
			w->text = (struct str){line.p + i + 1, end - i - 2};
		} else if (line.p[i] == '{' && !variable_length(str_from(line, i))) {
			end = braces_end(line, i);
			if (!end)
				return false;
			w->text = (struct str){line.p + i, end - i};
		} else {
			end = plain_end(line, i);
			w->text = (struct str){line.p + i, end - i};
		}
		i = end;
	}
}


static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


struct str scn_unescape(struct arena *a, struct str s)
{
	char *p = scn_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != '\\' || i + 1 == s.n) {
			p[n++] = c;
			continue;
		}
		c = s.p[++i];
		switch (c) {
		case 'r':
			p[n++] = '\r';
			break;
		case 'n':
			p[n++] = '\n';
			break;
		case 't':
			p[n++] = '\t';
			break;
		case '0':
			p[n++] = '\0';
			break;
		case 'x':
			if (i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
				p[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
				i += 2;
				break;
			}
			p[n++] = c;
			break;
		default:
			p[n++] = c;
			break;
		}
	}
	return (struct str){p, n};
}


struct str scn_escape(struct arena *a, struct str s)
{
	char *p = scn_alloc(a, s.n * 4 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\r' || c == '\n' || c == '\t') {
			p[n++] = '\\';
			p[n++] = c == '\r' ? 'r' : c == '\n' ? 'n' : 't';
		} else if (c < 0x20 || c == 0x7f || c == '\\') {
			n += (size_t)snprintf(p + n, 5, c == '\\' ? "\\\\" : "\\x%02x", c);
		} else {
			p[n++] = (char)c;
		}
	}
	return (struct str){p, n};
}


static uint64_t unit_ms(struct str unit)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_eq(unit, str_of(units[i].name)))
			return units[i].ms;
	return 0;
}


bool scn_duration(struct str s, uint64_t *ret_ms)
{
	uint64_t sum = 0;

	if (!s.n)
		return false;
	while (s.n) {
		size_t digits = 0, letters = 0;
		uint64_t number, unit;

		while (digits < s.n && isdigit((unsigned char)s.p[digits]))
			digits++;
		while (digits + letters < s.n && isalpha((unsigned char)s.p[digits + letters]))
			letters++;
		unit = unit_ms((struct str){s.p + digits, letters});
		if (!unit || !str_u64(str_upto(s, digits), &number) || number > UINT32_MAX)
			return false;
		sum += number * unit;
		s = str_from(s, digits + letters);
	}
	*ret_ms = sum;
	return true;
}


struct str scn_duration_text(struct arena *a, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (ms % 1000 || s < 60)
		return scn_fmt(a, "%llu.%03llus", (unsigned long long)s,
			       (unsigned long long)(ms % 1000));
	if (s < 3600)
		return scn_fmt(a, "%llum%02llus", (unsigned long long)(s / 60),
			       (unsigned long long)(s % 60));
	return scn_fmt(a, "%lluh%02llum%02llus", (unsigned long long)(s / 3600),
		       (unsigned long long)(s / 60 % 60), (unsigned long long)(s % 60));
}


bool scn_glob(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, star_at = 0;

	for (;;) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			star_at = i;
			continue;
		}
		if (i == s.n)
			return p == pattern.n;
		if (p < pattern.n) {
			size_t step = pattern.p[p] == '\\' && p + 1 < pattern.n ? 2 : 1;

			if (pattern.p[p + step - 1] == s.p[i]) {
				p += step;
				i++;
				continue;
			}
		}
		if (star == SIZE_MAX)
			return false;
		p = star;
		i = ++star_at;
	}
}


bool scn_regex(struct arena *a, struct str pattern, struct str s, struct str *group)
{
	regmatch_t m[2];
	regex_t re;
	bool found;

	if (regcomp(&re, scn_copy(a, pattern).p, REG_EXTENDED))
		return false;
	m[0].rm_so = 0;
	m[0].rm_eo = (regoff_t)s.n;
	found = s.p && regexec(&re, s.p, 2, m, REG_STARTEND) == 0;
	if (found && group) {
		int g = m[1].rm_so >= 0 ? 1 : 0;

		*group = str_range(s.p + m[g].rm_so, s.p + m[g].rm_eo);
	}
	regfree(&re);
	return found;
}


void scn_var_set(struct arena *a, struct scn_vars *v, struct str name, struct str value)
{
	for (struct scn_var *x = v->first; x; x = x->next) {
		if (str_eq(x->name, name)) {
			x->value = scn_copy(a, value);
			return;
		}
	}

	struct scn_var *x = scn_alloc(a, sizeof(*x));

	x->name = scn_copy(a, name);
	x->value = scn_copy(a, value);
	x->next = v->first;
	v->first = x;
}


bool scn_var_get(const struct scn_vars *v, struct str name, struct str *ret)
{
	for (; v; v = v->outer) {
		for (const struct scn_var *x = v->first; x; x = x->next) {
			if (str_eq(x->name, name)) {
				*ret = x->value;
				return true;
			}
		}
	}
	return false;
}


bool scn_substitute(struct arena *a, const struct scn_vars *v, struct str s, struct str *ret,
		    struct str *unknown)
{
	struct buf out = BUF_INIT(SCN_ARENA_MAX);
	bool ok = true;

	if (str_find(s, '{') < 0) {
		*ret = s;
		return true;
	}
	for (size_t i = 0; i < s.n;) {
		size_t n = variable_length(str_from(s, i));
		struct str value;

		if (s.p[i] == '\\' && i + 1 < s.n) {
			buf_put(&out, s.p + i, 2);
			i += 2;
		} else if (!n) {
			buf_putc(&out, s.p[i++]);
		} else if (scn_var_get(v, (struct str){s.p + i + 1, n - 2}, &value)) {
			buf_puts(&out, value);
			i += n;
		} else {
			*unknown = (struct str){s.p + i + 1, n - 2};
			ok = false;
			break;
		}
	}
	if (ok)
		*ret = scn_copy(a, buf_str(&out));
	buf_done(&out);
	return ok;
}


bool scn_pattern_text(struct arena *a, struct str size, struct str *ret)
{
	static const struct {
		struct str unit;
		uint64_t bytes;
	} units[] = {{STR_INIT("MB"), 1 << 20}, {STR_INIT("KB"), 1 << 10}, {STR_INIT("B"), 1}};
	static const char digits[] = "0123456789abcdef";
	uint64_t n = 0;
	char *p;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!str_ends(size, units[i].unit))
			continue;
		if (!str_u64(str_upto(size, size.n - units[i].unit.n), &n) ||
		    n > PATTERN_MAX / units[i].bytes)
			return false;
		n *= units[i].bytes;
		p = scn_alloc(a, n + 1);
		for (uint64_t k = 0; k < n; k++)
			p[k] = k % 8 == 7 ? ' ' : digits[k / 8 >> 4 * (6 - k % 8) & 15];
		*ret = (struct str){p, n};
		return true;
	}
	return false;
}
