/* SPDX-License-Identifier: Apache-2.0 */
/* Call legs as the caller: RFC 3261 13.2, 9.1, 14.1; RFC 3262 4; RFC 4028 7. */
#include "calls.h"

#include <stdio.h>
#include <string.h>


static void test_call(void)
{
	calls_open();
	own.wish = (struct sip_session_wish){1800, 90, SIP_REFRESHER_UAC};
	call_far("offer");
	unit_must(far_n() == 1);
	unit_must(peer_has(far, 0, "INVITE sip:bob@192.0.2.20 SIP/2.0\r\n"));
	unit_must(peer_has(far, 0, "\r\nAllow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, INFO\r\n"));
	unit_must(peer_has(far, 0, "\r\nSupported: timer, 100rel, replaces\r\n"));
	unit_must(peer_has(far, 0, "\r\nSession-Expires: 1800;refresher=uac\r\n"));
	unit_must(peer_has(far, 0, "\r\nAccept-Contact: *;+g.oma.sip-im\r\n"));
	unit_must(peer_has(far, 0, "Contact: <sip:leg1@192.0.2.10:5060>;+g.oma.sip-im\r\n"));
	unit_must(peer_has(far, 0, "\r\n\r\noffer"));
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CALLING);

	far_answers(0, 180, "far", "Allow: INVITE, ACK, BYE\n", "");
	unit_must(own.provisional == 1 && own.status == 180);
	unit_must(!sip_invite_allows(own.inv, SIP_UPDATE));
	far_answers(0, 200, "far",
		    "Allow: INVITE, ACK, BYE, UPDATE\nSupported: timer\n"
		    "Session-Expires: 1800;refresher=uac\nRequire: timer\n",
		    "answer");
	unit_must(own.answered == 1);
	unit_must(!strcmp(own.body, "answer"));
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CONFIRMED);
	unit_must(sip_invite_allows(own.inv, SIP_UPDATE));
	unit_must(sip_invite_supports(own.inv, STR("timer")));
	unit_must(!sip_invite_supports(own.inv, STR("100rel")));
	unit_must(str_eq(sip_invite_contact_params(own.inv), STR("isfocus")));
	unit_must(far_n() == 2 && far_last_is("ACK sip:bob-far@192.0.2.20:5060 SIP/2.0\r\n"));
	unit_must(strstr(far_last(), "CSeq: 1 ACK"));
	unit_must(strstr(far_last(), "To: <sip:bob@192.0.2.20>;tag=far\r\n"));

	/* A repeated 2xx gets the ACK again, and is not told again. */
	far_answers(0, 200, "far", "", "answer");
	unit_must(far_count("ACK ") == 2 && own.answered == 1);

	end_leg();
	engine_run(e);
	unit_must(far_last_is("BYE sip:bob-far@192.0.2.20:5060 SIP/2.0\r\n"));
	unit_must(strstr(far_last(), "CSeq: 2 BYE"));
	far_answers(far_n() - 1, 200, "far", "", "");
	/* Less than T1 after the 2xx: another fork could still answer. */
	unit_must(!all_quiet());
	engine_wait(e, 500);
	unit_must(all_quiet());
	unit_must(own.ended == 0);
}


static void test_refused(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 486, "far", "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_REFUSED && own.status == 486);
	unit_must(far_last_is("ACK ") && all_quiet());
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_TERMINATED);
	unit_must(!sip_invite_dialog(own.inv));
	unit_must(modify(SIP_INVITE, "x", false) == -ENOTCONN);
}


static void test_no_answer(void)
{
	calls_open();
	call_far("offer");
	engine_wait(e, 32000);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_UNREACHABLE && own.error == -ETIMEDOUT);
	unit_must(all_quiet());
}


static void test_delayed_offer(void)
{
	calls_open();
	call_far("");
	far_answers(0, 200, "far", "", "their offer");
	unit_must(own.answered == 1 && far_n() == 1);
	unit_must(!strcmp(own.body, "their offer"));
	/* Nothing may cross an offer that is not answered. */
	unit_must(modify(SIP_INVITE, "mine", false) == -EBUSY);
	far_sends("INVITE", 7, "", "theirs");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_answers(0, 200, "far", "", "their offer");
	unit_must(far_count("ACK ") == 0);

	unit_ok(sip_invite_ack(own.inv, STR("application/sdp"), STR("our answer")));
	engine_run(e);
	unit_must(far_last_is("ACK ") && strstr(far_last(), "\r\n\r\nour answer"));
	unit_must(sip_invite_ack(own.inv, STR_NULL, STR_NULL) == -EALREADY);
	far_answers(0, 200, "far", "", "their offer");
	unit_must(far_count("ACK ") == 2 && strstr(far_last(), "\r\n\r\nour answer"));
}


static void test_delayed_offer_unanswered(void)
{
	calls_open();
	call_far("");
	far_answers(0, 200, "far", "", "their offer");
	end_leg();
	engine_run(e);
	unit_must(far_n() == 3 && peer_has(far, 1, "ACK ") && peer_has(far, 2, "BYE "));
}


/* ---- CANCEL ---- */

static void test_cancel_waits_for_1xx(void)
{
	calls_open();
	call_far("offer");
	end_leg();
	engine_run(e);
	unit_must(far_count("CANCEL ") == 0);
	far_answers(0, 180, "far", "", "");
	unit_must(far_count("CANCEL ") == 1);
	unit_must(!strcmp(peer_header(far, far_find("CANCEL "), "Via: "),
			  peer_header(far, 0, "Via: ")));
	far_answers(far_find("CANCEL "), 200, "far", "", "");
	far_answers(0, 487, "far", "", "");
	unit_must(far_last_is("ACK ") && all_quiet());
	unit_must(own.ended == 0);
}


/* f-C 42: "if the 200 crosses -> ACK + BYE". */
static void test_cancel_crossed_by_200(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "far", "", "");
	end_leg();
	engine_run(e);
	unit_must(far_count("CANCEL ") == 1);
	far_answers(0, 200, "far", "", "answer");
	unit_must(far_n() == 4 && peer_has(far, 2, "ACK sip:bob-far@") &&
		  peer_has(far, 3, "BYE sip:bob-far@"));
	/* Repeated, before and after the BYE has its answer: ACK again, no second BYE. */
	far_answers(0, 200, "far", "", "answer");
	unit_must(far_count("ACK ") == 2 && far_count("BYE ") == 1);
	far_answers(3, 200, "far", "", "");
	far_answers(0, 200, "far", "", "answer");
	unit_must(far_count("ACK ") == 3 && far_count("BYE ") == 1);
	engine_wait(e, 500);
	unit_must(all_quiet() && own.answered == 0 && own.ended == 0);
}


static void test_cancel_without_any_answer(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "far", "", "");
	end_leg();
	engine_wait(e, 31999);
	unit_must(!all_quiet());
	engine_wait(e, 1);
	unit_must(all_quiet());
}


static void test_200_without_1xx_after_end(void)
{
	calls_open();
	call_far("offer");
	end_leg();
	far_answers(0, 200, "far", "", "answer");
	unit_must(far_count("CANCEL ") == 0 && far_count("ACK ") == 1 && far_count("BYE ") == 1);
}


/* The next hop is looked up, and nothing has left. */
static void test_end_before_the_hop_is_known(void)
{
	calls_open();
	own.remote = "sip:bob@far.example.net";
	call_far("offer");
	unit_must(e->questions == 1 && far_n() == 0);
	end_leg();
	engine_run(e);
	unit_must(all_quiet() && far_n() == 0);
}


/* ---- Forks ---- */

static void test_forks(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "one", "", "");
	far_answers(0, 183, "two", "", "");
	unit_must(own.provisional == 2 && sip_dialogs_count(own.dialogs) == 2);
	/* The second wins. */
	far_answers(0, 200, "two", "", "answer two");
	unit_must(own.answered == 1 && far_n() == 2);
	unit_must(!strcmp(own.body, "answer two"));
	unit_must(str_eq(sip_dialog_remote_tag(sip_invite_dialog(own.inv)), STR("two")));
	unit_must(peer_has(far, 1, "ACK sip:bob-two@192.0.2.20:5060 "));
	unit_must(sip_dialogs_count(own.dialogs) == 1);

	/* The first one's 2xx, and that of one nobody knew: ACK and BYE. */
	far_answers(0, 200, "one", "", "answer one");
	unit_must(far_n() == 4 && peer_has(far, 2, "ACK sip:bob-one@") &&
		  peer_has(far, 3, "BYE sip:bob-one@") && peer_has(far, 3, ";tag=one\r\n"));
	far_answers(0, 200, "three", "", "answer three");
	unit_must(far_n() == 6 && peer_has(far, 4, "ACK sip:bob-three@") &&
		  peer_has(far, 5, "BYE sip:bob-three@"));
	far_answers(0, 200, "one", "", "answer one");
	unit_must(far_n() == 7 && peer_has(far, 6, "ACK sip:bob-one@"));
	far_answers(3, 200, "", "", "");
	far_answers(5, 200, "", "", "");
	unit_must(own.answered == 1 && sip_dialogs_count(own.dialogs) == 1);

	/* The winner's is acknowledged for 64*T1. */
	far_answers(0, 200, "two", "", "answer two");
	unit_must(far_n() == 8 && peer_has(far, 7, "ACK sip:bob-two@"));
	end_leg();
	engine_run(e);
	far_answers(far_find("BYE sip:bob-two"), 200, "", "", "");
	engine_wait(e, 1000);
	unit_must(!all_quiet());
	far_answers(0, 200, "four", "", "");
	unit_must(far_count("BYE sip:bob-four@") == 1);
	engine_wait(e, 64000);
	unit_must(all_quiet());
}


static void test_first_fork_wins_at_once(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "one", "", "");
	far_answers(0, 180, "two", "", "");
	far_answers(0, 200, "one", "", "answer");
	unit_must(own.answered == 1);
	unit_must(str_eq(sip_dialog_remote_tag(sip_invite_dialog(own.inv)), STR("one")));
	unit_must(sip_dialogs_count(own.dialogs) == 1);
	/* A request inside it finds it. */
	far_sends("BYE", 5, "", "");
	unit_must(own.ended == 0);
}


/* ---- Tried again ---- */

static void test_422_once(void)
{
	calls_open();
	own.wish = (struct sip_session_wish){100, 90, SIP_REFRESHER_OPEN};
	call_far("offer");
	unit_must(peer_has(far, 0, "Session-Expires: 100\r\n"));
	far_answers(0, 422, "x", "Min-SE: 300\n", "");
	unit_must(far_n() == 3 && peer_has(far, 2, "INVITE ") && own.ended == 0);
	unit_must(peer_has(far, 2, "Session-Expires: 300\r\nMin-SE: 300\r\n"));
	unit_must(peer_has(far, 2, "CSeq: 2 INVITE") && peer_has(far, 2, "\r\n\r\noffer") &&
		  peer_has(far, 2, "Accept-Contact: "));
	unit_must(!strcmp(peer_header(far, 2, "Call-ID: "), peer_header(far, 0, "Call-ID: ")));
	far_answers(2, 422, "x", "Min-SE: 500\n", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_REFUSED && own.status == 422);
}


static void no_second_try(const char *line)
{
	calls_open();
	own.wish = (struct sip_session_wish){100, 90, SIP_REFRESHER_OPEN};
	call_far("offer");
	far_answers(0, 422, "x", line, "");
	unit_must(own.ended == 1 && own.status == 422 && far_count("INVITE ") == 1);
}


static void test_422_without_min_se(void)
{
	no_second_try("");
}


static void test_422_that_asks_for_less(void)
{
	no_second_try("Min-SE: 100\n");
}


static void test_422_with_nonsense(void)
{
	no_second_try("Min-SE: x\n");
}


static void test_422_that_asks_for_ever(void)
{
	no_second_try("Min-SE: 4294967295\n");
}


static void test_challenge(void)
{
	calls_open();
	own.authorizes = true;
	call_far("offer");
	far_answers(0, 407, "x", "Proxy-Authenticate: Digest realm=\"a\"\n", "");
	unit_must(far_n() == 3 && peer_has(far, 2, "\r\nProxy-Authorization: Digest x=1\r\n"));
	for (unsigned i = 0; i < 10; i++)
		far_answers(far_find("INVITE "), 401, "x", "WWW-Authenticate: Digest realm=\"a\"\n",
			    "");
	unit_must(far_count("INVITE ") == 1 + SIP_INVITE_CHALLENGES_MAX);
	unit_must(own.ended == 1 && own.status == 401);
}


static void test_bad_2xx(void)
{
	calls_open();
	call_far("offer");
	peer_answer(far, 0, 200, "Contact: <tel:+1>\n");
	engine_run(e);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_UNREACHABLE && own.error == -EBADMSG);
	unit_must(all_quiet());
}


/* ---- Reliable provisional responses ---- */

static void test_prack(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 183, "far", "Require: 100rel\nRSeq: 17\n", "early answer");
	unit_must(own.provisional == 1 && far_n() == 2 && peer_has(far, 1, "PRACK sip:bob-far@"));
	unit_must(peer_has(far, 1, "\r\nRAck: 17 1 INVITE\r\n") &&
		  peer_has(far, 1, "CSeq: 2 PRACK"));
	/* Repeated, or out of order: nothing. */
	far_answers(0, 183, "far", "Require: 100rel\nRSeq: 17\n", "early answer");
	far_answers(0, 183, "far", "Require: 100rel\nRSeq: 19\n", "");
	unit_must(own.provisional == 1 && far_n() == 2);
	far_answers(0, 180, "far", "Require: 100rel\nRSeq: 18\n", "");
	unit_must(own.provisional == 2 && far_n() == 3 &&
		  peer_has(far, 2, "RAck: 18 1 INVITE\r\n"));
	/* Another fork counts for itself. */
	far_answers(0, 180, "two", "Require: 100rel\nRSeq: 5\n", "");
	unit_must(far_n() == 4 && peer_has(far, 3, "PRACK sip:bob-two@"));
	far_answers(0, 200, "far", "", "");
	unit_must(own.answered == 1 && far_last_is("ACK ") && strstr(far_last(), "CSeq: 1 ACK"));
}


static void test_prack_with_answer(void)
{
	calls_open();
	call_far("");
	far_answers(0, 183, "far", "Require: 100rel\nRSeq: 1\n", "their offer");
	unit_must(own.provisional == 1 && far_n() == 1);
	unit_ok(sip_invite_prack(own.inv, STR("application/sdp"), STR("our answer")));
	engine_run(e);
	unit_must(far_n() == 2 && peer_has(far, 1, "PRACK ") &&
		  peer_has(far, 1, "\r\n\r\nour answer"));
	unit_must(sip_invite_prack(own.inv, STR_NULL, STR_NULL) == -EALREADY);
	/* All is said: the ACK needs nobody. */
	far_answers(0, 200, "far", "", "");
	unit_must(own.answered == 1 && far_last_is("ACK "));
	unit_must(sip_invite_ack(own.inv, STR_NULL, STR_NULL) == -EALREADY);
}


/* ---- In callbacks, at shutdown ---- */

static void test_end_in_answered(void)
{
	calls_open();
	own.ends_in_callback = true;
	call_far("offer");
	far_answers(0, 200, "far", "", "answer");
	unit_must(own.answered == 1 && far_count("ACK ") == 1 && far_count("BYE ") == 1);
	far_answers(far_find("BYE "), 481, "", "", "");
	engine_wait(e, 500);
	unit_must(all_quiet());
}


static void test_end_in_ended(void)
{
	calls_open();
	own.ends_in_callback = true;
	call_far("offer");
	far_answers(0, 603, "far", "", "");
	unit_must(own.ended == 1 && own.inv == NULL && all_quiet());
}


static void test_shutdown(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "one", "Require: 100rel\nRSeq: 1\n", "");
	far_answers(0, 180, "two", "", "");
	sip_dialogs_close(own.dialogs);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_SHUTDOWN && all_quiet());
	engine_run(e);
	unit_must(far_last_is("CANCEL "));
}


static void test_early_requests(void)
{
	calls_open();
	call_far("offer");
	far_answers(0, 180, "far", "", "");
	far_sends("UPDATE", 5, "", "too early");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_sends("UPDATE", 6, "", "");
	unit_must(far_last_is("SIP/2.0 200 "));
	far_sends("INVITE", 7, "", "x");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_sends("BYE", 8, "", "");
	unit_must(far_last_is("SIP/2.0 200 ") && own.ended == 0);
	far_answers(0, 487, "far", "", "");
	unit_must(own.ended == 1 && own.status == 487);
}


UNIT_MAIN(UNIT_TEST(test_call), UNIT_TEST(test_refused), UNIT_TEST(test_no_answer),
	  UNIT_TEST(test_delayed_offer), UNIT_TEST(test_delayed_offer_unanswered),
	  UNIT_TEST(test_cancel_waits_for_1xx), UNIT_TEST(test_cancel_crossed_by_200),
	  UNIT_TEST(test_cancel_without_any_answer), UNIT_TEST(test_200_without_1xx_after_end),
	  UNIT_TEST(test_end_before_the_hop_is_known), UNIT_TEST(test_forks),
	  UNIT_TEST(test_first_fork_wins_at_once), UNIT_TEST(test_422_once),
	  UNIT_TEST(test_422_without_min_se), UNIT_TEST(test_422_that_asks_for_less),
	  UNIT_TEST(test_422_with_nonsense), UNIT_TEST(test_422_that_asks_for_ever),
	  UNIT_TEST(test_challenge), UNIT_TEST(test_bad_2xx), UNIT_TEST(test_prack),
	  UNIT_TEST(test_prack_with_answer), UNIT_TEST(test_end_in_answered),
	  UNIT_TEST(test_end_in_ended), UNIT_TEST(test_shutdown), UNIT_TEST(test_early_requests))
