/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions over TLS (msrps:), between two endpoints of ours. */
#include <string.h>

#include "../base/tls_world.h"
#include "msrp/endpoint.h"
#include "msrp/send.h"
#include "msrp/session.h"

struct world {
	struct virtual_loop *vl;
	struct msrp_endpoint *ep[2];
	struct msrp_session *s[2];
	struct msrp_send *m;
	size_t got, wrong, sent;
	unsigned bound[2], lost[2], ended;
	uint16_t status;
	int error;
};


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return 0;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	struct world *w = arg;

	(void)s;
	for (size_t i = 0; i < piece.n; i++)
		w->wrong += piece.p[i] != (char)((r->offset + i) % 251);
	w->got += piece.n;
	return 0;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	struct world *w = arg;

	(void)s;
	(void)r;
	w->ended += flag == '$';
	return 200;
}


static void on_bound(struct msrp_session *s, void *arg)
{
	struct world *w = arg;

	w->bound[s == w->s[1]]++;
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct world *w = arg;

	w->lost[s == w->s[1]]++;
	w->error = error;
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.bound = on_bound,
	.lost = on_lost,
};


static void close_world(void *arg)
{
	struct world *w = arg;

	w->m = mem_unref(w->m);
	for (int i = 0; i < 2; i++) {
		w->s[i] = mem_unref(w->s[i]);
		w->ep[i] = mem_unref(w->ep[i]);
	}
	w->vl = mem_unref(w->vl);
}


/* 0 connects, 1 waits at 192.0.2.9. */
static struct world *world(const char *name)
{
	static const char *const at[] = {"192.0.2.1:2855", "192.0.2.9:2855"};
	struct tls_config *tls = tls_world_config("server", "ca", 0);
	struct world *w = unit_storage(sizeof(*w));
	struct msrp_session_params sp = {.secure = true, .handler = &handler, .arg = w};
	struct msrp_remote r = {.role = MSRP_PASSIVE};

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(3));
	for (int i = 0; i < 2; i++) {
		struct msrp_listen_params p = {.tls = tls, .host = STR(HOST)};

		assert_int_equal(addr_decode_hostport(&p.local, str_of(at[i])), 0);
		unit_ok(msrp_endpoint_alloc(&w->ep[i], virtual_loop_base(w->vl), NULL));
		unit_ok(msrp_endpoint_listen(w->ep[i], &p));
		unit_ok(msrp_session_alloc(&w->s[i], w->ep[i], &sp));
	}
	assert_true(str_starts(msrp_session_local(w->s[1]), STR("msrps://" HOST ":2855/")));
	r.path = msrp_session_local(w->s[0]);
	unit_ok(msrp_session_start(w->s[1], &r));
	r = (struct msrp_remote){.path = msrp_session_local(w->s[1]),
				 .role = MSRP_ACTIVE,
				 .name = str_of(name)};
	assert_int_equal(addr_decode_hostport(&r.addr, str_of(at[1])), 0);
	assert_int_equal(msrp_session_start(w->s[0], &r), -ENOTSUP);
	msrp_endpoint_set_tls(w->ep[0], tls);
	unit_ok(msrp_session_start(w->s[0], &r));
	unit_must(virtual_loop_run_until_idle(w->vl));
	return w;
}


static void go(struct world *w)
{
	char piece[3000];

	while (w->sent < 500000) {
		size_t n = 500000 - w->sent < sizeof(piece) ? 500000 - w->sent : sizeof(piece);
		ssize_t got;

		for (size_t i = 0; i < n; i++)
			piece[i] = (char)((w->sent + i) % 251);
		got = msrp_send_write(w->m, piece, n);
		if (got < 0)
			return;
		w->sent += (size_t)got;
		if ((size_t)got < n)
			return;
	}
	(void)msrp_send_end(w->m);
}


static void on_room(struct msrp_send *m, void *arg)
{
	(void)m;
	go(arg);
}


static void on_done(struct msrp_send *m, uint16_t status, void *arg)
{
	(void)m;
	((struct world *)arg)->status = status;
}


static void test_message_over_tls(void)
{
	static const struct msrp_send_handler send_handler = {on_room, on_done};
	struct msrp_send_params p = {.content_type = STR("image/png"), .total = 500000};
	struct world *w = world(HOST);

	assert_int_equal(w->bound[0], 1);
	assert_int_equal(w->bound[1], 1);
	assert_true(msrp_session_secure(w->s[0]));
	assert_true(msrp_session_secure(w->s[1]));
	unit_ok(msrp_send_open(&w->m, w->s[0], &p, &send_handler, w));
	go(w);
	unit_must(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->got, 500000);
	assert_int_equal(w->wrong, 0);
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->status, 200);
}


/* RFC 4975 5.4: "The SubjectAltName in the received certificate MUST match the hostname part of the URI" */
static void test_wrong_name(void)
{
	struct world *w = world("other.example.com");

	assert_int_equal(w->bound[0] + w->bound[1], 0);
	assert_int_equal(w->lost[0], 1);
	assert_int_equal(w->error, -EACCES);
	assert_int_equal(msrp_endpoint_connections(w->ep[0]), 0);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_message_over_tls), UNIT_TEST_PLAIN(test_wrong_name))
