/* SPDX-License-Identifier: Apache-2.0 */
/* MIME bodies. */
#include "body/mime.h"

#include "lib/unit.h"

static void test_types(void)
{
	static const struct {
		const char *value, *type, *subtype, *charset;
	} rows[] = {
		{"text/plain", "text", "plain", NULL},
		{" Text / Plain ; Charset = utf-8 ", "Text", "Plain", "utf-8"},
		{"text/plain;charset=\"a;b\\\"c\"", "text", "plain", "\"a;b\\\"c\""},
		{"text/plain;\r\n charset=utf-8", "text", "plain", "utf-8"},
		{"text/plain;", "text", "plain", NULL},
		{"text/plain;;charset=x;", "text", "plain", "x"},
		{"text/plain;x;charset=a=b/c", "text", "plain", "a=b/c"},
		{"application/vnd.oma.im.deferred-list+xml", "application",
		 "vnd.oma.im.deferred-list+xml", NULL},
		{"text", NULL, NULL, NULL},
		{"text/", NULL, NULL, NULL},
		{"/plain", NULL, NULL, NULL},
		{"", NULL, NULL, NULL},
		{"text/plain/x", NULL, NULL, NULL},
		{"te xt/plain", NULL, NULL, NULL},
		{"text/plain, image/png", NULL, NULL, NULL},
		{"text/plain;charset=", NULL, NULL, NULL},
		{"text/plain;charset=\"open", NULL, NULL, NULL},
		{"text/plain;charset=\"open\\\"", NULL, NULL, NULL},
		{"text/plain;=x", NULL, NULL, NULL},
		{"text/plain;a=b c", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mime_type t;
		struct str v;

		unit_case("%s", rows[i].value);
		if (!rows[i].type) {
			assert_int_equal(mime_type_decode(&t, str_of(rows[i].value)), -EBADMSG);
			continue;
		}
		assert_int_equal(mime_type_decode(&t, str_of(rows[i].value)), 0);
		unit_str(t.type, rows[i].type);
		unit_str(t.subtype, rows[i].subtype);
		assert_int_equal(mime_param(t.params, STR("charset"), &v), rows[i].charset != NULL);
		if (rows[i].charset)
			unit_str(v, rows[i].charset);
	}
}


static void test_ranges(void)
{
	static const struct {
		const char *range;
		bool within;
	} rows[] = {
		{"image/png", true},   {"IMAGE/PNG", true},   {"image/*", true},
		{"*/*", true},         {"*", true},           {"image/png;q=0.5", true},
		{"image/jpeg", false}, {"text/*", false},     {"image", false},
		{"", false},           {" image / * ", true},
	};
	struct mime_type t;

	assert_int_equal(mime_type_decode(&t, STR("image/png")), 0);
	assert_true(mime_type_is(&t, STR("Image"), STR("png")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].range);
		assert_int_equal(mime_type_within(&t, str_of(rows[i].range)), rows[i].within);
	}
}


static void test_unquote(void)
{
	struct buf *b = unit_buf(64);

	mime_unquote(STR("plain"), b);
	mime_unquote(STR("\" q\\\"u\\\\o \""), b);
	mime_unquote(STR("\"\""), b);
	mime_unquote(STR("\""), b);
	unit_buf_is(b, "plain q\"u\\o \"");
}


/* What the parts are, as "type=content|"; or how it ends. */
static int list(struct buf *out, const char *content_type, const char *body)
{
	struct mime_parts it;
	struct mime_part part;
	struct mime_type t;
	int r = mime_type_decode(&t, str_of(content_type));

	if (r || (r = mime_parts_init(&it, &t, str_of(body))))
		return r;
	while ((r = mime_parts_next(&it, &part)) > 0)
		buf_printf(out, STR_FMT "=" STR_FMT "|", STR_ARG(part.content_type),
			   STR_ARG(part.content));
	if (!r)
		assert_int_equal(mime_parts_next(&it, &part), 0);
	return r;
}


static void test_parts(void)
{
	static const struct {
		const char *type, *body, *expected;
		int error;
	} rows[] = {
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b--", "=x|", 0},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b--\r\n", "=x|", 0},
		{"multipart/mixed;boundary=b",
		 "pre\r\n--b\r\n\r\nx\r\n--b--\r\nepilogue\r\n--b\r\n", "=x|", 0},
		{"Multipart/Related; Boundary=\"b\"",
		 "--b\nContent-Type: a/b\n\nx\n--b\n\ny\n--b--\n", "a/b=x|=y|", 0},
		{"multipart/mixed;boundary=b",
		 "--b \t\r\ncontent-type : a/b\r\n\r\nx\r\n\r\n--b--  \r\n", "a/b=x\r\n|", 0},
		{"multipart/mixed;boundary=b", "--b\r\n--b--", "=|", 0},
		{"multipart/mixed;boundary=b", "--b\r\n\r\n\r\n--b--", "=|", 0},
		{"multipart/mixed;boundary=b", "--b\r\nContent-Type: a/b\r\n--b--", "a/b=|", 0},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: a/b;\r\n c=d\r\nX: y\r\n\r\nx --b\r\n--b--",
		 "a/b;\r\n c=d=x --b|", 0},
		{"multipart/mixed;boundary=\"a b:'()+_,-./=?\"",
		 "--a b:'()+_,-./=?\r\n\r\nx\r\n--a b:'()+_,-./=?--", "=x|", 0},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--B\r\n--b--", "=x\r\n--B|", 0},
		/* Refused. */
		{"multipart/mixed;boundary=b", "", "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx", "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b", "=x|", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--bc\r\n\r\ny\r\n--b--", "",
		 -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b-\r\n--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\nno field\r\n\r\nx\r\n--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\n: x\r\n\r\nx\r\n--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\nx\r\n--b--", "", -EBADMSG},
		{"multipart/mixed", "--b\r\n\r\nx\r\n--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=a;boundary=b", "--b\r\n\r\nx\r\n--b--", "", -EBADMSG},
		{"multipart/mixed;boundary=\"\"", "--\r\n\r\nx\r\n----", "", -EBADMSG},
		{"multipart/mixed;boundary=\"b \"", "--b \r\n\r\nx\r\n--b --", "", -EBADMSG},
		{"multipart/mixed;boundary=\"b\tc\"", "--b\tc\r\n\r\nx\r\n--b\tc--", "", -EBADMSG},
		{"multipart/"
		 "mixed;boundary="
		 "12345678901234567890123456789012345678901234567890123456789012345678901",
		 "", "", -EBADMSG},
		{"text/plain;boundary=b", "--b\r\n\r\nx\r\n--b--", "", -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(512);

		unit_case("%s %s", rows[i].type, rows[i].body);
		assert_int_equal(list(out, rows[i].type, rows[i].body), rows[i].error);
		unit_buf_is(out, rows[i].expected);
	}
}


/* Digest g9. */
static const char invite[] =
	"--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b1\r\n"
	"Content-Type: application/resource-lists+xml\r\nContent-Disposition: recipient-list\r\n"
	"Content-ID: <cn35t8@example.com>\r\n\r\n<resource-lists/>\r\n--b1--\r\n";


static void test_find(void)
{
	struct mime_type t;
	struct mime_part part;

	assert_int_equal(mime_type_decode(&t, STR("multipart/mixed;boundary=b1")), 0);
	assert_int_equal(mime_parts_find(&t, str_of(invite), STR("application"),
					 STR("resource-lists+xml"), &part),
			 0);
	unit_str(part.content, "<resource-lists/>");
	unit_str(part.content_disposition, "recipient-list");
	unit_str(part.content_id, "<cn35t8@example.com>");
	assert_int_equal(mime_parts_find(&t, str_of(invite), STR("application"), STR("SDP"), &part),
			 0);
	unit_str(part.content, "v=0\r\n");
	assert_null(part.content_disposition.p);
	assert_int_equal(mime_parts_find(&t, str_of(invite), STR("text"), STR("plain"), &part),
			 -ENOENT);
	assert_int_equal(mime_parts_find(&t, STR("--b1\r\n"), STR("text"), STR("plain"), &part),
			 -EBADMSG);
}


/* ---- The walk ---- */

static int note(const struct mime_type *t, const struct mime_part *leaf, unsigned depth, void *arg)
{
	struct buf *out = arg;

	buf_printf(out, "%u " STR_FMT "/" STR_FMT "=" STR_FMT "|", depth, STR_ARG(t->type),
		   STR_ARG(t->subtype), STR_ARG(leaf->content));
	return str_eq(t->subtype, STR("stop")) ? 7 : 0;
}


#define CPIM(type, content) \
	"From: <sip:a@x>\r\nTo: <sip:b@x>\r\n\r\nContent-Type: " type "\r\n\r\n" content


/* Rows OPF-GEN-4a-*: the inner types count. */
static void test_walk(void)
{
	static const struct {
		const char *type, *body, *expected;
		int result;
	} rows[] = {
		{"text/plain", "hi", "0 text/plain=hi|", 0},
		{"image/gif", "", "0 image/gif=|", 0},
		{"message/cpim", CPIM("image/gif", "GIF"), "1 image/gif=GIF|", 0},
		{"Message/CPIM", CPIM("message/imdn+xml", "<imdn/>"), "1 message/imdn+xml=<imdn/>|",
		 0},
		{"multipart/mixed;boundary=b",
		 "--b\r\n\r\nx\r\n--b\r\nContent-Type: image/gif\r\n\r\ny\r\n--b--",
		 "1 text/plain=x|1 image/gif=y|", 0},
		{"multipart/digest;boundary=b", "--b\r\n\r\nx\r\n--b--", "1 message/rfc822=x|", 0},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: message/cpim\r\n\r\n" CPIM(
			 "multipart/related;boundary=c",
			 "--c\r\nContent-Type: "
			 "a/b\r\n\r\n1\r\n--c\r\nContent-Type: "
			 "a/c\r\n\r\n2\r\n--c--") "\r\n--b\r\n\r\n3\r\n--b--",
		 "3 a/b=1|3 a/c=2|1 text/plain=3|", 0},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: a/stop\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--", "1 a/stop=x|", 7},
		{"nonsense", "x", "", -EBADMSG},
		{"message/cpim", "not one", "", -EBADMSG},
		{"message/cpim", CPIM("nonsense", "x"), "", -EBADMSG},
		{"multipart/mixed;boundary=b", "--b\r\nContent-Type: nonsense\r\n\r\nx\r\n--b--",
		 "", -EBADMSG},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: message/cpim\r\nContent-Transfer-Encoding: "
		 "base64\r\n\r\n" CPIM("a/b", "x") "\r\n--b--",
		 "", -EBADMSG},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: "
		 "base64\r\n\r\neA==\r\n--b--",
		 "1 image/gif=eA==|", 0},
		{"multipart/mixed;boundary=b",
		 "--b\r\nContent-Type: message/cpim\r\nContent-Transfer-Encoding: "
		 "Binary\r\n\r\n" CPIM("a/b", "x") "\r\n--b--",
		 "2 a/b=x|", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *out = unit_buf(512);

		unit_case("%s %s", rows[i].type, rows[i].body);
		assert_int_equal(mime_walk(str_of(rows[i].type), str_of(rows[i].body), note, out),
				 rows[i].result);
		unit_buf_is(out, rows[i].expected);
	}
}


static int count(const struct mime_type *t, const struct mime_part *leaf, unsigned depth, void *arg)
{
	(void)t;
	(void)leaf;
	(void)depth;
	++*(unsigned *)arg;
	return 0;
}


static void nest(struct buf *b, unsigned depth, unsigned max)
{
	if (depth == max) {
		buf_puts(b, STR("Content-Type: a/b\r\n\r\nx"));
		return;
	}
	buf_printf(b, "Content-Type: multipart/mixed;boundary=b%uz\r\n\r\n--b%uz\r\n", depth,
		   depth);
	nest(b, depth + 1, max);
	buf_printf(b, "\r\n--b%uz--", depth);
}


static void test_ceilings(void)
{
	struct buf *b = unit_buf(16384);
	unsigned n = 0;

	for (unsigned depth = MIME_DEPTH_MAX; depth <= MIME_DEPTH_MAX + 1; depth++) {
		buf_clear(b);
		buf_puts(b, STR("--o\r\n"));
		nest(b, 1, depth);
		buf_puts(b, STR("\r\n--o--"));
		unit_must(!b->failed);
		assert_int_equal(mime_walk(STR("multipart/mixed;boundary=o"), buf_str(b), count,
					   &n),
				 depth > MIME_DEPTH_MAX ? -ENOBUFS : 0);
	}
	assert_int_equal(n, 1);

	for (unsigned parts = MIME_PARTS_MAX; parts <= MIME_PARTS_MAX + 1; parts++) {
		n = 0;
		buf_clear(b);
		for (unsigned i = 0; i < parts; i++)
			buf_puts(b, STR("--o\r\n\r\nx\r\n"));
		buf_puts(b, STR("--o--"));
		unit_must(!b->failed);
		assert_int_equal(mime_walk(STR("multipart/mixed;boundary=o"), buf_str(b), count,
					   &n),
				 parts > MIME_PARTS_MAX ? -ENOBUFS : 0);
		assert_int_equal(n, MIME_PARTS_MAX);
	}

	/* Leaves are counted over all multiparts. */
	buf_clear(b);
	for (unsigned i = 0; i < 2; i++) {
		buf_puts(b, STR("--o\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n"));
		for (unsigned k = 0; k < MIME_PARTS_MAX / 2 + 1; k++)
			buf_puts(b, STR("--i\r\n\r\nx\r\n"));
		buf_puts(b, STR("--i--\r\n"));
	}
	buf_puts(b, STR("--o--"));
	unit_must(!b->failed);
	assert_int_equal(mime_walk(STR("multipart/mixed;boundary=o"), buf_str(b), count, &n),
			 -ENOBUFS);

	buf_clear(b);
	buf_puts(b, STR("--o\r\n"));
	for (unsigned i = 0; i <= MIME_FIELDS_MAX; i++)
		buf_puts(b, STR("X: y\r\n"));
	buf_puts(b, STR("\r\n--o--"));
	unit_must(!b->failed);
	assert_int_equal(mime_walk(STR("multipart/mixed;boundary=o"), buf_str(b), count, &n),
			 -ENOBUFS);
}


UNIT_MAIN(UNIT_TEST(test_types), UNIT_TEST(test_ranges), UNIT_TEST(test_unquote),
	  UNIT_TEST(test_parts), UNIT_TEST(test_find), UNIT_TEST(test_walk),
	  UNIT_TEST(test_ceilings))
