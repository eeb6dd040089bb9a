/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of a case: it moves only as the scenario says. */
#include "lib/virtual_loop.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/world.h"


uint64_t scn_now(const struct scn_play *p)
{
	return p->loop ? loop_now_ms(p->loop) - p->began_ms : 0;
}


void scn_settle(struct scn_play *p)
{
	if (!virtual_loop_run_until_idle(scn_world_loop(p)))
		scn_fail(p, NULL, "the server never comes to rest at %s",
			 scn_duration_text(p->arena, scn_now(p)).p);
}


/** The earliest of all that waits unexpected; NULL: nothing. */
static struct scn_arrival *first_waiting(const struct scn_play *p, struct scn_peer **ret)
{
	struct scn_arrival *first = NULL;

	for (struct scn_peer *peer = p->peers; peer; peer = peer->next) {
		struct scn_arrival *a = scn_peer_waiting(peer);

		if (a && (!first || a->at_ms < first->at_ms)) {
			first = a;
			*ret = peer;
		}
	}
	return first;
}


static bool unexpected(struct scn_play *p, const struct scn_line *line, const struct scn_peer *peer,
		       const struct scn_arrival *a)
{
	if (a->kind == SCN_CLOSED)
		scn_fail(p, line,
			 "unexpected: " STR_FMT "'s connection was closed by the server at " STR_FMT
			 " after %zu bytes sent",
			 STR_ARG(peer->name), STR_ARG(scn_duration_text(p->arena, a->at_ms)),
			 a->sent);
	else
		scn_fail(p, line,
			 "unexpected: at " STR_FMT " " STR_FMT
			 " received what nothing here expects:\n" STR_FMT,
			 STR_ARG(scn_duration_text(p->arena, a->at_ms)), STR_ARG(peer->name),
			 STR_ARG(a->kind == SCN_MESSAGE ? a->bytes
							: scn_escape(p->arena, a->bytes)));
	scn_fail_ladder(p, peer->name);
	return false;
}


bool scn_nothing_waits(struct scn_play *p, const struct scn_line *line)
{
	struct scn_peer *peer = NULL;
	struct scn_arrival *a = first_waiting(p, &peer);

	return !a || unexpected(p, line, peer, a);
}


/** What waits and came before `before_ms` is nobody's. */
static bool nothing_came_before(struct scn_play *p, const struct scn_line *line, uint64_t before_ms)
{
	struct scn_peer *peer = NULL;
	struct scn_arrival *a = first_waiting(p, &peer);

	return !a || a->at_ms >= before_ms || unexpected(p, line, peer, a);
}


/** On to the next thing that is due, `left` at most; what has passed. */
static uint64_t leap(struct scn_play *p, uint64_t left)
{
	struct virtual_loop *vl = scn_world_loop(p);
	uint64_t next = virtual_loop_next(vl), step = next < left ? next : left;

	if (!virtual_loop_advance(vl, step))
		scn_fail(p, NULL, "the server never comes to rest at %s",
			 scn_duration_text(p->arena, scn_now(p)).p);
	return step;
}


void scn_pass_next(struct scn_play *p, uint64_t left_ms)
{
	(void)leap(p, left_ms);
}


bool scn_pass(struct scn_play *p, const struct scn_line *line, uint64_t ms)
{
	uint64_t end = scn_now(p) + ms;

	if (!ms)
		return true;
	if (!scn_nothing_waits(p, line))
		return false;
	while (scn_now(p) < end && !p->failed) {
		(void)leap(p, end - scn_now(p));
		if (!nothing_came_before(p, line, end))
			return false;
	}
	return !p->failed;
}


bool scn_pass_until(struct scn_play *p, const struct scn_line *line, const struct scn_peer *peer,
		    uint64_t ms)
{
	uint64_t end = scn_now(p) + ms;

	while (!scn_peer_waiting(peer) && scn_now(p) < end && !p->failed) {
		if (!scn_nothing_waits(p, line))
			return false;
		(void)leap(p, end - scn_now(p));
	}
	return !p->failed;
}


bool scn_pass_flag(struct scn_play *p, const bool *flag, uint64_t ms)
{
	uint64_t end = scn_now(p) + ms;

	scn_settle(p);
	while (!*flag && scn_now(p) < end && !p->failed)
		(void)leap(p, end - scn_now(p));
	return *flag;
}
