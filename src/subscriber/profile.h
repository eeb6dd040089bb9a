/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reading a subscriber: the profile from the store in one read, decoded; and when the access rules speak of
 * lists, the user's resource-lists documents after it. Used by subscriber.c alone.
 */
#ifndef SUBSCRIBER_PROFILE_H
#define SUBSCRIBER_PROFILE_H

#include "store/document.h"
#include "subscriber/subscriber.h"

struct profile_read;
/** `s` is a reference the callee takes; NULL unless `error` is 0. -ENOENT: nobody; else the store's error. */
typedef void(profile_read_cb)(struct profile_read *p, int error, struct subscriber *s, void *arg);

struct profile_read_params {
	struct store *store;
	struct str aor;      /**< borrowed, until the end */
	struct str domain;   /**< likewise; of identities that are telephone numbers */
	bool account_needed; /**< without an account it is nobody */
};

/** Embedded; zeroed or finished, it is idle. */
struct profile_read {
	struct profile_read_params params; /**< private, as the rest */
	struct store_request request;
	struct subscriber *made;
	struct str
		names[ACCESS_DOCUMENTS_MAX]; /**< documents with lists that are still to be read */
	size_t names_n, next;
	char texts[ACCESS_DOCUMENTS_MAX * STORE_DOCUMENT_NAME_MAX];
	profile_read_cb *done;
	void *arg;
};

/** -ENOMEM, -ENOBUFS: nothing comes. */
int profile_read_start(struct profile_read *p, const struct profile_read_params *params,
		       profile_read_cb *done, void *arg);
void profile_read_cancel(struct profile_read *p);

#endif
