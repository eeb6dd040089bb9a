/* SPDX-License-Identifier: Apache-2.0 */
/* The access policy of a user: rules, and the lists they refer to, sorted for look-up. */
#include "subscriber/access_policy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "body/resource_lists.h"
#include "sip/uri.h"
#include "subscriber/list_anchor.h"

/** Memory of one document of lists: RESOURCE_ITEMS_MAX entries with their texts, twice. */
#define LISTS_MEMORY_MAX (2u << 20)

/** An entry, canonical, and its place in the document. */
struct entry {
	struct str uri;
	uint32_t place;
};

struct document {
	struct str name;
	struct resource_lists lists;
	struct entry *entries; /**< sorted by URI */
	size_t n;
	struct arena arena;
};

struct access_policy {
	struct str aor, domain;
	struct access_rules *rules;
	bool lists;
	size_t documents_n;
	struct document document[ACCESS_DOCUMENTS_MAX];
	char text[];
};


static void destroy(void *object)
{
	struct access_policy *p = object;

	for (size_t i = 0; i < p->documents_n; i++)
		arena_done(&p->document[i].arena);
	mem_unref(p->rules);
}


static int canonical(struct str text, struct buf *out, void *arg)
{
	const struct access_policy *p = arg;
	struct sip_uri uri;

	if (sip_uri_decode(&uri, text))
		return -EBADMSG;
	return sip_uri_aor(&uri, p->domain, out);
}


int access_policy_alloc(struct access_policy **ret, struct str aor, struct str domain,
			struct str text)
{
	struct access_policy *p = mem_alloc(sizeof(*p) + aor.n + domain.n, destroy);

	if (!p)
		return -ENOMEM;
	p->aor = (struct str){p->text, aor.n};
	p->domain = (struct str){p->text + aor.n, domain.n};
	memcpy(p->text, aor.n ? aor.p : "", aor.n);
	memcpy(p->text + aor.n, domain.n ? domain.p : "", domain.n);
	/* Cheap to find out, and a ruleset without lists is by far the usual one. */
	p->lists = str_find_str(text, STR("external-list")) >= 0;
	int err = access_rules_decode(&p->rules, text, canonical, p);
	if (err) {
		mem_unref(p);
		return err;
	}
	*ret = p;
	return 0;
}


bool access_policy_wants_lists(const struct access_policy *p)
{
	return p->lists;
}


/* ---- Lists ---- */

static int by_uri(const void *a, const void *b)
{
	return str_cmp(((const struct entry *)a)->uri, ((const struct entry *)b)->uri);
}


/* Without its canonical form an entry is nobody that could be asked for. */
static int index_entries(struct access_policy *p, struct document *d)
{
	char text[SIP_AOR_MAX];
	struct buf aor;

	d->entries = arena_alloc(&d->arena, (d->lists.items_n + 1) * sizeof(*d->entries));
	if (!d->entries)
		return -ENOMEM;
	for (size_t i = 0; i < d->lists.items_n; i++) {
		if (d->lists.items[i].kind != RESOURCE_ENTRY)
			continue;
		buf_fixed(&aor, text, sizeof(text));
		if (canonical(d->lists.items[i].uri, &aor, p) || aor.failed)
			continue;
		struct str uri = arena_str(&d->arena, buf_str(&aor));
		if (!uri.p)
			return -ENOMEM;
		d->entries[d->n++] = (struct entry){uri, (uint32_t)i};
	}
	qsort(d->entries, d->n, sizeof(*d->entries), by_uri);
	return 0;
}


int access_policy_add_lists(struct access_policy *p, struct str name, struct str text)
{
	if (p->documents_n == ACCESS_DOCUMENTS_MAX)
		return -ENOBUFS;
	struct document *d = &p->document[p->documents_n];
	*d = (struct document){.arena = ARENA_INIT(LISTS_MEMORY_MAX)};
	d->name = arena_str(&d->arena, name);
	int err = d->name.p ? resource_lists_decode(&d->lists, text, &d->arena) : -ENOMEM;
	if (!err)
		err = index_entries(p, d);
	if (err) {
		arena_done(&d->arena);
		return err;
	}
	p->documents_n++;
	return 0;
}


/* ---- What an anchor names ---- */

static const struct document *document_find(const struct access_policy *p,
					    const struct list_anchor *a)
{
	char text[SIP_AOR_MAX];
	struct buf user;

	buf_fixed(&user, text, sizeof(text));
	if (!str_eq(a->user, p->aor) &&
	    (canonical(a->user, &user, (void *)(uintptr_t)p) || !str_eq(buf_str(&user), p->aor)))
		return NULL;
	for (size_t i = 0; i < p->documents_n; i++) {
		if (str_eq(p->document[i].name, a->name))
			return &p->document[i];
	}
	return NULL;
}


static bool holds(const struct document *d, struct str caller, uint32_t first, uint32_t n)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(d->entries[middle].uri, caller) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < d->n && str_eq(d->entries[low].uri, caller); low++) {
		if (d->entries[low].place - first < n)
			return true;
	}
	return false;
}


/* References that are not followed could lead to the caller. */
static bool leads_on(const struct document *d, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		if (d->lists.items[i].kind != RESOURCE_ENTRY)
			return true;
	}
	return false;
}


static enum access_listed listed(struct str anchor, const struct str *callers, size_t n, void *arg)
{
	const struct access_policy *p = arg;
	char text[SIP_URI_MAX];
	struct buf plain;
	struct list_anchor a;

	buf_fixed(&plain, text, sizeof(text));
	sip_unescape(anchor, &plain);
	const struct document *d = NULL;
	if (!plain.failed && list_anchor_decode(&a, buf_str(&plain)))
		d = document_find(p, &a);
	if (!d)
		return ACCESS_LIST_UNKNOWN;

	uint32_t first = 0, count = (uint32_t)d->lists.items_n;
	if (a.list.n) {
		const struct resource_list *l = resource_lists_find(&d->lists, a.list);

		if (!l)
			return ACCESS_NOT_LISTED;
		first = l->first;
		count = l->n;
	}
	for (size_t i = 0; i < n; i++) {
		if (holds(d, callers[i], first, count))
			return ACCESS_LISTED;
	}
	return leads_on(d, first, count) ? ACCESS_LIST_UNKNOWN : ACCESS_NOT_LISTED;
}


void access_policy_judge(const struct access_policy *p, const struct access_request *q,
			 struct access_outcome *ret)
{
	struct access_request with = *q;

	with.listed = p->lists ? listed : NULL;
	with.arg = (void *)(uintptr_t)p;
	access_evaluate(p->rules, &with, ret);
}
