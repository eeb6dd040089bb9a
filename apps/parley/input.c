/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from standard input. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define PROMPT "> "
#define PIECE_MAX 4096

enum {
	KEY_EOT = 4,
	KEY_BACKSPACE = 8,
	KEY_KILL = 21,
	KEY_WORD = 23,
	KEY_ESCAPE = 27,
	KEY_DELETE = 127
};


/* ---- The line on the screen ---- */

void input_hide(struct input *in)
{
	if (!in->terminal || in->hidden)
		return;
	in->hidden = true;
	fputs("\r\033[K", stdout);
	/* What follows may go to standard error, which waits for nobody. */
	(void)fflush(stdout);
}


void input_show(struct input *in)
{
	if (!in->terminal || !in->hidden || in->entering)
		return;
	in->hidden = false;
	fputs("\r\033[K" PROMPT, stdout);
	if (in->bytes.n)
		(void)fwrite(in->bytes.p, 1, in->bytes.n, stdout);
	(void)fflush(stdout);
}


static void redraw(struct input *in)
{
	input_hide(in);
	input_show(in);
}


/* ---- Lines ---- */

static void tell_closed(struct input *in)
{
	if (in->told)
		return;
	in->told = true;
	in->handler->closed(in->arg);
}


/* The line stands at the front; false: it is not wanted yet. */
static bool give(struct input *in, size_t n)
{
	struct buf line = BUF_INIT(INPUT_LINE_MAX + 1);
	bool taken;

	buf_put(&line, in->bytes.p, n);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	taken = !buf_cstr(&line) || in->handler->line(line.p, in->arg);
	buf_done(&line);
	return taken;
}


static void give_lines(struct input *in)
{
	while (!in->held) {
		ptrdiff_t at = str_find(buf_str(&in->bytes), '\n');

		if (at < 0)
			break;
		in->held = !give(in, (size_t)at);
		if (!in->held)
			buf_take(&in->bytes, (size_t)at + 1);
	}
	if (in->held || !in->ended)
		return;
	/* The last line may lack its end. */
	if (in->bytes.n) {
		in->held = !give(in, in->bytes.n);
		if (in->held)
			return;
		buf_clear(&in->bytes);
	}
	tell_closed(in);
}


/* ---- Keys ---- */

static void erase_character(struct input *in)
{
	struct buf *b = &in->bytes;

	while (b->n && ((unsigned char)b->p[b->n - 1] & 0xc0) == 0x80)
		b->n--;
	if (b->n)
		b->n--;
}


static void erase_word(struct input *in)
{
	struct buf *b = &in->bytes;

	while (b->n && b->p[b->n - 1] == ' ')
		b->n--;
	while (b->n && b->p[b->n - 1] != ' ')
		b->n--;
}


static void enter(struct input *in)
{
	bool taken;

	input_hide(in);
	in->entering = true;
	taken = give(in, in->bytes.n);
	in->entering = false;
	if (taken)
		buf_clear(&in->bytes);
	else
		fputs("\a", stdout);
	input_show(in);
}


static void key(struct input *in, unsigned char c)
{
	/* Function keys send ESC [ … letter: none of them is for us. */
	if (in->escape) {
		if (in->escape == 1 && c == '[')
			in->escape = 2;
		else if (in->escape == 1 || (c >= 0x40 && c <= 0x7e))
			in->escape = 0;
		return;
	}
	switch (c) {
	case KEY_ESCAPE:
		in->escape = 1;
		return;
	case '\r':
	case '\n':
		enter(in);
		return;
	case KEY_EOT:
		if (!in->bytes.n)
			tell_closed(in);
		return;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		erase_character(in);
		break;
	case KEY_KILL:
		buf_clear(&in->bytes);
		break;
	case KEY_WORD:
		erase_word(in);
		break;
	default:
		if (c < 0x20 || in->bytes.n >= INPUT_LINE_MAX)
			return;
		buf_putc(&in->bytes, (char)c);
		break;
	}
	in->handler->typing(in->arg);
}


/* ---- Reading ---- */

static void take(struct input *in, const char *p, size_t n)
{
	if (!in->terminal) {
		/* A line beyond the ceiling is cut into pieces of that size. */
		for (size_t i = 0; i < n; i++) {
			if (in->bytes.n >= 2 * INPUT_LINE_MAX - 1)
				buf_putc(&in->bytes, '\n');
			buf_putc(&in->bytes, p[i]);
		}
		give_lines(in);
		return;
	}
	for (size_t i = 0; i < n && !in->told; i++)
		key(in, (unsigned char)p[i]);
	if (!in->told)
		redraw(in);
}


static void on_readable(int fd, int events, void *arg)
{
	struct input *in = arg;
	char piece[PIECE_MAX];
	ssize_t n;

	(void)events;
	/* What is held is not added to. */
	if (in->held && !in->terminal) {
		(void)loop_poll_change(in->poll, 0);
		return;
	}
	n = read(fd, piece, sizeof(piece));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		take(in, piece, (size_t)n);
		return;
	}
	in->poll = loop_poll_stop(in->poll);
	in->ended = true;
	if (in->terminal)
		tell_closed(in);
	else
		give_lines(in);
}


/* A file is always readable, and cannot be watched. */
static void on_soon(struct timer *t, void *arg)
{
	struct input *in = arg;
	char piece[PIECE_MAX];
	ssize_t n = in->held ? 0 : read(STDIN_FILENO, piece, sizeof(piece));

	if (n > 0) {
		take(in, piece, (size_t)n);
	} else if (!in->held) {
		in->ended = true;
		give_lines(in);
	}
	if (!in->ended && !in->held)
		timer_start(t, loop_timers(in->loop), 0, on_soon, in);
}


void input_go_on(struct input *in)
{
	if (!in->held)
		return;
	in->held = false;
	give_lines(in);
	if (in->held || in->ended)
		return;
	if (in->poll)
		(void)loop_poll_change(in->poll, POLLIN);
	else
		timer_start(&in->soon, loop_timers(in->loop), 0, on_soon, in);
}


static int terminal_open(struct input *in)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &in->before))
		return -errno;
	raw = in->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return -errno;
	in->terminal = true;
	return 0;
}


int input_open(struct input *in, struct loop *l, const struct input_handler *h, void *arg)
{
	int err = 0;

	*in = (struct input){.loop = l, .handler = h, .arg = arg, .flags = -1};
	buf_init(&in->bytes, 2 * INPUT_LINE_MAX + PIECE_MAX);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		err = terminal_open(in);
	if (err)
		return err;
	in->flags = fcntl(STDIN_FILENO, F_GETFL);
	if (loop_poll_start(&in->poll, l, STDIN_FILENO, POLLIN, on_readable, in)) {
		in->poll = NULL;
		timer_start(&in->soon, loop_timers(l), 0, on_soon, in);
	}
	in->hidden = in->terminal;
	input_show(in);
	return 0;
}


void input_close(struct input *in)
{
	input_hide(in);
	(void)fflush(stdout);
	timer_cancel(&in->soon);
	in->poll = loop_poll_stop(in->poll);
	if (in->flags >= 0)
		(void)fcntl(STDIN_FILENO, F_SETFL, in->flags);
	if (in->terminal)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &in->before);
	buf_done(&in->bytes);
}
