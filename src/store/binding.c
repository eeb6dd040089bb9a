/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about bindings, made into jobs. */
#include "store/binding.h"

#include <assert.h>
#include <errno.h>

#include "store/job.h"


bool store_binding_copy(struct arena *a, struct store_binding *dst, const struct store_binding *src)
{
	struct store_binding c = *src;

	if (!store_text_copy(a, &c.aor, src->aor) ||
	    !store_text_copy(a, &c.contact, src->contact) ||
	    !store_text_copy(a, &c.params, src->params) ||
	    !store_text_copy(a, &c.instance, src->instance) ||
	    !store_text_copy(a, &c.call_id, src->call_id) ||
	    !store_text_copy(a, &c.path, src->path) ||
	    !store_text_copy(a, &c.source, src->source) ||
	    !store_text_copy(a, &c.user_agent, src->user_agent))
		return false;
	*dst = c;
	return true;
}


static bool copy_set(struct store_job *j, struct str aor, const struct store_binding *set, size_t n)
{
	struct store_set *to = &j->in.set;

	if (!store_text_copy(&j->arena, &to->aor, aor))
		return false;
	to->n = n;
	if (!n)
		return true;

	to->binding = arena_alloc(&j->arena, n * sizeof(*to->binding));
	for (size_t i = 0; to->binding && i < n; i++) {
		struct store_binding b = set[i];

		b.aor = STR("");
		b.position = (uint32_t)i;
		if (!store_binding_copy(&j->arena, &to->binding[i], &b))
			return false;
		to->binding[i].aor = to->aor;
	}
	return to->binding != NULL;
}


int store_binding_replace(struct store *s, struct store_request *r, struct str aor,
			  const struct store_binding *set, size_t n, store_done_cb *done, void *arg)
{
	struct store_job *j;

	if (n > STORE_BINDINGS_MAX)
		return -ENOBUFS;
	j = store_job_alloc(STORE_OP_BINDING_REPLACE);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, copy_set(j, aor, set, n), r, done, arg);
}


int store_binding_expire(struct store *s, struct store_request *r, int64_t now_ms,
			 store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_BINDING_EXPIRE);

	if (!j)
		return -ENOMEM;
	j->in.now_ms = now_ms;
	return store_job_start(s, j, true, r, done, arg);
}


int store_binding_list(struct store *s, struct store_request *r, struct str after,
		       uint32_t position, int64_t now_ms, size_t max, store_done_cb *done,
		       void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_BINDING_LIST);

	if (!j)
		return -ENOMEM;
	assert(max > 0 && max <= STORE_PAGE_MAX);
	j->in.page.position = position;
	j->in.page.now_ms = now_ms;
	j->in.page.max = max;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.page.after, after), r, done,
			       arg);
}


const struct store_binding *store_binding_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
