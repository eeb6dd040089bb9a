/* SPDX-License-Identifier: Apache-2.0 */
/* The user plane of a session: what is said of it in SDP on either leg, and the MSRP streams that follow. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_media.h"
#include "im/participating/session_state.h"
#include "sip/media_type.h"


static enum session_leg_id other(enum session_leg_id leg)
{
	return leg == LEG_A ? LEG_B : LEG_A;
}


/* ---- Texts ---- */

static int keep(struct str *slot, struct str value)
{
	char *p = mem_raw(value.n + 1);

	if (!p)
		return -ENOMEM;
	memcpy(p, value.p, value.n);
	mem_free((char *)slot->p);
	*slot = (struct str){p, value.n};
	return 0;
}


static void forget(struct str *slot)
{
	mem_free((char *)slot->p);
	*slot = STR_NULL;
}


static void move(struct str *to, struct str *from)
{
	if (!from->p)
		return;
	mem_free((char *)to->p);
	*to = *from;
	*from = STR_NULL;
}


struct str session_media_sdp(const struct session_media *md, const struct sip_msg *m)
{
	(void)md;
	return sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body);
}


/* The body again, with another description in its place. */
static void put_body(struct buf *out, struct str body, struct str sdp, struct str fresh)
{
	buf_puts(out, str_range(body.p, sdp.p));
	buf_puts(out, fresh);
	buf_puts(out, str_range(sdp.p + sdp.n, body.p + body.n));
}


/* ---- Life ---- */

static enum operator_mode mode_of(enum im_kind kind)
{
	return kind == IM_LARGE  ? OPERATOR_LARGE
	       : kind == IM_FILE ? OPERATOR_FILE
				 : OPERATOR_SESSION;
}


/* Both functions' limits hold for what passes, whoever sends it. */
static void limits_init(struct session_limits *l, const struct im_session *s)
{
	uint64_t a, b;

	l->service = s->service;
	l->user[0] = s->user[0];
	l->user[1] = s->user[1];
	l->mode = mode_of((enum im_kind)s->kind);
	a = operator_max_size(s->service, s->user[0], l->mode);
	b = operator_max_size(s->service, s->user[1], l->mode);
	l->max_size = a < b ? a : b;
}


int session_media_alloc(struct session_media **ret, struct im_session *s, struct str type,
			struct str body)
{
	struct session_media *md;

	if (body.n && !sdp_find(type, body).n)
		return -EPROTONOSUPPORT;
	md = mem_alloc(sizeof(*md), NULL);
	if (!md)
		return -ENOMEM;
	md->session = s;
	limits_init(&md->limits, s);
	/* RFC 4566 5.2: a number that nobody else has; below 2^63 for those who read it with a sign. */
	md->leg[LEG_A].id = loop_random_u64(s->table->loop) >> 20;
	md->leg[LEG_B].id = loop_random_u64(s->table->loop) >> 20;
	*ret = md;
	return 0;
}


void session_media_free(struct session_media *md)
{
	if (!md)
		return;
	session_streams_free(md);
	for (int i = 0; i < 2; i++) {
		forget(&md->leg[i].said);
		forget(&md->leg[i].saying);
		forget(&md->leg[i].hearing);
	}
	mem_unref(md);
}


/* ---- Writing our side ---- */

static int ours_of(struct session_media *md, enum session_leg_id leg,
		   const struct session_sdp *from, const struct session_sdp *asked,
		   struct session_ours *ours)
{
	memset(ours, 0, SESSION_SECTIONS_MAX * sizeof(*ours));
	for (size_t i = 0; i < from->n; i++) {
		struct session_stream *t;

		if (!from->section[i].active || (asked && !asked->section[i].active))
			continue;
		t = session_stream_of(md, i);
		if (!t)
			return -EBADMSG;
		ours[i].at = &t->side[leg].at;
		ours[i].path = msrp_session_local(t->side[leg].msrp);
		ours[i].setup = asked ? msrp_setup_answer(asked->section[i].setup, true)
				      : session_side_offers(&t->side[leg]);
	}
	return 0;
}


/* RFC 3264 8: "the version in the origin field MUST increment by one from the previous SDP" when it differs. */
static int say(struct session_media *md, enum session_leg_id leg, const struct session_sdp *from,
	       const struct session_sdp *asked)
{
	struct session_ours ours[SESSION_SECTIONS_MAX];
	struct session_said *l = &md->leg[leg];
	struct buf b = BUF_INIT(IM_SESSION_SDP_MAX);
	int err = ours_of(md, leg, from, asked, ours);

	if (err)
		return err;
	session_sdp_write(&b, &(struct session_sdp_params){.from = from,
							   .ours = ours,
							   .limits = &md->limits,
							   .id = l->id,
							   .version = l->version + 1});
	err = b.failed ? -ENOBUFS : 0;
	if (!err && l->said.n &&
	    session_sdp_hash(&md->session->table->by_id.key, buf_str(&b)) ==
		    session_sdp_hash(&md->session->table->by_id.key, l->said)) {
		struct buf same = BUF_INIT(IM_SESSION_SDP_MAX);

		session_sdp_again(&same, buf_str(&b), l->id, l->version, MSRP_SETUP_NONE);
		err = same.failed ? -ENOBUFS : keep(&l->saying, buf_str(&same));
		buf_done(&same);
	} else if (!err) {
		err = keep(&l->saying, buf_str(&b));
		l->version++;
	}
	buf_done(&b);
	return err;
}


/* ---- Offer and answer ---- */

int session_media_offer(struct session_media *md, enum session_leg_id from, struct str type,
			struct str body, struct buf *ret)
{
	struct str sdp = sdp_find(type, body);
	struct session_sdp d;
	int err = sdp.n ? session_sdp_read(&d, sdp) : -EPROTONOSUPPORT;

	if (!err && !d.streams && !md->streams_n)
		err = -EPROTONOSUPPORT;
	if (!err)
		err = session_streams_prepare(md, from, &d);
	if (!err)
		err = keep(&md->leg[from].hearing, sdp);
	if (!err)
		err = say(md, other(from), &d, NULL);
	if (err)
		return err;
	md->offerer = from;
	put_body(ret, body, sdp, md->leg[other(from)].saying);
	return 0;
}


int session_media_answer(struct session_media *md, enum session_leg_id from, struct str type,
			 struct str body, struct buf *ret)
{
	enum session_leg_id to = other(from);
	struct str sdp = sdp_find(type, body);
	struct session_sdp d, asked;
	int err = sdp.n ? session_sdp_read(&d, sdp) : -EBADMSG;

	if (!err)
		err = session_sdp_read(&asked, md->leg[to].hearing);
	/* RFC 3264 6: "the answer MUST contain the same number of "m=" lines as the offer". */
	if (!err && asked.n != d.n)
		err = -EBADMSG;
	for (size_t i = 0; !err && i < d.n; i++) {
		if (d.section[i].active && !asked.section[i].active)
			err = -EBADMSG;
	}
	if (!err)
		err = keep(&md->leg[from].hearing, sdp);
	if (!err)
		err = say(md, to, &d, &asked);
	if (err)
		return err;
	put_body(ret, body, sdp, md->leg[to].saying);
	return 0;
}


/* ---- What holds ---- */

/* What a side said: another version, or another description, is an offer (RFC 3264 8). */
static uint64_t whole_hash(const struct session_media *md, struct str sdp)
{
	const struct hash_key *key = &md->session->table->by_id.key;
	struct str o = session_sdp_origin(sdp);

	return hash_bytes(key, o.p, o.n) ^ session_sdp_hash(key, sdp) << 1;
}


/* What we say again later names the role that we have: "actpass" was a question. */
static void settle(struct session_media *md, enum session_leg_id leg, enum msrp_role role)
{
	struct session_said *l = &md->leg[leg];
	struct buf b = BUF_INIT(IM_SESSION_SDP_MAX);

	if (str_find_str(l->said, STR("a=setup:actpass")) < 0)
		return;
	session_sdp_again(&b, l->said, l->id, l->version,
			  role == MSRP_ACTIVE ? MSRP_SETUP_ACTIVE : MSRP_SETUP_PASSIVE);
	if (!b.failed)
		(void)keep(&l->said, buf_str(&b));
	buf_done(&b);
}


void session_media_commit(struct session_media *md)
{
	enum session_leg_id asker = md->offerer, answerer = other(md->offerer);
	struct session_sdp offer, answer;

	if (session_sdp_read(&offer, md->leg[asker].hearing) ||
	    session_sdp_read(&answer, md->leg[answerer].hearing))
		return;
	for (int i = 0; i < 2; i++) {
		struct session_said *l = &md->leg[i];

		l->heard = whole_hash(md, l->hearing);
		move(&l->said, &l->saying);
	}
	enum msrp_role role = session_streams_start(md, &offer, &answer);
	settle(md, answerer, role);
	forget(&md->leg[LEG_A].hearing);
	forget(&md->leg[LEG_B].hearing);
}


void session_media_rollback(struct session_media *md)
{
	for (int i = 0; i < 2; i++) {
		forget(&md->leg[i].saying);
		forget(&md->leg[i].hearing);
	}
	session_streams_forget(md);
}


struct str session_media_said(const struct session_media *md, enum session_leg_id leg)
{
	return md->leg[leg].said;
}


bool session_media_unchanged(const struct session_media *md, enum session_leg_id leg,
			     const struct sip_msg *m)
{
	struct str sdp = session_media_sdp(md, m);

	return md->leg[leg].said.n && sdp.n && whole_hash(md, sdp) == md->leg[leg].heard;
}


int session_media_restore(struct session_media *md, enum session_leg_id leg, struct buf *ret)
{
	struct session_said *l = &md->leg[leg];

	if (!l->said.n)
		return -ENOENT;
	session_sdp_again(ret, l->said, l->id, ++l->version, MSRP_SETUP_ACTPASS);
	return ret->failed ? -ENOBUFS : 0;
}
