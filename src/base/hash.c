/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3 and hash tables that grow a little at each insertion. */
#include "base/hash.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sys/random.h>

#include "base/mem.h"

/** Buckets of the smallest table. */
#define HASH_FIRST 16
/** Old buckets emptied by one insertion. With one the growth would end just in time. */
#define HASH_MOVE_STEP 4

/** A walk's cursor: the bucket, and below it the place in its chain. */
#define HASH_PLACE_BITS 24
#define HASH_PLACE_MAX (((size_t)1 << HASH_PLACE_BITS) - 1)

_Static_assert(sizeof(size_t) == 8, "a cursor holds a bucket and a place in its chain");


/* ---- SipHash-1-3 (Aumasson, Bernstein: one round for each word, three at the end) ---- */

struct sip_state {
	uint64_t a, b, c, d;
};


static inline uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}


static inline void sip_round(struct sip_state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}


static inline void sip_word(struct sip_state *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}


static inline uint64_t load64(const unsigned char *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return le64toh(w);
}


static inline uint64_t load32(const unsigned char *p)
{
	uint32_t w;

	memcpy(&w, p, 4);
	return le32toh(w);
}


/** The last 0…7 bytes as a little-endian number, without a loop and without reading past them. */
static inline uint64_t load_tail(const unsigned char *p, size_t n)
{
	if (n >= 4)
		return load32(p) | load32(p + n - 4) << 8 * (n - 4);
	if (n == 0)
		return 0;
	return p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
}


/** Each of the eight bytes that is an upper-case ASCII letter to lower case. */
static inline uint64_t fold64(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t low = w & 0x7f * ones;
	uint64_t from_a = low + (0x80 - 'A') * ones;
	uint64_t beyond_z = low + (0x7f - 'Z') * ones;
	uint64_t upper = (from_a ^ beyond_z) & ~w & 0x80 * ones;

	return w | upper >> 2;
}


static inline __attribute__((always_inline)) uint64_t sip_hash(const struct hash_key *key,
							       const unsigned char *p, size_t n,
							       bool fold)
{
	struct sip_state s = {
		key->k0 ^ 0x736f6d6570736575u,
		key->k1 ^ 0x646f72616e646f6du,
		key->k0 ^ 0x6c7967656e657261u,
		key->k1 ^ 0x7465646279746573u,
	};
	uint64_t last = (uint64_t)n << 56;
	uint64_t word;

	for (; n >= 8; p += 8, n -= 8) {
		word = load64(p);
		sip_word(&s, fold ? fold64(word) : word);
	}
	word = load_tail(p, n);
	sip_word(&s, last | (fold ? fold64(word) : word));

	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}


void hash_key_init(struct hash_key *key)
{
	int failed = getentropy(key, sizeof(*key));

	/* The kernel refuses only sizes above 256 bytes. */
	assert(!failed);
	(void)failed;
}


uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n)
{
	return sip_hash(key, p, n, false);
}


uint64_t hash_nocase(const struct hash_key *key, struct str s)
{
	return sip_hash(key, (const unsigned char *)s.p, s.n, true);
}


/* ---- Tables ----
 *
 * While a table grows, an old bucket below `moved` is empty and its links are in the new table; one
 * at or above `moved` has all its links still. So any hash has exactly one chain to look in.
 */

static inline struct hash_link **chain_of(const struct hash_table *t, uint64_t hash)
{
	if (__builtin_expect(t->old != NULL, 0) && (hash & t->old_mask) >= t->moved)
		return &t->old[hash & t->old_mask];
	return &t->buckets[hash & t->mask];
}


static void move_bucket(struct hash_table *t, struct hash_link **from)
{
	struct hash_link *l = *from;

	*from = NULL;
	while (l) {
		struct hash_link *next = l->next;
		struct hash_link **to = &t->buckets[l->hash & t->mask];

		l->next = *to;
		*to = l;
		l = next;
	}
}


static void move_some(struct hash_table *t)
{
	for (int i = 0; i < HASH_MOVE_STEP && t->moved <= t->old_mask; i++)
		move_bucket(t, &t->old[t->moved++]);
	if (t->moved > t->old_mask) {
		mem_unref(t->old);
		t->old = NULL;
		t->old_mask = t->moved = 0;
	}
}


/** Starts growing. Zeroed memory of this size comes lazily from the kernel: nothing is touched. */
static void grow(struct hash_table *t)
{
	size_t size = (t->mask + 1) * 2;
	struct hash_link **buckets = mem_alloc(size * sizeof(*buckets), NULL);

	if (!buckets)
		return;
	mem_advise_huge(buckets, size * sizeof(*buckets));
	t->old = t->buckets;
	t->old_mask = t->mask;
	t->moved = 0;
	t->buckets = buckets;
	t->mask = size - 1;
}


int hash_init(struct hash_table *t, size_t expected)
{
	struct hash_link **buckets;
	size_t size = HASH_FIRST;

	while (size < expected && size <= SIZE_MAX / 4 / sizeof(*buckets))
		size *= 2;
	buckets = mem_alloc(size * sizeof(*buckets), NULL);
	if (!buckets)
		return -ENOMEM;

	*t = (struct hash_table){.buckets = buckets, .mask = size - 1};
	hash_key_init(&t->key);
	return 0;
}


void hash_done(struct hash_table *t)
{
	mem_unref(t->buckets);
	mem_unref(t->old);
	*t = (struct hash_table){0};
}


void hash_set_sparse(struct hash_table *t)
{
	t->sparse = true;
}


void hash_insert(struct hash_table *t, struct hash_link *l, uint64_t hash)
{
	struct hash_link **chain;

	if (t->old)
		move_some(t);
	else if ((t->count << t->sparse) > t->mask)
		grow(t);

	chain = chain_of(t, hash);
	l->hash = hash;
	l->next = *chain;
	*chain = l;
	t->count++;
}


void hash_remove(struct hash_table *t, struct hash_link *l)
{
	struct hash_link **at;

	if (!t->buckets)
		return;
	for (at = chain_of(t, l->hash); *at; at = &(*at)->next) {
		if (*at != l)
			continue;
		*at = l->next;
		*l = (struct hash_link){0};
		t->count--;
		return;
	}
}


static inline struct hash_link *match(struct hash_link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = l->next;
	return l;
}


struct hash_link *hash_first(const struct hash_table *t, uint64_t hash)
{
	return t->buckets ? match(*chain_of(t, hash), hash) : NULL;
}


struct hash_link *hash_next(const struct hash_link *l)
{
	return match(l->next, l->hash);
}


/** All buckets in one row: the old ones (while growing), then the new. */
static struct hash_link *walk_bucket(const struct hash_table *t, size_t i)
{
	size_t olds = t->old ? t->old_mask + 1 : 0;

	return i < olds ? t->old[i] : t->buckets[i - olds];
}


struct hash_link *hash_walk(struct hash_table *t, size_t *cursor, struct hash_link *after)
{
	size_t total = !t->buckets ? 0 : t->mask + 1 + (t->old ? t->old_mask + 1 : 0);
	size_t bucket = *cursor >> HASH_PLACE_BITS;
	size_t place = *cursor & HASH_PLACE_MAX;

	for (; bucket < total; bucket++, place = 0, after = NULL) {
		struct hash_link *l = walk_bucket(t, bucket);

		for (size_t i = 0; i < place && l; i++)
			l = l->next;
		/* Still in its place: go on behind it. Otherwise its successor has moved up. */
		if (l && l == after) {
			l = l->next;
			place += place < HASH_PLACE_MAX;
		}
		if (l) {
			*cursor = bucket << HASH_PLACE_BITS | place;
			return l;
		}
	}
	*cursor = bucket << HASH_PLACE_BITS;
	return NULL;
}
