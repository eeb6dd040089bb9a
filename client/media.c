/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRP end of a session: its URI, who connects and where to. */
#include "client/session.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/uri.h"


/* ---- The endpoint ---- */

static int media_tls(struct parley *p)
{
	if (p->media_config)
		return 0;
	return tls_config_alloc(&p->media_config,
				&(struct tls_params){
					.certificate_file = p->certificate_file,
					.key_file = p->key_file,
					.ca_file = p->ca_file,
					.flags = TLS_HOST_NAMES |
						 (p->tls_no_verify ? TLS_INSECURE_NO_VERIFY : 0),
				},
				NULL);
}


/* Where SIP is received, MSRP is, too. */
static int listen_on(struct parley *p, const struct addr *peer, bool secure)
{
	struct msrp_listen_params at = {.local = p->local};
	int err = p->local_known ? 0 : account_local_towards(&at.local, peer);

	if (!err && secure)
		err = media_tls(p);
	if (err)
		return err;
	addr_set_port(&at.local, 0);
	if (secure) {
		at.tls = p->media_config;
		at.outgoing_only = !p->certificate_file;
		msrp_endpoint_set_tls(p->media, p->media_config);
	}
	return msrp_endpoint_listen(p->media, &at);
}


static const struct msrp_session_handler handler;


int media_open(struct parley_session *s, const struct addr *peer, bool secure)
{
	struct parley *p = s->p;
	struct msrp_advertised at;
	int err = 0;

	if (!p->media)
		err = msrp_endpoint_alloc(&p->media, p->loop, NULL);
	if (!err && !msrp_endpoint_advertised(p->media, secure, &at))
		err = listen_on(p, peer, secure);
	if (err)
		return err;
	s->secure = secure;
	return msrp_session_alloc(
		&s->msrp, p->media,
		&(struct msrp_session_params){.secure = secure, .handler = &handler, .arg = s});
}


/* Counted: connections that close keep what they need. */
void media_done(struct parley *p)
{
	if (p->media)
		msrp_endpoint_shutdown(p->media);
	p->media = mem_unref(p->media);
}


void media_end(struct parley_session *s, struct sdp_end *ret, enum sdp_setup setup)
{
	struct msrp_advertised at;

	(void)msrp_endpoint_advertised(s->p->media, s->secure, &at);
	*ret = (struct sdp_end){
		.address = at.host,
		.v6 = at.host_v6,
		/* RFC 4145 4.1: who connects does not listen. */
		.port = setup == SDP_SETUP_ACTIVE ? MSRP_PORT_DISCARD : at.port,
		.secure = s->secure,
		.path = msrp_session_local(s->msrp),
		.setup = setup,
	};
}


/* ---- What MSRP tells ---- */

static uint16_t on_head(struct msrp_session *ms, struct msrp_receive *r, void *arg)
{
	struct parley_session *s = arg;
	uint16_t status = 481;

	(void)ms;
	if (session_turn_begin(s))
		status = s->owner->head ? s->owner->head(s, r) : 403;
	session_turn_end(s);
	return status;
}


static uint16_t on_body(struct msrp_session *ms, struct msrp_receive *r, struct str piece,
			void *arg)
{
	struct parley_session *s = arg;
	uint16_t status = 481;

	(void)ms;
	if (session_turn_begin(s))
		status = s->owner->body(s, r, piece);
	session_turn_end(s);
	return status;
}


static uint16_t on_end(struct msrp_session *ms, struct msrp_receive *r, char flag, void *arg)
{
	struct parley_session *s = arg;
	uint16_t status = 481;

	(void)ms;
	if (session_turn_begin(s))
		status = s->owner->end(s, r, flag);
	session_turn_end(s);
	return status;
}


/* Also while the session is stopped: what `head` made is the owner's to drop. */
static void on_broken(struct msrp_session *ms, struct msrp_receive *r, void *arg)
{
	struct parley_session *s = arg;

	(void)ms;
	if (s->owner->broken)
		s->owner->broken(s, r);
}


static void on_report(struct msrp_session *ms, const struct msrp_frame *f, void *arg)
{
	struct parley_session *s = arg;

	(void)ms;
	if (session_turn_begin(s) && s->owner->report)
		s->owner->report(s, f);
	session_turn_end(s);
}


static void on_bound(struct msrp_session *ms, void *arg)
{
	struct parley_session *s = arg;

	(void)ms;
	if (session_turn_begin(s))
		session_bound(s);
	session_turn_end(s);
}


static void on_lost(struct msrp_session *ms, int error, void *arg)
{
	struct parley_session *s = arg;

	(void)ms;
	if (session_turn_begin(s))
		session_unbound(s, error);
	session_turn_end(s);
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.report = on_report,
	.bound = on_bound,
	.lost = on_lost,
};


/* ---- Who connects, and where to ---- */

static enum msrp_role role_of(const struct parley_session *s)
{
	enum msrp_setup theirs = (enum msrp_setup)s->peer_msrp.setup,
			ours = (enum msrp_setup)s->setup;

	return s->we_offered ? msrp_setup_role(true, ours, theirs)
			     : msrp_setup_role(false, theirs, ours);
}


static void start(struct parley_session *s, enum msrp_role role, const struct addr *addr)
{
	/* Of a connection that chats share, one may just have been the last to the other side, which closes it while
	 * the next has chosen it: when a talk becomes a group it is so. */
	struct msrp_remote r = {.path = s->peer_msrp.path,
				.role = role,
				.fresh = s->mode == PARLEY_CHAT};
	int err;

	if (addr)
		r.addr = *addr;
	if (s->media_name)
		r.name = str_of(s->media_name);
	err = msrp_session_start(s->msrp, &r);
	if (err)
		session_fail(s, err == -EBADMSG ? -EPROTO : err);
	else if (msrp_session_bound(s->msrp))
		session_bound(s);
}


static void on_found(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct parley_session *s = arg;

	(void)q;
	if (session_turn_begin(s)) {
		if (error || !hops->n)
			session_fail(s, error ? error : -ENOENT);
		else
			start(s, MSRP_ACTIVE, &hops->hop[0].addr);
	}
	session_turn_end(s);
}


/* A name with a port: its A and AAAA records (RFC 4975 6.1). */
static void look_up(struct parley_session *s, const struct msrp_target *target)
{
	struct sip_hops hops;
	int n = sip_resolve_host(sip_resolver(s->p->sip), &s->media_lookup, target->host,
				 target->port, &hops, on_found, s);

	if (n < 0)
		session_fail(s, n);
	else if (n > 0)
		start(s, MSRP_ACTIVE, &hops.hop[0].addr);
}


static int keep_name(struct parley_session *s, struct str name)
{
	mem_unref(s->media_name);
	s->media_name = str_dup(name);
	return s->media_name ? 0 : -ENOMEM;
}


void media_start(struct parley_session *s)
{
	struct msrp_location at = {.path = s->peer_msrp.path,
				   .c_host = s->peer_msrp.address,
				   .m_port = s->peer_msrp.port};
	struct msrp_target target;
	int err;

	sip_lookup_cancel(&s->media_lookup);
	if (role_of(s) == MSRP_PASSIVE) {
		start(s, MSRP_PASSIVE, NULL);
		return;
	}
	err = msrp_target_choose(&target, &at);
	if (!err && target.secure && !s->p->media_config)
		err = -EPROTO;
	if (!err && target.secure)
		err = keep_name(s, target.name);
	if (err)
		session_fail(s, err == -ENOMEM ? err : -EPROTO);
	else if (target.numeric)
		start(s, MSRP_ACTIVE, &target.addr);
	else
		look_up(s, &target);
}


void media_stop(struct parley_session *s)
{
	struct msrp_session *ms = s->msrp;

	sip_lookup_cancel(&s->media_lookup);
	s->msrp = NULL;
	if (ms)
		msrp_session_stop(ms);
	mem_unref(ms);
}
