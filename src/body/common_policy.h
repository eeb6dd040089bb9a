/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Access rules: may this caller reach the user in this way? A ruleset of RFC 4745 with the conditions
 * and the <allow-invite> action of OMA Shared Policy.
 *
 * A document is decoded once into a ruleset that holds everything it needs and can be kept as long as
 * the document does not change; it is then asked as often as needed, without allocation.
 *
 * What decides, in this order. A rule matches when all of its conditions hold. Rules are of four
 * classes, by the condition on the caller that they have:
 *
 *     0  <anonymous-request>
 *     1  <identity>: one, many, except, domain
 *     2  <external-list>: the caller stands in a list that lies elsewhere
 *     3  <other-identity>, or no condition on the caller at all
 *
 * The first of the classes 1, 2, 3 that has a matching rule speaks, the others are silent: a rule that
 * is about another medium does not match and hence does not make its class speak. Within a class the
 * values reject < pass < accept are combined to the highest (or, as configured, the lowest). No class
 * speaks: pass.
 *
 * A caller who hides (Privacy: id) is still known to us. Rejected, when classes 1 and 2, which name the
 * real identity, say so; else class 0 speaks if it has a matching rule; else it is as for anybody.
 *
 * A rule with conditions of several classes belongs to the lowest of them. A rule without
 * <allow-invite>, or with a value that is not one of the three, takes no part. A condition that is not
 * known here, or that cannot be read, does not hold: its rule never matches.
 */
#ifndef BODY_COMMON_POLICY_H
#define BODY_COMMON_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define ACCESS_RULES_TYPE STR("application/auth-policy+xml")
#define ACCESS_RULES_AUID STR("org.openmobilealliance.access-rules")
/** A user with a rule for each of a hundred contacts is far from it. */
#define ACCESS_RULES_MAX 512
/** References to lists in one document: each can cost a look into the store for every request. */
#define ACCESS_LISTS_MAX 32
/** Memory of one decoded ruleset; a document of XML_SIZE_MAX needs about twice its size. */
#define ACCESS_MEMORY_MAX (1024 * 1024)

enum access_action {
	ACCESS_NONE, /**< nothing said */
	ACCESS_REJECT,
	ACCESS_PASS,
	ACCESS_ACCEPT,
};

/** What is asked for. Large Message Mode and invitations to groups are sessions here (6.1.2.1, 2a). */
enum access_media {
	ACCESS_MESSAGE_SESSION,
	ACCESS_PAGER_MODE_MESSAGE,
	ACCESS_FILE_TRANSFER,
	ACCESS_GROUP_ADVERTISEMENT,
};

enum access_combine {
	ACCESS_COMBINE_MAX, /**< RFC 4745 10.2: the most generous of the matching rules */
	ACCESS_COMBINE_MIN,
};

enum access_class { ACCESS_BY_ANONYMITY, ACCESS_BY_IDENTITY, ACCESS_BY_LIST, ACCESS_BY_DEFAULT };

enum access_listed {
	ACCESS_NOT_LISTED,
	ACCESS_LISTED,
	ACCESS_LIST_UNKNOWN, /**< the list cannot be had now */
};

struct access_rules; /**< counted: mem_ref, mem_unref */

/**
 * Appends the form of `uri` in which callers are given to access_evaluate, usually the
 * address-of-record. Not 0: this is no identity; it is then equal to no caller.
 */
typedef int(access_canonical_cb)(struct str uri, struct buf *out, void *arg);

/** Does the list that `anchor` names (an XCAP URI) hold one of the callers? */
typedef enum access_listed(access_list_cb)(struct str anchor, const struct str *callers, size_t n,
					   void *arg);

/**
 * `canonical` is called for the identities in the document, during the call; NULL: they are taken as
 * written. -EBADMSG: not a ruleset; -ENOBUFS: a ceiling; -ENOMEM.
 */
int access_rules_decode(struct access_rules **ret, struct str text, access_canonical_cb *canonical,
			void *arg);

struct access_request {
	const struct str *callers; /**< authenticated identities, canonical; none: not known */
	size_t callers_n;
	bool anonymous; /**< Privacy: id */
	enum access_media media;
	int64_t now_ms;    /**< wall clock, since 1970 */
	struct str sphere; /**< of the served user; empty: not known, no sphere condition holds */
	access_list_cb *listed; /**< NULL: no list can be had */
	void *arg;
	enum access_combine combine;
};

struct access_outcome {
	enum access_action action; /**< never ACCESS_NONE */
	enum access_class by;      /**< the class that spoke */
	struct str rule;           /**< id of the rule that decided, STR_NULL when none matched */
	/**
	 * A list that could have mattered was not to be had; its rules were taken as not matching. What
	 * to do about that is the caller's choice.
	 */
	bool uncertain;
};

/** `ret->rule` is valid as long as the ruleset. */
void access_evaluate(const struct access_rules *r, const struct access_request *q,
		     struct access_outcome *ret);

/** "reject", "pass", "accept"; "none". */
struct str access_action_name(enum access_action a);
size_t access_rules_count(const struct access_rules *r);

#endif
