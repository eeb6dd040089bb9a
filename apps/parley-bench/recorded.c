/* SPDX-License-Identifier: Apache-2.0 */
/* The same session with history and without: what recording costs. */

#include "bench.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char settings[] = "{\"history.session\": true}";


static int connect_admin(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_ADMIN)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect to the admin API at port %d", PORT_ADMIN);
	return fd;
}


/* As an operator would: the recipient has history switched on (parleyctl settings). */
void recorded_begin(unsigned user)
{
	char text[512], answer[512];
	int fd = connect_admin();
	int n = snprintf(text, sizeof(text),
			 "PUT /v1/users/sip%%3A%%2B1555000%04u%%40ims.example.org/settings "
			 "HTTP/1.1\r\nHost: 127.0.0.1\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
			 "close\r\n\r\n%s",
			 user, sizeof(settings) - 1, settings);
	ssize_t got = 0;

	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) == n)
		got = recv(fd, answer, sizeof(answer) - 1, 0);
	close(fd);
	answer[got > 0 ? got : 0] = '\0';
	if (strncmp(answer, "HTTP/1.1 2", 10))
		die("history cannot be switched on: %s", answer);
}
