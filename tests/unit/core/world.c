/* SPDX-License-Identifier: Apache-2.0 */
/* The core without an engine: transactions that note their answers, and a client. */
#include "world.h"

#include "sip/compose.h"


/* ---- In place of the engine ---- */

int sip_server_txn_request(struct sip_server_txn *st, struct sip_msg *m)
{
	if (st->ended || st->status)
		return -ENOENT;
	assert_int_equal(sip_msg_decode(m, (struct str){st->bytes, st->n}, false), SIP_DECODE_OK);
	return 0;
}


const struct sip_source *sip_server_txn_source(const struct sip_server_txn *st)
{
	return &st->src;
}


int sip_reply(struct sip_server_txn *st, uint16_t status, struct str headers)
{
	if (st->ended || st->status)
		return -EALREADY;
	st->answers++;
	st->status = status;
	assert_true(headers.n < sizeof(st->headers));
	memcpy(st->headers, headers.n ? headers.p : "", headers.n);
	return 0;
}


/* ---- The world ---- */

static void close_world(void *arg)
{
	struct world *w = arg;

	core_auth_done(&w->q);
	account_cancel(&w->account);
	mem_unref(w->caller);
	mem_unref(w->core);
	mem_unref(w->regs);
	mem_unref(w->subs);
	mem_unref(w->store);
	for (size_t i = 0; i < w->txns_n; i++) {
		assert_int_equal(mem_refs(w->txns[i]), 1);
		mem_unref(w->txns[i]);
	}
	mem_unref(w->vl);
}


static void txn_destroy(void *object)
{
	mem_unref(((struct sip_server_txn *)object)->bytes);
}


static void open_core(struct world *w, const struct core_params *p)
{
	static const struct str domains[] = {STR_INIT("example.org"), STR_INIT("example.net")};
	struct core_params params = p ? *p : (struct core_params){.authenticate = true};

	unit_ok(subscribers_alloc(&w->subs, &(struct subscribers_params){
						    .loop = w->loop,
						    .store = w->store,
						    .domains = domains,
						    .domains_n = 2,
					    }));
	unit_ok(registrations_alloc(&w->regs, &(struct registrations_params){
						      .loop = w->loop,
						      .store = w->store,
					      }));
	params.loop = w->loop;
	params.store = w->store;
	params.subscribers = w->subs;
	params.registrations = w->regs;
	params.realm = STR("example.org");
	unit_ok(core_alloc(&w->core, &params));
}


struct world *world(const struct core_params *p)
{
	struct world *w = unit_storage(sizeof(*w));
	struct buf *why = unit_buf(256);

	unit_defer(close_world, w);
	w->user = "alice";
	w->password = "secret";
	w->from = w->to = "<sip:alice@example.org>";
	w->call_id = "call1";
	w->via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport";
	world_set_source(w, SIP_UDP, "192.0.2.1:5060", 0);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, w->loop, STR("memory:"), why));
	open_core(w, p);
	unit_ok(world_account_add(w, "alice", "secret"));
	return w;
}


void world_run(struct world *w)
{
	assert_true(virtual_loop_run_until_idle(w->vl));
}


static void account_done(struct account_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	w->done++;
	w->error = error;
}


int world_account_add(struct world *w, const char *name, const char *password)
{
	int r = account_add(w->core, &w->account, str_of(name), str_of(password), account_done, w,
			    NULL);

	if (r)
		return r;
	world_run(w);
	return w->error;
}


void world_set_source(struct world *w, enum sip_transport_kind kind, const char *hostport,
		      uint64_t flow)
{
	w->src = (struct sip_source){.kind = kind, .flow = flow};
	assert_int_equal(addr_decode_hostport(&w->src.peer, str_of(hostport)), 0);
}


struct sip_server_txn *world_txn(struct world *w, const char *text)
{
	struct sip_server_txn *st = unit_ptr(mem_alloc(sizeof(*st), txn_destroy));

	assert_true(w->txns_n < sizeof(w->txns) / sizeof(w->txns[0]));
	w->txns[w->txns_n++] = st;
	st->src = w->src;
	st->bytes = unit_ptr(mem_alloc(2 * strlen(text) + 1, NULL));
	for (; *text; text++) {
		if (*text == '\n')
			st->bytes[st->n++] = '\r';
		st->bytes[st->n++] = *text;
	}
	return st;
}


static void put_credentials(struct world *w, const char *method, const char *uri, struct buf *b)
{
	struct buf *line = unit_buf(2048);

	if (!w->challenged)
		return;
	unit_ok(digest_answer(&w->digest, w->loop, str_of(w->user), str_of(w->password),
			      str_of(method), str_of(uri), line));
	unit_must(!line->failed);
	for (size_t i = 0; i < line->n; i++)
		if (line->p[i] != '\r')
			buf_putc(b, line->p[i]);
}


struct sip_server_txn *world_request(struct world *w, const char *method, const char *lines)
{
	const char *uri = strcmp(method, "REGISTER") ? "sip:bob@example.org" : "sip:example.org";
	struct buf *b = unit_buf(32768);

	buf_printf(b,
		   "%s %s SIP/2.0\nVia: %s\nMax-Forwards: 70\nFrom: %s;tag=f\nTo: %s\nCall-ID: %s\n"
		   "CSeq: %u %s\n",
		   method, uri, w->via, w->from, w->to, w->call_id, ++w->cseq, method);
	put_credentials(w, method, uri, b);
	buf_printf(b, "%sContent-Length: 0\n\n", lines);
	return world_txn(w, unit_ptr(buf_cstr(b)));
}


void world_take_challenge(struct world *w, const struct sip_server_txn *st)
{
	struct buf *b = unit_buf(16384);
	struct sip_msg m;

	buf_printf(b,
		   "SIP/2.0 %u No\r\nVia: %s\r\nFrom: <sip:a@b>;tag=1\r\nTo: "
		   "<sip:a@b>;tag=2\r\nCall-ID: c\r\n"
		   "CSeq: 1 REGISTER\r\n%sContent-Length: 0\r\n\r\n",
		   st->status, w->via, st->headers);
	unit_must(!b->failed);
	assert_int_equal(sip_msg_decode(&m, buf_str(b), false), SIP_DECODE_OK);
	if (w->answer_md5) {
		ptrdiff_t at = str_find_str(buf_str(b), STR("SHA-256"));

		/* A client that knows only MD5: the other challenge is of something it never heard of. */
		assert_true(at > 0);
		memcpy(b->p + at, "ABC-999", 7);
		assert_int_equal(sip_msg_decode(&m, buf_str(b), false), SIP_DECODE_OK);
	}
	unit_ok(digest_client_take(&w->digest, &m));
	w->challenged = true;
}


static void authenticated(struct core_auth_query *q, struct subscriber *user, void *arg)
{
	struct world *w = arg;

	w->called++;
	assert_ptr_equal(q->user, user);
	w->caller = mem_ref(user);
	core_auth_done(q);
}


void world_authenticate(struct world *w, struct sip_server_txn *st)
{
	struct sip_msg m;
	int r;

	w->called = 0;
	w->caller = mem_unref(w->caller);
	assert_int_equal(sip_server_txn_request(st, &m), 0);
	r = core_authenticate(w->core, &w->q, st, &m, &st->src, authenticated, w);
	assert_int_equal(w->called, 0);
	if (r > 0)
		w->caller = mem_ref(w->q.user);
	if (r)
		core_auth_done(&w->q);
	world_run(w);
	assert_int_equal(w->called, r == 0);
	assert_int_equal(st->answers, w->caller ? 0 : 1);
}


struct sip_server_txn *world_register_once(struct world *w, const char *lines)
{
	struct sip_server_txn *st = world_request(w, "REGISTER", lines);
	struct sip_msg m;

	assert_int_equal(sip_server_txn_request(st, &m), 0);
	core_register(w->core, st, &m, &st->src);
	world_run(w);
	assert_int_equal(st->answers, 1);
	return st;
}


struct sip_server_txn *world_register(struct world *w, const char *lines)
{
	struct sip_server_txn *st = world_register_once(w, lines);

	if (st->status != 401)
		return st;
	world_take_challenge(w, st);
	return world_register_once(w, lines);
}


bool world_has(const struct sip_server_txn *st, const char *text)
{
	return strstr(st->headers, text) != NULL;
}
