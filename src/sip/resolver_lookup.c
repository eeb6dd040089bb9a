/* SPDX-License-Identifier: Apache-2.0 */
/* A name's hops by DNS: the steps of RFC 3263 4.1 and 4.2, NAPTR, SRV, A and AAAA. */
#include <errno.h>
#include <string.h>

#include "base/counter.h"
#include "base/mem.h"
#include "sip/chars.h"
#include "sip/dns_cache.h"
#include "sip/resolver_state.h"
#include "sip/srv_order.h"

/* Longest name asked for: a prefix before a host. */
#define NAME_MAX_N (SIP_HOST_MAX + sizeof("_sips._tcp."))
/* NAPTR records of one domain that are followed. */
#define NAPTRS_MAX 8
/* A and AAAA of each target. */
#define SLOTS (2 * SIP_HOPS_MAX)

enum { C_LOOKUPS, C_NOT_FOUND, C_FAILED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_LOOKUPS] = COUNTER("sip.resolver.lookups", "next hops looked up by name"),
	[C_NOT_FOUND] = COUNTER("sip.resolver.not_found", "names without any address"),
	[C_FAILED] = COUNTER("sip.resolver.failed", "lookups that ended in an error of DNS"),
};

enum step { STEP_NAPTR, STEP_NAPTR_SRV, STEP_SRV, STEP_ADDRESS, STEP_END };

struct slot {
	struct dns_wait wait;
	struct dns_answer *answer;
	bool asked;
};

struct naptr {
	enum sip_transport_kind kind;
	const struct dns_record *record; /* in lookup.naptr_answer */
};

struct target {
	struct str name;
	uint16_t port;
};

/* What sip_lookup.impl points to, while the lookup is open. */
struct lookup {
	struct sip_lookup *q;
	struct sip_resolver *r;
	struct resolver_choice choice;
	enum sip_transport_kind kind; /* chosen */
	enum step step;
	unsigned waiting; /* slots without an answer yet */
	int error;        /* other than "not found": no memory, or the first of them */
	struct dns_answer *naptr_answer, *srv_answer;
	struct naptr naptr[NAPTRS_MAX];
	size_t naptrs, naptr_at;
	struct target target[SIP_HOPS_MAX];
	size_t targets;
	struct slot slot[SLOTS];
	size_t host_n;
	char host[SIP_HOST_MAX + 1];
};


void resolver_lookup_counters_register(void)
{
	counter_register(counters, C_COUNT);
}


/*
 * RFC 3263 4.1: "if no transport protocol is specified, but the TARGET is a numeric IP address, the
 * client SHOULD use UDP for a SIP URI, and TCP for a SIPS URI"; without a listener of UDP, what there is.
 */
static enum sip_transport_kind first_kind(unsigned kinds)
{
	for (size_t i = 0; i < RESOLVER_KINDS; i++) {
		if (kinds & RESOLVER_KIND(resolver_kinds[i]))
			return resolver_kinds[i];
	}
	return SIP_TRANSPORT_OTHER;
}


/* ---- A lookup's slots ---- */

static void slots_clear(struct lookup *l)
{
	for (size_t i = 0; i < SLOTS; i++) {
		dns_wait_cancel(&l->slot[i].wait);
		l->slot[i].answer = mem_unref(l->slot[i].answer);
		l->slot[i].asked = false;
	}
	l->waiting = 0;
}


static void lookup_destroy(void *object)
{
	struct lookup *l = object;

	slots_clear(l);
	mem_unref(l->naptr_answer);
	mem_unref(l->srv_answer);
}


static void note_error(struct lookup *l, int error)
{
	if (error && error != -ENOENT && (!l->error || error == -ENOMEM))
		l->error = error;
}


static void steps(struct lookup *l);


static void on_answer(struct dns_wait *w, struct dns_answer *a, void *arg)
{
	struct lookup *l = arg;
	struct slot *s = container_of(w, struct slot, wait);

	s->answer = mem_ref(a);
	note_error(l, a ? a->error : -ENOMEM);
	if (--l->waiting == 0)
		steps(l);
}


static void ask(struct lookup *l, size_t i, struct str prefix, struct str name, enum dns_type type)
{
	char text[NAME_MAX_N];
	struct slot *s = &l->slot[i];
	int r;

	s->asked = true;
	if (prefix.n + name.n > sizeof(text)) {
		note_error(l, -EINVAL);
		return;
	}
	memcpy(text, prefix.p, prefix.n);
	memcpy(text + prefix.n, name.p, name.n);
	r = dns_cache_ask(l->r->cache, &s->wait, (struct str){text, prefix.n + name.n}, type,
			  &s->answer, on_answer, l);
	if (r == 0)
		l->waiting++;
	else
		note_error(l, r < 0 ? r : s->answer->error);
}


static struct str host_of(const struct lookup *l)
{
	return (struct str){l->host, l->host_n};
}


/* ---- Step: NAPTR ---- */

static bool naptr_kind(const struct lookup *l, const struct dns_record *n,
		       enum sip_transport_kind *ret)
{
	/* RFC 3263 4.1: "a client resolving a SIPS URI MUST discard any services that do not contain
	 * "SIPS" as the protocol in the service field". That is TLS here, which is SIPS+D2T. */
	if (SIP_IS(n->service, "SIPS+D2T"))
		*ret = SIP_TLS;
	else if (SIP_IS(n->service, "SIP+D2T"))
		*ret = SIP_TCP;
	else if (SIP_IS(n->service, "SIP+D2U"))
		*ret = SIP_UDP;
	else
		return false;
	return (l->choice.kinds & RESOLVER_KIND(*ret)) != 0;
}


static bool naptr_before(const struct dns_record *a, const struct dns_record *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->weight < b->weight;
}


/* Those of service we can use, in order; one of many equals gives way when there are too many. */
static void take_naptrs(struct lookup *l)
{
	struct dns_answer *a = l->naptr_answer;

	for (size_t i = 0; a && i < a->n; i++) {
		const struct dns_record *n = &a->record[i];
		enum sip_transport_kind kind;
		size_t at;

		if (n->type != DNS_NAPTR || !SIP_IS(n->flags, "s") || n->target.n <= 1 ||
		    !naptr_kind(l, n, &kind))
			continue;
		if (l->naptrs == NAPTRS_MAX) {
			if (!naptr_before(n, l->naptr[NAPTRS_MAX - 1].record))
				continue;
			l->naptrs--;
		}
		for (at = l->naptrs; at && naptr_before(n, l->naptr[at - 1].record); at--)
			l->naptr[at] = l->naptr[at - 1];
		l->naptr[at] = (struct naptr){kind, n};
		l->naptrs++;
	}
}


/* ---- Step: SRV ---- */

static struct str srv_prefix(enum sip_transport_kind kind)
{
	switch (kind) {
	case SIP_UDP:
		return STR("_sip._udp.");
	case SIP_TCP:
		return STR("_sip._tcp.");
	default:
		return STR("_sips._tcp.");
	}
}


static void ask_naptr_srv(struct lookup *l)
{
	const struct naptr *n = &l->naptr[l->naptr_at];

	l->step = STEP_NAPTR_SRV;
	slots_clear(l);
	ask(l, 0, STR(""), n->record->target, DNS_SRV);
}


/* Slot i is of resolver_kinds[i]. */
static void ask_srv(struct lookup *l)
{
	l->step = STEP_SRV;
	slots_clear(l);
	for (size_t i = 0; i < RESOLVER_KINDS; i++) {
		if (l->choice.kinds & RESOLVER_KIND(resolver_kinds[i]))
			ask(l, i, srv_prefix(resolver_kinds[i]), host_of(l), DNS_SRV);
	}
}


/* True: the answer names targets. They are views into it, so it is kept. */
static bool take_srv(struct lookup *l, struct dns_answer *a, enum sip_transport_kind kind)
{
	const struct dns_record *order[SIP_HOPS_MAX];

	if (!a)
		return false;
	l->targets = srv_order(order, SIP_HOPS_MAX, a->record, a->n, l->r->loop);
	if (!l->targets)
		return false;
	l->kind = kind;
	l->srv_answer = mem_ref(a);
	for (size_t i = 0; i < l->targets; i++)
		l->target[i] = (struct target){order[i]->target, order[i]->port};
	return true;
}


/* RFC 2782: a single target "." says that the service is decidedly not available. */
static bool denied(const struct dns_answer *a)
{
	return a && a->n == 1 && a->record[0].type == DNS_SRV &&
	       str_eq(a->record[0].target, STR("."));
}


static void ask_addresses(struct lookup *l)
{
	bool v4 = sip_transports_has(l->r->transports, l->kind, AF_INET);
	bool v6 = sip_transports_has(l->r->transports, l->kind, AF_INET6);

	l->step = STEP_ADDRESS;
	slots_clear(l);
	for (size_t i = 0; i < l->targets; i++) {
		if (v6)
			ask(l, 2 * i, STR(""), l->target[i].name, DNS_AAAA);
		if (v4)
			ask(l, 2 * i + 1, STR(""), l->target[i].name, DNS_A);
	}
}


static void ask_host_addresses(struct lookup *l, uint16_t port)
{
	l->kind = first_kind(l->choice.defaults);
	l->targets = 1;
	l->target[0] = (struct target){host_of(l), port ? port : resolver_default_port(l->kind)};
	ask_addresses(l);
}


static void after_naptr_srv(struct lookup *l)
{
	if (take_srv(l, l->slot[0].answer, l->naptr[l->naptr_at].kind))
		ask_addresses(l);
	else if (++l->naptr_at < l->naptrs)
		ask_naptr_srv(l);
	else
		ask_srv(l);
}


static void after_srv(struct lookup *l)
{
	for (size_t i = 0; i < RESOLVER_KINDS; i++) {
		if (!l->slot[i].asked)
			continue;
		if (take_srv(l, l->slot[i].answer, resolver_kinds[i])) {
			ask_addresses(l);
			return;
		}
		if (denied(l->slot[i].answer))
			l->choice.defaults &= ~RESOLVER_KIND(resolver_kinds[i]);
	}
	if (l->choice.defaults)
		ask_host_addresses(l, 0);
	else
		l->step = STEP_END;
}


/* ---- The end ---- */

static bool has_hop(const struct sip_hops *h, const struct addr *a)
{
	for (uint8_t i = 0; i < h->n; i++) {
		if (addr_eq(&h->hop[i].addr, a))
			return true;
	}
	return false;
}


/* The i-th address of one answer; false when there are no more. */
static bool put_address(struct lookup *l, struct sip_hops *h, const struct dns_answer *a, size_t i,
			uint16_t port)
{
	struct addr addr;

	if (!a || i >= a->n)
		return false;
	if (a->record[i].type != DNS_A && a->record[i].type != DNS_AAAA)
		return true;
	addr = a->record[i].addr;
	addr_set_port(&addr, port);
	if (h->n < SIP_HOPS_MAX && !has_hop(h, &addr))
		resolver_put_hop(h, l->kind, &addr, l->host_n);
	return true;
}


/* RFC 7984 asks for both families of each target; they alternate, so that one broken costs one try. */
static void put_hops(struct lookup *l, struct sip_hops *h)
{
	h->n = 0;
	resolver_put_host(h, host_of(l));
	for (size_t t = 0; l->step == STEP_ADDRESS && t < l->targets; t++) {
		bool more = true;

		for (size_t i = 0; more && h->n < SIP_HOPS_MAX; i++) {
			more = put_address(l, h, l->slot[2 * t].answer, i, l->target[t].port);
			more |= put_address(l, h, l->slot[2 * t + 1].answer, i, l->target[t].port);
		}
	}
	hop_avoid_order(&l->r->avoid, h);
}


/* Out of the caller's struct and of the resolver's list: the caller may start it again. */
static void lookup_close(struct lookup *l)
{
	list_remove(&l->r->lookups, &l->q->link);
	l->q->impl = NULL;
	l->q = NULL;
	slots_clear(l);
	mem_unref(l);
}


static int lookup_result(struct lookup *l, struct sip_hops *h)
{
	put_hops(l, h);
	if (h->n)
		return 0;
	counter_add(&counters[l->error ? C_FAILED : C_NOT_FOUND], 1);
	return l->error ? l->error : -ENOENT;
}


/* Goes on as long as all answers are there at once; true: all is known. */
static bool run(struct lookup *l)
{
	while (!l->waiting && l->step != STEP_END) {
		switch (l->step) {
		case STEP_NAPTR:
			l->naptr_answer = mem_ref(l->slot[0].answer);
			take_naptrs(l);
			if (l->naptrs)
				ask_naptr_srv(l);
			else
				ask_srv(l);
			break;
		case STEP_NAPTR_SRV:
			after_naptr_srv(l);
			break;
		case STEP_SRV:
			after_srv(l);
			break;
		default:
			return true;
		}
	}
	return !l->waiting;
}


static void steps(struct lookup *l)
{
	struct sip_lookup *q = l->q;
	struct sip_hops hops;
	int error;

	if (!run(l))
		return;
	error = lookup_result(l, &hops);
	lookup_close(l);
	q->done(q, error, error ? NULL : &hops, q->arg);
}


/* ---- From the beginning ---- */

/* RFC 3263 4.1: NAPTR when neither transport nor port is given; 4.2: SRV when the port is not. */
static void begin(struct lookup *l, uint16_t port)
{
	if (port && l->choice.defaults) {
		ask_host_addresses(l, port);
	} else if (port) {
		l->step = STEP_END;
	} else if (l->choice.naptr) {
		l->step = STEP_NAPTR;
		ask(l, 0, STR(""), host_of(l), DNS_NAPTR);
	} else {
		ask_srv(l);
	}
}


int resolver_lookup_start(struct sip_resolver *r, struct sip_lookup *q, struct str host,
			  const struct resolver_choice *choice, uint16_t port, struct sip_hops *now)
{
	struct lookup *l = mem_alloc(sizeof(*l), lookup_destroy);
	int error;

	if (!l)
		return -ENOMEM;
	counter_add(&counters[C_LOOKUPS], 1);
	l->q = q;
	l->r = r;
	l->choice = *choice;
	l->host_n = host.n;
	memcpy(l->host, host.p, host.n);
	q->resolver = r;
	q->impl = l;
	list_append(&r->lookups, &q->link);
	begin(l, port);
	if (!run(l))
		return 0;
	error = lookup_result(l, now);
	lookup_close(l);
	return error ? error : 1;
}


void resolver_lookup_end(struct sip_lookup *q)
{
	lookup_close(q->impl);
}
