/* SPDX-License-Identifier: Apache-2.0 */
/* What a new request is to this server. */

#include "server/dispatch.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "im/participating/forward.h"
#include "im/participating/session.h"

struct dispatch {
	struct sip *sip;
	struct im *im;
	struct sip_dialogs *own_dialogs;
	const struct im_own *own;
	const struct im_addresses *addresses;
	const struct dispatch_setting *setting;
	struct hash_key dialogs;
	bool stopping;
};

/** Header lines of an answer that sip_proxy_check writes. */
#define ANSWER_HEADERS_MAX 1024

/** What this server answers itself, as a user agent; a proxy passes any method. */
#define OWN_CAPABILITIES                                                                          \
	"Allow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, REFER, " \
	"UPDATE, INFO\r\n"                                                                        \
	"Accept: text/plain, message/cpim\r\n"                                                    \
	"Supported: path, outbound\r\n"


static struct str token_of(const struct dispatch *d, const struct sip_msg *m,
			   char text[static IM_DIALOG_TOKEN_N])
{
	struct buf b;

	buf_fixed(&b, text, IM_DIALOG_TOKEN_N);
	buf_puthex(&b, hash_bytes(&d->dialogs, m->call_id.p, m->call_id.n), IM_DIALOG_TOKEN_N);
	return buf_str(&b);
}


static bool has_token(const struct dispatch *d, const struct sip_msg *m,
		      const struct sip_route *route)
{
	char text[IM_DIALOG_TOKEN_N];

	return route->ours_popped && str_eq(route->our_user, token_of(d, m, text));
}


static struct sip_proxy_target *target_of(const struct dispatch *d, const struct sip_msg *m,
					  const struct sip_route *route,
					  struct sip_proxy_target *target, struct sip_hop *hop)
{
	if (route->next.p || !d->setting->device(m->uri, target, hop, d->setting->arg))
		return NULL;
	return target;
}


static void edit_along(struct sip_edits *e, const struct sip_proxy_target *target, void *arg)
{
	(void)target;
	(void)arg;
	im_edit_untrusted(e);
}


void dispatch_along(struct dispatch *d, struct im_request *r)
{
	struct sip_proxy_target target = {0};
	struct sip_hop hop;
	char token[IM_DIALOG_TOKEN_N];

	/* The Route is ours and the Request-URI too: whom should it reach? RFC 3261 12.2.2. */
	if (!r->route.next.p && r->route.uri_ours) {
		(void)sip_reply(r->st, 481, STR_NULL);
		return;
	}
	struct sip_proxy_target *device = target_of(d, r->m, &r->route, &target, &hop);
	int err = sip_proxy_forward(NULL, r->st, r->m,
				    &(struct sip_proxy_params){
					    .route = &r->route,
					    .targets = device,
					    .n = device ? 1 : 0,
					    .record_route = r->m->method == SIP_INVITE ||
							    r->m->method == SIP_SUBSCRIBE,
					    .record_route_user = token_of(d, r->m, token),
					    .edit = r->trusted ? NULL : edit_along,
				    });
	if (err)
		(void)sip_reply(r->st, err == -ENOENT ? 404 : 500, STR_NULL);
}


void dispatch_to_service(struct dispatch *d, struct im_request *r)
{
	/* A MESSAGE forms no dialog, and nearly all requests are one. */
	if (r->m->method != SIP_MESSAGE)
		(void)token_of(d, r->m, r->dialog_token);
	im_receive(d->im, r);
}


static void for_ourselves(struct sip_server_txn *st, const struct sip_msg *m)
{
	if (m->method == SIP_OPTIONS)
		(void)sip_reply(st, 200, STR(OWN_CAPABILITIES));
	else
		(void)sip_reply(st, m->method == SIP_MESSAGE || m->method == SIP_INVITE ? 404 : 405,
				m->method == SIP_MESSAGE || m->method == SIP_INVITE
					? STR_NULL
					: STR(OWN_CAPABILITIES));
}


/* A URI of ours that names no user. */
static bool names_us(const struct sip_msg *m, const struct sip_route *route,
		     const struct im_addresses *ours)
{
	struct sip_uri uri;

	if (sip_uri_decode(&uri, m->uri) || uri.user.n || uri.scheme == SIP_URI_TEL)
		return false;
	if (route->uri_ours)
		return true;
	for (size_t i = 0; i < ours->domains_n; i++) {
		if (str_eq_nocase(uri.host, ours->domains[i]))
			return true;
	}
	return false;
}


static void outside(struct dispatch *d, struct im_request *r, bool in_dialog)
{
	r->trusted = d->setting->trusts(r->src, d->setting->arg);
	im_request_classify(r, d->addresses);
	d->setting->request(d, r, in_dialog, d->setting->arg);
}


/* The way back to this process of what it has sent itself: past the question who sent it. */
static void from_ourselves(struct dispatch *d, struct im_request *r)
{
	im_request_classify(r, d->addresses);
	im_own_admit(d->own, r);
	dispatch_to_service(d, r);
}


/* A core registers its users with us under the name that its filter criteria have for us, whatever it is. */
static bool is_registration(const struct dispatch *d, const struct im_request *r)
{
	return !r->route.next.p && (names_us(r->m, &r->route, d->addresses) ||
				    d->setting->trusts(r->src, d->setting->arg));
}


/* RFC 3261 16.10: "If a response context is not found, the element does not have any knowledge of the request to
 * apply the CANCEL to. It MUST statelessly forward the CANCEL request". It goes where the INVITE would have
 * gone by its Route; by a transaction, since a response to what was sent without one is never passed on
 * (RFC 6026 8.9). A CANCEL cannot be challenged (22.1): strangers, whose INVITE would have been, get the
 * 481 of 9.2, and so does who names one of our own users, whose INVITE ended here. */
static void stray_cancel(struct dispatch *d, struct im_request *r, bool in_dialog)
{
	bool ours = in_dialog && has_token(d, r->m, &r->route);

	r->trusted = d->setting->trusts(r->src, d->setting->arg);
	if (ours || (r->trusted && r->route.next.p))
		dispatch_along(d, r);
	else
		(void)sip_reply(r->st, 481, STR_NULL);
}


/* A Contact that we gave out in a session: 1, and it goes to whom it stands for; -ENOENT. */
static int behind_contact(const struct dispatch *d, const struct im_request *r,
			  struct sip_proxy_target *target)
{
	const struct im_sessions *ss = im_sessions(d->im);

	return ss && !r->m->to_tag.n ? im_sessions_resolve(ss, &r->route, target) : 0;
}


static void to_contact(struct dispatch *d, struct im_request *r, int known,
		       const struct sip_proxy_target *target)
{
	char token[IM_DIALOG_TOKEN_N];
	int err = known;

	r->trusted = d->setting->trusts(r->src, d->setting->arg);
	if (known > 0)
		err = sip_proxy_forward(NULL, r->st, r->m,
					&(struct sip_proxy_params){
						.route = &r->route,
						.targets = target,
						.n = 1,
						.record_route = r->m->method == SIP_INVITE ||
								r->m->method == SIP_SUBSCRIBE,
						.record_route_user = token_of(d, r->m, token),
						.edit = r->trusted ? NULL : edit_along,
					});
	if (err)
		(void)sip_reply(r->st, err == -ENOENT ? 404 : 500, STR_NULL);
}


static void route(struct dispatch *d, struct im_request *r)
{
	bool in_dialog = r->m->to_tag.n > 0;
	struct sip_proxy_target contact;
	int known;

	if (r->m->method == SIP_CANCEL) {
		stray_cancel(d, r, in_dialog);
	} else if (in_dialog && has_token(d, r->m, &r->route)) {
		r->trusted = d->setting->trusts(r->src, d->setting->arg);
		dispatch_along(d, r);
	} else if (!in_dialog && im_own_is(d->own, &r->route)) {
		from_ourselves(d, r);
	} else if (in_dialog && im_session_is_contact(&r->route)) {
		/* RFC 3261 12.2.2: the session is over. */
		(void)sip_reply(r->st, 481, STR_NULL);
	} else if ((known = behind_contact(d, r, &contact)) != 0) {
		to_contact(d, r, known, &contact);
	} else if (r->m->method == SIP_REGISTER && is_registration(d, r)) {
		d->setting->registration(r->st, r->m, r->src, d->setting->arg);
	} else if (!r->route.next.p && names_us(r->m, &r->route, d->addresses)) {
		for_ourselves(r->st, r->m);
	} else {
		outside(d, r, in_dialog);
	}
}


void dispatch_request(struct dispatch *d, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_source *src)
{
	struct im_request r;
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;

	if (sip_dialogs_request(d->own_dialogs, st, m, src))
		return;
	buf_fixed(&headers, storage, sizeof(storage));
	uint16_t status = sip_proxy_check(d->sip, m, &r.route, &headers);
	if (status) {
		(void)sip_reply(st, status, buf_str(&headers));
		return;
	}
	if (d->stopping && !m->to_tag.n) {
		(void)sip_reply(st, 503, STR("Retry-After: 30\r\n"));
		return;
	}
	r.m = m;
	r.st = st;
	r.src = src;
	route(d, &r);
}


bool dispatch_resume(struct dispatch *d, struct sip_server_txn *st, struct sip_msg *m,
		     struct im_request *r)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;

	buf_fixed(&headers, storage, sizeof(storage));
	if (sip_server_txn_request(st, m) || sip_proxy_check(d->sip, m, &r->route, &headers))
		return false;
	r->m = m;
	r->st = st;
	r->src = sip_server_txn_source(st);
	r->trusted = d->setting->trusts(r->src, d->setting->arg);
	im_request_classify(r, d->addresses);
	return true;
}


void dispatch_ack(struct dispatch *d, const struct sip_msg *m, const struct sip_source *src)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;
	struct sip_route along;

	if (sip_dialogs_ack(d->own_dialogs, m))
		return;
	buf_fixed(&headers, storage, sizeof(storage));
	/* An ACK is never answered: one that may not be forwarded is dropped (16.3). */
	if (sip_proxy_check(d->sip, m, &along, &headers))
		return;
	if (!has_token(d, m, &along) && !d->setting->trusts(src, d->setting->arg))
		return;
	if (!along.next.p && along.uri_ours)
		return;
	struct sip_proxy_target target = {0};
	struct sip_hop hop;
	bool known = target_of(d, m, &along, &target, &hop) != NULL;
	(void)sip_proxy_forward_ack(d->sip, m, src, &along, known ? target.hop : NULL);
}


void dispatch_stop(struct dispatch *d)
{
	d->stopping = true;
}


const struct im_addresses *dispatch_addresses(const struct dispatch *d)
{
	return d->addresses;
}


int dispatch_alloc(struct dispatch **ret, const struct dispatch_params *p)
{
	struct dispatch *d = mem_alloc(sizeof(*d), NULL);

	if (!d)
		return -ENOMEM;
	d->sip = p->sip;
	d->im = p->im;
	d->own_dialogs = p->dialogs;
	d->own = p->own;
	d->addresses = p->addresses;
	d->setting = p->setting;
	loop_random(sip_loop(p->sip), &d->dialogs, sizeof(d->dialogs));
	*ret = d;
	return 0;
}
