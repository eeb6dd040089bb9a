/* SPDX-License-Identifier: Apache-2.0 */
/* The array of client transactions, and the branches that lead into it. */
#include "sip/txn.h"

#include <errno.h>

#include "base/mem.h"

#define SLOTS_FIRST 256
#define SLOT_DIGITS 8
#define TOKEN_DIGITS 16
#define COOKIE_N (sizeof(SIP_BRANCH_COOKIE) - 1)


static int grow(struct sip *s)
{
	uint32_t n = s->slots_n ? 2 * s->slots_n : SLOTS_FIRST;
	union client_slot *slots;

	if (s->slots_n >= SIP_TXNS_MAX)
		return -ENOBUFS;
	slots = mem_resize(s->slots, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;

	for (uint32_t i = n; i-- > s->slots_n;) {
		slots[i].next_free = (uintptr_t)s->slot_free << 1 | 1;
		s->slot_free = i;
	}
	s->slots = slots;
	s->slots_n = n;
	return 0;
}


int client_slot_take(struct sip *s, struct sip_client_txn *ct)
{
	uint32_t slot;

	if (s->slot_free == TXN_SLOT_NONE) {
		int err = grow(s);

		if (err)
			return err;
	}
	slot = s->slot_free;
	s->slot_free = (uint32_t)(s->slots[slot].next_free >> 1);
	s->slots[slot].ct = ct;
	ct->slot = slot;
	counter_add(&sip_g_clients, 1);
	return 0;
}


void client_slot_drop(struct sip *s, uint32_t slot)
{
	if (slot == TXN_SLOT_NONE)
		return;
	s->slots[slot].next_free = (uintptr_t)s->slot_free << 1 | 1;
	s->slot_free = slot;
	counter_add(&sip_g_clients, -1);
}


uint64_t client_token(struct sip *s)
{
	s->tokens++;
	return hash_bytes(&s->key, &s->tokens, sizeof(s->tokens));
}


void client_branch_put(struct buf *b, uint32_t slot, uint64_t token, uint64_t loop)
{
	buf_puts(b, STR(SIP_BRANCH_COOKIE));
	buf_puthex(b, slot, SLOT_DIGITS);
	buf_puthex(b, token, TOKEN_DIGITS);
	if (loop)
		buf_puthex(b, loop, 16);
}


/* RFC 3261 17.1.3: a response belongs to the transaction whose branch it bears; the token says that it
 * is that one, and not one that had the slot before. */
struct sip_client_txn *client_find(struct sip *s, struct str branch)
{
	uint64_t slot, token;
	struct sip_client_txn *ct;

	if (branch.n < COOKIE_N + SLOT_DIGITS + TOKEN_DIGITS ||
	    !str_hex_u64((struct str){branch.p + COOKIE_N, SLOT_DIGITS}, &slot) ||
	    !str_hex_u64((struct str){branch.p + COOKIE_N + SLOT_DIGITS, TOKEN_DIGITS}, &token))
		return NULL;
	if (slot >= s->slots_n || (s->slots[slot].next_free & 1))
		return NULL;

	ct = s->slots[slot].ct;
	return ct->token == token ? ct : NULL;
}
