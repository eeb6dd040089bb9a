/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Documents: the XML documents of a user, each under its application (AUID) and name: service settings,
 * access rules, groups, resource lists.
 *
 * The store does not look into them. Each has an entity tag, made from its type and content, so that
 * the same content has the same tag and whoever changes a document can say which one they saw
 * (RFC 4825 7.11, 8.1: the condition and the change are one step).
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "store/store.h"

/** What a document's key is for the documents that the gates read. */
#define STORE_AUID_SETTINGS "org.openmobilealliance.im-settings"
#define STORE_NAME_SETTINGS "index"
#define STORE_AUID_ACCESS_RULES "org.openmobilealliance.access-rules"
#define STORE_NAME_ACCESS_RULES "access-rules"
#define STORE_AUID_GROUPS "org.openmobilealliance.groups"
/** A group's document lies under the IM Group Identity, as in the view global/byGroupID of Shared-Group XDM. */
#define STORE_NAME_GROUP "index"
#define STORE_AUID_RESOURCE_LISTS "resource-lists"

/** Bytes of one document; a thousand rules fit. */
#define STORE_DOCUMENT_MAX (256u << 10)
/** Bytes of an AOR, of an AUID, of a name, of a type: each. */
#define STORE_DOCUMENT_NAME_MAX 255
/** Documents of one user: so that none fills the disk. */
#define STORE_DOCUMENTS_MAX 200
/** Hexadecimal digits of an entity tag. */
#define STORE_ETAG_LEN 32

/** Conditions in the place of an entity tag: there is one, whichever; there is none. */
#define STORE_ETAG_ANY STR("*")
#define STORE_ETAG_NONE STR("-")

struct store_document {
	struct str aor; /**< the key: aor, auid, name */
	struct str auid;
	struct str name;
	struct str type;    /**< media type */
	struct str etag;    /**< set by the store, ignored when written */
	struct str body;    /**< empty in a list and after put */
	uint32_t size;      /**< bytes of the body; set by the store */
	int64_t changed_ms; /**< wall clock */
};

/**
 * Writes a new document or over the old one. `if_etag` (empty: no condition) must be the tag of what
 * is there, or STORE_ETAG_ANY, STORE_ETAG_NONE; if not: -ESTALE, and nothing is changed. -EDQUOT: the
 * user has STORE_DOCUMENTS_MAX already. Returns -EMSGSIZE at once for what is larger than the
 * ceilings above, -EINVAL for a NUL in a text of the key. done(0): store_document_result has the
 * document without its body, with its tag.
 */
int store_document_put(struct store *s, struct store_request *r, const struct store_document *d,
		       struct str if_etag, store_done_cb *done, void *arg);
/** -ENOENT; -ESTALE when the condition does not hold (see put). */
int store_document_delete(struct store *s, struct store_request *r, struct str aor, struct str auid,
			  struct str name, struct str if_etag, store_done_cb *done, void *arg);
/** done: 0, and store_document_result has it, with its body; -ENOENT. */
int store_document_get(struct store *s, struct store_request *r, struct str aor, struct str auid,
		       struct str name, store_done_cb *done, void *arg);
/** All documents of the user in order of (AUID, name), without bodies. */
int store_document_list(struct store *s, struct store_request *r, struct str aor,
			store_done_cb *done, void *arg);

/**
 * Up to `max` (1 … STORE_PAGE_MAX) documents of one application, of all users, without bodies, in order of AOR; of
 * those behind `after`, an AOR (empty: from the start). For applications with one document under an AOR.
 */
int store_document_find(struct store *s, struct store_request *r, struct str auid, struct str after,
			size_t max, store_done_cb *done, void *arg);

/** In `done` of put, get, list and find. */
const struct store_document *store_document_result(const struct store_request *r, size_t *count);

#endif
