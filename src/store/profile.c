/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: several reads of one job, with whatever backend carries it. */
#include "store/profile.h"

#include <errno.h>

#include "store/job.h"


int store_profile_get(struct store *s, struct store_request *r, struct str aor, store_done_cb *done,
		      void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_PROFILE_GET);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.aor, aor), r, done, arg);
}


/* One read in the profile's job; what is not there is no failure. */
static int read_part(void *connection, struct store_job *j, store_op_cb *op, const void **ret,
		     size_t *n)
{
	int error;

	j->found = NULL;
	j->found_n = 0;
	error = op(connection, j);
	*ret = j->found_n && !error ? j->found : NULL;
	*n = *ret ? j->found_n : 0;
	return error == -ENOENT ? 0 : error;
}


static int read_document(void *connection, struct store_job *j, store_op_cb *op, struct str aor,
			 const char *auid, const char *name, const struct store_document **ret)
{
	const void *found;
	size_t n;
	int error;

	j->in.document = (struct store_put_document){
		.document = {.aor = aor, .auid = str_of(auid), .name = str_of(name)},
	};
	error = read_part(connection, j, op, &found, &n);
	*ret = found;
	return error;
}


static int read_all(void *connection, struct store_job *j, store_op_cb *const *op, struct str aor,
		    struct store_profile *p)
{
	const void *account, *policy, *unanswered;
	size_t accounts;
	int error;

	error = read_part(connection, j, op[STORE_OP_ACCOUNT_GET], &account, &accounts);
	if (error)
		return error;
	error = read_document(connection, j, op[STORE_OP_DOCUMENT_GET], aor, STORE_AUID_SETTINGS,
			      STORE_NAME_SETTINGS, &p->settings);
	if (error)
		return error;
	error = read_document(connection, j, op[STORE_OP_DOCUMENT_GET], aor,
			      STORE_AUID_ACCESS_RULES, STORE_NAME_ACCESS_RULES, &p->access_rules);
	if (error)
		return error;
	j->in.policy = (struct store_policy){.scope = aor};
	error = read_part(connection, j, op[STORE_OP_POLICY_LIST], &policy, &p->policies);
	if (error)
		return error;
	j->in.aor = aor;
	error = read_part(connection, j, op[STORE_OP_SYSTEM_MESSAGE_UNANSWERED], &unanswered,
			  &p->unanswered_n);
	p->account = account;
	p->policy = policy;
	p->unanswered = unanswered;
	return error;
}


int store_profile_collect(void *connection, struct store_job *j, store_op_cb *const *op)
{
	struct store_profile *p = arena_alloc(&j->arena, sizeof(*p));
	int error = p ? read_all(connection, j, op, j->in.aor, p) : -ENOMEM;

	if (!error && !p->account && !p->settings && !p->access_rules && !p->policies &&
	    !p->unanswered_n)
		error = -ENOENT;
	j->found = p;
	j->found_n = 1;
	return error;
}


const struct store_profile *store_profile_result(const struct store_request *r)
{
	return r->found;
}
