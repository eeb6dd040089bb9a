/* SPDX-License-Identifier: Apache-2.0 */
/* Where a password comes from that neither the command line nor accounts.yaml has. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, CTRL_U = 21, BACKSPACE = 8, DELETE = 127 };


/* One line, key by key: with the terminal's signals off, Ctrl-C is one too. */
static int read_keys(char *ret)
{
	size_t n = 0;

	for (;;) {
		unsigned char c;
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == CTRL_C || (c == CTRL_D && !n))
			return -EINTR;
		if (c == '\n' || c == '\r')
			break;
		if (c == BACKSPACE || c == DELETE)
			n -= n > 0;
		else if (c == CTRL_U)
			n = 0;
		else if (n < CLI_PASSWORD_MAX)
			ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return 0;
}


static int ask(const char *address, char *ret)
{
	struct termios before, quiet;
	int err;

	if (tcgetattr(STDIN_FILENO, &before))
		return -errno;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fprintf(stderr, "Password of %s: ", address);
	err = read_keys(ret);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return err;
}


int password_find(struct cli *c)
{
	const char *environment = getenv("PARLEY_PASSWORD");
	char text[CLI_PASSWORD_MAX + 1];

	if (c->account.password)
		return CLI_OK;
	if (environment && *environment) {
		c->account.password = environment;
		return CLI_OK;
	}
	/* Without a terminal nobody is asked, and the server may want none. */
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return CLI_OK;
	if (ask(c->account.address, text))
		return cli_error("nothing was sent", "given up");
	if (*text)
		c->account.password = arena_str(&c->memory, str_of(text)).p;
	explicit_bzero(text, sizeof(text));
	return CLI_OK;
}
