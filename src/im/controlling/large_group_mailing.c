/* SPDX-License-Identifier: Apache-2.0 */
/* To whom a large message goes, and in whose name. */
#include <errno.h>

#include "body/cpim.h"
#include "im/controlling/large_group_state.h"
#include "sip/compose.h"
#include "sip/name_addr.h"

/** Of the INVITE, what every copy's has, too (RFC 5366 5, RFC 5365 6; digest d1). */
static const enum sip_header_id carried[] = {
	SIP_HDR_SUBJECT,         SIP_HDR_PRIORITY,        SIP_HDR_PRIVACY,
	SIP_HDR_CONTRIBUTION_ID, SIP_HDR_CONVERSATION_ID,
};


/* ---- Recipients ---- */

static struct str keep(struct large_group *g, struct str s, int *err)
{
	struct str kept = arena_str(&g->arena, s);

	if (!kept.p)
		*err = -ENOMEM;
	return kept;
}


static int add(struct large_group *g, struct store_mailing_recipient *to, struct str uri,
	       struct str who, struct str headers)
{
	uint32_t n = (uint32_t)g->what.recipients_n;
	int err = 0;

	if (n == STORE_MAILING_RECIPIENTS_MAX)
		return -ENOBUFS;
	to[n] = (struct store_mailing_recipient){
		.position = n,
		.uri = keep(g, uri, &err),
		.who = keep(g, who, &err),
		.headers = keep(g, headers, &err),
	};
	g->what.recipients_n++;
	return err;
}


static int members(struct large_group *g, const struct group *group, struct str sender)
{
	struct store_mailing_recipient *to = arena_alloc(&g->arena,
							 (group->members_n + 1) * sizeof(*to));
	int err = to ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < group->members_n; i++) {
		const struct group_member *m = &group->members[i];

		if (m->canonical.n && !str_eq(m->canonical, sender) &&
		    !str_eq(m->canonical, group->canonical))
			err = add(g, to, m->uri, m->canonical, STR(""));
	}
	g->what.recipient = to;
	return err;
}


static int listed(struct large_group *g, const struct adhoc *list)
{
	struct store_mailing_recipient *to = arena_alloc(&g->arena, (list->n + 1) * sizeof(*to));
	int err = to ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < list->n; i++)
		err = add(g, to, list->invitees[i].uri, list->invitees[i].who, STR(""));
	g->what.recipient = to;
	return err;
}


/* ---- In whose name ---- */

/* As it came, but its tag; of who hides, what they say of themselves. */
static int from(struct large_group *g, const struct sip_msg *m)
{
	char text[STORE_MAILING_TEXT_MAX];
	struct sip_name_addr a;
	struct buf b;
	int err = sip_name_addr_decode(&a, sip_msg_header(m, SIP_HDR_FROM));

	if (err)
		return err;
	buf_fixed(&b, text, sizeof(text));
	if (a.display.n)
		buf_printf(&b, "\"" STR_FMT "\" ", STR_ARG(a.display));
	buf_printf(&b, "<" STR_FMT ">", STR_ARG(a.uri));
	err = b.failed ? -EBADMSG : 0;
	g->what.from = keep(g, buf_str(&b), &err);
	return err;
}


static int headers(struct large_group *g, const struct im_request *r)
{
	struct buf b = BUF_INIT(STORE_MAILING_HEADERS_MAX);
	int err;

	buf_puts(&b, STR("Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\r\n"));
	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++)
		sip_put_copy(&b, r->m, carried[i]);
	/* RFC 3892 2.2: on whose behalf the group sends it. */
	if (g->what.group.n && !r->anonymous) {
		buf_puts(&b, STR("Referred-By: <"));
		buf_puts(&b, r->originator);
		buf_puts(&b, STR(">\r\n"));
	}
	err = b.failed ? -ENOMEM : 0;
	g->what.headers = keep(g, buf_str(&b), &err);
	buf_done(&b);
	return err;
}


int large_group_address(struct large_group *g, const struct large_group_params *p)
{
	const struct im_request *r = p->r;
	int err = 0;

	g->what = (struct store_mailing){
		.kind = p->group ? MAILING_GROUP : MAILING_LIST,
		.flags = MAILING_LARGE | (r->anonymous ? MAILING_ANONYMOUS : 0),
		.sender = keep(g, r->originator, &err),
		.group = p->group ? keep(g, p->group->canonical, &err) : STR(""),
		.call_id = keep(g, str_upto(r->m->call_id, STORE_MAILING_TEXT_MAX), &err),
		.received_ms = loop_wall_ms(g->c->loop),
	};
	if (!err)
		err = p->group ? members(g, p->group, r->originator) : listed(g, p->list);
	if (!err && !g->what.recipients_n)
		err = -ENOENT;
	if (!err)
		err = from(g, r->m);
	return err ? err : headers(g, r);
}


/* ---- What it says of itself ---- */

/* RFC 7701 6.2's rule, digest c12: "CPIM From that is not the sender -> 403"; anonymous says nothing. */
static bool is_sender(const struct large_group *g, struct str address)
{
	char text[SIP_AOR_MAX];
	struct str name, uri;
	struct sip_uri u;
	struct buf aor;

	if (cpim_address_decode(&name, &uri, address) || sip_uri_decode(&u, uri))
		return false;
	if (str_eq_nocase(u.host, STR("anonymous.invalid")))
		return true;
	buf_fixed(&aor, text, sizeof(text));
	return !(g->what.flags & MAILING_ANONYMOUS) &&
	       sip_uri_aor(&u, g->c->addresses.domains[0], &aor) == 0 &&
	       str_eq(buf_str(&aor), g->what.sender);
}


/* RFC 5438 8.2: the notice of a failure is made of the head, when the content may have gone. */
static void keep_head(struct large_group *g, const struct cpim *c, struct str head, int *err)
{
	if (!c->message_id.n || !(c->notify & CPIM_NOTIFY_NEGATIVE_DELIVERY))
		return;
	g->what.flags |= MAILING_NEGATIVE;
	g->what.body = keep(g, head, err);
}


uint16_t large_group_judge(struct large_group *g, struct str head)
{
	struct cpim c;
	int err = 0;

	if (cpim_decode_head(&c, head))
		return 400;
	if (c.from.p && !is_sender(g, c.from))
		return 403;
	g->what.message_id = keep(g, str_upto(c.message_id, STORE_MAILING_TEXT_MAX), &err);
	keep_head(g, &c, head, &err);
	return err ? 413 : 0;
}
