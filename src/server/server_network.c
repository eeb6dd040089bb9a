/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has toward the network: the SIP engine, MSRP, TLS, and the addresses it listens on. */

#include "server/server_state.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/tls.h"
#include "msrp/endpoint.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "sip/dialog.h"
#include "sip/sip.h"
#include "subscriber/registration.h"

/** Value of Server in responses of our own (digest c1). */
#define SERVER_VALUE "IM-serv/OMA1.0 Parley/" PARLEY_VERSION


/* ---- From the engine ---- */

static void on_request(struct sip_server_txn *st, const struct sip_msg *m,
		       const struct sip_source *src, void *arg)
{
	struct server *s = arg;

	dispatch_request(s->dispatch, st, m, src);
}


static void on_ack(const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct server *s = arg;

	dispatch_ack(s->dispatch, m, src);
}


static void on_flow_closed(uint64_t flow, void *arg)
{
	struct server *s = arg;

	registrations_flow_closed(s->registrations, flow);
}


static const struct sip_handler sip_handler = {
	.request = on_request,
	.ack = on_ack,
	.flow_closed = on_flow_closed,
};


/* ---- Starting ---- */

static bool listens_on_tls(const struct config *c)
{
	for (size_t i = 0; i < c->listen.n; i++) {
		if (c->listen.v[i].transport == CONFIG_TLS)
			return true;
	}
	for (size_t i = 0; i < c->msrp_listen.n; i++) {
		if (c->msrp_listen.v[i].transport == CONFIG_TLS)
			return true;
	}
	return false;
}


/* Connecting: SIP to domains (RFC 5922), MSRP to hosts (RFC 4975 6.1). */
static int connect_tls(struct tls_config **ret, const struct config *c, unsigned flags,
		       struct buf *why)
{
	return tls_config_alloc(
		ret,
		&(struct tls_params){
			.certificate_file = c->tls.certificate.n ? c->tls.certificate.p : NULL,
			.key_file = c->tls.key.n ? c->tls.key.p : NULL,
			.ca_file = c->tls.ca.n ? c->tls.ca.p : NULL,
			.flags = flags | (c->tls.verify ? 0 : TLS_INSECURE_NO_VERIFY),
		},
		why);
}


static int start_tls(struct server *s, struct buf *why)
{
	const struct config *c = s->config;
	int err = 0;

	if (listens_on_tls(c))
		err = tls_config_alloc(&s->tls_listen,
				       &(struct tls_params){
					       .certificate_file = c->tls.certificate.p,
					       .key_file = c->tls.key.n ? c->tls.key.p : NULL,
					       .ca_file = c->tls.ca.n ? c->tls.ca.p : NULL,
					       .flags = TLS_ASK_CLIENT,
				       },
				       why);
	if (!err)
		err = connect_tls(&s->tls_connect, c, 0, why);
	return err ? err : connect_tls(&s->tls_media, c, TLS_HOST_NAMES, why);
}


int server_sip_start(struct server *s, struct buf *why)
{
	struct sip_timers timers = SIP_TIMERS_DEFAULT;
	int err = 0;

	timers.t1_ms = s->config->timers.t1_ms;
	timers.linger_ms = s->config->timers.linger_ms;
	if (!s->dns) {
		s->own_dns = true;
		err = dns_cares_open(&s->dns, s->loop);
	}
	if (!err)
		err = sip_alloc(&s->sip, &(struct sip_params){
						 .loop = s->loop,
						 .dns = s->dns,
						 .timers = timers,
						 .server = STR(SERVER_VALUE),
						 .handler = &sip_handler,
						 .arg = s,
					 });
	if (!err)
		err = sip_dialogs_alloc(&s->dialogs, s->sip);
	return err ? err : start_tls(s, why);
}


/* The host that URIs of ours name: what stands for us outside, else what we are bound to. */
static int listen_msrp(struct server *s, const struct config_listen *l, struct buf *why)
{
	int err = msrp_endpoint_listen(
		s->msrp, &(struct msrp_listen_params){
				 .local = l->addr,
				 .tls = l->transport == CONFIG_TLS ? s->tls_listen : NULL,
				 .host = s->config->advertise,
			 });

	if (!err)
		log_notice("server", "listening for MSRP on " STR_FMT, STR_ARG(l->text));
	else if (err == -EINVAL)
		buf_printf(why,
			   "cannot offer " STR_FMT " for MSRP: it is every address, and none that "
			   "can be told: set `advertise`, or name one in `msrp.listen`",
			   STR_ARG(l->text));
	else
		buf_printf(why,
			   "cannot listen for MSRP on " STR_FMT
			   ": %s: choose another address for `msrp.listen`, or stop what uses this "
			   "one",
			   STR_ARG(l->text), strerror(-err));
	return err;
}


int server_msrp_start(struct server *s, struct buf *why)
{
	const struct config_listens *listen = &s->config->msrp_listen;
	int err;

	/* Also where `media-path` is never: a reload may say otherwise. */
	if (!listen->n)
		return 0;
	err = msrp_endpoint_alloc(&s->msrp, s->loop, NULL);
	if (err)
		return err;
	msrp_endpoint_set_tls(s->msrp, s->tls_media);
	for (size_t i = 0; !err && i < listen->n; i++)
		err = listen_msrp(s, &listen->v[i], why);
	return err;
}


/* Our own certificate need not be one that we would trust ourselves; what we send ourselves bears a secret. */
static int trust_ourselves(struct server *s, struct buf *why)
{
	const struct sip_hop *own = im_own_hop(s->own);
	struct tls_config *tls;
	int err;

	if (!own || own->kind != SIP_TLS)
		return 0;
	err = connect_tls(&tls, s->config, TLS_INSECURE_NO_VERIFY, why);
	if (err)
		return err;
	sip_transports_set_own_tls(sip_transports(s->sip), &own->addr, tls);
	mem_unref(tls);
	return 0;
}


int server_listeners_start(struct server *s, struct buf *why)
{
	static const enum sip_transport_kind kinds[] = {
		[CONFIG_UDP] = SIP_UDP, [CONFIG_TCP] = SIP_TCP, [CONFIG_TLS] = SIP_TLS};
	struct sip_transports *t = sip_transports(s->sip);

	sip_transports_set_client_tls(t, s->tls_connect);
	for (size_t i = 0; i < s->config->listen.n; i++) {
		const struct config_listen *l = &s->config->listen.v[i];
		int err = sip_transports_listen(t, kinds[l->transport], &l->addr,
						s->config->advertise,
						l->transport == CONFIG_TLS ? s->tls_listen : NULL);
		if (err) {
			buf_printf(why,
				   "cannot listen on " STR_FMT
				   ": %s: choose another address for `listen`, or "
				   "stop what uses this one",
				   STR_ARG(l->text), strerror(-err));
			return err;
		}
		im_own_listens(s->own, kinds[l->transport], &l->addr);
		log_notice("server", "listening on " STR_FMT, STR_ARG(l->text));
	}
	return trust_ourselves(s, why);
}
