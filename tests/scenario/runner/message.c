/* SPDX-License-Identifier: Apache-2.0 */
/* SIP messages as the peers of a scenario read them. */
#include "scenario/runner/message.h"

#include <ctype.h>

/** Full names with their compact forms. */
static const struct {
	struct str name;
	char compact;
} names[] = {
	{STR_INIT("Via"), 'v'},
	{STR_INIT("From"), 'f'},
	{STR_INIT("To"), 't'},
	{STR_INIT("Call-ID"), 'i'},
	{STR_INIT("Contact"), 'm'},
	{STR_INIT("Content-Type"), 'c'},
	{STR_INIT("Content-Length"), 'l'},
	{STR_INIT("Content-Encoding"), 'e'},
	{STR_INIT("Subject"), 's'},
	{STR_INIT("Supported"), 'k'},
	{STR_INIT("Allow-Events"), 'u'},
	{STR_INIT("Event"), 'o'},
	{STR_INIT("Refer-To"), 'r'},
	{STR_INIT("Referred-By"), 'b'},
	{STR_INIT("Accept-Contact"), 'a'},
	{STR_INIT("Reject-Contact"), 'j'},
	{STR_INIT("Request-Disposition"), 'd'},
	{STR_INIT("Session-Expires"), 'x'},
	{STR_INIT("CSeq"), 0},
	{STR_INIT("Max-Forwards"), 0},
	{STR_INIT("WWW-Authenticate"), 0},
	{STR_INIT("Proxy-Authenticate"), 0},
	{STR_INIT("Record-Route"), 0},
	{STR_INIT("Route"), 0},
	{STR_INIT("Path"), 0},
	{STR_INIT("Min-Expires"), 0},
	{STR_INIT("Retry-After"), 0},
	{STR_INIT("Warning"), 0},
};

/** Headers in which a comma separates values. */
static const struct str lists[] = {
	STR_INIT("Via"),
	STR_INIT("Contact"),
	STR_INIT("Route"),
	STR_INIT("Record-Route"),
	STR_INIT("Path"),
	STR_INIT("Service-Route"),
	STR_INIT("Allow"),
	STR_INIT("Supported"),
	STR_INIT("Require"),
	STR_INIT("Proxy-Require"),
	STR_INIT("Unsupported"),
	STR_INIT("Accept"),
	STR_INIT("Accept-Encoding"),
	STR_INIT("Accept-Contact"),
	STR_INIT("Reject-Contact"),
	STR_INIT("Warning"),
	STR_INIT("Error-Info"),
	STR_INIT("P-Asserted-Identity"),
	STR_INIT("Allow-Events"),
	STR_INIT("In-Reply-To"),
	STR_INIT("P-Associated-URI"),
	STR_INIT("Security-Client"),
};


struct str scn_header_full(struct str name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(names[i].name, name) ||
		    (name.n == 1 && names[i].compact &&
		     tolower((unsigned char)name.p[0]) == names[i].compact))
			return names[i].name;
	return name;
}


static struct str cut_line(struct str *rest)
{
	struct str s = str_cut(rest, '\n');

	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}


static bool read_start(struct scn_msg *m)
{
	struct str rest = m->start, word = str_cut(&rest, ' ');
	uint32_t status;

	if (str_eq(word, STR("SIP/2.0"))) {
		if (!str_u32(str_cut(&rest, ' '), &status))
			return false;
		m->status = status;
		m->reason = rest;
		return true;
	}
	m->request = true;
	m->method = word;
	m->uri = str_cut(&rest, ' ');
	return m->uri.n > 0 && str_eq(rest, STR("SIP/2.0"));
}


/** A folded line goes on in the header before it. */
static void unfold(struct arena *a, struct scn_header *h, struct str more)
{
	h->value = scn_fmt(a, STR_FMT " " STR_FMT, STR_ARG(h->value), STR_ARG(str_trim(more)));
}


bool scn_msg_read(struct arena *a, struct scn_msg *ret, struct str bytes)
{
	struct str rest = bytes;

	memset(ret, 0, sizeof(*ret));
	ret->bytes = bytes;
	ret->start = cut_line(&rest);
	if (!read_start(ret))
		return false;
	for (;;) {
		struct str line, name;

		if (!rest.p)
			return false;
		line = cut_line(&rest);
		if (!line.n && !rest.p)
			return false;
		if (!line.n)
			break;
		if (line.p[0] == ' ' || line.p[0] == '\t') {
			if (ret->headers)
				unfold(a, &ret->header[ret->headers - 1], line);
			continue;
		}
		name = str_cut(&line, ':');
		if (!line.p || ret->headers == SCN_HEADERS_MAX)
			return false;
		ret->header[ret->headers++] = (struct scn_header){
			.name = scn_header_full(str_trim(name)), .value = str_trim(line)};
	}
	ret->body = rest.p ? rest : STR("");
	if (!ret->request) {
		struct str cseq = scn_header_value(ret, STR("CSeq"));

		(void)str_cut(&cseq, ' ');
		ret->method = str_trim(cseq);
	}
	return true;
}


size_t scn_msg_frame(struct str bytes)
{
	struct str value = STR_NULL;
	ptrdiff_t end;
	uint32_t n = 0;
	size_t ends = 0;

	while (ends < bytes.n && (bytes.p[ends] == '\r' || bytes.p[ends] == '\n'))
		ends++;
	if (ends)
		return ends;
	end = str_find_str(bytes, STR("\r\n\r\n"));
	if (end < 0)
		return 0;
	for (struct str rest = str_upto(bytes, (size_t)end); rest.p;) {
		struct str line = cut_line(&rest), name = str_cut(&line, ':');

		if (line.p && str_eq(scn_header_full(str_trim(name)), STR("Content-Length")))
			value = str_trim(line);
	}
	if (value.p && !str_u32(value, &n))
		return 0;
	return bytes.n >= (size_t)end + 4 + n ? (size_t)end + 4 + n : 0;
}


struct str scn_header_value(const struct scn_msg *m, struct str name)
{
	name = scn_header_full(name);
	for (size_t i = 0; i < m->headers; i++)
		if (str_eq_nocase(m->header[i].name, name))
			return m->header[i].value;
	return STR_NULL;
}


struct str scn_header_joined(struct arena *a, const struct scn_msg *m, struct str name)
{
	struct str all = STR_NULL;

	name = scn_header_full(name);
	for (size_t i = 0; i < m->headers; i++) {
		if (!str_eq_nocase(m->header[i].name, name))
			continue;
		all = all.p ? scn_fmt(a, STR_FMT ", " STR_FMT, STR_ARG(all),
				      STR_ARG(m->header[i].value))
			    : m->header[i].value;
	}
	return all;
}


static bool is_list(struct str name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (str_eq_nocase(lists[i], name))
			return true;
	return false;
}


/** Length up to a separator that stands outside "…" and <…>. */
static size_t up_to(struct str s, char separator)
{
	bool quoted = false, angle = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '<') {
			angle = true;
		} else if (c == '>') {
			angle = false;
		} else if (c == separator && !angle) {
			return i;
		}
	}
	return s.n;
}


size_t scn_header_values(const struct scn_msg *m, struct str name,
			 struct str values[static SCN_VALUES_MAX])
{
	size_t n = 0;

	name = scn_header_full(name);
	for (size_t i = 0; i < m->headers; i++) {
		struct str rest = m->header[i].value;

		if (!str_eq_nocase(m->header[i].name, name))
			continue;
		while (n < SCN_VALUES_MAX) {
			size_t end = is_list(name) ? up_to(rest, ',') : rest.n;

			values[n++] = str_trim(str_upto(rest, end));
			if (end >= rest.n)
				break;
			rest = str_from(rest, end + 1);
		}
	}
	return n;
}


bool scn_value_param(struct str value, struct str name, struct str *ret)
{
	size_t at = up_to(value, ';');

	while (at < value.n) {
		struct str rest = str_from(value, at + 1);
		size_t n = up_to(rest, ';');
		struct str one = str_upto(rest, n), key = str_trim(str_cut(&one, '='));

		at += 1 + n;
		if (!str_eq_nocase(key, name))
			continue;
		one = one.p ? str_trim(one) : STR("");
		if (one.n >= 2 && one.p[0] == '"' && one.p[one.n - 1] == '"')
			one = (struct str){one.p + 1, one.n - 2};
		*ret = one;
		return true;
	}
	return false;
}


struct str scn_value_uri(struct str value)
{
	ptrdiff_t open = str_find(value, '<');
	struct str inside = open >= 0 ? str_from(value, (size_t)open + 1) : STR("");
	ptrdiff_t close = str_find(inside, '>');

	/* A parameter behind it may have such brackets, too: +sip.instance="<urn:…>". */
	if (close >= 0)
		return str_upto(inside, (size_t)close);
	return str_trim(str_upto(value, up_to(value, ';')));
}
