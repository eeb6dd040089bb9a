/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of a group: what comes on one connection is written to all others, one write() for each copy. */

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX 65536
#define OTHERS_MAX 1024


static void write_to(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (k > 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		} else {
			_exit(0);
		}
	}
}


void copier_run(uint16_t port, unsigned others, size_t message_n)
{
	static char bytes[READ_MAX];
	static int fd[OTHERS_MAX + 1];
	struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(port)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	size_t n = 0, off;

	me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (others > OTHERS_MAX || bind(listener, (struct sockaddr *)&me, sizeof(me)) ||
	    listen(listener, 1024))
		_exit(1);
	for (unsigned i = 0; i <= others; i++) {
		fd[i] = accept4(listener, NULL, NULL, 0);
		setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	for (;;) {
		ssize_t k = recv(fd[0], bytes + n, sizeof(bytes) - n, 0);

		if (k <= 0)
			_exit(0);
		n += (size_t)k;
		for (off = 0; n - off >= message_n; off += message_n)
			for (unsigned i = 1; i <= others; i++)
				write_to(fd[i], bytes + off, message_n);
		n -= off;
		for (size_t i = 0; i < n; i++)
			bytes[i] = bytes[off + i];
	}
}
