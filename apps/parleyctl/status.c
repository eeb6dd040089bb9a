/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl status: nodes, versions, uptime, load, store health. */
#include "ctl.h"


static const char *text_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text ? text : "";
}


static long long number_of(const json_t *j, const char *key)
{
	return (long long)json_integer_value(json_object_get(j, key));
}


static void put_domains(struct buf *out, const json_t *node)
{
	const json_t *domains = json_object_get(node, "domains");

	for (size_t i = 0; i < json_array_size(domains); i++) {
		buf_puts(out, i ? STR(", ") : STR(""));
		ctl_put(out, json_string_value(json_array_get(domains, i)));
	}
}


static void put_store(struct buf *out, const json_t *node)
{
	const json_t *store = json_object_get(node, "store");
	bool healthy = json_is_true(json_object_get(store, "healthy"));

	buf_puts(out, STR("store     "));
	ctl_put(out, text_of(store, "kind"));
	buf_puts(out, healthy ? STR(", healthy") : STR(", does not work"));
	if (*text_of(store, "detail")) {
		buf_puts(out, STR(": "));
		ctl_put(out, text_of(store, "detail"));
	}
	buf_putc(out, '\n');
}


static void put_node(struct buf *out, const json_t *node)
{
	const json_t *load = json_object_get(node, "load");

	buf_puts(out, STR("node      "));
	ctl_put(out, text_of(node, "node"));
	buf_puts(out, STR("\nversion   "));
	ctl_put(out, text_of(node, "version"));
	buf_puts(out, STR("\ncore      "));
	ctl_put(out, text_of(node, "core"));
	buf_puts(out, STR("\ndomain    "));
	put_domains(out, node);
	buf_puts(out, STR("\nstate     "));
	ctl_put(out, text_of(node, "state"));
	buf_puts(out, STR(", up "));
	ctl_put_duration(out, number_of(node, "uptime_s"));
	buf_printf(out,
		   "\nload      %lld registrations, %lld connections, %lld transactions, "
		   "queue %lld.%03lld ms\n",
		   number_of(load, "registrations"), number_of(load, "connections"),
		   number_of(load, "transactions"), number_of(load, "queue_delay_us") / 1000,
		   number_of(load, "queue_delay_us") % 1000);
	buf_printf(out, "messages  %lld since the start\n", number_of(load, "messages"));
	put_store(out, node);
}


int ctl_status(struct ctl *c)
{
	struct buf out = BUF_INIT(CTL_REPLY_MAX);
	json_t *answer, *nodes;
	int status = ctl_ask(c, "GET", "/v1/status", NULL, &answer);

	if (status != CTL_OK)
		return status;
	if (c->json) {
		status = ctl_print_json(answer);
	} else {
		nodes = json_object_get(answer, "nodes");
		for (size_t i = 0; i < json_array_size(nodes); i++) {
			if (i)
				buf_putc(&out, '\n');
			put_node(&out, json_array_get(nodes, i));
		}
		status = ctl_print(&out);
	}
	buf_done(&out);
	json_decref(answer);
	return status;
}
