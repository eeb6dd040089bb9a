/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many messages a second are held durably with a number of requests outstanding, how fast they are
 * marked and finished, and how soon after an opening all that wait are known.
 *
 *     bench-deferred [URL [MESSAGES [OUTSTANDING [USERS]]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/deferred.h"

#define OUTSTANDING_MAX 4096

struct slot {
	struct store_request r;
	struct bench *b;
	uint64_t number;
};

struct bench {
	struct loop *loop;
	struct store *store;
	uint64_t messages, next, answered, failed, seen, users_seen;
	unsigned outstanding, users;
	int (*ask)(struct bench *b, struct slot *s);
	char after[64];
	struct slot slot[OUTSTANDING_MAX];
};


static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


static void answered(struct store_request *r, int error, void *arg)
{
	struct slot *s = container_of(r, struct slot, r);
	struct bench *b = arg;

	if (error)
		b->failed++;
	if (++b->answered == b->messages)
		loop_stop(b->loop);
	if (b->next >= b->messages)
		return;
	s->number = b->next++;
	if (b->ask(b, s))
		abort();
}


/* A pager message as a phone sends it: some 700 bytes of headers, 200 of text. */
static int ask_hold(struct bench *b, struct slot *s)
{
	static const char headers[700], body[200];
	char user[64], call_id[64], message_id[64];
	uint64_t spread = s->number * 2654435761u;
	struct store_deferred d = {
		.from_tag = STR("a6c85cf"),
		.cseq = 1,
		.sender = STR("sip:sender@example.org"),
		.size = sizeof(body),
		.received_ms = 1767225600000 + (int64_t)s->number,
		.expires_ms = 1767830400000 + (int64_t)s->number,
		.headers = {headers, sizeof(headers)},
		.body = {body, sizeof(body)},
	};

	snprintf(user, sizeof(user), "sip:user%llu@example.org",
		 (unsigned long long)(spread % b->users));
	snprintf(call_id, sizeof(call_id), "%016llx-%llu@10.0.0.1",
		 (unsigned long long)(spread * 0x9e3779b97f4a7c15u), (unsigned long long)s->number);
	snprintf(message_id, sizeof(message_id), "m%016llx",
		 (unsigned long long)(spread * 0xbf58476d1ce4e5b9u));
	d.user = str_of(user);
	d.call_id = str_of(call_id);
	d.message_id = str_of(message_id);
	return store_deferred_hold(b->store, &s->r, &d, 1000000, answered, b);
}


static int ask_finish(struct bench *b, struct slot *s)
{
	return store_deferred_finish(b->store, &s->r, s->number + 1, STORE_DEFERRED_DELIVERED,
				     1767225600000, answered, b);
}


static void run(struct bench *b, const char *what, int (*ask)(struct bench *b, struct slot *s))
{
	double begin = now_s(), took;

	b->ask = ask;
	b->next = b->answered = b->failed = 0;
	for (unsigned i = 0; i < b->outstanding && b->next < b->messages; i++) {
		b->slot[i].number = b->next++;
		if (ask(b, &b->slot[i]))
			abort();
	}
	loop_run(b->loop);
	took = now_s() - begin;
	printf("%-8s %llu in %.2f s: %.0f/s, %llu failed\n", what, (unsigned long long)b->messages,
	       took, (double)b->messages / took, (unsigned long long)b->failed);
}


static void users_seen(struct store_request *r, int error, void *arg)
{
	struct bench *b = arg;
	size_t n;
	const struct store_waiting_user *u = store_deferred_users_result(r, &n);

	for (size_t i = 0; i < n; i++)
		b->seen += u[i].messages;
	b->users_seen += n;
	if (error || n < STORE_PAGE_MAX) {
		loop_stop(b->loop);
		return;
	}
	snprintf(b->after, sizeof(b->after), STR_FMT, STR_ARG(u[n - 1].user));
	if (store_deferred_users(b->store, r, str_of(b->after), STORE_PAGE_MAX, users_seen, b))
		abort();
}


static void listed(struct store_request *r, int error, void *arg)
{
	struct bench *b = arg;
	size_t n;
	const struct store_deferred *d = store_deferred_result(r, &n);

	b->seen += n;
	if (error || n < STORE_PAGE_MAX) {
		loop_stop(b->loop);
		return;
	}
	if (store_deferred_list(b->store, r, STR(""), d[n - 1].id, STORE_PAGE_MAX, listed, b))
		abort();
}


static void open_store(struct bench *b, const char *url)
{
	struct buf why = BUF_INIT(1024);
	double begin = now_s();

	if (store_open(&b->store, b->loop, str_of(url), &why)) {
		fprintf(stderr, "%.*s\n", (int)why.n, why.p);
		exit(1);
	}
	printf("open     %.0f ms\n", (now_s() - begin) * 1e3);
}


static void counted(struct store_request *r, int error, void *arg)
{
	struct bench *b = arg;
	const struct store_deferred_count *c = store_deferred_count_result(r);

	if (!error)
		printf("count    %llu held, %llu tombstones\n", (unsigned long long)c->held,
		       (unsigned long long)c->tombstones);
	loop_stop(b->loop);
}


static void count(struct bench *b)
{
	if (store_deferred_count(b->store, &b->slot[0].r, STR(""), counted, b))
		abort();
	loop_run(b->loop);
}


static void known(struct bench *b)
{
	double begin = now_s();

	if (store_deferred_users(b->store, &b->slot[0].r, STR(""), STORE_PAGE_MAX, users_seen, b))
		abort();
	loop_run(b->loop);
	printf("known    %llu messages of %llu users in %.0f ms\n", (unsigned long long)b->seen,
	       (unsigned long long)b->users_seen, (now_s() - begin) * 1e3);
	b->seen = 0;
	begin = now_s();
	if (store_deferred_list(b->store, &b->slot[0].r, STR(""), 0, STORE_PAGE_MAX, listed, b))
		abort();
	loop_run(b->loop);
	printf("list     %llu messages page by page in %.0f ms\n", (unsigned long long)b->seen,
	       (now_s() - begin) * 1e3);
}


int main(int argc, char **argv)
{
	static struct bench bench;
	struct bench *b = &bench;
	char url[64] = "", directory[] = "/tmp/parley-bench-XXXXXX";

	if (argc < 2 && mkdtemp(directory))
		snprintf(url, sizeof(url), "sqlite:%s/parley.db", directory);
	b->messages = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
	b->outstanding = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 64;
	b->users = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 10000;
	if (!b->messages || !b->outstanding || b->outstanding > OUTSTANDING_MAX || !b->users) {
		fprintf(stderr, "bench-deferred [URL [MESSAGES [OUTSTANDING [USERS]]]]\n");
		return 2;
	}
	b->loop = loop_uv_alloc();
	if (!b->loop)
		return 1;
	open_store(b, url[0] ? url : argv[1]);
	run(b, "hold", ask_hold);
	if (strcmp(store_backend_name(b->store), "memory") != 0) {
		b->store = mem_unref(b->store);
		open_store(b, url[0] ? url : argv[1]);
	}
	known(b);
	run(b, "again", ask_hold);
	run(b, "finish", ask_finish);
	count(b);
	b->store = mem_unref(b->store);
	b->loop = mem_unref(b->loop);
	if (url[0]) {
		snprintf(url, sizeof(url), "rm -rf '%s'", directory);
		return system(url) ? 1 : 0;
	}
	return 0;
}
