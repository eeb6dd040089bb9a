/* SPDX-License-Identifier: Apache-2.0 */
/* What a message that is kept may be. */
#include "im/participating/allowance.h"


/* "text/plain, image/..." as Accept has it, to "text/plain image/..."; false: any type. */
static bool put_types(struct buf *b, const struct operator_policy *service,
		      const struct operator_policy *user, enum operator_mode mode)
{
	char storage[ALLOWANCE_TYPES_MAX];
	struct buf list;

	if (!operator_restricts_types(service, user, mode))
		return false;
	buf_fixed(&list, storage, sizeof(storage));
	operator_put_types(service, user, mode, &list);
	for (struct str rest = buf_str(&list); rest.n;) {
		struct str type = str_trim(str_cut(&rest, ','));

		if (str_eq(type, STR("*/*")))
			return false;
		if (str_eq_nocase(type, STR("message/cpim")))
			continue;
		if (b->n)
			buf_putc(b, ' ');
		buf_puts(b, type);
	}
	return b->n && !b->failed && !list.failed;
}


void allowance_of(struct im_allowance *ret, struct buf *types, enum im_kind kind,
		  const struct operator_policy *service, const struct operator_policy *originator,
		  const struct operator_policy *recipient)
{
	enum operator_mode mode = kind == IM_FILE ? OPERATOR_FILE : OPERATOR_LARGE;
	uint64_t sent = operator_max_size(service, originator, mode);
	uint64_t taken = operator_max_size(service, recipient, mode);

	ret->leg = NULL;
	ret->originated = false;
	ret->max_size = sent < taken ? sent : taken;
	ret->types = STR("");
	if (put_types(types, service, recipient, mode))
		ret->types = buf_str(types);
	else if (!types->n && put_types(types, service, originator, mode))
		ret->types = buf_str(types);
}
