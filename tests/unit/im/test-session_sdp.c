/* SPDX-License-Identifier: Apache-2.0 */
/* The SDP of one leg made out of that of the other. */
#include <errno.h>

#include "im/participating/session_sdp.h"
#include "lib/unit.h"

static const struct msrp_advertised ours4 = {.host = STR_INIT("192.0.2.1"), .port = 2855};
static const struct msrp_advertised ours6 = {
	.host = STR_INIT("2001:db8::1"), .host_v6 = true, .port = 2856, .secure = true};
static const struct session_limits anything = {.mode = OPERATOR_SESSION,
					       .max_size = OPERATOR_NO_LIMIT};

#define HEAD "v=0\r\no=alice 1 1 IN IP4 198.51.100.1\r\ns=-\r\n"
#define SESSION_C "c=IN IP4 198.51.100.1\r\n"
#define TAIL "t=0 0\r\n"
#define CHAT(port) "m=message " port " TCP/MSRP *\r\n"
#define PATH "a=path:msrp://198.51.100.1:7654/x;tcp\r\n"
#define OUR_PATH "a=path:msrp://192.0.2.1:2855/y;tcp\r\n"
#define OUR_O "v=0\r\no=- 9 3 IN IP4 192.0.2.1\r\ns=-\r\n"


static void written(struct buf *out, struct str text, const struct msrp_advertised *at,
		    enum msrp_setup setup, const struct session_limits *limits)
{
	struct session_ours ours[SESSION_SECTIONS_MAX] = {0};
	struct session_sdp d;

	assert_int_equal(session_sdp_read(&d, text), 0);
	for (size_t i = 0; i < d.n; i++) {
		if (d.section[i].active)
			ours[i] = (struct session_ours){
				at,
				at->secure ? STR("msrps://[2001:db8::1]:2856/y;tcp")
					   : STR("msrp://192.0.2.1:2855/y;tcp"),
				setup};
	}
	session_sdp_write(
		out, &(struct session_sdp_params){
			     .from = &d, .ours = ours, .limits = limits, .id = 9, .version = 3});
}


static const struct {
	const char *what, *in, *out;
	enum msrp_setup setup;
} rows[] = {
	{"the address of the session", HEAD SESSION_C TAIL CHAT("7654") PATH,
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") OUR_PATH, MSRP_SETUP_NONE},
	{"that of the section", HEAD TAIL CHAT("7654") SESSION_C PATH,
	 OUR_O TAIL CHAT("2855") "c=IN IP4 192.0.2.1\r\n" OUR_PATH, MSRP_SETUP_NONE},
	{"both", HEAD SESSION_C TAIL CHAT("7654") SESSION_C PATH,
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") OUR_PATH, MSRP_SETUP_NONE},
	{"none, which is no description but is met", HEAD TAIL CHAT("7654") PATH,
	 OUR_O TAIL CHAT("2855") "c=IN IP4 192.0.2.1\r\n" OUR_PATH, MSRP_SETUP_NONE},
	{"the title stands before c=", HEAD TAIL CHAT("7654") "i=chat\r\n" PATH,
	 OUR_O TAIL CHAT("2855") "i=chat\r\nc=IN IP4 192.0.2.1\r\n" OUR_PATH, MSRP_SETUP_NONE},
	{"other media keep theirs",
	 HEAD SESSION_C TAIL "m=audio 4000 RTP/AVP 0\r\na=setup:active\r\n" CHAT("7654") PATH,
	 OUR_O SESSION_C TAIL "m=audio 4000 RTP/AVP 0\r\na=setup:active\r\n" CHAT(
		 "2855") "c=IN IP4 192.0.2.1\r\n" OUR_PATH "a=setup:actpass\r\n",
	 MSRP_SETUP_ACTPASS},
	{"the role is replaced, or added",
	 HEAD SESSION_C TAIL CHAT("7654") "a=setup:active\r\n" PATH,
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") "a=setup:passive\r\n" OUR_PATH,
	 MSRP_SETUP_PASSIVE},
	{"what belongs to the connection goes, what nobody knows stays",
	 HEAD SESSION_C TAIL CHAT("7654") "a=connection:new\r\na=fingerprint:SHA-1 AA\r\n" PATH
					  "a=x:y\r\nb=AS:1\r\na=flag\r\n",
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") OUR_PATH "a=x:y\r\nb=AS:1\r\na=flag\r\n",
	 MSRP_SETUP_NONE},
	{"a section that is switched off says nothing of where it was",
	 HEAD SESSION_C TAIL CHAT("7654") PATH CHAT("0") SESSION_C PATH "a=accept-types:*\r\n",
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") OUR_PATH CHAT("0") "a=accept-types:*\r\n",
	 MSRP_SETUP_NONE},
	{"lines may end in LF alone",
	 "v=0\no=a 1 1 IN IP4 198.51.100.1\ns=-\nt=0 0\nm=message 1 TCP/MSRP *\n"
	 "c=IN IP4 198.51.100.1\na=path:msrp://198.51.100.1:1/x;tcp",
	 OUR_O TAIL CHAT("2855") "c=IN IP4 192.0.2.1\r\n" OUR_PATH, MSRP_SETUP_NONE},
	{"two paths are one", HEAD SESSION_C TAIL CHAT("7654") PATH PATH,
	 OUR_O "c=IN IP4 192.0.2.1\r\n" TAIL CHAT("2855") OUR_PATH, MSRP_SETUP_NONE},
};


static void test_write(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(4096);

		unit_case("%s", rows[i].what);
		written(&out, str_of(rows[i].in), &ours4, rows[i].setup, &anything);
		if (!out.failed)
			unit_buf_is(&out, rows[i].out);
		buf_done(&out);
	}
}


static void test_secure_and_v6(void)
{
	struct buf out = BUF_INIT(4096);

	written(&out, STR(HEAD SESSION_C TAIL CHAT("7654") PATH), &ours6, MSRP_SETUP_ACTIVE,
		&anything);
	if (!out.failed)
		unit_buf_is(&out,
			    "v=0\r\no=- 9 3 IN IP6 2001:db8::1\r\ns=-\r\n"
			    "c=IN IP6 2001:db8::1\r\n" TAIL "m=message 2856 TCP/TLS/MSRP *\r\n"
			    "a=path:msrps://[2001:db8::1]:2856/y;tcp\r\na=setup:active\r\n");
	buf_done(&out);
}


static void test_size(void)
{
	static const struct {
		const char *in, *out;
	} sizes[] = {{"a=max-size:10\r\n", "a=max-size:10\r\n"},
		     {"a=max-size:100\r\n", "a=max-size:50\r\n"},
		     {"a=max-size:99999999999999999999\r\n", "a=max-size:50\r\n"},
		     {"a=max-size:x\r\n", "a=max-size:50\r\n"},
		     {"", "a=max-size:50\r\n"}};
	struct session_limits limits = anything;

	limits.max_size = 50;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf in = BUF_INIT(1024), out = BUF_INIT(4096);

		unit_case("%s", sizes[i].in);
		buf_printf(&in, HEAD SESSION_C TAIL CHAT("7654") PATH "%s", sizes[i].in);
		if (!in.failed)
			written(&out, buf_str(&in), &ours4, MSRP_SETUP_NONE, &limits);
		if (!in.failed && !out.failed)
			assert_true(str_find_str(buf_str(&out), str_of(sizes[i].out)) > 0);
		buf_done(&in);
		buf_done(&out);
	}
}


static void test_unreadable(void)
{
	static const char *const texts[] = {
		"",
		"o=a 1 1 IN IP4 x\r\n",
		"v=0\r\n" TAIL,
		HEAD "nonsense\r\n",
		HEAD "m=message\r\n",
		HEAD "m=message 1\r\n",
		HEAD "m=message 99999 TCP/MSRP *\r\n",
		HEAD "m=message x TCP/MSRP *\r\n",
		HEAD "m=message 1 TCP/MSRP *\r\n", /* no path */
	};
	struct session_sdp d;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unit_case("%s", texts[i]);
		assert_int_equal(session_sdp_read(&d, str_of(texts[i])), -EBADMSG);
	}
}


static void test_too_many_sections(void)
{
	char text[4096] = HEAD;
	struct session_sdp d;

	for (int i = 0; i < SESSION_SECTIONS_MAX; i++)
		strcat(text, "m=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(session_sdp_read(&d, str_of(text)), 0);
	strcat(text, "m=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(session_sdp_read(&d, str_of(text)), -EBADMSG);
}


static void test_types(void)
{
	static const struct {
		const char *list, *type;
		bool held;
	} types[] = {
		{"", "text/plain", true},
		{"*", "text/plain", true},
		{"text/plain", "text/plain;charset=utf-8", true},
		{"TEXT/PLAIN", "text/plain", true},
		{"image/png text/plain", "text/plain", true},
		{"text/*", "text/html", true},
		{"text/*", "textual/html", false},
		{"text/plain", "text/plainer", false},
		{"text/plain", "text/html", false},
		{"text/plain;format=flowed", "text/plain", true},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		unit_case("%s in %s", types[i].type, types[i].list);
		assert_int_equal(session_types_hold(str_of(types[i].list), str_of(types[i].type)),
				 types[i].held);
	}
}


static void test_hash(void)
{
	struct hash_key key = {1, 2};
	uint64_t h = session_sdp_hash(&key, STR(HEAD SESSION_C "a=setup:active\r\n"));

	assert_true(h == session_sdp_hash(&key, STR("v=0\r\no=- 5 5 IN IP4 x\r\ns=-\r\n" SESSION_C
						    "a=setup:passive\r\n")));
	assert_true(h != session_sdp_hash(&key, STR(HEAD SESSION_C "a=x\r\n")));
	unit_str(session_sdp_origin(STR(HEAD)), "alice 1 1 IN IP4 198.51.100.1");
	unit_str(session_sdp_origin(STR("v=0\r\n")), "");
}


static void test_again(void)
{
	struct buf out = BUF_INIT(4096);

	session_sdp_again(&out,
			  STR(HEAD TAIL "m=audio 1 RTP/AVP 0\r\na=setup:actpass\r\n" CHAT(
				  "1") "a=setup:actpass\r\n" PATH),
			  7, 8, MSRP_SETUP_PASSIVE);
	if (!out.failed)
		unit_buf_is(&out, "v=0\r\no=- 7 8 IN IP4 198.51.100.1\r\ns=-\r\n" TAIL
				  "m=audio 1 RTP/AVP 0\r\na=setup:actpass\r\n" CHAT(
					  "1") "a=setup:passive\r\n" PATH);
	buf_done(&out);
}


UNIT_MAIN(UNIT_TEST(test_write), UNIT_TEST(test_secure_and_v6), UNIT_TEST(test_size),
	  UNIT_TEST(test_unreadable), UNIT_TEST(test_too_many_sections), UNIT_TEST(test_types),
	  UNIT_TEST(test_hash), UNIT_TEST(test_again))
