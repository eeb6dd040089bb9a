/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about documents, made into jobs; what an entity tag is. */
#include "store/document.h"

#include <errno.h>

#include "base/hash.h"
#include "store/job.h"

static const uint16_t texts[] = {
	offsetof(struct store_document, aor),  offsetof(struct store_document, auid),
	offsetof(struct store_document, name), offsetof(struct store_document, type),
	offsetof(struct store_document, etag), offsetof(struct store_document, body),
};

const struct store_shape store_document_shape = {
	sizeof(struct store_document),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};


/* A validator, no signature: two keyed hashes with fixed keys, the same in every process and file. */
static void put_hash(struct buf *b, const struct hash_key *key, const struct store_document *d)
{
	uint64_t type = hash_bytes(key, d->type.p, d->type.n);
	struct hash_key next = {key->k0 ^ type, key->k1};

	buf_puthex(b, hash_bytes(&next, d->body.p, d->body.n), 16);
}


struct str store_document_etag(struct arena *a, const struct store_document *d)
{
	static const struct hash_key keys[] = {{0x7061726c65792d31, 1}, {0x7061726c65792d32, 2}};
	char digits[STORE_ETAG_LEN];
	struct buf b;

	buf_fixed(&b, digits, sizeof(digits));
	put_hash(&b, &keys[0], d);
	put_hash(&b, &keys[1], d);
	return arena_str(a, buf_str(&b));
}


bool store_document_allows(struct str if_etag, struct str etag)
{
	if (!if_etag.n)
		return true;
	if (str_eq(if_etag, STORE_ETAG_NONE))
		return !etag.n;
	if (str_eq(if_etag, STORE_ETAG_ANY))
		return etag.n > 0;
	return str_eq(if_etag, etag);
}


static int start(struct store *s, struct store_request *r, enum store_op op,
		 const struct store_document *d, struct str if_etag, store_done_cb *done, void *arg)
{
	struct str keys[] = {d->aor, d->auid, d->name, d->type};
	int error = store_keys_check(keys, 4, STORE_DOCUMENT_NAME_MAX);
	struct store_job *j;
	bool copied;

	if (error || d->body.n > STORE_DOCUMENT_MAX)
		return error ? error : -EMSGSIZE;
	j = store_job_alloc(op);
	if (!j)
		return -ENOMEM;
	copied = store_record_copy(&j->arena, &j->in.document.document, d, &store_document_shape) &&
		 store_text_copy(&j->arena, &j->in.document.if_etag, if_etag);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_document_put(struct store *s, struct store_request *r, const struct store_document *d,
		       struct str if_etag, store_done_cb *done, void *arg)
{
	struct store_document fresh = *d;

	fresh.etag = STR_NULL;
	fresh.size = (uint32_t)d->body.n;
	return start(s, r, STORE_OP_DOCUMENT_PUT, &fresh, if_etag, done, arg);
}


int store_document_delete(struct store *s, struct store_request *r, struct str aor, struct str auid,
			  struct str name, struct str if_etag, store_done_cb *done, void *arg)
{
	struct store_document key = {.aor = aor, .auid = auid, .name = name};

	return start(s, r, STORE_OP_DOCUMENT_DELETE, &key, if_etag, done, arg);
}


int store_document_get(struct store *s, struct store_request *r, struct str aor, struct str auid,
		       struct str name, store_done_cb *done, void *arg)
{
	struct store_document key = {.aor = aor, .auid = auid, .name = name};

	return start(s, r, STORE_OP_DOCUMENT_GET, &key, STR_NULL, done, arg);
}


int store_document_list(struct store *s, struct store_request *r, struct str aor,
			store_done_cb *done, void *arg)
{
	struct store_document key = {.aor = aor};

	return start(s, r, STORE_OP_DOCUMENT_LIST, &key, STR_NULL, done, arg);
}


int store_document_find(struct store *s, struct store_request *r, struct str auid, struct str after,
			size_t max, store_done_cb *done, void *arg)
{
	struct str keys[] = {auid, after};
	int error = store_keys_check(keys, 2, STORE_DOCUMENT_NAME_MAX);
	struct store_job *j;
	bool copied;

	if (error)
		return error;
	j = store_job_alloc(STORE_OP_DOCUMENT_FIND);
	if (!j)
		return -ENOMEM;
	j->in.document_page.max = max < STORE_PAGE_MAX ? max : STORE_PAGE_MAX;
	copied = store_text_copy(&j->arena, &j->in.document_page.auid, auid) &&
		 store_text_copy(&j->arena, &j->in.document_page.after, after);
	return store_job_start(s, j, copied, r, done, arg);
}


const struct store_document *store_document_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
