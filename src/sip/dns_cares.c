/* SPDX-License-Identifier: Apache-2.0 */
/* The system's DNS servers, by c-ares on our loop. */
#include "sip/dns.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

/* Its newer functions are not in the versions we must build with. */
#define CARES_NO_DEPRECATED
#include <ares.h>

#include "base/list.h"
#include "base/mem.h"
#include "sip/dns_message.h"
#include "sip/host.h"

/* Two tries of 2 s and 4 s at each server: a SIP transaction has 32 s, and asks several questions. */
#define TIMEOUT_MS 2000
#define TRIES 2
/* Sockets c-ares has open at once: a few for each server. */
#define WATCHES_MAX 64
/* Addresses of the hosts file are looked up again after so long. */
#define HOSTS_TTL_S 60

#define CLASS_IN 1

struct watch {
	ares_socket_t fd;
	struct loop_poll *poll;
};

struct dns_cares {
	struct dns base;
	struct loop *loop;
	ares_channel channel;
	bool library;
	bool closed;
	struct timer timer;
	struct list queries; /* c-ares will call back */
	struct list answered;
	struct deferred_call deliver;
	size_t watches;
	struct watch watch[WATCHES_MAX];
};

struct query {
	struct list_link link;
	struct dns_cares *d;
	enum dns_type type;
	dns_answer_cb *answer; /* NULL: cancelled */
	void *arg;
	bool ended; /* c-ares has called back, or was not asked */
	int error;
	size_t n;
	struct dns_record *records;
	struct arena texts;
};


static void query_destroy(void *object)
{
	struct query *q = object;

	mem_free(q->records);
	arena_done(&q->texts);
}


/* ---- Answers ---- */

/* Each may ask and cancel; or close us, and then the rest of them is dropped. */
static void deliver(void *arg)
{
	struct dns_cares *d = mem_ref(arg);

	for (struct list_link *k; !d->closed && (k = list_first(&d->answered));) {
		struct query *q = container_of(k, struct query, link);

		list_remove(&d->answered, k);
		q->answer(q->error, q->records, q->error ? 0 : q->n, q->arg);
		mem_unref(q);
	}
	mem_unref(d);
}


static void query_end(struct query *q, int error)
{
	struct dns_cares *d = q->d;

	q->ended = true;
	q->error = error;
	list_remove(&d->queries, &q->link);
	if (!q->answer || d->closed) {
		mem_unref(q);
		return;
	}
	list_append(&d->answered, &q->link);
	loop_defer(d->loop, &d->deliver, deliver, d);
}


static int error_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
		return 0;
	case ARES_ENOTFOUND:
	case ARES_EBADNAME:
		return -ENOENT;
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		return -ETIMEDOUT;
	case ARES_ENOMEM:
		return -ENOMEM;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		return -ECANCELED;
	default:
		return -EAGAIN;
	}
}


static struct dns_record *records_alloc(void)
{
	struct dns_record *r = mem_raw(DNS_RECORDS_MAX * sizeof(*r));

	if (r)
		memset(r, 0, DNS_RECORDS_MAX * sizeof(*r));
	return r;
}


static int take_message(struct query *q, struct str bytes)
{
	q->records = records_alloc();
	if (!q->records)
		return -ENOMEM;
	return dns_message_decode(q->records, &q->n, bytes, q->type, &q->texts);
}


static void on_message(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct query *q = arg;
	int error = error_of(status);

	(void)timeouts;
	if (status == ARES_SUCCESS && q->answer)
		error = take_message(q, (struct str){(const char *)bytes, (size_t)n});
	query_end(q, error);
}


/* ---- The hosts file ---- */

static int take_hosts(struct query *q, const struct hostent *h)
{
	q->records = records_alloc();
	if (!q->records)
		return -ENOMEM;
	for (char **p = h->h_addr_list; *p && q->n < DNS_RECORDS_MAX; p++) {
		struct dns_record *r = &q->records[q->n++];

		r->type = q->type;
		r->ttl_s = HOSTS_TTL_S;
		r->addr.sa.sa_family = (sa_family_t)h->h_addrtype;
		if (h->h_addrtype == AF_INET6)
			memcpy(&r->addr.in6.sin6_addr, *p, sizeof(r->addr.in6.sin6_addr));
		else
			memcpy(&r->addr.in.sin_addr, *p, sizeof(r->addr.in.sin_addr));
	}
	return 0;
}


/* True: it stands there, and the question is answered. */
static bool in_hosts(struct query *q, const char *name)
{
	struct hostent *h = NULL;
	int family = q->type == DNS_AAAA ? AF_INET6 : AF_INET;

	if (q->type != DNS_A && q->type != DNS_AAAA)
		return false;
	if (ares_gethostbyname_file(q->d->channel, name, family, &h) != ARES_SUCCESS || !h)
		return false;
	if (h->h_addrtype != family || !h->h_addr_list[0]) {
		ares_free_hostent(h);
		return false;
	}
	query_end(q, take_hosts(q, h));
	ares_free_hostent(h);
	return true;
}


/* ---- c-ares on the loop ---- */

static void set_timer(struct dns_cares *d);


static void process(struct dns_cares *d, ares_socket_t in, ares_socket_t out)
{
	if (d->closed)
		return;
	ares_process_fd(d->channel, in, out);
	set_timer(d);
}


static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}


static void set_timer(struct dns_cares *d)
{
	struct timeval tv, *next = ares_timeout(d->channel, NULL, &tv);

	if (next)
		timer_start(&d->timer, loop_timers(d->loop),
			    (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1,
			    on_timer, d);
	else
		timer_cancel(&d->timer);
}


static void on_socket(int fd, int events, void *arg)
{
	struct dns_cares *d = mem_ref(arg);

	process(d, events & (POLLIN | POLLERR) ? fd : ARES_SOCKET_BAD,
		events & POLLOUT ? fd : ARES_SOCKET_BAD);
	mem_unref(d);
}


static struct watch *find_watch(struct dns_cares *d, ares_socket_t fd)
{
	for (size_t i = 0; i < d->watches; i++) {
		if (d->watch[i].fd == fd)
			return &d->watch[i];
	}
	return NULL;
}


/* A socket that cannot be watched is never ready: its questions time out. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns_cares *d = arg;
	struct watch *w = find_watch(d, fd);
	int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);

	if (w && !events) {
		w->poll = loop_poll_stop(w->poll);
		*w = d->watch[--d->watches];
	} else if (w) {
		(void)loop_poll_change(w->poll, events);
	} else if (events && d->watches < WATCHES_MAX) {
		w = &d->watch[d->watches];
		w->fd = fd;
		if (!loop_poll_start(&w->poll, d->loop, fd, events, on_socket, d))
			d->watches++;
	}
}


/* ---- The port ---- */

static struct dns_cares *of(struct dns *base)
{
	return container_of(base, struct dns_cares, base);
}


static void *cares_ask(struct dns *base, struct str name, enum dns_type type, dns_answer_cb *answer,
		       void *arg)
{
	struct dns_cares *d = of(base);
	struct query *q = mem_alloc(sizeof(*q), query_destroy);
	char text[SIP_HOST_MAX + sizeof("_sips._tcp.")];

	if (!q)
		return NULL;
	q->d = d;
	q->type = type;
	q->answer = answer;
	q->arg = arg;
	q->texts = (struct arena)ARENA_INIT(DNS_TEXT_MAX);
	list_append(&d->queries, &q->link);
	if (name.n >= sizeof(text) || memchr(name.p, 0, name.n)) {
		query_end(q, -ENOENT);
		return q;
	}
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	if (!in_hosts(q, text)) {
		ares_query(d->channel, text, CLASS_IN, (int)type, on_message, q);
		set_timer(d);
	}
	return q;
}


/* c-ares cannot cancel one: its answer is dropped when it comes. */
static void cares_cancel(struct dns *base, void *query)
{
	struct dns_cares *d = of(base);
	struct query *q = query;

	q->answer = NULL;
	if (q->ended) {
		list_remove(&d->answered, &q->link);
		mem_unref(q);
	}
}


static void cares_close(struct dns *base)
{
	struct dns_cares *d = of(base);

	d->closed = true;
	mem_unref(d);
}


static void cares_destroy(void *object)
{
	struct dns_cares *d = object;

	d->closed = true;
	timer_cancel(&d->timer);
	if (d->loop)
		loop_defer_cancel(d->loop, &d->deliver);
	if (d->channel)
		ares_destroy(d->channel);
	for (struct list_link *k; (k = list_first(&d->answered));) {
		list_remove(&d->answered, k);
		mem_unref(container_of(k, struct query, link));
	}
	while (d->watches)
		loop_poll_stop(d->watch[--d->watches].poll);
	if (d->library)
		ares_library_cleanup();
	mem_unref(d->loop);
}


static int error_of_init(int status)
{
	return status == ARES_ENOMEM ? -ENOMEM : -EIO;
}


static int set_servers(struct dns_cares *d, struct str servers)
{
	char *text;
	int status;

	if (!servers.n)
		return 0;
	text = str_dup(servers);
	if (!text)
		return -ENOMEM;
	status = ares_set_servers_ports_csv(d->channel, text);
	mem_unref(text);
	if (status == ARES_SUCCESS)
		return 0;
	return status == ARES_ENOMEM ? -ENOMEM : -EINVAL;
}


static int open_channel(struct dns_cares *d)
{
	struct ares_options o = {
		.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = d,
	};
	int status = ares_library_init(ARES_LIB_INIT_ALL);

	if (status != ARES_SUCCESS)
		return error_of_init(status);
	d->library = true;
	status = ares_init_options(&d->channel, &o,
				   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	return status == ARES_SUCCESS ? 0 : error_of_init(status);
}


int dns_cares_open_servers(struct dns **ret, struct loop *loop, struct str servers)
{
	struct dns_cares *d = mem_alloc(sizeof(*d), cares_destroy);
	int err;

	if (!d)
		return -ENOMEM;
	list_init(&d->queries);
	list_init(&d->answered);
	d->base = (struct dns){cares_ask, cares_cancel, cares_close};
	d->loop = mem_ref(loop);
	err = open_channel(d);
	if (!err)
		err = set_servers(d, servers);
	if (err) {
		mem_unref(d);
		return err;
	}
	*ret = &d->base;
	return 0;
}


int dns_cares_open(struct dns **ret, struct loop *loop)
{
	return dns_cares_open_servers(ret, loop, STR_NULL);
}
