/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets read and written in batches: recvmmsg, sendmmsg, and the ICMP errors. */
#include <assert.h>
#include <errno.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* After the system's addresses. */
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>

#include "base/counter.h"
#include "base/loop_uv.h"
#include "base/mem.h"

/* Kernel buffers: some 2,000 datagrams of a kilobyte (each costs about two there). */
#define SOCKET_BUFFER (4 << 20)
/* So many datagrams in one turn, and more are looked for before the loop sleeps. */
#define HOT_MIN 4
/* Batches of what is urgent before one of the rest; the other sockets and the timers wait that long. */
#define URGENT_BATCHES 16
/*
 * Where datagrams arrive lie DATAGRAM_BATCH slots, each large enough for the largest datagram. The
 * pages of a slot come into being when something long arrives. The odd 17 cache lines keep slots
 * from falling on the same cache sets.
 */
#define SLOT_SIZE (DATAGRAM_MAX + 1 + 17 * 64)
/*
 * What waits to leave: a batch in ordinary times; up to four when the kernel takes no more, then
 * datagrams are dropped as the network would.
 */
#define OUT_MAX (4 * DATAGRAM_BATCH)
#define OUT_BYTES (256 << 10)
/* The longest UDP payload over IPv6; over IPv4 it is 20 bytes shorter and the kernel says so. */
#define PAYLOAD_MAX 65527
/* Refusals by the kernel remembered until the next turn reports them. */
#define FAILURES_MAX 16
/* ICMP errors read at one event. */
#define ERRORS_PER_TURN 64
/* A send that reports the ICMP error of an earlier datagram is repeated. */
#define SEND_TRIES 3

enum { C_SEND_DROPPED, C_SEND_FAILED, C_ICMP, C_KERNEL_DROPPED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_SEND_DROPPED] = COUNTER("base.datagram.send_dropped",
				   "datagrams dropped because the kernel takes no more"),
	[C_SEND_FAILED] = COUNTER("base.datagram.send_failed", "datagrams the kernel refused"),
	[C_ICMP] = COUNTER("base.datagram.icmp_errors", "datagrams refused by the network (ICMP)"),
	[C_KERNEL_DROPPED] =
		COUNTER("base.datagram.kernel_dropped",
			"datagrams the kernel dropped because they were not read in time"),
};

struct datagram_batch {
	struct mmsghdr msgs[DATAGRAM_BATCH];
	struct iovec iov[DATAGRAM_BATCH];
	struct addr from[DATAGRAM_BATCH];
	struct datagram views[DATAGRAM_BATCH];
	char slots[DATAGRAM_BATCH][SLOT_SIZE];
};

struct datagram_out {
	struct mmsghdr msgs[OUT_MAX];
	struct iovec iov[OUT_MAX];
	struct addr to[OUT_MAX];
	char bytes[OUT_BYTES];
};

struct datagram_failure {
	struct addr peer;
	int error;
};

/* What waits in the kernel: a descriptor and its watch. */
struct datagram_queue {
	int fd;
	struct loop_poll *poll;
};

struct datagram_uv {
	struct datagram_socket base;
	struct loop_uv *lu;
	struct datagram_queue plain;  /* also sends */
	struct datagram_queue urgent; /* of the same address; fd -1: there is none */
	struct list_link dirty, hot;
	bool blocked; /* the kernel takes no more; POLLOUT is awaited */
	size_t count; /* of datagrams in out */
	size_t used;  /* of out->bytes */
	struct datagram_out *out;
	uint32_t kernel_drops;
	struct deferred_call report;
	size_t failures;
	struct datagram_failure failed[FAILURES_MAX];
};


void datagram_uv_batch_free(struct datagram_batch *b)
{
	mem_free(b);
}


static struct datagram_batch *batch_alloc(void)
{
	struct datagram_batch *b = mem_raw(sizeof(*b));

	if (!b)
		return NULL;
	memset(b->msgs, 0, sizeof(b->msgs));
	memset(b->from, 0, sizeof(b->from));
	for (size_t i = 0; i < DATAGRAM_BATCH; i++) {
		b->iov[i] = (struct iovec){b->slots[i], DATAGRAM_MAX};
		b->msgs[i].msg_hdr.msg_iov = &b->iov[i];
		b->msgs[i].msg_hdr.msg_iovlen = 1;
		b->msgs[i].msg_hdr.msg_name = &b->from[i];
		b->msgs[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
	}
	return b;
}


static struct datagram_out *out_alloc(void)
{
	struct datagram_out *o = mem_raw(sizeof(*o));

	if (!o)
		return NULL;
	memset(o->msgs, 0, sizeof(o->msgs));
	for (size_t i = 0; i < OUT_MAX; i++) {
		o->msgs[i].msg_hdr.msg_iov = &o->iov[i];
		o->msgs[i].msg_hdr.msg_iovlen = 1;
		o->msgs[i].msg_hdr.msg_name = &o->to[i];
	}
	return o;
}


/* ---- Sending ---- */

static void report_failures(void *arg)
{
	struct datagram_uv *s = arg;
	struct datagram_failure failed[FAILURES_MAX];
	size_t n = s->failures;

	memcpy(failed, s->failed, n * sizeof(failed[0]));
	s->failures = 0;
	mem_ref(s);
	for (size_t i = 0; i < n && s->base.error && mem_refs(s) > 1; i++)
		s->base.error(&s->base, &failed[i].peer, failed[i].error, s->base.arg);
	mem_unref(s);
}


static void remember_failure(struct datagram_uv *s, const struct addr *peer, int error)
{
	counter_add(&counters[C_SEND_FAILED], 1);
	if (s->failures == FAILURES_MAX)
		return;
	s->failed[s->failures++] = (struct datagram_failure){*peer, error};
	loop_defer(&s->lu->base, &s->report, report_failures, s);
}


/* Moves what was not sent to the front. */
static void keep_from(struct datagram_uv *s, size_t first)
{
	struct datagram_out *o = s->out;
	size_t n = s->count - first, skipped;

	s->count = n;
	if (n == 0) {
		s->used = 0;
		return;
	}
	if (first == 0)
		return;
	skipped = (size_t)((char *)o->iov[first].iov_base - o->bytes);
	memmove(o->bytes, o->bytes + skipped, s->used - skipped);
	s->used -= skipped;
	for (size_t i = 0; i < n; i++) {
		o->to[i] = o->to[first + i];
		o->iov[i].iov_base = (char *)o->iov[first + i].iov_base - skipped;
		o->iov[i].iov_len = o->iov[first + i].iov_len;
		o->msgs[i].msg_hdr.msg_namelen = o->msgs[first + i].msg_hdr.msg_namelen;
	}
}


static void set_blocked(struct datagram_uv *s, bool blocked)
{
	if (s->blocked == blocked)
		return;
	s->blocked = blocked;
	(void)loop_poll_change(s->plain.poll, POLLIN | (blocked ? POLLOUT : 0));
}


static void flush(struct datagram_uv *s)
{
	size_t sent = 0;
	int tries = 0;

	while (sent < s->count) {
		size_t n = s->count - sent;
		int got = sendmmsg(s->plain.fd, s->out->msgs + sent,
				   n < DATAGRAM_BATCH ? (unsigned)n : DATAGRAM_BATCH, MSG_DONTWAIT);

		if (got > 0) {
			sent += (size_t)got;
			tries = 0;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			set_blocked(s, true);
			break;
		}
		/* The socket tells here of an earlier datagram's ICMP error too. */
		if (++tries < SEND_TRIES)
			continue;
		remember_failure(s, &s->out->to[sent], -errno);
		sent++;
		tries = 0;
	}
	keep_from(s, sent);
	if (s->count == 0) {
		list_remove(&s->lu->datagrams_dirty, &s->dirty);
		set_blocked(s, false);
	}
}


static int send_copy(struct datagram_socket *base, const struct addr *peer, const void *p, size_t n)
{
	struct datagram_uv *s = container_of(base, struct datagram_uv, base);
	struct datagram_out *o = s->out;

	if (n > PAYLOAD_MAX)
		return -EMSGSIZE;
	if (peer->sa.sa_family != base->local.sa.sa_family)
		return -EAFNOSUPPORT;
	if (s->count == OUT_MAX || OUT_BYTES - s->used < n) {
		if (!s->blocked)
			flush(s);
		if (s->count == OUT_MAX || OUT_BYTES - s->used < n) {
			counter_add(&counters[C_SEND_DROPPED], 1);
			return -ENOBUFS;
		}
	}
	if (n)
		memcpy(o->bytes + s->used, p, n);
	o->to[s->count] = *peer;
	o->iov[s->count] = (struct iovec){o->bytes + s->used, n};
	o->msgs[s->count].msg_hdr.msg_namelen = addr_len(peer);
	s->count++;
	s->used += n;
	if (s->blocked)
		return 0;
	if (s->count >= DATAGRAM_BATCH)
		flush(s);
	else if (!list_linked(&s->dirty))
		list_append(&s->lu->datagrams_dirty, &s->dirty);
	return 0;
}


void datagram_uv_flush_all(struct loop_uv *lu)
{
	struct list_link *k;

	while ((k = list_first(&lu->datagrams_dirty))) {
		struct datagram_uv *s = container_of(k, struct datagram_uv, dirty);

		/* Out of the list first: a socket that blocks waits for POLLOUT, not here. */
		list_remove(&lu->datagrams_dirty, k);
		if (!s->blocked)
			flush(s);
	}
}


/* ---- Receiving ---- */

static const struct sock_extended_err *error_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			return (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
	}
	return NULL;
}


/* Reads the queue of errors; each carries the address the refused datagram was for. */
static void read_errors(struct datagram_uv *s, int fd)
{
	for (int i = 0; i < ERRORS_PER_TURN && mem_refs(s) > 1; i++) {
		struct addr peer = {0};
		char payload[1];
		struct iovec iov = {payload, sizeof(payload)};
		union {
			struct cmsghdr align;
			char room[512];
		} control;
		struct msghdr m = {
			.msg_name = &peer,
			.msg_namelen = sizeof(peer),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		const struct sock_extended_err *e;

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		e = error_of(&m);
		if (!e || e->ee_errno == 0)
			continue;
		counter_add(&counters[C_ICMP], 1);
		if (s->base.error && m.msg_namelen >= sizeof(peer.sa.sa_family))
			s->base.error(&s->base, &peer, -(int)e->ee_errno, s->base.arg);
	}
}


static bool socket_memory(const struct datagram_uv *s, uint32_t info[static SK_MEMINFO_VARS])
{
	socklen_t n = SK_MEMINFO_VARS * sizeof(info[0]);

	return getsockopt(s->plain.fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 &&
	       n >= (SK_MEMINFO_DROPS + 1) * sizeof(info[0]);
}


static size_t backlog(const struct datagram_socket *base)
{
	uint32_t info[SK_MEMINFO_VARS];

	if (!socket_memory(container_of(base, struct datagram_uv, base), info))
		return 0;
	return info[SK_MEMINFO_RMEM_ALLOC];
}


/* Asked only when a turn could not empty the socket, which is when the kernel drops. */
static void count_kernel_drops(struct datagram_uv *s)
{
	uint32_t info[SK_MEMINFO_VARS];

	if (!socket_memory(s, info))
		return;
	counter_add(&counters[C_KERNEL_DROPPED],
		    (uint32_t)(info[SK_MEMINFO_DROPS] - s->kernel_drops));
	s->kernel_drops = info[SK_MEMINFO_DROPS];
}


/* One call of the kernel, one of the owner; the number of datagrams, or -errno. */
static int read_batch(struct datagram_uv *s, int fd)
{
	struct datagram_batch *b = s->lu->batch;
	int n = recvmmsg(fd, b->msgs, DATAGRAM_BATCH, MSG_DONTWAIT, NULL);

	if (n <= 0)
		return n ? -errno : -EAGAIN;
	for (int i = 0; i < n; i++) {
		b->views[i].peer = b->from[i];
		b->views[i].p = b->slots[i];
		b->views[i].n = b->msgs[i].msg_len;
		b->msgs[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
	}
	s->base.urgent = fd == s->urgent.fd;
	s->base.recv(&s->base, b->views, (size_t)n, s->base.arg);
	datagram_uv_flush_all(s->lu);
	return n;
}


/* True: there may be more. A batch that was not full has emptied the queue. */
static bool read_queue(struct datagram_uv *s, int fd, int *seen)
{
	int n = read_batch(s, fd);

	if (n == -EAGAIN || n == -EWOULDBLOCK)
		return false;
	if (n < 0 && n != -EINTR && mem_refs(s) > 1)
		read_errors(s, fd);
	*seen += n > 0 ? n : 0;
	return n < 0 || n == DATAGRAM_BATCH;
}


/*
 * What is urgent is read until there is no more of it: one batch for each of the plain queue would keep up with
 * what comes, but never work off what once has gathered. True: there may be more.
 */
static bool read_urgent(struct datagram_uv *s, int *seen)
{
	int i = 0;

	if (s->urgent.fd < 0)
		return false;
	while (i < URGENT_BATCHES && read_queue(s, s->urgent.fd, seen) && mem_refs(s) > 1)
		i++;
	return i == URGENT_BATCHES;
}


/*
 * What is urgent, then one batch of the rest: a longer turn takes what the timers and the next messages need out of
 * the caches. True: so much came that more is to be expected at once. The caller holds a reference.
 */
static bool read_turn(struct datagram_uv *s)
{
	int seen = 0;
	bool more = read_urgent(s, &seen);

	if (mem_refs(s) == 1)
		return false;
	more |= read_queue(s, s->plain.fd, &seen);
	if (mem_refs(s) == 1)
		return false;
	if (!more)
		return seen >= HOT_MIN;
	count_kernel_drops(s);
	return true;
}


static void mark_hot(struct datagram_uv *s)
{
	if (!list_linked(&s->hot))
		list_append(&s->lu->datagrams_hot, &s->hot);
}


static void on_ready(int fd, int events, void *arg)
{
	struct datagram_uv *s = mem_ref(arg);

	if (events & POLLERR)
		read_errors(s, fd);
	if (events & POLLOUT && s->blocked) {
		set_blocked(s, false);
		flush(s);
	}
	if (events & POLLIN && mem_refs(s) > 1 && read_turn(s))
		mark_hot(s);
	mem_unref(s);
}


bool datagram_uv_read_again(struct loop_uv *lu)
{
	struct list_link marker = {0}, *k;
	bool any = false;

	list_append(&lu->datagrams_hot, &marker);
	while ((k = list_first(&lu->datagrams_hot)) != &marker) {
		struct datagram_uv *s = mem_ref(container_of(k, struct datagram_uv, hot));

		list_remove(&lu->datagrams_hot, k);
		loop_uv_enter(lu);
		if (read_turn(s)) {
			any = true;
			mark_hot(s);
		}
		mem_unref(s);
	}
	list_remove(&lu->datagrams_hot, &marker);
	return any;
}


/* ---- Life ---- */

static void close_queue(struct datagram_queue *q)
{
	q->poll = loop_poll_stop(q->poll);
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}


static void destroy(void *object)
{
	struct datagram_uv *s = object;

	if (s->lu) {
		if (s->plain.poll && s->count)
			flush(s);
		list_remove(&s->lu->datagrams_dirty, &s->dirty);
		list_remove(&s->lu->datagrams_hot, &s->hot);
		loop_defer_cancel(&s->lu->base, &s->report);
	}
	close_queue(&s->urgent);
	close_queue(&s->plain);
	mem_free(s->out);
	s->base.loop = mem_unref(s->base.loop);
}


/* The kernel gives what it may: a privileged process gets all, another one net.core.rmem_max. */
static void set_socket_buffers(int fd)
{
	int size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}


/* On an error the descriptor, if there is one, is the caller's to close. */
static int bind_queue(struct datagram_queue *q, const struct addr *local, bool reuse)
{
	bool v6 = local->sa.sa_family == AF_INET6;
	int on = 1;

	q->fd = socket(local->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->fd < 0)
		return -errno;
	set_socket_buffers(q->fd);
	if (v6 && setsockopt(q->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return -errno;
	if (reuse && setsockopt(q->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return -errno;
	/* Without it the ICMP errors of an unconnected socket are not told at all. */
	(void)setsockopt(q->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &on,
			 sizeof(on));
	return bind(q->fd, &local->sa, addr_len(local)) ? -errno : 0;
}


/*
 * The kernel asks this program which socket of the address a datagram is for: the first word of its payload
 * decides. One shorter than a word ends the program with 0, the first socket.
 */
static int steer(const struct datagram_uv *s, const char *prefix)
{
	uint32_t word = (uint32_t)(uint8_t)prefix[0] << 24 | (uint32_t)(uint8_t)prefix[1] << 16 |
			(uint32_t)(uint8_t)prefix[2] << 8 | (uint8_t)prefix[3];
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(s->plain.fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program))
		       ? -errno
		       : 0;
}


/*
 * The first socket was bound alone, so that an address in use is noticed; only then it consents to a second
 * one beside it.
 */
static int set_urgent(struct datagram_socket *base, const char *prefix)
{
	struct datagram_uv *s = container_of(base, struct datagram_uv, base);
	int on = 1, err = 0;

	if (setsockopt(s->plain.fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return -errno;
	err = bind_queue(&s->urgent, &s->base.local, true);
	if (!err)
		err = steer(s, prefix);
	if (!err)
		err = loop_poll_start(&s->urgent.poll, s->base.loop, s->urgent.fd, POLLIN, on_ready,
				      s);
	if (err)
		close_queue(&s->urgent);
	return err;
}


static int open_plain(struct datagram_uv *s, const struct addr *local)
{
	socklen_t n = sizeof(s->base.local);
	int err = bind_queue(&s->plain, local, false);

	if (err)
		return err;
	if (getsockname(s->plain.fd, &s->base.local.sa, &n))
		return -errno;
	return loop_poll_start(&s->plain.poll, s->base.loop, s->plain.fd, POLLIN, on_ready, s);
}


static const struct datagram_ops ops = {send_copy, backlog, set_urgent};


int datagram_uv_open(struct datagram_socket **ret, struct loop *l, const struct addr *local)
{
	struct loop_uv *lu = container_of(l, struct loop_uv, base);
	struct datagram_uv *s;
	int err;

	counter_register(counters, C_COUNT);
	if (local->sa.sa_family != AF_INET && local->sa.sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!lu->batch && !(lu->batch = batch_alloc()))
		return -ENOMEM;
	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->plain.fd = s->urgent.fd = -1;
	s->base.ops = &ops;
	s->base.loop = mem_ref(l);
	s->lu = lu;
	s->out = out_alloc();
	err = s->out ? open_plain(s, local) : -ENOMEM;
	if (err) {
		mem_unref(s);
		return err;
	}
	*ret = &s->base;
	return 0;
}
