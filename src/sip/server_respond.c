/* SPDX-License-Identifier: Apache-2.0 */
/* Responses: composed or forwarded, through a server transaction or without one. */
#include "sip/txn.h"

#include <errno.h>

#include "sip/compose.h"
#include "sip/source_note.h"

/** A response on its way: bytes, or a received one with edits; and its length. */
struct outgoing {
	struct str bytes;
	struct sip_edits *edits;
	size_t n;
};


/* ---- Sending ---- */

void server_hop(struct sip_hop *ret, const struct sip_msg *m, const struct sip_source *src)
{
	uint16_t port = m->via.port ? m->via.port : src->kind == SIP_TLS ? 5061 : 5060;

	sip_hop_of_response(ret, &m->via, src);
	ret->host = STR_NULL;
	/* Not looked at while the connection stands; see server_send. */
	if (ret->flow)
		addr_set_port(&ret->addr, port);
}


/* RFC 3261 18.2.2: "If that connection is no longer open, the server SHOULD open a connection to the IP
 * address in the "received" parameter, if present, using the port in the "sent-by" value". */
void server_send(struct sip *s, struct sip_hop *hop, struct str bytes)
{
	int err = sip_transport_send(s->transports, hop, bytes.p, bytes.n);

	if (err == -ENOTCONN && hop->flow) {
		hop->flow = 0;
		err = sip_transport_send(s->transports, hop, bytes.p, bytes.n);
	}
	if (err)
		counter_add(&sip_c_transport_errors, 1);
}


/* Room that the edited message needs; CRLFs before its start line make it a little less. */
static size_t edited_size(const struct sip_edits *e)
{
	size_t n = e->m->n;

	for (uint16_t i = 0; i < e->n; i++)
		n += e->edit[i].text.n - e->edit[i].drop;
	return n;
}


/* Writes it to `p`, which has room; returns its length, or 0. */
static size_t write_out(const struct outgoing *o, char *p)
{
	struct buf b;

	if (!o->edits) {
		memcpy(p, o->bytes.p, o->n);
		return o->n;
	}
	buf_fixed(&b, p, o->n);
	return sip_edits_apply(o->edits, &b) ? 0 : b.n;
}


/* The bytes of a response that will not be kept. */
static int write_scratch(struct sip *s, const struct outgoing *o, struct str *ret)
{
	int err;

	if (!o->edits) {
		*ret = o->bytes;
		return 0;
	}
	buf_clear(&s->scratch);
	err = sip_edits_apply(o->edits, &s->scratch);
	if (err)
		return err;
	*ret = buf_str(&s->scratch);
	return 0;
}


static int send_unkept(struct sip_server_txn *st, const struct outgoing *o)
{
	struct str bytes;
	int err = write_scratch(st->e.sip, o, &bytes);

	if (!err)
		server_send(st->e.sip, &st->hop, bytes);
	return err;
}


static int send_kept(struct sip_server_txn *st, const struct outgoing *o)
{
	struct block kept;

	if (!block_take(&kept, st->slab, o->n))
		return -ENOMEM;
	kept.n = (uint32_t)write_out(o, kept.p);
	if (!kept.n) {
		block_give(&kept, st->slab);
		return -ENOBUFS;
	}
	block_give(&st->response, st->slab);
	st->response = kept;
	server_send(st->e.sip, &st->hop, block_str(&kept));
	return 0;
}


/* ---- The four ways to answer ---- */

/* RFC 4320 4.1: no provisional response but 100 to other methods than INVITE, and that over UDP not
 * "before the amount of time it takes a client transaction's Timer E to be reset to T2", which is
 * when such a transaction comes to Proceeding. */
static bool may_send_provisional(const struct sip_server_txn *st, uint16_t status)
{
	if (st->method == SIP_INVITE)
		return true;
	return status == 100 && (server_reliable(st) || st->state == SERVER_PROCEEDING);
}


static int send_provisional(struct sip_server_txn *st, uint16_t status, const struct outgoing *o)
{
	int err;

	if (!may_send_provisional(st, status))
		return 0;
	err = send_kept(st, o);
	if (err)
		return err;
	server_move(st, SERVER_PROCEEDING);
	timer_cancel(&st->resend);
	return 0;
}


/* RFC 6026 7.1: in Accepted the user itself repeats the 2xx; the transaction keeps nothing of it. */
static int send_accepted(struct sip_server_txn *st, const struct outgoing *o)
{
	int err = send_unkept(st, o);

	if (err || st->state == SERVER_ACCEPTED)
		return err;

	timer_cancel(&st->resend);
	block_give(&st->response, st->slab);
	server_move(st, SERVER_ACCEPTED);
	server_lingers(st);
	server_timers_start(st);
	return 0;
}


static int send_failure(struct sip_server_txn *st, const struct outgoing *o)
{
	int err = send_kept(st, o);

	if (err)
		return err;
	server_move(st, SERVER_COMPLETED);
	server_lingers(st);
	server_timers_start(st);
	return 0;
}


static int send_final_recorded(struct sip_server_txn *st, const struct outgoing *o)
{
	struct server_record *r = server_record_alloc(st, o->n);

	if (!r)
		return -ENOMEM;
	r->response_n = (uint32_t)write_out(o, server_record_response(r));
	if (!r->response_n) {
		server_record_drop(r, st->slab);
		return -ENOBUFS;
	}
	server_record_resend(r, st->e.sip);
	server_record_replace(r, st);
	return 0;
}


static int send_final(struct sip_server_txn *st, uint16_t status, const struct outgoing *o)
{
	int err;

	/* RFC 4320 4.2: "A transaction-stateful SIP element MUST NOT send a response with Status-Code
	 * of 408 to a non-INVITE request." It goes on absorbing the request until its time is over. */
	if (status == 408) {
		st->answered = true;
		return 0;
	}
	if (!server_reliable(st)) {
		err = send_final_recorded(st, o);
		if (err != -ENOMEM)
			return err;
	}
	/* Timer J is 0 (17.2.2); or there is no memory to repeat the answer from. */
	err = send_unkept(st, o);
	if (!err)
		server_end(st);
	return err;
}


static int send_out(struct sip_server_txn *st, uint16_t status, const struct outgoing *o)
{
	bool success = status >= 200 && status < 300;

	if (st->e.sip && st->state == SERVER_ACCEPTED && success)
		return send_accepted(st, o);
	if (st->answered || !st->e.sip)
		return -EALREADY;

	st->status = status;
	if (status < 200)
		return send_provisional(st, status, o);
	if (st->method != SIP_INVITE)
		return send_final(st, status, o);
	return success ? send_accepted(st, o) : send_failure(st, o);
}


int sip_server_txn_send(struct sip_server_txn *st, uint16_t status, struct str bytes)
{
	return send_out(st, status, &(struct outgoing){.bytes = bytes, .n = bytes.n});
}


int sip_server_txn_send_edits(struct sip_server_txn *st, uint16_t status, struct sip_edits *e)
{
	struct sip *s = st->e.sip;

	if (e->failed)
		return -ENOBUFS;
	if (!s || !e->m->bare_lf)
		return send_out(st, status, &(struct outgoing){.edits = e, .n = edited_size(e)});

	/* Its line ends grow when it is written: only then is the length known. */
	buf_clear(&s->scratch);
	if (sip_edits_apply(e, &s->scratch))
		return -ENOBUFS;
	return sip_server_txn_send(st, status, buf_str(&s->scratch));
}


/* ---- Composing ---- */

static bool has_server(struct str headers)
{
	while (headers.n) {
		ptrdiff_t eol = str_find(headers, '\n');

		if (str_starts_nocase(headers, STR("Server:")))
			return true;
		headers = eol < 0 ? STR_NULL : str_from(headers, (size_t)eol + 1);
	}
	return false;
}


void sip_put_server(struct buf *b, const struct sip *s, struct str headers)
{
	struct str server = sip_server_value(s);

	if (server.n && !has_server(headers))
		sip_put_header(b, SIP_HDR_SERVER, server);
}


static void compose(struct sip *s, struct buf *b, const struct sip_msg *m,
		    const struct sip_response *r, struct str to_tag)
{
	sip_put_response(b, m, r->status, r->reason, to_tag);
	buf_puts(b, r->headers);
	sip_put_server(b, s, r->headers);
	sip_put_body(b, r->type, r->body);
}


void response_tag(const struct sip *s, uint64_t key_hash, char tag[static 16])
{
	uint64_t salted[] = {key_hash, 0x7461670000000000u};
	struct buf b;

	buf_fixed(&b, tag, 16);
	buf_puthex(&b, hash_bytes(&s->key, salted, sizeof(salted)), 16);
}


int sip_respond(struct sip_server_txn *st, const struct sip_response *r)
{
	struct sip *s = st->e.sip;
	struct str to_tag = r->to_tag;
	const struct sip_msg *m;
	struct sip_msg storage;
	int err;

	m = s ? sip_server_txn_message(st, &storage) : NULL;
	if (!m)
		return -EALREADY;
	/* 100 starts no dialog: no tag. */
	if (!to_tag.p && r->status > 100)
		to_tag = sip_server_txn_to_tag(st);

	buf_clear(&s->scratch);
	compose(s, &s->scratch, m, r, to_tag);
	err = s->scratch.failed ? -ENOBUFS : 0;
	return err ? err : sip_server_txn_send(st, r->status, buf_str(&s->scratch));
}


int sip_reply(struct sip_server_txn *st, uint16_t status, struct str headers)
{
	return sip_respond(st, &(struct sip_response){.status = status, .headers = headers});
}


void respond_stateless(struct sip *s, struct sip_msg *m, const struct sip_source *src,
		       uint64_t key_hash, const struct sip_response *r)
{
	struct sip_hop hop;
	char tag[16], *copy;
	size_t size;

	server_hop(&hop, m, src);
	if (sip_source_note(&copy, &size, s->slab, m, src)) {
		counter_add(&sip_c_no_memory, 1);
		return;
	}
	response_tag(s, key_hash, tag);
	buf_clear(&s->scratch);
	compose(s, &s->scratch, m, r, (struct str){tag, sizeof(tag)});
	if (!s->scratch.failed)
		server_send(s, &hop, buf_str(&s->scratch));
	slab_give(s->slab, copy, size);
}
