/* SPDX-License-Identifier: Apache-2.0 */
/* What the service consists of: the setting it stands in, and its functions, each with what it needs of the others. */

#include "server/server_state.h"

#include "charging/charging.h"
#include "core/core.h"
#include "im/controlling/controlling.h"
#include "im/deferred/deferred.h"
#include "im/history/history.h"
#include "im/im.h"
#include "im/retrieval/retrieval.h"
#include "server/config.h"
#include "server/dispatch.h"
#include "server/service_rules.h"
#include "server/setting_embedded.h"
#include "server/setting_ims.h"
#include "sip/digest.h"

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


/* ---- What is kept ---- */

static void configure_deferred(struct server *s, const struct config *c)
{
	deferred_configure(s->deferred, &(struct deferred_config){
						.expiry_s = c->deferred.expiry_s,
						.quota = (uint32_t)c->deferred.quota,
						.size = c->deferred.size,
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
					 .dialogs = s->dialogs,
					 .msrp = s->msrp,
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
	if (s->retrievals)
		retrievals_set_history_expiry(s->retrievals, c->history.expiry_s);
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


static void on_retrieval(struct im_request *r, void *arg)
{
	struct server *s = arg;

	retrievals_receive(s->retrievals, r);
}


static int start_retrievals(struct server *s)
{
	int err = retrievals_alloc(&s->retrievals, &(struct retrievals_params){
							   .sip = s->sip,
							   .dialogs = s->dialogs,
							   .msrp = s->msrp,
							   .store = s->store,
							   .handout = deferred_handout(s->deferred),
							   .events = im_events(s->im),
							   .addresses = s->addresses,
							   .trust = !s->embedded,
						   });

	if (err)
		return err;
	retrievals_set_history_expiry(s->retrievals, s->config->history.expiry_s);
	im_on_retrieval(s->im, on_retrieval, s);
	return 0;
}


static int start_own(struct server *s)
{
	return im_own_alloc(&s->own,
			    &(struct im_own_params){
				    .sip = s->sip,
				    .setting = s->embedded ? setting_embedded_im(s->embedded)
							   : setting_ims_im(s->ims),
				    .addresses = s->addresses,
			    });
}


/* ---- The focus ---- */

static int focus_is_for(const struct im_request *r, void *arg)
{
	struct server *s = arg;

	return controlling_is_for(s->controlling, r);
}


static void focus_receive(struct im_request *r, void *arg)
{
	struct server *s = arg;

	controlling_receive(s->controlling, r, NULL, NULL);
}


static void configure_controlling(struct server *s, const struct config *c)
{
	controlling_configure(s->controlling,
			      &(struct controlling_config){
				      .max_participants = c->conference.max_participants,
				      .max_duration_s = (uint32_t)c->conference.max_duration_s,
				      .idle_s = (uint32_t)c->conference.idle_s,
				      .session_expires_s = c->timers.session_expires,
				      .min_se_s = c->timers.min_se,
			      });
}


static int start_controlling(struct server *s)
{
	int err = controlling_alloc(
		&s->controlling, &(struct controlling_params){
					 .sip = s->sip,
					 .dialogs = s->dialogs,
					 .msrp = s->msrp,
					 .store = s->store,
					 .groups = s->groups,
					 .subscribers = s->subscribers,
					 .registrations = s->registrations,
					 .events = im_events(s->im),
					 .setting = s->embedded ? setting_embedded_im(s->embedded)
								: setting_ims_im(s->ims),
					 .addresses = s->addresses,
					 .own = s->own,
					 .trust = !s->embedded,
				 });

	if (err)
		return err;
	configure_controlling(s, s->config);
	s->focus = (struct im_focus){.is_for = focus_is_for,
				     .receive = focus_receive,
				     .groups = s->groups,
				     .own = s->own,
				     .arg = s};
	im_set_focus(s->im, &s->focus);
	return 0;
}


/* ---- All of it ---- */

int server_service_start(struct server *s, struct buf *why)
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
		err = start_retrievals(s);
	if (!err)
		err = start_own(s);
	if (!err)
		err = start_controlling(s);
	if (!err)
		err = dispatch_alloc(&s->dispatch,
				     &(struct dispatch_params){
					     .sip = s->sip,
					     .im = s->im,
					     .dialogs = s->dialogs,
					     .own = s->own,
					     .addresses = &s->addresses,
					     .setting = embedded ? setting_embedded_dispatch(
									   s->embedded)
								 : setting_ims_dispatch(s->ims),
				     });
	return err;
}


void server_service_configure(struct server *s, const struct config *c)
{
	configure_deferred(s, c);
	configure_history(s, c);
	configure_controlling(s, c);
}
