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
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timer.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/** Texts of accounts.yaml and the command line. */
#define CLI_ACCOUNTS_MAX 65536
#define CLI_PASSWORD_MAX 255

struct json_t;

/** One account, from the command line and accounts.yaml together. NULL: not given. */
struct account {
	const char *address, *name, *password, *auth_user, *server, *local, *device, *core,
		*access_network, *ca_file, *media, *certificate, *key, *factory;
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
	/* chat */
	bool talks; /**< what may be refused is a conversation, not a message */
	const char *subject;
	const char *const *members; /**< a group of these is to be made */
	size_t members_n;
	bool anonymous, large, reliable_path;
	unsigned reports;
	/* history, deferred */
	const char *const *ids; /**< what is named: numbers, or whole references */
	size_t ids_n;
	const char *service, *with, *since, *until, *search, *session;
	uint32_t limit;
	bool sessions, all;
	/* listen */
	const char *save; /**< directory for files; NULL: they are not kept */
	bool take_chats;  /**< hear what is said in chats and groups, instead of declining them */
	/* listen; also how long send waits for reports */
	uint32_t count, timeout_s;
	bool timeout_given;
};

/** Both write "parley: WHAT: REMEDY" and return the exit status. */
int cli_error(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));
int cli_usage(const char *remedy, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* address.c */
/** "bob" and "bob@example.org" are written for sip:bob@example.org, in the domain of `domain_of`. NULL: no memory. */
const char *address_whole(struct cli *c, const char *text, const char *domain_of);
/** Those of a list with commas, each made whole, in the memory of `c`. -ENOMEM; 0 with *ret_n 0: none. */
int address_list(struct cli *c, const char *text, const char *const **ret, size_t *ret_n);

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
	/** As of parley_handler; NULL: 488. */
	unsigned (*invitation)(struct run *r, const struct parley_invitation *i);
	/** SIGINT, SIGTERM, or the time set with run_timeout. */
	void (*interrupted)(struct run *r);
	void (*timeout)(struct run *r);
	const struct parley_session_handler *sessions; /**< of sessions that others begin */
};

struct run {
	struct cli *cli;
	struct loop *loop;
	struct parley *parley;
	const struct run_handler *handler;
	struct parley_handler callbacks;
	void *arg;
	int status;
	bool leaving, was_registered, lost;
	struct timer timer;
};

/** Opens the account on a loop of its own; `transient`: as a device that is not seen again. */
int run_open(struct run *r, struct cli *c, const struct run_handler *h, void *arg,
	     bool reports_only);
/** Until run_leave, which may have been called already. Returns r->status. */
int run_loop(struct run *r);
/** Opens it as a device that is not seen again, does what `begin` begins (CLI_OK, or told), closes it. */
int run_whole(struct cli *c, const struct run_handler *h, void *arg, int (*begin)(struct run *r));
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
/** The same for a piece of a text that is shown as it stands: line ends and tabs remain. */
void show_lines(struct buf *out, struct str piece);
/** UTF-8, without a NUL. */
bool show_is_text(struct str text);
/** Bytes at the end that a character is cut in; 0: none. */
size_t show_cut(struct str piece);
/** The outcome of send. */
bool show_sent(const struct cli *c, const struct parley_sent *s);
/** Lines of listen; false: nobody reads them any more. */
bool show_message(const struct cli *c, const struct parley_message *m);
bool show_report(const struct cli *c, const struct parley_report *r);
/** `answered`: the status that it was answered with. */
bool show_invitation(const struct cli *c, const struct parley_invitation *i, unsigned answered);
/** A large message or a file that came; `text`: its content where it is one to be shown; `path`: where it was saved. */
bool show_content(const struct cli *c, const struct parley_content *m, enum parley_mode mode,
		  uint64_t size, struct str text, const char *path);
/** "10:41:03", with the day in front unless it is today. */
void show_time(struct buf *out, int64_t ms, int64_t now_ms);
/** A line, resp. an object on a line of its own; both are released. False: nobody reads it. */
bool show_print(struct buf *line);
bool show_print_json(struct json_t *o);
/** A member that is a text, made safe; one that is a time, as RFC 3339 has it. */
void show_put_name(struct json_t *o, const char *key, const char *value);
void show_put_date(struct json_t *o, const char *key, int64_t ms);
/** "1.2 MB" */
void show_size(struct buf *out, uint64_t bytes);
bool show_registered(const struct cli *c);
/** A line of a chat: who, when, what. */
bool show_line(const struct cli *c, const char *who, int64_t ms, const char *text);
/** "established", "writing", "paused", "ended": of whom. */
bool show_chat_state(const struct cli *c, const char *state, const char *who);

/* show_group.c */
/** Somebody came or went. */
bool show_person(const struct cli *c, const struct parley_person *p, enum parley_presence before);
/** All of them. */
bool show_roster(const struct cli *c, const struct parley_session *s);
bool show_roster_refused(const struct cli *c, unsigned status);
/** "established", "ended" */
bool show_group(const struct cli *c, const struct parley_session *s, const char *state);
bool show_group_lost(const struct cli *c, const struct parley_session *s, uint32_t retry_ms);
bool show_writing(const struct cli *c, const char *uri, const char *name, bool active);
bool show_invited_group(const struct cli *c, const struct parley_invitation *i);
/** What came of something asked of the group. */
bool show_answer(const struct cli *c, enum parley_request what, unsigned status);
/** A line said in a group or chat. */
bool show_said(const struct cli *c, const struct parley_message *m);

/* progress.c */
/** One line on a terminal that shows how far it is; nothing elsewhere. */
struct progress {
	uint64_t started_ms, shown_ms;
	bool drawn;
};
void progress_show(struct progress *g, uint64_t done, uint64_t total);
void progress_clear(struct progress *g);

/* file.c */
/** What is sent from: a file that is read while it leaves. */
struct sent_file {
	int fd;
	uint64_t size;
	const char *name; /**< without directories */
	char hash[72];    /**< "sha-1:72:24:…"; "" when it is too large to be read twice */
	int64_t modified_ms;
	bool text; /**< as far as its beginning tells */
};
/** CLI_OK, or told. */
int file_open(struct sent_file *f, const char *name);
void file_close(struct sent_file *f);
/** parley_source.read */
long file_read(void *bytes, size_t n, uint64_t offset, void *arg);

/* save.c */
/** A file that is written while it comes. */
struct saved_file {
	int fd; /**< -1: none */
	char path[1024];
};
/** Beside those that are there, under a name that is harmless. False: told. */
bool save_begin(struct saved_file *f, const char *directory, const char *name);
bool save_piece(struct saved_file *f, uint64_t offset, const void *bytes, size_t n);
bool save_end(struct saved_file *f);
/** Not all of it came: it is gone. */
void save_drop(struct saved_file *f);

/* bare.c */
/**
 * Content on standard output, as it is; on a terminal, text alone, made safe: what an escape of its would do there,
 * nobody has asked for.
 */
struct bare {
	bool terminal, text, begun;
	bool open_line; /**< the cursor stands behind text */
	char held[4];   /**< a character that goes on in the next piece */
	size_t held_n;
};
/** `text`: as its type says. Of another, the first piece tells. */
void bare_begin(struct bare *b, bool text);
/** -EILSEQ: it is no text, and this a terminal; -EIO: nobody takes it. */
int bare_put(struct bare *b, struct str piece);
int bare_end(struct bare *b);

/* kept_show.c */
/** One of a list; false: nobody reads it. */
bool show_kept(const struct cli *c, const struct parley_kept *k, bool history);
/** Its number, as commands take it. */
void show_kept_id(struct buf *out, const char *reference);

/* kept.c */
int command_kept(struct cli *c, enum parley_keeper keeper, const char *what);

/* send.c, listen.c, chat.c */
int command_send(struct cli *c);
int command_listen(struct cli *c);
int command_chat(struct cli *c);

#endif
