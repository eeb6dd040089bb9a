/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about operator policy, of the service and of a user. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"

/** What a PUT sets, and the texts that were made for it. */
struct set {
	struct admin_value value[ADMIN_VALUES_MAX];
	size_t n;
	struct buf text;
};


/** Empty: the service. */
static struct str user_of(const struct admin_request *r)
{
	return admin_request_param(r, 0);
}


static void on_value(const struct admin_value *v, void *arg)
{
	admin_request_add(arg,
			  json_pack("{s:o, s:o, s:o}", "key", admin_json_text(v->name), "value",
				    admin_json_text(v->value), "from", admin_json_text(v->from)));
}


static void on_done(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = user_of(r);

	if (error)
		admin_request_failed(r, error, NULL, user.n ? user : STR("the service"));
	else if (user.n)
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:O}", "user", admin_json_text(user), "policy",
					      admin_request_rows(r)));
	else
		admin_request_reply(r, 200, json_pack("{s:O}", "policy", admin_request_rows(r)));
}


static void get_policy(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = user_of(r);

	(void)arg;
	admin_request_ask(r, user, s->rules.policy_get, user, on_value, on_done);
}


/** "text/plain,text/html" of a list; false: not all of it is text. */
static bool put_list(const json_t *list, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (!json_is_string(item))
			return false;
		buf_printf(out, "%s%s", i ? "," : "", json_string_value(item));
	}
	return true;
}


/** A text, a number, true or false, a list of texts; null: no longer set here. */
static bool take_value(struct set *set, const char *name, const json_t *j)
{
	struct admin_value *v = &set->value[set->n];
	size_t at = set->text.n;

	if (set->n == ADMIN_VALUES_MAX)
		return false;
	if (json_is_integer(j))
		buf_printf(&set->text, "%lld", (long long)json_integer_value(j));
	else if (json_is_boolean(j))
		buf_puts(&set->text, json_is_true(j) ? STR("on") : STR("off"));
	else if (json_is_string(j))
		buf_put(&set->text, json_string_value(j), json_string_length(j));
	else if (json_is_array(j) ? !put_list(j, &set->text) : !json_is_null(j))
		return false;
	if (set->text.failed)
		return false;
	v->name = str_of(name);
	v->value = json_is_null(j) ? STR_NULL : (struct str){set->text.p + at, set->text.n - at};
	set->n++;
	return true;
}


static void put_policy(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	char texts[2 * ADMIN_VALUE_MAX];
	struct str user = user_of(r);
	json_t *body = admin_request_json(r), *value;
	struct set set = {.n = 0};
	const char *name;

	(void)arg;
	if (!body)
		return;
	buf_fixed(&set.text, texts, sizeof(texts));
	json_object_foreach(body, name, value)
	{
		if (!take_value(&set, name, value)) {
			admin_request_error(
				r, 400,
				"write a text, a number, true, false, a list of texts, or null",
				"the value of \"%.100s\" is not understood, or too long", name);
			return;
		}
	}
	admin_request_ask(r, user, s->rules.policy_set, user, set.value, set.n, on_value, on_done);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/policy", "operator policy of the service", get_policy},
	{"PUT", "/v1/policy", "change some: {\"pager.max-size\": 2000, …}; null: as configured",
	 put_policy},
	{"GET", "/v1/users/{user}/policy", "operator policy as it holds for a user", get_policy},
	{"PUT", "/v1/users/{user}/policy", "change some for a user; null: as for the service",
	 put_policy},
};


int admin_policy_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
