/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of recipients within the bodies of requests. */
#include "body/recipient_list.h"

#include <errno.h>

#include "body/mime.h"

/* Which list is looked for: by its disposition, or by its Content-ID. */
struct wanted {
	struct str disposition, cid;
};


/* application/resource-lists+xml */
static bool is_list_type(struct str content_type)
{
	struct mime_type t;

	return !mime_type_decode(&t, content_type) &&
	       mime_type_is(&t, STR("application"), STR("resource-lists+xml"));
}


/* RFC 2392 2: the Content-ID without its brackets, bytes escaped as in URLs. */
static bool is_cid(struct str id, struct str url)
{
	size_t at = 0;

	id = str_trim(id);
	if (id.n < 2 || id.p[0] != '<' || id.p[id.n - 1] != '>')
		return false;
	id = str_from(str_upto(id, id.n - 1), 1);
	for (size_t i = 0; i < url.n; i++, at++) {
		struct str two = str_upto(str_from(url, i + 1), 2);
		uint64_t byte = (unsigned char)url.p[i];

		if (url.p[i] == '%' && two.n == 2 && str_hex_u64(two, &byte))
			i += 2;
		if (at == id.n || (unsigned char)id.p[at] != byte)
			return false;
	}
	return at == id.n;
}


static bool is_disposed(struct str value, struct str disposition)
{
	return str_eq_nocase(str_trim(str_cut(&value, ';')), disposition);
}


static bool is_wanted(const struct wanted *w, const struct mime_part *part)
{
	if (!is_list_type(part->content_type))
		return false;
	return w->cid.p ? is_cid(part->content_id, w->cid)
			: is_disposed(part->content_disposition, w->disposition);
}


/* What is encoded for its transfer cannot be viewed; SIP is 8-bit clean, nobody does it. */
static bool is_plain(struct str encoding)
{
	encoding = str_trim(encoding);
	return !encoding.n || str_eq_nocase(encoding, STR("binary")) ||
	       str_eq_nocase(encoding, STR("8bit")) || str_eq_nocase(encoding, STR("7bit"));
}


static int part_take(struct recipient_list *r, const struct mime_part *part, const struct wanted *w)
{
	if (is_wanted(w, part)) {
		if (r->xml.p || !is_plain(part->transfer_encoding))
			return -EBADMSG;
		r->xml = part->content;
	} else if (r->content_type.p) {
		r->more++;
	} else {
		r->content_type = part->content_type.p ? part->content_type : STR("text/plain");
		r->content_disposition = part->content_disposition;
		r->content = part->content;
	}
	return 0;
}


static int multipart_find(struct recipient_list *r, const struct mime_type *t, struct str body,
			  const struct wanted *w)
{
	struct mime_parts it;
	struct mime_part part;
	int more, err = mime_parts_init(&it, t, body);

	if (err)
		return err;
	while ((more = mime_parts_next(&it, &part)) > 0) {
		err = part_take(r, &part, w);
		if (err)
			return err;
	}
	return more;
}


static int find(struct recipient_list *ret, const struct recipient_body *b, const struct wanted *w)
{
	struct recipient_list r = {.more = 0};
	struct mime_part whole = {
		.content_type = b->content_type,
		.content_disposition = b->content_disposition,
		.content_id = b->content_id,
		.content = b->body,
	};
	struct mime_type t;
	int err;

	if (!b->content_type.p)
		return -ENOENT;
	err = mime_type_decode(&t, b->content_type);
	if (err)
		return err;
	if (!whole.content_disposition.p)
		whole.content_disposition = RECIPIENT_LIST;
	if (str_eq_nocase(t.type, STR("multipart")))
		err = multipart_find(&r, &t, b->body, w);
	else
		err = part_take(&r, &whole, w);
	if (err)
		return err;
	if (!r.xml.p)
		return -ENOENT;
	*ret = r;
	return 0;
}


int recipient_list_find(struct recipient_list *ret, const struct recipient_body *b,
			struct str disposition)
{
	const struct wanted w = {.disposition = disposition, .cid = STR_NULL};

	return find(ret, b, &w);
}


int recipient_list_refer(struct recipient_list *ret, const struct recipient_body *b, struct str cid)
{
	struct wanted w = {.cid = str_from(cid, 4)};

	if (!str_starts_nocase(cid, STR("cid:")) || !w.cid.n)
		return -ENOENT;
	return find(ret, b, &w);
}


/* ---- Writing ---- */

static void put_field(struct buf *out, struct str name, struct str value)
{
	buf_puts(out, name);
	buf_puts(out, STR(": "));
	buf_puts(out, value);
	buf_puts(out, STR("\r\n"));
}


static void put_boundary(struct buf *out, struct str boundary, struct str end)
{
	buf_puts(out, STR("--"));
	buf_puts(out, boundary);
	buf_puts(out, end);
}


static void put_list(struct buf *out, const struct resource_item *items, size_t n, bool history)
{
	if (history)
		resource_lists_encode_history(items, n, out);
	else
		resource_lists_encode(items, n, out);
}


/* All before the list. */
static void put_content(struct buf *out, const struct recipient_content *c, struct str disposition,
			struct str boundary)
{
	put_boundary(out, boundary, STR("\r\n"));
	put_field(out, STR("Content-Type"), c->type);
	if (c->disposition.n)
		put_field(out, STR("Content-Disposition"), c->disposition);
	buf_puts(out, STR("\r\n"));
	buf_puts(out, c->content);
	buf_puts(out, STR("\r\n"));
	put_boundary(out, boundary, STR("\r\n"));
	put_field(out, STR("Content-Type"), RESOURCE_LISTS_TYPE);
	/* RFC 5366 5: "'recipient-list-history' and a 'handling' parameter […] set to "optional"". */
	put_field(out, STR("Content-Disposition"),
		  str_eq(disposition, RECIPIENT_LIST_HISTORY)
			  ? STR("recipient-list-history; handling=optional")
			  : disposition);
	buf_puts(out, STR("\r\n"));
}


static void put_end(struct buf *out, struct str boundary)
{
	buf_puts(out, STR("\r\n"));
	put_boundary(out, boundary, STR("--\r\n"));
}


void recipient_list_encode(struct buf *out, const struct recipient_content *c,
			   const struct resource_item *items, size_t n, struct str disposition,
			   struct str boundary)
{
	bool history = str_eq(disposition, RECIPIENT_LIST_HISTORY);

	if (!c || !c->type.n) {
		put_list(out, items, n, history);
		return;
	}
	put_content(out, c, disposition, boundary);
	put_list(out, items, n, history);
	put_end(out, boundary);
}


void recipient_list_wrap(struct buf *out, const struct recipient_content *c, struct str xml,
			 struct str disposition, struct str boundary)
{
	put_content(out, c, disposition, boundary);
	buf_puts(out, xml);
	put_end(out, boundary);
}


void recipient_list_put_type(struct buf *out, struct str boundary)
{
	buf_puts(out, STR("multipart/mixed;boundary=\""));
	buf_puts(out, boundary);
	buf_putc(out, '"');
}
