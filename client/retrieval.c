/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching what the server keeps. */
#include "client/retrieval.h"

#include <errno.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/deferred_list.h"
#include "body/history_list.h"
#include "body/mime.h"
#include "body/recipient_list.h"
#include "client/envelope.h"
#include "client/notification.h"
#include "sip/uri.h"

#define BOUNDARY_N 24
#define TEXTS_MAX 32768

/** The message on its way; one at a time. */
struct incoming_message {
	char *id;        /**< of MSRP; NULL: none */
	char *type;      /**< of the SEND */
	bool list;       /**< it is the list */
	bool wrapped;    /**< in CPIM, as it should be */
	bool begun;      /**< the program was told */
	bool unwanted;   /**< or does not want it */
	struct buf head; /**< the list; or the CPIM head, as far as it came */
	struct cpim cpim;
	uint64_t total; /**< UINT64_MAX: not known yet */
	uint64_t received;
};

struct retrieval {
	struct parley_session *s;
	enum parley_keeper keeper;
	bool list;
	struct str *wanted; /**< references, in the session's texts */
	size_t wanted_n;
	struct incoming_message now;
	uint64_t after; /**< behind it the list begins; 0: at the first */
	bool listed;    /**< the list has come */
	char *next;     /**< of a list; NULL: no more */
	uint32_t n;
	int error; /**< what came makes no sense */
	const struct parley_kept_handler *handler;
	void *arg;
};


/* ---- Life ---- */

static void message_done(struct incoming_message *m)
{
	mem_unref(m->id);
	mem_unref(m->type);
	buf_done(&m->head);
	*m = (struct incoming_message){.id = NULL};
}


static void destroy(void *object)
{
	struct retrieval *v = object;

	message_done(&v->now);
	mem_unref(v->next);
}


static void on_session_done(struct parley_session *s)
{
	mem_unref(s->of);
}


static bool is_live(const struct retrieval *v)
{
	return v->s->state != SESSION_OVER && !v->s->p->closed;
}


/* ---- The list ---- */

static void tell_entry(struct retrieval *v, const struct history_item *i, struct arena *a)
{
	bool session = i->form == HISTORY_ITEM_SESSION;
	/* Texts of a decoded list end in NUL: they are the arena's. */
	struct parley_kept k = {
		.reference = i->reference.p,
		.from = i->from.n ? i->from.p : "",
		.from_name = i->from_name.n ? i->from_name.p : "",
		.to = i->to.n ? i->to.p : "",
		.to_name = i->to_name.n ? i->to_name.p : "",
		.session = session,
		.outgoing = i->has_direction ? i->outgoing
					     : str_eq_nocase(i->from, str_of(v->s->p->aor)),
		.incomplete = i->incomplete,
		.kind = i->kind.n                      ? i->kind.p
			: session                      ? "session"
			: i->form == HISTORY_ITEM_FILE ? "file"
						       : "pager",
		.type = i->content_type.n ? i->content_type.p : "",
		.subject = i->subject.n ? i->subject.p : "",
		.name = i->name.n ? i->name.p : "",
		.message_id = i->message_id.n ? i->message_id.p : "",
		.text = i->text.n ? i->text.p : "",
		.of = i->session.n ? i->session.p : "",
		.size = i->size,
		.messages = i->messages,
		.date_ms = session ? i->start_ms : i->date_ms,
		.end_ms = i->end_ms,
		.expiry_ms = i->expiry_ms,
	};

	(void)a;
	v->n++;
	if (v->handler->entry)
		v->handler->entry(v->s->p, &k, v->arg);
}


/* Behind which entry the page begins that a reference names. */
static int page_decode(uint64_t *ret_after, struct str reference)
{
	struct arena a = ARENA_INIT(2 * HISTORY_REFERENCE_MAX);
	struct history_reference r;
	int err = history_reference_decode(&r, reference, &a);

	if (!err)
		*ret_after = r.after;
	arena_done(&a);
	return err;
}


/* Entries have rising numbers: a page that begins no later than this one would be read for ever. */
static int take_next(struct retrieval *v, struct str next)
{
	uint64_t after;
	int err = next.n ? page_decode(&after, next) : 0;

	if (err || !next.n)
		return err;
	if (after <= v->after)
		return -ELOOP;
	v->next = str_dup(next);
	return v->next ? 0 : -ENOMEM;
}


static int take_list(struct retrieval *v)
{
	struct arena a = ARENA_INIT(2 * RETRIEVAL_LIST_BYTES_MAX);
	struct history_list list;
	int err = history_list_decode(&list, buf_str(&v->now.head), &a);

	if (!err) {
		for (size_t i = 0; i < list.n && is_live(v); i++)
			tell_entry(v, &list.item[i], &a);
		err = take_next(v, list.next);
	}
	arena_done(&a);
	return err;
}


/* ---- A message ---- */

static const char *keep(struct arena *a, struct str s)
{
	return arena_str(a, s.p ? s : STR("")).p;
}


static unsigned asked_for(const struct retrieval *v)
{
	const struct cpim *c = &v->now.cpim;

	if (v->keeper != PARLEY_DEFERRED || !c->message_id.n)
		return 0;
	return (c->notify & CPIM_NOTIFY_POSITIVE_DELIVERY ? PARLEY_REPORT_DELIVERY : 0) |
	       (c->notify & CPIM_NOTIFY_DISPLAY ? PARLEY_REPORT_DISPLAY : 0);
}


static struct str address_of(struct str value, struct str *name)
{
	struct str uri = STR("");

	*name = STR("");
	if (!value.p || cpim_address_decode(name, &uri, value))
		return STR("");
	return str_eq_nocase(uri, DEFERRED_LIST_ANONYMOUS) ? STR("") : uri;
}


static struct str file_name(const struct cpim *c)
{
	struct str params = c->content_disposition.p ? c->content_disposition : STR(""), name;

	(void)str_cut(&params, ';');
	if (!params.n || !mime_param(params, STR("filename"), &name))
		return STR("");
	return name.n >= 2 && name.p[0] == '"' ? (struct str){name.p + 1, name.n - 2} : name;
}


/* `size` of the content alone. */
static void tell_content(struct retrieval *v, uint64_t size)
{
	struct incoming_message *m = &v->now;
	struct arena a = ARENA_INIT(TEXTS_MAX);
	struct str from_name, to_name, from = address_of(m->cpim.from, &from_name),
				       to = address_of(m->cpim.to, &to_name);
	int64_t sent_ms = -1;

	(void)cpim_date_decode(&sent_ms, m->cpim.date_time.p ? m->cpim.date_time : STR(""));
	struct parley_content c = {
		.from = keep(&a, from),
		.from_name = keep(&a, from_name),
		.to = keep(&a, to),
		.type = keep(&a, m->wrapped ? m->cpim.content_type : str_of(m->type)),
		.name = keep(&a, file_name(&m->cpim)),
		.message_id = keep(&a, m->cpim.message_id),
		.size = size,
		.sent_ms = sent_ms,
		.received_ms = loop_wall_ms(v->s->p->loop),
		.reports = asked_for(v),
	};
	m->begun = true;
	m->unwanted = !c.from || !c.from_name || !c.to || !c.type || !c.name || !c.message_id ||
		      (v->handler->content && !v->handler->content(v->s->p, &c, v->arg));
	arena_done(&a);
}


static uint16_t verdict(const struct retrieval *v)
{
	return !is_live(v) ? 481 : v->now.unwanted ? 413 : 0;
}


static uint16_t give(struct retrieval *v, uint64_t offset, struct str piece)
{
	if (piece.n && v->handler->piece &&
	    !v->handler->piece(v->s->p, offset, piece.p, piece.n, v->arg))
		v->now.unwanted = true;
	return verdict(v);
}


/* The head comes first; what is behind it is content. */
static uint16_t unwrap(struct retrieval *v, uint64_t offset, struct str piece)
{
	struct incoming_message *m = &v->now;
	size_t before = m->head.n, size;

	if (offset != before)
		return 413;
	buf_puts(&m->head, str_upto(piece, RETRIEVAL_ENVELOPE_MAX - before));
	if (m->head.failed)
		return 500;
	size = envelope_size(buf_str(&m->head));
	if (!size)
		return m->head.n < RETRIEVAL_ENVELOPE_MAX ? 0 : 400;
	m->head.n = size;
	if (cpim_decode_head(&m->cpim, buf_str(&m->head)))
		return 400;
	tell_content(v, m->total == UINT64_MAX || m->total < size ? PARLEY_SIZE_UNKNOWN
								  : m->total - size);
	return verdict(v) ? verdict(v) : give(v, 0, str_from(piece, size - before));
}


/* ---- From MSRP ---- */

static uint16_t begin(struct retrieval *v, const struct msrp_frame *f)
{
	struct incoming_message *m = &v->now;
	struct mime_type type;

	message_done(m);
	if (mime_type_decode(&type, f->content_type))
		return 415;
	m->list = mime_type_is(&type, STR("application"), STR("vnd.oma.im.history-list+xml")) ||
		  mime_type_is(&type, STR("application"), STR("vnd.oma.im.deferred-list+xml"));
	m->wrapped = mime_type_is(&type, STR("message"), STR("cpim"));
	if (m->list != v->list)
		return 415;
	if (v->listed)
		return 400;
	buf_init(&m->head, m->list ? RETRIEVAL_LIST_BYTES_MAX : RETRIEVAL_ENVELOPE_MAX + 1);
	m->id = str_dup(f->message_id);
	m->type = str_dup(f->content_type);
	if (!m->id || !m->type)
		return 500;
	m->total = f->range.total != MSRP_RANGE_UNKNOWN ? f->range.total : UINT64_MAX;
	if (!m->list && !m->wrapped)
		tell_content(v, m->total == UINT64_MAX ? PARLEY_SIZE_UNKNOWN : m->total);
	return verdict(v);
}


static uint16_t on_head(struct parley_session *s, struct msrp_receive *r)
{
	struct retrieval *v = s->of;

	if (v->now.id && str_eq(str_of(v->now.id), r->frame->message_id))
		return verdict(v);
	return begin(v, r->frame);
}


static uint16_t on_body(struct parley_session *s, struct msrp_receive *r, struct str piece)
{
	struct retrieval *v = s->of;
	struct incoming_message *m = &v->now;

	if (!m->id)
		return 400;
	m->received += piece.n;
	if (m->list) {
		if (r->offset != m->head.n)
			return 413;
		buf_puts(&m->head, piece);
		return m->head.failed ? 413 : 0;
	}
	if (m->wrapped && !m->begun)
		return unwrap(v, r->offset, piece);
	if (m->wrapped && r->offset < m->head.n)
		return 400;
	return give(v, r->offset - (m->wrapped ? m->head.n : 0), piece);
}


static void report(struct retrieval *v, bool shown)
{
	unsigned reports = asked_for(v);
	struct str name, from = address_of(v->now.cpim.from, &name);

	if (reports & PARLEY_REPORT_DELIVERY)
		notification_send(v->s->p, from, &v->now.cpim, IMDN_DELIVERY, IMDN_DELIVERED);
	if ((reports & PARLEY_REPORT_DISPLAY) && shown)
		notification_send(v->s->p, from, &v->now.cpim, IMDN_DISPLAY, IMDN_DISPLAYED);
}


static uint16_t complete(struct retrieval *v)
{
	struct incoming_message *m = &v->now;
	bool shown;

	if (m->list) {
		v->listed = true;
		v->error = take_list(v);
	} else if (m->wrapped && !m->begun) {
		return 400;
	} else {
		v->n++;
		shown = v->handler->complete &&
			v->handler->complete(v->s->p, m->total - (m->wrapped ? m->head.n : 0),
					     v->arg);
		if (!v->s->p->closed)
			report(v, shown);
	}
	message_done(m);
	return 200;
}


static uint16_t on_end(struct parley_session *s, struct msrp_receive *r, char flag)
{
	struct retrieval *v = s->of;
	struct incoming_message *m = &v->now;

	if (!m->id)
		return 200;
	if (flag == '#') {
		message_done(m);
		return 200;
	}
	if (flag == '$')
		m->total = r->offset;
	return m->total != UINT64_MAX && m->received >= m->total ? complete(v) : 200;
}


/* ---- The INVITE ---- */

static void put_list(struct retrieval *v, struct buf *type, struct buf *body)
{
	struct resource_item items[PARLEY_REFERENCES_MAX];
	char boundary[BOUNDARY_N + 1];

	if (!v->wanted_n)
		return;
	for (size_t i = 0; i < v->wanted_n; i++)
		items[i] = (struct resource_item){.kind = RESOURCE_ENTRY,
						  .uri = v->wanted[i],
						  .copy = RESOURCE_COPY_ABSENT,
						  .count = 1};
	account_put_random(v->s->p, boundary, BOUNDARY_N);
	recipient_list_put_type(type, str_of(boundary));
	recipient_list_encode(body,
			      &(struct recipient_content){.type = STR("application/sdp"),
							  .content = buf_str(&v->s->sdp)},
			      items, v->wanted_n, RECIPIENT_LIST, str_of(boundary));
}


static int on_invite(struct parley_session *s, struct buf *headers, struct buf *type,
		     struct buf *body)
{
	(void)headers;
	put_list(s->of, type, body);
	return 0;
}


/* All of it has come, or as much as will: the BYE that says so is the server's. */
static bool on_ending(const struct parley_session *s)
{
	(void)s;
	return false;
}


static void on_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	struct retrieval *v = s->of;
	struct exchange_end end = *e;
	struct parley_outcome outcome;
	struct exchange_text text;

	if (!end.error && v->error)
		end.error = v->error == -ENOMEM || v->error == -ELOOP ? v->error : -EPROTO;
	/* RFC 3326: any other Reason than that it is complete tells of what went wrong. */
	if (!end.error && why == PARLEY_ENDED_THEM && s->bye_cause && s->bye_cause != 200)
		end.error = -ECONNRESET;
	exchange_outcome(&outcome, &text, &end);
	if (v->handler->ended)
		v->handler->ended(
			s->p,
			&(struct parley_kept_end){.outcome = &outcome, .next = v->next, .n = v->n},
			v->arg);
}


static const struct session_owner owner = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.invite = on_invite,
	.ending = on_ending,
	.over = on_over,
	.done = on_session_done,
};


/* ---- Beginning ---- */

bool retrieval_put_service(const struct parley *p, const struct parley_selection *s, struct buf *b)
{
	struct sip_uri uri;

	if (s->service)
		buf_puts(b, str_of(s->service));
	else
		buf_printf(b, "sip:%s@%s", s->keeper == PARLEY_HISTORY ? "history" : "deferred",
			   p->domain);
	return !b->failed && !sip_uri_decode(&uri, buf_str(b)) && !uri.headers.n;
}


int retrieval_check_reference(const char *text)
{
	struct arena a = ARENA_INIT(2 * HISTORY_REFERENCE_MAX);
	struct history_reference r;
	int err = text && strlen(text) <= HISTORY_REFERENCE_MAX
			  ? history_reference_decode(&r, str_of(text), &a)
			  : -EINVAL;

	arena_done(&a);
	return err == -ENOBUFS ? -ENOMEM : err ? -EINVAL : 0;
}


static bool selects(const struct parley_selection *s)
{
	return s->with || s->text || s->since_ms || s->until_ms || s->limit || s->sessions;
}


/* What is looked for, as one reference. */
static void put_selection(struct buf *b, const struct parley_session *s,
			  const struct parley_selection *sel)
{
	history_reference_encode(b, &(struct history_reference){
					    .service = s->to,
					    .with = sel->with ? str_of(sel->with) : STR(""),
					    .text = sel->text ? str_of(sel->text) : STR(""),
					    .since_ms = sel->since_ms,
					    .until_ms = sel->until_ms,
					    .limit = sel->limit,
					    .sessions = sel->sessions,
				    });
}


static int keep_wanted(struct retrieval *v, const struct parley_selection *sel)
{
	struct parley_session *s = v->s;
	size_t n = sel->next ? 1 : sel->references_n ? sel->references_n : selects(sel) ? 1 : 0;
	struct buf one = BUF_INIT(HISTORY_REFERENCE_MAX);

	if (!n)
		return 0;
	v->wanted = arena_alloc(&s->texts, n * sizeof(*v->wanted));
	if (!v->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		buf_clear(&one);
		if (sel->next)
			buf_puts(&one, str_of(sel->next));
		else if (sel->references_n)
			buf_puts(&one, str_of(sel->references[i]));
		else
			put_selection(&one, s, sel);
		v->wanted[i] = one.failed ? STR("") : session_keep(s, buf_str(&one));
		if (!v->wanted[i].n)
			break;
		v->wanted_n++;
	}
	buf_done(&one);
	return v->wanted_n == n ? 0 : -ENOMEM;
}


static int check(const struct parley_selection *s, bool list)
{
	struct sip_uri uri;
	int err = 0;

	if (s->references_n > PARLEY_REFERENCES_MAX || ((s->sessions || s->next) && !list) ||
	    (s->with && sip_uri_decode(&uri, str_of(s->with))) ||
	    (s->text && strlen(s->text) > HISTORY_REFERENCE_TEXT_MAX))
		return -EINVAL;
	if (s->next)
		err = retrieval_check_reference(s->next);
	for (size_t i = 0; !err && i < s->references_n; i++)
		err = retrieval_check_reference(s->references[i]);
	return err;
}


static int prepare(struct retrieval *v, const struct parley_selection *sel)
{
	struct parley_session *s = v->s;
	struct buf service = BUF_INIT(SIP_URI_MAX);
	int err = 0;

	s->texts.max = RETRIEVAL_TEXT_MAX;
	/* It was checked. */
	if (sel->next && page_decode(&v->after, str_of(sel->next)))
		return -ENOMEM;
	if (retrieval_put_service(s->p, sel, &service))
		s->to = session_keep(s, buf_str(&service));
	else
		err = service.failed ? -ENOMEM : -EINVAL;
	buf_done(&service);
	s->terms = (struct session_terms){
		.direction = SDP_RECVONLY,
		.accept = !v->list                       ? STR("message/cpim")
			  : v->keeper == PARLEY_DEFERRED ? DEFERRED_LIST_TYPE
							 : HISTORY_LIST_TYPE,
		.accept_wrapped = v->list ? STR("") : STR("*"),
		.lines = STR(""),
	};
	if (!err && !s->to.n)
		err = -ENOMEM;
	return err ? err : keep_wanted(v, sel);
}


static int start(struct parley *p, const struct parley_selection *sel, bool list,
		 const struct parley_kept_handler *h, void *arg)
{
	struct retrieval *v;
	int err = p->closed ? -ECANCELED : check(sel, list);

	if (err)
		return err;
	v = mem_alloc(sizeof(*v), destroy);
	if (!v)
		return -ENOMEM;
	v->keeper = sel->keeper;
	v->list = list;
	v->arg = arg;
	err = session_alloc(&v->s, p, PARLEY_CHAT, &owner, v);
	if (err) {
		mem_unref(v);
		return err;
	}
	err = prepare(v, sel);
	if (err) {
		static const struct parley_kept_handler silent = {.ended = NULL};

		v->handler = &silent;
		session_fail(v->s, err);
		return err;
	}
	v->handler = h;
	session_call(v->s);
	return 0;
}


int parley_kept_list(struct parley *p, const struct parley_selection *s,
		     const struct parley_kept_handler *h, void *arg)
{
	return start(p, s, true, h, arg);
}


int parley_kept_get(struct parley *p, const struct parley_selection *s,
		    const struct parley_kept_handler *h, void *arg)
{
	return start(p, s, false, h, arg);
}
