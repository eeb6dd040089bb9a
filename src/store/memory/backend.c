/* SPDX-License-Identifier: Apache-2.0 */
/* The memory backend: every operation is atomic by itself, a group is nothing special. */
#include "store/memory/backend.h"

#include <errno.h>

#include "store/memory/memory.h"


static void open_deferred(struct memory_deferred *d)
{
	ordered_init(&d->by_id);
	ordered_init(&d->by_request);
	ordered_init(&d->by_user);
	ordered_init(&d->by_expiry);
	ordered_init(&d->by_finish);
	ordered_init(&d->users);
}


static void open_history(struct memory_history *h)
{
	ordered_init(&h->by_id);
	ordered_init(&h->by_owner);
	ordered_init(&h->by_request);
	ordered_init(&h->conversations);
	ordered_init(&h->conversations_by_owner);
	ordered_init(&h->owners);
}


static int memory_open(void **ret, struct str where, bool reader, struct buf *why)
{
	struct memory *m;

	(void)reader;
	if (where.n) {
		buf_puts(why, STR("memory: takes nothing behind the colon"));
		return -EINVAL;
	}
	m = mem_alloc(sizeof(*m), NULL);
	if (!m)
		return -ENOMEM;
	ordered_init(&m->accounts);
	ordered_init(&m->sets);
	ordered_init(&m->documents);
	ordered_init(&m->policies);
	ordered_init(&m->system_messages);
	open_deferred(&m->deferred);
	open_history(&m->history);
	ordered_init(&m->conferences);
	ordered_init(&m->mailings);
	*ret = m;
	return 0;
}


static void memory_close(void *connection)
{
	memory_account_clear(connection);
	memory_binding_clear(connection);
	memory_document_clear(connection);
	memory_policy_clear(connection);
	memory_system_message_clear_all(connection);
	memory_deferred_clear(connection);
	memory_history_clear_all(connection);
	memory_conference_clear(connection);
	memory_mailing_clear(connection);
	mem_unref(((struct memory *)connection)->contents);
	mem_unref(connection);
}


static bool memory_content(struct str where, char path[PATH_MAX])
{
	(void)where;
	(void)path;
	return false;
}


static void memory_attach(void *connection, struct content_area *area)
{
	struct memory *m = connection;

	m->contents = mem_ref(area);
}


static int memory_nothing(void *connection)
{
	(void)connection;
	return 0;
}


static void memory_rollback(void *connection)
{
	(void)connection;
}


static bool memory_lost(void *connection)
{
	(void)connection;
	return false;
}


static void memory_explain(void *connection, int error, struct buf *why)
{
	(void)connection;
	if (error == -ENOMEM)
		buf_puts(why, STR("the memory store: out of memory: give the process more"));
	else
		buf_puts(why, STR("the memory store was told to fail"));
}


/* One operation: what a test told to fail fails here, for every noun. */
static int run(struct memory *m, struct store_job *j,
	       int (*op)(struct memory *, struct store_job *))
{
	if (m->fail_n) {
		m->fail_n--;
		return m->fail;
	}
	return op(m, j);
}


#define OPERATION(NAME, name, reads)                                \
	static int op_##name(void *connection, struct store_job *j) \
	{                                                           \
		return run(connection, j, memory_##name);           \
	}
STORE_OPERATIONS(OPERATION)
#undef OPERATION


const struct store_backend store_memory_backend = {
	.name = "memory",
	.open = memory_open,
	.close = memory_close,
	.begin = memory_nothing,
	.commit = memory_nothing,
	.rollback = memory_rollback,
	.lost = memory_lost,
	.explain = memory_explain,
	.content = memory_content,
	.attach = memory_attach,
	.op =
		{
#define OPERATION(NAME, name, reads) [STORE_OP_##NAME] = op_##name,
			STORE_OPERATIONS(OPERATION)
#undef OPERATION
		},
};


void store_memory_fail_next(struct store *s, size_t n, int error)
{
	struct memory *m = store_memory_of(s);

	m->fail_n = n;
	m->fail = error;
}


void store_memory_set_delay(struct store *s, uint32_t ms)
{
	(void)store_memory_of(s);
	store_lanes_set_delay(s, ms);
}


void store_memory_hold(struct store *s, bool held)
{
	(void)store_memory_of(s);
	store_lanes_hold(s, held);
}
