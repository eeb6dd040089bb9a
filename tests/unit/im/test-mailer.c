/* SPDX-License-Identifier: Apache-2.0 */
/* One message to many: order, retries, restarts, notices; over the engine and a store in memory. */
#include "im/controlling/mailer.h"

#include <stdio.h>
#include <string.h>

#include "im/own.h"
#include "im/route.h"
#include "msrp/endpoint.h"
#include "sip/dialog.h"
#include "store/memory/memory.h"
#include "unit/sip/engine.h"

#define BOB "sip:bob@192.0.2.20:5060"
#define CAROL "sip:carol@192.0.2.21:5060"
#define ALICE "sip:alice@192.0.2.22:5060"
#define CPIM                                                                              \
	"From:<sip:alice@example.org>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"             \
	"imdn.Message-ID: m1\r\nimdn.Disposition-Notification: negative-delivery\r\n\r\n" \
	"Content-Type: text/plain\r\n\r\nhello"

struct fixture {
	struct engine *e;
	struct peer *bob, *carol, *alice;
	struct store *store;
	struct im_own *own;
	struct sip_dialogs *dialogs;
	struct msrp_endpoint *msrp;
	struct mailer *m;
	struct im_events events;
	struct im_listener listener;
	struct buf *told;
	struct mailer_posting posting;
	int posted;
	int error;
	struct store_request r;
	size_t waits; /**< mailings in the store */
};

static const struct str domains[] = {STR_INIT("example.org")};
static const struct im_setting setting = {.terminates_here = true};


static void told(const struct im_event *e, void *arg)
{
	struct fixture *f = arg;

	buf_printf(f->told, "%s " STR_FMT " %u\n",
		   e->outcome == IM_RELAYED   ? "relayed"
		   : e->outcome == IM_EXPIRED ? "expired"
					      : "failed",
		   STR_ARG(e->recipient), e->status);
}


static void end(void *arg)
{
	struct fixture *f = arg;

	f->m = mem_unref(f->m);
	store_cancel(&f->r);
	f->store = mem_unref(f->store);
	f->own = mem_unref(f->own);
}


static void start(struct fixture *f)
{
	unit_ok(mailer_alloc(&f->m,
			     &(struct mailer_params){
				     .sip = f->e->sip,
				     .store = f->store,
				     .own = f->own,
				     .events = &f->events,
				     .setting = &setting,
				     .dialogs = f->dialogs,
				     .msrp = f->msrp,
				     .addresses = {.domains = domains,
						   .domains_n = 1,
						   .exploder = STR("sip:exploder@example.org")},
			     }));
	mailer_start(f->m);
	engine_run(f->e);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->e = engine_open();
	f->bob = peer_open(f->e, "192.0.2.20:5060");
	f->carol = peer_open(f->e, "192.0.2.21:5060");
	f->alice = peer_open(f->e, "192.0.2.22:5060");
	peer_listen(f->alice); /* a notice is too large for a datagram */
	f->told = unit_buf(8192);
	im_events_init(&f->events);
	f->listener = (struct im_listener){.event = told, .arg = f};
	im_events_listen(&f->events, &f->listener);
	unit_defer(end, f);
	unit_ok(store_open(&f->store, sip_loop(f->e->sip), STR("memory:"), f->told));
	unit_ok(im_own_alloc(&f->own, &(struct im_own_params){
					      .sip = f->e->sip,
					      .setting = &setting,
					      .addresses = {.domains = domains, .domains_n = 1},
				      }));
	start(f);
	return f;
}


static void on_posted(struct mailer_posting *p, int error, void *arg)
{
	struct fixture *f = arg;

	(void)p;
	f->posted++;
	f->error = error;
}


static struct store_mailing mailing(const char *body, const struct store_mailing_recipient *to,
				    size_t n)
{
	return (struct store_mailing){
		.kind = MAILING_LIST,
		.sender = STR(ALICE),
		.from = STR("\"Alice\" <sip:alice@example.org>"),
		.headers = STR("Subject: s\r\n"),
		.type = STR("text/plain"),
		.body = str_of(body),
		.received_ms = 1767225600000,
		.recipient = to,
		.recipients_n = n,
	};
}

static const struct store_mailing_recipient both[] = {
	{.position = 0,
	 .uri = STR_INIT(BOB),
	 .who = STR_INIT("sip:bob@192.0.2.20"),
	 .headers = STR_INIT("")},
	{.position = 1,
	 .uri = STR_INIT(CAROL),
	 .who = STR_INIT("sip:carol@192.0.2.21"),
	 .headers = STR_INIT("Priority: urgent\r\n")},
};


static void post(struct fixture *f, const struct store_mailing *what)
{
	f->posted = 0;
	unit_ok(mailer_post(f->m, what, &f->posting, on_posted, f));
	assert_int_equal(f->posted, 0);
	engine_run(f->e);
	assert_int_equal(f->posted, 1);
	unit_ok(f->error);
}


static void listed(struct store_request *r, int error, void *arg)
{
	struct fixture *f = arg;

	f->error = error;
	(void)store_mailing_result(r, &f->waits);
}


static size_t in_store(struct fixture *f)
{
	unit_ok(store_mailing_list(f->store, &f->r, 0, STORE_MAILING_PAGE_MAX, listed, f));
	engine_run(f->e);
	unit_ok(f->error);
	return f->waits;
}


static void test_each_one(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("hello", both, 2);

	post(f, &m);
	unit_must(peer_count(f->bob) == 1 && peer_count(f->carol) == 1);
	unit_must(peer_has(f->bob, 0, "MESSAGE " BOB " SIP/2.0\r\n"));
	unit_must(peer_has(f->bob, 0, "From: \"Alice\" <sip:alice@example.org>;tag="));
	unit_must(peer_has(f->bob, 0, "To: <" BOB ">\r\n"));
	unit_must(peer_has(f->bob, 0, "P-Asserted-Identity: <" ALICE ">\r\n"));
	unit_must(peer_has(f->bob, 0, "Subject: s\r\n"));
	unit_must(peer_has(f->bob, 0, "\r\n\r\nhello"));
	assert_false(peer_has(f->bob, 0, "Priority:"));
	assert_false(peer_has(f->bob, 0, "Route:"));
	assert_false(peer_has(f->bob, 0, "Expires:"));
	unit_must(peer_has(f->carol, 0, "Priority: urgent\r\n"));
	assert_string_not_equal(peer_header(f->bob, 0, "Call-ID: "),
				peer_header(f->carol, 0, "Call-ID: "));
	unit_must(in_store(f) == 1);
	peer_answer(f->bob, 0, 200, "");
	engine_run(f->e);
	unit_must(in_store(f) == 1);
	assert_int_equal(mailer_waiting(f->m), 1);
	peer_answer(f->carol, 0, 202, "");
	engine_run(f->e);
	unit_must(in_store(f) == 0);
	assert_int_equal(mailer_waiting(f->m), 0);
	unit_buf_is(f->told, "relayed sip:bob@192.0.2.20 200\nrelayed sip:carol@192.0.2.21 202\n");
}


/* More than a page of them is there at the start. */
static void test_pages(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("hello", both, 1);

	for (int i = 0; i < STORE_MAILING_PAGE_MAX + 2; i++)
		post(f, &m);
	f->m = mem_unref(f->m);
	start(f);
	assert_int_equal(mailer_waiting(f->m), STORE_MAILING_PAGE_MAX + 2);
	assert_false(mailer_full(f->m, 1, 1));
}


/* One recipient has one at a time, in the order of posting; another does not wait for them. */
static void test_order(void)
{
	struct fixture *f = fixture();
	struct store_mailing one = mailing("1", both, 2), two = mailing("2", both, 2);

	post(f, &one);
	post(f, &two);
	unit_must(peer_count(f->bob) == 1 && peer_has(f->bob, 0, "\r\n\r\n1"));
	peer_answer(f->carol, 0, 200, "");
	engine_run(f->e);
	unit_must(peer_count(f->carol) == 2 && peer_has(f->carol, 1, "\r\n\r\n2"));
	assert_int_equal(peer_count(f->bob), 1);
	peer_answer(f->bob, 0, 404, "");
	engine_run(f->e);
	unit_must(peer_count(f->bob) == 2 && peer_has(f->bob, 1, "\r\n\r\n2"));
}


/* Of the moment: again later, the same request; of the message: never again. */
static void test_again(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("x", both, 1);
	const char *id;

	post(f, &m);
	unit_must(peer_count(f->bob) == 1);
	id = peer_header(f->bob, 0, "Call-ID: ");
	peer_answer(f->bob, 0, 503, "");
	engine_wait(f->e, MAILER_REST_MS - 1);
	assert_int_equal(peer_count(f->bob), 1);
	engine_wait(f->e, 1);
	unit_must(peer_count(f->bob) == 2);
	assert_string_equal(peer_header(f->bob, 1, "Call-ID: "), id);
	assert_string_equal(peer_header(f->bob, 1, "From: "), peer_header(f->bob, 0, "From: "));
	assert_string_not_equal(peer_header(f->bob, 1, "Via: "), peer_header(f->bob, 0, "Via: "));
	peer_answer(f->bob, 1, 480, "");
	engine_wait(f->e, MAILER_REST_MS * 2 - 1);
	assert_int_equal(peer_count(f->bob), 2);
	engine_wait(f->e, 1);
	unit_must(peer_count(f->bob) == 3);
	peer_answer(f->bob, 2, 603, "");
	engine_run(f->e);
	unit_buf_is(f->told, "failed sip:bob@192.0.2.20 603\n");
	unit_must(in_store(f) == 0);
}


/* Not for ever. */
static void test_gives_up(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("x", both, 1);

	post(f, &m);
	for (uint64_t i = 0, ms = MAILER_REST_MS; i < MAILER_ATTEMPTS; i++, ms *= 2) {
		unit_must(peer_count(f->bob) == i + 1);
		peer_answer(f->bob, (unsigned)i, 503, "");
		engine_wait(f->e, ms < MAILER_REST_MAX_MS ? ms : MAILER_REST_MAX_MS);
	}
	assert_int_equal(peer_count(f->bob), MAILER_ATTEMPTS);
	unit_buf_is(f->told, "failed sip:bob@192.0.2.20 503\n");
	unit_must(in_store(f) == 0);
}


static void test_expires(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("x", both, 1);

	m.flags = MAILING_EXPIRES;
	m.received_ms = loop_wall_ms(sip_loop(f->e->sip));
	m.expires_ms = m.received_ms + 60000;
	post(f, &m);
	unit_must(peer_count(f->bob) == 1 && peer_has(f->bob, 0, "Expires: 60\r\n"));
	peer_answer(f->bob, 0, 503, "");
	engine_wait(f->e, MAILER_REST_MS);
	unit_must(peer_count(f->bob) == 2);
	peer_answer(f->bob, 1, 503, "");
	engine_wait(f->e, MAILER_REST_MAX_MS);
	assert_int_equal(peer_count(f->bob), 2);
	unit_buf_is(f->told, "expired sip:bob@192.0.2.20 0\n");
}


/* What is on disk and not settled is sent by the next process, under the same Call-ID. */
static void test_restart(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("x", both, 2), later = mailing("y", both, 1);
	const char *id;

	post(f, &m);
	unit_must(peer_count(f->bob) == 1 && peer_count(f->carol) == 1);
	id = peer_header(f->bob, 0, "Call-ID: ");
	peer_answer(f->carol, 0, 200, "");
	engine_run(f->e);
	f->m = mem_unref(f->m);
	start(f);
	unit_must(peer_count(f->bob) == 2);
	assert_int_equal(peer_count(f->carol), 1);
	assert_string_equal(peer_header(f->bob, 1, "Call-ID: "), id);
	post(f, &later);
	peer_answer(f->bob, 1, 200, "");
	engine_run(f->e);
	unit_must(peer_count(f->bob) == 3 && peer_has(f->bob, 2, "\r\n\r\ny"));
}


/* RFC 5438 8.2: who asked for it hears of a failure, and only of that. */
static void test_notice(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing(CPIM, both, 2);

	m.type = STR("message/cpim");
	m.message_id = STR("m1");
	m.flags = MAILING_NEGATIVE;
	post(f, &m);
	unit_must(peer_count(f->bob) == 1 && peer_count(f->carol) == 1);
	peer_answer(f->bob, 0, 200, "");
	engine_run(f->e);
	assert_int_equal(peer_count(f->alice), 0);
	peer_answer(f->carol, 0, 404, "");
	engine_run(f->e);
	unit_must(peer_count(f->alice) == 1);
	unit_must(peer_has(f->alice, 0, "From: <sip:carol@192.0.2.21>;tag="));
	unit_must(peer_has(f->alice, 0, "P-Asserted-Identity: <sip:exploder@example.org>\r\n"));
	unit_must(peer_has(f->alice, 0, "<message-id>m1</message-id>"));
	unit_must(peer_has(f->alice, 0, "<failed/>"));
	unit_must(in_store(f) == 1);
}


/* The same of a large one, whose content is not at hand: its head is. */
static void test_large_notice(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing(CPIM, both, 1);

	m.type = STR("message/cpim");
	m.message_id = STR("m1");
	m.flags = MAILING_NEGATIVE | MAILING_LARGE;
	m.file = STR("0123456789abcdef");
	m.size = 1000000;
	/* There is no MSRP here. */
	post(f, &m);
	unit_must(peer_count(f->alice) == 1);
	unit_must(peer_has(f->alice, 0, "<message-id>m1</message-id>"));
	unit_must(peer_has(f->alice, 0, "<failed/>"));
	unit_must(str_find_str(buf_str(f->told), STR("failed sip:bob@192.0.2.20 513\n")) >= 0);
}


static void end_msrp(void *arg)
{
	struct fixture *f = arg;

	f->m = mem_unref(f->m);
	if (f->dialogs)
		sip_dialogs_close(f->dialogs);
	f->dialogs = mem_unref(f->dialogs);
	f->msrp = mem_unref(f->msrp);
}


/* The content must be there once for who keeps it, however often it is sent. */
static void test_large_restart(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("", both, 2);
	struct addr at;
	const char *id, *from, *other;

	f->m = mem_unref(f->m);
	unit_defer(end_msrp, f);
	unit_ok(sip_dialogs_alloc(&f->dialogs, f->e->sip));
	unit_ok(msrp_endpoint_alloc(&f->msrp, sip_loop(f->e->sip), NULL));
	assert_int_equal(addr_decode_hostport(&at, STR("192.0.2.10:2855")), 0);
	unit_ok(msrp_endpoint_listen(f->msrp, &(struct msrp_listen_params){.local = at}));
	start(f);
	m.flags = MAILING_LARGE;
	m.file = STR("0123456789abcdef");
	m.size = 1000000;
	post(f, &m);
	unit_must(peer_count(f->bob) == 1 && peer_count(f->carol) == 1);
	unit_must(peer_has(f->bob, 0, "INVITE " BOB " SIP/2.0\r\n"));
	id = peer_header(f->bob, 0, "Call-ID: ");
	from = peer_header(f->bob, 0, "From: ");
	other = peer_header(f->carol, 0, "Call-ID: ");
	unit_must(strncmp(id, "mailing-", 8) == 0);
	assert_string_not_equal(id, other);
	f->m = mem_unref(f->m);
	start(f);
	unit_must(peer_count(f->bob) == 2);
	unit_must(peer_count(f->carol) == 2);
	unit_must(peer_has(f->bob, 1, "INVITE " BOB " SIP/2.0\r\n"));
	assert_string_equal(peer_header(f->bob, 1, "Call-ID: "), id);
	assert_string_equal(peer_header(f->bob, 1, "From: "), from);
	assert_string_equal(peer_header(f->bob, 1, "CSeq: "), "1 INVITE");
	assert_string_equal(peer_header(f->carol, 1, "Call-ID: "), other);
}


/* The disk: nothing was accepted, nothing is sent. */
static void test_trouble(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("x", both, 2);

	store_memory_fail_next(f->store, 1, -ENOSPC);
	f->posted = 0;
	unit_ok(mailer_post(f->m, &m, &f->posting, on_posted, f));
	engine_run(f->e);
	assert_int_equal(f->posted, 1);
	assert_int_equal(f->error, -ENOSPC);
	assert_int_equal(peer_count(f->bob), 0);
	assert_int_equal(mailer_waiting(f->m), 0);

	/* Cancelled: it is sent all the same. */
	f->posted = 0;
	unit_ok(mailer_post(f->m, &m, &f->posting, on_posted, f));
	mailer_posting_cancel(&f->posting);
	engine_run(f->e);
	assert_int_equal(f->posted, 0);
	unit_must(peer_count(f->bob) == 1);

	mailer_stop(f->m);
	assert_true(mailer_post(f->m, &m, &f->posting, on_posted, f) == -ENOBUFS);
	mailer_stop(f->m);
}


/* Nobody fills it for all. */
static void test_quota(void)
{
	struct fixture *f = fixture();
	char *body = unit_storage(STORE_MAILING_BODY_MAX + 1);
	struct store_mailing m = mailing(body, both, 1);
	int err = 0;
	unsigned n = 0;

	memset(body, 'b', STORE_MAILING_BODY_MAX);
	m.body = (struct str){body, STORE_MAILING_BODY_MAX};
	while (!err && n < 100) {
		err = mailer_post(f->m, &m, NULL, NULL, NULL);
		n += !err;
		engine_run(f->e);
	}
	assert_int_equal(err, -EDQUOT);
	assert_true(n > 20 && n <= MAILER_SENDER_BYTES_MAX / STORE_MAILING_BODY_MAX);
	m.sender = STR("sip:other@example.org");
	unit_ok(mailer_post(f->m, &m, NULL, NULL, NULL));
	engine_run(f->e);
}


/* Of large messages it is the disk that none fills. */
static void test_disk(void)
{
	struct fixture *f = fixture();
	struct store_mailing m = mailing("", both, 1);

	m.file = STR("0123456789abcdef");
	m.body = STR("");
	m.size = MAILER_SENDER_FILES_MAX + 1;
	unit_ok(mailer_post(f->m, &m, NULL, NULL, NULL));
	m.size = 1;
	unit_must(mailer_post(f->m, &m, NULL, NULL, NULL) == -EDQUOT);
	m.sender = STR("sip:other@example.org");
	unit_ok(mailer_post(f->m, &m, NULL, NULL, NULL));
	m.size = MAILER_SENDER_FILES_MAX;
	unit_must(mailer_post(f->m, &m, NULL, NULL, NULL) == -EDQUOT);
	engine_run(f->e);
}


/* More than may be under way: the others wait for their turn. */
static void test_many(void)
{
	struct fixture *f = fixture();
	struct store_mailing_recipient *to = unit_storage((MAILER_AT_ONCE + 10) * sizeof(*to));
	char(*who)[48] = unit_storage((MAILER_AT_ONCE + 10) * sizeof(*who));
	struct store_mailing m = mailing("x", to, MAILER_AT_ONCE + 10);

	for (unsigned i = 0; i < MAILER_AT_ONCE + 10; i++) {
		snprintf(who[i], sizeof(who[i]), "sip:u%u@192.0.2.20:5060", i);
		to[i] = (struct store_mailing_recipient){.position = i,
							 .uri = str_of(who[i]),
							 .who = str_of(who[i]),
							 .headers = STR("")};
	}
	post(f, &m);
	unit_must(peer_count(f->bob) == MAILER_AT_ONCE);
	for (unsigned i = 0; i < 10; i++)
		peer_answer(f->bob, i, 200, "");
	engine_run(f->e);
	unit_must(peer_count(f->bob) == MAILER_AT_ONCE + 10);
	assert_false(mailer_full(f->m, 1, 1));
	assert_true(mailer_full(f->m, MAILER_WAITING_MAX, 1));
	assert_true(mailer_full(f->m, 1, MAILER_BYTES_MAX));
}


UNIT_MAIN(UNIT_TEST(test_each_one), UNIT_TEST(test_order), UNIT_TEST(test_again),
	  UNIT_TEST_PLAIN(test_gives_up), UNIT_TEST_PLAIN(test_expires), UNIT_TEST(test_restart),
	  UNIT_TEST(test_notice), UNIT_TEST(test_large_notice), UNIT_TEST(test_large_restart),
	  UNIT_TEST_PLAIN(test_trouble), UNIT_TEST_PLAIN(test_quota), UNIT_TEST_PLAIN(test_disk),
	  UNIT_TEST_PLAIN(test_many), UNIT_TEST_PLAIN(test_pages))
