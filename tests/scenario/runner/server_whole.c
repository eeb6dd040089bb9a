/* SPDX-License-Identifier: Apache-2.0 */
/* The whole server, as src/server puts it together, on the virtual loop. */
#include "scenario/runner/server.h"

#include <errno.h>

#include "admin/admin.h"
#include "lib/virtual_dns.h"
#include "scenario/runner/play.h"
#include "server/config.h"
#include "server/server.h"
#include "store/account.h"
#include "store/binding.h"
#include "store/deferred.h"

/** How long a clean stop may take, on the virtual clock. */
#define STOP_MS 40000
/** Sentences of the server about a configuration. */
#define WHY_MAX 65536

struct scn_server {
	struct server *server;
	struct config *config;
};


static struct config *decode(struct scn_play *p, const struct scn_line *line, struct str yaml)
{
	struct buf why = BUF_INIT(WHY_MAX);
	struct config *c = NULL;

	if (config_decode(&c, yaml, "config", &why))
		scn_fail(p, line, "the configuration is refused:\n" STR_FMT "\n" STR_FMT,
			 STR_ARG(buf_str(&why)), STR_ARG(yaml));
	buf_done(&why);
	return c;
}


static bool start(struct scn_play *p, const struct scn_line *line, struct scn_server *s)
{
	struct buf why = BUF_INIT(WHY_MAX);
	const struct server_params params = {.loop = p->loop, .dns = p->dns, .config = s->config};
	int err;

	log_set_level(LOG_LEVEL_INFO);
	err = server_start(&s->server, &params, &why);
	if (err)
		scn_fail(p, line, "the server does not start: %s: " STR_FMT, strerror(-err),
			 STR_ARG(buf_str(&why)));
	buf_done(&why);
	return !err;
}


struct scn_server *scn_server_start(struct scn_play *p, const struct scn_line *line,
				    struct str yaml)
{
	struct scn_server *s = scn_alloc(p->arena, sizeof(*s));

	s->config = decode(p, line, yaml);
	if (!s->config)
		return NULL;
	if (!start(p, line, s)) {
		s->config = mem_unref(s->config);
		return NULL;
	}
	return s;
}


void scn_server_stop(struct scn_play *p, struct scn_server *s)
{
	(void)p;
	if (!s)
		return;
	s->server = mem_unref(s->server);
	s->config = mem_unref(s->config);
}


static void on_stopped(void *arg)
{
	*(bool *)arg = true;
}


bool scn_server_restart(struct scn_play *p, const struct scn_line *line)
{
	struct scn_server *s = p->server;
	bool stopped = false;

	if (!s)
		return scn_fail(p, line, "there is no server");
	server_stop(s->server, STOP_MS, on_stopped, &stopped);
	if (!scn_pass_flag(p, &stopped, STOP_MS))
		return scn_fail(p, line, "the server does not end");
	s->server = mem_unref(s->server);
	scn_settle(p);
	return start(p, line, s);
}


int scn_server_reload(struct scn_play *p, struct str yaml, struct buf *why)
{
	struct config *fresh = NULL;
	int err = config_decode(&fresh, yaml, "config", why);

	if (!err)
		err = server_reload(p->server->server, fresh, why);
	if (!err) {
		mem_unref(p->server->config);
		p->server->config = mem_ref(fresh);
	}
	mem_unref(fresh);
	return err;
}


static enum scn_over over_of(enum config_transport t)
{
	return t == CONFIG_UDP ? SCN_UDP : t == CONFIG_TCP ? SCN_TCP : SCN_TLS;
}


bool scn_server_addr(const struct scn_server *s, enum scn_over over, int family, struct addr *ret)
{
	for (size_t i = 0; s && i < s->config->listen.n; i++) {
		const struct config_listen *l = &s->config->listen.v[i];

		if (over_of(l->transport) == over && l->addr.sa.sa_family == family) {
			*ret = l->addr;
			return true;
		}
	}
	return false;
}


bool scn_server_is_at(const struct scn_server *s, const struct addr *a)
{
	for (size_t i = 0; s && i < s->config->listen.n; i++)
		if (addr_eq(&s->config->listen.v[i].addr, a) ||
		    addr_eq_host(&s->config->listen.v[i].addr, a))
			return true;
	return false;
}


/* ---- The operator ---- */

struct admin_wait {
	struct scn_play *p;
	struct scn_admin_answer answer;
};


static void on_reply(const struct admin_reply *reply, void *arg)
{
	struct admin_wait *w = arg;

	w->answer.status = reply->status;
	w->answer.body = scn_copy(w->p->arena, reply->body);
}


struct scn_admin_answer scn_server_admin(struct scn_play *p, struct str method, struct str path,
					 struct str body)
{
	struct admin_wait *w = scn_alloc(p->arena, sizeof(*w));
	struct str query = path;

	path = str_cut(&query, '?');
	w->p = p;
	admin_handle(server_admin(p->server->server), method, path, query.p ? query : STR(""), body,
		     on_reply, w);
	scn_settle(p);
	return w->answer;
}


/* ---- DNS ---- */

struct dns *scn_zone_open(struct scn_play *p, struct str zone, struct str *why)
{
	struct virtual_dns *v = NULL;

	if (virtual_dns_alloc(&v, p->loop, zone)) {
		*why = STR("a line of it is no record");
		return NULL;
	}
	p->zone = v;
	return virtual_dns_port(v);
}


/* ---- The store ---- */

struct count_wait {
	struct scn_play *p;
	struct store_request request;
	bool bindings, deferred;
	struct str aor; /**< STR_NULL: all */
	struct str after;
	uint32_t position;
	uint64_t n;
	size_t page;
	bool done;
};


static void on_page(struct store_request *r, int error, void *arg)
{
	struct count_wait *w = arg;
	size_t n = 0;

	w->done = true;
	w->page = 0;
	if (error)
		return;
	if (w->bindings) {
		const struct store_binding *b = store_binding_result(r, &n);

		for (size_t i = 0; i < n; i++)
			w->n += !w->aor.p || str_eq(b[i].aor, w->aor);
		if (n) {
			w->after = scn_copy(w->p->arena, b[n - 1].aor);
			w->position = b[n - 1].position;
		}
	} else {
		const struct store_account *a = store_account_result(r, &n);

		for (size_t i = 0; i < n; i++)
			w->n += !w->aor.p || str_eq(a[i].aor, w->aor);
		if (n)
			w->after = scn_copy(w->p->arena, a[n - 1].aor);
	}
	w->page = n;
}


/* Messages that wait, counted by the store itself. */
static void on_count(struct store_request *r, int error, void *arg)
{
	struct count_wait *w = arg;

	w->done = true;
	w->page = 0;
	w->n = error ? 0 : store_deferred_count_result(r)->held;
}


static int ask_page(struct count_wait *w, struct store *s)
{
	w->done = false;
	if (w->deferred)
		return store_deferred_count(s, &w->request, w->aor.p ? w->aor : STR(""), on_count,
					    w);
	if (w->bindings)
		return store_binding_list(s, &w->request, w->after, w->position,
					  loop_wall_ms(w->p->loop), STORE_PAGE_MAX, on_page, w);
	return store_account_list(s, &w->request, w->after, STORE_PAGE_MAX, on_page, w);
}


int scn_server_store_count(struct scn_play *p, struct str kind, struct str user, uint64_t *ret)
{
	struct count_wait *w = scn_alloc(p->arena, sizeof(*w));
	int err;

	w->p = p;
	w->after = STR("");
	w->bindings = str_eq(kind, STR("bindings"));
	w->deferred = str_eq(kind, STR("deferred"));
	if (!p->server || (!w->bindings && !w->deferred && !str_eq(kind, STR("accounts"))))
		return -ENOENT;
	if (user.p)
		w->aor = str_find(user, ':') >= 0 ? user
						  : scn_fmt(p->arena, "sip:" STR_FMT "@" STR_FMT,
							    STR_ARG(user), STR_ARG(p->domain));
	do {
		err = ask_page(w, server_store(p->server->server));
		if (err)
			return err;
		scn_settle(p);
		if (!w->done)
			return -ETIMEDOUT;
	} while (w->page == STORE_PAGE_MAX);
	*ret = w->n;
	return 0;
}
