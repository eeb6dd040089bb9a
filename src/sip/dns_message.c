/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: names with compression, and the four record types that SIP asks for. */
#include "sip/dns_message.h"

#include <errno.h>
#include <string.h>

#define HEADER_N 12
/* RFC 1035 2.3.4, as text. */
#define DNS_NAME_MAX_N 254
/* Each pointer leads backwards, so they end; but 255 bytes of name need no more than this. */
#define POINTERS_MAX 32

struct reader {
	const uint8_t *p;
	size_t n;
	size_t at;
	bool bad;
};


static uint8_t read_u8(struct reader *r)
{
	if (r->at >= r->n) {
		r->bad = true;
		return 0;
	}
	return r->p[r->at++];
}


static uint16_t read_u16(struct reader *r)
{
	uint16_t high = read_u8(r);

	return (uint16_t)(high << 8 | read_u8(r));
}


static uint32_t read_u32(struct reader *r)
{
	uint32_t high = read_u16(r);

	return high << 16 | read_u16(r);
}


static void skip(struct reader *r, size_t n)
{
	if (n > r->n - r->at)
		r->bad = true;
	else
		r->at += n;
}


static void skip_name(struct reader *r)
{
	while (!r->bad) {
		uint8_t len = read_u8(r);

		if (len >= 0xc0) {
			skip(r, 1);
			return;
		}
		if (len == 0)
			return;
		if (len > 63)
			r->bad = true;
		else
			skip(r, len);
	}
}


/* A byte that would make the text mean another name. */
static bool plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '.' && c != '\\';
}


static bool read_label(struct reader *r, uint8_t len, struct buf *text)
{
	if (text->n)
		buf_putc(text, '.');
	for (; len; len--) {
		uint8_t c = read_u8(r);

		if (r->bad || !plain(c))
			return false;
		buf_putc(text, (char)c);
	}
	return !text->failed;
}


/*
 * Reads the name at r->at, which moves behind it. RFC 1035 4.1.4: a pointer is to "a prior occurance of
 * the same name", so it must lead backwards.
 */
static void read_name(struct reader *r, struct buf *text)
{
	struct reader at = *r;
	size_t limit = r->at;

	skip_name(r);
	for (int pointers = 0; !at.bad && !r->bad;) {
		uint8_t len = read_u8(&at);

		if (len == 0) {
			if (!at.bad && !text->n)
				buf_putc(text, '.');
			r->bad |= at.bad;
			return;
		}
		if (len >= 0xc0) {
			size_t to = (size_t)(len & 0x3f) << 8 | read_u8(&at);

			if (at.bad || to >= limit || ++pointers > POINTERS_MAX)
				break;
			at.at = limit = to;
		} else if (len > 63 || !read_label(&at, len, text)) {
			break;
		}
	}
	r->bad = true;
}


static struct str name_in(struct reader *r, struct arena *a)
{
	char storage[DNS_NAME_MAX_N];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	read_name(r, &text);
	r->bad |= text.failed;
	return r->bad ? STR_NULL : arena_str(a, buf_str(&text));
}


static struct str string_in(struct reader *r, struct arena *a)
{
	uint8_t n = read_u8(r);
	struct str s = {(const char *)r->p + r->at, n};

	skip(r, n);
	return r->bad ? STR_NULL : arena_str(a, s);
}


static void read_address(struct reader *r, size_t n, struct dns_record *ret)
{
	if (ret->type == DNS_A && n == 4) {
		ret->addr.in.sin_family = AF_INET;
		memcpy(&ret->addr.in.sin_addr, r->p + r->at, 4);
	} else if (ret->type == DNS_AAAA && n == 16) {
		ret->addr.in6.sin6_family = AF_INET6;
		memcpy(&ret->addr.in6.sin6_addr, r->p + r->at, 16);
	} else {
		r->bad = true;
	}
}


static bool read_data(struct reader *r, size_t n, struct dns_record *ret, struct arena *a)
{
	switch (ret->type) {
	case DNS_SRV:
		ret->priority = read_u16(r);
		ret->weight = read_u16(r);
		ret->port = read_u16(r);
		ret->target = name_in(r, a);
		return r->bad || ret->target.p;
	case DNS_NAPTR:
		ret->priority = read_u16(r);
		ret->weight = read_u16(r);
		ret->flags = string_in(r, a);
		ret->service = string_in(r, a);
		skip(r, read_u8(r)); /* the regular expression: SIP has none here (RFC 3263 4.1) */
		ret->target = name_in(r, a);
		return r->bad || (ret->flags.p && ret->service.p && ret->target.p);
	default:
		read_address(r, n, ret);
		return true;
	}
}


int dns_message_decode(struct dns_record *records, size_t *n, struct str bytes, enum dns_type type,
		       struct arena *a)
{
	struct reader r = {(const uint8_t *)bytes.p, bytes.n, 4, false};
	uint16_t questions = read_u16(&r), answers = read_u16(&r);
	size_t count = 0;

	skip(&r, HEADER_N - 8);
	for (; questions && !r.bad; questions--) {
		skip_name(&r);
		skip(&r, 4);
	}
	for (; answers && !r.bad && count < DNS_RECORDS_MAX; answers--) {
		struct dns_record rec = {0};
		struct reader data;
		uint16_t kind, class, len;

		skip_name(&r);
		kind = read_u16(&r);
		class = read_u16(&r);
		rec.ttl_s = read_u32(&r);
		len = read_u16(&r);
		data = r;
		skip(&r, len);
		if (r.bad || kind != type || class != 1)
			continue;
		data.n = r.at;
		rec.type = type;
		if (!read_data(&data, len, &rec, a))
			return -ENOMEM;
		if (!data.bad)
			records[count++] = rec;
	}
	/* RFC 2181 8: a TTL with the highest bit set is 0. */
	for (size_t i = 0; i < count; i++) {
		if (records[i].ttl_s > INT32_MAX)
			records[i].ttl_s = 0;
	}
	if (r.bad)
		return -EBADMSG;
	*n = count;
	return 0;
}
