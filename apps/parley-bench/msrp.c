/* SPDX-License-Identifier: Apache-2.0 */
/* Work `msrp`: messages through one session; one that is huge; many sessions that are silent. */

#include "bench.h"
#include "chunk.h"
#include "dialog.h"
#include "measure.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TRIES 100
#define WINDOW_MAX 4096
#define HUGE_N (1ull << 30)
/** The receiver of the huge message does not read for so long; and all of it must be over in this time. */
#define HUGE_PAUSE_NS 1000000000ull
#define HUGE_LIMIT_NS 60000000000ull
#define SAMPLE_NS 5000000ull
/** Silent sessions are spread over so many recipients. */
#define IDLE_USERS 50
/**
 * So many at a time, and then until answers are no longer kept: what is measured is sessions. The first so many pay for
 * the transactions of them all, whose memory stays for the next ones: it is counted behind them.
 */
#define IDLE_BATCH 2500
#define IDLE_PAUSE_NS 6000000000ull

/** One session, both ends. */
struct pair {
	struct wire wire; /**< its signalling; parleyd alone has any */
	bool signalled;
	int listener;
	char run[RUN_ID_N + 1];
	struct dialog dialog;
	char to[512], from[128];
	struct chunk_end sender, receiver;
};


static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}


static void no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}


static int listen_receiver(void)
{
	struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(PORT_MSRP_RECEIVER)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	/* Every address of 127/8: each callee has one of its own. */
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo"));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) || listen(fd, 4096))
		die("port %d of loopback is taken: %s: stop what uses it", PORT_MSRP_RECEIVER,
		    strerror(errno));
	return fd;
}


static int connect_subject(void)
{
	struct sockaddr_in to = loopback(PORT_MSRP);

	for (int i = 0; i < CONNECT_TRIES; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			no_delay(fd);
			return fd;
		}
		close(fd);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	die("cannot connect to port %d: %s", PORT_MSRP, strerror(errno));
}


/* parleyd: a session set up by SIP. Others: the path goes through the relay, which knows no sessions. */
static void pair_open(struct pair *p, const struct subject *s)
{
	memset(p, 0, sizeof(*p));
	p->sender.fd = p->receiver.fd = -1;
	p->listener = listen_receiver();
	p->dialog = (struct dialog){.user = USER_RECEIVER, .port = 7654};
	snprintf(p->run, sizeof(p->run), "%06x", (unsigned)(clock_ns() / 1000) & 0xffffff);
	if (s->parley) {
		wire_open(&p->wire, false);
		p->signalled = true;
		dialog_open(&p->wire, p->run, &p->dialog);
		snprintf(p->to, sizeof(p->to), "%s", p->dialog.path);
	} else {
		snprintf(p->to, sizeof(p->to),
			 "msrp://127.0.0.1:%d/relay;tcp msrp://127.0.0.1:%d/callee;tcp", PORT_MSRP,
			 PORT_MSRP_RECEIVER);
	}
	dialog_own_path(p->from, sizeof(p->from), &p->dialog);
	chunk_open(&p->sender, connect_subject());
	chunk_open(&p->receiver, -1);
}


static void pair_close(struct pair *p)
{
	chunk_close(&p->sender);
	chunk_close(&p->receiver);
	close(p->listener);
	if (p->signalled)
		wire_close(&p->wire);
}


static void pair_accept(struct pair *p)
{
	if (p->receiver.fd >= 0)
		return;
	p->receiver.fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	if (p->receiver.fd >= 0)
		no_delay(p->receiver.fd);
}


static void pair_check(const struct pair *p, const struct subject *s)
{
	if (p->sender.closed || p->receiver.closed)
		die("%s closed the connection of the %s", s->name,
		    p->sender.closed ? "sender" : "receiver");
	if (p->sender.refused && !p->receiver.messages)
		die("%s refused the first message: %s", s->name, p->sender.refusal);
}


/* Messages that should have gone by now. */
static double due(const struct traffic *t, uint64_t start_ns)
{
	return (double)(clock_ns() - start_ns) / 1e9 * t->rate;
}


/* At a rate each has its time; otherwise as many as the window allows. */
static bool is_due(const struct measure *m, const struct traffic *t, uint64_t start_ns)
{
	return t->load != LOAD_RATE || due(t, start_ns) >= (double)m->sent;
}


/* A large one does not come all at once either. */
static void set_limit(struct chunk_out *o, const struct measure *m, const struct traffic *t,
		      uint64_t start_ns)
{
	double part = t->load == LOAD_RATE ? due(t, start_ns) + 1 - (double)m->sent : 1;

	o->limit = part < 1 ? 1 + (uint64_t)(part * (double)o->body_n) : 0;
}


void msrp_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static struct pair p;
	static struct measure m;
	static uint64_t sent_ns[WINDOW_MAX];
	struct chunk_out out = {0};
	uint64_t window = t->outstanding < WINDOW_MAX ? t->outstanding : WINDOW_MAX;
	bool under_way = false;
	uint64_t start_ns;

	pair_open(&p, s);
	measure_init(&m, t);
	start_ns = clock_ns();
	while (measure_goes_on(&m, s)) {
		pair_accept(&p);
		/* The first alone, until both ends are there. */
		while (under_way ||
		       (m.sent - m.done < window && (m.sent == 0 || p.receiver.fd >= 0) &&
			is_due(&m, t, start_ns))) {
			if (!under_way) {
				sent_ns[m.sent % WINDOW_MAX] = clock_ns();
				chunk_compose(&out, m.sent++, p.to, p.from, t->size);
			}
			set_limit(&out, &m, t, start_ns);
			under_way = !chunk_write(&out, p.sender.fd);
			if (under_way)
				break;
		}
		chunk_read(&p.sender, true);
		chunk_read(&p.receiver, true);
		pair_check(&p, s);
		while (m.done < p.receiver.messages)
			measure_done(&m, clock_ns() - sent_ns[m.done % WINDOW_MAX]);
		m.bytes = p.receiver.bytes;
		m.refused = p.sender.refused;
	}
	measure_conclude(ret, &m, s, false);
	pair_close(&p);
}


uint64_t msrp_huge_kb(const struct subject *s)
{
	static struct pair p;
	struct chunk_out out;
	uint64_t begin, sampled = 0, before, most;
	bool gone = false;

	pair_open(&p, s);
	most = before = subject_usage(s).memory_kb;
	begin = clock_ns();
	chunk_compose(&out, 1, p.to, p.from, HUGE_N);
	while (!p.receiver.messages) {
		uint64_t now = clock_ns(), kb;

		pair_accept(&p);
		if (!gone)
			gone = chunk_write(&out, p.sender.fd);
		chunk_read(&p.sender, true);
		if (now - begin > HUGE_PAUSE_NS)
			chunk_read(&p.receiver, true);
		pair_check(&p, s);
		if (now - sampled > SAMPLE_NS) {
			sampled = now;
			kb = subject_usage(s).memory_kb;
			most = kb > most ? kb : most;
		}
		if (now - begin > HUGE_LIMIT_NS)
			die("1 GB did not arrive in 60 s: %llu bytes did",
			    (unsigned long long)p.receiver.bytes);
	}
	if (p.receiver.bytes != HUGE_N)
		die("of 1 GB %llu bytes arrived", (unsigned long long)p.receiver.bytes);
	pair_close(&p);
	return most - before;
}


/* ---- Many sessions that are silent ---- */

struct idle {
	struct wire wire;
	char run[RUN_ID_N + 1];
	int listener;
	int *fd; /**< both ends of each */
	unsigned fds;
	uint64_t accepted, bound;
};


/* One buffer serves them all: what has begun to come is waited for, and they are silent otherwise. */
static void idle_serve(struct idle *i, struct chunk_end *e, int fd)
{
	e->fd = fd;
	e->in_n = e->out_n = 0;
	e->closed = false;
	do
		chunk_read(e, true);
	while (e->in_n && !e->closed);
	if (e->closed)
		die("a connection of a silent session was closed");
	i->bound = e->responses;
}


static void idle_accept(struct idle *i)
{
	int fd;

	while ((fd = accept4(i->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		i->fd[i->fds++] = fd;
		i->accepted++;
	}
}


static void idle_one(struct idle *i, unsigned n)
{
	struct dialog d = {.index = n, .user = n % IDLE_USERS, .port = 7654};
	char from[128];
	struct chunk_out out;
	int fd;

	dialog_open(&i->wire, i->run, &d);
	dialog_own_path(from, sizeof(from), &d);
	fd = connect_subject();
	chunk_compose(&out, n, d.path, from, 0);
	if (!chunk_write(&out, fd))
		die("a connection did not take one frame");
	i->fd[i->fds++] = fd;
	idle_accept(i);
}


static void idle_settle(struct idle *i, struct chunk_end *e)
{
	uint64_t until = clock_ns() + IDLE_PAUSE_NS;

	while (clock_ns() < until) {
		idle_accept(i);
		for (unsigned k = 0; k < i->fds; k++)
			idle_serve(i, e, i->fd[k]);
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	}
}


double msrp_idle_kb(const struct subject *s, unsigned n)
{
	static struct idle i;
	struct chunk_end e;
	uint64_t before, after;

	memset(&i, 0, sizeof(i));
	for (unsigned user = 0; user < IDLE_USERS; user++)
		pager_register(s, false, user);
	snprintf(i.run, sizeof(i.run), "%06x", (unsigned)(clock_ns() / 1000) & 0xffffff);
	i.listener = listen_receiver();
	i.fd = calloc(2 * n + 1024, sizeof(*i.fd));
	chunk_open(&e, -1);
	wire_open(&i.wire, false);
	before = 0;
	for (unsigned k = 0; k < n; k++) {
		idle_one(&i, k);
		if ((k + 1) % IDLE_BATCH == 0 || k + 1 == n)
			idle_settle(&i, &e);
		if (k + 1 == IDLE_BATCH)
			before = subject_usage(s).memory_kb;
	}
	after = subject_usage(s).memory_kb;
	if (i.accepted < n || i.bound < n)
		die("of %u sessions %llu were bound by the caller, %llu connected to the callee", n,
		    (unsigned long long)i.bound, (unsigned long long)i.accepted);

	e.fd = -1;
	chunk_close(&e);
	while (i.fds)
		close(i.fd[--i.fds]);
	free(i.fd);
	close(i.listener);
	wire_close(&i.wire);
	return (double)(after - before) / (n - IDLE_BATCH);
}
