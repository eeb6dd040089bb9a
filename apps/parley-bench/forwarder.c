/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of MSRP: bytes from one connection to the other, nothing looked at. */

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX 65536


static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}


static int accept_one(uint16_t port)
{
	struct sockaddr_in me = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) || listen(fd, 4))
		_exit(1);
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	close(fd);
	return peer;
}


static int connect_one(uint16_t port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		_exit(1);
	return fd;
}


static void pass_on(int to, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(to, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (k > 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
		} else {
			_exit(0);
		}
	}
}


void forwarder_run(uint16_t port, uint16_t to_port)
{
	static char bytes[READ_MAX];
	struct epoll_event events[2];
	int side[2], on = 1, ep = epoll_create1(0);

	side[0] = accept_one(port);
	side[1] = connect_one(to_port);
	for (int i = 0; i < 2; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};

		setsockopt(side[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		epoll_ctl(ep, EPOLL_CTL_ADD, side[i], &e);
	}
	for (;;) {
		int n = epoll_wait(ep, events, 2, -1);

		for (int i = 0; i < n; i++) {
			uint32_t from = events[i].data.u32;
			ssize_t k = recv(side[from], bytes, sizeof(bytes), MSG_DONTWAIT);

			if (k == 0 || (k < 0 && errno != EAGAIN))
				_exit(0);
			if (k > 0)
				pass_on(side[!from], bytes, (size_t)k);
		}
	}
}
