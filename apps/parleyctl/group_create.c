/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl group create GROUP MEMBER… [NAME=VALUE …]: a group; its first member owns it. */
#include <string.h>

#include "group.h"


/* name=Hikers; a URI may have an '=' too, but behind a ':' or ';'. */
static bool is_value(const char *word)
{
	size_t n = strcspn(word, ":;@=");

	return n && word[n] == '=';
}


static int take(json_t *body, json_t *members, const char *word)
{
	char name[64];
	size_t n = strcspn(word, "=");

	if (!is_value(word))
		return json_array_append_new(members, json_string(word));
	if (n >= sizeof(name))
		return -1;
	memcpy(name, word, n);
	name[n] = '\0';
	return json_object_set_new(body, name, json_string(word + n + 1));
}


int ctl_group_create(struct ctl *c)
{
	json_t *body = json_object(), *members = json_array(), *answer;
	int status;

	for (int i = 1; i < c->args_n; i++) {
		if (!take(body, members, c->args[i]))
			continue;
		json_decref(body);
		json_decref(members);
		return ctl_error("write UTF-8, and NAME=VALUE", "\"%.100s\" is not text",
				 c->args[i]);
	}
	if (json_object_set_new(body, "members", members) ||
	    json_object_set_new(body, "group", json_string(c->args[0]))) {
		json_decref(body);
		return ctl_error("write UTF-8", "the group's name is not text");
	}
	status = ctl_ask(c, "POST", "/v1/groups", body, &answer);
	return status == CTL_OK ? ctl_group_print(c, answer) : status;
}
