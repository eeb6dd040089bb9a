/* SPDX-License-Identifier: Apache-2.0 */
/* Documents, with every backend. */
#include "store/document.h"

#include "world.h"

struct documents {
	struct world *w;
	struct buf *out;
	char etag[STORE_ETAG_LEN + 1]; /**< of the last put or get */
};


static struct documents *documents(void)
{
	struct documents *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 19);
	return t;
}


/* "aor|auid|name|type|size|changed|body," */
static void seen(struct store_request *r, int error, void *arg)
{
	struct documents *t = arg;
	size_t n;
	const struct store_document *d = store_document_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++) {
		buf_printf(t->out, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|%u|%d|",
			   STR_ARG(d[i].aor), STR_ARG(d[i].auid), STR_ARG(d[i].name),
			   STR_ARG(d[i].type), d[i].size, (int)d[i].changed_ms);
		buf_puts(t->out, d[i].body);
		buf_putc(t->out, ',');
		snprintf(t->etag, sizeof(t->etag), STR_FMT, STR_ARG(d[i].etag));
	}
	world_done(r, error, t->w);
}


static int put(struct documents *t, const char *aor, const char *auid, const char *name,
	       const char *body, struct str if_etag)
{
	struct store_document d = {
		.aor = str_of(aor),
		.auid = str_of(auid),
		.name = str_of(name),
		.type = STR("application/xml"),
		.body = str_of(body),
		.changed_ms = 7,
	};

	return ASK(t, store_document_put, &d, if_etag, seen, t);
}


static int get(struct documents *t, const char *aor, const char *auid, const char *name)
{
	return ASK(t, store_document_get, str_of(aor), str_of(auid), str_of(name), seen, t);
}


static void test_kept(void)
{
	struct documents *t = documents();
	char first[STORE_ETAG_LEN + 1];

	unit_must(get(t, "sip:a@x", "app", "index") == -ENOENT);
	unit_ok(put(t, "sip:a@x", "app", "index", "<a/>", STR("")));
	unit_buf_is(t->out, "sip:a@x|app|index|application/xml|4|7|,");
	assert_int_equal(strlen(t->etag), STORE_ETAG_LEN);
	memcpy(first, t->etag, sizeof(first));
	t->etag[0] = '\0';
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(get(t, "sip:a@x", "app", "index"));
	unit_buf_is(t->out, "sip:a@x|app|index|application/xml|4|7|<a/>,");
	assert_string_equal(t->etag, first);
	unit_ok(put(t, "sip:a@x", "app", "index", "<b/>", STR("")));
	assert_string_not_equal(t->etag, first);
	unit_ok(put(t, "sip:a@x", "app", "index", "<a/>", STR("")));
	assert_string_equal(t->etag, first);
	/* For ever: clients keep tags. */
	assert_string_equal(first, "f5a501fefed18dd449cada267674bfcc");
	unit_must(get(t, "sip:a@x", "app", "inde") == -ENOENT);
	unit_must(get(t, "sip:a@x", "ap", "pindex") == -ENOENT);
}


static void test_conditions(void)
{
	struct documents *t = documents();
	char tag[STORE_ETAG_LEN + 1];

	unit_must(put(t, "sip:a@x", "app", "i", "1", STORE_ETAG_ANY) == -ESTALE);
	unit_must(put(t, "sip:a@x", "app", "i", "1", STR("abc")) == -ESTALE);
	unit_ok(put(t, "sip:a@x", "app", "i", "1", STORE_ETAG_NONE));
	memcpy(tag, t->etag, sizeof(tag));
	unit_must(put(t, "sip:a@x", "app", "i", "2", STORE_ETAG_NONE) == -ESTALE);
	unit_ok(put(t, "sip:a@x", "app", "i", "2", STORE_ETAG_ANY));
	unit_must(put(t, "sip:a@x", "app", "i", "3", str_of(tag)) == -ESTALE);
	memcpy(tag, t->etag, sizeof(tag));
	unit_ok(put(t, "sip:a@x", "app", "i", "3", str_of(tag)));
	unit_must(ASK(t, store_document_delete, STR("sip:a@x"), STR("app"), STR("i"), str_of(tag),
		      seen, t) == -ESTALE);
	unit_ok(get(t, "sip:a@x", "app", "i"));
	unit_buf_is(t->out, "sip:a@x|app|i|application/xml|1|7|3,");
	memcpy(tag, t->etag, sizeof(tag));
	unit_ok(ASK(t, store_document_delete, STR("sip:a@x"), STR("app"), STR("i"), str_of(tag),
		    seen, t));
	unit_must(ASK(t, store_document_delete, STR("sip:a@x"), STR("app"), STR("i"), STR(""), seen,
		      t) == -ENOENT);
	assert_int_equal(store_trouble(t->w->store).n, 0);
}


static void test_list(void)
{
	struct documents *t = documents();

	unit_ok(put(t, "sip:a@x", "b", "2", "x", STR("")));
	unit_ok(put(t, "sip:a@x", "b", "1", "xx", STR("")));
	unit_ok(put(t, "sip:a@x", "a", "9", "xxx", STR("")));
	unit_ok(put(t, "sip:aa@x", "a", "9", "x", STR("")));
	unit_ok(put(t, "sip:a@", "a", "9", "x", STR("")));
	unit_ok(ASK(t, store_document_list, STR("sip:a@x"), seen, t));
	unit_buf_is(t->out, "sip:a@x|a|9|application/xml|3|7|,sip:a@x|b|1|application/xml|2|7|,"
			    "sip:a@x|b|2|application/xml|1|7|,");
	unit_ok(ASK(t, store_document_list, STR("sip:z@x"), seen, t));
	unit_buf_is(t->out, "");
}


static int find(struct documents *t, const char *auid, const char *after, size_t max)
{
	return ASK(t, store_document_find, str_of(auid), str_of(after), max, seen, t);
}


/* All of one application, page by page. */
static void test_find(void)
{
	struct documents *t = documents();

	unit_ok(put(t, "sip:b@x", "g", "index", "x", STR("")));
	unit_ok(put(t, "sip:a@x", "g", "index", "xx", STR("")));
	unit_ok(put(t, "sip:aa@x", "g", "index", "xxx", STR("")));
	unit_ok(put(t, "sip:a@x", "other", "index", "x", STR("")));
	unit_ok(put(t, "sip:ab@x", "gg", "index", "x", STR("")));
	unit_ok(find(t, "g", "", 2));
	unit_buf_is(t->out, "sip:a@x|g|index|application/xml|2|7|,"
			    "sip:aa@x|g|index|application/xml|3|7|,");
	unit_ok(find(t, "g", "sip:aa@x", 2));
	unit_buf_is(t->out, "sip:b@x|g|index|application/xml|1|7|,");
	unit_ok(find(t, "g", "sip:b@x", 2));
	unit_buf_is(t->out, "");
	unit_ok(find(t, "nothing", "", 2));
	unit_buf_is(t->out, "");
}


static void test_ceilings(void)
{
	struct documents *t = documents();
	char *large = unit_storage(STORE_DOCUMENT_MAX + 2);
	char name[STORE_DOCUMENT_NAME_MAX + 2];
	struct store_document d = {.aor = STR("sip:a@x"), .auid = STR("a\0b"), .name = STR("i")};

	memset(large, 'x', STORE_DOCUMENT_MAX + 1);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	unit_must(put(t, "sip:a@x", "app", "i", large, STR("")) == -EMSGSIZE);
	unit_must(put(t, "sip:a@x", "app", name, "", STR("")) == -EMSGSIZE);
	unit_must(ASK(t, store_document_put, &d, STR(""), seen, t) == -EINVAL);
	large[STORE_DOCUMENT_MAX] = '\0';
	name[STORE_DOCUMENT_NAME_MAX] = '\0';
	unit_ok(put(t, "sip:a@x", "app", name, large, STR("")));
	unit_ok(get(t, "sip:a@x", "app", name));
	unit_must(t->out->n > STORE_DOCUMENT_MAX);
}


static void test_number(void)
{
	struct documents *t = documents();
	char name[16];

	for (int i = 0; i < STORE_DOCUMENTS_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		unit_ok(put(t, "sip:a@x", "app", name, "", STR("")));
	}
	unit_must(put(t, "sip:a@x", "app", "more", "", STR("")) == -EDQUOT);
	unit_ok(put(t, "sip:a@x", "app", "7", "new", STR("")));
	unit_ok(put(t, "sip:b@x", "app", "more", "", STR("")));
	unit_ok(ASK(t, store_document_delete, STR("sip:a@x"), STR("app"), STR("7"), STR(""), seen,
		    t));
	unit_ok(put(t, "sip:a@x", "app", "more", "", STR("")));
}


UNIT_MAIN(UNIT_TEST(test_kept), UNIT_TEST(test_conditions), UNIT_TEST(test_list),
	  UNIT_TEST(test_find), UNIT_TEST(test_ceilings), UNIT_TEST_PLAIN(test_number))
