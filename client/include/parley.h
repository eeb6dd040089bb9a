/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libparley: an OMA SIMPLE IM client as a library.
 *
 * What happens, in order. parley_open reads an account and makes a SIP engine for it on the loop it is
 * given; nothing is sent. parley_register registers, refreshes in time, comes back by itself after a
 * lost connection with a growing pause, and tells each change through `registration`. parley_send sends
 * a one-shot message: the request is written out, its size decides between Pager Mode and Large Message
 * Mode (parley_choose), and the outcome comes once, through the callback given. What arrives (messages,
 * reports on messages sent, invitations) is answered by the library and shown through the handler.
 * parley_unregister takes leave; parley_close ends at once.
 *
 * An account may send without being registered: it is authenticated by request. Who wants to receive,
 * reports on its own messages included, registers.
 *
 * One thread, the one that runs the loop. No function calls back before it returns. All texts given are
 * UTF-8, end in NUL, and are copied; all texts shown are valid until the callback returns. Any function
 * may be called from a callback, parley_close too.
 *
 * Functions that can fail return 0 or a negative errno.
 */
#ifndef PARLEY_H
#define PARLEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PARLEY_API __attribute__((visibility("default")))

struct loop;
struct dns;
struct parley;

/** ---- The loop, for programs that do not bring their own ---- */

/** NULL: out of memory. */
PARLEY_API struct loop *parley_loop_open(void);
/** Runs until parley_loop_stop. */
PARLEY_API void parley_loop_run(struct loop *l);
PARLEY_API void parley_loop_stop(struct loop *l);
/** Once every account on it is closed. NULL is fine. */
PARLEY_API void parley_loop_close(struct loop *l);

/* ---- The choice ---- */

enum parley_mode {
	PARLEY_PAGER, /**< SIP MESSAGE */
	PARLEY_LARGE, /**< a session of its own: INVITE, one MSRP message, BYE */
};

/** RFC 3428 section 8: "The size of MESSAGE requests outside of a media session MUST NOT exceed 1300". */
#define PARLEY_PAGER_LIMIT 1300

/**
 * Section 9 of the IM specification, in one place. `request_bytes` is the size of the whole request as
 * it is put on the wire. `reliable_path`: it is positively known that every hop of the way is
 * connection-oriented; a connection to the first hop is no such knowledge. Pager Mode below 1300 bytes
 * and wherever the path is reliable, else Large Message Mode; exactly 1300 bytes are "otherwise".
 */
PARLEY_API enum parley_mode parley_choose(size_t request_bytes, bool reliable_path);

/* ---- What arrives ---- */

enum parley_report_kind {
	PARLEY_REPORT_DELIVERY = 1 << 0,
	PARLEY_REPORT_DISPLAY = 1 << 1,
	PARLEY_REPORT_PROCESSING = 1 << 2, /**< received only: by intermediaries */
};

struct parley_message {
	const char *from;      /**< URI, as asserted by the network where it is; "" for anonymous */
	const char *from_name; /**< display name; "" for none */
	const char *to;        /**< URI that it was sent to */
	const char *type;      /**< of the content: "text/plain;charset=UTF-8" */
	const char *content;   /**< bytes; followed by a NUL that is not counted */
	size_t content_size;
	const char *message_id; /**< of the sender's choosing; "" for none */
	int64_t sent_ms;        /**< since 1970 by the sender's clock; negative: not told */
	int64_t received_ms;    /**< by ours */
	unsigned reports;       /**< of enum parley_report_kind, asked for by the sender */
};

struct parley_report {
	const char *from;       /**< URI of who reports */
	const char *recipient;  /**< URI that the message was sent to; "" when not told */
	const char *message_id; /**< of the message reported on */
	enum parley_report_kind kind;
	const char *status; /**< "delivered", "failed", "displayed", "forbidden", "error"… */
	int64_t received_ms;
};

struct parley_invitation {
	const char *from;
	const char *from_name;
	const char *to;
	enum parley_mode mode; /**< PARLEY_LARGE: a large message; PARLEY_PAGER: a session */
	unsigned answered;     /**< status it was answered with */
	int64_t received_ms;
};

enum parley_state {
	PARLEY_IDLE,        /**< not registered, and not trying */
	PARLEY_REGISTERING, /**< on the way */
	PARLEY_REGISTERED,  /**< told again after each refresh */
	PARLEY_WAITING,     /**< it failed; the next try comes by itself */
	PARLEY_REFUSED,     /**< it failed for good: see the outcome */
	PARLEY_LEAVING,     /**< deregistration is on the way */
};

/** How a request of ours ended. */
struct parley_outcome {
	int error;          /**< 0: there was a final response; else -errno, see below */
	unsigned status;    /**< of the final response; 0: none came */
	const char *reason; /**< its reason phrase; "" */
	const char *detail; /**< text of its Warning or Error-Info; "" */
	size_t bytes; /**< size of the request as it was put on the wire last; 0: never written */
	uint32_t retry_after_s; /**< Retry-After of the response; 0: none */
};
/*
 * Values of `error`:
 *   -ETIMEDOUT     no answer in 32 seconds            -ENOENT       no such host
 *   -ECONNREFUSED, -EHOSTUNREACH… as the transport says
 *   -EACCES        a certificate was not good enough, or the password is wrong (then with a status)
 *   -ENOKEY        a password is wanted and none is known (with a status)
 *   -ENOTSUP       the server authenticates in a way that is not known here (with a status)
 *   -EOPNOTSUPP    Large Message Mode, which is not spoken yet (parley_send)
 *   -EPROTO        the answer makes no sense          -ENOMEM
 */

struct parley_registration {
	enum parley_state state;
	const struct parley_outcome *outcome; /**< of the REGISTER that led here; NULL: none did */
	uint32_t expires_s;                   /**< REGISTERED: as granted */
	uint32_t retry_ms;                    /**< WAITING: until the next try */
};

/** Each may be NULL. */
struct parley_handler {
	void (*registration)(struct parley *p, const struct parley_registration *r, void *arg);
	/**
	 * True: it was shown to the user, and a display report goes out if one was asked for. A delivery
	 * report that was asked for goes out in any case.
	 */
	bool (*message)(struct parley *p, const struct parley_message *m, void *arg);
	void (*report)(struct parley *p, const struct parley_report *r, void *arg);
	void (*invitation)(struct parley *p, const struct parley_invitation *i, void *arg);
};

/* ---- An account ---- */

struct parley_params {
	struct loop *loop;
	const char *account;      /**< "sip:alice@example.org" */
	const char *display_name; /**< may be NULL */
	const char *auth_user; /**< name in digest authentication; NULL: the account's user part */
	const char *password;  /**< NULL: none */
	/** "HOST[:PORT][;transport=udp|tcp|tls]"; NULL: by RFC 3263 from the account's domain. */
	const char *server;
	/** Numeric "HOST[:PORT]" to receive on; NULL: the one from which the server is reached. */
	const char *local;
	/** Tells apart several clients of one account: part of +sip.instance. NULL: "". */
	const char *device;
	const char
		*product;   /**< "Name/1.0", after IM-client/OMA1.0 in User-Agent; NULL: Parley's */
	uint32_t expires_s; /**< of the registration; 0: 3600 */
	/** The server is an IMS: P-Preferred-Identity, anonymous From, the server in the Route. */
	bool ims;
	const char *access_network; /**< IMS: value of P-Access-Network-Info; NULL: none */
	/** Of incoming messages take reports only; others are told 480, so that another device has them. */
	bool reports_only;
	const char *ca_file; /**< TLS: authorities trusted, PEM; NULL: the system's */
	bool tls_no_verify;  /**< TLS: connect to anybody. For laboratories. */
	struct dns *dns;     /**< borrowed; NULL: the system's servers */
	const struct parley_handler *handler; /**< borrowed; may be NULL */
	void *arg;
};

/** Room for what parley_open has to say. */
#define PARLEY_ERROR_MAX 256

/**
 * Nothing is sent. -EINVAL: a parameter is not what it should be, and `error` (may be NULL, else
 * PARLEY_ERROR_MAX bytes) is a sentence about it; -errno of the system for the sockets; -ENOMEM.
 */
PARLEY_API int parley_open(struct parley **ret, const struct parley_params *params, char *error);
/** At once: no deregistration, and no callback follows. NULL is fine. */
PARLEY_API void parley_close(struct parley *p);

/** Again while registered: refreshes now. */
PARLEY_API int parley_register(struct parley *p);
/**
 * `registration` tells PARLEY_IDLE when the server has answered and what else is under way (messages,
 * reports) has ended, or after PARLEY_LEAVE_MS. -EALREADY: there is nothing to take back, and nothing is
 * told.
 */
PARLEY_API int parley_unregister(struct parley *p);
#define PARLEY_LEAVE_MS 3000
PARLEY_API enum parley_state parley_registration_state(const struct parley *p);
/** "registered", "waiting"… */
PARLEY_API const char *parley_state_name(enum parley_state s);

/* ---- Sending ---- */

/** Pager mode carries no more than one SIP message: the engine's ceiling with room for headers. */
#define PARLEY_CONTENT_MAX 60000

struct parley_outgoing {
	const char *to;   /**< URI */
	const char *type; /**< NULL: "text/plain;charset=UTF-8" */
	const void *content;
	size_t content_size;
	bool anonymous;     /**< Privacy: id */
	unsigned reports;   /**< DELIVERY, DISPLAY: asked for; not together with `anonymous` */
	bool large;         /**< Large Message Mode whatever the size */
	bool reliable_path; /**< see parley_choose */
};

struct parley_sent {
	enum parley_mode mode; /**< as chosen, last for the request that got the answer */
	struct parley_outcome outcome;
	const char *message_id; /**< that reports will name; "" when none were asked for */
};

typedef void(parley_sent_cb)(struct parley *p, const struct parley_sent *s, void *arg);

/**
 * `sent` (may be NULL) comes exactly once, unless parley_close comes first. Large Message Mode is not
 * spoken yet: the outcome's error is -EOPNOTSUPP then, its bytes are what the request would have had, and
 * no MESSAGE of that size was put on the wire. A request that grows beyond the limit when the server wants
 * it authenticated ends in the same way. -EINVAL: `to` is no URI, or anonymous with reports; -ENOBUFS:
 * content larger than PARLEY_CONTENT_MAX; -ENOMEM.
 */
PARLEY_API int parley_send(struct parley *p, const struct parley_outgoing *m, parley_sent_cb *sent,
			   void *arg);

#ifdef __cplusplus
}
#endif

#endif
