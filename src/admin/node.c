/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the server itself: health, status, counters, configuration, metrics. */
#include "admin/resource.h"
#include "base/buf.h"
#include "base/counter.h"


/** A page of texts: counters, configuration. */
#define PAGE_MAX (4u << 20)


static struct admin_status status_of(struct admin_request *r)
{
	const struct admin_services *s = admin_request_services(r);
	struct admin_status status = {.store.healthy = true};

	if (s->status)
		s->status(&status, s->arg);
	return status;
}


/** For load balancers and service managers: the status alone tells. */
static void get_health(struct admin_request *r, void *arg)
{
	struct admin_status s = status_of(r);

	(void)arg;
	if (s.stopping)
		admin_request_reply(r, 503,
				    json_pack("{s:b, s:s}", "healthy", 0, "reason",
					      "the server is stopping"));
	else if (!s.store.healthy)
		admin_request_reply(r, 503,
				    json_pack("{s:b, s:s}", "healthy", 0, "reason",
					      "the store does not work"));
	else
		admin_request_reply(r, 200, json_pack("{s:b}", "healthy", 1));
}


static json_t *domains_json(struct str domains)
{
	json_t *list = json_array();

	for (struct str rest = domains; rest.p;) {
		struct str domain = str_cut(&rest, ' ');

		if (domain.n)
			json_array_append_new(list, admin_json_text(domain));
	}
	return list;
}


static json_t *load_json(const struct admin_status *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:b}", "connections",
			 (json_int_t)s->load.connections, "transactions",
			 (json_int_t)s->load.transactions, "registrations",
			 (json_int_t)s->load.registrations, "messages",
			 (json_int_t)s->load.messages, "queue_delay_us",
			 (json_int_t)s->load.queue_delay_us, "overloaded", s->load.overloaded);
}


static json_t *store_json(const struct admin_status *s)
{
	return json_pack("{s:o, s:b, s:o}", "kind", admin_json_text(s->store.kind), "healthy",
			 s->store.healthy, "detail", admin_json_text(s->store.detail));
}


static void get_status(struct admin_request *r, void *arg)
{
	struct admin_status s = status_of(r);

	(void)arg;
	admin_request_reply(r, 200,
			    json_pack("{s:[{s:o, s:s, s:o, s:o, s:s, s:I, s:o, s:o}]}", "nodes",
				      "node", admin_json_text(s.node), "version", PARLEY_VERSION,
				      "core", admin_json_text(s.core), "domains",
				      domains_json(s.domains), "state",
				      s.stopping          ? "stopping"
				      : s.load.overloaded ? "overloaded"
							  : "running",
				      "uptime_s", (json_int_t)(s.uptime_ms / 1000), "load",
				      load_json(&s), "store", store_json(&s)));
}


static void get_counters(struct admin_request *r, void *arg)
{
	json_t *values = json_object();

	(void)arg;
	for (struct counter *c = counter_next(NULL); c; c = counter_next(c))
		json_object_set_new(values, c->name, json_integer(c->value));
	admin_request_reply(r, 200, json_pack("{s:o}", "counters", values));
}


/** The page that `put` fills. */
static void answer_page(struct admin_request *r, struct str type, const struct buf *page)
{
	if (page->failed)
		admin_request_error(r, 503, "try again later", "there is no memory for the page");
	else
		admin_request_text(r, type, buf_str(page));
}


static void get_config(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	bool yaml = str_eq(admin_request_query(r, "format"), STR("yaml"));
	struct buf page = BUF_INIT(PAGE_MAX);

	(void)arg;
	if (s->config)
		s->config(!yaml, &page, s->arg);
	else
		buf_puts(&page, STR("{}\n"));
	answer_page(r, yaml ? STR("application/yaml") : STR("application/json"), &page);
	buf_done(&page);
}


static void get_metrics(struct admin_request *r, void *arg)
{
	struct buf page = BUF_INIT(PAGE_MAX);

	(void)arg;
	admin_metrics(&page);
	answer_page(r, STR("text/plain; version=0.0.4; charset=utf-8"), &page);
	buf_done(&page);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/health", "whether the server works", get_health},
	{"GET", "/v1/status", "nodes: version, uptime, load, store", get_status},
	{"GET", "/v1/counters", "every counter and gauge", get_counters},
	{"GET", "/v1/config", "the effective configuration; ?format=yaml", get_config},
	{"GET", "/metrics", "every counter and gauge, for Prometheus", get_metrics},
};


int admin_node_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
