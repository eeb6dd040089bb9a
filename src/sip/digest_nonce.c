/* SPDX-License-Identifier: Apache-2.0 */
/* The nonces of Digest, and the counts used of each. */
#include "sip/digest_nonce.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/digest.h"

#define KEY_N 32
#define MAC_N 16
#define TIME_DIGITS 12
#define NUMBER_DIGITS 12
/* Counts below the highest that are still told apart: messages overtake each other. */
#define WINDOW 64

enum { C_FOREIGN, C_EXPIRED, C_REPLAYED, C_FORGOTTEN, G_USED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_FOREIGN] = COUNTER("sip.digest.nonce_foreign", "credentials whose nonce is not ours"),
	[C_EXPIRED] = COUNTER("sip.digest.nonce_expired", "credentials whose nonce is too old"),
	[C_REPLAYED] = COUNTER("sip.digest.nonce_replayed",
			       "credentials whose count was used before"),
	[C_FORGOTTEN] = COUNTER("sip.digest.nonce_forgotten",
				"nonces forgotten because too many are in use"),
	[G_USED] = GAUGE("sip.digest.nonces", "nonces in use"),
};

struct use {
	struct hash_link hash;
	struct list_link link;
	uint64_t number;
	uint64_t made_ms;
	uint64_t seen; /* bit i: count top - i */
	uint32_t top;
};


static int mac_init(struct digest_nonces *d)
{
	uint8_t key[KEY_N];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	int done;

	d->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	d->ctx = d->mac ? EVP_MAC_CTX_new(d->mac) : NULL;
	if (!d->ctx)
		return -ENOMEM;
	loop_random(d->loop, key, sizeof(key));
	done = EVP_MAC_init(d->ctx, key, sizeof(key), params);
	OPENSSL_cleanse(key, sizeof(key));
	return done == 1 ? 0 : -ENOMEM;
}


int digest_nonces_init(struct digest_nonces *d, struct loop *loop)
{
	int err;

	memset(d, 0, sizeof(*d));
	counter_register(counters, C_COUNT);
	list_init(&d->used);
	d->loop = loop;
	err = hash_init(&d->table, 64);
	if (!err)
		err = mac_init(d);
	if (err)
		digest_nonces_done(d);
	return err;
}


static void drop(struct digest_nonces *d, struct use *u)
{
	hash_remove(&d->table, &u->hash);
	list_remove(&d->used, &u->link);
	mem_free(u);
	counter_add(&counters[G_USED], -1);
}


void digest_nonces_done(struct digest_nonces *d)
{
	for (struct list_link *k; (k = list_first(&d->used));)
		drop(d, container_of(k, struct use, link));
	hash_done(&d->table);
	EVP_MAC_CTX_free(d->ctx);
	EVP_MAC_free(d->mac);
	memset(d, 0, sizeof(*d));
}


/* The MAC of the digits that stand before it. */
static bool sign(struct digest_nonces *d, const char *p, struct buf *out)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	size_t n;

	if (EVP_MAC_init(d->ctx, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(d->ctx, (const uint8_t *)p, TIME_DIGITS + NUMBER_DIGITS) != 1 ||
	    EVP_MAC_final(d->ctx, sum, &n, sizeof(sum)) != 1 || n < MAC_N)
		return false;
	for (size_t i = 0; i < MAC_N; i++)
		buf_puthex(out, sum[i], 2);
	return true;
}


void digest_nonce_put(struct digest_nonces *d, struct buf *out)
{
	char text[DIGEST_NONCE_N];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	buf_puthex(&b, loop_now_ms(d->loop), TIME_DIGITS);
	buf_puthex(&b, ++d->number, NUMBER_DIGITS);
	if (sign(d, text, &b))
		buf_puts(out, buf_str(&b));
	else
		out->failed = true;
}


static bool ours(struct digest_nonces *d, struct str nonce, uint64_t *made_ms, uint64_t *number)
{
	char mac[2 * MAC_N];
	struct buf b;

	if (nonce.n != DIGEST_NONCE_N)
		return false;
	buf_fixed(&b, mac, sizeof(mac));
	if (!sign(d, nonce.p, &b) ||
	    CRYPTO_memcmp(mac, nonce.p + TIME_DIGITS + NUMBER_DIGITS, sizeof(mac)) != 0)
		return false;
	return str_hex_u64(str_upto(nonce, TIME_DIGITS), made_ms) &&
	       str_hex_u64(str_upto(str_from(nonce, TIME_DIGITS), NUMBER_DIGITS), number);
}


static uint64_t key_of(const struct digest_nonces *d, uint64_t number)
{
	return hash_bytes(&d->table.key, &number, sizeof(number));
}


static struct use *find(const struct digest_nonces *d, uint64_t number)
{
	for (struct hash_link *l = hash_first(&d->table, key_of(d, number)); l; l = hash_next(l)) {
		struct use *u = container_of(l, struct use, hash);

		if (u->number == number)
			return u;
	}
	return NULL;
}


static bool expired(const struct digest_nonces *d, uint64_t made_ms)
{
	return loop_now_ms(d->loop) - made_ms >= DIGEST_NONCE_MS;
}


static void make_room(struct digest_nonces *d)
{
	for (struct list_link *k; (k = list_first(&d->used));) {
		struct use *u = container_of(k, struct use, link);

		if (!expired(d, u->made_ms)) {
			if (d->used.count < DIGEST_NONCES_MAX)
				return;
			if (u->number > d->forgotten)
				d->forgotten = u->number;
			counter_add(&counters[C_FORGOTTEN], 1);
		}
		drop(d, u);
	}
}


static void mark(struct use *u, uint32_t count)
{
	if (!count) {
		u->top = UINT32_MAX;
		u->seen = UINT64_MAX;
		return;
	}
	u->top = count;
	u->seen = 1;
}


static bool first_use(struct digest_nonces *d, uint64_t made_ms, uint64_t number, uint32_t count)
{
	struct use *u;

	if (number <= d->forgotten)
		return false;
	make_room(d);
	u = mem_raw(sizeof(*u));
	if (!u)
		return false;
	memset(u, 0, sizeof(*u));
	u->number = number;
	u->made_ms = made_ms;
	mark(u, count);
	hash_insert(&d->table, &u->hash, key_of(d, number));
	list_append(&d->used, &u->link);
	counter_add(&counters[G_USED], 1);
	return true;
}


static bool next_use(struct use *u, uint32_t count)
{
	uint32_t back;

	if (!count)
		return false;
	if (count > u->top) {
		uint32_t by = count - u->top;

		u->seen = by < WINDOW ? u->seen << by | 1 : 1;
		u->top = count;
		return true;
	}
	back = u->top - count;
	if (back >= WINDOW || u->seen >> back & 1)
		return false;
	u->seen |= UINT64_C(1) << back;
	return true;
}


bool digest_nonce_use(struct digest_nonces *d, struct str nonce, uint32_t count)
{
	uint64_t made_ms, number;
	struct use *u;
	bool good;

	if (!ours(d, nonce, &made_ms, &number)) {
		counter_add(&counters[C_FOREIGN], 1);
		return false;
	}
	if (expired(d, made_ms)) {
		counter_add(&counters[C_EXPIRED], 1);
		return false;
	}
	u = find(d, number);
	good = u ? next_use(u, count) : first_use(d, made_ms, number, count);
	if (!good)
		counter_add(&counters[C_REPLAYED], 1);
	return good;
}
