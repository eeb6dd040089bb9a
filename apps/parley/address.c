/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as users write them, made whole. */
#include "cli.h"

#include <errno.h>

/** Of a list; a group made on the spot takes fewer. */
#define ADDRESSES_MAX 1000


/* "bob" and "bob@example.org" are written for sip:bob@example.org. */
const char *address_whole(struct cli *c, const char *text, const char *domain_of)
{
	struct buf b = BUF_INIT(2048);
	struct str t = str_of(text), domain = str_of(domain_of);
	const char *whole;
	ptrdiff_t at;

	if (str_find(t, ':') >= 0 && str_find(t, '@') < 0)
		return text; /* tel:+1…, sip:conference.example.org */
	if (str_starts_nocase(t, STR("sip:")) || str_starts_nocase(t, STR("sips:")))
		return text;
	buf_puts(&b, STR("sip:"));
	buf_puts(&b, t);
	at = str_rfind(domain, '@');
	if (str_find(t, '@') < 0 && at >= 0)
		buf_puts(&b, str_from(domain, (size_t)at));
	whole = b.failed ? NULL : arena_str(&c->memory, buf_str(&b)).p;
	buf_done(&b);
	return whole;
}


int address_list(struct cli *c, const char *text, const char *const **ret, size_t *ret_n)
{
	const char **list;
	size_t n = 0;

	for (struct str rest = str_of(text); rest.p && n < ADDRESSES_MAX; n++)
		(void)str_cut(&rest, ',');
	list = arena_alloc(&c->memory, (n + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	n = 0;
	for (struct str rest = str_of(text); rest.p && n < ADDRESSES_MAX;) {
		struct str item = str_trim(str_cut(&rest, ','));
		struct str kept = item.n ? arena_str(&c->memory, item) : STR_NULL;

		if (!item.n)
			continue;
		list[n] = kept.p ? address_whole(c, kept.p, c->account.address) : NULL;
		if (!list[n])
			return -ENOMEM;
		n++;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}
