/* SPDX-License-Identifier: Apache-2.0 */
/* The composition root: in which order the parts of the server start and stop. */

#include "server/server_state.h"

#include <errno.h>

#include "admin/admin.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tls.h"
#include "charging/charging.h"
#include "core/core.h"
#include "http/http.h"
#include "im/controlling/controlling.h"
#include "im/deferred/deferred.h"
#include "im/history/history.h"
#include "im/im.h"
#include "im/participating/session.h"
#include "im/retrieval/retrieval.h"
#include "msrp/endpoint.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/journal.h"
#include "server/operator.h"
#include "server/service_rules.h"
#include "server/setting_ims.h"
#include "server/trace.h"
#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/sip.h"
#include "store/store.h"
#include "subscriber/group.h"
#include "subscriber/reg_event.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

/** How often a clean stop looks whether everything is finished. */
#define STOP_LOOK_MS 50


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
						   .controlling = s->controlling,
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
	controlling_start(s->controlling);
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
	retrievals_counters_register();
	charging_counters_register();
	controlling_counters_register();
	admin_counters();
	http_counters();
}


static int start(struct server *s, bool http, struct buf *why)
{
	int err = start_store(s, why);

	if (!err)
		err = server_sip_start(s, why);
	if (!err)
		err = start_registrations(s);
	if (!err)
		err = server_msrp_start(s, why);
	if (!err)
		err = server_service_start(s, why);
	if (!err)
		err = server_listeners_start(s, why);
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
	if (s->retrievals)
		retrievals_close(s->retrievals);
	if (s->controlling)
		controlling_stop(s->controlling);
	if (s->dialogs)
		sip_dialogs_close(s->dialogs);
	if (s->deferred)
		deferred_stop(s->deferred);
	/* The engine first: ending what is pending tells the service, which must still be there. */
	s->sip = mem_unref(s->sip);
	s->dispatch = mem_unref(s->dispatch);
	if (s->im)
		im_set_focus(s->im, NULL);
	s->controlling = mem_unref(s->controlling);
	s->charging = mem_unref(s->charging);
	s->im = mem_unref(s->im);
	s->retrievals = mem_unref(s->retrievals);
	s->own = mem_unref(s->own);
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
	s->tls_media = mem_unref(s->tls_media);
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
		    !deferred_under_way(s->deferred) && !history_under_way(s->history) &&
		    !retrievals_under_way(s->retrievals) && !controlling_under_way(s->controlling);

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
	controlling_stop(s->controlling);
	if (s->msrp)
		msrp_endpoint_shutdown(s->msrp);
	deferred_stop(s->deferred);
	history_stop(s->history);
	retrievals_stop(s->retrievals);
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
	if (!err && s->tls_media)
		err = tls_config_reload(s->tls_media, why);
	if (!err)
		err = reload_rules(s, fresh, why);
	if (err)
		return err;
	log_set_level(fresh->log.level);
	server_service_configure(s, fresh);
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
