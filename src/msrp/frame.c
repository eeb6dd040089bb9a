/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoded frame is asked for beyond its fields. */
#include "msrp/frame.h"


struct str msrp_line_value(const struct msrp_frame *f, unsigned i)
{
	return str_range(f->p + f->line[i].value, f->p + f->line[i].end);
}


struct str msrp_line_text(const struct msrp_frame *f, unsigned i)
{
	const char *begin = f->p + f->line[i].at, *end = f->p + f->line[i].end;

	return str_range(begin, end);
}


struct str msrp_line_name(const struct msrp_frame *f, unsigned i)
{
	struct str text = msrp_line_text(f, i);

	if (f->line[i].name_n < 255)
		return str_upto(text, f->line[i].name_n);
	return str_upto(text, (size_t)str_find(text, ':'));
}


struct str msrp_frame_header(const struct msrp_frame *f, struct str name)
{
	for (unsigned i = 0; i < f->lines; i++)
		if (str_eq_nocase(msrp_line_name(f, i), name))
			return msrp_line_value(f, i);
	return STR_NULL;
}


void msrp_nickname_decode(struct str quoted, struct buf *out)
{
	for (size_t i = 0; i < quoted.n; i++) {
		if (quoted.p[i] == '\\' && i + 1 < quoted.n)
			i++;
		buf_putc(out, quoted.p[i]);
	}
}


bool msrp_response_wanted(const struct msrp_frame *request, uint16_t status)
{
	if (!request->request || request->method == MSRP_METHOD_REPORT)
		return false;
	/* Nowhere to send it, or nobody to send it as. */
	if (!request->tid.n || !request->from_path.n || !request->to_path.n)
		return false;
	if (request->method != MSRP_METHOD_SEND)
		return true;

	switch (request->failure_report) {
	case MSRP_FAILURE_YES:
		return true;
	case MSRP_FAILURE_PARTIAL:
		return status != 200;
	case MSRP_FAILURE_NO:
		return false;
	}
	return false;
}


struct str msrp_status_comment(uint16_t status)
{
	switch (status) {
	case 200:
		return STR("OK");
	case 400:
		return STR("Bad Request");
	case 401:
		return STR("Unauthorized");
	case 403:
		return STR("Forbidden");
	case 408:
		return STR("Request Timeout");
	case 413:
		return STR("Stop Sending");
	case 415:
		return STR("Unsupported Media Type");
	case 423:
		return STR("Parameter Out of Bounds");
	case 424:
		return STR("Malformed nickname");
	case 425:
		return STR("Nickname reserved or already in use");
	case 426:
		return STR("Upgrade Required");
	case 428:
		return STR("Private Messages Not Supported");
	case 481:
		return STR("No Such Session");
	case 501:
		return STR("Method Not Supported");
	case 506:
		return STR("Wrong Connection");
	default:
		return STR("");
	}
}
