/* SPDX-License-Identifier: Apache-2.0 */
/* The account of one request while it is under way. */

#include "im/report.h"

#include <errno.h>
#include <string.h>

#include "base/loop.h"
#include "base/slab.h"


int im_report_init(struct im_report *rep, struct im_events *events, struct loop *loop,
		   const struct im_request *r)
{
	struct str from = r->originator.n ? r->originator : r->m->from_uri;
	struct str to = r->recipient.n ? r->recipient : r->m->uri;
	struct str id = r->m->call_id;
	struct str message = str_upto(r->message_id, IM_MESSAGE_ID_MAX);
	struct slab *slab = sip_slab(sip_server_txn_sip(r->st));
	size_t n = from.n + to.n + id.n + message.n;
	char *p = slab_take(slab, n);

	if (!p)
		return -ENOMEM;
	*rep = (struct im_report){
		.events = events,
		.loop = loop,
		.kind = r->kind,
		.side = r->side,
		.since_ms = loop_now_ms(loop),
		.size = r->m->body.n,
		.vouched = r->originator.n > 0,
		.trusted = r->trusted,
		.originator = {p, from.n},
		.recipient = {p + from.n, to.n},
		.call_id = {p + from.n + to.n, id.n},
		.message_id = {p + from.n + to.n + id.n, message.n},
		.text = p,
		.text_n = n,
		.slab = slab,
	};
	memcpy(p, from.p, from.n);
	memcpy(p + from.n, to.p, to.n);
	memcpy(p + from.n + to.n, id.p, id.n);
	if (message.n)
		memcpy(p + from.n + to.n + id.n, message.p, message.n);
	return 0;
}


void im_report_tell(const struct im_report *rep, enum im_outcome outcome, uint16_t status,
		    struct str reason)
{
	im_events_tell(rep->events,
		       &(struct im_event){
			       .outcome = outcome,
			       .kind = rep->kind,
			       .side = rep->side,
			       .status = status,
			       .originator = rep->originator,
			       .recipient = rep->recipient,
			       .call_id = rep->call_id,
			       .message_id = rep->message_id,
			       .reason = reason,
			       .size = rep->size,
			       .took_ms = (uint32_t)(loop_now_ms(rep->loop) - rep->since_ms),
		       });
}


void im_report_done(struct im_report *rep)
{
	slab_give(rep->slab, rep->text, rep->text_n);
	rep->text = NULL;
}
