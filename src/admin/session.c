/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the sessions that pass through the server. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"

/** What of a session's id is repeated to who asked for it. */
#define ID_SHOWN 80


static void failed(struct admin_request *r, int error)
{
	struct str id = str_upto(admin_request_param(r, 0), ID_SHOWN);

	if (error == -ENODATA)
		admin_request_error(r, 404, "list the sessions to see those that pass through here",
				    "there is no session " STR_FMT, STR_ARG(id));
	else if (error == -EALREADY)
		admin_request_error(r, 409, "it is gone when both sides have answered",
				    "session " STR_FMT " is ending already", STR_ARG(id));
	else
		admin_request_failed(r, error, NULL, id);
}


static void on_session(const struct admin_session *s, void *arg)
{
	admin_request_add(
		arg,
		json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "id",
			  admin_json_text(s->id), "number", (json_int_t)s->number, "kind",
			  admin_json_text(s->kind), "state", admin_json_text(s->state), "functions",
			  admin_json_text(s->functions), "originator",
			  admin_json_text(s->originator), "recipient",
			  admin_json_text(s->recipient), "caller_call_id",
			  admin_json_text(s->caller_call_id), "callee_call_id",
			  admin_json_text(s->callee_call_id), "since_ms", (json_int_t)s->since_ms,
			  "established_ms", (json_int_t)s->established_ms, "messages",
			  (json_int_t)s->messages, "bytes", (json_int_t)s->bytes));
}


static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, admin_request_query(r, "user"));
	else
		admin_request_reply_list(r, "sessions");
}


static void get_sessions(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_query(r, "user");
	struct admin_page page;

	(void)arg;
	if (admin_request_page(r, "write the number of a session", &page))
		admin_request_ask(r, user, s->sessions.list, user, page.after, page.limit,
				  on_session, on_list_done);
}


static void on_shown(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_row(r, 200);
}


static void get_session(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, id, s->sessions.show, id, on_session, on_shown);
}


static void on_ended(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_named(r, "ended");
}


static void delete_session(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, id, s->sessions.end, id, on_ended);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/sessions", "sessions that pass through; ?user=USER&after=NUMBER&limit=N",
	 get_sessions},
	{"GET", "/v1/sessions/{id}", "one of them", get_session},
	{"DELETE", "/v1/sessions/{id}", "end it, on both sides", delete_session},
};


int admin_session_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
