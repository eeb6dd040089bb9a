/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about users' histories. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


/* A number of the path or of the query; 0 when the query has none. False: answered. */
static bool number(struct admin_request *r, struct str text, const char *what, bool needed,
		   uint64_t *ret)
{
	*ret = 0;
	if ((!needed && !text.n) || (str_u64(text, ret) && *ret <= INT64_MAX && (*ret || !needed)))
		return true;
	admin_request_error(r, 400, "list the history to see its numbers", STR_FMT " is no %s",
			    STR_ARG(str_upto(text, 80)), what);
	return false;
}


static void failed(struct admin_request *r, int error)
{
	if (error == -ENODATA)
		admin_request_error(r, 404, "list the history to see what is in it",
				    "there is no entry " STR_FMT " in the history",
				    STR_ARG(admin_request_param(r, 1)));
	else
		admin_request_failed(r, error, NULL, admin_request_param(r, 0));
}


/* ---- Lists ---- */

static json_t *entry_json(const struct admin_history_entry *e)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:s, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o, "
			 "s:b, s:I, s:o}",
			 "id", (json_int_t)e->id, "conversation", (json_int_t)e->conversation,
			 "user", admin_json_text(e->user), "peer", admin_json_text(e->peer), "kind",
			 admin_json_text(e->kind), "direction", e->outgoing ? "out" : "in",
			 "aborted", e->aborted, "recorded_ms", (json_int_t)e->recorded_ms,
			 "date_ms", (json_int_t)e->date_ms, "from", admin_json_text(e->from), "to",
			 admin_json_text(e->to), "subject", admin_json_text(e->subject),
			 "message_id", admin_json_text(e->message_id), "content_type",
			 admin_json_text(e->content_type), "cpim", e->cpim, "size",
			 (json_int_t)e->size, "text", admin_json_text(e->text));
}


static void on_entry(const struct admin_history_entry *e, void *arg)
{
	admin_request_add(arg, entry_json(e));
}


static void reply_page(struct admin_request *r, int error, const char *name)
{
	if (error)
		failed(r, error);
	else
		admin_request_reply_list(r, name);
}


static void on_listed(int error, void *arg)
{
	reply_page(arg, error, "history");
}


static void get_history(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct admin_history_filter f = {
		.peer = admin_request_query(r, "peer"),
		.text = admin_request_query(r, "text"),
	};
	struct str user = admin_request_param(r, 0);
	uint64_t since, until;
	uint32_t limit;

	(void)arg;
	if (!admin_request_limit(r, &limit) ||
	    !number(r, admin_request_query(r, "after"), "number of an entry", false, &f.after) ||
	    !number(r, admin_request_query(r, "conversation"), "number of a conversation", false,
		    &f.conversation) ||
	    !number(r, admin_request_query(r, "since"), "time in milliseconds", false, &since) ||
	    !number(r, admin_request_query(r, "until"), "time in milliseconds", false, &until))
		return;
	f.since_ms = (int64_t)since;
	f.until_ms = (int64_t)until;
	f.limit = (size_t)limit + 1;
	admin_request_ask(r, user, s->histories.list, user, &f, on_entry, on_listed);
}


static void on_conversation(const struct admin_conversation *c, void *arg)
{
	admin_request_add(arg,
			  json_pack("{s:I, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:I, s:I}", "id",
				    (json_int_t)c->id, "user", admin_json_text(c->user), "peer",
				    admin_json_text(c->peer), "kind", admin_json_text(c->kind),
				    "call_id", admin_json_text(c->call_id), "direction",
				    c->outgoing ? "out" : "in", "begin_ms", (json_int_t)c->begin_ms,
				    "end_ms", (json_int_t)c->end_ms, "reason",
				    admin_json_text(c->reason), "messages", (json_int_t)c->messages,
				    "bytes", (json_int_t)c->bytes));
}


static void on_conversations(int error, void *arg)
{
	reply_page(arg, error, "conversations");
}


static void get_conversations(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t after;
	uint32_t limit;

	(void)arg;
	if (!admin_request_limit(r, &limit) ||
	    !number(r, admin_request_query(r, "after"), "number of a conversation", false, &after))
		return;
	admin_request_ask(r, user, s->histories.conversations, user, after, (size_t)limit + 1,
			  on_conversation, on_conversations);
}


/* ---- One ---- */

static void on_one_done(int error, void *arg)
{
	if (error)
		failed(arg, error);
	else
		admin_request_reply_row(arg, 200);
}


static void get_one(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t id;

	(void)arg;
	if (number(r, admin_request_param(r, 1), "number of an entry", true, &id))
		admin_request_ask(r, user, s->histories.show, user, id, on_entry, on_one_done);
}


/* The bytes are the answer; what comes after them is only that they were all. */
static void on_bytes(struct str bytes, void *arg)
{
	admin_request_text(arg, STR("application/octet-stream"), bytes);
}


static void on_content(int error, void *arg)
{
	if (error)
		failed(arg, error);
}


static void get_content(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t id, at;

	(void)arg;
	if (number(r, admin_request_param(r, 1), "number of an entry", true, &id) &&
	    number(r, admin_request_query(r, "at"), "number of a byte", false, &at))
		admin_request_ask(r, user, s->histories.content, user, id, at, on_bytes,
				  on_content);
}


/* ---- Deleting ---- */

static void on_deleted(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o}", "deleted", admin_request_counted(r)));
}


static void delete_history(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->histories.remove, user, 0, 0, admin_request_count,
			  on_deleted);
}


static void delete_one(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t id;

	(void)arg;
	if (number(r, admin_request_param(r, 1), "number of an entry", true, &id))
		admin_request_ask(r, user, s->histories.remove, user, id, 0, admin_request_count,
				  on_deleted);
}


static void delete_conversation(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t id;

	(void)arg;
	if (number(r, admin_request_param(r, 1), "number of a conversation", true, &id))
		admin_request_ask(r, user, s->histories.remove, user, 0, id, admin_request_count,
				  on_deleted);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/users/{user}/history",
	 "messages kept; ?peer=&text=&since=MS&until=MS&conversation=ID&after=ID&limit=N",
	 get_history},
	{"GET", "/v1/users/{user}/history/{id}", "one of them", get_one},
	{"GET", "/v1/users/{user}/history/{id}/content", "its content, piece by piece: ?at=BYTE",
	 get_content},
	{"DELETE", "/v1/users/{user}/history", "delete all", delete_history},
	{"DELETE", "/v1/users/{user}/history/{id}", "delete one", delete_one},
	{"GET", "/v1/users/{user}/conversations", "sessions kept; ?after=ID&limit=N",
	 get_conversations},
	{"DELETE", "/v1/users/{user}/conversations/{id}", "delete one, with its messages",
	 delete_conversation},
};


int admin_history_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
