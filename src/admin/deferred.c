/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about messages that wait for people who are away. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"

/** The texts "{id}" of the paths are numbers. */
static bool id_of(struct admin_request *r, uint64_t *ret)
{
	if (str_u64(admin_request_param(r, 0), ret) && *ret && *ret <= INT64_MAX)
		return true;
	admin_request_error(r, 400, "list the messages to see their numbers",
			    STR_FMT " is no number of a message",
			    STR_ARG(str_upto(admin_request_param(r, 0), 80)));
	return false;
}


static void failed(struct admin_request *r, int error, struct str what)
{
	if (error == -ENODATA)
		admin_request_error(r, 404, "list the messages to see those that wait",
				    "there is no deferred message " STR_FMT, STR_ARG(what));
	else
		admin_request_failed(r, error, NULL, what);
}


/* ---- Lists ---- */

static json_t *deferred_json(const struct admin_deferred *d)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:I}", "id",
			 (json_int_t)d->id, "user", admin_json_text(d->user), "sender",
			 admin_json_text(d->sender), "kind", admin_json_text(d->kind), "state",
			 admin_json_text(d->state), "call_id", admin_json_text(d->call_id),
			 "message_id", admin_json_text(d->message_id), "size", (json_int_t)d->size,
			 "content_type", admin_json_text(d->content_type), "name",
			 admin_json_text(d->name), "received_ms", (json_int_t)d->received_ms,
			 "expires_ms", (json_int_t)d->expires_ms);
}


static void on_listed(const struct admin_deferred *d, void *arg)
{
	admin_request_add(arg, deferred_json(d));
}


static void reply_page(struct admin_request *r, int error, const char *name)
{
	if (error)
		admin_request_failed(r, error, NULL, admin_request_query(r, "user"));
	else
		admin_request_reply_list(r, name);
}


static void on_list_done(int error, void *arg)
{
	reply_page(arg, error, "deferred");
}


static void get_deferred(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_query(r, "user");
	struct admin_page page;

	(void)arg;
	if (admin_request_page(r, "write the id of a message", &page))
		admin_request_ask(r, user, s->deferral.list, user, page.after, page.limit,
				  on_listed, on_list_done);
}


static void on_waiting(const struct admin_waiting *w, void *arg)
{
	admin_request_add(arg,
			  json_pack("{s:o, s:I, s:I}", "user", admin_json_text(w->user), "messages",
				    (json_int_t)w->messages, "bytes", (json_int_t)w->bytes));
}


static void on_users_done(int error, void *arg)
{
	reply_page(arg, error, "users");
}


static void get_users(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	uint32_t limit;

	(void)arg;
	if (!admin_request_limit(r, &limit))
		return;
	admin_request_ask(r, STR(""), s->deferral.users, admin_request_query(r, "after"),
			  (size_t)limit + 1, on_waiting, on_users_done);
}


/* ---- One ---- */

static json_t *device_json(const struct admin_device *v)
{
	return json_pack("{s:o, s:o, s:i, s:i, s:I, s:I}", "device", admin_json_text(v->key),
			 "state", admin_json_text(v->state), "attempts", (int)v->attempts, "status",
			 (int)v->status, "last_ms", (json_int_t)v->last_ms, "next_try_ms",
			 (json_int_t)v->next_try_ms);
}


static void on_one(const struct admin_deferred *d, void *arg)
{
	json_t *row = deferred_json(d), *devices = json_array();

	for (size_t i = 0; i < d->devices_n; i++) {
		if (json_array_append_new(devices, device_json(&d->devices[i])))
			admin_request_spoil(arg);
	}
	json_object_set_new(row, "finished_ms", json_integer((json_int_t)d->finished_ms));
	json_object_set_new(row, "devices", devices);
	admin_request_add(arg, row);
}


static void on_one_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error, admin_request_param(r, 0));
	else
		admin_request_reply_row(r, 200);
}


static void get_one(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str text = admin_request_param(r, 0);
	uint64_t id;

	(void)arg;
	if (!id_of(r, &id))
		return;
	admin_request_ask(r, text, s->deferral.show, id, on_one, on_one_done);
}


/* ---- Changes ---- */

static void on_one_deleted(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error, admin_request_param(r, 0));
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o}", "deleted", admin_request_counted(r)));
}


static void delete_one(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str text = admin_request_param(r, 0);
	uint64_t id;

	(void)arg;
	if (!id_of(r, &id))
		return;
	admin_request_ask(r, text, s->deferral.remove, STR(""), id, admin_request_count,
			  on_one_deleted);
}


static void on_user_deleted(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = admin_request_param(r, 0);

	if (error)
		failed(r, error, user);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:o}", "user", admin_json_text(user),
					      "deleted", admin_request_counted(r)));
}


static void delete_users(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->deferral.remove, user, 0, admin_request_count,
			  on_user_deleted);
}


/** Empty: everybody. */
static struct str pushed_user(struct admin_request *r)
{
	return str_of(json_string_value(json_object_get(admin_request_json(r), "user")));
}


static void on_pushed(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = pushed_user(r);

	if (error == -ENODATA)
		admin_request_error(r, 409, "push again when they have registered",
				    STR_FMT " is not registered", STR_ARG(user));
	else if (error)
		admin_request_failed(r, error, NULL, user);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o}", "devices", admin_request_counted(r)));
}


static void post_push(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = STR("");

	(void)arg;
	if (!admin_request_json(r) || (json_object_get(admin_request_json(r), "user") &&
				       !admin_request_string(r, "user", ADMIN_USER_MAX, &user)))
		return;
	admin_request_ask(r, user, s->deferral.push, user, admin_request_count, on_pushed);
}


/** What stands first is found first: "push" and "users" are no ids. */
static const struct admin_resource table[] = {
	{"GET", "/v1/deferred", "messages that wait; ?user=USER&after=ID&limit=N", get_deferred},
	{"GET", "/v1/deferred/users", "who has messages waiting; ?after=USER&limit=N", get_users},
	{"POST", "/v1/deferred/push", "send now what waits: {\"user\"}, or {}: for everybody",
	 post_push},
	{"GET", "/v1/deferred/{id}", "one, and what each device had of it", get_one},
	{"DELETE", "/v1/deferred/{id}", "withdraw one", delete_one},
	{"DELETE", "/v1/users/{user}/deferred", "withdraw all that wait for a user", delete_users},
};


int admin_deferred_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
