/* SPDX-License-Identifier: Apache-2.0 */
/* Mailings in memory, and how much each sender has there. */
#include "base/mem.h"
#include "im/controlling/mailer_state.h"

/** Memory of one mailing: its record, and the most recipients with long addresses. */
#define MAIL_MEMORY_MAX (8u << 20)


static void sender_destroy(void *object)
{
	struct mail_sender *s = object;

	hash_remove(&s->m->senders, &s->by_who);
}


static struct mail_sender *sender_find(const struct mailer *m, struct str who)
{
	uint64_t hash = hash_bytes(&m->senders.key, who.p, who.n);

	for (struct hash_link *k = hash_first(&m->senders, hash); k; k = hash_next(k)) {
		struct mail_sender *s = container_of(k, struct mail_sender, by_who);

		if (str_eq((struct str){s->who, s->who_n}, who))
			return s;
	}
	return NULL;
}


/* A reference; NULL: out of memory. */
static struct mail_sender *sender_of(struct mailer *m, struct str who)
{
	struct mail_sender *s = sender_find(m, who);

	if (s)
		return mem_ref(s);
	s = mem_alloc(sizeof(*s) + who.n, sender_destroy);
	if (!s)
		return NULL;
	s->m = m;
	s->who_n = who.n;
	if (who.n)
		memcpy(s->who, who.p, who.n);
	hash_insert(&m->senders, &s->by_who, hash_bytes(&m->senders.key, who.p, who.n));
	return s;
}


static uint64_t on_disk(const struct store_mailing *what)
{
	return what->file.n ? what->size : 0;
}


bool mail_over_quota(const struct mailer *m, const struct store_mailing *what)
{
	const struct mail_sender *s = sender_find(m, what->sender);

	return s &&
	       (s->waiting + what->recipients_n > MAILER_SENDER_WAITING_MAX ||
		s->bytes + what->body.n > MAILER_SENDER_BYTES_MAX ||
		(s->files && on_disk(what) && s->files + on_disk(what) > MAILER_SENDER_FILES_MAX));
}


static void count_in(struct mail *l)
{
	l->m->bytes += l->arena.used;
	l->sender->bytes += l->arena.used;
	l->sender->files += on_disk(&l->record);
	l->sender->waiting += l->record.recipients_n;
	l->counted = true;
}


static void mail_destroy(void *object)
{
	struct mail *l = object;

	if (l->watch)
		l->watch->watched = NULL;
	if (l->counted) {
		l->m->bytes -= l->arena.used;
		l->sender->bytes -= l->arena.used;
		l->sender->files -= on_disk(&l->record);
		l->sender->waiting -= l->record.recipients_n;
	}
	mem_unref(l->sender);
	arena_done(&l->arena);
}


static bool copy_texts(struct mail *l, struct store_mailing_recipient *to)
{
	struct store_mailing *r = &l->record;
	struct str *text[] = {&r->sender,  &r->group, &r->call_id, &r->message_id, &r->from,
			      &r->headers, &r->type,  &r->body,    &r->file};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		*text[i] = arena_str(&l->arena, *text[i]);
		if (!text[i]->p)
			return false;
	}
	for (size_t i = 0; i < r->recipients_n; i++) {
		const struct store_mailing_recipient *from = &r->recipient[i];

		to[i].position = from->position;
		to[i].uri = arena_str(&l->arena, from->uri);
		to[i].who = arena_str(&l->arena, from->who);
		to[i].headers = arena_str(&l->arena, from->headers);
		if (!to[i].uri.p || !to[i].who.p || !to[i].headers.p)
			return false;
	}
	r->recipient = to;
	return true;
}


struct mail *mail_alloc(struct mailer *m, const struct store_mailing *what)
{
	struct mail *l = mem_alloc(sizeof(*l), mail_destroy);
	struct store_mailing_recipient *to;

	if (!l)
		return NULL;
	l->m = m;
	l->arena = (struct arena)ARENA_INIT(MAIL_MEMORY_MAX);
	l->record = *what;
	l->sender = sender_of(m, what->sender);
	to = arena_alloc(&l->arena, what->recipients_n * sizeof(*to));
	if (!l->sender || !to || !copy_texts(l, to)) {
		mem_unref(l);
		return NULL;
	}
	count_in(l);
	return l;
}
