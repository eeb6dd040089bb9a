/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conference in a storm: messages cut anywhere, several at a time, aborted; guests that come, leave, lose their
 * connections, are slow or silent. Those who are there all the time hear every message once, whole, and in the
 * order of its speaker. PARLEY_SEED tries another chance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "im/controlling/fanout.h"
#include "room.h"

#define STEPS 1500
#define FAITHFUL 3 /* the first guests: there all the time, reading */
#define SAID_MAX 2048
#define OBJECT_MAX 60000

/* A guest's message under way. */
struct mouth {
	bool speaking, in_chunk;
	unsigned number;
	size_t n, at;
	char id[16];
	char object[OBJECT_MAX];
};

struct storm {
	struct room *r;
	uint64_t random;
	unsigned number; /* of messages in all */
	struct mouth mouth[GUESTS_MAX];
	/* What the sink saw of each speaker, and how far each faithful guest has heard them. */
	unsigned said[GUESTS_MAX][SAID_MAX], said_n[GUESTS_MAX];
	unsigned heard_n[FAITHFUL][GUESTS_MAX], heard[FAITHFUL][GUESTS_MAX][SAID_MAX];
	unsigned kept;
	unsigned pauses;
	bool wrong;
};

static struct storm *the_storm; /* of the test under way */


static unsigned chance(struct storm *s, unsigned below)
{
	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(s->random >> 33) % below;
}


/* ---- The ledger ---- */

struct kept {
	unsigned speaker;
	struct buf object;
};


static bool read_object(struct str object, unsigned *speaker, unsigned *number)
{
	ptrdiff_t at = str_find_str(object, STR("\r\nX-Ledger: "));

	return at > 0 && sscanf(object.p + at + 12, "%u %u", speaker, number) == 2;
}


static void *on_keep(struct fanout *f, const struct fanout_kept *k, void *arg)
{
	struct storm *s = arg;
	struct kept *kept;

	(void)f;
	if (k->to.n)
		return NULL;
	kept = calloc(1, sizeof(*kept));
	buf_init(&kept->object, 2 * OBJECT_MAX);
	s->kept++;
	return kept;
}


static void on_keep_piece(void *message, struct str piece)
{
	buf_puts(&((struct kept *)message)->object, piece);
}


static void on_keep_end(void *message, bool complete)
{
	struct storm *s = the_storm;
	struct kept *kept = message;
	unsigned speaker, number;

	s->kept--;
	if (complete && (!read_object(buf_str(&kept->object), &speaker, &number) ||
			 s->said_n[speaker] == SAID_MAX))
		s->wrong = true;
	else if (complete)
		s->said[speaker][s->said_n[speaker]++] = number;
	buf_done(&kept->object);
	free(kept);
}


static const struct fanout_absent sink = {on_keep, on_keep_piece, on_keep_end};


static void on_whole(struct guest *g, struct str object)
{
	struct storm *s = the_storm;
	unsigned speaker, number, to;
	ptrdiff_t at = str_find_str(object, STR("To: <sip:g"));

	if (g->lossy)
		return;
	if (!read_object(object, &speaker, &number)) {
		s->wrong = true;
		return;
	}
	if (at > 0) { /* a private one: it must be ours */
		if (sscanf(object.p + at, "To: <sip:g%u@", &to) != 1 || (int)to != g->number)
			s->wrong = true;
		return;
	}
	if (g->number < FAITHFUL && s->heard_n[g->number][speaker] < SAID_MAX)
		s->heard[g->number][speaker][s->heard_n[g->number][speaker]++] = number;
}


static void compare(const struct storm *s)
{
	unsigned all = 0;

	for (unsigned g = 0; g < FAITHFUL; g++) {
		for (unsigned k = 0; k < GUESTS_MAX; k++) {
			if (k == g)
				continue;
			assert_int_equal(s->heard_n[g][k], s->said_n[k]);
			assert_memory_equal(s->heard[g][k], s->said[k],
					    s->said_n[k] * sizeof(s->said[k][0]));
			all += s->said_n[k];
		}
	}
	assert_true(all > STEPS / 10);
}


/* ---- What happens ---- */

static void begin(struct storm *s, struct guest *g)
{
	struct mouth *m = &s->mouth[g->number];
	bool private = chance(s, 5) == 0;
	int n;

	m->speaking = true;
	m->at = 0;
	m->number = s->number++;
	snprintf(m->id, sizeof(m->id), "m%u", chance(s, 4) ? m->number : 1000000 + chance(s, 3));
	n = snprintf(m->object, sizeof(m->object),
		     "From: <%s%d%s>\r\nTo: <%s%u@example.com>\r\nX-Ledger: %d "
		     "%u\r\n\r\nContent-Type: text/plain\r\n\r\n",
		     chance(s, 2) ? "sip:g" : "im:g", g->number, "@example.com",
		     private ? "sip:g" : "sip:conf-", private ? chance(s, FAITHFUL) : 1, g->number,
		     m->number);
	m->n = (size_t)n + (chance(s, 3) ? chance(s, 200) : chance(s, OBJECT_MAX - 1000));
	memset(m->object + n, 'x', m->n - (size_t)n);
}


static void speak(struct storm *s, struct guest *g)
{
	struct mouth *m = &s->mouth[g->number];
	char range[64];
	size_t n;

	if (!m->speaking)
		begin(s, g);
	if (!m->in_chunk) {
		snprintf(range, sizeof(range), "%zu-*/%zu", m->at + 1, m->n);
		guest_head(g, "tttt", m->id, range, chance(s, 2) ? "" : "Failure-Report: no\r\n",
			   NULL);
		m->in_chunk = true;
	}
	n = chance(s, 3) ? m->n - m->at : chance(s, (unsigned)(m->n - m->at) + 1);
	guest_write(g, m->object + m->at, n);
	m->at += n;
	if (m->at == m->n) {
		guest_tail(g, "tttt", '$');
		m->speaking = m->in_chunk = false;
	} else if (chance(s, 3) == 0) {
		bool abort = chance(s, 6) == 0;

		guest_tail(g, "tttt", abort ? '#' : '+');
		m->in_chunk = false;
		m->speaking = !abort;
	}
}


static void hush(struct storm *s, struct guest *g)
{
	s->mouth[g->number].speaking = s->mouth[g->number].in_chunk = false;
}


static void slow_down(struct storm *s, const struct guest *g)
{
	static const enum virtual_fault_kind kinds[] = {VIRTUAL_STALL, VIRTUAL_SLOW, VIRTUAL_PIECES,
							VIRTUAL_WINDOW};
	struct virtual_fault f = {.kind = kinds[chance(s, 4)], .n = 1 + chance(s, 3000)};
	char text[64];

	snprintf(text, sizeof(text), "192.0.2.%d:0", g->number + 1);
	assert_int_equal(addr_decode_hostport(&f.to, str_of(text)), 0);
	virtual_fault_add(s->r->vl, &f);
}


static const char *name_of(unsigned number)
{
	char *text = unit_storage(8);

	snprintf(text, 8, "g%u", number);
	return text;
}


static void enter(struct storm *s)
{
	struct guest *g = room_enter(s->r, name_of(s->r->guests), NULL);

	g->quiet = true;
	g->status = 0; /* an answer might fall into a chunk of their own */
}


/* They never speak, so that they may answer at any time. */
static bool is_listener(const struct guest *g)
{
	return g->number % 5 == 4;
}


static void trouble(struct storm *s, struct guest *g)
{
	switch (chance(s, 8)) {
	case 0:
		if (g->s && g->seat) {
			g->lossy = true;
			g->s = mem_unref(g->s);
			hush(s, g);
		}
		break;
	case 1:
		if (!g->s && g->seat)
			guest_connect(g);
		break;
	case 2:
		if (chance(s, 3) == 0)
			guest_leave(g);
		break;
	case 3:
		slow_down(s, g);
		break;
	case 4:
		g->lossy = true;
		if (g->seat)
			fanout_seat_hold(g->seat, chance(s, 2));
		break;
	case 5:
		g->status = (uint16_t)(is_listener(g) && chance(s, 2) ? 413 : 0);
		g->lossy = true;
		break;
	default:
		if (s->r->guests < GUESTS_MAX)
			enter(s);
		break;
	}
}


static void weather(struct storm *s)
{
	switch (chance(s, 12)) {
	case 0:
		virtual_fault_clear(s->r->vl);
		break;
	case 1:
		if (s->pauses < 3) {
			s->pauses++;
			fanout_pause(s->r->f);
		}
		break;
	case 2:
	case 3:
		if (s->pauses) {
			s->pauses--;
			fanout_resume(s->r->f);
		}
		break;
	case 4:
		room_advance(s->r, chance(s, 2) ? 250 : chance(s, 5000));
		break;
	default:
		for (unsigned i = chance(s, 20); i; i--)
			(void)virtual_loop_step(s->r->vl);
		break;
	}
}


static void calm(struct storm *s)
{
	virtual_fault_clear(s->r->vl);
	for (; s->pauses; s->pauses--)
		fanout_resume(s->r->f);
	room_advance(s->r, 1000);
}


static void blow(uint64_t seed)
{
	struct storm *s = unit_storage(sizeof(*s));
	struct room *r;

	the_storm = s;
	s->random = seed;
	r = s->r = room_open(NULL);
	r->whole = on_whole;
	r->close_slow = true;
	fanout_set_absent(r->f, &sink, s);
	for (unsigned i = 0; i < FAITHFUL + 3; i++)
		enter(s);
	for (unsigned i = 0; i < STEPS; i++) {
		struct guest *g = &r->guest[chance(s, r->guests)];

		if (chance(s, 4) && g->seat && g->s && !is_listener(g))
			speak(s, g);
		else if (chance(s, 4) == 0 && g->number >= FAITHFUL)
			trouble(s, g);
		else
			weather(s);
		for (unsigned k = 0; k < r->guests; k++) {
			if (r->guest[k].broken)
				fail_msg("step %u, guest %u: " STR_FMT, i, k,
					 STR_ARG(buf_str(&r->guest[k].log)));
			buf_clear(&r->guest[k].log);
		}
		buf_clear(&r->events);
	}
	calm(s);
	assert_false(s->wrong);
	compare(s);
	fanout_set_absent(r->f, NULL, NULL);
	assert_int_equal(s->kept, 0);
}


static void test_storm(void)
{
	const char *seed = getenv("PARLEY_SEED");

	blow(seed ? strtoull(seed, NULL, 10) : 1);
}


static void test_another(void)
{
	blow(20261121);
}


static void test_and_another(void)
{
	blow(4975);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_storm), UNIT_TEST_PLAIN(test_another),
	  UNIT_TEST_PLAIN(test_and_another))
