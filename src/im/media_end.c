/* SPDX-License-Identifier: Apache-2.0 */
/* An MSRP medium that ends in this server. */
#include "im/media_end.h"

#include <errno.h>

#include "base/mem.h"
#include "msrp/setup.h"


static enum msrp_setup setup_of(enum sdp_setup s)
{
	return msrp_setup_decode(sdp_setup_name(s));
}


/* What we answer: RFC 6135 4.2.2; without a=setup in the offer there is none to answer. */
static enum sdp_setup answered(const struct media_end *e)
{
	switch (msrp_setup_answer(setup_of(e->peer), true)) {
	case MSRP_SETUP_ACTIVE:
		return SDP_SETUP_ACTIVE;
	case MSRP_SETUP_HOLDCONN:
		return SDP_SETUP_HOLDCONN;
	default:
		return e->peer == SDP_SETUP_NONE ? SDP_SETUP_NONE : SDP_SETUP_PASSIVE;
	}
}


static int choose_listener(struct media_end *e, const struct media_end_params *p)
{
	if (msrp_endpoint_advertised(p->endpoint, p->offer ? p->offer->secure : p->secure, &e->at))
		return 0;
	if (!p->offer && msrp_endpoint_advertised(p->endpoint, !p->secure, &e->at))
		return 0;
	return -EPROTONOSUPPORT;
}


int media_end_init(struct media_end *e, const struct media_end_params *p)
{
	int err;

	*e = (struct media_end){
		.sip = p->sip,
		.offers = !p->offer,
		.cema = p->offer ? p->offer->cema : true,
		.peer = p->offer ? p->offer->setup : SDP_SETUP_NONE,
		.id = loop_random_u64(sip_loop(p->sip)) >> 2,
		.unreachable = p->unreachable,
		.arg = p->arg,
	};
	err = choose_listener(e, p);
	return err ? err
		   : msrp_session_alloc(&e->msrp, p->endpoint,
					&(struct msrp_session_params){.secure = e->at.secure,
								      .handler = p->handler,
								      .arg = p->arg});
}


void media_end_describe(const struct media_end *e, struct sdp_end *ret)
{
	*ret = (struct sdp_end){
		.id = e->id,
		.version = 1,
		.address = e->at.host,
		.v6 = e->at.host_v6,
		.port = e->at.port,
		.secure = e->at.secure,
		.path = msrp_session_local(e->msrp),
		.setup = e->offers ? SDP_SETUP_ACTPASS : answered(e),
		.cema = e->cema,
	};
}


/* ---- Connecting ---- */

static void on_tell(void *arg)
{
	struct media_end *e = arg;

	e->unreachable(e, e->error, e->arg);
}


static void fail(struct media_end *e, int error)
{
	e->error = error;
	loop_defer(sip_loop(e->sip), &e->tell, on_tell, e);
}


static void connect_to(struct media_end *e)
{
	int err = msrp_session_start(e->msrp, &(struct msrp_remote){.path = e->path,
								    .role = MSRP_ACTIVE,
								    .addr = e->addr,
								    .name = e->name,
								    .fresh = true});

	if (err)
		fail(e, err);
}


static void on_found(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct media_end *e = arg;

	(void)q;
	if (error || !hops->n) {
		fail(e, error ? error : -ENOENT);
		return;
	}
	e->addr = hops->hop[0].addr;
	connect_to(e);
}


/* A name with a port: its A and AAAA records (RFC 4975 6.1). */
static void look_up(struct media_end *e, const struct msrp_target *target)
{
	struct sip_hops hops;
	int n = sip_resolve_host(sip_resolver(e->sip), &e->lookup, target->host, target->port,
				 &hops, on_found, e);

	if (n)
		on_found(&e->lookup, n < 0 ? n : 0, &hops, e);
}


static int keep(struct media_end *e, struct str path, struct str name)
{
	char *p = mem_raw(path.n + name.n + 1);

	if (!p)
		return -ENOMEM;
	memcpy(p, path.p, path.n);
	if (name.n)
		memcpy(p + path.n, name.p, name.n);
	mem_free(e->text);
	e->text = p;
	e->path = (struct str){p, path.n};
	e->name = (struct str){p + path.n, name.n};
	return 0;
}


static int go_to(struct media_end *e, const struct sdp_msrp *peer)
{
	struct msrp_location at = {.path = peer->path,
				   .c_host = peer->address,
				   .m_port = peer->port};
	struct msrp_target target;

	if (msrp_target_choose(&target, &at))
		return -EBADMSG;
	if (keep(e, peer->path, target.name))
		return -ENOMEM;
	if (target.numeric) {
		e->addr = target.addr;
		connect_to(e);
	} else {
		look_up(e, &target);
	}
	return 0;
}


int media_end_start(struct media_end *e, const struct sdp_msrp *peer)
{
	enum msrp_setup ours = setup_of(e->offers ? SDP_SETUP_ACTPASS : answered(e));
	enum msrp_role role = msrp_setup_role(e->offers, e->offers ? ours : setup_of(e->peer),
					      e->offers ? setup_of(peer->setup) : ours);

	if (!peer->path.n || !peer->port)
		return -EBADMSG;
	if (role == MSRP_ACTIVE)
		return go_to(e, peer);
	return msrp_session_start(e->msrp,
				  &(struct msrp_remote){.path = peer->path, .role = MSRP_PASSIVE});
}


static bool is_same(const struct media_end *e, const struct sip_msg *m)
{
	struct sdp_msrp peer;
	struct sdp d;

	return e->msrp &&
	       sdp_decode(&d, sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body)) == 0 &&
	       sdp_msrp_decode(&peer, &d) == 0 && peer.port &&
	       str_eq(peer.path, msrp_session_remote(e->msrp));
}


void media_end_modify(const struct media_end *e, struct sip_invite *inv, const struct sip_msg *m)
{
	if (!m->body.n || is_same(e, m))
		(void)sip_invite_refreshed(inv, m->method);
	else
		(void)sip_invite_respond(inv, m->method, &(struct sip_response){.status = 488});
}


void media_end_done(struct media_end *e)
{
	if (!e->sip)
		return;
	sip_lookup_cancel(&e->lookup);
	loop_defer_cancel(sip_loop(e->sip), &e->tell);
	if (e->msrp)
		msrp_session_stop(e->msrp);
	e->msrp = mem_unref(e->msrp);
	mem_free(e->text);
	e->text = NULL;
}
