/* SPDX-License-Identifier: Apache-2.0 */
/* A session and the histories of its users (im/recorder.h). */
#include "base/mem.h"
#include "im/participating/session_state.h"


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


void im_sessions_set_recorder(struct im_sessions *ss, const struct im_recorder *recorder)
{
	for (struct list_link *l = list_first(&ss->all); l; l = list_next(&ss->all, l))
		session_record_end(container_of(l, struct im_session, in_all), "recorder");
	ss->recorder = recorder;
}
