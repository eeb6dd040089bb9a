/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of a user, as JSON lines, by long polling. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static void on_line(const struct admin_trace_line *l, void *arg)
{
	admin_request_add(arg, json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "seq",
					 (json_int_t)l->seq, "at_ms", (json_int_t)l->at_ms, "what",
					 admin_json_text(l->what), "transport",
					 admin_json_text(l->transport), "peer",
					 admin_json_text(l->peer), "text", admin_json_text(l->text),
					 "call_id", admin_json_text(l->call_id)));
}


static int put_json(const char *p, size_t n, void *arg)
{
	buf_put(arg, p, n);
	return 0;
}


static void on_done(int error, void *arg)
{
	struct admin_request *r = arg;
	struct buf text = BUF_INIT(ADMIN_REPLY_MAX);
	json_t *rows = admin_request_rows(r);

	if (error) {
		admin_request_failed(r, error, NULL, admin_request_param(r, 0));
		return;
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (json_dump_callback(json_array_get(rows, i), put_json, &text, JSON_COMPACT))
			text.failed = true;
		buf_putc(&text, '\n');
	}
	if (text.failed)
		admin_request_error(r, 503, "try again later", "there is no memory for the answer");
	else
		admin_request_text(r, STR("application/x-ndjson"), buf_str(&text));
	buf_done(&text);
}


/** A number in the query; 0 when absent. False: answered. */
static bool number_of(struct admin_request *r, const char *name, uint64_t max, uint64_t *ret)
{
	struct str text = admin_request_query(r, name);
	uint64_t n = 0;

	if (text.p && (!str_u64(text, &n) || n > max)) {
		admin_request_error(r, 400, "write a number", "%s is not from 0 to %llu", name,
				    (unsigned long long)max);
		return false;
	}
	*ret = n;
	return true;
}


static void get_trace(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	uint64_t after, wait_s;

	(void)arg;
	if (!number_of(r, "after", INT64_MAX, &after) ||
	    !number_of(r, "wait", ADMIN_TRACE_WAIT_MAX_S, &wait_s))
		return;
	admin_request_ask(r, user, s->insight.trace, user, after, (unsigned)wait_s, on_line,
			  on_done);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/trace/{user}",
	 "what is happening to a user, live, as JSON lines; ?after=SEQ&wait=SECONDS", get_trace},
};


int admin_trace_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
