/* SPDX-License-Identifier: Apache-2.0 */
/* References to lists of people, taken apart. */
#include "subscriber/list_anchor.h"


/* The name in the last list[@name="…"] of an unescaped node selector; false: another kind of selector. */
static bool selector_decode(struct str *ret, struct str selector)
{
	struct str rest = selector;

	*ret = STR("");
	(void)str_cut(&rest, '/'); /* resource-lists, whatever its prefix */
	while (rest.p) {
		struct str step = str_cut(&rest, '/');
		ptrdiff_t at = str_find_str(step, STR("list[@name="));
		struct str value = at < 0 ? STR("") : str_from(step, (size_t)at + 11);

		if (value.n < 3 || (value.p[0] != '"' && value.p[0] != '\'') ||
		    value.p[value.n - 1] != ']' || value.p[value.n - 2] != value.p[0])
			return false;
		*ret = (struct str){value.p + 1, value.n - 3};
	}
	return true;
}


bool list_anchor_decode(struct list_anchor *ret, struct str text)
{
	ptrdiff_t at = str_find_str(text, STR("/resource-lists/users/"));
	if (at < 0)
		return false;
	struct str rest = str_from(text, (size_t)at + 22);
	ptrdiff_t query = str_find(rest, '?');

	if (query >= 0)
		rest = str_upto(rest, (size_t)query);
	ret->user = str_cut(&rest, '/');
	ret->name = rest.p ? str_cut(&rest, '/') : STR("");
	ret->list = STR("");
	if (!rest.p || !rest.n)
		return true;
	return str_eq(str_cut(&rest, '/'), STR("~~")) && rest.p &&
	       selector_decode(&ret->list, rest);
}
