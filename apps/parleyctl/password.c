/* SPDX-License-Identifier: Apache-2.0 */
/* Where a password comes from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl.h"

enum { CTRL_C = 3, CTRL_D = 4, CTRL_U = 21, BACKSPACE = 8, DELETE = 127 };


/** One line, read letter by letter; -EINTR: given up, -EMSGSIZE: too long. */
static int read_keys(int fd, char *ret)
{
	size_t n = 0;
	bool fits = true;

	for (;;) {
		unsigned char c;
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == CTRL_C || (c == CTRL_D && n == 0))
			return -EINTR;
		if (c == '\n' || c == '\r')
			break;
		if (c == BACKSPACE || c == DELETE) {
			n -= n > 0;
		} else if (c == CTRL_U) {
			n = 0;
			fits = true;
		} else if (n == CTL_PASSWORD_MAX) {
			fits = false;
		} else {
			ret[n++] = (char)c;
		}
	}
	ret[n] = 0;
	return fits ? 0 : -EMSGSIZE;
}


static int prompt(int tty, const char *text, char *ret)
{
	int err;

	dprintf(tty, "%s: ", text);
	err = read_keys(tty, ret);
	dprintf(tty, "\n");
	return err;
}


/**
 * Without echo, and with the terminal's signals off: Ctrl-C comes as a key, so that the terminal is
 * always put back as it was.
 */
static int ask_twice(int tty, char *ret)
{
	struct termios before, quiet;
	char again[CTL_PASSWORD_MAX + 1];
	int err;

	if (tcgetattr(tty, &before))
		return -errno;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSAFLUSH, &quiet);
	err = prompt(tty, "Password", ret);
	if (!err)
		err = prompt(tty, "Again", again);
	tcsetattr(tty, TCSAFLUSH, &before);
	if (!err && strcmp(ret, again))
		err = -EBADMSG;
	explicit_bzero(again, sizeof(again));
	return err;
}


static int read_line(char *ret)
{
	size_t n = 0;
	int c;

	while ((c = getchar()) != EOF && c != '\n') {
		if (n == CTL_PASSWORD_MAX)
			return -EMSGSIZE;
		ret[n++] = (char)c;
	}
	if (n && ret[n - 1] == '\r')
		n--;
	ret[n] = 0;
	return 0;
}


static int take(const char *password, char *ret)
{
	if (strlen(password) > CTL_PASSWORD_MAX)
		return -EMSGSIZE;
	memcpy(ret, password, strlen(password) + 1);
	return 0;
}


int ctl_password(struct ctl *c, char ret[static CTL_PASSWORD_MAX + 1])
{
	int err, tty;

	if (c->password) {
		err = take(c->password, ret);
	} else if (isatty(STDIN_FILENO)) {
		tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		err = ask_twice(tty < 0 ? STDIN_FILENO : tty, ret);
		if (tty >= 0)
			close(tty);
	} else {
		err = read_line(ret);
	}

	if (err == -EINTR)
		return ctl_error("nothing has been changed", "given up");
	if (err == -EBADMSG)
		return ctl_error("try again", "the two passwords differ");
	if (err == -EMSGSIZE)
		return ctl_error("choose a shorter one", "the password is longer than %d bytes",
				 CTL_PASSWORD_MAX);
	if (err)
		return ctl_error("give it with --password, or on standard input",
				 "the password cannot be read (%s)", strerror(-err));
	if (!ret[0])
		return ctl_error("give one with --password, or on standard input",
				 "the password is empty");
	return CTL_OK;
}
