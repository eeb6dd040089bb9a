/* SPDX-License-Identifier: Apache-2.0 */
/* The composition root: what the server is made of, and in which order it starts and stops. */

#include "server/server.h"

#include <errno.h>

#include "admin/admin.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tls.h"
#include "charging/charging.h"
#include "core/core.h"
#include "http/http.h"
#include "im/deferred/deferred.h"
#include "im/history/history.h"
#include "im/im.h"
#include "im/participating/session.h"
#include "msrp/endpoint.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/journal.h"
#include "server/operator.h"
#include "server/service_rules.h"
#include "server/setting_embedded.h"
#include "server/setting_ims.h"
#include "server/trace.h"
#include "sip/dialog.h"
#include "sip/digest.h"
#include "sip/invite.h"
#include "sip/sip.h"
#include "store/store.h"
#include "subscriber/group.h"
#include "subscriber/reg_event.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

/** Value of Server in responses of our own (digest c1). */
#define SERVER_VALUE "IM-serv/OMA1.0 Parley/" PARLEY_VERSION
/** How often a clean stop looks whether everything is finished. */
#define STOP_LOOK_MS 50

struct server {
	struct loop *loop;
	struct dns *dns;
	bool own_dns;
	struct config *config;
	struct store *store;
	struct tls_config *tls_listen, *tls_connect;
	struct sip *sip;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp; /**< NULL: MSRP is spoken nowhere */
	struct subscribers *subscribers;
	struct groups *groups;
	struct registrations *registrations;
	struct core *core; /**< embedded setting */
	struct setting_embedded *embedded;
	struct setting_ims *ims; /**< IMS setting */
	struct im_addresses addresses;
	struct im *im;
	struct deferred *deferred;
	struct history *history;
	struct charging *charging;
	struct dispatch *dispatch;
	struct traces *traces;
	struct journal *journal;
	struct operator_desk *desk;
	struct admin *admin;
	struct admin_front *front;
	struct timer stop_look;
	uint64_t stop_by_ms;
	void (*stopped)(void *arg);
	void *stopped_arg;
};


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


static bool flow_hold(uint64_t flow, void *arg)
{
	struct server *s = arg;

	return sip_flow_hold(sip_transports(s->sip), flow);
}


static void flow_release(uint64_t flow, void *arg)
{
	struct server *s = arg;

	if (s->sip)
		sip_flow_release(sip_transports(s->sip), flow);
}


/* ---- Starting, from the bottom to the top ---- */

static int start_store(struct server *s, struct buf *why)
{
	struct operator_policy *policy = NULL;
	int err = store_open(&s->store, s->loop, s->config->store, why);

	if (!err)
		err = service_policy_alloc(&policy, s->config);
	if (!err)
		err = subscribers_alloc(&s->subscribers,
					&(struct subscribers_params){
						.loop = s->loop,
						.store = s->store,
						.domains = s->config->domains.v,
						.domains_n = s->config->domains.n,
						.ims = s->config->core == CONFIG_CORE_IMS,
						.policy = policy,
					});
	if (!err)
		err = groups_alloc(&s->groups, &(struct groups_params){
						       .loop = s->loop,
						       .store = s->store,
						       .domain = s->config->domains.v[0],
					       });
	mem_unref(policy);
	return err;
}


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
	if (err)
		return err;
	return tls_config_alloc(
		&s->tls_connect,
		&(struct tls_params){
			.certificate_file = c->tls.certificate.n ? c->tls.certificate.p : NULL,
			.key_file = c->tls.key.n ? c->tls.key.p : NULL,
			.ca_file = c->tls.ca.n ? c->tls.ca.p : NULL,
			.flags = c->tls.verify ? 0 : TLS_INSECURE_NO_VERIFY,
		},
		why);
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


static int start_msrp(struct server *s, struct buf *why)
{
	const struct config_listens *listen = &s->config->msrp_listen;
	int err;

	/* Also where `media-path` is never: a reload may say otherwise. */
	if (!listen->n)
		return 0;
	err = msrp_endpoint_alloc(&s->msrp, s->loop, NULL);
	if (err)
		return err;
	msrp_endpoint_set_tls(s->msrp, s->tls_connect);
	for (size_t i = 0; !err && i < listen->n; i++)
		err = listen_msrp(s, &listen->v[i], why);
	return err;
}


static int start_listeners(struct server *s, struct buf *why)
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
		log_notice("server", "listening on " STR_FMT, STR_ARG(l->text));
	}
	return 0;
}


static int start_sip(struct server *s, struct buf *why)
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


static int start_registrations(struct server *s)
{
	return registrations_alloc(&s->registrations, &(struct registrations_params){
							      .loop = s->loop,
							      .store = s->store,
							      .flow_hold = flow_hold,
							      .flow_release = flow_release,
							      .flow_arg = s,
						      });
}


static uint32_t offered_digests(uint32_t set)
{
	return (set & CONFIG_DIGEST_SHA256 ? 1u << DIGEST_SHA256 : 0) |
	       (set & CONFIG_DIGEST_MD5 ? 1u << DIGEST_MD5 : 0);
}


static int start_embedded(struct server *s)
{
	const struct config *c = s->config;
	int err = core_alloc(&s->core, &(struct core_params){
					       .loop = s->loop,
					       .store = s->store,
					       .subscribers = s->subscribers,
					       .registrations = s->registrations,
					       .realm = c->domains.v[0],
					       .authenticate = c->authenticate,
					       .digest = offered_digests(c->digest),
					       .min_expires_s = c->registrar.min_expires_s,
					       .default_expires_s = c->registrar.default_expires_s,
					       .max_expires_s = c->registrar.max_expires_s,
					       .max_contacts = c->registrar.max_contacts,
				       });

	return err ? err
		   : setting_embedded_alloc(&s->embedded, s->core, s->subscribers,
					    s->registrations);
}


static int start_ims(struct server *s)
{
	return setting_ims_alloc(&s->ims,
				 &(struct setting_ims_params){
					 .sip = s->sip,
					 .dialogs = s->dialogs,
					 .subscribers = s->subscribers,
					 .registrations = s->registrations,
					 .reg_event = s->config->ims.reg_event,
					 .peers = &s->config->ims.peers,
					 .next_hop = s->config->ims.next_hop,
					 .min_expires_s = s->config->registrar.min_expires_s,
					 .max_expires_s = s->config->registrar.max_expires_s,
				 });
}


/* A service URI of the configuration as an AOR, in place: "sip:exploder@example.org" is one already. */
static void set_addresses(struct server *s)
{
	const struct config *c = s->config;

	s->addresses = (struct im_addresses){
		.domains = c->domains.v,
		.domains_n = c->domains.n,
		.exploder = c->service_uris.exploder,
		.deferred = c->service_uris.deferred,
		.history = c->service_uris.history,
		.system_message = c->service_uris.system_message,
		.factory = c->conference.factory,
	};
}


static void configure_deferred(struct server *s, const struct config *c)
{
	deferred_configure(s->deferred, &(struct deferred_config){
						.expiry_s = c->deferred.expiry_s,
						.quota = (uint32_t)c->deferred.quota,
						.push = c->deferred.push,
					});
}


static int start_deferred(struct server *s)
{
	int err = deferred_alloc(&s->deferred,
				 &(struct deferred_params){
					 .sip = s->sip,
					 .store = s->store,
					 .registrations = s->registrations,
					 .subscribers = s->subscribers,
					 .setting = s->embedded ? setting_embedded_im(s->embedded)
								: setting_ims_im(s->ims),
					 .addresses = s->addresses,
				 });

	if (err)
		return err;
	configure_deferred(s, s->config);
	im_set_keeper(s->im, deferred_keeper(s->deferred));
	return charging_alloc(&s->charging, s->loop, im_events(s->im), s->config->charging.file);
}


static void configure_history(struct server *s, const struct config *c)
{
	history_configure(s->history, &(struct history_config){
					      .enabled = c->history.enabled,
					      .expiry_s = c->history.expiry_s,
					      .quota = {c->history.messages, c->history.size},
				      });
}


static int start_history(struct server *s)
{
	int err = history_alloc(&s->history, &(struct history_params){
						     .loop = s->loop,
						     .store = s->store,
						     .subscribers = s->subscribers,
					     });

	if (err)
		return err;
	configure_history(s, s->config);
	im_set_recorder(s->im, history_recorder(s->history));
	deferred_set_recorder(s->deferred, history_recorder(s->history));
	history_start(s->history);
	return 0;
}


static int start_service(struct server *s, struct buf *why)
{
	struct im_rules rules;
	bool embedded = s->config->core == CONFIG_CORE_EMBEDDED;
	int err = embedded ? start_embedded(s) : start_ims(s);

	set_addresses(s);
	if (!err)
		err = service_rules_init(&rules, s->config, why);
	if (!err)
		err = im_alloc(&s->im,
			       &(struct im_params){
				       .sip = s->sip,
				       .store = s->store,
				       .subscribers = s->subscribers,
				       .registrations = s->registrations,
				       .rules = rules,
				       .setting = embedded ? setting_embedded_im(s->embedded)
							   : setting_ims_im(s->ims),
				       .addresses = s->addresses,
				       .log_addresses = s->config->log.addresses,
				       .dialogs = s->dialogs,
				       .msrp = s->msrp,
				       .trust = !embedded,
			       });
	if (!err)
		err = start_deferred(s);
	if (!err)
		err = start_history(s);
	if (!err)
		err = dispatch_alloc(&s->dispatch,
				     &(struct dispatch_params){
					     .sip = s->sip,
					     .im = s->im,
					     .dialogs = s->dialogs,
					     .addresses = &s->addresses,
					     .setting = embedded ? setting_embedded_dispatch(
									   s->embedded)
								 : setting_ims_dispatch(s->ims),
				     });
	return err;
}


/* What an operator may ask afterwards has to be listened to from the beginning. */
static int start_insight(struct server *s)
{
	int err = journal_alloc(&s->journal, s->loop, im_events(s->im), JOURNAL_ENTRIES_MAX,
				JOURNAL_BYTES_MAX);

	if (err)
		return err;
	return traces_alloc(&s->traces, &(struct traces_params){
						.loop = s->loop,
						.sip = s->sip,
						.events = im_events(s->im),
						.domain = s->config->domains.v[0],
					});
}


static int start_admin(struct server *s, bool http, struct buf *why)
{
	char text[ADDR_TEXT_MAX];
	int err = operator_alloc(&s->desk, &(struct operator_params){
						   .loop = s->loop,
						   .sip = s->sip,
						   .store = s->store,
						   .core = s->core,
						   .registrations = s->registrations,
						   .subscribers = s->subscribers,
						   .deferred = s->deferred,
						   .system = im_system(s->im),
						   .traces = s->traces,
						   .journal = s->journal,
						   .sessions = im_sessions(s->im),
						   .groups = s->groups,
					   });

	if (err)
		return err;
	operator_set_config(s->desk, s->config);
	err = admin_alloc(&s->admin, operator_services(s->desk));
	if (err || !http)
		return err;
	err = admin_front_open(&s->front, s->admin, s->loop, &s->config->admin_listen);
	if (err)
		buf_printf(why,
			   "cannot listen on %s: %s: choose another address for `admin.listen`, or "
			   "stop what uses this one",
			   addr_text(&s->config->admin_listen, text), strerror(-err));
	return err;
}


static void on_restored(int error, void *arg)
{
	struct server *s = arg;

	if (error)
		log_error("server",
			  "cannot read the registrations: %s: devices must register again",
			  strerror(-error));
	else
		log_notice("server", "started: %zu users registered with %zu devices",
			   registrations_users(s->registrations),
			   registrations_devices(s->registrations));
	if (s->ims)
		setting_ims_restored(s->ims);
	deferred_start(s->deferred, im_events(s->im));
}


static void on_trouble(struct store *store, int error, struct str text, void *arg)
{
	(void)arg;
	if (error)
		log_error("store", "%s: " STR_FMT, store_backend_name(store), STR_ARG(text));
	else
		log_notice("store", "%s: well again", store_backend_name(store));
}


static void register_counters(void)
{
	sip_counters_register();
	sip_dialogs_counters_register();
	sip_invite_counters_register();
	msrp_counters_register();
	im_sessions_counters_register();
	reg_events_counters_register();
	im_counters_register();
	deferred_counters_register();
	history_counters_register();
	charging_counters_register();
	admin_counters();
	http_counters();
}


static int start(struct server *s, bool http, struct buf *why)
{
	int err = start_store(s, why);

	if (!err)
		err = start_sip(s, why);
	if (!err)
		err = start_registrations(s);
	if (!err)
		err = start_msrp(s, why);
	if (!err)
		err = start_service(s, why);
	if (!err)
		err = start_listeners(s, why);
	if (!err)
		err = start_insight(s);
	if (!err)
		err = start_admin(s, http, why);
	if (!err)
		err = registrations_restore(s->registrations, on_restored, s);
	if (!err)
		store_watch_trouble(s->store, on_trouble, s);
	return err;
}


static void destroy(void *object)
{
	struct server *s = object;

	timer_cancel(&s->stop_look);
	if (s->store)
		store_watch_trouble(s->store, NULL, NULL);
	s->front = mem_unref(s->front);
	if (s->admin)
		admin_close(s->admin);
	s->admin = mem_unref(s->admin);
	s->desk = mem_unref(s->desk);
	if (s->im && im_sessions(s->im))
		im_sessions_stop(im_sessions(s->im));
	if (s->dialogs)
		sip_dialogs_close(s->dialogs);
	if (s->deferred)
		deferred_stop(s->deferred);
	/* The engine first: ending what is pending tells the service, which must still be there. */
	s->sip = mem_unref(s->sip);
	s->dispatch = mem_unref(s->dispatch);
	s->charging = mem_unref(s->charging);
	s->im = mem_unref(s->im);
	s->deferred = mem_unref(s->deferred);
	s->history = mem_unref(s->history);
	s->traces = mem_unref(s->traces);
	s->journal = mem_unref(s->journal);
	s->embedded = mem_unref(s->embedded);
	s->ims = mem_unref(s->ims);
	s->core = mem_unref(s->core);
	s->registrations = mem_unref(s->registrations);
	s->groups = mem_unref(s->groups);
	s->subscribers = mem_unref(s->subscribers);
	s->dialogs = mem_unref(s->dialogs);
	s->msrp = mem_unref(s->msrp);
	s->store = mem_unref(s->store);
	if (s->own_dns && s->dns)
		s->dns->close(s->dns);
	s->tls_listen = mem_unref(s->tls_listen);
	s->tls_connect = mem_unref(s->tls_connect);
	s->config = mem_unref(s->config);
	s->loop = mem_unref(s->loop);
}


int server_start(struct server **ret, const struct server_params *p, struct buf *why)
{
	struct server *s = mem_alloc(sizeof(*s), destroy);

	if (!s)
		return -ENOMEM;
	register_counters();
	s->loop = mem_ref(p->loop);
	s->dns = p->dns;
	s->config = mem_ref(p->config);
	int err = start(s, p->http, why);
	if (err) {
		if (!why->n)
			buf_printf(why, "cannot start: %s: give the machine more of it",
				   strerror(-err));
		mem_unref(s);
		return err;
	}
	*ret = s;
	return 0;
}


/* ---- Stopping ---- */

static void look(struct timer *t, void *arg)
{
	struct server *s = arg;
	bool idle = !sip_pending(s->sip) && !store_waiting(s->store) && !im_under_way(s->im) &&
		    !deferred_under_way(s->deferred) && !history_under_way(s->history);

	if (!idle && loop_now_ms(s->loop) < s->stop_by_ms) {
		timer_start(t, loop_timers(s->loop), STOP_LOOK_MS, look, s);
		return;
	}
	if (!idle)
		log_warning("server", "stopping with work unfinished: transactions=%zu",
			    sip_pending(s->sip));
	s->stopped(s->stopped_arg);
}


void server_stop(struct server *s, uint32_t grace_ms, void (*stopped)(void *arg), void *arg)
{
	s->stopped = stopped;
	s->stopped_arg = arg;
	s->stop_by_ms = loop_now_ms(s->loop) + grace_ms;
	dispatch_stop(s->dispatch);
	if (im_sessions(s->im))
		im_sessions_stop(im_sessions(s->im));
	if (s->msrp)
		msrp_endpoint_shutdown(s->msrp);
	deferred_stop(s->deferred);
	operator_set_stopping(s->desk);
	timer_start(&s->stop_look, loop_timers(s->loop), 0, look, s);
}


/* ---- Reloading ---- */

static int reload_rules(struct server *s, const struct config *fresh, struct buf *why)
{
	struct operator_policy *policy = NULL;
	struct im_rules rules;
	int err = service_rules_init(&rules, fresh, why);

	if (!err)
		err = service_policy_alloc(&policy, fresh);
	if (err)
		return err;
	im_set_rules(s->im, &rules);
	subscribers_set_policy(s->subscribers, policy);
	mem_unref(policy);
	return 0;
}


int server_reload(struct server *s, struct config *fresh, struct buf *why)
{
	struct buf keys = BUF_INIT(CONFIG_TEXT_MAX);
	int err = 0;

	if (s->tls_listen)
		err = tls_config_reload(s->tls_listen, why);
	if (!err)
		err = tls_config_reload(s->tls_connect, why);
	if (!err)
		err = reload_rules(s, fresh, why);
	if (err)
		return err;
	log_set_level(fresh->log.level);
	configure_deferred(s, fresh);
	configure_history(s, fresh);
	operator_set_config(s->desk, fresh);
	(void)charging_reopen(s->charging, fresh->charging.file);
	if (config_restart_keys(s->config, fresh, &keys))
		buf_printf(why, "these need a restart: " STR_FMT, STR_ARG(buf_str(&keys)));
	buf_done(&keys);
	return 0;
}


struct store *server_store(struct server *s)
{
	return s->store;
}


struct admin *server_admin(struct server *s)
{
	return s->admin;
}


struct config *server_config(struct server *s)
{
	return s->config;
}
