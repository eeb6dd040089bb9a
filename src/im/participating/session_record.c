/* SPDX-License-Identifier: Apache-2.0 */
/* A session, the histories of its users (im/recorder.h), and how many received a message of it. */
#include "base/mem.h"
#include "im/participating/session_state.h"
#include "msrp/frame.h"


/*
 * OPF-OK-7, TPF-OK-10: whether a user wants it is the recorder's to know. Between two users of ours both functions
 * are here, and each user has a copy.
 */
void session_record_begin(struct im_session *s)
{
	const struct im_recorder *recorder = s->table->recorder;

	if (!recorder || s->recording)
		return;
	s->recording = recorder->begin(
		&(struct im_recorded_session){
			.kind = (enum im_kind)s->kind,
			.sides = (s->originating ? IM_RECORD_ORIGINATOR : 0u) |
				 (s->terminating ? IM_RECORD_RECIPIENT : 0u),
			.originator = s->report.originator,
			.recipient = s->report.recipient,
			.call_id = s->report.call_id,
			.originator_hides = s->caller_hides,
		},
		recorder->arg);
}


/* TPF-BYE-5, DRV-3, DRV-4: however it ended. */
void session_record_end(struct im_session *s, const char *why)
{
	const struct im_recorder *recorder = s->table->recorder;
	struct im_recording *rec = s->recording;

	s->recording = NULL;
	if (recorder && rec)
		recorder->end(rec, str_of(why), recorder->arg);
}


void session_tell_reported(struct im_session *s, const struct msrp_frame *f, uint32_t recipients)
{
	const struct im_report *rep = &s->report;

	im_events_tell(rep->events, &(struct im_event){
					    .outcome = IM_REPORTED,
					    .kind = rep->kind,
					    .side = IM_ORIGINATING,
					    .status = f->report_status,
					    .originator = rep->originator,
					    .recipient = rep->recipient,
					    .call_id = rep->call_id,
					    .message_id = f->message_id,
					    .recipients = recipients,
				    });
}


void im_sessions_set_recorder(struct im_sessions *ss, const struct im_recorder *recorder)
{
	for (struct list_link *l = list_first(&ss->all); l; l = list_next(&ss->all, l))
		session_record_end(container_of(l, struct im_session, in_all), "recorder");
	ss->recorder = recorder;
}
