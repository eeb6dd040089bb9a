/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-1-3 and the tables that grow. */
#include "base/hash.h"

#include <string.h>

#include "lib/unit.h"

#define ENTRIES 5000

struct entry {
	struct hash_link link;
	unsigned number;
	bool in, seen;
};

static const char text[] = "z9hG4bK-Abcdefghijklmnopqrstuvwxyz0123456789";

/** Computed by another implementation (CPython 3.11, bytes): the beginnings of `text`. */
static const uint64_t zero_key[] = {
	0xdf995fae86a55f06u, 0xba51450f2fd6034au, 0x8d675742f9f0e00au, 0x5d13a58901448e69u,
	0x4b6b57cfef1a9748u, 0xc479d5157b90377fu, 0x5c93b537cf47fbd9u, 0x6624d255467d368fu,
	0xcc7513a1cd238beau, 0x8131b565e6915f80u, 0xa76ff7188113035fu, 0x6e63ce39f981b8efu,
	0xcc4be7ff13ab99fdu, 0x843812fcb8f16497u, 0x619895350a106d05u, 0x1ba03932837880c5u,
	0xb5e976f09d784c23u, 0x1cca6519229d01dfu, 0x3ce0eec4bfb2ca2du, 0x93358f075536f904u,
	0xf89a0321c6121197u, 0x4c60b68e12b5e962u, 0x54d6da92a711d802u, 0xb69c62d9332d03dau,
	0xb8c1f3d9855ad7c0u, 0x548a65731d3b64f5u, 0xae85f39f14dbebd4u, 0x6654b97f7b1ef049u,
	0xee4802d7d2bb2f3fu, 0xc0cb38ad265d18d1u, 0x59d3a4b6b8eca240u, 0x35720b8c9cbdcdffu,
	0xe4050865d6f0931du, 0x8e88ca150470f065u, 0xd6b79930551322c7u, 0xb3bb8adf2aca6347u,
	0xcb1862f61c206d47u, 0x4bc5138e34ac1587u, 0x408f3b852e4cae14u, 0xa9ae5cd3dbf69131u,
	0x7b38eafcf07533b3u, 0xbff8b89d20e21914u, 0x200d1fb700662cc9u, 0x482602e811a2c49bu,
};
static const struct hash_key other = {0x12c874a1806f0e3d, 0x470a89d2f9d2784f};
static const uint64_t other_key[] = {
	0xff47d773f4e14a8fu, 0xdb84af812fab38cdu, 0x6f4c474f8193a1fbu, 0x26837eccdf0ec16au,
	0xd59426cde27f605fu, 0xb8a831a31c645223u, 0x318695b7dd90de31u, 0x6c60ad875c17dab0u,
	0x9846f322a5a7a9beu, 0xc120b63fc111304eu, 0xef1433c865156625u, 0xa120f16b9c2e8f95u,
	0x2d57b64f02224324u, 0x85f98941881fa3b2u, 0x95f6535c81916fd5u, 0x1a50ebcc6f396915u,
	0xa6f7d72b54f5f66au, 0x8f07b762b2d225c6u, 0x36db1c65bd210566u, 0xf3f251bad462d748u,
	0x877ac8b389a9df51u, 0x395a0fd9dcaf2cb4u, 0x85089a584a5d5c7cu, 0x5abceed8ebac2f2eu,
	0xf1311ae516d2ad93u, 0x5ec9b98150e81faeu, 0x6f1d4f0d1325b530u, 0x54c9394de190fcf2u,
	0x6b7a30989b26c46cu, 0xcae423779fa2d159u, 0xb0842f0021ce613cu, 0x825679f6aedef112u,
	0x19120bf6e908f2a4u, 0xcba5814edb373852u, 0xfa01199ae9dc3d00u, 0x24461e38770f0773u,
	0x664040e9ba92e5eau, 0x31d9c1745f1ebd27u, 0x8a6b7e1533a67baau, 0xa8dc3f10e8f5b0b1u,
	0xc50b05b070286ec5u, 0xcadc7dda5cfbb422u, 0x01d13a00b00659cau, 0xe75b1ca775c650f5u,
};


static void test_known_values(void)
{
	static const struct hash_key zero;

	for (size_t n = 1; n < sizeof(text); n++) {
		/* A copy of just this size, so that reading past it is found. */
		char *copy = unit_storage(n);

		unit_case("%zu bytes", n);
		memcpy(copy, text, n);
		assert_true(hash_bytes(&zero, copy, n) == zero_key[n - 1]);
		assert_true(hash_bytes(&other, copy, n) == other_key[n - 1]);
	}
	assert_true(hash_bytes(&zero, NULL, 0) == hash_bytes(&zero, "", 0));
}


static void test_nocase(void)
{
	for (size_t n = 0; n <= 24; n++) {
		for (unsigned c = 0; c < 256; c++) {
			char mixed[24], lower[24];

			for (size_t i = 0; i < n; i++) {
				unsigned char x = (unsigned char)(c + i * 37);

				mixed[i] = (char)x;
				lower[i] = (char)(x >= 'A' && x <= 'Z' ? x + 32 : x);
			}
			assert_true(hash_nocase(&other, (struct str){mixed, n}) ==
				    hash_bytes(&other, lower, n));
		}
	}
	assert_true(hash_nocase(&other, STR("Example.COM")) ==
		    hash_nocase(&other, STR("example.com")));
	assert_false(hash_nocase(&other, STR("@")) == hash_nocase(&other, STR("`")));
	assert_true(hash_nocase(&other, STR_NULL) == hash_nocase(&other, STR("")));
}


static void test_random_keys(void)
{
	struct hash_key a, b;

	hash_key_init(&a);
	hash_key_init(&b);
	assert_false(a.k0 == b.k0 && a.k1 == b.k1);
}


static void done_table(void *arg)
{
	hash_done(arg);
}


static struct hash_table *table(size_t expected)
{
	struct hash_table *t = unit_storage(sizeof(*t));

	unit_ok(hash_init(t, expected));
	unit_defer(done_table, t);
	return t;
}


static uint64_t hash_of(const struct hash_table *t, unsigned number)
{
	return hash_bytes(&t->key, &number, sizeof(number));
}


static struct entry *find(const struct hash_table *t, unsigned number)
{
	for (struct hash_link *l = hash_first(t, hash_of(t, number)); l; l = hash_next(l)) {
		struct entry *e = container_of(l, struct entry, link);

		if (e->number == number)
			return e;
	}
	return NULL;
}


static void insert(struct hash_table *t, struct entry *e, unsigned number)
{
	e->number = number;
	hash_insert(t, &e->link, hash_of(t, number));
	e->in = true;
}


/** Every entry is found at every size, also in the midst of growing and without memory to grow. */
static void test_growth(void)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(ENTRIES * sizeof(*e));

	for (unsigned i = 0; i < ENTRIES; i++) {
		insert(t, &e[i], i);
		assert_int_equal(t->count, i + 1);
		assert_ptr_equal(find(t, i), &e[i]);
		assert_ptr_equal(find(t, i / 2), &e[i / 2]);
		assert_ptr_equal(find(t, i / 7), &e[i / 7]);
		assert_null(find(t, i + 1));
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(t, i), &e[i]);
	unit_must(t->mask + 1 >= ENTRIES / 2);
}


static void test_no_memory_to_grow(void)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(ENTRIES * sizeof(*e));

	mem_fail_after(0);
	for (unsigned i = 0; i < 1000; i++)
		insert(t, &e[i], i);
	assert_int_equal(t->mask, 15);
	assert_true(mem_failed() > 0);
	mem_fail_after(SIZE_MAX);
	for (unsigned i = 1000; i < ENTRIES; i++)
		insert(t, &e[i], i);
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(t, i), &e[i]);
	assert_true(t->mask + 1 >= ENTRIES / 2);
}


/** No insertion moves more than a few buckets, and growing is over before it is due again. */
static void test_growth_is_gradual(void)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(ENTRIES * sizeof(*e));
	size_t moved = 0;

	for (unsigned i = 0; i < ENTRIES; i++) {
		insert(t, &e[i], i);
		assert_true(!t->old || t->moved - moved <= 4);
		moved = t->old ? t->moved : 0;
	}
}


static void test_remove(void)
{
	struct hash_table *t = table(100);
	struct entry *e = unit_storage(ENTRIES * sizeof(*e));
	struct hash_link none = {0};
	uint64_t x = 88172645463325252u;

	hash_remove(t, &none);
	for (unsigned step = 0; step < 40000; step++) {
		unsigned i;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		i = (unsigned)(x % (step < 20000 ? ENTRIES : 300));
		if (e[i].in) {
			hash_remove(t, &e[i].link);
			e[i].in = false;
			assert_null(e[i].link.next);
			assert_null(find(t, i));
		} else {
			insert(t, &e[i], i);
		}
		hash_remove(t, &none);
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(t, i), e[i].in ? &e[i] : NULL);
	for (unsigned i = 0; i < ENTRIES; i++)
		hash_remove(t, &e[i].link);
	assert_int_equal(t->count, 0);
}


/** Several objects under one hash, as a forked call has one Call-ID. */
static void test_same_hash(void)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(10 * sizeof(*e));
	unsigned n = 0, seen = 0;

	for (unsigned i = 0; i < 10; i++) {
		e[i].number = i;
		hash_insert(t, &e[i].link, 42 + 16 * (i & 1));
	}
	for (struct hash_link *l = hash_first(t, 42); l; l = hash_next(l), n++)
		seen |= 1u << container_of(l, struct entry, link)->number;
	assert_int_equal(n, 5);
	assert_int_equal(seen, 0x155);
	assert_null(hash_first(t, 42 + 32));
}


/** All are visited exactly once, whatever is removed on the way, at any stage of growing. */
static void walk(unsigned entries, unsigned remove_every)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(entries * sizeof(*e) + 1);
	struct hash_link *l = NULL;
	size_t cursor = 0;
	unsigned n = 0, removed = 0;

	unit_case("%u entries, every %u removed", entries, remove_every);
	for (unsigned i = 0; i < entries; i++)
		insert(t, &e[i], i);
	while ((l = hash_walk(t, &cursor, l)) != NULL) {
		struct entry *at = container_of(l, struct entry, link);

		assert_false(at->seen);
		at->seen = true;
		if (remove_every && n++ % remove_every == 0) {
			hash_remove(t, l);
			memset(l, 0xaa, sizeof(*l));
			removed++;
		}
	}
	for (unsigned i = 0; i < entries; i++)
		assert_true(e[i].seen);
	assert_int_equal(t->count, entries - removed);
	assert_null(hash_walk(t, &cursor, NULL));
}


static void test_walk(void)
{
	static const unsigned sizes[] = {0, 1, 2, 16, 17, 18, 19, 20, 33, 100, 129, 140, 1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned every = 0; every < 4; every++)
			walk(sizes[i], every);
}


/** One long chain. */
static void test_walk_crowded(void)
{
	struct hash_table *t = table(0);
	struct entry *e = unit_storage(50 * sizeof(*e));
	struct hash_link *l = NULL;
	size_t cursor = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < 50; i++)
		hash_insert(t, &e[i].link, 5);
	while ((l = hash_walk(t, &cursor, l)) != NULL)
		if (n++ % 3)
			hash_remove(t, l);
	assert_int_equal(n, 50);
	assert_int_equal(t->count, 17);
}


static void test_done(void)
{
	struct hash_table *t = table(0);
	struct entry e = {0};
	size_t cursor = 0;

	hash_done(t);
	assert_null(hash_first(t, 0));
	assert_null(hash_walk(t, &cursor, NULL));
	hash_remove(t, &e.link);
	hash_done(t);
}


UNIT_MAIN(UNIT_TEST(test_known_values), UNIT_TEST(test_nocase), UNIT_TEST(test_random_keys),
	  UNIT_TEST(test_growth), UNIT_TEST_PLAIN(test_no_memory_to_grow),
	  UNIT_TEST(test_growth_is_gradual), UNIT_TEST(test_remove), UNIT_TEST(test_same_hash),
	  UNIT_TEST(test_walk), UNIT_TEST(test_walk_crowded), UNIT_TEST(test_done))
