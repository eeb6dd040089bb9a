/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in memory: nothing comes in between. */
#include "store/memory/backend.h"


int memory_profile_get(struct memory *m, struct store_job *j)
{
	return store_profile_collect(m, j, store_memory_backend.op);
}
