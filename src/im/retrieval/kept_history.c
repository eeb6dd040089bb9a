/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: history. */
#include "im/retrieval/retrieval_state.h"

#include "store/history.h"


static struct str kind_name(enum store_history_kind k)
{
	static const struct str names[] = {
		[STORE_HISTORY_PAGER] = STR_INIT("pager"),
		[STORE_HISTORY_LARGE] = STR_INIT("large"),
		[STORE_HISTORY_SESSION] = STR_INIT("session"),
		[STORE_HISTORY_FILE] = STR_INIT("file"),
	};

	return names[k];
}


static struct str reference(const struct kept *k, struct buf *b, uint64_t id, uint64_t conversation)
{
	size_t at = b->n;

	history_reference_encode(b,
				 &(struct history_reference){.service = k->rs->p.addresses.history,
							     .id = id,
							     .conversation = conversation});
	return b->failed ? STR("") : (struct str){b->p + at, b->n - at};
}


static int64_t expiry_of(const struct kept *k, int64_t since_ms)
{
	return k->rs->history_expiry_s ? since_ms + (int64_t)k->rs->history_expiry_s * 1000 : 0;
}


/* "[name] <URI>" in its two parts; another text is a URI. */
static void part(struct str *name, struct str *uri, struct str value)
{
	*name = STR("");
	*uri = value;
	if (str_find(value, '<') >= 0)
		(void)cpim_address_decode(name, uri, value);
}


static void item_of(struct history_item *i, const struct kept *k, struct buf *texts,
		    const struct store_history_entry *e)
{
	*i = (struct history_item){
		.form = HISTORY_ITEM_MESSAGE,
		.reference = reference(k, texts, e->id, 0),
		.size = e->size,
		.subject = e->subject,
		.date_ms = e->date_ms ? e->date_ms : STORE_HISTORY_MS(e->id),
		.expiry_ms = expiry_of(k, STORE_HISTORY_MS(e->id)),
		.kind = kind_name(e->kind),
		.content_type = e->content_type,
		.message_id = e->message_id,
		.text = e->text,
		.session = e->conversation ? reference(k, texts, 0, e->conversation) : STR(""),
		.has_direction = true,
		.outgoing = e->outgoing,
		.incomplete = e->aborted,
	};
	part(&i->from_name, &i->from, e->from);
	part(&i->to_name, &i->to, e->to);
}


static void tell(struct kept *k, const struct store_history_entry *e, const struct kept_content *c)
{
	char text[2 * SIP_AOR_MAX];
	struct kept_entry entry = {.id = e->id, .content = c};
	struct buf texts;

	buf_fixed(&texts, text, sizeof(text));
	item_of(&entry.item, k, &texts, e);
	k->entry(k, &entry);
}


/* ---- One ---- */

static void on_got(struct store_request *r, int error, void *arg)
{
	struct kept *k = arg;
	const struct store_history_entry *e = error ? NULL : store_history_result(r, NULL);
	char text[KEPT_DISPOSITION_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	if (e)
		tell(k, e,
		     &(struct kept_content){
			     .cpim = e->cpim,
			     .type = e->content_type,
			     .from = e->from,
			     .to = e->to,
			     .disposition = e->kind == STORE_HISTORY_FILE
						    ? kept_disposition(&b, e->subject)
						    : STR(""),
			     .body = e->body,
			     .file = e->file,
			     .size = e->size,
		     });
	k->done(k, error, 0);
}


static int get(struct kept *k, uint64_t id)
{
	return store_history_get(k->rs->p.store, &k->r, k->user, id, on_got, k);
}


/* ---- A page of messages ---- */

static void on_page(struct store_request *r, int error, void *arg)
{
	struct kept *k = arg;
	size_t n = 0;
	const struct store_history_entry *e = error ? NULL : store_history_result(r, &n);
	uint64_t next = error ? 0 : store_history_next(r);

	for (size_t i = 0; i < n; i++)
		tell(k, &e[i], NULL);
	k->done(k, error, next);
}


/* ---- A page of sessions ---- */

static void tell_session(struct kept *k, const struct store_conversation *c)
{
	char text[SIP_AOR_MAX];
	struct kept_entry entry = {.id = c->id};
	struct buf texts;

	buf_fixed(&texts, text, sizeof(text));
	entry.item = (struct history_item){
		.form = HISTORY_ITEM_SESSION,
		.reference = reference(k, &texts, 0, c->id),
		.size = c->bytes,
		.date_ms = c->end_ms ? c->end_ms : c->begin_ms,
		.expiry_ms = expiry_of(k, c->begin_ms),
		.start_ms = c->begin_ms,
		.end_ms = c->end_ms,
		.from = c->outgoing ? c->owner : c->peer,
		.to = c->outgoing ? c->peer : c->owner,
		.kind = kind_name(c->kind),
		.messages = c->entries,
		.has_direction = true,
		.outgoing = c->outgoing,
	};
	k->entry(k, &entry);
}


static bool wants_session(const struct kept *k, const struct store_conversation *c)
{
	const struct history_reference *f = k->ref;

	return (!f->with.n || str_eq(f->with, c->peer)) && c->begin_ms >= f->since_ms &&
	       (!f->until_ms || c->begin_ms < f->until_ms) &&
	       (!f->conversation || f->conversation == c->id);
}


static void on_sessions(struct store_request *r, int error, void *arg)
{
	struct kept *k = arg;
	size_t n = 0;
	const struct store_conversation *c = error ? NULL
						   : store_history_conversations_result(r, &n);
	uint64_t next = n == k->max ? c[n - 1].id : 0;

	for (size_t i = 0; i < n; i++)
		if (wants_session(k, &c[i]))
			tell_session(k, &c[i]);
	k->done(k, error, next);
}


static int page(struct kept *k)
{
	struct store *s = k->rs->p.store;

	if (k->ref->sessions)
		return store_history_conversations(s, &k->r, k->user, k->after, k->max, on_sessions,
						   k);
	return store_history_list(s, &k->r,
				  &(struct store_history_filter){
					  .owner = k->user,
					  .peer = k->ref->with.n ? k->ref->with : STR(""),
					  .text = k->ref->text.n ? k->ref->text : STR(""),
					  .conversation = k->ref->conversation,
					  .since_ms = k->ref->since_ms,
					  .until_ms = k->ref->until_ms,
					  .after = k->after,
					  .max = k->max,
				  },
				  on_page, k);
}


const struct kept_source kept_history = {
	.list_type = STR_INIT("application/vnd.oma.im.history-list+xml"),
	.page = page,
	.get = get,
	.searches_text = true,
	.has_sessions = true,
};
