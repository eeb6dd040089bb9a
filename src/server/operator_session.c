/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: the sessions that pass through. */
#include <errno.h>

#include "im/participating/session.h"
#include "server/operator_desk.h"

struct showing {
	admin_session_cb *each;
	void *arg;
};


static struct str functions_of(const struct im_session_info *i)
{
	if (i->originating && i->terminating)
		return STR("both");
	return i->originating ? STR("originating") : STR("terminating");
}


static void show(const struct im_session_info *i, void *arg)
{
	const struct showing *to = arg;

	to->each(
		&(struct admin_session){
			.id = i->id,
			.number = i->number,
			.kind = im_kind_name(i->kind),
			.state = str_of(im_session_state_name(i->state)),
			.functions = functions_of(i),
			.originator = i->originator,
			.recipient = i->recipient,
			.caller_call_id = i->caller_call_id,
			.callee_call_id = i->callee_call_id,
			.since_ms = i->since_ms,
			.established_ms = i->established_ms,
			.messages = i->messages,
			.bytes = i->bytes,
		},
		to->arg);
}


static int list(struct str user, uint64_t after, size_t limit, admin_session_cb *each,
		admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct showing to = {each, done_arg};
	char text[SIP_AOR_MAX];
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	int err = user.n ? desk_user(o, user, &aor, why) : 0;
	if (err)
		return err;
	if (o->p.sessions)
		im_sessions_list(o->p.sessions, buf_str(&aor), after, limit, show, &to);
	done(0, done_arg);
	return 0;
}


static int show_one(struct str id, admin_session_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct showing to = {each, done_arg};
	int err = o->p.sessions ? im_sessions_show(o->p.sessions, id, show, &to) : -ENOENT;

	(void)why;
	done(err == -ENOENT ? -ENODATA : err, done_arg);
	return 0;
}


static int end(struct str id, admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	int err = o->p.sessions ? im_sessions_end(o->p.sessions, id) : -ENOENT;

	(void)why;
	done(err == -ENOENT ? -ENODATA : err, done_arg);
	return 0;
}


void operator_session_services(struct admin_services *s)
{
	s->sessions = (struct admin_sessions){.list = list, .show = show_one, .end = end};
}
