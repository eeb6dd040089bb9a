/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about users: the embedded core's accounts, and who is registered. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static void on_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, admin_request_param(r, 0));
	else
		admin_request_reply_named(r, "user");
}


/* ---- Accounts ---- */

static void on_added(int error, void *arg)
{
	struct admin_request *r = arg;
	/* It was there when the request was begun. */
	json_t *user = json_object_get(admin_request_json(r), "user");

	if (error)
		admin_request_failed(r, error, NULL, str_of(json_string_value(user)));
	else
		admin_request_reply(r, 201, json_pack("{s:O}", "user", user));
}


static void post_user(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user, password;

	(void)arg;
	if (!admin_request_string(r, "user", ADMIN_USER_MAX, &user) ||
	    !admin_request_string(r, "password", ADMIN_PASSWORD_MAX, &password))
		return;
	admin_request_ask(r, user, s->user_add, user, password, on_added);
}


static void delete_user(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->user_remove, user, on_done);
}


static void put_password(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0), password;

	(void)arg;
	if (!admin_request_string(r, "password", ADMIN_PASSWORD_MAX, &password))
		return;
	admin_request_ask(r, user, s->user_passwd, user, password, on_done);
}


static void put_allowed(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	json_t *body = admin_request_json(r), *allowed;

	(void)arg;
	if (!body)
		return;
	allowed = json_object_get(body, "allowed");
	if (!json_is_boolean(allowed)) {
		admin_request_error(r, 400, "send true or false", "\"allowed\" is missing");
		return;
	}
	admin_request_ask(r, user, s->user_allow, user, json_is_true(allowed), on_done);
}


/* ---- Lists ---- */

static void on_user(const struct admin_user *u, void *arg)
{
	admin_request_add(arg, json_pack("{s:o, s:b}", "user", admin_json_text(u->address),
					 "allowed", u->allowed));
}


static void on_users(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, STR(""));
	else
		admin_request_reply_list(r, "users");
}


static void get_users(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	uint32_t limit;

	(void)arg;
	if (!admin_request_limit(r, &limit))
		return;
	admin_request_ask(r, STR(""), s->user_list, admin_request_query(r, "after"),
			  (size_t)limit + 1, on_user, on_users);
}


static void on_registration(const struct admin_registration *g, void *arg)
{
	struct admin_request *r = arg;

	if (json_array_size(admin_request_rows(r)) > ADMIN_ROWS_MAX)
		return;
	admin_request_add(r, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:f}", "user",
				       admin_json_text(g->address), "contact",
				       admin_json_text(g->contact), "received",
				       admin_json_text(g->received), "user_agent",
				       admin_json_text(g->user_agent), "instance",
				       admin_json_text(g->instance), "expires_s",
				       (json_int_t)g->expires_s, "q", g->q_milli / 1000.0));
}


static void on_registrations(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, admin_request_query(r, "user"));
	else
		admin_request_reply_page(r, "registrations", ADMIN_ROWS_MAX);
}


static void get_registrations(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_query(r, "user");

	(void)arg;
	admin_request_ask(r, user, s->registration_list, user, on_registration, on_registrations);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/users", "the embedded core's accounts; ?after=USER&limit=N", get_users},
	{"POST", "/v1/users", "add one: {\"user\", \"password\"}", post_user},
	{"DELETE", "/v1/users/{user}", "remove one", delete_user},
	{"PUT", "/v1/users/{user}/password", "{\"password\"}", put_password},
	{"PUT", "/v1/users/{user}/allowed", "who may use the service at all: {\"allowed\"}",
	 put_allowed},
	{"GET", "/v1/registrations", "who is registered; ?user=USER", get_registrations},
};


int admin_user_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
