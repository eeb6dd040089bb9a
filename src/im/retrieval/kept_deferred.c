/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: messages that wait. */
#include "im/retrieval/retrieval_state.h"

#include <errno.h>

#include "sip/media_type.h"
#include "store/deferred.h"

/** What a message says of itself, copied out of its headers. */
#define TEXTS_MAX 4096


static bool is_waiting(const struct kept *k, const struct store_deferred *m)
{
	return m->state == STORE_DEFERRED_HELD && str_eq(m->user, k->user) &&
	       (!m->expires_ms || m->expires_ms > loop_wall_ms(k->rs->loop));
}


static int describe(const struct kept *k, const struct store_deferred *m, struct im_held *h,
		    struct buf *texts)
{
	const struct im_handout *handout = k->rs->p.handout;
	int err = handout->describe(m, h, texts, handout->arg);

	if (!err && !h->sender.n)
		h->sender = DEFERRED_LIST_ANONYMOUS;
	return err;
}


static struct str kind_name(enum store_deferred_kind k)
{
	switch (k) {
	case STORE_DEFERRED_LARGE:
		return STR("large");
	case STORE_DEFERRED_FILE:
		return STR("file");
	default:
		return STR("pager");
	}
}


static void tell(struct kept *k, const struct store_deferred *m, const struct im_held *h,
		 const struct kept_content *c)
{
	char text[SIP_AOR_MAX + 64];
	struct kept_entry e = {.id = m->id, .content = c};
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	history_reference_encode(&b,
				 &(struct history_reference){.service = k->rs->p.addresses.deferred,
							     .id = m->id});
	e.item = (struct history_item){
		.form = m->kind == STORE_DEFERRED_FILE ? HISTORY_ITEM_FILE : HISTORY_ITEM_MESSAGE,
		.reference = b.failed ? STR("") : buf_str(&b),
		.size = m->size,
		.date_ms = m->received_ms,
		.expiry_ms = m->expires_ms,
		.from = h->sender,
		.from_name = h->sender_name,
		.to = m->user,
		.name = m->name.n ? m->name : STR(""),
		.kind = kind_name(m->kind),
		.content_type = h->content_type,
		.message_id = m->message_id,
		.has_direction = true,
	};
	k->entry(k, &e);
}


/* ---- One ---- */

static bool is_cpim(struct str content_type)
{
	struct sip_media_type t;

	return !sip_media_type_decode(&t, content_type) && str_eq_nocase(t.type, STR("message")) &&
	       str_eq_nocase(t.subtype, STR("cpim"));
}


static int tell_whole(struct kept *k, const struct store_deferred *m)
{
	char text[TEXTS_MAX], name[KEPT_DISPOSITION_MAX];
	struct buf texts, disposition;
	struct im_held h;
	int err;

	buf_fixed(&texts, text, sizeof(text));
	buf_fixed(&disposition, name, sizeof(name));
	err = describe(k, m, &h, &texts);
	if (err)
		return err;
	tell(k, m, &h,
	     &(struct kept_content){
		     .cpim = is_cpim(h.content_type),
		     .type = h.content_type,
		     .from = h.sender,
		     .to = m->user,
		     .disposition = kept_disposition(&disposition, m->name),
		     .body = m->body,
		     .file = m->file,
		     .size = m->file.n ? m->size : m->body.n,
	     });
	return 0;
}


static void on_got(struct store_request *r, int error, void *arg)
{
	struct kept *k = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (m && !is_waiting(k, m))
		error = -ENOENT;
	if (!error)
		error = tell_whole(k, m);
	k->done(k, error, 0);
}


static int get(struct kept *k, uint64_t id)
{
	return store_deferred_get(k->rs->p.store, &k->r, id, on_got, k);
}


/* ---- A page ---- */

static void tell_if_wanted(struct kept *k, const struct store_deferred *m)
{
	const struct history_reference *f = k->ref;
	char text[TEXTS_MAX];
	struct buf texts;
	struct im_held h;

	buf_fixed(&texts, text, sizeof(text));
	if (!is_waiting(k, m) || m->received_ms < f->since_ms ||
	    (f->until_ms && m->received_ms >= f->until_ms) || describe(k, m, &h, &texts))
		return;
	if (!f->with.n || str_eq(f->with, h.sender))
		tell(k, m, &h, NULL);
}


static void on_page(struct store_request *r, int error, void *arg)
{
	struct kept *k = arg;
	size_t n = 0;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, &n);
	uint64_t next = n == k->max ? m[n - 1].id : 0;

	for (size_t i = 0; i < n; i++)
		tell_if_wanted(k, &m[i]);
	k->done(k, error, next);
}


static int page(struct kept *k)
{
	return store_deferred_list(k->rs->p.store, &k->r, k->user, k->after, k->max, on_page, k);
}


const struct kept_source kept_deferred = {
	.list_type = STR_INIT("application/vnd.oma.im.deferred-list+xml"),
	.page = page,
	.get = get,
};
