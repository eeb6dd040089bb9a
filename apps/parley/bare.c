/* SPDX-License-Identifier: Apache-2.0 */
/* Content on standard output: as it is, or safe for a terminal. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Of a byte that is shown as six; pieces are chunks of MSRP. */
#define SHOWN_MAX (1u << 20)
/** Bytes that are made safe at a time. */
#define STEP 65536


void bare_begin(struct bare *b, bool text)
{
	*b = (struct bare){.terminal = isatty(STDOUT_FILENO) == 1, .text = text};
}


static bool write_out(struct str s)
{
	return fwrite(s.n ? s.p : "", 1, s.n, stdout) == s.n;
}


static int put_shown(struct bare *b, struct str text)
{
	struct buf out = BUF_INIT(SHOWN_MAX);
	bool good;

	show_lines(&out, text);
	if (out.n)
		b->open_line = out.p[out.n - 1] != '\n';
	good = !out.failed && write_out(buf_str(&out));
	buf_done(&out);
	return good ? 0 : -EIO;
}


/* What was held and what comes, without what is cut at its end. */
static int put_step(struct bare *b, struct str piece)
{
	char joined[sizeof(b->held) + STEP];
	struct str text = {joined, b->held_n + piece.n};
	size_t cut;

	memcpy(joined, b->held, b->held_n);
	memcpy(joined + b->held_n, piece.p, piece.n);
	cut = show_cut(text);
	text.n -= cut;
	memcpy(b->held, joined + text.n, cut);
	b->held_n = cut;
	if (!b->begun && !b->text && !show_is_text(text))
		return -EILSEQ;
	b->begun = true;
	return put_shown(b, text);
}


int bare_put(struct bare *b, struct str piece)
{
	int err = 0;

	if (!b->terminal)
		return write_out(piece) ? 0 : -EIO;
	while (!err && piece.n) {
		err = put_step(b, str_upto(piece, STEP));
		piece = str_from(piece, piece.n < STEP ? piece.n : STEP);
	}
	return err;
}


int bare_end(struct bare *b)
{
	int err = b->held_n ? put_shown(b, (struct str){b->held, b->held_n}) : 0;

	b->held_n = 0;
	/* The prompt of a shell begins its own line. */
	if (!err && b->open_line && !write_out(STR("\n")))
		err = -EIO;
	return err ? err : fflush(stdout) ? -EIO : 0;
}
