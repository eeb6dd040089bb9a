/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a frame: its lines, its start line, the values of the headers we know. */
#include "msrp/head.h"

#include <stddef.h>

#include "msrp/chars.h"

#define PMSRP STR("MSRP ")
#define HYPHENS STR("-------")


/* ---- Lines ---- */


static inline bool word_is_text(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t del = x ^ (0x7f * ones);

	/* Some byte is below 0x20, or is 0x7f: the usual borrow trick, exact as to whether. */
	return !((((x - 0x20 * ones) & ~x) | ((del - ones) & ~del)) & high);
}


static bool is_text_slow(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
			return false;
	return true;
}


/* RFC 4975 9 utf8text: HTAB / %x20-7E / UTF8-NONASCII. That the latter is well-formed is not asked. */
static bool is_text(const char *p, size_t n)
{
	uint64_t x;
	size_t i = 0;

	if (n < sizeof(x))
		return is_text_slow(p, n);
	for (; i + sizeof(x) <= n; i += sizeof(x)) {
		memcpy(&x, p + i, sizeof(x));
		if (!word_is_text(x))
			return is_text_slow(p, n);
	}
	memcpy(&x, p + n - sizeof(x), sizeof(x));
	return word_is_text(x) || is_text_slow(p, n);
}


static inline bool is(struct str s, const char *word, size_t n)
{
	return s.n == n && (memcmp(s.p, word, n) == 0 || str_eq_nocase(s, (struct str){word, n}));
}

#define IS(s, literal) is((s), literal, sizeof(literal) - 1)


static enum msrp_header_id header_id(struct str name)
{
	switch (name.n) {
	case 6:
		return IS(name, "Status") ? MSRP_HDR_STATUS : MSRP_HDR_OTHER;
	case 7:
		return IS(name, "To-Path") ? MSRP_HDR_TO_PATH : MSRP_HDR_OTHER;
	case 9:
		return IS(name, "From-Path") ? MSRP_HDR_FROM_PATH : MSRP_HDR_OTHER;
	case 10:
		if (IS(name, "Message-ID"))
			return MSRP_HDR_MESSAGE_ID;
		return IS(name, "Byte-Range") ? MSRP_HDR_BYTE_RANGE : MSRP_HDR_OTHER;
	case 12:
		if (IS(name, "Content-Type"))
			return MSRP_HDR_CONTENT_TYPE;
		return IS(name, "Use-Nickname") ? MSRP_HDR_USE_NICKNAME : MSRP_HDR_OTHER;
	case 14:
		if (IS(name, "Success-Report"))
			return MSRP_HDR_SUCCESS_REPORT;
		return IS(name, "Failure-Report") ? MSRP_HDR_FAILURE_REPORT : MSRP_HDR_OTHER;
	case 18:
		if (IS(name, "Include-Sent-Count"))
			return MSRP_HDR_INCLUDE_SENT_COUNT;
		return IS(name, "Distribution-Count") ? MSRP_HDR_DISTRIBUTION_COUNT
						      : MSRP_HDR_OTHER;
	default:
		return MSRP_HDR_OTHER;
	}
}


static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}


/* header: hname ":" SP hval; hname = ALPHA *token */
static bool scan_header(struct msrp_frame *f, const char *p, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value, *end = line + n;
	struct msrp_line *l = &f->line[f->lines];
	struct str name;

	if (!colon || colon == line)
		return false;
	name = str_range(line, colon);
	l->id = (uint8_t)header_id(name);
	if (l->id == MSRP_HDR_OTHER &&
	    (msrp_char_is(line[0], MSRP_CHAR_DIGIT) || !msrp_char_is(line[0], MSRP_CHAR_ALPHANUM) ||
	     msrp_span(line, colon, MSRP_CHAR_TOKEN) < colon))
		return false;

	for (value = colon + 1; value < end && is_blank(*value); value++)
		;
	while (end > value && is_blank(end[-1]))
		end--;
	l->at = (uint16_t)(line - p);
	l->name_n = (uint8_t)(name.n < 255 ? name.n : 255);
	l->value = (uint16_t)(value - p);
	l->end = (uint16_t)(end - p);
	f->lines++;
	return true;
}


static enum msrp_head_scan bad(struct msrp_head_progress *progress, const char *why)
{
	progress->why = why;
	return MSRP_HEAD_BAD;
}


/* One line without its CRLF; MORE: it was none of the two that end a head. */
static enum msrp_head_scan scan_line(struct msrp_head_progress *progress, struct msrp_frame *f,
				     const char *p, struct str line)
{
	if (!progress->start_n) {
		if (line.n <= PMSRP.n || !is_text(line.p, line.n))
			return bad(progress, "Bad start line");
		progress->start_n = line.n;
		return MSRP_HEAD_MORE;
	}
	if (!line.n) {
		f->n = (size_t)(line.p - p);
		return MSRP_HEAD_BODY;
	}
	if (line.p[0] == '-') {
		if (!str_starts(line, HYPHENS))
			return bad(progress, "Bad end-line");
		f->n = (size_t)(line.p - p);
		progress->flag = line.p[line.n - 1];
		return MSRP_HEAD_END;
	}
	if (f->lines == MSRP_LINES_MAX)
		return bad(progress, "Too many headers");
	if (!is_text(line.p, line.n) || !scan_header(f, p, line.p, line.n))
		return bad(progress, "Bad header line");
	return MSRP_HEAD_MORE;
}


enum msrp_head_scan msrp_head_scan(struct msrp_head_progress *progress, struct msrp_frame *f,
				   const char *p, size_t n)
{
	size_t limit = n < MSRP_HEAD_MAX ? n : MSRP_HEAD_MAX;

	/* Another protocol is told apart at once, not when its headers have grown too long. */
	if (!progress->at && memcmp(p, PMSRP.p, n < PMSRP.n ? n : PMSRP.n) != 0)
		return bad(progress, "Bad start line");

	for (;;) {
		const char *line = p + progress->at, *lf;
		enum msrp_head_scan s;

		lf = memchr(line, '\n', limit - progress->at);
		if (!lf)
			return n < MSRP_HEAD_MAX ? MSRP_HEAD_MORE
						 : bad(progress, "Headers too long");
		if (lf == line || lf[-1] != '\r')
			return bad(progress, "Line does not end in CRLF");
		s = scan_line(progress, f, p, str_range(line, lf - 1));
		if (s == MSRP_HEAD_BAD)
			return s;
		progress->at = (size_t)(lf + 1 - p);
		if (s != MSRP_HEAD_MORE)
			return s;
	}
}


/* ---- Values ---- */


static const char *decode_range_value(const char *p, const char *end, bool star, uint64_t *ret)
{
	const char *q = msrp_span(p, end, MSRP_CHAR_DIGIT);

	if (star && q == p && q < end && *q == '*') {
		*ret = MSRP_RANGE_UNKNOWN;
		return q + 1;
	}
	/* 2^64 - 1 would be taken for "*": no message is that long. */
	if (!str_u64(str_range(p, q), ret) || *ret == MSRP_RANGE_UNKNOWN)
		return NULL;
	return q;
}


/* range-start "-" range-end "/" total; blanks around the marks are let pass. */
static bool decode_range(struct msrp_range *ret, struct str s)
{
	const char *p = s.p, *end = s.p + s.n;
	struct msrp_range r;

	p = decode_range_value(p, end, false, &r.start);
	if (!p || p == end || *p++ != '-')
		return false;
	p = decode_range_value(p, end, true, &r.end);
	if (!p || p == end || *p++ != '/')
		return false;
	p = decode_range_value(p, end, true, &r.total);
	if (p != end)
		return false;

	/* "The first octet in the message has a position of one"; "1-0/0" is an empty message. */
	if (!r.start || (r.end != MSRP_RANGE_UNKNOWN && r.end + 1 < r.start))
		return false;
	if (r.total != MSRP_RANGE_UNKNOWN && r.end != MSRP_RANGE_UNKNOWN && r.end > r.total)
		return false;
	*ret = r;
	return true;
}


/* The first word of `*s`, up to a blank or ';', cut off it. */
static struct str cut_word(struct str *s)
{
	size_t n = 0;
	struct str word;

	while (n < s->n && !is_blank(s->p[n]) && s->p[n] != ';')
		n++;
	word = str_upto(*s, n);
	while (n < s->n && (is_blank(s->p[n]) || s->p[n] == ';'))
		n++;
	*s = str_from(*s, n);
	return word;
}


static const char *decode_success(struct msrp_frame *f, struct str value)
{
	struct str word = cut_word(&value);

	if (IS(word, "yes"))
		f->success_report = true;
	else if (!IS(word, "no"))
		return "Bad Success-Report";

	/* Some servers put it here: "Success-Report: yes;Include-Sent-Count". */
	while (value.n)
		if (IS(cut_word(&value), "Include-Sent-Count"))
			f->include_sent_count = true;
	return NULL;
}


static const char *decode_failure(struct msrp_frame *f, struct str value)
{
	if (IS(value, "yes"))
		f->failure_report = MSRP_FAILURE_YES;
	else if (IS(value, "no"))
		f->failure_report = MSRP_FAILURE_NO;
	else if (IS(value, "partial"))
		f->failure_report = MSRP_FAILURE_PARTIAL;
	else
		return "Bad Failure-Report";
	return NULL;
}


static bool decode_code(struct str s, uint16_t *ret)
{
	uint32_t v;

	if (s.n != 3 || !str_u32(s, &v))
		return false;
	*ret = (uint16_t)v;
	return true;
}


/* namespace SP status-code [ SP comment ] */
static const char *decode_status(struct msrp_frame *f, struct str value)
{
	struct str ns = str_cut(&value, ' '), code = str_cut(&value, ' ');

	if (!decode_code(ns, &f->report_namespace) || !decode_code(code, &f->report_status))
		return "Bad Status";
	f->has_status = true;
	f->report_comment = value.p ? value : str_from(code, code.n);
	return NULL;
}


/* DQUOTE 1*1023(qdtext / qd-esc) DQUOTE; empty: RFC 7701 7.3. A malformed one is answered 424, not
 * 400 (RFC 7701 7.1): use_nickname stays STR_NULL. */
static const char *decode_nickname(struct msrp_frame *f, struct str value)
{
	struct str inner;

	f->has_nickname = true;
	if (value.n < 2 || value.p[0] != '"' || value.p[value.n - 1] != '"' ||
	    value.n - 2 > 2 * MSRP_NICKNAME_MAX)
		return NULL;
	inner = (struct str){value.p + 1, value.n - 2};

	for (size_t i = 0; i < inner.n; i++) {
		if (inner.p[i] == '"')
			return NULL;
		if (inner.p[i] != '\\')
			continue;
		i++;
		if (i == inner.n || (inner.p[i] != '\\' && inner.p[i] != '"'))
			return NULL;
	}
	f->use_nickname = inner;
	return NULL;
}


static const char *decode_message_id(struct msrp_frame *f, struct str value)
{
	const char *end = value.p + value.n;

	if (!value.n || value.n > MSRP_MESSAGE_ID_MAX)
		return "Bad Message-ID";
	/* Wider than ident: any visible character, "@" and "_" are seen in practice. */
	for (const char *p = value.p; p < end; p++)
		if (*p <= ' ')
			return "Bad Message-ID";
	f->message_id = value;
	return NULL;
}


static const char *decode_value(struct msrp_frame *f, enum msrp_header_id id, struct str value)
{
	switch (id) {
	case MSRP_HDR_TO_PATH:
		f->to_path = value;
		return value.n ? NULL : "Bad To-Path";
	case MSRP_HDR_FROM_PATH:
		f->from_path = value;
		return value.n ? NULL : "Bad From-Path";
	case MSRP_HDR_MESSAGE_ID:
		return decode_message_id(f, value);
	case MSRP_HDR_SUCCESS_REPORT:
		return decode_success(f, value);
	case MSRP_HDR_FAILURE_REPORT:
		return decode_failure(f, value);
	case MSRP_HDR_BYTE_RANGE:
		f->has_range = decode_range(&f->range, value);
		return f->has_range ? NULL : "Bad Byte-Range";
	case MSRP_HDR_STATUS:
		return decode_status(f, value);
	case MSRP_HDR_CONTENT_TYPE:
		f->content_type = value;
		return value.n ? NULL : "Bad Content-Type";
	case MSRP_HDR_USE_NICKNAME:
		return decode_nickname(f, value);
	case MSRP_HDR_INCLUDE_SENT_COUNT:
		f->include_sent_count |= IS(value, "yes");
		return NULL;
	case MSRP_HDR_DISTRIBUTION_COUNT:
		/* What is no number tells none (OPF-DR-4); the report is one all the same. */
		f->has_distribution_count = str_u32(value, &f->distribution_count);
		return NULL;
	case MSRP_HDR_OTHER:
	case MSRP_HDR_COUNT:
		break;
	}
	return NULL;
}


/* ---- The start line ---- */


static enum msrp_method method_of(struct str s)
{
	if (str_eq(s, STR("SEND")))
		return MSRP_METHOD_SEND;
	if (str_eq(s, STR("REPORT")))
		return MSRP_METHOD_REPORT;
	if (str_eq(s, STR("AUTH")))
		return MSRP_METHOD_AUTH;
	if (str_eq(s, STR("NICKNAME")))
		return MSRP_METHOD_NICKNAME;
	return MSRP_METHOD_OTHER;
}


/* pMSRP SP transact-id SP ( method / status-code [ SP comment ] ) */
static bool decode_start(struct msrp_frame *f, struct str line)
{
	struct str rest = str_from(line, PMSRP.n), tid = str_cut(&rest, ' '), word;
	const char *end = tid.p + tid.n;

	if (!tid.n || tid.n > MSRP_TID_MAX || !msrp_char_is(tid.p[0], MSRP_CHAR_ALPHANUM) ||
	    msrp_span(tid.p, end, MSRP_CHAR_IDENT) < end || !rest.n)
		return false;
	f->tid = tid;

	word = str_cut(&rest, ' ');
	if (word.n && msrp_char_is(word.p[0], MSRP_CHAR_DIGIT)) {
		f->comment = rest.p ? rest : str_from(word, word.n);
		return decode_code(word, &f->status);
	}
	end = word.p + word.n;
	if (!word.n || word.n > MSRP_METHOD_MAX || rest.p ||
	    msrp_span(word.p, end, MSRP_CHAR_UPALPHA) < end)
		return false;
	f->request = true;
	f->method_name = word;
	f->method = method_of(word);
	return true;
}


/* ---- The whole ---- */


void msrp_frame_clear(struct msrp_frame *f)
{
	memset(f, 0, offsetof(struct msrp_frame, line));
	f->range = (struct msrp_range){1, MSRP_RANGE_UNKNOWN, MSRP_RANGE_UNKNOWN};
}


static void fault(struct msrp_frame *f, const char *why)
{
	if (!f->fault)
		f->fault = why;
}


/* What a frame must have, beyond each value's own form. */
static void check(struct msrp_frame *f)
{
	/* RFC 4975 9: headers = To-Path CRLF From-Path CRLF 1*( header CRLF ) */
	if (f->lines < 2 || f->line[0].id != MSRP_HDR_TO_PATH ||
	    f->line[1].id != MSRP_HDR_FROM_PATH)
		fault(f, "To-Path and From-Path must come first");
	if (!f->request)
		return;
	/* 7.1: "If the request has a body, it MUST contain a Content-Type header field." */
	if (f->body && !f->content_type.n)
		fault(f, "Content-Type missing");
	/* 7.1.1: "Each chunk of a message MUST contain a Message-ID header field" */
	if (f->method == MSRP_METHOD_SEND && f->body && !f->message_id.n)
		fault(f, "Message-ID missing");
	/* 7.1.2: "REPORT requests […] MUST contain a Status header field […] the Message-ID" */
	if (f->method == MSRP_METHOD_REPORT && (!f->has_status || !f->message_id.n))
		fault(f, "Status or Message-ID missing");
}


static void decode_lines(struct msrp_frame *f)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < f->lines; i++) {
		const struct msrp_line *l = &f->line[i];
		const char *why;

		if (l->id == MSRP_HDR_OTHER)
			continue;
		if (seen & 1U << l->id) {
			fault(f, "Header twice");
			continue;
		}
		seen |= 1U << l->id;
		why = decode_value(f, l->id, msrp_line_value(f, i));
		if (why)
			fault(f, why);
	}
	if (f->lines > 2)
		f->others = str_range(f->p + f->line[2].at, f->p + f->n);
}


/* "-------" transact-id continuation-flag */
static bool end_line_ok(const struct msrp_frame *f, struct str line)
{
	char flag = line.p[line.n - 1];

	return line.n == HYPHENS.n + f->tid.n + 1 &&
	       memcmp(line.p + HYPHENS.n, f->tid.p, f->tid.n) == 0 &&
	       (flag == '$' || flag == '+' || flag == '#');
}


static void make_end_line(struct msrp_frame *f)
{
	memcpy(f->end_line, "\r\n-------", 9);
	memcpy(f->end_line + 9, f->tid.p, f->tid.n);
}


bool msrp_head_decode(struct msrp_head_progress *progress, struct msrp_frame *f, const char *p,
		      enum msrp_head_scan end)
{
	f->p = p;
	if (end == MSRP_HEAD_BAD)
		f->n = progress->at;
	f->body = end == MSRP_HEAD_BODY;
	if (!progress->start_n)
		return false;
	if (!decode_start(f, (struct str){p, progress->start_n})) {
		progress->why = "Bad start line";
		return false;
	}
	decode_lines(f);
	if (end == MSRP_HEAD_BAD)
		return false;

	if (end == MSRP_HEAD_END && !end_line_ok(f, str_range(p + f->n, p + progress->at - 2))) {
		progress->why = "Bad end-line";
		return false;
	}
	if (f->body)
		make_end_line(f);
	check(f);
	return true;
}


static void move(struct str *s, ptrdiff_t by)
{
	if (s->p)
		s->p += by;
}


void msrp_frame_rebase(struct msrp_frame *f, const char *p)
{
	ptrdiff_t by = p - f->p;
	struct str *views[] = {&f->tid,          &f->method_name,  &f->comment,
			       &f->to_path,      &f->from_path,    &f->message_id,
			       &f->content_type, &f->use_nickname, &f->report_comment,
			       &f->others};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		move(views[i], by);
	f->p = p;
}
