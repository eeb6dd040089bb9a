/* SPDX-License-Identifier: Apache-2.0 */
/* NAME=VALUE on the command line. */
#include "values.h"

#include <string.h>


int ctl_values(const struct ctl *c, int first, json_t **ret)
{
	json_t *values = json_object();

	for (int i = first; i < c->args_n; i++) {
		const char *equals = strchr(c->args[i], '=');
		char name[256];

		if (!equals || equals == c->args[i] ||
		    (size_t)(equals - c->args[i]) >= sizeof(name)) {
			json_decref(values);
			return ctl_usage("write NAME=VALUE, without blanks around \"=\"",
					 "\"%.100s\" is no NAME=VALUE", c->args[i]);
		}
		memcpy(name, c->args[i], (size_t)(equals - c->args[i]));
		name[equals - c->args[i]] = 0;
		if (json_object_set_new(values, name, json_string(equals + 1))) {
			json_decref(values);
			return ctl_error("write UTF-8", "\"%.100s\" is not text", name);
		}
	}
	*ret = values;
	return CTL_OK;
}
