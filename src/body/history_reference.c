/* SPDX-License-Identifier: Apache-2.0 */
/* References to kept messages: URIs with parameters. */
#include "body/history_reference.h"

#include <errno.h>

/** A parameter: by its name it goes into a member of the struct. */
struct parameter {
	const char *name;
	/** False: the value does not do. */
	bool (*take)(struct history_reference *r, struct str value);
};


/* ---- Escapes (RFC 3261 25.1: paramchar) ---- */

static bool is_plain(char c)
{
	static const char UNRESERVED[] = "-_.!~*'()[]/:&+$";

	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(UNRESERVED, c));
}


static void put_escaped(struct buf *out, struct str s)
{
	static const char DIGITS[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_plain(s.p[i])) {
			buf_putc(out, s.p[i]);
			continue;
		}
		buf_putc(out, '%');
		buf_putc(out, DIGITS[c >> 4]);
		buf_putc(out, DIGITS[c & 15]);
	}
}


static bool unescape(struct buf *out, struct str s)
{
	uint64_t byte;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			buf_putc(out, s.p[i]);
			continue;
		}
		struct str two = str_upto(str_from(s, i + 1), 2);
		if (two.n < 2 || !str_hex_u64(two, &byte) || !byte)
			return false;
		buf_putc(out, (char)byte);
		i += 2;
	}
	return !out->failed;
}


/* ---- Values ---- */

static bool take_ms(int64_t *ret, struct str v)
{
	uint64_t ms;

	if (!str_u64(v, &ms) || ms > INT64_MAX)
		return false;
	*ret = (int64_t)ms;
	return true;
}


static bool take_id(struct history_reference *r, struct str v)
{
	return str_u64(v, &r->id) && r->id;
}


static bool take_conversation(struct history_reference *r, struct str v)
{
	return str_u64(v, &r->conversation) && r->conversation;
}


static bool take_with(struct history_reference *r, struct str v)
{
	r->with = v;
	return v.n > 0;
}


static bool take_text(struct history_reference *r, struct str v)
{
	r->text = v;
	return v.n > 0 && v.n <= HISTORY_REFERENCE_TEXT_MAX;
}


static bool take_since(struct history_reference *r, struct str v)
{
	return take_ms(&r->since_ms, v);
}


static bool take_until(struct history_reference *r, struct str v)
{
	return take_ms(&r->until_ms, v);
}


static bool take_after(struct history_reference *r, struct str v)
{
	return str_u64(v, &r->after);
}


static bool take_limit(struct history_reference *r, struct str v)
{
	return str_u32(v, &r->limit) && r->limit;
}


static bool take_list(struct history_reference *r, struct str v)
{
	r->sessions = str_eq_nocase(v, STR("sessions"));
	return r->sessions;
}


static const struct parameter parameters[] = {
	{"id", take_id},       {"conversation", take_conversation},
	{"with", take_with},   {"text", take_text},
	{"since", take_since}, {"until", take_until},
	{"after", take_after}, {"limit", take_limit},
	{"list", take_list},
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))


/* ---- Reading ---- */

/* Its number; each may stand once. */
static size_t parameter_of(struct str name)
{
	size_t i = 0;

	while (i < PARAMETERS && !str_eq_nocase(name, str_of(parameters[i].name)))
		i++;
	return i;
}


static int take(struct history_reference *r, struct str one, struct arena *a, unsigned *seen)
{
	struct str value = one, name = str_cut(&value, '=');
	size_t i = parameter_of(str_trim(name));
	char text[HISTORY_REFERENCE_MAX];
	struct buf b;

	if (i == PARAMETERS || *seen & 1u << i || !value.p)
		return -EBADMSG;
	*seen |= 1u << i;
	buf_fixed(&b, text, sizeof(text));
	if (!unescape(&b, str_trim(value)))
		return -EBADMSG;
	struct str kept = arena_str(a, buf_str(&b));
	if (!kept.p)
		return -ENOBUFS;
	return parameters[i].take(r, kept) ? 0 : -EBADMSG;
}


int history_reference_decode(struct history_reference *ret, struct str uri, struct arena *a)
{
	struct history_reference r = {.id = 0};
	unsigned seen = 0;
	int err = 0;

	uri = str_trim(uri);
	if (uri.n > HISTORY_REFERENCE_MAX)
		return -ENOBUFS;
	struct str rest = uri, service = str_cut(&rest, ';');
	if (str_find(service, ':') < 1 || str_find(service, '@') < 0 || str_find(service, '?') >= 0)
		return -EBADMSG;
	while (!err && rest.p)
		err = take(&r, str_cut(&rest, ';'), a, &seen);
	if (err)
		return err;
	r.service = arena_str(a, service);
	if (!r.service.p)
		return -ENOBUFS;
	*ret = r;
	return 0;
}


bool history_reference_selects(const struct history_reference *r)
{
	return r->with.n || r->text.n || r->since_ms || r->until_ms || r->after || r->limit ||
	       r->sessions;
}


bool history_reference_is_one(const struct history_reference *r)
{
	return r->id && !r->conversation && !history_reference_selects(r);
}


/* ---- Writing ---- */

static void put_number(struct buf *out, const char *name, uint64_t v)
{
	if (v)
		buf_printf(out, ";%s=%llu", name, (unsigned long long)v);
}


static void put_text(struct buf *out, const char *name, struct str v)
{
	if (!v.n)
		return;
	buf_printf(out, ";%s=", name);
	put_escaped(out, v);
}


void history_reference_encode(struct buf *out, const struct history_reference *r)
{
	buf_puts(out, r->service);
	put_number(out, "id", r->id);
	put_number(out, "conversation", r->conversation);
	put_text(out, "with", r->with);
	put_text(out, "text", r->text);
	put_number(out, "since", (uint64_t)r->since_ms);
	put_number(out, "until", (uint64_t)r->until_ms);
	put_number(out, "after", r->after);
	put_number(out, "limit", r->limit);
	if (r->sessions)
		buf_puts(out, STR(";list=sessions"));
}
