/* SPDX-License-Identifier: Apache-2.0 */
/**
 * parleyctl: one row and one file for each command; each asks the admin API (src/admin/admin.h) and
 * prints what it said, as text or, with --json, as it came.
 *
 * A command returns the exit status: CTL_OK, CTL_FAILED (told by ctl_error), or CTL_USAGE.
 */
#ifndef PARLEYCTL_CTL_H
#define PARLEYCTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

/** A reply's ceiling: the server's own. */
#define CTL_REPLY_MAX (16u << 20)
/** A path with an escaped user in it; a cell of a table. */
#define CTL_TEXT_MAX 32768
/** A body: the server's own ceiling. */
#define CTL_BODY_MAX (256u << 10)
/** As the server has it. */
#define CTL_PASSWORD_MAX 256
/** "[IPv6 or name]:port" */
#define CTL_TARGET_MAX 300
/** Answers of a system message, as the server has it. */
#define CTL_ANSWERS_MAX 16

/** Options that are for some commands alone. */
enum {
	CTL_PASSWORD = 1,
	CTL_ANSWER = 2,
	CTL_TIMEOUT = 4,
	CTL_SECONDS = 8,
	CTL_FILTER = 16, /**< --peer, --text, --since, --until */
	CTL_CONVERSATION = 32,
	CTL_OUTPUT = 64,
};

struct ctl {
	char target[CTL_TARGET_MAX]; /**< HOST:PORT of the admin API */
	bool json;
	const char *password; /**< --password, or NULL */
	const char *answers[CTL_ANSWERS_MAX];
	int answers_n;
	const char *timeout;                     /**< --timeout, as typed, or NULL */
	const char *seconds;                     /**< --seconds, likewise */
	const char *peer, *text, *since, *until; /**< of history list, as typed, or NULL */
	const char *conversation, *output;       /**< likewise */
	const char *const *args;                 /**< behind the command's words */
	int args_n;
};

struct ctl_command {
	const char *group;
	const char *words;      /**< "user add" */
	const char *parameters; /**< "USER", "[USER]" or "" */
	int args_min, args_max;
	unsigned options; /**< bits: those that are for it */
	const char *summary;
	int (*run)(struct ctl *c);
};

int ctl_status(struct ctl *c);
int ctl_config(struct ctl *c);
int ctl_user_add(struct ctl *c);
int ctl_user_del(struct ctl *c);
int ctl_user_list(struct ctl *c);
int ctl_user_passwd(struct ctl *c);
int ctl_user_allow(struct ctl *c);
int ctl_user_deny(struct ctl *c);
int ctl_registration_list(struct ctl *c);
int ctl_settings_get(struct ctl *c);
int ctl_settings_set(struct ctl *c);
int ctl_document_list(struct ctl *c);
int ctl_document_get(struct ctl *c);
int ctl_document_put(struct ctl *c);
int ctl_document_delete(struct ctl *c);
int ctl_group_create(struct ctl *c);
int ctl_group_add(struct ctl *c);
int ctl_group_remove(struct ctl *c);
int ctl_group_show(struct ctl *c);
int ctl_group_list(struct ctl *c);
int ctl_group_delete(struct ctl *c);
int ctl_policy_get(struct ctl *c);
int ctl_policy_set(struct ctl *c);
int ctl_deferred_list(struct ctl *c);
int ctl_deferred_show(struct ctl *c);
int ctl_deferred_delete(struct ctl *c);
int ctl_deferred_push(struct ctl *c);
int ctl_history_list(struct ctl *c);
int ctl_history_show(struct ctl *c);
int ctl_history_delete(struct ctl *c);
int ctl_system_message_send(struct ctl *c);
int ctl_system_message_list(struct ctl *c);
int ctl_system_message_clear(struct ctl *c);
int ctl_session_list(struct ctl *c);
int ctl_session_show(struct ctl *c);
int ctl_session_end(struct ctl *c);
int ctl_conference_list(struct ctl *c);
int ctl_conference_show(struct ctl *c);
int ctl_conference_end(struct ctl *c);
int ctl_trace(struct ctl *c);
int ctl_explain(struct ctl *c);

/** A mistake in what was typed: told, and CTL_USAGE. */
int ctl_usage(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));
/** "parleyctl: what went wrong: what to do about it" on stderr; returns CTL_FAILED. */
int ctl_error(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));
int ctl_no_memory(void);

/* ---- The API (api.c) ---- */

/**
 * Asks, with a JSON body when `body` is not NULL (its reference is taken). CTL_OK: `*ret` is a new
 * reference to the answer. Else the error has been told.
 */
int ctl_ask(struct ctl *c, const char *method, const char *path, json_t *body, json_t **ret);
/** The same with a body that is XML. */
int ctl_ask_xml(struct ctl *c, const char *method, const char *path, struct str body, json_t **ret);
/** The same for an answer that is text. */
int ctl_ask_text(struct ctl *c, const char *path, struct buf *ret);
/**
 * All pages of a list: `key` of a page's last row is the `after` of the next. `*ret` has the rows in
 * its array `rows`.
 */
int ctl_ask_pages(struct ctl *c, const char *path, const char *rows, const char *key, json_t **ret);
/** "/v1/users/" + the escaped user + `tail`. */
void ctl_user_path(struct buf *out, const char *user, const char *tail);
/** `before` + the escaped word + `tail`. False: too long, and told. */
bool ctl_path(struct buf *out, const char *before, const char *word, const char *tail);

/* ---- Output (table.c) ---- */

/** The answer as JSON. Returns CTL_OK, or CTL_FAILED when nobody reads. */
int ctl_print_json(const json_t *j);
/** A text of the network's on a terminal: control characters become "?". */
void ctl_put(struct buf *out, const char *text);
/** "90061" -> "1d 1h 1m 1s", the two largest units. */
void ctl_put_duration(struct buf *out, json_int_t seconds);
/** "2026-11-21 10:41:16.123" of milliseconds since 1970, in local time; `fraction`: with the milliseconds. */
void ctl_put_time(struct buf *out, json_int_t at_ms, bool fraction);
/** Rows of `columns` texts each, the first row being the heads, in aligned columns. */
int ctl_print_table(const struct buf *cells, size_t rows, size_t columns);
int ctl_print(const struct buf *text);

/* ---- Passwords (password.c) ---- */

/**
 * From --password; else asked for twice on the terminal, without echo; else one line of standard input.
 * The caller wipes it.
 */
int ctl_password(struct ctl *c, char ret[static CTL_PASSWORD_MAX + 1]);

/** Where the API is: --admin, else the configuration's, else PARLEY_ADMIN, else the default. */
int ctl_find_target(struct ctl *c, const char *admin, const char *config);

#endif
