/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Lines from standard input while the loop runs: from a terminal with the few keys that a line needs, so that every
 * key is told (somebody is writing) and what arrives does not tear the line that is being typed; from a
 * pipe or a file as they come.
 */
#ifndef PARLEY_INPUT_H
#define PARLEY_INPUT_H

#include <stdbool.h>
#include <termios.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/timer.h"

/** Longest line; what a chat carries is about this long. */
#define INPUT_LINE_MAX 65536

struct input_handler {
	/** Without its end. False: keep it and all that follows until input_go_on. */
	bool (*line)(const char *text, void *arg);
	/** A key, on a terminal. */
	void (*typing)(void *arg);
	/** No line will follow. */
	void (*closed)(void *arg);
};

struct input {
	struct loop *loop;
	struct loop_poll *poll;
	const struct input_handler *handler;
	void *arg;
	struct buf bytes; /**< read; on a terminal the line as typed */
	struct timer soon;
	int flags; /**< of the descriptor, to be restored; negative: untouched */
	bool terminal, held, ended, told, hidden;
	bool entering;   /**< what is printed for a line comes before the next one */
	unsigned escape; /**< within a sequence of a function key */
	struct termios before;
};

/** -errno: standard input cannot be read. */
int input_open(struct input *in, struct loop *l, const struct input_handler *h, void *arg);
void input_close(struct input *in);
void input_go_on(struct input *in);
/** Around what is printed: takes the line being typed off the screen, and puts it back. */
void input_hide(struct input *in);
void input_show(struct input *in);

#endif
