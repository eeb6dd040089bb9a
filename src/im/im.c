/* SPDX-License-Identifier: Apache-2.0 */
/* The service: hands each request to the function that plays the role. */

#include "im/im.h"

#include <errno.h>

#include "base/mem.h"
#include "im/participating/offer.h"
#include "im/participating/participating.h"
#include "im/participating/session.h"
#include "im/system/system_message.h"

struct im {
	struct im_events events;
	struct im_log log;
	struct im_addresses addresses;
	struct str host; /**< our name in Warning headers */
	struct im_rules rules;
	struct participating *participating;
	struct im_system *system;
	struct im_sessions *sessions; /**< NULL: none pass through here */
};


static void destroy(void *object)
{
	struct im *im = object;

	mem_unref(im->participating);
	mem_unref(im->sessions);
	mem_unref(im->system);
}


static void on_answer(struct im_request *r, void *arg)
{
	struct im *im = arg;

	im_system_receive(im->system, r);
}


static int start_sessions(struct im *im, const struct im_params *p)
{
	if (!p->dialogs)
		return 0;
	return im_sessions_alloc(&im->sessions, &(struct im_sessions_params){
							.sip = p->sip,
							.dialogs = p->dialogs,
							.msrp = p->msrp,
							.events = &im->events,
							.addresses = im->addresses,
							.rules = &im->rules,
							.trust = p->trust,
							.judge = offer_judge_session,
							.judge_arg = &im->host,
						});
}


static int start(struct im *im, const struct im_params *p)
{
	int err = participating_alloc(&im->participating, p, &im->rules, &im->events);

	if (!err)
		err = start_sessions(im, p);
	if (!err)
		err = im_system_alloc(&im->system, &(struct im_system_params){
							   .sip = p->sip,
							   .store = p->store,
							   .subscribers = p->subscribers,
							   .registrations = p->registrations,
							   .setting = p->setting,
							   .addresses = &im->addresses,
							   .rules = &im->rules,
						   });
	if (!err) {
		participating_set_sessions(im->participating, im->sessions);
		participating_on_answer(im->participating, on_answer, im);
	}
	return err;
}


int im_alloc(struct im **ret, const struct im_params *p)
{
	struct im *im = mem_alloc(sizeof(*im), destroy);

	if (!im)
		return -ENOMEM;
	im_events_init(&im->events);
	im_events_log(&im->events, &im->log, p->log_addresses);
	im->addresses = p->addresses;
	im->host = p->addresses.domains_n ? p->addresses.domains[0] : STR("");
	im->rules = p->rules;
	int err = start(im, p);
	if (err) {
		mem_unref(im);
		return err;
	}
	*ret = im;
	return 0;
}


struct im_events *im_events(struct im *im)
{
	return &im->events;
}


struct im_sessions *im_sessions(struct im *im)
{
	return im->sessions;
}


struct im_system *im_system(struct im *im)
{
	return im->system;
}


void im_set_rules(struct im *im, const struct im_rules *rules)
{
	im->rules = *rules;
}


void im_set_keeper(struct im *im, const struct im_keeper *keeper)
{
	participating_set_keeper(im->participating, keeper);
	if (im->sessions)
		im_sessions_set_keeper(im->sessions, keeper);
}


void im_set_recorder(struct im *im, const struct im_recorder *recorder)
{
	participating_set_recorder(im->participating, recorder);
	if (im->sessions)
		im_sessions_set_recorder(im->sessions, recorder);
}


void im_set_focus(struct im *im, const struct im_focus *focus)
{
	participating_set_focus(im->participating, focus);
}


void im_on_retrieval(struct im *im, void (*receive)(struct im_request *r, void *arg), void *arg)
{
	participating_on_retrieval(im->participating, receive, arg);
}


void im_receive(struct im *im, struct im_request *r)
{
	participating_receive(im->participating, r);
}


size_t im_under_way(const struct im *im)
{
	return participating_under_way(im->participating) + im_system_under_way(im->system);
}
