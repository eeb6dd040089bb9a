/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces (RFC 3891) and Refer-Sub (RFC 4488). */
#include "sip/replaces.h"

#include <errno.h>

#include "sip/dialog_state.h"
#include "sip/param.h"


static int params_decode(struct sip_replaces *r, struct str params)
{
	struct str name, value;
	int more;

	while ((more = sip_param_next(&params, &name, &value)) > 0) {
		struct str *tag = str_eq_nocase(name, STR("to-tag"))     ? &r->to_tag
				  : str_eq_nocase(name, STR("from-tag")) ? &r->from_tag
									 : NULL;
		if (tag && (tag->p || !value.n))
			return -EBADMSG;
		if (tag)
			*tag = value;
		else if (str_eq_nocase(name, STR("early-only")))
			r->early_only = true;
	}
	return more;
}


int sip_replaces_decode_value(struct sip_replaces *ret, struct str value)
{
	struct sip_replaces r = {0};
	ptrdiff_t semicolon = str_find(value, ';');

	/* 6.1: Call-ID, then parameters; "to-tag" and "from-tag" MUST each be there exactly once. */
	if (semicolon <= 0)
		return -EBADMSG;
	r.call_id = str_trim(str_upto(value, (size_t)semicolon));
	if (!r.call_id.n || str_find(r.call_id, ',') >= 0 ||
	    params_decode(&r, str_from(value, (size_t)semicolon + 1)) || !r.to_tag.n ||
	    !r.from_tag.n)
		return -EBADMSG;
	*ret = r;
	return 0;
}


int sip_replaces_decode(struct sip_replaces *ret, const struct sip_msg *m)
{
	uint8_t at = m->first[SIP_HDR_REPLACES];

	if (at == SIP_LINE_NONE)
		return -ENOENT;
	if (m->line[at].next != SIP_LINE_NONE)
		return -EBADMSG;
	return sip_replaces_decode_value(ret, sip_msg_header(m, SIP_HDR_REPLACES));
}


void sip_replaces_encode(struct buf *b, const struct sip_replaces *r)
{
	buf_puts(b, r->call_id);
	buf_puts(b, STR(";to-tag="));
	buf_puts(b, r->to_tag.n ? r->to_tag : STR("0"));
	buf_puts(b, STR(";from-tag="));
	buf_puts(b, r->from_tag.n ? r->from_tag : STR("0"));
	if (r->early_only)
		buf_puts(b, STR(";early-only"));
}


/* 6.1: "a tag of zero" is a peer of RFC 2543, which has none. */
static struct str tag_of(struct str tag)
{
	return str_eq(tag, STR("0")) ? STR_NULL : tag;
}


struct sip_dialog *sip_replaces_find(struct sip_dialogs *ds, const struct sip_replaces *r)
{
	struct sip_dialog *d = dialog_find(ds, r->call_id, r->to_tag, tag_of(r->from_tag));

	return d && d->state != SIP_DIALOG_INITIAL ? d : NULL;
}


bool sip_refer_sub(const struct sip_msg *m)
{
	struct str value = sip_msg_header_named(m, STR("Refer-Sub"));
	ptrdiff_t semicolon = str_find(value, ';');

	return !str_eq_nocase(str_trim(semicolon < 0 ? value : str_upto(value, (size_t)semicolon)),
			      STR("false"));
}
