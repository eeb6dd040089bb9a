/* SPDX-License-Identifier: Apache-2.0 */
/* The session in which a large message is taken for somebody who is away. */
#include "im/deferred/reception.h"

#include <errno.h>

#include "base/mem.h"
#include "im/deferred/addressee.h"

#define ALLOW "INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"
/** TPF rows of a large message: both tags in the Contact; a file is a session (session_header.c). */
#define CONTACT_LARGE STR(";+g.oma.sip-im;+g.oma.sip-im.large-message")
#define CONTACT_FILE STR(";+g.oma.sip-im")
/** Of the offer, what is offered again when it is brought (RFC 5547 6). */
static const struct str media_lines[] = {
	STR_INIT("accept-types"),     STR_INIT("accept-wrapped-types"), STR_INIT("file-selector"),
	STR_INIT("file-transfer-id"), STR_INIT("file-disposition"),     STR_INIT("file-date"),
};
/** Our description: one medium, and refused ones. */
#define SAID_MAX 16384
#define INTERVAL_S 1800
#define MIN_S 90

static const struct sm_state states[] = {
	[RECEPTION_COUNTING] = {"counting", SM_TO(RECEPTION_OPEN) | SM_TO(RECEPTION_OVER)},
	[RECEPTION_OPEN] = {"open", SM_TO(RECEPTION_OVER)},
	[RECEPTION_OVER] = {"over", 0},
};
const struct sm_table reception_machine = SM_TABLE("reception", states);


/* ---- The end ---- */

static void reception_destroy(void *object)
{
	struct reception *r = object;

	store_cancel(&r->count);
	timer_cancel(&r->guard);
	media_end_done(&r->media);
	(void)sip_invite_end(r->inv, NULL);
	mem_unref(r->st);
	buf_done(&r->headers);
	buf_done(&r->said);
	mem_free(r->text);
}


static void tell_failed(const struct reception *r, uint16_t status, struct str why)
{
	if (!r->d->events)
		return;
	im_events_tell(r->d->events,
		       &(struct im_event){
			       .outcome = IM_FAILED,
			       .kind = r->m.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE,
			       .side = IM_TERMINATING,
			       .status = status,
			       .originator = r->m.sender,
			       .recipient = r->m.user,
			       .call_id = r->m.call_id,
			       .reason = why,
			       .took_ms = (uint32_t)(loop_now_ms(r->d->loop) - r->since_ms),
		       });
}


/* ---- The sender's history: as of any session, from the 200 OK on (im/recorder.h) ---- */

static void record(struct reception *r)
{
	const struct im_recorder *recorder = r->d->recorder;

	if (!recorder || !r->originated)
		return;
	r->recording = recorder->begin(
		&(struct im_recorded_session){
			.kind = r->m.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE,
			.sides = IM_RECORD_ORIGINATOR,
			.originator = r->m.sender,
			.recipient = r->m.user,
			.call_id = r->m.call_id,
			.originator_hides = r->m.flags & STORED_ANONYMOUS,
		},
		recorder->arg);
}


void reception_unrecord(struct reception *r, const char *why)
{
	const struct im_recorder *recorder = r->d->recorder;

	if (r->recording)
		recorder->end(r->recording, str_of(why), recorder->arg);
	r->recording = NULL;
}


void receptions_unrecord(struct deferred *d)
{
	for (struct list_link *k = list_first(&d->receptions); k; k = list_next(&d->receptions, k))
		reception_unrecord(container_of(k, struct reception, link), "recorder");
}


/* What is whole goes on to the disk; what is not is gone. */
static void over(struct reception *r, const char *why)
{
	bool taken = r->state == RECEPTION_OPEN;

	if (r->state == RECEPTION_OVER)
		return;
	sm_move(&reception_machine, &r->state, RECEPTION_OVER);
	timer_cancel(&r->guard);
	store_cancel(&r->count);
	media_end_done(&r->media);
	r->inv = sip_invite_end(r->inv, NULL);
	reception_unrecord(r, why);
	received_abandon_all(r);
	if (taken && !r->kept)
		tell_failed(r, r->answered ? 200 : 500, str_of(why));
	list_remove(&r->d->receptions, &r->link);
	mem_unref(r);
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	(void)inv;
	over(arg, e->why == SIP_INVITE_BYE        ? "caller"
		  : e->why == SIP_INVITE_EXPIRED  ? "session-timer"
		  : e->why == SIP_INVITE_SHUTDOWN ? "shutdown"
						  : "lost");
}


/* ---- What must not last for ever ---- */

static void on_guard(struct timer *t, void *arg);


static void watch(struct reception *r, uint64_t ms)
{
	timer_start(&r->guard, loop_timers(r->d->loop), ms, on_guard, r);
}


static uint64_t idle_ms(const struct reception *r)
{
	uint32_t s = r->d->config.large_idle_s;

	return (uint64_t)(s ? s : RECEPTION_IDLE_S) * 1000;
}


static bool waits_for_disk(const struct reception *r)
{
	for (struct list_link *l = list_first(&r->d->storing); l; l = list_next(&r->d->storing, l))
		if (container_of(l, struct received, link)->of == r)
			return true;
	return r->paused;
}


static void on_guard(struct timer *t, void *arg)
{
	struct reception *r = arg;
	uint64_t now = loop_now_ms(r->d->loop), last = msrp_session_active_ms(r->media.msrp);
	uint64_t quiet;

	(void)t;
	if (r->lost) {
		over(r, "msrp");
		return;
	}
	if (last < r->since_ms)
		last = r->since_ms;
	quiet = now > last ? now - last : 0;
	if (waits_for_disk(r))
		watch(r, idle_ms(r));
	else if (quiet >= idle_ms(r))
		over(r, "idle");
	else
		watch(r, idle_ms(r) - quiet);
}


void reception_watch(struct reception *r)
{
	if (r->state == RECEPTION_OPEN)
		watch(r, RECEPTION_LOST_MS);
}


static void on_unreachable(struct media_end *e, int error, void *arg)
{
	struct reception *r = arg;

	(void)e;
	(void)error;
	over(r, "msrp");
}


static bool behind(const struct reception *r)
{
	for (struct list_link *l = list_first(&r->messages); l; l = list_next(&r->messages, l)) {
		const struct received *m = container_of(l, struct received, link);

		if (m->content && store_content_behind(m->content))
			return true;
	}
	return false;
}


void reception_let_go(struct reception *r)
{
	if (!r->paused || behind(r))
		return;
	r->paused = false;
	if (r->media.msrp)
		msrp_session_resume(r->media.msrp);
}


/* ---- The description ---- */

/* -EPROTONOSUPPORT: nothing in it can be taken here. */
static int offer_decode(struct sdp *d, struct sdp_msrp *o, struct str text)
{
	int err = sdp_decode(d, text);

	if (!err)
		err = sdp_msrp_decode(o, d);
	if (err)
		return err == -ENOENT ? -EPROTONOSUPPORT : -EBADMSG;
	/* They want to be sent something, or nothing at all: there is no message in that. */
	if (!o->port || o->direction == SDP_RECVONLY || o->direction == SDP_INACTIVE)
		return -EPROTONOSUPPORT;
	return o->path.n ? 0 : -EBADMSG;
}


static void put_attribute(struct buf *b, struct str name, struct str value)
{
	buf_puts(b, STR("a="));
	buf_puts(b, name);
	buf_putc(b, ':');
	buf_puts(b, value);
	buf_puts(b, STR("\r\n"));
}


/* RFC 5547: the sender's words of the file, and what it would send. */
static int keep_media(struct reception *r, const struct sdp *d, const struct sdp_msrp *o)
{
	struct str section = d->medium[o->at].text, value;
	struct buf lines = BUF_INIT(STORE_DEFERRED_MEDIA_MAX);
	struct buf name = BUF_INIT(STORE_DEFERRED_TEXT_MAX);
	struct sdp_file f = {0};
	int err = 0;

	for (size_t i = 0; i < sizeof(media_lines) / sizeof(media_lines[0]); i++)
		if (sdp_attribute(section, media_lines[i], &value))
			put_attribute(&lines, media_lines[i], value);
	if (o->file_selector.n && sdp_file_decode(&f, o->file_selector) == 0)
		sdp_file_name_put(&name, f.name);
	if (lines.failed || name.failed)
		err = -EBADMSG;
	r->text = err ? NULL : mem_raw(lines.n + name.n + 1);
	if (r->text) {
		r->m.media = (struct str){r->text, lines.n};
		r->m.name = (struct str){r->text + lines.n, name.n};
		if (lines.n)
			memcpy(r->text, lines.p, lines.n);
		if (name.n)
			memcpy(r->text + lines.n, name.p, name.n);
	} else if (!err) {
		err = -ENOMEM;
	}
	if (!err && f.sized && f.size > r->max_size)
		err = -E2BIG;
	buf_done(&lines);
	buf_done(&name);
	return err;
}


static void put_types(struct buf *b, const struct reception *r)
{
	buf_puts(b, STR("message/cpim "));
	buf_puts(b, r->types.n ? r->types : STR("*"));
}


/* a=recvonly; RFC 4975 8.6: max-size is what we take. */
static int describe(struct reception *r, const struct sdp *d, const struct sdp_msrp *o)
{
	char storage[RECEPTION_TYPES_MAX + 32];
	struct buf types;
	struct sdp_own own = {.direction = SDP_RECVONLY};

	buf_fixed(&types, storage, sizeof(storage));
	media_end_describe(&r->media, &own.end);
	put_types(&types, r);
	own.accept = r->types.n ? buf_str(&types) : STR("*");
	own.accept_wrapped = r->types.n ? r->types : STR("*");
	own.max_size = r->max_size == UINT64_MAX ? 0 : r->max_size;
	/* RFC 5547 8.2: the answerer copies the file-selector and the file-transfer-id of the offer. */
	struct str media = r->m.media, line;
	struct buf lines = BUF_INIT(STORE_DEFERRED_MEDIA_MAX);

	while ((line = str_cut(&media, '\n')).n)
		if (str_starts(line, STR("a=file-selector:")) ||
		    str_starts(line, STR("a=file-transfer-id:"))) {
			buf_puts(&lines, line);
			buf_putc(&lines, '\n');
		}
	own.lines = buf_str(&lines);
	buf_init(&r->said, SAID_MAX);
	if (d)
		sdp_answer(&r->said, d, o->at, &own);
	else
		sdp_compose(&r->said, &own);
	bool failed = lines.failed || r->said.failed || types.failed;

	buf_done(&lines);
	return failed ? -ENOMEM : 0;
}


/* ---- The leg ---- */

static struct str on_session(struct sip_invite *inv, void *arg)
{
	const struct reception *r = arg;

	(void)inv;
	return buf_str(&r->said);
}


/* The sender's answer to our offer, when its INVITE had none. */
static void on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct reception *r = arg;
	struct sdp d;
	struct sdp_msrp o;

	(void)inv;
	if (!r->offers || r->state != RECEPTION_OPEN)
		return;
	r->offers = false;
	if (!m ||
	    offer_decode(&d, &o, sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body)) ||
	    media_end_start(&r->media, &o))
		over(r, "sdp");
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	const struct reception *r = arg;

	media_end_modify(&r->media, inv, m);
}


static const struct sip_invite_handler leg_handler = {
	.acked = on_acked,
	.modify = on_modify,
	.session = on_session,
	.ended = on_ended,
};

static const struct sip_invite_profile profile = {
	.allow = STR_INIT(ALLOW),
	.handler = &leg_handler,
};


/* It was a leg of a session, whose devices could not be reached. */
static void take_leg(struct reception *r)
{
	r->inv = *r->leg;
	*r->leg = NULL;
	r->leg = NULL;
	sip_invite_hand_over(r->inv, &profile, r);
}


static int accept_leg(struct reception *r, const struct sip_msg *m)
{
	const struct sip_source *src = sip_server_txn_source(r->st);
	/* Where a client is reached again that is not found by its Contact: by the way its request came. */
	struct sip_hop back = {.kind = src->kind,
			       .addr = src->peer,
			       .flow = src->flow,
			       .socket = src->flow ? SIP_SOCKET_ANY : src->socket};

	return sip_invite_accept(
		&r->inv,
		&(struct sip_invite_params){
			.dialogs = r->d->dialogs,
			.profile = &profile,
			.session = {.interval_s = INTERVAL_S,
				    .min_s = MIN_S,
				    .refresher = SIP_REFRESHER_UAS},
			.dialog = {.hop = r->d->setting->terminates_here ? &back : NULL,
				   .contact_params = r->m.kind == STORE_DEFERRED_FILE
							     ? CONTACT_FILE
							     : CONTACT_LARGE},
			.arg = r,
		},
		r->st, m, src);
}


static void answer_keep(struct reception *r, int error)
{
	struct im_keep *k = r->keep;

	r->keep = NULL;
	if (!k)
		return;
	k->impl = NULL;
	k->kept(k, error, k->arg);
}


static int begin_media(struct reception *r, const struct sdp_msrp *o)
{
	return media_end_init(&r->media, &(struct media_end_params){
						 .sip = r->d->sip,
						 .endpoint = r->d->msrp,
						 .offer = o,
						 .handler = &received_handler,
						 .arg = r,
						 .unreachable = on_unreachable,
					 });
}


static int respond(struct reception *r)
{
	return sip_invite_respond(r->inv, SIP_INVITE,
				  &(struct sip_response){.status = 200,
							 .type = STR("application/sdp"),
							 .body = buf_str(&r->said)});
}


static void begin_receiving(struct reception *r)
{
	record(r);
	watch(r, idle_ms(r));
}


/* The INVITE is ours from here: whatever goes wrong now is answered here. */
static void open_session(struct reception *r, const struct sip_msg *m, const struct sdp_msrp *o)
{
	int err = 0;

	if (r->leg)
		take_leg(r);
	else
		err = accept_leg(r, m);
	sm_move(&reception_machine, &r->state, RECEPTION_OPEN);
	answer_keep(r, 0);
	/* Before the answer: the offer is a part of the INVITE, which goes with it. */
	if (!err && o && media_end_start(&r->media, o))
		err = sip_invite_respond(r->inv, SIP_INVITE, &(struct sip_response){.status = 488})
			      ? -EBADMSG
			      : -EPROTONOSUPPORT;
	if (!err)
		err = respond(r);
	r->answered = !err;
	if (err)
		over(r, "invite");
	else
		begin_receiving(r);
}


static int prepare(struct reception *r, const struct sip_msg *m, struct sdp *d, struct sdp_msrp *o)
{
	struct str text = sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body);
	int err = 0;

	r->offers = !m->body.n;
	if (!r->offers) {
		err = text.n ? offer_decode(d, o, text) : -EPROTONOSUPPORT;
		if (!err)
			err = keep_media(r, d, o);
	}
	if (!err)
		err = begin_media(r, r->offers ? NULL : o);
	return err ? err : describe(r, r->offers ? NULL : d, o);
}


/* It was not taken. */
static void decline(struct reception *r, int error)
{
	deferred_tally(DEFERRED_REFUSED);
	answer_keep(r, error);
	over(r, "refused");
}


/* ---- Is there room? ---- */

struct load {
	uint64_t messages, bytes;
};


/* What is coming counts, too: quotas are for what will have been kept. */
static struct load coming_to(const struct deferred *d, struct str user, const struct reception *but)
{
	struct load l = {0};

	for (struct list_link *k = list_first(&d->receptions); k;
	     k = list_next(&d->receptions, k)) {
		const struct reception *r = container_of(k, struct reception, link);

		if (r == but || r->state != RECEPTION_OPEN || !str_eq(r->m.user, user))
			continue;
		l.messages++;
		l.bytes += r->bytes;
	}
	return l;
}


/* Sessions that began at one time saw the same room, and one session may bring many messages. */
bool reception_has_room(const struct reception *r, uint64_t more)
{
	uint64_t size = r->d->config.size;

	return !size || r->held + coming_to(r->d, r->m.user, r).bytes + r->bytes + more <= size;
}


void receptions_kept(struct deferred *d, struct str user, uint64_t bytes)
{
	for (struct list_link *k = list_first(&d->receptions); k;
	     k = list_next(&d->receptions, k)) {
		struct reception *r = container_of(k, struct reception, link);

		if (str_eq(r->m.user, user))
			r->held += bytes;
	}
}


static int room_for(struct reception *r, const struct store_deferred_count *n)
{
	const struct deferred_config *c = &r->d->config;
	struct load coming = coming_to(r->d, r->m.user, r);
	uint64_t held = n->bytes + coming.bytes;

	r->held = n->bytes;
	if (c->quota && n->held + coming.messages >= c->quota)
		return -EDQUOT;
	if (c->size && held >= c->size)
		return -EDQUOT;
	if (c->size && c->size - held < r->max_size)
		r->max_size = c->size - held;
	return 0;
}


static void on_counted(struct store_request *rq, int error, void *arg)
{
	struct reception *r = arg;
	struct sdp_msrp o;
	struct sip_msg m;
	struct sdp d;

	if (!error && !r->keep)
		error = -ECANCELED;
	if (!error)
		error = room_for(r, store_deferred_count_result(rq));
	if (!error && sip_server_txn_request(r->st, &m))
		error = -ECANCELED;
	if (!error)
		error = prepare(r, &m, &d, &o);
	if (error)
		decline(r, error);
	else
		open_session(r, &m, r->offers ? NULL : &o);
}


/* ---- Taking over ---- */

static unsigned of_sender(const struct deferred *d, struct str sender)
{
	unsigned n = 0;

	for (struct list_link *k = list_first(&d->receptions); k; k = list_next(&d->receptions, k))
		n += str_eq(container_of(k, struct reception, link)->m.sender, sender);
	return n;
}


static int admit(const struct deferred *d, const struct im_request *r)
{
	if (r->m->method != SIP_INVITE || (r->kind != IM_LARGE && r->kind != IM_FILE) ||
	    !r->recipient.n || !d->msrp || !d->dialogs)
		return -EOPNOTSUPP;
	if (hold_on_its_way(d, r))
		return -EALREADY;
	if (d->stopped || d->receptions.count >= RECEPTIONS_MAX)
		return -ENOBUFS;
	if (of_sender(d, r->originator.n ? r->originator : r->m->from_uri) >= RECEPTIONS_SENDER_MAX)
		return -EUSERS;
	return 0;
}


static struct str put(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return (struct str){b->p + at, s.n};
}


/* The message goes when this returns: what is needed of it stands behind the headers. */
static int keep_texts(struct reception *r, const struct im_request *rq, struct str types)
{
	struct store_deferred *m = &r->m;
	struct buf headers;
	int err = stored_invite_encode(m, &headers, rq, deferred_now(r->d), r->d->config.expiry_s);
	size_t n;

	if (err)
		return err;
	n = headers.n + m->user.n + m->call_id.n + m->from_tag.n + m->sender.n + types.n + 1;
	buf_init(&r->headers, n);
	if (buf_reserve(&r->headers, n)) {
		m->headers = put(&r->headers, m->headers);
		m->user = put(&r->headers, m->user);
		m->call_id = put(&r->headers, m->call_id);
		m->from_tag = put(&r->headers, m->from_tag);
		m->sender = put(&r->headers, m->sender);
		r->types = put(&r->headers, types);
	} else {
		err = -ENOMEM;
	}
	buf_done(&headers);
	return err;
}


static int begin(struct reception *r, const struct im_request *rq, const struct im_allowance *a)
{
	int err;

	r->st = mem_ref(rq->st);
	r->leg = a->leg;
	r->originated = a->originated;
	r->max_size = a->max_size;
	r->was_there = addressee_reachable(r->d, rq->recipient);
	r->since_ms = loop_now_ms(r->d->loop);
	if (r->max_size > (uint64_t)STORE_CONTENT_SIZE_MAX)
		r->max_size = UINT64_MAX;
	err = keep_texts(r, rq, a->types);
	return err ? err : store_deferred_count(r->d->store, &r->count, r->m.user, on_counted, r);
}


int reception_take(const struct im_request *rq, const struct im_allowance *a, struct im_keep *k,
		   im_kept_cb *kept, void *kept_arg, void *arg)
{
	struct deferred *d = arg;
	int err = admit(d, rq);
	struct reception *r;

	if (err)
		return err;
	r = mem_alloc(sizeof(*r), reception_destroy);
	if (!r)
		return -ENOMEM;
	r->d = d;
	r->state = RECEPTION_COUNTING;
	list_init(&r->messages);
	err = begin(r, rq, a);
	if (err) {
		deferred_tally(DEFERRED_REFUSED);
		mem_unref(r);
		return err;
	}
	list_append(&d->receptions, &r->link);
	r->keep = k;
	*k = (struct im_keep){.impl = &r->keep, .kept = kept, .arg = kept_arg};
	return 0;
}


void receptions_stop(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->receptions));) {
		struct reception *r = container_of(l, struct reception, link);

		if (r->keep)
			decline(r, -ENOBUFS);
		else
			over(r, "shutdown");
	}
}
