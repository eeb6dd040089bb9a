/* SPDX-License-Identifier: Apache-2.0 */
/* A Content-Type in the first line, the body in the others. */
#include <assert.h>
#include <stdint.h>

#include "body/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


struct seen {
	struct str body;
	unsigned leaves;
};


static int leaf_check(const struct mime_type *t, const struct mime_part *leaf, unsigned depth,
		      void *arg)
{
	struct seen *s = arg;

	assert(t->type.n && t->subtype.n && depth <= MIME_DEPTH_MAX);
	assert(!str_eq_nocase(t->type, STR("multipart")));
	assert(++s->leaves <= MIME_PARTS_MAX);
	/* A view into the body. */
	if (leaf->content.n)
		assert(leaf->content.p >= s->body.p &&
		       leaf->content.p + leaf->content.n <= s->body.p + s->body.n);
	return 0;
}


static void type_check(struct str value)
{
	struct mime_type t;
	struct str v;
	struct buf b = BUF_INIT(1 << 20);

	if (mime_type_decode(&t, value))
		return;
	assert(mime_type_is(&t, t.type, t.subtype) && mime_type_within(&t, STR("*/*")));
	if (mime_param(t.params, STR("charset"), &v)) {
		mime_unquote(v, &b);
		assert(b.failed || b.n <= v.n);
	}
	buf_done(&b);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = {(const char *)data, size}, type = str_cut(&body, '\n');
	struct seen s = {body, 0};
	int r;

	type_check(type);
	r = mime_walk(type, body, leaf_check, &s);
	assert(r <= 0);
	return 0;
}
