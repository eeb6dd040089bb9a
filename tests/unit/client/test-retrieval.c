/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for what the server keeps: what is put on the wire, and what its refusals become. */
#include "peer.h"

#include <errno.h>

#include "base/mem.h"

struct heard {
	unsigned ended, status, n;
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


static const struct parley_kept_handler handler = {.ended = on_ended};


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
	  UNIT_TEST(test_deleted), UNIT_TEST(test_closed), UNIT_TEST(test_wrong))
