/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that show a list. */
#include "list.h"

#include "base/mem.h"


static void put_cell(struct buf *out, const json_t *row, const struct ctl_column *column)
{
	const json_t *value = json_object_get(row, column->key);

	if (column->kind == CTL_COLUMN_YES_NO)
		buf_puts(out, json_is_true(value) ? STR("yes") : STR("no"));
	else if (column->kind == CTL_COLUMN_DURATION)
		ctl_put_duration(out, json_integer_value(value));
	else if (column->kind == CTL_COLUMN_NUMBER)
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (column->kind == CTL_COLUMN_TIME && json_integer_value(value))
		ctl_put_time(out, json_integer_value(value), false);
	else if (json_string_length(value))
		ctl_put(out, json_string_value(value));
	else
		buf_putc(out, '-');
}


static int print_rows(const json_t *list, const struct ctl_column *columns, size_t columns_n)
{
	size_t rows = json_array_size(list) + 1;
	struct buf *cells = mem_raw(rows * columns_n * sizeof(*cells));
	int status;

	if (!cells)
		return ctl_no_memory();
	for (size_t i = 0; i < rows * columns_n; i++) {
		buf_init(&cells[i], CTL_TEXT_MAX);
		if (i < columns_n)
			buf_puts(&cells[i], str_of(columns[i].head));
		else
			put_cell(&cells[i], json_array_get(list, i / columns_n - 1),
				 &columns[i % columns_n]);
	}
	status = ctl_print_table(cells, rows, columns_n);
	for (size_t i = 0; i < rows * columns_n; i++)
		buf_done(&cells[i]);
	mem_free(cells);
	return status;
}


int ctl_print_list(struct ctl *c, const json_t *answer, const char *rows,
		   const struct ctl_column *columns, size_t columns_n, const char *none)
{
	const json_t *list = json_object_get(answer, rows);
	struct buf text = BUF_INIT(CTL_TEXT_MAX);
	int status;

	if (c->json)
		return ctl_print_json(answer);
	if (json_array_size(list))
		return print_rows(list, columns, columns_n);
	buf_puts(&text, str_of(none));
	status = ctl_print(&text);
	buf_done(&text);
	return status;
}
