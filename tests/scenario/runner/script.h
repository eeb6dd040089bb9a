/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A scenario file as read: what it declares, and its cases with their steps. The language is described in
 * docs/scenarios.md; its statements are the tables of play_*.c.
 */
#ifndef RUNNER_SCRIPT_H
#define RUNNER_SCRIPT_H

#include "scenario/runner/detail.h"
#include "scenario/runner/form.h"

/** Requirement ids of one file or case; rows of one table; what one `for` lists. */
#define SCN_IDS_MAX 64
#define SCN_ROWS_MAX 512
#define SCN_CORES_MAX 4

struct scn_step {
	struct scn_step *next;
	const struct scn_line *line;
	const struct scn_form *form;
	struct scn_args args;
	struct scn_change *changes;
	struct scn_check *checks;
	struct scn_step *steps;
};

struct scn_user {
	struct scn_user *next;
	const struct scn_line *line;
	struct str name, password;
};

struct scn_peer_decl {
	struct scn_peer_decl *next;
	const struct scn_line *line;
	struct str name;
	struct str at;   /**< "198.51.100.1:5060"; STR_NULL: chosen */
	struct str over; /**< "udp", "tcp,udp"; the first is the one it sends by */
	struct str is;   /**< whose identity and password; STR_NULL: its own */
	struct str uri;  /**< identity; STR_NULL: sip:NAME@DOMAIN */
	bool registered; /**< before the first step */
	bool client;     /**< it is the outside of a client: it has no sockets of its own */
};

/** The bundled client. */
struct scn_client_decl {
	struct scn_client_decl *next;
	const struct scn_line *line;
	struct str name;
	struct str password; /**< STR_NULL: of the `user` of its name */
	struct str server;   /**< a peer, or HOST:PORT; STR_NULL: the server under test */
	struct str at, over, is, called;
	bool registered, ims, reports_only;
};

/** Named steps, started with `do NAME`. */
struct scn_steps {
	struct scn_steps *next;
	struct str name;
	struct scn_step *steps;
};

struct scn_text {
	struct scn_text *next;
	const struct scn_line *line;
	struct str text;
};

struct scn_set {
	struct scn_set *next;
	struct str name, value;
};

/** Of the file, or of one case in addition. */
struct scn_decls {
	struct scn_text *config, *zone;
	struct scn_user *users;
	struct scn_peer_decl *peers;
	struct scn_client_decl *clients;
	struct scn_set *sets;
	struct scn_step *setup;
	struct str ids[SCN_IDS_MAX];
	size_t ids_n;
	struct str cores[SCN_CORES_MAX];
	size_t cores_n;
	bool no_server;
	bool plays_core; /**< `settings:`: the runner plays the core in the setting ims (core.h) */
};

struct scn_case {
	struct scn_case *next;
	const struct scn_line *line;
	struct str title;
	struct scn_decls decls;
	struct scn_step *steps;
	struct str columns[SCN_ARGS_MAX];
	size_t columns_n;
	struct str *rows[SCN_ROWS_MAX]; /**< columns_n cells each */
	const struct scn_line *row_lines[SCN_ROWS_MAX];
	size_t rows_n;
};

struct scn_script {
	const char *file;
	struct arena *arena;
	struct scn_decls decls;
	struct scn_steps *procedures;
	struct scn_case *cases;
	const struct scn_step *scratch; /**< private */
};

/** NULL, and every mistake in `why`, one a line. `text` must live as long as the arena. */
struct scn_script *scn_script_read(struct arena *a, const char *file, struct str text,
				   struct buf *why);

/** Every statement there is, ended by a NULL pattern; first the declarations. */
extern const struct scn_form scn_declarations[];
extern const struct scn_form *const scn_statement_tables[];

/** Prints the forms with their sentences: the reference in docs/scenarios.md is made of it. */
void scn_forms_print(void);

#endif
