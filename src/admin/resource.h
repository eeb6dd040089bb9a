/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Resources of the admin API: rows of (method, path, handler). A folder that brings its own registers
 * a table; the list of resources (GET /, and every 404) is made from the same rows.
 *
 * A handler answers its request exactly once with one of admin_request_* below, at once or later; the
 * request lives until then.
 */
#ifndef ADMIN_RESOURCE_H
#define ADMIN_RESOURCE_H

#include <jansson.h>

#include "admin/admin.h"
#include "base/str.h"

struct admin_request;

typedef void(admin_resource_cb)(struct admin_request *r, void *arg);

struct admin_resource {
	const char *method;
	const char *path; /**< "/v1/users/{user}/password": {…} takes one segment */
	const char *summary;
	admin_resource_cb *handle;
};

/** Segments in braces of one path. */
#define ADMIN_PARAMS_MAX 4
/** Tables: one for each folder that has something to administer. */
#define ADMIN_TABLES_MAX 32

/** The table is borrowed for the life of `a`. -ENOBUFS: too many tables. */
int admin_register(struct admin *a, const struct admin_resource *table, size_t n, void *arg);

/** Room for the texts of one request. */
#define ADMIN_REQUEST_MAX 131072

const struct admin_services *admin_request_services(const struct admin_request *r);
/** The i-th segment in braces, decoded. */
struct str admin_request_param(const struct admin_request *r, size_t i);
/** A decoded query parameter, valid as long as the request; STR_NULL when absent. */
struct str admin_request_query(struct admin_request *r, const char *name);
/**
 * The body, an object; NULL when it is not one: the request has been answered then. Borrowed. To be asked
 * for first before the handler returns: the body itself is gone later.
 */
json_t *admin_request_json(struct admin_request *r);
/** The body as it came; gone when the handler returns. */
struct str admin_request_body(const struct admin_request *r);
/**
 * A member of the body that is a string of 1…max bytes without control characters; false: the request
 * has been answered then.
 */
bool admin_request_string(struct admin_request *r, const char *name, size_t max, struct str *ret);

/** Takes the reference `j`; NULL is taken for out of memory. */
void admin_request_reply(struct admin_request *r, unsigned status, json_t *j);
void admin_request_text(struct admin_request *r, struct str type, struct str body);
/** {"error": …, "remedy": …}, written with formats. */
void admin_request_error(struct admin_request *r, unsigned status, const char *remedy,
			 const char *error, ...) __attribute__((format(printf, 4, 5)));
/**
 * The answer for an error of a service (admin_done_cb): `why` is its sentence, or NULL; `what` the
 * thing that was asked for, "alice".
 */
void admin_request_failed(struct admin_request *r, int error, const struct buf *why,
			  struct str what);
/** An array that the request owns, for a handler whose rows come one by one; NULL: out of memory. */
json_t *admin_request_rows(struct admin_request *r);
/** A row could not be kept for want of memory: whatever is answered becomes a 503. */
void admin_request_spoil(struct admin_request *r);

/** A text of the network's: what is not UTF-8 in it becomes "?". NULL when out of memory. */
json_t *admin_json_text(struct str s);

/** A row for admin_request_rows; takes the reference, NULL is taken for out of memory. */
void admin_request_add(struct admin_request *r, json_t *row);
/** What a service's function returned: an error is answered, as by admin_request_failed. */
void admin_request_begun(struct admin_request *r, int error, const struct buf *why,
			 struct str what);
/** The query parameter `limit`: rows asked for, ADMIN_ROWS when absent. False: answered. */
bool admin_request_limit(struct admin_request *r, uint32_t *ret);

/** Room for a service's sentence. */
#define ADMIN_WHY_MAX 1024

/** The built-in tables, one for each file. */
int admin_node_register(struct admin *a);
int admin_user_register(struct admin *a);
int admin_settings_register(struct admin *a);
int admin_document_register(struct admin *a);
int admin_policy_register(struct admin *a);
int admin_deferred_register(struct admin *a);
int admin_system_message_register(struct admin *a);
int admin_trace_register(struct admin *a);
int admin_message_register(struct admin *a);

#endif
