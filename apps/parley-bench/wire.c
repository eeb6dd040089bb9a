/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's sockets. */

#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)
#define READ_BATCHES 16


static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}


static int bound(int type, uint16_t port)
{
	struct sockaddr_in me = loopback(port);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1,
	    size = SOCKET_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (fd < 0 || bind(fd, (struct sockaddr *)&me, sizeof(me)))
		die("port %d of loopback is taken: %s: stop what uses it", port, strerror(errno));
	return fd;
}


static void open_tcp(struct wire *w)
{
	struct sockaddr_in to = loopback(PORT_SUBJECT);
	struct wire_side *sender = &w->side[WIRE_SENDER], *receiver = &w->side[WIRE_RECEIVER];
	int on = 1;

	for (int i = 0; i < WIRE_ENDS; i++) {
		w->side[i].in = malloc(WIRE_STREAM_MAX);
		w->side[i].queue = malloc(WIRE_STREAM_MAX);
		if (!w->side[i].in || !w->side[i].queue)
			die("out of memory: the generator needs 4 MB");
	}
	receiver->fd = -1;
	receiver->listener = bound(SOCK_STREAM, PORT_RECEIVER);
	if (listen(receiver->listener, 16))
		die("cannot listen on port %d: %s", PORT_RECEIVER, strerror(errno));
	sender->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(sender->fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect to port %d: %s: is the server up?", PORT_SUBJECT,
		    strerror(errno));
	setsockopt(sender->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}


void wire_open(struct wire *w, bool tcp)
{
	memset(w->side, 0, sizeof(w->side));
	w->tcp = tcp;
	w->side[WIRE_SENDER].listener = w->side[WIRE_RECEIVER].listener = -1;
	if (tcp) {
		open_tcp(w);
		return;
	}
	w->side[WIRE_SENDER].fd = bound(SOCK_DGRAM, PORT_SENDER);
	w->side[WIRE_RECEIVER].fd = bound(SOCK_DGRAM, PORT_RECEIVER);
}


void wire_close(struct wire *w)
{
	for (int i = 0; i < WIRE_ENDS; i++) {
		if (w->side[i].fd >= 0)
			close(w->side[i].fd);
		if (w->side[i].listener >= 0)
			close(w->side[i].listener);
		free(w->side[i].in);
		free(w->side[i].queue);
	}
}


static void flush_datagrams(struct wire_side *s)
{
	for (size_t off = 0; off < s->n;) {
		int k = sendmmsg(s->fd, s->header + off, (unsigned)(s->n - off), 0);

		if (k > 0)
			off += (size_t)k;
		else if (errno != EAGAIN && errno != EINTR)
			off++; /* refused by the peer's port: it is gone, go on */
	}
	s->n = 0;
}


static void flush_stream(struct wire_side *s)
{
	while (s->fd >= 0 && s->queue_n) {
		ssize_t k = send(s->fd, s->queue, s->queue_n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k <= 0)
			break;
		s->queue_n -= (size_t)k;
		memmove(s->queue, s->queue + k, s->queue_n);
	}
}


void wire_flush(struct wire *w)
{
	for (int i = 0; i < WIRE_ENDS; i++) {
		if (w->tcp)
			flush_stream(&w->side[i]);
		else if (w->side[i].n)
			flush_datagrams(&w->side[i]);
	}
}


char *wire_room(struct wire *w, enum wire_end end)
{
	struct wire_side *s = &w->side[end];

	if (!w->tcp) {
		if (s->n == WIRE_BATCH)
			flush_datagrams(s);
		return s->out[s->n];
	}
	while (s->queue_n + MESSAGE_ROOM > WIRE_STREAM_MAX)
		flush_stream(s);
	return s->queue + s->queue_n;
}


void wire_push_to(struct wire *w, enum wire_end end, size_t n, const struct sockaddr_in *to)
{
	struct wire_side *s = &w->side[end];

	if (w->tcp) {
		s->queue_n += n;
		return;
	}
	size_t i = s->n++;
	s->to[i] = *to;
	s->iov[i] = (struct iovec){s->out[i], n};
	s->header[i].msg_hdr = (struct msghdr){.msg_name = &s->to[i],
					       .msg_namelen = sizeof(s->to[i]),
					       .msg_iov = &s->iov[i],
					       .msg_iovlen = 1};
}


void wire_push(struct wire *w, enum wire_end end, size_t n)
{
	struct sockaddr_in to = loopback(PORT_SUBJECT);

	wire_push_to(w, end, n, &to);
}


static void read_datagrams(struct wire *w, enum wire_end end, wire_cb *cb, void *arg)
{
	for (int batch = 0; batch < READ_BATCHES; batch++) {
		for (int i = 0; i < WIRE_BATCH; i++) {
			w->iov[i] = (struct iovec){w->in[i], MESSAGE_ROOM};
			w->header[i].msg_hdr = (struct msghdr){.msg_name = &w->from[i],
							       .msg_namelen = sizeof(w->from[i]),
							       .msg_iov = &w->iov[i],
							       .msg_iovlen = 1};
		}
		int n = recvmmsg(w->side[end].fd, w->header, WIRE_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			cb(end, w->in[i], w->header[i].msg_len, &w->from[i], arg);
		if (n < WIRE_BATCH)
			return;
		wire_flush(w);
	}
}


static void read_stream(struct wire *w, enum wire_end end, wire_cb *cb, void *arg)
{
	struct wire_side *s = &w->side[end];
	int on = 1;

	if (s->fd < 0) {
		s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (s->fd < 0)
			return;
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	ssize_t k = recv(s->fd, s->in + s->in_n, WIRE_STREAM_MAX - s->in_n, MSG_DONTWAIT);
	if (k <= 0)
		return;
	s->in_n += (size_t)k;
	size_t off = 0;
	for (size_t n; (n = message_frame(s->in + off, s->in_n - off)); off += n)
		cb(end, s->in + off, n, NULL, arg);
	s->in_n -= off;
	memmove(s->in, s->in + off, s->in_n);
}


void wire_read(struct wire *w, wire_cb *cb, void *arg)
{
	for (int i = 0; i < WIRE_ENDS; i++) {
		if (w->tcp)
			read_stream(w, (enum wire_end)i, cb, arg);
		else
			read_datagrams(w, (enum wire_end)i, cb, arg);
	}
}
