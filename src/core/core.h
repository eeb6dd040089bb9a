/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The embedded SIP/IP core: for networks that have none. It knows the accounts (core/accounts.h), finds
 * out who sends (core/authentication.h) and where users are (core/registrar.h).
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/str.h"
#include "store/store.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

struct core;

struct core_params {
	struct loop *loop;
	struct store *store; /**< references are taken to these three */
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct str realm;  /**< of digest authentication: the first domain; copied */
	bool authenticate; /**< false: From is believed (a laboratory's choice) */
	uint32_t digest;   /**< what is offered, a set of 1u << enum digest_algorithm; 0: all */
	/** 0: the defaults below. */
	uint32_t min_expires_s, default_expires_s, max_expires_s, max_contacts;
	/** Service-Route of the 200 to REGISTER (RFC 3608), "<sip:host;lr>"; empty: none; copied. */
	struct str service_route;
};

#define CORE_MIN_EXPIRES_S 60
#define CORE_DEFAULT_EXPIRES_S 3600
#define CORE_MAX_EXPIRES_S 86400
#define CORE_MAX_CONTACTS 10

/** Counted. -ENOMEM, -EINVAL (no realm). */
int core_alloc(struct core **ret, const struct core_params *p);
struct str core_realm(const struct core *c);

#endif
