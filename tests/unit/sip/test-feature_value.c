/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/feature_value.h"

#include <stdio.h>

#include "sip/accept_contact.h"

#include "lib/unit.h"

static const struct {
	const char *a, *b;
	bool meet;
} rows[] = {
	{"TRUE", "TRUE", true},
	{"TRUE", "true", true},
	{"TRUE", "FALSE", false},
	{"!TRUE", "FALSE", true},
	{"!FALSE", "FALSE", false},
	{"!TRUE", "TRUE", false},
	{"fixed", "FIXED", true},
	{"fixed", "mobile", false},
	{"fixed,mobile", "mobile", true},
	{"INVITE, BYE", "ACK,BYE", true},
	{"a,b", "c,d", false},
	{"!presence", "presence", false},
	{"!presence", "dialog", true},
	{"!presence,message-summary", "presence", false},
	{"!presence,message-summary", "message-summary", true},
	{"!a", "!b", true},
	{"!a", "!a", true},
	{"<PC>", "<PC>", true},
	{"<PC>", "<pc>", false},
	{"<PC>", "PC", false},
	{"<a,b>", "<a,b>", true},
	{"<PC>", "!PC", true},
	{"#=5", "#=5", true},
	{"#=5", "#=5.0", true},
	{"#=5", "#=6", false},
	{"#>=4", "#=4", true},
	{"#>=4", "#=3.999", false},
	{"#<=4", "#>=4", true},
	{"#<=4", "#>=4.001", false},
	{"#-4:+5.125", "#=5.125", true},
	{"#-4:+5.125", "#=5.126", false},
	{"#-4:5", "#-10:-5", false},
	{"#-4:5", "#-10:-4", true},
	{"!#=5", "#=5", false},
	{"!#=5", "#=6", true},
	{"!#=5", "#4:6", true},
	{"!#>=0", "#1:2", false},
	{"#=5", "5", false},
	{"!#=5", "five", true},
	{"#=99999999999999999999999", "#>=1", true},
	{"#x", "#X", true},
	{"#>=", "#=1", false},
	{"#", "#=1", false},
	{"", "", true},
	{"", "a", false},
};


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %s", rows[i].a, rows[i].b);
		assert_int_equal(sip_feature_values_meet(str_of(rows[i].a), str_of(rows[i].b)),
				 rows[i].meet);
		assert_int_equal(sip_feature_values_meet(str_of(rows[i].b), str_of(rows[i].a)),
				 rows[i].meet);
	}
}


static void test_ceiling(void)
{
	char text[1024];
	size_t n = 0;

	for (int i = 0; i < SIP_FEATURE_VALUES_MAX + 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%sv%d", i ? "," : "", i);
	assert_true(sip_feature_values_meet((struct str){text, n}, STR("v31")));
	assert_false(sip_feature_values_meet((struct str){text, n}, STR("v32")));
}


UNIT_MAIN(UNIT_TEST(test_rows), UNIT_TEST(test_ceiling))
