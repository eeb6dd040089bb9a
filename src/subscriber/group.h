/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The groups that this server hosts: IM Group Identity -> group (body/group.h), read from the store, decoded, kept
 * while they are used, dropped when their document changes.
 *
 * A group's document lies in the store under the group's identity (STORE_AUID_GROUPS, STORE_NAME_GROUP), as
 * Shared-Group XDM shows it in global/byGroupID (digest c7). Since every address that a request is for might
 * be a group's, all identities are read at the start and kept: that somebody is no group costs one look-up in
 * memory. Until they have been read, and beyond GROUPS_MAX of them, the store is asked.
 *
 * The members of lists that the group refers to (<external>) are added to its own when it is read, as far as the
 * lists are resource-lists documents of users in our store; what cannot be followed stays among its externals.
 *
 *     switch (groups_find(groups, identity, &g)) {
 *     case 0: go on with g;
 *     case -ENOENT: no group;
 *     case -EAGAIN: group_load(groups, &my->query, identity, loaded_cb, my);
 *     }
 */
#ifndef SUBSCRIBER_GROUP_H
#define SUBSCRIBER_GROUP_H

#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "body/group.h"
#include "store/store.h"

struct groups;

/** Identities kept, some 200 bytes each. */
#define GROUPS_MAX 100000
/** Decoded groups kept, some kilobytes each; the one not asked for longest leaves. */
#define GROUPS_DECODED_MAX 1000
/** The store could not be asked for the identities: again after this. */
#define GROUPS_RETRY_MS (10 * 1000)

struct groups_params {
	struct loop *loop;
	struct store *store; /**< a reference is taken */
	struct str domain;   /**< of identities that are telephone numbers; copied */
};

/** Counted. Reading the identities begins at once. -ENOMEM. */
int groups_alloc(struct groups **ret, const struct groups_params *p);

/**
 * By canonical identity. 0: *ret is borrowed until the loop's next turn (mem_ref to keep: a group does not change, a
 * change makes a new one). -ENOENT: no group. -EAGAIN: ask group_load.
 */
int groups_find(struct groups *gs, struct str identity, struct group **ret);

struct group_query;
/**
 * `g` is borrowed; NULL unless `error` is 0. -ENOENT: no group; -EBADMSG: its document cannot be read; else the store's
 * error.
 */
typedef void(group_loaded_cb)(struct group_query *q, int error, struct group *g, void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct group_query {
	struct list_link link; /**< private */
	struct group_entry *entry;
	group_loaded_cb *cb;
	void *arg;
};

/** The callback comes later, once; several queries for one group are one look-up. -ENOMEM, -ENOBUFS. */
int group_load(struct groups *gs, struct group_query *q, struct str identity, group_loaded_cb *cb,
	       void *arg);
void group_load_cancel(struct group_query *q);

/** The group's document has changed in the store, or is gone, or new. */
void groups_drop(struct groups *gs, struct str identity);
/** Lists of people have changed: groups that refer to some are read again. */
void groups_drop_lists(struct groups *gs);
/** All identities are known. */
bool groups_complete(const struct groups *gs);
/** Identities kept. */
size_t groups_count(const struct groups *gs);

/** An access_canonical_cb whose `arg` is a struct groups: the AOR, as everywhere in this server. */
int groups_canonical(struct str uri, struct buf *out, void *arg);

#endif
