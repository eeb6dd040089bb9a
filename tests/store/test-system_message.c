/* SPDX-License-Identifier: Apache-2.0 */
/* System messages and the profile of a user, with every backend. */
#include "store/system_message.h"

#include "store/profile.h"
#include "world.h"

#define USER STR("sip:a@x")

struct system_messages {
	struct world *w;
	struct buf *out;
};


static struct system_messages *system_messages(void)
{
	struct system_messages *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 16);
	return t;
}


static void noted(struct store_request *r, int error, void *arg)
{
	struct system_messages *t = arg;

	world_done(r, error, t->w);
}


static void put(struct buf *out, const struct store_system_message *m)
{
	buf_printf(out, STR_FMT "|" STR_FMT "|" STR_FMT "|", STR_ARG(m->aor), STR_ARG(m->id),
		   STR_ARG(m->text));
	for (unsigned i = 0; i < m->choices; i++)
		buf_printf(out, STR_FMT "/", STR_ARG(m->choice[i]));
	buf_printf(out, "|%d|%u|%d|%d|%d|" STR_FMT "|%d,", m->required, m->timeout_s,
		   (int)m->created_ms, (int)m->delivered_ms, (int)m->answered_ms,
		   STR_ARG(m->answer), m->cleared);
}


static void seen(struct store_request *r, int error, void *arg)
{
	struct system_messages *t = arg;
	size_t n;
	const struct store_system_message *m = store_system_message_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++)
		put(t->out, &m[i]);
	world_done(r, error, t->w);
}


/* "id," */
static void ids_seen(struct store_request *r, int error, void *arg)
{
	struct system_messages *t = arg;
	size_t n;
	const struct store_system_message *m = store_system_message_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++)
		buf_printf(t->out, STR_FMT ",", STR_ARG(m[i].id));
	world_done(r, error, t->w);
}


static int add(struct system_messages *t, const char *aor, const char *id, bool required,
	       int64_t created_ms)
{
	struct store_system_message m = {
		.aor = str_of(aor),
		.id = str_of(id),
		.text = STR("Accept\nthe terms?"),
		.choice = {STR_INIT("yes"), STR_INIT("no, thanks")},
		.choices = 2,
		.required = required,
		.timeout_s = 60,
		.created_ms = created_ms,
		.delivered_ms = 99,
		.answer = STR("yes"),
		.cleared = true,
	};

	return ASK(t, store_system_message_add, &m, seen, t);
}


static int delivered(struct system_messages *t, const char *id, int64_t now_ms)
{
	return ASK(t, store_system_message_mark_delivered, USER, str_of(id), now_ms, seen, t);
}


static int answered(struct system_messages *t, const char *id, const char *answer, int64_t now_ms)
{
	return ASK(t, store_system_message_mark_answered, USER, str_of(id), str_of(answer), now_ms,
		   seen, t);
}


static int list(struct system_messages *t)
{
	return ASK(t, store_system_message_list, USER, STR(""), STR(""), 10, seen, t);
}


static void test_life(void)
{
	struct system_messages *t = system_messages();

	unit_ok(add(t, "sip:a@x", "1", true, 5));
	unit_must(add(t, "sip:a@x", "1", true, 5) == -EEXIST);
	unit_ok(list(t));
	unit_buf_is(t->out, "sip:a@x|1|Accept\nthe terms?|yes/no, thanks/|1|60|5|0|0||0,");
	unit_ok(delivered(t, "1", 10));
	unit_ok(delivered(t, "1", 20));
	unit_must(delivered(t, "2", 10) == -ENOENT);
	unit_must(answered(t, "2", "yes", 30) == -ENOENT);
	unit_must(answered(t, "1", "maybe", 30) == -EINVAL);
	unit_must(answered(t, "1", "", 30) == -EINVAL);
	unit_must(answered(t, "1", "YES", 30) == -EINVAL);
	unit_ok(answered(t, "1", "no, thanks", 30));
	unit_ok(answered(t, "1", "no, thanks", 40));
	unit_must(answered(t, "1", "yes", 50) == -EEXIST);
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(list(t));
	unit_buf_is(t->out,
		    "sip:a@x|1|Accept\nthe terms?|yes/no, thanks/|1|60|5|10|30|no, thanks|0,");
	unit_ok(ASK(t, store_system_message_clear, USER, STR("1"), seen, t));
	unit_ok(list(t));
	unit_must(str_ends(buf_str(t->out), STR("|no, thanks|1,")));
	unit_ok(ASK(t, store_system_message_delete, USER, STR("1"), seen, t));
	unit_must(ASK(t, store_system_message_delete, USER, STR("1"), seen, t) == -ENOENT);
	unit_must(ASK(t, store_system_message_clear, USER, STR("1"), seen, t) == -ENOENT);
	assert_int_equal(store_trouble(t->w->store).n, 0);
}


static void test_lists(void)
{
	struct system_messages *t = system_messages();

	unit_ok(add(t, "sip:a@x", "c", true, 1));
	unit_ok(add(t, "sip:b@x", "x", true, 1));
	unit_ok(add(t, "sip:a@x", "a", false, 3));
	unit_ok(add(t, "sip:a@x", "b", true, 2));
	unit_ok(add(t, "sip:a@x", "d", true, 2));
	unit_ok(add(t, "sip:aa@x", "y", true, 1));
	unit_ok(ASK(t, store_system_message_list, STR(""), STR(""), STR(""), 10, ids_seen, t));
	unit_buf_is(t->out, "a,b,c,d,y,x,");
	unit_ok(ASK(t, store_system_message_list, STR(""), STR("sip:a@x"), STR("c"), 2, ids_seen,
		    t));
	unit_buf_is(t->out, "d,y,");
	unit_ok(ASK(t, store_system_message_list, USER, STR("sip:a@x"), STR("a"), 2, ids_seen, t));
	unit_buf_is(t->out, "b,c,");
	unit_ok(ASK(t, store_system_message_undelivered, USER, ids_seen, t));
	unit_buf_is(t->out, "c,b,d,a,");
	unit_ok(delivered(t, "b", 10));
	unit_ok(ASK(t, store_system_message_clear, USER, STR("c"), seen, t));
	unit_ok(ASK(t, store_system_message_undelivered, USER, ids_seen, t));
	unit_buf_is(t->out, "d,a,");
	unit_ok(ASK(t, store_system_message_undelivered, STR("sip:z@x"), ids_seen, t));
	unit_buf_is(t->out, "");
}


static void test_refused(void)
{
	struct system_messages *t = system_messages();
	char *large = unit_storage(STORE_SYSTEM_TEXT_MAX + 1);
	struct store_system_message m = {.aor = STR("a"), .id = STR("i")};

	memset(large, 'x', STORE_SYSTEM_TEXT_MAX + 1);
	m.text = (struct str){large, STORE_SYSTEM_TEXT_MAX + 1};
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EMSGSIZE);
	m.text = STR("t");
	m.required = true;
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EINVAL);
	m.choices = 1;
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EINVAL);
	m.choice[0] = STR("a\nb");
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EINVAL);
	m.choice[0] = (struct str){large, STORE_CHOICE_LEN_MAX + 1};
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EMSGSIZE);
	m.choices = STORE_CHOICES_MAX + 1;
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EMSGSIZE);
	m.choices = STORE_CHOICES_MAX;
	for (unsigned i = 0; i < STORE_CHOICES_MAX; i++)
		m.choice[i] = (struct str){large, STORE_CHOICE_LEN_MAX - i};
	m.id = STR("a\0b");
	unit_must(ASK(t, store_system_message_add, &m, seen, t) == -EINVAL);
	m.id = STR("i");
	m.aor = USER;
	unit_ok(ASK(t, store_system_message_add, &m, seen, t));
	unit_ok(ASK(t, store_system_message_mark_answered, USER, m.id, m.choice[15], 5, seen, t));
}


/* Without end: settled ones make room, open ones do not. */
static void test_number(void)
{
	struct system_messages *t = system_messages();
	char id[16];

	for (int i = 0; i < STORE_SYSTEM_MESSAGES_MAX; i++) {
		snprintf(id, sizeof(id), "%03d", i);
		unit_ok(add(t, "sip:a@x", id, i != 50, 1000 - i));
	}
	unit_must(add(t, "sip:a@x", "more", true, 1) == -EDQUOT);
	unit_ok(add(t, "sip:b@x", "more", true, 1));
	unit_ok(delivered(t, "050", 10));
	unit_ok(delivered(t, "051", 10));
	unit_ok(answered(t, "040", "yes", 10));
	unit_ok(ASK(t, store_system_message_clear, USER, STR("030"), seen, t));
	unit_ok(add(t, "sip:a@x", "m1", true, 1));
	unit_must(delivered(t, "050", 10) == -ENOENT);
	unit_ok(add(t, "sip:a@x", "m2", true, 1));
	unit_must(delivered(t, "040", 10) == -ENOENT);
	unit_ok(add(t, "sip:a@x", "m3", true, 1));
	unit_must(delivered(t, "030", 10) == -ENOENT);
	unit_must(add(t, "sip:a@x", "m4", true, 1) == -EDQUOT);
	unit_must(add(t, "sip:a@x", "m3", true, 1) == -EEXIST);
}


/* ---- The profile ---- */

static void profile_seen(struct store_request *r, int error, void *arg)
{
	struct system_messages *t = arg;
	const struct store_profile *p = store_profile_result(r);

	buf_clear(t->out);
	if (!error) {
		buf_printf(t->out,
			   "account=" STR_FMT " settings=" STR_FMT " rules=" STR_FMT " policy=",
			   STR_ARG(p->account ? p->account->realm : STR("-")),
			   STR_ARG(p->settings ? p->settings->body : STR("-")),
			   STR_ARG(p->access_rules ? p->access_rules->body : STR("-")));
		for (size_t i = 0; i < p->policies; i++)
			buf_printf(t->out, STR_FMT ":" STR_FMT ",", STR_ARG(p->policy[i].key),
				   STR_ARG(p->policy[i].value));
		buf_puts(t->out, STR(" unanswered="));
		for (size_t i = 0; i < p->unanswered_n; i++)
			buf_printf(t->out, STR_FMT ",", STR_ARG(p->unanswered[i].id));
	} else {
		assert_null(p);
	}
	world_done(r, error, t->w);
}


static int profile(struct system_messages *t)
{
	return ASK(t, store_profile_get, USER, profile_seen, t);
}


static int put_document(struct system_messages *t, const char *aor, const char *auid,
			const char *name, const char *body)
{
	struct store_document d = {
		.aor = str_of(aor),
		.auid = str_of(auid),
		.name = str_of(name),
		.body = str_of(body),
	};

	return ASK(t, store_document_put, &d, STR(""), noted, t);
}


static void put_policies(struct system_messages *t)
{
	static const struct store_policy set[] = {
		{STR_INIT("sip:a@x"), STR_INIT("k2"), STR_INIT("v2")},
		{STR_INIT("sip:a@x"), STR_INIT("k1"), STR_INIT("v1")},
		{STR_INIT("sip:aa@x"), STR_INIT("k3"), STR_INIT("v3")},
		{STR_INIT(""), STR_INIT("k4"), STR_INIT("v4")},
	};

	unit_ok(ASK(t, store_policy_put, set, 4, noted, t));
}


static void test_profile(void)
{
	struct system_messages *t = system_messages();

	unit_must(profile(t) == -ENOENT);
	unit_ok(world_add(t->w, "sip:a@x"));
	unit_ok(profile(t));
	unit_buf_is(t->out, "account=example.org settings=- rules=- policy= unanswered=");
	unit_ok(put_document(t, "sip:a@x", STORE_AUID_SETTINGS, STORE_NAME_SETTINGS, "<s/>"));
	unit_ok(put_document(t, "sip:a@x", STORE_AUID_SETTINGS, "other", "<o/>"));
	unit_ok(put_document(t, "sip:a@x", STORE_AUID_ACCESS_RULES, STORE_NAME_ACCESS_RULES,
			     "<r/>"));
	put_policies(t);
	unit_ok(add(t, "sip:a@x", "1", true, 5));
	unit_ok(add(t, "sip:a@x", "2", false, 4));
	unit_ok(add(t, "sip:a@x", "3", true, 3));
	unit_ok(add(t, "sip:a@x", "4", true, 2));
	unit_ok(add(t, "sip:a@x", "5", true, 1));
	unit_ok(delivered(t, "1", 10));
	unit_ok(answered(t, "4", "yes", 10));
	unit_ok(ASK(t, store_system_message_clear, USER, STR("5"), seen, t));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(profile(t));
	unit_buf_is(
		t->out,
		"account=example.org settings=<s/> rules=<r/> policy=k1:v1,k2:v2, unanswered=3,1,");
}


/* Any of it alone is a profile. */
static void test_profile_of_parts(void)
{
	struct system_messages *t = system_messages();

	unit_ok(add(t, "sip:a@x", "1", true, 5));
	unit_ok(profile(t));
	unit_buf_is(t->out, "account=- settings=- rules=- policy= unanswered=1,");
	unit_ok(ASK(t, store_system_message_clear, USER, STR("1"), seen, t));
	unit_must(profile(t) == -ENOENT);
	put_policies(t);
	unit_ok(profile(t));
	unit_buf_is(t->out, "account=- settings=- rules=- policy=k1:v1,k2:v2, unanswered=");
}


/* Deleted with the account, all of it, and nothing of the neighbours'. */
static void test_account_takes_all(void)
{
	struct system_messages *t = system_messages();

	unit_ok(world_add(t->w, "sip:a@x"));
	unit_ok(put_document(t, "sip:a@x", STORE_AUID_SETTINGS, STORE_NAME_SETTINGS, "<s/>"));
	unit_ok(put_document(t, "sip:aa@x", STORE_AUID_SETTINGS, STORE_NAME_SETTINGS, "<n/>"));
	put_policies(t);
	unit_ok(add(t, "sip:a@x", "1", true, 5));
	unit_ok(add(t, "sip:aa@x", "7", true, 5));
	unit_ok(ASK(t, store_account_delete, USER, noted, t));
	unit_must(profile(t) == -ENOENT);
	unit_ok(list(t));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_profile_get, STR("sip:aa@x"), profile_seen, t));
	unit_buf_is(t->out, "account=- settings=<n/> rules=- policy=k3:v3, unanswered=7,");
	unit_ok(ASK(t, store_profile_get, STR(""), profile_seen, t));
	unit_buf_is(t->out, "account=- settings=- rules=- policy=k4:v4, unanswered=");
}


UNIT_MAIN(UNIT_TEST(test_life), UNIT_TEST(test_lists), UNIT_TEST(test_refused),
	  UNIT_TEST_PLAIN(test_number), UNIT_TEST(test_profile), UNIT_TEST(test_profile_of_parts),
	  UNIT_TEST(test_account_takes_all))
