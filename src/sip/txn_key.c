/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of server transactions: RFC 3261 17.2.3. */
#include "sip/txn_key.h"

#include "base/buf.h"


/* Parts are told apart by a NUL, which none of them can hold. */
static void put_part(struct buf *b, struct str part)
{
	buf_puts(b, part);
	buf_putc(b, '\0');
}


static void put_method(struct buf *b, enum sip_method method, struct str name)
{
	buf_putc(b, (char)(method + 1));
	if (method == SIP_METHOD_OTHER)
		put_part(b, name);
}


/* The name tells methods apart that have no number; of the others it would part INVITE from its ACK. */
static struct str extension(enum sip_method method, struct str name)
{
	return method == SIP_METHOD_OTHER ? name : STR_NULL;
}


/* Two chained hashes of all parts in place of their text. */
static void digest(struct txn_key *ret, const struct hash_key *k, const struct str *parts, size_t n)
{
	uint64_t h[4] = {0};

	for (size_t i = 0; i < n; i++) {
		h[2] = hash_bytes(k, parts[i].p, parts[i].n);
		h[3] = i;
		h[0] = hash_bytes(k, h, sizeof(h));
		h[3] = ~h[3];
		h[1] = hash_bytes(k, h, sizeof(h));
	}
	memcpy(ret->bytes, h, 16);
	ret->n = 16;
	ret->to_tag_n = 0;
}


void txn_key_of_branch(struct txn_key *ret, const struct hash_key *k, enum sip_method method,
		       struct str name, struct str sent_by, struct str branch)
{
	char method_byte = (char)(method + 1);
	const struct str parts[] = {{&method_byte, 1}, extension(method, name), sent_by, branch};
	struct buf b;

	buf_fixed(&b, ret->bytes, sizeof(ret->bytes));
	put_method(&b, method, name);
	put_part(&b, sent_by);
	buf_puts(&b, branch);

	ret->rfc2543 = false;
	ret->to_tag_n = 0;
	ret->n = (uint8_t)b.n;
	if (b.failed)
		digest(ret, k, parts, sizeof(parts) / sizeof(parts[0]));
	ret->hash = hash_bytes(k, ret->bytes, ret->n);
}


static void key_of_2543(struct txn_key *ret, const struct hash_key *k, enum sip_method method,
			const struct sip_msg *m)
{
	char method_byte = (char)(method + 1);
	struct str number = {(const char *)&m->cseq.number, sizeof(m->cseq.number)};
	const struct str parts[] = {
		STR("2543"), {&method_byte, 1}, extension(method, m->method_name),
		m->uri,      m->from_tag,       m->call_id,
		number,      m->via.value,
	};
	size_t n = sizeof(parts) / sizeof(parts[0]);

	ret->rfc2543 = true;
	digest(ret, k, parts, n);
	ret->hash = hash_bytes(k, ret->bytes, ret->n);

	if (m->to_tag.n && m->to_tag.n <= sizeof(ret->bytes) - ret->n) {
		memcpy(ret->bytes + ret->n, m->to_tag.p, m->to_tag.n);
		ret->to_tag_n = (uint8_t)m->to_tag.n;
		ret->n = (uint8_t)(ret->n + m->to_tag.n);
	}
}


void txn_key_of_msg(struct txn_key *ret, const struct hash_key *k, enum sip_method method,
		    const struct sip_msg *m)
{
	if (sip_via_is_3261(&m->via))
		txn_key_of_branch(ret, k, method, m->method_name, m->via.sent_by, m->via.branch);
	else
		key_of_2543(ret, k, method, m);
}


bool txn_key_eq(const struct txn_key *key, const char *bytes, uint8_t n, uint8_t to_tag_n,
		bool any_to_tag)
{
	if (any_to_tag && key->rfc2543) {
		uint8_t a = (uint8_t)(key->n - key->to_tag_n), b = (uint8_t)(n - to_tag_n);

		return a == b && memcmp(key->bytes, bytes, a) == 0;
	}
	return key->n == n && memcmp(key->bytes, bytes, n) == 0;
}
