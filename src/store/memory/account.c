/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts in memory: one record, one block with its texts behind it. */
#include "store/memory/backend.h"

#include <errno.h>

struct record {
	struct ordered_node node;
	struct store_account account;
	char text[];
};


static struct record *record_of(struct ordered_node *n)
{
	return n ? container_of(n, struct record, node) : NULL;
}


static struct record *find(struct memory *m, struct str aor)
{
	return record_of(ordered_find(&m->accounts, aor));
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static struct record *record_make(const struct store_account *a)
{
	size_t n = a->aor.n + a->realm.n + a->ha1_md5.n + a->ha1_sha256.n;
	struct record *r = mem_alloc(sizeof(*r) + n, NULL);
	char *at;

	if (!r)
		return NULL;
	at = r->text;
	r->account = *a;
	r->account.aor = put(&at, a->aor);
	r->account.realm = put(&at, a->realm);
	r->account.ha1_md5 = put(&at, a->ha1_md5);
	r->account.ha1_sha256 = put(&at, a->ha1_sha256);
	r->node.key = r->account.aor;
	return r;
}


static int insert(struct memory *m, const struct store_account *a)
{
	struct record *r = record_make(a);

	if (!r)
		return -ENOMEM;
	ordered_insert(&m->accounts, &r->node);
	return 0;
}


static void delete (struct memory *m, struct record *r)
{
	ordered_remove(&m->accounts, &r->node);
	mem_unref(r);
}


int memory_account_add(struct memory *m, struct store_job *j)
{
	if (find(m, j->in.account.aor))
		return -EEXIST;
	return insert(m, &j->in.account);
}


int memory_account_set_secret(struct memory *m, struct store_job *j)
{
	struct record *old = find(m, j->in.account.aor);
	struct store_account a = j->in.account;
	struct record *fresh;

	if (!old)
		return -ENOENT;
	a.allowed = old->account.allowed;
	a.created_ms = old->account.created_ms;
	fresh = record_make(&a);
	if (!fresh)
		return -ENOMEM;
	delete (m, old);
	ordered_insert(&m->accounts, &fresh->node);
	return 0;
}


int memory_account_set_allowed(struct memory *m, struct store_job *j)
{
	const struct store_allow *in = &j->in.allow;
	struct record *r = find(m, in->aor);

	if (r) {
		r->account.allowed = in->allowed;
		return 0;
	}
	if (!in->create)
		return -ENOENT;
	return insert(m, &(struct store_account){
				 .aor = in->aor,
				 .allowed = in->allowed,
				 .created_ms = in->created_ms,
			 });
}


int memory_account_delete(struct memory *m, struct store_job *j)
{
	struct record *r = find(m, j->in.aor);

	if (!r)
		return -ENOENT;
	delete (m, r);
	memory_binding_delete(m, j->in.aor);
	memory_document_delete_user(m, j->in.aor);
	memory_policy_delete_scope(m, j->in.aor);
	memory_system_message_delete_user(m, j->in.aor);
	memory_history_delete_user(m, j->in.aor);
	return 0;
}


static int give(struct store_job *j, const struct record *r)
{
	struct store_account *to = j->found;

	if (!store_account_copy(&j->arena, &to[j->found_n], &r->account))
		return -ENOMEM;
	j->found_n++;
	return 0;
}


int memory_account_get(struct memory *m, struct store_job *j)
{
	struct record *r = find(m, j->in.aor);

	if (!r)
		return -ENOENT;
	j->found = arena_alloc(&j->arena, sizeof(struct store_account));
	return j->found ? give(j, r) : -ENOMEM;
}


int memory_account_list(struct memory *m, struct store_job *j)
{
	struct ordered_node *n = ordered_after(&m->accounts, j->in.page.after, false);
	int r = 0;

	j->found = arena_alloc(&j->arena, j->in.page.max * sizeof(struct store_account));
	if (!j->found)
		return -ENOMEM;
	for (; n && !r && j->found_n < j->in.page.max;
	     n = ordered_after(&m->accounts, n->key, false))
		r = give(j, record_of(n));
	return r;
}


void memory_account_clear(struct memory *m)
{
	while (m->accounts.root)
		delete (m, record_of(m->accounts.root));
}
