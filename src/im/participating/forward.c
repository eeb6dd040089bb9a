/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding as a proxy, and telling what became of it. */

#include "im/participating/forward.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/auth_header.h"

/** What only a trusted element may assert (RFC 3325 5, RFC 5502 6, RFC 6050, RFC 7315 4). */
static const enum sip_header_id assertions[] = {
	SIP_HDR_P_ASSERTED_IDENTITY,
	SIP_HDR_P_PREFERRED_IDENTITY, /* RFC 3325 5: "The proxy MUST remove" it: it was for us */
	SIP_HDR_P_ASSERTED_SERVICE,
	SIP_HDR_P_SERVED_USER,
	SIP_HDR_P_CHARGING_VECTOR,
	SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES,
};

/** One forwarded request, until the proxy is done with it. */
struct forwarding {
	struct im_report report;
	struct str realm; /**< of the credentials that are ours */
	struct str added; /**< lines of ours, in mem_raw; empty: none */
	bool trusted;
	bool to_devices;
	bool to_focus, replaces;
	im_unreached_cb *unreached;
	im_accepted_cb *accepted;
	void *arg;
};


void im_edit_untrusted(struct sip_edits *e)
{
	for (size_t i = 0; i < sizeof(assertions) / sizeof(assertions[0]); i++) {
		if (e->m->first[assertions[i]] != SIP_LINE_NONE)
			sip_edit_remove(e, assertions[i]);
	}
}


void im_edit_credentials(struct sip_edits *e, struct str realm)
{
	const struct sip_msg *m = e->m;

	for (uint8_t i = m->first[SIP_HDR_PROXY_AUTHORIZATION]; i != SIP_LINE_NONE;
	     i = m->line[i].next) {
		const struct sip_line *l = &m->line[i];
		struct auth_credentials c;

		if (auth_credentials_decode(&c, str_range(m->p + l->value, m->p + l->vend)) == 0 &&
		    str_eq(c.realm, realm))
			sip_edit_span(e, l->start, l->end - l->start, STR_NULL);
	}
}


static void edit(struct sip_edits *e, const struct sip_proxy_target *target, void *arg)
{
	const struct forwarding *f = arg;

	(void)target;
	if (!f->trusted)
		im_edit_untrusted(e);
	if (f->replaces)
		sip_edit_remove(e, SIP_HDR_REPLACES);
	if (f->added.n)
		sip_edit_append(e, f->added);
	if (e->m->first[SIP_HDR_PROXY_AUTHORIZATION] != SIP_LINE_NONE)
		im_edit_credentials(e, f->realm);
}


/*
 * Digest c4: timeout, flow failed (RFC 5626 11.5), temporarily unavailable, or no connection to any device: the
 * proxy makes that a 500 of its own (RFC 3261 16.7 step 6).
 */
static bool is_unreached(uint16_t status, const struct sip_msg *m)
{
	return status == 408 || status == 430 || status == 480 || (status == 500 && !m);
}


int im_forward_response_encode(struct sip_server_txn *st, const struct sip_msg *m, struct buf *out)
{
	char text[32];
	struct sip_edits e;
	struct buf length;

	sip_edits_init(&e, m);
	sip_edit_remove_first_value(&e, SIP_HDR_VIA);
	/* It came in a datagram, which needs none; a stream does (RFC 3261 20.14). */
	if (m->first[SIP_HDR_CONTENT_LENGTH] == SIP_LINE_NONE &&
	    sip_server_txn_source(st)->kind != SIP_UDP) {
		buf_fixed(&length, text, sizeof(text));
		buf_printf(&length, "Content-Length: %zu\r\n", m->body.n);
		sip_edit_append(&e, buf_str(&length));
	}
	return sip_edits_apply(&e, out);
}


static bool final(struct sip_proxy *p, struct sip_server_txn *st, uint16_t status,
		  const struct sip_msg *m, void *target, void *arg)
{
	struct forwarding *f = arg;

	(void)target;
	if (f->accepted && m && status >= 200 && status < 300 && !sip_server_txn_answered(st))
		return f->accepted(st, m, &f->report, f->to_devices, f->arg);
	return f->unreached && is_unreached(status, m) && !sip_server_txn_answered(st) &&
	       f->unreached(st, sip_proxy_retry_after_s(p), &f->report, f->arg);
}


static void done(struct sip_proxy *p, uint16_t status, void *arg)
{
	struct forwarding *f = arg;
	enum im_outcome outcome = IM_FAILED;

	(void)p;
	if (!f->report.text) {
		mem_unref(f); /* who took it over tells */
		return;
	}
	if (status >= 200 && status < 300)
		outcome = f->to_devices ? IM_DELIVERED : IM_RELAYED;
	im_report_tell(&f->report, outcome, status, STR_NULL);
	mem_unref(f);
}


static void destroy(void *object)
{
	struct forwarding *f = object;

	mem_free((char *)f->added.p);
	im_report_done(&f->report);
}


/* The focus takes for the originator who is asserted to be it. */
static int add_lines(struct forwarding *f, const struct im_request *r, struct str replaces)
{
	struct buf b = BUF_INIT(SIP_AOR_MAX + 64 + replaces.n);

	if (f->to_focus)
		buf_printf(&b, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(r->originator));
	buf_puts(&b, replaces);
	if (b.failed) {
		buf_done(&b);
		return -ENOMEM;
	}
	f->added = buf_str(&b);
	return 0;
}


/* RFC 3261 12.1, RFC 6665 4.5, RFC 3515: requests whose route set must come through here again. */
static bool forms_dialog(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_SUBSCRIBE || m == SIP_REFER;
}


/* While the sender still waits (its Timer F runs since a little longer), so that it can hear the 202. */
static uint32_t answer_ms(const struct im_request *r)
{
	return sip_timers(sip_server_txn_sip(r->st))->linger_ms / 4 * 3;
}


int im_forward(const struct im_request *r, const struct im_forward_params *p, struct im_report *rep)
{
	static const struct sip_proxy_handler handler = {.final = final, .done = done};
	struct forwarding *f = mem_alloc_in(sip_slab(sip_server_txn_sip(r->st)), sizeof(*f),
					    destroy);

	if (!f)
		return -ENOMEM;
	f->trusted = r->trusted && !p->hides;
	f->to_devices = p->to_devices;
	f->unreached = p->unreached;
	f->accepted = p->accepted;
	f->arg = p->arg;
	f->realm = p->realm;
	f->to_focus = p->to_focus && !r->trusted && r->originator.n;
	f->replaces = p->replaces.n;
	f->report = *rep;

	int err = f->to_focus || f->replaces ? add_lines(f, r, p->replaces) : 0;
	if (!err)
		err = sip_proxy_forward(NULL, r->st, r->m,
					&(struct sip_proxy_params){
						.route = &r->route,
						.targets = p->targets->target,
						.n = p->targets->n,
						.record_route = forms_dialog(r->m->method),
						.record_route_user = {r->dialog_token,
								      IM_DIALOG_TOKEN_N},
						.answer_ms = p->unreached ? answer_ms(r) : 0,
						.edit = edit,
						.handler = &handler,
						.arg = f,
					});
	if (err) {
		f->report.text = NULL; /* the caller still has it */
		mem_unref(f);
		return err;
	}
	rep->text = NULL;
	return 0;
}
