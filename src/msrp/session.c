/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: their URIs, their connections, re-pointing, the end. */
#include "msrp/session.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "msrp/answer.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/receive.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"
#include "msrp/writer.h"

/* Six bits each, of the characters RFC 3986 calls unreserved. */
#define ID_CHARS (MSRP_SESSION_ID_BITS / 6)
_Static_assert(MSRP_SESSION_ID_BITS >= 80 && MSRP_SESSION_ID_BITS % 6 == 0, "RFC 4975 14.1");


/* ---- Our URI ---- */

static void make_id(struct loop *loop, char id[static ID_CHARS])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t random[ID_CHARS];

	loop_random(loop, random, sizeof(random));
	for (size_t i = 0; i < ID_CHARS; i++)
		id[i] = digits[random[i] & 63];
}


static int make_local(struct msrp_session *s, const struct msrp_advertised *at)
{
	char id[ID_CHARS], text[MSRP_URI_MAX];
	struct msrp_uri uri = {
		.secure = at->secure,
		.host_v6 = at->host_v6,
		.port = at->port,
		.host = at->host,
		.session_id = {id, sizeof(id)},
		.transport = STR("tcp"),
	};
	struct buf b;

	make_id(s->ep->loop, id);
	buf_fixed(&b, text, sizeof(text));
	msrp_uri_encode(&uri, &b);
	if (b.failed)
		return -EINVAL;
	s->local = str_dup(buf_str(&b));
	if (!s->local)
		return -ENOMEM;
	s->local_n = (uint16_t)b.n;
	s->id_n = ID_CHARS;
	s->id_at = (uint16_t)(b.n - ID_CHARS - STR(";tcp").n);
	assert(str_eq(str_upto(str_from(buf_str(&b), s->id_at), ID_CHARS), uri.session_id));
	return 0;
}


static struct str session_id(const struct msrp_session *s)
{
	return (struct str){s->local + s->id_at, s->id_n};
}


struct msrp_session *msrp_session_find(struct msrp_endpoint *ep, struct str id)
{
	uint64_t key = hash_bytes(&ep->sessions.key, id.p, id.n);

	for (struct hash_link *l = hash_first(&ep->sessions, key); l; l = hash_next(l)) {
		struct msrp_session *s = container_of(l, struct msrp_session, hash);

		if (str_eq(session_id(s), id))
			return s;
	}
	return NULL;
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct msrp_session *s = object;

	if (s->ep)
		msrp_session_stop(s);
	mem_unref(s->local);
	mem_unref(s->remote);
	mem_unref(s->ep);
}


static void on_room(struct msrp_room *room)
{
	struct msrp_session *s = container_of(room, struct msrp_session, room);

	if (s->handler && s->handler->room)
		s->handler->room(s, s->arg);
}


int msrp_session_alloc(struct msrp_session **ret, struct msrp_endpoint *ep,
		       const struct msrp_session_params *p)
{
	struct msrp_advertised at;
	struct msrp_session *s;
	int err;

	if (ep->shut)
		return -EPIPE;
	if (!msrp_endpoint_advertised(ep, p->secure, &at))
		return -ENOENT;
	if (ep->sessions.count >= ep->limits.sessions) {
		msrp_count(MSRP_C_REFUSED_SESSION, 1);
		return -ENOBUFS;
	}
	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->ep = mem_ref(ep);
	s->handler = p->handler;
	s->arg = p->arg;
	s->now.session = s->old.session = s;
	s->room.call = on_room;
	s->active_ms = loop_now_ms(ep->loop);
	list_init(&s->transactions);
	list_init(&s->partials);
	msrp_count(MSRP_G_SESSIONS, 1);
	err = make_local(s, &at);
	if (err) {
		mem_unref(s);
		return err;
	}
	hash_insert(&ep->sessions, &s->hash,
		    hash_bytes(&ep->sessions.key, session_id(s).p, session_id(s).n));
	*ret = s;
	return 0;
}


void msrp_session_set_handler(struct msrp_session *s, const struct msrp_session_handler *h,
			      void *arg)
{
	if (s->stopped)
		return;
	s->handler = h;
	s->arg = arg;
}


struct str msrp_session_local(const struct msrp_session *s)
{
	return (struct str){s->local, s->local_n};
}


struct str msrp_session_remote(const struct msrp_session *s)
{
	return (struct str){s->remote, s->remote_n};
}


struct msrp_endpoint *msrp_session_endpoint(const struct msrp_session *s)
{
	return s->ep;
}


/* ---- Its connections ---- */

static void pauses_move(struct msrp_session *s, struct msrp_connection *c, bool onto)
{
	for (unsigned i = 0; onto && i < s->paused; i++)
		msrp_connection_pause(c);
	if (!onto)
		msrp_connection_resume_n(c, s->paused);
}


static void join(struct msrp_session *s, struct msrp_connection *c)
{
	s->now.c = c;
	s->now.pending = 0;
	list_append(&c->sessions, &s->now.link);
	pauses_move(s, c, true);
	msrp_connection_count_sessions(c);
}


/* `b` has no connection any more; `c` is told, and closes with its last session. */
static void leave(struct msrp_binding *b)
{
	struct msrp_session *s = b->session;
	struct msrp_connection *c = b->c;

	if (!c)
		return;
	list_remove(&c->sessions, &b->link);
	b->c = NULL;
	b->pending = 0;
	if (c->last == s)
		c->last = NULL;
	if (s->room.c == c)
		msrp_room_cancel(&s->room);
	pauses_move(s, c, false);
	msrp_connection_count_sessions(c);
}


struct msrp_binding *msrp_session_binding(struct msrp_session *s, const struct msrp_connection *c)
{
	if (s->now.c == c)
		return &s->now;
	return s->old.c == c ? &s->old : NULL;
}


void msrp_session_hold(struct msrp_session *s, const struct msrp_connection *c)
{
	struct msrp_binding *b = msrp_session_binding(s, c);

	if (b)
		b->pending++;
}


void msrp_session_release(struct msrp_session *s, const struct msrp_connection *c)
{
	struct msrp_binding *b = msrp_session_binding(s, c);

	if (b && b->pending)
		b->pending--;
	if (b == &s->old && b->c && !b->pending)
		leave(b);
}


/* What is under way on `c` for this session ends here. */
static void cut(struct msrp_session *s, struct msrp_connection *c)
{
	if (c->rx.session == s)
		msrp_receive_break(c);
	if (c->open && c->open->session == s)
		(void)msrp_writer_finish(c->open, '#');
}


/* The session leaves it, whatever is under way. The caller keeps the session alive. */
static void drop(struct msrp_binding *b)
{
	struct msrp_session *s = b->session;
	struct msrp_connection *c = b->c;

	if (!c)
		return;
	cut(s, c);
	for (struct list_link *k = list_first(&s->transactions), *next; k; k = next) {
		struct msrp_transaction *t = container_of(k, struct msrp_transaction, of_session);

		next = list_next(&s->transactions, k);
		if (t->c == c) {
			msrp_transaction_end(t, 0);
			next = list_first(&s->transactions);
		}
	}
	leave(b);
}


static void drop_old(struct msrp_session *s)
{
	drop(&s->old);
}


void msrp_session_demote(struct msrp_session *s)
{
	struct msrp_connection *c = s->now.c;

	if (!c)
		return;
	drop_old(s);
	s->told = false;
	loop_defer_cancel(s->ep->loop, &s->tell_bound);
	if (!s->now.pending) {
		leave(&s->now);
		return;
	}
	list_remove(&c->sessions, &s->now.link);
	s->old.c = c;
	s->old.pending = s->now.pending;
	s->now.c = NULL;
	s->now.pending = 0;
	list_append(&c->sessions, &s->old.link);
}


static int set_remote(struct msrp_session *s, struct str path, bool learned)
{
	char *remote;

	if (s->remote && str_eq(path, msrp_session_remote(s))) {
		s->learned = learned;
		return 0;
	}
	remote = str_dup(path);
	if (!remote)
		return -ENOMEM;
	mem_unref(s->remote);
	s->remote = remote;
	s->remote_n = (uint16_t)path.n;
	s->remote_first_n = (uint16_t)msrp_path_first(path).n;
	s->learned = learned;
	return 0;
}


static void on_tell_bound(void *arg)
{
	struct msrp_session *s = mem_ref(arg);

	if (s->now.c && s->now.c->connected && !s->told) {
		s->told = true;
		if (s->handler && s->handler->bound)
			s->handler->bound(s, s->arg);
	}
	mem_unref(s);
}


/* At the end of the turn: others on the connection are told, too, and may end any of them. */
void msrp_session_connected(struct msrp_session *s)
{
	loop_defer(s->ep->loop, &s->tell_bound, on_tell_bound, s);
}


int msrp_session_bind(struct msrp_session *s, struct msrp_connection *c, struct str from_path)
{
	if (from_path.n > MSRP_REMOTE_PATH_MAX)
		return -EBADMSG;
	if (!s->remote || s->learned) {
		int err = set_remote(s, from_path, true);

		if (err)
			return err;
	}
	if (s->old.c == c) { /* it took a new path, and the same connection */
		drop_old(s);
		if (c->state >= MSRP_CLOSING)
			return -EPIPE;
	}
	drop(&s->now); /* one that was being opened */
	join(s, c);
	on_tell_bound(s);
	return 0;
}


void msrp_session_lose(struct msrp_session *s, struct msrp_connection *c, int error)
{
	struct msrp_binding *b = msrp_session_binding(s, c);
	bool now = b == &s->now;

	mem_ref(s);
	list_remove(&c->sessions, &b->link);
	b->c = NULL;
	b->pending = 0;
	if (now) {
		s->told = false;
		loop_defer_cancel(s->ep->loop, &s->tell_bound);
		if (s->handler && s->handler->lost)
			s->handler->lost(s, error, s->arg);
	}
	mem_unref(s);
}


/* ---- Starting, and starting again ---- */

/* RFC 4975 5.4: "the active endpoint MUST immediately issue a SEND request" */
static void on_bind_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	(void)arg;
	if (status == 0 || status == 200 || status == 408 || s->stopped || s->now.c != owner)
		return;
	/* 481, 506…: the connection stands, but not for this session. */
	mem_ref(s);
	drop(&s->now);
	s->told = false;
	if (s->handler && s->handler->lost)
		s->handler->lost(s, -ENOENT, s->arg);
	mem_unref(s);
}


static int send_empty(struct msrp_session *s)
{
	static const struct msrp_range nothing = {1, 0, 0};
	struct msrp_connection *c = s->now.c;
	char tid[MSRP_TID_MADE], id[MSRP_TID_MADE], text[MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 256];
	struct msrp_transaction *t = msrp_transaction_begin(s, c, tid, on_bind_answer, c, NULL);
	struct buf b;

	if (!t)
		return -ENOMEM;
	msrp_tid_make(loop_random_u64(s->ep->loop), id);
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, STR("SEND"), msrp_session_remote(s),
			    msrp_session_local(s));
	msrp_header_encode(&b, STR("Message-ID"), (struct str){id, sizeof(id)});
	msrp_range_encode(&b, &nothing);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', false);
	msrp_connection_frame(c, &b);
	msrp_transaction_sent(t, true);
	return 0;
}


static bool stays(const struct msrp_session *s, const struct msrp_remote *r,
		  const struct msrp_connect *to)
{
	const struct msrp_connection *c = s->now.c;

	if (!c || !msrp_connection_usable(c))
		return false;
	if (s->remote && !s->learned &&
	    !str_eq(msrp_path_first(r->path), msrp_session_remote_first(s)))
		return false;
	/* One that the peer opened shows where the peer is, whatever the SDP says. */
	return r->role == MSRP_PASSIVE || !c->ours || msrp_connection_leads(c, to);
}


static int go_to(struct msrp_session *s, struct msrp_connection *c)
{
	int err;

	if (s->now.c != c) {
		msrp_session_demote(s);
		join(s, c);
	}
	err = send_empty(s);
	if (err) {
		leave(&s->now);
		return err;
	}
	loop_defer(s->ep->loop, &s->tell_bound, on_tell_bound, s);
	return 0;
}


int msrp_session_start(struct msrp_session *s, const struct msrp_remote *r)
{
	struct msrp_connect to = {.peer = r->addr, .name = r->name, .fresh = r->fresh};
	struct msrp_connection *c = NULL;
	struct msrp_path path;
	struct msrp_uri first;
	bool stay;
	int err = 0;

	if (s->stopped)
		return -EPIPE;
	if (r->path.n > MSRP_REMOTE_PATH_MAX || msrp_path_decode(&path, r->path) ||
	    msrp_uri_decode(&first, path.uri[0]))
		return -EBADMSG;
	to.secure = first.secure;
	stay = stays(s, r, &to);
	if (!stay)
		drop_old(s); /* it may be the one to share, and close with us */
	if (!stay && r->role == MSRP_ACTIVE)
		err = msrp_connection_to(&c, s->ep, &to);
	if (err)
		return err;
	err = set_remote(s, r->path, false);
	if (err) {
		if (c)
			msrp_connection_count_sessions(c);
		return err;
	}
	if (stay)
		return 0;
	if (c)
		return go_to(s, c);
	msrp_session_demote(s);
	return 0;
}


void msrp_session_stop(struct msrp_session *s)
{
	if (s->stopped)
		return;
	if (s->now.c)
		cut(s, s->now.c);
	if (s->old.c)
		cut(s, s->old.c);
	s->stopped = true;
	s->handler = NULL;
	loop_defer_cancel(s->ep->loop, &s->tell_bound);
	msrp_room_cancel(&s->room);
	for (struct list_link *k; (k = list_first(&s->transactions));)
		msrp_transaction_end(container_of(k, struct msrp_transaction, of_session), 0);
	msrp_partials_free(s);
	leave(&s->old);
	leave(&s->now);
	hash_remove(&s->ep->sessions, &s->hash);
	msrp_count(MSRP_G_SESSIONS, -1);
}


/* ---- What others ask ---- */

bool msrp_session_bound(const struct msrp_session *s)
{
	return s->now.c && s->now.c->connected && s->remote;
}


const struct addr *msrp_session_peer(const struct msrp_session *s)
{
	return s->now.c ? &s->now.c->peer : NULL;
}


bool msrp_session_secure(const struct msrp_session *s)
{
	return s->now.c && s->now.c->secure;
}


void msrp_session_pause(struct msrp_session *s)
{
	s->paused++;
	if (s->now.c)
		msrp_connection_pause(s->now.c);
	if (s->old.c)
		msrp_connection_pause(s->old.c);
}


void msrp_session_resume(struct msrp_session *s)
{
	assert(s->paused);
	s->paused--;
	if (s->now.c)
		msrp_connection_resume(s->now.c);
	if (s->old.c)
		msrp_connection_resume(s->old.c);
}


uint64_t msrp_session_active_ms(const struct msrp_session *s)
{
	return s->active_ms;
}


size_t msrp_session_queued(const struct msrp_session *s)
{
	return s->now.c ? msrp_connection_queued(s->now.c) : 0;
}


void msrp_session_wait_room(struct msrp_session *s)
{
	if (s->now.c)
		msrp_room_wait(&s->room, s->now.c);
}


unsigned msrp_session_outstanding(const struct msrp_session *s)
{
	return s->outstanding;
}


/* ---- Requests in one piece ---- */

int msrp_session_report(struct msrp_session *s, const struct msrp_session_report *r)
{
	char tid[MSRP_TID_MADE], text[MSRP_HEAD_MAX + MSRP_REMOTE_PATH_MAX];
	struct msrp_report report = {
		.tid = {tid, sizeof(tid)},
		.to_path = r->to_path.n ? r->to_path : msrp_session_remote(s),
		.from_path = msrp_session_local(s),
		.message_id = r->message_id,
		.range = r->range,
		.status = r->status,
		.comment = msrp_status_comment(r->status),
		.has_distribution_count = r->has_distribution_count,
		.distribution_count = r->distribution_count,
	};
	struct msrp_connection *c = s->now.c ? s->now.c : s->old.c;
	struct buf b;

	if (!c || !report.to_path.n)
		return -ENOTCONN;
	msrp_tid_make(loop_random_u64(s->ep->loop), tid);
	buf_fixed(&b, text, sizeof(text));
	msrp_report_encode(&b, &report);
	if (b.failed)
		return -ENOBUFS;
	msrp_connection_frame(c, &b);
	return 0;
}


static void on_request_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	msrp_status_cb *done = (msrp_status_cb *)(uintptr_t)owner;

	if (done && !s->stopped)
		done(s, status, arg);
}


int msrp_session_request(struct msrp_session *s, struct str method, struct str lines,
			 msrp_status_cb *done, void *arg)
{
	char tid[MSRP_TID_MADE], text[MSRP_HEAD_MAX + MSRP_REMOTE_PATH_MAX];
	struct msrp_connection *c = s->now.c;
	struct msrp_transaction *t;
	struct buf b;

	if (!c || !s->remote)
		return -ENOTCONN;
	t = msrp_transaction_begin(s, c, tid, on_request_answer, (void *)(uintptr_t)done, arg);
	if (!t)
		return -ENOMEM;
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, method, msrp_session_remote(s),
			    msrp_session_local(s));
	buf_puts(&b, lines);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', false);
	if (b.failed) {
		msrp_transaction_cancel(t);
		return -ENOBUFS;
	}
	msrp_connection_frame(c, &b);
	msrp_transaction_sent(t, true);
	return 0;
}
