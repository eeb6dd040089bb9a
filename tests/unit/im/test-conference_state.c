/* SPDX-License-Identifier: Apache-2.0 */
/* The conference event package, served: CTL-OK-7, CTL-OK-7b, DRV-11, DRV-12. */
#include "im/controlling/conference_state.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "unit/sip/engine.h"

#define PEERS 3

static struct engine *e;
static struct peer *far[PEERS];
static unsigned cseq;

static struct focus {
	struct sip_dialogs *dialogs;
	struct roster *roster;
	struct conference_watchers *watchers;
	int error;
} focus;


static void dispatch(struct engine *en, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct sip_uri from;
	char text[128];
	struct buf who;

	(void)en;
	if (m->to_tag.n) {
		if (!sip_dialogs_request(focus.dialogs, st, m, sip_server_txn_source(st)))
			(void)sip_reply(st, 599, STR_NULL);
		return;
	}
	if (!focus.watchers)
		return;
	buf_fixed(&who, text, sizeof(text));
	if (sip_uri_decode(&from, str_trim(sip_msg_header(m, SIP_HDR_P_ASSERTED_IDENTITY))) == 0)
		buf_puts(&who, str_trim(sip_msg_header(m, SIP_HDR_P_ASSERTED_IDENTITY)));
	focus.error = conference_watchers_subscribe(
		focus.watchers,
		&(struct conference_subscribe){
			.st = st, .m = m, .src = sip_server_txn_source(st), .who = buf_str(&who)});
}


static void close_focus(void *arg)
{
	(void)arg;
	if (focus.watchers)
		focus.watchers = conference_watchers_end(focus.watchers, STR_NULL);
	if (focus.dialogs)
		sip_dialogs_close(focus.dialogs);
	focus.dialogs = mem_unref(focus.dialogs);
	focus.roster = mem_unref(focus.roster);
}


static void set_up(void)
{
	static const char *const hosts[PEERS] = {"192.0.2.20:5060", "192.0.2.21:5060",
						 "192.0.2.22:5060"};

	close_focus(NULL);
	memset(&focus, 0, sizeof(focus));
	cseq = 0;
	e = engine_open();
	e->on_request = dispatch;
	for (unsigned i = 0; i < PEERS; i++)
		far[i] = peer_open(e, hosts[i]);
	unit_defer(close_focus, NULL);
	unit_ok(sip_dialogs_alloc(&focus.dialogs, e->sip));
	unit_ok(roster_alloc(&focus.roster,
			     &(struct roster_params){.entity = STR("sip:s1@192.0.2.10")}));
	unit_ok(conference_watchers_alloc(&focus.watchers,
					  &(struct conference_watchers_params){
						  .dialogs = focus.dialogs,
						  .roster = focus.roster,
						  .contact_user = STR("s1"),
						  .headers = STR("P-Asserted-Identity: "
								 "<sip:hikers@example.org>\r\n"),
						  .large = 4,
					  }));
}


static void subscribe(unsigned peer, const char *who, const char *to, const char *more)
{
	cseq++;
	peer_send(far[peer],
		  "SUBSCRIBE sip:s1@192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.2%u:5060;branch=z9hG4bK-s%u;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <%s>;tag=a%u\n"
		  "To: %s\nCall-ID: c%u\nCSeq: %u SUBSCRIBE\n"
		  "P-Asserted-Identity: %s\n"
		  "Contact: <sip:x@192.0.2.2%u:5060>\n"
		  "%sContent-Length: 0\n\n",
		  peer, cseq, who, peer, to, strstr(to, "tag=") ? peer : peer + 100 * cseq, cseq,
		  who, peer, more);
	engine_run(e);
}


/* A subscription in the dialog c<peer>. */
static void subscribe_first(unsigned peer, const char *who)
{
	cseq++;
	peer_send(far[peer],
		  "SUBSCRIBE sip:s1@192.0.2.10:5060 SIP/2.0\n"
		  "Via: SIP/2.0/UDP 192.0.2.2%u:5060;branch=z9hG4bK-f%u;rport\n"
		  "Max-Forwards: 70\nFrom: <%s>;tag=a%u\nTo: <sip:s1@192.0.2.10>\nCall-ID: c%u\n"
		  "CSeq: %u SUBSCRIBE\nP-Asserted-Identity: %s\n"
		  "Contact: <sip:x@192.0.2.2%u:5060>\nEvent: conference\n"
		  "Accept: application/conference-info+xml\nExpires: 3600\nContent-Length: 0\n\n",
		  peer, cseq, who, peer, peer, cseq, who, peer);
	engine_run(e);
}


static void answer(unsigned peer, unsigned i)
{
	peer_answer(far[peer], i, 200, "");
	engine_run(e);
}


static void answer_last(unsigned peer)
{
	if (peer_count(far[peer]))
		answer(peer, peer_count(far[peer]) - 1);
}


static bool starts(unsigned peer, unsigned i, const char *text)
{
	return strncmp(peer_text(far[peer], i), text, strlen(text)) == 0;
}


static bool has(unsigned peer, unsigned i, const char *text)
{
	return peer_has(far[peer], i, text);
}


static void person(const char *who, enum conference_status status)
{
	unit_ok(roster_set(focus.roster,
			   &(struct roster_person){.who = str_of(who), .status = status}));
}


static void leave(const char *who)
{
	(void)roster_leave(focus.roster, str_of(who), CONFERENCE_DEPARTED, STR_NULL, STR_NULL);
	engine_run(e);
}


static void test_subscribed(void)
{
	set_up();
	person("sip:alice@example.org", CONFERENCE_CONNECTED);
	subscribe_first(0, "sip:alice@example.org");
	unit_must(starts(0, 0, "SIP/2.0 200 ") && has(0, 0, "\r\nExpires: 3600\r\n"));
	unit_must(has(0, 0, "\r\nContact: <sip:s1@192.0.2.10:5060>;isfocus;+g.oma.sip-im\r\n"));
	unit_must(has(0, 0, "\r\nP-Asserted-Identity: <sip:hikers@example.org>\r\n"));
	unit_must(starts(0, 1, "NOTIFY sip:x@192.0.2.20:5060 SIP/2.0\r\n"));
	unit_must(has(0, 1, "\r\nEvent: conference\r\n"));
	unit_must(has(0, 1, "\r\nSubscription-State: active;expires=3600\r\n"));
	unit_must(has(0, 1, "\r\nContact: <sip:s1@192.0.2.10:5060>;isfocus;+g.oma.sip-im\r\n"));
	unit_must(has(0, 1, "\r\nP-Asserted-Identity: <sip:hikers@example.org>\r\n"));
	unit_must(has(0, 1, "\r\nContent-Type: application/conference-info+xml\r\n"));
	unit_must(has(0, 1, "entity=\"sip:s1@192.0.2.10\" state=\"full\" version=\"1\""));
	unit_must(has(0, 1, "<user entity=\"sip:alice@example.org\""));
	unit_must(!focus.watchers || conference_watchers_count(focus.watchers) == 1);
	unit_must(peer_count(far[0]) == 2);
}


/* Everybody who has subscribed, each time, participant or not; nobody else. */
static void test_all_are_told(void)
{
	set_up();
	person("sip:alice@example.org", CONFERENCE_CONNECTED);
	subscribe_first(0, "sip:alice@example.org");
	answer(0, 1);
	subscribe_first(1, "sip:eve@example.org");
	answer(1, 1);
	person("sip:carol@example.org", CONFERENCE_CONNECTED);
	engine_run(e);
	for (unsigned i = 0; i < 2; i++) {
		unit_must(peer_count(far[i]) == 3 && starts(i, 2, "NOTIFY "));
		unit_must(has(i, 2, "state=\"partial\" version=\"2\""));
		unit_must(has(i, 2, "<user entity=\"sip:carol@example.org\""));
		unit_must(has(i, 2, "<status>connected</status>"));
		unit_must(!has(i, 2, "<user entity=\"sip:alice"));
	}
	unit_must(peer_count(far[2]) == 0);
	answer(0, 2);
	/* Who has lost the dialog is dropped, the other is not affected. */
	peer_answer(far[1], 2, 481, "");
	engine_run(e);
	unit_must(!focus.watchers || conference_watchers_count(focus.watchers) == 1);
	leave("sip:carol@example.org");
	unit_must(peer_count(far[0]) == 4 && peer_count(far[1]) == 3);
	unit_must(has(0, 3, "version=\"3\"") && has(0, 3, "<status>disconnected</status>"));
	unit_must(has(0, 3, "<disconnection-method>departed</disconnection-method>"));
	answer(0, 3);
	/* Nothing new: nothing told. */
	leave("sip:carol@example.org");
	unit_must(peer_count(far[0]) == 4);
}


/* Two changes in a turn, and those while a NOTIFY is under way, are one document. */
static void test_merged(void)
{
	set_up();
	subscribe_first(0, "sip:alice@example.org");
	person("sip:a@example.org", CONFERENCE_CONNECTED);
	person("sip:b@example.org", CONFERENCE_CONNECTED);
	engine_run(e);
	unit_must(peer_count(far[0]) == 2);
	answer(0, 1);
	unit_must(peer_count(far[0]) == 3);
	unit_must(has(0, 2, "sip:a@example.org") && has(0, 2, "sip:b@example.org"));
}


/* More than `large`: the first at once, the rest of five seconds together. */
static void test_rate(void)
{
	char who[64];
	uint64_t first;

	set_up();
	for (unsigned i = 0; i < 6; i++) {
		snprintf(who, sizeof(who), "sip:p%u@example.org", i);
		person(who, CONFERENCE_CONNECTED);
	}
	subscribe_first(0, "sip:p0@example.org");
	answer(0, 1);
	engine_wait(e, 100);
	leave("sip:p5@example.org");
	unit_must(peer_count(far[0]) == 3 && has(0, 2, "sip:p5@example.org"));
	answer(0, 2);
	first = peer_at(far[0], 2);
	person("sip:q@example.org", CONFERENCE_PENDING);
	engine_wait(e, 1000);
	person("sip:q@example.org", CONFERENCE_CONNECTED);
	engine_wait(e, 1000);
	person("sip:r@example.org", CONFERENCE_CONNECTED);
	engine_wait(e, 2999);
	unit_must(peer_count(far[0]) == 3);
	engine_wait(e, 1);
	unit_must(peer_count(far[0]) == 4 && peer_at(far[0], 3) == first + CONFERENCE_PAUSE_MS);
	unit_must(has(0, 3, "sip:q@example.org") && has(0, 3, "sip:r@example.org"));
	unit_must(has(0, 3, "<status>connected</status>") && !has(0, 3, "pending"));
	unit_must(has(0, 3, "version=\"3\""));
	answer(0, 3);
	/* After a pause without news the next is told at once. */
	engine_wait(e, 6000);
	unit_must(peer_count(far[0]) == 4);
	leave("sip:q@example.org");
	unit_must(peer_count(far[0]) == 5);
}


static void test_refused(void)
{
	static const struct {
		const char *more;
		const char *answer, *header;
	} rows[] = {
		{"Event: presence\n", "SIP/2.0 489 ", "\r\nAllow-Events: conference\r\n"},
		{"", "SIP/2.0 489 ", "\r\nAllow-Events: conference\r\n"},
		{"Event: conference\nAccept: application/pidf+xml\n", "SIP/2.0 406 ",
		 "\r\nAccept: application/conference-info+xml\r\n"},
		{"Event: conference\nExpires: 5\n", "SIP/2.0 423 ", "\r\nMin-Expires: 60\r\n"},
	};

	set_up();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].more);
		subscribe(0, "sip:alice@example.org", "<sip:s1@192.0.2.10>", rows[i].more);
		unit_must(starts(0, i, rows[i].answer) && has(0, i, rows[i].header));
	}
	unit_must(!focus.watchers || conference_watchers_count(focus.watchers) == 0);
	roster_end(focus.roster, STR_NULL);
	subscribe(0, "sip:alice@example.org", "<sip:s1@192.0.2.10>", "Event: conference\n");
	unit_must(starts(0, 4, "SIP/2.0 404 "));
}


static void test_fetch_and_unsubscribe(void)
{
	set_up();
	person("sip:alice@example.org", CONFERENCE_CONNECTED);
	subscribe(0, "sip:alice@example.org", "<sip:s1@192.0.2.10>",
		  "Event: conference\nExpires: 0\n");
	unit_must(starts(0, 0, "SIP/2.0 200 ") && has(0, 1, "state=\"full\" version=\"1\""));
	unit_must(has(0, 1, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	answer(0, 1);
	unit_must(!focus.watchers || conference_watchers_count(focus.watchers) == 0);

	subscribe_first(1, "sip:bob@example.org");
	answer(1, 1);
	subscribe(1, "sip:bob@example.org", peer_header(far[1], 0, "To: "),
		  "Event: conference\nExpires: 0\n");
	unit_must(starts(1, 2, "SIP/2.0 200 "));
	unit_must(has(1, 3, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	unit_must(has(1, 3, "state=\"full\" version=\"2\""));
	answer(1, 3);
	person("sip:carol@example.org", CONFERENCE_CONNECTED);
	engine_wait(e, 60000);
	unit_must(peer_count(far[1]) == 4);
}


static void test_end(void)
{
	set_up();
	person("sip:alice@example.org", CONFERENCE_CONNECTED);
	person("sip:bob@example.org", CONFERENCE_CONNECTED);
	subscribe_first(0, "sip:alice@example.org");
	answer(0, 1);
	subscribe_first(1, "sip:bob@example.org");
	if (focus.watchers)
		focus.watchers = conference_watchers_end(focus.watchers,
							 STR("SIP;cause=410;text=\"Gone\""));
	engine_run(e);
	unit_must(peer_count(far[0]) == 3);
	unit_must(has(0, 2, "\r\nSubscription-State: terminated;reason=noresource\r\n"));
	unit_must(has(0, 2, "state=\"full\" version=\"2\"") && has(0, 2, "<active>false</active>"));
	unit_must(has(0, 2, "sip:alice@example.org") && has(0, 2, "sip:bob@example.org"));
	unit_must(has(0, 2, "<status>disconnected</status>") && !has(0, 2, ">connected<"));
	answer(0, 2);
	/* The one whose NOTIFY was under way hears it after that. */
	unit_must(peer_count(far[1]) == 2);
	answer(1, 1);
	unit_must(peer_count(far[1]) == 3);
	unit_must(has(1, 2, "\r\nSubscription-State: terminated;reason=noresource\r\n"));
	answer(1, 2);
	unit_must(sip_dialogs_count(focus.dialogs) == 0);
}


/* Who was sent away, and who has more subscriptions than anybody needs. */
static void test_dropped(void)
{
	set_up();
	person("sip:alice@example.org", CONFERENCE_CONNECTED);
	subscribe_first(0, "sip:bob@example.org");
	answer(0, 1);
	if (focus.watchers)
		conference_watchers_drop(focus.watchers, STR("sip:bob@example.org"),
					 SIP_SUBREASON_REJECTED);
	person("sip:carol@example.org", CONFERENCE_CONNECTED);
	engine_run(e);
	unit_must(peer_count(far[0]) == 3);
	unit_must(has(0, 2, "\r\nSubscription-State: terminated;reason=rejected\r\n"));
	unit_must(!has(0, 2, "carol"));
	answer(0, 2);
	unit_must(!focus.watchers || conference_watchers_count(focus.watchers) == 0);

	for (unsigned i = 0; i <= CONFERENCE_WATCHERS_EACH_MAX; i++) {
		subscribe(1, "sip:eve@example.org", "<sip:s1@192.0.2.10>",
			  "Event: conference\nExpires: 600\n");
		answer_last(1);
	}
	engine_run(e);
	for (unsigned i = 0, n = peer_count(far[1]); i < n; i++) {
		if (has(1, i, "terminated;reason=rejected"))
			answer(1, i);
	}
	unit_must(!focus.watchers ||
		  conference_watchers_count(focus.watchers) <= CONFERENCE_WATCHERS_EACH_MAX);
}


/* Who answers no NOTIFY has no more of them by subscribing again and again. */
static void test_flood(void)
{
	set_up();
	for (unsigned i = 0; i < 5 * CONFERENCE_WATCHERS_EACH_MAX; i++)
		subscribe(1, "sip:eve@example.org", "<sip:s1@192.0.2.10>",
			  "Event: conference\nExpires: 600\n");
	engine_run(e);
	unit_must(!focus.watchers ||
		  conference_watchers_count(focus.watchers) == 2 * CONFERENCE_WATCHERS_EACH_MAX);
}


/* Hundreds of persons: several documents, one after the other, numbered without a gap. */
static void test_pieces(void)
{
	char who[64], text[32];
	unsigned n;

	set_up();
	peer_listen(far[0]);
	for (unsigned i = 0; i < 700; i++) {
		snprintf(who, sizeof(who), "sip:participant%u@example.org", i);
		person(who, CONFERENCE_CONNECTED);
	}
	subscribe_first(0, "sip:x@example.org");
	for (n = 1; n < 20 && peer_count(far[0]) > n; n++) {
		snprintf(text, sizeof(text), "version=\"%u\"", n);
		unit_must(
			has(0, n, n == 1 ? "state=\"full\" version" : "state=\"partial\" version"));
		unit_must(has(0, n, text));
		answer(0, n);
		engine_wait(e, CONFERENCE_MORE_MS);
	}
	unit_must(n > 3);
	unit_must(has(0, n - 1, "sip:participant699@example.org"));
	engine_wait(e, 20000);
	unit_must(peer_count(far[0]) == n);
}


UNIT_MAIN(UNIT_TEST(test_subscribed), UNIT_TEST(test_all_are_told), UNIT_TEST(test_merged),
	  UNIT_TEST(test_rate), UNIT_TEST(test_refused), UNIT_TEST(test_fetch_and_unsubscribe),
	  UNIT_TEST(test_end), UNIT_TEST(test_dropped), UNIT_TEST_PLAIN(test_flood),
	  UNIT_TEST_PLAIN(test_pieces))
