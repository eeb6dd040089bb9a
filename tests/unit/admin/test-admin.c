/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API without HTTP: resources, errors, late answers, and the end. */
#include "admin/admin.h"

#include <jansson.h>
#include <string.h>

#include "admin/resource.h"
#include "base/counter.h"
#include "lib/unit.h"

#define USERS_MAX 8
#define CALLS_MAX 300

/** A server that keeps its users in an array, and answers at once or when told to. */
struct fake {
	struct {
		char name[64], password[64];
		bool allowed;
	} user[USERS_MAX];
	size_t users;
	int error; /**< what the next call comes to, when not 0 */
	const char *why;
	bool immediate; /**< the error is returned, not called back */
	bool late;      /**< answers are kept … */
	struct {
		admin_done_cb *done;
		void *arg;
		int error;
	} call[CALLS_MAX]; /**< … here */
	size_t calls;
	struct admin_status status;
	struct admin *admin;
	unsigned replies, status_code;
	struct buf *type, *body, *allow;
};


static int find(struct fake *f, struct str name)
{
	for (size_t i = 0; i < f->users; i++)
		if (str_eq(str_of(f->user[i].name), name))
			return (int)i;
	return -ENOENT;
}


static int finish(struct fake *f, int error, admin_done_cb *done, void *done_arg, struct buf *why)
{
	if (f->error) {
		error = f->error;
		if (f->why)
			buf_puts(why, str_of(f->why));
		if (f->immediate)
			return error;
	}
	if (f->late) {
		assert_true(f->calls < CALLS_MAX);
		f->call[f->calls].done = done;
		f->call[f->calls].arg = done_arg;
		f->call[f->calls++].error = error;
	} else {
		done(error, done_arg);
	}
	return 0;
}


static void copy(char *to, size_t n, struct str s)
{
	assert_true(s.n < n);
	memcpy(to, s.p, s.n);
	to[s.n] = 0;
}


static int fake_add(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg)
{
	struct fake *f = arg;

	if (find(f, user) >= 0)
		return finish(f, -EEXIST, done, done_arg, why);
	assert_true(f->users < USERS_MAX);
	copy(f->user[f->users].name, sizeof(f->user[0].name), user);
	copy(f->user[f->users].password, sizeof(f->user[0].password), password);
	f->user[f->users++].allowed = true;
	return finish(f, 0, done, done_arg, why);
}


static int fake_remove(struct str user, admin_done_cb *done, void *done_arg, struct buf *why,
		       void *arg)
{
	struct fake *f = arg;
	int i = find(f, user);

	if (i >= 0)
		f->user[i] = f->user[--f->users];
	return finish(f, i < 0 ? i : 0, done, done_arg, why);
}


static int fake_passwd(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg)
{
	struct fake *f = arg;
	int i = find(f, user);

	if (i >= 0)
		copy(f->user[i].password, sizeof(f->user[i].password), password);
	return finish(f, i < 0 ? i : 0, done, done_arg, why);
}


static int fake_allow(struct str user, bool allowed, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	struct fake *f = arg;
	int i = find(f, user);

	if (i >= 0)
		f->user[i].allowed = allowed;
	return finish(f, i < 0 ? i : 0, done, done_arg, why);
}


static int fake_list(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done,
		     void *done_arg, struct buf *why, void *arg)
{
	struct fake *f = arg;

	for (size_t i = 0; i < f->users && limit; i++) {
		struct str name = str_of(f->user[i].name);

		if (after.n && str_cmp(name, after) <= 0)
			continue;
		each(&(struct admin_user){name, f->user[i].allowed}, done_arg);
		limit--;
	}
	return finish(f, 0, done, done_arg, why);
}


static int fake_registrations(struct str user, admin_registration_cb *each, admin_done_cb *done,
			      void *done_arg, struct buf *why, void *arg)
{
	struct admin_registration r = {
		.address = STR("sip:alice@example.org"),
		.contact = STR("sip:alice@192.0.2.1:5061"),
		.received = STR("udp:192.0.2.1:5061"),
		.user_agent = STR("Phone \xff/1"),
		.instance = STR("urn:uuid:1"),
		.expires_s = 120,
		.q_milli = 700,
	};

	if (!user.n || str_eq(user, STR("alice")))
		each(&r, done_arg);
	return finish(arg, 0, done, done_arg, why);
}


static void fake_status(struct admin_status *ret, void *arg)
{
	*ret = ((struct fake *)arg)->status;
}


static void fake_config(bool json, struct buf *out, void *arg)
{
	(void)arg;
	buf_puts(out,
		 json ? STR("{\"domain\": [\"example.org\"]}\n") : STR("domain: [example.org]\n"));
}


static void on_reply(const struct admin_reply *r, void *arg)
{
	struct fake *f = arg;

	f->replies++;
	f->status_code = r->status;
	buf_clear(f->type);
	buf_clear(f->body);
	buf_clear(f->allow);
	buf_puts(f->type, r->type);
	buf_puts(f->body, r->body);
	buf_puts(f->allow, r->allow);
}


/** A kept answer is given, once. */
static void finish_call(struct fake *f, size_t i, int error)
{
	admin_done_cb *done = f->call[i].done;

	f->call[i].done = NULL;
	if (done)
		done(error, f->call[i].arg);
}


static void done_fake(void *arg)
{
	struct fake *f = arg;

	f->admin = mem_unref(f->admin);
	for (size_t i = 0; i < f->calls; i++)
		finish_call(f, i, f->call[i].error);
}


static struct fake *fake(bool services)
{
	struct fake *f = unit_storage(sizeof(*f));
	struct admin_services s = {
		.status = fake_status,
		.config = fake_config,
		.user_add = fake_add,
		.user_remove = fake_remove,
		.user_passwd = fake_passwd,
		.user_allow = fake_allow,
		.user_list = fake_list,
		.registration_list = fake_registrations,
		.arg = f,
	};

	f->type = unit_buf(1000);
	f->body = unit_buf(1 << 20);
	f->allow = unit_buf(1000);
	f->status = (struct admin_status){
		.node = STR("im1"),
		.core = STR("embedded"),
		.domains = STR("example.org example.net"),
		.uptime_ms = 61500,
		.load = {.connections = 2,
			 .transactions = 3,
			 .registrations = 4,
			 .queue_delay_us = 5,
			 .messages = 6},
		.store = {.kind = STR("sqlite"), .healthy = true},
	};
	unit_defer(done_fake, f);
	unit_ok(admin_alloc(&f->admin, services ? &s : &(struct admin_services){0}));
	return f;
}


/** Asks; what came is in the fake. `target` may have a query. A refused allocation ends the pass. */
static void ask(struct fake *f, const char *method, const char *target, const char *body)
{
	struct str query = str_of(target), path = str_cut(&query, '?');
	unsigned before = f->replies;

	admin_handle(f->admin, str_of(method), path, query, str_of(body ? body : ""), on_reply, f);
	unit_must(f->replies == before + (f->late ? 0 : 1));
	unit_must(f->late || f->status_code != 503 || f->error || f->status.stopping ||
		  !f->status.store.healthy);
	unit_must(!f->body->failed && !f->type->failed && !f->allow->failed);
}


/** The answer is this, in any layout; the text has ' for ". */
static void expect(struct fake *f, unsigned status, const char *json)
{
	json_t *got, *want;
	bool equal;

	unit_str(buf_str(f->type), "application/json");
	mem_fail_after(SIZE_MAX);
	got = json_loadb(f->body->p, f->body->n, 0, NULL);
	want = json_loads(json, 0, NULL);
	assert_non_null(got);
	assert_non_null(want);
	equal = json_equal(got, want);
	json_decref(got);
	json_decref(want);
	if (!equal || f->status_code != status) {
		print_error("%u " STR_FMT "\n", f->status_code, STR_ARG(buf_str(f->body)));
		fail();
	}
}


#define Q(...) #__VA_ARGS__


static void test_index(void)
{
	struct fake *f = fake(true);

	ask(f, "GET", "/", NULL);
	assert_int_equal(f->status_code, 200);
	assert_true(str_find_str(buf_str(f->body), STR("\"/v1/users/{user}/password\"")) > 0);
	assert_true(str_find_str(buf_str(f->body), STR("\"version\": \"" PARLEY_VERSION "\"")) > 0);
}


static void test_status(void)
{
	struct fake *f = fake(true);

	ask(f, "GET", "/v1/status", NULL);
	expect(f, 200, Q({
		       "nodes" : [ {
			       "node" : "im1",
			       "version" : "0.1.0",
			       "core" : "embedded",
			       "domains" : [ "example.org", "example.net" ],
			       "state" : "running",
			       "uptime_s" : 61,
			       "load" : {
				       "connections" : 2,
				       "transactions" : 3,
				       "registrations" : 4,
				       "messages" : 6,
				       "queue_delay_us" : 5,
				       "overloaded" : false
			       },
			       "store" : {"kind" : "sqlite", "healthy" : true, "detail" : ""}
		       } ]
	       }));
}


static void test_health(void)
{
	struct fake *f = fake(true);

	ask(f, "GET", "/v1/health", NULL);
	expect(f, 200, Q({"healthy" : true}));
	ask(f, "HEAD", "/v1/health", NULL);
	assert_int_equal(f->status_code, 200);
	f->status.store.healthy = false;
	ask(f, "GET", "/v1/health", NULL);
	expect(f, 503, Q({"healthy" : false, "reason" : "the store does not work"}));
	f->status.stopping = true;
	ask(f, "GET", "/v1/health", NULL);
	expect(f, 503, Q({"healthy" : false, "reason" : "the server is stopping"}));
}


static struct counter counters[] = {COUNTER("test.admin", "of this test")};


static void test_counters(void)
{
	struct fake *f = fake(true);

	counter_register(counters, 1);
	counter_set(&counters[0], 42);
	ask(f, "GET", "/v1/counters", NULL);
	expect(f, 200, Q({"counters" : {"test.admin" : 42}}));
	ask(f, "GET", "/metrics", NULL);
	assert_int_equal(f->status_code, 200);
	unit_str(buf_str(f->type), "text/plain; version=0.0.4; charset=utf-8");
	assert_true(str_find_str(buf_str(f->body), STR("\nparley_test_admin_total 42\n")) > 0);
}


static void test_config(void)
{
	struct fake *f = fake(true);

	ask(f, "GET", "/v1/config", NULL);
	expect(f, 200, Q({"domain" : ["example.org"]}));
	ask(f, "GET", "/v1/config?format=yaml", NULL);
	unit_str(buf_str(f->type), "application/yaml");
	unit_str(buf_str(f->body), "domain: [example.org]\n");
}


static void test_users(void)
{
	struct fake *f = fake(true);

	ask(f, "POST", "/v1/users", Q({"user" : "alice", "password" : "secret"}));
	expect(f, 201, Q({"user" : "alice"}));
	unit_str(str_of(f->user[0].password), "secret");
	assert_true(str_find_str(buf_str(f->body), STR("secret")) < 0);
}


static void test_user_changes(void)
{
	struct fake *f = fake(true);

	f->users = 2;
	copy(f->user[0].name, sizeof(f->user[0].name), STR("alice"));
	copy(f->user[1].name, sizeof(f->user[1].name), STR("sip:bob/1@example.org"));

	ask(f, "POST", "/v1/users", Q({"user" : "alice", "password" : "other"}));
	expect(f, 409, Q({
		       "error" : "there is already a user alice",
		       "remedy" : "choose another name, or change the password"
	       }));
	unit_str(str_of(f->user[0].password), "");
	ask(f, "PUT", "/v1/users/alice/password", Q({"password" : "new"}));
	expect(f, 200, Q({"user" : "alice"}));
	unit_str(str_of(f->user[0].password), "new");
	ask(f, "PUT", "/v1/users/sip%3Abob%2F1%40example.org/allowed", Q({"allowed" : true}));
	expect(f, 200, Q({"user" : "sip:bob/1@example.org"}));
	assert_true(f->user[1].allowed);
	ask(f, "PUT", "/v1/users/sip%3Abob%2F1%40example.org/allowed", Q({"allowed" : false}));
	assert_false(f->user[1].allowed);
	ask(f, "DELETE", "/v1/users/alice", NULL);
	expect(f, 200, Q({"user" : "alice"}));
	assert_int_equal(f->users, 1);
	ask(f, "DELETE", "/v1/users/alice", NULL);
	expect(f, 404, Q({
		       "error" : "there is no user alice",
		       "remedy" : "list the users to see those there are"
	       }));
	ask(f, "PUT", "/v1/users/alice/password", Q({"password" : "new"}));
	assert_int_equal(f->status_code, 404);
}


static void test_user_list(void)
{
	struct fake *f = fake(true);

	f->users = 3;
	copy(f->user[0].name, sizeof(f->user[0].name), STR("sip:a@x"));
	copy(f->user[1].name, sizeof(f->user[1].name), STR("sip:b@x"));
	copy(f->user[2].name, sizeof(f->user[2].name), STR("sip:c@x"));
	f->user[1].allowed = true;

	ask(f, "GET", "/v1/users", NULL);
	expect(f, 200, Q({
		       "users" : [
			       {"user" : "sip:a@x", "allowed" : false},
			       {"user" : "sip:b@x", "allowed" : true},
			       {"user" : "sip:c@x", "allowed" : false}
		       ],
		       "more" : false
	       }));
	ask(f, "GET", "/v1/users?limit=1", NULL);
	expect(f, 200, Q({"users" : [ {"user" : "sip:a@x", "allowed" : false} ], "more" : true}));
	ask(f, "GET", "/v1/users?limit=2&after=sip%3Aa%40x", NULL);
	expect(f, 200, Q({
		       "users" : [
			       {"user" : "sip:b@x", "allowed" : true},
			       {"user" : "sip:c@x", "allowed" : false}
		       ],
		       "more" : false
	       }));
	ask(f, "GET", "/v1/users?limit=0", NULL);
	expect(f, 400, Q({"error" : "limit is not from 1 to 10000", "remedy" : "write a number"}));
}


static void test_registrations(void)
{
	struct fake *f = fake(true);

	ask(f, "GET", "/v1/registrations", NULL);
	expect(f, 200, Q({
		       "registrations" : [ {
			       "user" : "sip:alice@example.org",
			       "contact" : "sip:alice@192.0.2.1:5061",
			       "received" : "udp:192.0.2.1:5061",
			       "user_agent" : "Phone ?/1",
			       "instance" : "urn:uuid:1",
			       "expires_s" : 120,
			       "q" : 0.7
		       } ],
		       "more" : false
	       }));
	ask(f, "GET", "/v1/registrations?user=alice", NULL);
	assert_true(str_find_str(buf_str(f->body), STR("sip:alice@example.org")) > 0);
	ask(f, "GET", "/v1/registrations?user=bob", NULL);
	expect(f, 200, Q({"registrations" : [], "more" : false}));
}


/** What is wrong with a request. */
static void test_bad_requests(void)
{
	static const struct {
		const char *method, *target, *body;
		unsigned status;
		const char *error, *allow;
	} rows[] = {
		{"GET", "/nothing", NULL, 404, "there is no /nothing", ""},
		{"GET", "", NULL, 404, "there is no ", ""},
		{"GET", "/v1/users/", NULL, 404, "there is no /v1/users/", ""},
		{"DELETE", "/v1/users/", NULL, 404, "there is no /v1/users/", ""},
		{"GET", "/v1/usersx", NULL, 404, "there is no /v1/usersx", ""},
		{"GET", "//v1/users", NULL, 404, "there is no //v1/users", ""},
		{"PUT", "/v1/users/a/b/password", NULL, 404, "there is no /v1/users/a/b/password",
		 ""},
		{"POST", "/v1/status", NULL, 405, "POST is not for /v1/status", "GET"},
		{"PATCH", "/v1/users", NULL, 405, "PATCH is not for /v1/users", "GET, POST"},
		{"get", "/v1/users", NULL, 405, "get is not for /v1/users", "GET, POST"},
		{"DELETE", "/v1/users/%zz", NULL, 400, "the path is not well escaped, or too long",
		 ""},
		{"DELETE", "/v1/users/a%00", NULL, 400, "the path is not well escaped, or too long",
		 ""},
		{"DELETE", "/v1/users/a%0Ab", NULL, 400,
		 "the path is not well escaped, or too long", ""},
		{"POST", "/v1/users", "[1]", 400, "the body is not a JSON object", ""},
		{"POST", "/v1/users", "{\"user\": \"a\"}", 400, "\"password\" is missing", ""},
		{"POST", "/v1/users", "{\"user\": 1, \"password\": \"x\"}", 400,
		 "\"user\" is missing", ""},
		{"POST", "/v1/users", "{\"user\": \"\", \"password\": \"x\"}", 400,
		 "\"user\" is empty, longer than 512 bytes, or has control characters", ""},
		{"POST", "/v1/users", "{\"user\": \"a\", \"password\": \"x\\ny\"}", 400,
		 "\"password\" is empty, longer than 256 bytes, or has control characters", ""},
		{"PUT", "/v1/users/a/allowed", "{\"allowed\": 1}", 400, "\"allowed\" is missing",
		 ""},
		{"PUT", "/v1/users/a/allowed", "{\"allowed\": true, \"allowed\": false}", 400,
		 "the body is not JSON: line 1: duplicate object key near '\"allowed\"'", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *f = fake(true);
		json_t *got;

		unit_case("%s %s %s", rows[i].method, rows[i].target, rows[i].body);
		ask(f, rows[i].method, rows[i].target, rows[i].body);
		assert_int_equal(f->status_code, rows[i].status);
		unit_str(buf_str(f->allow), rows[i].allow);
		got = json_loadb(f->body->p, f->body->n, 0, NULL);
		unit_must(got);
		assert_string_equal(json_string_value(json_object_get(got, "error")),
				    rows[i].error);
		assert_true(json_string_length(json_object_get(got, "remedy")) > 4);
		if (rows[i].status == 404)
			assert_true(json_array_size(json_object_get(got, "resources")) > 5);
		json_decref(got);
		assert_int_equal(f->users, 0);
	}
}


static void test_not_json(void)
{
	static const char *const bodies[] = {"", "{", "nope", "{\"user\": \"\xff\"}",
					     "{\"user\": \"\\u0000\"}"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fake *f = fake(true);

		unit_case("%s", bodies[i]);
		ask(f, "POST", "/v1/users", bodies[i]);
		assert_int_equal(f->status_code, 400);
		assert_true(str_find_str(buf_str(f->body), STR("the body is not JSON: line 1: ")) >
			    0);
	}
}


static void test_long_body(void)
{
	struct fake *f = fake(true);
	char *body = unit_storage(ADMIN_BODY_MAX + 2);

	memset(body, ' ', ADMIN_BODY_MAX + 1);
	ask(f, "POST", "/v1/users", body);
	assert_int_equal(f->status_code, 413);
}


/** What a service says. */
static void test_service_errors(void)
{
	static const struct {
		int error;
		const char *why;
		unsigned status;
		const char *json;
	} rows[] = {
		{-EINVAL, NULL, 400, Q({
			 "error" : "this is no name of a user: a",
			 "remedy" : "write NAME, NAME@DOMAIN or sip:NAME@DOMAIN"
		 })},
		{-EINVAL, "\"a\" has no letters", 400, Q({
			 "error" : "\"a\" has no letters",
			 "remedy" : "write NAME, NAME@DOMAIN or sip:NAME@DOMAIN"
		 })},
		{-EINVAL, "user: sip:a: is odd: choose another\n", 400,
		 Q({"error" : "user: sip:a: is odd", "remedy" : "choose another"})},
		{-EINVAL, "\"a\": not a user name", 400, Q({
			 "error" : "\"a\": not a user name",
			 "remedy" : "write NAME, NAME@DOMAIN or sip:NAME@DOMAIN"
		 })},
		{-EINVAL, "\"a\": not served: see domain", 400,
		 Q({"error" : "\"a\": not served", "remedy" : "see domain"})},
		{-EXDEV, NULL, 400, Q({
			 "error" : "this server does not serve the domain of a",
			 "remedy" : "write a domain that stands in its configuration"
		 })},
		{-ENOTSUP, NULL, 501, Q({
			 "error" : "this server does not keep accounts of its own: a",
			 "remedy" : "with core: ims, users are provisioned in the IMS core"
		 })},
		{-ENOBUFS, NULL, 503,
		 Q({"error" : "a ceiling is reached: a", "remedy" : "try again later"})},
		{-EIO, NULL, 503, Q({
			 "error" : "the store failed: Input/output error",
			 "remedy" : "look at the server's log, and at the store in the status"
		 })},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int immediate = 0; immediate < 2; immediate++) {
			struct fake *f = fake(true);

			if (!immediate && rows[i].why)
				continue;
			unit_case("%zu immediate=%d", i, immediate);
			f->error = rows[i].error;
			f->why = rows[i].why;
			f->immediate = immediate;
			ask(f, "DELETE", "/v1/users/a", NULL);
			unit_must(f->status_code == rows[i].status || f->status_code != 503);
			if (!unit_refused())
				expect(f, rows[i].status, rows[i].json);
		}
	}
}


static void test_no_services(void)
{
	static const char *const asks[][3] = {
		{"GET", "/v1/users", NULL},
		{"POST", "/v1/users", Q({"user" : "a", "password" : "b"})},
		{"DELETE", "/v1/users/a", NULL},
		{"PUT", "/v1/users/a/password", Q({"password" : "b"})},
		{"PUT", "/v1/users/a/allowed", Q({"allowed" : true})},
		{"GET", "/v1/registrations", NULL},
	};
	struct fake *f = fake(false);

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		unit_case("%s %s", asks[i][0], asks[i][1]);
		ask(f, asks[i][0], asks[i][1], asks[i][2]);
		assert_int_equal(f->status_code, 501);
	}
	ask(f, "GET", "/v1/status", NULL);
	assert_int_equal(f->status_code, 200);
	ask(f, "GET", "/v1/config", NULL);
	expect(f, 200, "{}");
}


static void test_late(void)
{
	struct fake *f = fake(true);

	f->late = true;
	ask(f, "POST", "/v1/users", Q({"user" : "alice", "password" : "secret"}));
	ask(f, "GET", "/v1/users?limit=1", NULL);
	ask(f, "GET", "/v1/registrations?user=alice", NULL);
	unit_must(f->calls == 3);
	finish_call(f, 1, 0);
	unit_must(f->status_code == 200);
	finish_call(f, 0, 0);
	unit_must(f->status_code == 201);
	finish_call(f, 2, -EIO);
	assert_int_equal(f->status_code, 503);
	assert_int_equal(f->replies, 3);
}


/** The API closes while requests wait: they are answered, and their late ends do no harm. */
static void test_close(void)
{
	struct fake *f = fake(true);

	f->late = true;
	ask(f, "POST", "/v1/users", Q({"user" : "alice", "password" : "secret"}));
	ask(f, "GET", "/v1/users?limit=1", NULL);
	ask(f, "GET", "/v1/registrations", NULL);
	unit_must(f->calls == 3);
	assert_int_equal(f->replies, 0);
	admin_close(f->admin);
	assert_int_equal(f->replies, 3);
	assert_int_equal(f->status_code, 503);
	f->late = false;
	f->error = -EIO;
	ask(f, "GET", "/v1/status", NULL);
	expect(f, 503, Q({
		       "error" : "the server is stopping, or has too much to do",
		       "remedy" : "try again"
	       }));
}


static void test_too_many(void)
{
	struct fake *f = fake(true);

	f->late = true;
	for (int i = 0; i < ADMIN_PENDING_MAX; i++)
		ask(f, "DELETE", "/v1/users/a", NULL);
	unit_must(f->calls == ADMIN_PENDING_MAX);
	assert_int_equal(f->replies, 0);
	admin_handle(f->admin, STR("GET"), STR("/"), STR(""), STR(""), on_reply, f);
	assert_int_equal(f->replies, 1);
	assert_int_equal(f->status_code, 503);
}


static void get_hello(struct admin_request *r, void *arg)
{
	admin_request_reply(r, 200,
			    json_pack("{s:s, s:o, s:o}", "hello", arg, "one",
				      admin_json_text(admin_request_param(r, 0)), "two",
				      admin_json_text(admin_request_param(r, 1))));
}


static const struct admin_resource more[] = {
	{"GET", "/v1/hello/{one}/to/{two}", "for the test", get_hello},
};


static void test_register(void)
{
	struct fake *f = fake(true);
	char *hello = unit_storage(6);
	int err, n = 1;

	copy(hello, 6, STR("hello"));
	assert_int_equal(admin_register(f->admin, more, 1, hello), 0);
	ask(f, "GET", "/v1/hello/a%20b/to/c", NULL);
	expect(f, 200, Q({"hello" : "hello", "one" : "a b", "two" : "c"}));
	while ((err = admin_register(f->admin, more, 1, hello)) == 0 && n < ADMIN_TABLES_MAX)
		n++;
	assert_int_equal(err, -ENOBUFS);
	assert_true(n > 1);
}


UNIT_MAIN(UNIT_TEST(test_index), UNIT_TEST(test_status), UNIT_TEST(test_health),
	  UNIT_TEST(test_counters), UNIT_TEST(test_config), UNIT_TEST(test_users),
	  UNIT_TEST(test_user_changes), UNIT_TEST(test_user_list), UNIT_TEST(test_registrations),
	  UNIT_TEST_PLAIN(test_bad_requests), UNIT_TEST_PLAIN(test_not_json),
	  UNIT_TEST(test_long_body), UNIT_TEST_PLAIN(test_service_errors),
	  UNIT_TEST(test_no_services), UNIT_TEST(test_late), UNIT_TEST(test_close),
	  UNIT_TEST_PLAIN(test_too_many), UNIT_TEST(test_register))
