/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in memory. */
#include <errno.h>

#include "store/memory/backend.h"
#include "store/memory/record.h"

struct item {
	struct ordered_node node;
	struct store_document document;
};


static struct item *item_of(struct ordered_node *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}


static int make_key(struct buf *key, const struct store_document *d)
{
	memory_key_text(key, d->aor);
	memory_key_text(key, d->auid);
	memory_key_text(key, d->name);
	return key->failed ? -ENOMEM : 0;
}


static void delete (struct memory *m, struct item *i)
{
	ordered_remove(&m->documents, &i->node);
	mem_unref(i);
}


/* The first of the user after `i` (NULL: the first of all). */
static struct item *next_of(struct memory *m, struct str aor, struct item *i)
{
	struct ordered_node *n = ordered_after(&m->documents, i ? i->node.key : aor, false);

	return n && str_eq(item_of(n)->document.aor, aor) ? item_of(n) : NULL;
}


static size_t count(struct memory *m, struct str aor)
{
	size_t n = 0;

	for (struct item *i = NULL; (i = next_of(m, aor, i));)
		n++;
	return n;
}


/* The place of the new document is free, or is the old one's. */
static int put(struct memory *m, struct store_job *j, struct item *old, struct str key)
{
	struct store_document *d = &j->in.document.document;
	struct item *fresh;
	struct str name;

	if (!store_document_allows(j->in.document.if_etag, old ? old->document.etag : STR("")))
		return -ESTALE;
	if (!old && count(m, d->aor) >= STORE_DOCUMENTS_MAX)
		return -EDQUOT;
	d->etag = store_document_etag(&j->arena, d);
	if (!d->etag.p)
		return -ENOMEM;
	fresh = memory_record_make(offsetof(struct item, document), d, &store_document_shape, key,
				   &name);
	if (!fresh)
		return -ENOMEM;
	fresh->node.key = name;
	if (old)
		delete (m, old);
	ordered_insert(&m->documents, &fresh->node);
	d->body = STR("");
	j->found = d;
	j->found_n = 1;
	return 0;
}


int memory_document_put(struct memory *m, struct store_job *j)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	int r = make_key(&key, &j->in.document.document);

	if (!r)
		r = put(m, j, item_of(ordered_find(&m->documents, buf_str(&key))), buf_str(&key));
	buf_done(&key);
	return r;
}


static int find(struct memory *m, const struct store_document *d, struct item **ret)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	int r = make_key(&key, d);

	if (!r)
		*ret = item_of(ordered_find(&m->documents, buf_str(&key)));
	buf_done(&key);
	return r || *ret ? r : -ENOENT;
}


int memory_document_delete(struct memory *m, struct store_job *j)
{
	struct item *i = NULL;
	int r = find(m, &j->in.document.document, &i);

	if (r)
		return r;
	if (!store_document_allows(j->in.document.if_etag, i->document.etag))
		return -ESTALE;
	delete (m, i);
	return 0;
}


static int give(struct store_job *j, const struct item *i, bool body)
{
	struct store_document d = i->document, *to = j->found;

	if (!body)
		d.body = STR("");
	if (!store_record_copy(&j->arena, &to[j->found_n], &d, &store_document_shape))
		return -ENOMEM;
	j->found_n++;
	return 0;
}


int memory_document_get(struct memory *m, struct store_job *j)
{
	struct item *i = NULL;
	int r = find(m, &j->in.document.document, &i);

	if (r)
		return r;
	j->found = arena_alloc(&j->arena, sizeof(struct store_document));
	return j->found ? give(j, i, true) : -ENOMEM;
}


int memory_document_list(struct memory *m, struct store_job *j)
{
	struct str aor = j->in.document.document.aor;
	int r = 0;

	j->found = arena_alloc(&j->arena, STORE_DOCUMENTS_MAX * sizeof(struct store_document));
	if (!j->found)
		return -ENOMEM;
	for (struct item *i = NULL; !r && (i = next_of(m, aor, i));)
		r = give(j, i, false);
	return r;
}


int memory_document_find(struct memory *m, struct store_job *j)
{
	const struct store_document_page *p = &j->in.document_page;
	struct ordered_node *n = ordered_after(&m->documents, p->after, false);
	int r = 0;

	j->found = arena_alloc(&j->arena, (p->max + 1) * sizeof(struct store_document));
	if (!j->found)
		return -ENOMEM;
	for (; n && !r && j->found_n < p->max; n = ordered_after(&m->documents, n->key, false)) {
		const struct store_document *d = &item_of(n)->document;

		if (str_eq(d->auid, p->auid) && !str_eq(d->aor, p->after))
			r = give(j, item_of(n), false);
	}
	return r;
}


void memory_document_delete_user(struct memory *m, struct str aor)
{
	for (struct item *i; (i = next_of(m, aor, NULL));)
		delete (m, i);
}


void memory_document_clear(struct memory *m)
{
	while (m->documents.root)
		delete (m, item_of(m->documents.root));
}
