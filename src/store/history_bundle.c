/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the history gathered in one block, in the form they have on disk. */
#include "store/history_bundle.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>

#include "store/blocks.h"
#include "store/content.h"
#include "store/job.h"

/** Says of each entry that it is one: what was never written, or given back to the disk, reads as zeros. */
#define MARK 0xe7
/** Memory of the first put; it doubles. */
#define ROOM_FIRST (16u << 10)

enum flag {
	FLAG_OUTGOING = 1,
	FLAG_ABORTED = 2,
	FLAG_CPIM = 4,
	FLAG_TEXT_IN_BODY = 8, /**< `text` is a part of the body */
	/* As of the entry before it: */
	FLAG_SAME_FROM = 16,
	FLAG_SAME_TO = 32,
	FLAG_SAME_SUBJECT = 64,
	FLAG_SAME_TYPE = 128,
};

/** Before the texts of each entry; little endian. */
struct head {
	uint8_t mark, flags;
	uint16_t message_id, from, to, subject, type; /**< bytes of each */
	uint32_t body, text, text_at;
	uint64_t date_ms, size;
} __attribute__((packed));

struct store_history_bundle {
	struct store_history_entry shared;
	struct blocks data;
	size_t last; /**< where the last begins */
	size_t n;
	struct {
		size_t at, n;
	} from, to, subject, type; /**< where the last ones are */
	char text[];               /**< owner, peer */
};


static void destroy(void *object)
{
	struct store_history_bundle *b = object;

	blocks_done(&b->data);
}


int store_history_bundle_alloc(struct store_history_bundle **ret,
			       const struct store_history_entry *e)
{
	struct str keys[] = {e->owner, e->peer};
	struct store_history_bundle *b;
	int error = store_keys_check(keys, 2, STORE_HISTORY_TEXT_MAX);

	if (error)
		return error;
	b = mem_alloc(sizeof(*b) + e->owner.n + e->peer.n + 1, destroy);
	if (!b)
		return -ENOMEM;
	if (e->owner.n)
		memcpy(b->text, e->owner.p, e->owner.n);
	if (e->peer.n)
		memcpy(b->text + e->owner.n, e->peer.p, e->peer.n);
	b->shared.owner = (struct str){b->text, e->owner.n};
	b->shared.peer = (struct str){b->text + e->owner.n, e->peer.n};
	b->shared.conversation = e->conversation;
	b->shared.kind = e->kind;
	*ret = b;
	return 0;
}


/* ---- Putting ---- */

static int make_room(struct store_history_bundle *b, size_t more)
{
	if (b->n == STORE_HISTORY_BUNDLE_ENTRIES || b->data.n + more > STORE_HISTORY_BUNDLE_FULL)
		return -ENOBUFS;
	return blocks_reserve(&b->data, more, ROOM_FIRST) ? 0 : -ENOMEM;
}


static bool is_part(struct str text, struct str body)
{
	return text.n && text.p >= body.p && text.p + text.n <= body.p + body.n;
}


static bool is_same(const struct store_history_bundle *b, size_t at, size_t n, struct str text)
{
	return b->n && n == text.n && (!n || memcmp(b->data.p + at, text.p, n) == 0);
}


static uint8_t flags_of(const struct store_history_bundle *b, const struct store_history_entry *e)
{
	return (uint8_t)((e->outgoing ? FLAG_OUTGOING : 0) | (e->aborted ? FLAG_ABORTED : 0) |
			 (e->cpim ? FLAG_CPIM : 0) |
			 (is_part(e->text, e->body) ? FLAG_TEXT_IN_BODY : 0) |
			 (is_same(b, b->from.at, b->from.n, e->from) ? FLAG_SAME_FROM : 0) |
			 (is_same(b, b->to.at, b->to.n, e->to) ? FLAG_SAME_TO : 0) |
			 (is_same(b, b->subject.at, b->subject.n, e->subject) ? FLAG_SAME_SUBJECT
									      : 0) |
			 (is_same(b, b->type.at, b->type.n, e->content_type) ? FLAG_SAME_TYPE : 0));
}


/* What stands there already was looked at when it was put. */
static int check(const struct store_history_entry *e, uint8_t flags)
{
	const struct str none = STR("");
	struct str keys[] = {
		e->message_id,
		flags & FLAG_SAME_FROM ? none : e->from,
		flags & FLAG_SAME_TO ? none : e->to,
		flags & FLAG_SAME_SUBJECT ? none : e->subject,
		flags & FLAG_SAME_TYPE ? none : e->content_type,
	};

	if (e->request.n || e->file.n)
		return -EINVAL;
	if (e->body.n > STORE_HISTORY_BODY_MAX || e->text.n > STORE_HISTORY_SEARCH_MAX ||
	    e->size > STORE_CONTENT_SIZE_MAX)
		return -EMSGSIZE;
	return store_keys_check(keys, sizeof(keys) / sizeof(keys[0]), STORE_HISTORY_TEXT_MAX);
}


static size_t append(struct store_history_bundle *b, struct str s)
{
	size_t at = b->data.n;

	blocks_put(&b->data, s);
	return at;
}


#define APPEND_UNLESS(flag, member, s)                 \
	do {                                           \
		if (!(flags & (flag))) {               \
			b->member.at = append(b, (s)); \
			b->member.n = (s).n;           \
		}                                      \
	} while (0)


int store_history_bundle_put(struct store_history_bundle *b, const struct store_history_entry *e)
{
	uint8_t flags = flags_of(b, e);
	struct head h = {
		.mark = MARK,
		.flags = flags,
		.message_id = htole16((uint16_t)e->message_id.n),
		.from = htole16((uint16_t)e->from.n),
		.to = htole16((uint16_t)e->to.n),
		.subject = htole16((uint16_t)e->subject.n),
		.type = htole16((uint16_t)e->content_type.n),
		.body = htole32((uint32_t)e->body.n),
		.text = htole32((uint32_t)e->text.n),
		.date_ms = htole64((uint64_t)e->date_ms),
		.size = htole64(e->size),
	};
	int error = check(e, flags);

	if (!error)
		error = make_room(b, sizeof(h) + e->message_id.n + e->from.n + e->to.n +
					     e->subject.n + e->content_type.n + e->body.n +
					     e->text.n);
	if (error)
		return error;
	if (flags & FLAG_TEXT_IN_BODY)
		h.text_at = htole32((uint32_t)(e->text.p - e->body.p));
	b->last = append(b, (struct str){(const char *)&h, sizeof(h)});
	append(b, e->message_id);
	APPEND_UNLESS(FLAG_SAME_FROM, from, e->from);
	APPEND_UNLESS(FLAG_SAME_TO, to, e->to);
	APPEND_UNLESS(FLAG_SAME_SUBJECT, subject, e->subject);
	APPEND_UNLESS(FLAG_SAME_TYPE, type, e->content_type);
	append(b, e->body);
	if (!(flags & FLAG_TEXT_IN_BODY))
		append(b, e->text);
	b->n++;
	return 0;
}


/* What the one before it had is not known any more: the next has all of its own. */
void store_history_bundle_take_back(struct store_history_bundle *b)
{
	assert(b->n);
	b->data.n = b->last;
	b->n--;
	b->from.n = b->to.n = b->subject.n = b->type.n = SIZE_MAX;
}


void store_history_bundle_clear(struct store_history_bundle *b)
{
	b->data.n = b->n = 0;
}


size_t store_history_bundle_entries(const struct store_history_bundle *b)
{
	return b->n;
}


size_t store_history_bundle_bytes(const struct store_history_bundle *b)
{
	return b->data.n;
}


struct str store_history_bundle_data(const struct store_history_bundle *b)
{
	size_t n = b->data.n;

	memset(b->data.p + n, 0, (size_t)blocks_up(n) - n);
	return (struct str){b->data.p, n};
}


/* ---- Walking ---- */

void store_history_bundle_begin(struct store_history_bundle_walk *w,
				const struct store_history_bundle *b)
{
	*w = (struct store_history_bundle_walk){.shared = b->shared,
						.rest = {b->data.p, b->data.n}};
}


static bool take(struct str *rest, size_t n, struct str *ret)
{
	if (rest->n < n)
		return false;
	*ret = n ? str_upto(*rest, n) : STR("");
	*rest = str_from(*rest, n);
	return true;
}


/* A text of its own, or that of the entry before it. */
static bool take_or_same(struct str *rest, bool same, uint16_t n, struct str *last)
{
	if (same)
		return last->n == n;
	return take(rest, n, last);
}


static bool take_text(struct str *rest, const struct head *h, struct store_history_entry *e)
{
	size_t n = le32toh(h->text), at = le32toh(h->text_at);

	if (!(h->flags & FLAG_TEXT_IN_BODY))
		return take(rest, n, &e->text);
	if (at > e->body.n || n > e->body.n - at)
		return false;
	e->text = str_upto(str_from(e->body, at), n);
	return true;
}


bool store_history_bundle_next(struct store_history_bundle_walk *w, struct store_history_entry *ret)
{
	struct str rest = w->rest, head;
	struct head h;

	if (!take(&rest, sizeof(h), &head))
		return false;
	memcpy(&h, head.p, sizeof(h));
	*ret = w->shared;
	if (h.mark != MARK || !take(&rest, le16toh(h.message_id), &ret->message_id) ||
	    !take_or_same(&rest, h.flags & FLAG_SAME_FROM, le16toh(h.from), &w->from) ||
	    !take_or_same(&rest, h.flags & FLAG_SAME_TO, le16toh(h.to), &w->to) ||
	    !take_or_same(&rest, h.flags & FLAG_SAME_SUBJECT, le16toh(h.subject), &w->subject) ||
	    !take_or_same(&rest, h.flags & FLAG_SAME_TYPE, le16toh(h.type), &w->content_type) ||
	    !take(&rest, le32toh(h.body), &ret->body) || !take_text(&rest, &h, ret))
		return false;
	ret->outgoing = h.flags & FLAG_OUTGOING;
	ret->aborted = h.flags & FLAG_ABORTED;
	ret->cpim = h.flags & FLAG_CPIM;
	ret->from = w->from;
	ret->to = w->to;
	ret->subject = w->subject;
	ret->content_type = w->content_type;
	ret->date_ms = (int64_t)le64toh(h.date_ms);
	ret->size = le64toh(h.size);
	ret->request = ret->file = STR("");
	w->rest = rest;
	return true;
}


/* ---- Adding ---- */

int store_history_add_bundle(struct store *s, struct store_request *r,
			     struct store_history_bundle *const *b, size_t n,
			     const struct store_history_quota *quota, int64_t now_ms,
			     store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_HISTORY_ADD_BUNDLE);
	struct store_history_bundles *to;

	assert(n > 0 && n <= STORE_HISTORY_COPIES_MAX);
	if (!j)
		return -ENOMEM;
	to = &j->in.history_bundles;
	to->n = n;
	to->quota = *quota;
	to->now_ms = now_ms;
	for (size_t i = 0; i < n; i++) {
		assert(b[i]->n);
		to->bundle[i] = mem_ref(b[i]);
		j->bytes += b[i]->data.n;
	}
	return store_job_start(s, j, true, r, done, arg);
}


void store_history_bundles_done(struct store_history_bundles *in)
{
	for (size_t i = 0; i < in->n; i++)
		in->bundle[i] = mem_unref(in->bundle[i]);
}
