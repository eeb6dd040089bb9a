/* SPDX-License-Identifier: Apache-2.0 */
/* The IMS setting: believe the core, and give back to the core. */

#include "server/setting_ims.h"

#include <errno.h>

#include "base/mem.h"
#include "server/peers.h"
#include "server/third_party.h"
#include "sip/name_addr.h"
#include "subscriber/reg_event.h"

struct setting_ims {
	struct sip *sip;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct peers peers;
	struct reg_events *reg_events; /**< NULL: they are not asked for */
	struct third_party *third_party;
	struct dispatch_setting dispatch;
	struct im_setting im;
	char route[SIP_URI_MAX]; /**< "<next hop;lr>" */
	size_t route_n;
};


static bool trusts(const struct sip_source *src, void *arg)
{
	struct setting_ims *s = arg;

	return peers_have(&s->peers, sip_transports(s->sip), src);
}


/* The URI of the first value that is a SIP URI (a tel URI otherwise) as an AOR: 5.1, RFC 3325 9.1. */
static bool asserted(const struct sip_msg *m, enum sip_header_id id, struct str domain,
		     struct buf *ret)
{
	struct sip_values v = sip_values_first(m, id);

	for (struct str value; sip_values_next(&v, &value);) {
		struct sip_name_addr a;
		struct sip_uri u;

		buf_clear(ret);
		if (sip_name_addr_decode(&a, value) == 0 && sip_uri_decode(&u, a.uri) == 0 &&
		    sip_uri_aor(&u, domain, ret) == 0 && !ret->failed)
			return true;
	}
	return false;
}


static enum im_side side_of_served_user(const struct sip_msg *m)
{
	struct str value = sip_msg_header(m, SIP_HDR_P_SERVED_USER);
	struct sip_name_addr a;
	struct str sescase;

	if (!value.n || sip_name_addr_decode(&a, value) ||
	    !sip_param(a.params, STR("sescase"), &sescase))
		return IM_SIDE_NONE;
	if (str_eq_nocase(sescase, STR("orig")))
		return IM_ORIGINATING;
	return str_eq_nocase(sescase, STR("term")) ? IM_TERMINATING : IM_SIDE_NONE;
}


/* Digest (a), "How a server tells which role it plays": 1, 2 and 5. */
static enum im_side side_of(const struct im_request *r)
{
	enum im_side side = side_of_served_user(r->m);
	struct str mark;

	if (side != IM_SIDE_NONE)
		return side;
	if (r->route.ours_popped && sip_param(r->route.our_params, STR("orig"), &mark))
		return IM_ORIGINATING;
	if (r->route.ours_popped && sip_param(r->route.our_params, STR("term"), &mark))
		return IM_TERMINATING;
	if (r->recipient_served)
		return IM_TERMINATING;
	return r->originator_served ? IM_ORIGINATING : IM_SIDE_NONE;
}


static void request(struct dispatch *d, struct im_request *r, bool in_dialog, void *arg)
{
	const struct im_addresses *ours = dispatch_addresses(d);
	char text[SIP_AOR_MAX];
	struct buf aor;

	(void)arg;
	buf_fixed(&aor, text, sizeof(text));
	if (!r->trusted) {
		/* Only the core is a neighbour here; nobody else has a way in. RFC 3325 5. */
		(void)sip_reply(r->st, 403,
				STR("Warning: 399 parley \"127 Service not authorised\"\r\n"));
		return;
	}
	if (asserted(r->m, SIP_HDR_P_ASSERTED_IDENTITY, ours->domains[0], &aor))
		im_request_set_originator(r, ours, buf_str(&aor));
	if (in_dialog) {
		dispatch_along(d, r);
		return;
	}
	r->side = side_of(r);
	if (r->side == IM_SIDE_NONE)
		(void)sip_reply(r->st, 404, STR_NULL);
	else
		dispatch_to_service(d, r);
}


static void registration(struct sip_server_txn *st, const struct sip_msg *m,
			 const struct sip_source *src, void *arg)
{
	struct setting_ims *s = arg;

	if (trusts(src, s))
		third_party_register(s->third_party, st, m, src);
	else
		(void)sip_reply(st, 403, STR_NULL);
}


/* Back to the core, which knows the devices: by the rest of the Route set, else to the next hop. */
static void onward(const struct im_request *r, struct im_targets *ret, void *arg)
{
	struct setting_ims *s = arg;

	ret->n = 0;
	if (!r->route.next.p && s->route_n) {
		ret->target[0] = (struct sip_proxy_target){.route = {s->route, s->route_n},
							   .q = 1000};
		ret->n = 1;
	}
}


/* RFC 5502 6: the core says of this very request whether the served user is registered. */
static bool registered_by_core(const struct im_request *r)
{
	struct str value = sip_msg_header(r->m, SIP_HDR_P_SERVED_USER);
	struct sip_name_addr a;
	struct str regstate;

	return r->trusted && value.n && sip_name_addr_decode(&a, value) == 0 &&
	       sip_param(a.params, STR("regstate"), &regstate) &&
	       str_eq_nocase(regstate, STR("reg"));
}


/*
 * 6.1.2.1 step 5 holds messages up and nothing else: "otherwise continue". A session for somebody who is not
 * registered goes on, and the core, which knows best, answers (notes A-36).
 */
static bool is_for_the_core(enum im_kind kind)
{
	return kind == IM_SESSION || kind == IM_FILE || kind == IM_OTHER;
}


static enum im_reach reach(const struct im_request *r, struct im_targets *ret, void *arg)
{
	struct setting_ims *s = arg;

	if (!is_for_the_core(r->kind) &&
	    !registrations_reachable(s->registrations, r->recipient, 0) && !registered_by_core(r))
		return IM_REACH_UNREGISTERED;
	onward(r, ret, arg);
	return IM_REACH_OK;
}


static bool device(struct str uri, struct sip_proxy_target *ret, struct sip_hop *hop, void *arg)
{
	(void)uri;
	(void)ret;
	(void)hop;
	(void)arg;
	return false;
}


static void destroy(void *object)
{
	struct setting_ims *s = object;

	mem_unref(s->third_party);
	mem_unref(s->reg_events);
	peers_done(&s->peers);
	mem_unref(s->registrations);
	mem_unref(s->subscribers);
}


/** Longest that a subscription is asked for; the core shortens it as it likes. */
#define REG_EVENT_EXPIRES_S 600000


static int reg_events_start(struct setting_ims *s, const struct setting_ims_params *p)
{
	if (!p->reg_event)
		return 0;
	return reg_events_alloc(&s->reg_events, &(struct reg_events_params){
							.dialogs = p->dialogs,
							.registrations = s->registrations,
							.subscribers = s->subscribers,
							.next_hop = p->next_hop,
							.expires_s = REG_EVENT_EXPIRES_S,
							.max_expires_s = p->max_expires_s,
						});
}


int setting_ims_alloc(struct setting_ims **ret, const struct setting_ims_params *p)
{
	struct setting_ims *s = mem_alloc(sizeof(*s), destroy);
	struct buf route;

	if (!s)
		return -ENOMEM;
	s->sip = p->sip;
	s->subscribers = mem_ref(p->subscribers);
	s->registrations = mem_ref(p->registrations);
	buf_fixed(&route, s->route, sizeof(s->route));
	if (p->next_hop.n)
		buf_printf(&route, "<" STR_FMT "%s>", STR_ARG(p->next_hop),
			   str_find_str(p->next_hop, STR(";lr")) >= 0 ? "" : ";lr");
	s->route_n = route.n;
	int err = route.failed ? -EINVAL : peers_init(&s->peers, p->peers->v, p->peers->n);
	if (!err)
		err = reg_events_start(s, p);
	if (!err)
		err = third_party_alloc(&s->third_party, &(struct third_party_params){
								 .subscribers = s->subscribers,
								 .registrations = s->registrations,
								 .reg_events = s->reg_events,
								 .min_expires_s = p->min_expires_s,
								 .max_expires_s = p->max_expires_s,
								 .loop = sip_loop(p->sip),
							 });
	if (err) {
		mem_unref(s);
		return err;
	}
	s->dispatch = (struct dispatch_setting){.registration = registration,
						.request = request,
						.trusts = trusts,
						.device = device,
						.arg = s};
	s->im = (struct im_setting){.reach = reach, .onward = onward, .arg = s};
	*ret = s;
	return 0;
}


void setting_ims_restored(struct setting_ims *s)
{
	if (s->reg_events)
		reg_events_resume(s->reg_events);
}


const struct dispatch_setting *setting_ims_dispatch(struct setting_ims *s)
{
	return &s->dispatch;
}


const struct im_setting *setting_ims_im(struct setting_ims *s)
{
	return &s->im;
}
