/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver: RFC 3263 step by step on zones, and its bounds. */
#include "sip/resolver.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "lib/virtual_dns.h"
#include "lib/virtual_loop.h"

enum { UDP4 = 1, TCP4 = 2, UDP6 = 4, TCP6 = 8, TLS4 = 16 };
#define ALL4 (UDP4 | TCP4)
#define ALL (UDP4 | TCP4 | UDP6 | TCP6)

struct fixture {
	struct virtual_loop *vl;
	struct loop *loop;
	struct virtual_dns *dns;
	struct sip_transports *t;
	struct tls_config *tls;
	struct sip_resolver *r;
	struct sip_lookup lookup[4];
	int done, error;
	char got[512];
	int started;
	struct sip_lookup *again; /* started from within the callback */
};


static void on_received(const struct sip_source *src, struct str bytes, void *arg)
{
	(void)src;
	(void)bytes;
	(void)arg;
}


static void on_failed(enum sip_transport_kind kind, const struct addr *peer, uint64_t flow,
		      int error, void *arg)
{
	(void)kind;
	(void)peer;
	(void)flow;
	(void)error;
	(void)arg;
}


static void listen_on(struct fixture *f, enum sip_transport_kind kind, const char *host)
{
	struct addr a;

	assert_int_equal(addr_decode(&a, str_of(host), 5060), 0);
	unit_ok(sip_transports_listen(f->t, kind, &a, STR_NULL, f->tls));
}


static struct fixture *fixture(unsigned listeners, const char *zone)
{
	static const struct sip_transport_handler h = {on_received, NULL, on_failed, NULL};
	struct fixture *f = unit_storage(sizeof(*f));

	f->vl = unit_own(virtual_loop_alloc(1));
	f->loop = virtual_loop_base(f->vl);
	unit_ok(virtual_dns_alloc(&f->dns, f->loop, str_of(zone)));
	unit_own(f->dns);
	unit_ok(sip_transports_alloc(&f->t, f->loop, &h, f));
	unit_own(f->t);
	if (listeners & UDP4)
		listen_on(f, SIP_UDP, "192.0.2.100");
	if (listeners & TCP4)
		listen_on(f, SIP_TCP, "192.0.2.100");
	if (listeners & UDP6)
		listen_on(f, SIP_UDP, "2001:db8::100");
	if (listeners & TCP6)
		listen_on(f, SIP_TCP, "2001:db8::100");
	unit_ok(sip_resolver_alloc(&f->r, f->loop, f->t, virtual_dns_port(f->dns)));
	unit_own(f->r);
	return f;
}


/* "udp 192.0.2.1:5060, tcp …" */
static void write_hops(char *text, size_t size, const struct sip_hops *h)
{
	struct buf b;

	buf_fixed(&b, text, size);
	for (uint8_t i = 0; i < h->n; i++) {
		if (i)
			buf_puts(&b, STR(", "));
		buf_puts(&b, sip_transport_param(h->hop[i].kind));
		buf_putc(&b, ' ');
		addr_encode(&h->hop[i].addr, &b);
		assert_ptr_equal(h->hop[i].host.p, h->host);
		assert_int_equal(h->hop[i].socket, SIP_SOCKET_ANY);
	}
	assert_non_null(buf_cstr(&b));
}


static void on_done(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->error = error;
	if (!error)
		write_hops(f->got, sizeof(f->got), hops);
	if (f->again) {
		struct sip_uri u;
		struct sip_hops now;

		f->again = NULL;
		assert_int_equal(sip_uri_decode(&u, STR("sip:h.example.com:5070")), 0);
		f->started = sip_resolve(f->r, q, &u, SIP_TRANSPORT_OTHER, &now, on_done, f);
	}
}


/* The answer, now or later; -errno, or 1 now, 0 later. */
static int resolve(struct fixture *f, const char *uri, enum sip_transport_kind kind)
{
	struct sip_hops now;
	struct sip_uri u;
	int r;

	f->got[0] = 0;
	f->error = 0;
	f->done = 0;
	assert_int_equal(sip_uri_decode(&u, str_of(uri)), 0);
	r = sip_resolve(f->r, &f->lookup[0], &u, kind, &now, on_done, f);
	if (r == 1) {
		write_hops(f->got, sizeof(f->got), &now);
	} else if (r == 0) {
		assert_int_equal(f->done, 0);
		for (int i = 0; i < 100 && !f->done; i++)
			virtual_loop_advance(f->vl, 1000);
		assert_int_equal(f->done, 1);
		if (f->error)
			return f->error;
	}
	assert_null(f->lookup[0].impl);
	return r;
}


static void expect(struct fixture *f, const char *uri, enum sip_transport_kind kind,
		   const char *want)
{
	int r = resolve(f, uri, kind);

	if (r < 0)
		unit_ok(r);
	if (strcmp(f->got, want) != 0 && !unit_refused())
		fprintf(stderr, "%s: got %s, want %s\n", uri, f->got, want);
	unit_must(strcmp(f->got, want) == 0);
}


static void expect_error(struct fixture *f, const char *uri, enum sip_transport_kind kind, int want)
{
	int r = resolve(f, uri, kind);

	if (r != want && !unit_refused())
		fprintf(stderr, "%s: got %d %s\n", uri, r, f->got);
	unit_must(r == want);
}


static void test_numeric(void)
{
	static const struct {
		unsigned listeners;
		const char *uri;
		enum sip_transport_kind kind;
		const char *want;
		int error;
	} rows[] = {
		{ALL, "sip:a@192.0.2.1", SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5060", 1},
		{ALL, "sip:a@192.0.2.1:5070", SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5070", 1},
		{ALL, "sip:a@192.0.2.1;transport=TCP", SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5060",
		 1},
		{ALL, "sip:a@192.0.2.1;transport=udp", SIP_TCP, "tcp 192.0.2.1:5060", 1},
		{ALL, "sip:a@192.0.2.1", SIP_TCP, "tcp 192.0.2.1:5060", 1},
		{ALL, "sip:a@192.0.2.1;transport=tcp", SIP_UDP, "udp 192.0.2.1:5060", 1},
		{ALL, "sip:a@[2001:db8::1]:5080", SIP_TRANSPORT_OTHER, "udp [2001:db8::1]:5080", 1},
		{ALL, "sip:a@[2001:db8:::1]", SIP_TRANSPORT_OTHER, "udp [2001:db8::1]:5060", 1},
		{ALL, "sip:a@example.com;maddr=192.0.2.7", SIP_TRANSPORT_OTHER,
		 "udp 192.0.2.7:5060", 1},
		{ALL, "sip:a@192.0.2.1;maddr=192.0.2.7:5", SIP_TRANSPORT_OTHER, NULL, -ENOENT},
		{TCP4, "sip:a@192.0.2.1", SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5060", 1},
		{ALL4, "sip:a@[2001:db8::1]", SIP_TRANSPORT_OTHER, NULL, -EAFNOSUPPORT},
		{UDP4, "sip:a@192.0.2.1", SIP_TCP, NULL, -EAFNOSUPPORT},
		{ALL, "sips:a@192.0.2.1", SIP_TRANSPORT_OTHER, NULL, -EAFNOSUPPORT},
		{ALL, "sip:a@192.0.2.1;transport=sctp", SIP_TRANSPORT_OTHER, NULL,
		 -EPROTONOSUPPORT},
		{ALL, "sips:a@192.0.2.1;transport=udp", SIP_TRANSPORT_OTHER, NULL,
		 -EPROTONOSUPPORT},
		{ALL, "sips:a@192.0.2.1", SIP_UDP, NULL, -EPROTONOSUPPORT},
		{ALL, "tel:+12125551212", SIP_TRANSPORT_OTHER, NULL, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = fixture(rows[i].listeners, "");

		unit_case("%s", rows[i].uri);
		if (rows[i].error == 1) {
			size_t blocks = mem_live_blocks();

			assert_int_equal(resolve(f, rows[i].uri, rows[i].kind), 1);
			assert_string_equal(f->got, rows[i].want);
			assert_int_equal(mem_live_blocks(), blocks);
		} else {
			expect_error(f, rows[i].uri, rows[i].kind, rows[i].error);
		}
	}
}


#define HOSTS                         \
	"a.example.com A 192.0.2.1\n" \
	"b.example.com A 192.0.2.2\n" \
	"c.example.com A 192.0.2.3\n"


static void test_names(void)
{
	static const struct {
		const char *what, *zone;
		unsigned listeners;
		const char *uri;
		enum sip_transport_kind kind;
		const char *want;
	} rows[] = {
		{"explicit port: no NAPTR, no SRV",
		 HOSTS "_sip._udp.a.example.com SRV 1 1 5099 b.example.com\n", ALL,
		 "sip:a.example.com:5060", SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5060"},
		{"port and transport", HOSTS, ALL, "sip:a.example.com:5070;transport=tcp",
		 SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5070"},
		{"nothing but an address", HOSTS, ALL, "sip:a.example.com", SIP_TRANSPORT_OTHER,
		 "udp 192.0.2.1:5060"},
		{"root dot", HOSTS, ALL, "sip:a.example.com.", SIP_TRANSPORT_OTHER,
		 "udp 192.0.2.1:5060"},
		{"transport given: SRV of it",
		 HOSTS "d NAPTR 1 1 s SIP+D2U _sip._udp.d\n_sip._udp.d SRV 1 1 5061 a.example.com\n"
		       "_sip._tcp.d SRV 1 1 5062 b.example.com\n",
		 ALL, "sip:d;transport=tcp", SIP_TRANSPORT_OTHER, "tcp 192.0.2.2:5062"},
		{"transport given, no SRV: address", HOSTS, ALL, "sip:a.example.com;transport=tcp",
		 SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5060"},
		{"RFC 3263 4.1 example, without TLS",
		 HOSTS
		 "d NAPTR 100 50 s SIP+D2U _sip._udp.d\nd NAPTR 90 50 s SIP+D2T _sip._tcp.d\n"
		 "d NAPTR 50 50 s SIPS+D2T _sips._tcp.d\n_sip._tcp.d SRV 0 1 5060 a.example.com\n"
		 "_sip._udp.d SRV 0 1 5060 b.example.com\n_sips._tcp.d SRV 0 1 5061 "
		 "c.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5060"},
		{"the same with UDP alone",
		 HOSTS
		 "d NAPTR 100 50 s SIP+D2U _sip._udp.d\nd NAPTR 90 50 s SIP+D2T _sip._tcp.d\n"
		 "_sip._tcp.d SRV 0 1 5060 a.example.com\n_sip._udp.d SRV 0 1 5060 b.example.com\n",
		 UDP4, "sip:d", SIP_TRANSPORT_OTHER, "udp 192.0.2.2:5060"},
		{"the same when large",
		 HOSTS
		 "d NAPTR 10 50 s SIP+D2U _sip._udp.d\nd NAPTR 90 50 s SIP+D2T _sip._tcp.d\n"
		 "_sip._tcp.d SRV 0 1 5060 a.example.com\n_sip._udp.d SRV 0 1 5060 b.example.com\n",
		 ALL, "sip:d", SIP_TCP, "tcp 192.0.2.1:5060"},
		{"preference within an order; replacement elsewhere",
		 HOSTS
		 "d NAPTR 1 20 s SIP+D2U _sip._udp.d\nd NAPTR 1 10 S sip+d2u _x.other\n"
		 "_x.other SRV 0 1 5066 c.example.com\n_sip._udp.d SRV 0 1 5060 b.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER, "udp 192.0.2.3:5066"},
		{"NAPTR of no use",
		 HOSTS "d NAPTR 1 1 u E2U+sip .\nd NAPTR 1 1 a SIP+D2U b.example.com\nd NAPTR 1 1 "
		       "s SIP+D2S _s\n"
		       "_sip._udp.d SRV 0 1 5060 a.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5060"},
		{"NAPTR to nothing, then the next one",
		 HOSTS "d NAPTR 1 1 s SIP+D2T _gone\nd NAPTR 2 1 s SIP+D2U _here\n_here SRV 0 1 "
		       "5067 a.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5067"},
		{"no NAPTR: SRV of the first supported that there is",
		 HOSTS "_sip._tcp.d SRV 0 1 5068 a.example.com\n", ALL, "sip:d",
		 SIP_TRANSPORT_OTHER, "tcp 192.0.2.1:5068"},
		{"SRV priorities",
		 HOSTS "_sip._udp.d SRV 30 1 5063 c.example.com\n_sip._udp.d SRV 10 1 5061 "
		       "a.example.com\n"
		       "_sip._udp.d SRV 20 1 5062 b.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER,
		 "udp 192.0.2.1:5061, udp 192.0.2.2:5062, udp 192.0.2.3:5063"},
		{"a target without address is passed over",
		 HOSTS "_sip._udp.d SRV 10 1 5061 gone\n_sip._udp.d SRV 20 1 5062 b.example.com\n",
		 ALL, "sip:d", SIP_TRANSPORT_OTHER, "udp 192.0.2.2:5062"},
		{"service denied for one transport",
		 HOSTS "d A 192.0.2.9\n_sip._udp.d SRV 0 0 0 .\n", ALL, "sip:d",
		 SIP_TRANSPORT_OTHER, "tcp 192.0.2.9:5060"},
		{"both families alternate",
		 "d A 192.0.2.1\nd A 192.0.2.2\nd A 192.0.2.3\nd AAAA 2001:db8::1\n", ALL, "sip:d",
		 SIP_TRANSPORT_OTHER,
		 "udp [2001:db8::1]:5060, udp 192.0.2.1:5060, udp 192.0.2.2:5060, udp "
		 "192.0.2.3:5060"},
		{"only the family we have", "d A 192.0.2.1\nd AAAA 2001:db8::1\n", ALL4, "sip:d",
		 SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5060"},
		{"the same address twice", "d A 192.0.2.1\nd A 192.0.2.1\n", ALL, "sip:d",
		 SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5060"},
		{"maddr is looked up", HOSTS, ALL, "sip:nowhere;maddr=b.example.com",
		 SIP_TRANSPORT_OTHER, "udp 192.0.2.2:5060"},
		{"DNS for NAPTR is broken",
		 HOSTS "d ERROR servfail\n_sip._udp.d SRV 0 1 5061 a.example.com\n", ALL, "sip:d",
		 SIP_TRANSPORT_OTHER, "udp 192.0.2.1:5061"},
		{"no more than SIP_HOPS_MAX",
		 "d A 10.0.0.1\nd A 10.0.0.2\nd A 10.0.0.3\nd A 10.0.0.4\nd A 10.0.0.5\nd A "
		 "10.0.0.6\n"
		 "d A 10.0.0.7\nd A 10.0.0.8\nd A 10.0.0.9\nd A 10.0.0.10\n",
		 UDP4, "sip:d", SIP_TRANSPORT_OTHER,
		 "udp 10.0.0.1:5060, udp 10.0.0.2:5060, udp 10.0.0.3:5060, udp 10.0.0.4:5060, "
		 "udp 10.0.0.5:5060, udp 10.0.0.6:5060, udp 10.0.0.7:5060, udp 10.0.0.8:5060"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = fixture(rows[i].listeners, rows[i].zone);
		size_t asked;

		unit_case("%s", rows[i].what);
		expect(f, rows[i].uri, rows[i].kind, rows[i].want);
		/* Again from the cache, at once. */
		asked = virtual_dns_asked(f->dns);
		if (unit_refused() || strstr(rows[i].what, "broken"))
			continue;
		unit_must(resolve(f, rows[i].uri, rows[i].kind) == 1);
		unit_must(strcmp(f->got, rows[i].want) == 0);
		assert_int_equal(virtual_dns_asked(f->dns), asked);
	}
}


static void test_errors(void)
{
	struct fixture *f = fixture(UDP4,
				    "dead ERROR timeout\nempty NAPTR 1 1 u x y\n"
				    "_sip._udp.no SRV 0 0 0 .\nno A 192.0.2.1\n"
				    "_sip._udp.gone SRV 0 0 5060 nowhere\ngone A 192.0.2.1\n");

	expect_error(f, "sip:missing", SIP_TRANSPORT_OTHER, -ENOENT);
	/* Known by now. */
	expect_error(f, "sip:missing", SIP_TRANSPORT_OTHER, -ENOENT);
	expect_error(f, "sip:dead", SIP_TRANSPORT_OTHER, -ETIMEDOUT);
	expect_error(f, "sip:empty", SIP_TRANSPORT_OTHER, -ENOENT);
	/* RFC 2782: "decidedly not available". */
	expect_error(f, "sip:no", SIP_TRANSPORT_OTHER, -ENOENT);
	/* SRV records that lead nowhere are still SRV records: the domain's address is not meant. */
	expect_error(f, "sip:gone", SIP_TRANSPORT_OTHER, -ENOENT);
	expect_error(f, "sip:missing;transport=tcp", SIP_TRANSPORT_OTHER, -EPROTONOSUPPORT);
	expect_error(f, "sips:missing", SIP_TRANSPORT_OTHER, -EPROTONOSUPPORT);
}


static void test_avoid(void)
{
	struct fixture *f = fixture(ALL, "d A 192.0.2.1\nd A 192.0.2.2\nd A 192.0.2.3\n");
	struct sip_hop hop = {.kind = SIP_UDP};

	assert_int_equal(addr_decode(&hop.addr, STR("192.0.2.1"), 5060), 0);
	sip_resolver_avoid(f->r, &hop, 0);
	expect(f, "sip:d", SIP_TRANSPORT_OTHER,
	       "udp 192.0.2.2:5060, udp 192.0.2.3:5060, udp 192.0.2.1:5060");
	/* Another transport is another hop. */
	expect(f, "sip:d", SIP_TCP, "tcp 192.0.2.1:5060, tcp 192.0.2.2:5060, tcp 192.0.2.3:5060");
	assert_int_equal(addr_decode(&hop.addr, STR("192.0.2.2"), 5060), 0);
	sip_resolver_avoid(f->r, &hop, 60000);
	assert_int_equal(addr_decode(&hop.addr, STR("192.0.2.3"), 5060), 0);
	sip_resolver_avoid(f->r, &hop, 60000);
	/* All are avoided: all are there. */
	expect(f, "sip:d", SIP_TRANSPORT_OTHER,
	       "udp 192.0.2.1:5060, udp 192.0.2.2:5060, udp 192.0.2.3:5060");
	virtual_loop_advance(f->vl, SIP_HOP_AVOID_MS);
	expect(f, "sip:d", SIP_TRANSPORT_OTHER,
	       "udp 192.0.2.1:5060, udp 192.0.2.2:5060, udp 192.0.2.3:5060");
	virtual_loop_advance(f->vl, 60000);
	expect(f, "sip:d", SIP_TRANSPORT_OTHER,
	       "udp 192.0.2.1:5060, udp 192.0.2.2:5060, udp 192.0.2.3:5060");
	for (uint16_t port = 1; port < 3 * SIP_AVOID_MAX; port++) {
		addr_set_port(&hop.addr, port);
		sip_resolver_avoid(f->r, &hop, 60000);
	}
	sip_resolver_avoid(f->r, &hop, 60000);
}


static int start(struct fixture *f, int i, const char *uri)
{
	struct sip_hops now;
	struct sip_uri u;

	assert_int_equal(sip_uri_decode(&u, str_of(uri)), 0);
	return sip_resolve(f->r, &f->lookup[i], &u, SIP_TRANSPORT_OTHER, &now, on_done, f);
}


static void test_shared_and_cancelled(void)
{
	struct fixture *f = fixture(ALL4, "h.example.com A 192.0.2.1\nh.example.com DELAY 100\n");

	for (int i = 0; i < 4; i++)
		unit_must(start(f, i, "sip:h.example.com:5070") == 0);
	assert_int_equal(virtual_dns_asked(f->dns), 1);
	sip_lookup_cancel(&f->lookup[1]);
	sip_lookup_cancel(&f->lookup[1]);
	virtual_loop_advance(f->vl, 100);
	assert_int_equal(f->done, 3);
	unit_must(strcmp(f->got, "udp 192.0.2.1:5070") == 0);
}


static void test_again_from_callback(void)
{
	struct fixture *f = fixture(ALL4, "h.example.com A 192.0.2.1\n");

	/* The first name fails, and the callback looks for another one. */
	f->again = &f->lookup[0];
	unit_must(start(f, 0, "sip:missing:5070") == 0);
	virtual_loop_run_until_idle(f->vl);
	unit_must(f->started == 0 && f->done == 2 && f->error == 0);
}


static void test_resolver_goes_first(void)
{
	struct fixture *f = fixture(ALL4, "h DELAY 100\n");
	struct sip_resolver *r;
	struct sip_uri u;
	struct sip_hops now;
	int got;

	unit_ok(sip_resolver_alloc(&r, f->loop, f->t, virtual_dns_port(f->dns)));
	assert_int_equal(sip_uri_decode(&u, STR("sip:h")), 0);
	got = sip_resolve(r, &f->lookup[0], &u, SIP_TRANSPORT_OTHER, &now, on_done, f);
	mem_unref(r);
	assert_null(f->lookup[0].impl);
	unit_must(got == 0);
	virtual_loop_advance(f->vl, 1000);
	assert_int_equal(f->done, 0);
	sip_lookup_cancel(&f->lookup[0]);
}


static void test_longest_name(void)
{
	struct fixture *f = fixture(ALL4, "");
	struct buf *b = unit_buf(1024);

	buf_puts(b, STR("sip:"));
	for (int i = 0; i < SIP_HOST_MAX; i++)
		buf_putc(b, i % 60 ? 'a' : '.');
	unit_must(buf_cstr(b) != NULL);
	b->p[4] = 'a';
	expect_error(f, b->p, SIP_TRANSPORT_OTHER, -ENOENT);
}


/* What is no SIP server's: addresses alone are asked for, whatever NAPTR and SRV say. */
static void test_host(void)
{
	struct fixture *f = fixture(ALL4, "a.example.org A 192.0.2.7\n"
					  "_sip._tcp.a.example.org SRV 1 1 5060 b.example.org\n");
	struct sip_hops now;
	int n = sip_resolve_host(f->r, &f->lookup[0], STR("a.example.org"), 2855, &now, on_done, f);

	unit_must(n == 0);
	assert_true(virtual_loop_run_until_idle(f->vl));
	assert_int_equal(f->done, 1);
	unit_must(f->error == 0);
	assert_string_equal(f->got, "tcp 192.0.2.7:2855");
	/* The second time it is known. */
	n = sip_resolve_host(f->r, &f->lookup[1], STR("a.example.org"), 2855, &now, on_done, f);
	unit_must(n == 1);
	n = sip_resolve_host(f->r, &f->lookup[2], STR("192.0.2.9"), 1, &now, on_done, f);
	unit_must(n == 1);
	assert_int_equal(now.n, 1);
	assert_int_equal(sip_resolve_host(f->r, &f->lookup[3], STR("no name"), 1, &now, on_done, f),
			 -EINVAL);
}


static void test_flow(void)
{
	static const struct {
		const char *uri;
		enum sip_transport_kind kind;
	} rows[] = {
		{"sip:a@192.0.2.1:5070", SIP_TCP},
		{"sip:a@192.0.2.1:5070;transport=TLS", SIP_TLS},
		{"sips:a@192.0.2.1:5070", SIP_TLS},
	};
	struct sip_hop hop;
	struct sip_uri u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(sip_uri_decode(&u, str_of(rows[i].uri)), 0);
		sip_hop_of_flow(&hop, 7, &u);
		assert_int_equal(hop.flow, 7);
		assert_int_equal(hop.kind, rows[i].kind);
		assert_int_equal(addr_port(&hop.addr), 5070);
	}
	sip_hop_of_flow(&hop, 7, NULL);
	assert_int_equal(hop.kind, SIP_TCP);
}


UNIT_MAIN(UNIT_TEST(test_numeric), UNIT_TEST(test_names), UNIT_TEST(test_errors),
	  UNIT_TEST(test_avoid), UNIT_TEST(test_shared_and_cancelled),
	  UNIT_TEST(test_again_from_callback), UNIT_TEST(test_resolver_goes_first),
	  UNIT_TEST(test_longest_name), UNIT_TEST(test_host), UNIT_TEST(test_flow))
