/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the call: re-INVITE, UPDATE, glare, BYE, session timers, other requests. */
#include "calls.h"

#include <stdio.h>
#include <string.h>

#define UPDATE_TOO "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\n"

/* ---- Ours ---- */

static void test_reinvite(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	unit_must(far_n() == 3 && far_last_is("INVITE sip:bob-far@192.0.2.20:5060 ") &&
		  strstr(far_last(), "CSeq: 2 INVITE") && strstr(far_last(), "\r\n\r\noffer 2"));
	unit_must(modify(SIP_INVITE, "offer 3", false) == -EBUSY);
	/* 14.2. */
	far_sends("INVITE", 7, "", "theirs");
	unit_must(far_last_is("SIP/2.0 491 ") && own.modify == 0);
	far_answers(2, 200, "far", "", "answer 2");
	unit_must(own.modified == 1 && own.status == 200 && far_last_is("ACK ") &&
		  strstr(far_last(), "CSeq: 2 ACK"));
	far_answers(2, 200, "far", "", "answer 2");
	unit_must(own.modified == 1 && far_count("ACK ") == 3);
	unit_ok(modify(SIP_INVITE, "offer 3", false));
	far_answers(far_n() - 1, 488, "far", "", "");
	unit_must(own.modified == 2 && own.status == 488 && own.ended == 0);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CONFIRMED);
}


static void test_reinvite_without_offer(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "", false));
	far_answers(2, 200, "far", "", "their offer");
	unit_must(own.modified == 1 && far_n() == 3);
	unit_must(!strcmp(own.body, "their offer"));
	far_sends("UPDATE", 7, "", "theirs");
	unit_must(far_last_is("SIP/2.0 500 ") && strstr(far_last(), "Retry-After: "));
	unit_ok(sip_invite_ack(own.inv, STR("application/sdp"), STR("our answer")));
	engine_run(e);
	unit_must(far_last_is("ACK ") && strstr(far_last(), "\r\n\r\nour answer"));
	unit_ok(modify(SIP_INVITE, "next", false));
}


static void test_update(void)
{
	calls_open();
	talk_as_uac("");
	unit_must(modify(SIP_UPDATE, "offer 2", false) == -ENOTSUP);
	end_leg();
}


static void test_update_where_allowed(void)
{
	calls_open();
	talk_as_uac(UPDATE_TOO);
	unit_ok(modify(SIP_UPDATE, "offer 2", false));
	unit_must(far_last_is("UPDATE sip:bob-far@192.0.2.20:5060 "));
	/* Our offer is open: theirs is refused, a mere refresh is not. */
	own.refreshes = true;
	far_sends("UPDATE", 7, "", "theirs");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_sends("UPDATE", 8, "", "");
	unit_must(far_last_is("SIP/2.0 200 "));
	far_answers(2, 200, "far", "", "answer 2");
	unit_must(own.modified == 1 && own.status == 200 && far_count("ACK ") == 1);
}


static void lost_by(unsigned status)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	far_answers(2, status, "far", "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_LOST && own.status == status &&
		  own.modified == 0);
	unit_must(far_last_is("BYE "));
	far_answers(far_n() - 1, 481, "", "", "");
	unit_must(all_quiet());
}


static void test_lost_by_408(void)
{
	lost_by(408);
}


static void test_lost_by_481(void)
{
	lost_by(481);
}


static void test_lost_by_silence(void)
{
	calls_open();
	talk_as_uac(UPDATE_TOO);
	unit_ok(modify(SIP_UPDATE, "offer 2", false));
	engine_wait(e, 32000);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_LOST && own.error == -ETIMEDOUT);
	unit_must(far_last_is("BYE "));
	engine_wait(e, 32000);
	unit_must(all_quiet());
}


static void glare(bool uac, unsigned from_ms, unsigned to_ms)
{
	uint64_t met;

	calls_open();
	if (uac)
		talk_as_uac("");
	else
		talk_as_uas("");
	unit_ok(modify(SIP_INVITE, "offer 2", true));
	far_answers(far_find("INVITE "), 491, "far", "", "");
	met = engine_now(e);
	unit_must(own.modified == 0);
	/* Between the tries the peer has its turn. */
	own.refreshes = true;
	far_sends("INVITE", 207, "", "theirs");
	unit_must(own.modify == 1 && far_last_is("SIP/2.0 200 "));
	far_sends("ACK", 207, "", "");
	engine_wait(e, to_ms);
	unit_must(far_last_is("INVITE ") && strstr(far_last(), "\r\n\r\noffer 2"));
	for (unsigned i = 0; i < far_n(); i++) {
		if (peer_has(far, i, "INVITE sip:") && peer_at(far, i) > met) {
			unit_must(peer_at(far, i) - met >= from_ms &&
				  peer_at(far, i) - met <= to_ms);
			break;
		}
	}
	far_answers(far_find("INVITE "), 200, "far", "", "answer");
	unit_must(own.modified == 1 && own.status == 200);
}


static void test_glare_as_owner_of_call_id(void)
{
	glare(true, 2100, 4000);
}


static void test_glare_as_other(void)
{
	glare(false, 0, 2000);
}


static void test_glare_is_told(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	far_answers(2, 491, "far", "", "");
	unit_must(own.modified == 1 && own.status == 491);
}


static void test_glare_for_ever(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", true));
	for (unsigned i = 0; i <= SIP_INVITE_GLARE_MAX; i++) {
		far_answers(far_find("INVITE "), 491, "far", "", "");
		engine_wait(e, 4000);
	}
	unit_must(far_count("INVITE ") == 2 + SIP_INVITE_GLARE_MAX || own.modified == 1);
	unit_must(own.modified == 1 && own.status == 491);
}


static void test_modify_cancelled(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	far_answers(2, 183, "far", "", "");
	sip_invite_modify_cancel(own.inv);
	engine_run(e);
	unit_must(far_last_is("CANCEL "));
	far_answers(2, 487, "far", "", "");
	unit_must(own.modified == 0 && own.ended == 0);
	unit_ok(modify(SIP_INVITE, "offer 3", false));
}


/* The peer has changed already: the owner must know. */
static void test_modify_cancelled_too_late(void)
{
	calls_open();
	talk_as_uac(UPDATE_TOO);
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	far_answers(2, 183, "far", "", "");
	sip_invite_modify_cancel(own.inv);
	engine_run(e);
	unit_must(far_last_is("CANCEL "));
	far_answers(2, 200, "far", "", "answer 2");
	unit_must(own.modified == 1 && own.status == 200 && far_last_is("ACK "));
	unit_ok(modify(SIP_UPDATE, "offer 3", false));
	sip_invite_modify_cancel(own.inv);
	unit_must(modify(SIP_UPDATE, "offer 4", false) == -EBUSY);
	far_answers(far_find("UPDATE "), 488, "far", "", "");
	unit_must(own.modified == 1);
	unit_ok(modify(SIP_UPDATE, "offer 4", true));
	far_answers(far_find("UPDATE "), 491, "far", "", "");
	sip_invite_modify_cancel(own.inv);
	unit_ok(modify(SIP_UPDATE, "offer 5", false));
}


static void test_end_during_reinvite(void)
{
	calls_open();
	talk_as_uac("");
	unit_ok(modify(SIP_INVITE, "offer 2", false));
	far_answers(2, 183, "far", "", "");
	end_leg();
	engine_run(e);
	unit_must(far_count("CANCEL ") == 1 && far_count("BYE ") == 1);
	far_answers(far_find("BYE "), 200, "", "", "");
	/* Its 2xx crossed: it is acknowledged. */
	unit_must(!all_quiet());
	far_answers(2, 200, "far", "", "answer");
	unit_must(far_count("ACK ") == 2 && all_quiet());
}


/* ---- The peer's ---- */

static void test_peer_reinvites(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("INVITE", 101, "", "offer 2");
	unit_must(own.modify == 1 && own.method == SIP_INVITE);
	unit_must(!strcmp(own.body, "offer 2"));
	unit_must(sip_invite_waits(own.inv, SIP_INVITE));
	unit_must(modify(SIP_INVITE, "mine", false) == -EBUSY);
	/* 14.2: a second one before the first is answered. */
	far_sends("INVITE", 102, "", "offer 3");
	unit_must(far_last_is("SIP/2.0 500 ") && strstr(far_last(), "Retry-After: "));
	/* RFC 3311 5.2: an offer that is not answered. */
	far_sends("UPDATE", 103, "", "offer 3");
	unit_must(far_last_is("SIP/2.0 500 ") && strstr(far_last(), "Retry-After: "));
	unit_ok(respond(SIP_INVITE, 200, "answer 2"));
	unit_must(far_last_is("SIP/2.0 200 ") && strstr(far_last(), "\r\n\r\nanswer 2"));
	engine_wait(e, 500);
	unit_must(strstr(far_last(), "\r\n\r\nanswer 2") != NULL);
	far_sends("ACK", 101, "", "");
	unit_must(own.acked == 2);
	unit_ok(modify(SIP_INVITE, "mine", false));
}


static void test_peer_reinvite_refused(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("INVITE", 101, "", "offer 2");
	unit_must(own.modify == 1);
	unit_ok(respond(SIP_INVITE, 488, ""));
	unit_must(far_last_is("SIP/2.0 488 ") && own.ended == 0);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CONFIRMED);
	unit_ok(modify(SIP_INVITE, "mine", false));
}


static void test_peer_reinvite_cancelled(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("INVITE", 101, "", "offer 2");
	far_sends("CANCEL", 101, "", "");
	unit_must(own.withdrawn == 1 && own.method == SIP_INVITE && own.ended == 0);
	unit_must(far_count("SIP/2.0 487 ") == 1);
	unit_must(respond(SIP_INVITE, 200, "x") == -EALREADY);
}


static void test_peer_reinvites_without_offer(void)
{
	calls_open();
	own.refreshes = true;
	talk_as_uas("");
	far_sends("INVITE", 101, "", "");
	unit_must(far_last_is("SIP/2.0 200 ") && strstr(far_last(), "\r\n\r\nour last sdp"));
	far_sends("ACK", 101, "", "their answer");
	unit_must(own.acked == 2);
	unit_must(!strcmp(own.body, "their answer"));
}


static void test_no_ack_for_reinvite(void)
{
	calls_open();
	own.refreshes = true;
	talk_as_uas("");
	far_sends("INVITE", 101, "", "x");
	engine_wait(e, 32000);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_UNACKNOWLEDGED && far_last_is("BYE "));
}


static void test_peer_updates(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("UPDATE", 101, "", "offer 2");
	unit_must(own.modify == 1 && own.method == SIP_UPDATE);
	far_sends("UPDATE", 102, "", "offer 3");
	unit_must(far_last_is("SIP/2.0 500 ") && strstr(far_last(), "Retry-After: "));
	far_sends("INVITE", 103, "", "offer 3");
	unit_must(far_last_is("SIP/2.0 500 "));
	unit_must(modify(SIP_INVITE, "mine", false) == -EBUSY);
	unit_ok(respond(SIP_UPDATE, 200, "answer 2"));
	unit_must(far_last_is("SIP/2.0 200 ") && strstr(far_last(), "\r\n\r\nanswer 2") &&
		  strstr(far_last(), "CSeq: 101 UPDATE"));
	unit_must(respond(SIP_UPDATE, 200, "x") == -EALREADY);
}


/* RFC 3311 5.2 wants a prompt answer. */
static void test_update_nobody_answers(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("UPDATE", 101, "", "offer 2");
	engine_wait(e, SIP_INVITE_UPDATE_MS - 1);
	unit_must(far_count("SIP/2.0 504 ") == 0);
	engine_wait(e, 1);
	unit_must(far_last_is("SIP/2.0 504 ") && own.withdrawn == 1 && own.method == SIP_UPDATE);
	unit_must(respond(SIP_UPDATE, 200, "x") == -EALREADY);
}


static void test_end_with_all_open(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("UPDATE", 101, "", "");
	far_sends("INVITE", 102, "", "offer 2");
	unit_must(own.modify == 2);
	end_leg();
	engine_run(e);
	unit_must(far_count("SIP/2.0 487 ") == 2 && far_last_is("BYE "));
	/* While the BYE is under way: its like is answered, everything else is over. */
	far_sends("INFO", 103, "", "");
	unit_must(far_last_is("SIP/2.0 481 "));
	far_sends("INVITE", 104, "", "");
	unit_must(far_last_is("SIP/2.0 481 "));
	far_sends("BYE", 105, "", "");
	unit_must(far_last_is("SIP/2.0 200 "));
	far_answers(far_find("BYE "), 481, "", "", "");
	unit_must(all_quiet());
}


static void test_other_requests(void)
{
	calls_open();
	talk_as_uas("");
	far_sends("INFO", 101, "", "");
	unit_must(own.requests == 1 && far_last_is("SIP/2.0 405 ") &&
		  strstr(far_last(), "\r\nAllow: INVITE"));
	own.takes_requests = true;
	far_sends("MESSAGE", 102, "", "");
	unit_must(own.requests == 2 && own.method == SIP_MESSAGE && far_last_is("SIP/2.0 200 "));
	own.takes_requests = false;
	far_sends("NOTIFY", 103, "Event: refer\nSubscription-State: active\n", "");
	unit_must(far_last_is("SIP/2.0 481 "));
	far_sends("OPTIONS", 104, "", "");
	unit_must(far_last_is("SIP/2.0 200 "));
	/* Out of order. */
	far_sends("INFO", 102, "", "");
	unit_must(far_last_is("SIP/2.0 500 ") && own.requests == 4);
	unit_must(own.ended == 0);
}


static void test_target_refresh(void)
{
	calls_open();
	own.refreshes = true;
	talk_as_uac("");
	unit_must(str_eq(sip_dialog_target(sip_invite_dialog(own.inv)),
			 STR("sip:bob-far@192.0.2.20:5060")));
	far_sends("INVITE", 101, "", "x");
	unit_must(str_eq(sip_dialog_target(sip_invite_dialog(own.inv)),
			 STR("sip:bob@192.0.2.20:5060")));
	far_sends("ACK", 101, "", "");
	unit_ok(modify(SIP_INVITE, "y", false));
	far_answers(far_n() - 1, 200, "new", "", "");
	unit_must(str_eq(sip_dialog_target(sip_invite_dialog(own.inv)),
			 STR("sip:bob-new@192.0.2.20:5060")));
}


/* ---- Session timers on the wire ---- */

static void talk_with_timer(const char *more)
{
	own.wish = (struct sip_session_wish){1800, 90, SIP_REFRESHER_OPEN};
	call_far("offer");
	far_answers(0, 200, "far", more, "answer");
}


static void test_we_refresh_by_update(void)
{
	calls_open();
	talk_with_timer(UPDATE_TOO "Session-Expires: 1800;refresher=uac\nRequire: timer\n");
	engine_wait(e, 899999);
	unit_must(far_n() == 2);
	engine_wait(e, 1);
	unit_must(far_n() == 3 && far_last_is("UPDATE ") &&
		  strstr(far_last(), "Session-Expires: 1800;refresher=uac\r\n") &&
		  strstr(far_last(), "Content-Length: 0\r\n"));
	far_answers(2, 200, "far", "Session-Expires: 1800;refresher=uac\nRequire: timer\n", "");
	unit_must(own.modified == 0);
	engine_wait(e, 899999);
	unit_must(far_n() == 3);
	engine_wait(e, 1);
	unit_must(far_n() == 4 && far_last_is("UPDATE "));
	unit_must(own.ended == 0);
}


static void test_we_refresh_by_reinvite(void)
{
	calls_open();
	talk_with_timer("");
	/* The peer knows no timers: for our own benefit. */
	engine_wait(e, 900000);
	unit_must(far_last_is("INVITE ") && strstr(far_last(), "\r\n\r\nour last sdp") &&
		  strstr(far_last(), "Session-Expires: 1800;refresher=uac\r\n"));
	far_answers(2, 200, "far", "", "answer");
	unit_must(far_last_is("ACK ") && own.modified == 0);
	engine_wait(e, 900000);
	unit_must(far_last_is("INVITE "));
}


/* RFC 4028 10: the earlier expiration stands; another try at half of what is left, then BYE. */
static void test_refresh_fails(void)
{
	const uint64_t at[] = {900000, 1334000, 1551000, 1659500};
	unsigned n = 0;

	calls_open();
	talk_with_timer(UPDATE_TOO "Session-Expires: 1800;refresher=uac\nRequire: timer\n");
	engine_wait(e, 900000 - 250);
	while (engine_now(e) < 1767750) {
		engine_wait(e, 250);
		if (far_count("UPDATE ") == n)
			continue;
		if (n < 4)
			unit_must(peer_at(far, far_n() - 1) == at[n]);
		far_answers(far_n() - 1, 500, "far", "", "");
		n++;
	}
	engine_wait(e, 249);
	unit_must(n == 9 && own.ended == 0 && far_count("BYE ") == 0);
	engine_wait(e, 1);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_EXPIRED && far_last_is("BYE "));
}


static void test_refresh_is_405(void)
{
	calls_open();
	talk_with_timer(UPDATE_TOO "Session-Expires: 1800;refresher=uac\nRequire: timer\n");
	engine_wait(e, 900000);
	far_answers(far_n() - 1, 405, "far", "", "");
	unit_must(far_last_is("INVITE ") && strstr(far_last(), "\r\n\r\nour last sdp"));
	unit_must(!sip_invite_allows(own.inv, SIP_UPDATE));
}


static void test_refresh_is_422(void)
{
	calls_open();
	talk_with_timer(UPDATE_TOO "Session-Expires: 1800;refresher=uac\nRequire: timer\n");
	engine_wait(e, 900000);
	far_answers(far_n() - 1, 422, "far", "Min-SE: 2400\n", "");
	unit_must(far_last_is("UPDATE ") &&
		  strstr(far_last(), "Session-Expires: 2400;refresher=uac\r\nMin-SE: 2400\r\n"));
}


static void test_refresh_is_481(void)
{
	calls_open();
	talk_with_timer(UPDATE_TOO "Session-Expires: 1800;refresher=uac\nRequire: timer\n");
	engine_wait(e, 900000);
	far_answers(far_n() - 1, 481, "far", "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_LOST && far_last_is("BYE "));
}


/* Not refreshing: BYE at the interval less min(32 s, a third). */
static void test_peer_does_not_refresh(void)
{
	calls_open();
	talk_with_timer("Session-Expires: 1800;refresher=uas\nRequire: timer\n");
	engine_wait(e, 1767999);
	unit_must(far_n() == 2 && own.ended == 0);
	engine_wait(e, 1);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_EXPIRED && far_last_is("BYE "));
	far_answers(far_n() - 1, 200, "", "", "");
	unit_must(all_quiet());
}


static void test_peer_refreshes(void)
{
	calls_open();
	own.refreshes = true;
	talk_with_timer("Session-Expires: 90;refresher=uas\nRequire: timer\n");
	engine_wait(e, 59000);
	far_sends("UPDATE", 7, "Supported: timer\nSession-Expires: 90;refresher=uac\n", "");
	unit_must(own.modify == 1 && far_last_is("SIP/2.0 200 ") &&
		  strstr(far_last(), "Session-Expires: 90;refresher=uac\r\nRequire: timer\r\n"));
	engine_wait(e, 59999);
	unit_must(own.ended == 0);
	engine_wait(e, 1);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_EXPIRED);
}


static void test_refresh_with_too_small_interval(void)
{
	calls_open();
	talk_with_timer("Session-Expires: 1800;refresher=uas\nRequire: timer\n");
	far_sends("UPDATE", 7, "Supported: timer\nSession-Expires: 60;refresher=uac\n", "");
	unit_must(own.modify == 0 && far_last_is("SIP/2.0 422 ") &&
		  strstr(far_last(), "Min-SE: 90\r\n"));
}


/* ---- What a leg costs ---- */

static void test_idle_leg_is_small(void)
{
	size_t before, after;

	calls_open();
	before = mem_live_blocks();
	talk_as_uac("");
	after = mem_live_blocks();
	/* Leg and dialog; the dialog's texts: at the start, tag, target; the peer's Contact parameters.
	 * And two scratch buffers of the table, one of the engine. */
	unit_must(after >= before);
	if (own.inv)
		assert_in_range(after - before, 0, 16);
}


UNIT_MAIN(UNIT_TEST(test_reinvite), UNIT_TEST(test_reinvite_without_offer), UNIT_TEST(test_update),
	  UNIT_TEST(test_update_where_allowed), UNIT_TEST(test_lost_by_408),
	  UNIT_TEST(test_lost_by_481), UNIT_TEST(test_lost_by_silence),
	  UNIT_TEST(test_glare_as_owner_of_call_id), UNIT_TEST(test_glare_as_other),
	  UNIT_TEST(test_glare_is_told), UNIT_TEST(test_glare_for_ever),
	  UNIT_TEST(test_modify_cancelled), UNIT_TEST(test_modify_cancelled_too_late),
	  UNIT_TEST(test_end_during_reinvite), UNIT_TEST(test_peer_reinvites),
	  UNIT_TEST(test_peer_reinvite_refused), UNIT_TEST(test_peer_reinvite_cancelled),
	  UNIT_TEST(test_peer_reinvites_without_offer), UNIT_TEST(test_no_ack_for_reinvite),
	  UNIT_TEST(test_peer_updates), UNIT_TEST(test_update_nobody_answers),
	  UNIT_TEST(test_end_with_all_open), UNIT_TEST(test_other_requests),
	  UNIT_TEST(test_target_refresh), UNIT_TEST(test_we_refresh_by_update),
	  UNIT_TEST(test_we_refresh_by_reinvite), UNIT_TEST(test_refresh_fails),
	  UNIT_TEST(test_refresh_is_405), UNIT_TEST(test_refresh_is_422),
	  UNIT_TEST(test_refresh_is_481), UNIT_TEST(test_peer_does_not_refresh),
	  UNIT_TEST(test_peer_refreshes), UNIT_TEST(test_refresh_with_too_small_interval),
	  UNIT_TEST(test_idle_leg_is_small))
