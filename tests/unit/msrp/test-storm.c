/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything in any order, by chance: chunks cut anywhere, peers that go and come, pauses, re-starts, a relay
 * that changes a side or is dropped. Nothing may be lost that is ours; the sanitizers watch. PARLEY_SEED tries
 * another chance, PARLEY_STORMS more of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter.h"
#include "msrp/connection.h"
#include "world.h"

#define STEPS 400

struct storm {
	struct world *w;
	uint64_t random;
	bool in_chunk[2]; /* the peer has begun one and not ended it */
	uint64_t at[2];
	unsigned paused;
	struct msrp_send *m;
};


static unsigned chance(struct storm *s, unsigned below)
{
	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(s->random >> 33) % below;
}


static const char *uri_of(const struct msrp_session *s)
{
	struct str local = msrp_session_local(s);

	return memcpy(unit_storage(local.n + 1), local.p, local.n);
}


/* A part of a chunk, or all of it; with wishes of any kind. */
static void speak(struct storm *s, int i)
{
	static const char *const lines[] = {
		"",
		"Failure-Report: no\r\n",
		"Failure-Report: partial\r\n",
		"Success-Report: yes\r\n",
		"X-Other: 1\r\nSuccess-Report: yes\r\nFailure-Report: no\r\n",
	};
	static const char flags[] = "$$$+#";
	struct peer *p = &s->w->peers[i];
	char body[6000], range[64];
	unsigned n = chance(s, 3) ? chance(s, 300) : chance(s, sizeof(body));

	memset(body, 'x', n);
	if (!s->in_chunk[i]) {
		snprintf(range, sizeof(range), chance(s, 2) ? "1-*/*" : "1-%u/%u", n,
			 n + chance(s, 2) * 1000);
		peer_head(p, "tttt", chance(s, 2) ? "mmm1" : "mmm2", range, lines[chance(s, 5)]);
	}
	peer_write(p, body, n);
	s->in_chunk[i] = chance(s, 3) == 0;
	if (!s->in_chunk[i])
		peer_tail(p, "tttt", flags[chance(s, 5)]);
}


static void say_something_odd(struct storm *s, int i)
{
	struct peer *p = &s->w->peers[i];

	if (s->in_chunk[i])
		return;
	switch (chance(s, 8)) {
	case 0:
		peer_bind(p, "kkkk");
		break;
	case 1:
		peer_printf(
			p,
			"MSRP rrrr REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: mmm1\r\n"
			"Status: 000 200 OK\r\n-------rrrr$\r\n",
			p->to, p->path);
		break;
	case 2:
		peer_printf(p,
			    "MSRP nnnn NICKNAME\r\nTo-Path: %s\r\nFrom-Path: %s\r\nUse-Nickname: "
			    "\"n\"\r\n"
			    "-------nnnn$\r\n",
			    p->to, p->path);
		break;
	case 3:
		peer_printf(p,
			    "MSRP uuuu SEND\r\nTo-Path: "
			    "msrp://192.0.2.9:2855/none;tcp\r\nFrom-Path: %s\r\n"
			    "Message-ID: mmmm\r\n-------uuuu$\r\n",
			    p->path);
		break;
	case 4:
		if (p->last_tid[0])
			peer_answer(p, (uint16_t)(chance(s, 2) ? 200 : 413));
		break;
	case 5:
		p->status = (uint16_t)(chance(s, 3) ? 200 : chance(s, 2) ? 0 : 403);
		break;
	case 6:
		peer_send(p, "bbbb", "mmm1", "9-*/*", "", NULL, chance(s, 2) ? '#' : '+');
		break;
	default:
		if (chance(s, 6) == 0)
			peer_printf(p, "garbage\r\n");
		break;
	}
}


static void go_and_come(struct storm *s, int i)
{
	struct peer *p = &s->w->peers[i];

	if (p->s && chance(s, 2)) {
		peer_close(p);
	} else if (!p->s) {
		peer_connect(p, i ? "192.0.2.2:0" : "192.0.2.1:0");
		peer_bind(p, "kkkk");
	}
	s->in_chunk[i] = false;
}


static void restart(struct storm *s, int i)
{
	static const char *const paths[] = {ALICE_PATH, BOB_PATH,
					    "msrp://192.0.2.2:9000/other;tcp"};
	struct world *w = s->w;
	struct msrp_remote r = {
		.path = str_of(paths[i ? 1 + chance(s, 2) : 0]),
		.role = i && chance(s, 3) ? MSRP_ACTIVE : MSRP_PASSIVE,
		.addr = address("192.0.2.2:9000"),
		.fresh = chance(s, 2),
	};

	(void)msrp_session_start(i ? w->b : w->a, &r);
}


static void replace(struct storm *s)
{
	struct msrp_session_params sp = {0};
	struct world *w = s->w;
	struct msrp_session *n;

	unit_ok(msrp_session_alloc(&n, w->ep, &sp));
	if (chance(s, 2)) /* in the one order or the other */
		msrp_session_stop(w->b);
	unit_ok(msrp_relay_replace(w->relay, MSRP_SIDE_B, n));
	msrp_session_stop(w->b);
	mem_unref(w->b);
	w->b = n;
	w->peers[1].to = uri_of(n);
	restart(s, 1);
}


static void our_message(struct storm *s)
{
	static const struct msrp_send_handler quiet;
	struct msrp_send_params p = {.content_type = STR("text/plain"),
				     .total = MSRP_RANGE_UNKNOWN};
	char body[4000];

	memset(body, 'y', sizeof(body));
	if (!s->m)
		(void)msrp_send_open(&s->m, s->w->b, &p, &quiet, NULL);
	else if (chance(s, 3))
		(void)msrp_send_write(s->m, body, chance(s, sizeof(body)));
	else if (chance(s, 2))
		(void)msrp_send_end(s->m);
	else
		s->m = mem_unref(s->m);
}


static void pass_time(struct storm *s)
{
	static const uint64_t ms[] = {0, 1, 1, 250, 6000, 31000};

	(void)virtual_loop_advance(s->w->vl, ms[chance(s, 6)]);
}


static void step_without_memory(struct storm *s)
{
	mem_fail_after(chance(s, 20));
	(void)virtual_loop_step(s->w->vl);
	mem_fail_after(SIZE_MAX);
	(void)mem_failed();
}


static void step(struct storm *s)
{
	struct world *w = s->w;
	int i = (int)chance(s, 2);

	switch (chance(s, 24)) {
	case 0:
		go_and_come(s, i);
		break;
	case 1:
		restart(s, i);
		break;
	case 2:
		if (chance(s, 4) == 0)
			replace(s);
		break;
	case 3:
		if (s->paused) {
			msrp_session_resume(w->a);
			s->paused--;
		} else {
			msrp_session_pause(w->a);
			s->paused++;
		}
		break;
	case 4:
	case 5:
		say_something_odd(s, i);
		break;
	case 6:
		our_message(s);
		break;
	case 7:
		pass_time(s);
		break;
	case 8:
		(void)msrp_send_whole(i ? w->b : w->a,
				      &(struct msrp_send_params){.content_type = STR("text/plain")},
				      STR("hi"), NULL, NULL, NULL);
		break;
	case 9:
		step_without_memory(s);
		break;
	case 10:
		(void)virtual_loop_step(w->vl);
		break;
	default:
		speak(s, i);
		break;
	}
}


static void storm(uint64_t seed)
{
	struct virtual_fault pieces = {.kind = VIRTUAL_PIECES};
	struct storm s = {.random = seed * 2654435761u + 1};
	struct msrp_relay_params p = {.message_max = {seed % 3 ? 0 : 5000, 0}};
	struct world *w = world_relay_with(&p);

	s.w = w;
	pieces.n = 1 + chance(&s, 3000);
	if (chance(&s, 2))
		virtual_fault_add(w->vl, &pieces);
	for (int i = 0; i < 2; i++) {
		w->peers[i].quiet = true;
		buf_fixed(&w->peers[i].log, unit_storage(1), 1);
		buf_fixed(&w->peers[i].body, unit_storage(1), 1);
	}
	for (int i = 0; i < STEPS; i++)
		step(&s);
	if (chance(&s, 2))
		w->relay = mem_unref(w->relay);
	while (s.paused--)
		msrp_session_resume(w->a);
	msrp_session_stop(w->a);
	msrp_session_stop(w->b);
	s.m = mem_unref(s.m);
	peer_close(&w->peers[0]);
	peer_close(&w->peers[1]);
	(void)virtual_loop_advance(w->vl, 60000);
	if (msrp_endpoint_connections(w->ep) || msrp_endpoint_sessions(w->ep))
		fail_msg("seed %llu: %zu connections, %zu sessions are left",
			 (unsigned long long)seed, msrp_endpoint_connections(w->ep),
			 msrp_endpoint_sessions(w->ep));
	if (msrp_session_outstanding(w->a) || msrp_session_outstanding(w->b))
		fail_msg("seed %llu: requests are left", (unsigned long long)seed);
}


static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}


static void test_storm(void)
{
	static uint64_t done;
	uint64_t seed = number("PARLEY_SEED", 1) + done++;

	unit_case("seed %llu", (unsigned long long)seed);
	storm(seed);
}


#define STORM UNIT_TEST_PLAIN(test_storm)
#define STORM10 STORM, STORM, STORM, STORM, STORM, STORM, STORM, STORM, STORM, STORM

UNIT_MAIN(STORM10, STORM10, STORM10, STORM10)
