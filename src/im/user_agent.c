/* SPDX-License-Identifier: Apache-2.0 */
/* The release version of a client, from its User-Agent. */
#include "im/user_agent.h"

#include <errno.h>

/** Numbers in a version; larger ones are cut, so that they stay in order. */
#define NUMBER_MAX 999


/* Digits at the start of `*s`, which are taken; false: none. */
static bool take_number(struct str *s, uint32_t *ret)
{
	uint32_t v = 0;
	size_t i = 0;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		v = v * 10 + (uint32_t)(s->p[i] - '0');
		if (v > NUMBER_MAX)
			v = NUMBER_MAX;
	}
	*s = str_from(*s, i);
	*ret = v;
	return i > 0;
}


/* "OMA1.0", "1.0", "1": major * 1000 + minor. */
static bool version_decode(struct str text, uint32_t *ret, bool *oma)
{
	uint32_t major, minor = 0;

	*oma = str_starts_nocase(text, STR("OMA"));
	if (*oma)
		text = str_from(text, 3);
	if (!take_number(&text, &major))
		return false;
	if (text.n && text.p[0] == '.') {
		text = str_from(text, 1);
		(void)take_number(&text, &minor);
	}
	*ret = major * 1000 + minor;
	return true;
}


int user_agent_rule_init(struct user_agent_rule *ret, struct str required, struct str minimum)
{
	struct user_agent_rule rule = {0};
	bool oma;

	if (minimum.n && !version_decode(minimum, &rule.minimum, &oma))
		return -EINVAL;
	if (minimum.n && !required.n)
		required = STR("IM-client");
	if (required.n > sizeof(rule.name))
		return -EINVAL;
	memcpy(rule.name, required.n ? required.p : "", required.n);
	rule.name_n = (uint8_t)required.n;
	*ret = rule;
	return 0;
}


static bool is_named(const struct user_agent_rule *rule, struct str name)
{
	struct str wanted = {rule->name, rule->name_n};

	return str_eq_nocase(name, wanted) ||
	       (str_eq_nocase(wanted, STR("IM-client")) && str_eq_nocase(name, STR("CPM-client")));
}


/* RFC 3261 25.1: server-val *(LWS server-val), each a product or a comment; comments nest. */
static struct str next_product(struct str *rest)
{
	size_t depth = 0, i = 0;

	for (*rest = str_trim(*rest); rest->n && rest->p[0] == '(';
	     *rest = str_trim(str_from(*rest, i))) {
		for (i = 0; i < rest->n; i++) {
			if (rest->p[i] == '\\')
				i++;
			else if (rest->p[i] == '(')
				depth++;
			else if (rest->p[i] == ')' && --depth == 0) {
				i++;
				break;
			}
		}
		depth = 0;
	}
	for (i = 0; i < rest->n && str_find(STR(" \t\r\n("), rest->p[i]) < 0;)
		i++;
	struct str product = str_upto(*rest, i);
	*rest = str_from(*rest, i);
	return product;
}


bool user_agent_supported(const struct user_agent_rule *rule, struct str value)
{
	if (!rule->name_n)
		return true;
	for (struct str rest = value, product; (product = next_product(&rest)).n;) {
		struct str version = product;
		struct str name = str_cut(&version, '/');
		uint32_t number = 0;
		bool oma = false;

		if (!is_named(rule, name))
			continue;
		if (!version.p || !version_decode(version, &number, &oma))
			return !rule->minimum;
		return number >= rule->minimum && (!oma || number <= USER_AGENT_RELEASE_MAX);
	}
	return false;
}
