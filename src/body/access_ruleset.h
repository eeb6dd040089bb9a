/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The decoded form of access rules, between decoder and evaluation; and their conditions, which the rules
 * of groups have as well (body/group.h). For these files only.
 */
#ifndef BODY_ACCESS_RULESET_H
#define BODY_ACCESS_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "body/common_policy.h"
#include "body/xml.h"

/** An identity in its canonical form, or a domain; empty text is equal to nobody. */
struct access_subject {
	struct str text;
	bool is_domain;
};

/** <one>, or <many> with or without a domain. */
struct access_who {
	bool many;
	bool dead; /**< could not be read: matches nobody */
	struct access_subject who;
	struct access_subject *except;
	size_t except_n;
};

struct access_window {
	int64_t from_ms, until_ms;
};

enum access_if {
	ACCESS_IF_IDENTITY,
	ACCESS_IF_LISTED,
	ACCESS_IF_ANONYMOUS,
	ACCESS_IF_OTHER,
	ACCESS_IF_SPHERE,
	ACCESS_IF_VALID,
	ACCESS_IF_NEVER, /**< not known here, or not readable */
};

struct access_condition {
	enum access_if kind;
	size_t n; /**< of the table that the kind has */
	union {
		struct access_who *who;
		struct str *anchor;
		struct access_window *window;
		struct str text;
	};
};

struct access_rule {
	struct str id;
	enum access_action action;
	enum access_class class;
	unsigned media; /**< bits of enum access_media; all when the rule does not say */
	struct access_condition *conditions;
	size_t conditions_n;
};

struct access_rules {
	struct arena arena; /**< holds all of it */
	struct access_rule *rules;
	size_t n;
};

/** What the parts of a document are read with. */
struct access_reader {
	struct arena *arena;  /**< takes what is kept */
	struct arena scratch; /**< values as they stand in the document; the caller empties it */
	access_canonical_cb *canonical; /**< NULL: identities are taken as written */
	void *arg;
	unsigned lists; /**< seen so far, of ACCESS_LISTS_MAX */
};

/** Keeps the canonical form of an identity; an empty text when it has none. */
int access_identity_keep(struct access_reader *d, struct str uri, struct str *ret);
/** Reads the condition `e` into `c`, which is zeroed before; ACCESS_IF_NEVER when it is not known here. */
int access_condition_decode(struct access_reader *d, struct access_condition *c,
			    const struct xml_node *e);
/** Whether it holds; `*uncertain` is set when a list could not be had. */
bool access_condition_holds(const struct access_condition *c, const struct access_request *q,
			    bool *uncertain);

#endif
