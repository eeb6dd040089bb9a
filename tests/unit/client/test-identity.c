/* SPDX-License-Identifier: Apache-2.0 */
/* What an account is called, and the parameters it is opened with. */
#include "client/account.h"

#include "peer.h"

#include "sip/param.h"
#include "sip/name_addr.h"


static void test_server(void)
{
	static const struct {
		const char *text, *uri; /* NULL: refused */
		enum sip_transport_kind kind;
	} rows[] = {
		{"127.0.0.1:5060", "sip:127.0.0.1:5060", SIP_TRANSPORT_OTHER},
		{"127.0.0.1:5060;transport=tcp", "sip:127.0.0.1:5060;transport=tcp", SIP_TCP},
		{"127.0.0.1;transport=UDP", "sip:127.0.0.1;transport=udp", SIP_UDP},
		{" example.org ; transport = tls", "sip:example.org;transport=tls", SIP_TLS},
		{"localhost:5070", "sip:127.0.0.1:5070", SIP_TRANSPORT_OTHER},
		{"localhost", "sip:127.0.0.1", SIP_TRANSPORT_OTHER},
		{"localhosts", "sip:localhosts", SIP_TRANSPORT_OTHER},
		{"[::1]:5060", "sip:[::1]:5060", SIP_TRANSPORT_OTHER},
		{"::1", "sip:[::1]", SIP_TRANSPORT_OTHER},
		{"2001:db8::1;transport=tcp", "sip:[2001:db8::1];transport=tcp", SIP_TCP},
		{"", NULL, 0},
		{";transport=tcp", NULL, 0},
		{"127.0.0.1:0", NULL, 0},
		{"127.0.0.1:70000", NULL, 0},
		{"127.0.0.1;transport=sctp", NULL, 0},
		{"127.0.0.1;transport", NULL, 0},
		{"127.0.0.1;lr", NULL, 0},
		{"alice@example.org", NULL, 0},
		{"example.org?a=b", NULL, 0},
		{"exa mple.org", NULL, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char uri_text[256], error_text[PARLEY_ERROR_MAX];
		enum sip_transport_kind kind = SIP_TRANSPORT_OTHER;
		struct buf uri, error;
		int err;

		unit_case("%s", rows[i].text);
		buf_fixed(&uri, uri_text, sizeof(uri_text));
		buf_fixed(&error, error_text, sizeof(error_text));
		err = account_server_decode(&uri, &kind, str_of(rows[i].text), &error);
		if (!rows[i].uri) {
			assert_int_equal(err, -EINVAL);
			assert_true(error.n > 0);
			continue;
		}
		assert_int_equal(err, 0);
		unit_str(buf_str(&uri), rows[i].uri);
		assert_int_equal(kind, rows[i].kind);
	}
}


static void test_instance(void)
{
	struct parley a = {.aor = (char[]){"sip:alice@example.org"}},
		      b = {.aor = (char[]){"sip:bob@example.org"}};
	char first[ACCOUNT_INSTANCE_N + 1];

	account_make_instance(&a, STR("home"));
	unit_must(!unit_refused());
	memcpy(first, a.instance, sizeof(first));
	assert_int_equal(strlen(first), ACCOUNT_INSTANCE_N);
	assert_memory_equal(first, "urn:uuid:", 9);
	/* RFC 9562: version 8, variant 10. */
	assert_int_equal(first[9 + 14], '8');
	assert_non_null(strchr("89ab", first[9 + 19]));

	account_make_instance(&a, STR("home"));
	unit_must(!unit_refused());
	assert_string_equal(a.instance, first);
	account_make_instance(&a, STR("office"));
	unit_must(!unit_refused());
	assert_string_not_equal(a.instance, first);
	account_make_instance(&b, STR("home"));
	unit_must(!unit_refused());
	assert_string_not_equal(b.instance, first);
}


static void test_is_us(void)
{
	struct peer *s = peer_new(&(struct parley_params){.account = "sip:al.ice@example.org"});
	static const struct {
		const char *uri; /* %T: the token */
		bool us;
	} rows[] = {
		{"sip:al.ice.%T@192.0.2.1:5060", true},
		{"sip:al.ice.%T@198.51.100.9", true},
		{"sip:al.ice@example.org", true},
		{"sip:al.ice@EXAMPLE.org:5060;transport=tcp", true},
		{"sip:al.ice@192.0.2.1", false},
		{"sip:al.ice.0123456789abcdef@192.0.2.1:5060", false},
		{"sip:bob.%T@192.0.2.1", false},
		{"sip:%T@192.0.2.1", false},
		{"sip:al.ice.x%T@192.0.2.1", false},
		{"sip:192.0.2.1:5060", false},
		{"tel:+15550100", false},
		{"nonsense", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(256);
		struct str rest = str_of(rows[i].uri);
		ptrdiff_t at = str_find(rest, '%');

		unit_case("%s", rows[i].uri);
		buf_puts(b, str_upto(rest, at < 0 ? rest.n : (size_t)at));
		if (at >= 0) {
			buf_puts(b, str_of(s->parley->token));
			buf_puts(b, str_from(rest, (size_t)at + 2));
		}
		unit_must(!b->failed);
		assert_int_equal(account_is_us(s->parley, buf_str(b)), rows[i].us);
	}
}


static void test_parameters(void)
{
	static const struct {
		struct parley_params p;
		const char *word; /* the sentence holds it */
	} rows[] = {
		{{.account = "alice"}, "'alice'"},
		{{.account = "sip:example.org"}, "account"},
		{{.account = "tel:+15550100"}, "account"},
		{{.account = "sip:alice@example.org?x=y"}, "account"},
		{{.account = NULL}, "account"},
		{{.account = "sip:alice@example.org", .server = "a b"}, "server"},
		{{.account = "sip:alice@example.org", .server = "192.0.2.10", .local = "nowhere"},
		 "nowhere"},
		{{.account = "sip:alice@example.org", .display_name = "A\r\nX: y"}, "display name"},
		{{.account = "sip:alice@example.org", .password = "a\nb"}, "password"},
		{{.account = "sip:alice@example.org", .expires_s = 3}, "10 seconds"},
	};
	struct virtual_loop *vl = unit_own(virtual_loop_alloc(1));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parley_params p = rows[i].p;
		char error[PARLEY_ERROR_MAX] = "";
		struct parley *parley = NULL;
		int err;

		unit_case("%s", rows[i].word);
		p.loop = virtual_loop_base(vl);
		err = parley_open(&parley, &p, error);
		unit_must(err == -EINVAL);
		assert_null(parley);
		if (!strstr(error, rows[i].word))
			fail_msg("\"%s\" does not tell of it", error);
	}
}


UNIT_MAIN(UNIT_TEST(test_server), UNIT_TEST(test_instance), UNIT_TEST(test_is_us),
	  UNIT_TEST(test_parameters))
