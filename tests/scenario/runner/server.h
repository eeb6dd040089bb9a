/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The server under test, as the runner holds it: started from configuration text on the virtual loop,
 * asked through the operator's API. server_whole.c is the real one; server_none.c stands in where only the
 * runner itself is tested.
 */
#ifndef RUNNER_SERVER_H
#define RUNNER_SERVER_H

#include "base/addr.h"
#include "scenario/runner/peer.h"

struct scn_server;

/** Starts it with this YAML; NULL: reported. Accounts and zone are the caller's. */
struct scn_server *scn_server_start(struct scn_play *p, const struct scn_line *line,
				    struct str yaml);
/** Stops it at once, and forgets it; NULL is fine. */
void scn_server_stop(struct scn_play *p, struct scn_server *s);
/** Stops cleanly as at SIGTERM, and starts again with the same configuration. False: reported. */
bool scn_server_restart(struct scn_play *p, const struct scn_line *line);
/** A new configuration as at SIGHUP. `why` gets what the server says; returns 0 or -errno. */
int scn_server_reload(struct scn_play *p, struct str yaml, struct buf *why);

/** Where it listens over this transport for this address family; false: nowhere. */
bool scn_server_addr(const struct scn_server *s, enum scn_over over, int family, struct addr *ret);
bool scn_server_is_at(const struct scn_server *s, const struct addr *a);

struct scn_admin_answer {
	unsigned status; /**< 0: none came */
	struct str body;
};
/** Settles the world until the answer is there. `path` may have ?query. */
struct scn_admin_answer scn_server_admin(struct scn_play *p, struct str method, struct str path,
					 struct str body);

/** How many of a kind the store holds; -ENOENT: no such kind. `user` STR_NULL: of all. */
int scn_server_store_count(struct scn_play *p, struct str kind, struct str user, uint64_t *ret);

/** DNS over a zone text, kept in p->zone; NULL: `why` says what is wrong with it (empty: there is no DNS). */
struct dns *scn_zone_open(struct scn_play *p, struct str zone, struct str *why);


#endif
