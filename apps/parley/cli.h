/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The command parley: what its files share.
 *
 * main.c reads the command line and finds the account (accounts.c, password.c); a command (send.c,
 * listen.c) opens it with client_open, runs the loop, and says what came of it (explain.c, show.c).
 *
 * Exit status: 0, it was done; 1, it failed; 2, it was asked wrongly. Errors go to stderr as
 * "parley: what went wrong: what to do about it".
 */
#ifndef PARLEY_CLI_H
#define PARLEY_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "parley.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timer.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/** Texts of accounts.yaml and the command line. */
#define CLI_ACCOUNTS_MAX 65536
#define CLI_PASSWORD_MAX 255

/** One account, from the command line and accounts.yaml together. NULL: not given. */
struct account {
	const char *address, *name, *password, *auth_user, *server, *local, *device, *core,
		*access_network, *ca_file;
	uint32_t expires_s;
	bool no_verify;
	bool reliable_path;
};

struct cli {
	struct account account;
	struct arena memory; /**< texts that were made here */
	const char *config;  /**< --config */
	bool json;

	/* send */
	const char *to, *text, *file, *type;
	bool anonymous, large, reliable_path;
	unsigned reports;
	/* listen; also how long send waits for reports */
	uint32_t count, timeout_s;
	bool timeout_given;
};

/** Both write "parley: WHAT: REMEDY" and return the exit status. */
int cli_error(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));
int cli_usage(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* accounts.c */
/**
 * Fills what the command line left open from accounts.yaml: the entry that `account.address` names, by
 * address or by its part before the '@'; without an address, the first. CLI_OK also without a file.
 */
int accounts_load(struct cli *c);

/* password.c */
/** From PARLEY_PASSWORD or, on a terminal, by asking. Leaves it NULL when neither gives one. */
int password_find(struct cli *c);

/* run.c */
struct run;
struct run_handler {
	/** The first time, and after each loss. */
	void (*registered)(struct run *r);
	/** Registration failed: for good, or before it ever stood. Told already. */
	void (*failed)(struct run *r);
	bool (*message)(struct run *r, const struct parley_message *m);
	void (*report)(struct run *r, const struct parley_report *m);
	void (*invitation)(struct run *r, const struct parley_invitation *i);
	/** SIGINT, SIGTERM, or the time set with run_timeout. */
	void (*interrupted)(struct run *r);
	void (*timeout)(struct run *r);
};

struct run {
	struct cli *cli;
	struct loop *loop;
	struct parley *parley;
	const struct run_handler *handler;
	void *arg;
	int status;
	bool leaving, was_registered, lost;
	struct timer timer;
};

/** Opens the account on a loop of its own; `transient`: as a device that is not seen again. */
int run_open(struct run *r, struct cli *c, const struct run_handler *h, void *arg,
	     bool reports_only);
/** Until run_leave. Returns r->status. */
int run_loop(struct run *r);
void run_timeout(struct run *r, uint32_t seconds);
/** Deregisters where that is due, then lets run_loop return. */
void run_leave(struct run *r, int status);
void run_close(struct run *r);

/* explain.c */
/** What became of a request that did not succeed, as an error. `to` NULL: a registration. */
int explain(const struct cli *c, const struct parley_outcome *o, const char *to);

/* show.c */
/** Safe for a terminal: control characters and what is not UTF-8 as \xHH, line ends kept and indented. */
void show_text(struct buf *out, struct str text, unsigned indent);
/** UTF-8, without a NUL. */
bool show_is_text(struct str text);
/** The outcome of send. */
bool show_sent(const struct cli *c, const struct parley_sent *s);
/** Lines of listen; false: nobody reads them any more. */
bool show_message(const struct cli *c, const struct parley_message *m);
bool show_report(const struct cli *c, const struct parley_report *r);
bool show_invitation(const struct cli *c, const struct parley_invitation *i);
bool show_registered(const struct cli *c);

/* send.c, listen.c */
int command_send(struct cli *c);
int command_listen(struct cli *c);

#endif
