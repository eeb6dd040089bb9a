/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who is registered, and from which devices. In the embedded setting the registrar feeds this table
 * (core/registrar.h), in the IMS setting the third-party REGISTER of the core; the service reads it
 * and listens to it.
 *
 * In order, for a change. Somebody calls registrations_update for an address-of-record. Changes of one
 * user happen one after the other, in the order asked for (RFC 3261 10.3: "REGISTER requests MUST be
 * processed by a registrar in the order that they are received"); when it is this one's turn,
 * `prepare` is called with what holds now, and says what is to be different
 * (registration_update_set, _remove). The new set is written to the store as a whole; when it is on
 * disk the table changes, `done(0)` is called (the 200 leaves), then listeners are told. When the store
 * fails, nothing has changed and done(-errno) is called.
 *
 * By itself a binding leaves when it expires (by the wall clock, at most a second late; nobody is
 * routed to an expired one meanwhile), or when the connection of an outbound binding (RFC 5626: with
 * reg-id) closes. An ordinary binding whose connection closes keeps its contact, and is reached by that.
 *
 * At start registrations_restore reads what the store has, page by page; listeners are not told of it.
 *
 * Cost: a registered user with one device is about 1 kB (see tests/unit/subscriber).
 */
#ifndef SUBSCRIBER_REGISTRATION_H
#define SUBSCRIBER_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "sip/name_addr.h"
#include "sip/proxy.h"
#include "sip/transport.h"
#include "store/store.h"

struct registrations;
struct registration;

/** Devices of one user: also what one request can fork to. Who asks for more gets 403. */
#define REGISTRATION_DEVICES_MAX SIP_PROXY_BRANCHES_MAX
/** All texts of one binding together (contact, parameters, path, Call-ID, User-Agent…). */
#define REGISTRATION_BINDING_MAX 4096
/** Users in the table: memory (1 kB each) is finite; beyond it 503. */
#define REGISTRATIONS_MAX 2000000
/** Updates that wait for their turn at one user: a device sends one at a time. Beyond it -ENOBUFS. */
#define REGISTRATION_UPDATES_MAX 32

/** What a device can do, from the feature parameters of its Contact (RFC 3840). */
enum {
	/** +g.oma.sip-im, or a messaging service of CPM/RCS in +g.3gpp.icsi-ref: an IM client. */
	REGISTRATION_IM = 1 << 0,
	/**
	 * Takes a MESSAGE: an IM client, or methods= has MESSAGE, or nothing is known against it: no
	 * methods=, and no list of IMS services that has none of ours (RFC 3840 9: an absent
	 * parameter says nothing). A plain SIP client registers so.
	 */
	REGISTRATION_PAGER = 1 << 1,
	REGISTRATION_LARGE = 1 << 2, /**< +g.oma.sip-im.large-message or its ICSI */
	REGISTRATION_CPM = 1 << 3,   /**< has CPM/RCS tags: prefers that dialect (digest d) */
	REGISTRATION_SYSTEM_MESSAGE = 1 << 4, /**< +g.oma.sip-im.system-message or its ICSI */
	/** RFC 5626: the binding lives and dies with its flow. */
	REGISTRATION_OUTBOUND = 1 << 8,
	/**
	 * Behind NAT: reached at the address the REGISTER came from (RFC 3581), not at its contact's.
	 * Over TCP/TLS: on that connection as long as it stands.
	 */
	REGISTRATION_RECEIVED = 1 << 9,
};

/** One device. As a parameter: views, copied. In the table: valid until the table changes. */
struct registration_binding {
	uint64_t id;         /**< never used twice in one run; 0 in parameters */
	struct str contact;  /**< URI without <> */
	struct str params;   /**< Contact parameters as received, without q, expires */
	struct str instance; /**< +sip.instance without quotes and <>; empty: none */
	struct str call_id;
	struct str path; /**< Path values, comma list; empty: none */
	struct str user_agent;
	struct addr peer;      /**< where the REGISTER came from */
	uint64_t flow;         /**< connection, 0: none (UDP, or it closed) */
	int64_t registered_ms; /**< first registered or refreshed; wall clock */
	int64_t expires_ms;    /**< wall clock */
	uint32_t cseq;
	uint32_t reg_id; /**< 0: none */
	uint32_t flags;  /**< REGISTRATION_… */
	uint16_t q;      /**< thousandths */
	uint16_t socket; /**< UDP: listening socket */
	uint8_t kind;    /**< enum sip_transport_kind */
};

enum registration_event {
	REGISTRATION_REGISTERED,   /**< a new binding */
	REGISTRATION_REFRESHED,    /**< an old one again, perhaps changed */
	REGISTRATION_DEREGISTERED, /**< removed by request */
	REGISTRATION_EXPIRED,
	REGISTRATION_UNREACHABLE, /**< its flow closed (RFC 5626), or registrations_drop */
};

/** "registered", …: as RFC 3680's events where it has them. */
const char *registration_event_name(enum registration_event e);

/**
 * Told after the table has changed, once per binding; `b` is valid until return. A listener may read
 * the table and ask for updates, and must not remove listeners or drop the table. `user` is gone from
 * the table when it has no binding left, and still valid until return.
 */
struct registration_listener {
	void (*changed)(struct registration_listener *l, enum registration_event e,
			const struct registration *user, const struct registration_binding *b);
	void *arg;
	struct list_link link; /**< private */
};

struct registrations_params {
	struct loop *loop;
	struct store *store; /**< a reference is taken */
	/**
	 * A binding uses a connection, and no longer uses it: sip_flow_hold, sip_flow_release. hold returns
	 * false when it is gone. Both may be NULL.
	 */
	bool (*flow_hold)(uint64_t flow, void *arg);
	void (*flow_release)(uint64_t flow, void *arg);
	void *flow_arg;
};

/** Counted. -ENOMEM. */
int registrations_alloc(struct registrations **ret, const struct registrations_params *p);
/**
 * Loads what the store has; `done` is called once: 0, or the store's error. Until then nobody is
 * registered, and updates wait.
 */
int registrations_restore(struct registrations *rs, void (*done)(int error, void *arg), void *arg);

void registrations_listen(struct registrations *rs, struct registration_listener *l);
void registrations_unlisten(struct registrations *rs, struct registration_listener *l);

/** Who is registered under this canonical AOR (sip_uri_aor); NULL: nobody. Valid until the table changes. */
const struct registration *registrations_find(const struct registrations *rs, struct str aor);
struct str registration_aor(const struct registration *r);
size_t registration_count(const struct registration *r);
/** The i-th device, in order of first registration; it may have expired within the last second. */
const struct registration_binding *registration_binding(const struct registration *r, size_t i);
/** All users, in no order: NULL begins and ends. The table must not change meanwhile. */
const struct registration *registrations_next(const struct registrations *rs,
					      const struct registration *after);
/** Users, and devices of all of them. */
size_t registrations_users(const struct registrations *rs);
size_t registrations_devices(const struct registrations *rs);
/** A device that can do one of `flags` (0: any) is registered and can be reached now. */
bool registrations_reachable(const struct registrations *rs, struct str aor, uint32_t flags);

/* ---- Changing ---- */

struct registration_update;

struct registration_update_handler {
	/**
	 * This one's turn; perhaps before registrations_update returns. `now` is NULL when nobody is
	 * registered. 0: the changes asked for are to be made (there may be none). Anything else, a status
	 * or an error of the caller's: nothing is changed, and `done` gets it.
	 */
	int (*prepare)(struct registration_update *u, const struct registration *now, void *arg);
	/**
	 * 0: on disk and visible; else nothing has changed: -errno, or what `prepare` said. Never before
	 * registrations_update returns; `u` is idle.
	 */
	void (*done)(struct registration_update *u, int error, void *arg);
};

/** Embedded by the caller; zeroed or finished, it is idle. */
struct registration_update {
	struct registration_change *change; /**< private, as the rest */
	const struct registration_update_handler *handler;
	void *arg;
};

/** 0, and `prepare` and `done` come; -ENOMEM, -ENOBUFS (a ceiling): nothing comes. */
int registrations_update(struct registrations *rs, struct registration_update *u, struct str aor,
			 const struct registration_update_handler *h, void *arg);
/**
 * In `prepare`: add `b`, or put it in the place of `old` (of `now`; NULL: a new one). -ENOMEM, -ENOBUFS (too
 * many devices, too much text): the update fails, and `done` says so unless `prepare` says otherwise.
 */
int registration_update_set(struct registration_update *u, const struct registration_binding *old,
			    const struct registration_binding *b);
/** In `prepare`: without this one. */
void registration_update_remove(struct registration_update *u,
				const struct registration_binding *old);
/** No callback follows; a write that is under way is made, and becomes visible. */
void registration_update_cancel(struct registration_update *u);

/** A connection closed. */
void registrations_flow_closed(struct registrations *rs, uint64_t flow);
/** A device answered 430 (RFC 5626 11.5) or is known to be gone: leave it out until it registers again. */
void registrations_drop(struct registrations *rs, struct str aor, uint64_t id);
/** Forgets a user at once, in the table only: the account was deleted (the store has done its part). */
void registrations_forget(struct registrations *rs, struct str aor);

/* ---- Routing ---- */

/** Texts are views into the table: valid until it changes (sip_proxy_forward copies). */
struct registration_targets {
	size_t n;
	/** `user` is the binding's id: registration_target_id. */
	struct sip_proxy_target target[REGISTRATION_DEVICES_MAX];
	struct sip_hop hop[REGISTRATION_DEVICES_MAX];
	const struct registration_binding *binding[REGISTRATION_DEVICES_MAX];
};

/**
 * The devices that can do one of `flags` (0: all), highest q first, most recent first among equals; of
 * one instance only the newest binding (RFC 5626 7). Returns their number.
 */
size_t registrations_targets(const struct registrations *rs, struct str aor, uint32_t flags,
			     struct registration_targets *ret);


static inline uint64_t registration_target_id(const void *user)
{
	return (uint64_t)(uintptr_t)user;
}


/** REGISTRATION_IM … from Contact parameters (or from those of a third-party REGISTER's contact). */
uint32_t registration_features(struct str contact_params);

#endif
