/* SPDX-License-Identifier: Apache-2.0 */
/* Disposition notifications (RFC 5438 section 11). */
#include "body/imdn.h"

#include "lib/unit.h"

#include <stdio.h>

#define HEAD                                                                            \
	"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>34jk324j</message-id>" \
	"<datetime>2008-04-04T12:16:49-05:00</datetime>"


/* RFC 5438 7.2.1.1, the example. */
static void test_example(void)
{
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\n"
		"  <message-id>34jk324j</message-id>\n"
		"  <datetime>2008-04-04T12:16:49-05:00</datetime>\n"
		"  <recipient-uri>im:bob@example.com</recipient-uri>\n"
		"  <original-recipient-uri\n   >im:bob@example.com</original-recipient-uri>\n"
		"  <delivery-notification>\n    <status>\n      <delivered/>\n    </status>\n"
		"  </delivery-notification>\n</imdn>\n";
	struct imdn i;

	unit_ok(imdn_decode(&i, str_of(text), unit_arena(1024)));
	unit_str(i.message_id, "34jk324j");
	unit_str(i.date_time, "2008-04-04T12:16:49-05:00");
	unit_str(i.recipient, "im:bob@example.com");
	unit_str(i.original_recipient, "im:bob@example.com");
	assert_null(i.subject.p);
	assert_int_equal(i.kind, IMDN_DELIVERY);
	assert_int_equal(i.status, IMDN_DELIVERED);
}


static void test_statuses(void)
{
	static const struct {
		const char *kind, *status;
		enum imdn_kind k;
		enum imdn_status s;
		int error;
	} rows[] = {
		{"delivery", "<delivered/>", IMDN_DELIVERY, IMDN_DELIVERED, 0},
		{"delivery", "<failed/>", IMDN_DELIVERY, IMDN_FAILED, 0},
		{"delivery", "<forbidden/>", IMDN_DELIVERY, IMDN_FORBIDDEN, 0},
		{"delivery", "<error/>", IMDN_DELIVERY, IMDN_ERROR, 0},
		{"display", "<displayed/>", IMDN_DISPLAY, IMDN_DISPLAYED, 0},
		{"display", "<error/>", IMDN_DISPLAY, IMDN_ERROR, 0},
		{"processing", "<processed/>", IMDN_PROCESSING, IMDN_PROCESSED, 0},
		{"processing", "<stored/>", IMDN_PROCESSING, IMDN_STORED, 0},
		{"processing", "<x:later xmlns:x='urn:x'/>", IMDN_PROCESSING, IMDN_OTHER, 0},
		{"delivery", "<x:later xmlns:x='urn:x'/><failed/>", IMDN_DELIVERY, IMDN_FAILED, 0},
		{"delivery", "<displayed/>", 0, 0, -EBADMSG},
		{"display", "<delivered/>", 0, 0, -EBADMSG},
		{"processing", "<failed/>", 0, 0, -EBADMSG},
		{"delivery", "", 0, 0, -EBADMSG},
		{"reading", "<delivered/>", 0, 0, -EBADMSG},
	};

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct arena *a = unit_arena(1024);
		struct imdn i;
		char text[1024];
		int err;

		unit_case("%s %s", rows[n].kind, rows[n].status);
		snprintf(text, sizeof(text),
			 HEAD "<%s-notification><status>%s</status></%s-notification></imdn>",
			 rows[n].kind, rows[n].status, rows[n].kind);
		err = imdn_decode(&i, str_of(text), a);
		if (!rows[n].error)
			unit_ok(err);
		unit_must(err == rows[n].error);
		if (err)
			continue;
		assert_int_equal(i.kind, rows[n].k);
		assert_int_equal(i.status, rows[n].s);
	}
}


static void test_malformed(void)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"", -EBADMSG},
		{"<imdn/>", -EBADMSG},
		{HEAD "</imdn>", -EBADMSG},
		{HEAD "<delivery-notification/></imdn>", -EBADMSG},
		{HEAD "<delivery-notification><delivered/></delivery-notification></imdn>",
		 -EBADMSG},
		/* Another namespace, or none. */
		{"<imdn><message-id>a</message-id><datetime/"
		 "><delivery-notification><status><delivered/></status>"
		 "</delivery-notification></imdn>",
		 -EBADMSG},
		{"<imdn "
		 "xmlns=\"urn:x\"><message-id>a</message-id><datetime/><delivery-notification>"
		 "<status><delivered/></status></delivery-notification></imdn>",
		 -EBADMSG},
		{"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id> </message-id><datetime/>"
		 "<delivery-notification><status><delivered/></status></delivery-notification></"
		 "imdn>",
		 -EBADMSG},
		{"<!DOCTYPE imdn>" HEAD "<delivery-notification><status><delivered/></status>"
		 "</delivery-notification></imdn>",
		 -EBADMSG},
	};
	struct buf *large = unit_buf(2 * IMDN_SIZE_MAX);
	struct imdn i;

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		unit_case("%s", rows[n].text);
		unit_must(imdn_decode(&i, str_of(rows[n].text), unit_arena(1024)) == rows[n].error);
	}
	while (!large->failed && large->n <= IMDN_SIZE_MAX)
		buf_putc(large, ' ');
	unit_must(!large->failed);
	assert_int_equal(imdn_decode(&i, buf_str(large), unit_arena(1024)), -ENOBUFS);
}


static void test_round_trip(void)
{
	static const struct imdn in = {
		.message_id = STR_INIT("a<b>&\"c\""),
		.date_time = STR_INIT("2026-01-01T00:00:00Z"),
		.recipient = STR_INIT("sip:bob@example.org"),
		.subject = STR_INIT("about \xc3\xa9"),
		.kind = IMDN_DISPLAY,
		.status = IMDN_DISPLAYED,
	};
	struct buf *b = unit_buf(4096);
	struct imdn out;

	imdn_encode(&in, b);
	unit_must(!b->failed);
	unit_ok(imdn_decode(&out, buf_str(b), unit_arena(1024)));
	assert_true(str_eq(out.message_id, in.message_id));
	assert_true(str_eq(out.date_time, in.date_time));
	assert_true(str_eq(out.recipient, in.recipient));
	/* 11.1.9: the pair comes together. */
	assert_true(str_eq(out.original_recipient, in.recipient));
	assert_true(str_eq(out.subject, in.subject));
	assert_int_equal(out.kind, IMDN_DISPLAY);
	assert_int_equal(out.status, IMDN_DISPLAYED);
	unit_str(imdn_kind_name(out.kind), "display");
	unit_str(imdn_status_name(out.status), "displayed");
}


static void test_message_id(void)
{
	static const struct {
		const char *text, *id;
	} rows[] = {
		{"<imdn><message-id>34jk324j</message-id><datetime>", "34jk324j"},
		{"<i:imdn xmlns:i='x'><i:message-id> a@b\n</i:message-id>", "a@b"},
		{"<imdn><message-id></message-id>", ""},
		{"<imdn><message-id>cut", ""},
		{"<imdn/>", ""},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		unit_str(imdn_message_id(str_of(rows[i].text)), rows[i].id);
}


static void test_brief(void)
{
	struct buf *b = unit_buf(4096);

	imdn_encode(&(struct imdn){.message_id = STR("x"),
				   .date_time = STR(""),
				   .kind = IMDN_DELIVERY,
				   .status = IMDN_FAILED},
		    b);
	unit_buf_is(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><imdn "
		       "xmlns=\"urn:ietf:params:xml:ns:imdn\">"
		       "<message-id>x</message-id><datetime></datetime><delivery-notification>"
		       "<status><failed/></status></delivery-notification></imdn>");
}


UNIT_MAIN(UNIT_TEST(test_message_id), UNIT_TEST(test_example), UNIT_TEST(test_statuses),
	  UNIT_TEST(test_malformed), UNIT_TEST(test_round_trip), UNIT_TEST(test_brief))
