/* SPDX-License-Identifier: Apache-2.0 */
/* The proxy, on the way out: RFC 3261 16.5 and 16.6, with the branches of one request. */
#include "sip/proxy.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/response_context.h"
#include "sip/txn.h"


/* ---- Life ---- */

void proxy_branch_release(struct branch *br)
{
	timer_cancel(&br->timer_c);
	sip_lookup_cancel(&br->lookup);
	br->ct = mem_unref(br->ct);
}


static void destroy(void *object)
{
	struct sip_proxy *p = object;

	timer_cancel(&p->answer);
	for (uint8_t i = 0; i < p->n; i++) {
		proxy_branch_release(&p->branch[i]);
		mem_free((char *)(uintptr_t)p->branch[i].kept.p);
	}
	mem_unref(p->st);
}


void proxy_done(struct sip_proxy *p, uint16_t status)
{
	if (p->done)
		return;
	p->done = true;
	timer_cancel(&p->answer);
	if (p->handler && p->handler->done)
		p->handler->done(p, status, p->arg);
}


void proxy_release(struct sip_proxy *p)
{
	for (uint8_t i = 0; i < p->n; i++)
		proxy_branch_release(&p->branch[i]);
	sip_server_txn_watch(p->st, NULL, NULL);
	mem_unref(p);
}


/* ---- A branch ---- */

static struct forward forward_of(const struct branch *br)
{
	const struct sip_proxy *p = br->proxy;

	return (struct forward){
		.route = &p->route,
		.uri = br->target.uri,
		.path = br->target.route,
		.breadth = br->breadth,
		.src = sip_server_txn_source(p->st),
		.record_route = p->record_route,
		.record_route_user = p->record_route_user,
	};
}


static int branch_send(struct branch *br, const struct sip_msg *m, const struct sip_hops *hops)
{
	struct sip_proxy *p = br->proxy;
	struct forward f = forward_of(br);
	struct forward_texts t;
	struct sip_edits e;
	int err;

	f.hop = &hops->hop[0];
	sip_edits_init(&e, m);
	err = forward_edits(&e, &t, p->sip, &f);
	if (!err && p->edit)
		p->edit(&e, &br->target, p->arg);
	if (!err)
		err = sip_client_start(&br->ct, p->sip,
				       &(struct sip_client_params){
					       .method = m->method,
					       .method_name = m->method_name,
					       .edits = &e,
					       .loop = p->route.loop,
					       .hops = hops,
					       .handler = &proxy_client_handler,
					       .arg = br,
				       });
	forward_texts_done(&t);
	if (err)
		return err;

	sm_move(&branch_machine, &br->state, BRANCH_TRYING);
	if (p->invite)
		proxy_timer_c_start(br);
	return 0;
}


/* 16.9: what cannot be sent to counts as a 503. */
static uint16_t status_of_lookup(int error)
{
	return error == -ETIMEDOUT ? 408 : 503;
}


static void on_lookup(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct branch *br = arg;
	struct sip_msg m;

	(void)q;
	if (!error)
		error = sip_server_txn_request(br->proxy->st, &m);
	if (!error)
		error = branch_send(br, &m, hops);
	if (error)
		proxy_branch_ended(br, status_of_lookup(error), NULL);
}


/* 1: `ret` is filled; 0: the look-up goes on; -errno. */
static int find_hops(struct branch *br, struct sip_hops *ret)
{
	struct sip_proxy *p = br->proxy;
	struct forward f = forward_of(br);
	struct sip_uri next;

	if (br->target.hop) {
		ret->n = 1;
		ret->hop[0] = *br->target.hop;
		return 1;
	}
	if (forward_next(&next, &f))
		return -EBADMSG;
	if (br->target.flow) {
		ret->n = 1;
		sip_hop_of_flow(&ret->hop[0], br->target.flow, &next);
		return 1;
	}
	return sip_resolve(sip_resolver(p->sip), &br->lookup, &next, SIP_TRANSPORT_OTHER, ret,
			   on_lookup, br);
}


static int branch_start(struct branch *br, const struct sip_msg *m)
{
	struct sip_hops hops;
	int r = find_hops(br, &hops);

	if (r < 0)
		return r;
	if (r > 0)
		return branch_send(br, m, &hops);
	sm_move(&branch_machine, &br->state, BRANCH_RESOLVING);
	/* DNS has its own patience; this is for a look-up that never says anything. */
	if (br->proxy->invite)
		proxy_timer_c_start(br);
	return 0;
}


/* ---- Groups of branches ---- */

/* The branches that wait with the highest q are tried together; those of lower q when all of these have
 * failed (16.6: "in any order", RFC 3261 16.5 recommends q). */
static unsigned group_size(const struct sip_proxy *p, unsigned *first)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < p->n; i++) {
		const struct branch *br = &p->branch[i];

		if (br->state != BRANCH_WAITING)
			continue;
		if (!n)
			*first = i;
		else if (br->target.q != p->branch[*first].target.q)
			break;
		n++;
	}
	return n;
}


static bool group_is_next(const struct sip_proxy *p, unsigned first)
{
	for (uint8_t i = 0; i < p->n; i++) {
		uint8_t s = p->branch[i].state;

		if ((s == BRANCH_RESOLVING || s == BRANCH_TRYING) &&
		    p->branch[i].target.q != p->branch[first].target.q)
			return false;
	}
	return true;
}


/* RFC 5393 5.5: a group larger than Max-Breadth is begun with as many as there is breadth for; those left
 * follow as branches fail. */
static void lend_breadth(struct sip_proxy *p, struct branch *br, unsigned group)
{
	unsigned share = group > p->breadth ? 1 : p->breadth / group;

	br->breadth = (uint16_t)(group == 1 ? p->breadth : share);
	p->breadth = (uint16_t)(p->breadth - br->breadth);
}


static unsigned start_group(struct sip_proxy *p, const struct sip_msg *m, unsigned first,
			    unsigned n, int *error)
{
	unsigned started = 0;

	for (unsigned i = first; i < p->n && n && p->breadth; i++) {
		struct branch *br = &p->branch[i];
		int err;

		if (br->state != BRANCH_WAITING)
			continue;
		lend_breadth(p, br, n--);
		err = branch_start(br, m);
		if (!err) {
			started++;
			continue;
		}
		*error = err;
		p->breadth = (uint16_t)(p->breadth + br->breadth);
		br->status = 503;
		sm_move(&branch_machine, &br->state, BRANCH_DONE);
	}
	return started;
}


static unsigned start_branches(struct sip_proxy *p, const struct sip_msg *m, int *error)
{
	unsigned started = 0, first = 0, n;

	while (!started && (n = group_size(p, &first)) && p->breadth && group_is_next(p, first))
		started = start_group(p, m, first, n, error);
	return started;
}


unsigned proxy_start_branches(struct sip_proxy *p, int *error)
{
	struct sip_msg m;

	if (sip_server_txn_request(p->st, &m))
		return 0;
	return start_branches(p, &m, error);
}


/* ---- What the server transaction tells ---- */

static void on_cancelled(struct sip_server_txn *st, const struct sip_msg *cancel, void *arg)
{
	(void)st;
	(void)cancel;
	sip_proxy_cancel(arg);
}


/* Nobody can be told any more. The user still learns how it stands: it may want to keep the message. */
static void on_ended(struct sip_server_txn *st, int error, void *arg)
{
	struct sip_proxy *p = arg;
	struct branch *best = context_best(p);

	if (!p->answered) {
		p->answered = true;
		if (error == -ETIMEDOUT && p->handler && p->handler->final)
			(void)p->handler->final(p, st, 408, NULL,
						best ? best->target.user : p->branch[0].target.user,
						p->arg);
		proxy_done(p, 0);
	}
	proxy_release(p);
}


static const struct sip_server_watch server_watch = {
	.cancelled = on_cancelled,
	.ended = on_ended,
};


static void on_answer_due(struct timer *t, void *arg)
{
	struct sip_proxy *p = arg;

	(void)t;
	mem_ref(p);
	for (uint8_t i = 0; i < p->n; i++) {
		struct branch *br = &p->branch[i];

		if (br->state == BRANCH_DONE)
			continue;
		proxy_branch_release(br);
		sm_move(&branch_machine, &br->state, BRANCH_DONE);
		br->status = 408;
	}
	proxy_conclude(p);
	mem_unref(p);
}


/* ---- Making one ---- */

static size_t text_size(const struct sip_proxy_params *params)
{
	size_t n = params->record_route_user.n;

	for (size_t i = 0; i < params->n; i++) {
		const struct sip_proxy_target *t = &params->targets[i];

		n += t->uri.n + t->route.n;
		if (t->hop)
			n += t->hop->host.n + sizeof(*t->hop);
	}
	return n;
}


static struct str copy_text(char **at, struct str s)
{
	struct str r = {s.p ? *at : NULL, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return r;
}


static void copy_target(struct sip_proxy_target *ret, const struct sip_proxy_target *from,
			struct sip_hop **hops, char **text)
{
	*ret = *from;
	ret->uri = copy_text(text, from->uri);
	ret->route = copy_text(text, from->route);
	if (!from->hop)
		return;
	**hops = *from->hop;
	(*hops)->host = copy_text(text, from->hop->host);
	ret->hop = (*hops)++;
}


/* By falling q; of equals the first stays first. */
static void place_target(struct sip_proxy *p, const struct sip_proxy_target *t,
			 struct sip_hop **hops, char **text)
{
	uint8_t i = p->n++;

	for (; i > 0 && p->branch[i - 1].target.q < t->q; i--)
		p->branch[i].target = p->branch[i - 1].target;
	copy_target(&p->branch[i].target, t, hops, text);
}


static void copy_targets(struct sip_proxy *p, const struct sip_proxy_params *params)
{
	static const struct sip_proxy_target plain;
	size_t room = params->n ? params->n : 1;
	struct sip_hop *hops = (struct sip_hop *)(p->branch + room);
	char *text = (char *)hops;

	for (size_t i = 0; i < params->n; i++)
		text += params->targets[i].hop ? sizeof(*hops) : 0;
	for (size_t i = 0; i < params->n; i++)
		place_target(p, &params->targets[i], &hops, &text);
	if (!params->n)
		place_target(p, &plain, &hops, &text);
	for (uint8_t i = 0; i < p->n; i++)
		p->branch[i].proxy = p;
	p->record_route_user = copy_text(&text, params->record_route_user);
}


static uint16_t incoming_breadth(const struct sip_msg *m)
{
	uint32_t n;

	/* RFC 5393 5.3.3: a maximum of 60 is recommended; more is overwritten with it. */
	if (!str_u32(sip_msg_header(m, SIP_HDR_MAX_BREADTH), &n) || n > SIP_MAX_BREADTH)
		return SIP_MAX_BREADTH;
	return (uint16_t)n;
}


static struct sip_proxy *proxy_alloc(struct sip_server_txn *st, const struct sip_msg *m,
				     const struct sip_proxy_params *params)
{
	size_t room = params->n ? params->n : 1;
	struct sip_proxy *p = mem_alloc_in(sip_server_txn_sip(st)->slab,
					   sizeof(*p) + room * sizeof(struct branch) +
						   text_size(params),
					   destroy);

	if (!p)
		return NULL;
	p->sip = sip_server_txn_sip(st);
	p->st = mem_ref(st);
	p->branch = (struct branch *)(p + 1);
	p->route = *params->route;
	p->record_route = params->record_route;
	p->edit = params->edit;
	p->handler = params->handler;
	p->arg = params->arg;
	p->invite = m->method == SIP_INVITE;
	p->breadth = incoming_breadth(m);
	copy_targets(p, params);
	return p;
}


static int start(struct sip_proxy *p, const struct sip_msg *m,
		 const struct sip_proxy_params *params)
{
	int error = -EHOSTUNREACH;

	/* RFC 5393 5.3.3: "that proxy MUST return a 440 (Max-Breadth Exceeded) response." */
	if (!p->breadth)
		return sip_reply(p->st, 440, STR_NULL) ? -EALREADY : 1;
	if (!start_branches(p, m, &error))
		return error;

	sip_server_txn_watch(p->st, &server_watch, p);
	if (p->invite)
		(void)sip_reply(p->st, 100, STR_NULL);
	else if (params->answer_ms)
		timer_start(&p->answer, loop_timers(sip_loop(p->sip)), params->answer_ms,
			    on_answer_due, p);
	return 0;
}


int sip_proxy_forward(struct sip_proxy **ret, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_proxy_params *params)
{
	struct sip_proxy *p;
	int r;

	if (params->n > SIP_PROXY_BRANCHES_MAX)
		return -EINVAL;
	if (sip_server_txn_answered(st))
		return -EALREADY;
	p = proxy_alloc(st, m, params);
	if (!p)
		return -ENOMEM;

	r = start(p, m, params);
	if (r < 0) {
		mem_unref(p);
		return r;
	}
	if (ret)
		*ret = p;
	if (r > 0) {
		proxy_done(p, 440);
		proxy_release(p);
	}
	return 0;
}


void sip_proxy_cancel(struct sip_proxy *p)
{
	if (p->answered || p->cancelled)
		return;
	p->cancelled = true;
	for (uint8_t i = 0; i < p->n; i++) {
		struct branch *br = &p->branch[i];

		if (br->state == BRANCH_TRYING && p->invite) {
			sip_client_cancel(br->ct);
		} else if (br->state != BRANCH_DONE) {
			proxy_branch_release(br);
			sm_move(&branch_machine, &br->state, BRANCH_DONE);
		}
	}
	if (!context_active(p))
		proxy_conclude(p);
}
