/* SPDX-License-Identifier: Apache-2.0 */
/* Who sends: challenges, right and wrong answers, replays, other people's names, guessing. */
#include "core/authentication.h"

#include "world.h"


static struct sip_server_txn *ask(struct world *w)
{
	struct sip_server_txn *st = world_request(w, "MESSAGE", "");

	world_authenticate(w, st);
	return st;
}


static void challenge(struct world *w)
{
	struct sip_server_txn *st;

	w->challenged = false;
	st = ask(w);
	unit_must(st->status == 407);
	world_take_challenge(w, st);
}


static void test_challenge(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st = ask(w);
	const char *sha, *md5;

	unit_must(st->status == 407);
	assert_null(w->caller);
	sha = strstr(st->headers, "SHA-256");
	md5 = strstr(st->headers, "algorithm=MD5");
	assert_true(sha && md5 && sha < md5);
	assert_true(world_has(st, "Proxy-Authenticate: Digest ") &&
		    world_has(st, "realm=\"example.org\""));
	assert_false(world_has(st, "stale=true") || world_has(st, "WWW-"));
	st = world_register_once(w, "");
	unit_must(st->status == 401);
	assert_true(world_has(st, "WWW-Authenticate: Digest ") && !world_has(st, "Proxy-"));
}


static void test_right(void)
{
	for (unsigned md5 = 0; md5 < 2; md5++) {
		struct world *w = world(NULL);

		w->answer_md5 = md5;
		challenge(w);
		ask(w);
		unit_must(w->caller != NULL);
		unit_str(w->caller->aor, "sip:alice@example.org");
		/* Now from the cache: at once, and the nonce goes on. */
		ask(w);
		unit_must(w->caller != NULL);
		assert_int_equal(w->called, 0);
	}
}


static void test_wrong_and_unknown_look_the_same(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *wrong, *unknown;

	challenge(w);
	w->password = "guess";
	wrong = ask(w);
	challenge(w);
	w->user = "nobody";
	w->from = "<sip:nobody@example.org>";
	unknown = ask(w);
	unit_must(wrong->status == 407 && unknown->status == 407);
	assert_int_equal(strlen(wrong->headers), strlen(unknown->headers));
	assert_false(world_has(wrong, "stale=true") || world_has(unknown, "stale=true"));
	/* The same when it is known to be nobody. */
	challenge(w);
	unit_must(ask(w)->status == 407);
	/* A name that cannot be one. */
	challenge(w);
	w->user = "";
	unit_must(ask(w)->status == 407);
}


static void test_replay(void)
{
	struct world *w = world(NULL);
	struct digest_client before;
	struct sip_server_txn *st;

	challenge(w);
	before = w->digest;
	ask(w);
	unit_must(w->caller != NULL);
	w->digest = before;
	st = ask(w);
	unit_must(st->status == 407);
	unit_must(world_has(st, "stale=true"));
	world_take_challenge(w, st);
	ask(w);
	unit_must(w->caller != NULL);
}


static void test_old_nonce(void)
{
	struct world *w = world(NULL);

	challenge(w);
	assert_true(virtual_loop_advance(w->vl, DIGEST_NONCE_MS + 1000));
	unit_must(world_has(ask(w), "stale=true"));
}


static void test_from_is_bound(void)
{
	static const struct {
		const char *from;
		bool fits;
	} rows[] = {
		{"<sip:alice@example.org>", true},
		{"\"Al\" <sip:alice@EXAMPLE.ORG:5060;user=ip>", true},
		{"sip:%61lice@example.org", true},
		{"<sips:alice@example.org>", true},
		{"<sip:bob@example.org>", false},
		{"<sip:Alice@example.org>", false},
		{"<sip:alice@example.net>", false},
		{"<sip:alice@elsewhere.com>", false},
		{"<sip:example.org>", false},
		{"<tel:+491234>", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world(NULL);
		struct sip_server_txn *st;

		unit_case("%s", rows[i].from);
		challenge(w);
		w->from = rows[i].from;
		st = ask(w);
		if (rows[i].fits) {
			unit_must(w->caller != NULL);
			continue;
		}
		assert_null(w->caller);
		/* alice@example.net is another user, whose password it is not. */
		unit_must(st->status == (strstr(rows[i].from, ".net") ? 407 : 403));
		unit_must(st->status == 407 || world_has(st, "Warning: 399 example.org \""));
	}
}


static void test_second_domain(void)
{
	struct world *w = world(NULL);

	unit_ok(world_account_add(w, "alice@example.net", "other"));
	challenge(w);
	w->from = "<sip:alice@example.net>";
	w->password = "other";
	ask(w);
	unit_must(w->caller != NULL);
	unit_str(w->caller->aor, "sip:alice@example.net");
}


static void test_malformed(void)
{
	static const struct {
		const char *line;
		uint16_t status;
	} rows[] = {
		{"Proxy-Authorization: Digest realm=\"example.org\"\n", 400},
		{"Proxy-Authorization: Digest username=\"alice\", realm=\"example.org\", "
		 "nonce=\"x\", "
		 "uri=\"sip:bob@example.org\", response=\"0\", qop=auth\n",
		 400},
		/* Not for us. */
		{"Proxy-Authorization: Digest username=\"alice\", realm=\"other\", nonce=\"x\", "
		 "uri=\"sip:bob@example.org\", response=\"00000000000000000000000000000000\"\n",
		 407},
		{"Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\n", 407},
		{"Authorization: Digest username=\"alice\", realm=\"example.org\", nonce=\"x\", "
		 "uri=\"sip:bob@example.org\", response=\"00000000000000000000000000000000\"\n",
		 407},
		/* A nonce that never was ours. */
		{"Proxy-Authorization: Digest username=\"alice\", realm=\"example.org\", "
		 "nonce=\"x\", "
		 "uri=\"sip:bob@example.org\", response=\"00000000000000000000000000000000\"\n",
		 407},
	};
	struct world *w = world(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_server_txn *st = world_request(w, "MESSAGE", rows[i].line);

		unit_case("%s", rows[i].line);
		world_authenticate(w, st);
		unit_must(st->status == rows[i].status);
	}
}


static void test_guessing_is_slowed(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;

	challenge(w);
	w->password = "guess";
	for (unsigned i = 0; i < AUTHENTICATION_FAILURES_MAX; i++) {
		unit_must(ask(w)->status == 407);
		assert_null(w->caller);
	}
	/* Even the right one is not listened to. */
	challenge(w);
	w->password = "secret";
	st = ask(w);
	unit_must(st->status == 403);
	unit_must(world_has(st, "Retry-After: 60\r\n"));
	/* Elsewhere all goes on. */
	world_set_source(w, SIP_UDP, "192.0.2.99:5060", 0);
	ask(w);
	unit_must(w->caller != NULL);
	world_set_source(w, SIP_UDP, "192.0.2.1:9999", 0);
	assert_true(virtual_loop_advance(w->vl, AUTHENTICATION_WINDOW_MS));
	ask(w);
	unit_must(w->caller != NULL);
}


static void passwd_done(struct account_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	w->error = error;
}


static void test_new_password(void)
{
	struct world *w = world(NULL);

	challenge(w);
	ask(w);
	unit_must(w->caller != NULL);
	unit_ok(account_passwd(w->core, &w->account, STR("alice"), STR("new"), passwd_done, w,
			       NULL));
	world_run(w);
	unit_ok(w->error);
	unit_must(ask(w)->status == 407);
	challenge(w);
	w->password = "new";
	ask(w);
	unit_must(w->caller != NULL);
}


static void test_store_fails(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;

	challenge(w);
	store_memory_fail_next(w->store, 1, -EIO);
	st = ask(w);
	unit_must(st->status == 503);
	unit_must(world_has(st, "Retry-After:"));
	ask(w);
	unit_must(w->caller != NULL);
}


static void called(struct core_auth_query *q, struct subscriber *user, void *arg)
{
	struct world *w = arg;

	(void)q;
	w->called++;
	w->caller = mem_ref(user);
}


static void test_gone_meanwhile(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;
	struct sip_msg m;

	challenge(w);
	w->called = 0;
	st = world_request(w, "MESSAGE", "");
	assert_int_equal(sip_server_txn_request(st, &m), 0);
	unit_must(core_authenticate(w->core, &w->q, st, &m, &st->src, called, w) == 0);
	st->ended = true;
	world_run(w);
	assert_int_equal(w->called, 1);
	assert_null(w->caller);
	assert_int_equal(st->answers, 0);

	st = world_request(w, "MESSAGE", "");
	assert_int_equal(sip_server_txn_request(st, &m), 0);
	subscribers_drop(w->subs, ALICE);
	unit_must(core_authenticate(w->core, &w->q, st, &m, &st->src, called, w) == 0);
	core_auth_done(&w->q);
	world_run(w);
	assert_int_equal(w->called, 1);
	assert_int_equal(st->answers, 0);
}


static void test_off(void)
{
	struct world *w = world(&(struct core_params){.authenticate = false});
	struct sip_server_txn *st;

	ask(w);
	unit_must(w->caller != NULL);
	unit_str(w->caller->aor, "sip:alice@example.org");
	w->from = "<sip:nobody@example.org>";
	st = ask(w);
	unit_must(st->status == 403);
	w->from = "<sip:alice@elsewhere.com>";
	st = ask(w);
	unit_must(st->status == 403);
}


UNIT_MAIN(UNIT_TEST(test_challenge), UNIT_TEST(test_right),
	  UNIT_TEST(test_wrong_and_unknown_look_the_same), UNIT_TEST(test_replay),
	  UNIT_TEST(test_old_nonce), UNIT_TEST(test_from_is_bound), UNIT_TEST(test_second_domain),
	  UNIT_TEST(test_malformed), UNIT_TEST(test_guessing_is_slowed),
	  UNIT_TEST(test_new_password), UNIT_TEST(test_store_fails), UNIT_TEST(test_gone_meanwhile),
	  UNIT_TEST(test_off))
