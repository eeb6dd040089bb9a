/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram: decoded, looked into everywhere, answered, edited, and decoded again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sip/accept_contact.h"
#include "sip/compose.h"
#include "sip/edit.h"
#include "sip/media_type.h"
#include "sip/msg.h"
#include "sip/name_addr.h"
#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Reads every byte of a view, so that one outside the input is noticed. */
static void touch(struct str s)
{
	volatile char c = 0;

	for (size_t i = 0; i < s.n; i++)
		c ^= s.p[i];
	(void)c;
}


static void inside(const struct sip_msg *m, struct str bytes, struct str view)
{
	touch(view);
	if (view.p && view.n)
		assert(view.p >= bytes.p && view.p + view.n <= bytes.p + bytes.n);
	(void)m;
}


static void check_views(const struct sip_msg *m, struct str bytes)
{
	const struct str views[] = {
		m->method_name, m->uri,          m->via.value, m->via.sent_by,      m->via.host,
		m->via.branch,  m->via.received, m->via.maddr, m->cseq.method_name, m->call_id,
		m->from_tag,    m->to_tag,       m->from_uri,  m->to_uri,           m->body,
	};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		inside(m, bytes, views[i]);
	touch(m->reason);
	assert(m->n <= bytes.n && m->headers_end <= bytes.n && m->lines <= SIP_HEADERS_MAX);
}


static void check_lines(const struct sip_msg *m)
{
	uint32_t at = 0;
	unsigned chained = 0, known = 0;

	for (unsigned i = 0; i < m->lines; i++) {
		const struct sip_line *l = &m->line[i];

		assert(l->start >= at && l->name_n > 0);
		assert(l->start + l->name_n <= l->value && l->value <= l->vend &&
		       l->vend <= l->end);
		assert(l->end <= m->headers_end && l->id < SIP_HDR_COUNT);
		at = l->end;
		known += l->id != SIP_HDR_OTHER;
	}
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++)
		for (uint8_t i = m->first[id]; i != SIP_LINE_NONE; i = m->line[i].next) {
			assert(i < m->lines && m->line[i].id == id);
			assert(m->line[i].next != SIP_LINE_NONE || m->last[id] == i);
			chained++;
		}
	assert(chained == known);
}


static void check_value(const struct sip_msg *m, enum sip_header_id id, struct str value)
{
	char storage[SIP_AOR_MAX];
	struct buf aor;
	struct sip_media_type type;
	struct sip_name_addr a;
	struct sip_uri uri;
	int64_t ms;

	touch(value);
	buf_fixed(&aor, storage, sizeof(storage));
	if (sip_name_addr_decode(&a, value) == 0 && !a.star && sip_uri_decode(&uri, a.uri) == 0)
		(void)sip_uri_aor(&uri, STR("example.com"), &aor);
	(void)sip_media_type_decode(&type, value);
	(void)sip_date_decode(&ms, value);
	if (id == SIP_HDR_CONTACT && sip_name_addr_decode(&a, value) == 0)
		(void)sip_prefer(m, a.params);
}


static void check_values(const struct sip_msg *m)
{
	for (unsigned id = 0; id < SIP_HDR_COUNT; id++) {
		struct sip_values v = sip_values_first(m, id);
		unsigned n = 0;

		for (struct str value; sip_values_next(&v, &value);) {
			assert(value.n && m->p + v.at == value.p && v.at_line < m->lines);
			if (n++ < 8)
				check_value(m, id, value);
		}
		(void)sip_msg_has_token(m, id, STR("path"));
		(void)sip_msg_has_feature(m, id, STR("+g.oma.sip-im"));
	}
	for (unsigned i = 0; i < m->lines; i++)
		touch(sip_msg_header_named(m, (struct str){m->p + m->line[i].start,
							   m->line[i].name_n}));
}


static void check_answer(const struct sip_msg *m)
{
	struct buf b = BUF_INIT(4 * SIP_MESSAGE_MAX);
	struct sip_msg answer;

	sip_put_response(&b, m, m->status ? m->status : 200, STR_NULL, STR("tag"));
	sip_put_body(&b, STR("text/plain"), STR("x"));
	if (!b.failed) {
		enum sip_decode d = sip_msg_decode(&answer, buf_str(&b), true);

		assert(d != SIP_DECODE_BROKEN && !answer.request);
		assert(m->status || d == SIP_DECODE_OK || b.n > SIP_MESSAGE_MAX);
		assert(!answer.bare_lf);
	}
	buf_done(&b);
}


static void check_edits(const struct sip_msg *m)
{
	struct buf b = BUF_INIT(2 * SIP_MESSAGE_MAX);
	struct sip_edits e;
	struct sip_msg again;

	sip_edits_init(&e, m);
	sip_edit_uri(&e, STR("sip:x@h"));
	sip_edit_insert_before(&e, SIP_HDR_VIA, STR("Via: SIP/2.0/UDP new;branch=z9hG4bKnew\r\n"));
	sip_edit_remove_first_value(&e, SIP_HDR_VIA);
	sip_edit_remove_first_value(&e, SIP_HDR_ROUTE);
	sip_edit_header(&e, SIP_HDR_MAX_FORWARDS, STR("Max-Forwards: 7\r\n"));
	sip_edit_remove(&e, SIP_HDR_CONTACT);
	sip_edit_append(&e, STR("P-Asserted-Identity: <sip:y@h>\r\n"));
	if (sip_edits_apply(&e, &b) == 0 && b.n <= SIP_MESSAGE_MAX &&
	    m->lines < SIP_HEADERS_MAX - 3) {
		enum sip_decode d = sip_msg_decode(&again, buf_str(&b), false);

		assert(d == SIP_DECODE_OK);
		assert(!again.bare_lf && again.max_forwards == 7 && str_eq(again.body, m->body));
		assert(str_eq(again.via.sent_by, STR("new")) && str_eq(again.call_id, m->call_id));
		assert(again.first[SIP_HDR_CONTACT] == SIP_LINE_NONE);
	}
	buf_done(&b);
}


static void check_peek(const struct sip_msg *m, struct str bytes)
{
	struct sip_peek k;

	if (!sip_msg_peek(&k, bytes)) {
		assert(!m->via.branch.p);
		return;
	}
	assert(k.request == m->request && str_eq(k.branch, m->via.branch));
	assert(str_eq(k.sent_by, m->via.sent_by) && k.method == m->method);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = {(const char *)data, size};
	struct sip_msg m;
	struct sip_peek k;
	enum sip_decode d;

	(void)sip_msg_peek(&k, bytes);
	(void)sip_msg_decode(&m, bytes, true);
	d = sip_msg_decode(&m, bytes, false);
	check_views(&m, bytes);
	if (d == SIP_DECODE_BROKEN)
		return 0;

	check_lines(&m);
	check_values(&m);
	if (m.request)
		check_answer(&m);
	if (d == SIP_DECODE_OK) {
		check_peek(&m, bytes);
		if (m.request)
			check_edits(&m);
	}
	return 0;
}
