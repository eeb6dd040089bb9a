/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of subscribers: what is known, what is asked, what is dropped. */
#include "subscriber/subscriber.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "store/account.h"
#include "store/document.h"
#include "store/memory/memory.h"
#include "store/policy.h"
#include "store/system_message.h"

#define ALICE STR("sip:alice@example.org")

struct world {
	struct virtual_loop *vl;
	struct loop *loop;
	struct store *store;
	struct subscribers *subs;
	struct store_request r;
	struct subscriber_query q[4];
	unsigned answers, stored;
	int error, store_error;
	struct subscriber *got;
	bool allowed;
	struct str again;
};


static void close_world(void *arg)
{
	struct world *w = arg;

	mem_unref(w->got);
	mem_unref(w->subs);
	mem_unref(w->store);
	mem_unref(w->vl);
}


static struct world *world(bool ims)
{
	static const struct str domains[] = {STR_INIT("example.org"), STR_INIT("Example.NET")};
	struct world *w = unit_storage(sizeof(*w));
	struct buf *why = unit_buf(256);

	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->loop = virtual_loop_base(w->vl);
	unit_ok(store_open(&w->store, w->loop, STR("memory:"), why));
	unit_ok(subscribers_alloc(&w->subs, &(struct subscribers_params){
						    .loop = w->loop,
						    .store = w->store,
						    .domains = domains,
						    .domains_n = 2,
						    .ims = ims,
					    }));
	/* The service's policy is read first. */
	assert_true(virtual_loop_run_until_idle(w->vl));
	return w;
}


static void stored(struct store_request *r, int error, void *arg)
{
	struct world *w = arg;

	(void)r;
	w->stored++;
	w->store_error = error;
}


static void add(struct world *w, struct str aor, bool allowed)
{
	struct store_account a = {
		.aor = aor,
		.realm = STR("example.org"),
		.ha1_md5 = STR("00"),
		.ha1_sha256 = STR("11"),
		.allowed = allowed,
		.created_ms = 5,
	};

	w->store_error = 0;
	unit_ok(store_account_add(w->store, &w->r, &a, stored, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_ok(w->store_error);
}


static void loaded(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct world *w = arg;

	w->answers++;
	w->error = error;
	mem_unref(w->got);
	w->got = mem_ref(s);
	if (w->again.n) {
		struct str aor = w->again;

		w->again = STR("");
		(void)subscriber_load(w->subs, q, aor, loaded, w);
	}
}


static int load(struct world *w, struct str aor)
{
	int r = subscriber_load(w->subs, &w->q[0], aor, loaded, w);

	if (r)
		return r;
	assert_int_equal(w->answers, 0);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 1);
	w->answers = 0;
	return w->error;
}


static void test_loaded_once(void)
{
	struct world *w = world(false);
	struct subscriber *s = NULL;

	add(w, ALICE, true);
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_ok(load(w, ALICE));
	unit_str(w->got->aor, "sip:alice@example.org");
	unit_str(w->got->realm, "example.org");
	assert_true(w->got->allowed && w->got->account && w->got->created_ms == 5);
	assert_string_equal(w->got->secret.ha1[DIGEST_MD5], "00");
	assert_string_equal(w->got->secret.ha1[DIGEST_SHA256], "11");
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), 0);
	assert_ptr_equal(s, w->got);
	/* From now on the store is not asked. */
	store_memory_fail_next(w->store, 100, -EIO);
	unit_ok(load(w, ALICE));
}


static void test_nobody(void)
{
	struct world *w = world(false);
	struct subscriber *s = NULL;

	unit_must(load(w, ALICE) == -ENOENT);
	unit_must(w->got == NULL);
	if (!unit_refused())
		assert_int_equal(subscribers_find(w->subs, ALICE, &s), -ENOENT);
	/* Not for ever, and not beyond a change. */
	assert_true(virtual_loop_advance(w->vl, SUBSCRIBERS_UNKNOWN_MS));
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_must(load(w, ALICE) == -ENOENT);
	add(w, ALICE, true);
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
}


static void test_domains(void)
{
	struct world *w = world(true);
	struct subscriber *s = NULL;

	assert_true(subscribers_serve(w->subs, ALICE));
	assert_true(subscribers_serve(w->subs, STR("sip:bob@example.net")));
	assert_false(subscribers_serve(w->subs, STR("sip:bob@example.com")));
	assert_false(subscribers_serve(w->subs, STR("sip:example.org")));
	assert_true(subscribers_serve_domain(w->subs, STR("EXAMPLE.org")));
	assert_int_equal(subscribers_find(w->subs, STR("sip:bob@example.com"), &s), -ENOENT);
	unit_must(load(w, STR("sip:bob@example.com")) == -ENOENT);
}


static void test_ims(void)
{
	struct world *w = world(true);

	unit_ok(load(w, ALICE));
	assert_true(w->got->allowed);
	assert_false(w->got->account);
	add(w, STR("sip:bob@example.org"), false);
	unit_ok(load(w, STR("sip:bob@example.org")));
	assert_false(w->got->allowed);
}


static void test_store_fails(void)
{
	struct world *w = world(true);
	struct subscriber *s = NULL;

	store_memory_fail_next(w->store, 1, -EIO);
	unit_must(load(w, ALICE) == -EIO);
	assert_int_equal(subscribers_find(w->subs, ALICE, &s), -EAGAIN);
	unit_ok(load(w, ALICE));
}


static void test_several_queries(void)
{
	struct world *w = world(false);

	add(w, ALICE, true);
	/* One look-up: a second would fail. */
	for (unsigned i = 0; i < 3; i++)
		unit_ok(subscriber_load(w->subs, &w->q[i], ALICE, loaded, w));
	subscriber_load_cancel(&w->q[1]);
	subscriber_load_cancel(&w->q[1]);
	assert_int_equal(store_waiting(w->store), 1);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 2);
}


static void test_changed_while_loading(void)
{
	struct world *w = world(false);

	add(w, ALICE, true);
	store_memory_set_delay(w->store, 100);
	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	unit_ok(store_account_set_allowed(w->store, &w->r, ALICE, false, false, 0, stored, w));
	/* The answer on its way is older than the change. */
	subscribers_drop(w->subs, ALICE);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 0);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 1);
	unit_ok(w->error);
	assert_false(w->got->allowed);
}


static void test_asked_again_in_callback(void)
{
	struct world *w = world(true);

	w->again = ALICE;
	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(w->answers == 2);
}


static void test_closed_while_loading(void)
{
	struct world *w = world(false);

	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	unit_ok(subscriber_load(w->subs, &w->q[1], STR("sip:x@elsewhere"), loaded, w));
	w->subs = mem_unref(w->subs);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 0);
	subscriber_load_cancel(&w->q[0]);
}


static void test_bounded(void)
{
	struct world *w = world(false);
	struct subscriber *s;
	char aor[64];

	for (unsigned i = 0; i < SUBSCRIBERS_UNKNOWN_MAX + 10; i++) {
		snprintf(aor, sizeof(aor), "sip:%u@example.org", i);
		assert_int_equal(load(w, str_of(aor)), -ENOENT);
	}
	assert_int_equal(subscribers_find(w->subs, STR("sip:9@example.org"), &s), -EAGAIN);
	assert_int_equal(subscribers_find(w->subs, STR("sip:10@example.org"), &s), -ENOENT);
}


static void settle(struct world *w, int asked)
{
	unit_ok(asked);
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_ok(w->store_error);
}


static void put(struct world *w, struct str auid, struct str name, struct str body)
{
	settle(w, store_document_put(w->store, &w->r,
				     &(struct store_document){.aor = ALICE,
							      .auid = auid,
							      .name = name,
							      .type = STR("text/xml"),
							      .body = body},
				     STR(""), stored, w));
}


static void set_policy(struct world *w, struct str scope, struct str key, struct str value)
{
	settle(w, store_policy_put(w->store, &w->r, &(struct store_policy){scope, key, value}, 1,
				   stored, w));
}


static struct access_outcome judged(const struct subscriber *s, struct str caller)
{
	struct access_outcome o;

	access_policy_judge(s->access,
			    &(struct access_request){.callers = &caller,
						     .callers_n = 1,
						     .media = ACCESS_PAGER_MODE_MESSAGE},
			    &o);
	return o;
}


#define RULES(condition)                                                       \
	"<ruleset xmlns='urn:ietf:params:xml:ns:common-policy'><rule "         \
	"id='a'><conditions>" condition "</conditions><actions><allow-invite " \
	"xmlns='urn:oma:xml:poc:poc-rules'>reject</allow-invite></actions>"    \
	"</rule></ruleset>"
#define LISTED(name)                                                   \
	"<external-list xmlns='urn:oma:xml:xdm:common-policy'><entry " \
	"anc='http://x/resource-lists/users/"                          \
	"sip:alice@example.org/" name "'/></external-list>"


static void test_documents(void)
{
	struct world *w = world(false);

	add(w, ALICE, true);
	put(w, STR(STORE_AUID_SETTINGS), STR(STORE_NAME_SETTINGS),
	    STR("<im-settings><entity id='1'><ipab-settings><incoming-pager-barring "
		"active='true'/></ipab-settings>"
		"</entity></im-settings>"));
	put(w, STR(STORE_AUID_ACCESS_RULES), STR(STORE_NAME_ACCESS_RULES),
	    STR(RULES(LISTED("second"))));
	put(w, STR(STORE_AUID_RESOURCE_LISTS), STR("first"), STR("<broken"));
	put(w, STR(STORE_AUID_RESOURCE_LISTS), STR("second"),
	    STR("<resource-lists xmlns='urn:ietf:params:xml:ns:resource-lists'><list>"
		"<entry uri='sip:mallory@example.com'/></list></resource-lists>"));
	set_policy(w, ALICE, STR("pager.max-size"), STR("10"));
	unit_ok(load(w, ALICE));
	unit_must(im_settings_on(&w->got->settings, IM_BARRING_PAGER));
	unit_must(w->got->access != NULL);
	assert_false(im_settings_on(&w->got->settings, IM_BARRING_SESSION));
	unit_must(judged(w->got, STR("sip:mallory@example.com")).action == ACCESS_REJECT);
	assert_int_equal(judged(w->got, STR("sip:carol@example.com")).action, ACCESS_PASS);
	assert_int_equal(operator_max_size(NULL, w->got->policy, OPERATOR_PAGER), 10);
	assert_true(w->got->answer_due_ms == SUBSCRIBER_NEVER);

	/* What cannot be read says nothing; the user is served. */
	put(w, STR(STORE_AUID_SETTINGS), STR(STORE_NAME_SETTINGS), STR("<broken"));
	put(w, STR(STORE_AUID_ACCESS_RULES), STR(STORE_NAME_ACCESS_RULES), STR("broken"));
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
	assert_false(im_settings_on(&w->got->settings, IM_BARRING_PAGER));
	assert_null(w->got->access);
}


static void test_answer_due(void)
{
	struct world *w = world(false);
	struct store_system_message m = {.aor = ALICE,
					 .id = STR("1"),
					 .text = STR("Agreed?"),
					 .choice = {STR("yes")},
					 .choices = 1,
					 .required = true,
					 .timeout_s = 10,
					 .created_ms = 1};

	add(w, ALICE, true);
	settle(w, store_system_message_add(w->store, &w->r, &m, stored, w));
	m.id = STR("2");
	settle(w, store_system_message_add(w->store, &w->r, &m, stored, w));
	/* The time begins with the delivery. */
	unit_ok(load(w, ALICE));
	assert_true(w->got->answer_due_ms == SUBSCRIBER_NEVER);
	settle(w, store_system_message_mark_delivered(w->store, &w->r, ALICE, STR("1"), 5000,
						      stored, w));
	settle(w, store_system_message_mark_delivered(w->store, &w->r, ALICE, STR("2"), 3000,
						      stored, w));
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
	assert_int_equal(w->got->answer_due_ms, 13000);
	settle(w, store_system_message_mark_answered(w->store, &w->r, ALICE, STR("2"), STR("yes"),
						     4000, stored, w));
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
	assert_int_equal(w->got->answer_due_ms, 15000);
	settle(w, store_system_message_clear(w->store, &w->r, ALICE, STR("1"), stored, w));
	subscribers_drop(w->subs, ALICE);
	unit_ok(load(w, ALICE));
	assert_true(w->got->answer_due_ms == SUBSCRIBER_NEVER);
}


static uint64_t service_size(const struct world *w)
{
	return operator_max_size(subscribers_policy(w->subs), NULL, OPERATOR_PAGER);
}


static void test_service_policy(void)
{
	const struct operator_rule rule[OPERATOR_MODES] = {[OPERATOR_PAGER] = {.max_size = 1000}};
	struct world *w = world(false);
	struct operator_policy *configured = NULL;

	unit_ok(operator_policy_configured(&configured, rule));
	configured = unit_own(configured);
	assert_true(service_size(w) == OPERATOR_NO_LIMIT);
	subscribers_set_policy(w->subs, configured);
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(service_size(w) == 1000);
	set_policy(w, STR(""), STR("pager.max-size"), STR("7"));
	subscribers_drop(w->subs, STR(""));
	subscribers_drop(w->subs, STR(""));
	assert_true(virtual_loop_run_until_idle(w->vl));
	unit_must(service_size(w) == 7);

	/* When the store is away, what was holds on, and it is tried again. */
	set_policy(w, STR(""), STR("pager.max-size"), STR("8"));
	store_memory_fail_next(w->store, 1, -EIO);
	subscribers_drop(w->subs, STR(""));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(service_size(w), 7);
	assert_true(virtual_loop_advance(w->vl, SUBSCRIBERS_RETRY_MS));
	unit_must(service_size(w) == 8);
}


/* Before the service's policy is known nobody is judged. */
static void test_policy_first(void)
{
	static const struct str domains[] = {STR_INIT("example.org")};
	struct world *w = world(true);

	w->subs = mem_unref(w->subs);
	store_memory_set_delay(w->store, 100);
	unit_ok(subscribers_alloc(&w->subs, &(struct subscribers_params){.loop = w->loop,
									 .store = w->store,
									 .domains = domains,
									 .domains_n = 1,
									 .ims = true}));
	unit_ok(subscriber_load(w->subs, &w->q[0], ALICE, loaded, w));
	unit_ok(subscriber_load(w->subs, &w->q[1], STR("sip:bob@example.org"), loaded, w));
	assert_int_equal(store_waiting(w->store), 1);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 0);
	assert_true(virtual_loop_advance(w->vl, 100));
	unit_must(w->answers == 2);
}


UNIT_MAIN(UNIT_TEST(test_loaded_once), UNIT_TEST(test_nobody), UNIT_TEST(test_domains),
	  UNIT_TEST(test_ims), UNIT_TEST(test_store_fails), UNIT_TEST(test_several_queries),
	  UNIT_TEST(test_changed_while_loading), UNIT_TEST(test_asked_again_in_callback),
	  UNIT_TEST(test_closed_while_loading), UNIT_TEST_PLAIN(test_bounded),
	  UNIT_TEST(test_documents), UNIT_TEST(test_answer_due), UNIT_TEST(test_service_policy),
	  UNIT_TEST(test_policy_first))
