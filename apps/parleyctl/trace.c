/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl trace USER: a live ladder of what is happening to a user, until Ctrl-C or --seconds. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

/** How long one question waits for news. */
#define WAIT_S 20
#define SECONDS_MAX 31536000
/** Columns of "udp 192.0.2.7:5060". */
#define PEER_WIDTH 28


/** All that came before was written and flushed: there is nothing to lose. */
static void on_interrupt(int signum)
{
	(void)signum;
	_exit(CTL_OK);
}


static const char *text_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text ? text : "";
}


static void put_line(struct buf *out, const json_t *j)
{
	const char *what = text_of(j, "what");
	size_t before;

	ctl_put_time(out, json_integer_value(json_object_get(j, "at_ms")), true);
	buf_puts(out, STR("  "));
	before = out->n;
	ctl_put(out, text_of(j, "transport"));
	buf_putc(out, ' ');
	ctl_put(out, text_of(j, "peer"));
	while (out->n < before + PEER_WIDTH && !out->failed)
		buf_putc(out, ' ');
	buf_puts(out, !strcmp(what, "in")    ? STR("  -->  ")
		      : !strcmp(what, "out") ? STR(" <--   ")
					     : STR("  ==   "));
	ctl_put(out, text_of(j, "text"));
	buf_putc(out, '\n');
}


/** One answer; `*after` becomes the number of its last line. */
static int print_lines(const struct ctl *c, const struct buf *lines, uint64_t *after)
{
	struct buf out = BUF_INIT(CTL_REPLY_MAX);
	int status;

	for (struct str rest = buf_str(lines); rest.n;) {
		struct str line = str_cut(&rest, '\n');
		json_t *j = json_loadb(line.p, line.n, 0, NULL);
		uint64_t seq = (uint64_t)json_integer_value(json_object_get(j, "seq"));

		if (!seq) {
			json_decref(j);
			continue;
		}
		if (seq > *after + 1 && !c->json)
			buf_printf(&out, "… %llu lines came too fast and are lost\n",
				   (unsigned long long)(seq - *after - 1));
		*after = seq;
		if (c->json) {
			buf_puts(&out, line);
			buf_putc(&out, '\n');
		} else {
			put_line(&out, j);
		}
		json_decref(j);
	}
	status = ctl_print(&out);
	buf_done(&out);
	return status;
}


static int poll(struct ctl *c, uint64_t *after, long wait_s)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX), lines = BUF_INIT(CTL_REPLY_MAX);
	char tail[64];
	int status = CTL_FAILED;

	snprintf(tail, sizeof(tail), "?after=%llu&wait=%ld", (unsigned long long)*after, wait_s);
	if (ctl_path(&path, "/v1/trace/", c->args[0], tail))
		status = ctl_ask_text(c, path.p, &lines);
	if (status == CTL_OK)
		status = print_lines(c, &lines, after);
	buf_done(&lines);
	buf_done(&path);
	return status;
}


static long now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}


static int follow(struct ctl *c, long seconds)
{
	long end = now_s() + seconds, left;
	uint64_t after = 0;
	/* The first question begins the trace, and is answered at once. */
	int status = poll(c, &after, 0);

	if (status == CTL_OK)
		fprintf(stderr, "tracing %s%s\n", c->args[0], seconds ? "" : "; Ctrl-C ends it");
	while (status == CTL_OK && (!seconds || (left = end - now_s()) > 0))
		status = poll(c, &after, seconds && left < WAIT_S ? left : WAIT_S);
	return status;
}


int ctl_trace(struct ctl *c)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt};
	uint32_t seconds = 0;

	if (c->seconds &&
	    (!str_u32(str_of(c->seconds), &seconds) || !seconds || seconds > SECONDS_MAX))
		return ctl_usage("write a number of seconds",
				 "--seconds \"%.40s\" is no such number", c->seconds);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
	return follow(c, (long)seconds);
}
