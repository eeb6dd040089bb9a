/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP frames as the peers read them. */
#include <stdio.h>

#include "scenario/runner/msrp.h"


bool scn_msrp_begins(struct str bytes)
{
	return str_starts(bytes, STR("MSRP "));
}


static struct str tid_of(struct str bytes)
{
	struct str rest = str_from(bytes, 5);
	size_t n = 0;

	while (n < rest.n && !strchr(" \r\n", rest.p[n]))
		n++;
	return str_upto(rest, n);
}


/** Where "\r\n-------tid" with its flag and CRLF stands; -1: not there yet. */
static ptrdiff_t end_at(struct str bytes, struct str tid)
{
	char mark[128];
	int n = snprintf(mark, sizeof(mark), "\r\n-------" STR_FMT, STR_ARG(tid));
	size_t from = 0;

	if (n <= 0 || (size_t)n >= sizeof(mark))
		return -1;
	for (;;) {
		ptrdiff_t at = str_find_str(str_from(bytes, from), (struct str){mark, (size_t)n});
		size_t end;

		if (at < 0)
			return -1;
		end = from + (size_t)at + (size_t)n;
		if (end + 3 > bytes.n)
			return -1;
		if (strchr("$+#", bytes.p[end]) && bytes.p[end + 1] == '\r' &&
		    bytes.p[end + 2] == '\n')
			return (ptrdiff_t)(from + (size_t)at);
		from = end;
	}
}


size_t scn_msrp_frame(struct str bytes)
{
	ptrdiff_t first = str_find_str(bytes, STR("\r\n"));
	struct str tid;
	ptrdiff_t at;

	if (first < 0)
		return 0;
	tid = tid_of(bytes);
	at = end_at(bytes, tid);
	return at < 0 ? 0 : (size_t)at + 9 + tid.n + 3;
}


static bool read_start(struct scn_msg *m)
{
	struct str rest = str_from(m->start, 5), word;
	uint32_t status;

	m->tid = str_cut(&rest, ' ');
	word = rest.p ? str_cut(&rest, ' ') : STR("");
	if (word.n == 3 && str_u32(word, &status)) {
		m->status = status;
		m->reason = rest.p ? rest : STR("");
		return true;
	}
	m->request = true;
	m->method = word;
	m->uri = STR("");
	return word.n > 0 && m->tid.n > 0;
}


bool scn_msrp_read(struct arena *a, struct scn_msg *ret, struct str bytes)
{
	struct str rest, tid;
	ptrdiff_t end;

	(void)a;
	memset(ret, 0, sizeof(*ret));
	ret->bytes = bytes;
	if (!scn_msrp_begins(bytes) || scn_msrp_frame(bytes) != bytes.n)
		return false;
	tid = tid_of(bytes);
	end = end_at(bytes, tid);
	ret->msrp = true;
	ret->flag = str_upto(str_from(bytes, (size_t)end + 9 + tid.n), 1);
	/* The CRLF before the end-line ends the last header, or is not of the body. */
	rest = str_upto(bytes, (size_t)end + 2);
	ret->start = str_upto(rest, (size_t)str_find_str(rest, STR("\r\n")));
	rest = str_from(rest, ret->start.n + 2);
	if (!read_start(ret))
		return false;
	while (rest.n && !str_starts(rest, STR("\r\n"))) {
		ptrdiff_t n = str_find_str(rest, STR("\r\n"));
		struct str line = str_upto(rest, n < 0 ? rest.n : (size_t)n), name;

		rest = str_from(rest, line.n + 2);
		name = str_cut(&line, ':');
		if (!line.p || ret->headers == SCN_HEADERS_MAX)
			return false;
		ret->header[ret->headers++] = (struct scn_header){.name = str_trim(name),
								  .value = str_trim(line)};
	}
	ret->has_body = rest.n > 0;
	ret->body = rest.n >= 4 ? str_upto(str_from(rest, 2), rest.n - 4) : STR("");
	return true;
}


struct str scn_msrp_summary(struct arena *a, const struct scn_msg *m)
{
	struct str id = scn_header_value(m, STR("Message-ID")),
		   range = scn_header_value(m, STR("Byte-Range"));

	if (!m->request)
		return scn_fmt(a, "MSRP %u " STR_FMT " (" STR_FMT ")", m->status,
			       STR_ARG(m->reason), STR_ARG(m->tid));
	return scn_fmt(a, "MSRP " STR_FMT " (" STR_FMT " " STR_FMT " " STR_FMT ")",
		       STR_ARG(m->method), STR_ARG(id), STR_ARG(range), STR_ARG(m->flag));
}


static bool number_or_star(struct str s, uint64_t *ret)
{
	*ret = UINT64_MAX;
	return str_eq(s, STR("*")) || str_u64(s, ret);
}


bool scn_msrp_range(struct str s, uint64_t *start, uint64_t *end, uint64_t *total)
{
	struct str rest = s, first;

	*start = 1;
	*end = *total = UINT64_MAX;
	if (!s.p)
		return true;
	first = str_cut(&rest, '/');
	if (!rest.p || !number_or_star(rest, total))
		return false;
	rest = first;
	first = str_cut(&rest, '-');
	return rest.p && str_u64(first, start) && number_or_star(rest, end);
}
