/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The rules of a user and of the service: settings, documents, operator policy.
 *
 *     GET    /v1/users/{user}/settings
 *     PUT    /v1/users/{user}/settings                     {"barring.session": true, "history": true}
 *     GET    /v1/users/{user}/documents
 *     GET    /v1/users/{user}/documents/{auid}/{name}      ?format=xml: the document itself
 *     PUT    /v1/users/{user}/documents/{auid}/{name}      the document; ?if=ETAG
 *     DELETE /v1/users/{user}/documents/{auid}/{name}
 *     GET    /v1/policy, /v1/users/{user}/policy
 *     PUT    /v1/policy, /v1/users/{user}/policy           {"pager.max-size": "2000", "charging": null}
 *
 * What the names and values mean is the server's to know (server/operator_rules.c…): here they are texts.
 */
#ifndef ADMIN_RULES_H
#define ADMIN_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "admin/done.h"
#include "base/buf.h"
#include "base/str.h"

/** Names that one PUT may have: all there are, and some more. */
#define ADMIN_VALUES_MAX 64
/** Bytes of a name and of a value. */
#define ADMIN_NAME_MAX 255
#define ADMIN_VALUE_MAX 4096

/** A setting or a policy. */
struct admin_value {
	struct str name;
	struct str value; /**< when set: STR_NULL means "no longer set here" */
	struct str from;  /**< shown only: "user", "service", "configuration", "default" */
};

/** A document of a user; `body` is empty in lists. */
struct admin_document {
	struct str auid, name, type, etag, body;
	uint64_t size;
	int64_t changed_ms; /**< wall clock */
};

/** Texts are valid until it returns. */
typedef void(admin_value_cb)(const struct admin_value *v, void *arg);
typedef void(admin_document_cb)(const struct admin_document *d, void *arg);

/**
 * As the others in struct admin_services (admin/admin.h); and `done` with -ENODATA: the user is known, but has
 * no such document; -ESTALE: the document is another than `if_etag` says. A set shows all values that
 * hold after it.
 */
struct admin_rules {
	int (*settings_get)(struct str user, admin_value_cb *each, admin_done_cb *done,
			    void *done_arg, struct buf *why, void *arg);
	int (*settings_set)(struct str user, const struct admin_value *set, size_t n,
			    admin_value_cb *each, admin_done_cb *done, void *done_arg,
			    struct buf *why, void *arg);
	int (*document_list)(struct str user, admin_document_cb *each, admin_done_cb *done,
			     void *done_arg, struct buf *why, void *arg);
	int (*document_get)(struct str user, struct str auid, struct str name,
			    admin_document_cb *each, admin_done_cb *done, void *done_arg,
			    struct buf *why, void *arg);
	int (*document_put)(struct str user, const struct admin_document *d, struct str if_etag,
			    admin_document_cb *each, admin_done_cb *done, void *done_arg,
			    struct buf *why, void *arg);
	int (*document_remove)(struct str user, struct str auid, struct str name,
			       admin_done_cb *done, void *done_arg, struct buf *why, void *arg);
	/** `user` empty: of the service. */
	int (*policy_get)(struct str user, admin_value_cb *each, admin_done_cb *done,
			  void *done_arg, struct buf *why, void *arg);
	int (*policy_set)(struct str user, const struct admin_value *set, size_t n,
			  admin_value_cb *each, admin_done_cb *done, void *done_arg,
			  struct buf *why, void *arg);
};

#endif
