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

struct operator_params {
	struct loop *loop;
	struct sip *sip;
	struct store *store;
	struct core *core; /**< NULL in the IMS setting: no accounts are kept */
	struct registrations *registrations;
	struct subscribers *subscribers;
};

struct operator_desk;

/** Counted; everything in `p` must outlive it. `config` is asked for again after a reload. */
int operator_alloc(struct operator_desk **ret, const struct operator_params *p);
void operator_set_config(struct operator_desk *o, const struct config *config);
void operator_set_stopping(struct operator_desk *o);
const struct admin_services *operator_services(struct operator_desk *o);

#endif
