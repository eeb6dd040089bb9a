/* SPDX-License-Identifier: Apache-2.0 */
/* The suite that every backend passes. */
#include "world.h"


/* ---- Accounts ---- */

static void account_seen(struct store_request *r, int error, void *arg)
{
	size_t n;
	const struct store_account *a = store_account_result(r, &n);

	if (!error) {
		assert_int_equal(n, 1);
		unit_str(a->aor, "sip:alice@example.org");
		unit_str(a->realm, "example.org");
		unit_str(a->ha1_md5, "0123456789abcdef0123456789abcdef");
		assert_int_equal(a->ha1_sha256.n, 64);
		assert_true(a->allowed);
		assert_true(a->created_ms == 1767225600123);
	}
	world_done(r, error, arg);
}


static void test_account_is_kept(void)
{
	struct world *w = world();

	assert_true(world_get(w, "sip:alice@example.org") != 0);
	unit_ok(world_add(w, "sip:alice@example.org"));
	w->answers = 0;
	unit_ok(world_wait(w, store_account_get(w->store, &w->r, STR("sip:alice@example.org"),
						account_seen, w)));
	if (!world_keeps(w))
		return;
	world_reopen(w);
	unit_ok(world_wait(w, store_account_get(w->store, &w->r, STR("sip:alice@example.org"),
						account_seen, w)));
}


static void test_account_errors(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:bob@example.org");

	unit_must(world_get(w, "sip:bob@example.org") == -ENOENT);
	w->answers = 0;
	unit_must(world_wait(w, store_account_set_secret(w->store, &w->r, &a, world_done, w)) ==
		  -ENOENT);
	unit_must(world_wait(w, store_account_delete(w->store, &w->r, a.aor, world_done, w)) ==
		  -ENOENT);
	unit_must(world_wait(w, store_account_set_allowed(w->store, &w->r, a.aor, false, false, 0,
							  world_done, w)) == -ENOENT);
	unit_ok(world_add(w, "sip:bob@example.org"));
	unit_must(world_add(w, "sip:bob@example.org") == -EEXIST);
	/* Keys are compared as bytes. */
	unit_ok(world_add(w, "sip:Bob@example.org"));
}


static void changed_seen(struct store_request *r, int error, void *arg)
{
	const struct store_account *a = store_account_result(r, NULL);

	if (!error) {
		unit_str(a->realm, "other");
		unit_str(a->ha1_md5, "");
		unit_str(a->ha1_sha256, "ff");
		assert_false(a->allowed);
		assert_true(a->created_ms == 1767225600123);
	}
	world_done(r, error, arg);
}


static void test_account_changes(void)
{
	struct world *w = world();
	struct store_account a = {
		.aor = STR("sip:alice@example.org"),
		.realm = STR("other"),
		.ha1_sha256 = STR("ff"),
		.allowed = true,
	};

	unit_ok(world_add(w, "sip:alice@example.org"));
	w->answers = 0;
	unit_ok(world_wait(w, store_account_set_allowed(w->store, &w->r, a.aor, false, false, 0,
							world_done, w)));
	unit_ok(world_wait(w, store_account_set_secret(w->store, &w->r, &a, world_done, w)));
	unit_ok(world_wait(w, store_account_get(w->store, &w->r, a.aor, changed_seen, w)));
	unit_ok(world_wait(w, store_account_delete(w->store, &w->r, a.aor, world_done, w)));
	unit_must(world_get(w, "sip:alice@example.org") == -ENOENT);
}


static void flag_seen(struct store_request *r, int error, void *arg)
{
	const struct store_account *a = store_account_result(r, NULL);

	if (!error) {
		assert_false(a->allowed);
		assert_int_equal(a->ha1_md5.n, 0);
		assert_true(a->created_ms == 7);
	}
	world_done(r, error, arg);
}


static void test_account_made_by_flag(void)
{
	struct world *w = world();
	struct str aor = STR("sip:carol@example.org");

	unit_ok(world_wait(w, store_account_set_allowed(w->store, &w->r, aor, false, true, 7,
							world_done, w)));
	unit_ok(world_wait(w, store_account_get(w->store, &w->r, aor, flag_seen, w)));
}


static void test_accounts_page_by_page(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "");
	unit_ok(world_add(w, "sip:c@x"));
	unit_ok(world_add(w, "sip:a@x"));
	unit_ok(world_add(w, "sip:aa@x"));
	unit_ok(world_add(w, "sip:b@x"));
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "sip:a@x,sip:aa@x,sip:b@x,sip:c@x,");
	unit_ok(world_accounts(w, "", 2, out));
	unit_buf_is(out, "sip:a@x,sip:aa@x,");
	unit_ok(world_accounts(w, "sip:aa@x", 2, out));
	unit_buf_is(out, "sip:b@x,sip:c@x,");
	unit_ok(world_accounts(w, "sip:c@x", 2, out));
	unit_buf_is(out, "");
	/* A place where nobody stands (any more) is a place all the same. */
	unit_ok(world_accounts(w, "sip:aaa@x", 1, out));
	unit_buf_is(out, "sip:b@x,");
}


static void test_many_accounts(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(65536);
	char last[32] = "";
	unsigned seen = 0;

	for (unsigned i = 0; i < 1000; i++) {
		char aor[32];
		struct store_account a = world_account(aor);

		snprintf(aor, sizeof(aor), "sip:%u@x", i * 7919 % 1000);
		a.aor = str_of(aor);
		unit_ok(world_wait(w, store_account_add(w->store, &w->r, &a, world_done, w)));
		w->answers = 0;
	}
	for (;;) {
		struct str rest;

		unit_ok(world_accounts(w, last, 77, out));
		if (!out->n)
			break;
		rest = buf_str(out);
		for (struct str aor; rest.n; seen++) {
			aor = str_cut(&rest, ',');
			assert_false(str_eq(aor, str_of(last)));
			snprintf(last, sizeof(last), STR_FMT, STR_ARG(aor));
		}
	}
	assert_int_equal(seen, 1000);
}


/* ---- Bindings ---- */

static void binding_seen(struct store_request *r, int error, void *arg)
{
	size_t n;
	const struct store_binding *b = store_binding_result(r, &n);

	if (!error) {
		assert_int_equal(n, 1);
		unit_str(b->aor, "sip:a@x");
		unit_str(b->contact, "sip:1@h");
		unit_str(b->params, "+g.oma.sip-im;x=\"\xff\"");
		unit_str(b->instance, "urn:uuid:1");
		unit_str(b->call_id, "call");
		unit_str(b->path, "<sip:edge.example.org;lr>");
		unit_str(b->source, "udp:192.0.2.1:5060");
		unit_str(b->user_agent, "IM-client/OMA1.0");
		assert_true(b->reg_id == 4000000000u && b->cseq == 4000000001u && b->socket == 2);
		assert_true(b->flags == 0x80000001u && b->q == 500);
		assert_true(b->registered_ms == 1767225600000 && b->expires_ms == 5000);
	}
	world_done(r, error, arg);
}


static void test_binding_is_kept(void)
{
	struct world *w = world();

	unit_ok(world_bind(w, "sip:a@x", "sip:1@h", 5000));
	if (world_keeps(w))
		world_reopen(w);
	unit_ok(world_wait(w, store_binding_list(w->store, &w->r, STR(""), 0, 0, 10, binding_seen,
						 w)));
}


static void test_set_is_replaced(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	unit_ok(world_bind(w, "sip:a@x", "sip:1@h,sip:2@h,sip:3@h", 5000));
	unit_ok(world_bind(w, "sip:b@x", "sip:4@h", 5000));
	unit_ok(world_bind(w, "sip:a@x", "sip:5@h,sip:1@h", 5000));
	unit_ok(world_bindings(w, "", 0, 0, 10, out));
	unit_buf_is(out, "sip:a@x/0=sip:5@h,sip:a@x/1=sip:1@h,sip:b@x/0=sip:4@h,");
	unit_ok(world_bind(w, "sip:a@x", "", 0));
	unit_ok(world_bindings(w, "", 0, 0, 10, out));
	unit_buf_is(out, "sip:b@x/0=sip:4@h,");
	unit_ok(world_bind(w, "sip:nobody@x", "", 0));
	w->answers = 0;
	assert_int_equal(store_binding_replace(w->store, &w->r, STR("sip:a@x"), NULL,
					       STORE_BINDINGS_MAX + 1, world_done, w),
			 -ENOBUFS);
}


static void test_bindings_page_by_page(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	unit_ok(world_bind(w, "sip:b@x", "sip:4@h", 9000));
	unit_ok(world_bind(w, "sip:a@x", "sip:1@h,sip:2@h,sip:3@h", 5000));
	unit_ok(world_bind(w, "sip:c@x", "sip:5@h", 5001));
	unit_ok(world_bindings(w, "", 0, 0, 2, out));
	unit_buf_is(out, "sip:a@x/0=sip:1@h,sip:a@x/1=sip:2@h,");
	unit_ok(world_bindings(w, "sip:a@x", 1, 0, 2, out));
	unit_buf_is(out, "sip:a@x/2=sip:3@h,sip:b@x/0=sip:4@h,");
	unit_ok(world_bindings(w, "sip:b@x", 0, 0, 2, out));
	unit_buf_is(out, "sip:c@x/0=sip:5@h,");
	/* What has expired is not shown. */
	unit_ok(world_bindings(w, "", 0, 5000, 10, out));
	unit_buf_is(out, "sip:b@x/0=sip:4@h,sip:c@x/0=sip:5@h,");
}


static void test_expired_are_deleted(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	unit_ok(world_bind(w, "sip:a@x", "sip:1@h,sip:2@h", 5000));
	unit_ok(world_bind(w, "sip:b@x", "sip:3@h", 5001));
	w->answers = 0;
	unit_ok(world_wait(w, store_binding_expire(w->store, &w->r, 5000, world_done, w)));
	unit_ok(world_bindings(w, "", 0, 0, 10, out));
	unit_buf_is(out, "sip:b@x/0=sip:3@h,");
}


static void test_account_takes_its_bindings(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	unit_ok(world_add(w, "sip:a@x"));
	unit_ok(world_bind(w, "sip:a@x", "sip:1@h", 5000));
	unit_ok(world_bind(w, "sip:b@x", "sip:2@h", 5000));
	w->answers = 0;
	unit_ok(world_wait(w,
			   store_account_delete(w->store, &w->r, STR("sip:a@x"), world_done, w)));
	unit_ok(world_bindings(w, "", 0, 0, 10, out));
	unit_buf_is(out, "sip:b@x/0=sip:2@h,");
}


/* ---- Requests ---- */

static void test_never_before_return(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x");

	unit_ok(store_account_add(w->store, &w->r, &a, world_done, w));
	assert_int_equal(w->answers, 0);
	assert_true(store_pending(&w->r));
	assert_int_equal(store_waiting(w->store), 1);
	unit_ok(world_wait(w, 0));
	assert_false(store_pending(&w->r));
	assert_int_equal(store_waiting(w->store), 0);
}


static void test_what_was_passed_is_copied(void)
{
	struct world *w = world();
	char text[] = "sip:a@x";
	struct store_account a = world_account(text);

	unit_ok(store_account_add(w->store, &w->r, &a, world_done, w));
	memset(text, 'z', sizeof(text) - 1);
	unit_ok(world_wait(w, 0));
	unit_ok(world_get(w, "sip:a@x"));
}


/* Many at once: in order, answered each for itself. */
static void test_together(void)
{
	struct world *w = world();
	static const char *const aors[] = {"sip:a@x", "sip:b@x", "sip:a@x", "sip:c@x", "sip:b@x"};
	static const int errors[] = {0, 0, -EEXIST, 0, -EEXIST};
	struct buf *out = unit_buf(256);

	for (unsigned i = 0; i < 5; i++) {
		struct store_account a = world_account(aors[i]);

		unit_ok(store_account_add(w->store, &w->many[i], &a, world_done, w));
	}
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 5);
	for (unsigned i = 0; i < 5; i++)
		unit_must(w->error[i] == errors[i]);
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "sip:a@x,sip:b@x,sip:c@x,");
}


static void test_cancelled(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x"), b = world_account("sip:b@x");

	store_cancel(&w->r);
	unit_ok(store_account_add(w->store, &w->many[0], &a, world_done, w));
	unit_ok(store_account_add(w->store, &w->many[1], &b, world_done, w));
	store_cancel(&w->many[0]);
	assert_false(store_pending(&w->many[0]));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 1);
	store_cancel(&w->many[1]);
}


static void cancels_next(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	world_done(r, error, w);
	store_cancel(&w->many[1]);
}


static void test_cancelled_by_a_neighbour(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x"), b = world_account("sip:b@x");

	unit_ok(store_account_add(w->store, &w->many[0], &a, cancels_next, w));
	unit_ok(store_account_add(w->store, &w->many[1], &b, world_done, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 1);
}


static void asks_again(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;
	size_t n;
	const struct store_account *a;

	w->answers++;
	if (error || w->answers > 2)
		return;
	/* The result is valid until return, also when the request is used again. */
	error = store_account_get(w->store, r, STR("sip:a@x"), asks_again, w);
	a = store_account_result(r, &n);
	if (!error && (n != 1 || !str_eq(a->aor, STR("sip:a@x"))))
		w->answers = 100;
}


static void test_used_again_in_done(void)
{
	struct world *w = world();

	unit_ok(world_add(w, "sip:a@x"));
	w->answers = 0;
	unit_ok(store_account_get(w->store, &w->r, STR("sip:a@x"), asks_again, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(w->answers == 3);
}


static void closes(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	world_done(r, error, w);
	w->store = mem_unref(w->store);
}


static void test_closed_in_done(void)
{
	struct world *w = world();
	struct store_account a = world_account("sip:a@x"), b = world_account("sip:b@x");

	unit_ok(store_account_add(w->store, &w->many[0], &a, closes, w));
	unit_ok(store_account_add(w->store, &w->many[1], &b, world_done, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_true(w->answers == 1 || w->answers == 2);
	store_cancel(&w->many[1]);
}


/* Nobody is told, and all is written. */
static void test_closed_with_writes_waiting(void)
{
	struct world *w = world();
	struct buf *out = unit_buf(1024);

	for (unsigned i = 0; i < 3; i++) {
		char aor[32];
		struct store_account a = world_account(aor);

		snprintf(aor, sizeof(aor), "sip:%u@x", i);
		a.aor = str_of(aor);
		unit_ok(store_account_add(w->store, &w->many[i], &a, world_done, w));
	}
	w->store = mem_unref(w->store);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 0);
	assert_false(store_pending(&w->many[0]));
	if (!world_keeps(w))
		return;
	world_reopen(w);
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "sip:0@x,sip:1@x,sip:2@x,");
}


static void test_backend_name(void)
{
	struct world *w = world();

	assert_string_equal(store_backend_name(w->store), BACKEND);
	assert_int_equal(store_trouble(w->store).n, 0);
}


static void test_urls(void)
{
	static const struct {
		const char *url, *says;
		bool known; /**< as a kind of store */
	} bad[] = {
		{"", "sqlite:PATH", false},           {"memory", "sqlite:PATH", false},
		{"redis:x", "\"redis\"", false},      {"postgres:host=x", "no PostgreSQL", false},
		{"memory:x", "nothing behind", true}, {"sqlite:", "path of a file", true},
	};
	struct world *w = world();
	struct store *s = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unit_case("%s", bad[i].url);
		buf_clear(w->why);
		unit_must(store_open(&s, w->loop, str_of(bad[i].url), w->why) == -EINVAL);
		unit_must(str_find_str(buf_str(w->why), str_of(bad[i].says)) >= 0);
		assert_null(s);
		buf_clear(w->why);
		assert_int_equal(store_check(str_of(bad[i].url), w->why),
				 bad[i].known ? 0 : -EINVAL);
		unit_must(bad[i].known == (str_find_str(buf_str(w->why), str_of(bad[i].says)) < 0));
	}
}


UNIT_MAIN(UNIT_TEST(test_account_is_kept), UNIT_TEST(test_account_errors),
	  UNIT_TEST(test_account_changes), UNIT_TEST(test_account_made_by_flag),
	  UNIT_TEST(test_accounts_page_by_page), UNIT_TEST_PLAIN(test_many_accounts),
	  UNIT_TEST(test_binding_is_kept), UNIT_TEST(test_set_is_replaced),
	  UNIT_TEST(test_bindings_page_by_page), UNIT_TEST(test_expired_are_deleted),
	  UNIT_TEST(test_account_takes_its_bindings), UNIT_TEST(test_never_before_return),
	  UNIT_TEST(test_what_was_passed_is_copied), UNIT_TEST(test_together),
	  UNIT_TEST(test_cancelled), UNIT_TEST(test_cancelled_by_a_neighbour),
	  UNIT_TEST(test_used_again_in_done), UNIT_TEST(test_closed_in_done),
	  UNIT_TEST(test_closed_with_writes_waiting), UNIT_TEST(test_backend_name),
	  UNIT_TEST(test_urls))
