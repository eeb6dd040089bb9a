/* SPDX-License-Identifier: Apache-2.0 */
/* How many sessions a served user has: one entry for each user with any. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_state.h"

struct session_user {
	struct hash_link link;
	uint32_t n;
	uint16_t aor_n;
	char aor[];
};


static struct session_user *find(const struct im_sessions *ss, struct str aor, uint64_t hash)
{
	for (struct hash_link *l = hash_first(&ss->users, hash); l; l = hash_next(l)) {
		struct session_user *u = container_of(l, struct session_user, link);

		if (str_eq((struct str){u->aor, u->aor_n}, aor))
			return u;
	}
	return NULL;
}


int session_user_enter(struct session_user **ret, struct im_sessions *ss, struct str aor)
{
	uint64_t hash = hash_bytes(&ss->users.key, aor.p, aor.n);
	struct session_user *u = find(ss, aor, hash);

	if (u && u->n >= IM_SESSIONS_USER_MAX)
		return -EDQUOT;
	if (!u) {
		u = mem_raw(sizeof(*u) + aor.n);
		if (!u)
			return -ENOMEM;
		*u = (struct session_user){.aor_n = (uint16_t)aor.n};
		memcpy(u->aor, aor.p, aor.n);
		hash_insert(&ss->users, &u->link, hash);
	}
	u->n++;
	*ret = u;
	return 0;
}


void session_user_leave(struct im_sessions *ss, struct session_user *u)
{
	if (!u || --u->n)
		return;
	hash_remove(&ss->users, &u->link);
	mem_free(u);
}
