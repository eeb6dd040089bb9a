/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a MESSAGE to a list: to whom, and what each of them gets. */
#include "im/controlling/exploder_list.h"

#include <errno.h>

#include "body/mime.h"
#include "body/recipient_list.h"
#include "im/controlling/adhoc.h"
#include "im/controlling/exploder.h"
#include "sip/uri.h"

/** Parts of the body that go on. */
#define PARTS_MAX MIME_PARTS_MAX

/**
 * Header fields that the URI of an entry may ask for: the example of RFC 5365 6 and what only describes the
 * message. RFC 3261 19.1.5: those that are dangerous are not honoured, and all could be that are not known.
 */
static const struct str wanted[] = {
	STR_INIT("Accept-Contact"),
	STR_INIT("Reject-Contact"),
	STR_INIT("Priority"),
	STR_INIT("Subject"),
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))


/* ---- Recipients ---- */

static bool one_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return s.n > 0;
}


/* RFC 3261 19.1.1: "hname=hvalue", escaped; a line end in one would make a header of its own. */
static void put_wanted(struct buf *lines, struct str name, struct str value)
{
	char storage[EXPLODER_URI_HEADERS_MAX];
	struct buf plain;

	buf_fixed(&plain, storage, sizeof(storage));
	sip_unescape(value, &plain);
	if (plain.failed || !one_line(buf_str(&plain)))
		return;
	buf_puts(lines, name);
	buf_puts(lines, STR(": "));
	buf_puts(lines, buf_str(&plain));
	buf_puts(lines, STR("\r\n"));
}


/* 19.1.5: "choose to honor the request on a per-component basis": what cannot be read or is too long is left out. */
static int headers_of(struct str *ret, struct str uri, struct arena *a)
{
	char storage[EXPLODER_URI_HEADERS_MAX];
	struct buf lines;
	struct sip_uri u;
	struct str rest;

	*ret = STR("");
	if (sip_uri_decode(&u, str_trim(uri)) || !u.headers.n)
		return 0;
	buf_fixed(&lines, storage, sizeof(storage));
	rest = u.headers;
	while (rest.n) {
		struct str value = str_cut(&rest, '&');
		struct str name = str_cut(&value, '=');

		for (size_t i = 0; i < WANTED; i++)
			if (str_eq_nocase(name, wanted[i]))
				put_wanted(&lines, wanted[i], value);
	}
	if (lines.failed || !lines.n)
		return 0;
	*ret = arena_str(a, buf_str(&lines));
	return ret->p ? 0 : -ENOMEM;
}


/* RFC 5365 7: "MAY discard all the extra information": references to lists elsewhere. */
static size_t entries_only(struct resource_item *items, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (items[i].kind == RESOURCE_ENTRY)
			items[left++] = items[i];
	return left;
}


/* The addresses as they are sent to; method and header fields are no part of them (7.3). */
static int addresses(struct exploder_list *l, struct resource_item *items, struct str *keys,
		     size_t n, const struct exploder_list_params *p)
{
	for (size_t i = 0; i < n; i++) {
		struct store_mailing_recipient *r = &l->recipient[i];
		struct adhoc_invitee v;
		int err = adhoc_address(&v, items[i].uri, p->domain, &l->arena);

		if (!err)
			err = headers_of(&r->headers, items[i].uri, &l->arena);
		if (err)
			return err == -ENOBUFS ? -ENOMEM : err;
		r->uri = v.uri;
		r->who = v.who;
		keys[i] = v.who;
		items[i].uri = v.uri;
	}
	return 0;
}


/* Merging moves items and keys alike; the recipients follow by their keys. Everybody once, the sender never. */
static void recipients_of(struct exploder_list *l, const struct str *keys, size_t n, size_t all,
			  struct str sender)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(keys[i], sender))
			continue;
		for (size_t k = l->n; k < all; k++) {
			struct store_mailing_recipient found = l->recipient[k];

			if (!str_eq(found.who, keys[i]))
				continue;
			l->recipient[k] = l->recipient[l->n];
			l->recipient[l->n] = found;
			l->recipient[l->n].position = (uint32_t)l->n;
			l->n++;
			break;
		}
	}
}


static int read_list(struct exploder_list *l, struct str xml, struct resource_lists *lists,
		     size_t *items_n, const struct exploder_list_params *p)
{
	struct str *keys;
	size_t n;
	int err = resource_lists_decode(lists, xml, &l->arena);

	if (err)
		return err;
	n = entries_only(lists->items, lists->items_n);
	if (n > p->most * 2 + 1)
		return -ENOBUFS; /* not even when half of them are twice in it */
	keys = arena_alloc(&l->arena, (n + 1) * sizeof(*keys));
	l->recipient = arena_alloc(&l->arena, (n + 1) * sizeof(*l->recipient));
	if (!keys || !l->recipient)
		return -ENOMEM;
	err = addresses(l, lists->items, keys, n, p);
	*items_n = n;
	if (!err)
		err = resource_items_merge(lists->items, keys, items_n, &l->arena);
	if (err)
		return err;
	recipients_of(l, keys, *items_n, n, p->sender);
	if (l->n > p->most)
		return -ENOBUFS;
	return l->n ? 0 : -ENOENT;
}


/* ---- What they get ---- */

struct parts {
	struct mime_part part[PARTS_MAX];
	size_t n;
};


static bool is_list(const struct mime_part *part)
{
	struct str value = part->content_disposition;
	struct mime_type t;

	return !mime_type_decode(&t, part->content_type) &&
	       mime_type_is(&t, STR("application"), STR("resource-lists+xml")) &&
	       str_eq_nocase(str_trim(str_cut(&value, ';')), RECIPIENT_LIST);
}


static int find_parts(struct parts *ret, const struct mime_type *t, struct str body)
{
	struct mime_parts it;
	struct mime_part part;
	int more, err = mime_parts_init(&it, t, body);

	ret->n = 0;
	if (err)
		return err;
	while ((more = mime_parts_next(&it, &part)) > 0) {
		if (is_list(&part))
			continue;
		if (!part.content_type.p)
			part.content_type = STR("text/plain");
		ret->part[ret->n++] = part;
	}
	return more;
}


static void put_part(struct buf *out, struct str boundary, const struct mime_part *part)
{
	static const char *const names[] = {"Content-Type", "Content-Disposition", "Content-ID",
					    "Content-Transfer-Encoding"};
	const struct str values[] = {part->content_type, part->content_disposition,
				     part->content_id, part->transfer_encoding};

	buf_printf(out, "--" STR_FMT "\r\n", STR_ARG(boundary));
	for (size_t i = 0; i < 4; i++)
		if (values[i].p)
			buf_printf(out, "%s: " STR_FMT "\r\n", names[i], STR_ARG(values[i]));
	buf_puts(out, STR("\r\n"));
	buf_puts(out, part->content);
	buf_puts(out, STR("\r\n"));
}


/* RFC 5364 4: who is to or cc may be told of; nothing, when nobody may, or when it would be too long. */
static bool make_history(struct buf *out, const struct resource_item *items, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= items[i].copy == RESOURCE_TO || items[i].copy == RESOURCE_CC;
	if (any)
		resource_lists_encode_history(items, n, out);
	return any && !out->failed;
}


/* 7.3: "If there is only one body left, the MESSAGE URI-list service MUST remove the multipart/mixed wrapper". */
static void make_body(struct exploder_list *l, const struct parts *parts, struct str history,
		      uint64_t random)
{
	char boundary[20], type[64];
	struct buf b;

	if (parts->n == 1 && !history.n) {
		buf_puts(&l->body, parts->part[0].content);
		l->type = arena_str(&l->arena, parts->part[0].content_type);
		l->disposition = parts->part[0].content_disposition.p
					 ? arena_str(&l->arena, parts->part[0].content_disposition)
					 : STR("");
		return;
	}
	buf_fixed(&b, boundary, sizeof(boundary));
	buf_puts(&b, STR("list"));
	buf_puthex(&b, random, 16);
	for (size_t i = 0; i < parts->n; i++)
		put_part(&l->body, buf_str(&b), &parts->part[i]);
	if (history.n)
		put_part(&l->body, buf_str(&b),
			 &(struct mime_part){
				 .content_type = RESOURCE_LISTS_TYPE,
				 .content_disposition = STR(
					 "recipient-list-history; handling=optional"),
				 .content = history,
			 });
	buf_printf(&l->body, "--" STR_FMT "--\r\n", STR_ARG(buf_str(&b)));
	struct str text = buf_str(&b);

	buf_fixed(&b, type, sizeof(type));
	recipient_list_put_type(&b, text);
	l->type = arena_str(&l->arena, buf_str(&b));
	l->disposition = STR("");
}


static void find_cpim(struct exploder_list *l, const struct parts *parts)
{
	struct mime_type t;

	l->cpim = STR_NULL;
	for (size_t i = 0; i < parts->n && !l->cpim.p; i++)
		if (!mime_type_decode(&t, parts->part[i].content_type) &&
		    mime_type_is(&t, STR("message"), STR("cpim")))
			l->cpim = parts->part[i].content;
}


static int decode(struct exploder_list *l, const struct exploder_list_params *p)
{
	struct recipient_body body = adhoc_body(p->m);
	struct buf history = BUF_INIT(EXPLODER_HISTORY_MAX);
	struct recipient_list found;
	struct resource_lists lists;
	struct parts *parts;
	struct mime_type t;
	size_t n = 0;
	int err = recipient_list_find(&found, &body, RECIPIENT_LIST);

	if (!err && !found.content_type.p)
		err = -ENOMSG;
	if (!err)
		err = read_list(l, found.xml, &lists, &n, p);
	if (err)
		return err;
	parts = arena_alloc(&l->arena, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	err = mime_type_decode(&t, body.content_type);
	if (!err)
		err = find_parts(parts, &t, body.body);
	if (err)
		return err;
	find_cpim(l, parts);
	if (make_history(&history, lists.items, n))
		make_body(l, parts, buf_str(&history), p->random);
	else
		make_body(l, parts, STR(""), p->random);
	buf_done(&history);
	return l->body.failed || !l->type.p || !l->disposition.p ? -ENOMEM : 0;
}


int exploder_list_decode(struct exploder_list *ret, const struct exploder_list_params *p)
{
	int err;

	*ret = (struct exploder_list){.arena = ARENA_INIT(EXPLODER_LIST_MEMORY_MAX)};
	buf_init(&ret->body, STORE_MAILING_BODY_MAX);
	err = decode(ret, p);
	if (err)
		exploder_list_done(ret);
	return err;
}


void exploder_list_done(struct exploder_list *l)
{
	buf_done(&l->body);
	arena_done(&l->arena);
}
