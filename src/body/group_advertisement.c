/* SPDX-License-Identifier: Apache-2.0 */
/* Group advertisements: application/vnd.poc.group-advertisement+xml. */
#include "body/group_advertisement.h"

#include <errno.h>

#include "body/xml.h"

static const struct str type_names[] = {
	[GROUP_ADVERTISED_UNSAID] = STR_INIT(""),
	[GROUP_DIALED_IN] = STR_INIT("dialed-in"),
	[GROUP_DIALED_OUT] = STR_INIT("dialed-out"),
};


static int text_decode(const struct xml_node *parent, struct str name, struct arena *a,
		       struct str *ret)
{
	const struct xml_node *e = xml_find(parent, name);

	return e ? xml_text(e, a, ret) : 0;
}


static int type_decode(const struct xml_node *e, struct arena *a, enum group_advertised *ret)
{
	struct str value;
	int err = xml_value(e, STR("type"), a, &value);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (int t = GROUP_DIALED_IN; t <= GROUP_DIALED_OUT; t++) {
		if (str_eq_nocase(value, type_names[t]))
			*ret = (enum group_advertised)t;
	}
	return 0;
}


static int groups_decode(struct group_advertisement *g, const struct xml_node *root,
			 struct arena *a)
{
	int err;

	for (const struct xml_node *e = xml_find(root, STR("group")); e;
	     e = xml_find_next(e, STR("group"))) {
		struct str uri = STR_NULL;

		if ((err = text_decode(e, STR("uri"), a, &uri)))
			return err;
		if (!uri.n)
			continue;
		if (g->n == GROUP_ADVERTISEMENT_MAX)
			return -ENOBUFS;
		g->group[g->n].uri = uri;
		if ((err = type_decode(e, a, &g->group[g->n].type)) ||
		    (err = text_decode(e, STR("display-name"), a, &g->group[g->n].display_name)))
			return err;
		g->n++;
	}
	return g->n ? 0 : -EBADMSG;
}


int group_advertisement_decode(struct group_advertisement *ret, struct str text, struct arena *a)
{
	struct group_advertisement g = {.n = 0};
	struct xml_doc *doc;
	int err;

	if (text.n > GROUP_ADVERTISEMENT_SIZE_MAX)
		return -ENOBUFS;
	err = xml_decode(&doc, text);
	if (err)
		return err;
	if (!xml_named(xml_root(doc), STR("group-advertisement")))
		err = -EBADMSG;
	if (!err)
		err = text_decode(xml_root(doc), STR("note"), a, &g.note);
	if (!err)
		err = groups_decode(&g, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = g;
	return 0;
}


void group_advertisement_encode(struct buf *out, const struct group_advertisement *g)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<group-advertisement"
			  " xmlns=\"urn:oma:params:xml:ns:poc:group-advertisement\">\n"));
	if (g->note.n)
		xml_put_element(out, STR("note"), g->note);
	for (size_t i = 0; i < g->n; i++) {
		buf_puts(out, STR("<group"));
		if (g->group[i].type != GROUP_ADVERTISED_UNSAID)
			xml_put_attribute(out, STR("type"), type_names[g->group[i].type]);
		buf_putc(out, '>');
		if (g->group[i].display_name.n)
			xml_put_element(out, STR("display-name"), g->group[i].display_name);
		xml_put_element(out, STR("uri"), g->group[i].uri);
		buf_puts(out, STR("</group>\n"));
	}
	buf_puts(out, STR("</group-advertisement>\n"));
}
