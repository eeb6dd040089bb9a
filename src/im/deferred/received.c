/* SPDX-License-Identifier: Apache-2.0 */
/* A large message as it comes: its pieces to the disk, and 200 when all of it is there. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "body/mime.h"
#include "im/deferred/reception.h"
#include "im/recorder.h"
#include "msrp/relay.h"


static void move(struct received *m, struct list *to)
{
	if (m->in)
		list_remove(m->in, &m->link);
	m->in = to;
	list_append(to, &m->link);
}


static void received_destroy(void *object)
{
	struct received *m = object;

	store_cancel(&m->r);
	store_content_abandon(m->content);
	intake_answer(&m->intake, 408);
	if (m->in)
		list_remove(m->in, &m->link);
	m->of->bytes -= m->intake.size;
	buf_done(&m->begin);
	mem_unref(m->of);
}


/* ---- A message begins ---- */

static struct received *find(const struct reception *r, struct str id)
{
	for (struct list_link *l = list_first(&r->messages); l; l = list_next(&r->messages, l)) {
		struct received *m = container_of(l, struct received, link);

		if (str_eq(m->message_id, id))
			return m;
	}
	return NULL;
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static struct received *make(struct reception *r, const struct msrp_frame *f)
{
	struct str type = str_upto(f->content_type, STORE_DEFERRED_TEXT_MAX);
	struct received *m = mem_alloc(sizeof(*m) + f->message_id.n + type.n, received_destroy);
	char *at;

	if (!m)
		return NULL;
	at = m->text;
	m->of = mem_ref(r);
	m->message_id = put(&at, f->message_id);
	m->content_type = put(&at, type);
	m->intake = (struct intake)INTAKE_INIT;
	buf_init(&m->begin, RECEPTION_INLINE_MAX);
	move(m, &r->messages);
	return m;
}


/* ---- May it? ---- */

static struct str without_params(struct str type)
{
	return str_trim(str_cut(&type, ';'));
}


/* What is inside a wrapper is the recipient's to judge. */
static bool type_taken(const struct reception *r, struct str content_type)
{
	struct str subtype = without_params(content_type), type = str_cut(&subtype, '/');

	return !r->types.n || str_eq_nocase(type, STR("multipart")) ||
	       (str_eq_nocase(type, STR("message")) && str_eq_nocase(subtype, STR("cpim"))) ||
	       sdp_types_have(r->types, type, subtype);
}


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *rc, void *arg)
{
	const struct msrp_frame *f = rc->frame;
	struct reception *r = container_of(arg, struct reception, source);
	struct received *m = find(r, f->message_id);

	(void)s;
	if (m && m->intake.refused)
		return m->intake.refused;
	if (!m && intake_is_nothing(f))
		return 0;
	if (!m && !type_taken(r, f->content_type))
		return 415;
	if (intake_is_larger(f, r->max_size))
		return 413;
	if (!m && r->messages.count >= RECEPTION_MESSAGES_MAX)
		return 413;
	if (!m)
		m = make(r, f);
	if (!m)
		return 413;
	intake_begin_chunk(&m->intake, rc, m);
	m->cookie = NULL;
	if (r->recording)
		(void)r->d->recorder->tap->head(MSRP_SIDE_A, rc, &m->cookie, r->recording);
	return 0;
}


/* ---- The sender's history sees what passes ---- */

static void show_piece(struct received *m, const struct msrp_receive *rc, struct str piece)
{
	struct reception *r = m->of;

	if (r->recording)
		r->d->recorder->tap->piece(MSRP_SIDE_A, rc, piece, m->cookie, r->recording);
}


static void show_end(struct received *m, const struct msrp_receive *rc, char flag)
{
	struct reception *r = m->of;

	if (r->recording)
		r->d->recorder->tap->end(MSRP_SIDE_A, rc, flag, m->cookie, r->recording);
}


static void show_answer(struct received *m, uint16_t status)
{
	struct reception *r = m->of;

	if (r->recording)
		r->d->recorder->tap->answered(MSRP_SIDE_A, status, m->cookie, r->recording);
	m->cookie = NULL;
}


/* ---- Its pieces ---- */

/* What of the piece belongs to the beginning. */
static bool keep_begin(struct received *m, uint64_t at, struct str piece)
{
	struct buf *b = &m->begin;
	size_t end, from = (size_t)at;

	if (at >= RECEPTION_INLINE_MAX)
		return true;
	piece = str_upto(piece, RECEPTION_INLINE_MAX - from);
	end = from + piece.n;
	if (end > b->n) {
		if (!buf_reserve(b, end - b->n))
			return false;
		memset(b->p + b->n, 0, end - b->n);
		b->n = end;
	}
	memcpy(b->p + from, piece.p, piece.n);
	return true;
}


static void on_room(struct store_content_writer *w, void *arg)
{
	struct received *m = arg;

	(void)w;
	media_source_let_go(&m->of->source);
}


static void on_content(struct store_content_writer *w, int error, const struct str *name,
		       void *arg);

static const struct store_content_handler content_handler = {.room = on_room, .done = on_content};


/* It becomes too large for a record: what is here of it goes to the disk, and all that comes. */
static int spill(struct received *m)
{
	int err = store_content_create(&m->content, m->of->d->store, &content_handler, m);

	for (size_t i = 0; !err && i < m->intake.runs.n; i++) {
		struct byte_run r = m->intake.runs.run[i];

		err = store_content_write(m->content, r.start,
					  (struct str){m->begin.p + r.start,
						       (size_t)(r.end - r.start)});
	}
	return err;
}


/* Asked for every 64 kB: all that is coming to the user is looked at. */
static bool has_room(const struct received *m, uint64_t end)
{
	if (end <= m->intake.size || (m->intake.size && m->intake.size >> 16 == end >> 16))
		return true;
	return reception_has_room(m->of, end - m->intake.size);
}


static int note_piece(struct received *m, uint64_t at, size_t n)
{
	uint64_t before = m->intake.size;
	int err = intake_add(&m->intake, at, n);

	m->of->bytes += m->intake.size - before;
	return err;
}


static int take(struct received *m, uint64_t at, struct str piece)
{
	uint64_t max = m->of->max_size;
	int err = 0;

	if (at > max || piece.n > max - at)
		return -EFBIG;
	if (!has_room(m, at + piece.n))
		return -EDQUOT;
	if (!m->content && at + piece.n > RECEPTION_INLINE_MAX)
		err = spill(m);
	if (!err && m->content)
		err = store_content_write(m->content, at, piece);
	if (!err && !keep_begin(m, at, piece))
		err = -ENOMEM;
	return err ? err : note_piece(m, at, piece.n);
}


/* Nothing of it is kept; what still comes of it is refused as well. */
static uint16_t refuse(struct received *m, int error)
{
	m->intake.refused = intake_status(error);
	if (error != -EFBIG)
		log_warning("deferred", "a large message for " STR_FMT " cannot be kept: %s",
			    STR_ARG(m->of->m.user), strerror(-error));
	store_content_abandon(m->content);
	m->content = NULL;
	buf_done(&m->begin);
	m->of->bytes -= m->intake.size;
	m->intake.size = 0;
	deferred_tally(DEFERRED_REFUSED);
	media_source_let_go(&m->of->source);
	return m->intake.refused;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *rc, struct str piece,
			void *arg)
{
	struct received *m = rc->user;
	int err;

	(void)s;
	(void)arg;
	if (!m || !piece.n)
		return 0;
	if (m->intake.refused)
		return m->intake.refused;
	err = take(m, rc->offset, piece);
	if (err) {
		intake_end_chunk(&m->intake, rc, 0);
		show_end(m, rc, 0);
		show_answer(m, intake_status(err));
		return refuse(m, err);
	}
	show_piece(m, rc, piece);
	media_source_hold(&m->of->source);
	return 0;
}


/* ---- On disk ---- */

static void remove_content(struct received *m)
{
	if (m->named)
		store_content_remove(m->of->d->store,
				     (struct str){m->content_name, STORE_CONTENT_NAME_N});
	m->named = false;
}


static void give(struct received *m, uint16_t status)
{
	show_answer(m, status);
	intake_answer(&m->intake, status);
}


static void tell(const struct received *m)
{
	const struct reception *r = m->of;

	if (!r->d->events)
		return;
	im_events_tell(r->d->events,
		       &(struct im_event){
			       .outcome = IM_DEFERRED,
			       .kind = r->m.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE,
			       .side = IM_TERMINATING,
			       .status = 200,
			       .originator = r->m.sender,
			       .recipient = r->m.user,
			       .call_id = r->m.call_id,
			       .message_id = m->m.message_id,
			       .size = (size_t)m->intake.size,
			       .took_ms = (uint32_t)(loop_now_ms(r->d->loop) - r->since_ms),
		       });
}


static void failed(struct received *m, int error)
{
	deferred_tally(DEFERRED_REFUSED);
	log_warning("deferred", "a large message for " STR_FMT " was not kept: %s",
		    STR_ARG(m->of->m.user), strerror(-error));
	remove_content(m);
	give(m, intake_status(error));
	mem_unref(m);
}


static void on_held(struct store_request *rq, int error, void *arg)
{
	struct received *m = arg;
	struct reception *r = m->of;

	(void)rq;
	if (error) {
		failed(m, error);
		return;
	}
	deferred_tally(DEFERRED_HELD);
	receptions_kept(r->d, r->m.user, m->intake.size);
	tell(m);
	give(m, 200);
	hold_kept(r->d, r->m.user, r->m.expires_ms, r->was_there);
	mem_unref(m);
}


/* RFC 5438: what its sender wants to hear of it, and by which name. */
static void take_cpim(struct received *m)
{
	struct str head = str_upto(buf_str(&m->begin), RECEPTION_HEAD_MAX);
	struct cpim c;

	if (!str_eq_nocase(without_params(m->content_type), STR("message/cpim")) ||
	    cpim_decode_head(&c, head))
		return;
	if (c.message_id.n <= STORE_DEFERRED_TEXT_MAX)
		m->m.message_id = c.message_id;
	if (c.notify & CPIM_NOTIFY_NEGATIVE_DELIVERY)
		m->m.flags |= STORED_NEGATIVE;
}


static void hold(struct received *m)
{
	struct reception *r = m->of;
	int err;

	m->m = r->m;
	/* Several messages of one session are told apart by it: the request is the same. */
	m->m.cseq += r->kept++;
	m->m.size = m->intake.size;
	m->m.content_type = m->content_type;
	m->m.message_id = STR("");
	take_cpim(m);
	if (m->named)
		m->m.file = (struct str){m->content_name, STORE_CONTENT_NAME_N};
	else
		m->m.body = buf_str(&m->begin);
	err = store_deferred_hold(r->d->store, &m->r, &m->m, r->d->config.quota, on_held, m);
	if (err)
		failed(m, err);
}


static void on_content(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct received *m = arg;

	(void)w;
	m->content = NULL;
	if (error) {
		failed(m, error);
		return;
	}
	memcpy(m->content_name, name[0].p, STORE_CONTENT_NAME_N);
	m->named = true;
	hold(m);
}


static void store_it(struct received *m)
{
	move(m, &m->of->d->storing);
	if (m->content)
		store_content_finish(m->content, 1);
	else
		hold(m);
}


/* ---- A chunk ends ---- */

/* The answer waits for the disk. When none is wanted it is stored all the same. */
static uint16_t whole(struct received *m, struct msrp_receive *rc)
{
	uint16_t status = intake_defer(&m->intake, rc);

	if (status) {
		store_it(m);
	} else {
		status = refuse(m, -ENOMEM);
		mem_unref(m);
	}
	return status;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *rc, char flag, void *arg)
{
	struct received *m = rc->user;

	(void)s;
	(void)arg;
	if (!m)
		return 200;
	intake_end_chunk(&m->intake, rc, flag);
	show_end(m, rc, flag);
	if (flag == '#') {
		show_answer(m, 200);
		m->intake.refused = 408; /* what another connection still brings of it */
		if (!m->intake.chunks)
			mem_unref(m);
		return 200;
	}
	if (intake_whole(&m->intake))
		return whole(m, rc);
	show_answer(m, m->intake.refused ? m->intake.refused : 200);
	return m->intake.refused ? m->intake.refused : 200;
}


static void on_broken(struct msrp_session *s, struct msrp_receive *rc, void *arg)
{
	struct received *m = rc->user;

	(void)s;
	(void)arg;
	if (m) {
		intake_end_chunk(&m->intake, rc, 0);
		show_end(m, rc, 0);
		show_answer(m, 408);
	}
}


const struct msrp_session_handler received_handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.bound = media_source_bound,
	.lost = media_source_lost,
};


/* ---- Over ---- */

void received_abandon_all(struct reception *r)
{
	for (struct list_link *l; (l = list_first(&r->messages));)
		mem_unref(container_of(l, struct received, link));
}


void received_drop_all(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->storing));)
		mem_unref(container_of(l, struct received, link));
}
