/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the registration table: its objects, and what its source files share.
 *
 * A user owns a set of devices; the set is an array that is replaced when an update becomes visible.
 * A device is one allocation, texts behind it; a set that is being prepared shares with the present one
 * the devices that are not changed. A device that left by itself (expired, flow closed) is marked
 * `gone`, so that a set prepared before then leaves it out.
 */
#ifndef SUBSCRIBER_REGISTRATION_TABLE_H
#define SUBSCRIBER_REGISTRATION_TABLE_H

#include "base/mem.h"
#include "store/binding.h"
#include "subscriber/expiry_wheel.h"
#include "subscriber/registration.h"

/** After something left by itself, the store's copy is deleted within this time. */
#define REGISTRATION_PURGE_MS (10 * 60 * 1000)

struct registration_device {
	struct registration_binding b;
	struct registration *user; /**< NULL: not in the table */
	struct expiry expiry;
	struct hash_link flow;
	bool held; /**< flow_hold succeeded */
	bool gone;
	char text[];
};

struct registration_set {
	size_t n;
	struct registration_device *device[];
};

struct registration {
	struct hash_link link;
	struct list_link order;             /**< among users that have devices */
	struct registrations *table;        /**< borrowed */
	struct registration_set *set;       /**< NULL: no devices */
	struct registration_change *change; /**< under way */
	struct list waiting;                /**< changes that wait for their turn */
	struct str aor;
	char text[];
};

/** One step of one user: waiting, being prepared, being written, becoming visible. */
struct registration_change {
	struct list_link link;              /**< while it waits */
	struct list_link held;              /**< while the table is being restored */
	struct registration *user;          /**< a reference */
	struct registration_update *update; /**< NULL: cancelled, or our own */
	struct store_request request;
	struct deferred_call finish;
	struct registration_set *set; /**< what will be, once prepared */
	int error;
	bool unchanged;
	bool erase; /**< the user was forgotten meanwhile */
	size_t n;
	struct registration_device *device[REGISTRATION_DEVICES_MAX];
	struct registration_device *replaces[REGISTRATION_DEVICES_MAX]; /**< references too */
};

struct registrations {
	struct loop *loop;
	struct store *store;
	struct registrations_params params;
	struct hash_table users;
	struct hash_table flows;
	struct list order;
	struct list listeners;
	struct list held; /**< changes that came while restoring */
	struct expiry_wheel wheel;
	struct timer purge;
	struct store_request purging;
	size_t devices, all; /**< all: users with and without devices */
	uint64_t last_id;
	bool restoring;
	struct store_request page;
	void (*restored)(int error, void *arg);
	void *restored_arg;
};

/** A copy that is in no table yet; NULL: out of memory. */
struct registration_device *registration_device_make(const struct registration_binding *b);
/** Bytes of all its texts. */
size_t registration_text_size(const struct registration_binding *b);
/** Into and out of the table: expiry, flow, count. */
void registration_device_enter(struct registration *user, struct registration_device *d);
void registration_device_leave(struct registration_device *d);

/** Finds or makes; NULL: out of memory or the table is full (`*error`). */
struct registration *registration_get(struct registrations *rs, struct str aor, int *error);
/** Leaves the table when nothing holds it there. */
void registration_tidy(struct registration *r);
/** A set with room for `n`; unref drops the devices. */
struct registration_set *registration_set_alloc(size_t n);
/** The user's set is now this one (takes it; NULL: none): bookkeeping of the table only. */
void registration_put_set(struct registration *r, struct registration_set *set);
void registration_tell(struct registration *r, enum registration_event e,
		       const struct registration_binding *b);
void registration_purge_later(struct registrations *rs);
/** Starts the next change that waits for its turn at this user. */
void registration_run(struct registration *r);
/** Everything this user has under way ends without a callback. */
void registration_abandon(struct registration *r);
/** Writes the user's present set once more, as the next change. */
void registration_rewrite(struct registration *r);

/** Between the table's and the store's form. `source` is where its text is put. */
#define REGISTRATION_SOURCE_MAX (ADDR_TEXT_MAX + 8)
void registration_binding_store(const struct registration_binding *b, struct str aor,
				char source[static REGISTRATION_SOURCE_MAX],
				struct store_binding *ret);
/** -EBADMSG: not written by us. */
int registration_binding_load(struct registration_binding *ret, const struct store_binding *b);

#endif
