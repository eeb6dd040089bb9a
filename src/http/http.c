/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: libmicrohttpd, driven by our loop through its epoll descriptor and a timer. */
#include "http/http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/list.h"
#include "base/mem.h"

/** Connections waiting to be accepted. */
#define BACKLOG 64
/** How much of a body that is too long is read away, so that the peer gets to see the answer. */
#define SWALLOW_FACTOR 4
/** "DELETE", "PROPFIND"… */
#define METHOD_MAX 32

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_poll *poll;
	struct timer timer;
	struct addr local;
	size_t body_max;
	bool resumed; /**< since the library ran last */
	http_request_cb *request;
	void *arg;
	struct list requests; /**< those whose head has been seen */
};

/**
 * One reference belongs to the connection, until libmicrohttpd says that the request is completed;
 * another to the handler, until http_reply.
 */
struct http_request {
	struct list_link link;
	struct http_server *server;        /**< NULL: closed */
	struct MHD_Connection *connection; /**< NULL: closed */
	char *target;                      /**< path?query */
	struct str path, query;
	char method[METHOD_MAX];
	struct buf body;
	size_t body_n; /**< received, if only to be dropped */
	struct MHD_Response *response;
	unsigned status;
	bool head_seen, handed, replied, suspended;
};

static struct counter counters[] = {
	COUNTER("http.requests", "HTTP requests handed to their handlers"),
	COUNTER("http.too_large", "HTTP requests refused because of a long body"),
	COUNTER("http.out_of_memory", "HTTP requests dropped for lack of memory"),
	GAUGE("http.connections", "HTTP connections open"),
};
#define C_REQUESTS (&counters[0])
#define C_TOO_LARGE (&counters[1])
#define C_NO_MEMORY (&counters[2])
#define C_CONNECTIONS (&counters[3])


void http_counters(void)
{
	counter_register(counters, sizeof(counters) / sizeof(counters[0]));
}


/* ---- Driving libmicrohttpd ---- */

static void drive(struct http_server *s);


static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	drive(arg);
}


static void on_poll(int fd, int events, void *arg)
{
	(void)fd;
	(void)events;
	drive(arg);
}


/** Does all that can be done now, and asks to be called when there is more. */
static void drive(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	s->resumed = false;
	MHD_run(s->daemon);
	if (s->resumed)
		timer_start(&s->timer, loop_timers(s->loop), 0, on_timer, s);
	else if (MHD_get_timeout(s->daemon, &ms) == MHD_YES)
		timer_start(&s->timer, loop_timers(s->loop), ms, on_timer, s);
	else
		timer_cancel(&s->timer);
}


/* ---- A request ---- */

static void destroy_request(void *object)
{
	struct http_request *r = object;

	if (r->server)
		list_remove(&r->server->requests, &r->link);
	if (r->response)
		MHD_destroy_response(r->response);
	buf_done(&r->body);
	mem_unref(r->target);
}


/** The first thing known of a request: its target, before it is cut and decoded in place. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct http_server *s = arg;
	struct http_request *r = mem_alloc(sizeof(*r), destroy_request);

	if (!r)
		return NULL;
	r->target = str_dup(str_of(target));
	if (!r->target)
		return mem_unref(r);
	r->query = str_of(r->target);
	r->path = str_cut(&r->query, '?');
	r->connection = connection;
	r->server = s;
	buf_init(&r->body, s->body_max);
	list_append(&s->requests, &r->link);
	return r;
}


/** The connection has done with it: answered, or the peer is gone. */
static void on_completed(void *arg, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode code)
{
	struct http_request *r = *request;

	(void)arg;
	(void)connection;
	(void)code;
	*request = NULL;
	if (r) {
		r->connection = NULL;
		mem_unref(r);
	}
}


static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_arg,
			  enum MHD_ConnectionNotificationCode code)
{
	(void)arg;
	(void)connection;
	(void)socket_arg;
	counter_add(C_CONNECTIONS, code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1);
}


/** Escapes are left to those who know what the parts of a path mean. */
static size_t leave_escapes(void *arg, struct MHD_Connection *connection, char *s)
{
	(void)arg;
	(void)connection;
	return strlen(s);
}


static enum MHD_Result queue_too_large(struct MHD_Connection *connection)
{
	static char text[] = "The body is too long.\n";
	struct MHD_Response *response;
	enum MHD_Result result;

	counter_add(C_TOO_LARGE, 1);
	response = MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Connection", "close");
	MHD_add_response_header(response, "Content-Type", "text/plain");
	result = MHD_queue_response(connection, 413, response);
	MHD_destroy_response(response);
	return result;
}


static enum MHD_Result take_head(struct http_request *r, const char *method)
{
	const char *length;
	uint64_t n;

	r->head_seen = true;
	if (strlen(method) >= sizeof(r->method))
		return MHD_NO;
	memcpy(r->method, method, strlen(method) + 1);

	/* Known beforehand to be too long: told before the peer sends it. */
	length = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");
	if (length && (!str_u64(str_trim(str_of(length)), &n) || n > r->server->body_max))
		return queue_too_large(r->connection);
	return MHD_YES;
}


static enum MHD_Result take_body(struct http_request *r, const char *p, size_t *n)
{
	r->body_n += *n;
	if (r->body_n <= r->server->body_max)
		buf_put(&r->body, p, *n);
	*n = 0;
	return r->body_n <= r->server->body_max * SWALLOW_FACTOR ? MHD_YES : MHD_NO;
}


static enum MHD_Result queue_reply(struct http_request *r)
{
	enum MHD_Result result;

	if (!r->response) {
		counter_add(C_NO_MEMORY, 1);
		return MHD_NO;
	}
	result = MHD_queue_response(r->connection, r->status, r->response);
	MHD_destroy_response(r->response);
	r->response = NULL;
	return result;
}


/** All has arrived. */
static enum MHD_Result hand_over(struct http_request *r)
{
	struct http_server *s = r->server;

	if (r->body_n > s->body_max)
		return queue_too_large(r->connection);
	if (r->body.failed) {
		counter_add(C_NO_MEMORY, 1);
		return MHD_NO;
	}

	r->handed = true;
	counter_add(C_REQUESTS, 1);
	s->request(mem_ref(r), s->arg);
	if (r->replied)
		return queue_reply(r);
	r->suspended = true;
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}


/**
 * Called for the head, for each piece of the body, when all has arrived, and once more when an answer
 * that was waited for is there.
 */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_n, void **request)
{
	struct http_request *r = *request;

	(void)arg;
	(void)connection;
	(void)url;
	(void)version;
	if (!r) {
		counter_add(C_NO_MEMORY, 1);
		return MHD_NO;
	}
	if (!r->head_seen)
		return take_head(r, method);
	if (*data_n)
		return take_body(r, data, data_n);
	if (!r->handed)
		return hand_over(r);
	return r->replied ? queue_reply(r) : MHD_YES;
}


struct str http_request_method(const struct http_request *r)
{
	return str_of(r->method);
}


struct str http_request_path(const struct http_request *r)
{
	return r->path;
}


struct str http_request_query(const struct http_request *r)
{
	return r->query;
}


struct str http_request_header(const struct http_request *r, const char *name)
{
	if (!r->connection)
		return STR_NULL;
	return str_of(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}


struct str http_request_body(const struct http_request *r)
{
	return buf_str(&r->body);
}


/* ---- The answer ---- */

static void add_header(struct MHD_Response *response, const char *name, struct str value)
{
	char *text;

	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 127)
			return;
	text = str_dup(value);
	if (text)
		MHD_add_response_header(response, name, text);
	mem_unref(text);
}


static struct MHD_Response *response_of(const struct http_reply *reply)
{
	/* The library does not write through the pointer when told to copy. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->body.n, (void *)(uintptr_t)(reply->body.n ? reply->body.p : ""),
		MHD_RESPMEM_MUST_COPY);

	if (!response)
		return NULL;
	if (reply->type.n)
		add_header(response, "Content-Type", reply->type);
	for (size_t i = 0; i < reply->headers_n; i++)
		add_header(response, reply->headers[i].name, reply->headers[i].value);
	return response;
}


void http_reply(struct http_request *r, const struct http_reply *reply)
{
	assert(!r->replied);
	r->replied = true;
	if (r->connection) {
		r->status = reply->status;
		r->response = response_of(reply);
		if (r->suspended) {
			/* Nothing happens on the descriptor for this: the library must be called. */
			r->suspended = false;
			r->server->resumed = true;
			MHD_resume_connection(r->connection);
			timer_start(&r->server->timer, loop_timers(r->server->loop), 0, on_timer,
				    r->server);
		}
	}
	mem_unref(r);
}


/* ---- The server ---- */

static void destroy_server(void *object)
{
	struct http_server *s = object;

	timer_cancel(&s->timer);
	s->poll = loop_poll_stop(s->poll);
	/* The library insists that nothing is suspended when it stops. */
	for (struct list_link *l = list_first(&s->requests); l; l = list_next(&s->requests, l)) {
		struct http_request *r = container_of(l, struct http_request, link);

		if (r->suspended && r->connection)
			MHD_resume_connection(r->connection);
		r->suspended = false;
	}
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	for (struct list_link *l; (l = list_first(&s->requests));) {
		container_of(l, struct http_request, link)->server = NULL;
		list_remove(&s->requests, l);
	}
	mem_unref(s->loop);
}


/** A listening socket and its address. */
static int listen_socket(const struct addr *local, struct addr *ret_local)
{
	int one = 1, fd, err;
	socklen_t n = sizeof(*ret_local);

	fd = socket(local->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (local->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &local->sa, addr_len(local)) == 0 && listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, &ret_local->sa, &n) == 0)
		return fd;

	err = -errno;
	close(fd);
	return err;
}


static int start(struct http_server *s, const struct http_params *p)
{
	const union MHD_DaemonInfo *info;
	int fd = listen_socket(&p->local, &s->local);
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	if (fd < 0)
		return fd;
	if (p->local.sa.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_access, s, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_UNESCAPE_CALLBACK,
		leave_escapes, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEAD_MAX, MHD_OPTION_CONNECTION_LIMIT,
		p->connections_max ? p->connections_max : (unsigned)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, p->idle_s ? p->idle_s : (unsigned)HTTP_IDLE_S,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		return -ENOMEM;
	}

	info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -ENOTSUP;
	return loop_poll_start(&s->poll, s->loop, info->epoll_fd, POLLIN, on_poll, s);
}


int http_listen(struct http_server **ret, const struct http_params *p)
{
	struct http_server *s = mem_alloc(sizeof(*s), destroy_server);
	int err;

	if (!s)
		return -ENOMEM;
	list_init(&s->requests);
	s->loop = mem_ref(p->loop);
	s->body_max = p->body_max ? p->body_max : HTTP_BODY_MAX;
	s->request = p->request;
	s->arg = p->arg;

	err = start(s, p);
	if (err) {
		mem_unref(s);
		return err;
	}
	*ret = s;
	return 0;
}


const struct addr *http_server_local(const struct http_server *s)
{
	return &s->local;
}
