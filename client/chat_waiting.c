/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a conversation that wait for the other side's description, and what it takes. */
#include "client/chat_state.h"

#include <errno.h>

#include "base/mem.h"

struct waiting {
	struct list_link link;
	uint32_t number;
	char *to, *text, *message_id; /* to NULL: to all */
};


static void waiting_destroy(void *object)
{
	struct waiting *w = object;

	mem_unref(w->to);
	mem_unref(w->text);
	mem_unref(w->message_id);
}


int chat_waiting_put(struct chat *c, const char *to, const char *text, uint32_t number)
{
	struct waiting *w = mem_alloc(sizeof(*w), waiting_destroy);

	if (!w)
		return -ENOMEM;
	w->to = to ? str_dup(str_of(to)) : NULL;
	w->text = str_dup(str_of(text));
	w->message_id = str_dup(str_of(c->message_id));
	if ((to && !w->to) || !w->text || !w->message_id) {
		mem_unref(w);
		return -ENOMEM;
	}
	w->number = number;
	list_append(&c->said.waiting, &w->link);
	return 0;
}


static void fail_waiting(struct chat *c, const struct waiting *w, unsigned status)
{
	c->waiting--;
	if (chat_handler(c)->sent)
		chat_handler(c)->sent(c->s, w->number, status, c->s->arg);
}


void chat_waiting_send(struct chat *c)
{
	for (struct list_link *k; (k = list_first(&c->said.waiting));) {
		struct waiting *w = container_of(k, struct waiting, link);
		int err;

		list_remove(&c->said.waiting, k);
		err = chat_put_text(c, w->to, w->text, w->message_id, w->number);
		if (err)
			fail_waiting(c, w, err == -EMSGSIZE ? 413 : err == -EMEDIUMTYPE ? 415 : 0);
		mem_unref(w);
		if (c->s->state == SESSION_OVER)
			return;
	}
}


void chat_waiting_drop(struct chat *c, bool tell)
{
	for (struct list_link *k; (k = list_first(&c->said.waiting));) {
		struct waiting *w = container_of(k, struct waiting, link);

		list_remove(&c->said.waiting, k);
		if (tell)
			fail_waiting(c, w, 0);
		mem_unref(w);
	}
}
