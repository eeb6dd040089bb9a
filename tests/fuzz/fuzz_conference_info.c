/* SPDX-License-Identifier: Apache-2.0 */
/* The state of conferences, and "is composing": what is written again is read as the same. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "body/conference_info.h"
#include "body/iscomposing.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_users(const struct conference_info *a, const struct conference_info *b)
{
	assert(a->users_n == b->users_n && a->users_n <= CONFERENCE_USERS_MAX);
	for (size_t i = 0; i < a->users_n; i++) {
		const struct conference_user *x = &a->users[i], *y = &b->users[i];

		assert(x->entity.n && str_eq(x->entity, y->entity) && x->change == y->change);
		assert(x->own == y->own && x->roles_n == y->roles_n);
		assert(str_eq(x->display_text, y->display_text));
		assert(x->endpoints_n == y->endpoints_n);
		for (size_t k = 0; k < x->endpoints_n; k++) {
			const struct conference_endpoint *p = &x->endpoints[k];
			const struct conference_endpoint *q = &y->endpoints[k];

			assert(str_eq(p->entity, q->entity) && p->change == q->change);
			assert(p->status == q->status && p->joining == q->joining);
			assert(p->leaving == q->leaving && p->media_n == q->media_n);
			assert(str_eq(p->left.reason, q->left.reason));
		}
	}
}


static void check_conference(const struct conference_info *i)
{
	struct arena a = ARENA_INIT(64 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(64 * XML_SIZE_MAX);
	struct conference_info back;
	int err;

	conference_info_encode(&out, i);
	assert(!out.failed);
	err = conference_info_decode(&back, buf_str(&out), &a);
	if (err) {
		/* Escapes and names in full are longer than what they were made of. */
		assert(err == -ENOBUFS);
	} else {
		assert(back.head.version == i->head.version && back.head.change == i->head.change);
		assert(str_eq(back.head.entity, i->head.entity));
		assert(back.described == i->described && back.listed == i->listed);
		assert(str_eq(back.description.subject, i->description.subject));
		assert(back.state.user_count == i->state.user_count);
		check_users(i, &back);
	}
	buf_done(&out);
	arena_done(&a);
}


static void check_composing(const struct iscomposing *i)
{
	struct arena a = ARENA_INIT(4 * ISCOMPOSING_SIZE_MAX);
	struct buf out = BUF_INIT(8 * ISCOMPOSING_SIZE_MAX);
	struct iscomposing back;

	iscomposing_encode(i, &out);
	assert(!out.failed);
	if (out.n <= ISCOMPOSING_SIZE_MAX) {
		assert(iscomposing_decode(&back, buf_str(&out), &a) == 0);
		assert(back.active == i->active && back.refresh_s == i->refresh_s);
		assert(str_eq(back.content_type, i->content_type));
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena a = ARENA_INIT(64 * XML_SIZE_MAX);
	struct conference_info i;
	struct iscomposing c;

	if (conference_info_decode(&i, text, &a) == 0)
		check_conference(&i);
	if (iscomposing_decode(&c, text, &a) == 0)
		check_composing(&c);
	arena_done(&a);
	return 0;
}
