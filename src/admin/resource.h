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

#include <errno.h>
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

/* ---- Asking a service of the desk's, and answering when it is done ---- */

/** What a service's function returned: an error is answered, as by admin_request_failed. */
void admin_request_begun(struct admin_request *r, int error, const struct buf *why,
			 struct str what);
/** Room for a service's sentence. */
#define ADMIN_WHY_MAX 1024
/**
 * Most handlers end with it: calls the service with the arguments that stand last here, followed by those
 * that every service takes last (the request as `done_arg`, room for its sentence, the desk), and answers
 * for it when it refuses, or is not there. `what` is the thing asked for, "alice".
 *
 *     admin_request_ask(r, user, s->rules.settings_get, user, on_value, on_done);
 */
#define admin_request_ask(r, what, service, ...)                            \
	do {                                                                \
		char why_text_[ADMIN_WHY_MAX];                              \
		struct buf why_;                                            \
		int error_ = -ENOSYS;                                       \
		buf_fixed(&why_, why_text_, sizeof(why_text_));             \
		if (service)                                                \
			error_ = (service)(__VA_ARGS__, (r), &why_,         \
					   admin_request_services(r)->arg); \
		admin_request_begun((r), error_, &why_, (what));            \
	} while (0)

/** A row for admin_request_rows; takes the reference, NULL is taken for out of memory. */
void admin_request_add(struct admin_request *r, json_t *row);
/** Answers with the first row. */
void admin_request_reply_row(struct admin_request *r, unsigned status);
/**
 * Answers with the rows under `name`, and whether there are more: one more than `limit` was asked for, to
 * know that.
 */
void admin_request_reply_page(struct admin_request *r, const char *name, size_t limit);
/** The same with the `limit` of the query. */
void admin_request_reply_list(struct admin_request *r, const char *name);
/** Done with what the path names first: {`name`: "alice"}. */
void admin_request_reply_named(struct admin_request *r, const char *name);
/** An admin_count_cb whose `arg` is the request, and what it was told, for the answer. */
void admin_request_count(uint64_t n, void *arg);
json_t *admin_request_counted(struct admin_request *r);
/** The query parameter `limit`: rows asked for, ADMIN_ROWS when absent. False: answered. */
bool admin_request_limit(struct admin_request *r, uint32_t *ret);
/** The part of a list that is asked for, in the order of numbers. */
struct admin_page {
	uint64_t after; /**< the number of the last row that is known; 0: from the first */
	size_t limit;   /**< one more than asked for, for admin_request_reply_page */
};
/** The query parameters `after` and `limit`. False: answered; `remedy`: what `after` must be. */
bool admin_request_page(struct admin_request *r, const char *remedy, struct admin_page *ret);

/** The built-in tables, one for each file. */
int admin_node_register(struct admin *a);
int admin_user_register(struct admin *a);
int admin_settings_register(struct admin *a);
int admin_document_register(struct admin *a);
int admin_policy_register(struct admin *a);
int admin_deferred_register(struct admin *a);
int admin_history_register(struct admin *a);
int admin_system_message_register(struct admin *a);
int admin_trace_register(struct admin *a);
int admin_message_register(struct admin *a);
int admin_session_register(struct admin *a);
int admin_conference_register(struct admin *a);
int admin_group_register(struct admin *a);

#endif
