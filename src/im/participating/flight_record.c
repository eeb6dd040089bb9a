/* SPDX-License-Identifier: Apache-2.0 */
/* A pager message of somebody who has history switched on: its 2xx waits until the message is recorded. */

#include "im/participating/flight.h"

#include "im/participating/forward.h"


void flight_answer(struct flight *f)
{
	if (f->answer.n)
		(void)sip_server_txn_send(f->st, f->status, buf_str(&f->answer));
	else
		(void)sip_reply(f->st, f->status, STR_NULL);
	im_report_tell(&f->report, f->outcome, f->status, STR_NULL);
	mem_unref(f);
}


static void on_recorded(struct im_record *k, void *arg)
{
	struct flight *f = arg;

	(void)k;
	f->recording = false;
	flight_answer(f);
}


/* The user whose function this is has history switched on: most have not, and their messages wait for nothing. */
void flight_want_record(struct flight *f, const struct subscriber *served, unsigned side)
{
	if (f->pf->recorder && f->report.kind == IM_PAGER && served &&
	    im_settings_on(&served->settings, IM_HISTORY_PAGER_LARGE))
		f->report.recorded_sides |= (uint8_t)side;
}


/* True: the answer waits until it is in the history of those who want that. */
bool flight_record(struct flight *f, unsigned sides)
{
	const struct im_recorder *recorder = f->pf->recorder;
	struct sip_msg m;

	if (!recorder || !sides || f->report.kind != IM_PAGER || sip_server_txn_request(f->st, &m))
		return false;
	f->recording =
		recorder->pager(&(struct im_recorded_pager){.m = &m,
							    .kind = f->report.kind,
							    .sides = sides,
							    .originator = f->report.originator,
							    .recipient = f->report.recipient},
				&f->record, on_recorded, f, recorder->arg) == 0;
	return f->recording;
}


/* OPF-OK-7, TPF-OK-10 of a pager message: at its 2xx. */
bool flight_accepted(struct sip_server_txn *st, const struct sip_msg *m, struct im_report *rep,
		     bool to_devices, void *arg)
{
	struct participating *pf = arg;
	struct flight *f = flight_with(pf, st);

	if (!f)
		return false;
	buf_init(&f->answer, SIP_MESSAGE_MAX);
	f->status = m->status;
	f->outcome = to_devices ? IM_DELIVERED : IM_RELAYED;
	f->report = *rep;
	if (im_forward_response_encode(st, m, &f->answer) ||
	    !flight_record(f, rep->recorded_sides)) {
		f->report.text = NULL; /* still the caller's */
		mem_unref(f);
		return false;
	}
	rep->text = NULL;
	return true;
}
