/* SPDX-License-Identifier: Apache-2.0 */
/* DNS: messages as they come from a server, the cache, and c-ares against a server on loopback. */
#include "sip/dns.h"

#include <string.h>

#include "lib/unit.h"
#include "lib/virtual_dns.h"
#include "lib/virtual_loop.h"
#include "sip/dns_cache.h"
#include "sip/dns_message.h"
#include "sip/srv_order.h"

/* ---- Messages ---- */

static void put16(struct buf *b, unsigned v)
{
	buf_putc(b, (char)(v >> 8));
	buf_putc(b, (char)v);
}


static void put_name(struct buf *b, const char *name)
{
	for (struct str rest = str_of(name), label; rest.p;) {
		label = str_cut(&rest, '.');
		buf_putc(b, (char)label.n);
		buf_puts(b, label);
	}
	buf_putc(b, 0);
}


/* Header with one question for `name`, which stands at offset 12. */
static void put_head(struct buf *b, const char *name, unsigned type, unsigned answers)
{
	put16(b, 0x1234);
	put16(b, 0x8180);
	put16(b, 1);
	put16(b, answers);
	put16(b, 0);
	put16(b, 0);
	put_name(b, name);
	put16(b, type);
	put16(b, 1);
}


/* A record whose owner is the question's name. */
static void put_record(struct buf *b, unsigned type, unsigned ttl, struct str data)
{
	put16(b, 0xc00c);
	put16(b, type);
	put16(b, 1);
	put16(b, ttl >> 16);
	put16(b, ttl & 0xffff);
	put16(b, (unsigned)data.n);
	buf_puts(b, data);
}


static int decode(struct str bytes, enum dns_type type, struct dns_record *r, size_t *n)
{
	return dns_message_decode(r, n, bytes, type, unit_arena(DNS_TEXT_MAX));
}


static void test_addresses(void)
{
	struct dns_record r[DNS_RECORDS_MAX];
	struct buf *b = unit_buf(4096);
	char text[ADDR_TEXT_MAX];
	size_t n;

	put_head(b, "a.example.com", DNS_A, 3);
	/* A CNAME on the way is passed over. */
	put_record(b, 5, 300, STR("\001b\xc0\x0e"));
	put_record(b, DNS_A, 60, STR("\xc0\x00\x02\x01"));
	put_record(b, DNS_A, 0x80000000, STR("\xc0\x00\x02\x02"));
	unit_must(!b->failed);
	unit_ok(decode(buf_str(b), DNS_A, r, &n));
	assert_int_equal(n, 2);
	assert_string_equal(addr_text(&r[0].addr, text), "192.0.2.1:0");
	assert_int_equal(r[0].ttl_s, 60);
	assert_string_equal(addr_text(&r[1].addr, text), "192.0.2.2:0");
	assert_int_equal(r[1].ttl_s, 0);
	unit_ok(decode(buf_str(b), DNS_AAAA, r, &n));
	assert_int_equal(n, 0);
}


static void test_srv_and_naptr(void)
{
	struct dns_record r[DNS_RECORDS_MAX];
	struct buf *b = unit_buf(4096);
	size_t n;

	put_head(b, "_sip._udp.example.com", DNS_SRV, 2);
	/* Target: "sip" and a pointer to example.com at 12 + 5 + 5. */
	put_record(b, DNS_SRV, 100, STR("\0\012\0\024\x13\xc4\003sip\xc0\x16"));
	put_record(b, DNS_SRV, 100, STR("\0\0\0\0\0\0\0"));
	unit_must(!b->failed);
	unit_ok(decode(buf_str(b), DNS_SRV, r, &n));
	assert_int_equal(n, 2);
	assert_int_equal(r[0].priority, 10);
	assert_int_equal(r[0].weight, 20);
	assert_int_equal(r[0].port, 5060);
	unit_str(r[0].target, "sip.example.com");
	unit_str(r[1].target, ".");

	b = unit_buf(4096);
	put_head(b, "example.com", DNS_NAPTR, 1);
	put_record(b, DNS_NAPTR, 100,
		   STR("\0\062\0\063\001s\010SIPS+D2T\0\005_sips\004_tcp\xc0\x0c"));
	unit_must(!b->failed);
	unit_ok(decode(buf_str(b), DNS_NAPTR, r, &n));
	assert_int_equal(n, 1);
	assert_int_equal(r[0].priority, 50);
	assert_int_equal(r[0].weight, 51);
	unit_str(r[0].flags, "s");
	unit_str(r[0].service, "SIPS+D2T");
	unit_str(r[0].target, "_sips._tcp.example.com");
}


/* Bytes of which a record must not come, whatever else. */
static void test_hostile_messages(void)
{
	static const struct {
		const char *what;
		struct str data;
	} rows[] = {
		{"pointer to itself", STR_INIT("\0\0\0\0\0\0\xc0\x2f")},
		{"pointer forwards", STR_INIT("\0\0\0\0\0\0\xc0\xff")},
		{"pointer behind the end", STR_INIT("\0\0\0\0\0\0\xff\xff")},
		{"half a pointer", STR_INIT("\0\0\0\0\0\0\xc0")},
		{"label too long", STR_INIT("\0\0\0\0\0\0\x40"
					    "aaaa\0")},
		{"label behind the record", STR_INIT("\0\0\0\0\0\0\x3f"
						     "aaaa\0")},
		{"dot in a label", STR_INIT("\0\0\0\0\0\0\003a.b\0")},
		{"NUL in a label", STR_INIT("\0\0\0\0\0\0\003a\0b\0")},
		{"blank in a label", STR_INIT("\0\0\0\0\0\0\003a b\0")},
		{"cut", STR_INIT("\0\0\0\0\0")},
		{"empty", STR_INIT("")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_record r[DNS_RECORDS_MAX];
		struct buf *b = unit_buf(4096);
		size_t n;

		unit_case("%s", rows[i].what);
		put_head(b, "example.com", DNS_SRV, 1);
		put_record(b, DNS_SRV, 100, rows[i].data);
		unit_must(!b->failed);
		unit_ok(decode(buf_str(b), DNS_SRV, r, &n));
		assert_int_equal(n, 0);
	}
}


/* Names that use compression to be long. */
static void test_long_name(void)
{
	struct dns_record r[DNS_RECORDS_MAX];
	struct buf *b = unit_buf(8192), *data = unit_buf(1024);
	size_t n;

	buf_put(data, "\0\0\0\0\0\0", 6);
	for (int i = 0; i < 5; i++)
		buf_puts(data,
			 STR("\x3f"
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	buf_putc(data, 0);
	put_head(b, "example.com", DNS_SRV, 1);
	put_record(b, DNS_SRV, 100, buf_str(data));
	unit_must(!b->failed && !data->failed);
	unit_ok(decode(buf_str(b), DNS_SRV, r, &n));
	assert_int_equal(n, 0);
}


/* Cut at every byte: an error or fewer records, never a read behind the end. */
static void test_cut_messages(void)
{
	struct dns_record r[DNS_RECORDS_MAX];
	struct buf *b = unit_buf(4096);
	size_t n;

	put_head(b, "example.com", DNS_NAPTR, 1);
	put_record(b, DNS_NAPTR, 100,
		   STR("\0\062\0\063\001s\010SIPS+D2T\0\005_sips\004_tcp\xc0\x0c"));
	unit_must(!b->failed);
	for (size_t i = 0; i < b->n; i++) {
		char *exact = unit_ptr(mem_raw(i ? i : 1));

		memcpy(exact, b->p, i);
		assert_int_equal(dns_message_decode(r, &n, (struct str){exact, i}, DNS_NAPTR,
						    unit_arena(DNS_TEXT_MAX)),
				 -EBADMSG);
		mem_free(exact);
	}
}


/* ---- SRV order ---- */

static struct dns_record srv(uint16_t priority, uint16_t weight, const char *target)
{
	return (struct dns_record){.type = DNS_SRV,
				   .priority = priority,
				   .weight = weight,
				   .port = 5060,
				   .target = str_of(target)};
}


static void test_srv_order(void)
{
	struct virtual_loop *vl = unit_own(virtual_loop_alloc(7));
	const struct dns_record records[] = {
		srv(20, 0, "backup"), srv(10, 10, "small"), srv(10, 90, "big"),
		srv(10, 0, "zero"),   srv(5, 0, "."),       {.type = DNS_A, .target = STR("x")},
	};
	int first_big = 0, first_zero = 0;

	for (int i = 0; i < 2000; i++) {
		const struct dns_record *order[8];

		assert_int_equal(srv_order(order, 8, records, 6, virtual_loop_base(vl)), 4);
		unit_str(order[3]->target, "backup");
		first_big += str_eq(order[0]->target, STR("big"));
		first_zero += str_eq(order[0]->target, STR("zero"));
	}
	/* 90 of 101 numbers drawn mean "big", one means "zero". */
	assert_true(first_big > 1700 && first_big < 1860);
	assert_true(first_zero > 2 && first_zero < 60);
}


static void test_srv_order_cut(void)
{
	struct virtual_loop *vl = unit_own(virtual_loop_alloc(7));
	struct dns_record records[200];
	const struct dns_record *order[8];

	for (int i = 0; i < 200; i++)
		records[i] = srv(1, UINT16_MAX, "t");
	assert_int_equal(srv_order(order, 8, records, 200, virtual_loop_base(vl)), 8);
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(order[i], order[k]);
	assert_int_equal(srv_order(order, 8, records, 0, virtual_loop_base(vl)), 0);
}


/* ---- The cache ---- */

struct cached {
	struct virtual_loop *vl;
	struct virtual_dns *dns;
	struct dns_cache *cache;
	int answers;
	int error;
	size_t n;
	struct dns_wait wait[8];
};


static void on_answer(struct dns_wait *w, struct dns_answer *a, void *arg)
{
	struct cached *c = arg;

	(void)w;
	c->answers++;
	c->error = a ? a->error : -ENOMEM;
	c->n = a ? a->n : 0;
}


static struct cached *cached(const char *zone, size_t max)
{
	struct cached *c = unit_storage(sizeof(*c));

	c->vl = unit_own(virtual_loop_alloc(1));
	unit_ok(virtual_dns_alloc(&c->dns, virtual_loop_base(c->vl), str_of(zone)));
	unit_own(c->dns);
	unit_ok(dns_cache_alloc(&c->cache, virtual_loop_base(c->vl), virtual_dns_port(c->dns),
				max));
	unit_own(c->cache);
	return c;
}


/* 1 and n records of the cache; 0 asked; -errno. */
static int ask(struct cached *c, int wait, const char *name, size_t *n)
{
	struct dns_answer *now = NULL;
	int r = dns_cache_ask(c->cache, &c->wait[wait], str_of(name), DNS_A, &now, on_answer, c);

	if (r == 1) {
		*n = now->n;
		mem_unref(now);
	}
	return r;
}


static void wait_for(struct cached *c, const char *name)
{
	size_t n;
	int r = ask(c, 0, name, &n);

	if (r < 0)
		unit_ok(r);
	assert_int_equal(r, 0);
	virtual_loop_advance(c->vl, VIRTUAL_DNS_TIMEOUT_MS);
	unit_must(c->error != -ENOMEM);
}


static void test_cache_ttl(void)
{
	struct cached *c = cached("a 10 A 192.0.2.1\na 20 A 192.0.2.2\nlong 999999 A 192.0.2.3\n"
				  "short 0 A 192.0.2.4\ndead ERROR timeout\n",
				  100);
	static const struct {
		const char *name;
		size_t n;
		uint32_t ttl_s;
	} rows[] = {
		{"a", 2, 10},
		{"long", 1, DNS_TTL_MAX_S},
		{"short", 1, DNS_TTL_MIN_S},
		{"missing", 0, DNS_TTL_MISSING_S},
		{"dead", 0, DNS_TTL_FAILED_S},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t asked = virtual_dns_asked(c->dns), n;
		struct dns_wait *w = &c->wait[0];

		unit_case("%s", rows[i].name);
		assert_int_equal(virtual_dns_waiting(c->dns), 0);
		unit_must(ask(c, 0, rows[i].name, &n) == 0);
		while (virtual_dns_waiting(c->dns))
			virtual_loop_advance(c->vl, 1);
		unit_must(c->error != -ENOMEM);
		assert_null(w->entry);
		assert_int_equal(ask(c, 0, rows[i].name, &n), 1);
		assert_int_equal(n, rows[i].n);
		virtual_loop_advance(c->vl, (uint64_t)rows[i].ttl_s * 1000 - 2);
		assert_int_equal(ask(c, 0, rows[i].name, &n), 1);
		assert_int_equal(virtual_dns_asked(c->dns), asked + 1);
		virtual_loop_advance(c->vl, 2);
		unit_must(ask(c, 0, rows[i].name, &n) == 0);
		dns_wait_cancel(w);
		virtual_loop_advance(c->vl, VIRTUAL_DNS_TIMEOUT_MS);
	}
}


static void test_cache_shares(void)
{
	struct cached *c = cached("a A 192.0.2.1\n", 100);
	size_t n;

	for (int i = 0; i < 8; i++)
		unit_must(ask(c, i, i % 2 ? "A" : "a", &n) == 0);
	assert_int_equal(virtual_dns_asked(c->dns), 1);
	dns_wait_cancel(&c->wait[3]);
	dns_wait_cancel(&c->wait[3]);
	virtual_loop_run_until_idle(c->vl);
	assert_int_equal(c->answers, 7);
	unit_must(c->error == 0 && c->n == 1);
}


static void test_cache_bounds(void)
{
	struct cached *c = cached("a A 192.0.2.1\nb A 192.0.2.2\nd DELAY 500\nd A 192.0.2.3\n"
				  "e DELAY 500\ne A 192.0.2.4\n",
				  2);
	size_t n;

	wait_for(c, "a");
	wait_for(c, "b");
	assert_int_equal(ask(c, 0, "a", &n), 1);
	/* The oldest goes. */
	unit_must(ask(c, 0, "d", &n) == 0);
	assert_int_equal(ask(c, 1, "b", &n), 1);
	unit_must(ask(c, 1, "e", &n) == 0);
	/* Nothing but questions left: no more are asked. */
	unit_must(ask(c, 2, "a", &n) == -ENOBUFS);
	virtual_loop_advance(c->vl, 500);
	assert_int_equal(c->answers, 4);
}


static void test_cache_dropped_while_asking(void)
{
	struct cached *c = cached("a A 192.0.2.1\n", 100);
	struct dns_cache *other;
	struct dns_answer *now;

	unit_ok(dns_cache_alloc(&other, virtual_loop_base(c->vl), virtual_dns_port(c->dns), 10));
	if (dns_cache_ask(other, &c->wait[0], STR("a"), DNS_A, &now, on_answer, c) != 0) {
		mem_unref(other);
		unit_must(false);
	}
	mem_unref(other);
	assert_null(c->wait[0].entry);
	virtual_loop_run_until_idle(c->vl);
	assert_int_equal(c->answers, 0);
}


/* ---- c-ares ---- */

struct served {
	struct loop *loop;
	struct dns *dns;
	struct datagram_socket *socket;
	int questions, answers, error;
	size_t n;
	char target[64];
	bool silent;
	struct timer limit;
	int wanted;
};


static void close_dns(void *arg)
{
	struct served *s = arg;

	if (s->dns)
		s->dns->close(s->dns);
	timer_cancel(&s->limit);
}


/* Answers each question with one SRV record, and "missing…" with NXDOMAIN. */
static void on_question(struct datagram_socket *sock, const struct datagram *d, size_t n, void *arg)
{
	struct served *s = arg;

	for (size_t i = 0; i < n; i++) {
		char room[600];
		struct buf b;

		s->questions++;
		if (s->silent || d[i].n < 12 || d[i].n > 512)
			continue;
		buf_fixed(&b, room, sizeof(room));
		buf_put(&b, d[i].p, d[i].n);
		room[2] |= (char)0x80;
		/* Additional records of the question (EDNS) would stand in the way. */
		assert_int_equal(d[i].p[11], 0);
		if (d[i].p[13] == 'm') {
			room[3] |= 3;
		} else {
			room[7] = 1;
			put_record(&b, DNS_SRV, 77, STR("\0\001\0\002\x13\xc4\003sip\xc0\x0c"));
		}
		(void)datagram_send(sock, &d[i].peer, b.p, b.n);
	}
}


static void on_srv(int error, const struct dns_record *r, size_t n, void *arg)
{
	struct served *s = arg;

	s->answers++;
	s->error = error;
	s->n = n;
	if (n && r[0].target.n < sizeof(s->target))
		memcpy(s->target, r[0].target.p, r[0].target.n);
	if (s->answers == s->wanted)
		loop_stop(s->loop);
}


static void on_limit(struct timer *t, void *arg)
{
	(void)t;
	loop_stop(((struct served *)arg)->loop);
}


static void run(struct served *s, int answers)
{
	s->wanted = s->answers + answers;
	timer_start(&s->limit, loop_timers(s->loop), 5000, on_limit, s);
	loop_run(s->loop);
	timer_cancel(&s->limit);
	assert_int_equal(s->answers, s->wanted);
}


static struct served *served(void)
{
	struct served *s = unit_storage(sizeof(*s));
	struct addr local;
	char text[ADDR_TEXT_MAX];

	s->loop = unit_own(loop_uv_alloc());
	unit_ok(addr_decode(&local, STR("127.0.0.1"), 0));
	unit_ok(datagram_open(&s->socket, s->loop, &local, on_question, NULL, s));
	unit_own(s->socket);
	unit_ok(dns_cares_open_servers(&s->dns, s->loop,
				       str_of(addr_text(datagram_local(s->socket), text))));
	unit_defer(close_dns, s);
	return s;
}


static void test_cares(void)
{
	struct served *s = served();

	assert_non_null(s->dns->ask(s->dns, STR("_sip._udp.example.com"), DNS_SRV, on_srv, s));
	assert_int_equal(s->answers, 0);
	run(s, 1);
	assert_int_equal(s->error, 0);
	assert_int_equal(s->n, 1);
	assert_string_equal(s->target, "sip._sip._udp.example.com");
	assert_non_null(s->dns->ask(s->dns, STR("missing.example.com"), DNS_SRV, on_srv, s));
	run(s, 1);
	assert_int_equal(s->error, -ENOENT);
	/* Many at once. */
	for (int i = 0; i < 20; i++)
		assert_non_null(s->dns->ask(s->dns, STR("x.example.com"), DNS_SRV, on_srv, s));
	run(s, 20);
	assert_int_equal(s->error, 0);
}


static void test_cares_odd_names(void)
{
	static char huge[1000];
	struct served *s = served();
	void *q;

	memset(huge, 'a', sizeof(huge));
	assert_non_null(s->dns->ask(s->dns, (struct str){huge, sizeof(huge)}, DNS_SRV, on_srv, s));
	assert_non_null(s->dns->ask(s->dns, STR("a\0b"), DNS_SRV, on_srv, s));
	assert_non_null(s->dns->ask(s->dns, STR("a..b"), DNS_SRV, on_srv, s));
	/* Cancelled when the answer is already known. */
	q = s->dns->ask(s->dns, STR("a..b"), DNS_SRV, on_srv, s);
	assert_non_null(q);
	s->dns->cancel(s->dns, q);
	run(s, 3);
	assert_int_equal(s->questions, 0);
}


static void test_cares_cancel_and_close(void)
{
	struct served *s = served();
	void *q;

	q = s->dns->ask(s->dns, STR("x.example.com"), DNS_SRV, on_srv, s);
	assert_non_null(q);
	s->dns->cancel(s->dns, q);
	assert_non_null(s->dns->ask(s->dns, STR("y.example.com"), DNS_SRV, on_srv, s));
	run(s, 1);
	assert_int_equal(s->questions, 2);
	s->silent = true;
	assert_non_null(s->dns->ask(s->dns, STR("z.example.com"), DNS_SRV, on_srv, s));
	s->dns->close(s->dns);
	s->dns = NULL;
	assert_int_equal(s->answers, 1);
}


static void test_cares_bad_servers(void)
{
	struct loop *loop = unit_own(loop_uv_alloc());
	struct dns *d;

	assert_int_equal(dns_cares_open_servers(&d, loop, STR("not an address")), -EINVAL);
}


UNIT_MAIN(UNIT_TEST(test_addresses), UNIT_TEST(test_srv_and_naptr),
	  UNIT_TEST(test_hostile_messages), UNIT_TEST(test_long_name), UNIT_TEST(test_cut_messages),
	  UNIT_TEST(test_srv_order), UNIT_TEST(test_srv_order_cut), UNIT_TEST(test_cache_ttl),
	  UNIT_TEST(test_cache_shares), UNIT_TEST(test_cache_bounds),
	  UNIT_TEST(test_cache_dropped_while_asking), UNIT_TEST_PLAIN(test_cares),
	  UNIT_TEST_PLAIN(test_cares_odd_names), UNIT_TEST_PLAIN(test_cares_cancel_and_close),
	  UNIT_TEST_PLAIN(test_cares_bad_servers))
