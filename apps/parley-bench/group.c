/* SPDX-License-Identifier: Apache-2.0 */
/* Work `group`: many in one group session, some of whom speak; each copy is answered, as by a client. */

#include "crowd.h"
#include "dialog.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GROUP "sip:bench@ims.example.org"
#define CONNECT_TRIES 100
/** Until nothing is kept of the joining but the sessions themselves. */
#define SETTLE_NS 6000000000ull

struct member {
	struct dialog dialog;
	char caller[64], path[128];
};


static int connect_media(const struct subject *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_MSRP)};
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			return fd;
		}
		close(fd);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	die("cannot connect to %s at port %d: %s", s->name, PORT_MSRP, strerror(errno));
}


/* The operator makes it, as by `parleyctl group create`; whoever is a member may join. */
static void make_group(unsigned members)
{
	static char text[65536], request[66000], answer[512];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_ADMIN)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = (size_t)snprintf(text, sizeof(text),
				    "{\"group\": \"" GROUP "\", \"members\": [");

	for (unsigned i = 0; i < members; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "%s\"sip:+1555001%04u@ims.example.org\"", i ? ", " : "", i);
	n += (size_t)snprintf(text + n, sizeof(text) - n, "], \"max\": \"%u\"}", members + 1);
	int k = snprintf(request, sizeof(request),
			 "POST /v1/groups HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 n, text);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(answer, 0, sizeof(answer));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, request, (size_t)k, MSG_NOSIGNAL) != k ||
	    recv(fd, answer, sizeof(answer) - 1, 0) <= 0 || strncmp(answer, "HTTP/1.1 20", 11))
		die("the group could not be made: %.400s", answer);
	close(fd);
}


/* ---- MSRP ---- */

static const char *line_value(const char *p, const char *end, const char *name, size_t *ret_n)
{
	const char *at = memmem(p, (size_t)(end - p), name, strlen(name)), *stop;

	if (!at)
		die("a frame without %s", name);
	at += strlen(name);
	stop = memchr(at, '\r', (size_t)(end - at));
	*ret_n = stop ? (size_t)(stop - at) : 0;
	return at;
}


static void answer(struct crowd *c, unsigned who, const char *p, const char *end, const char *tid,
		   size_t tid_n)
{
	char out[1024];
	size_t to_n, from_n;
	const char *to = line_value(p, end, "\r\nTo-Path: ", &to_n),
		   *from = line_value(p, end, "\r\nFrom-Path: ", &from_n);
	int n = snprintf(out, sizeof(out),
			 "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\nFrom-Path: %.*s\r\n-------%.*s$\r\n",
			 (int)tid_n, tid, (int)from_n, from, (int)to_n, to, (int)tid_n, tid);

	crowd_push(c, who, out, (size_t)n);
}


/* One whole frame; a message of this work is one chunk. */
static size_t take(struct crowd *c, unsigned who, const char *p, size_t n)
{
	char end_line[80];
	const char *tid = p + 5, *space, *end;
	size_t tid_n;

	if (n < 16)
		return 0;
	space = memchr(tid, ' ', n - 5);
	if (memcmp(p, "MSRP ", 5) || !space || space - tid > 64)
		die("member %u got what is no MSRP: %.60s", who, p);
	tid_n = (size_t)(space - tid);
	int k = snprintf(end_line, sizeof(end_line), "\r\n-------%.*s", (int)tid_n, tid);
	end = memmem(p, n, end_line, (size_t)k);
	if (!end || (size_t)(p + n - end) < (size_t)k + 3)
		return 0;
	if (space[1] < 'A') {
		if (memcmp(space + 1, "200", 3))
			die("a message of member %u was refused: %.40s", who, space + 1);
		c->stanzas++;
	} else if (memcmp(space + 1, "SEND", 4) == 0) {
		if (memmem(p, (size_t)(end - p), "\r\n\r\n", 4))
			crowd_heard(c, p, (size_t)(end - p));
		answer(c, who, p, end + 2, tid, tid_n);
	}
	return (size_t)(end - p) + (size_t)k + 3;
}


static size_t frame(char out[static CROWD_MESSAGE_MAX], const struct member *m, uint64_t serial,
		    const char *body, size_t n)
{
	char range[64] = "";

	if (n)
		snprintf(range, sizeof(range), "Byte-Range: 1-%zu/%zu\r\n", n, n);
	return (size_t)snprintf(out, CROWD_MESSAGE_MAX,
				"MSRP t%08llx SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\n"
				"Message-ID: m%08llx\r\n%s%s%.*s%s-------t%08llx$\r\n",
				(unsigned long long)serial, m->dialog.path, m->path,
				(unsigned long long)serial, range,
				n ? "Content-Type: message/cpim\r\n\r\n" : "", (int)n, body,
				n ? "\r\n" : "", (unsigned long long)serial);
}


static size_t compose(struct crowd *c, unsigned who, const char *stamp,
		      char out[static CROWD_MESSAGE_MAX])
{
	const struct member *m = c->member[who].state;
	char body[1024], filling[GROUP_TEXT_N - CROWD_STAMP_N + 1];

	memset(filling, 'x', sizeof(filling) - 1);
	filling[sizeof(filling) - 1] = '\0';
	int n = snprintf(body, sizeof(body),
			 "From: <%s>\r\nTo: <" GROUP ">\r\n"
			 "DateTime: 2026-01-01T00:00:00Z\r\n\r\n"
			 "Content-Type: text/plain;charset=UTF-8\r\n\r\n%s%s",
			 m->caller, filling, stamp);
	return frame(out, m, 1000 + c->measure->sent, body, (size_t)n);
}


/* Who writes gets none. */
static unsigned copies(unsigned n)
{
	return n - 1;
}


static const struct crowd_speech speech = {compose, take, copies};


/* ---- Joining ---- */

struct joining {
	struct wire wire;
	char run[RUN_ID_N + 1];
};


static void join(struct crowd *c, struct joining *j, struct member *m, unsigned n)
{
	char text[CROWD_MESSAGE_MAX];

	snprintf(m->caller, sizeof(m->caller), "sip:+1555001%04u@ims.example.org", n);
	m->dialog = (struct dialog){.index = n, .group = GROUP, .caller = m->caller, .port = 7654};
	dialog_open(&j->wire, j->run, &m->dialog);
	dialog_own_path(m->path, sizeof(m->path), &m->dialog);
	unsigned who = crowd_join(c, connect_media(c->subject), m);
	crowd_push(c, who, text, frame(text, m, n, "", 0));
	crowd_flush(c, who);
}


static void settle(struct crowd *c, uint64_t ns)
{
	for (uint64_t until = clock_ns() + ns; clock_ns() < until;)
		crowd_turn(c, 100);
}


/* Returns what each of the second half added. */
static double join_all(struct crowd *c, struct joining *j, unsigned n, bool weigh)
{
	static struct member members[CROWD_MAX];
	uint64_t half = 0, all;

	make_group(n);
	wire_open(&j->wire, false);
	snprintf(j->run, sizeof(j->run), "%06x", (unsigned)(clock_ns() / 1000) & 0xffffff);
	for (unsigned i = 0; i < n; i++) {
		join(c, j, &members[i], i);
		if (weigh && i + 1 == n / 2) {
			settle(c, SETTLE_NS);
			half = subject_usage(c->subject).memory_kb;
		}
	}
	settle(c, weigh ? SETTLE_NS : 500000000ull);
	all = subject_usage(c->subject).memory_kb;
	if (c->stanzas < n)
		die("of %u members %llu were connected", n, (unsigned long long)c->stanzas);
	return weigh ? (double)(all - half) / (n - n / 2) : 0;
}


void group_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static struct crowd c;
	static struct joining j;

	crowd_open(&c, s, &speech);
	join_all(&c, &j, t->members, false);
	crowd_run(ret, &c, t);
	crowd_close(&c);
	wire_close(&j.wire);
}


double group_idle_kb(const struct subject *s, unsigned members)
{
	static struct crowd c;
	static struct joining j;

	crowd_open(&c, s, &speech);
	double kb = join_all(&c, &j, members, true);
	crowd_close(&c);
	wire_close(&j.wire);
	return kb;
}


/* ---- The floor: the same bytes, written by somebody who looks at nothing ---- */

static size_t floor_take(struct crowd *c, unsigned who, const char *p, size_t n)
{
	const char *end = memmem(p, n, "$\r\n", 3);

	(void)who;
	if (!end)
		return 0;
	const char *text_end = memmem(p, (size_t)(end - p), "\r\n-------", 9);
	if (text_end)
		crowd_heard(c, p, (size_t)(text_end - p));
	return (size_t)(end - p) + 3;
}


static struct member floor_member(void)
{
	struct member m = {.caller = "sip:+15550010000@ims.example.org",
			   .path = "msrp://127.0.0.1:7654/caller0000000000000000;tcp"};

	snprintf(m.dialog.path, sizeof(m.dialog.path), "msrp://127.0.0.1:%d/s0000000000000000;tcp",
		 PORT_MSRP);
	return m;
}


static const struct crowd_speech floor_speech = {compose, floor_take, copies};


size_t group_message_n(void)
{
	static struct measure m;
	struct member member = floor_member();
	struct crowd c = {.measure = &m};
	char text[CROWD_MESSAGE_MAX];

	c.member[0].state = &member;
	return compose(&c, 0, "#t0000000000000000", text);
}


void group_floor_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static struct crowd c;
	static struct member member;

	member = floor_member();
	crowd_open(&c, s, &floor_speech);
	for (unsigned i = 0; i < t->members; i++)
		crowd_join(&c, connect_media(s), &member);
	crowd_run(ret, &c, t);
	crowd_close(&c);
}
