/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The admin API: JSON over HTTP in operation, called directly by the scenario runner. parleyctl and
 * the console are two faces of it.
 *
 *     GET    /                        what there is
 *     GET    /v1/health               200 {"healthy": true} | 503
 *     GET    /v1/status               nodes: version, uptime, load, connections, store
 *     GET    /v1/counters             every counter and gauge
 *     GET    /v1/config               the effective configuration; ?format=yaml
 *     GET    /v1/users                ?after=USER&limit=N     embedded core's accounts
 *     POST   /v1/users                {"user": …, "password": …}
 *     DELETE /v1/users/{user}
 *     PUT    /v1/users/{user}/password   {"password": …}
 *     PUT    /v1/users/{user}/allowed    {"allowed": true|false}
 *     GET    /v1/registrations        ?user=USER
 *     GET    /metrics                 Prometheus
 *
 * and those of admin/rules.h, admin/deferral.h, admin/history.h, admin/insight.h, admin/session.h and
 * admin/conference.h.
 *
 * What happens: admin_handle finds the resource in the tables (admin/resource.h), which asks the
 * server through `struct admin_services`, at once or over several turns of the loop; then `reply` is
 * called, once, possibly before admin_handle returns. An error is always
 *     {"error": "what went wrong", "remedy": "what to do about it"}
 * with the fitting status. Passwords go in and never come out.
 *
 * The API knows no login: it listens on loopback unless told otherwise, and whoever can reach it may
 * do everything. That a browser on the same machine can reach it too is dealt with in admin/front.c.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/conference.h"
#include "admin/deferral.h"
#include "admin/done.h"
#include "admin/group.h"
#include "admin/history.h"
#include "admin/insight.h"
#include "admin/rules.h"
#include "admin/session.h"
#include "base/addr.h"
#include "base/buf.h"
#include "base/str.h"

struct admin;
struct admin_front;
struct loop;

/** A request's body: the longest are documents. */
#define ADMIN_BODY_MAX (256u << 10)
/** A reply: ADMIN_ROWS_MAX rows of the longest kind. */
#define ADMIN_REPLY_MAX (16u << 20)
/** Rows in one reply; `after` asks for the next. */
#define ADMIN_ROWS_MAX 10000
#define ADMIN_ROWS 1000 /**< the default of `limit` */
/** A user's address and a password are lines that people type. */
#define ADMIN_USER_MAX 512
#define ADMIN_PASSWORD_MAX 256
/** Requests under way at once; the next is answered 503. */
#define ADMIN_PENDING_MAX 256

/** What `status` tells of this node; texts are valid until it returns to the loop. */
struct admin_status {
	struct str node;    /**< the host's name, or the instance's */
	struct str core;    /**< "embedded" | "ims" */
	struct str domains; /**< separated by blanks */
	uint64_t uptime_ms;
	struct {
		uint64_t connections; /**< streams open */
		uint64_t transactions;
		uint64_t registrations;  /**< contacts registered now */
		uint64_t queue_delay_us; /**< how long a request waits in the socket, recently */
		uint64_t messages;       /**< accepted since the start */
		bool overloaded;         /**< new requests are being answered 503 */
	} load;
	struct {
		struct str kind; /**< "memory" | "sqlite" | … */
		bool healthy;
		struct str detail; /**< when it is not: what the store said */
	} store;
	bool stopping;
};

struct admin_user {
	struct str address; /**< sip:alice@example.org */
	bool allowed;       /**< may use the service at all */
};

struct admin_registration {
	struct str address;    /**< of record */
	struct str contact;    /**< URI */
	struct str received;   /**< where it came from: "udp:192.0.2.7:5060"; may be empty */
	struct str user_agent; /**< may be empty */
	struct str instance;   /**< +sip.instance; may be empty */
	uint64_t expires_s;    /**< seconds left */
	unsigned q_milli;      /**< preference, 0…1000 */
};

/** One row; its texts are valid until it returns. */
typedef void(admin_user_cb)(const struct admin_user *u, void *arg);
typedef void(admin_registration_cb)(const struct admin_registration *r, void *arg);

/**
 * What the server lends. A user is given as people write it: "alice", "alice@example.org",
 * "sip:alice@example.org"; the server knows which domain is meant when there is none.
 *
 * `done` (after the rows, if any) is called exactly once with `done_arg`, before or after the function
 * returns 0. When it returns an error, of the same kinds, `done` is not called, and `why` may have been
 * given a sentence: "what is wrong" or "what is wrong: what to do about it". A pointer may be NULL: 501.
 * Texts are borrowed until the function returns.
 */
struct admin_services {
	void (*status)(struct admin_status *ret, void *arg);
	void (*config)(bool json, struct buf *out, void *arg);
	int (*user_add)(struct str user, struct str password, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg);
	int (*user_remove)(struct str user, admin_done_cb *done, void *done_arg, struct buf *why,
			   void *arg);
	int (*user_passwd)(struct str user, struct str password, admin_done_cb *done,
			   void *done_arg, struct buf *why, void *arg);
	int (*user_allow)(struct str user, bool allowed, admin_done_cb *done, void *done_arg,
			  struct buf *why, void *arg);
	/** In order of address, behind `after` (empty: from the start), at most `limit`. */
	int (*user_list)(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done,
			 void *done_arg, struct buf *why, void *arg);
	/** Of one user, or of all when `user` is empty; more than ADMIN_ROWS_MAX are not looked at. */
	int (*registration_list)(struct str user, admin_registration_cb *each, admin_done_cb *done,
				 void *done_arg, struct buf *why, void *arg);
	struct admin_rules rules;
	struct admin_deferral deferral;
	struct admin_histories histories;
	struct admin_insight insight;
	struct admin_sessions sessions;
	struct admin_conferences conferences;
	struct admin_groups groups;
	void *arg;
};

/**
 * Counted. `services` is copied; what it points to must outlive the object or admin_close. The last
 * mem_unref answers 503 to whatever is under way; services' late `done` is harmless.
 */
int admin_alloc(struct admin **ret, const struct admin_services *services);
/** From now on everything is answered 503, and the services are not called any more. */
void admin_close(struct admin *a);

struct admin_reply {
	unsigned status;
	struct str type;
	struct str body;  /**< valid until the callback returns */
	struct str allow; /**< with 405: the methods there are; else empty */
};

typedef void(admin_reply_cb)(const struct admin_reply *reply, void *arg);

/** `path` and `query` are percent-escaped as HTTP has them. `reply` is called exactly once. */
void admin_handle(struct admin *a, struct str method, struct str path, struct str query,
		  struct str body, admin_reply_cb *reply, void *arg);

/** The HTTP front door (admin/front.c). Counted; keeps a reference to `a`. -errno of bind. */
int admin_front_open(struct admin_front **ret, struct admin *a, struct loop *l,
		     const struct addr *local);
const struct addr *admin_front_local(const struct admin_front *f);

/** The metrics page (admin/metrics.c): every registered counter in Prometheus' text format 0.0.4. */
void admin_metrics(struct buf *out);

/** Registers the counters of this folder. */
void admin_counters(void);

#endif
