/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about accounts, made into jobs. */
#include "store/account.h"

#include <assert.h>
#include <errno.h>

#include "store/job.h"


bool store_account_copy(struct arena *a, struct store_account *dst, const struct store_account *src)
{
	struct store_account c = *src;

	if (!store_text_copy(a, &c.aor, src->aor) || !store_text_copy(a, &c.realm, src->realm) ||
	    !store_text_copy(a, &c.ha1_md5, src->ha1_md5) ||
	    !store_text_copy(a, &c.ha1_sha256, src->ha1_sha256))
		return false;
	*dst = c;
	return true;
}


static int start_account(struct store *s, struct store_request *r, enum store_op op,
			 const struct store_account *a, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, store_account_copy(&j->arena, &j->in.account, a), r, done,
			       arg);
}


static int start_aor(struct store *s, struct store_request *r, enum store_op op, struct str aor,
		     store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.aor, aor), r, done, arg);
}


int store_account_add(struct store *s, struct store_request *r, const struct store_account *a,
		      store_done_cb *done, void *arg)
{
	return start_account(s, r, STORE_OP_ACCOUNT_ADD, a, done, arg);
}


int store_account_set_secret(struct store *s, struct store_request *r,
			     const struct store_account *a, store_done_cb *done, void *arg)
{
	return start_account(s, r, STORE_OP_ACCOUNT_SET_SECRET, a, done, arg);
}


int store_account_set_allowed(struct store *s, struct store_request *r, struct str aor,
			      bool allowed, bool create, int64_t created_ms, store_done_cb *done,
			      void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_ACCOUNT_SET_ALLOWED);

	if (!j)
		return -ENOMEM;
	j->in.allow.allowed = allowed;
	j->in.allow.create = create;
	j->in.allow.created_ms = created_ms;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.allow.aor, aor), r, done,
			       arg);
}


int store_account_delete(struct store *s, struct store_request *r, struct str aor,
			 store_done_cb *done, void *arg)
{
	return start_aor(s, r, STORE_OP_ACCOUNT_DELETE, aor, done, arg);
}


int store_account_get(struct store *s, struct store_request *r, struct str aor, store_done_cb *done,
		      void *arg)
{
	return start_aor(s, r, STORE_OP_ACCOUNT_GET, aor, done, arg);
}


int store_account_list(struct store *s, struct store_request *r, struct str after, size_t max,
		       store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_ACCOUNT_LIST);

	if (!j)
		return -ENOMEM;
	assert(max > 0 && max <= STORE_PAGE_MAX);
	j->in.page.max = max;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.page.after, after), r, done,
			       arg);
}


const struct store_account *store_account_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
