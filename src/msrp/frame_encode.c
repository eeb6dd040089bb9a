/* SPDX-License-Identifier: Apache-2.0 */
/* Composition of frames. */
#include "msrp/frame.h"

#include "msrp/uri.h"


void msrp_tid_make(uint64_t random, char ret[MSRP_TID_MADE])
{
	for (int i = 0; i < MSRP_TID_MADE; i++, random >>= 4)
		ret[i] = "0123456789abcdef"[random & 15];
}


bool msrp_tid_clashes(struct str tid, struct str body)
{
	char line[7 + MSRP_TID_MAX];

	if (!tid.n || tid.n > MSRP_TID_MAX)
		return true;
	memcpy(line, "-------", 7);
	memcpy(line + 7, tid.p, tid.n);
	return str_find_str(body, (struct str){line, 7 + tid.n}) >= 0;
}


static void paths_encode(struct buf *out, struct str to_path, struct str from_path)
{
	buf_puts(out, STR("\r\nTo-Path: "));
	buf_puts(out, to_path);
	buf_puts(out, STR("\r\nFrom-Path: "));
	buf_puts(out, from_path);
	buf_puts(out, STR("\r\n"));
}


static void start_encode(struct buf *out, struct str tid)
{
	buf_puts(out, STR("MSRP "));
	buf_puts(out, tid);
	buf_putc(out, ' ');
}


void msrp_request_encode(struct buf *out, struct str tid, struct str method, struct str to_path,
			 struct str from_path)
{
	start_encode(out, tid);
	buf_puts(out, method);
	paths_encode(out, to_path, from_path);
}


void msrp_header_encode(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, name);
	buf_puts(out, STR(": "));
	buf_puts(out, value);
	buf_puts(out, STR("\r\n"));
}


static void range_value_encode(struct buf *out, uint64_t v)
{
	if (v == MSRP_RANGE_UNKNOWN)
		buf_putc(out, '*');
	else
		buf_putu(out, v);
}


void msrp_range_encode(struct buf *out, const struct msrp_range *range)
{
	buf_puts(out, STR("Byte-Range: "));
	buf_putu(out, range->start);
	buf_putc(out, '-');
	range_value_encode(out, range->end);
	buf_putc(out, '/');
	range_value_encode(out, range->total);
	buf_puts(out, STR("\r\n"));
}


void msrp_content_encode(struct buf *out, struct str content_type)
{
	buf_puts(out, STR("Content-Type: "));
	buf_puts(out, content_type);
	buf_puts(out, STR("\r\n\r\n"));
}


void msrp_end_encode(struct buf *out, struct str tid, char flag, bool body)
{
	if (body)
		buf_puts(out, STR("\r\n"));
	buf_puts(out, STR("-------"));
	buf_puts(out, tid);
	buf_putc(out, flag);
	buf_puts(out, STR("\r\n"));
}


static void code_encode(struct buf *out, uint16_t status, struct str comment)
{
	const char code[3] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
			      (char)('0' + status % 10)};

	buf_put(out, code, sizeof(code));
	if (comment.n) {
		buf_putc(out, ' ');
		buf_puts(out, comment);
	}
}


void msrp_response_encode(struct buf *out, const struct msrp_frame *request, uint16_t status,
			  struct str comment, struct str self)
{
	/* RFC 4975 7.2: "Responses to SEND requests are returned only to the previous hop." */
	struct str to = request->method == MSRP_METHOD_SEND ? msrp_path_first(request->from_path)
							    : request->from_path;

	start_encode(out, request->tid);
	code_encode(out, status, comment);
	paths_encode(out, to, self.n ? self : msrp_path_first(request->to_path));
	msrp_end_encode(out, request->tid, '$', false);
}


void msrp_report_encode(struct buf *out, const struct msrp_report *r)
{
	msrp_request_encode(out, r->tid, STR("REPORT"), r->to_path, r->from_path);
	msrp_header_encode(out, STR("Message-ID"), r->message_id);
	msrp_range_encode(out, &r->range);
	buf_puts(out, STR("Status: 000 "));
	code_encode(out, r->status, r->comment);
	buf_puts(out, STR("\r\n"));
	if (r->has_distribution_count) {
		buf_puts(out, STR("Distribution-Count: "));
		buf_putu(out, r->distribution_count);
		buf_puts(out, STR("\r\n"));
	}
	msrp_end_encode(out, r->tid, '$', false);
}


void msrp_nickname_encode(struct buf *out, struct str nickname)
{
	buf_puts(out, STR("Use-Nickname: \""));
	for (size_t i = 0; i < nickname.n; i++) {
		if (nickname.p[i] == '"' || nickname.p[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, nickname.p[i]);
	}
	buf_puts(out, STR("\"\r\n"));
}
