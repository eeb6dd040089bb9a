/* SPDX-License-Identifier: Apache-2.0 */
/* The log: lines gathered, escaped and written to standard error or a sink. */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

/** What standard error is behind for longer than this, when it is a pipe nobody reads, is lost. */
#define LOG_WAIT_MS 100

/** Longest escape of one byte: "\x1b". */
#define LOG_ESCAPE_MAX 4

static const struct {
	const char *name;
	char priority; /**< as syslog(3) numbers them */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", '3'},   [LOG_LEVEL_WARNING] = {"warning", '4'},
	[LOG_LEVEL_NOTICE] = {"notice", '5'}, [LOG_LEVEL_INFO] = {"info", '6'},
	[LOG_LEVEL_DEBUG] = {"debug", '7'},
};

enum log_level log_level_now = LOG_LEVEL_INFO;

/** The one log of the process: it belongs to the thread that runs the loop. */
static struct {
	bool journal;
	log_sink_cb *sink;
	void *arg;
	time_t second;  /**< that `stamp` is the text of */
	char stamp[24]; /**< "2026-11-21T09:15:58" */
	size_t n;       /**< bytes gathered */
	size_t lines;   /**< among them */
	size_t lost;    /**< lines that could not be written, not reported yet */
	char gathered[LOG_GATHER_MAX];
} the_log;


void log_set_level(enum log_level level)
{
	log_level_now = level;
}


bool log_level_decode(enum log_level *ret, struct str name)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!str_eq(name, str_of(levels[i].name)))
			continue;
		*ret = (enum log_level)i;
		return true;
	}
	return false;
}


void log_set_journal(bool journal)
{
	the_log.journal = journal;
}


void log_set_sink(log_sink_cb *sink, void *arg)
{
	log_flush();
	the_log.sink = sink;
	the_log.arg = arg;
}


/** Writes all of it, or gives up: the service must not stand still for its log. */
static bool write_all(const char *p, size_t n)
{
	while (n) {
		ssize_t did = write(STDERR_FILENO, p, n);

		if (did > 0) {
			p += did;
			n -= (size_t)did;
		} else if (did < 0 && errno == EAGAIN) {
			struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

			if (poll(&fd, 1, LOG_WAIT_MS) <= 0)
				return false;
		} else if (did == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}


void log_flush(void)
{
	size_t lost = the_log.lost;

	if (the_log.n == 0)
		return;
	if (!write_all(the_log.gathered, the_log.n))
		the_log.lost += the_log.lines;
	the_log.n = 0;
	the_log.lines = 0;

	if (lost && lost == the_log.lost) {
		the_log.lost = 0;
		log_write(LOG_LEVEL_WARNING, "log", "lost lines=%zu", lost);
	}
}


/** How many bytes from `p` make one printable character in UTF-8; 0: the byte must be escaped. */
static size_t printable(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80   ? 1
		     : p[0] < 0xc2 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4
				   : 0;

	if (len > n || p[0] < 0x20 || p[0] == 0x7f)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* C1 controls; too long forms and surrogates; what lies beyond U+10FFFF. */
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
	    (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}


static void escape_byte(struct buf *b, unsigned char c)
{
	switch (c) {
	case '\n':
		buf_puts(b, STR("\\n"));
		break;
	case '\r':
		buf_puts(b, STR("\\r"));
		break;
	case '\t':
		buf_puts(b, STR("\\t"));
		break;
	default:
		buf_puts(b, STR("\\x"));
		buf_puthex(b, c, 2);
	}
}


/** Bytes from `p` that are plain ASCII: most of a line, so eight at a time. */
static size_t plain_run(const char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t i = 0;

	for (uint64_t w; n - i >= 8; i += 8) {
		memcpy(&w, p + i, 8);
		/* Some byte below 0x20, or above 0x7e; a borrow or carry errs to the safe side. */
		if ((w | (w - 0x20 * ones) | (w + ones)) & 0x80 * ones)
			break;
	}
	while (i < n && p[i] >= 0x20 && p[i] < 0x7f)
		i++;
	return i;
}


/**
 * Text that a peer wrote may stand in a line. Nothing in it may end the line, begin another or
 * reach the terminal as a command: what is no printable character is written as an escape.
 */
static void escape(struct buf *b, const char *text, size_t n)
{
	while (n) {
		size_t len = plain_run(text, n);

		if (len == 0)
			len = printable((const unsigned char *)text, n);
		if (len)
			buf_put(b, text, len);
		else
			escape_byte(b, (unsigned char)*text);
		text += len ? len : 1;
		n -= len ? len : 1;
	}
}


/** "2026-11-21T09:15:58.123Z info ", or "<6>". */
static void prefix(struct buf *b, enum log_level level)
{
	struct timespec now;
	struct tm tm;

	if (the_log.journal) {
		buf_putc(b, '<');
		buf_putc(b, levels[level].priority);
		buf_putc(b, '>');
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != the_log.second || !the_log.stamp[0]) {
		gmtime_r(&now.tv_sec, &tm);
		strftime(the_log.stamp, sizeof(the_log.stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		the_log.second = now.tv_sec;
	}
	buf_puts(b, str_of(the_log.stamp));
	buf_put(b,
		(char[]){'.', (char)('0' + now.tv_nsec / 100000000),
			 (char)('0' + now.tv_nsec / 10000000 % 10),
			 (char)('0' + now.tv_nsec / 1000000 % 10), 'Z', ' '},
		6);
	buf_puts(b, str_of(levels[level].name));
	buf_putc(b, ' ');
}


static void gather(enum log_level level, struct str line)
{
	char head[64];
	struct buf b;

	buf_fixed(&b, head, sizeof(head));
	prefix(&b, level);

	if (sizeof(the_log.gathered) - the_log.n < b.n + line.n + 1)
		log_flush();
	memcpy(the_log.gathered + the_log.n, b.p, b.n);
	the_log.n += b.n;
	memcpy(the_log.gathered + the_log.n, line.p, line.n);
	the_log.n += line.n;
	the_log.gathered[the_log.n++] = '\n';
	the_log.lines++;

	if (level == LOG_LEVEL_ERROR)
		log_flush();
}


void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX * LOG_ESCAPE_MAX + 128];
	struct buf b;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;

	buf_fixed(&b, line, sizeof(line));
	buf_puts(&b, str_upto(str_of(area), 64));
	buf_puts(&b, STR(": "));
	escape(&b, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	if ((size_t)n >= sizeof(text))
		buf_puts(&b, STR("…"));

	if (the_log.sink)
		the_log.sink(level, buf_str(&b), the_log.arg);
	else
		gather(level, buf_str(&b));
}
