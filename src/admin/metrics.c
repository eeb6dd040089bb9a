/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics page: the registry of counters in Prometheus' text exposition format, version 0.0.4. */
#include "admin/admin.h"
#include "base/counter.h"


/** "sip.malformed" -> "parley_sip_malformed": a metric's name is [a-zA-Z_:][a-zA-Z0-9_:]*. */
static void put_name(struct buf *out, const struct counter *c)
{
	buf_puts(out, STR("parley_"));
	for (const char *p = c->name; *p; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			      (*p >= '0' && *p <= '9');

		buf_putc(out, letter ? *p : '_');
	}
	/* By convention a counter's name ends so, a gauge's does not. */
	if (c->kind == COUNTER_KIND_COUNTER)
		buf_puts(out, STR("_total"));
}


/** In a HELP line a backslash and a line feed are escaped. */
static void put_help(struct buf *out, const char *help)
{
	for (const char *p = help ? help : ""; *p; p++) {
		if (*p == '\\')
			buf_puts(out, STR("\\\\"));
		else if (*p == '\n')
			buf_puts(out, STR("\\n"));
		else
			buf_putc(out, *p);
	}
}


void admin_metrics(struct buf *out)
{
	buf_puts(out, STR("# HELP parley_build_info the version of the server\n"
			  "# TYPE parley_build_info gauge\n"
			  "parley_build_info{version=\"" PARLEY_VERSION "\"} 1\n"));
	for (struct counter *c = counter_next(NULL); c; c = counter_next(c)) {
		buf_puts(out, STR("# HELP "));
		put_name(out, c);
		buf_putc(out, ' ');
		put_help(out, c->help);
		buf_puts(out, STR("\n# TYPE "));
		put_name(out, c);
		buf_puts(out,
			 c->kind == COUNTER_KIND_COUNTER ? STR(" counter\n") : STR(" gauge\n"));
		put_name(out, c);
		buf_printf(out, " %lld\n", (long long)c->value);
	}
}
