/* SPDX-License-Identifier: Apache-2.0 */
/* System messages and their answers. */
#include "body/system_message.h"

#include "lib/unit.h"

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* Digest e9. */
static const char request[] = XML
	"<smsg xmlns=\"urn:oma:xml:im:system-message\" id=\"sm-20070302-17\" response=\"required\""
	" timeout=\"86400\">\n"
	"  <subject xml:lang=\"en\">New terms</subject>\n"
	"  <text xml:lang=\"en\">Please accept the new terms of service.</text>\n"
	"  <response-uri>sip:system@im.example.net</response-uri>\n"
	"  <answer-options>\n"
	"    <option id=\"yes\" xml:lang=\"en\">Accept</option>\n"
	"    <option id=\"no\" xml:lang=\"en\">Decline</option>\n"
	"  </answer-options>\n"
	"</smsg>\n";

static const char confirmation[] = XML
	"<EndUserConfirmationRequest id=\"sm-20070302-17\" type=\"Persistent\" pin=\"false\" "
	"timeout=\"86400\">\n"
	"  <Subject xml:lang=\"en\">New terms</Subject>\n"
	"  <Text xml:lang=\"en\">Please accept the new terms of service.</Text>\n"
	"  <ButtonAccept xml:lang=\"en\">Accept</ButtonAccept>\n"
	"  <ButtonReject xml:lang=\"en\">Decline</ButtonReject>\n"
	"</EndUserConfirmationRequest>\n";


static struct system_message *decode(const char *text)
{
	struct system_message *m = unit_storage(sizeof(*m));

	unit_ok(system_message_decode(m, str_of(text), unit_arena(8192)));
	return m;
}


static void test_request(void)
{
	const struct system_message *m = decode(request);
	struct buf *out = unit_buf(4096), *eucr = unit_buf(4096);

	unit_str(m->id, "sm-20070302-17");
	unit_str(m->subject, "New terms");
	unit_str(m->text, "Please accept the new terms of service.");
	unit_str(m->lang, "en");
	unit_str(m->response_uri, "sip:system@im.example.net");
	assert_true(m->required);
	assert_int_equal(m->timeout_s, 86400);
	assert_int_equal(m->options_n, 2);
	unit_str(m->options[1].id, "no");
	unit_str(m->options[1].label, "Decline");
	unit_str(system_message_type(m, SYSTEM_FORM_OMA),
		 "application/vnd.oma.im.system-message+xml");
	system_message_encode(m, SYSTEM_FORM_OMA, out);
	unit_buf_is(out, request);

	assert_true(system_message_fits_eucr(m));
	unit_str(system_message_type(m, SYSTEM_FORM_EUCR),
		 "application/end-user-confirmation-request+xml");
	system_message_encode(m, SYSTEM_FORM_EUCR, eucr);
	unit_buf_is(eucr, confirmation);
}


static void test_confirmation(void)
{
	const struct system_message *m = decode(confirmation);

	assert_true(m->required && m->persistent && !m->pin);
	assert_int_equal(m->options_n, 2);
	unit_str(m->options[0].id, "accept");
	unit_str(m->options[0].label, "Accept");
	unit_str(m->options[1].id, "decline");
	m = decode("<EndUserConfirmationRequest id='1' type='Volatile' pin='true' "
		   "timeout='30'><Text>x</Text>"
		   "</EndUserConfirmationRequest>");
	assert_true(m->pin && !m->persistent);
	assert_int_equal(m->timeout_s, 30);
	unit_str(m->options[0].label, "");
}


static void test_notification(void)
{
	struct buf *out = unit_buf(4096);
	const struct system_message *m = decode(
		"<smsg id='1'><text>Down for service at noon &amp; later</text></smsg>");

	assert_false(m->required);
	assert_true(system_message_fits_eucr(m));
	unit_str(system_message_type(m, SYSTEM_FORM_EUCR),
		 "application/end-user-notification-request+xml");
	system_message_encode(m, SYSTEM_FORM_EUCR, out);
	unit_buf_is(out, XML "<EndUserNotification id=\"1\">\n  <Text>Down for service at noon "
			     "&amp; later</Text>\n"
			     "</EndUserNotification>\n");
	m = decode("<EndUserNotification "
		   "id='1'><Text>x</Text><ButtonOK>Fine</ButtonOK></EndUserNotification>");
	assert_int_equal(m->options_n, 1);
	assert_true(system_message_fits_eucr(m));
	buf_clear(out);
	system_message_encode(m, SYSTEM_FORM_EUCR, out);
	unit_buf_is(
		out, XML
		"<EndUserNotification id=\"1\">\n  <Text>x</Text>\n  <ButtonOK>Fine</ButtonOK>\n"
		"</EndUserNotification>\n");
}


#define OPTION(id) "<option id='" id "'>x</option>"
#define SMSG(attributes, options)                                            \
	"<smsg id='1' " attributes "><text>t</text><answer-options>" options \
	"</answer-options></smsg>"


static void test_forms(void)
{
	static const struct {
		const char *text;
		int error;
		bool fits;
	} rows[] = {
		{SMSG("", ""), 0, true},
		{SMSG("", OPTION("a")), 0, true},
		{SMSG("", OPTION("a") OPTION("b")), 0, true},
		{SMSG("", OPTION("a") OPTION("b") OPTION("c")), 0, false},
		{SMSG("response='required'", OPTION("a")), 0, false},
		{SMSG("response='required' timeout='never'", OPTION("a") OPTION("b")), 0, true},
		{SMSG("response='required'", ""), -EBADMSG, false},
		{SMSG("", OPTION("a") OPTION("a")), -EBADMSG, false},
		{SMSG("", OPTION("")), -EBADMSG, false},
		{SMSG("", "<option>x</option>"), -EBADMSG, false},
		{SMSG("", OPTION("1") OPTION("2") OPTION("3") OPTION("4") OPTION("5") OPTION(
				  "6") OPTION("7") OPTION("8") OPTION("9") OPTION("a") OPTION("b")
				  OPTION("c") OPTION("d") OPTION("e") OPTION("f") OPTION("g")),
		 0, false},
		{SMSG("", OPTION("1") OPTION("2") OPTION("3") OPTION("4") OPTION("5") OPTION("6")
				  OPTION("7") OPTION("8") OPTION("9") OPTION("a") OPTION("b")
					  OPTION("c") OPTION("d") OPTION("e") OPTION("f")
						  OPTION("g") OPTION("h")),
		 -ENOBUFS, false},
		{"<smsg><text>x</text></smsg>", -EBADMSG, false},
		{"<smsg id='1'/>", -EBADMSG, false},
		{"<smsg id='1'><text> </text></smsg>", -EBADMSG, false},
		{"<EndUserConfirmationRequest><Text>x</Text></EndUserConfirmationRequest>",
		 -EBADMSG, false},
		{"<EndUserConfirmationRequest id='1'/>", -EBADMSG, false},
		{"<EndUserConfirmationResponse id='1' value='accept'/>", -EBADMSG, false},
		{"<!DOCTYPE smsg><smsg id='1'><text>x</text></smsg>", -EBADMSG, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct system_message m = {.timeout_s = 99};
		int err = system_message_decode(&m, str_of(rows[i].text), unit_arena(8192));

		unit_case("%s", rows[i].text);
		if (rows[i].error) {
			unit_must(err == rows[i].error);
			assert_int_equal(m.timeout_s, 99);
			continue;
		}
		unit_ok(err);
		assert_int_equal(system_message_fits_eucr(&m), rows[i].fits);
		assert_int_equal(m.timeout_s, 0);
	}
}


static void test_size(void)
{
	struct buf *b = unit_buf(65536);
	struct system_message m;
	struct system_answer r;

	for (int i = 0; i <= SYSTEM_SIZE_MAX; i++)
		buf_putc(b, ' ');
	unit_must(!b->failed);
	assert_int_equal(system_message_decode(&m, buf_str(b), unit_arena(64)), -ENOBUFS);
	assert_int_equal(system_answer_decode(&r, buf_str(b), unit_arena(64)), -ENOBUFS);
	unit_must(system_message_decode(&m, str_of(request), unit_arena(64)) == -ENOBUFS);
}


static void test_answers(void)
{
	static const struct {
		const char *text, *option;
		bool eucr;
		int error;
	} rows[] = {
		{XML "<smsg-response xmlns=\"urn:oma:xml:im:system-message\" id=\"sm-1\"><answer "
		     "option=\"yes\"/>"
		     "</smsg-response>\n",
		 "yes", false, 0},
		{XML "<EndUserConfirmationResponse id=\"sm-1\" value=\"accept\"/>\n", "accept",
		 true, 0},
		{XML
		 "<EndUserConfirmationResponse id=\"sm-1\" value=\"decline\" pin=\"12&amp;4\"/>\n",
		 "decline", true, 0},
		{"<EndUserConfirmationResponse id='1' value='perhaps'/>", "", false, -EBADMSG},
		{"<EndUserConfirmationResponse value='accept'/>", "", false, -EBADMSG},
		{"<EndUserConfirmationResponse id='1'/>", "", false, -EBADMSG},
		{"<smsg-response id='1'/>", "", false, -EBADMSG},
		{"<smsg-response id='1'><answer/></smsg-response>", "", false, -EBADMSG},
		{"<smsg-response id='1'><answer option='a'/><answer option='b'/></smsg-response>",
		 "", false, -EBADMSG},
		{"<smsg-response><answer option='a'/></smsg-response>", "", false, -EBADMSG},
		{"<smsg id='1'><text>x</text></smsg>", "", false, -EBADMSG},
		{"nonsense", "", false, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct system_answer r;
		struct buf *out = unit_buf(1024);
		int err = system_answer_decode(&r, str_of(rows[i].text), unit_arena(1024));

		unit_case("%s", rows[i].text);
		if (rows[i].error) {
			unit_must(err == rows[i].error);
			continue;
		}
		unit_ok(err);
		unit_str(r.id, "sm-1");
		unit_str(r.option, rows[i].option);
		assert_int_equal(r.eucr, rows[i].eucr);
		system_answer_encode(&r, out);
		unit_buf_is(out, rows[i].text);
		unit_str(system_answer_type(&r),
			 r.eucr ? "application/end-user-confirmation-response+xml"
				: "application/vnd.oma.im.system-message-response+xml");
	}
}


static void test_choice(void)
{
	const struct system_message *m = decode(request);
	struct system_answer r = {.option = STR("no")};

	unit_str(system_answer_choice(m, &r)->id, "no");
	r.option = STR("accept");
	assert_null(system_answer_choice(m, &r));
	r.eucr = true;
	unit_str(system_answer_choice(m, &r)->id, "yes");
	r.option = STR("decline");
	unit_str(system_answer_choice(m, &r)->id, "no");
	m = decode("<smsg id='1'><text>t</text></smsg>");
	assert_null(system_answer_choice(m, &r));
}


UNIT_MAIN(UNIT_TEST(test_request), UNIT_TEST(test_confirmation), UNIT_TEST(test_notification),
	  UNIT_TEST(test_forms), UNIT_TEST(test_size), UNIT_TEST(test_answers),
	  UNIT_TEST(test_choice))
