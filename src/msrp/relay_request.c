/* SPDX-License-Identifier: Apache-2.0 */
/* What crosses a relay besides messages: reports, and requests of other methods. */
#include "msrp/answer.h"
#include "msrp/endpoint_state.h"
#include "msrp/relay_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"

#define HEAD_MAX (MSRP_HEAD_MAX + MSRP_REMOTE_PATH_MAX + MSRP_URI_MAX + 256)


void msrp_relay_put_line(struct buf *out, const struct msrp_frame *f, unsigned i,
			 const struct msrp_range *range)
{
	if (f->line[i].id == MSRP_HDR_BYTE_RANGE) {
		msrp_range_encode(out, range);
	} else {
		buf_puts(out, msrp_line_text(f, i));
		buf_puts(out, STR("\r\n"));
	}
}


static bool stays(const struct msrp_frame *f, unsigned i, bool counted)
{
	return (f->body && str_starts_nocase(msrp_line_name(f, i), STR("Content-"))) ||
	       (!counted && f->line[i].id == MSRP_HDR_DISTRIBUTION_COUNT);
}


/* A report's body is "informational only" (RFC 4975 7.1.2); it stays here, and so do the lines about it. */
static void put_report_lines(struct buf *b, const struct msrp_frame *f, bool counted)
{
	if (!f->body && counted) {
		buf_puts(b, f->others);
		return;
	}
	for (unsigned i = 2; i < f->lines; i++) {
		if (!stays(f, i, counted))
			msrp_relay_put_line(b, f, i, &f->range);
	}
}


static enum msrp_report_fate fate_of(const struct msrp_direction *d, const struct msrp_frame *f)
{
	const struct msrp_relay *relay = d->relay;

	if (!relay->tap || !relay->tap->report)
		return MSRP_REPORT_PASSES;
	return relay->tap->report(d->from, f, relay->tap_arg);
}


void msrp_relay_report(struct msrp_session *s, const struct msrp_frame *f, void *arg)
{
	struct msrp_direction *d = msrp_relay_direction(arg, s);
	struct msrp_session *far = msrp_direction_far(d);
	enum msrp_report_fate fate = fate_of(d, f);
	char tid[MSRP_TID_MADE], text[HEAD_MAX];
	struct buf b;

	if (fate == MSRP_REPORT_STAYS || !far->now.c || !far->remote)
		return;
	msrp_tid_make(loop_random_u64(s->ep->loop), tid);
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, STR("REPORT"),
			    msrp_session_remote(far), msrp_session_local(far));
	put_report_lines(&b, f, fate == MSRP_REPORT_PASSES);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', false);
	if (b.failed)
		return;
	d->counts.reports++;
	msrp_connection_frame(far->now.c, &b);
}


static void on_request_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	(void)s;
	(void)arg;
	msrp_answer_give(owner, status ? status : 408);
}


uint16_t msrp_relay_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
			    void *arg)
{
	struct msrp_direction *d = msrp_relay_direction(arg, s);
	struct msrp_session *far = msrp_direction_far(d);
	const struct msrp_frame *f = r->frame;
	char tid[MSRP_TID_MADE], text[HEAD_MAX + MSRP_OTHER_BODY_MAX];
	struct msrp_transaction *t;
	struct buf b;

	if (!far->now.c || !far->remote || far->outstanding >= MSRP_OUTSTANDING_MAX ||
	    !msrp_receive_defer(r))
		return 408;
	t = msrp_transaction_begin(far, far->now.c, tid, on_request_answer, r->answer, NULL);
	if (!t)
		return 408;
	buf_fixed(&b, text, sizeof(text));
	msrp_request_encode(&b, (struct str){tid, sizeof(tid)}, f->method_name,
			    msrp_session_remote(far), msrp_session_local(far));
	buf_puts(&b, f->others);
	if (f->body)
		buf_puts(&b, STR("\r\n"));
	buf_puts(&b, body);
	msrp_end_encode(&b, (struct str){tid, sizeof(tid)}, '$', f->body);
	if (b.failed || msrp_tid_clashes((struct str){tid, sizeof(tid)}, body)) {
		msrp_transaction_cancel(t);
		return 408;
	}
	msrp_connection_frame(far->now.c, &b);
	msrp_transaction_sent(t, true);
	return MSRP_LATER;
}
