/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libparley: an OMA SIMPLE IM client as a library.
 *
 * What happens, in order. parley_open reads an account and makes a SIP engine for it on the loop it is
 * given; nothing is sent. parley_register registers, refreshes in time, comes back by itself after a
 * lost connection with a growing pause, and tells each change through `registration`. parley_send sends
 * a one-shot message: the request is written out, its size decides between Pager Mode and Large Message
 * Mode (parley_choose); a large message and a file get a session of their own (INVITE, one MSRP message,
 * BYE). The outcome comes once, through the callback given. parley_chat opens a conversation, with one or with a
 * group. What
 * arrives (messages, reports on messages sent, invitations) is shown through the handler. Whether an
 * invitation is taken is the program's choice; what then comes in a session goes to the session handler.
 * parley_unregister takes leave, of sessions too; parley_close ends at once.
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

struct parley_content;
struct parley_session_end;

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
	PARLEY_FILE,  /**< the same for a file that has a name (RFC 5547) */
	PARLEY_CHAT,  /**< a conversation: an IM session */
};
/** "pager", "large", "file", "chat". */
PARLEY_API const char *parley_mode_name(enum parley_mode m);

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
	bool in_private;        /**< in a group: said to this account alone */
};

struct parley_report {
	const char *from;       /**< URI of who reports */
	const char *recipient;  /**< URI that the message was sent to; "" when not told */
	const char *message_id; /**< of the message reported on */
	enum parley_report_kind kind;
	const char *status; /**< "delivered", "failed", "displayed", "forbidden", "error"… */
	int64_t received_ms;
};

/** How much it is, when nobody said. */
#define PARLEY_SIZE_UNKNOWN UINT64_MAX

struct parley_session;

struct parley_invitation {
	const char *from; /**< URI; "" for anonymous */
	const char *from_name;
	const char *to;
	const char *subject;   /**< "" for none */
	enum parley_mode mode; /**< PARLEY_LARGE, PARLEY_FILE, PARLEY_CHAT */
	const char *name;      /**< FILE: of the file, "" else; not to be trusted as a path */
	const char *type;      /**< FILE: its media type; else the types offered, blanks between */
	uint64_t size;         /**< FILE, LARGE: announced; PARLEY_SIZE_UNKNOWN */
	int64_t received_ms;
	/** What this is about from now on, until its `ended`; or until the answer, when it is declined. */
	struct parley_session *session;
	bool group;     /**< CHAT: a group invites; `from` is what the network says it is */
	const char *by; /**< group: who wanted us there; "" when not told */
	const char *const
		*others; /**< group: URIs of those who were invited besides, as far as told */
	size_t others_n;
	/** CHAT: the chat of this account that it takes the place of: ended once this one stands. NULL: none. */
	struct parley_session *replaces;
};

/** What comes in a session of mode LARGE or FILE. */
struct parley_content {
	const char *from; /**< URI; "" for anonymous */
	const char *from_name;
	const char *to;
	const char *type;
	const char *name;       /**< of a file; "" */
	const char *message_id; /**< "" for none */
	uint64_t size;          /**< PARLEY_SIZE_UNKNOWN */
	int64_t sent_ms;        /**< negative: not told */
	int64_t received_ms;
	unsigned reports; /**< asked for by the sender; they are sent by the library */
};

/** Somebody of a group. */
enum parley_presence {
	PARLEY_PERSON_UNKNOWN, /**< nothing was told of them */
	PARLEY_PERSON_INVITED,
	PARLEY_PERSON_HERE,
	PARLEY_PERSON_AWAY,
};
/** "unknown", "invited", "here", "away". */
PARLEY_API const char *parley_presence_name(enum parley_presence p);

struct parley_person {
	const char *uri;  /**< what the group knows them by */
	const char *name; /**< "" for none */
	bool own;         /**< this account */
	enum parley_presence presence;
	const char *how;    /**< AWAY: "departed", "booted", "failed", "busy"; "" when not told */
	const char *reason; /**< AWAY: `SIP;cause=603;text="Decline"`; "" */
};

enum parley_request { PARLEY_ADD, PARLEY_REMOVE, PARLEY_NICKNAME };

enum parley_why {
	PARLEY_ENDED_US,     /**< parley_session_end, or the message was sent */
	PARLEY_ENDED_THEM,   /**< the other side's BYE, or CANCEL */
	PARLEY_REFUSED_THEM, /**< it was not taken; see the outcome */
	PARLEY_FAILED,       /**< the connection went, nobody answers; see the outcome's error */
};

struct parley_outcome;
struct parley_session_end {
	enum parley_why why;
	const struct parley_outcome *outcome;
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
	int error;           /**< 0: there was a final response; else -errno, see below */
	unsigned status;     /**< of the final response; 0: none came */
	const char *reason;  /**< its reason phrase; "" */
	const char *detail;  /**< text of its Warning or Error-Info; "" */
	const char *accepts; /**< 415, 488: media types that would be taken, as told; "" */
	uint64_t max_size;   /**< 488, 413: size that would be taken; 0: not told */
	/**
	 * Pager Mode: size of the request as it was put on the wire last; else bytes of the message that were
	 * given to MSRP. 0: none.
	 */
	size_t bytes;
	uint32_t retry_after_s; /**< Retry-After of the response; 0: none */
};
/*
 * Values of `error`:
 *   -ETIMEDOUT     no answer in 32 seconds            -ENOENT       no such host
 *   -ECONNREFUSED, -EHOSTUNREACH… as the transport says
 *   -EACCES        a certificate was not good enough, or the password is wrong (then with a status)
 *   -ENOKEY        a password is wanted and none is known (with a status)
 *   -ENOTSUP       the server authenticates in a way that is not known here (with a status)
 *   -EPROTO        the answer makes no sense          -ENOMEM
 * Of sessions, besides:
 *   -EMSGSIZE      the other side takes no more than max_size bytes; nothing was sent
 *   -EMEDIUMTYPE   it takes other types (`accepts`); nothing was sent
 *   -EREMOTEIO     the message was refused in the session: `status` is that of MSRP
 *   -ECONNRESET    the other side ended the session, or its connection, too early
 *   -EIO           the source of the message failed
 *   -ELOOP         of a list: the page that is told to come next does not go on behind this one
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
	/**
	 * Somebody wants a session. 200: taken, and `session_handler` hears of it; a status from 300 on:
	 * declined with that; 180: it rings until parley_session_accept or parley_session_end. NULL, or
	 * without a session handler: 488.
	 */
	unsigned (*invitation)(struct parley *p, const struct parley_invitation *i, void *arg);
	const struct parley_session_handler *session_handler; /**< of sessions that others begin */
};

/* ---- An account ---- */

/**
 * A session: a chat, or a large message or file that comes in. Its pointer is good until `ended` returns.
 * Each callback may be NULL.
 */
struct parley_session_handler {
	/** Chat of ours: the other side's device rings. */
	void (*ringing)(struct parley_session *s, void *arg);
	/** The session stands: what is sent leaves, what was sent before has left. In a group again after `lost`. */
	void (*established)(struct parley_session *s, void *arg);
	/** Chat: the other side says something. The result is as of parley_handler.message. */
	bool (*message)(struct parley_session *s, const struct parley_message *m, void *arg);
	/** Chat: the other side writes, or has stopped (RFC 3994). */
	void (*composing)(struct parley_session *s, bool active, void *arg);
	/** Chat: a report on a message of ours. */
	void (*report)(struct parley_session *s, const struct parley_report *r, void *arg);
	/**
	 * Chat: what became of parley_session_send's message `number`. Status of MSRP: 200: taken; 413, 415…;
	 * 408: no answer; 0: the session went first.
	 */
	void (*sent)(struct parley_session *s, uint32_t number, unsigned status, void *arg);
	/** LARGE, FILE: it begins. False: it is not wanted after all. */
	bool (*content)(struct parley_session *s, const struct parley_content *c, void *arg);
	/** LARGE, FILE: a piece of it; nearly always in order. False: no room (413), the session ends. */
	bool (*piece)(struct parley_session *s, uint64_t offset, const void *bytes, size_t n,
		      void *arg);
	/**
	 * LARGE, FILE: all of it was given to `piece`. True: it was shown to the user, as of
	 * parley_handler.message.
	 */
	bool (*complete)(struct parley_session *s, uint64_t size, void *arg);
	/** Group: who is there is known now, all of it; before that nobody is told. */
	void (*roster)(struct parley_session *s, void *arg);
	/** Group: somebody came, was invited, went, or has another name. */
	void (*person)(struct parley_session *s, const struct parley_person *p,
		       enum parley_presence before, void *arg);
	/** Group: who is there will not be told: SIP status; 0: for other reasons. */
	void (*roster_refused)(struct parley_session *s, unsigned status, void *arg);
	/** Group: `composing` of one of its people. */
	void (*person_composing)(struct parley_session *s, const char *uri, const char *name,
				 bool active, void *arg);
	/** Group: what became of request `number`; of SIP, for a nickname of MSRP. 0: there was no answer. */
	void (*answered)(struct parley_session *s, uint32_t number, enum parley_request what,
			 unsigned status, void *arg);
	/** Group: the connection was lost, and is made again in so long. `established` follows, or this, or `ended`. */
	void (*lost)(struct parley_session *s, const struct parley_outcome *o, uint32_t retry_ms,
		     void *arg);
	/** The last call. */
	void (*ended)(struct parley_session *s, const struct parley_session_end *e, void *arg);
};

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
	/** The server is an IMS: P-Preferred-Identity, the server in the Route. */
	bool ims;
	const char *access_network; /**< IMS: value of P-Access-Network-Info; NULL: none */
	/** Of incoming messages take reports only; others are told 480, so that another device has them. */
	bool reports_only;
	/** MSRP: TLS for sessions of ours; what others ask for in theirs is spoken in any case. */
	bool media_tls;
	/** A certificate of ours, PEM, for TLS connections that come in; NULL: they all go out. */
	const char *certificate_file, *key_file;
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

/** Content held in memory; more comes from a source. */
#define PARLEY_CONTENT_MAX ((size_t)16 << 20)

/** Where a large message or a file is read from, while it is sent. */
struct parley_source {
	/** Up to `n` bytes from `offset` on, without gaps: how many (1…n). -errno: it failed; -EAGAIN is no answer. */
	long (*read)(void *bytes, size_t n, uint64_t offset, void *arg);
	uint64_t size;
	void *arg;
};

/** RFC 5547: what is told of a file before it is sent. */
struct parley_file {
	const char *name;    /**< without directories */
	const char *hash;    /**< "sha-1:72:24:5F:…"; NULL: none */
	int64_t modified_ms; /**< since 1970; negative: not told */
};

struct parley_outgoing {
	const char *to;   /**< URI */
	const char *type; /**< NULL: "text/plain;charset=UTF-8" */
	const void *content;
	size_t content_size;
	const struct parley_source *source; /**< instead of content: a large message; copied */
	const struct parley_file *file;     /**< it is a file: RFC 5547; NULL: it is not */
	bool anonymous;                     /**< Privacy: id, and a From that says nothing */
	unsigned reports;   /**< DELIVERY, DISPLAY: asked for; not together with `anonymous` */
	bool large;         /**< Large Message Mode whatever the size */
	bool reliable_path; /**< see parley_choose */
	/** Large messages and files: as it goes on; `arg` is that of parley_send. May be NULL. */
	void (*progress)(struct parley *p, uint64_t done, uint64_t total, void *arg);
	/** The same: it is a large message, for the request would have had so many bytes (0: for other reasons). */
	void (*chosen)(struct parley *p, enum parley_mode mode, size_t request_bytes, void *arg);
};

struct parley_sent {
	enum parley_mode mode; /**< as chosen, last for the request that got the answer */
	struct parley_outcome outcome;
	const char *message_id; /**< that reports will name; "" when none were asked for */
	/**
	 * LARGE, FILE: the recipient's own word (a success report of MSRP) that all of it arrived; without it, it
	 * was taken by the next on the way.
	 */
	bool confirmed;
};

typedef void(parley_sent_cb)(struct parley *p, const struct parley_sent *s, void *arg);

/**
 * `sent` (may be NULL) comes exactly once, unless parley_close comes first. No MESSAGE of the size of a large
 * message is put on the wire, nor one that grows beyond the limit when the server wants it
 * authenticated: it goes by Large Message Mode then. There `sent` comes when the last byte was confirmed, or
 * it failed; the session is closed by the library. -EINVAL: `to` is no URI, a text is none, or anonymous with
 * reports; -ENOBUFS: content larger than PARLEY_CONTENT_MAX; -ENOMEM.
 */
PARLEY_API int parley_send(struct parley *p, const struct parley_outgoing *m, parley_sent_cb *sent,
			   void *arg);

/* ---- Chat ---- */

/** Longest message in a chat, either way. */
#define PARLEY_CHAT_MAX 65536
/** Messages that wait for the session to stand, or for the network. */
#define PARLEY_CHAT_QUEUE_MAX 64

/** Members that a group made on the spot begins with, and that one parley_group_add may name. */
#define PARLEY_GROUP_MAX 100
/** Requests of parley_group_… without an answer. */
#define PARLEY_GROUP_REQUESTS_MAX 16
/** Longest nickname. */
#define PARLEY_NICKNAME_MAX 255

struct parley_chat_params {
	const char *to;      /**< URI, of a person or a group; with `members` see there */
	const char *subject; /**< NULL: none */
	bool anonymous;
	unsigned reports;                             /**< asked for with each message */
	const struct parley_session_handler *handler; /**< borrowed */
	void *arg;
	/**
	 * A group made on the spot (RFC 5366) of these, URIs, and the account. `to` is the URI of the conference
	 * factory; NULL: sip:conference-factory@ the account's domain.
	 */
	const char *const *members;
	size_t members_n;
	/**
	 * Together with `members`: a chat with one person that becomes this group. That person is invited, in the
	 * place of it; it is ended once the group stands. NULL: none.
	 */
	struct parley_session *extends;
};

/** `established` follows, or `ended`. -EINVAL, -ENOBUFS, -ENOMEM. */
PARLEY_API int parley_chat(struct parley_session **ret, struct parley *p,
			   const struct parley_chat_params *params);
/** An invitation that rings is taken. -EALREADY: it is not for the choosing any more. */
PARLEY_API int parley_session_accept(struct parley_session *s);
/** What its callbacks get; at first of an invited session: the account's `arg`. */
PARLEY_API void parley_session_set_arg(struct parley_session *s, void *arg);
PARLEY_API void *parley_session_arg(const struct parley_session *s);
/** Reports that are asked for with each message from now on. */
PARLEY_API void parley_session_set_reports(struct parley_session *s, unsigned reports);
PARLEY_API enum parley_mode parley_session_mode(const struct parley_session *s);
/** The other side, as told by the network. */
PARLEY_API const char *parley_session_peer(const struct parley_session *s);
/** Session Identity (RFC 4579: the URI of a Contact that has isfocus); NULL: the peer is no focus. */
PARLEY_API const char *parley_session_identity(const struct parley_session *s);
/** The peer is a focus: the functions for groups have a meaning. Known once it stands, or is shown. */
PARLEY_API bool parley_session_is_group(const struct parley_session *s);
/**
 * A text in UTF-8; it waits until the session stands. `ret_number` (may be NULL) is what `sent` will tell.
 * `ret_id` (may be NULL): that reports will name, valid until the next call; "" for none.
 * -EMSGSIZE: larger than PARLEY_CHAT_MAX, or than the other side takes; -ENOBUFS: too many wait;
 * -ENOTCONN: the session is over, or not a chat.
 */
PARLEY_API int parley_session_send(struct parley_session *s, const char *text, uint32_t *ret_number,
				   const char **ret_id);
/** Group: to one of its people alone, by the URI that the group knows them by. As parley_session_send; -EINVAL. */
PARLEY_API int parley_group_send_to(struct parley_session *s, const char *uri, const char *text,
				    uint32_t *ret_number, const char **ret_id);
/**
 * Group: invite these (REFER, RFC 5368). `answered` follows. -ENOTCONN: it is no group, or does not stand; -EINVAL:
 * a URI is none; -ENOBUFS: too many, or too many requests under way; -ENOMEM.
 */
PARLEY_API int parley_group_add(struct parley_session *s, const char *const *uris, size_t n,
				uint32_t *ret_number);
/** Group: send somebody away (RFC 4579 5.12). As parley_group_add. */
PARLEY_API int parley_group_remove(struct parley_session *s, const char *uri, uint32_t *ret_number);
/** Group: be called so (RFC 7701); "": by no nickname any more. As parley_group_add; kept after a loss. */
PARLEY_API int parley_group_nickname(struct parley_session *s, const char *name,
				     uint32_t *ret_number);
/**
 * Group: each of its people as known now; views are valid until the return. -ENODATA: nothing is known; -ENOTCONN:
 * it is no group.
 */
typedef void(parley_person_cb)(const struct parley_person *p, void *arg);
PARLEY_API int parley_group_people(const struct parley_session *s, parley_person_cb *cb, void *arg);
/** Group: the URI of whom a user would call so: by name, URI, or its part before '@'. NULL: nobody, or several. */
PARLEY_API const char *parley_group_find(const struct parley_session *s, const char *who);
/** What it is about, as told; "" for nothing. */
PARLEY_API const char *parley_session_subject(const struct parley_session *s);
/** The user writes: to be called at every key. What has to be told of it is told (RFC 3994). */
PARLEY_API void parley_session_typing(struct parley_session *s);
/**
 * Leaves, or declines with `status` (0: 603) what rings. What was given to parley_session_send and is under
 * way is still written. `ended` comes.
 */
PARLEY_API void parley_session_end(struct parley_session *s, unsigned status);

/* ---- What the server keeps: history, and messages that wait ---- */

enum parley_keeper {
	PARLEY_HISTORY,  /**< conversations of this account, where it has history switched on */
	PARLEY_DEFERRED, /**< messages that have not reached this account yet */
};

/** Entries that a list has at the most. */
#define PARLEY_KEPT_MAX 200
/** References that one call takes. */
#define PARLEY_REFERENCES_MAX 500

/** What is wanted of it: these references; or without any, all that the rest selects. NULL and 0: not said. */
struct parley_selection {
	enum parley_keeper keeper;
	const char
		*service; /**< its URI; NULL: sip:history@ or sip:deferred@ the account's domain */
	const char *const *references;
	size_t references_n;
	const char *with;           /**< URI of the other party */
	const char *text;           /**< HISTORY: found in it, letters in either case */
	int64_t since_ms, until_ms; /**< kept then or later; before */
	uint32_t limit;
	bool sessions;    /**< HISTORY, parley_kept_list: conversations, not the messages in them */
	const char *next; /**< parley_kept_list: instead of all others: the page that was told of */
};

/** One of a list. Texts are "", times 0, where nothing is said. */
struct parley_kept {
	const char *reference; /**< by which it is asked for */
	const char *from, *from_name, *to, *to_name;
	bool session; /**< a conversation: `messages` of them, from date_ms to end_ms (0: it goes on) */
	bool outgoing, incomplete;
	const char *kind; /**< "pager", "large", "session", "file" */
	const char *type;
	const char *subject, *name, *message_id;
	const char *text; /**< how it begins */
	const char *of;   /**< reference of the conversation that it belongs to */
	uint64_t size, messages;
	int64_t date_ms, end_ms, expiry_ms;
};

struct parley_kept_end {
	const struct parley_outcome *outcome; /**< 404: there is no such thing */
	const char *
		next; /**< list: for the next page, which begins behind this one; NULL: this was the last */
	uint32_t n; /**< entries, or messages that came whole */
};

/** Each may be NULL. */
struct parley_kept_handler {
	/** parley_kept_list: one of them, oldest first. */
	void (*entry)(struct parley *p, const struct parley_kept *k, void *arg);
	/** parley_kept_get: a message begins. False: it is not wanted after all. */
	bool (*content)(struct parley *p, const struct parley_content *c, void *arg);
	/** As of a session's. */
	bool (*piece)(struct parley *p, uint64_t offset, const void *bytes, size_t n, void *arg);
	/** All of it was given to `piece`. True: it was shown to the user. */
	bool (*complete)(struct parley *p, uint64_t size, void *arg);
	/** The last call. */
	void (*ended)(struct parley *p, const struct parley_kept_end *e, void *arg);
};

/**
 * Lists what is kept, a page of it. `ended` comes, unless parley_close comes first. -EINVAL: a reference, `with` or
 * `service` is no URI, or there are too many; -ENOBUFS, -ENOMEM. The handler is borrowed.
 */
PARLEY_API int parley_kept_list(struct parley *p, const struct parley_selection *s,
				const struct parley_kept_handler *h, void *arg);
/** Fetches the messages themselves, one after the other, oldest first. DEFERRED: what came whole waits no longer. */
PARLEY_API int parley_kept_get(struct parley *p, const struct parley_selection *s,
			       const struct parley_kept_handler *h, void *arg);
/**
 * Deletes what the references name; without any: all that is kept. `with` and its like are refused: -EINVAL. Of the
 * handler `ended` comes; `outcome` is 404 when nothing of it was there.
 */
PARLEY_API int parley_kept_delete(struct parley *p, const struct parley_selection *s,
				  const struct parley_kept_handler *h, void *arg);

#ifdef __cplusplus
}
#endif

#endif
