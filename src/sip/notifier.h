/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A subscription on the notifier's side: RFC 6665 4.2.
 *
 * In order. The service gets a SUBSCRIBE, knows the package and has authorised the subscriber; it calls
 * sip_notifier_accept, which answers 200 with Expires (or 423, 400) and sends the NOTIFY that must
 * follow at once. Its body comes from `state`. When something has changed the service says
 * sip_notifier_changed; `state` is asked as soon as no other NOTIFY is under way, so that a slow
 * subscriber gets the latest and not a queue. Refreshes are answered here, and each is followed by a
 * NOTIFY with the full state. A REFER makes a subscription, too (RFC 3515 2.4.4): it is answered 202, and all else
 * is the same. It ends with the subscriber's Expires: 0, by its time, by
 * sip_notifier_terminate, or when a NOTIFY fails as 4.2.2 lists; `ended` is called once in each case.
 */
#ifndef SIP_NOTIFIER_H
#define SIP_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sip/dialog.h"
#include "sip/event_header.h"

struct sip_notifier;

/** Body of one NOTIFY: what fits into a message beside its headers. */
#define SIP_NOTIFIER_BODY_MAX 60000

/**
 *   PENDING ---> ACTIVE
 *      |           |
 *      '-----------'---> ENDING (the last NOTIFY is under way) ---> TERMINATED
 */
enum sip_notifier_state {
	SIP_NOTIFIER_PENDING,
	SIP_NOTIFIER_ACTIVE,
	SIP_NOTIFIER_ENDING,
	SIP_NOTIFIER_TERMINATED,
};
extern const struct sm_table sip_notifier_machine;

struct sip_notifier_handler {
	/**
	 * The body of a NOTIFY that is about to leave. `full`: all of it (after SUBSCRIBE, or after a NOTIFY
	 * that failed); else what changed since the last. Returns its Content-Type, valid until the next
	 * call; empty: no body. Not called while pending.
	 */
	struct str (*state)(struct sip_notifier *n, bool full, struct buf *body, void *arg);
	/** It is over. The owner drops its reference here or later. */
	void (*ended)(struct sip_notifier *n, void *arg);
};

struct sip_notifier_params {
	struct sip_dialogs *dialogs;
	struct sip_server_txn *st;
	const struct sip_msg *m;
	const struct sip_source *src;
	const struct sip_hop *hop; /**< of a device; may be NULL */
	struct sip_dialog *dialog; /**< that the request came in; NULL: it makes one */
	/** `m` is a REFER: Event is refer, with its CSeq as id when it came in a dialog (RFC 3515 2.4.6). */
	bool refer;
	uint32_t min_s, default_s, max_s;
	bool pending; /**< nobody has allowed it yet: sip_notifier_allow */
	struct str contact_user;
	struct str contact_params; /**< behind its '>': ";isfocus"; empty: none */
	struct str headers;        /**< further header lines of the 200 and of each NOTIFY */
	const struct sip_notifier_handler *handler;
	void *arg;
};

/**
 * Always answers `st`. 0: *ret is a reference, and NOTIFY follows at the end of the turn. A fetch
 * (Expires: 0) is 0 too: `ended` follows its NOTIFY. -EBADMSG: answered 400 or 423; -ENOMEM, -ENOBUFS:
 * answered 500.
 */
int sip_notifier_accept(struct sip_notifier **ret, const struct sip_notifier_params *p);
/** Something has changed. */
void sip_notifier_changed(struct sip_notifier *n);
/** From pending to active. */
void sip_notifier_allow(struct sip_notifier *n);
/** A last NOTIFY with this reason; `retry_after_s` 0: none. `ended` follows. */
void sip_notifier_terminate(struct sip_notifier *n, enum sip_subreason reason,
			    uint32_t retry_after_s);
/** The same, and no callback follows: takes the reference. NULL is fine; returns NULL. */
void *sip_notifier_end(struct sip_notifier *n);
enum sip_notifier_state sip_notifier_state(const struct sip_notifier *n);

#endif
