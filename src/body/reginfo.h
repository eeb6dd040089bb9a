/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Registration state: application/reginfo+xml (RFC 3680) to and from bytes.
 *
 * A registrar tells with it who is registered, with which contacts, and what became of them. A full
 * document replaces all that is known of the subscription; a partial one brings only the registrations
 * and contacts that have changed, to be matched by their ids (5.2). Keeping that table, and asking
 * anew when a version was skipped, is the subscriber's work.
 */
#ifndef BODY_REGINFO_H
#define BODY_REGINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define REGINFO_TYPE STR("application/reginfo+xml")
#define REGINFO_NS STR("urn:ietf:params:xml:ns:reginfo")
/** The implicitly registered set of a subscription has a handful of identities. */
#define REGINFO_REGISTRATIONS_MAX 64
/** Contacts of one registration; registrars allow about ten. */
#define REGINFO_CONTACTS_MAX 64
/** Contact parameters that the registrar passes on as "unknown": feature tags. */
#define REGINFO_PARAMS_MAX 64

enum reginfo_state { REGINFO_INIT, REGINFO_ACTIVE, REGINFO_TERMINATED };

/** Why a contact is in its state (5.1). */
enum reginfo_event {
	REGINFO_REGISTERED,
	REGINFO_CREATED,
	REGINFO_REFRESHED,
	REGINFO_SHORTENED,
	REGINFO_EXPIRED,
	REGINFO_DEACTIVATED,
	REGINFO_PROBATION,
	REGINFO_UNREGISTERED,
	REGINFO_REJECTED,
	REGINFO_EVENT_UNKNOWN, /**< not in RFC 3680 */
};

/** Stands for a number that the document does not have. */
#define REGINFO_ABSENT UINT64_MAX

struct reginfo_param {
	struct str name;  /**< "+g.oma.sip-im" */
	struct str value; /**< empty: none; may keep its quotes */
};

struct reginfo_contact {
	struct str id;
	struct str uri;
	struct str display_name;  /**< empty: none */
	enum reginfo_state state; /**< active or terminated */
	enum reginfo_event event;
	uint64_t expires_s, duration_s, retry_after_s, cseq; /**< REGINFO_ABSENT */
	struct str call_id, q;
	struct reginfo_param *params;
	size_t params_n;
};

struct reginfo_registration {
	struct str aor;
	struct str id;
	enum reginfo_state state;
	struct reginfo_contact *contacts;
	size_t contacts_n;
};

struct reginfo {
	uint32_t version;
	bool full;
	struct reginfo_registration *registrations;
	size_t registrations_n;
};

/**
 * Tables and texts go into `a`. -EBADMSG: not such a document, or a mandatory attribute is missing or
 * none of its values; -ENOBUFS: a ceiling, or the arena's; -ENOMEM.
 */
int reginfo_decode(struct reginfo *ret, struct str text, struct arena *a);
/** Appends the document. */
void reginfo_encode(const struct reginfo *r, struct buf *out);

/** A contact's parameter by name, any case, with or without its leading '+'. False: absent. */
bool reginfo_param(const struct reginfo_contact *c, struct str name, struct str *ret);

/** "active" …, "registered" …; "unknown". */
struct str reginfo_state_name(enum reginfo_state s);
struct str reginfo_event_name(enum reginfo_event e);

#endif
