/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A small HTTP/1.1 server: a door that libmicrohttpd stands behind and nobody else sees. It runs on
 * our loop, without a thread of its own.
 *
 * What happens: http_listen binds. A request whose head and whole body have arrived is handed to
 * `request`, once. The handler answers with http_reply, before it returns or at any later turn of the
 * loop: until then the request and everything it shows stay valid, and its connection reads nothing
 * more. Every request must be answered exactly once, also when the server was closed in between: then
 * the answer goes nowhere, and the request is released all the same.
 *
 * Bodies above the ceiling are answered 413 here, and heads above HTTP_HEAD_MAX 431 (or 414): the
 * handler never sees them. What a peer can hold open is bounded by the number of connections and the
 * time for which one may be silent.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/loop.h"
#include "base/str.h"

struct http_server;
struct http_request;

/** The connection's pool: request line and headers, in both directions. XCAP's paths are the longest. */
#define HTTP_HEAD_MAX 16384
/** Default ceiling of a body: the longest XML document that is stored is far smaller. */
#define HTTP_BODY_MAX (1u << 20)
/** Default ceiling of connections; a front proxy reuses a handful. */
#define HTTP_CONNECTIONS_MAX 256
/** Default: a connection on which nothing happens for so long is closed. */
#define HTTP_IDLE_S 30

typedef void(http_request_cb)(struct http_request *r, void *arg);

struct http_params {
	struct loop *loop;        /**< a real one: libmicrohttpd has its own sockets */
	struct addr local;        /**< port 0: any; http_server_local tells which */
	size_t body_max;          /**< 0: HTTP_BODY_MAX */
	unsigned connections_max; /**< 0: HTTP_CONNECTIONS_MAX */
	unsigned idle_s;          /**< 0: HTTP_IDLE_S */
	http_request_cb *request;
	void *arg;
};

/**
 * Counted: mem_unref stops listening and closes the connections; requests not answered yet live on
 * until they are. Must not be dropped from inside `request`. -errno of bind (-EADDRINUSE, -EACCES…).
 */
int http_listen(struct http_server **ret, const struct http_params *p);
const struct addr *http_server_local(const struct http_server *s);

/** "GET", as received; methods are case-sensitive (RFC 9110 section 9.1). */
struct str http_request_method(const struct http_request *r);
/** The path as received: percent-escapes are left alone (http_unescape), no query. */
struct str http_request_path(const struct http_request *r);
/** What follows the "?", raw; empty when there is none. */
struct str http_request_query(const struct http_request *r);
/** The first header of that name, in any case; STR_NULL when absent. */
struct str http_request_header(const struct http_request *r, const char *name);
struct str http_request_body(const struct http_request *r);

struct http_header {
	const char *name;
	struct str value; /**< no control characters, or it is left out */
};

struct http_reply {
	unsigned status; /**< 200…599 */
	struct str type; /**< Content-Type; empty: none */
	struct str body; /**< copied */
	const struct http_header *headers;
	size_t headers_n;
};

/** Answers and releases the request: it must not be touched afterwards. */
void http_reply(struct http_request *r, const struct http_reply *reply);

/** Decodes %XX (and "+" as a blank when `form`) into `out`; -EBADMSG on a broken escape or a NUL. */
int http_unescape(struct str s, bool form, struct buf *out);
/** Escapes all but the unreserved characters of RFC 3986 section 2.3. */
void http_escape(struct str s, struct buf *out);
/** Finds `name` in a query "a=1&b=2" and puts its decoded value; -ENOENT, -EBADMSG. */
int http_query_get(struct str query, const char *name, struct buf *out);

/** Registers the counters of this folder. */
void http_counters(void);

#endif
