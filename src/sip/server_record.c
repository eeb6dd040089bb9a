/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of an answered transaction over UDP until Timer J: its key and its response. */
#include "sip/txn.h"


static void on_timer_j(struct timer *t, void *arg)
{
	(void)t;
	server_record_end(arg);
}


struct server_record *server_record_alloc(const struct sip_server_txn *st, size_t response_n)
{
	size_t size = sizeof(struct server_record) + response_n + st->e.key_n;
	struct server_record *r = slab_take(st->slab, size);

	if (!r)
		return NULL;

	r->e.link = (struct hash_link){0};
	r->e.timer = (struct timer){0};
	r->e.sip = NULL;
	r->e.key = r->bytes;
	r->e.key_n = st->e.key_n;
	r->e.to_tag_n = st->e.to_tag_n;
	r->e.record = true;
	r->hop = st->hop;
	r->response_n = 0;
	r->size = (uint32_t)size;
	memcpy(r->bytes, st->e.key, st->e.key_n);
	return r;
}


void server_record_drop(struct server_record *r, struct slab *slab)
{
	slab_give(slab, r, r->size);
}


void server_record_replace(struct server_record *r, struct sip_server_txn *st)
{
	struct sip *s = st->e.sip;
	uint64_t hash = st->e.link.hash;

	server_end(st);
	r->e.sip = s;
	hash_insert(&s->servers, &r->e.link, hash);
	sip_lingering_add(s, 1);
	timer_start(&r->e.timer, s->timers, s->t.linger_ms, on_timer_j, r);
}


void server_record_resend(struct server_record *r, struct sip *s)
{
	server_send(s, &r->hop, (struct str){server_record_response(r), r->response_n});
}


void server_record_end(struct server_record *r)
{
	timer_cancel(&r->e.timer);
	hash_remove(&r->e.sip->servers, &r->e.link);
	sip_lingering_add(r->e.sip, -1);
	server_record_drop(r, r->e.sip->slab);
}
