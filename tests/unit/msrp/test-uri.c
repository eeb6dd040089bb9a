/* SPDX-License-Identifier: Apache-2.0 */
/* MSRP URIs and paths (RFC 4975 6). */
#include "msrp/uri.h"

#include "lib/unit.h"


static void test_decode(void)
{
	static const struct {
		const char *text;
		bool secure, v6;
		const char *userinfo, *host;
		unsigned port;
		const char *session_id, *transport, *params;
	} rows[] = {
		/* RFC 4975 6 and 4. */
		{"msrp://host.example.com:8493/asfd34;tcp", false, false, NULL, "host.example.com",
		 8493, "asfd34", "tcp", ""},
		{"msrp://atlanta.example.com:7654/jshA7weztas;tcp", false, false, NULL,
		 "atlanta.example.com", 7654, "jshA7weztas", "tcp", ""},
		/* RFC 4976 5.1. */
		{"msrps://alice@intra.example.com;tcp", true, false, "alice", "intra.example.com",
		 0, NULL, "tcp", ""},
		{"MSRPS://a:b;c@h;TCP;x=y;z", true, false, "a:b;c", "h", 0, NULL, "TCP", "x=y;z"},
		{"msrp://[2001:db8::1]:2855/a+b=/c~_.-;tcp", false, true, NULL, "2001:db8::1", 2855,
		 "a+b=/c~_.-", "tcp", ""},
		{"msrp://[::1]/s;sctp2", false, true, NULL, "::1", 0, "s", "sctp2", ""},
		{"msrp://192.0.2.7:65535/9;tcp", false, false, NULL, "192.0.2.7", 65535, "9", "tcp",
		 ""},
		{"msrp://h%41st/%20x:y;tcp", false, false, NULL, "h%41st", 0, "%20x:y", "tcp", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msrp_uri u;

		unit_case("%s", rows[i].text);
		assert_int_equal(msrp_uri_decode(&u, str_of(rows[i].text)), 0);
		assert_int_equal(u.secure, rows[i].secure);
		assert_int_equal(u.host_v6, rows[i].v6);
		assert_int_equal(!u.userinfo.p, !rows[i].userinfo);
		unit_str(u.userinfo, rows[i].userinfo ? rows[i].userinfo : "");
		unit_str(u.host, rows[i].host);
		assert_int_equal(u.port, rows[i].port);
		assert_int_equal(!u.session_id.p, !rows[i].session_id);
		unit_str(u.session_id, rows[i].session_id ? rows[i].session_id : "");
		unit_str(u.transport, rows[i].transport);
		unit_str(u.params, rows[i].params);
		unit_str(u.text, rows[i].text);
	}
}


static void test_refused(void)
{
	static const char *const rows[] = {
		"",
		"msrp:",
		"msrp://",
		"msrp://;tcp",
		"msrp:///s;tcp",
		"sip://h/s;tcp",
		"msrpx://h/s;tcp",
		"msrp://h/s",
		"msrp://h/s;",
		"msrp://h;",
		"msrp://h",
		"msrp://h/;tcp",
		"msrp://h/s;tcp;",
		"msrp://h/s;tcp;=x",
		"msrp://h/s;tcp;x=",
		"msrp://h/s;tcp;x=y=z\"",
		"msrp://h/s;t-p",
		"msrp://h:/s;tcp",
		"msrp://h:0/s;tcp",
		"msrp://h:65536/s;tcp",
		"msrp://h:99999999999999999999/s;tcp",
		"msrp://h:12a/s;tcp",
		"msrp://h%4/s;tcp",
		"msrp://h%zz/s;tcp",
		"msrp://u%4@h/s;tcp",
		"msrp://a@b@c/s;tcp",
		"msrp://h/s@t;tcp",
		"msrp://[::1/s;tcp",
		"msrp://[]/s;tcp",
		"msrp://[1.2.3.4]/s;tcp",
		"msrp://[::g]/s;tcp",
		"msrp://[::1]x/s;tcp",
		"msrp://h /s;tcp",
		"msrp://h/s t;tcp",
		"msrp://h/s\x01;tcp",
		"msrp://h/\xc3\xa4;tcp",
		" msrp://h/s;tcp",
		"msrp://h/s;tcp ",
	};
	char longest[MSRP_URI_MAX + 2];
	struct msrp_uri u, untouched = {.port = 7};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("<%s>", rows[i]);
		u = untouched;
		assert_int_equal(msrp_uri_decode(&u, str_of(rows[i])), -EBADMSG);
		assert_int_equal(u.port, 7);
	}

	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "msrp://h/", 9);
	memcpy(longest + MSRP_URI_MAX - 4, ";tcp", 4);
	assert_int_equal(msrp_uri_decode(&u, (struct str){longest, MSRP_URI_MAX}), 0);
	memcpy(longest + MSRP_URI_MAX - 4, "x;tcp", 5);
	assert_int_equal(msrp_uri_decode(&u, (struct str){longest, MSRP_URI_MAX + 1}), -EBADMSG);
	/* A NUL is not a character of anything. */
	assert_int_equal(msrp_uri_decode(&u, STR("msrp://a\0@h/s;tcp")), -EBADMSG);
	assert_int_equal(msrp_uri_decode(&u, STR("msrp://h\0/s;tcp")), -EBADMSG);
}


static void test_equal(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"msrp://h:1/s;tcp", "msrp://h:1/s;tcp", true},
		{"msrp://h:1/s;tcp", "MSRP://H:1/s;TCP", true},
		{"msrp://h:1/s;tcp", "msrps://h:1/s;tcp", false},
		{"msrp://h:1/s;tcp", "msrp://h:1/S;tcp", false},
		{"msrp://h:1/s;tcp", "msrp://h:2/s;tcp", false},
		{"msrp://h:2855/s;tcp", "msrp://h/s;tcp", false},
		{"msrp://h/s;tcp", "msrp://h;tcp", false},
		{"msrp://h/s;tcp", "msrp://h/s;sctp", false},
		{"msrp://alice@h/s;tcp", "msrp://bob@h/s;tcp", true},
		{"msrp://h/s;tcp", "msrp://bob@h/s;tcp;a=b", true},
		{"msrp://h/s;tcp", "msrp://i/s;tcp", false},
		{"msrp://[2001:db8::1]:1/s;tcp", "msrp://[2001:DB8:0:0::1]:1/s;tcp", true},
		{"msrp://[2001:db8::1]:1/s;tcp", "msrp://[2001:db8::2]:1/s;tcp", false},
		{"msrp://192.0.2.1:1/s;tcp", "msrp://192.0.2.2:1/s;tcp", false},
		{"msrp://ex%41mple/s;tcp", "msrp://EXAMPLE/s;tcp", true},
		{"msrp://ex%41mple/s;tcp", "msrp://exampl/s;tcp", false},
		{"msrp://ex%24mple/s;tcp", "msrp://ex$mple/s;tcp", false},
		{"msrp://h/%41;tcp", "msrp://h/A;tcp", false},
		{"msrp://h/s;tcp", "nonsense", false},
		{"nonsense", "msrp://h/s;tcp", false},
		{"", "", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %s", rows[i].a, rows[i].b);
		assert_int_equal(msrp_uri_text_eq(str_of(rows[i].a), str_of(rows[i].b)),
				 rows[i].equal);
		assert_int_equal(msrp_uri_text_eq(str_of(rows[i].b), str_of(rows[i].a)),
				 rows[i].equal);
	}
}


static void test_encode(void)
{
	static const char *const rows[] = {
		"msrp://host.example.com:8493/asfd34;tcp",
		"msrps://a:b;c@[2001:db8::1]:9/s;tcp;x=y;z",
		"msrps://h;tcp",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(200);
		struct msrp_uri u;

		assert_int_equal(msrp_uri_decode(&u, str_of(rows[i])), 0);
		msrp_uri_encode(&u, b);
		unit_buf_is(b, rows[i]);
	}
}


static void test_path(void)
{
	struct msrp_path path;
	char many[64 * (MSRP_PATH_MAX + 1)];
	size_t n = 0;

	assert_int_equal(msrp_path_decode(&path, STR("msrp://a/1;tcp")), 0);
	assert_int_equal(path.n, 1);
	assert_int_equal(msrp_path_decode(&path, STR(" msrp://a/1;tcp  msrps://b;tcp ")), 0);
	assert_int_equal(path.n, 2);
	unit_str(path.uri[0], "msrp://a/1;tcp");
	unit_str(path.uri[1], "msrps://b;tcp");

	assert_int_equal(msrp_path_decode(&path, STR("")), -EBADMSG);
	assert_int_equal(msrp_path_decode(&path, STR("  ")), -EBADMSG);
	assert_int_equal(msrp_path_decode(&path, STR("msrp://a/1;tcp x")), -EBADMSG);
	assert_int_equal(msrp_path_decode(&path, STR("msrp://a/1;tcp\tmsrp://b/1;tcp")), -EBADMSG);

	for (int i = 0; i < MSRP_PATH_MAX; i++, n += 15)
		memcpy(many + n, "msrp://a/1;tcp ", 15);
	assert_int_equal(msrp_path_decode(&path, (struct str){many, n}), 0);
	assert_int_equal(path.n, MSRP_PATH_MAX);
	memcpy(many + n, "msrp://a/1;tcp", 14);
	assert_int_equal(msrp_path_decode(&path, (struct str){many, n + 14}), -ENOBUFS);
}


static void test_path_ends(void)
{
	struct str three = STR("a b c");

	unit_str(msrp_path_first(three), "a");
	unit_str(msrp_path_last(three), "c");
	unit_str(msrp_path_rest(three), "b c");
	unit_str(msrp_path_rest(msrp_path_rest(three)), "c");
	unit_str(msrp_path_rest(STR("c")), "");
	unit_str(msrp_path_first(STR("c")), "c");
	unit_str(msrp_path_last(STR("c")), "c");
	unit_str(msrp_path_first(STR("")), "");
	unit_str(msrp_path_rest(STR_NULL), "");
}


UNIT_MAIN(UNIT_TEST(test_decode), UNIT_TEST(test_refused), UNIT_TEST(test_equal),
	  UNIT_TEST(test_encode), UNIT_TEST(test_path), UNIT_TEST(test_path_ends))
