/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and connections: binding, sharing, loss, answers, reports, ceilings. */
#include "msrp/session.h"

#include <string.h>

#include "base/counter.h"
#include "msrp/connection.h"
#include "world.h"

#define alice (&w->peers[0])
#define bob (&w->peers[1])

/* What the handler answers with. */
struct wish {
	uint16_t head, body, end;
	bool later;
	struct msrp_answer *kept;
};

static struct wish wish;


static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	note(arg, "head " STR_FMT "@%llu", STR_ARG(r->frame->message_id),
	     (unsigned long long)r->offset);
	return wish.head;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	(void)s;
	note(arg, "%llu:" STR_FMT, (unsigned long long)r->offset, STR_ARG(piece));
	return wish.body;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	(void)s;
	note(arg, "end %c %llu", flag, (unsigned long long)r->bytes);
	if (wish.later) {
		wish.kept = msrp_receive_defer(r);
		return wish.kept ? MSRP_LATER : 408;
	}
	return wish.end ? wish.end : 200;
}


static void on_broken(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	(void)s;
	(void)r;
	note(arg, "broken");
}


static void on_report(struct msrp_session *s, const struct msrp_frame *f, void *arg)
{
	(void)s;
	note(arg, "report " STR_FMT " %u", STR_ARG(f->message_id), f->report_status);
}


static void on_bound(struct msrp_session *s, void *arg)
{
	struct world *w = arg;

	note(w, "bound %c", s == w->a ? 'a' : 'b');
}


static void on_lost(struct msrp_session *s, int error, void *arg)
{
	struct world *w = arg;

	note(w, "lost %c %d", s == w->a ? 'a' : 'b', error);
}


static const struct msrp_session_handler handler = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.report = on_report,
	.bound = on_bound,
	.lost = on_lost,
};


static struct msrp_session *session(struct world *w)
{
	struct msrp_session_params p = {.handler = &handler, .arg = w};
	struct msrp_session *s = NULL;

	unit_ok(msrp_session_alloc(&s, w->ep, &p));
	return s;
}


static const char *uri_of(const struct msrp_session *s)
{
	struct str local = msrp_session_local(s);

	return memcpy(unit_storage(local.n + 1), local.p, local.n);
}


/* Session a, passive, started. */
static struct world *world_passive(void)
{
	struct msrp_remote r = {.path = STR(ALICE_PATH), .role = MSRP_PASSIVE};
	struct world *w = world_open();

	wish = (struct wish){0};
	w->a = session(w);
	alice->to = uri_of(w->a);
	unit_ok(msrp_session_start(w->a, &r));
	return w;
}


static struct msrp_remote to_bob(void)
{
	return (struct msrp_remote){.path = STR(BOB_PATH),
				    .role = MSRP_ACTIVE,
				    .addr = address("192.0.2.2:9000")};
}


static struct world *world_active(void)
{
	struct msrp_remote r = to_bob();
	struct world *w = world_open();

	wish = (struct wish){0};
	w->b = session(w);
	bob->to = uri_of(w->b);
	unit_ok(msrp_session_start(w->b, &r));
	return w;
}


static struct world *world_bound(void)
{
	struct world *w = world_passive();

	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b000");
	run(w);
	peer_heard(alice, "200 b000");
	events_are(w, "bound a");
	return w;
}


/* ---- URIs ---- */

static void test_our_uri(void)
{
	struct world *w = world_open();
	struct msrp_session_params tls = {.secure = true};
	struct msrp_session *s;
	struct str local;

	wish = (struct wish){0};
	w->a = session(w);
	w->b = session(w);
	local = msrp_session_local(w->a);
	assert_true(str_starts(local, STR("msrp://192.0.2.9:2855/")));
	assert_true(str_ends(local, STR(";tcp")));
	assert_int_equal(local.n, strlen("msrp://192.0.2.9:2855/") + 20 + strlen(";tcp"));
	assert_false(str_eq(local, msrp_session_local(w->b)));
	assert_int_equal(msrp_session_alloc(&s, w->ep, &tls), -ENOENT);
	assert_int_equal(msrp_endpoint_sessions(w->ep), 2);
}


/* ---- Binding ---- */

static void test_passive_is_bound_by_the_first_request(void)
{
	struct world *w = world_passive();

	peer_connect(alice, "192.0.2.1:0");
	assert_false(msrp_session_bound(w->a));
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	events_are(w, "bound a, head m1@0, 0:hello, end $ 5");
	peer_heard(alice, "200 t001");
	assert_true(msrp_session_bound(w->a));
	assert_true(addr_eq_host(msrp_session_peer(w->a),
				 &(struct addr){.in = address("192.0.2.1:0").in}));
}


static void test_active_connects_and_sends_at_once(void)
{
	struct world *w = world_active();

	run(w);
	unit_must(bob->accepted == 1);
	unit_must(memmem(bob->log.p, bob->log.n, " 1-0/0 0 bodiless $", 19) != NULL);
	events_are(w, "bound b");
	/* the answer ends the transaction */
	assert_int_equal(msrp_session_outstanding(w->b), 0);
}


static void test_unknown_session_is_refused(void)
{
	struct world *w = world_passive();

	alice->to = "msrp://192.0.2.9:2855/AAAAAAAAAAAAAAAAAAAA;tcp";
	peer_connect(alice, "192.0.2.1:0");
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(alice, "481 t001, closed");
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
	/* on a connection that has a session it is an answer, no more */
	peer_connect(alice, "192.0.2.1:0");
	alice->to = uri_of(w->a);
	peer_bind(alice, "b001");
	alice->to = "msrp://192.0.2.9:2855/AAAAAAAAAAAAAAAAAAAA;tcp";
	for (int i = 0; i < 6; i++)
		peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(alice, "200 b001, 481 t001, 481 t001, 481 t001, 481 t001, 481 t001, 481 t001");
}


static void test_session_in_use_elsewhere(void)
{
	struct world *w = world_bound();
	struct peer *eve = &w->peers[2];

	eve->to = alice->to;
	peer_connect(eve, "192.0.2.66:0");
	peer_send(eve, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(eve, "506 t001");
	events_are(w, "");
	advance(w, MSRP_UNBOUND_MS);
	peer_heard(eve, "closed");
	assert_true(msrp_session_bound(w->a));
}


/* draft-ietf-simple-msrp-sessmatch, RFC 6714, digest c13: host and port may be an ALG's. */
static void test_alg_rewrote_host_and_port(void)
{
	struct world *w = world_passive();
	const char *id = strrchr(uri_of(w->a), '/');
	char *to = unit_storage(128);

	strcpy(to, "msrp://203.0.113.5:40000");
	strcat(to, id);
	alice->to = to;
	alice->path = "msrp://203.0.113.5:41000/other;tcp";
	peer_connect(alice, "203.0.113.5:0");
	peer_printf(alice,
		    "MSRP t001 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
		    "m1\r\n-------t001$\r\n",
		    alice->to, alice->path);
	peer_send(alice, "t002", "m2", "1-2/2", "", "hi", '$');
	run(w);
	peer_heard(alice, "200 t001, 200 t002");
	events_are(w, "bound a, head m2@0, 0:hi, end $ 2");
}


/* The SEND may be here before the SIP answer that tells of its sender. */
static void test_bound_before_started(void)
{
	struct msrp_remote r = {.path = STR(ALICE_PATH), .role = MSRP_PASSIVE};
	struct world *w = world_open();

	wish = (struct wish){0};
	w->a = session(w);
	alice->to = uri_of(w->a);
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b000");
	peer_send(alice, "t001", "m1", "1-2/2", "", "hi", '$');
	run(w);
	peer_heard(alice, "200 b000, 200 t001");
	events_are(w, "bound a, head m1@0, 0:hi, end $ 2");
	unit_ok(msrp_session_start(w->a, &r));
	run(w);
	assert_true(msrp_session_bound(w->a));
	peer_heard(alice, "");
	unit_str(msrp_session_remote(w->a), ALICE_PATH);
	/* active by the SDP, yet the peer came to us: so be it */
	r.role = MSRP_ACTIVE;
	r.addr = address("192.0.2.2:9000");
	unit_ok(msrp_session_start(w->a, &r));
	run(w);
	assert_int_equal(bob->accepted, 0);
}


/* ---- Sharing ---- */

static void test_sessions_share_a_connection(void)
{
	struct world *w = world_active();
	struct msrp_remote second = to_bob(), third = to_bob();
	struct msrp_session *s;

	run(w);
	second.path = STR("msrp://192.0.2.2:9000/bob2;tcp");
	w->a = session(w);
	unit_ok(msrp_session_start(w->a, &second));
	run(w);
	assert_int_equal(bob->accepted, 1);
	assert_int_equal(msrp_endpoint_connections(w->ep), 1);
	events_are(w, "bound b, bound a");
	assert_int_equal(bob->sends, 2);
	/* each gets what is for it */
	buf_clear(&bob->log);
	bob->to = uri_of(w->a);
	peer_send(bob, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(bob, "200 t001");
	events_are(w, "head m1@0, 0:hello, end $ 5");
	/* one goes, the connection stays; both go, it closes */
	msrp_session_stop(w->a);
	run(w);
	peer_heard(bob, "");
	peer_send(bob, "t002", "m2", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(bob, "481 t002");
	/* one that wants its own gets it */
	third.fresh = true;
	s = unit_own(session(w));
	unit_ok(msrp_session_start(s, &third));
	run(w);
	assert_int_equal(bob->accepted, 2);
	buf_clear(&w->events);
	msrp_session_stop(s);
	msrp_session_stop(w->b);
	run(w);
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
	assert_int_equal(msrp_endpoint_sessions(w->ep), 0);
}


static void test_lost_with_all_its_sessions(void)
{
	struct world *w = world_active();
	struct msrp_remote second = to_bob();

	run(w);
	w->a = session(w);
	second.path = STR("msrp://192.0.2.2:9000/bob2;tcp");
	unit_ok(msrp_session_start(w->a, &second));
	run(w);
	events_are(w, "bound b, bound a");
	peer_close(bob);
	run(w);
	events_are(w, "lost b 0, lost a 0");
	assert_false(msrp_session_bound(w->a));
	/* each connects again, on one connection */
	unit_ok(msrp_session_start(w->a, &second));
	second.path = STR(BOB_PATH);
	unit_ok(msrp_session_start(w->b, &second));
	run(w);
	events_are(w, "bound a, bound b");
	assert_int_equal(bob->accepted, 2);
}


static void test_cannot_connect(void)
{
	struct world *w = world_active();
	struct msrp_remote r = to_bob();

	msrp_session_stop(w->b);
	mem_unref(w->b);
	w->b = session(w);
	r.addr = address("192.0.2.77:1");
	unit_ok(msrp_session_start(w->b, &r));
	run(w);
	events_are(w, "lost b -111");
	r.addr = address("192.0.2.2:9000");
	virtual_fault_add(w->vl, &(struct virtual_fault){.kind = VIRTUAL_DROP,
							 .to = address("192.0.2.2:0")});
	unit_ok(msrp_session_start(w->b, &r));
	advance(w, MSRP_CONNECT_MS - 1);
	events_are(w, "");
	advance(w, 1);
	events_are(w, "lost b -110");
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
}


static void test_peer_refuses_the_binding(void)
{
	struct world *w = world_active();

	bob->status = 481;
	run(w);
	events_are(w, "bound b, lost b -2");
	assert_false(msrp_session_bound(w->b));
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
}


/* ---- Time ---- */

static void test_half_open(void)
{
	struct world *w = world_passive();
	struct peer *slow = &w->peers[2];

	peer_connect(alice, "192.0.2.1:0");
	advance(w, 5000);
	slow->to = alice->to;
	peer_connect(slow, "192.0.2.3:0");
	peer_printf(slow, "MSRP t001 SE");
	advance(w, MSRP_UNBOUND_MS - 5001);
	peer_heard(alice, "");
	advance(w, 1);
	peer_heard(alice, "closed");
	advance(w, 4999);
	peer_heard(slow, "");
	advance(w, 1);
	peer_heard(slow, "closed");
	assert_int_equal(msrp_endpoint_connections(w->ep), 0);
	/* one with a session may be silent for ever */
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b001");
	advance(w, 3600000);
	peer_heard(alice, "200 b001");
}


/* ---- What is answered ---- */

static void test_answers(void)
{
	static const struct {
		struct wish wish;
		const char *lines, *heard, *events;
	} rows[] = {
		{{0}, "", "200 t001", "head m1@0, 0:hello, end $ 5"},
		{{.head = 415}, "", "415 t001", "head m1@0"},
		{{.head = 415}, "Failure-Report: partial\r\n", "415 t001", "head m1@0"},
		{{.head = 415}, "Failure-Report: no\r\n", "", "head m1@0"},
		{{.body = 413}, "", "413 t001", "head m1@0, 0:hello"},
		{{.body = 413}, "Failure-Report: no\r\n", "", "head m1@0, 0:hello"},
		{{.end = 403}, "", "403 t001", "head m1@0, 0:hello, end $ 5"},
		{{.end = 403},
		 "Failure-Report: partial\r\n",
		 "403 t001",
		 "head m1@0, 0:hello, end $ 5"},
		{{.end = 403},
		 "Success-Report: yes\r\n",
		 "403 t001",
		 "head m1@0, 0:hello, end $ 5"},
		{{0}, "Failure-Report: partial\r\n", "", "head m1@0, 0:hello, end $ 5"},
		{{0}, "Failure-Report: no\r\n", "", "head m1@0, 0:hello, end $ 5"},
		{{0},
		 "Success-Report: yes\r\n",
		 "200 t001, REPORT m1 1-5/5 200",
		 "head m1@0, 0:hello, end $ 5"},
		{{0},
		 "Success-Report: yes\r\nFailure-Report: no\r\n",
		 "REPORT m1 1-5/5 200",
		 "head m1@0, 0:hello, end $ 5"},
		{{0},
		 "Success-Report: yes\r\nFailure-Report: partial\r\n",
		 "REPORT m1 1-5/5 200",
		 "head m1@0, 0:hello, end $ 5"},
		{{0}, "Success-Report: no\r\n", "200 t001", "head m1@0, 0:hello, end $ 5"},
	};
	struct world *w = world_bound();

	for (size_t later = 0; later < 2; later++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			unit_case("%zu row %zu", later, i);
			wish = rows[i].wish;
			wish.later = later;
			peer_send(alice, "t001", "m1", "1-5/5", rows[i].lines, "hello", '$');
			run(w);
			if (wish.kept) {
				peer_heard(alice, "");
				msrp_answer_give(wish.kept, wish.end ? wish.end : 200);
				run(w);
			} else if (later && !wish.head && !wish.body) {
				buf_clear(&alice->log); /* nothing was wanted */
				buf_clear(&w->events);
				continue;
			}
			peer_heard(alice, rows[i].heard);
			events_are(w, rows[i].events);
		}
	}
	wish = (struct wish){0};
}


/* The answer finds no one any more, and nothing is lost by it. */
static void test_answer_after_the_end(void)
{
	struct world *w = world_bound();

	wish.later = true;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	unit_must(wish.kept != NULL);
	msrp_session_stop(w->a);
	w->a = mem_unref(w->a);
	run(w);
	msrp_answer_give(wish.kept, 200);
	run(w);
	peer_heard(alice, "closed");
	assert_int_equal(msrp_endpoint_sessions(w->ep), 0);
}


static void test_faults(void)
{
	struct world *w = world_bound();

	peer_printf(alice,
		    "MSRP t001 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nByte-Range: 1-2/2\r\n"
		    "Content-Type: text/plain\r\n\r\nhi\r\n-------t001$\r\n",
		    alice->to, alice->path);
	peer_printf(alice,
		    "MSRP t002 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
		    "m2\r\nByte-Range: x\r\n"
		    "Content-Type: text/plain\r\n\r\nhi\r\n-------t002$\r\n",
		    alice->to, alice->path);
	peer_printf(alice,
		    "MSRP t003 AUTH\r\nTo-Path: msrp://192.0.2.9:2855;tcp\r\nFrom-Path: "
		    "%s\r\n-------t003$\r\n",
		    alice->path);
	peer_printf(alice,
		    "MSRP t004 NICKNAME\r\nTo-Path: %s\r\nFrom-Path: %s\r\nUse-Nickname: \"x\"\r\n"
		    "-------t004$\r\n",
		    alice->to, alice->path);
	peer_printf(alice, "MSRP t005 200 OK\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------t005$\r\n",
		    alice->to, alice->path);
	peer_send(alice, "t006", "m6", "1-2/2", "", "hi", '$');
	run(w);
	peer_heard(alice, "400 t001, 400 t002, 501 t003, 501 t004, 200 t006");
	events_are(w, "head m6@0, 0:hi, end $ 2");
	/* the framing is lost: answered, and closed */
	peer_printf(alice,
		    "MSRP t007 SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nnonsense without colon\r\n",
		    alice->to, alice->path);
	run(w);
	peer_heard(alice, "400 t007, closed");
	unit_must(memmem(w->events.p, w->events.n, "lost a", 6) != NULL);
}


static void test_chunk_broken_off(void)
{
	struct world *w = world_bound();

	peer_head(alice, "t001", "m1", "1-*/*", "");
	peer_write(alice, "hel", 3);
	run(w);
	events_are(w, "head m1@0, 0:hel");
	peer_close(alice);
	run(w);
	events_are(w, "broken, lost a 0");
}


/* ---- Reports ---- */

static void test_success_reports_of_chunks(void)
{
	static const struct {
		const char *chunks[4]; /* RANGE FLAG, five bytes each */
		const char *reports;
	} rows[] = {
		{{"1-5/5$"}, "REPORT m1 1-5/5 200"},
		{{"1-5/10+", "6-10/10$"}, "REPORT m1 1-10/10 200"},
		{{"1-*/*+", "6-*/*+", "11-*/*$"}, "REPORT m1 1-15/15 200"},
		{{"6-10/10$", "1-5/10+"}, "REPORT m1 6-10/10 200"},
		{{"1-5/15+", "11-15/15$", "6-10/15+"},
		 "REPORT m1 1-5/15 200, REPORT m1 11-15/15 200, REPORT m1 6-10/15 200"},
		{{"1-5/10+", "6-10/10#"}, ""},
	};
	struct world *w = world_bound();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		for (size_t k = 0; k < 4 && rows[i].chunks[k]; k++) {
			char *range = strcpy(unit_storage(32), rows[i].chunks[k]);
			char flag = range[strlen(range) - 1];

			range[strlen(range) - 1] = 0;
			peer_send(alice, "t001", "m1", range,
				  "Success-Report: yes\r\nFailure-Report: no\r\n", "hello", flag);
		}
		run(w);
		if (i == 3) { /* its first chunk began what is to go on */
			peer_heard(alice, rows[i].reports);
			peer_send(alice, "t001", "m1", "6-10/10",
				  "Success-Report: yes\r\nFailure-Report: no\r\n", "hello", '$');
			run(w);
			peer_heard(alice, "REPORT m1 1-10/10 200");
			continue;
		}
		peer_heard(alice, rows[i].reports);
	}
}


static void test_report_heard_and_sent(void)
{
	struct world *w = world_bound();
	struct msrp_session_report r = {
		.message_id = STR("m1"),
		.range = {1, 5, 5},
		.status = 413,
	};

	peer_printf(alice,
		    "MSRP t001 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m9\r\n"
		    "Byte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n-------t001$\r\n",
		    alice->to, alice->path);
	run(w);
	events_are(w, "report m9 200");
	peer_heard(alice, "");
	unit_ok(msrp_session_report(w->a, &r));
	run(w);
	peer_heard(alice, "REPORT m1 1-5/5 413");
	peer_close(alice);
	run(w);
	assert_int_equal(msrp_session_report(w->a, &r), -ENOTCONN);
}


static void on_status(struct msrp_session *s, uint16_t status, void *arg)
{
	(void)s;
	note(arg, "status %u", status);
}


static void test_request_of_ours(void)
{
	struct world *w = world_bound();
	struct str lines = STR("Use-Nickname: \"Al\"\r\n");

	unit_ok(msrp_session_request(w->a, STR("NICKNAME"), lines, on_status, w));
	run(w);
	peer_heard(alice, "NICKNAME 0");
	events_are(w, "status 200");
	alice->status = 0;
	unit_ok(msrp_session_request(w->a, STR("NICKNAME"), lines, on_status, w));
	run(w);
	advance(w, MSRP_TRANSACTION_MS - 1);
	events_are(w, "");
	advance(w, 1);
	events_are(w, "status 408");
	unit_ok(msrp_session_request(w->a, STR("NICKNAME"), lines, on_status, w));
	run(w);
	peer_close(alice);
	run(w);
	events_are(w, "status 0, lost a 0");
}


/* ---- Pausing ---- */

static void test_pause(void)
{
	struct world *w = world_bound();

	msrp_session_pause(w->a);
	msrp_session_pause(w->a);
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	events_are(w, "");
	msrp_session_resume(w->a);
	run(w);
	events_are(w, "");
	msrp_session_resume(w->a);
	run(w);
	events_are(w, "head m1@0, 0:hello, end $ 5");
	peer_heard(alice, "200 t001");
	/* also over a new connection */
	msrp_session_pause(w->a);
	peer_close(alice);
	msrp_session_resume(w->a);
	run(w);
	events_are(w, "lost a 0");
	msrp_session_pause(w->a);
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b001");
	peer_send(alice, "t002", "m2", "1-5/5", "", "hello", '$');
	run(w);
	events_are(w, "bound a");
	msrp_session_resume(w->a);
	run(w);
	events_are(w, "head m2@0, 0:hello, end $ 5");
}


/* ---- Ceilings ---- */

static void test_ceilings(void)
{
	struct world *w = world_passive();
	struct msrp_limits limits = {
		.sessions = 1, .connections = 3, .connections_per_host = 2, .unbound = 2};
	struct msrp_session_params p = {.handler = &handler, .arg = w};
	struct peer *third = &w->peers[2], *fourth = &w->peers[3];
	struct msrp_session *s;

	msrp_endpoint_set_limits(w->ep, &limits);
	assert_int_equal(msrp_session_alloc(&s, w->ep, &p), -ENOBUFS);
	/* two of one address, not three */
	peer_connect(alice, "192.0.2.1:0");
	peer_bind(alice, "b000");
	alice->to = uri_of(w->a);
	peer_bind(alice, "b001");
	peer_connect(third, "192.0.2.1:0");
	peer_connect(fourth, "192.0.2.1:0");
	run(w);
	peer_heard(fourth, "closed");
	assert_int_equal(msrp_endpoint_connections(w->ep), 2);
	/* of those without a session, the oldest makes room */
	peer_connect(bob, "192.0.2.2:0");
	peer_connect(fourth, "192.0.2.3:0");
	run(w);
	peer_heard(third, "closed");
	peer_heard(bob, "");
	peer_heard(fourth, "");
	assert_int_equal(msrp_endpoint_connections(w->ep), 3);
	assert_true(msrp_session_bound(w->a));
}


static void test_shutdown(void)
{
	struct world *w = world_bound();
	struct msrp_session_params p = {.handler = &handler, .arg = w};
	struct msrp_session *s;

	msrp_endpoint_shutdown(w->ep);
	assert_int_equal(msrp_session_alloc(&s, w->ep, &p), -EPIPE);
	peer_send(alice, "t001", "m1", "1-2/2", "", "hi", '$');
	run(w);
	peer_heard(alice, "200 t001");
	peer_connect(&w->peers[2], "192.0.2.3:0");
	peer_heard(&w->peers[2], "failed");
}


static void test_gauges_go_to_zero(void)
{
	struct world *w = world_bound();

	counter_reset_all();
	msrp_session_stop(w->a);
	w->a = mem_unref(w->a);
	run(w);
	assert_int_equal(counter_find(STR("msrp.sessions"))->value, -1);
	assert_int_equal(counter_find(STR("msrp.connections"))->value, -1);
	assert_int_equal(counter_find(STR("msrp.transactions"))->value, 0);
	counter_reset_all();
}


UNIT_MAIN(UNIT_TEST(test_our_uri), UNIT_TEST(test_passive_is_bound_by_the_first_request),
	  UNIT_TEST(test_active_connects_and_sends_at_once),
	  UNIT_TEST_PLAIN(test_unknown_session_is_refused),
	  UNIT_TEST_PLAIN(test_session_in_use_elsewhere),
	  UNIT_TEST_PLAIN(test_alg_rewrote_host_and_port),
	  UNIT_TEST_PLAIN(test_bound_before_started),
	  UNIT_TEST_PLAIN(test_sessions_share_a_connection),
	  UNIT_TEST_PLAIN(test_lost_with_all_its_sessions), UNIT_TEST_PLAIN(test_cannot_connect),
	  UNIT_TEST_PLAIN(test_peer_refuses_the_binding), UNIT_TEST_PLAIN(test_half_open),
	  UNIT_TEST_PLAIN(test_answers), UNIT_TEST_PLAIN(test_answer_after_the_end),
	  UNIT_TEST_PLAIN(test_faults), UNIT_TEST(test_chunk_broken_off),
	  UNIT_TEST_PLAIN(test_success_reports_of_chunks),
	  UNIT_TEST_PLAIN(test_report_heard_and_sent), UNIT_TEST_PLAIN(test_request_of_ours),
	  UNIT_TEST_PLAIN(test_pause), UNIT_TEST_PLAIN(test_ceilings),
	  UNIT_TEST_PLAIN(test_shutdown), UNIT_TEST_PLAIN(test_gauges_go_to_zero))
