/* SPDX-License-Identifier: Apache-2.0 */
/* A large message to many: the leg with its sender, and what the sender hears. */
#include "im/controlling/large_group.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/large_group_state.h"
#include "sip/compose.h"

/** The mailing of the most recipients, with long addresses. */
#define MEMORY_MAX (2u << 20)
/** Lines of an answer. */
#define LINES_MAX 4096
/** Letters of the identity that serves this leg alone. */
#define ID_N 16

/**
 *     OPEN ---> STORING ---> KEPT
 *       '----------'-------> FAILED
 */
static const struct sm_state states[] = {
	[LARGE_GROUP_OPEN] = {"open", SM_TO(LARGE_GROUP_STORING) | SM_TO(LARGE_GROUP_FAILED)},
	[LARGE_GROUP_STORING] = {"storing", SM_TO(LARGE_GROUP_KEPT) | SM_TO(LARGE_GROUP_FAILED)},
	[LARGE_GROUP_KEPT] = {"kept", 0},
	[LARGE_GROUP_FAILED] = {"failed", 0},
};
const struct sm_table large_group_machine = SM_TABLE("large-group", states);

enum { ACCEPTED, REFUSED, COUNTERS };
static struct counter counters[COUNTERS] = {
	[ACCEPTED] = COUNTER("large_group.accepted",
			     "large messages accepted for several recipients"),
	[REFUSED] = COUNTER("large_group.refused",
			    "large messages for several recipients that were not"),
};


void large_groups_counters_register(void)
{
	counter_register(counters, COUNTERS);
}


/* ---- Life ---- */

static void destroy(struct large_group *g)
{
	intake_answer(&g->intake, 408);
	list_remove(&g->c->large_groups, &g->link);
	mailer_posting_cancel(&g->posting);
	media_source_done(&g->source);
	timer_cancel(&g->count);
	media_end_done(&g->media);
	g->inv = sip_invite_end(g->inv, NULL);
	store_content_abandon(g->content);
	im_report_done(&g->report);
	buf_done(&g->said);
	buf_done(&g->head);
	mem_free(g->text);
	arena_done(&g->arena);
	mem_free(g);
}


static void tell(struct large_group *g, enum im_outcome outcome, uint16_t status, struct str why)
{
	if (!g->report.text)
		return;
	g->report.size = (size_t)g->intake.size;
	im_report_tell(&g->report, outcome, status, why);
	im_report_done(&g->report);
	counter_add(&counters[outcome == IM_RELAYED ? ACCEPTED : REFUSED], 1);
}


/* Their session is over. What is whole goes on to the disk and to its recipients. */
static void leave(struct large_group *g, const char *why)
{
	media_source_done(&g->source);
	timer_cancel(&g->count);
	media_end_done(&g->media);
	g->inv = sip_invite_end(g->inv, NULL);
	if (g->state == LARGE_GROUP_STORING)
		return;
	tell(g, IM_FAILED, 200, str_of(why));
	destroy(g);
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	(void)inv;
	leave(arg, e->why == SIP_INVITE_BYE       ? "caller"
		   : e->why == SIP_INVITE_EXPIRED ? "session-timer"
						  : "lost");
}


/* ---- How its sender is watched ---- */

static bool is_behind(const void *arg)
{
	const struct large_group *g = arg;

	return g->content && store_content_behind(g->content);
}


/* The disk has it now, or its count is awaited. */
static bool waits(const void *arg)
{
	const struct large_group *g = arg;

	return g->state == LARGE_GROUP_STORING || timer_running(&g->count);
}


static void on_given_up(const char *why, void *arg)
{
	leave(arg, why);
}


static const struct media_source_handler source_handler = {.behind = is_behind,
							   .waits = waits,
							   .given_up = on_given_up};


/* ---- What the sender hears ---- */

static void report(struct large_group *g)
{
	timer_cancel(&g->count);
	if (!g->media.msrp || !g->report_wanted)
		return;
	g->report_wanted = false;
	/* RFC 7701 6.3: recipients' reports are not passed on; this one is the focus's own. */
	if (msrp_session_report(g->media.msrp, &(struct msrp_session_report){
						       .message_id = g->message_id,
						       .range = {1, g->intake.size, g->intake.size},
						       .status = 200,
						       .has_distribution_count = g->count_wanted,
						       .distribution_count = g->served,
					       }))
		log_warning("large-group", "the report to " STR_FMT " was not sent",
			    STR_ARG(g->what.sender));
}


static void on_count_over(struct timer *t, void *arg)
{
	(void)t;
	report(arg);
}


static void on_settled(struct mailer_posting *p, bool served, size_t left, void *arg)
{
	struct large_group *g = arg;

	(void)p;
	g->served += served;
	if (!left)
		report(g);
}


static void failed(struct large_group *g, uint16_t status)
{
	sm_move(&large_group_machine, &g->state, LARGE_GROUP_FAILED);
	g->intake.refused = status;
	intake_answer(&g->intake, status);
	tell(g, IM_FAILED, 200, STR("store"));
	if (!g->inv)
		destroy(g);
}


static void on_posted(struct mailer_posting *p, int error, void *arg)
{
	struct large_group *g = arg;

	(void)p;
	if (error) {
		store_content_remove(g->c->store, (struct str){g->name, STORE_CONTENT_NAME_N});
		failed(g, 408);
		return;
	}
	sm_move(&large_group_machine, &g->state, LARGE_GROUP_KEPT);
	intake_answer(&g->intake, 200);
	tell(g, IM_RELAYED, 200, STR_NULL);
	if (!g->inv)
		destroy(g);
	else if (g->report_wanted && g->count_wanted)
		timer_start(&g->count, loop_timers(g->c->loop), LARGE_GROUP_COUNT_MS, on_count_over,
			    g);
	else
		report(g);
}


void large_group_stored(struct large_group *g, int error, const struct str *name)
{
	if (error) {
		failed(g, intake_status(error));
		return;
	}
	memcpy(g->name, name[0].p, STORE_CONTENT_NAME_N);
	g->what.file = (struct str){g->name, STORE_CONTENT_NAME_N};
	g->what.type = g->content_type;
	g->what.size = g->intake.size;
	g->posting.settled = g->count_wanted ? on_settled : NULL;
	error = mailer_post(g->c->mailer, &g->what, &g->posting, on_posted, g);
	if (!error)
		return;
	store_content_remove(g->c->store, g->what.file);
	failed(g, intake_status(error));
}


/* ---- The leg ---- */

static struct str on_session(struct sip_invite *inv, void *arg)
{
	const struct large_group *g = arg;

	(void)inv;
	return buf_str(&g->said);
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	const struct large_group *g = arg;

	media_end_modify(&g->media, inv, m);
}


static const struct sip_invite_handler leg_handler = {
	.modify = on_modify,
	.session = on_session,
	.ended = on_ended,
};

static const struct sip_invite_profile profile = {
	.allow = STR_INIT("INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"),
	.supported = STR_INIT("recipient-list-invite"),
	.handler = &leg_handler,
};


static int offer_decode(struct sdp *d, struct sdp_msrp *o, const struct large_group_params *p)
{
	int err = media_source_offer(d, o, p->sdp);

	/* Digest c11: a max-size in a sendonly offer is the announced size (lenient). */
	if (!err && o->direction == SDP_SENDONLY && p->max_size && o->max_size > p->max_size)
		err = -EFBIG;
	return err;
}


static int describe(struct large_group *g, const struct sdp *d, const struct sdp_msrp *o)
{
	struct sdp_own own = {
		.direction = SDP_RECVONLY,
		.accept = STR("message/cpim *"),
		.accept_wrapped = STR("*"),
		.max_size = g->max_size < (uint64_t)STORE_CONTENT_SIZE_MAX ? g->max_size : 0,
	};
	int err = media_source_open(&g->source, g->c->sip, g->c->msrp, o, &large_group_media);

	if (err)
		return err;
	media_end_describe(&g->media, &own.end);
	sdp_answer(&g->said, d, o->at, &own);
	return g->said.failed ? -ENOMEM : 0;
}


/* CTL-OK-4, CTL-OK-5. Whoever took the leg answers it. */
static int accept_leg(struct large_group *g, const struct im_request *r)
{
	char user[sizeof("conf-") + ID_N];
	struct sip_hop hop;
	struct buf contact;

	buf_fixed(&contact, user, sizeof(user));
	buf_puts(&contact, STR("conf-"));
	buf_puthex(&contact, loop_random_u64(g->c->loop), ID_N);
	return sip_invite_accept(
		&g->inv,
		&(struct sip_invite_params){
			.dialogs = g->c->dialogs,
			.profile = &profile,
			.session = controlling_session_wish(g->c, SIP_REFRESHER_UAC),
			.dialog = {.hop = admission_hop(g->c, r, &hop),
				   .contact_user = buf_str(&contact),
				   .contact_params = STR(";isfocus;+g.oma.sip-im"
							 ";+g.oma.sip-im.large-message")},
			.arg = g,
		},
		r->st, r->m, r->src);
}


static int respond(struct large_group *g, struct str asserted)
{
	struct buf lines = BUF_INIT(LINES_MAX);
	int err;

	buf_puts(&lines, STR("P-Asserted-Identity: <"));
	buf_puts(&lines, asserted);
	buf_puts(&lines, STR(">\r\n"));
	err = lines.failed ? -ENOMEM
			   : sip_invite_respond(g->inv, SIP_INVITE,
						&(struct sip_response){
							.status = 200,
							.headers = buf_str(&lines),
							.type = STR("application/sdp"),
							.body = buf_str(&g->said),
						});
	buf_done(&lines);
	return err;
}


/* ---- In ---- */

static size_t of_sender(const struct controlling *c, struct str sender)
{
	size_t n = 0;

	for (struct list_link *l = list_first(&c->large_groups); l;
	     l = list_next(&c->large_groups, l))
		n += str_eq(container_of(l, struct large_group, link)->what.sender, sender);
	return n;
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return 400;
	case -ENOENT:
		return 480;
	case -EFBIG:
	case -EPROTONOSUPPORT:
		return 488;
	case -EUSERS:
		return 486;
	case -ENOBUFS:
	case -ECANCELED:
		return 503;
	case -E2BIG:
		return 403;
	default:
		return 500;
	}
}


static void put_warning(struct buf *b, const struct controlling *c, int err)
{
	static const struct {
		int err;
		unsigned code;
		const char *text;
	} texts[] = {
		{-ENOENT, 399, "nobody to send it to"},
		{-EFBIG, 399, "133 Size exceeded"},
		{-EPROTONOSUPPORT, 304, "Media type not available"},
		{-E2BIG, 399, "102 Too many participants"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].err == err)
			buf_printf(b, "Warning: %u " STR_FMT " \"%s\"\r\n", texts[i].code,
				   STR_ARG(c->addresses.domains[0]), texts[i].text);
	}
	if (status_of(err) == 503)
		buf_puts(b, STR("Retry-After: 30\r\n"));
}


static struct large_group *make(struct controlling *c, uint64_t max_size)
{
	struct large_group *g = mem_raw(sizeof(*g));

	if (!g)
		return NULL;
	memset(g, 0, sizeof(*g));
	g->c = c;
	g->state = LARGE_GROUP_OPEN;
	g->intake = (struct intake)INTAKE_INIT;
	media_source_init(&g->source, c->loop, &g->media, &source_handler, g);
	g->max_size = max_size && max_size < (uint64_t)STORE_CONTENT_SIZE_MAX
			      ? max_size
			      : (uint64_t)STORE_CONTENT_SIZE_MAX;
	g->arena = (struct arena)ARENA_INIT(MEMORY_MAX);
	buf_init(&g->said, SDP_TEXT_MAX);
	buf_init(&g->head, LARGE_GROUP_HEAD_MAX);
	list_append(&c->large_groups, &g->link);
	return g;
}


static void refuse(struct large_group *g, const struct im_request *r, int err)
{
	char storage[LINES_MAX];
	uint16_t status = status_of(err);
	struct buf lines;

	buf_fixed(&lines, storage, sizeof(storage));
	put_warning(&lines, g->c, err);
	if (g->inv)
		g->inv = sip_invite_end(g->inv,
					&(struct sip_invite_farewell){.headers = buf_str(&lines),
								      .status = status});
	else
		(void)sip_reply(r->st, status, buf_str(&lines));
	tell(g, IM_REFUSED, status, STR("large-group"));
	destroy(g);
}


static int admit(const struct controlling *c, const struct im_request *r)
{
	if (c->stopping)
		return -ECANCELED;
	if (c->large_groups.count > LARGE_GROUPS_MAX)
		return -ENOBUFS;
	return of_sender(c, r->originator) >= LARGE_GROUPS_SENDER_MAX ? -EUSERS : 0;
}


/* Before the leg is there: what is wrong is answered in its place. */
static int prepare(struct large_group *g, const struct large_group_params *p, struct sdp *d,
		   struct sdp_msrp *o)
{
	int err = im_report_init(&g->report, g->c->events, g->c->loop, p->r);

	g->report.side = IM_CONTROLLING;
	if (!err)
		err = admit(g->c, p->r);
	if (!err)
		err = offer_decode(d, o, p);
	if (!err) {
		err = large_group_address(g, p);
		err = err == -ENOBUFS ? -E2BIG : err;
	}
	return err ? err : describe(g, d, o);
}


void large_group_receive(struct controlling *c, const struct large_group_params *p)
{
	struct large_group *g = make(c, p->max_size);
	struct sdp_msrp o;
	struct sdp d;
	int err;

	if (!g) {
		(void)sip_reply(p->r->st, 500, STR_NULL);
		return;
	}
	err = prepare(g, p, &d, &o);
	if (err) {
		refuse(g, p->r, err);
		return;
	}
	err = accept_leg(g, p->r);
	if (err) {
		/* It has been answered. */
		tell(g, IM_REFUSED, err == -EBADMSG ? 400 : 500, STR("invite"));
		destroy(g);
		return;
	}
	/* With the answer the INVITE goes, and the offer in it. */
	err = media_end_start(&g->media, &o);
	if (!err)
		err = respond(g, p->asserted);
	if (err)
		refuse(g, p->r, err);
	else
		media_source_watch(&g->source, LARGE_GROUP_IDLE_MS);
}


void large_groups_stop(struct controlling *c)
{
	for (struct list_link *l; (l = list_first(&c->large_groups));) {
		struct large_group *g = container_of(l, struct large_group, link);

		tell(g, IM_FAILED, 200, STR("shutdown"));
		destroy(g);
	}
}


size_t large_groups_count(const struct controlling *c)
{
	return c->large_groups.count;
}
