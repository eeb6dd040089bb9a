/* SPDX-License-Identifier: Apache-2.0 */
/* Classification: what a request is and whose it is, worked out once. */

#include "im/request.h"

#include "body/cpim.h"
#include "body/imdn.h"
#include "sip/accept_contact.h"
#include "sip/name_addr.h"

/** Feature tags of the enabler and of its successor (digest d1). */
#define TAG_LARGE "+g.oma.sip-im.large-message"
#define TAG_SYSTEM "+g.oma.sip-im.system-message"


struct str im_kind_name(enum im_kind k)
{
	static const struct str names[IM_KINDS] = {
		[IM_OTHER] = STR_INIT("other"),
		[IM_PAGER] = STR_INIT("pager"),
		[IM_PAGER_LIST] = STR_INIT("pager-list"),
		[IM_NOTIFICATION] = STR_INIT("notification"),
		[IM_COMPOSING] = STR_INIT("composing"),
		[IM_ADVERTISEMENT] = STR_INIT("advertisement"),
		[IM_SYSTEM] = STR_INIT("system"),
		[IM_LARGE] = STR_INIT("large"),
		[IM_SESSION] = STR_INIT("session"),
		[IM_FILE] = STR_INIT("file"),
		[IM_RETRIEVAL] = STR_INIT("retrieval"),
		[IM_SUBSCRIPTION] = STR_INIT("subscription"),
		[IM_REFERRAL] = STR_INIT("referral"),
		[IM_PUBLICATION] = STR_INIT("settings"),
	};
	return names[k];
}


struct str im_side_name(enum im_side s)
{
	static const struct str names[] = {
		[IM_SIDE_NONE] = STR_INIT("none"),
		[IM_ORIGINATING] = STR_INIT("originating"),
		[IM_TERMINATING] = STR_INIT("terminating"),
		[IM_CONTROLLING] = STR_INIT("controlling"),
	};
	return names[s];
}


bool im_addresses_serve(const struct im_addresses *ours, struct str aor)
{
	ptrdiff_t at = str_rfind(aor, '@');
	if (at < 0)
		return false;
	struct str host = str_from(aor, (size_t)at + 1);

	for (size_t i = 0; i < ours->domains_n; i++) {
		if (str_eq(host, ours->domains[i]))
			return true;
	}
	return false;
}


/* Accept-Contact is normative, Contact is tolerated (notes A-2; digest f-C 37). */
static bool has_tag(const struct sip_msg *m, struct str tag)
{
	return sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, tag) ||
	       sip_msg_has_feature(m, SIP_HDR_CONTACT, tag);
}


static bool content_is(const struct im_request *r, struct str type, struct str subtype)
{
	return str_eq_nocase(r->content.type, type) && str_eq_nocase(r->content.subtype, subtype);
}


/* The same, or a message/cpim that holds nothing but this (RFC 5438 7.1.1.1 wraps notifications so). */
static bool carries(const struct im_request *r, struct str type, struct str subtype)
{
	return content_is(r, type, subtype) ||
	       (str_eq_nocase(r->inner.type, type) && str_eq_nocase(r->inner.subtype, subtype));
}


static bool is_for_keeper(const struct im_request *r, const struct im_addresses *ours)
{
	return r->recipient.n &&
	       (str_eq(r->recipient, ours->deferred) || str_eq(r->recipient, ours->history));
}


static enum im_kind message_kind(const struct im_request *r, const struct im_addresses *ours)
{
	const struct sip_msg *m = r->m;

	if (has_tag(m, STR(TAG_SYSTEM)) ||
	    (r->recipient.n && str_eq(r->recipient, ours->system_message)))
		return IM_SYSTEM;
	if (content_is(r, STR("application"), STR("vnd.oma.im.system-message-response+xml")) ||
	    content_is(r, STR("application"), STR("end-user-confirmation-response+xml")) ||
	    content_is(r, STR("application"), STR("vnd.oma.im.deferred-list+xml")))
		return IM_SYSTEM;
	if ((r->recipient.n && str_eq(r->recipient, ours->exploder)) ||
	    sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("recipient-list-message")))
		return IM_PAGER_LIST;
	if (content_is(r, STR("application"), STR("vnd.poc.group-advertisement+xml")))
		return IM_ADVERTISEMENT;
	if (carries(r, STR("application"), STR("im-iscomposing+xml")))
		return IM_COMPOSING;
	if (carries(r, STR("message"), STR("imdn+xml")))
		return IM_NOTIFICATION;
	return IM_PAGER;
}


/*
 * An INVITE: the large-message tag decides first (6.1.1.2.1 step 1), then what its SDP describes
 * (digest c15). The SDP is looked at as text here: only its attribute names count.
 */
static enum im_kind invite_kind(const struct im_request *r)
{
	const struct sip_msg *m = r->m;
	bool msrp = str_find_str(m->body, STR("MSRP")) >= 0;

	if (has_tag(m, STR(TAG_LARGE)))
		return IM_LARGE;
	if (msrp && str_find_str(m->body, STR("a=file-selector")) >= 0)
		return IM_FILE;
	if (msrp)
		return IM_SESSION;
	/* Clients write the tag in the Contact of whatever they send: a call that offers other media is a call. */
	bool other_media = str_find_str(m->body, STR("\nm=")) >= 0;
	return has_tag(m, STR("+g.oma.sip-im")) && !other_media ? IM_SESSION : IM_OTHER;
}


/* Digest c5: the package of the service settings, and the one it was made after (RFC 4354). */
static bool is_settings_event(const struct sip_msg *m)
{
	struct str event = sip_msg_header(m, SIP_HDR_EVENT);
	struct str package = str_trim(str_cut(&event, ';'));

	return str_eq(package, STR("im-settings")) || str_eq(package, STR("poc-settings"));
}


static enum im_kind kind_of(const struct im_request *r, const struct im_addresses *ours)
{
	if (is_for_keeper(r, ours))
		return IM_RETRIEVAL;
	switch (r->m->method) {
	case SIP_MESSAGE:
		return message_kind(r, ours);
	case SIP_INVITE:
		return invite_kind(r);
	case SIP_SUBSCRIBE:
		return IM_SUBSCRIPTION;
	case SIP_REFER:
		return IM_REFERRAL;
	case SIP_PUBLISH:
		return is_settings_event(r->m) ? IM_PUBLICATION : IM_OTHER;
	default:
		return IM_OTHER;
	}
}


static void take_recipient(struct im_request *r, const struct im_addresses *ours)
{
	struct sip_uri uri = r->m->target;
	struct buf text;

	r->recipient = STR_NULL;
	r->recipient_served = false;
	buf_fixed(&text, r->recipient_text, sizeof(r->recipient_text));
	/* sip:bob@192.0.2.1, where that is this server: people write so in a network without DNS. */
	if (r->route.uri_ours && uri.user.n) {
		uri.host = ours->domains[0];
		uri.host_v6 = false;
		uri.port = 0;
	}
	if (sip_uri_aor(&uri, ours->domains[0], &text))
		return;
	r->recipient = buf_str(&text);
	r->recipient_served = im_addresses_serve(ours, r->recipient);
}


void im_request_set_originator(struct im_request *r, const struct im_addresses *ours,
			       struct str aor)
{
	if (aor.n > sizeof(r->originator_text))
		aor.n = 0;
	if (aor.n)
		memcpy(r->originator_text, aor.p, aor.n);
	r->originator = (struct str){r->originator_text, aor.n};
	r->originator_served = aor.n && im_addresses_serve(ours, r->originator);
}


static void look_inside(struct im_request *r)
{
	struct cpim c;

	r->inner = (struct sip_media_type){0};
	r->cpim_from = r->message_id = STR_NULL;
	if (!content_is(r, STR("message"), STR("cpim")) || cpim_decode(&c, r->m->body))
		return;
	(void)sip_media_type_decode(&r->inner, c.content_type);
	r->cpim_from = c.from;
	r->message_id = c.message_id;
	if (carries(r, STR("message"), STR("imdn+xml")))
		r->message_id = imdn_message_id(c.content);
}


bool im_request_is_answer(const struct im_request *r, const struct im_addresses *ours)
{
	return r->m->method == SIP_MESSAGE && r->recipient.n &&
	       str_eq(r->recipient, ours->system_message);
}


bool im_request_is_from_system(const struct im_request *r, const struct im_addresses *ours)
{
	return r->trusted && r->originator.n &&
	       (str_eq(r->originator, ours->system_message) ||
		str_eq(r->originator, ours->deferred));
}


void im_request_classify(struct im_request *r, const struct im_addresses *ours)
{
	const struct sip_msg *m = r->m;
	struct str type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	struct str expires = sip_msg_header(m, SIP_HDR_EXPIRES);

	r->side = IM_SIDE_NONE;
	r->originator = STR_NULL;
	r->originator_served = false;
	r->content = (struct sip_media_type){0};
	if (type.n)
		(void)sip_media_type_decode(&r->content, type);
	look_inside(r);
	r->anonymous = sip_msg_has_token(m, SIP_HDR_PRIVACY, STR("id"));
	r->expires_given = str_u32(expires, &r->expires_s);
	take_recipient(r, ours);
	r->kind = kind_of(r, ours);
}


static struct str moved(struct str s, const struct sip_msg *old, const struct sip_msg *now)
{
	if (s.p >= old->p && s.p < old->p + old->n)
		s.p = now->p + (s.p - old->p);
	return s;
}


static void move_uri(struct sip_uri *u, const struct sip_msg *old, const struct sip_msg *now)
{
	u->text = moved(u->text, old, now);
	u->user = moved(u->user, old, now);
	u->password = moved(u->password, old, now);
	u->host = moved(u->host, old, now);
	u->params = moved(u->params, old, now);
	u->headers = moved(u->headers, old, now);
}


void im_request_rebase(struct im_request *r, const struct sip_msg *old)
{
	r->route.uri = moved(r->route.uri, old, r->m);
	r->route.our_params = moved(r->route.our_params, old, r->m);
	r->route.our_user = moved(r->route.our_user, old, r->m);
	r->route.next = moved(r->route.next, old, r->m);
	if (r->route.next.p)
		move_uri(&r->route.next_uri, old, r->m);
	r->content.type = moved(r->content.type, old, r->m);
	r->content.subtype = moved(r->content.subtype, old, r->m);
	r->content.params = moved(r->content.params, old, r->m);
	r->inner.type = moved(r->inner.type, old, r->m);
	r->inner.subtype = moved(r->inner.subtype, old, r->m);
	r->inner.params = moved(r->inner.params, old, r->m);
	r->cpim_from = moved(r->cpim_from, old, r->m);
	r->message_id = moved(r->message_id, old, r->m);
}
