/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The registration event package (RFC 3680) as an application server uses it (3GPP TS 24.229 5.7.1): what
 * devices a user has, and what they can do, is asked of the S-CSCF that told that the user is there.
 *
 * In order. A third-party REGISTER took effect (server/third_party.h): reg_events_watch. SUBSCRIBE goes to
 * the core, its Request-URI the user, From and P-Asserted-Identity the name by which the core called us
 * (the REGISTER's Request-URI: the one in its filter criteria). NOTIFY brings documents; what they say of
 * users of served domains becomes their bindings in the table (registration.h), one for each contact,
 * with the contact's parameters. The document may speak of the whole implicitly registered set: all of it is
 * taken. A version that was skipped makes a refresh, which brings the full state (5.2). When the user
 * leaves (reg_events_unwatch) the subscription ends.
 *
 * From the first document on the table is the documents' and a third-party REGISTER that refreshes changes
 * nothing (reg_events_know). When the core refuses the subscription, or it is lost, what is in the table
 * stays, and the next third-party REGISTER has its say again.
 *
 * After a restart nobody is watched until the first third-party REGISTER has told our name; then all
 * whom the table knows are, REG_EVENTS_BURST at a time.
 */
#ifndef SUBSCRIBER_REG_EVENT_H
#define SUBSCRIBER_REG_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sip/dialog.h"
#include "subscriber/registration.h"
#include "subscriber/subscriber.h"

struct reg_events;

/** SUBSCRIBEs that leave at once, and the pause before as many again: 2000 a second. */
#define REG_EVENTS_BURST 20
#define REG_EVENTS_PAUSE_MS 10
/** Texts of one contact: what fits into a binding. */
#define REG_EVENT_TEXT_MAX REGISTRATION_BINDING_MAX
/** Memory for one decoded document: some 64 contacts with 64 parameters each, as body/reginfo.h has them. */
#define REG_EVENT_ARENA_MAX (1u << 20)
/** A device of which nothing is known: it is here because of a filter criterion of the IM service. */
#define REG_EVENT_UNKNOWN_DEVICE STR("+g.oma.sip-im;+g.oma.sip-im.large-message")

struct reg_events_params {
	struct sip_dialogs *dialogs; /**< references are taken */
	struct registrations *registrations;
	struct subscribers *subscribers;
	struct str next_hop;    /**< URI; empty: the Contact of the REGISTER */
	uint32_t expires_s;     /**< of the subscription */
	uint32_t max_expires_s; /**< of a contact, and of one that has no time */
};

/** Counted; with the last reference subscriptions are abandoned, nothing is sent. -ENOMEM. */
int reg_events_alloc(struct reg_events **ret, const struct reg_events_params *p);
void reg_events_counters_register(void);
/** The table has been restored: see above. */
void reg_events_resume(struct reg_events *re);
/**
 * The core has registered this user by `m`. Again is harmless. Without memory, or when it cannot be done,
 * the user stays as the REGISTER left him.
 */
void reg_events_watch(struct reg_events *re, struct str aor, const struct sip_msg *m);
/** The core has deregistered him; the others of his set leave with him. */
void reg_events_unwatch(struct reg_events *re, struct str aor);
/** A document has told of this user, and the subscription stands. */
bool reg_events_know(const struct reg_events *re, struct str aor);
/** The device's +sip.instance among Contact parameters, without quotes and <>; empty: none. */
struct str reg_event_instance(struct str params);

#endif
