/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of responses. */
#include "scenario/runner/compose.h"

#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"


static bool is(struct str method, const char *name)
{
	return str_eq(method, str_of(name));
}


static struct str reason_for(unsigned status)
{
	static const struct {
		unsigned status;
		struct str reason;
	} reasons[] = {
		{100, STR_INIT("Trying")},
		{180, STR_INIT("Ringing")},
		{183, STR_INIT("Session Progress")},
		{200, STR_INIT("OK")},
		{202, STR_INIT("Accepted")},
		{302, STR_INIT("Moved Temporarily")},
		{400, STR_INIT("Bad Request")},
		{401, STR_INIT("Unauthorized")},
		{403, STR_INIT("Forbidden")},
		{404, STR_INIT("Not Found")},
		{405, STR_INIT("Method Not Allowed")},
		{407, STR_INIT("Proxy Authentication Required")},
		{408, STR_INIT("Request Timeout")},
		{413, STR_INIT("Request Entity Too Large")},
		{415, STR_INIT("Unsupported Media Type")},
		{480, STR_INIT("Temporarily Unavailable")},
		{481, STR_INIT("Call/Transaction Does Not Exist")},
		{486, STR_INIT("Busy Here")},
		{487, STR_INIT("Request Terminated")},
		{488, STR_INIT("Not Acceptable Here")},
		{491, STR_INIT("Request Pending")},
		{500, STR_INIT("Server Internal Error")},
		{503, STR_INIT("Service Unavailable")},
		{600, STR_INIT("Busy Everywhere")},
		{603, STR_INIT("Decline")},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return STR("Answer");
}


static void draft_response(struct scn_peer *peer, struct scn_incoming *in, unsigned status,
			   struct str reason, struct scn_draft *d)
{
	const struct scn_msg *m = in->arrival->msg;
	struct arena *a = peer->play->arena;
	bool dialog_forming = is(m->method, "INVITE") || is(m->method, "SUBSCRIBE");

	d->status = status;
	d->method = m->method;
	d->reason = reason.p ? reason : reason_for(status);
	for (size_t i = 0; i < m->headers; i++) {
		const struct scn_header *h = &m->header[i];
		struct str tag;

		if (str_eq(h->name, STR("To")) && status > 100 &&
		    !scn_value_param(h->value, STR("tag"), &tag))
			scn_draft_put(d, h->name,
				      scn_fmt(a, STR_FMT ";tag=" STR_FMT, STR_ARG(h->value),
					      STR_ARG(in->to_tag)));
		else if (str_eq(h->name, STR("Via")) || str_eq(h->name, STR("From")) ||
			 str_eq(h->name, STR("To")) || str_eq(h->name, STR("Call-ID")) ||
			 str_eq(h->name, STR("CSeq")) ||
			 (dialog_forming && status > 100 && status < 300 &&
			  str_eq(h->name, STR("Record-Route"))))
			scn_draft_put(d, h->name, h->value);
	}
	if (dialog_forming && status > 100 && status < 300)
		scn_draft_put(d, STR("Contact"), scn_peer_contact(peer));
	if (is(m->method, "INVITE") && status >= 200 && status < 300)
		scn_default_body(peer, in->dialog ? in->dialog->msrp : NULL, d);
}


/** An SDP in the answer: the session it makes, with what the request offered. */
static void note_session(struct scn_peer *peer, struct scn_incoming *in)
{
	struct scn_msrp *s = scn_msrp_session(peer, scn_sdp_path(in->last));

	if (!s)
		return;
	in->msrp = s;
	if (in->offer.p)
		s->remote = in->offer;
	if (in->dialog)
		in->dialog->msrp = s;
}


bool scn_answer(struct scn_peer *peer, struct scn_incoming *in, unsigned status, struct str reason,
		const struct scn_change *changes)
{
	struct scn_play *p = peer->play;
	struct scn_draft *d = scn_alloc(p->arena, sizeof(*d));
	const struct scn_arrival *a = in->arrival;
	struct scn_over_hop hop = {
		.over = a->over, .to = a->source, .socket = a->socket, .conn = a->conn};
	struct scn_wire w;

	if (in->arrival->msg->msrp)
		return scn_msrp_answer(peer, in, status, reason, changes);
	scn_draft_init(d, p->arena);
	draft_response(peer, in, status, reason, d);
	if (!scn_draft_change(p, d, changes, &w))
		return false;
	in->last = scn_draft_bytes(d);
	if (!scn_draft_replace(p, changes, &in->last))
		return false;
	note_session(peer, in);
	if (w.towards_given)
		hop.to = w.towards;
	if (status >= 200)
		in->answered = true;
	return scn_peer_send(peer, &hop, in->last, &w.pieces);
}


bool scn_answer_again(struct scn_peer *peer, const struct scn_incoming *in)
{
	const struct scn_arrival *a = in->arrival;
	struct scn_over_hop hop = {
		.over = a->over, .to = a->source, .socket = a->socket, .conn = a->conn};

	return scn_peer_send(peer, &hop, in->last, NULL);
}
