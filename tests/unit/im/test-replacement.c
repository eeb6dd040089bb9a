/* SPDX-License-Identifier: Apache-2.0 */
/* INVITE with Replaces to a session: whose leg may be replaced (RFC 3891 3), and what becomes of it. */
#include <stdio.h>
#include <string.h>

#include "focus_world.h"

#define ALICE "sip:alice@example.org"

/* Another device of somebody's, in a call of its own. */
static void come(const char *who, const char *replaces)
{
	w.n++;
	peer_send(w.bob,
		  "INVITE %s SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bK-b%u;rport\n"
		  "Max-Forwards: 70\nFrom: <%s>;tag=b1\nTo: <%s>\nCall-ID: c2\nCSeq: 1 INVITE\n"
		  "Contact: <sip:alice@192.0.2.21:5060>;+g.oma.sip-im\n"
		  "Accept-Contact: *;+g.oma.sip-im\nP-Asserted-Identity: <%s>\n%s"
		  "Content-Type: application/sdp\nContent-Length: %zu\n\n" SDP,
		  w.identity, w.n, who, w.identity, who, replaces, strlen(SDP));
	engine_run(w.e);
}


static void test_judged(void)
{
	/* "$" stands for alice's tag at the focus. */
	static const struct {
		const char *who, *replaces;
		unsigned status;
		bool replaced;
	} rows[] = {
		{ALICE, "Require: replaces\nReplaces: c1;to-tag=$;from-tag=a1\n", 200, true},
		{ALICE, "Replaces: c1;from-tag=a1;to-tag=$\n", 200, true},
		/* "If no match is found […] 481" */
		{ALICE, "Replaces: c9;to-tag=$;from-tag=a1\n", 481, false},
		{ALICE, "Replaces: c1;to-tag=x$;from-tag=a1\n", 481, false},
		{ALICE, "Replaces: c1;to-tag=$;from-tag=a2\n", 481, false},
		{ALICE, "Replaces: c1;to-tag=a1;from-tag=$\n", 481, false},
		/* "If the "early-only" flag is present … 486" */
		{ALICE, "Replaces: c1;to-tag=$;from-tag=a1;early-only\n", 486, false},
		/* "more than one Replaces header field … MUST reject the request with a 400" */
		{ALICE, "Replaces: c1;to-tag=$;from-tag=a1\nReplaces: c1;to-tag=$;from-tag=a1\n",
		 400, false},
		{ALICE, "Replaces: c1;to-tag=$\n", 400, false},
		{ALICE, "Replaces: \n", 400, false},
		/* Somebody else's leg */
		{"sip:mallory@example.org", "Replaces: c1;to-tag=$;from-tag=a1\n", 403, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *from = rows[i].replaces;
		char text[256] = "", start[32];
		size_t n = 0;

		unit_case("%s", rows[i].replaces);
		alice_is_in(0);
		for (; *from && n < sizeof(text) - sizeof(w.tag); from++)
			n += (size_t)(*from == '$'
					      ? snprintf(text + n, sizeof(text) - n, "%s", w.tag)
					      : snprintf(text + n, sizeof(text) - n, "%c", *from));
		come(rows[i].who, text);
		(void)snprintf(start, sizeof(start), "SIP/2.0 %u ", rows[i].status);
		unit_must(strncmp(last(w.bob), start, strlen(start)) == 0);
		unit_must((strncmp(last(w.alice), "BYE ", 4) == 0) == rows[i].replaced);
		unit_must(list() == 1 && w.connected == 1);
	}
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_judged))
