/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for what the server keeps: what is put on the wire, what its refusals and its lists become. */
#include "peer.h"

#include <errno.h>

#include "base/addr.h"
#include "base/mem.h"
#include "body/history_list.h"
#include "msrp/send.h"
#include "msrp/session.h"

#define KEEPER "sip:history@example.org"
#define MEDIA "192.0.2.10:2855"

struct heard {
	unsigned ended, status, n, entries;
	int error;
	bool next;
};


static void on_ended(struct parley *p, const struct parley_kept_end *e, void *arg)
{
	struct heard *h = arg;

	(void)p;
	h->ended++;
	h->status = e->outcome->status;
	h->error = e->outcome->error;
	h->n = e->n;
	h->next = e->next != NULL;
}


static void on_entry(struct parley *p, const struct parley_kept *k, void *arg)
{
	(void)p;
	(void)k;
	((struct heard *)arg)->entries++;
}


static const struct parley_kept_handler handler = {.entry = on_entry, .ended = on_ended};


static bool has(const struct sip_msg *m, const char *text)
{
	return str_find_str(m->body, str_of(text)) >= 0;
}


/* ---- Fetching ---- */

/* Digest c3 (1): the SDP to receive, and the references as a list beside it. */
static void test_invite(void)
{
	static const char *const two[] = {"sip:history@example.org;id=7",
					  "sip:history@example.org;id=8"};
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct heard *h = unit_storage(sizeof(*h));
	const struct sip_msg *m;

	unit_ok(parley_kept_get(s->parley,
				&(struct parley_selection){.references = two, .references_n = 2},
				&handler, h));
	m = peer_take(s);
	assert_int_equal(m->method, SIP_INVITE);
	unit_str(m->uri, "sip:history@example.org");
	peer_header_is(m, ACCEPT_CONTACT, "*;+g.oma.sip-im");
	assert_true(str_starts(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), STR("multipart/mixed;")));
	assert_true(has(m, "a=recvonly\r\n"));
	assert_true(has(m, "a=accept-types:message/cpim\r\n"));
	assert_true(has(m, "Content-Disposition: recipient-list"));
	assert_true(has(m, "uri=\"sip:history@example.org;id=7\""));
	assert_true(has(m, "uri=\"sip:history@example.org;id=8\""));
	peer_answer(s, 404, "Warning: 399 x \"there is no such message\"\r\n");
	unit_must(h->ended == 1);
	unit_must(h->status == 404);
}


static void test_selected(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct heard *h = unit_storage(sizeof(*h));
	const struct sip_msg *m;

	unit_ok(parley_kept_list(s->parley,
				 &(struct parley_selection){.keeper = PARLEY_HISTORY,
							    .with = "sip:bob@example.org",
							    .text = "50% & more",
							    .since_ms = 5,
							    .limit = 9},
				 &handler, h));
	m = peer_take(s);
	assert_true(has(m, "a=accept-types:application/vnd.oma.im.history-list+xml\r\n"));
	assert_true(has(m, "uri=\"sip:history@example.org;with=sip:bob%40example.org;"
			   "text=50%25%20&amp;%20more;since=5;limit=9\""));
	peer_answer(s, 403, "");
	unit_must(h->ended == 1);
	unit_must(h->status == 403);
}


/* Everything: there is nothing to say beside the SDP. */
static void test_all(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct heard *h = unit_storage(sizeof(*h));
	const struct sip_msg *m;

	unit_ok(parley_kept_get(s->parley,
				&(struct parley_selection){.keeper = PARLEY_DEFERRED,
							   .service = "sip:later@example.net"},
				&handler, h));
	m = peer_take(s);
	unit_str(m->uri, "sip:later@example.net");
	peer_header_is(m, CONTENT_TYPE, "application/sdp");
	parley_close(s->parley);
	s->parley = NULL;
	assert_int_equal(h->ended, 0);
}


/* ---- Deleting ---- */

static void test_deleted(void)
{
	static const char *const many[] = {
		"sip:history@example.org;id=1", "sip:history@example.org;id=2",
		"sip:history@example.org;id=3", "sip:history@example.org;id=4",
		"sip:history@example.org;id=5", "sip:history@example.org;id=6",
		"sip:history@example.org;id=7"};
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct heard *h = unit_storage(sizeof(*h));
	const struct sip_msg *m;

	unit_ok(parley_kept_delete(
		s->parley, &(struct parley_selection){.references = many, .references_n = 7},
		&handler, h));
	m = peer_take(s);
	assert_int_equal(m->method, SIP_MESSAGE);
	unit_str(m->uri, "sip:history@example.org");
	peer_header_is(m, CONTENT_TYPE, "application/resource-lists+xml");
	assert_true(has(m, "id=6") && !has(m, "id=7"));
	assert_true(m->n < 1500);
	peer_answer(s, 200, "");
	m = peer_take(s);
	assert_true(has(m, "id=7"));
	assert_int_equal(h->ended, 0);
	peer_answer(s, 404, "");
	unit_must(h->ended == 1);
	unit_must(h->status == 200);
	unit_ok(parley_kept_delete(s->parley, &(struct parley_selection){.keeper = PARLEY_DEFERRED},
				   &handler, h));
	m = peer_take(s);
	assert_true(has(m, "<entry uri=\"sip:deferred@example.org\""));
	peer_answer(s, 404, "");
	unit_must(h->ended == 2);
	unit_must(h->status == 404);
}


static void test_closed(void)
{
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct heard *h = unit_storage(sizeof(*h));

	unit_ok(parley_kept_delete(s->parley, &(struct parley_selection){.keeper = PARLEY_HISTORY},
				   &handler, h));
	(void)peer_take(s);
	parley_close(s->parley);
	s->parley = NULL;
	assert_int_equal(h->ended, 0);
}


/* ---- Lists ---- */

/* A server that gives out lists as it is told to. */
struct lister {
	struct peer *s;
	struct msrp_endpoint *ep;
	struct msrp_session *end;
	unsigned refused; /**< of the lists sent, the last answer that was no 200 */
	struct buf *contact;
};


static uint16_t on_nothing(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	(void)s;
	(void)r;
	(void)flag;
	(void)arg;
	return 200;
}


static void on_sent(struct msrp_session *s, uint16_t status, void *arg)
{
	struct lister *l = arg;

	(void)s;
	if (status != 200)
		l->refused = status;
}


static const struct msrp_session_handler media_handler = {.end = on_nothing};


static void release(void *object)
{
	struct lister *l = object;

	parley_close(l->s->parley);
	l->s->parley = NULL;
	if (l->end)
		msrp_session_stop(l->end);
	mem_unref(l->end);
	if (l->ep)
		msrp_endpoint_shutdown(l->ep);
	mem_unref(l->ep);
}


static struct lister *lister(void)
{
	struct lister *l = unit_storage(sizeof(*l));
	struct msrp_listen_params listen = {.host = STR("192.0.2.10")};

	l->s = peer_new(&(struct parley_params){.password = "secret"});
	unit_defer(release, l);
	assert_int_equal(addr_decode_hostport(&listen.local, STR(MEDIA)), 0);
	unit_ok(msrp_endpoint_alloc(&l->ep, l->s->loop, NULL));
	unit_ok(msrp_endpoint_listen(l->ep, &listen));
	return l;
}


/* Takes the INVITE and the ACK for its 200. */
static void answer(struct lister *l)
{
	const struct sip_msg *m = peer_take(l->s);
	ptrdiff_t at = str_find_str(m->body, STR("a=path:"));
	struct str rest = at < 0 ? STR("") : str_from(m->body, (size_t)at + 7), path;
	struct buf *b = unit_buf(2048), *remote = unit_buf(1024);

	assert_int_equal(m->method, SIP_INVITE);
	path = str_trim(str_cut(&rest, '\n'));
	buf_puts(remote, path);
	l->contact = unit_buf(512);
	buf_puts(l->contact, peer_contact(l->s));
	unit_must(path.n && !remote->failed);
	unit_ok(msrp_session_alloc(&l->end, l->ep,
				   &(struct msrp_session_params){.handler = &media_handler,
								 .arg = l}));
	unit_ok(msrp_session_start(l->end, &(struct msrp_remote){.path = buf_str(remote),
								 .role = MSRP_PASSIVE}));
	buf_printf(b,
		   "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
		   "m=message 2855 TCP/MSRP *\r\na=accept-types:*\r\na=setup:passive\r\n"
		   "a=path:" STR_FMT "\r\n",
		   STR_ARG(msrp_session_local(l->end)));
	buf_putc(b, '\0');
	unit_must(!b->failed);
	peer_answer_with(l->s, 200, "Contact: <" KEEPER ">\r\n", "application/sdp", b->p);
	assert_int_equal(peer_take(l->s)->method, SIP_ACK);
	peer_wait(l->s, 100);
}


/* A list of one entry, and where it goes on. */
static void give(struct lister *l, const char *next)
{
	struct buf *b = unit_buf(8192);

	history_list_begin(b);
	history_list_put(b, &(struct history_item){.reference = STR(KEEPER ";id=5"),
						   .from = STR("sip:bob@example.org"),
						   .to = STR("sip:alice@example.org"),
						   .date_ms = 1767225600000,
						   .size = 2});
	history_list_end(b, str_of(next));
	unit_must(!b->failed);
	unit_ok(msrp_send_whole(l->end,
				&(struct msrp_send_params){.content_type = HISTORY_LIST_TYPE},
				buf_str(b), on_sent, l, NULL));
	peer_wait(l->s, 100);
}


static void bye(struct lister *l)
{
	struct peer *s = l->s;
	struct buf *b = unit_buf(2048);

	buf_printf(b,
		   "BYE " STR_FMT " SIP/2.0\nVia: SIP/2.0/UDP " PEER_SERVER
		   ";branch=z9hG4bKbye;rport\nMax-Forwards: 69\nFrom: <" KEEPER
		   ">;tag=server\nTo: " STR_FMT "\nCall-ID: " STR_FMT
		   "\nCSeq: 1 BYE\nReason: SIP;cause=200\nContent-Length: 0\n\n",
		   STR_ARG(buf_str(l->contact)), STR_ARG(sip_msg_header(&s->m, SIP_HDR_FROM)),
		   STR_ARG(s->m.call_id));
	buf_putc(b, '\0');
	unit_must(!b->failed);
	peer_request(s, b->p);
	peer_wait(s, 100);
}


/* A page begins behind the one before it: else a client that turns pages would never end. */
static void test_pages(void)
{
	static const struct {
		const char *asked, *told;
		int error;
		bool next;
	} rows[] = {
		{NULL, "", 0, false},
		{NULL, KEEPER ";after=5", 0, true},
		{KEEPER ";after=5", KEEPER ";after=6", 0, true},
		{KEEPER ";after=5", "", 0, false},
		{KEEPER ";after=5", KEEPER ";after=5", -ELOOP, false},
		{KEEPER ";after=5", KEEPER ";after=4", -ELOOP, false},
		{KEEPER ";after=5", KEEPER, -ELOOP, false},
		{NULL, KEEPER, -ELOOP, false},
		{NULL, "go on", -EPROTO, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lister *l = lister();
		struct heard *h = unit_storage(sizeof(*h));

		unit_case("row %zu", i);
		unit_ok(parley_kept_list(l->s->parley,
					 &(struct parley_selection){.keeper = PARLEY_HISTORY,
								    .next = rows[i].asked},
					 &handler, h));
		answer(l);
		give(l, rows[i].told);
		bye(l);
		unit_must(h->ended == 1);
		unit_must(h->entries == 1);
		assert_int_equal(h->error, rows[i].error);
		assert_int_equal(h->next, rows[i].next);
	}
}


/* One list is what was asked for, not one after the other. */
static void test_second_list(void)
{
	struct lister *l = lister();
	struct heard *h = unit_storage(sizeof(*h));

	unit_ok(parley_kept_list(l->s->parley, &(struct parley_selection){.keeper = PARLEY_HISTORY},
				 &handler, h));
	answer(l);
	give(l, KEEPER ";after=5");
	unit_must(!l->refused);
	give(l, KEEPER ";after=6");
	unit_must(l->refused == 400);
	bye(l);
	unit_must(h->ended == 1);
	unit_must(h->entries == 1);
}


/* ---- What cannot be asked ---- */

static void test_wrong(void)
{
	static const char *const bad[] = {"7"};
	struct peer *s = peer_new(&(struct parley_params){.password = "secret"});
	struct parley_selection rows[] = {
		{.references = bad, .references_n = 1},
		{.with = "nobody"},
		{.service = "history"},
		{.next = "x"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("row %zu", i);
		unit_must(parley_kept_list(s->parley, &rows[i], &handler, NULL) == -EINVAL);
	}
	unit_must(parley_kept_get(s->parley, &(struct parley_selection){.sessions = true}, &handler,
				  NULL) == -EINVAL);
	unit_must(parley_kept_delete(s->parley, &(struct parley_selection){.limit = 1}, &handler,
				     NULL) == -EINVAL);
	assert_true(peer_quiet(s));
}


UNIT_MAIN(UNIT_TEST(test_invite), UNIT_TEST(test_selected), UNIT_TEST(test_all),
	  UNIT_TEST(test_deleted), UNIT_TEST(test_closed), UNIT_TEST(test_pages),
	  UNIT_TEST(test_second_list), UNIT_TEST(test_wrong))
