/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of URIs: counted first, then filled into two tables. */
#include "body/resource_lists.h"

#include <errno.h>
#include <stdlib.h>

#include "body/xml.h"

static const struct str copy_names[] = {
	[RESOURCE_TO] = STR_INIT("to"),
	[RESOURCE_CC] = STR_INIT("cc"),
	[RESOURCE_BCC] = STR_INIT("bcc"),
};

static const struct {
	struct str element, attribute;
} kinds[] = {
	[RESOURCE_ENTRY] = {STR_INIT("entry"), STR_INIT("uri")},
	[RESOURCE_EXTERNAL] = {STR_INIT("external"), STR_INIT("anchor")},
	[RESOURCE_ENTRY_REF] = {STR_INIT("entry-ref"), STR_INIT("ref")},
};
#define KINDS 3


/* Which kind of item `e` is; -1: none. */
static int kind_of(const struct xml_node *e)
{
	for (int k = 0; k < KINDS; k++) {
		if (xml_named(e, kinds[k].element))
			return k;
	}
	return -1;
}


static void count(const struct xml_node *list, size_t *items, size_t *lists)
{
	for (const struct xml_node *e = xml_first(list); e; e = xml_next(e)) {
		if (xml_named(e, STR("list"))) {
			++*lists;
			count(e, items, lists);
		} else if (kind_of(e) >= 0) {
			++*items;
		}
	}
}


/* 0 and no value when the attribute is absent. */
static int optional(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	int err = xml_value(e, name, a, ret);

	return err == -ENOENT ? 0 : err;
}


static int display_name(const struct xml_node *e, struct arena *a, struct str *ret)
{
	const struct xml_node *name = xml_find(e, STR("display-name"));

	return name ? xml_text(name, a, ret) : 0;
}


/* A value that is none of the three is taken as if it were absent. */
static enum resource_copy copy_of(struct str value)
{
	for (int c = RESOURCE_TO; c <= RESOURCE_BCC; c++) {
		if (str_eq_nocase(value, copy_names[c]))
			return (enum resource_copy)c;
	}
	return RESOURCE_COPY_ABSENT;
}


static int entry_attributes(struct resource_item *item, const struct xml_node *e, struct arena *a)
{
	struct str copy = STR_NULL, anonymize = STR_NULL, times = STR_NULL;
	int err;

	if ((err = optional(e, STR("copyControl"), a, &copy)) ||
	    (err = optional(e, STR("anonymize"), a, &anonymize)) ||
	    (err = optional(e, STR("count"), a, &times)))
		return err;
	item->copy = copy_of(copy);
	item->anonymize = str_eq_nocase(anonymize, STR("true")) || str_eq(anonymize, STR("1"));
	/* RFC 5364 section 4: "The default value of the 'count' attribute is "1"." */
	if (!str_u32(times, &item->count))
		item->count = 1;
	return 0;
}


static int item_decode(struct resource_lists *r, uint16_t list, int kind, const struct xml_node *e,
		       struct arena *a)
{
	struct resource_item item = {.kind = (enum resource_kind)kind, .list = list};
	int err;

	if ((err = optional(e, kinds[kind].attribute, a, &item.uri)) ||
	    (err = display_name(e, a, &item.display_name)) || (err = entry_attributes(&item, e, a)))
		return err;
	if (item.uri.n)
		r->items[r->items_n++] = item;
	return 0;
}


static int list_decode(struct resource_lists *r, int32_t parent, const struct xml_node *e,
		       struct arena *a)
{
	size_t at = r->lists_n++;
	struct resource_list *list = &r->lists[at];
	int err;

	*list = (struct resource_list){.parent = parent, .first = (uint32_t)r->items_n};
	if ((err = optional(e, STR("name"), a, &list->name)) ||
	    (err = display_name(e, a, &list->display_name)))
		return err;
	for (const struct xml_node *x = xml_first(e); x && !err; x = xml_next(x)) {
		int kind = kind_of(x);

		if (xml_named(x, STR("list")))
			err = list_decode(r, (int32_t)at, x, a);
		else if (kind >= 0)
			err = item_decode(r, (uint16_t)at, kind, x, a);
	}
	list->n = (uint32_t)r->items_n - list->first;
	return err;
}


static int root_decode(struct resource_lists *r, const struct xml_node *root, struct arena *a)
{
	size_t items = 0, lists = 0;
	int err = 0;

	if (!xml_named(root, STR("resource-lists")))
		return -EBADMSG;
	for (const struct xml_node *e = xml_find(root, STR("list")); e;
	     e = xml_find_next(e, STR("list"))) {
		lists++;
		count(e, &items, &lists);
	}
	if (items > RESOURCE_ITEMS_MAX || lists > RESOURCE_LISTS_MAX)
		return -ENOBUFS;
	if (items && !(r->items = arena_alloc(a, items * sizeof(*r->items))))
		return -ENOBUFS;
	if (lists && !(r->lists = arena_alloc(a, lists * sizeof(*r->lists))))
		return -ENOBUFS;
	for (const struct xml_node *e = xml_find(root, STR("list")); e && !err;
	     e = xml_find_next(e, STR("list")))
		err = list_decode(r, -1, e, a);
	return err;
}


int resource_lists_decode(struct resource_lists *ret, struct str text, struct arena *a)
{
	struct resource_lists r = {.items_n = 0};
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	err = root_decode(&r, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = r;
	return 0;
}


const struct resource_list *resource_lists_find(const struct resource_lists *r, struct str name)
{
	for (size_t i = 0; i < r->lists_n; i++) {
		if (str_eq(r->lists[i].name, name))
			return &r->lists[i];
	}
	return NULL;
}


/* ---- Duplicates ---- */

/* By key; of equal ones the first comes first, since they all stand in one table. */
static int by_key(const void *a, const void *b)
{
	const struct str *x = *(const struct str *const *)a, *y = *(const struct str *const *)b;
	int order = str_cmp(*x, *y);

	return order ? order : (x > y) - (x < y);
}


/* One who stands in the list twice: what is more is added to the first. */
static void absorb(struct resource_item *to, const struct resource_item *more)
{
	if (more->copy < to->copy)
		to->copy = more->copy;
	to->anonymize |= more->anonymize;
	if (!to->display_name.n)
		to->display_name = more->display_name;
}


int resource_items_merge(struct resource_item *items, struct str *keys, size_t *n,
			 struct arena *scratch)
{
	size_t entries = 0, left = 0;
	struct str **sorted;

	if (!*n)
		return 0;
	sorted = arena_alloc(scratch, *n * sizeof(struct str *));
	if (!sorted)
		return -ENOBUFS;
	for (size_t i = 0; i < *n; i++) {
		if (items[i].kind == RESOURCE_ENTRY && keys[i].n)
			sorted[entries++] = &keys[i];
	}
	qsort(sorted, entries, sizeof(struct str *), by_key);
	for (size_t i = 1, first = 0; i < entries; i++) {
		if (str_eq(*sorted[i], *sorted[first])) {
			absorb(&items[sorted[first] - keys], &items[sorted[i] - keys]);
			items[sorted[i] - keys].uri = STR_NULL; /* to be left out below */
		} else {
			first = i;
		}
	}
	for (size_t i = 0; i < *n; i++) {
		if (!items[i].uri.p)
			continue;
		items[left] = items[i];
		keys[left++] = keys[i];
	}
	*n = left;
	return 0;
}


/* ---- Encoding ---- */

static void list_open(struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\""
			  " xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">\n<list>\n"));
}


static void list_close(struct buf *out)
{
	buf_puts(out, STR("</list>\n</resource-lists>\n"));
}


static void put_count(struct buf *out, uint64_t count)
{
	char digits[24];
	struct buf b;

	buf_fixed(&b, digits, sizeof(digits));
	buf_putu(&b, count);
	xml_put_attribute(out, STR("cp:count"), buf_str(&b));
}


static void entry_encode(const struct resource_item *item, struct buf *out)
{
	buf_puts(out, STR("<entry"));
	xml_put_attribute(out, STR("uri"), item->uri);
	if (item->copy != RESOURCE_COPY_ABSENT)
		xml_put_attribute(out, STR("cp:copyControl"), copy_names[item->copy]);
	if (item->anonymize)
		xml_put_attribute(out, STR("cp:anonymize"), STR("true"));
	if (item->count > 1)
		put_count(out, item->count);
	if (item->display_name.n) {
		buf_putc(out, '>');
		xml_put_element(out, STR("display-name"), item->display_name);
		buf_puts(out, STR("</entry>\n"));
	} else {
		buf_puts(out, STR("/>\n"));
	}
}


void resource_lists_encode(const struct resource_item *items, size_t n, struct buf *out)
{
	list_open(out);
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind == RESOURCE_ENTRY)
			entry_encode(&items[i], out);
	}
	list_close(out);
}


/* RFC 5364 section 6: first those that may be named, then one entry for the anonymous ones. */
static void history_level(const struct resource_item *items, size_t n, enum resource_copy level,
			  struct buf *out)
{
	uint64_t hidden = 0;

	for (size_t i = 0; i < n; i++) {
		if (items[i].kind != RESOURCE_ENTRY || items[i].copy != level)
			continue;
		if (items[i].anonymize)
			hidden += items[i].count;
		else
			entry_encode(&items[i], out);
	}
	if (!hidden)
		return;
	buf_puts(out, STR("<entry uri=\"sip:anonymous@anonymous.invalid\""));
	xml_put_attribute(out, STR("cp:copyControl"), copy_names[level]);
	put_count(out, hidden);
	buf_puts(out, STR("/>\n"));
}


void resource_lists_encode_history(const struct resource_item *items, size_t n, struct buf *out)
{
	list_open(out);
	history_level(items, n, RESOURCE_TO, out);
	history_level(items, n, RESOURCE_CC, out);
	list_close(out);
}
