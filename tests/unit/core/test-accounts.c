/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts as an operator handles them. */
#include "core/accounts.h"

#include "world.h"


static void note(struct account_request *r, int error, void *arg)
{
	struct world *w = arg;
	size_t n;
	const struct store_account *a;

	w->done++;
	w->error = error;
	if (error || r->verb != 4)
		return;
	a = account_list_result(r, &n);
	for (size_t i = 0; i < n; i++)
		w->called += a[i].aor.n > 0;
}


static int finish(struct world *w, int started)
{
	if (started)
		return started;
	assert_int_equal(w->done, 0);
	world_run(w);
	assert_int_equal(w->done, 1);
	w->done = 0;
	return w->error;
}


static void test_names(void)
{
	static const struct {
		const char *name, *aor; /**< NULL: refused */
	} rows[] = {
		{"alice", "sip:alice@example.org"},
		{"sip:alice@example.org", "sip:alice@example.org"},
		{"SIP:alice@EXAMPLE.org", "sip:alice@example.org"},
		{"bob@example.net", "sip:bob@example.net"},
		{"a.b-c_d+1~", "sip:a.b-c_d+1~@example.org"},
		{"+491234", "sip:+491234@example.org"},
		{"Alice", "sip:Alice@example.org"},
		{"", NULL},
		{"@example.org", NULL},
		{"alice@example.com", NULL},
		{"alice smith", NULL},
		{"alice%41", NULL},
		{"alice;x", NULL},
		{"a\"b", NULL},
		{"a:b", NULL},
		{"a@b@example.org", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};
	struct world *w = world(NULL);
	struct buf *aor = unit_buf(SIP_AOR_MAX), *why = unit_buf(512);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		unit_case("%s", rows[i].name);
		buf_clear(aor);
		buf_clear(why);
		r = account_name_decode(w->core, str_of(rows[i].name), aor, why);
		unit_must(r == (rows[i].aor ? 0 : -EINVAL));
		if (rows[i].aor)
			unit_buf_is(aor, rows[i].aor);
		else
			unit_must(why->n > 0);
	}
}


static void test_life(void)
{
	struct world *w = world(NULL);
	struct buf *why = unit_buf(256);
	struct subscriber *s;

	w->done = 0;
	unit_must(finish(w, account_add(w->core, &w->account, STR("alice"), STR("x"), note, w,
					why)) == -EEXIST);
	unit_ok(finish(w, account_add(w->core, &w->account, STR("bob"), STR("x"), note, w, why)));
	unit_ok(finish(w, account_list(w->core, &w->account, STR(""), 10, note, w)));
	assert_int_equal(w->called, 2);
	unit_ok(finish(w, account_allow(w->core, &w->account, STR("bob"), false, note, w, why)));
	unit_ok(finish(w,
		       account_passwd(w->core, &w->account, STR("bob"), STR("y"), note, w, why)));
	unit_ok(finish(w, account_delete(w->core, &w->account, STR("bob"), note, w, why)));
	unit_must(finish(w, account_delete(w->core, &w->account, STR("bob"), note, w, why)) ==
		  -ENOENT);
	unit_must(finish(w, account_allow(w->core, &w->account, STR("bob"), true, note, w, why)) ==
		  -ENOENT);
	unit_must(finish(w, account_passwd(w->core, &w->account, STR("bob"), STR("y"), note, w,
					   why)) == -ENOENT);
	assert_int_equal(subscribers_find(w->subs, STR("sip:bob@example.org"), &s), -EAGAIN);
}


static void test_bad_passwords(void)
{
	struct world *w = world(NULL);
	struct buf *why = unit_buf(256);
	char *big = unit_storage(ACCOUNT_PASSWORD_MAX + 2);

	memset(big, 'x', ACCOUNT_PASSWORD_MAX + 1);
	w->done = 0;
	assert_int_equal(account_add(w->core, &w->account, STR("b"), STR(""), note, w, why),
			 -EINVAL);
	assert_int_equal(account_add(w->core, &w->account, STR("b"), str_of(big), note, w, NULL),
			 -EINVAL);
	assert_int_equal(account_add(w->core, &w->account, STR("b"), STR("a\0b"), note, w, NULL),
			 -EINVAL);
	unit_must(why->n > 0);
	world_run(w);
	assert_int_equal(w->done, 0);
}


static void test_deleted_is_not_registered(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st = world_register(w, "Contact: <sip:alice@192.0.2.1>\n");

	unit_must(st->status == 200);
	unit_must(registrations_find(w->regs, ALICE) != NULL);
	w->done = 0;
	unit_ok(finish(w, account_delete(w->core, &w->account, STR("alice"), note, w, NULL)));
	assert_null(registrations_find(w->regs, ALICE));
	st = world_register(w, "");
	unit_must(st->status == 401);
}


UNIT_MAIN(UNIT_TEST(test_names), UNIT_TEST(test_life), UNIT_TEST(test_bad_passwords),
	  UNIT_TEST(test_deleted_is_not_registered))
