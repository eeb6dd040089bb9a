/* SPDX-License-Identifier: Apache-2.0 */
/* The media of one participant: what was described, their seat in the fan-out, the MSRP connection to them. */

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "body/sdp.h"
#include "im/controlling/conference.h"
#include "msrp/setup.h"
#include "subscriber/operator_policy.h"
#include "subscriber/subscriber.h"

/** RFC 7701 8: what this chat room can do. */
#define CHATROOM STR("a=chatroom:nickname private-messages\r\n")

struct participant_media {
	struct participant *p;
	struct sip_lookup lookup;
	struct msrp_advertised at;
	uint64_t id, version; /**< of our o= line */
	uint64_t origin;      /**< of their last o= line, if they `described` anything */
	char *said;           /**< our last description */
	size_t said_n;
	char *text; /**< their last, until the exchange holds; of a 1-1 session as long as it lasts */
	size_t text_n;
	enum msrp_setup offered; /**< by us */
	bool we_offered, described;
	bool due;    /**< described, and not started yet */
	bool active; /**< we connect */
	bool stood;  /**< it was bound since we last connected */
	bool silent; /**< holdconn: nobody connects for now */
	struct addr addr;
};

static_assert((int)SDP_SETUP_HOLDCONN == (int)MSRP_SETUP_HOLDCONN &&
		      (int)SDP_SETUP_ACTPASS == (int)MSRP_SETUP_ACTPASS &&
		      (int)SDP_SETUP_PASSIVE == (int)MSRP_SETUP_PASSIVE,
	      "the words of a=setup");


static struct msrp_session *session_of(const struct participant_media *md)
{
	return fanout_seat_session(md->p->seat);
}


static bool is_chat_room(const struct participant *p)
{
	return p->conference->kind != CONFERENCE_ONE_TO_ONE;
}


/* ---- Life ---- */

void participant_media_done(struct participant *p)
{
	struct participant_media *md = p->media;

	p->media = NULL;
	if (p->seat)
		fanout_seat_close(p->seat);
	p->seat = NULL;
	if (!md)
		return;
	sip_lookup_cancel(&md->lookup);
	mem_free(md->said);
	mem_free(md->text);
	mem_free(md);
}


/* A right of the group; of a session without one everybody's. */
static bool may_write_privately(const struct participant *p)
{
	struct membership_view v;

	conference_view(p->conference, &v, &p->who);
	return membership_rights(&v) & GROUP_BIT(GROUP_PRIVATE_MESSAGE);
}


static int open_seat(struct participant_media *md, bool secure)
{
	struct participant *p = md->p;

	return fanout_seat_open(&p->seat, p->conference->fanout,
				&(struct fanout_seat_params){
					.who = p->who,
					.shown = p->anonymous ? roster_shown(p->conference->roster,
									     p->who)
							      : p->uri,
					.display_name = p->anonymous ? STR("") : p->display_name,
					.anonymous = p->anonymous,
					.may_private = may_write_privately(p),
					.secure = secure,
					.arg = p,
				});
}


static int prepare(struct participant *p, bool secure)
{
	struct controlling *c = p->conference->table;
	struct participant_media *md = p->media;
	int err;

	if (md)
		return md->at.secure == secure ? 0 : -EPROTONOSUPPORT;
	if (!c->msrp)
		return -EPROTONOSUPPORT;
	md = mem_raw(sizeof(*md));
	if (!md)
		return -ENOMEM;
	memset(md, 0, sizeof(*md));
	md->p = p;
	md->id = loop_random_u64(c->loop) >> 12;
	p->media = md;
	err = msrp_endpoint_advertised(c->msrp, secure, &md->at) ? 0 : -EPROTONOSUPPORT;
	if (!err)
		err = open_seat(md, secure);
	if (err)
		participant_media_done(p);
	return err;
}


/* ---- Theirs ---- */

/* RFC 3264 8: the same origin and version is the same description. */
static uint64_t origin_of(const struct participant *p, const struct sdp *s)
{
	const struct hash_key *key = &p->conference->table->by_id.key;

	return hash_bytes(key, s->origin.id.p, s->origin.id.n) * 3 ^
	       hash_bytes(key, s->origin.version.p, s->origin.version.n);
}


bool participant_media_unchanged(const struct participant *p, struct str sdp)
{
	struct sdp s;

	return p->media && p->media->described && sdp_decode(&s, sdp) == 0 &&
	       p->media->origin == origin_of(p, &s);
}


/*
 * RFC 7701 5.2: all that is said in a chat room is message/cpim. A file is not passed to many
 * (digest b 20 knows it between two).
 */
static int judge(const struct participant *p, const struct sdp_msrp *m)
{
	if (!m->port)
		return p->media ? 0 : -EPROTONOSUPPORT;
	if (!m->path.n)
		return -EBADMSG;
	if (!is_chat_room(p))
		return 0;
	if (m->file_selector.p)
		return -EPROTONOSUPPORT;
	return !m->accept.p || sdp_types_have(m->accept, STR("message"), STR("cpim"))
		       ? 0
		       : -EPROTONOSUPPORT;
}


static int read_theirs(struct sdp *s, struct sdp_msrp *m, struct str text)
{
	int err = sdp_decode(s, text);

	if (!err)
		err = sdp_msrp_decode(m, s);
	return err == -ENOENT ? -EPROTONOSUPPORT : err;
}


/* A copy in place of what was kept before. */
static int keep(char **text, size_t *n, struct str sdp)
{
	char *copy = mem_raw(sdp.n + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, sdp.p, sdp.n);
	mem_free(*text);
	*text = copy;
	*n = sdp.n;
	return 0;
}


int participant_media(struct participant *p, struct str sdp, bool offer)
{
	struct sdp_msrp m;
	struct sdp s;
	int err = read_theirs(&s, &m, sdp);

	if (!err)
		err = judge(p, &m);
	if (!err && m.port)
		err = prepare(p, m.secure);
	if (!err)
		err = keep(&p->media->text, &p->media->text_n, sdp);
	if (err)
		return err;
	p->media->origin = origin_of(p, &s);
	p->media->described = true;
	p->media->we_offered = !offer;
	p->media->due = true;
	return 0;
}


/* ---- Ours ---- */

static const struct participant *other_of_two(const struct participant *p)
{
	const struct conference *f = p->conference;

	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		const struct participant *o = container_of(l, struct participant, link);

		if (o != p && o->media && o->media->text)
			return o;
	}
	return NULL;
}


/* Digest d2 7: between two people what the other one takes; in a room what the room takes. */
static void put_types(struct sdp_own *own, const struct participant *p)
{
	const struct participant *o;
	struct sdp_msrp m;
	struct sdp s;

	if (is_chat_room(p)) {
		own->accept = STR("message/cpim");
		own->accept_wrapped = STR("*");
		own->lines = CHATROOM;
		return;
	}
	o = other_of_two(p);
	if (!o || read_theirs(&s, &m, (struct str){o->media->text, o->media->text_n}))
		return;
	own->accept = m.accept;
	own->accept_wrapped = m.accept_wrapped;
}


static uint64_t largest(const struct participant *p)
{
	const struct operator_policy *service = subscribers_policy(
		p->conference->table->subscribers);
	uint64_t max = operator_max_size(service, NULL, OPERATOR_SESSION);

	return max == OPERATOR_NO_LIMIT ? 0 : max;
}


static void describe_end(struct sdp_own *own, struct participant_media *md, enum msrp_setup setup)
{
	*own = (struct sdp_own){
		.end = {.id = md->id,
			.version = ++md->version,
			.address = md->at.host,
			.v6 = md->at.host_v6,
			.port = md->at.port,
			.secure = md->at.secure,
			.path = msrp_session_local(session_of(md)),
			.setup = (enum sdp_setup)setup},
		.max_size = largest(md->p),
	};
	put_types(own, md->p);
}


/* A connection that stands is to stay (RFC 6135 4.2.2 leaves the choice to the peer). */
static enum msrp_setup setup_to_offer(const struct participant_media *md)
{
	if (!md->said || !msrp_session_bound(session_of(md)))
		return MSRP_SETUP_ACTPASS;
	return md->active ? MSRP_SETUP_ACTIVE : MSRP_SETUP_PASSIVE;
}


static void put_offer(struct participant_media *md, struct buf *out)
{
	struct sdp_own own;

	md->offered = setup_to_offer(md);
	describe_end(&own, md, md->offered);
	own.direction = SDP_SENDRECV;
	sdp_compose(out, &own);
}


static int put_answer(struct participant_media *md, struct buf *out)
{
	struct sdp_own own;
	struct sdp_msrp m;
	struct sdp s;
	int err = read_theirs(&s, &m, (struct str){md->text, md->text_n});

	if (err)
		return err;
	describe_end(&own, md, msrp_setup_answer((enum msrp_setup)m.setup, true));
	own.direction = sdp_direction_mirror(m.direction);
	own.end.cema = m.cema;
	if (!m.port)
		own.end.port = 0;
	sdp_answer(out, &s, m.at, &own);
	return 0;
}


/* In an offer: without TLS where there is a choice, for not every client can (digest d2 7). */
static bool offers_secure(const struct participant *p)
{
	struct msrp_advertised at;
	const struct controlling *c = p->conference->table;

	return c->msrp && !msrp_endpoint_advertised(c->msrp, false, &at);
}


int participant_sdp(struct participant *p, bool offer, struct buf *out)
{
	size_t from = out->n;
	int err = 0;

	if (offer && !p->media)
		err = prepare(p, offers_secure(p));
	if (!p->media)
		return err ? err : -EINVAL;
	if (offer)
		put_offer(p->media, out);
	else
		err = p->media->text ? put_answer(p->media, out) : -EINVAL;
	if (!err && out->failed)
		err = -ENOBUFS;
	/* For refreshes, which say it again. */
	return err ? err : keep(&p->media->said, &p->media->said_n, str_from(buf_str(out), from));
}


struct str participant_media_said(const struct participant *p)
{
	return p->media && p->media->said ? (struct str){p->media->said, p->media->said_n}
					  : STR("");
}


/* ---- Connecting ---- */

static void connect_to(struct participant_media *md, struct str path)
{
	struct msrp_location at = {.path = path};
	struct msrp_target target = {0};

	md->stood = false;
	(void)msrp_target_choose(&target, &at);
	if (msrp_session_start(session_of(md), &(struct msrp_remote){.path = path,
								     .role = MSRP_ACTIVE,
								     .addr = md->addr,
								     .name = target.name}))
		participant_media_lost(md->p);
}


static void forget_text(struct participant_media *md)
{
	if (!is_chat_room(md->p))
		return;
	mem_free(md->text);
	md->text = NULL;
	md->text_n = 0;
}


static void on_found(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct participant_media *md = arg;
	struct sdp_msrp m;
	struct sdp s;

	(void)q;
	if (error || !hops->n || !md->text ||
	    read_theirs(&s, &m, (struct str){md->text, md->text_n})) {
		participant_media_lost(md->p);
		return;
	}
	md->addr = hops->hop[0].addr;
	connect_to(md, m.path);
	forget_text(md);
}


/* A name with a port: its A and AAAA records (RFC 4975 6.1). */
static void look_up(struct participant_media *md, const struct msrp_target *target)
{
	struct sip *sip = md->p->conference->table->sip;
	struct sip_hops hops;
	int n = sip_resolve_host(sip_resolver(sip), &md->lookup, target->host, target->port, &hops,
				 on_found, md);

	if (n)
		on_found(&md->lookup, n < 0 ? n : 0, &hops, md);
}


static void be_active(struct participant_media *md, const struct sdp_msrp *m)
{
	struct msrp_location at = {.path = m->path, .c_host = m->address, .m_port = m->port};
	struct msrp_target target;

	if (msrp_target_choose(&target, &at)) {
		participant_media_lost(md->p);
	} else if (target.numeric) {
		md->addr = target.addr;
		connect_to(md, m->path);
		forget_text(md);
	} else {
		look_up(md, &target);
	}
}


static void be_passive(struct participant_media *md, const struct sdp_msrp *m)
{
	if (msrp_session_start(session_of(md),
			       &(struct msrp_remote){.path = m->path, .role = MSRP_PASSIVE}))
		participant_media_lost(md->p);
	forget_text(md);
}


/* RFC 7701 8: whether they say that they know private messages. */
static bool takes_private(const struct sdp *s, const struct sdp_msrp *m)
{
	struct str words, word;

	if (!sdp_attribute(s->medium[m->at].text, STR("chatroom"), &words))
		return false;
	while (sdp_word_next(&words, &word)) {
		if (str_eq_nocase(word, STR("private-messages")))
			return true;
	}
	return false;
}


static void tell_fanout(struct participant_media *md, const struct sdp *s, const struct sdp_msrp *m)
{
	struct fanout_seat *seat = md->p->seat;

	/* Without the memory for it all types are taken to be welcome. */
	(void)fanout_seat_describe(seat, &(struct fanout_seat_media){
						 .takes_private = takes_private(s, m),
						 .accept_wrapped = m->accept_wrapped,
						 .max_size = m->max_size,
					 });
	md->p->on_hold = !m->port || m->direction == SDP_SENDONLY || m->direction == SDP_INACTIVE;
	fanout_seat_connect(seat);
	fanout_seat_hold(seat, md->p->on_hold);
}


static enum msrp_role role_of(const struct participant_media *md, const struct sdp_msrp *m)
{
	enum msrp_setup theirs = (enum msrp_setup)m->setup;

	return md->we_offered ? msrp_setup_role(true, md->offered, theirs)
			      : msrp_setup_role(false, theirs, msrp_setup_answer(theirs, true));
}


void participant_media_start(struct participant *p)
{
	struct participant_media *md = p->media;
	struct sdp_msrp m;
	struct sdp s;

	if (!md || !md->due || read_theirs(&s, &m, (struct str){md->text, md->text_n}))
		return;
	md->due = false;
	sip_lookup_cancel(&md->lookup);
	tell_fanout(md, &s, &m);
	md->silent = m.setup == SDP_SETUP_HOLDCONN || !m.port;
	md->active = !md->silent && role_of(md, &m) == MSRP_ACTIVE;
	if (!m.port)
		return;
	if (!md->silent && !msrp_session_bound(session_of(md)))
		participant_media_awaited(p);
	if (md->active)
		be_active(md, &m);
	else
		be_passive(md, &m);
}


void participant_media_again(struct participant *p)
{
	struct participant_media *md = p->media;
	struct str path = msrp_session_remote(session_of(md));

	if (md->silent)
		return;
	/* Once for each connection that stood. */
	if (md->active && md->stood && path.n)
		connect_to(md, path);
	else
		participant_media_lost(p);
}


void participant_media_bound(struct participant *p)
{
	p->media->stood = true;
	timer_cancel(&p->grace);
}
