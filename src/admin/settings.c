/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the service settings of a user. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static void on_value(const struct admin_value *v, void *arg)
{
	admin_request_add(arg, json_pack("{s:o, s:b}", "name", admin_json_text(v->name), "on",
					 str_eq(v->value, STR("on"))));
}


/** {"barring.session": false, …} of the rows. */
static json_t *settings_json(struct admin_request *r)
{
	json_t *rows = admin_request_rows(r), *settings = json_object();

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);

		json_object_set(settings, json_string_value(json_object_get(row, "name")),
				json_object_get(row, "on"));
	}
	return settings;
}


static void on_done(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = admin_request_param(r, 0);

	if (error == -EBADMSG)
		admin_request_error(
			r, 409, "put a correct one in its place, or delete it: parleyctl document",
			"the settings document of " STR_FMT " cannot be read", STR_ARG(user));
	else if (error)
		admin_request_failed(r, error, NULL, user);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:o}", "user", admin_json_text(user),
					      "settings", settings_json(r)));
}


static void get_settings(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->rules.settings_get, user, on_value, on_done);
}


/** true, false, or a text, of which the desk knows whether it will do. */
static bool value_of(const json_t *j, struct str *ret)
{
	if (json_is_boolean(j))
		*ret = json_is_true(j) ? STR("on") : STR("off");
	else if (json_is_string(j))
		*ret = (struct str){json_string_value(j), json_string_length(j)};
	else
		return false;
	return true;
}


static void put_settings(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	struct admin_value set[ADMIN_VALUES_MAX];
	json_t *body = admin_request_json(r), *value;
	const char *name;
	size_t n = 0;

	(void)arg;
	if (!body)
		return;
	json_object_foreach(body, name, value)
	{
		if (n == ADMIN_VALUES_MAX || !value_of(value, &set[n].value)) {
			admin_request_error(r, 400, "write on or off, or true or false",
					    "the value of \"%.100s\" is no text", name);
			return;
		}
		set[n++].name = str_of(name);
	}
	admin_request_ask(r, user, s->rules.settings_set, user, set, n, on_value, on_done);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/users/{user}/settings", "the service settings of a user", get_settings},
	{"PUT", "/v1/users/{user}/settings", "change some: {\"barring.session\": true, …}",
	 put_settings},
};


int admin_settings_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
