/* SPDX-License-Identifier: Apache-2.0 */
/** parley chat: what its files share. chat.c has the session and the lines, chat_command.c what begins with '/'. */
#ifndef PARLEY_CHAT_H
#define PARLEY_CHAT_H

#include "cli.h"
#include "input.h"

/** Longest /wait, in seconds. */
#define CHAT_WAIT_MAX_S 3600

struct chat_state {
	struct run *run;
	struct input input;
	bool input_open;
	struct parley_session *session;  /**< NULL: none yet, or no more */
	struct parley_session *becoming; /**< the group that the session becomes; NULL: none */
	unsigned pending;                /**< lines that were not taken yet */
	unsigned awaited;                /**< reports asked for and not come */
	bool leaving;                    /**< no line will follow */
	bool away;                       /**< told that the connection was lost */
	struct timer linger, wait;
};

/** Told on standard error, around the line being typed; nothing with --json. */
void chat_say(struct chat_state *s, const char *text);
void chat_leave(struct chat_state *s);
/** Goes on with lines that were kept back. */
void chat_go_on(struct chat_state *s);
/** A group of these and, if there is a session, the other side of that. Errors are told. */
void chat_begin_group(struct chat_state *s, const char *const *members, size_t n);
/** `to` NULL: to all. False: not now. */
bool chat_send_line(struct chat_state *s, const char *to, const char *text);

/** A line that begins with '/'. False: it has to wait. */
bool chat_command(struct chat_state *s, const char *text);

#endif
