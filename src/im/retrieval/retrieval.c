/* SPDX-License-Identifier: Apache-2.0 */
/* Retrieval: sessions in which a user is given what is kept for them. */
#include "im/retrieval/retrieval_state.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/user_agent.h"
#include "sip/compose.h"

/** What these functions answer. */
#define ALLOW STR("INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, MESSAGE")

static struct counter counters[RETRIEVAL_COUNTS] = {
	[RETRIEVAL_SESSIONS] = COUNTER("retrieval.sessions", "sessions to fetch kept messages"),
	[RETRIEVAL_REFUSED] = COUNTER("retrieval.refused", "requests for kept messages refused"),
	[RETRIEVAL_MESSAGES] = COUNTER("retrieval.messages", "kept messages fetched"),
	[RETRIEVAL_LISTS] = COUNTER("retrieval.lists", "lists of kept messages fetched"),
	[RETRIEVAL_SKIPPED] = COUNTER(
		"retrieval.skipped", "kept messages that a client refused or that were unreadable"),
	[RETRIEVAL_FAILED] = COUNTER("retrieval.failed",
				     "sessions that ended before all was fetched"),
	[RETRIEVAL_REMOVED] = COUNTER("retrieval.removed", "kept messages deleted by their users"),
};

static const struct sm_state states[] = {
	[RETRIEVAL_LOOKING] = {"looking", SM_TO(RETRIEVAL_ANSWERED) | SM_TO(RETRIEVAL_OVER)},
	[RETRIEVAL_ANSWERED] = {"answered", SM_TO(RETRIEVAL_GIVING) | SM_TO(RETRIEVAL_OVER)},
	[RETRIEVAL_GIVING] = {"giving", SM_TO(RETRIEVAL_OVER)},
	[RETRIEVAL_OVER] = {"over", 0},
};
static const struct sm_table machine = SM_TABLE("retrieval", states);


void retrievals_counters_register(void)
{
	counter_register(counters, RETRIEVAL_COUNTS);
}


void retrieval_tally(enum retrieval_tally c, uint64_t n)
{
	counter_add(&counters[c], n);
}


void retrieval_move(struct retrieval *rt, enum retrieval_state to)
{
	sm_move(&machine, &rt->state, to);
}


/* ---- Telling ---- */

void retrieval_warn(struct buf *b, const struct retrievals *rs, struct str sentence)
{
	if (sentence.n)
		buf_printf(b, "Warning: 399 " STR_FMT " \"" STR_FMT "\"\r\n",
			   STR_ARG(rs->p.addresses.domains[0]), STR_ARG(sentence));
}


void retrieval_tell(struct retrievals *rs, const struct im_request *r, uint16_t status,
		    struct str reason)
{
	im_events_tell(rs->p.events, &(struct im_event){
					     .outcome = status < 300 ? IM_DELIVERED : IM_REFUSED,
					     .kind = IM_RETRIEVAL,
					     .side = IM_ORIGINATING,
					     .status = status,
					     .originator = r->originator,
					     .recipient = r->recipient,
					     .call_id = r->m->call_id,
					     .message_id = STR(""),
					     .reason = reason,
					     .icid = STR(""),
				     });
}


void retrieval_reply(struct retrievals *rs, const struct im_request *r, uint16_t status,
		     struct str warning, struct str reason)
{
	struct buf b = BUF_INIT(RETRIEVAL_HEAD_MAX);

	retrieval_warn(&b, rs, warning);
	if (status == 405)
		sip_put_header(&b, SIP_HDR_ALLOW, ALLOW);
	if (status == 486 || status == 503)
		buf_puts(&b, STR("Retry-After: 10\r\n"));
	if (status == 415)
		buf_puts(&b, STR("Accept: application/resource-lists+xml\r\n"));
	retrieval_tally(RETRIEVAL_REFUSED, 1);
	/* The request goes with its answer. */
	retrieval_tell(rs, r, status, reason);
	(void)sip_reply(r->st, status, buf_str(&b));
	buf_done(&b);
}


static void tell(const struct retrieval *rt, enum im_outcome outcome, uint16_t status,
		 struct str reason)
{
	const struct im_addresses *ours = &rt->rs->p.addresses;

	im_events_tell(rt->rs->p.events,
		       &(struct im_event){
			       .outcome = outcome,
			       .kind = IM_RETRIEVAL,
			       .side = IM_ORIGINATING,
			       .status = status,
			       .originator = rt->user,
			       .recipient = rt->deferred ? ours->deferred : ours->history,
			       .call_id = rt->call_id,
			       .message_id = STR(""),
			       .reason = reason,
			       .icid = STR(""),
			       .size = (size_t)rt->bytes,
			       .took_ms = (uint32_t)(loop_now_ms(rt->rs->loop) - rt->since_ms),
		       });
}


/* ---- Life ---- */

static void retrieval_destroy(void *object)
{
	struct retrieval *rt = object;

	if (rt->rs)
		list_remove(&rt->rs->sessions, &rt->link);
	give_done(rt);
	retrieval_media_done(rt);
	rt->leg = sip_invite_end(rt->leg, NULL);
	asked_done(&rt->asked);
	buf_done(&rt->sdp);
	buf_done(&rt->xml);
	mem_free(rt->text);
}


/* Nothing of it is under way any more; its memory goes when whoever called back has returned. */
static void stop(struct retrieval *rt, const struct sip_invite_farewell *f)
{
	retrieval_move(rt, RETRIEVAL_OVER);
	give_done(rt);
	rt->leg = sip_invite_end(rt->leg, f);
	mem_unref(rt);
}


void retrieval_refuse(struct retrieval *rt, uint16_t status, struct str warning, struct str reason)
{
	struct buf b = BUF_INIT(RETRIEVAL_HEAD_MAX);

	retrieval_warn(&b, rt->rs, warning);
	if (status == 503)
		buf_puts(&b, STR("Retry-After: 10\r\n"));
	retrieval_tally(RETRIEVAL_REFUSED, 1);
	tell(rt, IM_REFUSED, status, reason);
	stop(rt, &(struct sip_invite_farewell){.headers = buf_str(&b), .status = status});
	buf_done(&b);
}


/* RFC 3326: whoever gets a BYE knows by it whether that was all. */
void retrieval_over(struct retrieval *rt, uint16_t cause, struct str reason)
{
	char text[128];
	struct buf b;

	if (rt->state == RETRIEVAL_OVER)
		return;
	if (rt->state == RETRIEVAL_LOOKING) {
		retrieval_refuse(rt, 500, STR(""), reason);
		return;
	}
	buf_fixed(&b, text, sizeof(text));
	buf_printf(&b, "Reason: SIP;cause=%u;text=\"" STR_FMT "\"\r\n", cause, STR_ARG(reason));
	if (cause != 200)
		retrieval_tally(RETRIEVAL_FAILED, 1);
	tell(rt, IM_ENDED, 200, reason);
	stop(rt, &(struct sip_invite_farewell){.headers = buf_str(&b)});
}


/* ---- The leg ---- */

static struct str on_session(struct sip_invite *inv, void *arg)
{
	const struct retrieval *rt = arg;

	(void)inv;
	return buf_str(&rt->sdp);
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	struct retrieval *rt = arg;

	(void)inv;
	if (rt->state == RETRIEVAL_LOOKING) {
		tell(rt, IM_FAILED, 487, STR("cancelled"));
		stop(rt, NULL);
		return;
	}
	retrieval_tally(RETRIEVAL_FAILED, 1);
	tell(rt, IM_ENDED, 200, e->why == SIP_INVITE_BYE ? STR("caller") : STR("no-answer"));
	stop(rt, NULL);
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	const struct retrieval *rt = arg;

	media_end_modify(&rt->media, inv, m);
}


static const struct sip_invite_handler leg_handler = {.modify = on_modify,
						      .session = on_session,
						      .ended = on_ended};

static const struct sip_invite_profile profile = {
	.allow = STR_INIT("INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"),
	.handler = &leg_handler,
};


void retrieval_answer(struct retrieval *rt)
{
	int err = retrieval_media_open(rt);

	if (err) {
		retrieval_refuse(rt, err == -EPROTONOSUPPORT ? 488 : 500,
				 err == -EPROTONOSUPPORT
					 ? STR("MSRP is not spoken here in this way")
					 : STR(""),
				 STR("media"));
		return;
	}
	err = sip_invite_respond(rt->leg, SIP_INVITE,
				 &(struct sip_response){.status = 200,
							.type = STR("application/sdp"),
							.body = buf_str(&rt->sdp)});
	if (err) {
		retrieval_refuse(rt, 500, STR(""), STR("memory"));
		return;
	}
	retrieval_move(rt, RETRIEVAL_ANSWERED);
	retrieval_tally(RETRIEVAL_SESSIONS, 1);
	tell(rt, IM_DELIVERED, 200, STR(""));
	retrieval_media_start(rt);
}


/* ---- An INVITE ---- */

/* Where a client is reached again that is not found by its Contact: by the way its request came. */
static bool hop_back(struct sip_hop *ret, const struct retrievals *rs, const struct im_request *r)
{
	if (rs->p.trust)
		return false;
	*ret = (struct sip_hop){.kind = r->src->kind,
				.addr = r->src->peer,
				.flow = r->src->flow,
				.socket = r->src->flow ? SIP_SOCKET_ANY : r->src->socket};
	return true;
}


static int accept_leg(struct retrieval *rt, const struct im_request *r)
{
	struct sip_hop hop;

	return sip_invite_accept(&rt->leg,
				 &(struct sip_invite_params){
					 .dialogs = rt->rs->p.dialogs,
					 .profile = &profile,
					 .session = {.interval_s = SIP_SESSION_DEFAULT_S,
						     .min_s = SIP_SESSION_MIN_S,
						     .refresher = SIP_REFRESHER_UAS},
					 .dialog = {.hop = hop_back(&hop, rt->rs, r) ? &hop : NULL,
						    .contact_params = STR(";+g.oma.sip-im")},
					 .arg = rt,
				 },
				 r->st, r->m, r->src);
}


static struct str keep(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return (struct str){b->p + at, s.n};
}


static int keep_texts(struct retrieval *rt, const struct im_request *r, struct str sdp)
{
	char device[RETRIEVAL_DEVICE_MAX];
	struct buf key, b;

	buf_fixed(&key, device, sizeof(device));
	if (rt->deferred)
		rt->rs->p.handout->device_of(r, &key, rt->rs->p.handout->arg);
	size_t n = r->originator.n + r->m->call_id.n + sdp.n + key.n;
	rt->text = mem_raw(n + 1);
	if (!rt->text)
		return -ENOMEM;
	buf_fixed(&b, rt->text, n);
	rt->user = keep(&b, r->originator);
	rt->call_id = keep(&b, r->m->call_id);
	rt->offer_text = keep(&b, sdp);
	rt->device = keep(&b, key.failed ? STR("") : buf_str(&key));
	return 0;
}


static int take_offer(struct retrieval *rt)
{
	int err = sdp_decode(&rt->offer, rt->offer_text);

	if (!err)
		err = sdp_msrp_decode(&rt->peer, &rt->offer);
	if (!err && (!rt->peer.port || !rt->peer.path.n))
		err = -ENOENT;
	if (!err && (rt->peer.direction == SDP_SENDONLY || rt->peer.direction == SDP_INACTIVE))
		err = -ENOENT;
	return err;
}


/* Whoever takes message/cpim gets the messages, who takes only the list's type the list. */
static bool choose_form(struct retrieval *rt)
{
	const struct sdp_msrp *p = &rt->peer;
	struct str type = rt->walk.k.source->list_type, subtype = type;

	(void)str_cut(&subtype, '/');
	if (!p->accept.p || sdp_types_have(p->accept, STR("message"), STR("cpim")))
		return true;
	rt->list = sdp_types_have(p->accept, STR("application"), subtype);
	return rt->list;
}


static struct retrieval *make(struct retrievals *rs, const struct im_request *r)
{
	struct retrieval *rt = mem_alloc(sizeof(*rt), retrieval_destroy);

	if (!rt)
		return NULL;
	rt->rs = rs;
	rt->deferred = str_eq(r->recipient, rs->p.addresses.deferred);
	rt->since_ms = loop_now_ms(rs->loop);
	rt->walk.k.source = rt->deferred ? &kept_deferred : &kept_history;
	rt->walk.k.rs = rs;
	list_append(&rs->sessions, &rt->link);
	return rt;
}


struct refusal {
	uint16_t status;
	struct str warning, reason;
};


static struct refusal wrong_wish(int err)
{
	switch (err) {
	case -ENOBUFS:
		return (struct refusal){413, STR("too many references"), STR("request")};
	case -EOPNOTSUPP:
		return (struct refusal){400, STR("this function does not search"), STR("request")};
	case -ENOMEM:
		return (struct refusal){500, STR(""), STR("memory")};
	default:
		return (struct refusal){400, STR("the list of references cannot be read"),
					STR("request")};
	}
}


static int check_wish(const struct asked *a, const struct kept_source *source, bool list)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->ref[i].text.n && !source->searches_text)
			return -EOPNOTSUPP;
		if (a->ref[i].sessions && (!source->has_sessions || !list))
			return -EBADMSG;
		if (a->ref[i].conversation && !source->has_sessions)
			return -EBADMSG;
		if (a->ref[i].id && !history_reference_is_one(&a->ref[i]))
			return -EBADMSG;
	}
	return 0;
}


/* What is wrong with it, before it becomes a call; status 0: nothing. */
static struct refusal read_request(struct retrieval *rt, const struct im_request *r)
{
	struct str sdp = asked_part(r->m, STR("sdp"));
	struct str service = rt->deferred ? rt->rs->p.addresses.deferred
					  : rt->rs->p.addresses.history;
	int err;

	if (!sdp.n)
		return (struct refusal){488, STR("an offer with MSRP is wanted"), STR("offer")};
	if (keep_texts(rt, r, sdp))
		return (struct refusal){500, STR(""), STR("memory")};
	err = take_offer(rt);
	if (err == -EBADMSG)
		return (struct refusal){400, STR("the SDP cannot be read"), STR("offer")};
	if (err)
		return (struct refusal){488, STR("an offer to receive MSRP is wanted"),
					STR("offer")};
	if (!choose_form(rt))
		return (struct refusal){488,
					STR("message/cpim or the list's type must be accepted"),
					STR("offer")};
	err = asked_read(&rt->asked, r->m, service, &rt->rs->p.addresses);
	if (!err)
		err = check_wish(&rt->asked, rt->walk.k.source, rt->list);
	return err ? wrong_wish(err) : (struct refusal){0};
}


static void begin(struct retrieval *rt)
{
	rt->walk.k.user = rt->user;
	if (rt->list)
		listing_begin(rt);
	else
		give_begin(rt);
}


static void invited(struct retrievals *rs, struct im_request *r)
{
	struct retrieval *rt = make(rs, r);
	struct refusal no = {500, STR(""), STR("memory")};

	if (rt)
		no = read_request(rt, r);
	if (no.status) {
		mem_unref(rt);
		retrieval_reply(rs, r, no.status, no.warning, no.reason);
		return;
	}
	if (accept_leg(rt, r)) {
		mem_unref(rt); /* it was answered: 400, 420, 422, 500 */
		retrieval_tally(RETRIEVAL_REFUSED, 1);
		return;
	}
	begin(rt);
}


/* ---- The table ---- */

size_t retrievals_of(const struct retrievals *rs, struct str user)
{
	size_t n = removals_of(rs, user);

	for (struct list_link *l = list_first(&rs->sessions); l; l = list_next(&rs->sessions, l))
		n += str_eq(container_of(l, struct retrieval, link)->user, user);
	return n;
}


void retrievals_receive(struct retrievals *rs, struct im_request *r)
{
	if (r->m->method != SIP_INVITE && r->m->method != SIP_MESSAGE)
		retrieval_reply(rs, r, 405, STR(""), STR("method"));
	else if (!r->originator.n || !r->originator_served)
		retrieval_reply(rs, r, 403, STR("127 Service not authorised"), STR("not-served"));
	else if (rs->stopping || retrievals_under_way(rs) >= RETRIEVALS_MAX)
		retrieval_reply(rs, r, 503, STR(""), STR("ceiling"));
	else if (retrievals_of(rs, r->originator) >= RETRIEVALS_USER_MAX)
		retrieval_reply(rs, r, 486, STR("other retrievals of this user are under way"),
				STR("ceiling"));
	else if (r->m->method == SIP_INVITE)
		invited(rs, r);
	else
		removal_start(rs, r);
}


static void destroy(void *object)
{
	struct retrievals *rs = object;

	retrievals_close(rs);
	mem_unref(rs->p.store);
}


int retrievals_alloc(struct retrievals **ret, const struct retrievals_params *p)
{
	struct retrievals *rs = mem_alloc(sizeof(*rs), destroy);

	if (!rs)
		return -ENOMEM;
	list_init(&rs->sessions);
	list_init(&rs->removals);
	rs->p = *p;
	rs->loop = sip_loop(p->sip);
	mem_ref(rs->p.store);
	*ret = rs;
	return 0;
}


void retrievals_set_history_expiry(struct retrievals *rs, uint64_t expiry_s)
{
	rs->history_expiry_s = expiry_s;
}


static struct retrieval *waiting(const struct retrievals *rs)
{
	for (struct list_link *l = list_first(&rs->sessions); l; l = list_next(&rs->sessions, l)) {
		struct retrieval *rt = container_of(l, struct retrieval, link);

		if (rt->state == RETRIEVAL_ANSWERED)
			return rt;
	}
	return NULL;
}


/* Whoever waits to be connected has nothing at hand that could be finished. */
void retrievals_stop(struct retrievals *rs)
{
	rs->stopping = true;
	for (struct retrieval *rt; (rt = waiting(rs));)
		retrieval_over(rt, 503, STR("shutdown"));
}


void retrievals_close(struct retrievals *rs)
{
	rs->stopping = true;
	for (struct list_link *l; (l = list_first(&rs->sessions));)
		mem_unref(container_of(l, struct retrieval, link));
	removals_done(rs);
}


size_t retrievals_under_way(const struct retrievals *rs)
{
	return rs->sessions.count + rs->removals.count;
}
