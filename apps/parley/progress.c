/* SPDX-License-Identifier: Apache-2.0 */
/* How far long work is: one line on a terminal. */
#include "cli.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/** Short work shows nothing; long work not more often than an eye can follow. */
#define PATIENCE_MS 500
#define AGAIN_MS 200


static uint64_t now_ms(void)
{
	struct timespec t = {.tv_sec = 0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}


void progress_show(struct progress *g, uint64_t done, uint64_t total)
{
	struct buf line = BUF_INIT(256);
	uint64_t now = now_ms();

	if (!isatty(STDERR_FILENO))
		return;
	if (!g->started_ms)
		g->started_ms = now;
	if (now - g->started_ms < PATIENCE_MS || now - g->shown_ms < AGAIN_MS)
		return;
	g->shown_ms = now;
	g->drawn = true;
	buf_printf(&line, "\r%3u%%  ", (unsigned)(total ? done * 100 / total : 100));
	show_size(&line, done);
	buf_puts(&line, STR(" of "));
	show_size(&line, total);
	buf_puts(&line, STR(", "));
	show_size(&line, done * 1000 / (now - g->started_ms));
	buf_puts(&line, STR("/s   "));
	if (!line.failed)
		(void)fwrite(line.p, 1, line.n, stderr);
	(void)fflush(stderr);
	buf_done(&line);
}


void progress_clear(struct progress *g)
{
	if (g->drawn)
		fputs("\r\033[K", stderr);
	g->drawn = false;
}
