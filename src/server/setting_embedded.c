/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded setting: authenticate who sends, and go where the registrar knows. */

#include "server/setting_embedded.h"

#include <errno.h>

#include "base/mem.h"
#include "core/authentication.h"
#include "core/registrar.h"
#include "sip/accept_contact.h"
#include "sip/name_addr.h"

struct setting_embedded {
	struct core *core;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct dispatch_setting dispatch;
	struct im_setting im;
	struct list checks;                /**< requests whose sender is being looked up */
	struct registration_targets found; /**< of the last reach */
};

/** A request that waits for its sender's account. */
struct check {
	struct setting_embedded *setting;
	struct dispatch *dispatch;
	struct list_link link;
	struct sip_server_txn *st;
	struct core_auth_query query;
	bool in_dialog;
};


static void check_destroy(void *object)
{
	struct check *k = object;

	core_auth_done(&k->query);
	if (k->setting)
		list_remove(&k->setting->checks, &k->link);
	mem_unref(k->st);
}


/* The sender is known: on to the service, or along the dialog. */
static void admitted(struct dispatch *d, struct im_request *r, bool in_dialog,
		     const struct subscriber *user)
{
	im_request_set_originator(r, dispatch_addresses(d), user->aor);
	r->side = IM_ORIGINATING;
	if (in_dialog)
		dispatch_along(d, r);
	else
		dispatch_to_service(d, r);
}


static void on_authenticated(struct core_auth_query *q, struct subscriber *user, void *arg)
{
	struct check *k = arg;
	struct sip_msg m;
	struct im_request r;

	(void)q;
	if (user && dispatch_resume(k->dispatch, k->st, &m, &r))
		admitted(k->dispatch, &r, k->in_dialog, user);
	mem_unref(k);
}


static void authenticate(struct setting_embedded *s, struct dispatch *d, struct im_request *r,
			 bool in_dialog)
{
	struct check *k = mem_alloc(sizeof(*k), check_destroy);

	if (!k) {
		(void)sip_reply(r->st, 500, STR_NULL);
		return;
	}
	k->setting = s;
	k->dispatch = d;
	k->st = mem_ref(r->st);
	k->in_dialog = in_dialog;
	list_append(&s->checks, &k->link);
	int known = core_authenticate(s->core, &k->query, r->st, r->m, r->src, on_authenticated, k);
	if (known == 0)
		return;
	if (known > 0)
		admitted(d, r, in_dialog, k->query.user);
	mem_unref(k);
}


/* Somebody who hides, but from others: a user of ours names themselves to us (RFC 3325 9.2). */
static bool hides_from_others(const struct setting_embedded *s, const struct sip_msg *m,
			      const struct sip_uri *from)
{
	struct sip_name_addr preferred;
	struct sip_uri uri;

	return str_eq_nocase(from->host, STR("anonymous.invalid")) &&
	       sip_name_addr_decode(&preferred, sip_msg_header(m, SIP_HDR_P_PREFERRED_IDENTITY)) ==
		       0 &&
	       sip_uri_decode(&uri, preferred.uri) == 0 &&
	       subscribers_serve_domain(s->subscribers, uri.host);
}


static void request(struct dispatch *d, struct im_request *r, bool in_dialog, void *arg)
{
	struct setting_embedded *s = arg;
	struct sip_uri from;

	if (sip_uri_decode(&from, r->m->from_uri)) {
		(void)sip_reply(r->st, 400, STR_NULL);
	} else if (subscribers_serve_domain(s->subscribers, from.host) ||
		   hides_from_others(s, r->m, &from)) {
		authenticate(s, d, r, in_dialog);
	} else if (in_dialog) {
		(void)sip_reply(r->st, 481, STR_NULL);
	} else if (!r->recipient_served) {
		/* Neither from a user of ours nor to one: this is no relay. RFC 3261 21.4.4. */
		(void)sip_reply(r->st, 403,
				STR("Warning: 399 parley \"127 Service not authorised\"\r\n"));
	} else {
		r->side = IM_TERMINATING;
		dispatch_to_service(d, r);
	}
}


static void registration(struct sip_server_txn *st, const struct sip_msg *m,
			 const struct sip_source *src, void *arg)
{
	struct setting_embedded *s = arg;

	core_register(s->core, st, m, src);
}


static bool trusts(const struct sip_source *src, void *arg)
{
	(void)src;
	(void)arg;
	return false; /* clients assert nothing; they authenticate */
}


/* Which devices take this kind of request: a plain SIP client is fine for a pager message or a call. */
static uint32_t wanted(enum im_kind kind)
{
	switch (kind) {
	case IM_PAGER:
	case IM_NOTIFICATION:
	case IM_COMPOSING:
	case IM_ADVERTISEMENT:
		return REGISTRATION_PAGER | REGISTRATION_IM;
	default:
		return 0;
	}
}


static enum im_reach reach(const struct im_request *r, struct im_targets *ret, void *arg)
{
	struct setting_embedded *s = arg;

	size_t n = registrations_targets(s->registrations, r->recipient, wanted(r->kind),
					 &s->found);
	ret->n = 0;
	for (size_t i = 0; i < n; i++) {
		/* RFC 3841 7.2: what the sender requires of a device, or rejects. */
		if (!sip_prefer(r->m, s->found.binding[i]->params).drop)
			ret->target[ret->n++] = s->found.target[i];
	}
	if (ret->n)
		return IM_REACH_OK;
	return registrations_reachable(s->registrations, r->recipient, 0) ? IM_REACH_INCAPABLE
									  : IM_REACH_UNREGISTERED;
}


static void onward(const struct im_request *r, struct im_targets *ret, void *arg)
{
	(void)r;
	(void)arg;
	ret->n = 0; /* another domain: by Route, else by Request-URI (RFC 3263) */
}


/* In a dialog the Request-URI is a device's contact; its user part is that of the user, as a rule. */
static bool device(struct str uri, struct sip_proxy_target *ret, struct sip_hop *hop, void *arg)
{
	struct setting_embedded *s = arg;
	char text[SIP_AOR_MAX];
	struct buf aor;
	struct sip_uri u, contact;

	if (sip_uri_decode(&u, uri) || !u.user.n)
		return false;
	buf_fixed(&aor, text, sizeof(text));
	buf_printf(&aor, "sip:" STR_FMT "@" STR_FMT, STR_ARG(u.user), STR_ARG(core_realm(s->core)));
	if (aor.failed)
		return false;
	size_t n = registrations_targets(s->registrations, buf_str(&aor), 0, &s->found);
	for (size_t i = 0; i < n; i++) {
		if (sip_uri_decode(&contact, s->found.binding[i]->contact) ||
		    !sip_uri_eq(&u, &contact))
			continue;
		*ret = s->found.target[i];
		ret->uri = STR_NULL; /* as received */
		if (!ret->hop && !ret->flow)
			return false; /* reached by its contact, like anybody */
		*hop = ret->hop ? *ret->hop
				: (struct sip_hop){.kind = s->found.binding[i]->kind,
						   .addr = s->found.binding[i]->peer,
						   .flow = ret->flow,
						   .socket = SIP_SOCKET_ANY};
		ret->hop = hop;
		ret->flow = 0;
		return true;
	}
	return false;
}


static void destroy(void *object)
{
	struct setting_embedded *s = object;

	for (struct list_link *l; (l = list_first(&s->checks));)
		mem_unref(container_of(l, struct check, link));
	mem_unref(s->registrations);
	mem_unref(s->subscribers);
	mem_unref(s->core);
}


int setting_embedded_alloc(struct setting_embedded **ret, struct core *core,
			   struct subscribers *subscribers, struct registrations *registrations)
{
	struct setting_embedded *s = mem_alloc(sizeof(*s), destroy);

	if (!s)
		return -ENOMEM;
	list_init(&s->checks);
	s->core = mem_ref(core);
	s->subscribers = mem_ref(subscribers);
	s->registrations = mem_ref(registrations);
	s->dispatch = (struct dispatch_setting){.registration = registration,
						.request = request,
						.trusts = trusts,
						.device = device,
						.arg = s};
	s->im = (struct im_setting){
		.terminates_here = true, .reach = reach, .onward = onward, .arg = s};
	*ret = s;
	return 0;
}


const struct dispatch_setting *setting_embedded_dispatch(struct setting_embedded *s)
{
	return &s->dispatch;
}


const struct im_setting *setting_embedded_im(struct setting_embedded *s)
{
	return &s->im;
}
