/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRP streams of a session: two MSRP sessions and the relay between them for each. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_media.h"


static enum session_leg_id other(enum session_leg_id leg)
{
	return leg == LEG_A ? LEG_B : LEG_A;
}


/* ---- Life ---- */

static void side_done(struct session_side *d)
{
	sip_lookup_cancel(&d->lookup);
	if (d->msrp)
		msrp_session_stop(d->msrp);
	d->bound = false;
}


static void stream_destroy(void *object)
{
	struct session_stream *t = object;

	side_done(&t->side[LEG_A]);
	side_done(&t->side[LEG_B]);
	mem_unref(t->relay);
	mem_unref(t->reports);
	for (int i = 0; i < 2; i++) {
		mem_unref(t->side[i].msrp);
		mem_free(t->side[i].text);
	}
}


static void stream_count(const struct session_stream *t, uint64_t *messages, uint64_t *bytes)
{
	if (!t->relay)
		return;
	for (int i = 0; i < 2; i++) {
		const struct msrp_relay_counts *c = msrp_relay_counts(t->relay, (enum msrp_side)i);

		*messages += c->messages;
		*bytes += c->bytes;
	}
}


static void stream_end(struct session_media *md, uint8_t i)
{
	stream_count(md->stream[i], &md->messages, &md->bytes);
	mem_unref(md->stream[i]);
	md->stream[i] = md->stream[--md->streams_n];
}


void session_streams_free(struct session_media *md)
{
	while (md->streams_n)
		stream_end(md, 0);
}


void session_streams_forget(struct session_media *md)
{
	for (uint8_t i = md->streams_n; i-- > 0;) {
		if (!md->stream[i]->standing)
			stream_end(md, i);
	}
}


struct session_stream *session_stream_of(const struct session_media *md, size_t section)
{
	for (uint8_t i = 0; i < md->streams_n; i++) {
		if (md->stream[i]->section == section)
			return md->stream[i];
	}
	return NULL;
}


void session_media_count(const struct session_media *md, uint64_t *messages, uint64_t *bytes)
{
	*messages = *bytes = 0;
	if (!md)
		return;
	*messages = md->messages;
	*bytes = md->bytes;
	for (uint8_t i = 0; i < md->streams_n; i++)
		stream_count(md->stream[i], messages, bytes);
}


uint64_t session_media_active_ms(const struct session_media *md)
{
	uint64_t last = md->session->established_ms;

	for (uint8_t i = 0; i < md->streams_n; i++) {
		uint64_t at = md->stream[i]->relay ? msrp_relay_active_ms(md->stream[i]->relay) : 0;

		last = at > last ? at : last;
	}
	return last;
}


/* ---- What passes ---- */

static struct im_recording *recording_of(const struct session_stream *t)
{
	return t->media->session->recording;
}


static const struct im_recorder *recorder_of(const struct session_stream *t)
{
	return t->media->session->table->recorder;
}


/*
 * TPF-MOD-O4, digest c16: a type that the far side, or the policies, do not take. What is inside a message/cpim
 * is the far side's to judge.
 */
static uint16_t on_head(enum msrp_side from, const struct msrp_receive *r, void **cookie, void *arg)
{
	const struct session_stream *t = arg;
	const struct session_side *to = &t->side[from == MSRP_SIDE_A ? LEG_B : LEG_A];
	struct im_recording *rec = recording_of(t);

	/* What has no body has no type (RFC 4975 7.1): the end of a message that came before, or its abort. */
	if (r->frame->body && !session_types_hold(to->types, r->frame->content_type))
		return 415;
	return rec ? recorder_of(t)->tap->head(from, r, cookie, rec) : 0;
}


static void on_piece(enum msrp_side from, const struct msrp_receive *r, struct str piece,
		     void *cookie, void *arg)
{
	struct im_recording *rec = recording_of(arg);

	if (rec)
		recorder_of(arg)->tap->piece(from, r, piece, cookie, rec);
}


static void on_end(enum msrp_side from, const struct msrp_receive *r, char flag, void *cookie,
		   void *arg)
{
	struct im_recording *rec = recording_of(arg);

	if (rec)
		recorder_of(arg)->tap->end(from, r, flag, cookie, rec);
}


static void on_tap_answered(enum msrp_side from, uint16_t status, void *cookie, void *arg)
{
	struct im_recording *rec = recording_of(arg);

	if (rec)
		recorder_of(arg)->tap->answered(from, status, cookie, rec);
}


/*
 * OPF-DR-1. Digest c12: what was asked of the functions on the way is not asked of a client: where we serve the
 * recipient alone, it ends here.
 */
static enum msrp_sent_count on_asks(enum msrp_side from, const struct msrp_receive *r, void *arg)
{
	struct session_stream *t = arg;

	if (from != MSRP_SIDE_A)
		return MSRP_SENT_COUNT_AS_IT_CAME;
	if (t->reports)
		return delivery_reports_ask(t->reports, r->frame);
	return r->frame->include_sent_count && !t->media->session->originating
		       ? MSRP_SENT_COUNT_TAKEN_OUT
		       : MSRP_SENT_COUNT_AS_IT_CAME;
}


static enum msrp_report_fate on_report(enum msrp_side from, const struct msrp_frame *f, void *arg)
{
	struct session_stream *t = arg;
	struct delivery_report r;

	if (from != MSRP_SIDE_B || !t->reports)
		return MSRP_REPORT_PASSES;
	r = delivery_reports_arrived(t->reports, f);
	if (r.counted)
		session_tell_reported(t->media->session, f, r.recipients);
	return r.fate;
}


static const struct msrp_tap tap = {
	.head = on_head,
	.piece = on_piece,
	.end = on_end,
	.answered = on_tap_answered,
	.asks = on_asks,
	.report = on_report,
};


/* ---- Connections ---- */

static enum session_leg_id leg_of(const struct session_side *d)
{
	return d == &d->stream->side[LEG_A] ? LEG_A : LEG_B;
}


static void unreachable(struct session_side *d)
{
	session_on_media(d->stream->media->session, leg_of(d), false);
}


/* The MSRP session has the path now; a long life is ahead of what stays. */
static void forget_path(struct session_side *d)
{
	char *p = mem_resize(d->text, d->types.n + 1);

	d->text = p ? p : d->text;
	d->types.p = d->text;
	d->path = STR_NULL;
}


/* Also again, after a loss. */
static void connect_to(struct session_side *d)
{
	struct str path = d->path.n ? d->path : msrp_session_remote(d->msrp);
	struct msrp_location at = {.path = path};
	struct msrp_target target = {0};

	(void)msrp_target_choose(&target, &at);
	if (msrp_session_start(d->msrp, &(struct msrp_remote){.path = path,
							      .role = MSRP_ACTIVE,
							      .addr = d->addr,
							      .name = target.name}))
		unreachable(d);
	else if (d->path.n)
		forget_path(d);
}


/* The connection went: RFC 4975 5.4, the active side may open another. It is tried once for each that stood. */
static void on_lost(struct msrp_relay *r, enum msrp_side side, int error, void *arg)
{
	struct session_stream *t = arg;
	struct session_side *d = &t->side[side == MSRP_SIDE_A ? LEG_A : LEG_B];
	bool stood = d->bound;

	(void)r;
	(void)error;
	d->bound = false;
	if (d->active && stood)
		connect_to(d);
	else
		unreachable(d);
}


static void on_bound(struct msrp_relay *r, enum msrp_side side, void *arg)
{
	struct session_stream *t = arg;
	struct session_side *d = &t->side[side == MSRP_SIDE_A ? LEG_A : LEG_B];

	(void)r;
	d->bound = true;
	session_on_media(t->media->session, side == MSRP_SIDE_A ? LEG_A : LEG_B, true);
}


static const struct msrp_relay_handler relay_handler = {.bound = on_bound, .lost = on_lost};


/* ---- Before the answer ---- */

/* A leg speaks TLS where its peer does; on the other what there is a listener for. */
static int side_init(struct session_stream *t, enum session_leg_id leg, bool secure, bool must)
{
	struct session_side *d = &t->side[leg];
	struct msrp_endpoint *ep = t->media->session->table->msrp;

	d->stream = t;
	if (!msrp_endpoint_advertised(ep, secure, &d->at)) {
		secure = !secure;
		if (must || !msrp_endpoint_advertised(ep, secure, &d->at))
			return -EPROTONOSUPPORT;
	}
	return msrp_session_alloc(&d->msrp, ep, &(struct msrp_session_params){.secure = secure});
}


static int relay_init(struct session_stream *t)
{
	uint64_t max = t->media->limits.max_size;

	max = max == OPERATOR_NO_LIMIT ? 0 : max;
	return msrp_relay_alloc(&t->relay, &(struct msrp_relay_params){
						   .a = t->side[LEG_A].msrp,
						   .b = t->side[LEG_B].msrp,
						   .message_max = {max, max},
						   .handler = &relay_handler,
						   .arg = t,
						   .tap = &tap,
						   .tap_arg = t,
					   });
}


/* OPF-DR-1, for as long as the stream lasts; a file has one recipient: nobody counts. */
static int reports_init(struct session_stream *t)
{
	const struct im_session *s = t->media->session;
	enum im_sent_count how = s->table->rules->sent_count;

	if (!how || !s->originating || s->kind == IM_FILE)
		return 0;
	t->reports = delivery_reports_alloc(how, &s->table->by_id.key);
	return t->reports ? 0 : -ENOMEM;
}


static int stream_add(struct session_media *md, enum session_leg_id from, size_t section,
		      bool secure)
{
	struct session_stream *t;
	int err;

	if (md->streams_n == SESSION_STREAMS_MAX)
		return -EPROTONOSUPPORT;
	t = mem_alloc(sizeof(*t), stream_destroy);
	if (!t)
		return -ENOMEM;
	t->media = md;
	t->section = (uint8_t)section;
	err = side_init(t, from, secure, true);
	if (!err)
		err = side_init(t, other(from), secure, false);
	if (!err)
		err = reports_init(t);
	if (!err)
		err = relay_init(t);
	if (err) {
		mem_unref(t);
		return err;
	}
	md->stream[md->streams_n++] = t;
	return 0;
}


/* RFC 6135 4.2.2 leaves the choice to the peer; but a connection that stands is to stay. */
enum msrp_setup session_side_offers(struct session_side *d)
{
	d->offered = !d->stream->standing || !d->bound ? MSRP_SETUP_ACTPASS
		     : d->active                       ? MSRP_SETUP_ACTIVE
						       : MSRP_SETUP_PASSIVE;
	return d->offered;
}


int session_streams_prepare(struct session_media *md, enum session_leg_id from,
			    const struct session_sdp *d)
{
	int err = 0;

	for (size_t i = 0; !err && i < d->n; i++) {
		if (d->section[i].active && !session_stream_of(md, i))
			err = stream_add(md, from, i, d->section[i].secure);
	}
	return err;
}


/* ---- The answer holds ---- */

/* What the side said, as far as it is needed later. */
static int side_keep(struct session_side *d, const struct session_section *s)
{
	size_t n = s->types.n + s->path.n;
	char *p = mem_raw(n + 1);

	if (!p)
		return -ENOMEM; /* what held before holds on */
	if (s->types.n)
		memcpy(p, s->types.p, s->types.n);
	if (s->path.n)
		memcpy(p + s->types.n, s->path.p, s->path.n);
	mem_free(d->text);
	d->text = p;
	d->types = (struct str){p, s->types.n};
	d->path = (struct str){p + s->types.n, s->path.n};
	return 0;
}


static void on_found(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct session_side *d = arg;

	(void)q;
	if (error || !hops->n) {
		unreachable(d);
		return;
	}
	d->addr = hops->hop[0].addr;
	connect_to(d);
}


/* A name with a port: its A and AAAA records (RFC 4975 6.1). */
static void look_up(struct session_side *d, const struct msrp_target *target)
{
	struct sip *sip = d->stream->media->session->table->sip;
	struct sip_hops hops;
	int n = sip_resolve_host(sip_resolver(sip), &d->lookup, target->host, target->port, &hops,
				 on_found, d);

	if (n)
		on_found(&d->lookup, n < 0 ? n : 0, &hops, d);
}


static void go_to(struct session_side *d, const struct session_section *s)
{
	struct msrp_location at = {.path = d->path, .c_host = s->c_host, .m_port = s->port};
	struct msrp_target target;

	if (msrp_target_choose(&target, &at)) {
		unreachable(d);
	} else if (target.numeric) {
		d->addr = target.addr;
		connect_to(d);
	} else {
		look_up(d, &target);
	}
}


static void side_start(struct session_side *d, const struct session_section *s, enum msrp_role role)
{
	sip_lookup_cancel(&d->lookup);
	if (side_keep(d, s))
		return;
	d->active = role == MSRP_ACTIVE;
	if (d->active)
		go_to(d, s);
	else if (msrp_session_start(d->msrp,
				    &(struct msrp_remote){.path = d->path, .role = MSRP_PASSIVE}))
		unreachable(d);
	else
		forget_path(d);
}


enum msrp_role session_streams_start(struct session_media *md, const struct session_sdp *offer,
				     const struct session_sdp *answer)
{
	enum session_leg_id asker = md->offerer, answerer = other(md->offerer);
	enum msrp_role role = MSRP_PASSIVE;

	for (uint8_t i = md->streams_n; i-- > 0;) {
		struct session_stream *t = md->stream[i];

		if (t->section >= answer->n || !answer->section[t->section].active) {
			stream_end(md, i);
			continue;
		}
		const struct session_section *o = &offer->section[t->section],
					     *a = &answer->section[t->section];
		t->standing = true;
		role = msrp_setup_role(true, t->side[answerer].offered, a->setup);
		side_start(&t->side[answerer], a, role);
		side_start(&t->side[asker], o,
			   msrp_setup_role(false, o->setup, msrp_setup_answer(o->setup, true)));
	}
	return role;
}


void session_media_release(struct session_media *md, enum session_leg_id leg)
{
	for (uint8_t i = 0; md && i < md->streams_n; i++)
		side_done(&md->stream[i]->side[leg]);
}
