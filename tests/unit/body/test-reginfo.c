/* SPDX-License-Identifier: Apache-2.0 */
/* Registration state (RFC 3680). */
#include "body/reginfo.h"

#include "lib/unit.h"

/* RFC 3680 5.3 with the tags of an IM client. */
static const char example[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"0\" state=\"full\">\n"
	"<registration aor=\"sip:user@example.com\" id=\"as9\" state=\"active\">\n"
	"<contact id=\"76\" state=\"active\" event=\"registered\" duration-registered=\"7322\" "
	"q=\"0.8\">"
	"<uri>sip:user@pc887.example.com</uri></contact>\n"
	"<contact id=\"77\" state=\"terminated\" event=\"expired\" duration-registered=\"3600\" "
	"q=\"0.5\""
	" callid=\"a&amp;b\" cseq=\"17\"><uri>sip:user@university.edu</uri>"
	"<display-name>The user</display-name>"
	"<unknown-param name=\"+g.oma.sip-im\"></unknown-param>"
	"<unknown-param name=\"+sip.instance\">\"&lt;urn:uuid:1&gt;\"</unknown-param></contact>\n"
	"</registration>\n</reginfo>\n";


static void test_example(void)
{
	struct buf *out = unit_buf(4096);
	const struct reginfo_contact *c;
	struct reginfo r;
	struct str value;

	unit_ok(reginfo_decode(&r, str_of(example), unit_arena(16384)));
	assert_true(r.full);
	assert_int_equal(r.version, 0);
	assert_int_equal(r.registrations_n, 1);
	unit_str(r.registrations[0].aor, "sip:user@example.com");
	unit_str(r.registrations[0].id, "as9");
	assert_int_equal(r.registrations[0].state, REGINFO_ACTIVE);
	assert_int_equal(r.registrations[0].contacts_n, 2);

	c = &r.registrations[0].contacts[0];
	unit_str(c->id, "76");
	unit_str(c->uri, "sip:user@pc887.example.com");
	assert_int_equal(c->state, REGINFO_ACTIVE);
	assert_int_equal(c->event, REGINFO_REGISTERED);
	assert_int_equal(c->duration_s, 7322);
	assert_true(c->expires_s == REGINFO_ABSENT && c->cseq == REGINFO_ABSENT);
	assert_int_equal(c->params_n, 0);
	assert_false(reginfo_param(c, STR("+g.oma.sip-im"), &value));

	c = &r.registrations[0].contacts[1];
	assert_int_equal(c->state, REGINFO_TERMINATED);
	assert_int_equal(c->event, REGINFO_EXPIRED);
	unit_str(c->call_id, "a&b");
	assert_int_equal(c->cseq, 17);
	unit_str(c->display_name, "The user");
	assert_true(reginfo_param(c, STR("g.oma.SIP-im"), &value));
	unit_str(value, "");
	assert_true(reginfo_param(c, STR("+sip.instance"), &value));
	unit_str(value, "\"<urn:uuid:1>\"");
	assert_false(reginfo_param(c, STR("+g.oma.sip-im.large-message"), &value));

	reginfo_encode(&r, out);
	unit_must(!out->failed);
	/* It says " as &quot;. */
	struct reginfo back;

	unit_ok(reginfo_decode(&back, buf_str(out), unit_arena(16384)));
	assert_true(
		reginfo_param(&back.registrations[0].contacts[1], STR("+sip.instance"), &value));
	unit_str(value, "\"<urn:uuid:1>\"");
	assert_true(str_starts(buf_str(out), str_upto(str_of(example), 500)));
}


#define CONTACT "<contact id='c' state='active' event='created'><uri>sip:a</uri></contact>"
#define ONE(attributes, inside)                                                     \
	"<reginfo version='1' state='partial'><registration " attributes ">" inside \
	"</registration></reginfo>"
#define FINE "aor='sip:a' id='r' state='active'"


static void test_forms(void)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{"<reginfo version='4294967295' state='partial'/>", 0},
		{"<x:reginfo xmlns:x='urn:foreign' version='1' state='full'/>", 0},
		{ONE(FINE, CONTACT), 0},
		{ONE(FINE, CONTACT "<other/>" CONTACT), 0},
		{ONE(FINE,
		     "<contact id='c' state='active' event='mystery'><uri>sip:a</uri></contact>"),
		 0},
		{ONE(FINE, "<contact id='c' state='active'><uri>sip:a</uri></contact>"), 0},
		{ONE(FINE, "<contact id='c' state='active' event='created' "
			   "expires='soon'><uri>sip:a</uri></contact>"),
		 0},
		{ONE("aor='sip:a' id='r' state='init'", ""), 0},
		{ONE("aor='sip:a' id='r' state='terminated'", ""), 0},
		{"<reginfo state='full'/>", -EBADMSG},
		{"<reginfo version='-1' state='full'/>", -EBADMSG},
		{"<reginfo version='4294967296' state='full'/>", -EBADMSG},
		{"<reginfo version='1'/>", -EBADMSG},
		{"<reginfo version='1' state='half'/>", -EBADMSG},
		{"<resource-lists version='1' state='full'/>", -EBADMSG},
		{ONE("id='r' state='active'", ""), -EBADMSG},
		{ONE("aor='' id='r' state='active'", ""), -EBADMSG},
		{ONE("aor='sip:a' state='active'", ""), -EBADMSG},
		{ONE("aor='sip:a' id='r'", ""), -EBADMSG},
		{ONE("aor='sip:a' id='r' state='gone'", ""), -EBADMSG},
		{ONE(FINE, "<contact state='active' event='created'><uri>sip:a</uri></contact>"),
		 -EBADMSG},
		{ONE(FINE,
		     "<contact id='c' state='init' event='created'><uri>sip:a</uri></contact>"),
		 -EBADMSG},
		{ONE(FINE, "<contact id='c' state='active' event='created'/>"), -EBADMSG},
		{ONE(FINE, "<contact id='c' state='active' event='created'><uri> </uri></contact>"),
		 -EBADMSG},
		{"<!DOCTYPE reginfo><reginfo version='1' state='full'/>", -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reginfo r = {.version = 99};
		int err = reginfo_decode(&r, str_of(rows[i].text), unit_arena(16384));

		unit_case("%s", rows[i].text);
		if (rows[i].error) {
			unit_must(err == rows[i].error);
			assert_int_equal(r.version, 99);
		} else {
			unit_ok(err);
		}
	}
}


static void test_names(void)
{
	struct reginfo r;

	unit_str(reginfo_state_name(REGINFO_INIT), "init");
	for (int e = REGINFO_REGISTERED; e < REGINFO_EVENT_UNKNOWN; e++) {
		struct buf *b = unit_buf(512);

		buf_printf(b,
			   ONE(FINE, "<contact id='c' state='active' event='" STR_FMT
				     "'><uri>sip:a</uri></contact>"),
			   STR_ARG(reginfo_event_name((enum reginfo_event)e)));
		unit_must(!b->failed);
		unit_ok(reginfo_decode(&r, buf_str(b), unit_arena(4096)));
		assert_int_equal(r.registrations[0].contacts[0].event, e);
	}
}


static void many(struct buf *b, const char *head, const char *each, int n, const char *tail)
{
	buf_puts(b, str_of(head));
	for (int i = 0; i < n; i++)
		buf_puts(b, str_of(each));
	buf_puts(b, str_of(tail));
}


static void test_ceilings(void)
{
	struct buf *b = unit_buf(65536);
	struct reginfo r;

	many(b, "<reginfo version='1' state='full'>", "<registration " FINE "/>",
	     REGINFO_REGISTRATIONS_MAX, "</reginfo>");
	unit_must(!b->failed);
	unit_ok(reginfo_decode(&r, buf_str(b), unit_arena(65536)));
	assert_int_equal(r.registrations_n, REGINFO_REGISTRATIONS_MAX);
	unit_must(reginfo_decode(&r, buf_str(b), unit_arena(512)) == -ENOBUFS);
	buf_clear(b);
	many(b, "<reginfo version='1' state='full'>", "<registration " FINE "/>",
	     REGINFO_REGISTRATIONS_MAX + 1, "</reginfo>");
	unit_must(reginfo_decode(&r, buf_str(b), unit_arena(65536)) == -ENOBUFS);
	buf_clear(b);
	many(b, "<reginfo version='1' state='full'><registration " FINE ">", CONTACT,
	     REGINFO_CONTACTS_MAX + 1, "</registration></reginfo>");
	unit_must(reginfo_decode(&r, buf_str(b), unit_arena(65536)) == -ENOBUFS);
	buf_clear(b);
	many(b,
	     "<reginfo version='1' state='full'><registration " FINE
	     "><contact id='c' state='active' "
	     "event='created'><uri>sip:a</uri>",
	     "<unknown-param name='a'/>", REGINFO_PARAMS_MAX + 1,
	     "</contact></registration></reginfo>");
	unit_must(reginfo_decode(&r, buf_str(b), unit_arena(65536)) == -ENOBUFS);
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_forms), UNIT_TEST(test_names),
	  UNIT_TEST(test_ceilings))
