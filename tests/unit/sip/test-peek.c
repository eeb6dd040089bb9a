/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/msg.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	bool found, request;
	const char *branch, *sent_by;
	enum sip_method method;
} rows[] = {
	{"MESSAGE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h:1;branch=x\r\nX: y\r\nCSeq: 1 "
	 "MESSAGE\r\n\r\n",
	 true, true, "x", "h:1", SIP_MESSAGE},
	{"SIP/2.0 200 OK\r\nCSeq: 1\r\n INVITE\r\nv: SIP/2.0/UDP h;branch=x, SIP/2.0/UDP "
	 "i;branch=y\r\n",
	 true, false, "x", "h", SIP_INVITE},
	{"\r\nFOO sip:b SIP/2.0\nVia: SIP/2.0/UDP h;branch=x\nVia: SIP/2.0/UDP i;branch=y\ncseq: 1 "
	 "FOO\n\n",
	 true, true, "x", "h", SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nCSeq: 1 A\r\n\r\n", false, true, NULL, NULL,
	 SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\n\r\nCSeq: 1 A\r\n\r\n", false, true, NULL,
	 NULL, SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\nfoo\r\nCSeq: 1 A\r\n\r\n", false, true,
	 NULL, NULL, SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\nCSeq: A\r\n\r\n", false, true, NULL, NULL,
	 SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\nCSeq:\r\n\r\n", false, true, NULL, NULL,
	 SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: x\r\nCSeq: 1 A\r\n\r\n", false, true, NULL, NULL, SIP_METHOD_OTHER},
	{"A b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=x\r\nCSeq: 1 A", false, true, NULL, NULL,
	 SIP_METHOD_OTHER},
	{"A b SIP/2.0", false, true, NULL, NULL, SIP_METHOD_OTHER},
	{"\r\n\r\n", false, false, NULL, NULL, SIP_METHOD_OTHER},
	{"", false, false, NULL, NULL, SIP_METHOD_OTHER},
};


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_peek k;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_msg_peek(&k, str_of(rows[i].text)), rows[i].found);
		if (!rows[i].found)
			continue;
		assert_int_equal(k.request, rows[i].request);
		unit_str(k.branch, rows[i].branch);
		unit_str(k.sent_by, rows[i].sent_by);
		assert_int_equal(k.method, rows[i].method);
	}
}


UNIT_MAIN(UNIT_TEST(test_rows))
