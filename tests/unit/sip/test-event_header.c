/* SPDX-License-Identifier: Apache-2.0 */
/* Event and Subscription-State against RFC 6665 8.2 and 8.4. */
#include "sip/event_header.h"

#include "lib/unit.h"


static void test_event(void)
{
	static const struct {
		const char *value, *package, *id;
		int err;
	} rows[] = {
		{"reg", "reg", "", 0},
		{"presence.winfo ; id=7", "presence.winfo", "7", 0},
		{"refer;id=93809824;x=y", "refer", "93809824", 0},
		{"", NULL, NULL, -EBADMSG},
		{";id=1", NULL, NULL, -EBADMSG},
		{"re g", NULL, NULL, -EBADMSG},
		{"reg;=1", NULL, NULL, -EBADMSG},
		{"reg;", NULL, NULL, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_event e;

		unit_case("%s", rows[i].value);
		assert_int_equal(sip_event_decode(&e, str_of(rows[i].value)), rows[i].err);
		if (rows[i].err)
			continue;
		unit_str(e.package, rows[i].package);
		unit_str(e.id, rows[i].id);
	}
	struct sip_event none;
	assert_int_equal(sip_event_decode(&none, STR_NULL), -EBADMSG);
}


static void test_event_eq(void)
{
	struct sip_event a, b;

	unit_ok(sip_event_decode(&a, STR("reg")));
	unit_ok(sip_event_decode(&b, STR("reg;x=1")));
	assert_true(sip_event_eq(&a, &b));
	unit_ok(sip_event_decode(&b, STR("reg;id=1")));
	assert_false(sip_event_eq(&a, &b));
	/* 8.2.1: "byte-by-byte": packages have case. */
	unit_ok(sip_event_decode(&b, STR("Reg")));
	assert_false(sip_event_eq(&a, &b));
}


static void test_state(void)
{
	static const struct {
		const char *value;
		int err;
		enum sip_substate state;
		enum sip_subreason reason;
		int64_t expires, retry_after; /* -1: none */
	} rows[] = {
		{"active;expires=600", 0, SIP_SUBSTATE_ACTIVE, SIP_SUBREASON_NONE, 600, -1},
		{"Pending", 0, SIP_SUBSTATE_PENDING, SIP_SUBREASON_NONE, -1, -1},
		{"terminated;reason=timeout", 0, SIP_SUBSTATE_TERMINATED, SIP_SUBREASON_TIMEOUT, -1,
		 -1},
		{"terminated ;reason=giveup;retry-after=30", 0, SIP_SUBSTATE_TERMINATED,
		 SIP_SUBREASON_GIVEUP, -1, 30},
		{"terminated;reason=Invariant", 0, SIP_SUBSTATE_TERMINATED, SIP_SUBREASON_INVARIANT,
		 -1, -1},
		{"terminated;reason=sunset", 0, SIP_SUBSTATE_TERMINATED, SIP_SUBREASON_NONE, -1,
		 -1},
		{"resting", 0, SIP_SUBSTATE_OTHER, SIP_SUBREASON_NONE, -1, -1},
		{"active;expires=99999999999", 0, SIP_SUBSTATE_ACTIVE, SIP_SUBREASON_NONE,
		 UINT32_MAX, -1},
		{"active;expires=soon", 0, SIP_SUBSTATE_ACTIVE, SIP_SUBREASON_NONE, -1, -1},
		{"active;", -EBADMSG, 0, 0, 0, 0},
		{"", -EBADMSG, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_subscription_value v;

		unit_case("%s", rows[i].value);
		assert_int_equal(sip_subscription_value_decode(&v, str_of(rows[i].value)),
				 rows[i].err);
		if (rows[i].err)
			continue;
		assert_int_equal(v.state, rows[i].state);
		assert_int_equal(v.reason, rows[i].reason);
		assert_int_equal(v.has_expires ? (int64_t)v.expires_s : -1, rows[i].expires);
		assert_int_equal(v.has_retry_after ? (int64_t)v.retry_after_s : -1,
				 rows[i].retry_after);
	}
	unit_str(sip_subreason_name(SIP_SUBREASON_PROBATION), "probation");
	unit_str(sip_subreason_name(SIP_SUBREASON_NONE), "");
}

UNIT_MAIN(UNIT_TEST(test_event), UNIT_TEST(test_event_eq), UNIT_TEST(test_state))
