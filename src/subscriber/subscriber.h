/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is known of a served user: account, settings, access rules, the operator's policy, system
 * messages that want an answer. Loaded once from the store and decoded, kept in a bounded cache, dropped
 * when something changes; so that the gates of the service need neither wait nor parse.
 *
 * The policy of the whole service is here too: the configuration's, with the store's records of scope ""
 * over it. Nobody is found before it was read.
 *
 * Setting `ims`: every user of a served domain is a subscriber, allowed unless an account says otherwise.
 * Setting embedded: an account must exist.
 *
 *     switch (subscribers_find(subs, aor, &s)) {
 *     case 0: go on with s;
 *     case -ENOENT: no user of ours;
 *     case -EAGAIN: subscriber_load(subs, &my->query, aor, loaded_cb, my);
 *     }
 */
#ifndef SUBSCRIBER_SUBSCRIBER_H
#define SUBSCRIBER_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "body/im_settings.h"
#include "sip/digest.h"
#include "store/store.h"
#include "subscriber/access_policy.h"
#include "subscriber/operator_policy.h"

struct subscribers;

/** Cached subscribers, some 600 bytes each without rules; the one not asked for longest leaves. */
#define SUBSCRIBERS_MAX 200000
/** Addresses known to be nobody's: a sender can make them up, so few and soon forgotten. */
#define SUBSCRIBERS_UNKNOWN_MAX 4096
#define SUBSCRIBERS_UNKNOWN_MS (60 * 1000)
/** The store could not be asked for the service's policy: again after this. */
#define SUBSCRIBERS_RETRY_MS (10 * 1000)
/** No system message waits for an answer. */
#define SUBSCRIBER_NEVER INT64_MAX
/** Served domains. */
#define SUBSCRIBERS_DOMAINS_MAX 64

/** Counted, never changed: a change makes a new one, who holds the old one keeps what was. */
struct subscriber {
	struct str aor;
	bool allowed; /**< may use the service at all (OMA IM 6.1.1.1 step 1) */
	bool account; /**< there is an account */
	int64_t created_ms;
	struct str realm;               /**< of the secret */
	struct digest_secret secret;    /**< for core/authentication.h alone */
	struct im_settings settings;    /**< of all devices together: im_settings_on */
	struct access_policy *access;   /**< NULL: no rules, everybody may */
	struct operator_policy *policy; /**< of this user alone; NULL: none */
	/** Wall clock: from then on a required answer to a system message is overdue; SUBSCRIBER_NEVER. */
	int64_t answer_due_ms;
	struct subscribers *cache; /**< private, as is what follows */
	struct hash_link link;
	struct list_link order;
};

struct subscribers_params {
	struct loop *loop;
	struct store *store;       /**< a reference is taken */
	const struct str *domains; /**< copied */
	size_t domains_n;
	bool ims;
	struct operator_policy
		*policy; /**< the configuration's; a reference is taken; NULL: none */
};

/** Counted. */
int subscribers_alloc(struct subscribers **ret, const struct subscribers_params *p);
/** The host of this AOR is a domain of ours. */
bool subscribers_serve(const struct subscribers *ss, struct str aor);
/** The IMS setting. */
bool subscribers_ims(const struct subscribers *ss);
/** This host is a domain of ours (any case). */
bool subscribers_serve_domain(const struct subscribers *ss, struct str host);

/**
 * 0: in the cache, *ret is borrowed (mem_ref to keep). -ENOENT: known to be nobody. -EAGAIN: ask
 * subscriber_load.
 */
int subscribers_find(struct subscribers *ss, struct str aor, struct subscriber **ret);

struct subscriber_query;
/** `s` is borrowed; NULL unless `error` is 0. -ENOENT: nobody; else the store's error. */
typedef void(subscriber_loaded_cb)(struct subscriber_query *q, int error, struct subscriber *s,
				   void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct subscriber_query {
	struct list_link link; /**< private */
	struct subscriber_load *load;
	subscriber_loaded_cb *cb;
	void *arg;
};

/** The callback comes later, once; several queries for one AOR are one look-up. -ENOMEM, -ENOBUFS. */
int subscriber_load(struct subscribers *ss, struct subscriber_query *q, struct str aor,
		    subscriber_loaded_cb *cb, void *arg);
void subscriber_load_cancel(struct subscriber_query *q);

/**
 * The user has changed in the store (account, documents, policy, system messages): what is cached is
 * dropped, what is being loaded comes anew. An empty `aor`: the service's policy has changed.
 */
void subscribers_drop(struct subscribers *ss, struct str aor);

/** The policy of the service. NULL: nothing is restricted. Borrowed until the loop's next turn. */
const struct operator_policy *subscribers_policy(const struct subscribers *ss);
/** The configuration says otherwise now. The records of the store are read again and laid over it. */
void subscribers_set_policy(struct subscribers *ss, struct operator_policy *configured);

#endif
