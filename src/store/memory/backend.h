/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the memory backend: its records, and the operations of each noun. */
#ifndef STORE_MEMORY_BACKEND_H
#define STORE_MEMORY_BACKEND_H

#include "store/job.h"
#include "store/memory/ordered.h"

struct memory {
	struct ordered accounts;
	struct ordered sets; /**< of bindings, by AOR */
	size_t fail_n;
	int fail;
};

int memory_account_add(struct memory *m, struct store_job *j);
int memory_account_set_secret(struct memory *m, struct store_job *j);
int memory_account_set_allowed(struct memory *m, struct store_job *j);
int memory_account_delete(struct memory *m, struct store_job *j);
int memory_account_get(struct memory *m, struct store_job *j);
int memory_account_list(struct memory *m, struct store_job *j);
void memory_account_clear(struct memory *m);

int memory_binding_replace(struct memory *m, struct store_job *j);
int memory_binding_expire(struct memory *m, struct store_job *j);
int memory_binding_list(struct memory *m, struct store_job *j);
void memory_binding_clear(struct memory *m);
/** All of one user; nothing when there is none. */
void memory_binding_delete(struct memory *m, struct str aor);

#endif
