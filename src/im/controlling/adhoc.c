/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an INVITE to the conference factory: SDP, and whom to bring together. */
#include "im/controlling/adhoc.h"

#include <errno.h>

#include "sip/compose.h"

/** Header fields that an address may ask for (RFC 3261 19.1.5: "MUST NOT" honour what is dangerous). */
static const struct str wanted[] = {
	STR_INIT("Session-Replaces"),
	STR_INIT("Replaces"),
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))


/* ---- One address ---- */

/* RFC 3261 19.1.1: "hname=hvalue", escaped; what is a line end in it would be a header of its own. */
static int put_wanted(struct buf *lines, struct str name, struct str value)
{
	size_t start;

	buf_puts(lines, name);
	buf_puts(lines, STR(": "));
	start = lines->n;
	sip_unescape(value, lines);
	buf_puts(lines, STR("\r\n"));
	if (lines->failed)
		return -ENOBUFS;
	for (size_t i = start; i < lines->n - 2; i++) {
		unsigned char c = (unsigned char)lines->p[i];

		if (c < 0x20 || c == 0x7f)
			return -EBADMSG;
	}
	return lines->n - 2 > start ? 0 : -EBADMSG;
}


/* A "method" among them is that of the request: RFC 5368 9 writes it so in its example. */
static int headers_decode(struct adhoc_invitee *ret, struct str headers, struct arena *a)
{
	char storage[ADHOC_HEADERS_MAX];
	struct buf lines;
	int err = 0;

	buf_fixed(&lines, storage, sizeof(storage));
	while (headers.n && !err) {
		struct str value = str_cut(&headers, '&');
		struct str name = str_cut(&value, '=');

		if (!ret->method.p && str_eq_nocase(name, STR("method")))
			ret->method = value;
		for (size_t i = 0; i < WANTED && !err; i++) {
			if (str_eq_nocase(name, wanted[i]))
				err = put_wanted(&lines, wanted[i], value);
		}
	}
	ret->headers = (struct str){"", 0};
	if (!err && lines.n) {
		ret->headers = arena_str(a, buf_str(&lines));
		err = ret->headers.p ? 0 : -ENOBUFS;
	}
	return err;
}


/* The address without what it says of the request: its method and header fields. */
static int uri_clean(struct str *ret, const struct sip_uri *u, struct arena *a)
{
	const char *end = u->text.p + u->text.n;
	struct str params = u->params;
	char storage[SIP_URI_MAX + 1];
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	if (u->headers.n)
		end = u->headers.p - 1;
	else if (end[-1] == '?')
		end--;
	if (params.n)
		end = params.p - 1;
	buf_puts(&b, str_range(u->text.p, end));
	while (params.n) {
		struct str param = str_cut(&params, ';'), value = param;
		struct str name = str_cut(&value, '=');

		if (!name.n || str_eq_nocase(name, STR("method")))
			continue;
		buf_putc(&b, ';');
		buf_puts(&b, param);
	}
	*ret = b.failed ? STR_NULL : arena_str(a, buf_str(&b));
	return ret->p ? 0 : -ENOBUFS;
}


static int canonical(struct str *ret, const struct sip_uri *u, struct str domain, struct arena *a)
{
	char text[SIP_AOR_MAX];
	struct buf aor;

	if (u->scheme != SIP_URI_SIP && u->scheme != SIP_URI_SIPS && u->scheme != SIP_URI_TEL)
		return -EBADMSG;
	buf_fixed(&aor, text, sizeof(text));
	if (sip_uri_aor(u, domain, &aor))
		return -EBADMSG;
	*ret = arena_str(a, buf_str(&aor));
	return ret->p ? 0 : -ENOBUFS;
}


int adhoc_address(struct adhoc_invitee *ret, struct str uri, struct str domain, struct arena *a)
{
	struct sip_uri u;
	int err = sip_uri_decode(&u, str_trim(uri));

	if (err)
		return err;
	ret->method = STR_NULL;
	(void)sip_uri_param(&u, STR("method"), &ret->method);
	err = canonical(&ret->who, &u, domain, a);
	if (!err)
		err = uri_clean(&ret->uri, &u, a);
	if (!err)
		err = headers_decode(ret, u.headers, a);
	if (!err && ret->method.p) {
		ret->method = arena_str(a, ret->method);
		err = ret->method.p ? 0 : -ENOBUFS;
	}
	return err;
}


/* ---- The list ---- */

/* RFC 5366 4: "MAY discard all the extra information": references to lists elsewhere. */
static size_t entries_only(struct resource_item *items, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (items[i].kind == RESOURCE_ENTRY)
			items[left++] = items[i];
	}
	return left;
}


/* Each once; the caller, who comes by themself, never. */
static int others_only(struct resource_item *items, size_t *n, const struct adhoc_params *p,
		       struct arena *a)
{
	struct str *keys = arena_alloc(a, (*n + 1) * sizeof(*keys));
	size_t left = 0;
	int err = keys ? 0 : -ENOBUFS;

	for (size_t i = 0; i < *n && !err; i++) {
		struct sip_uri u;

		err = sip_uri_decode(&u, str_trim(items[i].uri));
		if (!err)
			err = canonical(&keys[i], &u, p->domain, a);
	}
	if (!err)
		err = resource_items_merge(items, keys, n, a);
	for (size_t i = 0; i < *n && !err; i++) {
		if (!str_eq(keys[i], p->caller))
			items[left++] = items[i];
	}
	*n = left;
	return err;
}


static bool is_hidden(const struct resource_item *item)
{
	/* RFC 5364 4: without copyControl "MUST be treated as if [it] was set to "bcc"". */
	return item->copy == RESOURCE_BCC || item->copy == RESOURCE_COPY_ABSENT || item->anonymize;
}


static int invitees_make(struct adhoc *ad, struct resource_item *items,
			 const struct adhoc_params *p)
{
	int err = 0;

	ad->invitees = arena_alloc(&ad->arena, (ad->n + 1) * sizeof(*ad->invitees));
	if (!ad->invitees)
		return -ENOBUFS;
	for (size_t i = 0; i < ad->n && !err; i++) {
		struct adhoc_invitee *v = &ad->invitees[i];

		err = adhoc_address(v, items[i].uri, p->domain, &ad->arena);
		v->display_name = items[i].display_name;
		v->bcc = is_hidden(&items[i]);
		items[i].uri = v->uri;
	}
	return err;
}


/* RFC 5366 5: "If this URI list includes resources tagged with […] "to" or "cc" […] SHOULD include a URI list". */
static void history_make(struct adhoc *ad, const struct resource_item *items)
{
	struct buf b = BUF_INIT(ADHOC_HISTORY_MAX);
	bool some = false;

	for (size_t i = 0; i < ad->n; i++)
		some |= items[i].copy == RESOURCE_TO || items[i].copy == RESOURCE_CC;
	if (ad->kind == CONFERENCE_ONE_TO_ONE || !some)
		return;
	resource_lists_encode_history(items, ad->n, &b);
	/* One that is too long is left out: it is optional, and the invitation matters more. */
	if (!b.failed)
		ad->history = arena_str(&ad->arena, buf_str(&b));
	buf_done(&b);
}


static int list_take(struct adhoc *ad, const struct adhoc_params *p, struct str xml)
{
	size_t most = p->most ? p->most : ROSTER_MAX;
	struct resource_lists lists;
	int err = resource_lists_decode(&lists, xml, &ad->arena);

	if (err)
		return err;
	ad->listed = true;
	ad->n = entries_only(lists.items, lists.items_n);
	err = others_only(lists.items, &ad->n, p, &ad->arena);
	if (err)
		return err;
	if (!ad->n)
		return -ENOENT;
	if (ad->n >= most && ad->n > 1)
		return -ENOBUFS;
	if (ad->n == 1)
		ad->kind = CONFERENCE_ONE_TO_ONE;
	err = invitees_make(ad, lists.items, p);
	if (!err)
		history_make(ad, lists.items);
	return err;
}


static bool all_are_invited(const struct adhoc *ad)
{
	for (size_t i = 0; i < ad->n; i++) {
		struct str method = ad->invitees[i].method;

		if (method.p && !str_eq_nocase(method, STR("INVITE")))
			return false;
	}
	return true;
}


/* ---- The body ---- */

struct recipient_body adhoc_body(const struct sip_msg *m)
{
	return (struct recipient_body){
		.content_type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE),
		.content_disposition = sip_msg_header(m, SIP_HDR_CONTENT_DISPOSITION),
		.content_id = sip_msg_header_named(m, STR("Content-ID")),
		.body = m->body,
	};
}


struct str adhoc_sdp(const struct sip_msg *m)
{
	struct recipient_body b = adhoc_body(m);

	return sdp_find(b.content_type, b.body);
}


int adhoc_decode(struct adhoc *ret, const struct adhoc_params *p)
{
	struct adhoc ad = {.kind = CONFERENCE_AD_HOC, .arena = ARENA_INIT(ADHOC_MEMORY_MAX)};
	struct recipient_list list;
	int err = recipient_list_find(&list, &p->body, RECIPIENT_LIST);

	if (err && err != -ENOENT)
		return err;
	ad.sdp = sdp_find(p->body.content_type, p->body.body);
	if (err)
		err = p->body.body.n && !ad.sdp.p ? -ENOMSG : 0;
	else
		err = list_take(&ad, p, list.xml);
	if (!err && !all_are_invited(&ad))
		err = -EBADMSG;
	if (err)
		arena_done(&ad.arena);
	else
		*ret = ad;
	return err;
}


int adhoc_referred(struct adhoc *ret, const struct adhoc_params *p)
{
	struct adhoc ad = {.kind = CONFERENCE_AD_HOC, .arena = ARENA_INIT(ADHOC_MEMORY_MAX)};
	struct recipient_list list;
	int err = recipient_list_refer(&list, &p->body, p->cid);

	if (err)
		return err == -ENOENT ? -EBADMSG : err;
	err = list_take(&ad, p, list.xml);
	if (err)
		arena_done(&ad.arena);
	else
		*ret = ad;
	return err;
}


void adhoc_done(struct adhoc *a)
{
	arena_done(&a->arena);
}


/* ---- What is wrong with it ---- */

uint16_t adhoc_status(int err, struct str host, struct buf *headers)
{
	static const struct {
		int err;
		uint16_t status;
		const char *text;
	} answers[] = {
		{-EBADMSG, 400, "the list of recipients cannot be read"},
		{-ENOENT, 400, "the list names nobody else"},
		/* Digest b 8: 403 or 486; 486 would say that the same could go later. */
		{-ENOBUFS, 403, "102 Too many participants"},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].err != err)
			continue;
		buf_printf(headers, "Warning: 399 " STR_FMT " \"%s\"\r\n", STR_ARG(host),
			   answers[i].text);
		return answers[i].status;
	}
	if (err == -ENOMSG) {
		buf_puts(headers, STR("Accept: application/sdp, multipart/mixed, "
				      "application/resource-lists+xml\r\n"));
		return 415;
	}
	return 500;
}
