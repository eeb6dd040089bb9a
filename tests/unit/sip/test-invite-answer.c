/* SPDX-License-Identifier: Apache-2.0 */
/* Call legs as the called: RFC 3261 13.3, 9.2, 15.1.2; RFC 3262 3; RFC 4028 9. */
#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sip/replaces.h"


static void test_call(void)
{
	calls_open();
	own.wish = (struct sip_session_wish){1800, 90, SIP_REFRESHER_UAS};
	far_calls("Allow: INVITE, ACK, BYE, UPDATE\nSupported: timer\nSession-Expires: 3600\n"
		  "Record-Route: <sip:192.0.2.20;lr>\n",
		  "offer");
	unit_ptr(own.inv);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_INCOMING);
	unit_must(sip_invite_waits(own.inv, SIP_INVITE));
	unit_must(sip_invite_allows(own.inv, SIP_UPDATE));
	unit_must(str_eq(sip_invite_contact_params(own.inv), STR("+g.oma.sip-im;isfocus")));
	unit_ok(respond(SIP_INVITE, 180, ""));
	unit_must(far_last_is("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.20:5060;"));
	unit_must(strstr(far_last(), "Contact: <sip:leg1@192.0.2.10:5060>;+g.oma.sip-im"));
	unit_must(!strstr(far_last(), "Session-Expires"));
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	unit_must(far_last_is("SIP/2.0 200 OK\r\n"));
	unit_must(strstr(far_last(), "Record-Route: <sip:192.0.2.20;lr>\r\n"));
	unit_must(strstr(far_last(), "Session-Expires: 1800;refresher=uas\r\nRequire: timer\r\n"));
	unit_must(strstr(far_last(), "Supported: timer, 100rel, replaces\r\n"));
	unit_must(strstr(far_last(), "Server: Parley\r\n"));
	unit_must(strstr(far_last(), "\r\n\r\nanswer"));
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_ACCEPTED);
	unit_must(respond(SIP_INVITE, 200, "") == -EALREADY);
	unit_must(!sip_invite_waits(own.inv, SIP_INVITE));
	far_sends("ACK", 100, "", "");
	unit_must(own.acked == 1);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CONFIRMED);
	far_sends("ACK", 100, "", "");
	unit_must(own.acked == 1);
	/* 200 first, then told. */
	far_sends("BYE", 101, "", "");
	unit_must(far_last_is("SIP/2.0 200 ") && own.ended == 1 && own.why == SIP_INVITE_BYE);
	unit_must(all_quiet());
	far_sends("INFO", 102, "", "");
	unit_must(far_last_is("SIP/2.0 599 ") || far_last_is("SIP/2.0 481 "));
}


/* 13.3.1.4: T1, doubling to T2, for 64*T1; then BYE. Repeated INVITEs get nothing (RFC 6026 7.1). */
static void test_ack_is_lost(void)
{
	const int at[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, -1};

	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	far_calls("", "offer");
	engine_wait(e, 31999);
	far_times("SIP/2.0 200 ", at);
	unit_must(own.ended == 0);
	engine_wait(e, 1);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_UNACKNOWLEDGED);
	unit_must(far_last_is("BYE sip:bob@192.0.2.20:5060 "));
	far_answers(far_n() - 1, 200, "", "", "");
	unit_must(all_quiet());
	engine_wait(e, 60000);
	unit_must(far_count("BYE ") == 1 && far_count("SIP/2.0 200 ") == 11);
}


/* 15: no BYE before the ACK. */
static void test_end_before_ack(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	end_leg();
	engine_run(e);
	unit_must(far_count("BYE ") == 0);
	far_sends("ACK", 100, "", "");
	unit_must(far_count("BYE ") == 1);
	far_answers(far_n() - 1, 200, "", "", "");
	unit_must(all_quiet() && own.ended == 0);
}


static void test_end_and_no_ack(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	end_leg();
	engine_wait(e, 32000);
	unit_must(far_last_is("BYE "));
}


static void test_end_and_both_say_bye(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	end_leg();
	far_sends("BYE", 101, "", "");
	unit_must(far_last_is("SIP/2.0 200 ") && far_count("BYE ") == 0 && all_quiet());
}


static void test_delayed_offer(void)
{
	calls_open();
	far_calls("", "");
	unit_ok(respond(SIP_INVITE, 200, "our offer"));
	/* It is not answered. */
	far_sends("INVITE", 101, "", "x");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_sends("UPDATE", 102, "", "x");
	unit_must(far_last_is("SIP/2.0 491 "));
	far_sends("ACK", 100, "", "their answer");
	unit_must(own.acked == 1);
	unit_must(!strcmp(own.body, "their answer"));
}


/* Its ACK was lost, but the next INVITE says that the 2xx arrived. */
static void test_ack_is_implied(void)
{
	calls_open();
	own.refreshes = true;
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	far_sends("INVITE", 101, "", "offer 2");
	unit_must(own.acked == 1 && own.acked_null && own.modify == 1);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_CONFIRMED);
	far_sends("ACK", 101, "", "");
	unit_must(own.acked == 2 && !own.acked_null);
	engine_wait(e, 40000);
	unit_must(own.ended == 0 && far_count("SIP/2.0 200 ") == 2);
}


static void test_refused(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 486, ""));
	unit_must(far_last_is("SIP/2.0 486 ") && own.ended == 0 && all_quiet());
	unit_must(!strstr(far_last(), "Contact:"));
	unit_must(respond(SIP_INVITE, 200, "") == -EALREADY);
}


static void test_end_while_ringing(void)
{
	struct sip_invite_farewell f = {.status = 503, .headers = STR("Retry-After: 9\r\n")};

	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 180, ""));
	own.inv = sip_invite_end(own.inv, &f);
	engine_run(e);
	unit_must(far_last_is("SIP/2.0 503 ") && strstr(far_last(), "Retry-After: 9\r\n"));
	unit_must(all_quiet());
}


static void test_cancel(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 180, ""));
	far_sends("CANCEL", 100, "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_CANCELLED && all_quiet());
	unit_must(far_count("SIP/2.0 200 ") == 1 && far_count("SIP/2.0 487 ") == 1);
	unit_must(!strcmp(peer_header(far, far_find("SIP/2.0 200 "), "To: "),
			  peer_header(far, far_find("SIP/2.0 487 "), "To: ")));
	unit_must(respond(SIP_INVITE, 200, "x") == -EALREADY);
}


/* 9.2: after the final response it has no effect. */
static void test_cancel_too_late(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	far_sends("CANCEL", 100, "", "");
	unit_must(own.ended == 0 && far_count("SIP/2.0 487 ") == 0 &&
		  far_count("SIP/2.0 200 ") == 2);
}


static void test_bye_in_early_state(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 180, ""));
	far_sends("BYE", 101, "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_BYE && all_quiet());
	unit_must(far_count("SIP/2.0 200 ") == 1 && far_count("SIP/2.0 487 ") == 1);
}


static void test_bye_before_ack(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	far_sends("BYE", 101, "", "");
	unit_must(own.ended == 1 && own.why == SIP_INVITE_BYE && all_quiet());
	engine_wait(e, 40000);
	unit_must(far_count("BYE ") == 0 && far_count("SIP/2.0 200 ") == 2);
}


/* ---- What is refused before the owner hears of it ---- */

static void test_require(void)
{
	calls_open();
	far_calls("Require: timer, foo, 100rel, bar\n", "offer");
	unit_must(!own.inv && far_last_is("SIP/2.0 420 ") &&
		  strstr(far_last(), "Unsupported: foo, bar\r\n") && all_quiet());
}


static void test_422(void)
{
	calls_open();
	own.wish = (struct sip_session_wish){1800, 120, SIP_REFRESHER_OPEN};
	far_calls("Supported: timer\nSession-Expires: 119\n", "offer");
	unit_must(!own.inv && far_last_is("SIP/2.0 422 ") &&
		  strstr(far_last(), "Min-SE: 120\r\n") && all_quiet());
}


static void test_no_contact(void)
{
	calls_open();
	peer_request(far, "INVITE", "sip:parley@192.0.2.10", "z9hG4bK-nc", "");
	engine_run(e);
	unit_must(!own.inv && far_last_is("SIP/2.0 400 ") && all_quiet());
}


/* ---- Reliable provisional responses ---- */

static unsigned rseq_of(unsigned i)
{
	return (unsigned)strtoul(peer_header(far, i, "RSeq: "), NULL, 10);
}


static void far_pracks(unsigned cseq, unsigned rseq, const char *body)
{
	char rack[64];

	snprintf(rack, sizeof(rack), "RAck: %u 100 INVITE\n", rseq);
	far_sends("PRACK", cseq, rack, body);
}


/* RFC 3262 3: repeated from T1, doubling without end, for 64*T1. */
static void test_reliable_is_repeated(void)
{
	const int at[] = {0, 500, 1500, 3500, 7500, 15500, 31500, -1};

	calls_open();
	far_calls("Require: 100rel\n", "offer");
	unit_ok(respond(SIP_INVITE, 183, "early answer"));
	unit_must(strstr(far_last(), "Require: 100rel\r\nRSeq: ") && rseq_of(0) > 0);
	engine_wait(e, 32000);
	far_times("SIP/2.0 183 ", at);
	unit_must(far_last_is("SIP/2.0 504 ") && own.ended == 1 &&
		  own.why == SIP_INVITE_UNACKNOWLEDGED && all_quiet());
}


static void test_reliable_in_order(void)
{
	unsigned first;

	calls_open();
	far_calls("Require: 100rel\n", "offer");
	unit_ok(respond(SIP_INVITE, 183, "early answer"));
	first = rseq_of(0);
	/* The next one waits, and so does the 2xx. */
	unit_ok(respond(SIP_INVITE, 180, ""));
	unit_ok(respond(SIP_INVITE, 200, ""));
	unit_must(respond(SIP_INVITE, 200, "") == -EALREADY);
	unit_must(far_n() == 1);
	far_pracks(101, first + 1, "");
	unit_must(far_n() == 2 && far_last_is("SIP/2.0 481 "));
	far_pracks(102, first, "");
	unit_must(own.pracked == 1 && far_count("SIP/2.0 180 ") == 1);
	unit_must(rseq_of(far_find("SIP/2.0 180 ")) == first + 1);
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_INCOMING);
	far_pracks(103, first + 1, "");
	unit_must(sip_invite_state(own.inv) == SIP_INVITE_ACCEPTED);
	unit_must(strstr(far_last(), "CSeq: 100 INVITE") && far_last_is("SIP/2.0 200 "));
	far_sends("ACK", 100, "", "");
	unit_must(own.acked == 1);
	engine_wait(e, 40000);
	unit_must(far_count("SIP/2.0 183 ") == 1 && far_count("SIP/2.0 180 ") == 1 &&
		  own.ended == 0);
}


static void test_reliable_by_choice(void)
{
	struct sip_response r = {.status = 180};

	calls_open();
	far_calls("Supported: 100rel\n", "offer");
	unit_ptr(own.inv);
	unit_ok(respond(SIP_INVITE, 183, ""));
	unit_must(!strstr(far_last(), "RSeq"));
	unit_ok(sip_invite_respond_reliably(own.inv, &r));
	engine_run(e);
	unit_must(strstr(far_last(), "RSeq: "));
	/* Without a body the 2xx need not wait; a PRACK that comes late is still one. */
	unsigned rseq = rseq_of(far_n() - 1);
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	unit_must(far_count("SIP/2.0 200 ") == 1);
	far_pracks(101, rseq, "");
	unit_must(far_count("SIP/2.0 200 ") == 2 && own.pracked == 1);
	far_sends("ACK", 100, "", "");
	unit_must(own.acked == 1);
}


static void test_not_reliable(void)
{
	struct sip_response r = {.status = 180};

	calls_open();
	far_calls("", "offer");
	unit_ptr(own.inv);
	unit_must(sip_invite_respond_reliably(own.inv, &r) == -ENOTSUP);
}


static void test_prack_with_offer(void)
{
	calls_open();
	own.prack_answer = "second answer";
	far_calls("Require: 100rel\n", "offer");
	unit_ok(respond(SIP_INVITE, 183, "answer"));
	far_pracks(101, rseq_of(0), "second offer");
	unit_must(!strcmp(own.body, "second offer"));
	unit_must(far_last_is("SIP/2.0 200 ") && strstr(far_last(), "\r\n\r\nsecond answer"));
}


static void test_too_many_reliable(void)
{
	calls_open();
	far_calls("Require: 100rel\n", "offer");
	for (unsigned i = 0; i <= SIP_INVITE_RELIABLE_MAX; i++)
		unit_ok(respond(SIP_INVITE, 180, ""));
	unit_must(respond(SIP_INVITE, 180, "") == -ENOBUFS);
	unit_ok(respond(SIP_INVITE, 486, ""));
	unit_must(far_last_is("SIP/2.0 486 ") && all_quiet());
}


/* ---- Others ---- */

static void test_shutdown(void)
{
	calls_open();
	far_calls("", "offer");
	unit_ok(respond(SIP_INVITE, 200, "answer"));
	sip_dialogs_close(own.dialogs);
	unit_must(own.ended == 1 && own.why == SIP_INVITE_SHUTDOWN && all_quiet());
	engine_wait(e, 40000);
	unit_must(far_count("SIP/2.0 200 ") == 1);
}


static void replaces_of(struct sip_replaces *ret, int *err, const char *line)
{
	char *text = unit_storage(600);
	struct sip_msg m;

	snprintf(text, 600,
		 "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a.b;branch=z9hG4bKx\r\nFrom: "
		 "<sip:a@b>;tag=1\r\n"
		 "To: <sip:a@b>\r\nCall-ID: x\r\nMax-Forwards: 7\r\nCSeq: 1 "
		 "INVITE\r\n%sContent-Length: 0\r\n\r\n",
		 line);
	if (sip_msg_decode(&m, str_of(text), false) != SIP_DECODE_OK)
		fail_msg("%.*s", STR_ARG(m.reason));
	*err = sip_replaces_decode(ret, &m);
}


static void test_replaces(void)
{
	static const struct {
		const char *line;
		int err;
	} table[] = {
		{"", -ENOENT},
		{"Replaces: x;to-tag=a;from-tag=b\r\n", 0},
		{"Replaces: x ; to-tag=a ;from-tag=b;early-only\r\n", 0},
		{"Replaces: x;to-tag=a\r\n", -EBADMSG},
		{"Replaces: x;from-tag=b\r\n", -EBADMSG},
		{"Replaces: x\r\n", -EBADMSG},
		{"Replaces: ;to-tag=a;from-tag=b\r\n", -EBADMSG},
		{"Replaces: x;to-tag=a;from-tag=b;to-tag=c\r\n", -EBADMSG},
		{"Replaces: x;to-tag=a;from-tag=b, y;to-tag=a;from-tag=b\r\n", -EBADMSG},
	};
	struct sip_replaces r;
	int err;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		replaces_of(&r, &err, table[i].line);
		if (err != table[i].err)
			fprintf(stderr, "%s", table[i].line);
		assert_int_equal(err, table[i].err);
	}
	replaces_of(&r, &err, "Replaces: far-calls;to-tag=0;from-tag=far;early-only\r\n");
	unit_str(r.call_id, "far-calls");
	assert_true(r.early_only);
	struct buf *b = unit_buf(256);
	sip_replaces_encode(b, &r);
	r.from_tag = STR_NULL;
	r.early_only = false;
	buf_puts(b, STR(" "));
	sip_replaces_encode(b, &r);
	unit_buf_is(b, "far-calls;to-tag=0;from-tag=far;early-only far-calls;to-tag=0;from-tag=0");
	r.from_tag = STR("far");
	r.early_only = true;

	calls_open();
	far_calls("", "offer");
	unit_ptr(own.inv);
	unit_ok(respond(SIP_INVITE, 180, ""));
	unit_must(!sip_replaces_find(own.dialogs, &r));
	r.to_tag = sip_dialog_local_tag(sip_invite_dialog(own.inv));
	unit_must(sip_replaces_find(own.dialogs, &r) == sip_invite_dialog(own.inv));
	unit_must(sip_invite_of_dialog(sip_replaces_find(own.dialogs, &r)) == own.inv);
}


UNIT_MAIN(UNIT_TEST(test_call), UNIT_TEST(test_ack_is_lost), UNIT_TEST(test_end_before_ack),
	  UNIT_TEST(test_end_and_no_ack), UNIT_TEST(test_end_and_both_say_bye),
	  UNIT_TEST(test_delayed_offer), UNIT_TEST(test_ack_is_implied), UNIT_TEST(test_refused),
	  UNIT_TEST(test_end_while_ringing), UNIT_TEST(test_cancel),
	  UNIT_TEST(test_cancel_too_late), UNIT_TEST(test_bye_in_early_state),
	  UNIT_TEST(test_bye_before_ack), UNIT_TEST(test_require), UNIT_TEST(test_422),
	  UNIT_TEST(test_no_contact), UNIT_TEST(test_reliable_is_repeated),
	  UNIT_TEST(test_reliable_in_order), UNIT_TEST(test_reliable_by_choice),
	  UNIT_TEST(test_not_reliable), UNIT_TEST(test_prack_with_offer),
	  UNIT_TEST(test_too_many_reliable), UNIT_TEST(test_shutdown), UNIT_TEST(test_replaces))
