/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who speaks MSRP with the engine by hand. */
#include "msrp_peer.h"

#include <stdio.h>
#include <string.h>


static void on_recv(struct stream *s, const char *bytes, size_t n, void *arg)
{
	struct msrp_peer *p = arg;

	(void)s;
	buf_put(&p->heard, bytes, n);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct msrp_peer *p = arg;

	(void)s;
	(void)error;
	p->s = mem_unref(p->s);
}


static const struct stream_handler handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void release(void *arg)
{
	struct msrp_peer *p = arg;

	p->s = mem_unref(p->s);
}


void msrp_peer_init(struct msrp_peer *p, struct engine *e, const char *uri)
{
	*p = (struct msrp_peer){.e = e, .uri = uri};
	buf_fixed(&p->heard, unit_storage(MSRP_PEER_HEARD_MAX), MSRP_PEER_HEARD_MAX);
	unit_defer(release, p);
}


void msrp_peer_connect(struct msrp_peer *p, const char *host, const char *description)
{
	const char *path = strstr(description, "a=path:");
	char hostport[64];
	struct addr from, to;

	unit_must(path != NULL);
	(void)sscanf(path, "a=path:%255[^\r\n]", p->path);
	(void)snprintf(hostport, sizeof(hostport), "%s:0", host);
	assert_int_equal(addr_decode_hostport(&from, str_of(hostport)), 0);
	assert_int_equal(addr_decode_hostport(&to, STR(MSRP_PEER_ENGINE)), 0);
	p->s = mem_unref(p->s);
	unit_ok(stream_connect(&p->s, sip_loop(p->e->sip), &to, &from, NULL, STR_NULL, &handler,
			       p));
	engine_run(p->e);
	buf_clear(&p->heard);
	p->answered = 0;
}


void msrp_peer_leave(struct msrp_peer *p)
{
	p->s = mem_unref(p->s);
	engine_run(p->e);
}


/* ---- What they send ---- */

static void put(struct msrp_peer *p, struct str text)
{
	if (p->s)
		(void)stream_write(p->s, text.p, text.n);
}


static void put_head(struct msrp_peer *p, const char *tid, const char *what, const char *lines)
{
	char storage[2048];
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	buf_printf(&b, "MSRP %s %s\r\nTo-Path: %s\r\nFrom-Path: %s\r\n%s", tid, what, p->path,
		   p->uri, lines);
	assert_false(b.failed);
	put(p, buf_str(&b));
}


static void put_end(struct msrp_peer *p, const char *before, const char *tid, char flag)
{
	char storage[64];
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	buf_printf(&b, "%s-------%s%c\r\n", before, tid, flag);
	assert_false(b.failed);
	put(p, buf_str(&b));
}


void msrp_peer_send(struct msrp_peer *p, const char *tid, const char *id, const char *range,
		    const char *more, const char *type, struct str body, char flag)
{
	char storage[1024];
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	buf_printf(&b, "Message-ID: %s\r\nByte-Range: %s\r\n%sContent-Type: %s\r\n\r\n", id, range,
		   more, type);
	buf_putc(&b, 0);
	assert_false(b.failed);
	put_head(p, tid, "SEND", storage);
	put(p, body);
	put_end(p, "\r\n", tid, flag);
	engine_run(p->e);
}


void msrp_peer_bind(struct msrp_peer *p, const char *tid)
{
	put_head(p, tid, "SEND", "Message-ID: b1\r\nByte-Range: 1-0/0\r\n");
	put_end(p, "", tid, '$');
	engine_run(p->e);
}


void msrp_peer_take(struct msrp_peer *p, struct peer *sip, const char *host)
{
	unsigned i = peer_count(sip) - 1;
	char sdp[1024];

	unit_must(peer_count(sip) && strncmp(peer_text(sip, i), "INVITE ", 7) == 0);
	(void)snprintf(sdp, sizeof(sdp),
		       "v=0\r\no=b 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		       "m=message 2855 TCP/MSRP *\r\na=accept-types:*\r\na=recvonly\r\n"
		       "a=setup:active\r\na=path:%s\r\n",
		       host, host, p->uri);
	peer_send(sip,
		  "SIP/2.0 200 OK\nVia: %s\nFrom: %s\nTo: %s;tag=b1\nCall-ID: %s\nCSeq: %s\n"
		  "Contact: <sip:%s:5060>\nContent-Type: application/sdp\n"
		  "Content-Length: %zu\n\n%s",
		  peer_header(sip, i, "Via: "), peer_header(sip, i, "From: "),
		  peer_header(sip, i, "To: "), peer_header(sip, i, "Call-ID: "),
		  peer_header(sip, i, "CSeq: "), host, strlen(sdp), sdp);
	engine_run(p->e);
	unit_must(strncmp(peer_text(sip, peer_count(sip) - 1), "ACK ", 4) == 0);
	msrp_peer_connect(p, host, peer_text(sip, i));
	msrp_peer_bind(p, "d001");
	unit_must(msrp_peer_heard(p, "d001", 200));
}


/* ---- What they hear ---- */

bool msrp_peer_has(const struct msrp_peer *p, const char *text)
{
	return str_find_str(buf_str(&p->heard), str_of(text)) >= 0;
}


bool msrp_peer_heard(const struct msrp_peer *p, const char *tid, unsigned status)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "MSRP %s %u", tid, status);
	return msrp_peer_has(p, text);
}


/* The transaction of the first request after `answered` that is whole; false: none is. */
static bool next_request(struct msrp_peer *p, char *tid, size_t size)
{
	struct str rest = str_from(buf_str(&p->heard), p->answered), line, word;
	struct buf end;
	char storage[64];
	ptrdiff_t at;

	while ((at = str_find_str(rest, STR("MSRP "))) >= 0) {
		line = rest = str_from(rest, (size_t)at + strlen("MSRP "));
		word = str_cut(&line, ' ');
		if (!str_starts(line, STR("SEND\r\n")))
			continue;
		buf_fixed(&end, storage, sizeof(storage));
		buf_printf(&end, "-------" STR_FMT, STR_ARG(word));
		at = str_find_str(line, buf_str(&end));
		if (at < 0)
			return false;
		(void)snprintf(tid, size, STR_FMT, STR_ARG(word));
		p->answered = (size_t)(line.p + at - p->heard.p);
		return true;
	}
	return false;
}


unsigned msrp_peer_answer(struct msrp_peer *p, unsigned status)
{
	char tid[48], what[32];
	unsigned n = 0;

	(void)snprintf(what, sizeof(what), "%u %s", status, status == 200 ? "OK" : "No");
	for (; next_request(p, tid, sizeof(tid)); n++) {
		put_head(p, tid, what, "");
		put_end(p, "", tid, '$');
		engine_run(p->e);
	}
	return n;
}
