/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a CPIM object as a conference takes it; what is judged is shown by test-fanout_address.c. */
#include "im/controlling/cpim_gate.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"

static const struct str names[] = {STR_INIT("sip:conf@example.com"),
				   STR_INIT("sip:group@example.com")};

static const struct cpim_gate alice = {
	.who = STR_INIT("sip:alice@example.com"),
	.shown = STR_INIT("tel:+1555"),
	.shown_name = STR_INIT("Alice A."),
	.names = names,
	.names_n = 2,
	.domain = STR_INIT("example.com"),
};


/* Cut at each byte, and in bytes: the end is found where it is. */
static void test_end_of_head(void)
{
	static const struct {
		const char *text;
		size_t head;
	} rows[] = {
		{"A: b\r\n\r\nC: d\r\n\r\nbody", 16},
		{"A: b\n\nC: d\n\nbody\n\n", 12},
		{"\r\n\r\nbody", 4},
		{"A: b\r\n\nC: d\n\r\nx", 14},
		{"A: b\r\n\r\nC: d\r\n", 0},
		{"A: b\r\r\n\r\n", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str text = str_of(rows[i].text);

		for (size_t cut = 0; cut <= text.n; cut++) {
			struct cpim_head_scan scan = {0};
			size_t n = 0;
			bool found = cpim_head_scan(&scan, str_upto(text, cut), &n);

			unit_case("row %zu cut at %zu", i, cut);
			assert_int_equal(found, rows[i].head && cut >= rows[i].head);
			if (!found)
				found = cpim_head_scan(&scan, text, &n);
			assert_int_equal(found, rows[i].head != 0);
			if (found)
				assert_int_equal(n, rows[i].head);
		}
	}
}


static void test_canonical(void)
{
	static const char *const rows[][2] = {
		{"sip:Alice@EXAMPLE.com:5060;x=y", "sip:Alice@example.com"},
		{"sips:alice@example.com", "sip:alice@example.com"},
		{"im:alice@example.com", "sip:alice@example.com"},
		{"PRES:alice@example.com", "sip:alice@example.com"},
		{"tel:+1-555", "sip:+1555@example.com"},
	};
	struct buf *b = unit_buf(1024);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(b);
		unit_case("%s", rows[i][0]);
		unit_ok(cpim_gate_canonical(str_of(rows[i][0]), STR("example.com"), b));
		unit_buf_is(b, rows[i][1]);
	}
	assert_int_equal(cpim_gate_canonical(STR("alice"), STR("example.com"), b), -EBADMSG);
	assert_int_equal(cpim_gate_canonical(STR("urn:x:y"), STR("example.com"), b), -EBADMSG);
}


static void test_kinds(void)
{
	assert_int_equal(cpim_gate_kind(STR("text/plain")), FANOUT_CONTENT);
	assert_int_equal(cpim_gate_kind(STR("Application/IM-iscomposing+xml ; charset=utf-8")),
			 FANOUT_COMPOSING);
	assert_int_equal(cpim_gate_kind(STR("message/imdn+xml")), FANOUT_IMDN);
	assert_int_equal(cpim_gate_kind(STR("")), FANOUT_CONTENT);
}


static void test_verdict(void)
{
	static const char head[] = "To: <sip:bob@example.com>\r\nFrom: Me <tel:+1555>\r\nTo: Carol "
				   "<sip:Carol@Example.COM>\r\n"
				   "\r\nContent-Type: text/plain\r\n\r\n";
	struct cpim_verdict v;
	struct buf *out = unit_buf(4096);

	assert_int_equal(cpim_gate_judge(&v, &alice, str_of(head), out), 0);
	assert_false(v.everybody || v.replaced);
	assert_int_equal(v.to_n, 2);
	unit_str(v.to[0], "sip:bob@example.com");
	unit_str(v.to[1], "sip:Carol@example.com");
	assert_int_equal(out->n, 0);
}


/* Whatever is replaced, every other byte stays; in whatever order they stand. */
static void test_replacing(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"From: <sip:anonymous@anonymous.invalid>\r\nTo: <sip:group@example.com>\r\nX: "
		 "y\r\n\r\nContent-Type: a/b\r\n\r\n",
		 "From: \"Alice A.\" <tel:+1555>\r\nTo: <sip:group@example.com>\r\nX: "
		 "y\r\n\r\nContent-Type: a/b\r\n\r\n"},
		{"To: Any <sip:anonymous@anonymous.invalid>\nX: "
		 "y\nFrom:<sip:anonymous@anonymous.invalid>\n\nContent-Type: a/b\n\n",
		 "To: <sip:conf@example.com>\nX: y\nFrom:\"Alice A.\" <tel:+1555>\n\nContent-Type: "
		 "a/b\n\n"},
		{"From: <sip:alice@example.com>\r\nTo: "
		 "<sip:anonymous@anonymous.invalid>\r\n\r\nContent-Type: a/b\r\n\r\n",
		 "From: <sip:alice@example.com>\r\nTo: <sip:conf@example.com>\r\n\r\nContent-Type: "
		 "a/b\r\n\r\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(4096);
		struct cpim_verdict v;

		unit_case("row %zu", i);
		assert_int_equal(cpim_gate_judge(&v, &alice, str_of(rows[i].in), out), 0);
		assert_true(v.everybody && v.replaced);
		unit_buf_is(out, rows[i].out);
	}
}


static void test_many(void)
{
	struct buf *b = unit_buf(16384), *out = unit_buf(16384);
	struct cpim_verdict v;
	uint16_t status;

	for (unsigned n = 1; n <= FANOUT_PRIVATE_MAX + 1; n++) {
		buf_clear(b);
		buf_puts(b, STR("From: <sip:alice@example.com>\r\n"));
		for (unsigned i = 0; i < n; i++)
			buf_printf(b, "To: <sip:somebody%u@example.com>\r\n", i);
		buf_puts(b, STR("\r\nContent-Type: a/b\r\n\r\n"));
		unit_must(!b->failed);
		status = cpim_gate_judge(&v, &alice, buf_str(b), out);
		assert_int_equal(status, n > FANOUT_PRIVATE_MAX ? 403 : 0);
	}
}


UNIT_MAIN(UNIT_TEST(test_end_of_head), UNIT_TEST(test_canonical), UNIT_TEST(test_kinds),
	  UNIT_TEST(test_verdict), UNIT_TEST(test_replacing), UNIT_TEST(test_many))
