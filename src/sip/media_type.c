/* SPDX-License-Identifier: Apache-2.0 */
/* Media types and ranges of them. */
#include "sip/media_type.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/name_addr.h"
#include "sip/param.h"


int sip_media_type_decode(struct sip_media_type *ret, struct str value)
{
	struct sip_media_type t = {.params = STR_INIT("")};
	struct str s = str_trim(value), rest, name, v;
	const char *p = s.p, *end = sip_end(s), *q;
	int r;

	if (!s.n)
		return -EBADMSG;

	q = sip_span(p, end, SIP_CHAR_TOKEN);
	t.type = str_range(p, q);
	p = sip_skip_blanks(q, end);
	if (!t.type.n || p == end || *p != '/')
		return -EBADMSG;

	p = sip_skip_blanks(p + 1, end);
	q = sip_span(p, end, SIP_CHAR_TOKEN);
	t.subtype = str_range(p, q);
	p = sip_skip_blanks(q, end);
	if (!t.subtype.n || (p < end && *p != ';'))
		return -EBADMSG;

	if (p < end) {
		rest = t.params = str_range(p + 1, end);
		while ((r = sip_param_next(&rest, &name, &v)) > 0)
			;
		if (r < 0)
			return r;
	}
	*ret = t;
	return 0;
}


bool sip_media_type_is(const struct sip_media_type *t, struct str type, struct str subtype)
{
	return str_eq_nocase(t->type, type) && str_eq_nocase(t->subtype, subtype);
}


static bool part_matches(struct str range, struct str part)
{
	return str_eq(range, STR("*")) || str_eq_nocase(range, part);
}


bool sip_media_type_matches(const struct sip_media_type *range, const struct sip_media_type *t)
{
	return part_matches(range->type, t->type) && part_matches(range->subtype, t->subtype);
}


/* RFC 2616 14.1: "Media ranges can be overridden by more specific media ranges or specific media
 * types." */
static int narrowness(const struct sip_media_type *range)
{
	return !str_eq(range->type, STR("*")) + !str_eq(range->subtype, STR("*"));
}


int32_t sip_accept_q(const struct sip_msg *m, const struct sip_media_type *t)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_ACCEPT);
	struct sip_media_type range;
	struct str value;
	int best = -1;
	int32_t q = 0;

	if (m->first[SIP_HDR_ACCEPT] == SIP_LINE_NONE)
		return SIP_ACCEPT_ABSENT;

	while (sip_values_next(&v, &value)) {
		struct str text;
		uint32_t its = 1000;

		if (sip_media_type_decode(&range, value) || !sip_media_type_matches(&range, t) ||
		    narrowness(&range) <= best)
			continue;
		if (sip_param(range.params, STR("q"), &text) && !sip_qvalue_decode(text, &its))
			its = 1000;
		best = narrowness(&range);
		q = (int32_t)its;
	}
	return q;
}
