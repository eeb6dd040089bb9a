/* SPDX-License-Identifier: Apache-2.0 */
/* The registrar: RFC 3261 10.3 step by step, Path, outbound, and what must not be lost. */
#include "core/registrar.h"

#include "world.h"

#define C1 "<sip:alice@192.0.2.1:5060>"
#define C2 "<sip:alice@192.0.2.2:5060>"


/* "sip:… sip:… " */
static void assert_contacts(struct world *w, const char *want)
{
	const struct registration *r = registrations_find(w->regs, ALICE);
	char text[1024] = "";
	size_t n = 0;

	for (size_t i = 0; r && i < registration_count(r); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, STR_FMT " ",
				      STR_ARG(registration_binding(r, i)->contact));
	assert_string_equal(text, want);
}


static const struct registration_binding *first(struct world *w)
{
	return registration_binding(registrations_find(w->regs, ALICE), 0);
}


static struct sip_server_txn *ok(struct world *w, const char *lines)
{
	struct sip_server_txn *st = world_register(w, lines);

	unit_must(st->status == 200);
	return st;
}


static void test_register_and_query(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st = ok(w, "Contact: " C1 ";expires=600;+g.oma.sip-im;q=0.5\n");

	assert_string_equal(
		strstr(st->headers, "Contact"),
		"Contact: <sip:alice@192.0.2.1:5060>;+g.oma.sip-im;q=0.500;expires=600\r\n"
		"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
	assert_true(first(w)->q == 500 && first(w)->cseq == w->cseq);
	assert_int_equal(first(w)->flags, REGISTRATION_IM | REGISTRATION_PAGER);
	assert_true(virtual_loop_advance(w->vl, 100500));
	st = ok(w, "");
	assert_true(world_has(st, ";expires=500\r\n"));
	st = ok(w, "Contact: " C1 "\nContact: " C2 ";expires=120\n");
	assert_true(world_has(st, "5060>;expires=3600\r\n"));
	assert_true(world_has(st, "192.0.2.2:5060>;expires=120\r\n"));
	assert_contacts(w, "sip:alice@192.0.2.1:5060 sip:alice@192.0.2.2:5060 ");
}


static void test_deregister(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;

	ok(w, "Contact: " C1 ", " C2 "\n");
	st = ok(w, "Contact: " C1 ";expires=0\n");
	assert_false(world_has(st, "192.0.2.1"));
	assert_contacts(w, "sip:alice@192.0.2.2:5060 ");
	ok(w, "Contact: " C1 "\nExpires: 1800\n");
	st = ok(w, "Contact: *\nExpires: 0\n");
	assert_false(world_has(st, "Contact"));
	assert_contacts(w, "");
	/* Of what is not there: no harm. */
	ok(w, "Contact: " C1 ";expires=0\n");
	ok(w, "Contact: *\nExpires: 0\n");
}


static const struct {
	const char *lines;
	uint16_t status;
	const char *header;
} refusals[] = {
	{"Contact: *\n", 400, "Warning: 399"},
	{"Contact: *\nExpires: 60\n", 400, NULL},
	{"Contact: *, " C1 "\nExpires: 0\n", 400, NULL},
	{"Contact: " C1 "\nContact: *\nExpires: 0\n", 400, NULL},
	{"Contact: <sip:alice@192.0.2.1\n", 400, NULL},
	{"Contact: <mailto:alice@example.org>\n", 400, NULL},
	{"Contact: <sip:alice@192.0.2.1?Subject=x>\n", 400, NULL},
	{"Contact: " C1 "," C1 ";q=0.1\n", 400, NULL},
	{"Contact: " C1 ";expires=59\n", 423, "Min-Expires: 60\r\n"},
	{"Contact: " C1 "\nExpires: 1\n", 423, "Min-Expires: 60\r\n"},
	{"Contact: " C1 ", " C2 ";expires=5\n", 423, NULL},
	{"Require: gruu\nContact: " C1 "\n", 420, "Unsupported: gruu\r\n"},
	{"Require: path, 100rel, x\nContact: " C1 "\n", 420,
	 "Unsupported: 100rel\r\nUnsupported: x\r\n"},
	{"Path: <sip:edge.example.org;lr>\nContact: " C1 "\n", 420, "Unsupported: path\r\n"},
	{"Contact: <sip:1@h>,<sip:2@h>,<sip:3@h>,<sip:4@h>\n", 403, "Too many contacts"},
	{"Contact: <sip:1@h>,<sip:2@h>,<sip:3@h>,<sip:4@h>,<sip:5@h>,<sip:6@h>,<sip:7@h>,<sip:8@h>,"
	 "<sip:9@h>,<sip:10@h>,<sip:11@h>,<sip:12@h>,<sip:13@h>,<sip:14@h>,<sip:15@h>,<sip:16@h>,<"
	 "sip:17@h>\n",
	 403, "Too many contacts"},
	{"Supported: path, outbound\nPath: <sip:edge.example.org;lr>\n"
	 "Contact: " C1 ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\n",
	 439, NULL},
	{"Supported: outbound\nContact: " C1 ";+sip.instance=\"<urn:uuid:1>\";reg-id=1," C2 "\n",
	 400, NULL},
};


static void test_refusals(void)
{
	struct world *w = world(&(struct core_params){.authenticate = true, .max_contacts = 3});

	ok(w, "Contact: <sip:stays@192.0.2.9>\n");
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct sip_server_txn *st;

		unit_case("%s", refusals[i].lines);
		st = world_register(w, refusals[i].lines);
		unit_must(st->status == refusals[i].status);
		unit_must(!refusals[i].header || world_has(st, refusals[i].header));
		assert_contacts(w, "sip:stays@192.0.2.9 ");
	}
}


static void test_expiry(void)
{
	static const struct {
		const char *lines;
		unsigned expires;
	} rows[] = {
		{"Contact: " C1 "\n", 3600},
		{"Contact: " C1 "\nExpires: 200\n", 200},
		{"Contact: " C1 ";expires=100\nExpires: 200\n", 100},
		{"Contact: " C1 ";expires=4294967295\n", 86400},
		{"Contact: " C1 "\nExpires: 99999999999999\n", 3600},
		{"Contact: " C1 "\nExpires: never\n", 3600},
		{"Contact: " C1 ";expires=60\n", 60},
	};
	struct world *w = world(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].lines);
		ok(w, rows[i].lines);
		assert_true(first(w)->expires_ms - loop_wall_ms(w->loop) ==
			    rows[i].expires * 1000ll);
	}
	assert_true(virtual_loop_advance(w->vl, 60000));
	assert_contacts(w, "");
}


static void test_order_of_requests(void)
{
	struct world *w = world(NULL);
	uint32_t cseq;

	ok(w, "Contact: " C1 ";q=0.1\n");
	cseq = w->cseq;
	/* The same and lower numbers of the same Call-ID are late. */
	w->cseq = cseq - 1;
	unit_must(world_register(w, "Contact: " C1 ";q=0.2\n")->status == 500);
	w->cseq = cseq - 2;
	unit_must(world_register(w, "Contact: " C1 ";expires=0\n")->status == 500);
	w->cseq = cseq - 1;
	unit_must(world_register(w, "Contact: *\nExpires: 0\n")->status == 500);
	assert_true(first(w)->q == 100);
	/* All or nothing: the new one is not there either. */
	w->cseq = cseq - 1;
	unit_must(world_register(w, "Contact: " C2 ", " C1 "\n")->status == 500);
	assert_contacts(w, "sip:alice@192.0.2.1:5060 ");
	/* Another Call-ID (the device was restarted) begins anew. */
	w->call_id = "call2";
	w->cseq = 0;
	ok(w, "Contact: " C1 ";q=0.3\n");
	assert_true(first(w)->q == 300);
	unit_str(first(w)->call_id, "call2");
	ok(w, "Contact: *\nExpires: 0\n");
	assert_contacts(w, "");
}


static void test_uri_comparison(void)
{
	struct world *w = world(NULL);

	ok(w, "Contact: <sip:%61lice@H.example.com;transport=tcp>\n");
	ok(w, "Contact: <sip:alice@h.example.com;transport=TCP>;q=0.2\n");
	assert_contacts(w, "sip:alice@h.example.com;transport=TCP ");
	ok(w, "Contact: <sip:alice@h.example.com:5060;transport=tcp>\n");
	assert_int_equal(registrations_devices(w->regs), 2);
}


static void test_only_oneself(void)
{
	struct world *w = world(NULL);

	unit_ok(world_account_add(w, "bob", "secret"));
	w->to = "<sip:bob@example.org>";
	unit_must(world_register(w, "Contact: " C1 "\n")->status == 403);
	w->from = w->to;
	unit_must(world_register(w, "Contact: " C1 "\n")->status == 403);
	w->from = w->to = "<sip:alice@example.com>";
	unit_must(world_register(w, "Contact: " C1 "\n")->status == 404);
	w->from = "<sip:alice@example.org>";
	w->to = "Alice <sip:%61lice@EXAMPLE.ORG;user=x>";
	ok(w, "Contact: " C1 "\n");
	assert_contacts(w, "sip:alice@192.0.2.1:5060 ");
}


static void test_ceiling(void)
{
	struct world *w = world(&(struct core_params){.authenticate = true, .max_contacts = 2});

	ok(w, "Contact: " C1 ";+sip.instance=\"<urn:uuid:1>\", " C2 "\n");
	unit_must(world_register(w, "Contact: <sip:3@h>\n")->status == 403);
	/* One goes, one comes: whatever their order. */
	ok(w, "Contact: <sip:3@h>, " C2 ";expires=0\n");
	assert_contacts(w, "sip:alice@192.0.2.1:5060 sip:3@h ");
	/* A device that came back with another address makes room itself. */
	ok(w, "Contact: <sip:4@h>;+sip.instance=\"<urn:uuid:1>\"\n");
	assert_contacts(w, "sip:3@h sip:4@h ");
}


static void test_long_contact(void)
{
	struct world *w = world(NULL);
	char *line = unit_storage(8192);

	snprintf(line, 8192, "Contact: " C1 ";x=\"%05000d\"\n", 1);
	unit_must(world_register(w, line)->status == 403);
	assert_contacts(w, "");
}


static void test_path(void)
{
	struct world *w = world(&(struct core_params){
		.authenticate = true,
		.service_route = STR("<sip:parley.example.org;lr>"),
	});
	struct sip_server_txn *st;

	w->via = "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK2\nVia: SIP/2.0/UDP "
		 "10.0.0.1;branch=z9hG4bK1;rport";
	st = ok(w,
		"Supported: path\nPath: <sip:p2;lr>,\n <sip:p1;lr>\nPath: <sip:p0;lr>\nContact: " C1
		"\n");
	unit_str(first(w)->path, "<sip:p2;lr>, <sip:p1;lr>, <sip:p0;lr>");
	assert_true(world_has(st, "Path: <sip:p2;lr>"));
	assert_true(world_has(st, "Path: <sip:p0;lr>\r\n"));
	assert_true(world_has(st, "Service-Route: <sip:parley.example.org;lr>\r\n"));
	assert_false(world_has(st, "Require"));
}


static void test_outbound(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;

	world_set_source(w, SIP_TCP, "198.51.100.7:40000", 7);
	w->via = "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK1;rport";
	st = ok(w, "Supported: path, outbound\n"
		   "Contact: "
		   "<sip:a@10.0.0.1;transport=tcp>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\n");
	assert_true(world_has(st, "Require: outbound\r\nFlow-Timer: 120\r\n"));
	assert_true(world_has(st, ";+sip.instance=\"<urn:uuid:1>\";reg-id=1;expires=3600\r\n"));
	assert_true(first(w)->flags & REGISTRATION_OUTBOUND);
	assert_true(first(w)->flow == 7 && first(w)->reg_id == 1);
	unit_str(first(w)->instance, "urn:uuid:1");
	/* The same instance and reg-id is the same binding, whatever the address. */
	world_set_source(w, SIP_TCP, "198.51.100.7:41111", 8);
	ok(w, "Supported: outbound\n"
	      "Contact: <sip:a@10.0.0.99;transport=tcp>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\n");
	assert_contacts(w, "sip:a@10.0.0.99;transport=tcp ");
	assert_true(first(w)->flow == 8);
	/* A second flow, a second instance: others. */
	ok(w, "Supported: outbound\n"
	      "Contact: <sip:a@10.0.0.99;transport=tcp>;+sip.instance=\"<urn:uuid:1>\";reg-id=2\n");
	st = ok(w, "Contact: "
		   "<sip:a@10.0.0.99;transport=tcp>;+sip.instance=\"<urn:uuid:2>\";reg-id=1\n");
	assert_false(world_has(st, "Require"));
	assert_int_equal(registrations_devices(w->regs), 3);
	registrations_flow_closed(w->regs, 8);
	assert_contacts(w, "");
}


static void test_reg_id_not_looked_at(void)
{
	struct world *w = world(NULL);

	/* No instance. */
	ok(w, "Supported: outbound\nContact: " C1 ";reg-id=1\n");
	assert_int_equal(first(w)->reg_id, 0);
	assert_false(first(w)->flags & REGISTRATION_OUTBOUND);
	/* Through a proxy that did not mark itself, and a device that does not ask for it. */
	ok(w, "Supported: path\nPath: <sip:edge;lr>\nContact: " C1
	      ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\n");
	assert_int_equal(first(w)->reg_id, 0);
	/* Through one that did. */
	ok(w, "Supported: path, outbound\nPath: <sip:top;lr>, <sip:tok@edge;lr;ob>\n"
	      "Contact: " C2 ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\n");
	assert_int_equal(registration_binding(registrations_find(w->regs, ALICE), 1)->reg_id, 1);
}


static void test_behind_nat(void)
{
	struct world *w = world(NULL);
	struct registration_targets *t = unit_storage(sizeof(*t));

	world_set_source(w, SIP_UDP, "198.51.100.7:40000", 0);
	w->via = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport";
	ok(w, "Contact: <sip:alice@10.0.0.1:5060>\n");
	assert_int_equal(registrations_targets(w->regs, ALICE, 0, t), 1);
	assert_non_null(t->target[0].hop);
	assert_true(addr_eq(&t->target[0].hop->addr, &w->src.peer));
	unit_str(t->target[0].uri, "sip:alice@10.0.0.1:5060");
}


static void test_store_fails(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st;

	ok(w, "Contact: " C1 "\n");
	store_memory_fail_next(w->store, 1, -ENOSPC);
	st = world_register(w, "Contact: " C2 "\n");
	unit_must(st->status == 503);
	unit_must(world_has(st, "Retry-After: 10\r\n"));
	assert_contacts(w, "sip:alice@192.0.2.1:5060 ");
	ok(w, "Contact: " C2 "\n");
	assert_contacts(w, "sip:alice@192.0.2.1:5060 sip:alice@192.0.2.2:5060 ");
}


/* No 200 before it is on disk; two devices at once take turns and both are there. */
static void test_two_at_once(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st[2];
	struct sip_msg m;

	ok(w, "");
	store_memory_hold(w->store, true);
	st[0] = world_request(w, "REGISTER", "Contact: " C1 "\n");
	w->call_id = "call2";
	st[1] = world_request(w, "REGISTER", "Contact: " C2 "\n");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sip_server_txn_request(st[i], &m), 0);
		core_register(w->core, st[i], &m, &st[i]->src);
	}
	assert_true(virtual_loop_advance(w->vl, 10000));
	unit_must(st[0]->answers + st[1]->answers == 0);
	store_memory_hold(w->store, false);
	world_run(w);
	unit_must(st[0]->status == 200 && st[1]->status == 200);
	assert_contacts(w, "sip:alice@192.0.2.1:5060 sip:alice@192.0.2.2:5060 ");
	assert_true(world_has(st[1], "192.0.2.1") && world_has(st[1], "192.0.2.2"));
}


/* Whoever waits for the store when the engine or the core goes away. */
static void test_gone_meanwhile(void)
{
	struct world *w = world(NULL);
	struct sip_server_txn *st[3];
	struct sip_msg m;

	ok(w, "");
	store_memory_hold(w->store, true);
	for (unsigned i = 0; i < 3; i++) {
		st[i] = world_request(w, "REGISTER", i ? "Contact: " C2 "\n" : "Contact: " C1 "\n");
		assert_int_equal(sip_server_txn_request(st[i], &m), 0);
		core_register(w->core, st[i], &m, &st[i]->src);
	}
	st[0]->ended = st[1]->ended = true;
	store_memory_hold(w->store, false);
	assert_true(virtual_loop_step(w->vl));
	w->core = mem_unref(w->core);
	world_run(w);
	assert_int_equal(st[0]->answers + st[1]->answers, 0);
}


static void test_authentication_off(void)
{
	struct world *w = world(&(struct core_params){.authenticate = false});

	unit_must(world_register_once(w, "Contact: " C1 "\n")->status == 200);
	w->from = w->to = "<sip:nobody@example.org>";
	unit_must(world_register_once(w, "Contact: " C1 "\n")->status == 403);
}


UNIT_MAIN(UNIT_TEST(test_register_and_query), UNIT_TEST(test_deregister), UNIT_TEST(test_refusals),
	  UNIT_TEST(test_expiry), UNIT_TEST(test_order_of_requests), UNIT_TEST(test_uri_comparison),
	  UNIT_TEST(test_only_oneself), UNIT_TEST(test_ceiling), UNIT_TEST(test_long_contact),
	  UNIT_TEST(test_path), UNIT_TEST(test_outbound), UNIT_TEST(test_reg_id_not_looked_at),
	  UNIT_TEST(test_behind_nat), UNIT_TEST(test_store_fails), UNIT_TEST(test_two_at_once),
	  UNIT_TEST(test_gone_meanwhile), UNIT_TEST(test_authentication_off))
