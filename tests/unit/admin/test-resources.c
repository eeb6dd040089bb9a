/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about rules, deferral and insight: what is asked of the server, and how its answers are told. */
#include <jansson.h>
#include <string.h>

#include "desk.h"

struct fixture {
	struct desk desk;
	struct admin *admin;
	unsigned replies, status;
	struct buf *type, *body;
};


static void on_reply(const struct admin_reply *r, void *arg)
{
	struct fixture *f = arg;

	f->replies++;
	f->status = r->status;
	buf_clear(f->type);
	buf_clear(f->body);
	buf_puts(f->type, r->type);
	buf_puts(f->body, r->body);
}


static struct fixture *fixture(bool services)
{
	struct fixture *f = unit_storage(sizeof(*f));
	struct admin_services s = {.arg = f};

	f->type = unit_buf(1000);
	f->body = unit_buf(1 << 20);
	desk_init(&f->desk, &s);
	unit_ok(admin_alloc(&f->admin, services ? &s : &(struct admin_services){0}));
	unit_own(f->admin);
	return f;
}


/** Asks; what the desk was asked and the answer are in the fixture. A refused allocation ends the pass. */
static void ask(struct fixture *f, const char *method, const char *target, const char *body)
{
	struct str query = str_of(target), path = str_cut(&query, '?');
	unsigned before = f->replies;

	buf_clear(f->desk.asked);
	admin_handle(f->admin, str_of(method), path, query, str_of(body ? body : ""), on_reply, f);
	unit_must(f->replies == before + 1);
	unit_must(f->status != 503 || f->desk.error);
	unit_must(!f->body->failed && !f->type->failed && !f->desk.asked->failed);
}


static void expect(struct fixture *f, unsigned status, const char *json)
{
	json_t *got, *want;
	bool equal;

	mem_fail_after(SIZE_MAX);
	got = json_loadb(f->body->p, f->body->n, 0, NULL);
	want = json_loads(json, 0, NULL);
	assert_non_null(got);
	assert_non_null(want);
	equal = json_equal(got, want);
	json_decref(got);
	json_decref(want);
	if (!equal || f->status != status) {
		print_error("%u " STR_FMT "\n", f->status, STR_ARG(buf_str(f->body)));
		fail();
	}
}


#define Q(...) #__VA_ARGS__


static void test_settings(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/users/sip%3Abob%40example.org/settings", NULL);
	unit_buf_is(f->desk.asked, "settings of sip:bob@example.org\n");
	ask(f, "PUT", "/v1/users/bob/settings", Q({"push" : false, "history" : "on"}));
	unit_buf_is(f->desk.asked, "set settings of <bob>: push=off history=on\n");
	expect(f, 200, Q({"user" : "bob", "settings" : {"barring.pager" : true, "push" : false}}));
}


static void test_settings_refused(void)
{
	static const char *const bodies[] = {
		Q({"push" : 1}), Q({"push" : ["on"]}), Q({"push" : null}), Q([]), "", "{"};
	struct fixture *f = fixture(true);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		unit_case("%s", bodies[i]);
		ask(f, "PUT", "/v1/users/bob/settings", bodies[i]);
		assert_int_equal(f->status, 400);
		assert_int_equal(f->desk.asked->n, 0);
	}
}


static void test_too_many_values(void)
{
	struct fixture *f = fixture(true);
	struct buf *body = unit_buf(100000);

	for (int i = 0; i <= ADMIN_VALUES_MAX; i++)
		buf_printf(body, "%c\"k%d\": true", i ? ',' : '{', i);
	buf_putc(body, '}');
	ask(f, "PUT", "/v1/users/bob/settings", buf_cstr(body));
	assert_int_equal(f->status, 400);
	ask(f, "PUT", "/v1/policy", buf_cstr(body));
	assert_int_equal(f->status, 400);
}


static void test_documents(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/users/bob/documents", NULL);
	unit_buf_is(f->desk.asked, "documents of bob\n");
	expect(f, 200, Q({
		       "user" : "bob",
		       "documents" : [ {
			       "auid" : "resource-lists",
			       "name" : "index",
			       "type" : "application/resource-lists+xml",
			       "etag" : "e1",
			       "size" : 17,
			       "changed_ms" : 1767323045678
		       } ]
	       }));
	ask(f, "PUT", "/v1/users/bob/documents/resource-lists/index?if=e0", "<a>\n</a>");
	unit_buf_is(f->desk.asked, "put bob resource-lists index [e0] <a>\n</a>\n");
	assert_int_equal(f->status, 200);
	ask(f, "DELETE", "/v1/users/bob/documents/resource-lists/in%20dex", NULL);
	unit_buf_is(f->desk.asked, "remove bob resource-lists in dex\n");
	expect(f, 200, Q({"user" : "bob", "auid" : "resource-lists", "name" : "in dex"}));
}


static void test_document(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/users/bob/documents/resource-lists/index?format=xml", NULL);
	unit_buf_is(f->type, "application/resource-lists+xml");
	unit_buf_is(f->body, "<resource-lists/>");
	ask(f, "GET", "/v1/users/bob/documents/resource-lists/index", NULL);
	unit_buf_is(f->desk.asked, "get bob resource-lists index\n");
	expect(f, 200, Q({
		       "user" : "bob",
		       "auid" : "resource-lists",
		       "name" : "index",
		       "type" : "application/resource-lists+xml",
		       "etag" : "e1",
		       "size" : 17,
		       "changed_ms" : 1767323045678,
		       "document" : "<resource-lists/>"
	       }));
}


static void test_policy(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/users/bob/policy", NULL);
	unit_buf_is(f->desk.asked, "policy of <bob>\n");
	ask(f, "PUT", "/v1/policy", Q({
		    "a" : 1,
		    "b" : true,
		    "c" : false,
		    "d" : "x",
		    "e" : [ "text/plain", "image/x" ],
		    "f" : null,
		    "g" : []
	    }));
	unit_buf_is(f->desk.asked,
		    "set policy of <>: a=1 b=on c=off d=x e=text/plain,image/x f=null g=\n");
	expect(f, 200, Q({
		       "policy" : [
			       {"key" : "pager.max-size", "value" : "2000", "from" : "user"},
			       {"key" : "charging", "value" : "off", "from" : "default"}
		       ]
	       }));
}


static void test_policy_refused(void)
{
	static const char *const bodies[] = {Q({"a" : 1.5}), Q({"a" : {}}), Q({"a" : [1]}),
					     Q({"a" : [ "x", null ]}), Q(7)};
	struct fixture *f = fixture(true);
	char *text = unit_storage(3 * ADMIN_VALUE_MAX);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		unit_case("%s", bodies[i]);
		ask(f, "PUT", "/v1/policy", bodies[i]);
		assert_int_equal(f->status, 400);
		assert_int_equal(f->desk.asked->n, 0);
	}
	memset(text, 'x', 2 * ADMIN_VALUE_MAX + 20);
	memcpy(text, "{\"a\": \"", 7);
	strcpy(text + 2 * ADMIN_VALUE_MAX + 10, "\"}");
	ask(f, "PUT", "/v1/policy", text);
	assert_int_equal(f->status, 400);
}


static void test_deferred(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/deferred?limit=1&user=bob", NULL);
	unit_buf_is(f->desk.asked, "deferred of <bob> after 0 limit 2\n");
	expect(f, 200, Q({
		       "deferred" : [ {
			       "id" : 1,
			       "user" : "sip:bob@example.org",
			       "sender" : "sip:alice@example.org",
			       "kind" : "pager",
			       "state" : "held",
			       "call_id" : "c1",
			       "message_id" : "m1",
			       "size" : 5,
			       "content_type" : "",
			       "name" : "",
			       "received_ms" : 1767323045678,
			       "expires_ms" : 1767326645678
		       } ],
		       "more" : true
	       }));
	mem_fail_after(SIZE_MAX);
	ask(f, "GET", "/v1/deferred?after=1", NULL);
	unit_buf_is(f->desk.asked, "deferred of <> after 1 limit 1001\n");
	assert_true(str_find_str(buf_str(f->body), STR("\"more\": false")) > 0);
	ask(f, "GET", "/v1/deferred/users", NULL);
	expect(f, 200, Q({
		       "users" : [ {"user" : "sip:bob@example.org", "messages" : 2, "bytes" : 10} ],
		       "more" : false
	       }));
	ask(f, "GET", "/v1/deferred/7", NULL);
	unit_buf_is(f->desk.asked, "show 7\n");
	expect(f, 200, Q({
		       "id" : 7,
		       "user" : "sip:bob@example.org",
		       "sender" : "sip:alice@example.org",
		       "kind" : "pager",
		       "state" : "held",
		       "call_id" : "c1",
		       "message_id" : "m1",
		       "size" : 5,
		       "content_type" : "",
		       "name" : "",
		       "received_ms" : 1767323045678,
		       "expires_ms" : 1767326645678,
		       "finished_ms" : 0,
		       "devices" : [ {
			       "device" : "urn:uuid:1",
			       "state" : "waiting",
			       "attempts" : 2,
			       "status" : 480,
			       "last_ms" : 1767323045678,
			       "next_try_ms" : 1767326645678
		       } ]
	       }));
}


static void test_deferred_changes(void)
{
	struct fixture *f = fixture(true);

	ask(f, "DELETE", "/v1/deferred/7", NULL);
	unit_buf_is(f->desk.asked, "withdraw <> 7\n");
	ask(f, "DELETE", "/v1/users/bob/deferred", NULL);
	unit_buf_is(f->desk.asked, "withdraw <bob> 0\n");
	ask(f, "POST", "/v1/deferred/push", Q({"user" : "bob"}));
	unit_buf_is(f->desk.asked, "push <bob>\n");
	ask(f, "POST", "/v1/deferred/push", Q({}));
	unit_buf_is(f->desk.asked, "push <>\n");
	expect(f, 200, Q({"devices" : 1}));
	f->desk.error = -ENODATA;
	ask(f, "POST", "/v1/deferred/push", Q({"user" : "bob"}));
	expect(f, 409, Q({
		       "error" : "bob is not registered",
		       "remedy" : "push again when they have registered"
	       }));
	ask(f, "DELETE", "/v1/deferred/7", NULL);
	expect(f, 404, Q({
		       "error" : "there is no deferred message 7",
		       "remedy" : "list the messages to see those that wait"
	       }));
}


static void test_system_messages(void)
{
	struct fixture *f = fixture(true);

	ask(f, "DELETE", "/v1/users/bob/system-messages", NULL);
	unit_buf_is(f->desk.asked, "clear bob <>\n");
	ask(f, "DELETE", "/v1/users/bob/system-messages/sm-1", NULL);
	unit_buf_is(f->desk.asked, "clear bob <sm-1>\n");
	ask(f, "GET", "/v1/system-messages?user=bob", NULL);
	unit_buf_is(f->desk.asked, "system messages of <bob>\n");
	ask(f, "POST", "/v1/users/bob/system-messages",
	    Q({"text" : "New terms", "answers" : [ "yes", "no" ], "timeout_s" : 60}));
	unit_buf_is(f->desk.asked, "tell bob \"New terms\" in 60: yes no\n");
	expect(f, 201, Q({
		       "user" : "sip:bob@example.org",
		       "id" : "sm-1",
		       "text" : "New terms",
		       "answers" : [ "yes", "no" ],
		       "state" : "waiting",
		       "answer" : "yes",
		       "required" : true,
		       "timeout_s" : 3600,
		       "created_ms" : 1767323045678,
		       "delivered_ms" : 1767326645678,
		       "answered_ms" : 0
	       }));
}


static void test_system_messages_refused(void)
{
	static const char *const bodies[] = {
		Q({}),
		Q({"text" : ""}),
		Q({"text" : 1}),
		Q({"text" : "x", "answers" : "yes"}),
		Q({"text" : "x", "answers" : [1]}),
		Q({"text" : "x", "answers" : [""]}),
		Q({"text" : "x", "answers" : ["a\nb"]}),
		Q({"text" : "x", "timeout_s" : 60}),
		Q({"text" : "x", "answers" : ["a"], "timeout_s" : 0}),
		Q({"text" : "x", "answers" : ["a"], "timeout_s" : "1h"}),
		Q({
			"text" : "x",
			"answers" : [
				"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13",
				"14", "15", "16", "17"
			]
		}),
	};
	struct fixture *f = fixture(true);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		unit_case("%s", bodies[i]);
		ask(f, "POST", "/v1/users/bob/system-messages", bodies[i]);
		assert_int_equal(f->status, 400);
		assert_int_equal(f->desk.asked->n, 0);
	}
}


static void test_insight(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/trace/bob?after=2&wait=3", NULL);
	unit_buf_is(f->desk.asked, "trace bob after 2 wait 3\n");
	unit_buf_is(f->type, "application/x-ndjson");
	unit_buf_is(f->body,
		    "{\"seq\":1,\"at_ms\":1767323045678,\"what\":\"in\",\"transport\":\"udp\","
		    "\"peer\":\"192.0.2.1:5060\",\"text\":\"MESSAGE "
		    "sip:bob@example.org\",\"call_id\":\"c1\"}\n"
		    "{\"seq\":3,\"at_ms\":1767323045678,\"what\":\"outcome\",\"transport\":\"\","
		    "\"peer\":\"\","
		    "\"text\":\"pager delivered\x7f\",\"call_id\":\"c1\"}\n");
	ask(f, "GET", "/v1/messages/c1%40h", NULL);
	unit_buf_is(f->desk.asked, "explain c1@h\n");
	expect(f, 200, Q({
		       "message" : "c1@h",
		       "story" : [
			       {
				       "at_ms" : 1767323045678,
				       "event" : "held",
				       "kind" : "pager",
				       "user" : "sip:bob@example.org",
				       "sender" : "sip:alice@example.org",
				       "device" : "",
				       "reason" : "",
				       "status" : 202,
				       "text" : "kept on disk"
			       },
			       {
				       "at_ms" : 1767326645678,
				       "event" : "waits",
				       "kind" : "",
				       "user" : "",
				       "sender" : "",
				       "device" : "",
				       "reason" : "",
				       "status" : 0,
				       "text" : "waits: nobody is there"
			       }
		       ]
	       }));
}


static void test_groups(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/groups?limit=1", NULL);
	unit_buf_is(f->desk.asked, "groups after <> limit 2\n");
	expect(f, 200, Q({
		       "groups" : [ {
			       "group" : "sip:hikers@example.org",
			       "size" : 17,
			       "changed_ms" : 1767323045678
		       } ],
		       "more" : true
	       }));
	ask(f, "GET", "/v1/groups?after=sip:x%40y", NULL);
	unit_buf_is(f->desk.asked, "groups after <sip:x@y> limit 1001\n");
	ask(f, "GET", "/v1/groups/hikers", NULL);
	unit_buf_is(f->desk.asked, "group hikers\n");
	expect(f, 200, Q({
		       "group" : "sip:hikers@example.org",
		       "name" : "Hikers",
		       "subject" : "Sunday tour",
		       "members" : [
			       {"user" : "sip:alice@example.org", "name" : "Alice"},
			       {"user" : "tel:+15550100", "name" : ""}
		       ],
		       "invite" : true,
		       "advertise" : true,
		       "max" : 20,
		       "duration_s" : 7200,
		       "size" : 17,
		       "changed_ms" : 1767323045678
	       }));
	ask(f, "POST", "/v1/groups",
	    Q({"group" : "hikers", "members" : [ "alice", "bob" ], "max" : "20", "name" : "H"}));
	unit_buf_is(f->desk.asked, "create hikers of alice bob with of <>: max=20 name=H\n");
	assert_int_equal(f->status, 200);
	ask(f, "PUT", "/v1/groups/hikers/members/carol", NULL);
	unit_buf_is(f->desk.asked, "add carol to hikers\n");
	assert_int_equal(f->status, 200);
	ask(f, "DELETE", "/v1/groups/hikers/members/sip:carol%40x.net", NULL);
	unit_buf_is(f->desk.asked, "remove sip:carol@x.net from hikers\n");
	assert_int_equal(f->status, 200);
	ask(f, "DELETE", "/v1/groups/hikers", NULL);
	unit_buf_is(f->desk.asked, "delete group hikers\n");
	expect(f, 200, Q({"group" : "hikers"}));
}


static void test_groups_refused(void)
{
	static const char *const bodies[] = {
		Q({"group" : "hikers"}),
		Q({"group" : "hikers", "members" : "alice"}),
		Q({"group" : "hikers", "members" : [1]}),
		Q({"group" : "hikers", "members" : [""]}),
		Q({"members" : []}),
		Q({"group" : "hikers", "members" : [], "max" : 20}),
	};
	static const struct {
		const char *method, *target;
		int error;
		unsigned status;
		const char *text;
	} rows[] = {
		{"GET", "/v1/groups/h", -ENODATA, 404, "there is no group h"},
		{"PUT", "/v1/groups/h/members/bob", -EEXIST, 409, "bob is a member of h already"},
		{"DELETE", "/v1/groups/h/members/bob", -ESRCH, 404, "bob is no member of h"},
		{"DELETE", "/v1/groups/h", -EINVAL, 400, "this is no name of a user: h"},
	};
	struct fixture *f = fixture(true);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		unit_case("%s", bodies[i]);
		ask(f, "POST", "/v1/groups", bodies[i]);
		unit_must(f->status == 400);
		assert_int_equal(f->desk.asked->n, 0);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %s", rows[i].method, rows[i].target);
		f->desk.error = rows[i].error;
		ask(f, rows[i].method, rows[i].target, NULL);
		unit_must(f->status == rows[i].status);
		unit_must(str_find_str(buf_str(f->body), str_of(rows[i].text)) > 0);
	}
	f->desk.error = -EEXIST;
	ask(f, "POST", "/v1/groups", Q({"group" : "h", "members" : ["a"]}));
	unit_must(f->status == 409);
}


static void test_sessions(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/sessions?limit=1&user=bob", NULL);
	unit_buf_is(f->desk.asked, "sessions of <bob> after 0 limit 2\n");
	assert_int_equal(f->status, 200);
	assert_true(str_find_str(buf_str(f->body), STR("\"abcd2345abcd2345\"")) > 0);
	assert_true(str_find_str(buf_str(f->body), STR("efgh")) < 0);
	assert_true(str_find_str(buf_str(f->body), STR("\"more\": true")) > 0);
	ask(f, "GET", "/v1/sessions?after=1", NULL);
	unit_buf_is(f->desk.asked, "sessions of <> after 1 limit 1001\n");
	assert_true(str_find_str(buf_str(f->body), STR("\"more\": false")) > 0);
	ask(f, "GET", "/v1/sessions/abcd2345abcd2345", NULL);
	unit_buf_is(f->desk.asked, "session abcd2345abcd2345\n");
	assert_true(str_find_str(buf_str(f->body), STR("\"callee_call_id\": \"c2\"")) > 0);
	ask(f, "DELETE", "/v1/sessions/abcd2345abcd2345", NULL);
	unit_buf_is(f->desk.asked, "end abcd2345abcd2345\n");
	expect(f, 200, Q({"ended" : "abcd2345abcd2345"}));
	f->desk.error = -EALREADY;
	ask(f, "DELETE", "/v1/sessions/x", NULL);
	assert_int_equal(f->status, 409);
}


static void test_conferences(void)
{
	struct fixture *f = fixture(true);

	ask(f, "GET", "/v1/conferences?limit=1", NULL);
	unit_buf_is(f->desk.asked, "conferences after 0 limit 2\n");
	assert_int_equal(f->status, 200);
	assert_true(str_find_str(buf_str(f->body), STR("\"abcd2345abcd2345\"")) > 0);
	assert_true(str_find_str(buf_str(f->body), STR("efgh")) < 0);
	assert_true(str_find_str(buf_str(f->body), STR("\"more\": true")) > 0);
	ask(f, "GET", "/v1/conferences?after=1", NULL);
	unit_buf_is(f->desk.asked, "conferences after 1 limit 1001\n");
	assert_true(str_find_str(buf_str(f->body), STR("\"more\": false")) > 0);
	ask(f, "GET", "/v1/conferences/abcd2345abcd2345", NULL);
	unit_buf_is(f->desk.asked, "conference abcd2345abcd2345\n");
	expect(f, 200, Q({
		       "id" : "abcd2345abcd2345",
		       "number" : 1,
		       "kind" : "group",
		       "identity" : "sip:conf-abcd2345abcd2345@example.org",
		       "group" : "sip:hikers@example.org",
		       "founder" : "sip:alice@example.org",
		       "subject" : "Sunday tour",
		       "since_ms" : 1767323045678,
		       "participants" : 3,
		       "connected" : 2,
		       "watchers" : 1,
		       "messages" : 4,
		       "copies" : 8,
		       "persons" : [ {
			       "address" : "sip:bob@example.org",
			       "anonymous" : true,
			       "status" : "connected",
			       "since_ms" : 1767323045678,
			       "messages" : 2,
			       "bytes" : 10
		       } ]
	       }));
	ask(f, "DELETE", "/v1/conferences/abcd2345abcd2345", NULL);
	unit_buf_is(f->desk.asked, "end conference abcd2345abcd2345\n");
	expect(f, 200, Q({"ended" : "abcd2345abcd2345"}));
	f->desk.error = -ENODATA;
	ask(f, "GET", "/v1/conferences/x", NULL);
	expect(f, 404, Q({
		       "error" : "there is no conference x",
		       "remedy" : "list the conferences to see those that run here"
	       }));
}


static const struct {
	const char *method, *target, *body;
} all[] = {
	{"GET", "/v1/users/bob/settings", ""},
	{"PUT", "/v1/users/bob/settings", Q({"push" : true})},
	{"GET", "/v1/users/bob/documents", ""},
	{"GET", "/v1/users/bob/documents/a/b", ""},
	{"PUT", "/v1/users/bob/documents/a/b", "<a/>"},
	{"DELETE", "/v1/users/bob/documents/a/b", ""},
	{"GET", "/v1/policy", ""},
	{"PUT", "/v1/policy", Q({"a" : 1})},
	{"GET", "/v1/users/bob/policy", ""},
	{"PUT", "/v1/users/bob/policy", Q({"a" : 1})},
	{"GET", "/v1/deferred?user=bob", ""},
	{"GET", "/v1/deferred/users", ""},
	{"GET", "/v1/deferred/1", ""},
	{"DELETE", "/v1/deferred/1", ""},
	{"DELETE", "/v1/users/bob/deferred", ""},
	{"POST", "/v1/deferred/push", Q({"user" : "bob"})},
	{"GET", "/v1/system-messages?user=bob", ""},
	{"POST", "/v1/users/bob/system-messages", Q({"text" : "x"})},
	{"DELETE", "/v1/users/bob/system-messages", ""},
	{"GET", "/v1/trace/bob", ""},
	{"GET", "/v1/messages/bob", ""},
	{"GET", "/v1/groups", ""},
	{"POST", "/v1/groups", Q({"group" : "bob", "members" : []})},
	{"GET", "/v1/groups/bob", ""},
	{"DELETE", "/v1/groups/bob", ""},
	{"PUT", "/v1/groups/bob/members/a", ""},
	{"DELETE", "/v1/groups/bob/members/a", ""},
	{"GET", "/v1/sessions?user=bob", ""},
	{"GET", "/v1/sessions/bob", ""},
	{"DELETE", "/v1/sessions/bob", ""},
	{"GET", "/v1/conferences", ""},
	{"GET", "/v1/conferences/bob", ""},
	{"DELETE", "/v1/conferences/bob", ""},
};


/** Every resource tells every kind of error with its status, an error and a remedy. */
static void test_errors(void)
{
	static const struct {
		int error;
		unsigned status;
	} rows[] = {{-ENOENT, 404},    {-EXDEV, 400},   {-ENOBUFS, 503}, {-ENOMEM, 503},
		    {-EIO, 503},       {-ESTALE, 412},  {-EDQUOT, 409},  {-EBADMSG, 409},
		    {-ECANCELED, 503}, {-EMSGSIZE, 413}};
	struct fixture *f = fixture(true);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			unit_case("%s %s %d", all[i].method, all[i].target, rows[k].error);
			f->desk.error = rows[k].error;
			ask(f, all[i].method, all[i].target, all[i].body);
			assert_int_equal(f->status, rows[k].status);
			assert_true(str_find_str(buf_str(f->body), STR("\"remedy\": \"")) > 0);
		}
		f->desk.error = -ENODATA;
		ask(f, all[i].method, all[i].target, all[i].body);
		assert_true(f->status == 404 || f->status == 409);
	}
}


/** A sentence of the server's is told as it is. */
static void test_why(void)
{
	struct fixture *f = fixture(true);

	f->desk.error = -EINVAL;
	f->desk.why = "it is wrong: make it right";
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		unit_case("%s %s", all[i].method, all[i].target);
		ask(f, all[i].method, all[i].target, all[i].body);
		expect(f, 400, Q({"error" : "it is wrong", "remedy" : "make it right"}));
	}
}


static void test_no_services(void)
{
	struct fixture *f = fixture(false);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		unit_case("%s %s", all[i].method, all[i].target);
		ask(f, all[i].method, all[i].target, all[i].body);
		assert_int_equal(f->status, 501);
	}
}


static void test_bad_numbers(void)
{
	static const char *const targets[] = {
		"/v1/deferred?limit=0",
		"/v1/deferred?limit=10001",
		"/v1/deferred?after=x",
		"/v1/deferred?after=-1",
		"/v1/deferred/0",
		"/v1/deferred/x",
		"/v1/deferred/99999999999999999999",
		"/v1/deferred/users?limit=x",
		"/v1/sessions?limit=0",
		"/v1/sessions?after=x",
		"/v1/conferences?limit=0",
		"/v1/conferences?after=x",
		"/v1/trace/bob?after=x",
		"/v1/trace/bob?wait=26",
		"/v1/trace/bob?wait=-1",
	};
	struct fixture *f = fixture(true);

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		unit_case("%s", targets[i]);
		ask(f, "GET", targets[i], NULL);
		assert_int_equal(f->status, 400);
		assert_int_equal(f->desk.asked->n, 0);
	}
}


UNIT_MAIN(UNIT_TEST(test_settings), UNIT_TEST_PLAIN(test_settings_refused),
	  UNIT_TEST_PLAIN(test_too_many_values), UNIT_TEST(test_documents),
	  UNIT_TEST(test_document), UNIT_TEST(test_policy), UNIT_TEST_PLAIN(test_policy_refused),
	  UNIT_TEST(test_deferred), UNIT_TEST(test_deferred_changes), UNIT_TEST(test_sessions),
	  UNIT_TEST(test_conferences), UNIT_TEST(test_groups), UNIT_TEST(test_groups_refused),
	  UNIT_TEST(test_system_messages), UNIT_TEST_PLAIN(test_system_messages_refused),
	  UNIT_TEST(test_insight), UNIT_TEST_PLAIN(test_errors), UNIT_TEST_PLAIN(test_why),
	  UNIT_TEST_PLAIN(test_no_services), UNIT_TEST_PLAIN(test_bad_numbers))
