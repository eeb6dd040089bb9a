/* SPDX-License-Identifier: Apache-2.0 */
/* A request under way: its life, and its refusal. */

#include "im/participating/flight.h"

#include "base/mem.h"


static void flight_destroy(void *object)
{
	struct flight *f = object;

	subscriber_load_cancel(&f->query);
	group_load_cancel(&f->group);
	if (f->keeping)
		f->pf->keeper->cancel(&f->keep, f->pf->keeper->arg);
	if (f->recording)
		f->pf->recorder->cancel(&f->record, f->pf->recorder->arg);
	buf_done(&f->answer);
	if (f->pf)
		list_remove(&f->pf->flights, &f->link);
	mem_free(f->waiting);
	mem_unref(f->originator_policy);
	im_report_done(&f->report);
	mem_unref(f->st);
}


struct flight *flight_with(struct participating *pf, struct sip_server_txn *st)
{
	struct flight *f = mem_alloc_in(sip_slab(pf->sip), sizeof(*f), flight_destroy);

	if (!f)
		return NULL;
	f->pf = pf;
	f->st = mem_ref(st);
	list_append(&pf->flights, &f->link);
	return f;
}


struct flight *flight_alloc(struct participating *pf, const struct im_request *r)
{
	struct flight *f = flight_with(pf, r->st);

	if (f && im_report_init(&f->report, pf->events, sip_loop(pf->sip), r)) {
		mem_unref(f);
		return NULL;
	}
	return f;
}


void flight_refuse(struct flight *f, uint16_t status, struct str headers, struct str reason)
{
	(void)sip_reply(f->st, status, headers);
	im_report_tell(&f->report, IM_REFUSED, status, reason);
	mem_unref(f);
}


void flight_refuse_with(struct flight *f, const struct gate_answer *a, struct str reason)
{
	bool described = a->sdp->n && !a->sdp->failed;

	(void)sip_respond(f->st, &(struct sip_response){
					 .status = a->status,
					 .headers = buf_str(a->headers),
					 .type = described ? STR("application/sdp") : STR_NULL,
					 .body = described ? buf_str(a->sdp) : STR_NULL,
				 });
	im_report_tell(&f->report, IM_REFUSED, a->status, reason);
	mem_unref(f);
}
