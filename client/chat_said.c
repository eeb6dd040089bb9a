/* SPDX-License-Identifier: Apache-2.0 */
/* What the other side of a chat says. */
#include "client/chat_said.h"

#include <errno.h>

#include "base/mem.h"
#include "body/mime.h"


static void destroy(void *object)
{
	struct chat_saying *w = object;

	mem_unref(w->message_id);
	mem_unref(w->outer_type);
	buf_done(&w->bytes);
}


void chat_said_init(struct chat_said *d)
{
	list_init(&d->partials);
	list_init(&d->waiting);
}


static void drop(struct chat_saying *w)
{
	if (!list_linked(&w->link))
		return;
	list_remove(&w->of->partials, &w->link);
	mem_unref(w);
}


void chat_said_done(struct chat_said *d)
{
	for (struct list_link *k; d->partials.head.next && (k = list_first(&d->partials));)
		drop(container_of(k, struct chat_saying, link));
}


static struct chat_saying *find(struct chat_said *d, struct str id)
{
	for (struct list_link *k = list_first(&d->partials); k; k = list_next(&d->partials, k)) {
		struct chat_saying *w = container_of(k, struct chat_saying, link);

		if (str_eq(str_of(w->message_id), id))
			return w;
	}
	return NULL;
}


static struct chat_saying *add(struct chat_said *d, const struct msrp_frame *f)
{
	struct chat_saying *w = mem_alloc(sizeof(*w), destroy);

	if (!w)
		return NULL;
	buf_init(&w->bytes, PARLEY_CHAT_MAX + CHAT_ENVELOPE_MAX);
	w->of = d;
	w->message_id = str_dup(f->message_id);
	w->outer_type = str_dup(f->content_type.p ? f->content_type : STR(""));
	if (!w->message_id || !w->outer_type) {
		mem_unref(w);
		return NULL;
	}
	list_append(&d->partials, &w->link);
	return w;
}


uint16_t chat_said_head(struct chat_said *d, struct msrp_receive *r)
{
	const struct msrp_frame *f = r->frame;
	struct chat_saying *w = find(d, f->message_id);

	if (f->range.total != MSRP_RANGE_UNKNOWN &&
	    f->range.total > PARLEY_CHAT_MAX + CHAT_ENVELOPE_MAX)
		return 413;
	if (!w && d->partials.count >= CHAT_PARTIALS_MAX)
		return 413;
	if (!w)
		w = add(d, f);
	r->user = w;
	return w ? 0 : 500;
}


/* A chunk from further on than what came is not put in its place: over a connection they come in order. */
uint16_t chat_said_body(struct msrp_receive *r, struct str piece)
{
	struct chat_saying *w = r->user;
	size_t again;

	if (!list_linked(&w->link) || r->offset > w->bytes.n) {
		drop(w);
		return 413;
	}
	again = w->bytes.n - (size_t)r->offset;
	buf_puts(&w->bytes, str_from(piece, again));
	if (!w->bytes.failed)
		return 0;
	drop(w);
	return 413;
}


void chat_said_broken(struct msrp_receive *r)
{
	(void)r; /* the message may go on in another chunk; the session's end drops it */
}


/* ---- Reading it ---- */

/* 0, or the status to answer. */
static uint16_t kind_of(struct chat_saying *w)
{
	struct mime_type t;

	if (mime_type_decode(&t, w->type))
		return 415;
	if (mime_type_is(&t, STR("message"), STR("imdn+xml")))
		w->kind = CHAT_REPORT;
	else if (mime_type_is(&t, STR("application"), STR("im-iscomposing+xml")))
		w->kind = CHAT_COMPOSING;
	else if (str_eq_nocase(t.type, STR("text")))
		w->kind = CHAT_TEXT;
	else
		return 415;
	return 0;
}


static uint16_t read(struct chat_saying *w)
{
	struct mime_type t;

	w->type = str_of(w->outer_type);
	w->content = buf_str(&w->bytes);
	if (mime_type_decode(&t, w->type))
		return 415;
	if (mime_type_is(&t, STR("message"), STR("cpim"))) {
		if (cpim_decode(&w->cpim, w->content))
			return 400;
		if (!cpim_require_known(&w->cpim))
			return 415;
		w->wrapped = true;
		w->type = w->cpim.content_type;
		w->content = w->cpim.content;
	}
	return kind_of(w);
}


uint16_t chat_said_end(struct chat_said *d, struct msrp_receive *r, char flag,
		       struct chat_saying **ret)
{
	struct chat_saying *w = r->user;
	uint16_t status;

	(void)d;
	*ret = NULL;
	if (!list_linked(&w->link) || flag == '+')
		return 200;
	if (flag == '#') {
		drop(w);
		return 200;
	}
	mem_ref(w);
	drop(w);
	status = read(w);
	if (status) {
		mem_unref(w);
		return status;
	}
	*ret = w;
	return 200;
}
