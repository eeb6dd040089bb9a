/* SPDX-License-Identifier: Apache-2.0 */
/* Service settings: asked for, or changed; shown in two columns. */
#include "settings.h"

#define ROWS_MAX 32


static int show(const json_t *settings)
{
	struct buf cells[2 * ROWS_MAX];
	const char *name;
	json_t *value;
	size_t rows = 1;
	int status;

	for (size_t i = 0; i < 2 * ROWS_MAX; i++)
		buf_init(&cells[i], CTL_TEXT_MAX);
	buf_puts(&cells[0], STR("SETTING"));
	buf_puts(&cells[1], STR("IS"));
	json_object_foreach((json_t *)settings, name, value)
	{
		if (rows == ROWS_MAX)
			break;
		ctl_put(&cells[2 * rows], name);
		buf_puts(&cells[2 * rows + 1], json_is_true(value) ? STR("on") : STR("off"));
		rows++;
	}
	status = ctl_print_table(cells, rows, 2);
	for (size_t i = 0; i < 2 * ROWS_MAX; i++)
		buf_done(&cells[i]);
	return status;
}


int ctl_settings(struct ctl *c, const char *method, json_t *body)
{
	struct buf path = BUF_INIT(CTL_TEXT_MAX);
	json_t *answer;
	int status = CTL_FAILED;

	if (ctl_path(&path, "/v1/users/", c->args[0], "/settings"))
		status = ctl_ask(c, method, path.p, body, &answer);
	else
		json_decref(body);
	buf_done(&path);
	if (status != CTL_OK)
		return status;
	status = c->json ? ctl_print_json(answer) : show(json_object_get(answer, "settings"));
	json_decref(answer);
	return status;
}
