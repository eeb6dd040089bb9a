/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API: finding the resource, and the life of a request. */
#include "admin/admin.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#include "admin/resource.h"
#include "base/counter.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/http.h"

struct table {
	const struct admin_resource *rows;
	size_t n;
	void *arg;
};

struct admin {
	struct admin_services services;
	struct table tables[ADMIN_TABLES_MAX];
	size_t tables_n;
	struct list pending;
	bool closed;
};

/**
 * Lives until its handler has answered. Should the API go away before, the asker gets a 503 at once,
 * `admin` is NULL, and the handler's late answer only releases it.
 */
struct admin_request {
	struct list_link link;
	struct admin *admin;
	struct arena arena;
	struct str param[ADMIN_PARAMS_MAX];
	struct str query, body;
	json_t *json, *rows;
	bool spoiled; /**< a row could not be kept: no answer is better than a wrong one */
	admin_reply_cb *reply;
	void *arg;
};

static struct counter counters[] = {
	COUNTER("admin.requests", "requests to the admin API"),
	COUNTER("admin.refused",
		"requests to the admin API refused: too many at once, or it is stopping"),
	COUNTER("admin.failed",
		"requests to the admin API that failed through no fault of the asker"),
};
#define C_REQUESTS (&counters[0])
#define C_REFUSED (&counters[1])
#define C_FAILED (&counters[2])


void admin_counters(void)
{
	counter_register(counters, sizeof(counters) / sizeof(counters[0]));
}


/* ---- Answers ---- */

static void destroy_request(void *object)
{
	struct admin_request *r = object;

	if (r->admin)
		list_remove(&r->admin->pending, &r->link);
	json_decref(r->json);
	json_decref(r->rows);
	arena_done(&r->arena);
}


/** The one place where an answer leaves; the request is no more. */
static void answer(struct admin_request *r, const struct admin_reply *reply)
{
	if (r->admin) {
		list_remove(&r->admin->pending, &r->link);
		r->admin = NULL;
		if (reply->status >= 500)
			counter_add(C_FAILED, 1);
		r->reply(reply, r->arg);
	}
	mem_unref(r);
}


static int put_json(const char *p, size_t n, void *arg)
{
	struct buf *out = arg;

	buf_put(out, p, n);
	return out->failed ? -1 : 0;
}


static const struct admin_reply no_memory = {
	.status = 503,
	.type = STR_INIT("application/json"),
	.body = STR_INIT("{\"error\": \"there is no memory for the answer\", "
			 "\"remedy\": \"ask for less, or try again\"}\n"),
};


/** `allow` goes with a 405. */
static void answer_json(struct admin_request *r, unsigned status, json_t *j, struct str allow)
{
	struct buf out = BUF_INIT(ADMIN_REPLY_MAX);
	int err = j && !r->spoiled ? json_dump_callback(j, put_json, &out, JSON_INDENT(2)) : -1;

	json_decref(j);
	buf_putc(&out, '\n');
	if (err || out.failed)
		answer(r, &no_memory);
	else
		answer(r, &(struct admin_reply){.status = status,
						.type = STR("application/json"),
						.body = buf_str(&out),
						.allow = allow});
	buf_done(&out);
}


void admin_request_reply(struct admin_request *r, unsigned status, json_t *j)
{
	answer_json(r, status, j, STR(""));
}


void admin_request_text(struct admin_request *r, struct str type, struct str body)
{
	answer(r, &(struct admin_reply){.status = 200, .type = type, .body = body});
}


json_t *admin_json_text(struct str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);
	char *ascii;

	if (j)
		return j;
	ascii = mem_raw(s.n + 1);
	if (!ascii)
		return NULL;
	for (size_t i = 0; i < s.n; i++)
		ascii[i] = (unsigned char)s.p[i] < 128 ? s.p[i] : '?';
	j = json_stringn(ascii, s.n);
	mem_free(ascii);
	return j;
}


static json_t *error_json(struct str error, struct str remedy)
{
	return json_pack("{s:o, s:o}", "error", admin_json_text(error), "remedy",
			 admin_json_text(remedy));
}


/** Error texts quote what was asked for, which may be long. */
#define ERROR_MAX 1024

void admin_request_error(struct admin_request *r, unsigned status, const char *remedy,
			 const char *error, ...)
{
	char storage[ERROR_MAX];
	struct buf text;
	va_list ap;

	buf_fixed(&text, storage, sizeof(storage));
	va_start(ap, error);
	buf_vprintf(&text, error, ap);
	va_end(ap);
	admin_request_reply(r, status,
			    error_json(text.failed ? STR("the request is not understood")
						   : buf_str(&text),
				       str_of(remedy)));
}


/** Index of the last ": ", or -1. */
static ptrdiff_t last_colon(struct str s)
{
	ptrdiff_t at = str_find_str(s, STR(": ")), next = at;

	while (next >= 0) {
		at = next;
		next = str_find_str(str_from(s, (size_t)at + 2), STR(": "));
		if (next >= 0)
			next += at + 2;
	}
	return at;
}


/**
 * A sentence with its remedy behind the last ": ", or with this general one. The colon that follows a
 * quoted name, '"alice": not a user name', is no such.
 */
static void answer_why(struct admin_request *r, unsigned status, struct str why, const char *remedy)
{
	ptrdiff_t colon = last_colon(why = str_trim(why));

	if (colon < 1 || (why.p[0] == '"' && why.p[colon - 1] == '"'))
		admin_request_reply(r, status, error_json(why, str_of(remedy)));
	else
		admin_request_reply(r, status,
				    error_json(str_upto(why, (size_t)colon),
					       str_from(why, (size_t)colon + 2)));
}


void admin_request_failed(struct admin_request *r, int error, const struct buf *why,
			  struct str what)
{
	static const struct {
		int error;
		unsigned status;
		const char *text, *remedy;
	} rows[] = {
		{-ENOENT, 404, "there is no user ", "list the users to see those there are"},
		{-EEXIST, 409, "there is already a user ",
		 "choose another name, or change the password"},
		{-EINVAL, 400,
		 "this is no name of a user: ", "write NAME, NAME@DOMAIN or sip:NAME@DOMAIN"},
		{-EXDEV, 400, "this server does not serve the domain of ",
		 "write a domain that stands in its configuration"},
		{-ENOTSUP, 501, "this server does not keep accounts of its own: ",
		 "with core: ims, users are provisioned in the IMS core"},
		{-ENOSYS, 501, "this server does not do that: ", "use one that does"},
		{-ENOBUFS, 503, "a ceiling is reached: ", "try again later"},
		{-ENOMEM, 503, "there is no memory: ", "try again later"},
		{-ENODATA, 404, "there is nothing of that name for ", "list what there is"},
		{-ESTALE, 412, "it has been changed meanwhile: ", "look at it again, then decide"},
		{-EDQUOT, 409, "there are as many as there may be: ", "remove some first"},
		{-EMSGSIZE, 413, "it is too large: ", "send less"},
		{-EBADMSG, 409,
		 "what is stored cannot be read: ", "put a correct document in its place"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error != error)
			continue;
		if (why && why->n)
			answer_why(r, rows[i].status, buf_str(why), rows[i].remedy);
		else
			admin_request_error(r, rows[i].status, rows[i].remedy, "%s" STR_FMT,
					    rows[i].text, STR_ARG(str_upto(what, ADMIN_USER_MAX)));
		return;
	}
	admin_request_error(r, 503, "look at the server's log, and at the store in the status",
			    "the store failed: %s", strerror(-error));
}


/* ---- What was asked ---- */

const struct admin_services *admin_request_services(const struct admin_request *r)
{
	assert(r->admin);
	return &r->admin->services;
}


struct str admin_request_param(const struct admin_request *r, size_t i)
{
	assert(i < ADMIN_PARAMS_MAX);
	return r->param[i];
}


/** Unescapes into the request's arena. */
static int unescape(struct admin_request *r, struct str s, struct str *ret)
{
	char *p = arena_alloc(&r->arena, s.n + 1);
	struct buf out;

	if (!p)
		return -ENOMEM;
	buf_fixed(&out, p, s.n);
	if (http_unescape(s, false, &out))
		return -EBADMSG;
	*ret = buf_str(&out);
	return 0;
}


struct str admin_request_query(struct admin_request *r, const char *name)
{
	char *p = arena_alloc(&r->arena, r->query.n + 1);
	struct buf out;

	if (!p)
		return STR_NULL;
	buf_fixed(&out, p, r->query.n);
	return http_query_get(r->query, name, &out) ? STR_NULL : buf_str(&out);
}


json_t *admin_request_json(struct admin_request *r)
{
	json_error_t error;

	if (r->json)
		return r->json;
	r->json = json_loadb(r->body.n ? r->body.p : "", r->body.n, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(r->json))
		return r->json;
	if (r->json)
		admin_request_error(r, 400, "send a JSON object", "the body is not a JSON object");
	else
		admin_request_error(r, 400, "send a JSON object",
				    "the body is not JSON: line %d: %s", error.line, error.text);
	return NULL;
}


/** Control characters have no place in what people type. */
static bool has_controls(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return true;
	return false;
}


struct str admin_request_body(const struct admin_request *r)
{
	return r->body;
}


bool admin_request_limit(struct admin_request *r, uint32_t *ret)
{
	struct str text = admin_request_query(r, "limit");
	uint32_t n = ADMIN_ROWS;

	if (text.p && (!str_u32(text, &n) || n < 1 || n > ADMIN_ROWS_MAX)) {
		admin_request_error(r, 400, "write a number", "limit is not from 1 to %d",
				    ADMIN_ROWS_MAX);
		return false;
	}
	*ret = n;
	return true;
}


bool admin_request_page(struct admin_request *r, const char *remedy, struct admin_page *ret)
{
	struct str text = admin_request_query(r, "after");
	uint64_t after = 0;
	uint32_t limit;

	if (!admin_request_limit(r, &limit))
		return false;
	if (text.n && (!str_u64(text, &after) || after > INT64_MAX)) {
		admin_request_error(r, 400, remedy, "after is not a number");
		return false;
	}
	*ret = (struct admin_page){.after = after, .limit = (size_t)limit + 1};
	return true;
}


bool admin_request_string(struct admin_request *r, const char *name, size_t max, struct str *ret)
{
	json_t *object = admin_request_json(r), *j;
	struct str s;

	if (!object)
		return false;
	j = json_object_get(object, name);
	if (!json_is_string(j)) {
		admin_request_error(r, 400, "send it as a string", "\"%s\" is missing", name);
		return false;
	}
	s = (struct str){json_string_value(j), json_string_length(j)};
	if (!s.n || s.n > max || has_controls(s)) {
		admin_request_error(r, 400, "send a line of text",
				    "\"%s\" is empty, longer than %zu bytes, "
				    "or has control characters",
				    name, max);
		return false;
	}
	*ret = s;
	return true;
}


json_t *admin_request_rows(struct admin_request *r)
{
	if (!r->rows)
		r->rows = json_array();
	return r->rows;
}


void admin_request_spoil(struct admin_request *r)
{
	r->spoiled = true;
}


void admin_request_add(struct admin_request *r, json_t *row)
{
	if (json_array_append_new(admin_request_rows(r), row))
		admin_request_spoil(r);
}


void admin_request_begun(struct admin_request *r, int error, const struct buf *why, struct str what)
{
	if (error)
		admin_request_failed(r, error, why, what);
}


void admin_request_reply_row(struct admin_request *r, unsigned status)
{
	admin_request_reply(r, status, json_incref(json_array_get(admin_request_rows(r), 0)));
}


void admin_request_reply_list(struct admin_request *r, const char *name)
{
	uint32_t limit;

	if (admin_request_limit(r, &limit))
		admin_request_reply_page(r, name, limit);
}


void admin_request_reply_named(struct admin_request *r, const char *name)
{
	admin_request_reply(r, 200,
			    json_pack("{s:o}", name, admin_json_text(admin_request_param(r, 0))));
}


void admin_request_reply_page(struct admin_request *r, const char *name, size_t limit)
{
	json_t *rows = admin_request_rows(r);
	size_t n = json_array_size(rows);
	bool more = n > limit;

	while (n > limit)
		json_array_remove(rows, --n);
	admin_request_reply(r, 200, json_pack("{s:O, s:b}", name, rows, "more", more));
}


void admin_request_count(uint64_t n, void *arg)
{
	admin_request_add(arg, json_integer((json_int_t)n));
}


json_t *admin_request_counted(struct admin_request *r)
{
	return json_incref(json_array_get(admin_request_rows(r), 0));
}


/* ---- Finding the resource ---- */

/** Cuts the first "/segment" off. */
static struct str cut_segment(struct str *path)
{
	struct str rest = str_from(*path, 1), segment = str_cut(&rest, '/');

	*path = str_from(*path, 1 + segment.n);
	return segment;
}


/** Whether `path` is of this pattern; the segments in braces, not yet decoded, go to `param`. */
static bool path_matches(const char *pattern, struct str path, struct str param[ADMIN_PARAMS_MAX])
{
	struct str want = str_of(pattern);
	size_t n = 0;

	while (want.n && path.n && path.p[0] == '/') {
		struct str w = cut_segment(&want), p = cut_segment(&path);

		if (w.n && w.p[0] == '{') {
			if (!p.n || n == ADMIN_PARAMS_MAX)
				return false;
			param[n++] = p;
		} else if (!str_eq(w, p)) {
			return false;
		}
	}
	return !want.n && !path.n;
}


static json_t *resource_list(const struct admin *a)
{
	json_t *list = json_array();

	for (size_t t = 0; t < a->tables_n; t++)
		for (size_t i = 0; i < a->tables[t].n; i++) {
			const struct admin_resource *row = &a->tables[t].rows[i];

			json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "method",
							      row->method, "path", row->path,
							      "summary", row->summary));
		}
	return list;
}


static void answer_not_found(struct admin_request *r, struct str path)
{
	char storage[ERROR_MAX];
	struct buf text;

	buf_fixed(&text, storage, sizeof(storage));
	buf_printf(&text, "there is no " STR_FMT, STR_ARG(str_upto(path, 200)));
	admin_request_reply(r, 404,
			    json_pack("{s:o, s:s, s:o}", "error", admin_json_text(buf_str(&text)),
				      "remedy", "ask for one of these resources", "resources",
				      resource_list(r->admin)));
}


static void answer_no_method(struct admin_request *r, struct str method, struct str path,
			     struct str allow)
{
	char storage[2][ERROR_MAX];
	struct buf error, remedy;

	buf_fixed(&error, storage[0], sizeof(storage[0]));
	buf_fixed(&remedy, storage[1], sizeof(storage[1]));
	buf_printf(&error, STR_FMT " is not for " STR_FMT, STR_ARG(str_upto(method, 40)),
		   STR_ARG(str_upto(path, 200)));
	buf_printf(&remedy, "use " STR_FMT, STR_ARG(allow));
	answer_json(r, 405, error_json(buf_str(&error), buf_str(&remedy)), allow);
}


/** Decodes the segments, then calls the handler. */
static void call(struct admin_request *r, const struct admin_resource *row, void *arg)
{
	for (size_t i = 0; i < ADMIN_PARAMS_MAX && r->param[i].p; i++) {
		if (r->param[i].n > 3 * ADMIN_USER_MAX || unescape(r, r->param[i], &r->param[i]) ||
		    has_controls(r->param[i])) {
			admin_request_error(r, 400, "write %XX for what cannot stand in a path",
					    "the path is not well escaped, or too long");
			return;
		}
	}
	row->handle(r, arg);
}


static void route(struct admin_request *r, struct str method, struct str path)
{
	struct admin *a = r->admin;
	char storage[128];
	struct buf allow;

	buf_fixed(&allow, storage, sizeof(storage));
	for (size_t t = 0; t < a->tables_n; t++) {
		for (size_t i = 0; i < a->tables[t].n; i++) {
			const struct admin_resource *row = &a->tables[t].rows[i];
			struct str param[ADMIN_PARAMS_MAX] = {{NULL, 0}};

			if (!path_matches(row->path, path, param))
				continue;
			if (str_eq(method, str_of(row->method))) {
				memcpy(r->param, param, sizeof(param));
				call(r, row, a->tables[t].arg);
				return;
			}
			buf_printf(&allow, "%s%s", allow.n ? ", " : "", row->method);
		}
	}
	if (allow.n)
		answer_no_method(r, method, path, buf_str(&allow));
	else
		answer_not_found(r, path);
}


static struct admin_request *request_alloc(struct admin *a, struct str query, struct str body)
{
	struct admin_request *r = mem_alloc(sizeof(*r), destroy_request);

	if (!r)
		return NULL;
	r->arena.max = ADMIN_REQUEST_MAX;
	r->query = query;
	r->body = body;
	/* A handler may look at the query again when its rows have come. */
	if (query.n) {
		r->query = arena_str(&r->arena, query);
		if (!r->query.p)
			return mem_unref(r);
	}
	r->admin = a;
	list_append(&a->pending, &r->link);
	return r;
}


static const struct admin_reply unavailable = {
	.status = 503,
	.type = STR_INIT("application/json"),
	.body = STR_INIT("{\"error\": \"the server is stopping, or has too much to do\", "
			 "\"remedy\": \"try again\"}\n"),
};


void admin_handle(struct admin *a, struct str method, struct str path, struct str query,
		  struct str body, admin_reply_cb *reply, void *arg)
{
	struct admin_request *r;

	counter_add(C_REQUESTS, 1);
	if (a->closed || a->pending.count >= ADMIN_PENDING_MAX) {
		counter_add(C_REFUSED, 1);
		reply(&unavailable, arg);
		return;
	}
	r = request_alloc(a, query, body);
	if (!r) {
		reply(&no_memory, arg);
		return;
	}
	r->reply = reply;
	r->arg = arg;
	if (body.n > ADMIN_BODY_MAX)
		admin_request_error(r, 413, "send less", "the body is longer than %d bytes",
				    ADMIN_BODY_MAX);
	else
		route(r, str_eq(method, STR("HEAD")) ? STR("GET") : method, path);
}


/* ---- The API as a whole ---- */

/** GET /: what there is. */
static void get_index(struct admin_request *r, void *arg)
{
	(void)arg;
	admin_request_reply(r, 200,
			    json_pack("{s:s, s:s, s:o}", "server", "parleyd", "version",
				      PARLEY_VERSION, "resources", resource_list(r->admin)));
}


static const struct admin_resource index_table[] = {
	{"GET", "/", "what there is", get_index},
};


void admin_close(struct admin *a)
{
	a->closed = true;
	for (struct list_link *l; (l = list_first(&a->pending));) {
		struct admin_request *r = container_of(l, struct admin_request, link);

		list_remove(&a->pending, l);
		r->admin = NULL;
		r->reply(&unavailable, r->arg);
	}
}


static void destroy_admin(void *object)
{
	admin_close(object);
}


int admin_register(struct admin *a, const struct admin_resource *table, size_t n, void *arg)
{
	if (a->tables_n == ADMIN_TABLES_MAX)
		return -ENOBUFS;
	a->tables[a->tables_n++] = (struct table){table, n, arg};
	return 0;
}


int admin_alloc(struct admin **ret, const struct admin_services *services)
{
	static int (*const tables[])(struct admin *) = {
		admin_node_register,           admin_user_register,    admin_settings_register,
		admin_document_register,       admin_policy_register,  admin_deferred_register,
		admin_history_register,        admin_trace_register,   admin_message_register,
		admin_system_message_register, admin_session_register, admin_group_register,
		admin_conference_register,
	};
	struct admin *a = mem_alloc(sizeof(*a), destroy_admin);
	int err;

	if (!a)
		return -ENOMEM;
	json_set_alloc_funcs(mem_raw, mem_free);
	list_init(&a->pending);
	a->services = *services;
	err = admin_register(a, index_table, 1, NULL);
	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++)
		err = tables[i](a);
	if (err) {
		mem_unref(a);
		return err;
	}
	*ret = a;
	return 0;
}
