/* SPDX-License-Identifier: Apache-2.0 */
/* Disposition notifications: message/imdn+xml. */
#include "body/imdn.h"

#include <errno.h>

#include "body/xml.h"

static const struct str kind_names[] = {
	[IMDN_DELIVERY] = STR_INIT("delivery"),
	[IMDN_PROCESSING] = STR_INIT("processing"),
	[IMDN_DISPLAY] = STR_INIT("display"),
};

static const struct str kind_elements[] = {
	[IMDN_DELIVERY] = STR_INIT("delivery-notification"),
	[IMDN_PROCESSING] = STR_INIT("processing-notification"),
	[IMDN_DISPLAY] = STR_INIT("display-notification"),
};

#define OF(kind) (1u << (kind))
#define OF_ANY (OF(IMDN_DELIVERY) | OF(IMDN_PROCESSING) | OF(IMDN_DISPLAY))

/* RFC 5438 11.1.7: which status belongs to which notification. */
static const struct {
	struct str name;
	unsigned kinds;
} statuses[] = {
	[IMDN_DELIVERED] = {STR_INIT("delivered"), OF(IMDN_DELIVERY)},
	[IMDN_FAILED] = {STR_INIT("failed"), OF(IMDN_DELIVERY)},
	[IMDN_DISPLAYED] = {STR_INIT("displayed"), OF(IMDN_DISPLAY)},
	[IMDN_PROCESSED] = {STR_INIT("processed"), OF(IMDN_PROCESSING)},
	[IMDN_STORED] = {STR_INIT("stored"), OF(IMDN_PROCESSING)},
	[IMDN_FORBIDDEN] = {STR_INIT("forbidden"), OF_ANY},
	[IMDN_ERROR] = {STR_INIT("error"), OF_ANY},
	[IMDN_OTHER] = {STR_INIT("other"), 0},
};


struct str imdn_kind_name(enum imdn_kind k)
{
	return kind_names[k];
}


struct str imdn_status_name(enum imdn_status s)
{
	return statuses[s].name;
}


static int status_decode(struct imdn *i, const struct xml_node *status)
{
	for (const struct xml_node *e = xml_first(status); e; e = xml_next(e)) {
		for (int s = 0; s < IMDN_OTHER; s++) {
			if (!xml_is(e, IMDN_NS, statuses[s].name))
				continue;
			if (!(statuses[s].kinds & OF(i->kind)))
				return -EBADMSG;
			i->status = (enum imdn_status)s;
			return 0;
		}
	}
	/* 11.1.7: "The <status> element can also be extended to carry any other status extension." */
	i->status = IMDN_OTHER;
	return xml_first(status) ? 0 : -EBADMSG;
}


/* 11.1.6: "The appearance of one of the <delivery-notification>, <processing-notification>, and
 * <display-notification> elements is mandatory". */
static int notification_decode(struct imdn *i, const struct xml_node *root)
{
	for (int kind = 0; kind <= IMDN_DISPLAY; kind++) {
		const struct xml_node *e = xml_child(root, IMDN_NS, kind_elements[kind]);
		const struct xml_node *status = e ? xml_child(e, IMDN_NS, STR("status")) : NULL;

		if (!e)
			continue;
		i->kind = (enum imdn_kind)kind;
		return status ? status_decode(i, status) : -EBADMSG;
	}
	return -EBADMSG;
}


static int field_decode(const struct xml_node *root, struct str name, struct arena *a,
			struct str *ret)
{
	const struct xml_node *e = xml_child(root, IMDN_NS, name);

	return e ? xml_text(e, a, ret) : 0;
}


static int decode(struct imdn *i, const struct xml_node *root, struct arena *a)
{
	int err;

	if (!xml_is(root, IMDN_NS, STR("imdn")))
		return -EBADMSG;
	if ((err = field_decode(root, STR("message-id"), a, &i->message_id)) ||
	    (err = field_decode(root, STR("datetime"), a, &i->date_time)) ||
	    (err = field_decode(root, STR("recipient-uri"), a, &i->recipient)) ||
	    (err = field_decode(root, STR("original-recipient-uri"), a, &i->original_recipient)) ||
	    (err = field_decode(root, STR("subject"), a, &i->subject)))
		return err;
	/* 11.1.1, 11.1.2: mandatory. A <datetime> that is missing hurts nobody who matches by id. */
	if (!i->message_id.n)
		return -EBADMSG;
	return notification_decode(i, root);
}


int imdn_decode(struct imdn *ret, struct str text, struct arena *a)
{
	struct imdn i = {.kind = IMDN_DELIVERY};
	struct xml_doc *doc;
	int err;

	if (text.n > IMDN_SIZE_MAX)
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


void imdn_encode(const struct imdn *i, struct buf *out)
{
	enum imdn_status status = i->status == IMDN_OTHER ? IMDN_ERROR : i->status;

	buf_puts(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
			  "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">"));
	xml_put_element(out, STR("message-id"), i->message_id);
	xml_put_element(out, STR("datetime"), i->date_time);
	if (i->recipient.p)
		xml_put_element(out, STR("recipient-uri"), i->recipient);
	/* The schema (11.1.9) has the second of the pair wherever it has the first. */
	if (i->original_recipient.p || i->recipient.p)
		xml_put_element(out, STR("original-recipient-uri"),
				i->original_recipient.p ? i->original_recipient : i->recipient);
	if (i->subject.p)
		xml_put_element(out, STR("subject"), i->subject);
	buf_printf(out, "<" STR_FMT "><status><" STR_FMT "/></status></" STR_FMT "></imdn>",
		   STR_ARG(kind_elements[i->kind]), STR_ARG(statuses[status].name),
		   STR_ARG(kind_elements[i->kind]));
}


/* With a prefix or without. */
struct str imdn_message_id(struct str text)
{
	static const struct str tag = STR_INIT("message-id>");
	ptrdiff_t at = str_find_str(str_upto(text, IMDN_SIZE_MAX), tag);
	ptrdiff_t end;

	if (at < 0)
		return STR("");
	text = str_from(text, (size_t)at + tag.n);
	end = str_find(text, '<');
	return end < 0 ? STR("") : str_trim(str_upto(text, (size_t)end));
}
