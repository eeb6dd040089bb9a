/* SPDX-License-Identifier: Apache-2.0 */
/* Is composing: application/im-iscomposing+xml. */
#include "body/iscomposing.h"

#include <errno.h>

#include "body/cpim.h"
#include "body/xml.h"


/* By its namespace, or else by its name alone: stacks exist that add a line end to the namespace. */
static const struct xml_node *element(const struct xml_node *root, struct str name)
{
	const struct xml_node *e = xml_child(root, ISCOMPOSING_NS, name);

	return e ? e : xml_find(root, name);
}


static int field_decode(const struct xml_node *root, struct str name, struct arena *a,
			struct str *ret)
{
	const struct xml_node *e = element(root, name);

	return e ? xml_text(e, a, ret) : 0;
}


/* 6.1: a positiveInteger, hence of any length. */
static uint32_t refresh_of(struct str text)
{
	uint64_t s;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
	}
	if (!text.n)
		return 0;
	if (!str_u64(text, &s) || s > ISCOMPOSING_REFRESH_MAX_S)
		return ISCOMPOSING_REFRESH_MAX_S;
	return (uint32_t)s;
}


static int decode(struct iscomposing *i, const struct xml_node *root, struct arena *a)
{
	struct str state = STR_NULL, last = STR_NULL, refresh = STR_NULL;
	int err;

	if (!xml_named(root, STR("isComposing")))
		return -EBADMSG;
	if ((err = field_decode(root, STR("state"), a, &state)) ||
	    (err = field_decode(root, STR("lastactive"), a, &last)) ||
	    (err = field_decode(root, STR("contenttype"), a, &i->content_type)) ||
	    (err = field_decode(root, STR("refresh"), a, &refresh)))
		return err;
	/* 3.4: "a mandatory <state> element" */
	if (!state.p)
		return -EBADMSG;
	/* 3.5: "MUST treat state tokens other than "idle" and "active" as "idle"" */
	i->active = str_eq(state, STR("active"));
	if (!last.n || cpim_date_decode(&i->last_active_ms, last))
		i->last_active_ms = -1;
	i->refresh_s = refresh_of(refresh);
	return 0;
}


int iscomposing_decode(struct iscomposing *ret, struct str text, struct arena *a)
{
	struct iscomposing i = {.active = false};
	struct xml_doc *doc;
	int err;

	if (text.n > ISCOMPOSING_SIZE_MAX)
		return -ENOBUFS;
	err = xml_decode(&doc, text);
	if (err)
		return err;
	err = decode(&i, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = i;
	return 0;
}


/* 6.1: state, lastactive, contenttype, refresh, in this order. */
void iscomposing_encode(const struct iscomposing *i, struct buf *out)
{
	buf_puts(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
			  "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\">"));
	xml_put_element(out, STR("state"), i->active ? STR("active") : STR("idle"));
	if (i->last_active_ms >= 0) {
		buf_puts(out, STR("<lastactive>"));
		cpim_date_encode(i->last_active_ms, out);
		buf_puts(out, STR("</lastactive>"));
	}
	if (i->content_type.n)
		xml_put_element(out, STR("contenttype"), i->content_type);
	if (i->refresh_s) {
		buf_puts(out, STR("<refresh>"));
		buf_putu(out, i->refresh_s);
		buf_puts(out, STR("</refresh>"));
	}
	buf_puts(out, STR("</isComposing>"));
}


uint32_t iscomposing_lasts_s(const struct iscomposing *i)
{
	if (!i->active)
		return 0;
	return i->refresh_s ? i->refresh_s : ISCOMPOSING_REFRESH_DEFAULT_S;
}
