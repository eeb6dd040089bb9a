/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Dialogs: RFC 3261 12, as the one who asks (UAC) and the one who answers (UAS).
 *
 * As UAC: sip_dialog_alloc makes a dialog that so far has only our half (Call-ID, From tag). A usage
 * joins it (a subscription, later a session), sends the request that is to establish it
 * (sip_dialog_send), and the dialog is confirmed by what its usage takes for that: a response to
 * INVITE does it by itself; a NOTIFY does it for a subscription (RFC 6665 4.4.1), by
 * sip_dialog_confirm. As UAS: sip_dialog_accept makes the dialog of a request, and sip_dialog_reply
 * answers it with Record-Route, Contact and our tag.
 *
 * From then on each side may send requests inside the dialog. Ours are composed here: Request-URI and
 * Route by 12.2.1.1 (strict routers too), tags, CSeq; the next hop is resolved. Theirs come by
 * sip_dialogs_request, which knows a dialog by Call-ID and tags, refuses what is out of order, and
 * offers the request to the usages in the order in which they joined. The remote target follows the
 * Contact of target refresh requests (INVITE, UPDATE, SUBSCRIBE, NOTIFY, REFER) that are accepted.
 *
 * A dialog lives as long as it has a usage: it is terminated when the last one leaves. What ends a
 * usage is the usage's own affair (BYE; RFC 6665 4.1.2.2), so 12.2.1.2's 408 and 481 are too.
 *
 * Dialogs are counted objects; a usage that has joined holds a reference.
 */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "sip/resolver.h"
#include "sip/sip.h"

/** Dialogs at once; each costs 1 to 2 kB. */
#define SIP_DIALOGS_MAX 2000000
/** Record-Route values kept of a peer's message, and their bytes: a real path has fewer than ten. */
#define SIP_DIALOG_ROUTES_MAX 32
#define SIP_DIALOG_ROUTE_TEXT_MAX 8192
/** Dialogs that one INVITE may make by forking (12.1: one for each To tag); others are ignored. */
#define SIP_DIALOG_FORKS_MAX 16

struct sip_dialogs;
struct sip_dialog;

/**
 *     INITIAL ---> EARLY ---> CONFIRMED
 *        |  '--------------------^ |
 *        |           |             |
 *        '-----------'-------------'---> TERMINATED
 */
enum sip_dialog_state {
	SIP_DIALOG_INITIAL, /**< nothing has come from the other side, or nothing was answered yet */
	SIP_DIALOG_EARLY,
	SIP_DIALOG_CONFIRMED,
	SIP_DIALOG_TERMINATED,
};
extern const struct sm_table sip_dialog_machine;

/** The table of all dialogs. Counted; `s` is borrowed: sip_dialogs_close comes before its end. */
int sip_dialogs_alloc(struct sip_dialogs **ret, struct sip *s);
/** Counters and gauges into the registry; once, at start. */
void sip_dialogs_counters_register(void);
/**
 * Shutdown: every usage is told `ended` with -ECANCELED, and has left. No dialog can be made after it, and
 * nothing touches the engine any more.
 */
void sip_dialogs_close(struct sip_dialogs *ds);
size_t sip_dialogs_count(const struct sip_dialogs *ds);
struct sip *sip_dialogs_sip(const struct sip_dialogs *ds);
struct loop *sip_dialogs_loop(const struct sip_dialogs *ds);

/**
 * From the engine's user, for every request before anything else is done with it. True: it is inside
 * a dialog of ours and has been taken, or it is sent to us (Request-URI of ours without a user, no
 * Route) with a To tag that no dialog has, and was answered 481 (12.2.2). False: not ours.
 */
bool sip_dialogs_request(struct sip_dialogs *ds, struct sip_server_txn *st, const struct sip_msg *m,
			 const struct sip_source *src);
/** An ACK for a 2xx of ours, the same way. */
bool sip_dialogs_ack(struct sip_dialogs *ds, const struct sip_msg *m);

/* ---- Usages (RFC 5057) ---- */

struct sip_dialog_usage;

struct sip_dialog_usage_handler {
	/**
	 * A request inside the dialog, in order. True: it is this usage's, and is answered by
	 * sip_dialog_reply, now or later. When no usage takes it: OPTIONS gets 200, a new SUBSCRIBE 403
	 * (RFC 6665 4.5.2), others 481.
	 */
	bool (*request)(struct sip_dialog_usage *u, struct sip_server_txn *st,
			const struct sip_msg *m, const struct sip_source *src, void *arg);
	/** An ACK for a 2xx; true: taken. May be NULL. */
	bool (*ack)(struct sip_dialog_usage *u, const struct sip_msg *m, void *arg);
	/** Shutdown. It has left. */
	void (*ended)(struct sip_dialog_usage *u, int error, void *arg);
};

/** Embedded by the owner; zeroed, it is in no dialog. */
struct sip_dialog_usage {
	struct list_link link;
	struct sip_dialog *dialog; /**< a reference; NULL: none */
	const struct sip_dialog_usage_handler *handler;
	void *arg;
};

void sip_dialog_join(struct sip_dialog *d, struct sip_dialog_usage *u,
		     const struct sip_dialog_usage_handler *h, void *arg);
/** Terminates the dialog when it was the last usage. One that is in no dialog is ignored. */
void sip_dialog_leave(struct sip_dialog_usage *u);

/* ---- One dialog ---- */

struct sip_dialog_params {
	struct str local;  /**< URI in From (UAC) */
	struct str remote; /**< URI in To */
	struct str target; /**< Request-URI of the first request; empty: `remote` */
	struct str route;  /**< Route values of the first request, comma list; empty: none */
	const struct sip_hop
		*hop;            /**< where it goes, no resolving; NULL: by Route, else by target */
	struct str contact_user; /**< user part of our Contact; empty: none */
	struct str contact_params; /**< behind its '>': ";+g.oma.sip-im"; empty: none */
	/** UAC: of a request that is to be the same when it is sent again by the next process; empty: by chance. */
	struct str call_id, local_tag;
};
/** As UAC; all is copied. *ret is a reference. -ENOBUFS, -ENOMEM, -EBADMSG: a URI is none. */
int sip_dialog_alloc(struct sip_dialog **ret, struct sip_dialogs *ds,
		     const struct sip_dialog_params *p);
/**
 * As UAS, of a request outside any dialog (`m` without To tag); of `p` only hop and contact are looked
 * at, and it may be NULL. The hop is where our requests go as long as the route set is empty: a device
 * that is reached by its connection. *ret is a reference. -EBADMSG: no Contact, or one that cannot be
 * used; answer 400.
 */
int sip_dialog_accept(struct sip_dialog **ret, struct sip_dialogs *ds, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src,
		      const struct sip_dialog_params *p);
/**
 * The first request from the other side establishes the dialog that our request asked for: its tag,
 * route set and target (RFC 6665 4.4.1). -EBADMSG: not usable; -EALREADY: it is established.
 */
int sip_dialog_confirm(struct sip_dialog *d, const struct sip_msg *m);

enum sip_dialog_state sip_dialog_state(const struct sip_dialog *d);
struct str sip_dialog_call_id(const struct sip_dialog *d);
struct str sip_dialog_local_tag(const struct sip_dialog *d);
struct str sip_dialog_remote_tag(const struct sip_dialog *d);
/** Views, valid until the next message of this dialog. */
struct str sip_dialog_target(const struct sip_dialog *d);
struct str sip_dialog_route(const struct sip_dialog *d);
struct str sip_dialog_local(const struct sip_dialog *d);
struct str sip_dialog_remote(const struct sip_dialog *d);
/** The hop that a request inside goes to whatever its target says; NULL: found by route set or target. */
const struct sip_hop *sip_dialog_hop(const struct sip_dialog *d);
/** Other Contact parameters from the next message on. -ENOMEM. */
int sip_dialog_set_contact_params(struct sip_dialog *d, struct str params);
/** Another user part of our Contact from the next message on. -ENOMEM. */
int sip_dialog_set_contact_user(struct sip_dialog *d, struct str user);

/**
 * Answers a request of this dialog: what sip_respond does, with Record-Route (of a request that
 * establishes the dialog) and Contact (of methods that refresh the target) added. A provisional
 * response makes the dialog early, 2xx confirms it and takes over a new remote target. -EALREADY as
 * sip_respond; -ENOMEM, -ENOBUFS: nothing was sent.
 */
int sip_dialog_reply(struct sip_dialog *d, struct sip_server_txn *st, const struct sip_response *r);

/* ---- Requests of ours ---- */

struct sip_dialog_request;

/** Embedded by the owner; zeroed or finished, it is idle. */
struct sip_dialog_request {
	struct sip_dialog *dialog; /**< a reference while it is under way; private as the rest */
	struct sip_client_txn *ct;
	struct sip_lookup lookup;
	enum sip_method method;
	uint32_t cseq;
	uint8_t forks;
	bool established; /**< the dialog was confirmed when it was sent */
	struct str head, body, type;
	char *text; /**< what they point into */
	void (*answered)(struct sip_dialog_request *r, struct sip_dialog *d,
			 const struct sip_msg *m, int error, void *arg);
	void *arg;
};

struct sip_dialog_request_params {
	enum sip_method method;
	struct str headers; /**< whole lines, each ended by CRLF; what the dialog knows is added */
	struct str type;    /**< empty: no body */
	struct str body;
	/**
	 * Every response but 100. `r` is idle again when it was a final one (after a 2xx to INVITE it is
	 * not: more of them may come, RFC 6026, until sip_dialog_request_cancel; a 2xx that makes no dialog,
	 * because its Contact is none, is -EBADMSG). `d` is the dialog of this
	 * response: another than the request's where an INVITE forked, to be joined in the call or to be
	 * let go. `m` NULL: none came, and `error` says why: -ETIMEDOUT (to be taken for 408), -ENOENT,
	 * -EHOSTUNREACH…
	 */
	void (*answered)(struct sip_dialog_request *r, struct sip_dialog *d,
			 const struct sip_msg *m, int error, void *arg);
	void *arg;
};
/**
 * All is copied. 0, and `answered` follows; never before the return. -errno: nothing was sent;
 * -ENOTCONN: the dialog is terminated. Requests that must not overtake each other are sent one after
 * the other's answer: CSeq is given in the order of leaving.
 */
int sip_dialog_send(struct sip_dialog *d, struct sip_dialog_request *r,
		    const struct sip_dialog_request_params *p);
/** `answered` will not be called; an INVITE that rings is cancelled. An idle one is ignored. */
void sip_dialog_request_cancel(struct sip_dialog_request *r);
/**
 * CANCEL for an INVITE, and `answered` goes on: with its final response (a 2xx may have crossed), or with
 * -ECANCELED when none comes (9.1). False: nothing has left yet, or `r` was idle; it is idle now.
 */
bool sip_dialog_request_abort(struct sip_dialog_request *r);
bool sip_dialog_request_idle(const struct sip_dialog_request *r);
/**
 * ACK for a 2xx to the INVITE with this CSeq, to where the 2xx came from or by the route set (13.2.2.4);
 * again for each repeated 2xx.
 */
int sip_dialog_ack(struct sip_dialog *d, uint32_t cseq, struct str type, struct str body);

#endif
