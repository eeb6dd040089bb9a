/* SPDX-License-Identifier: Apache-2.0 */
/* Many connections, read and written as they are ready. */

#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MAX (1u << 17)
#define OUT_MAX (1u << 17)
#define EVENTS_MAX 256


void crowd_open(struct crowd *c, const struct subject *s, const struct crowd_speech *speech)
{
	memset(c, 0, sizeof(*c));
	c->speech = speech;
	c->subject = s;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
}


void crowd_close(struct crowd *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		close(c->member[i].fd);
		free(c->member[i].in);
		free(c->member[i].out);
	}
	close(c->epoll);
	c->n = 0;
}


static void await(struct crowd *c, unsigned who, int op, bool room)
{
	struct epoll_event e = {.events = EPOLLIN | (room ? EPOLLOUT : 0), .data.u32 = who};

	epoll_ctl(c->epoll, op, c->member[who].fd, &e);
	c->member[who].asked = room;
}


unsigned crowd_join(struct crowd *c, int fd, void *state)
{
	struct crowd_member *m = &c->member[c->n];

	if (c->n == CROWD_MAX)
		die("no more than %d can take part", CROWD_MAX);
	*m = (struct crowd_member){
		.fd = fd, .in = malloc(IN_MAX), .out = malloc(OUT_MAX), .state = state};
	if (!m->in || !m->out)
		die("out of memory");
	await(c, c->n, EPOLL_CTL_ADD, false);
	return c->n++;
}


void crowd_flush(struct crowd *c, unsigned who)
{
	struct crowd_member *m = &c->member[who];

	while (m->out_n) {
		ssize_t k = send(m->fd, m->out, m->out_n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k <= 0)
			break;
		m->out_n -= (size_t)k;
		memmove(m->out, m->out + k, m->out_n);
	}
	if (m->asked != (m->out_n > 0))
		await(c, who, EPOLL_CTL_MOD, m->out_n > 0);
}


void crowd_push(struct crowd *c, unsigned who, const char *p, size_t n)
{
	struct crowd_member *m = &c->member[who];

	if (n > OUT_MAX - m->out_n)
		die("%s does not read what member %u sends", c->subject->name, who);
	memcpy(m->out + m->out_n, p, n);
	m->out_n += n;
}


void crowd_heard(struct crowd *c, const char *text, size_t n)
{
	char digits[17] = "";
	uint64_t now = clock_ns();

	c->copies++;
	if (!c->measure || n < CROWD_STAMP_N || memcmp(text + n - CROWD_STAMP_N, "#t", 2))
		return;
	memcpy(digits, text + n - 16, 16);
	measure_done(c->measure, now - strtoull(digits, NULL, 16));
	c->measure->bytes += n;
}


static void receive(struct crowd *c, unsigned who)
{
	struct crowd_member *m = &c->member[who];
	size_t off = 0, k;
	ssize_t got = recv(m->fd, m->in + m->in_n, IN_MAX - m->in_n, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		die("%s closed the connection of member %u", c->subject->name, who);
	m->in_n += got > 0 ? (size_t)got : 0;
	while (off < m->in_n && (k = c->speech->take(c, who, m->in + off, m->in_n - off)))
		off += k;
	m->in_n -= off;
	memmove(m->in, m->in + off, m->in_n);
	if (m->in_n == IN_MAX)
		die("what %s sends to member %u has no end", c->subject->name, who);
}


void crowd_turn(struct crowd *c, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(c->epoll, events, EVENTS_MAX, wait_ms);

	for (int i = 0; i < n; i++) {
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(c, events[i].data.u32);
		crowd_flush(c, events[i].data.u32);
	}
}


static void speak(struct crowd *c, const struct traffic *t)
{
	char text[CROWD_MESSAGE_MAX], stamp[CROWD_STAMP_N + 1];
	unsigned who = (unsigned)(c->measure->sent % t->speakers);

	snprintf(stamp, sizeof(stamp), "#t%016llx", (unsigned long long)clock_ns());
	size_t n = c->speech->compose(c, who, stamp, text);
	crowd_push(c, who, text, n);
	crowd_flush(c, who);
	c->measure->sent++;
}


static bool is_due(const struct crowd *c, const struct traffic *t, uint64_t began_ns,
		   unsigned copies)
{
	const struct measure *m = c->measure;

	if (t->load == LOAD_RATE)
		return (double)(clock_ns() - began_ns) * t->rate / 1e9 > (double)m->sent;
	return m->sent * copies < c->copies + (uint64_t)t->outstanding * copies;
}


void crowd_run(struct result *ret, struct crowd *c, const struct traffic *t)
{
	static struct measure m;
	unsigned copies = c->speech->copies(c->n);
	uint64_t began = clock_ns();

	measure_init(&m, t);
	c->measure = &m;
	c->copies = 0;
	while (measure_goes_on(&m, c->subject)) {
		while (is_due(c, t, began, copies))
			speak(c, t);
		crowd_turn(c, 0);
	}
	measure_conclude(ret, &m, c->subject, false);
	c->measure = NULL;
}
