/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The composition root: the only place that knows which store, which core and which loop are in use,
 * and the only one with the whole of it in hand. main.c is one caller; the scenario runner is the
 * other: it starts the same server on a virtual loop.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/buf.h"
#include "base/loop.h"

struct config;
struct dns;
struct server;
struct store;

struct server_params {
	struct loop *loop;
	struct dns *dns;       /**< borrowed; NULL: c-ares is opened */
	struct config *config; /**< a reference is taken */
	/**
	 * The admin API's HTTP listener is opened. The scenario runner leaves it out: libmicrohttpd
	 * needs real sockets; it calls admin_handle (admin/admin.h) instead.
	 */
	bool http;
};

/** Counted; the last mem_unref tears everything down. On failure `why` says what to do about it. */
int server_start(struct server **ret, const struct server_params *p, struct buf *why);
/** Takes no new work, finishes what is under way (at most `grace_ms`), then calls `stopped`. */
void server_stop(struct server *s, uint32_t grace_ms, void (*stopped)(void *arg), void *arg);
/** Applies the reloadable options of a new configuration; names in `why` those that need a restart. */
int server_reload(struct server *s, struct config *fresh, struct buf *why);

struct store *server_store(struct server *s);
struct admin *server_admin(struct server *s);

#endif
