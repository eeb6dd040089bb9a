/* SPDX-License-Identifier: Apache-2.0 */
/* Work `session`: INVITE, 200, ACK, BYE, 200, both ends in one busy loop. */

#include "bench.h"
#include "dialog.h"
#include "measure.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

#define SLOTS_MAX 4096
#define RESEND_NS 500000000ull
#define LOST_NS 32000000000ull
#define SCAN_NS 50000000ull

struct generator {
	struct wire wire;
	char run[RUN_ID_N + 1];
	struct dialog slot[SLOTS_MAX];
	uint32_t slots, serial;
	struct measure m;
};


static void send_one(struct generator *g, struct dialog *d, const char *method, bool failed)
{
	d->sent_ns = clock_ns();
	wire_push(&g->wire, WIRE_SENDER,
		  dialog_compose(wire_room(&g->wire, WIRE_SENDER), g->run, d, method, failed));
}


static void begin(struct generator *g, struct dialog *d)
{
	d->generation++;
	d->phase = DIALOG_INVITE;
	d->began_ns = clock_ns();
	g->m.sent++;
	send_one(g, d, "INVITE", false);
}


static void on_invite_response(struct generator *g, struct dialog *d, unsigned status,
			       const char *p, size_t n)
{
	/* The 200 once more: its ACK was lost. */
	if (d->phase == DIALOG_BYE && status < 300)
		send_one(g, d, "ACK", false);
	if (d->phase != DIALOG_INVITE)
		return;
	dialog_establish(d, p, n);
	send_one(g, d, "ACK", status >= 300);
	if (status < 300) {
		d->phase = DIALOG_BYE;
		send_one(g, d, "BYE", false);
	} else {
		d->phase = DIALOG_FREE;
		g->m.refused++;
	}
}


static void on_bytes(enum wire_end end, const char *p, size_t n, const struct sockaddr_in *from,
		     void *arg)
{
	struct generator *g = arg;
	uint32_t i, generation;
	unsigned status;

	if (end == WIRE_RECEIVER) {
		size_t k = dialog_answer(wire_room(&g->wire, end), p, n, g->serial++, false);

		if (k)
			wire_push_to(&g->wire, end, k, from);
		return;
	}
	status = message_match(p, n, g->run, &i, &generation);
	if (!status || i >= g->slots || g->slot[i].generation != generation)
		return;
	if (dialog_response_method(p, n) == 'I') {
		on_invite_response(g, &g->slot[i], status, p, n);
	} else if (g->slot[i].phase == DIALOG_BYE) {
		g->slot[i].phase = DIALOG_FREE;
		if (status < 300)
			measure_done(&g->m, clock_ns() - g->slot[i].began_ns);
		else
			g->m.refused++;
	}
}


static void resend_due(struct generator *g, uint64_t now)
{
	for (uint32_t i = 0; i < g->slots; i++) {
		struct dialog *d = &g->slot[i];

		if (d->phase == DIALOG_FREE || now - d->sent_ns < RESEND_NS)
			continue;
		if (now - d->began_ns > LOST_NS) {
			d->phase = DIALOG_FREE;
			g->m.lost++;
			continue;
		}
		g->m.resent++;
		send_one(g, d, d->phase == DIALOG_INVITE ? "INVITE" : "BYE", false);
	}
}


void session_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static struct generator g;
	uint64_t scanned = clock_ns();

	memset(&g, 0, sizeof(g));
	g.slots = t->outstanding < SLOTS_MAX ? t->outstanding : SLOTS_MAX;
	snprintf(g.run, sizeof(g.run), "%06x", (unsigned)(clock_ns() / 1000) & 0xffffff);
	for (uint32_t i = 0; i < g.slots; i++)
		g.slot[i] = (struct dialog){.index = i, .user = USER_RECEIVER, .port = 7654};
	wire_open(&g.wire, false);
	measure_init(&g.m, t);
	while (measure_goes_on(&g.m, s)) {
		uint64_t now = clock_ns();

		for (uint32_t i = 0; i < g.slots; i++)
			if (g.slot[i].phase == DIALOG_FREE)
				begin(&g, &g.slot[i]);
		if (now - scanned > SCAN_NS) {
			scanned = now;
			resend_due(&g, clock_ns());
		}
		wire_flush(&g.wire);
		wire_read(&g.wire, on_bytes, &g);
		wire_flush(&g.wire);
	}
	measure_conclude(ret, &g.m, s, false);
	wire_close(&g.wire);
}
