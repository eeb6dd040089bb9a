/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options. Keys and defaults are promises to operators: they may be added, not changed. */
#include "server/options.h"

#include <string.h>

#include "server/config.h"
#include "server/option_type.h"

#define FIELD(member) \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)0)->member)
#define YEARS_10 (UINT64_C(10) * 365 * 86400)
#define TERABYTE (UINT64_C(1) << 40)

static const char *const core_words[] = {"embedded", "ims", NULL};
static const char *const combiner_words[] = {"max", "min", NULL};
static const char *const expired_words[] = {"reject", "discard", "deliver", NULL};
static const char *const sent_count_words[] = {"off", "parameter", "header", NULL};
static const char *const level_words[] = {"error", "warning", "notice", "info", "debug", NULL};

/** In the order in which they are shown and explained. */
const struct option options[] = {
	{"domain", &option_domains, FIELD(domains), .min = 1, .initial = "example.org",
	 .sentence = "The domain served, or a list of them; the first is the main one."},
	{"core", &option_word, FIELD(core), .words = core_words, .initial = "embedded",
	 .sentence =
		 "embedded: the server registers and authenticates its users itself. ims: it is an "
		 "application server beside an IMS core, which does."},
	{"listen", &option_listens, FIELD(listen), .min = 1,
	 .initial = "udp:127.0.0.1:5060, tcp:127.0.0.1:5060", .sentence = "Where SIP is spoken."},
	{"advertise", &option_host, FIELD(advertise), .initial = "", .reloadable = false,
	 .derived = "the listener's address",
	 .sentence =
		 "The host that other elements reach this server by, when it is not the address "
		 "listened on: written in Via, Contact and Record-Route."},
	{"tls.certificate", &option_path, FIELD(tls.certificate), .initial = "",
	 .sentence = "File with the server's certificate and its chain, PEM."},
	{"tls.key", &option_path, FIELD(tls.key), .initial = "",
	 .derived = "the file of tls.certificate", .sentence = "File with the private key, PEM."},
	{"tls.ca", &option_path, FIELD(tls.ca), .initial = "", .derived = "the system's",
	 .sentence = "File with the certificate authorities that peers' certificates are checked "
		     "against, PEM."},
	{"tls.verify", &option_bool, FIELD(tls.verify), .initial = "true",
	 .sentence = "Whether the certificate of a server that is connected to must be good."},
	{"store", &option_store, FIELD(store), .initial = "sqlite:parley.db",
	 .sentence = "Where accounts, registrations and messages are kept: sqlite:PATH, or memory: "
		     "(lost at the end)."},
	{"authenticate", &option_bool, FIELD(authenticate), .initial = "true",
	 .sentence = "Embedded core: whether a request from a user of ours must prove it by digest "
		     "authentication."},
	{"digest", &option_digest, FIELD(digest), .min = 1, .initial = "sha-256, md5",
	 .sentence = "Embedded core: the algorithms of digest authentication that are offered, "
		     "sha-256 always "
		     "first. Clients that give up where sha-256 is offered (baresip before 3.12, "
		     "sipp before 3.7) "
		     "need md5 alone."},
	{"registrar.min-expires", &option_duration_s, FIELD(registrar.min_expires_s), .min = 1,
	 .max = 86400, .initial = "60s",
	 .sentence = "Shortest registration taken; a shorter one is answered 423."},
	{"registrar.default-expires", &option_duration_s, FIELD(registrar.default_expires_s),
	 .min = 1, .max = 31536000, .initial = "1h",
	 .sentence = "How long a registration lasts that names no time."},
	{"registrar.max-expires", &option_duration_s, FIELD(registrar.max_expires_s), .min = 1,
	 .max = 31536000, .initial = "1d",
	 .sentence = "Longest registration; a longer one is shortened."},
	{"registrar.max-contacts", &option_count, FIELD(registrar.max_contacts), .min = 1,
	 .max = 16, .initial = "10",
	 .sentence = "Devices that one user may have registered at once."},
	{"ims.peers", &option_peers, FIELD(ims.peers), .initial = "",
	 .sentence =
		 "Elements of the SIP/IP core; only they are trusted to assert identities. HOST: "
		 "any "
		 "port of it; HOST:PORT: that source port alone; a TLS peer by certificate name."},
	{"ims.next-hop", &option_uri, FIELD(ims.next_hop), .initial = "",
	 .derived = "the first of ims.peers",
	 .sentence = "Where a request without a Route set goes, as a SIP URI."},
	{"ims.reg-event", &option_bool, FIELD(ims.reg_event), .initial = "false",
	 .sentence = "Whether the core is asked which devices a user has and what they can do (the "
		     "reg event "
		     "package); else a third-party REGISTER says all that is known."},
	{"msrp.listen", &option_listens, FIELD(msrp_listen), .initial = "tcp:127.0.0.1:2855",
	 .sentence = "Where MSRP is spoken: tcp or tls. An empty list: nowhere, which only "
		     "media-path: never allows."},
	{"media-path", &option_media_path, FIELD(media_path), .initial = "history",
	 .reloadable = true,
	 .sentence =
		 "When the media of a session or a large message pass through the server: always, "
		 "never, "
		 "or for what is listed: history (the user wants the conversation recorded, and "
		 "history.enabled), charging (the policy `charging` is on for the user). It is "
		 "decided "
		 "at the INVITE and holds as long as the session."},
	{"policy.pager.max-size", &option_bytes, FIELD(policy.pager.max_size), .min = 1,
	 .max = 65536, .initial = "65536", .reloadable = true,
	 .sentence = "Longest body of a pager message."},
	{"policy.pager.types", &option_media_types, FIELD(policy.pager.types),
	 .initial = "text/plain, text/html, message/cpim, message/imdn+xml, "
		    "application/im-iscomposing+xml",
	 .reloadable = true, .sentence = "Content types that a pager message may have."},
	{"policy.large.max-size", &option_bytes, FIELD(policy.large.max_size), .min = 1,
	 .max = TERABYTE, .initial = "1048576", .reloadable = true,
	 .sentence = "Longest large message; an invitation that announces a longer one is answered "
		     "488."},
	{"policy.large.types", &option_media_types, FIELD(policy.large.types),
	 .initial = "text/*, image/*, message/cpim", .reloadable = true,
	 .sentence = "Content types that a large message may have."},
	{"policy.session.max-size", &option_bytes, FIELD(policy.session.max_size), .min = 1,
	 .max = TERABYTE, .initial = "10485760", .reloadable = true,
	 .sentence = "Longest message in a session; an invitation with a greater a=max-size is "
		     "answered 488."},
	{"policy.session.types", &option_media_types, FIELD(policy.session.types), .initial = "*",
	 .reloadable = true, .sentence = "Content types that may be sent in a session."},
	{"policy.file.max-size", &option_bytes, FIELD(policy.file.max_size), .min = 1,
	 .max = TERABYTE, .initial = "104857600", .reloadable = true,
	 .sentence = "Longest file; an invitation for a longer one is answered 488."},
	{"policy.file.types", &option_media_types, FIELD(policy.file.types), .initial = "*",
	 .reloadable = true, .sentence = "Content types that a file may have."},
	{"user-agent.required", &option_token, FIELD(user_agent.required), .initial = "",
	 .reloadable = true,
	 .sentence = "What a client's User-Agent must say, for instance IM-client; a request "
		     "without it "
		     "is refused."},
	{"user-agent.minimum", &option_token, FIELD(user_agent.minimum), .initial = "",
	 .reloadable = true,
	 .sentence = "The lowest version that it may say, for instance OMA1.0."},
	{"access-combiner", &option_word, FIELD(access_combiner), .words = combiner_words,
	 .initial = "max", .reloadable = true,
	 .sentence = "Which of several access rules of a user counts when they match a sender "
		     "equally well: max (the most generous, RFC 4745), min (the strictest)."},
	{"deferred.expiry", &option_duration_s, FIELD(deferred.expiry_s), .min = 60,
	 .max = YEARS_10, .initial = "7d", .reloadable = true,
	 .sentence = "How long a message waits for its recipient."},
	{"deferred.push", &option_bool, FIELD(deferred.push), .initial = "true", .reloadable = true,
	 .sentence = "Whether what waits is sent when the recipient registers, unless the "
		     "recipient's setting push is off; else the device is told what waits, and "
		     "gets it when it fetches it, or at parleyctl deferred push."},
	{"deferred.quota", &option_count, FIELD(deferred.quota), .min = 0, .max = 1000000,
	 .initial = "1000", .reloadable = true,
	 .sentence = "Messages that may wait for one user; 0: no limit."},
	{"deferred.size", &option_bytes, FIELD(deferred.size), .min = 0, .max = INT64_C(1) << 50,
	 .initial = "10G", .reloadable = true,
	 .sentence = "Bytes that may wait for one user, large messages and files included; 0: no "
		     "limit. One that would pass it is refused."},
	{"deferred.files", &option_bool, FIELD(deferred.files), .initial = "true",
	 .reloadable = true,
	 .sentence = "Whether a file that is offered to somebody who is away waits as a large "
		     "message does; false: it is refused with 480, by the letter of the "
		     "specification."},
	{"deferred.after-failure", &option_bool, FIELD(deferred.after_failure), .initial = "true",
	 .reloadable = true,
	 .sentence = "Whether a message is kept, too, when the recipient's devices are registered "
		     "and none can be reached (408, 430, 480, no connection)."},
	{"charging.file", &option_path, FIELD(charging.file), .initial = "", .reloadable = true,
	 .sentence = "File that charging records are appended to, one line of JSON each; empty: "
		     "none. Opened "
		     "anew at SIGHUP."},
	{"expired-pager", &option_word, FIELD(expired_pager), .words = expired_words,
	 .initial = "reject", .reloadable = true,
	 .sentence = "What becomes of a pager message whose Expires has passed: reject (480 and a "
		     "Warning), discard, deliver."},
	{"history.enabled", &option_bool, FIELD(history.enabled), .initial = "true",
	 .reloadable = true,
	 .sentence = "Whether conversations are recorded for the users who asked for it."},
	{"history.expiry", &option_duration_s, FIELD(history.expiry_s), .min = 60, .max = YEARS_10,
	 .initial = "365d", .reloadable = true,
	 .sentence = "How long an entry of the history is kept."},
	{"history.messages", &option_count, FIELD(history.messages), .min = 0, .max = 100000000,
	 .initial = "100000", .reloadable = true,
	 .sentence =
		 "Messages kept in the history of one user, the oldest going for the new; 0: no "
		 "limit."},
	{"history.size", &option_bytes, FIELD(history.size), .min = 0, .max = UINT64_C(1) << 50,
	 .initial = "1G", .reloadable = true,
	 .sentence =
		 "Bytes kept in the history of one user, the oldest going for the new; a larger "
		 "message is not recorded; 0: no limit."},
	{"system-message.timeout", &option_duration_s, FIELD(system_message_timeout_s), .min = 1,
	 .max = YEARS_10, .initial = "1h", .reloadable = true,
	 .sentence = "How long a system message waits for its answer."},
	{"sent-count", &option_word, FIELD(sent_count), .words = sent_count_words, .initial = "off",
	 .reloadable = true,
	 .sentence = "How the controlling function is asked how many received a message: off, "
		     "parameter (Success-Report: yes;Include-Sent-Count, to the letter of the "
		     "specification), header (Include-Sent-Count: yes, a line of its own, which "
		     "nobody has to know). When it is asked, the server is in the media path of "
		     "what its users begin, unless media-path is never."},
	{"conference.factory", &option_user_uri, FIELD(conference.factory), .initial = "",
	 .derived = "sip:conference-factory@DOMAIN",
	 .sentence = "The URI that a conference is asked of (RFC 4579, 5366)."},
	{"conference.max-participants", &option_count, FIELD(conference.max_participants), .min = 2,
	 .max = 2048, .initial = "100", .reloadable = true,
	 .sentence = "Participants of one session that is made of a list; those of a group are "
		     "limited by its document."},
	{"conference.max-duration", &option_duration_s, FIELD(conference.max_duration_s), .min = 0,
	 .max = YEARS_10, .initial = "0s", .reloadable = true,
	 .sentence = "How long a session of several lasts at most; 0s: as long as somebody is in."},
	{"conference.idle", &option_duration_s, FIELD(conference.idle_s), .min = 0, .max = YEARS_10,
	 .initial = "0s", .reloadable = true,
	 .sentence = "After how long without a message a session of several is ended; 0s: never."},
	{"service-uris.exploder", &option_user_uri, FIELD(service_uris.exploder), .initial = "",
	 .derived = "sip:exploder@DOMAIN",
	 .sentence = "Where a MESSAGE with a list of recipients goes (RFC 5365)."},
	{"service-uris.deferred", &option_user_uri, FIELD(service_uris.deferred), .initial = "",
	 .derived = "sip:deferred@DOMAIN",
	 .sentence = "Where users fetch and delete what waits for them."},
	{"service-uris.history", &option_user_uri, FIELD(service_uris.history), .initial = "",
	 .derived = "sip:history@DOMAIN",
	 .sentence = "Where users fetch and delete their history."},
	{"service-uris.system-message", &option_user_uri, FIELD(service_uris.system_message),
	 .initial = "", .derived = "sip:system@DOMAIN",
	 .sentence = "Who system messages are from, and their answers to."},
	{"timers.session-expires", &option_duration_s, FIELD(timers.session_expires), .min = 90,
	 .max = 604800, .initial = "1800", .reloadable = true,
	 .sentence = "Session-Expires that is asked for (RFC 4028)."},
	{"timers.min-se", &option_duration_s, FIELD(timers.min_se), .min = 90, .max = 604800,
	 .initial = "90", .reloadable = true,
	 .sentence =
		 "The shortest Session-Expires that is agreed to (RFC 4028); an invitation with a "
		 "shorter one is answered 422."},
	{"timers.t1", &option_duration_ms, FIELD(timers.t1_ms), .min = 10, .max = 10000,
	 .initial = "500ms",
	 .sentence = "The round-trip time that retransmissions start from (RFC 3261 section 17)."},
	{"timers.linger", &option_duration_ms, FIELD(timers.linger_ms), .min = 640, .max = 640000,
	 .initial = "", .derived = "64 times timers.t1",
	 .sentence = "How long a transaction waits for an answer, and is remembered after it."},
	{"admin.listen", &option_addr, FIELD(admin_listen), .initial = "127.0.0.1:8080",
	 .sentence =
		 "Where the admin API and the metrics page are. They ask for no password: whoever "
		 "reaches this address may do everything."},
	{"log.level", &option_word, FIELD(log.level), .words = level_words, .initial = "info",
	 .reloadable = true,
	 .sentence = "What is logged: error, warning, notice, info, debug; each includes those "
		     "before."},
	{"log.addresses", &option_bool, FIELD(log.addresses), .initial = "true",
	 .sentence = "Whether users' addresses stand in the log; else a hash of them does."},
};

const size_t options_count = sizeof(options) / sizeof(options[0]);


const struct option *option_find(const char *key)
{
	for (size_t i = 0; i < options_count; i++)
		if (!strcmp(options[i].key, key))
			return &options[i];
	return NULL;
}
