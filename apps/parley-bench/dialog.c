/* SPDX-License-Identifier: Apache-2.0 */
/* INVITE, ACK, BYE and what answers them, by text. */

#include "dialog.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OPEN_NS 10000000000ull

static const char sdp[] =
	"v=0\r\n"
	"o=- 3724394400 3724394405 IN IP4 127.0.0.1\r\n"
	"s=-\r\n"
	"c=IN IP4 %s\r\n"
	"t=0 0\r\n"
	"m=message %d TCP/MSRP *\r\n"
	"a=accept-types:message/cpim text/plain application/im-iscomposing+xml\r\n"
	"a=accept-wrapped-types:text/plain image/jpeg\r\n"
	"a=path:%s\r\n"
	"a=setup:%s\r\n"
	"a=sendrecv\r\n";


/* The value of a header line, without its CRLF; NULL when there is none. */
static const char *header(const char *p, size_t n, const char *name, size_t *ret_n)
{
	size_t k = strlen(name);
	const char *end = p + n, *line = memchr(p, '\n', n);

	for (; line && line + 1 < end; line = memchr(line + 1, '\n', (size_t)(end - line - 1))) {
		const char *at = line + 1, *stop;

		if (*at == '\r')
			return NULL;
		if ((size_t)(end - at) <= k || strncasecmp(at, name, k) || at[k] != ':')
			continue;
		stop = memchr(at, '\r', (size_t)(end - at));
		for (at += k + 1; *at == ' '; at++)
			;
		*ret_n = stop ? (size_t)(stop - at) : 0;
		return stop ? at : NULL;
	}
	return NULL;
}


static void copy(char *out, size_t room, const char *p, size_t n)
{
	n = n < room ? n : room - 1;
	memcpy(out, p, n);
	out[n] = '\0';
}


size_t dialog_own_path(char *out, size_t room, const struct dialog *d)
{
	return (size_t)snprintf(out, room, "msrp://127.0.0.1:%d/caller%08x%08x;tcp", d->port,
				d->index, d->generation);
}


size_t dialog_compose(char out[static MESSAGE_ROOM], const char run[static RUN_ID_N + 1],
		      const struct dialog *d, const char *method, bool failed)
{
	const char *caller = d->caller ? d->caller : "sip:+15550001111@ims.example.org";
	char path[128], text[1024] = "", uri[160], to[160], asserted[192] = "", route[256] = "";
	bool invite = method[0] == 'I', within = !invite && !failed;
	int text_n = 0;

	if (d->group) {
		snprintf(uri, sizeof(uri), "%s", d->group);
		snprintf(to, sizeof(to), "%s", d->group);
	} else {
		snprintf(uri, sizeof(uri), "sip:+1555000%04u@ims.example.org;user=phone", d->user);
		snprintf(to, sizeof(to), "sip:+1555000%04u@ims.example.org", d->user);
	}
	if (invite)
		snprintf(asserted, sizeof(asserted), "P-Asserted-Identity: <%s>\r\n", caller);
	/* A group is this server's: the core sends what is for it here, and nowhere behind it. */
	if ((invite || failed) && d->group)
		snprintf(route, sizeof(route), "Route: <sip:127.0.0.1:%d;lr>\r\n", PORT_SUBJECT);
	else if (invite || failed)
		snprintf(route, sizeof(route),
			 "Route: <sip:127.0.0.1:%d;lr>,<sip:orig-%08x@127.0.0.1:%d;lr>\r\n",
			 PORT_SUBJECT, d->index, PORT_RECEIVER);
	else if (d->route[0])
		snprintf(route, sizeof(route), "Route: %s\r\n", d->route);
	if (invite) {
		dialog_own_path(path, sizeof(path), d);
		text_n = snprintf(text, sizeof(text), sdp, "127.0.0.1", d->port, path, "active");
	}
	return (size_t)snprintf(
		out, MESSAGE_ROOM,
		"%s %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s.%08x.%08x.%c\r\n"
		"Max-Forwards: 67\r\n"
		"%s"
		"From: <%s>;tag=%08x%08x\r\n"
		"To: <%s>%s%s\r\n"
		"Call-ID: %s-%08x-%08x@10.1.2.3\r\n"
		"CSeq: %d %s\r\n"
		"Contact: <sip:127.0.0.1:%d>;+g.oma.sip-im\r\n"
		"User-Agent: IM-client/OMA1.0 Acme/1.2\r\n"
		"%s%s"
		"Content-Length: %d\r\n\r\n%s",
		method, within ? d->contact : uri, PORT_SENDER, run, d->index, d->generation,
		failed ? 'I' : method[0], route, caller, d->index, d->generation, to,
		within || failed ? ";tag=" : "", within || failed ? d->to_tag : "", run, d->index,
		d->generation, method[0] == 'B' ? 2 : 1, method, PORT_SENDER, asserted,
		invite ? "P-Charging-Vector: icid-value=\"bench\";orig-ioi=ims.example.org\r\n"
			 "Accept-Contact: *;+g.oma.sip-im;require;explicit\r\n"
			 "Allow: INVITE,ACK,CANCEL,BYE,MESSAGE,OPTIONS,NOTIFY\r\n"
			 "Supported: timer\r\n"
			 "Session-Expires: 1800\r\n"
			 "Content-Type: application/sdp\r\n"
		       : "",
		text_n, text);
}


/* What stands between `open` and one of `close` behind it. */
static void between(char *out, size_t room, const char *p, size_t n, const char *open,
		    const char *close)
{
	size_t k = strlen(open);
	const char *at = p ? memmem(p, n, open, k) : NULL, *q;

	out[0] = '\0';
	if (!at)
		return;
	for (q = at += k; q < p + n && !strchr(close, *q); q++)
		;
	copy(out, room, at, (size_t)(q - at));
}


void dialog_establish(struct dialog *d, const char *response, size_t n)
{
	size_t k = 0;
	const char *v = header(response, n, "Contact", &k);

	between(d->contact, sizeof(d->contact), v, k, "<", ">");
	v = header(response, n, "Record-Route", &k);
	copy(d->route, sizeof(d->route), v ? v : "", v ? k : 0);
	v = header(response, n, "To", &k);
	between(d->to_tag, sizeof(d->to_tag), v, k, ";tag=", ";\r\n");
	between(d->path, sizeof(d->path), response, n, "\r\na=path:", "\r\n");
}


char dialog_response_method(const char *response, size_t n)
{
	size_t k = 0;
	const char *v = header(response, n, "CSeq", &k), *space = v ? memchr(v, ' ', k) : NULL;

	return space ? space[1] : '\0';
}


/* message_answer's, with a body and a Contact before its last lines. */
size_t dialog_answer(char out[static MESSAGE_ROOM], const char *request, size_t n, uint32_t serial,
		     bool listens)
{
	static const char tail[] = "Content-Length: 0\r\n\r\n";
	char host[32], path[128], text[1024];
	size_t used;
	int text_n;

	if (n > 3 && memcmp(request, "ACK", 3) == 0)
		return 0;
	used = message_answer(out, request, n);
	if (memcmp(request, "INVITE", 6))
		return used;

	snprintf(host, sizeof(host), "127.1.%u.%u", serial >> 8 & 255, serial & 255);
	snprintf(path, sizeof(path), "msrp://%s:%d/callee%08x;tcp", host, PORT_MSRP_RECEIVER,
		 serial);
	text_n = snprintf(text, sizeof(text), sdp, host, PORT_MSRP_RECEIVER, path,
			  listens ? "passive" : "active");
	used -= sizeof(tail) - 1;
	return used + (size_t)snprintf(out + used, MESSAGE_ROOM - used,
				       "Contact: <sip:127.0.0.1:%d>;+g.oma.sip-im\r\n"
				       "Content-Type: application/sdp\r\n"
				       "Content-Length: %d\r\n\r\n%s",
				       PORT_RECEIVER, text_n, text);
}


struct opening {
	struct wire *wire;
	const char *run;
	struct dialog *dialog;
	unsigned refused;
};


static void on_bytes(enum wire_end end, const char *p, size_t n, const struct sockaddr_in *from,
		     void *arg)
{
	struct opening *o = arg;
	struct dialog *d = o->dialog;
	uint32_t index, generation;
	unsigned status;
	size_t k;

	if (end == WIRE_RECEIVER) {
		k = dialog_answer(wire_room(o->wire, WIRE_RECEIVER), p, n, d->index, true);
		if (k)
			wire_push_to(o->wire, WIRE_RECEIVER, k, from);
		return;
	}
	status = message_match(p, n, o->run, &index, &generation);
	if (!status || index != d->index || dialog_response_method(p, n) != 'I')
		return;
	dialog_establish(d, p, n);
	d->phase = status < 300 ? DIALOG_STANDS : DIALOG_FREE;
	o->refused = status < 300 ? 0 : status;
	k = dialog_compose(wire_room(o->wire, WIRE_SENDER), o->run, d, "ACK", status >= 300);
	wire_push(o->wire, WIRE_SENDER, k);
}


void dialog_open(struct wire *w, const char run[static RUN_ID_N + 1], struct dialog *d)
{
	struct opening o = {.wire = w, .run = run, .dialog = d};
	uint64_t until = clock_ns() + OPEN_NS;

	d->phase = DIALOG_INVITE;
	wire_push(w, WIRE_SENDER,
		  dialog_compose(wire_room(w, WIRE_SENDER), run, d, "INVITE", false));
	while (d->phase == DIALOG_INVITE && clock_ns() < until) {
		wire_flush(w);
		wire_read(w, on_bytes, &o);
	}
	wire_flush(w);
	if (d->phase != DIALOG_STANDS)
		die("session %u was not set up: %s %u", d->index,
		    o.refused ? "refused with" : "no answer in 10 s", o.refused);
}
