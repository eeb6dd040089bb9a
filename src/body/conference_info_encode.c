/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a conference: writing, in the order of the schema (RFC 4575 6). */
#include "body/conference_info.h"

#include "body/conference_names.h"
#include "body/cpim.h"
#include "body/xml.h"

const struct str conference_change_names[] = {
	[CONFERENCE_FULL] = STR_INIT("full"),
	[CONFERENCE_PARTIAL] = STR_INIT("partial"),
	[CONFERENCE_DELETED] = STR_INIT("deleted"),
};

const struct str conference_status_names[] = {
	[CONFERENCE_STATUS_UNSAID] = STR_INIT(""),
	[CONFERENCE_PENDING] = STR_INIT("pending"),
	[CONFERENCE_DIALING_OUT] = STR_INIT("dialing-out"),
	[CONFERENCE_DIALING_IN] = STR_INIT("dialing-in"),
	[CONFERENCE_ALERTING] = STR_INIT("alerting"),
	[CONFERENCE_ON_HOLD] = STR_INIT("on-hold"),
	[CONFERENCE_CONNECTED] = STR_INIT("connected"),
	[CONFERENCE_MUTED_VIA_FOCUS] = STR_INIT("muted-via-focus"),
	[CONFERENCE_DISCONNECTING] = STR_INIT("disconnecting"),
	[CONFERENCE_DISCONNECTED] = STR_INIT("disconnected"),
};

const struct str conference_joining_names[] = {
	[CONFERENCE_JOINING_UNSAID] = STR_INIT(""),
	[CONFERENCE_DIALED_IN] = STR_INIT("dialed-in"),
	[CONFERENCE_DIALED_OUT] = STR_INIT("dialed-out"),
	[CONFERENCE_FOCUS_OWNER] = STR_INIT("focus-owner"),
};

const struct str conference_leaving_names[] = {
	[CONFERENCE_LEAVING_UNSAID] = STR_INIT(""), [CONFERENCE_DEPARTED] = STR_INIT("departed"),
	[CONFERENCE_BOOTED] = STR_INIT("booted"),   [CONFERENCE_FAILED] = STR_INIT("failed"),
	[CONFERENCE_BUSY] = STR_INIT("busy"),
};


struct str conference_status_name(enum conference_status s)
{
	return conference_status_names[s];
}


struct str conference_joining_name(enum conference_joining j)
{
	return conference_joining_names[j];
}


struct str conference_leaving_name(enum conference_leaving l)
{
	return conference_leaving_names[l];
}


/* Nothing for what is not said. */
static void put_text(struct buf *out, struct str name, struct str text)
{
	if (text.n)
		xml_put_element(out, name, text);
}


static void put_number(struct buf *out, struct str name, uint32_t n)
{
	char digits[16];
	struct buf b;

	buf_fixed(&b, digits, sizeof(digits));
	buf_putu(&b, n);
	xml_put_element(out, name, buf_str(&b));
}


static void put_said(struct buf *out, struct str name, enum conference_said s)
{
	if (s != CONFERENCE_UNSAID)
		xml_put_element(out, name, s == CONFERENCE_TRUE ? STR("true") : STR("false"));
}


static void put_change(struct buf *out, enum conference_change c)
{
	xml_put_attribute(out, STR("state"), conference_change_names[c]);
}


void conference_info_begin(struct buf *out, const struct conference_head *h)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\""));
	xml_put_attribute(out, STR("entity"), h->entity);
	put_change(out, h->change);
	buf_puts(out, STR(" version=\""));
	buf_putu(out, h->version);
	buf_puts(out, STR("\">\n"));
}


void conference_info_put_description(struct buf *out, const struct conference_description *d)
{
	buf_puts(out, STR("<conference-description>"));
	put_text(out, STR("display-text"), d->display_text);
	put_text(out, STR("subject"), d->subject);
	put_text(out, STR("free-text"), d->free_text);
	if (d->maximum_user_count)
		put_number(out, STR("maximum-user-count"), d->maximum_user_count);
	buf_puts(out, STR("</conference-description>\n"));
}


void conference_info_put_state(struct buf *out, const struct conference_state *s)
{
	buf_puts(out, STR("<conference-state>"));
	if (s->user_count_said)
		put_number(out, STR("user-count"), s->user_count);
	put_said(out, STR("active"), s->active);
	put_said(out, STR("locked"), s->locked);
	buf_puts(out, STR("</conference-state>\n"));
}


void conference_info_users_begin(struct buf *out, enum conference_change change)
{
	buf_puts(out, STR("<users"));
	put_change(out, change);
	buf_puts(out, STR(">\n"));
}


static void put_event(struct buf *out, struct str name, const struct conference_event *v)
{
	if (v->when_ms <= 0 && !v->reason.n && !v->by.n)
		return;
	buf_putc(out, '<');
	buf_puts(out, name);
	buf_putc(out, '>');
	if (v->when_ms > 0) {
		buf_puts(out, STR("<when>"));
		cpim_date_encode(v->when_ms, out);
		buf_puts(out, STR("</when>"));
	}
	put_text(out, STR("reason"), v->reason);
	put_text(out, STR("by"), v->by);
	buf_puts(out, STR("</"));
	buf_puts(out, name);
	buf_putc(out, '>');
}


static void put_medium(struct buf *out, const struct conference_media *m)
{
	buf_puts(out, STR("<media"));
	xml_put_attribute(out, STR("id"), m->id);
	buf_putc(out, '>');
	put_text(out, STR("type"), m->type);
	if (m->direction_said)
		xml_put_element(out, STR("status"), sdp_direction_name(m->direction));
	buf_puts(out, STR("</media>"));
}


static void put_endpoint(struct buf *out, const struct conference_endpoint *p)
{
	buf_puts(out, STR("<endpoint"));
	xml_put_attribute(out, STR("entity"), p->entity);
	put_change(out, p->change);
	buf_putc(out, '>');
	put_text(out, STR("display-text"), p->display_text);
	put_text(out, STR("status"), conference_status_names[p->status]);
	put_text(out, STR("joining-method"), conference_joining_names[p->joining]);
	put_event(out, STR("joining-info"), &p->joined);
	put_text(out, STR("disconnection-method"), conference_leaving_names[p->leaving]);
	put_event(out, STR("disconnection-info"), &p->left);
	for (size_t i = 0; i < p->media_n; i++)
		put_medium(out, &p->media[i]);
	buf_puts(out, STR("</endpoint>"));
}


static void put_roles(struct buf *out, const struct conference_user *u)
{
	if (!u->roles_n)
		return;
	buf_puts(out, STR("<roles>"));
	for (size_t i = 0; i < u->roles_n; i++)
		xml_put_element(out, STR("entry"), u->roles[i]);
	buf_puts(out, STR("</roles>"));
}


void conference_info_put_user(struct buf *out, const struct conference_user *u)
{
	buf_puts(out, STR("<user"));
	xml_put_attribute(out, STR("entity"), u->entity);
	put_change(out, u->change);
	if (u->own)
		xml_put_attribute(out, STR("yourown"), STR("true"));
	buf_putc(out, '>');
	put_text(out, STR("display-text"), u->display_text);
	put_roles(out, u);
	for (size_t i = 0; i < u->endpoints_n; i++)
		put_endpoint(out, &u->endpoints[i]);
	buf_puts(out, STR("</user>\n"));
}


void conference_info_users_end(struct buf *out)
{
	buf_puts(out, STR("</users>\n"));
}


void conference_info_end(struct buf *out)
{
	buf_puts(out, STR("</conference-info>\n"));
}


void conference_info_encode(struct buf *out, const struct conference_info *i)
{
	const struct conference_state *s = &i->state;

	conference_info_begin(out, &i->head);
	if (i->described)
		conference_info_put_description(out, &i->description);
	if (s->user_count_said || s->active != CONFERENCE_UNSAID || s->locked != CONFERENCE_UNSAID)
		conference_info_put_state(out, s);
	if (i->listed) {
		conference_info_users_begin(out, i->users_change);
		for (size_t u = 0; u < i->users_n; u++)
			conference_info_put_user(out, &i->users[u]);
		conference_info_users_end(out);
	}
	conference_info_end(out);
}
