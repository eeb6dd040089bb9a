/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about operator policy, made into jobs. */
#include "store/policy.h"

#include <assert.h>
#include <errno.h>

#include "store/job.h"

static const uint16_t texts[] = {
	offsetof(struct store_policy, scope),
	offsetof(struct store_policy, key),
	offsetof(struct store_policy, value),
};

const struct store_shape store_policy_shape = {
	sizeof(struct store_policy),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};


static int check(const struct store_policy *p)
{
	int error = store_keys_check(&p->scope, 1, STORE_POLICY_VALUE_MAX);

	if (!error)
		error = store_keys_check(&p->key, 1, STORE_POLICY_KEY_MAX);
	return error || p->value.n <= STORE_POLICY_VALUE_MAX ? error : -EMSGSIZE;
}


static bool copy_set(struct store_job *j, const struct store_policy *set, size_t n)
{
	struct store_put_policies *to = &j->in.policies;

	to->policy = arena_alloc(&j->arena, n * sizeof(*to->policy));
	for (; to->policy && to->n < n; to->n++)
		if (!store_record_copy(&j->arena, &to->policy[to->n], &set[to->n],
				       &store_policy_shape))
			return false;
	return to->policy != NULL;
}


int store_policy_put(struct store *s, struct store_request *r, const struct store_policy *set,
		     size_t n, store_done_cb *done, void *arg)
{
	int error = n > STORE_POLICIES_MAX ? -EMSGSIZE : 0;
	struct store_job *j;

	assert(n > 0);
	for (size_t i = 0; !error && i < n; i++)
		error = check(&set[i]);
	if (error)
		return error;
	j = store_job_alloc(STORE_OP_POLICY_PUT);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, copy_set(j, set, n), r, done, arg);
}


static int start_key(struct store *s, struct store_request *r, enum store_op op, struct str scope,
		     struct str key, store_done_cb *done, void *arg)
{
	struct store_policy p = {.scope = scope, .key = key};
	int error = check(&p);
	struct store_job *j;

	if (error)
		return error;
	j = store_job_alloc(op);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j,
			       store_record_copy(&j->arena, &j->in.policy, &p, &store_policy_shape),
			       r, done, arg);
}


int store_policy_delete(struct store *s, struct store_request *r, struct str scope, struct str key,
			store_done_cb *done, void *arg)
{
	return start_key(s, r, STORE_OP_POLICY_DELETE, scope, key, done, arg);
}


int store_policy_list(struct store *s, struct store_request *r, struct str scope,
		      store_done_cb *done, void *arg)
{
	return start_key(s, r, STORE_OP_POLICY_LIST, scope, STR(""), done, arg);
}


const struct store_policy *store_policy_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
