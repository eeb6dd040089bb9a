/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the service's own: composed, resolved, sent. */
#include "im/send.h"

#include <errno.h>

#include "sip/compose.h"
#include "sip/method.h"
#include "sip/name_addr.h"


static void finish(struct im_send *s, uint16_t status, const struct sip_msg *m)
{
	im_sent_cb *done = s->done;
	void *arg = s->arg;

	s->ct = mem_unref(s->ct);
	buf_done(&s->bytes);
	s->sip = NULL;
	done(s, status, m, arg);
}


static void on_response(struct sip_client_txn *ct, const struct sip_msg *m, void *arg)
{
	(void)ct;
	if (m->status >= 200)
		finish(arg, m->status, m);
}


static void on_failed(struct sip_client_txn *ct, int error, void *arg)
{
	(void)ct;
	finish(arg, error == -ETIMEDOUT ? 408 : 503, NULL);
}


static int send_to(struct im_send *s, const struct sip_hops *hops)
{
	static const struct sip_client_handler handler = {.response = on_response,
							  .failed = on_failed};
	struct str all = buf_str(&s->bytes);
	int err = sip_client_start(&s->ct, s->sip,
				   &(struct sip_client_params){
					   .method = s->method,
					   .head = str_upto(all, s->head_n),
					   .rest = str_from(all, s->head_n),
					   .hops = hops,
					   .handler = &handler,
					   .arg = s,
				   });

	if (!err)
		buf_done(&s->bytes);
	return err;
}


static void on_lookup(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct im_send *s = arg;

	(void)q;
	if (!error)
		error = send_to(s, hops);
	if (error)
		finish(s, error == -ETIMEDOUT ? 408 : 503, NULL);
}


static int compose(struct im_send *s, const struct im_send_params *p)
{
	struct buf *b = &s->bytes;

	sip_put_request(b, sip_method_name(p->method), p->target->uri.n ? p->target->uri : p->uri);
	s->head_n = b->n;
	if (p->target->route.n)
		sip_put_header(b, SIP_HDR_ROUTE, p->target->route);
	sip_put_headeru(b, SIP_HDR_MAX_FORWARDS, SIP_MAX_FORWARDS);
	buf_puts(b, p->headers);
	sip_put_body(b, p->type, p->body);
	return b->failed ? -ENOBUFS : 0;
}


/* The first Route, or the Request-URI. */
static int next_uri(struct sip_uri *ret, const struct im_send_params *p)
{
	struct str rest = p->target->route;
	struct sip_name_addr first;

	if (!rest.n)
		return sip_uri_decode(ret, p->target->uri.n ? p->target->uri : p->uri);
	/* Route values are in <> here, and no comma stands in a URI of ours before its ">". */
	ptrdiff_t end = str_find(rest, '>');
	if (sip_name_addr_decode(&first, str_upto(rest, end < 0 ? rest.n : (size_t)end + 1)))
		return -EBADMSG;
	return sip_uri_decode(ret, first.uri);
}


static int go(struct im_send *s, const struct im_send_params *p)
{
	struct sip_hops hops = {0};
	struct sip_uri next;
	int err = compose(s, p);

	if (!err)
		err = next_uri(&next, p);
	if (err)
		return err;
	if (p->target->hop) {
		hops.n = 1;
		hops.hop[0] = *p->target->hop;
	} else if (p->target->flow) {
		hops.n = 1;
		sip_hop_of_flow(&hops.hop[0], p->target->flow, &next);
	} else {
		err = sip_resolve(sip_resolver(s->sip), &s->lookup, &next, SIP_TRANSPORT_OTHER,
				  &hops, on_lookup, s);
		if (err <= 0)
			return err;
	}
	return send_to(s, &hops);
}


int im_send_start(struct im_send *s, const struct im_send_params *p, im_sent_cb *done, void *arg)
{
	*s = (struct im_send){.sip = p->sip, .method = p->method, .done = done, .arg = arg};
	buf_init(&s->bytes, IM_SEND_MAX);
	int err = go(s, p);
	if (err) {
		buf_done(&s->bytes);
		s->sip = NULL;
	}
	return err;
}


void im_send_cancel(struct im_send *s)
{
	if (!s->sip)
		return;
	sip_lookup_cancel(&s->lookup);
	s->ct = mem_unref(s->ct);
	buf_done(&s->bytes);
	s->sip = NULL;
}
