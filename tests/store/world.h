/* SPDX-License-Identifier: Apache-2.0 */
/** What the tests of the store share: a store of BACKEND on the virtual loop, and asking it. */
#ifndef TEST_STORE_WORLD_H
#define TEST_STORE_WORLD_H

#include <limits.h>
#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/account.h"
#include "store/binding.h"

#define ANSWERS_MAX 64

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	char directory[64]; /**< of its own; removed at the end */
	char path[96];
	char url[128];
	struct buf *why;
	struct store_request r;
	unsigned answers;
	int error[ANSWERS_MAX]; /**< of each answer, in order */
	struct store_request many[ANSWERS_MAX];
};

/** With the store open. */
struct world *world(void);
/** Closes the store and opens it again: what was written is there (not with memory:). */
void world_reopen(struct world *w);
bool world_keeps(const struct world *w);
/** Files below the directory of contents, finished or not. */
size_t world_files(const struct world *w);

/** A `done` that notes the error in the world, which is `arg`. */
void world_done(struct store_request *r, int error, void *arg);
/** Lets the loop run; the error of the last answer, or `started` when that is one. -1000: no answer. */
int world_wait(struct world *w, int started);

/** Asks by `call(store, request, …)` and waits; `t` is a fixture with a world `w`. */
#define ASK(t, call, ...) \
	((t)->w->answers = 0, world_wait((t)->w, call((t)->w->store, &(t)->w->r, __VA_ARGS__)))

/** One after the other, waiting. */
int world_add(struct world *w, const char *aor);
int world_get(struct world *w, const char *aor);
/** The AORs of one page, "a,b,". */
int world_accounts(struct world *w, const char *after, size_t max, struct buf *out);
/** `contacts` is a list with commas, all expiring then; "" is none. */
int world_bind(struct world *w, const char *aor, const char *contacts, int64_t expires_ms);
/** The bindings of one page, "aor/position=contact,". */
int world_bindings(struct world *w, const char *after, uint32_t position, int64_t now_ms,
		   size_t max, struct buf *out);
struct store_account world_account(const char *aor);

#endif
