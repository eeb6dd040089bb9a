/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The configuration: one table of options (server/options.c: key, type, bounds, default, one
 * sentence, reloadable or not) feeds the parser, `parleyctl config` and the manual page.
 *
 * A file is YAML (libyaml). Every key has a default: an empty file is a working embedded server on
 * loopback. A mistake is told as FILE:LINE: KEY: what is wrong: what to do about it, and all of them
 * are told in one run. Relative paths are taken from the directory the server was started in.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"

struct config_strs {
	struct str *v;
	size_t n;
};

/** "udp:127.0.0.1:5060" */
enum config_transport { CONFIG_UDP, CONFIG_TCP, CONFIG_TLS };
struct config_listen {
	enum config_transport transport;
	struct addr addr;
	struct str text;
};
struct config_listens {
	struct config_listen *v;
	size_t n;
};

enum config_core { CONFIG_CORE_EMBEDDED, CONFIG_CORE_IMS };
enum config_combiner { CONFIG_COMBINER_MAX, CONFIG_COMBINER_MIN };
enum config_expired { CONFIG_EXPIRED_REJECT, CONFIG_EXPIRED_DISCARD, CONFIG_EXPIRED_DELIVER };

struct config_policy {
	uint64_t max_size;
	struct config_strs types;
};

/** A YAML file longer than this is not a configuration of ours. */
#define CONFIG_FILE_MAX (1u << 20)
/** Brackets open at one place: libyaml's effort grows with the square of it, and ours are three deep. */
#define CONFIG_DEPTH_MAX 100
/** Room for its texts and lists. */
#define CONFIG_ARENA_MAX (8u << 20)
/** Mistakes told in one run; the others are counted. */
#define CONFIG_MISTAKES_MAX 20
/** Enough for them all, and for the configuration written out. */
#define CONFIG_TEXT_MAX (4u << 20)

/** A set: what must see the media pass through the server. NEVER, as the empty set, is for nothing. */
enum config_media_path {
	CONFIG_MEDIA_ALWAYS = 1,
	CONFIG_MEDIA_HISTORY = 2,
	CONFIG_MEDIA_CHARGING = 4,
	CONFIG_MEDIA_NEVER = 8,
};
/** A set: what a challenge offers. */
enum config_digest { CONFIG_DIGEST_SHA256 = 1, CONFIG_DIGEST_MD5 = 2 };
enum config_sent_count {
	CONFIG_SENT_COUNT_OFF,
	CONFIG_SENT_COUNT_PARAMETER,
	CONFIG_SENT_COUNT_HEADER
};

/** All texts are owned by the config, end in NUL, and live as long as it. Durations are in seconds. */
struct config {
	struct config_strs domains;
	enum config_core core;
	struct config_listens listen;
	struct str
		advertise; /**< host that Via, Contact and Record-Route show; empty: the listener's */
	struct {
		struct str certificate; /**< PEM, the chain included; empty: no TLS is offered */
		struct str key;         /**< default: the certificate's file */
		struct str ca;          /**< empty: the system's */
		bool verify;            /**< of servers we connect to */
	} tls;
	struct str store; /**< memory: | sqlite:PATH | postgres:CONNINFO */
	struct {
		struct config_strs peers;
		struct str next_hop; /**< a SIP URI; default: the first peer */
		bool reg_event;      /**< devices are asked of the core (RFC 3680) */
	} ims;
	struct config_listens msrp_listen;
	uint32_t media_path; /**< set of enum config_media_path */
	struct {
		struct config_policy pager, large, session, file;
	} policy;
	struct {
		struct str required, minimum;
	} user_agent;
	struct {
		uint64_t expiry_s;
		bool push;
		bool after_failure, files;
		uint64_t quota, size; /**< messages, bytes of one user; 0: no limit */
	} deferred;
	struct {
		struct str file; /**< empty: no records */
	} charging;
	enum config_combiner access_combiner;
	enum config_expired expired_pager;
	struct {
		bool enabled;
		uint64_t expiry_s;
		uint64_t messages, size; /**< of one user; 0: no limit */
	} history;
	uint64_t system_message_timeout_s;
	enum config_sent_count sent_count;
	struct {
		struct str factory;
		uint32_t max_participants;
		uint64_t max_duration_s, idle_s; /**< 0: none */
	} conference;
	struct {
		struct str exploder, deferred, history, system_message;
	} service_uris;
	struct {
		uint32_t session_expires, min_se;
		uint32_t t1_ms, linger_ms;
	} timers;
	struct {
		uint32_t min_expires_s, default_expires_s, max_expires_s, max_contacts;
	} registrar;
	bool authenticate; /**< embedded: requests must be authenticated (default true) */
	uint32_t digest;   /**< embedded: set of enum config_digest */
	struct addr admin_listen;
	struct {
		enum log_level level;
		bool addresses; /**< false: addresses are hashed in the log */
	} log;
	struct arena *arena; /**< private */
};

/**
 * Counted (mem_unref). `name` is for messages. 0; -EINVAL with every mistake in `why`, one a line; or
 * -ENOMEM. `why` wants a ceiling of CONFIG_TEXT_MAX.
 */
int config_decode(struct config **ret, struct str yaml, const char *name, struct buf *why);
/** Reads the file. -errno of open or read (told in `why` too), or as above. */
int config_load(struct config **ret, const char *path, struct buf *why);
/** The effective configuration as YAML; as JSON when `json`. Secrets are left out. */
void config_encode(const struct config *c, bool json, struct buf *out);
/**
 * Puts the keys that differ between the two and take effect at a restart only, separated by ", ";
 * returns how many there are. Other differences may be applied at once.
 */
size_t config_restart_keys(const struct config *old, const struct config *fresh, struct buf *out);
/** parley.yaml(5), in roff. */
void config_man(struct buf *out);

#endif
