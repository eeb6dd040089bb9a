/* SPDX-License-Identifier: Apache-2.0 */
/* Work `pager`: MESSAGE through the terminating function; both ends of the traffic in one busy loop. */

#include "bench.h"
#include "measure.h"
#include "resend.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Transactions that can be open at once: 32 s of a silent hop at 30,000 a second. */
#define SLOTS (1u << 20)
#define REGISTER_TRIES 50

struct open {
	uint64_t sent_ns;
	uint32_t generation;
	bool live;
};

struct generator {
	const struct traffic *t;
	struct wire wire;
	char run[RUN_ID_N + 1];
	struct open *slot;
	uint32_t *free;
	uint32_t free_n, live;
	struct resend resend;
	struct measure m;
	double owed;
};


static void send_one(struct generator *g, uint32_t i)
{
	char *out = wire_room(&g->wire, WIRE_SENDER);

	wire_push(&g->wire, WIRE_SENDER,
		  message_compose(out, g->run, i, g->slot[i].generation, g->t));
}


static bool sends_again(const struct generator *g)
{
	return !g->t->tcp && g->t->load != LOAD_SILENT;
}


static void open_one(struct generator *g, uint64_t now)
{
	uint32_t i = g->free[--g->free_n];
	struct open *o = &g->slot[i];

	o->generation++;
	o->live = true;
	o->sent_ns = now;
	g->live++;
	g->m.sent++;
	resend_add(&g->resend, &(struct resend_entry){now, i, o->generation}, 0, sends_again(g));
	send_one(g, i);
}


static void close_one(struct generator *g, uint32_t i)
{
	g->slot[i].live = false;
	g->live--;
	g->free[g->free_n++] = i;
}


static void on_response(struct generator *g, const char *p, size_t n, uint64_t now)
{
	uint32_t i, generation;
	unsigned status = message_match(p, n, g->run, &i, &generation);

	if (!status || i >= SLOTS || !g->slot[i].live || g->slot[i].generation != generation)
		return;
	if (status < 300)
		measure_done(&g->m, now - g->slot[i].sent_ns);
	else
		g->m.refused++;
	close_one(g, i);
}


static void on_request(struct generator *g, const char *p, size_t n, const struct sockaddr_in *from)
{
	if (g->t->load == LOAD_SILENT)
		return;
	char *out = wire_room(&g->wire, WIRE_RECEIVER);
	wire_push_to(&g->wire, WIRE_RECEIVER, message_answer(out, p, n), from);
}


static void on_bytes(enum wire_end end, const char *p, size_t n, const struct sockaddr_in *from,
		     void *arg)
{
	struct generator *g = arg;

	if (end == WIRE_SENDER)
		on_response(g, p, n, clock_ns());
	else
		on_request(g, p, n, from);
}


static void resend_due(struct generator *g, uint64_t now)
{
	struct resend_entry e;
	unsigned times;

	while (resend_take(&g->resend, now, &e, &times)) {
		const struct open *o = &g->slot[e.slot];

		if (!o->live || o->generation != e.generation)
			continue;
		if (times == RESEND_TIMES) {
			g->m.lost++;
			close_one(g, e.slot);
			continue;
		}
		g->m.resent++;
		resend_add(&g->resend, &e, times + 1, true);
		send_one(g, e.slot);
	}
}


static void send_due(struct generator *g, uint64_t now, uint64_t *last)
{
	long want = (long)g->t->outstanding - (long)g->live;

	if (g->t->load != LOAD_SATURATION) {
		g->owed += (double)(now - *last) * g->t->rate / 1e9;
		want = (long)g->owed;
		want = want > WIRE_BATCH ? WIRE_BATCH : want;
		g->owed -= (double)(want > 0 ? want : 0);
	}
	*last = now;
	for (; want > 0 && g->free_n; want--)
		open_one(g, now);
}


static void generator_init(struct generator *g, const struct traffic *t)
{
	memset(g, 0, sizeof(*g));
	g->t = t;
	measure_init(&g->m, t);
	snprintf(g->run, sizeof(g->run), "%06x", (unsigned)(clock_ns() / 1000) & 0xffffff);
	g->slot = calloc(SLOTS, sizeof(*g->slot));
	g->free = malloc(SLOTS * sizeof(*g->free));
	if (!g->slot || !g->free)
		die("out of memory: the generator needs 32 MB");
	for (uint32_t i = 0; i < SLOTS; i++)
		g->free[i] = SLOTS - 1 - i;
	g->free_n = SLOTS;
	wire_open(&g->wire, t->tcp);
}


static void generator_done(struct generator *g)
{
	wire_close(&g->wire);
	resend_done(&g->resend);
	free(g->slot);
	free(g->free);
}


void pager_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static struct generator g;
	uint64_t last;

	generator_init(&g, t);
	last = clock_ns();
	while (measure_goes_on(&g.m, s)) {
		uint64_t now = clock_ns();

		send_due(&g, now, &last);
		resend_due(&g, now);
		wire_flush(&g.wire);
		wire_read(&g.wire, on_bytes, &g);
		wire_flush(&g.wire);
	}
	/* A silent hop answers nothing: its cost is for each message taken in. */
	measure_conclude(ret, &g.m, s, t->load == LOAD_SILENT);
	generator_done(&g);
}


/* ---- The recipient is registered first ---- */

static void on_registered(enum wire_end end, const char *p, size_t n,
			  const struct sockaddr_in *from, void *arg)
{
	(void)end;
	(void)from;
	if (n > 12 && memcmp(p, "SIP/2.0 200", 11) == 0)
		*(bool *)arg = true;
}


void pager_register(const struct subject *s, bool tcp, unsigned user)
{
	struct wire w;
	bool registered = false;

	if (!s->parley)
		return;
	wire_open(&w, tcp);
	for (int i = 0; i < REGISTER_TRIES && !registered; i++) {
		wire_push(&w, WIRE_SENDER, message_register(wire_room(&w, WIRE_SENDER), tcp, user));
		wire_flush(&w);
		uint64_t until = clock_ns() + 100000000ull;
		while (!registered && clock_ns() < until)
			wire_read(&w, on_registered, &registered);
	}
	wire_close(&w);
	if (!registered)
		die("the recipient could not be registered with parleyd: see %s/log", s->dir);
}
