/* SPDX-License-Identifier: Apache-2.0 */
/* Client transactions: the request put together, and the hops it is tried at. */
#include "sip/txn.h"

#include <errno.h>

#include "base/mem.h"

/** A Via line of ours and the request around it, on the way into the transaction. */
struct parts {
	struct str head, rest;
	struct sip_edits *edits;
	size_t n; /**< without the Via */
};


/* ---- The Via line ---- */

static struct str via_line(struct sip *s, char text[static TXN_VIA_MAX], const struct sip_hop *hop,
			   uint32_t slot, uint64_t token, uint64_t loop)
{
	struct buf b;

	buf_fixed(&b, text, TXN_VIA_MAX);
	buf_puts(&b, STR("Via: SIP/2.0/"));
	buf_puts(&b, sip_transport_name(hop->kind));
	buf_putc(&b, ' ');
	buf_puts(&b, sip_transports_sent_by(s->transports, hop));
	buf_puts(&b, STR(";branch="));
	client_branch_put(&b, slot, token, loop);
	buf_puts(&b, STR(";rport\r\n"));
	return b.failed ? STR_NULL : buf_str(&b);
}


static struct str via_of(struct sip_client_txn *ct, char text[static TXN_VIA_MAX])
{
	return via_line(ct->sip, text, &ct->hop, ct->slot, ct->token, ct->loop);
}


/* ---- Putting together ---- */

static int measure(struct parts *ret, struct str head, struct str rest, struct sip_edits *e)
{
	*ret = (struct parts){head, rest, e, head.n + rest.n};
	if (!e)
		return 0;
	if (e->failed)
		return -ENOBUFS;

	ret->n = e->m->n;
	for (uint16_t i = 0; i < e->n; i++)
		ret->n += e->edit[i].text.n - e->edit[i].drop;
	return 0;
}


/* Where the first Via line of the received message comes to stand. */
static uint32_t via_place(const struct sip_edits *e)
{
	uint8_t first = e->m->first[SIP_HDR_VIA];
	uint32_t start = e->m->line[first].start, at = start;

	for (uint16_t i = 0; i < e->n && e->edit[i].at < start; i++)
		at += (uint32_t)e->edit[i].text.n - e->edit[i].drop;
	return at;
}


/* Line ends that must be mended, and CRLFs before the start line that go, make the length unknown before
 * it is written. */
static bool is_plain(const struct sip_msg *m)
{
	return !m->bare_lf && m->p[0] != '\r' && m->p[0] != '\n';
}


static int join(struct buf *out, const struct parts *p, struct str via, uint32_t *via_at)
{
	ptrdiff_t at;

	if (!p->edits) {
		buf_puts(out, p->head);
		buf_puts(out, via);
		buf_puts(out, p->rest);
		*via_at = (uint32_t)p->head.n;
		return out->failed ? -ENOBUFS : 0;
	}
	*via_at = via_place(p->edits);
	sip_edit_insert_before(p->edits, SIP_HDR_VIA, via);
	if (sip_edits_apply(p->edits, out))
		return -ENOBUFS;
	if (is_plain(p->edits->m))
		return 0;

	at = str_find_str(buf_str(out), via);
	if (at < 0)
		return -EBADMSG;
	*via_at = (uint32_t)at;
	return 0;
}


static int compose_plain(struct sip_client_txn *ct, const struct parts *p, struct str via)
{
	struct buf b;
	int err;

	if (!block_take(&ct->msg, ct->slab, p->n + via.n))
		return -ENOMEM;
	buf_fixed(&b, ct->msg.p, ct->msg.size);
	err = join(&b, p, via, &ct->via_at);
	ct->msg.n = (uint32_t)b.n;
	return err;
}


static int compose_mended(struct sip_client_txn *ct, const struct parts *p, struct str via)
{
	struct buf *b = &ct->sip->scratch;
	int err;

	buf_clear(b);
	err = join(b, p, via, &ct->via_at);
	if (err)
		return err;
	if (!block_take(&ct->msg, ct->slab, b->n))
		return -ENOMEM;
	memcpy(ct->msg.p, b->p, b->n);
	ct->msg.n = (uint32_t)b->n;
	return 0;
}


static int compose(struct sip_client_txn *ct, const struct parts *p)
{
	char text[TXN_VIA_MAX];
	struct str via = via_of(ct, text);

	if (!via.n || p->n + via.n > SIP_MESSAGE_MAX)
		return -ENOBUFS;
	ct->via_n = (uint32_t)via.n;
	if (p->edits && !is_plain(p->edits->m))
		return compose_mended(ct, p, via);
	return compose_plain(ct, p, via);
}


/* For another hop: RFC 3263 4.3, "the value of the topmost Via header field" is new, as is its branch. */
static int rewrite_via(struct sip_client_txn *ct)
{
	uint32_t after = ct->via_at + ct->via_n;
	char text[TXN_VIA_MAX];
	struct block b;
	struct str via;

	ct->token = client_token(ct->sip);
	via = via_of(ct, text);
	if (!via.n || !block_take(&b, ct->slab, ct->msg.n - ct->via_n + via.n))
		return -ENOMEM;

	memcpy(b.p, ct->msg.p, ct->via_at);
	memcpy(b.p + ct->via_at, via.p, via.n);
	memcpy(b.p + ct->via_at + via.n, ct->msg.p + after, ct->msg.n - after);
	b.n = b.size;
	if (ct->method_name.p)
		ct->method_name.p = b.p;
	block_give(&ct->msg, ct->slab);
	ct->msg = b;
	ct->via_n = (uint32_t)via.n;
	return 0;
}


/* ---- Hops ---- */

/* What the certificate must bear; nobody asks for it elsewhere. */
static struct str host_of(const struct sip_hop *h)
{
	return h->kind == SIP_TLS ? h->host : STR_NULL;
}


/* One hop without a host text, as nearly always: nothing to allocate. */
static int hops_copy(struct sip_client_txn *ct, const struct sip_hops *hops)
{
	size_t text = 0;
	char *p;

	if (!hops->n)
		return -EINVAL;
	for (uint8_t i = 0; i < hops->n; i++)
		text += host_of(&hops->hop[i]).n;

	ct->hop = hops->hop[0];
	ct->hop.host = STR_NULL;
	if (hops->n == 1 && !text)
		return 0;

	ct->hops = mem_raw(hops->n * sizeof(*ct->hops) + text);
	if (!ct->hops)
		return -ENOMEM;
	p = (char *)(ct->hops + hops->n);
	for (uint8_t i = 0; i < hops->n; i++) {
		struct sip_hop *h = &ct->hops[i];

		*h = hops->hop[i];
		h->host = host_of(h);
		if (h->host.n)
			memcpy(p, h->host.p, h->host.n);
		h->host.p = p;
		p += h->host.n;
	}
	ct->hop = ct->hops[0];
	ct->hops_next = ct->hops + 1;
	ct->hops_left = (uint8_t)(hops->n - 1);
	return 0;
}


/* RFC 3261 18.1.1: "If a request is within 200 bytes of the path MTU, or if it is larger than 1300 bytes
 * and the path MTU is unknown, the request MUST be sent using an RFC 2914 congestion controlled
 * transport protocol, such as TCP." */
static void choose_by_size(struct sip_client_txn *ct, size_t n)
{
	if (ct->hop.kind != SIP_UDP || n <= SIP_UDP_REQUEST_MAX ||
	    !sip_transports_has(ct->sip->transports, SIP_TCP, ct->hop.addr.sa.sa_family))
		return;
	ct->hop.kind = SIP_TCP;
	ct->udp_after = true;
}


bool client_has_hops(const struct sip_client_txn *ct)
{
	return ct->hops_left > 0;
}


/* 18.1.1 again: "if the attempt to establish the connection generates either an ICMP Protocol Not
 * Supported, or results in a TCP reset, the element SHOULD retry the request, using UDP." */
static bool back_to_udp(struct sip_client_txn *ct, int error)
{
	if (!ct->udp_after || error == -ETIMEDOUT || error == -EAGAIN)
		return false;
	ct->udp_after = false;
	ct->hop.kind = SIP_UDP;
	return true;
}


bool client_next_hop(struct sip_client_txn *ct, int error)
{
	if (!back_to_udp(ct, error)) {
		if (!ct->hops_left)
			return false;
		ct->hop = *ct->hops_next++;
		ct->hops_left--;
		ct->udp_after = false;
		choose_by_size(ct, ct->msg.n);
	}
	return rewrite_via(ct) == 0;
}


static int try_hop(struct sip_client_txn *ct)
{
	int err = sip_transport_send(ct->sip->transports, &ct->hop, ct->msg.p, ct->msg.n);

	if (err)
		counter_add(&sip_c_transport_errors, 1);
	return err;
}


int client_try_hops(struct sip_client_txn *ct)
{
	int err;

	while ((err = try_hop(ct))) {
		if (!ct->udp_after && err != -EMSGSIZE)
			sip_resolver_avoid(ct->sip->resolver, &ct->hop, 0);
		if (!client_next_hop(ct, err))
			return err;
	}
	client_watch_hop(ct);
	client_timers_start(ct);
	return 0;
}


/* ---- Starting ---- */

static int start(struct sip_client_txn *ct, const struct sip_client_params *p)
{
	struct parts parts;
	int err;

	err = measure(&parts, p->head, p->rest, p->edits);
	if (err)
		return err;
	err = hops_copy(ct, p->hops);
	if (err)
		return err;
	err = client_slot_take(ct->sip, ct);
	if (err)
		return err;

	ct->token = client_token(ct->sip);
	choose_by_size(ct, parts.n + 128);
	err = compose(ct, &parts);
	if (err)
		return err;
	if (ct->method == SIP_METHOD_OTHER)
		ct->method_name = (struct str){ct->msg.p, p->method_name.n};
	return client_try_hops(ct);
}


int sip_client_start(struct sip_client_txn **ret, struct sip *s, const struct sip_client_params *p)
{
	struct sip_client_txn *ct;
	int err;

	if (s->closing)
		return -ECANCELED;
	ct = client_alloc(s, p->method);
	if (!ct)
		return -ENOMEM;

	ct->loop = p->loop;
	ct->handler = p->handler;
	ct->arg = p->arg;
	err = start(ct, p);
	if (err) {
		client_end(ct);
		return err;
	}
	if (ret)
		*ret = mem_ref(ct);
	return 0;
}


/* ---- Outside any transaction ---- */

/* RFC 3261 16.11: a stateless proxy computes its branch from the received one, so that the same request
 * gets the same again. The slot says that no response is expected. */
static uint64_t stateless_token(struct sip *s, const struct sip_edits *e)
{
	if (!e)
		return client_token(s);
	return hash_bytes(&s->key, e->m->via.value.p, e->m->via.value.n);
}


static int send_once(struct sip *s, struct str head, struct str rest, struct sip_edits *e,
		     uint64_t loop, const struct sip_hop *hop)
{
	struct buf *b = &s->scratch;
	struct sip_hop to = *hop;
	char text[TXN_VIA_MAX];
	struct parts parts;
	uint32_t via_at;
	struct str via;
	int err;

	err = measure(&parts, head, rest, e);
	if (err)
		return err;
	if (to.kind == SIP_UDP && parts.n + 128 > SIP_UDP_REQUEST_MAX &&
	    sip_transports_has(s->transports, SIP_TCP, to.addr.sa.sa_family))
		to.kind = SIP_TCP;

	via = via_line(s, text, &to, TXN_SLOT_NONE, stateless_token(s, e), loop);
	buf_clear(b);
	err = via.n ? join(b, &parts, via, &via_at) : -ENOBUFS;
	return err ? err : sip_transport_send(s->transports, &to, b->p, b->n);
}


int sip_send_ack(struct sip *s, struct str head, struct str rest, const struct sip_hop *hop)
{
	return send_once(s, head, rest, NULL, 0, hop);
}


int sip_send_ack_edits(struct sip *s, struct sip_edits *e, uint64_t loop, const struct sip_hop *hop)
{
	return send_once(s, STR_NULL, STR_NULL, e, loop, hop);
}
