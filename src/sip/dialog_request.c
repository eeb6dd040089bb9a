/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ours inside dialogs: RFC 3261 12.2.1. */
#include "sip/dialog.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/dialog_state.h"
#include "sip/name_addr.h"
#include "sip/proxy.h"

/** What 12.2.1.1 makes of route set and target. */
struct way {
	struct str uri;   /**< Request-URI */
	struct str route; /**< Route values; empty: none */
	struct str last;  /**< URI of one more, behind a strict router */
	struct sip_uri next;
};


/* ---- The way ---- */

static int way_of(struct way *w, const struct sip_dialog *d)
{
	struct str rest = d->route, top, lr;
	struct sip_name_addr a;

	*w = (struct way){.uri = d->target, .route = d->route};
	if (!d->route.n)
		return sip_uri_decode(&w->next, d->target);
	if (!sip_value_cut(&rest, &top) || sip_name_addr_decode(&a, top) ||
	    sip_uri_decode(&w->next, a.uri))
		return -EBADMSG;
	if (sip_uri_param(&w->next, STR("lr"), &lr))
		return 0;
	w->uri = a.uri;
	w->route = str_trim(rest);
	w->last = d->target;
	return 0;
}


/* 12.2.1.1: "stripping any parameters that are not allowed in a Request-URI": method and headers
 * (19.1.1, table 1). */
static void put_request_uri(struct buf *b, const struct way *w)
{
	struct str params = w->next.params, name, value;

	if (!w->last.n) {
		buf_puts(b, w->uri);
		return;
	}
	buf_puts(b, str_upto(w->uri, (size_t)((w->next.params.n    ? w->next.params.p - 1
					       : w->next.headers.n ? w->next.headers.p - 1
								   : w->uri.p + w->uri.n) -
					      w->uri.p)));
	while (sip_param_next(&params, &name, &value) > 0) {
		if (str_eq_nocase(name, STR("method")))
			continue;
		buf_putc(b, ';');
		buf_puts(b, name);
		if (value.p) {
			buf_putc(b, '=');
			buf_puts(b, value);
		}
	}
}


static void put_routes(struct buf *b, const struct way *w)
{
	if (w->route.n)
		sip_put_header(b, SIP_HDR_ROUTE, w->route);
	if (w->last.n) {
		buf_puts(b, STR("Route: <"));
		buf_puts(b, w->last);
		buf_puts(b, STR(">\r\n"));
	}
}


/* ---- The request ---- */

static void put_party(struct buf *b, enum sip_header_id id, struct str uri, struct str tag)
{
	buf_puts(b, sip_header_name(id));
	buf_puts(b, STR(": <"));
	buf_puts(b, uri);
	buf_putc(b, '>');
	if (tag.n) {
		buf_puts(b, STR(";tag="));
		buf_puts(b, tag);
	}
	buf_puts(b, STR("\r\n"));
}


static void put_request_line(struct buf *b, enum sip_method method, const struct way *w)
{
	buf_puts(b, sip_method_name(method));
	buf_putc(b, ' ');
	put_request_uri(b, w);
	buf_puts(b, STR(" SIP/2.0\r\n"));
}


static void put_dialog_lines(struct buf *b, const struct sip_dialog *d, const struct way *w,
			     enum sip_method method, uint32_t cseq)
{
	put_routes(b, w);
	sip_put_headeru(b, SIP_HDR_MAX_FORWARDS, SIP_MAX_FORWARDS);
	put_party(b, SIP_HDR_FROM, d->local, d->local_tag);
	put_party(b, SIP_HDR_TO, d->remote, d->remote_tag);
	sip_put_header(b, SIP_HDR_CALL_ID, d->call_id);
	buf_puts(b, STR("CSeq: "));
	buf_putu(b, cseq);
	buf_putc(b, ' ');
	buf_puts(b, sip_method_name(method));
	buf_puts(b, STR("\r\n"));
}


static void release(struct sip_dialog_request *r)
{
	sip_lookup_cancel(&r->lookup);
	r->ct = mem_unref(r->ct);
	mem_free(r->text);
	r->text = NULL;
	r->head = r->body = r->type = STR_NULL;
}


/* It is idle; its dialog is the caller's now. */
static struct sip_dialog *finish(struct sip_dialog_request *r)
{
	struct sip_dialog *d = r->dialog;

	release(r);
	r->dialog = NULL;
	return d;
}


static void fail(struct sip_dialog_request *r, int error)
{
	struct sip_dialog *d = finish(r);

	r->answered(r, d, NULL, error, r->arg);
	mem_unref(d);
}


static void on_response(struct sip_client_txn *ct, const struct sip_msg *m, void *arg)
{
	struct sip_dialog_request *r = arg;
	struct sip_dialog *own = r->dialog, *d = dialog_of_response(own, r, m);
	bool stays = m->status < 200 || (r->method == SIP_INVITE && m->status < 300);

	(void)ct;
	if (!d) {
		/* Nothing can be made of it: as good as no answer, unless there was another. */
		if (m->status >= 200 && own->state != SIP_DIALOG_CONFIRMED)
			fail(r, -EBADMSG);
		return;
	}
	mem_ref(own);
	/* 12.2.1.2: "When a UAC receives a 2xx response to a target refresh request, it MUST replace the
	 * dialog's remote target URI with the URI from the Contact header field in that response, if
	 * present." Without memory, or with a bad one, the old stays. */
	if (m->status >= 200 && m->status < 300 && r->established && dialog_refreshes(r->method))
		(void)dialog_set_target(d, m);
	if (!stays)
		mem_unref(finish(r));
	r->answered(r, d, m, 0, r->arg);
	if (d != own && list_empty(&d->usages))
		dialog_terminate(d);
	mem_unref(d);
	mem_unref(own);
}


static void on_failed(struct sip_client_txn *ct, int error, void *arg)
{
	(void)ct;
	fail(arg, error);
}


static const struct sip_client_handler client_handler = {.response = on_response,
							 .failed = on_failed};


static void put_own_lines(struct buf *b, const struct sip_dialog_request *r,
			  const struct sip_hop *hop)
{
	struct sip *s = r->dialog->dialogs->sip;

	if (dialog_refreshes(r->method))
		dialog_put_contact(b, r->dialog, hop);
	if (sip_server_value(s).n)
		sip_put_header(b, SIP_HDR_USER_AGENT, sip_server_value(s));
	buf_puts(b, r->head);
	sip_put_body(b, r->type, r->body);
}


/* 8.1.1.5, 12.2.1.1. The number counts once the request leaves. */
static int start(struct sip_dialog_request *r, const struct way *w, const struct sip_hops *hops)
{
	struct sip_dialog *d = r->dialog;
	struct buf *b = &d->dialogs->message;
	int err;

	r->cseq = d->local_cseq + 1;
	r->established = d->state == SIP_DIALOG_CONFIRMED;
	buf_clear(b);
	put_request_line(b, r->method, w);
	size_t head = b->n;
	put_dialog_lines(b, d, w, r->method, r->cseq);
	put_own_lines(b, r, &hops->hop[0]);
	if (b->failed)
		return -ENOBUFS;
	err = sip_client_start(&r->ct, d->dialogs->sip,
			       &(struct sip_client_params){
				       .method = r->method,
				       .head = str_upto(buf_str(b), head),
				       .rest = str_from(buf_str(b), head),
				       .hops = hops,
				       .handler = &client_handler,
				       .arg = r,
			       });
	if (!err)
		d->local_cseq = r->cseq;
	return err;
}


static int start_anew(struct sip_dialog_request *r, const struct sip_hops *hops)
{
	struct way w;
	int err;

	if (r->dialog->state == SIP_DIALOG_TERMINATED)
		return -ENOTCONN;
	err = way_of(&w, r->dialog);
	return err ? err : start(r, &w, hops);
}


static void on_resolved(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct sip_dialog_request *r = arg;
	int err = error ? error : start_anew(r, hops);

	(void)q;
	if (err)
		fail(r, err);
}


/* 1: it waits for the next hop. */
static int find_way(struct sip_dialog_request *r)
{
	struct sip_dialog *d = r->dialog;
	struct sip_hops hops;
	struct way w;
	int err = way_of(&w, d);

	if (err)
		return err;
	if (d->has_hop && (!d->route.n || d->state == SIP_DIALOG_INITIAL)) {
		hops.n = 1;
		hops.hop[0] = d->hop;
		return start(r, &w, &hops);
	}
	int n = sip_resolve(sip_resolver(d->dialogs->sip), &r->lookup, &w.next, SIP_TRANSPORT_OTHER,
			    &hops, on_resolved, r);
	if (n < 0)
		return n;
	return n ? start(r, &w, &hops) : 1;
}


/* For one that waits: kept until it leaves; the engine has its own copy then. */
static int copy(struct sip_dialog_request *r)
{
	size_t head_n = r->head.n, type_n = r->type.n;
	struct buf b;

	r->text = mem_raw(head_n + type_n + r->body.n + 1);
	if (!r->text)
		return -ENOMEM;
	buf_fixed(&b, r->text, head_n + type_n + r->body.n);
	buf_puts(&b, r->head);
	buf_puts(&b, r->type);
	buf_puts(&b, r->body);
	r->head = str_upto(buf_str(&b), head_n);
	r->type = str_upto(str_from(buf_str(&b), head_n), type_n);
	r->body = str_from(buf_str(&b), head_n + type_n);
	return 0;
}


int sip_dialog_send(struct sip_dialog *d, struct sip_dialog_request *r,
		    const struct sip_dialog_request_params *p)
{
	int err;

	if (d->state == SIP_DIALOG_TERMINATED)
		return -ENOTCONN;
	if (r->dialog)
		return -EINVAL;
	r->method = p->method;
	r->answered = p->answered;
	r->arg = p->arg;
	r->forks = 0;
	r->head = p->headers;
	r->type = p->type;
	r->body = p->body;
	r->dialog = mem_ref(d);
	err = find_way(r);
	if (err == 1)
		err = copy(r);
	else
		r->head = r->type = r->body = STR_NULL;
	if (err)
		mem_unref(finish(r));
	return err;
}


bool sip_dialog_request_abort(struct sip_dialog_request *r)
{
	if (!r->dialog)
		return false;
	if (r->ct) {
		sip_client_cancel(r->ct);
		return true;
	}
	mem_unref(finish(r));
	return false;
}


void sip_dialog_request_cancel(struct sip_dialog_request *r)
{
	if (!r->dialog)
		return;
	if (r->ct)
		sip_client_cancel(r->ct);
	mem_unref(finish(r));
}


bool sip_dialog_request_idle(const struct sip_dialog_request *r)
{
	return !r->dialog;
}


/* ---- ACK for a 2xx ---- */

/** One that waits for its next hop. */
struct ack {
	struct list_link link;
	struct sip_dialog *dialog;
	struct sip_lookup lookup;
	struct buf text;
	size_t head;
};


static void ack_destroy(void *object)
{
	struct ack *a = object;

	sip_lookup_cancel(&a->lookup);
	if (a->dialog)
		list_remove(&a->dialog->dialogs->acks, &a->link);
	buf_done(&a->text);
	mem_unref(a->dialog);
}


static int ack_send(struct sip_dialog *d, struct str text, size_t head, const struct sip_hop *hop)
{
	return sip_send_ack(d->dialogs->sip, str_upto(text, head), str_from(text, head), hop);
}


static void on_ack_resolved(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct ack *a = arg;

	(void)q;
	if (!error)
		(void)ack_send(a->dialog, buf_str(&a->text), a->head, &hops->hop[0]);
	mem_unref(a);
}


static int ack_resolve(struct sip_dialog *d, const struct way *w, struct str text, size_t head)
{
	struct ack *a = mem_alloc(sizeof(*a), ack_destroy);
	struct sip_hops hops;
	int n;

	if (!a)
		return -ENOMEM;
	a->dialog = mem_ref(d);
	a->head = head;
	list_append(&d->dialogs->acks, &a->link);
	buf_init(&a->text, SIP_MESSAGE_MAX);
	n = sip_resolve(sip_resolver(d->dialogs->sip), &a->lookup, &w->next, SIP_TRANSPORT_OTHER,
			&hops, on_ack_resolved, a);
	if (n == 0) {
		buf_puts(&a->text, text);
		if (!a->text.failed)
			return 0;
		n = -ENOMEM;
	}
	mem_unref(a);
	return n < 0 ? n : ack_send(d, text, head, &hops.hop[0]);
}


int sip_dialog_ack(struct sip_dialog *d, uint32_t cseq, struct str type, struct str body)
{
	struct buf *b = &d->dialogs->message;
	struct way w;
	int err = way_of(&w, d);

	if (err)
		return err;
	buf_clear(b);
	put_request_line(b, SIP_ACK, &w);
	size_t head = b->n;
	put_dialog_lines(b, d, &w, SIP_ACK, cseq);
	sip_put_body(b, type, body);
	if (b->failed)
		return -ENOBUFS;
	if (d->has_hop && !d->route.n)
		return ack_send(d, buf_str(b), head, &d->hop);
	return ack_resolve(d, &w, buf_str(b), head);
}


void dialog_acks_end(struct sip_dialogs *ds)
{
	struct list_link *l;

	while ((l = list_first(&ds->acks)))
		mem_unref(container_of(l, struct ack, link));
}
