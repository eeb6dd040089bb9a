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


/** One row more than asked for was looked for, to know whether there are more. */
static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;
	json_t *rows = admin_request_rows(r);
	size_t n = json_array_size(rows);
	uint32_t limit;
	bool more;

	if (error) {
		admin_request_failed(r, error, NULL, admin_request_query(r, "user"));
		return;
	}
	if (!admin_request_limit(r, &limit))
		return;
	more = n > limit;
	while (n > limit)
		json_array_remove(rows, --n);
	admin_request_reply(r, 200, json_pack("{s:O, s:b}", "sessions", rows, "more", more));
}


static void get_sessions(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_query(r, "user"), text = admin_request_query(r, "after");
	char storage[ADMIN_WHY_MAX];
	uint64_t after = 0;
	uint32_t limit;
	struct buf why;
	int err = -ENOSYS;

	(void)arg;
	if (!admin_request_limit(r, &limit))
		return;
	if (text.n && (!str_u64(text, &after) || after > INT64_MAX)) {
		admin_request_error(r, 400, "write the number of a session",
				    "after is not a number");
		return;
	}
	buf_fixed(&why, storage, sizeof(storage));
	if (s->sessions.list)
		err = s->sessions.list(user, after, (size_t)limit + 1, on_session, on_list_done, r,
				       &why, s->arg);
	admin_request_begun(r, err, &why, user);
}


static void on_shown(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply(r, 200, json_incref(json_array_get(admin_request_rows(r), 0)));
}


static void get_session(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);
	char storage[ADMIN_WHY_MAX];
	struct buf why;
	int err = -ENOSYS;

	(void)arg;
	buf_fixed(&why, storage, sizeof(storage));
	if (s->sessions.show)
		err = s->sessions.show(id, on_session, on_shown, r, &why, s->arg);
	admin_request_begun(r, err, &why, id);
}


static void on_ended(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o}", "ended",
					      admin_json_text(admin_request_param(r, 0))));
}


static void delete_session(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);
	char storage[ADMIN_WHY_MAX];
	struct buf why;
	int err = -ENOSYS;

	(void)arg;
	buf_fixed(&why, storage, sizeof(storage));
	if (s->sessions.end)
		err = s->sessions.end(id, on_ended, r, &why, s->arg);
	admin_request_begun(r, err, &why, id);
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
