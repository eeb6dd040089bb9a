/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP front door of the admin API, and what keeps foreign web pages out of it. */
#include "admin/admin.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "http/http.h"

struct admin_front {
	struct admin *admin;
	struct http_server *http;
};

static struct counter counters[] = {
	COUNTER("admin.foreign",
		"requests to the admin API that a web page from elsewhere may have made"),
};


/**
 * The API has no login, and a browser on this machine reaches loopback: a foreign page must not be able
 * to use that. Its own requests carry an Origin that is not ours. A page whose name has been
 * re-pointed to our address after it was loaded (DNS rebinding) is of the same origin to the browser,
 * but the Host it sends is that name: so only addresses and "localhost" are answered.
 */
static bool is_own_host(struct str host)
{
	struct addr ignored;
	ptrdiff_t colon = str_rfind(host, ':');
	uint32_t port;

	if (addr_decode(&ignored, host, 0) == 0 || addr_decode_hostport(&ignored, host) == 0)
		return true;
	if (colon >= 0) {
		if (!str_u32(str_from(host, (size_t)colon + 1), &port) || port > 65535)
			return false;
		host = str_upto(host, (size_t)colon);
	}
	return str_eq_nocase(host, STR("localhost"));
}


/** "http://" and the host itself. */
static bool is_own_origin(struct str origin, struct str host)
{
	return str_starts_nocase(origin, STR("http://")) &&
	       str_eq_nocase(str_from(origin, 7), host);
}


static const char *foreign(const struct http_request *r)
{
	struct str host = http_request_header(r, "Host"), origin = http_request_header(r, "Origin");

	if (!is_own_host(host))
		return "{\"error\": \"the Host header is not an address\", "
		       "\"remedy\": \"ask by address, or as localhost\"}\n";
	if (origin.p && !is_own_origin(origin, host))
		return "{\"error\": \"the request comes from a foreign web page\", "
		       "\"remedy\": \"use parleyctl, or a page of this server\"}\n";
	return NULL;
}


static void reply(struct http_request *r, const struct admin_reply *a)
{
	struct http_header headers[3] = {
		{"Cache-Control", STR("no-store")},
		{"X-Content-Type-Options", STR("nosniff")},
		{"Allow", a->allow},
	};

	http_reply(r, &(struct http_reply){.status = a->status,
					   .type = a->type,
					   .body = a->body,
					   .headers = headers,
					   .headers_n = a->allow.n ? 3 : 2});
}


static void on_reply(const struct admin_reply *a, void *arg)
{
	reply(arg, a);
}


static void on_request(struct http_request *r, void *arg)
{
	struct admin_front *f = arg;
	const char *refusal = foreign(r);

	if (refusal) {
		counter_add(&counters[0], 1);
		reply(r, &(struct admin_reply){.status = 403,
					       .type = STR("application/json"),
					       .body = str_of(refusal)});
		return;
	}
	admin_handle(f->admin, http_request_method(r), http_request_path(r), http_request_query(r),
		     http_request_body(r), on_reply, r);
}


static void destroy_front(void *object)
{
	struct admin_front *f = object;

	mem_unref(f->http);
	mem_unref(f->admin);
}


int admin_front_open(struct admin_front **ret, struct admin *a, struct loop *l,
		     const struct addr *local)
{
	struct admin_front *f = mem_alloc(sizeof(*f), destroy_front);
	int err;

	if (!f)
		return -ENOMEM;
	counter_register(counters, sizeof(counters) / sizeof(counters[0]));
	f->admin = mem_ref(a);
	err = http_listen(&f->http, &(struct http_params){.loop = l,
							  .local = *local,
							  .body_max = ADMIN_BODY_MAX,
							  .request = on_request,
							  .arg = f});
	if (err) {
		mem_unref(f);
		return err;
	}
	*ret = f;
	return 0;
}


const struct addr *admin_front_local(const struct admin_front *f)
{
	return http_server_local(f->http);
}
