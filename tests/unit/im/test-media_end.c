/* SPDX-License-Identifier: Apache-2.0 */
/* An MSRP medium that ends here: who offers, who connects, to where; on the engine, whose DNS the tests answer. */
#include "im/media_end.h"

#include <string.h>

#include "msrp/endpoint.h"
#include "unit/sip/engine.h"

#define THEIRS "msrp://192.0.2.20:9000/theirs;tcp"

static struct world {
	struct engine *e;
	struct msrp_endpoint *ep;
	struct stream_listener *ln; /**< at 192.0.2.20:9000 */
	struct stream *s;
	struct media_end end;
	unsigned accepted, bound, lost, unreachable;
	int error;
} w;


/* ---- The world ---- */

static void on_recv(struct stream *s, const char *bytes, size_t n, void *arg)
{
	(void)s;
	(void)bytes;
	(void)n;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	(void)s;
	(void)error;
	(void)arg;
	w.s = mem_unref(w.s);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	(void)ln;
	(void)arg;
	w.accepted++;
	mem_unref(w.s);
	w.s = s;
	stream_set_handler(s, &stream_handler, NULL);
}


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return 0;
}


static void on_bound(struct msrp_session *s, void *arg)
{
	(void)s;
	(void)arg;
	w.bound++;
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	(void)s;
	(void)error;
	(void)arg;
	w.lost++;
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.bound = on_bound,
	.lost = on_lost,
};


static void on_unreachable(struct media_end *e, int error, void *arg)
{
	assert_ptr_equal(e, &w.end);
	assert_ptr_equal(arg, &w);
	w.unreachable++;
	w.error = error;
}


static void close_world(void *arg)
{
	(void)arg;
	media_end_done(&w.end);
	memset(&w.end, 0, sizeof(w.end));
	w.s = mem_unref(w.s);
	w.ln = mem_unref(w.ln);
	w.ep = mem_unref(w.ep);
}


static void set_up(void)
{
	struct addr at;
	struct loop *l;

	memset(&w, 0, sizeof(w));
	w.e = engine_open();
	unit_defer(close_world, NULL);
	l = sip_loop(w.e->sip);
	assert_int_equal(addr_decode_hostport(&at, STR("192.0.2.20:9000")), 0);
	unit_ok(stream_listen(&w.ln, l, &at, NULL, on_accepted, NULL));
	unit_ok(msrp_endpoint_alloc(&w.ep, l, NULL));
	assert_int_equal(addr_decode_hostport(&at, STR("192.0.2.10:2855")), 0);
	unit_ok(msrp_endpoint_listen(w.ep, &(struct msrp_listen_params){.local = at}));
}


static int begin(const struct sdp_msrp *offer)
{
	return media_end_init(&w.end, &(struct media_end_params){
					      .sip = w.e->sip,
					      .endpoint = w.ep,
					      .offer = offer,
					      .handler = &handler,
					      .arg = &w,
					      .unreachable = on_unreachable,
				      });
}


static struct sdp_msrp theirs(enum sdp_setup setup)
{
	return (struct sdp_msrp){
		.address = STR("192.0.2.20"), .port = 9000, .path = STR(THEIRS), .setup = setup};
}


/* ---- Who connects: RFC 6135 ---- */

static void test_answering(void)
{
	static const struct {
		enum sdp_setup offer, answer;
		bool connects;
	} rows[] = {
		/* RFC 4975 5.4: without a=setup the offerer connects. */
		{SDP_SETUP_NONE, SDP_SETUP_NONE, false},
		{SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE, false},
		{SDP_SETUP_ACTPASS, SDP_SETUP_PASSIVE, false},
		{SDP_SETUP_PASSIVE, SDP_SETUP_ACTIVE, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sdp_msrp o = theirs(rows[i].offer);
		struct sdp_end d;

		unit_case("%zu", i);
		set_up();
		o.cema = i % 2;
		unit_ok(begin(&o));
		media_end_describe(&w.end, &d);
		assert_int_equal(d.setup, rows[i].answer);
		assert_int_equal(d.cema, o.cema);
		assert_int_equal(d.port, 2855);
		unit_str(d.address, "192.0.2.10");
		assert_true(str_starts(d.path, STR("msrp://192.0.2.10:2855/")));
		unit_ok(media_end_start(&w.end, &o));
		engine_run(w.e);
		unit_must(w.accepted == rows[i].connects && w.bound == rows[i].connects &&
			  !w.unreachable);
		close_world(NULL);
	}
}


static void test_offering(void)
{
	static const struct {
		enum sdp_setup answer;
		bool connects;
	} rows[] = {
		{SDP_SETUP_ACTIVE, false},
		{SDP_SETUP_PASSIVE, true},
		/* Who does not know a=setup leaves it to the offerer. */
		{SDP_SETUP_NONE, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sdp_msrp a = theirs(rows[i].answer);
		struct sdp_end d;

		unit_case("%zu", i);
		set_up();
		unit_ok(begin(NULL));
		media_end_describe(&w.end, &d);
		assert_int_equal(d.setup, SDP_SETUP_ACTPASS);
		assert_true(d.cema);
		unit_ok(media_end_start(&w.end, &a));
		engine_run(w.e);
		unit_must(w.accepted == rows[i].connects);
		unit_str(msrp_session_remote(w.end.msrp), THEIRS);
		close_world(NULL);
	}
}


/* ---- To where ---- */

static void resolve(int error, const char *address)
{
	struct dns_record r = {.type = DNS_A, .ttl_s = 60};
	struct addr a;

	unit_must(w.e->questions > 0 && w.e->answer);
	if (address)
		assert_int_equal(addr_decode(&a, str_of(address), 0), 0);
	if (address)
		r.addr = a;
	dns_answer_cb *answer = w.e->answer;

	w.e->answer = NULL;
	answer(error, &r, address ? 1 : 0, w.e->answer_arg);
	engine_run(w.e);
}


static void start_toward(const char *name)
{
	struct sdp_msrp o = theirs(SDP_SETUP_PASSIVE);
	struct buf *path;

	set_up();
	path = unit_buf(128);
	buf_printf(path, "msrp://%s:9000/theirs;tcp", name);
	o.path = buf_str(path);
	o.address = str_of(name);
	unit_ok(begin(&o));
	unit_ok(media_end_start(&w.end, &o));
	engine_run(w.e);
}


static void test_name(void)
{
	start_toward("msrp.example.com");
	assert_int_equal(w.accepted, 0);
	for (int i = 0; i < 4 && w.e->answer && !w.accepted; i++)
		resolve(0, "192.0.2.20");
	unit_must(w.accepted == 1 && !w.unreachable);
}


static void test_nowhere(void)
{
	start_toward("nobody.example.com");
	for (int i = 0; i < 4 && w.e->answer && !w.unreachable; i++)
		resolve(-ENOENT, NULL);
	unit_must(w.unreachable == 1);
	assert_int_equal(w.accepted, 0);
}


/* Over before the name was found: nothing more is heard of it. */
static void test_done_while_looking(void)
{
	start_toward("msrp.example.com");
	media_end_done(&w.end);
	engine_run(w.e);
	unit_must(!w.unreachable);
	unit_must(!w.accepted);
	media_end_done(&w.end);
}


/* A connection that is refused is told by the session's own handler. */
static void test_refused(void)
{
	struct sdp_msrp o = theirs(SDP_SETUP_PASSIVE);

	set_up();
	w.ln = mem_unref(w.ln);
	unit_ok(begin(&o));
	unit_ok(media_end_start(&w.end, &o));
	engine_wait(w.e, MSRP_CONNECT_MS);
	unit_must(w.lost + w.unreachable == 1);
	assert_int_equal(w.bound, 0);
}


static void test_malformed(void)
{
	static const struct {
		const char *path;
		uint16_t port;
	} rows[] = {
		{"", 9000},
		{THEIRS, 0},
		{"sip:nobody", 9000},
		{"msrp://", 9000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sdp_msrp o = theirs(SDP_SETUP_PASSIVE);

		unit_case("%s", rows[i].path);
		set_up();
		o.path = str_of(rows[i].path);
		o.port = rows[i].port;
		unit_ok(begin(&o));
		unit_must(media_end_start(&w.end, &o) == -EBADMSG);
		engine_run(w.e);
		assert_int_equal(w.unreachable, 0);
		close_world(NULL);
	}
}


/* ---- Which listener ---- */

static void test_security(void)
{
	struct sdp_msrp o = theirs(SDP_SETUP_ACTIVE);

	set_up();
	o.secure = true;
	unit_must(begin(&o) == -EPROTONOSUPPORT);
	media_end_done(&w.end);
	/* An offer of ours is what there is. */
	unit_ok(media_end_init(&w.end, &(struct media_end_params){
					       .sip = w.e->sip,
					       .endpoint = w.ep,
					       .secure = true,
					       .handler = &handler,
					       .arg = &w,
					       .unreachable = on_unreachable,
				       }));
	assert_false(w.end.at.secure);
}


static void test_never_begun(void)
{
	struct media_end e = {0};

	media_end_done(&e);
}


UNIT_MAIN(UNIT_TEST(test_answering), UNIT_TEST(test_offering), UNIT_TEST(test_name),
	  UNIT_TEST(test_nowhere), UNIT_TEST(test_done_while_looking), UNIT_TEST(test_refused),
	  UNIT_TEST(test_malformed), UNIT_TEST(test_security), UNIT_TEST(test_never_begun))
