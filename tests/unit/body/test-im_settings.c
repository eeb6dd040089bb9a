/* SPDX-License-Identifier: Apache-2.0 */
/* The IM service settings. */
#include "body/im_settings.h"

#include "body/xml.h"

#include "lib/unit.h"

static struct im_settings_doc *decode(const char *text)
{
	struct im_settings_doc *d = unit_storage(sizeof(*d));

	unit_ok(im_settings_decode(d, str_of(text), unit_arena(8192)));
	return d;
}


/* Digest e1. */
static const char example[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<im-settings xmlns=\"urn:oma:xml:im:service-settings\">\n"
	"  <entity id=\"urn:uuid:7e6b2f0a-2d0f-4a52-9a6e-1b5e0d5a1c11\">\n"
	"    <service-id>org.openmobilealliance:IM</service-id>\n"
	"    <isb-settings><incoming-session-barring active=\"false\"/></isb-settings>\n"
	"    <ipab-settings><incoming-pager-barring active=\"false\"/></ipab-settings>\n"
	"    <his-settings><hist-activation type=\"session-mode\" active=\"true\"/>"
	"<hist-activation type=\"pager-large-mode\" active=\"false\"/></his-settings>\n"
	"    <deferred-settings><offline-delivery active=\"true\"/></deferred-settings>\n"
	"    <vis-settings><vis-status active=\"true\"/></vis-settings>\n"
	"  </entity>\n"
	"</im-settings>\n";


static void test_example(void)
{
	const struct im_settings_doc *d = decode(example);
	const uint8_t expected[IM_SETTINGS] = {IM_OFF, IM_OFF,   IM_ON, IM_OFF,
					       IM_ON,  IM_UNSET, IM_ON};
	struct buf *out = unit_buf(4096);

	assert_int_equal(d->n, 1);
	unit_str(d->entity[0].id, "urn:uuid:7e6b2f0a-2d0f-4a52-9a6e-1b5e0d5a1c11");
	assert_memory_equal(d->entity[0].settings.is, expected, sizeof(expected));
	im_settings_encode(d, out);
	unit_buf_is(out, example);
}


/* What stands in an entity, and what it says: one letter for each setting, in order. */
static void test_forms(void)
{
	static const struct {
		const char *inside, *expected;
	} rows[] = {
		{"", "-------"},
		{"<isb-settings><incoming-session-barring active='true'/></isb-settings>",
		 "1------"},
		{"<isb-settings><incoming-session-barring active='1'/></isb-settings>", "1------"},
		{"<isb-settings><incoming-session-barring active='0'/></isb-settings>", "0------"},
		{"<isb-settings><incoming-session-barring>active</incoming-session-barring></"
		 "isb-settings>",
		 "1------"},
		{"<isb-settings><incoming-session-barring> off "
		 "</incoming-session-barring></isb-settings>",
		 "0------"},
		{"<isb-settings><incoming-session-barring/></isb-settings>", "-------"},
		{"<isb-settings><incoming-session-barring active='maybe'/></isb-settings>",
		 "-------"},
		{"<isb-settings><incoming-session-barring "
		 "active='maybe'>on</incoming-session-barring></isb-settings>",
		 "-------"},
		{"<isb-settings><incoming-pager-barring active='true'/></isb-settings>", "-------"},
		{"<ipab-settings><incoming-session-barring active='true'/></ipab-settings>",
		 "-------"},
		{"<ipab-settings><incoming-pager-barring active='true'/></ipab-settings>",
		 "-1-----"},
		{"<ipab-settings><incoming-personal-alert-barring active='true'/></ipab-settings>",
		 "-1-----"},
		{"<his-settings><hist-activation>active</hist-activation></his-settings>",
		 "--11---"},
		{"<hist-settings><hist-activation active='true'/></hist-settings>", "--11---"},
		{"<hist-settings><hist-activation type='' active='true'/></hist-settings>",
		 "--11---"},
		{"<hist-settings><hist-activation "
		 "type='session-mode'>active</hist-activation></hist-settings>",
		 "--1----"},
		{"<his-settings><hist-activation type='pager-large-mode' "
		 "active='false'/></his-settings>",
		 "---0---"},
		{"<his-settings><hist-activation type='video' active='true'/></his-settings>",
		 "-------"},
		{"<his-settings><hist-activation active='true'/><hist-activation "
		 "type='session-mode' "
		 "active='false'/>"
		 "</his-settings>",
		 "--01---"},
		{"<deferred-settings><offline-delivery active='false'/><auto-push "
		 "active='false'/></deferred-settings>",
		 "----00-"},
		{"<vis-settings><vis-status active='inactive'/></vis-settings>", "------0"},
		{"<x:vis-settings xmlns:x='urn:foreign'><x:vis-status "
		 "x:active='on'/></x:vis-settings>",
		 "------1"},
		{"<am-settings><answer-mode>automatic</answer-mode></am-settings><unknown><deep/></"
		 "unknown>",
		 "-------"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(2048);
		const struct im_settings_doc *d;
		const char *text;

		unit_case("%s", rows[i].inside);
		buf_printf(b, "<im-settings><entity id='x'>%s</entity></im-settings>",
			   rows[i].inside);
		text = unit_ptr(buf_cstr(b));
		d = decode(text);
		assert_int_equal(d->n, 1);
		for (int k = 0; k < IM_SETTINGS; k++)
			assert_int_equal("-01"[d->entity[0].settings.is[k]], rows[i].expected[k]);
	}
}


static void test_frames(void)
{
	static const struct {
		const char *text;
		size_t n;
		int error;
	} rows[] = {
		{"<poc-settings xmlns='urn:oma:params:xml:ns:poc:poc-settings'><entity "
		 "id='a'/></poc-settings>",
		 1, 0},
		{"<im-settings/>", 0, 0},
		{"<im-settings><isb-settings><incoming-session-barring "
		 "active='true'/></isb-settings></im-settings>",
		 1, 0},
		{"<im-settings><entity id='a'/><entity id='b'/><entity id='a'/></im-settings>", 2,
		 0},
		{"<im-settings><entity/></im-settings>", 1, 0},
		{"<ruleset/>", 0, -EBADMSG},
		{"<im-settings>", 0, -EBADMSG},
		{"", 0, -EBADMSG},
		{"<!DOCTYPE im-settings><im-settings/>", 0, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct im_settings_doc d = {.n = 99};

		unit_case("%s", rows[i].text);
		if (rows[i].error) {
			int err = im_settings_decode(&d, str_of(rows[i].text), unit_arena(1024));

			unit_must(err == rows[i].error);
			assert_int_equal(d.n, 99);
			continue;
		}
		unit_ok(im_settings_decode(&d, str_of(rows[i].text), unit_arena(1024)));
		assert_int_equal(d.n, rows[i].n);
	}
}


static void test_ceilings(void)
{
	struct buf *b = unit_buf(8192), *id = unit_buf(4096);
	struct im_settings_doc d;

	buf_puts(b, STR("<im-settings>"));
	for (int i = 0; i < IM_SETTINGS_ENTITIES_MAX; i++)
		buf_printf(b, "<entity id='%d'/>", i);
	buf_puts(b, STR("</im-settings>"));
	unit_must(!b->failed);
	unit_ok(im_settings_decode(&d, buf_str(b), unit_arena(8192)));
	assert_int_equal(d.n, IM_SETTINGS_ENTITIES_MAX);
	assert_null(im_settings_entity(&d, STR("new")));
	assert_non_null(im_settings_entity(&d, STR("3")));

	b->n -= strlen("</im-settings>");
	buf_puts(b, STR("<entity id='one more'/></im-settings>"));
	unit_must(!b->failed);
	unit_must(im_settings_decode(&d, buf_str(b), unit_arena(8192)) == -ENOBUFS);

	buf_puts(id, STR("<im-settings><entity id='"));
	for (int i = 0; i <= IM_SETTINGS_ID_MAX; i++)
		buf_putc(id, 'x');
	buf_puts(id, STR("'/></im-settings>"));
	unit_must(im_settings_decode(&d, buf_str(id), unit_arena(8192)) != 0);
	unit_must(im_settings_decode(&d, STR("<im-settings><entity id='x'/></im-settings>"),
				     unit_arena(0)) == -ENOBUFS);
}


/* Digest c5: what several devices want together. Each row: devices, and the sum. */
static void test_sum(void)
{
	static const struct {
		const char *device[4];
		const char *sum;
	} rows[] = {
		{{NULL}, "0000111"},
		{{"-------"}, "0000111"},
		{{"1111000"}, "1111000"},
		{{"11-----", "11-----"}, "1100111"},
		{{"11-----", "10-----"}, "1000111"},
		{{"11-----", "-------"}, "0000111"},
		{{"--1----", "--0----"}, "0010111"},
		{{"---0---", "-------", "---1---"}, "0001111"},
		{{"----0--", "----1--"}, "0000111"},
		{{"----0--", "-------"}, "0000111"},
		{{"----000", "----000"}, "0000000"},
		{{"----000", "----001", "----010"}, "0000011"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct im_settings_doc d = {.n = 0};
		struct im_settings sum;

		unit_case("row %zu", i);
		for (; d.n < 4 && rows[i].device[d.n]; d.n++) {
			for (int k = 0; k < IM_SETTINGS; k++) {
				char c = rows[i].device[d.n][k];

				d.entity[d.n].settings.is[k] = c == '-'   ? IM_UNSET
							       : c == '1' ? IM_ON
									  : IM_OFF;
			}
		}
		im_settings_sum(&sum, &d);
		for (int k = 0; k < IM_SETTINGS; k++)
			assert_int_equal(im_settings_on(&sum, (enum im_settings_key)k),
					 rows[i].sum[k] == '1');
	}
}


static void test_names(void)
{
	for (int i = 0; i < IM_SETTINGS; i++)
		assert_int_equal(im_setting_bits(im_setting_name((enum im_settings_key)i)),
				 1u << i);
	assert_int_equal(im_setting_bits(STR("barring")),
			 1u << IM_BARRING_SESSION | 1u << IM_BARRING_PAGER);
	assert_int_equal(im_setting_bits(STR("history")),
			 1u << IM_HISTORY_SESSION | 1u << IM_HISTORY_PAGER_LARGE);
	assert_int_equal(im_setting_bits(STR("history.pager-large")), 1u << IM_HISTORY_PAGER_LARGE);
	assert_int_equal(im_setting_bits(STR("nonsense")), 0);
	assert_int_equal(im_setting_bits(STR("")), 0);
}


/* Every pattern of settings survives the way out and back. */
static void test_round_trip(void)
{
	for (unsigned pattern = 0; pattern < 2187; pattern += 13) {
		struct im_settings_doc d = {.n = 0}, back;
		struct buf *out = unit_buf(4096);
		unsigned rest = pattern;

		for (int k = 0; k < IM_SETTINGS; k++, rest /= 3)
			im_settings_entity(&d, STR("a\"&<b>"))->settings.is[k] = (uint8_t)(rest %
											   3);
		im_settings_encode(&d, out);
		unit_must(!out->failed);
		unit_ok(im_settings_decode(&back, buf_str(out), unit_arena(4096)));
		assert_int_equal(back.n, 1);
		unit_str(back.entity[0].id, "a\"&<b>");
		assert_memory_equal(back.entity[0].settings.is, d.entity[0].settings.is,
				    IM_SETTINGS);
	}
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_forms), UNIT_TEST(test_frames),
	  UNIT_TEST(test_ceilings), UNIT_TEST(test_sum), UNIT_TEST(test_names),
	  UNIT_TEST_PLAIN(test_round_trip))
