/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of recipients in the bodies of requests. */
#include "body/recipient_list.h"

#include "lib/unit.h"

#define XML "<resource-lists><list><entry uri=\"sip:bill@example.com\"/></list></resource-lists>"
#define LIST(disposition)                                  \
	"Content-Type: application/resource-lists+xml\r\n" \
	"Content-Disposition: " disposition "\r\n\r\n" XML "\r\n"
#define SDP_PART "Content-Type: application/sdp\r\n\r\nv=0\r\n"
#define MIXED STR("multipart/mixed;boundary=\"b1\"")


static struct recipient_body mixed(const char *text)
{
	return (struct recipient_body){.content_type = MIXED, .body = str_of(text)};
}


/* RFC 5366 6, figure 3 in short. */
static void test_invite(void)
{
	struct recipient_body b = mixed("--b1\r\n" SDP_PART "\r\n--b1\r\n" LIST(
		"Recipient-List; handling=required") "--b1--\r\n");
	struct recipient_list l;

	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), 0);
	unit_str(l.xml, XML);
	unit_str(l.content_type, "application/sdp");
	unit_str(l.content, "v=0\r\n");
	assert_null(l.content_disposition.p);
	assert_int_equal(l.more, 0);
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST_HISTORY), -ENOENT);
}


static void test_found(void)
{
	static const struct {
		const char *body;
		int result;
		size_t more;
	} rows[] = {
		{"--b1\r\n" LIST("recipient-list") "--b1--\r\n", 0, 0},
		{"--b1\r\n" LIST("recipient-list") "--b1\r\n" SDP_PART
						   "--b1\r\n\r\nx\r\n--b1--\r\n",
		 0, 1},
		/* A list that is something else; one that says nothing; two of them. */
		{"--b1\r\n" LIST("render") "--b1--\r\n", -ENOENT, 0},
		{"--b1\r\nContent-Type: application/resource-lists+xml\r\n\r\n" XML
		 "\r\n--b1--\r\n",
		 -ENOENT, 0},
		{"--b1\r\n" LIST("recipient-list") "--b1\r\n" LIST("recipient-list") "--b1--\r\n",
		 -EBADMSG, 0},
		{"--b1\r\nContent-Type: text/plain\r\nContent-Disposition: recipient-list\r\n\r\nx"
		 "\r\n--b1--\r\n",
		 -ENOENT, 0},
		{"--b1\r\nContent-Transfer-Encoding: base64\r\n" LIST(
			 "recipient-list") "--b1--\r\n",
		 -EBADMSG, 0},
		{"--b1\r\nContent-Transfer-Encoding: 8bit\r\n" LIST("recipient-list") "--b1--\r\n",
		 0, 0},
		{"--b1\r\n" LIST("recipient-list"), -EBADMSG, 0},
		{"", -EBADMSG, 0},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct recipient_body b = mixed(rows[k].body);
		struct recipient_list l = {.more = 77};

		unit_case("row %zu", k);
		assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), rows[k].result);
		if (rows[k].result) {
			assert_int_equal(l.more, 77);
			continue;
		}
		unit_str(l.xml, XML);
		assert_int_equal(l.more, rows[k].more);
	}
}


static void test_alone(void)
{
	struct recipient_body b = {
		.content_type = STR("application/resource-lists+xml; charset=utf-8"),
		.body = STR(XML),
	};
	struct recipient_list l;

	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), 0);
	unit_str(l.xml, XML);
	assert_null(l.content_type.p);
	b.content_disposition = STR("recipient-list");
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), 0);
	b.content_disposition = STR("render");
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), -ENOENT);
	b.content_type = STR("text/plain");
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), -ENOENT);
	b.content_type = STR("nonsense");
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), -EBADMSG);
	b.content_type = STR_NULL;
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST), -ENOENT);
}


/* RFC 5368, figure 3. */
static void test_refer(void)
{
	static const struct {
		const char *id, *cid;
		int result;
	} rows[] = {
		{"<cn35t8jf02@example.com>", "cid:cn35t8jf02@example.com", 0},
		{"<cn35t8jf02@example.com>", "CID:cn35t8jf02%40example.com", 0},
		{"<a%b@h>", "cid:a%25b@h", 0},
		{"<cn35t8jf02@example.com>", "cid:cn35t8jf02@example.org", -ENOENT},
		{"<cn35t8jf02@example.com>", "cid:cn35t8jf02@example.com2", -ENOENT},
		{"<cn35t8jf02@example.com>", "cid:cn35", -ENOENT},
		{"<cn35t8jf02@example.com>", "cid:", -ENOENT},
		{"<cn35t8jf02@example.com>", "sip:cn35t8jf02@example.com", -ENOENT},
		{"cn35t8jf02@example.com", "cid:cn35t8jf02@example.com", -ENOENT},
		{"<>", "cid:x", -ENOENT},
		{NULL, "cid:x", -ENOENT},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct recipient_body b = {.content_type = RESOURCE_LISTS_TYPE,
					   .content_disposition = RECIPIENT_LIST,
					   .content_id = str_of(rows[k].id),
					   .body = STR(XML)};
		struct recipient_list l;

		unit_case("row %zu", k);
		assert_int_equal(recipient_list_refer(&l, &b, str_of(rows[k].cid)), rows[k].result);
	}
}


/* What is sent on: read again, it is the content and the history (RFC 5366, figure 4). */
static void test_encode(void)
{
	const struct resource_item items[] = {
		{.uri = STR("sip:bill@example.com"), .count = 1},
		{.uri = STR("sip:randy@example.net"), .anonymize = true, .count = 1},
		{.uri = STR("sip:ted@example.net"), .copy = RESOURCE_BCC, .count = 1},
	};
	const struct recipient_content c = {.type = STR("application/sdp"),
					    .disposition = STR("session"),
					    .content = STR("v=0\r\n")};
	struct buf *out = unit_buf(8192), *type = unit_buf(256);
	struct recipient_body b = {.body = STR_NULL};
	struct recipient_list l;
	struct resource_lists r;

	recipient_list_encode(out, &c, items, 3, RECIPIENT_LIST_HISTORY, STR("b1"));
	recipient_list_put_type(type, STR("b1"));
	unit_buf_is(type, "multipart/mixed;boundary=\"b1\"");
	unit_must(!out->failed);
	assert_true(str_find_str(buf_str(out),
				 STR("recipient-list-history; handling=optional\r\n\r\n<?xml")) >
		    0);
	b.content_type = buf_str(type);
	b.body = buf_str(out);
	assert_int_equal(recipient_list_find(&l, &b, RECIPIENT_LIST_HISTORY), 0);
	unit_str(l.content, "v=0\r\n");
	unit_str(l.content_disposition, "session");
	unit_ok(resource_lists_decode(&r, l.xml, unit_arena(8192)));
	assert_int_equal(r.items_n, 2);
	unit_str(r.items[0].uri, "sip:bill@example.com");
	unit_str(r.items[1].uri, "sip:anonymous@anonymous.invalid");

	buf_clear(out);
	recipient_list_encode(out, NULL, items, 3, RECIPIENT_LIST, STR("b1"));
	unit_must(!out->failed);
	unit_ok(resource_lists_decode(&r, buf_str(out), unit_arena(8192)));
	assert_int_equal(r.items_n, 3);
}


UNIT_MAIN(UNIT_TEST(test_invite), UNIT_TEST(test_found), UNIT_TEST(test_alone),
	  UNIT_TEST(test_refer), UNIT_TEST(test_encode))
