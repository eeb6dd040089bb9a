/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A group that is defined beforehand: a document of OMA Shared-Group XDM,
 * application/vnd.oma.poc.groups+xml (digest c7, e3; the structure of RFC 4826 4, rules of RFC 4745).
 *
 * A document is decoded once into a group that holds everything it needs and can be kept as long as the document
 * does not change. Its rules are then asked what somebody may do; this allocates nothing:
 *
 *     rights = group_rights(g, &request);
 *     if (!(rights & GROUP_BIT(GROUP_JOIN)))
 *             403
 *
 * What decides. A rule matches when all of its conditions hold. The rights of somebody are the union of
 * those that the matching rules give: RFC 4745 10.2, of truth values TRUE prevails. A rule on
 * <other-identity> is for those whom no rule names: it speaks only when no rule with <identity>,
 * <is-list-member> or <external-list> matches. An action that no matching rule has is not allowed. A condition
 * that is not known here, or that cannot be read, does not hold.
 */
#ifndef BODY_GROUP_H
#define BODY_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "body/common_policy.h"

#define GROUP_TYPE STR("application/vnd.oma.poc.groups+xml")
#define GROUP_NS STR("urn:oma:xml:poc:list-service")
#define GROUP_AUID STR("org.openmobilealliance.groups")
/** Members of one group in its own list: each may be invited at once. */
#define GROUP_MEMBERS_MAX 2048
/** References to lists elsewhere: each costs a look into the store. */
#define GROUP_EXTERNALS_MAX 32
/** Rules: one for the owner, one for the members, one for the others, and room. */
#define GROUP_RULES_MAX 256
/** People without whom the session does not go on. */
#define GROUP_REQUIRED_MAX 64
/** Times at which the group is open. */
#define GROUP_WINDOWS_MAX 64
/** Memory of one decoded group. */
#define GROUP_MEMORY_MAX (2 * 1024 * 1024)

enum group_right {
	GROUP_JOIN,            /**< join-handling */
	GROUP_INITIATE,        /**< allow-initiate-conference */
	GROUP_STATE,           /**< allow-conference-state: may subscribe to it */
	GROUP_INVITE,          /**< allow-invite-users-dynamically */
	GROUP_ANONYMITY,       /**< allow-anonymity */
	GROUP_KEY,             /**< is-key-participant: no right, but decided alike */
	GROUP_EXPEL,           /**< allow-expelling */
	GROUP_PRIVATE_MESSAGE, /**< allow-private-message */
	GROUP_OFFLINE_STORAGE, /**< allow-offline-storage */
	GROUP_SUBCONFERENCE,   /**< allow-subconf */
	GROUP_REJECT_INVITE,   /**< allow-reject-invite */
};
#define GROUP_RIGHTS 11
#define GROUP_BIT(right) (1u << (right))

struct group_member {
	struct str uri;       /**< as written */
	struct str canonical; /**< to be compared; empty: equal to nobody */
	struct str display_name;
};

struct group_window {
	int64_t from_ms, until_ms; /**< since 1970; not including `until_ms` */
};

/** <session-active-policy>: what a session needs to begin and to go on. */
struct group_activity {
	uint32_t max_duration_s;             /**< 0: as long as it lasts */
	uint32_t min_participants;           /**< 0: not said */
	const struct group_member *required; /**< required-participants-list */
	size_t required_n;
	bool originator; /**< session-originator: only while who started it is in */
	bool scheduled;  /**< only within one of the windows */
	const struct group_window *windows;
	size_t windows_n;
};

struct group_rule;

/** Counted: mem_ref, mem_unref. All texts live as long as it does. */
struct group {
	struct str uri;       /**< of the group */
	struct str canonical; /**< of the group */
	struct str display_name, subject;
	const struct group_member *members;
	size_t members_n;
	const struct str *externals; /**< XCAP URIs of lists whose members are members */
	size_t externals_n;
	bool invite_members; /**< the first to come has all others invited ("dial-out"); else they join in */
	bool advertise;            /**< automatic-group-advertisement */
	bool searchable;           /**< may be found by a search */
	uint32_t max_participants; /**< 0: not limited by the document */
	uint32_t min_age, max_age; /**< age-restrictions; 0: none */
	struct group_activity activity;
	bool has_key_rules; /**< a rule makes somebody a key participant: one of these must be in */
	const struct group_rule *rules;
	size_t rules_n;
	struct arena arena; /**< holds all of it */
};

/**
 * `canonical` is called for the identities in the document, during the call; NULL: they are taken as written.
 * The group is the first <list-service>. -EBADMSG: not such a document, none in it, one without a URI; a number or
 * truth value that is none (of an action: not allowed); -ENOBUFS: a ceiling; -ENOMEM.
 */
int group_decode(struct group **ret, struct str text, access_canonical_cb *canonical, void *arg);

/** The member that is one of these canonical identities, in the group's own list; NULL: none. */
const struct group_member *group_member(const struct group *g, const struct str *who, size_t n);

struct group_request {
	const struct str *who; /**< authenticated identities, canonical */
	size_t n;
	bool anonymous;         /**< Privacy: id */
	int64_t now_ms;         /**< wall clock, since 1970 */
	access_list_cb *listed; /**< NULL: no list can be had */
	void *arg;
};

/**
 * The bits of enum group_right that they have. `*uncertain` (may be NULL): a list that could have mattered was
 * not to be had, and was taken as not holding them.
 */
unsigned group_rights(const struct group *g, const struct group_request *q, bool *uncertain);
/** Member by the group's own list or by one of its lists elsewhere. */
bool group_is_member(const struct group *g, const struct group_request *q, bool *uncertain);
/** Open at this time: no schedule, or within one of its windows. */
bool group_is_open(const struct group_activity *a, int64_t now_ms);

/** "join-handling" …, as the document has it. */
struct str group_right_name(enum group_right r);

/* ---- Making one ---- */

enum group_whom { GROUP_FOR_ONE, GROUP_FOR_MEMBERS, GROUP_FOR_OTHERS };

/** A rule for its encoding: whom it is for, and what they may do. */
struct group_grant {
	enum group_whom whom;
	struct str uri; /**< GROUP_FOR_ONE */
	unsigned
		rights; /**< bits; those not set are written as false where the document always has them */
};
/**
 * Appends a document: uri, names, members, externals, the numbers and <session-active-policy> of `g`, and these
 * rules. `g` may be filled in by hand; its rules and canonical forms are not looked at.
 */
void group_encode(struct buf *out, const struct group *g, const struct group_grant *grants,
		  size_t n);

#endif
