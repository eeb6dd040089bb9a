/* SPDX-License-Identifier: Apache-2.0 */
/* What the generator sends: a MESSAGE of realistic size, as a core's ISC interface carries it. */

#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/** Users who are away, that messages are spread over. */
#define AWAY 1000

static const char body[] =
	"Hello Bob, this is a pager-mode message of realistic size, sent through the IM "
	"server. See you at 7 pm?";


size_t message_compose(char out[static MESSAGE_ROOM], const char run[static RUN_ID_N + 1],
		       uint32_t index, uint32_t generation, const struct traffic *t)
{
	const char *via = t->tcp ? "TCP" : "UDP", *transport = t->tcp ? ";transport=tcp" : "";
	uint32_t user = t->deferred ? (index * 31 + generation) % AWAY : 2222;
	uint32_t call_index = t->one_call_id ? 0 : index,
		 call_generation = t->one_call_id ? 0 : generation;

	return (size_t)snprintf(
		out, MESSAGE_ROOM,
		"MESSAGE sip:+1555000%04u@ims.example.org;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bK%s.%08x.%08x\r\n"
		"Via: SIP/2.0/UDP "
		"10.1.2.3:5060;received=10.1.2.3;rport=5060;branch=z9hG4bKue%08x%08x\r\n"
		"Max-Forwards: 67\r\n"
		"Route: <sip:127.0.0.1:%d%s;lr>,<sip:orig-%08x@127.0.0.1:%d%s;lr>\r\n"
		"From: <sip:+15550001111@ims.example.org>;tag=%08x\r\n"
		"To: <sip:+1555000%04u@ims.example.org>\r\n"
		"Call-ID: %s-%08x-%08x@10.1.2.3\r\n"
		"CSeq: 1 MESSAGE\r\n"
		"P-Asserted-Identity: <sip:+15550001111@ims.example.org>\r\n"
		"P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=2081500F3C1A2B01\r\n"
		"P-Charging-Vector: icid-value=\"%s%08x%08x\";orig-ioi=ims.example.org\r\n"
		"Accept-Contact: "
		"*;+g.3gpp.icsi-ref=\"urn%%3Aurn-7%%3A3gpp-service.ims.icsi.oma.cpm.msg\";"
		"explicit\r\n"
		"User-Agent: IM-client/OMA1.0 Acme/1.2\r\n"
		"Allow: INVITE,ACK,CANCEL,BYE,MESSAGE,OPTIONS,NOTIFY\r\n"
		"Content-Type: text/plain;charset=UTF-8\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		user, via, PORT_SENDER, run, index, generation, index, generation, PORT_SUBJECT,
		transport, index, PORT_RECEIVER, transport, index ^ generation, user, run,
		call_index, call_generation, run, index, generation, sizeof(body) - 1, body);
}


static bool copied(const char *line, size_t n)
{
	static const char *const names[] = {"Via:",     "From:", "To:",
					    "Call-ID:", "CSeq:", "Record-Route:"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t k = strlen(names[i]);
		if (n > k && strncasecmp(line, names[i], k) == 0)
			return true;
	}
	return false;
}


size_t message_answer(char out[static MESSAGE_ROOM], const char *request, size_t n)
{
	static const char head[] = "SIP/2.0 200 OK\r\n", tag[] = ";tag=uas77\r\n",
			  tail[] = "Server: parley-bench\r\nContent-Length: 0\r\n\r\n";
	const char *end = request + n, *p = memchr(request, '\n', n);
	char *w = out;

	memcpy(w, head, sizeof(head) - 1);
	w += sizeof(head) - 1;
	for (p = p ? p + 1 : end; p < end;) {
		const char *q = memchr(p, '\n', (size_t)(end - p));
		size_t len = q ? (size_t)(q + 1 - p) : 0;

		if (len <= 2 || (size_t)(w - out) + len + sizeof(tag) + sizeof(tail) > MESSAGE_ROOM)
			break;
		if (copied(p, len)) {
			bool to = (p[0] == 'T' || p[0] == 't') && p[2] == ':';
			size_t keep = to ? len - 2 : len;

			memcpy(w, p, keep);
			w += keep;
			if (to) {
				memcpy(w, tag, sizeof(tag) - 1);
				w += sizeof(tag) - 1;
			}
		}
		p += len;
	}
	memcpy(w, tail, sizeof(tail) - 1);
	return (size_t)(w - out) + sizeof(tail) - 1;
}


static bool hex8(const char *p, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		char c = p[i];
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}


unsigned message_match(const char *response, size_t n, const char run[static RUN_ID_N + 1],
		       uint32_t *index, uint32_t *generation)
{
	static const char cookie[] = "branch=z9hG4bK";

	if (n < 12 || memcmp(response, "SIP/2.0 ", 8) || response[8] == '1')
		return 0;
	const char *p = memmem(response, n, cookie, sizeof(cookie) - 1);
	size_t need = sizeof(cookie) - 1 + RUN_ID_N + 1 + 8 + 1 + 8;
	if (!p || (size_t)(response + n - p) < need ||
	    memcmp(p + sizeof(cookie) - 1, run, RUN_ID_N))
		return 0;
	p += sizeof(cookie) - 1 + RUN_ID_N + 1;
	if (!hex8(p, index) || !hex8(p + 9, generation))
		return 0;
	return (unsigned)(response[8] - '0') * 100 + (unsigned)(response[9] - '0') * 10 +
	       (unsigned)(response[10] - '0');
}


size_t message_register(char out[static MESSAGE_ROOM], bool tcp, unsigned user)
{
	return (size_t)snprintf(out, MESSAGE_ROOM,
				"REGISTER sip:127.0.0.1:%d SIP/2.0\r\n"
				"Via: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bKregister%04u\r\n"
				"Max-Forwards: 70\r\n"
				"From: <sip:scscf.ims.example.org>;tag=1\r\n"
				"To: <sip:+1555000%04u@ims.example.org>\r\n"
				"Call-ID: register-bench-%04u\r\n"
				"CSeq: 1 REGISTER\r\n"
				"Contact: <sip:127.0.0.1:%d>\r\n"
				"Expires: 3600\r\n"
				"Content-Length: 0\r\n\r\n",
				PORT_SUBJECT, tcp ? "TCP" : "UDP", PORT_SENDER, user, user, user,
				PORT_RECEIVER);
}


size_t message_frame(const char *p, size_t n)
{
	static const char name[] = "\r\nContent-Length:";
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	if (!end)
		return 0;
	size_t head = (size_t)(end - p) + 4, length = 0;
	const char *l = memmem(p, head, name, sizeof(name) - 1);
	if (l) {
		l += sizeof(name) - 1;
		while (*l == ' ')
			l++;
		while (*l >= '0' && *l <= '9')
			length = length * 10 + (size_t)(*l++ - '0');
	}
	return head + length <= n ? head + length : 0;
}
