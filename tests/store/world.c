/* SPDX-License-Identifier: Apache-2.0 */
/* A store on the virtual loop, and asking it. */
#include "world.h"

#include <stdlib.h>
#include <unistd.h>

struct page {
	struct world *w;
	struct buf *out;
};


static void close_world(void *arg)
{
	struct world *w = arg;
	char command[128];

	w->store = mem_unref(w->store);
	if (w->vl)
		virtual_loop_run_until_idle(w->vl);
	w->vl = mem_unref(w->vl);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->directory);
	if (w->directory[0] && system(command))
		fprintf(stderr, "could not remove %s\n", w->directory);
}


static void open_store(struct world *w)
{
	int r = store_open(&w->store, w->loop, str_of(w->url), w->why);

	if (r && !unit_refused())
		fprintf(stderr, "%.*s\n", (int)w->why->n, w->why->p);
	unit_ok(r);
}


struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(close_world, w);
	snprintf(w->directory, sizeof(w->directory), "/tmp/parley-store-XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	snprintf(w->path, sizeof(w->path), "%s/made/parley.db", w->directory);
	snprintf(w->url, sizeof(w->url), "%s:%s", BACKEND, world_keeps(w) ? w->path : "");
	w->why = unit_buf(1024);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	open_store(w);
	return w;
}


bool world_keeps(const struct world *w)
{
	(void)w;
	return strcmp(BACKEND, "memory") != 0;
}


size_t world_files(const struct world *w)
{
	char command[256], answer[32] = "";
	FILE *p;

	snprintf(command, sizeof(command),
		 "find '%s-content' -type f -not -path '*/history/*' 2>/dev/null | wc -l", w->path);
	p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(answer, sizeof(answer), p));
	pclose(p);
	return strtoul(answer, NULL, 10);
}


void world_reopen(struct world *w)
{
	w->store = mem_unref(w->store);
	virtual_loop_run_until_idle(w->vl);
	open_store(w);
}


void world_done(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	if (w->answers < ANSWERS_MAX)
		w->error[w->answers] = error;
	w->answers++;
}


int world_wait(struct world *w, int started)
{
	unsigned before = w->answers;

	if (started)
		return started;
	assert_true(virtual_loop_run_until_idle(w->vl));
	return w->answers > before && w->answers <= ANSWERS_MAX ? w->error[w->answers - 1] : -1000;
}


struct store_account world_account(const char *aor)
{
	return (struct store_account){
		.aor = str_of(aor),
		.realm = STR("example.org"),
		.ha1_md5 = STR("0123456789abcdef0123456789abcdef"),
		.ha1_sha256 = STR(
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		.allowed = true,
		.created_ms = 1767225600123,
	};
}


int world_add(struct world *w, const char *aor)
{
	struct store_account a = world_account(aor);

	w->answers = 0;
	return world_wait(w, store_account_add(w->store, &w->r, &a, world_done, w));
}


int world_get(struct world *w, const char *aor)
{
	w->answers = 0;
	return world_wait(w, store_account_get(w->store, &w->r, str_of(aor), world_done, w));
}


static void accounts_done(struct store_request *r, int error, void *arg)
{
	struct page *page = arg;
	size_t n;
	const struct store_account *a = store_account_result(r, &n);

	for (size_t i = 0; i < n; i++) {
		buf_puts(page->out, a[i].aor);
		buf_putc(page->out, ',');
	}
	world_done(r, error, page->w);
}


int world_accounts(struct world *w, const char *after, size_t max, struct buf *out)
{
	struct page *page = unit_storage(sizeof(*page));

	*page = (struct page){w, out};
	w->answers = 0;
	buf_clear(out);
	return world_wait(w, store_account_list(w->store, &w->r, str_of(after), max, accounts_done,
						page));
}


int world_bind(struct world *w, const char *aor, const char *contacts, int64_t expires_ms)
{
	struct store_binding set[STORE_BINDINGS_MAX] = {{.q = 0}};
	size_t n = 0;

	for (struct str rest = str_of(contacts); rest.n; n++) {
		set[n] = (struct store_binding){
			.contact = str_cut(&rest, ','),
			.params = STR("+g.oma.sip-im;x=\"\xff\""),
			.instance = STR("urn:uuid:1"),
			.call_id = STR("call"),
			.path = STR("<sip:edge.example.org;lr>"),
			.source = STR("udp:192.0.2.1:5060"),
			.user_agent = STR("IM-client/OMA1.0"),
			.reg_id = 4000000000u,
			.cseq = 4000000001u,
			.socket = 2,
			.flags = 0x80000001u,
			.q = 500,
			.registered_ms = 1767225600000,
			.expires_ms = expires_ms,
		};
	}
	w->answers = 0;
	return world_wait(w, store_binding_replace(w->store, &w->r, str_of(aor), set, n, world_done,
						   w));
}


static void bindings_done(struct store_request *r, int error, void *arg)
{
	struct page *page = arg;
	size_t n;
	const struct store_binding *b = store_binding_result(r, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(page->out, STR_FMT "/%u=" STR_FMT ",", STR_ARG(b[i].aor), b[i].position,
			   STR_ARG(b[i].contact));
	world_done(r, error, page->w);
}


int world_bindings(struct world *w, const char *after, uint32_t position, int64_t now_ms,
		   size_t max, struct buf *out)
{
	struct page *page = unit_storage(sizeof(*page));

	*page = (struct page){w, out};
	w->answers = 0;
	buf_clear(out);
	return world_wait(w, store_binding_list(w->store, &w->r, str_of(after), position, now_ms,
						max, bindings_done, page));
}
