/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies with lists of recipients: all found lies within the body, duplicates go, the rest can be sent on. */
#include <assert.h>
#include <stdint.h>

#include "body/recipient_list.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_within(struct str part, struct str all)
{
	assert(!part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}


static void check_merge(struct resource_lists *r, struct arena *a)
{
	struct str *keys = arena_alloc(a, (r->items_n + 1) * sizeof(*keys));
	size_t n = r->items_n;

	if (!keys)
		return;
	for (size_t i = 0; i < n; i++)
		keys[i] = r->items[i].uri;
	if (resource_items_merge(r->items, keys, &n, a))
		return;
	assert(n <= r->items_n && (n || !r->items_n));
	r->items_n = n;
	for (size_t i = 1; i < n && i < 64; i++) {
		for (size_t k = 0; k < i; k++)
			assert(r->items[i].kind != RESOURCE_ENTRY ||
			       r->items[k].kind != RESOURCE_ENTRY || !str_eq(keys[i], keys[k]));
	}
}


static void check_sent_on(const struct resource_lists *r)
{
	const struct recipient_content c = {.type = STR("text/plain"), .content = STR("x")};
	struct buf out = BUF_INIT(16 * XML_SIZE_MAX);
	struct recipient_body b = {.content_type = STR("multipart/mixed;boundary=\"7MA4YWxk\"")};
	struct recipient_list back;

	recipient_list_encode(&out, &c, r->items, r->items_n, RECIPIENT_LIST_HISTORY,
			      STR("7MA4YWxk"));
	assert(!out.failed);
	b.body = buf_str(&out);
	assert(recipient_list_find(&back, &b, RECIPIENT_LIST_HISTORY) == 0);
	assert(str_eq(back.content, STR("x")));
	buf_done(&out);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first line is the Content-Type. */
	struct str rest = {(const char *)data, size}, type = str_cut(&rest, '\n');
	struct recipient_body b = {.content_type = str_trim(type),
				   .content_id = STR("<list@example.net>"),
				   .body = rest.p ? rest : STR("")};
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct recipient_list l;
	struct resource_lists r;

	if (recipient_list_refer(&l, &b, STR("cid:list%40example.net")) == 0)
		check_within(l.xml, b.body);
	if (recipient_list_find(&l, &b, RECIPIENT_LIST) == 0) {
		check_within(l.xml, b.body);
		check_within(l.content, b.body);
		if (resource_lists_decode(&r, l.xml, &a) == 0) {
			check_merge(&r, &a);
			check_sent_on(&r);
		}
	}
	arena_done(&a);
	return 0;
}
