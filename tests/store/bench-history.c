/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a page of somebody's history takes, in a store with a lot of it: all of it, one peer's, one session's, a
 * time's, and what has a text. The longest page is what counts: its goal is 20 ms.
 *
 *     bench-history [URL [ENTRIES [PAGE]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/history.h"

#define OUTSTANDING 256
/** Peers of the user, and as many other users with a history of their own beside it. */
#define PEERS 50
#define OTHERS 9
#define SESSION_ENTRIES 200
#define GOAL_MS 20.0
#define BEGIN_MS INT64_C(1767225600000)

struct bench {
	struct loop *loop;
	struct store *store;
	uint64_t entries, next, answered, failed;
	struct store_request add[OUTSTANDING], r;
	struct store_history_filter filter;
	double begun, longest, sum;
	uint64_t pages, seen;
	size_t max;
};

static void add_next(struct bench *b, struct store_request *r);


static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


/* ---- Filling it ---- */

static void on_added(struct store_request *r, int error, void *arg)
{
	struct bench *b = arg;

	b->failed += error != 0;
	if (++b->answered == b->entries)
		loop_stop(b->loop);
	else
		add_next(b, r);
}


/* Nine in ten are of others; a line of a chat, with what SIP says of it. */
static void add_next(struct bench *b, struct store_request *r)
{
	char owner[64], peer[64], text[128], id[32];
	uint64_t n = b->next, other = n % (OTHERS + 1);
	struct store_history_entry e = {
		.kind = STORE_HISTORY_SESSION,
		.outgoing = n & 1,
		.request = STR(""),
		.from = STR("<sip:user0@example.org>"),
		.to = STR("<sip:peer@example.org>"),
		.subject = STR(""),
		.content_type = STR("text/plain;charset=UTF-8"),
		.file = STR(""),
		.date_ms = BEGIN_MS + (int64_t)n,
	};

	if (b->next >= b->entries)
		return;
	b->next++;
	snprintf(owner, sizeof(owner), "sip:user%llu@example.org", (unsigned long long)other);
	snprintf(peer, sizeof(peer), "sip:peer%llu@example.org",
		 (unsigned long long)(n / SESSION_ENTRIES % PEERS));
	snprintf(id, sizeof(id), "m%016llx", (unsigned long long)(n * 0x9e3779b97f4a7c15u));
	snprintf(text, sizeof(text),
		 "line %llu of what people say to each other all day long, in short sentences%s",
		 (unsigned long long)n, n % 5000 == 0 ? ", NEEDLE" : "");
	e.owner = str_of(owner);
	e.peer = str_of(peer);
	e.message_id = str_of(id);
	e.text = e.body = str_of(text);
	e.size = e.text.n;
	e.conversation = 1 + n / SESSION_ENTRIES * (OTHERS + 1) + other;
	if (store_history_add(b->store, r, &e, 1, &(struct store_history_quota){.entries = 0},
			      BEGIN_MS + (int64_t)n * 100, on_added, b))
		abort();
}


static void fill(struct bench *b)
{
	double begin = now_s();

	for (size_t i = 0; i < OUTSTANDING && b->next < b->entries; i++)
		add_next(b, &b->add[i]);
	loop_run(b->loop);
	printf("added    %llu entries in %.1f s, a tenth of them the user's; %llu failed\n",
	       (unsigned long long)b->entries, now_s() - begin, (unsigned long long)b->failed);
}


/* ---- Reading it ---- */

static void ask(struct bench *b);


static void on_page(struct store_request *r, int error, void *arg)
{
	struct bench *b = arg;
	double took = (now_s() - b->begun) * 1e3;
	size_t n = 0;

	if (error)
		abort();
	(void)store_history_result(r, &n);
	b->filter.after = store_history_next(r);
	b->seen += n;
	b->pages++;
	b->sum += took;
	b->longest = took > b->longest ? took : b->longest;
	if (b->filter.after)
		ask(b);
	else
		loop_stop(b->loop);
}


static void ask(struct bench *b)
{
	b->begun = now_s();
	if (store_history_list(b->store, &b->r, &b->filter, on_page, b))
		abort();
}


static void walk(struct bench *b, const char *what, struct store_history_filter f)
{
	if (!f.owner.p)
		f.owner = STR("sip:user0@example.org");
	f.peer = f.peer.p ? f.peer : STR("");
	f.text = f.text.p ? f.text : STR("");
	f.max = b->max;
	b->filter = f;
	b->longest = b->sum = 0;
	b->pages = b->seen = 0;
	ask(b);
	loop_run(b->loop);
	printf("%-22s %8llu entries in %6llu pages: %7.3f ms a page, the longest %7.3f ms%s\n",
	       what, (unsigned long long)b->seen, (unsigned long long)b->pages,
	       b->sum / (double)b->pages, b->longest,
	       b->longest < GOAL_MS ? "" : "  <-- above the goal");
}


static void read_it(struct bench *b)
{
	int64_t middle = BEGIN_MS + (int64_t)b->entries * 50;

	walk(b, "all of it", (struct store_history_filter){.max = 0});
	walk(b, "with one peer",
	     (struct store_history_filter){.peer = STR("sip:peer7@example.org")});
	walk(b, "with a stranger", (struct store_history_filter){.peer = STR("sip:nobody@x")});
	walk(b, "one session", (struct store_history_filter){.conversation = 1});
	walk(b, "of the second half", (struct store_history_filter){.since_ms = middle});
	walk(b, "of one minute",
	     (struct store_history_filter){.since_ms = middle, .until_ms = middle + 60000});
	walk(b, "with a text", (struct store_history_filter){.text = STR("needle")});
	walk(b, "with a text, not there", (struct store_history_filter){.text = STR("haystack")});
	walk(b, "text, of one peer",
	     (struct store_history_filter){.peer = STR("sip:peer0@example.org"),
					   .text = STR("needle")});
}


static void open_store(struct bench *b, const char *url)
{
	struct buf why = BUF_INIT(1024);

	if (store_open(&b->store, b->loop, str_of(url), &why)) {
		fprintf(stderr, "%.*s\n", (int)why.n, why.p);
		exit(1);
	}
}


int main(int argc, char **argv)
{
	static struct bench bench;
	struct bench *b = &bench;
	char url[64] = "", directory[] = "/tmp/parley-bench-XXXXXX";

	if (argc < 2 && mkdtemp(directory))
		snprintf(url, sizeof(url), "sqlite:%s/parley.db", directory);
	b->entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	b->max = argc > 3 ? strtoul(argv[3], NULL, 10) : 50;
	if (!b->entries || !b->max || b->max > STORE_PAGE_MAX) {
		fprintf(stderr, "bench-history [URL [ENTRIES [PAGE]]]\n");
		return 2;
	}
	b->loop = loop_uv_alloc();
	if (!b->loop)
		return 1;
	open_store(b, url[0] ? url : argv[1]);
	fill(b);
	read_it(b);
	b->store = mem_unref(b->store);
	b->loop = mem_unref(b->loop);
	if (url[0]) {
		snprintf(url, sizeof(url), "rm -rf '%s'", directory);
		return system(url) ? 1 : 0;
	}
	return 0;
}
