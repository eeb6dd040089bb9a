/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the admin API, by libcurl. */
#include <curl/curl.h>
#include <string.h>

#include "ctl.h"
#include "http/http.h"

/** The server answers in milliseconds, or is in trouble. */
#define CONNECT_TIMEOUT_S 5
#define TIMEOUT_S 60
/** Of one list, 1000 rows each: more is not for a screen, nor for memory. */
#define PAGES_MAX 10000


static size_t on_data(char *p, size_t size, size_t n, void *arg)
{
	struct buf *out = arg;

	buf_put(out, p, size * n);
	return out->failed ? 0 : size * n;
}


static int tell_curl(const struct ctl *c, CURLcode code, const struct buf *answer)
{
	if (code == CURLE_OUT_OF_MEMORY || (code == CURLE_WRITE_ERROR && answer->failed))
		return ctl_error("ask for less", "the answer is longer than there is room for");
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ctl_error("look at its log; if it is another, name its address with --admin "
				 "HOST:PORT",
				 "the server at %s does not answer in time", c->target);
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return ctl_error("correct it, or name another with --admin HOST:PORT",
				 "the host of %s is not known", c->target);
	if (code == CURLE_COULDNT_CONNECT)
		return ctl_error("start parleyd, or name its address with --admin HOST:PORT",
				 "no server answers at %s", c->target);
	return ctl_error("name the address of a parleyd with --admin HOST:PORT",
			 "%s does not answer as "
			 "parleyd does (%s)",
			 c->target, curl_easy_strerror(code));
}


/** One request; the status of what came back. */
static CURLcode perform(CURL *curl, const struct ctl *c, const char *method, const char *path,
			struct str body, const char *type, struct buf *answer, long *ret_status)
{
	char storage[CTL_TEXT_MAX];
	struct buf url;
	struct curl_slist *headers;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	buf_fixed(&url, storage, sizeof(storage));
	buf_printf(&url, "http://%s%s", c->target, path);
	/* A name of the server's does not matter here; the server takes only what no web page can have. */
	headers = curl_slist_append(NULL, "Host: localhost");
	if (headers && body.p && !curl_slist_append(headers, type))
		goto out;
	if (!headers || !buf_cstr(&url))
		goto out;

	curl_easy_setopt(curl, CURLOPT_URL, url.p);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (body.p) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
out:
	curl_slist_free_all(headers);
	return code;
}


/** {"error", "remedy"}, or something that no parleyd says. */
static int tell_refusal(const struct ctl *c, long status, const struct buf *answer)
{
	json_t *j = json_loadb(answer->n ? answer->p : "", answer->n, 0, NULL);
	const char *error = json_string_value(json_object_get(j, "error"));
	const char *remedy = json_string_value(json_object_get(j, "remedy"));

	if (error && remedy) {
		struct buf text[2] = {BUF_INIT(CTL_TEXT_MAX), BUF_INIT(CTL_TEXT_MAX)};

		ctl_put(&text[0], error);
		ctl_put(&text[1], remedy);
		ctl_error(text[1].failed || !buf_cstr(&text[1]) ? "see the server's log"
								: text[1].p,
			  "%s",
			  text[0].failed || !buf_cstr(&text[0]) ? "the server refuses" : text[0].p);
		buf_done(&text[0]);
		buf_done(&text[1]);
	} else {
		ctl_error("name the address of a parleyd with --admin HOST:PORT",
			  "%s does not answer as parleyd does (status %ld)", c->target, status);
	}
	json_decref(j);
	return CTL_FAILED;
}


#define TYPE_JSON "Content-Type: application/json"
#define TYPE_XML "Content-Type: application/xml"

static int ask(struct ctl *c, const char *method, const char *path, struct str body,
	       const char *type, struct buf *answer)
{
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode code;

	if (!curl)
		return ctl_no_memory();
	code = perform(curl, c, method, path, body, type, answer, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return tell_curl(c, code, answer);
	if (status < 200 || status > 299)
		return tell_refusal(c, status, answer);
	return CTL_OK;
}


static int put_json(const char *p, size_t n, void *arg)
{
	buf_put(arg, p, n);
	return 0;
}


/** The body as text, which may hold a password: wiped after use. */
static int ask_with_body(struct ctl *c, const char *method, const char *path, const json_t *body,
			 struct buf *answer)
{
	struct buf text = BUF_INIT(CTL_BODY_MAX);
	int status = CTL_FAILED;

	/* Never moved, so that no copy is left behind. */
	if (!buf_reserve(&text, CTL_BODY_MAX))
		return ctl_no_memory();
	if (json_dump_callback(body, put_json, &text, JSON_COMPACT) || text.failed)
		ctl_error("shorten it", "the request is too long");
	else
		status = ask(c, method, path, buf_str(&text), TYPE_JSON, answer);
	explicit_bzero(text.p, text.n);
	buf_done(&text);
	return status;
}


/** The answer's object; releases its text. */
static int take_answer(struct ctl *c, int status, struct buf *answer, json_t **ret)
{
	json_t *j = NULL;

	if (status == CTL_OK) {
		j = json_loadb(answer->n ? answer->p : "", answer->n, 0, NULL);
		if (!json_is_object(j))
			status = ctl_error("name the address of a parleyd with --admin HOST:PORT",
					   "%s does not answer as parleyd does", c->target);
	}
	buf_done(answer);
	if (status == CTL_OK)
		*ret = j;
	else
		json_decref(j);
	return status;
}


int ctl_ask(struct ctl *c, const char *method, const char *path, json_t *body, json_t **ret)
{
	struct buf answer = BUF_INIT(CTL_REPLY_MAX);
	int status = body ? ask_with_body(c, method, path, body, &answer)
			  : ask(c, method, path, STR_NULL, TYPE_JSON, &answer);

	json_decref(body);
	return take_answer(c, status, &answer, ret);
}


int ctl_ask_xml(struct ctl *c, const char *method, const char *path, struct str body, json_t **ret)
{
	struct buf answer = BUF_INIT(CTL_REPLY_MAX);

	return take_answer(c, ask(c, method, path, body, TYPE_XML, &answer), &answer, ret);
}


int ctl_ask_text(struct ctl *c, const char *path, struct buf *ret)
{
	return ask(c, "GET", path, STR_NULL, TYPE_JSON, ret);
}


/** "…?after=" and the key of the last row. */
static void put_after(struct buf *url, const json_t *value)
{
	buf_puts(url, memchr(url->p, '?', url->n) ? STR("&after=") : STR("?after="));
	if (json_is_integer(value))
		buf_printf(url, "%lld", (long long)json_integer_value(value));
	else
		http_escape(str_of(json_string_value(value)), url);
}


static const json_t *last_key(const json_t *page, const char *rows, const char *key)
{
	const json_t *list = json_object_get(page, rows);
	size_t n = json_array_size(list);

	return n ? json_object_get(json_array_get(list, n - 1), key) : NULL;
}


/** The first page (`after` NULL), or the one behind that row. */
static int ask_page(struct ctl *c, const char *path, const json_t *after, json_t **ret)
{
	struct buf url = BUF_INIT(CTL_TEXT_MAX);
	int status;

	buf_puts(&url, str_of(path));
	if (after)
		put_after(&url, after);
	status = buf_cstr(&url) ? ctl_ask(c, "GET", url.p, NULL, ret) : ctl_no_memory();
	buf_done(&url);
	return status;
}


int ctl_ask_pages(struct ctl *c, const char *path, const char *rows, const char *key, json_t **ret)
{
	json_t *all = NULL;
	bool more = true;

	for (unsigned n = 0; more; n++) {
		const json_t *after = last_key(all, rows, key);
		json_t *page = NULL;
		int status = ask_page(c, path, after, &page);

		/* A page without rows ends it whatever it says. */
		more = json_is_true(json_object_get(page, "more")) && last_key(page, rows, key);
		if (status == CTL_OK && more &&
		    (n == PAGES_MAX || json_equal(after, last_key(page, rows, key))))
			status = ctl_error("look at the server's log",
					   "the server's list of %s does not end", rows);
		if (status != CTL_OK) {
			json_decref(page);
			json_decref(all);
			return status;
		}
		if (!all) {
			all = page;
			continue;
		}
		json_array_extend(json_object_get(all, rows), json_object_get(page, rows));
		json_decref(page);
	}
	json_object_del(all, "more");
	*ret = all;
	return CTL_OK;
}


void ctl_user_path(struct buf *out, const char *user, const char *tail)
{
	buf_puts(out, STR("/v1/users/"));
	http_escape(str_of(user), out);
	buf_puts(out, str_of(tail));
	buf_cstr(out);
}


bool ctl_path(struct buf *out, const char *before, const char *word, const char *tail)
{
	buf_puts(out, str_of(before));
	http_escape(str_of(word), out);
	buf_puts(out, str_of(tail));
	if (buf_cstr(out))
		return true;
	ctl_error("shorten it", "\"%.80s…\" is too long", word);
	return false;
}
