/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept, asked one question at a time. */
#include "im/retrieval/kept.h"


int kept_page(struct kept *k, const struct history_reference *ref, uint64_t after, size_t max)
{
	k->ref = ref;
	k->after = after;
	k->max = max < KEPT_PAGE ? max : KEPT_PAGE;
	return k->source->page(k);
}


int kept_get(struct kept *k, uint64_t id)
{
	return k->source->get(k, id);
}


void kept_cancel(struct kept *k)
{
	store_cancel(&k->r);
}


/* RFC 2183 2.3. */
struct str kept_disposition(struct buf *b, struct str name)
{
	if (!name.n || name.n > KEPT_DISPOSITION_MAX / 2)
		return STR("");
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
			return STR("");
	}
	buf_printf(b, "attachment; filename=\"" STR_FMT "\"", STR_ARG(name));
	return b->failed ? STR("") : buf_str(b);
}
