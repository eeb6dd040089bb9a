/* SPDX-License-Identifier: Apache-2.0 */
/* A room of XMPP (XEP-0045), as its members use it: the peer of a group session. RFC 6120 3 to 7 without TLS. */

#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO                                                 \
	"<?xml version='1.0'?><stream:stream to='localhost' " \
	"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define JOIN_NS 20000000000ull


static int connect_server(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_XMPP)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10},
		   sizeof(struct timeval));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect to port %d: %s", PORT_XMPP, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}


/* Says it, and reads until the answer has these words. */
static void ask(int fd, const char *text, const char *until)
{
	char in[8192];
	size_t n = 0;

	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		die("ejabberd took nothing: %s", strerror(errno));
	in[0] = '\0';
	while (!strstr(in, until)) {
		ssize_t k = recv(fd, in + n, sizeof(in) - 1 - n, 0);

		if (k <= 0)
			die("ejabberd said no '%s' to %s", until, text);
		n += (size_t)k;
		in[n] = '\0';
	}
}


static int log_in(void)
{
	int fd = connect_server();

	ask(fd, HELLO, "</stream:features>");
	ask(fd, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>",
	    "<success");
	ask(fd, HELLO, "</stream:features>");
	ask(fd, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
	    "</jid>");
	return fd;
}


static size_t compose(struct crowd *c, unsigned who, const char *stamp,
		      char out[static CROWD_MESSAGE_MAX])
{
	char filling[GROUP_TEXT_N - CROWD_STAMP_N + 1];

	(void)who;
	memset(filling, 'x', sizeof(filling) - 1);
	filling[sizeof(filling) - 1] = '\0';
	return (size_t)snprintf(out, CROWD_MESSAGE_MAX,
				"<message to='bench@conference.localhost' type='groupchat' "
				"id='m%llx'><body>%s%s</body></message>",
				(unsigned long long)c->measure->sent, filling, stamp);
}


/* All that matters ends with the text of a message, or with a presence (joining). */
static size_t take(struct crowd *c, unsigned who, const char *p, size_t n)
{
	static const char body[] = "</body>", presence[] = "</presence>";
	const char *hit = memmem(p, n, body, sizeof(body) - 1),
		   *other = memmem(p, n, presence, sizeof(presence) - 1);

	(void)who;
	if (other && (!hit || other < hit)) {
		c->stanzas++;
		return (size_t)(other - p) + sizeof(presence) - 1;
	}
	if (!hit)
		return 0;
	crowd_heard(c, p, (size_t)(hit - p));
	return (size_t)(hit - p) + sizeof(body) - 1;
}


/* A room sends each message back to who wrote it. */
static unsigned copies(unsigned n)
{
	return n;
}


void muc_run(struct result *ret, const struct traffic *t, const struct subject *s)
{
	static const struct crowd_speech speech = {compose, take, copies};
	static struct crowd c;
	uint64_t expected = 0, until;

	crowd_open(&c, s, &speech);
	for (unsigned i = 0; i < t->members; i++) {
		char text[256];
		unsigned who = crowd_join(&c, log_in(), NULL);

		snprintf(text, sizeof(text),
			 "<presence to='bench@conference.localhost/m%u'>"
			 "<x xmlns='http://jabber.org/protocol/muc'/></presence>",
			 who);
		crowd_push(&c, who, text, strlen(text));
		/* All who are in hear of it, and it hears of all: one after the other, so that nobody is missed. */
		expected += 2 * who + 1;
		until = clock_ns() + JOIN_NS;
		crowd_flush(&c, who);
		do
			crowd_turn(&c, 1);
		while (c.stanzas < expected && clock_ns() < until);
		if (c.stanzas < expected)
			die("member %u did not get into the room", who);
	}
	crowd_run(ret, &c, t);
	crowd_close(&c);
}
