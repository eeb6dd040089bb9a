/* SPDX-License-Identifier: Apache-2.0 */
/* Who connects, and where to: the tables of RFC 6135 and of OMA 5.8. */
#include "msrp/setup.h"

#include "lib/unit.h"


static void test_names(void)
{
	static const char *const names[] = {"active", "passive", "actpass", "holdconn"};

	for (int i = 0; i < 4; i++) {
		assert_int_equal(msrp_setup_decode(str_of(names[i])), MSRP_SETUP_ACTIVE + i);
		unit_str(msrp_setup_name((enum msrp_setup)(MSRP_SETUP_ACTIVE + i)), names[i]);
	}
	assert_int_equal(msrp_setup_decode(STR("ActPass")), MSRP_SETUP_ACTPASS);
	assert_int_equal(msrp_setup_decode(STR("act")), MSRP_SETUP_NONE);
	assert_int_equal(msrp_setup_decode(STR_NULL), MSRP_SETUP_NONE);
}


static void test_answer(void)
{
	static const enum msrp_setup rows[][3] = {
		/* offer, we are reachable, we are not */
		{MSRP_SETUP_NONE, MSRP_SETUP_PASSIVE, MSRP_SETUP_PASSIVE},
		{MSRP_SETUP_ACTIVE, MSRP_SETUP_PASSIVE, MSRP_SETUP_PASSIVE},
		{MSRP_SETUP_PASSIVE, MSRP_SETUP_ACTIVE, MSRP_SETUP_ACTIVE},
		{MSRP_SETUP_ACTPASS, MSRP_SETUP_PASSIVE, MSRP_SETUP_ACTIVE},
		{MSRP_SETUP_HOLDCONN, MSRP_SETUP_HOLDCONN, MSRP_SETUP_HOLDCONN},
	};

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(msrp_setup_answer(rows[i][0], true), rows[i][1]);
		assert_int_equal(msrp_setup_answer(rows[i][0], false), rows[i][2]);
	}
}


static void test_role(void)
{
	static const struct {
		enum msrp_setup offer, answer;
		enum msrp_role offerer, answerer;
	} rows[] = {
		{MSRP_SETUP_NONE, MSRP_SETUP_NONE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_NONE, MSRP_SETUP_PASSIVE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_ACTPASS, MSRP_SETUP_NONE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_ACTPASS, MSRP_SETUP_PASSIVE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_ACTPASS, MSRP_SETUP_ACTIVE, MSRP_PASSIVE, MSRP_ACTIVE},
		{MSRP_SETUP_ACTIVE, MSRP_SETUP_PASSIVE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_PASSIVE, MSRP_SETUP_ACTIVE, MSRP_PASSIVE, MSRP_ACTIVE},
		{MSRP_SETUP_ACTIVE, MSRP_SETUP_ACTIVE, MSRP_ACTIVE, MSRP_PASSIVE},
		{MSRP_SETUP_HOLDCONN, MSRP_SETUP_HOLDCONN, MSRP_PASSIVE, MSRP_PASSIVE},
		{MSRP_SETUP_ACTPASS, MSRP_SETUP_HOLDCONN, MSRP_PASSIVE, MSRP_PASSIVE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		assert_int_equal(msrp_setup_role(true, rows[i].offer, rows[i].answer),
				 rows[i].offerer);
		assert_int_equal(msrp_setup_role(false, rows[i].offer, rows[i].answer),
				 rows[i].answerer);
	}
}


static void test_target(void)
{
	static const struct {
		const char *path, *c;
		uint16_t m;
		int err;
		const char *addr; /* or the name */
		bool rewritten, secure;
	} rows[] = {
		{"msrp://192.0.2.1:7777/a;tcp", "192.0.2.1", 7777, 0, "192.0.2.1:7777", false,
		 false},
		{"msrps://192.0.2.1:7777/a;tcp", "192.0.2.1", 7777, 0, "192.0.2.1:7777", false,
		 true},
		/* an ALG between */
		{"msrp://10.0.0.1:7777/a;tcp", "192.0.2.9", 40000, 0, "192.0.2.9:40000", true,
		 false},
		{"msrp://192.0.2.1:7777/a;tcp", "192.0.2.1", 7778, 0, "192.0.2.1:7778", true,
		 false},
		{"msrp://host.example.com:7777/a;tcp", "192.0.2.9", 7777, 0, "192.0.2.9:7777", true,
		 false},
		/* the c= line says nothing */
		{"msrp://192.0.2.1:7777/a;tcp", "192.0.2.9", 9, 0, "192.0.2.1:7777", false, false},
		{"msrp://192.0.2.1:7777/a;tcp", "0.0.0.0", 7777, 0, "192.0.2.1:7777", false, false},
		{"msrp://192.0.2.1:7777/a;tcp", "", 7777, 0, "192.0.2.1:7777", false, false},
		{"msrp://192.0.2.1:9/a;tcp", "192.0.2.1", 9, -ENOENT, "", false, false},
		{"msrp://0.0.0.0:7777/a;tcp", "", 0, -ENOENT, "", false, false},
		/* the peer's relay comes first, whatever c= says */
		{"msrp://192.0.2.5:2855/r;tcp msrp://10.0.0.1:7777/a;tcp", "10.0.0.1", 7777, 0,
		 "192.0.2.5:2855", false, false},
		{"msrp://relay.example.com/r;tcp msrp://10.0.0.1:7777/a;tcp", "", 0, 0,
		 "relay.example.com 2855", false, false},
		{"msrp://[2001:db8::1]:7777/a;tcp", "2001:db8:0::1", 7777, 0, "[2001:db8::1]:7777",
		 false, false},
		{"msrp://host.example.com:7777/a;tcp", "HOST.example.com", 7777, 0,
		 "host.example.com 7777", false, false},
		{"http://192.0.2.1/", "192.0.2.1", 7777, -EBADMSG, "", false, false},
		{"", "192.0.2.1", 7777, -EBADMSG, "", false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msrp_location at = {str_of(rows[i].path), str_of(rows[i].c), rows[i].m};
		struct msrp_target t = {0};
		char text[ADDR_TEXT_MAX], storage[128];
		struct buf b;

		unit_case("%s c=%s m=%u", rows[i].path, rows[i].c, rows[i].m);
		assert_int_equal(msrp_target_choose(&t, &at), rows[i].err);
		if (rows[i].err)
			continue;
		buf_fixed(&b, storage, sizeof(storage));
		if (t.numeric)
			buf_printf(&b, "%s", addr_text(&t.addr, text));
		else
			buf_printf(&b, STR_FMT " %u", STR_ARG(t.host), t.port);
		unit_str(buf_str(&b), rows[i].addr);
		assert_int_equal(t.rewritten, rows[i].rewritten);
		assert_int_equal(t.secure, rows[i].secure);
	}
}


UNIT_MAIN(UNIT_TEST(test_names), UNIT_TEST(test_answer), UNIT_TEST(test_role),
	  UNIT_TEST(test_target))
