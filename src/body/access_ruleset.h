/* SPDX-License-Identifier: Apache-2.0 */
/** The decoded form of access rules, between decoder and evaluation; for these two files only. */
#ifndef BODY_ACCESS_RULESET_H
#define BODY_ACCESS_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "body/common_policy.h"

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

#endif
