/* SPDX-License-Identifier: Apache-2.0 */
/* Output: calm text in aligned columns, or JSON. */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "ctl.h"


int ctl_print(const struct buf *text)
{
	if (text->failed)
		return ctl_no_memory();
	if (fwrite(text->n ? text->p : "", 1, text->n, stdout) != text->n || fflush(stdout))
		return ctl_error("look where it goes", "the output cannot be written");
	return CTL_OK;
}


static int put_json(const char *p, size_t n, void *arg)
{
	buf_put(arg, p, n);
	return 0;
}


int ctl_print_json(const json_t *j)
{
	struct buf out = BUF_INIT(2 * CTL_REPLY_MAX);
	int status;

	if (json_dump_callback(j, put_json, &out, JSON_INDENT(2)))
		out.failed = true;
	buf_putc(&out, '\n');
	status = ctl_print(&out);
	buf_done(&out);
	return status;
}


/** C1 controls (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F) move cursors as escapes do. */
void ctl_put(struct buf *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
		if (*p < ' ' || *p == 127) {
			buf_putc(out, '?');
		} else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			buf_putc(out, '?');
			p++;
		} else {
			buf_putc(out, (char)*p);
		}
	}
}


void ctl_put_duration(struct buf *out, json_int_t seconds)
{
	static const struct {
		const char *name;
		json_int_t factor;
	} units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
	int shown = 0;

	if (seconds <= 0)
		buf_puts(out, STR("0s"));
	for (size_t i = 0; i < 4 && shown < 2; i++) {
		json_int_t n = seconds / units[i].factor;

		if (n <= 0 && !shown)
			continue;
		seconds -= n * units[i].factor;
		if (n > 0)
			buf_printf(out, "%s%lld%s", shown ? " " : "", (long long)n, units[i].name);
		shown++;
	}
}


void ctl_put_time(struct buf *out, json_int_t at_ms, bool fraction)
{
	time_t at = (time_t)(at_ms / 1000);
	char text[40];
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm)) {
		buf_putc(out, '-');
		return;
	}
	buf_puts(out, str_of(text));
	if (fraction)
		buf_printf(out, ".%03d", (int)(at_ms % 1000));
}


/** Columns that a text takes: its characters, not its bytes. */
static size_t width_of(const struct buf *cell)
{
	size_t n = 0;

	for (size_t i = 0; i < cell->n; i++)
		n += ((unsigned char)cell->p[i] & 0xc0) != 0x80;
	return n;
}


int ctl_print_table(const struct buf *cells, size_t rows, size_t columns)
{
	struct buf out = BUF_INIT(4 * CTL_REPLY_MAX);
	size_t *widths = mem_raw(columns * sizeof(*widths));
	int status;

	if (!widths)
		return ctl_no_memory();
	for (size_t c = 0; c < columns; c++) {
		widths[c] = 0;
		for (size_t r = 0; r < rows; r++)
			if (width_of(&cells[r * columns + c]) > widths[c])
				widths[c] = width_of(&cells[r * columns + c]);
	}

	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			const struct buf *cell = &cells[r * columns + c];

			buf_puts(&out, buf_str(cell));
			out.failed |= cell->failed;
			for (size_t i = width_of(cell); c + 1 < columns && i < widths[c] + 2; i++)
				buf_putc(&out, ' ');
		}
		while (out.n && out.p[out.n - 1] == ' ')
			out.n--;
		buf_putc(&out, '\n');
	}
	mem_free(widths);
	status = ctl_print(&out);
	buf_done(&out);
	return status;
}
