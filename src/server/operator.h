/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the server lends the operator: the services behind the admin API (admin/admin.h), made of the
 * embedded core's accounts, the registrations, the engine and the store.
 */
#ifndef SERVER_OPERATOR_H
#define SERVER_OPERATOR_H

#include "admin/admin.h"
#include "core/core.h"
#include "server/config.h"
#include "sip/sip.h"
#include "store/store.h"
#include "subscriber/registration.h"

struct controlling;
struct deferred;
struct groups;
struct im_sessions;
struct im_system;
struct journal;
struct traces;

struct operator_params {
	struct loop *loop;
	struct sip *sip;
	struct store *store;
	struct core *core; /**< NULL in the IMS setting: no accounts are kept */
	struct registrations *registrations;
	struct subscribers *subscribers;
	struct deferred *deferred; /**< NULL: none is kept here */
	struct im_system *system;  /**< NULL: no system messages are sent */
	struct traces *traces;
	struct journal *journal;
	struct im_sessions *sessions;    /**< NULL: none pass through here */
	struct groups *groups;           /**< NULL: nobody here looks at groups */
	struct controlling *controlling; /**< NULL: no conferences are held here */
};

struct operator_desk;

/** Counted; everything in `p` must outlive it. */
int operator_alloc(struct operator_desk **ret, const struct operator_params *p);
/** At the start, and after a reload; a reference is taken. */
void operator_set_config(struct operator_desk *o, struct config *config);
void operator_set_stopping(struct operator_desk *o);
const struct admin_services *operator_services(struct operator_desk *o);

#endif
