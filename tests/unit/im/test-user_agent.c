/* SPDX-License-Identifier: Apache-2.0 */
/* The release of a client: what is supported, and how User-Agent is read. */

#include "im/user_agent.h"

#include "lib/unit.h"


static bool supported(const char *required, const char *minimum, const char *value)
{
	struct user_agent_rule rule;

	assert_int_equal(user_agent_rule_init(&rule, str_of(required), str_of(minimum)), 0);
	return user_agent_supported(&rule, str_of(value));
}


static void test_supported(void)
{
	static const struct {
		const char *required, *minimum, *value;
		bool is;
	} rows[] = {
		{"", "", "", true},
		{"", "", "Foo/1.0", true},
		{"IM-client", "", "", false},
		{"IM-client", "", "IM-client", true},
		{"IM-client", "", "IM-client/OMA1.0 Acme/1.0", true},
		{"IM-client", "", "im-CLIENT/oma1.0", true},
		{"IM-client", "", "CPM-client/OMA2.2", true},
		{"IM-client", "", "IM-client/OMA2.3", false},
		{"IM-client", "", "Foo/1.0", false},
		{"IM-client", "", "(IM-client/OMA1.0)", false},
		{"IM-client", "", "(a (b) \\) c) IM-client/OMA1.0", true},
		{"IM-client", "", "(unclosed IM-client/OMA1.0", false},
		{"IM-client", "", "x(c)IM-client/OMA1.0", true},
		{"IM-client", "OMA1.0", "IM-client", false},
		{"IM-client", "OMA1.0", "IM-client/OMA", false},
		{"IM-client", "OMA1.1", "IM-client/OMA1.0", false},
		{"IM-client", "OMA1.1", "IM-client/OMA1.1", true},
		{"IM-client", "OMA1.9", "IM-client/OMA1.10", true},
		{"", "OMA1.0", "IM-client/OMA1.0", true},
		{"", "OMA1.0", "Foo/9", false},
		{"", "1.0", "IM-client/OMA99999999999.0", false},
		{"Acme", "3.1", "Acme/3.1", true},
		{"Acme", "3.1", "Acme/4", true},
		{"Acme", "3.1", "Acme/3.0.9", false},
		{"Acme", "3.1", "Acme-x/4", false},
		/* the first that has the name decides */
		{"IM-client", "OMA1.1", "IM-client/OMA1.0 IM-client/OMA1.1", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (supported(rows[i].required, rows[i].minimum, rows[i].value) != rows[i].is)
			fail_msg("row %zu: %s", i, rows[i].value);
	}
}


static void test_rule(void)
{
	struct user_agent_rule rule;
	char longer[USER_AGENT_NAME_MAX + 1];

	memset(longer, 'x', sizeof(longer));
	assert_int_equal(user_agent_rule_init(&rule, STR("IM-client"), STR("latest")), -EINVAL);
	assert_int_equal(user_agent_rule_init(&rule, (struct str){longer, sizeof(longer)}, STR("")),
			 -EINVAL);
	assert_int_equal(
		user_agent_rule_init(&rule, (struct str){longer, sizeof(longer) - 1}, STR("")), 0);
}

UNIT_MAIN(UNIT_TEST(test_supported), UNIT_TEST(test_rule))
