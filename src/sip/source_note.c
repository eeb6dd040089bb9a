/* SPDX-License-Identifier: Apache-2.0 */
/* Noting where a request came from in its topmost Via, while it is copied. */
#include "sip/source_note.h"

#include <errno.h>

#include "base/buf.h"
#include "sip/param.h"

/** ";received=" and an address, ";rport=" and a port. */
#define NOTE_MAX (ADDR_TEXT_MAX + 32)

/** Replaces [at, at + drop) of the message. */
struct splice {
	uint32_t at, drop;
	struct str text;
};


static bool host_is_source(const struct sip_via *v, const struct sip_source *src)
{
	struct addr a;

	return addr_decode(&a, v->host, 0) == 0 && addr_eq_host(&a, &src->peer);
}


/* RFC 5118 4.5 shows IPv6 in `received` without brackets, which is what RFC 3261 25.1 allows. */
static void put_received(struct buf *b, const struct sip_source *src)
{
	char text[ADDR_TEXT_MAX];
	struct buf host;

	buf_fixed(&host, text, sizeof(text));
	addr_encode_host(&src->peer, &host);
	buf_puts(b, STR(";received="));
	if (host.n && text[0] == '[')
		buf_put(b, text + 1, host.n - 2);
	else
		buf_put(b, text, host.n);
}


static struct str via_params(const struct sip_via *v)
{
	const char *p = v->sent_by.p + v->sent_by.n, *end = v->value.p + v->value.n;

	while (p < end && *p != ';')
		p++;
	return p < end ? str_range(p + 1, end) : STR_NULL;
}


/* Just after the bare word rport, or NULL. */
static const char *rport_end(const struct sip_via *v)
{
	struct str rest = via_params(v), name, value;

	while (sip_param_next(&rest, &name, &value) > 0)
		if (!value.p && str_eq_nocase(name, STR("rport")))
			return name.p + name.n;
	return NULL;
}


/* The usual cases: one insertion, after which every view of the message is as right as before. */
static bool plan_insertion(struct splice *ret, const struct sip_msg *m,
			   const struct sip_source *src, struct buf *b)
{
	const struct sip_via *v = &m->via;
	const char *at = v->sent_by.p + v->sent_by.n;

	if (v->received.p || v->rport_value)
		return false;
	if (v->rport) {
		at = rport_end(v);
		if (!at)
			return false;
		buf_putc(b, '=');
		buf_putu(b, addr_port(&src->peer));
	}
	put_received(b, src);
	*ret = (struct splice){(uint32_t)(at - m->p), 0, buf_str(b)};
	return true;
}


/* The peer has filled in `received` or `rport` itself: its values go, the other parameters stay. */
static void plan_rewriting(struct splice *ret, const struct sip_msg *m,
			   const struct sip_source *src, struct buf *b)
{
	const struct sip_via *v = &m->via;
	const char *at = v->sent_by.p + v->sent_by.n;
	struct str rest = via_params(v), name, value;

	while (sip_param_next(&rest, &name, &value) > 0) {
		if (str_eq_nocase(name, STR("received")) || str_eq_nocase(name, STR("rport")))
			continue;
		buf_putc(b, ';');
		buf_puts(b, name);
		if (value.p) {
			buf_putc(b, '=');
			buf_puts(b, value);
		}
	}
	if (v->rport) {
		buf_puts(b, STR(";rport="));
		buf_putu(b, addr_port(&src->peer));
	}
	put_received(b, src);
	*ret = (struct splice){(uint32_t)(at - m->p), (uint32_t)(v->value.p + v->value.n - at),
			       buf_str(b)};
}


static char *copy_spliced(const struct sip_msg *m, const struct splice *s, struct slab *slab)
{
	uint32_t after = s->at + s->drop;
	char *p = slab_take(slab, m->n - s->drop + s->text.n);

	if (!p)
		return NULL;
	memcpy(p, m->p, s->at);
	if (s->text.n)
		memcpy(p + s->at, s->text.p, s->text.n);
	memcpy(p + s->at + s->text.n, m->p + after, m->n - after);
	return p;
}


static void shift_view(struct str *s, const char *at, const char *end, size_t by)
{
	if (s->p >= at && s->p <= end)
		s->p += by;
	else if (s->p < at && s->p + s->n > at && s->p + s->n <= end)
		s->n += by;
}


/* Views were moved to the copy as if nothing had been inserted at `at`: now they learn of it. */
static void shift_views(struct sip_msg *m, uint32_t at, uint32_t by)
{
	const char *from = m->p + at, *end = m->p + m->n;
	struct str *const views[] = {
		&m->method_name, &m->uri,       &m->reason,           &m->via.value,
		&m->via.branch,  &m->via.maddr, &m->cseq.method_name, &m->call_id,
		&m->from_tag,    &m->to_tag,    &m->from_uri,         &m->to_uri,
		&m->body,
	};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		shift_view(views[i], from, end, by);

	for (uint16_t i = 0; i < m->lines; i++) {
		struct sip_line *l = &m->line[i];

		l->start += l->start >= at ? by : 0;
		l->value += l->value >= at ? by : 0;
		l->vend += l->vend >= at ? by : 0;
		l->end += l->end >= at ? by : 0;
	}
	m->headers_end += by;
	m->n += by;
}


static int note_by_insertion(char **ret, struct slab *slab, struct sip_msg *m,
			     const struct splice *s, const struct sip_source *src)
{
	char *p = copy_spliced(m, s, slab);
	ptrdiff_t received;

	if (!p)
		return -ENOMEM;

	sip_msg_rebase(m, p);
	if (s->text.n) {
		shift_views(m, s->at, (uint32_t)s->text.n);
		received = str_find_str(s->text, STR(";received=")) + 10;
		m->via.received = str_from((struct str){p + s->at, s->text.n}, (size_t)received);
		if (m->via.rport)
			m->via.rport_value = addr_port(&src->peer);
	}
	*ret = p;
	return 0;
}


/* Rare, and only a peer that makes up addresses pays for the second pass. */
static int note_by_rewriting(char **ret, size_t *size, struct slab *slab, struct sip_msg *m,
			     const struct sip_source *src)
{
	struct buf b = BUF_INIT(SIP_MESSAGE_MAX + NOTE_MAX);
	uint16_t status = m->status;
	struct str reason = m->reason;
	struct splice s;
	size_t n;
	char *p;

	plan_rewriting(&s, m, src, &b);
	p = b.failed ? NULL : copy_spliced(m, &s, slab);
	n = m->n - s.drop + s.text.n;
	buf_done(&b);
	if (!p)
		return -ENOMEM;

	if (reason.p >= m->p && reason.p < m->p + m->n)
		reason = STR_NULL;
	(void)sip_msg_decode(m, (struct str){p, n}, src->kind != SIP_UDP);
	m->status = status;
	m->reason = reason;
	*size = n;
	*ret = p;
	return 0;
}


int sip_source_note(char **ret, size_t *size, struct slab *slab, struct sip_msg *m,
		    const struct sip_source *src)
{
	char text[NOTE_MAX];
	struct splice s = {(uint32_t)m->n, 0, STR_NULL};
	size_t n = m->n;
	struct buf b;
	int err;

	buf_fixed(&b, text, sizeof(text));
	if ((m->via.rport || m->via.received.p || !host_is_source(&m->via, src)) &&
	    (!plan_insertion(&s, m, src, &b) || b.failed))
		return note_by_rewriting(ret, size, slab, m, src);

	err = note_by_insertion(ret, slab, m, &s, src);
	if (!err)
		*size = n + s.text.n;
	return err;
}
