/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: every key, every kind of mistake, and the way out again. */
#include "server/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/unit.h"
#include "server/option_type.h"
#include "server/options.h"


/** Decodes what must be right. */
static struct config *config_of(const char *yaml)
{
	struct buf *why = unit_buf(CONFIG_TEXT_MAX);
	struct config *c;
	int err = config_decode(&c, str_of(yaml), "t.yaml", why);

	if (err == -EINVAL)
		unit_buf_is(why, "");
	unit_ok(err);
	return unit_own(c);
}


/** Whole output of config_encode. */
static struct buf *encoded(const struct config *c, bool json)
{
	struct buf *out = unit_buf(CONFIG_TEXT_MAX);

	config_encode(c, json, out);
	unit_must(!out->failed);
	return out;
}


static void test_empty(void)
{
	static const char *const nothing[] = {
		"",     "\n",  "# only a comment\n",        "---\n",
		"{}\n", "~\n", "tls:\npolicy:\n  pager:\n", "domain:\nlisten: null\nstore: ~\n"};

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		struct config *c;

		unit_case("%zu", i);
		c = config_of(nothing[i]);
		assert_int_equal(c->domains.n, 1);
		unit_str(c->domains.v[0], "example.org");
		assert_int_equal(c->core, CONFIG_CORE_EMBEDDED);
		assert_int_equal(c->listen.n, 2);
		assert_int_equal(c->listen.v[0].transport, CONFIG_UDP);
		assert_int_equal(c->listen.v[1].transport, CONFIG_TCP);
		assert_true(addr_is_loopback(&c->listen.v[0].addr));
		assert_int_equal(addr_port(&c->listen.v[1].addr), 5060);
		unit_str(c->listen.v[1].text, "tcp:127.0.0.1:5060");
		assert_int_equal(c->advertise.n, 0);
		assert_int_equal(c->tls.certificate.n, 0);
		assert_int_equal(c->tls.key.n, 0);
		assert_true(c->tls.verify);
		unit_str(c->store, "sqlite:parley.db");
		assert_int_equal(c->ims.peers.n, 0);
		assert_int_equal(c->ims.next_hop.n, 0);
		assert_int_equal(c->msrp_listen.n, 1);
		assert_int_equal(c->media_path, CONFIG_MEDIA_HISTORY);
		assert_int_equal(c->policy.pager.max_size, 65536);
		assert_int_equal(c->policy.pager.types.n, 5);
		unit_str(c->policy.pager.types.v[4], "application/im-iscomposing+xml");
		assert_int_equal(c->policy.large.max_size, 1048576);
		assert_int_equal(c->policy.session.max_size, 10485760);
		assert_int_equal(c->policy.file.max_size, 104857600);
		unit_str(c->policy.file.types.v[0], "*");
		assert_int_equal(c->user_agent.required.n, 0);
		assert_int_equal(c->deferred.expiry_s, 7 * 86400);
		assert_true(c->deferred.push);
		assert_int_equal(c->deferred.quota, 1000);
		assert_int_equal(c->expired_pager, CONFIG_EXPIRED_REJECT);
		assert_true(c->history.enabled);
		assert_int_equal(c->history.expiry_s, 365 * 86400);
		assert_int_equal(c->system_message_timeout_s, 3600);
		assert_int_equal(c->sent_count, CONFIG_SENT_COUNT_OFF);
		unit_str(c->conference.factory, "sip:conference-factory@example.org");
		assert_int_equal(c->conference.max_participants, 100);
		unit_str(c->service_uris.exploder, "sip:exploder@example.org");
		unit_str(c->service_uris.deferred, "sip:deferred@example.org");
		unit_str(c->service_uris.history, "sip:history@example.org");
		unit_str(c->service_uris.system_message, "sip:system@example.org");
		assert_int_equal(c->timers.session_expires, 1800);
		assert_int_equal(c->timers.min_se, 90);
		assert_int_equal(c->timers.t1_ms, 500);
		assert_int_equal(c->timers.linger_ms, 32000);
		assert_int_equal(c->registrar.min_expires_s, 60);
		assert_int_equal(c->registrar.default_expires_s, 3600);
		assert_int_equal(c->registrar.max_expires_s, 86400);
		assert_int_equal(c->registrar.max_contacts, 10);
		assert_true(c->authenticate);
		assert_int_equal(addr_port(&c->admin_listen), 8080);
		assert_int_equal(c->log.level, LOG_LEVEL_INFO);
		assert_true(c->log.addresses);
	}
}


/** Every key with a value that is not the default; nested, flow and dotted writing. */
static const char full[] =
	"domain: [im.example.com, example.net]\n"
	"core: ims\n"
	"listen:\n"
	"  - udp:0.0.0.0:5080\n"
	"  - tls:[::1]:5081\n"
	"advertise: im.example.com\n"
	"tls: {certificate: server.pem, key: \"server key.pem\", ca: /etc/ssl/ca.pem, verify: no}\n"
	"store: memory\n"
	"authenticate: off\n"
	"registrar: {min-expires: 30, default-expires: 10m, max-expires: 2h 30m, max-contacts: 3}\n"
	"ims:\n"
	"  peers: [192.0.2.1, \"[2001:db8::1]:5070\", scscf.example.com]\n"
	"  next-hop: sip:scscf.example.com:5070;lr\n"
	"msrp.listen: tls:127.0.0.1:2856\n"
	"media-path: [charging, history]\n"
	"policy:\n"
	"  pager: {max-size: 1k, types: text/plain}\n"
	"  large: {max-size: 2M, types: [image/*, \"*\"]}\n"
	"  session.max-size: 3G\n"
	"  session.types: []\n"
	"  file: {max-size: 4, types: [video/mp4]}\n"
	"user-agent: {required: IM-client, minimum: OMA2.0}\n"
	"deferred: {expiry: 90m30s, push: false, quota: 0}\n"
	"expired-pager: deliver\n"
	"history: {enabled: no, expiry: 30d}\n"
	"system-message: {timeout: 1500ms}\n"
	"sent-count: header\n"
	"conference: {factory: sip:factory@example.net, max-participants: 7}\n"
	"service-uris:\n"
	"  exploder: sip:x@example.net\n"
	"  deferred: sip:d@example.net\n"
	"  history: sips:h@example.net\n"
	"  system-message: sip:s@example.net:5062;transport=tcp\n"
	"timers: {session-expires: 20m, min-se: 100, t1: 250ms, linger: 8s}\n"
	"admin: {listen: \"[::1]:9090\"}\n"
	"log: {level: debug, addresses: false}\n";


static void assert_full(const struct config *c)
{
	assert_int_equal(c->domains.n, 2);
	unit_str(c->domains.v[1], "example.net");
	assert_int_equal(c->core, CONFIG_CORE_IMS);
	assert_int_equal(c->listen.n, 2);
	assert_true(addr_is_any(&c->listen.v[0].addr));
	assert_int_equal(c->listen.v[1].transport, CONFIG_TLS);
	assert_int_equal(c->listen.v[1].addr.sa.sa_family, AF_INET6);
	assert_int_equal(addr_port(&c->listen.v[1].addr), 5081);
	unit_str(c->advertise, "im.example.com");
	unit_str(c->tls.certificate, "server.pem");
	unit_str(c->tls.key, "server key.pem");
	unit_str(c->tls.ca, "/etc/ssl/ca.pem");
	assert_false(c->tls.verify);
	unit_str(c->store, "memory:");
	assert_false(c->authenticate);
	assert_int_equal(c->registrar.min_expires_s, 30);
	assert_int_equal(c->registrar.default_expires_s, 600);
	assert_int_equal(c->registrar.max_expires_s, 9000);
	assert_int_equal(c->registrar.max_contacts, 3);
	assert_int_equal(c->ims.peers.n, 3);
	unit_str(c->ims.peers.v[1], "[2001:db8::1]:5070");
	unit_str(c->ims.next_hop, "sip:scscf.example.com:5070;lr");
	assert_int_equal(c->msrp_listen.n, 1);
	assert_int_equal(c->msrp_listen.v[0].transport, CONFIG_TLS);
	assert_int_equal(c->media_path, CONFIG_MEDIA_HISTORY | CONFIG_MEDIA_CHARGING);
	assert_int_equal(c->policy.pager.max_size, 1024);
	assert_int_equal(c->policy.pager.types.n, 1);
	assert_int_equal(c->policy.large.max_size, 2097152);
	unit_str(c->policy.large.types.v[1], "*");
	assert_int_equal(c->policy.session.max_size, UINT64_C(3221225472));
	assert_int_equal(c->policy.session.types.n, 0);
	assert_int_equal(c->policy.file.max_size, 4);
	unit_str(c->policy.file.types.v[0], "video/mp4");
	unit_str(c->user_agent.required, "IM-client");
	unit_str(c->user_agent.minimum, "OMA2.0");
	assert_int_equal(c->deferred.expiry_s, 5430);
	assert_false(c->deferred.push);
	assert_int_equal(c->deferred.quota, 0);
	assert_int_equal(c->expired_pager, CONFIG_EXPIRED_DELIVER);
	assert_false(c->history.enabled);
	assert_int_equal(c->history.expiry_s, 2592000);
	assert_int_equal(c->system_message_timeout_s, 2);
	assert_int_equal(c->sent_count, CONFIG_SENT_COUNT_HEADER);
	unit_str(c->conference.factory, "sip:factory@example.net");
	assert_int_equal(c->conference.max_participants, 7);
	unit_str(c->service_uris.exploder, "sip:x@example.net");
	unit_str(c->service_uris.deferred, "sip:d@example.net");
	unit_str(c->service_uris.history, "sips:h@example.net");
	unit_str(c->service_uris.system_message, "sip:s@example.net:5062;transport=tcp");
	assert_int_equal(c->timers.session_expires, 1200);
	assert_int_equal(c->timers.min_se, 100);
	assert_int_equal(c->timers.t1_ms, 250);
	assert_int_equal(c->timers.linger_ms, 8000);
	assert_int_equal(addr_port(&c->admin_listen), 9090);
	assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
	assert_false(c->log.addresses);
}


static void test_full(void)
{
	assert_full(config_of(full));
}


/** What is written is read again to the same, as YAML and (being YAML too) as JSON. */
static void test_round_trip(void)
{
	struct config *c = config_of(full), *none = config_of("");

	for (int json = 0; json < 2; json++) {
		struct buf *text = encoded(c, json), *defaults = encoded(none, json), *again;

		unit_case("json=%d", json);
		assert_full(config_of(unit_ptr(buf_cstr(text))));
		again = encoded(config_of(unit_ptr(buf_cstr(defaults))), json);
		unit_buf_is(again, buf_cstr(defaults));
	}
}


static void test_encode(void)
{
	static const char yaml[] = "domain: [example.org]\n"
				   "core: embedded\n"
				   "listen: [udp:127.0.0.1:5060, tcp:127.0.0.1:5060]\n"
				   "advertise: null\n"
				   "tls:\n"
				   "  certificate: \"1.0\"\n"
				   "  key: \"a \\\"b\\\"\"\n"
				   "  ca: null\n"
				   "  verify: true\n"
				   "store: \"memory:\"\n";
	static const char json[] =
		"{\n"
		"  \"domain\": [\"example.org\"],\n"
		"  \"core\": \"embedded\",\n"
		"  \"listen\": [\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"],\n"
		"  \"advertise\": null,\n"
		"  \"tls\": {\n"
		"    \"certificate\": \"1.0\",\n"
		"    \"key\": \"a \\\"b\\\"\",\n"
		"    \"ca\": null,\n"
		"    \"verify\": true\n"
		"  },\n"
		"  \"store\": \"memory:\",\n";
	static const char nested[] = "  \"policy\": {\n"
				     "    \"pager\": {\n"
				     "      \"max-size\": 65536,\n";
	struct config *c = config_of("store: memory\ntls: {certificate: '1.0', key: 'a \"b\"'}\n");
	struct buf *out = encoded(c, false);

	unit_str(str_upto(buf_str(out), sizeof(yaml) - 1), yaml);
	assert_true(str_ends(buf_str(out), STR("log:\n  level: info\n  addresses: true\n")));
	assert_true(str_find_str(buf_str(out), STR("  linger: \"32s\"")) < 0);
	assert_true(str_find_str(buf_str(out), STR("  linger: 32s\n")) > 0);
	out = encoded(c, true);
	unit_str(str_upto(buf_str(out), sizeof(json) - 1), json);
	assert_true(str_find_str(buf_str(out), str_of(nested)) > 0);
	assert_true(str_ends(buf_str(out), STR("    \"addresses\": true\n  }\n}\n")));
}


static void test_secrets(void)
{
	static const char *const stores[][2] = {
		{"postgres:host=db user=p password=secret dbname=x",
		 "\"postgres:host=db user=p password=***\""},
		{"postgres:host=db password = 'se cret'", "\"postgres:host=db password=***\""},
		{"postgres:postgresql://p:secret@db/x", "\"postgres:postgresql://p:***@db/x\""},
		{"postgres:postgresql://p:sec@ret@db/x", "\"postgres:postgresql://p:***@db/x\""},
		{"postgres:postgresql://p@db/x?password=secret",
		 "\"postgres:postgresql://p@db/x?password=***\""},
		{"postgres:postgresql://p@db/x", "postgres:postgresql://p@db/x"},
		{"postgres:host=db", "\"postgres:host=db\""},
	};

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		struct buf *yaml = unit_buf(4096), *out, *line = unit_buf(4096);
		struct config *c;

		unit_case("%s", stores[i][0]);
		buf_printf(yaml, "store: \"%s\"\n", stores[i][0]);
		buf_printf(line, "\nstore: %s\n", stores[i][1]);
		c = config_of(unit_ptr(buf_cstr(yaml)));
		unit_str(c->store, stores[i][0]);
		out = encoded(c, false);
		unit_must(!line->failed);
		assert_true(str_find_str(buf_str(out), buf_str(line)) > 0);
		assert_true(str_find_str(buf_str(out), STR("secret")) < 0);
	}
}


static void test_derived(void)
{
	struct config *c = config_of(
		"domain: a.example\ntls.certificate: c.pem\nims.peers: 192.0.2.1:5070\n"
		"timers.t1: 1s\n");

	unit_str(c->conference.factory, "sip:conference-factory@a.example");
	unit_str(c->service_uris.system_message, "sip:system@a.example");
	unit_str(c->tls.key, "c.pem");
	unit_str(c->ims.next_hop, "sip:192.0.2.1:5070");
	assert_int_equal(c->timers.linger_ms, 64000);
}


/** One mistake: a file, and all that is said about it. */
static const struct {
	const char *yaml, *why;
} mistakes[] = {
	/* Keys. */
	{"lisen: udp:127.0.0.1:5060\n",
	 "t.yaml:1: lisen: there is no such key: did you mean listen?\n"},
	{"core: embedded\npolicy:\n  pager:\n    maxsize: 5\n",
	 "t.yaml:4: policy.pager.maxsize: there is no such key: did you mean "
	 "policy.pager.max-size?\n"},
	{"polcy: {pager: {max-size: 5}}\n",
	 "t.yaml:1: polcy: there is no such key: did you mean policy?\n"},
	{"quota: 5\n", "t.yaml:1: quota: there is no such key: did you mean deferred.quota?\n"},
	{"max-size: 5\n", "t.yaml:1: max-size: there is no such key: remove it; parley.yaml(5) has "
			  "those there are\n"},
	{"colour: red\n",
	 "t.yaml:1: colour: there is no such key: remove it; parley.yaml(5) has those there are\n"},
	{"\"a\\nb\": red\n",
	 "t.yaml:1: a?b: there is no such key: remove it; parley.yaml(5) has those there are\n"},
	{"\"core\\0x\": red\n", "t.yaml:1: core?x: there is no such key: did you mean core?\n"},
	{"[a, b]: red\n",
	 "t.yaml:1: there is no such key: remove it; parley.yaml(5) has those there are\n"},
	{"core: embedded\n\ncore: embedded\n",
	 "t.yaml:3: core: it is given in line 1 already: keep one of the two\n"},
	{"deferred.push: true\ndeferred:\n  push: true\n",
	 "t.yaml:3: deferred.push: it is given in line 1 already: keep one of the two\n"},
	/* Kinds of values. */
	{"policy: large\n", "t.yaml:1: policy: it is a section, and has keys of its own: see "
			    "parley.yaml(5) for those there are\n"},
	{"deferred:\n  expiry: {days: 7}\n",
	 "t.yaml:2: deferred.expiry: it is a section here: give a duration, such as 7d\n"},
	{"deferred:\n  expiry: [7d]\n",
	 "t.yaml:2: deferred.expiry: it takes no list: give a duration, such as 7d\n"},
	{"tls.key: [a]\n",
	 "t.yaml:1: tls.key: it takes no list: give a file, such as server.pem\n"},
	{"listen: {udp: 5060}\n", "t.yaml:1: listen: it is a section here: give a list of "
				  "TRANSPORT:ADDRESS:PORT, such as [tcp:127.0.0.1:5060]\n"},
	{"listen:\n  - udp: 127.0.0.1:5060\n",
	 "t.yaml:2: listen: an item of the list is itself a list or a "
	 "section: write one text, such as [tcp:127.0.0.1:5060]\n"},
	{"listen: []\n",
	 "t.yaml:1: listen: the list is empty: give a list of TRANSPORT:ADDRESS:PORT, such "
	 "as [tcp:127.0.0.1:5060]\n"},
	{"domain: []\n",
	 "t.yaml:1: domain: the list is empty: give a domain or a list of them, such as "
	 "example.org\n"},
	{"tls.key: \"a\\x07\"\n",
	 "t.yaml:1: tls.key: it contains a control character: remove that\n"},
	/* Numbers. */
	{"deferred.expiry: 7w\n",
	 "t.yaml:1: deferred.expiry: \"7w\" is not a duration: write numbers with "
	 "d, h, m, s or ms, such as \"1h 30m\"; a number alone is seconds\n"},
	{"deferred.expiry: 1h 30\n",
	 "t.yaml:1: deferred.expiry: \"1h 30\" is not a duration: write numbers "
	 "with d, h, m, s or ms, such as \"1h 30m\"; a number alone is seconds\n"},
	{"deferred.expiry: -1h\n",
	 "t.yaml:1: deferred.expiry: \"-1h\" is not a duration: write numbers "
	 "with d, h, m, s or ms, such as \"1h 30m\"; a number alone is seconds\n"},
	{"deferred.expiry: ''\n",
	 "t.yaml:1: deferred.expiry: \"\" is not a duration: write numbers with d, "
	 "h, m, s or ms, such as \"1h 30m\"; a number alone is seconds\n"},
	{"deferred.expiry: 59s\n",
	 "t.yaml:1: deferred.expiry: 59s is too little: give a value from 1m to 3650d\n"},
	{"deferred.expiry: 3650d1s\n",
	 "t.yaml:1: deferred.expiry: 3650d1s is too much: give a value from 1m to 3650d\n"},
	{"deferred.expiry: 99999999999999999999d\n",
	 "t.yaml:1: deferred.expiry: 99999999999999999999d is "
	 "too much: give a value from 1m to 3650d\n"},
	{"deferred.expiry: 18446744073709551615d\n",
	 "t.yaml:1: deferred.expiry: 18446744073709551615d is "
	 "too much: give a value from 1m to 3650d\n"},
	{"timers.t1: 500\n",
	 "t.yaml:1: timers.t1: 500 is too much: give a value from 10ms to 10s\n"},
	{"policy.pager.max-size: 10 kB\n",
	 "t.yaml:1: policy.pager.max-size: \"10 kB\" is not a size: write "
	 "a number of bytes, or one with k, M or G, such as 64k\n"},
	{"policy.pager.max-size: 1k 1k\n",
	 "t.yaml:1: policy.pager.max-size: \"1k 1k\" is not a size: write "
	 "a number of bytes, or one with k, M or G, such as 64k\n"},
	{"policy.pager.max-size: 65k\n",
	 "t.yaml:1: policy.pager.max-size: 65k is too much: give a value "
	 "from 1 to 65536\n"},
	{"deferred.quota: many\n",
	 "t.yaml:1: deferred.quota: \"many\" is not a whole number: write digits only\n"},
	{"deferred.quota: 1k\n",
	 "t.yaml:1: deferred.quota: \"1k\" is not a whole number: write digits only\n"},
	{"conference.max-participants: 1\n",
	 "t.yaml:1: conference.max-participants: 1 is too little: give "
	 "a value from 2 to 2048\n"},
	/* Words. */
	{"deferred.push: maybe\n",
	 "t.yaml:1: deferred.push: \"maybe\" is neither true nor false: write true or false\n"},
	{"core: volte\n", "t.yaml:1: core: \"volte\" is not known here: write embedded or ims\n"},
	{"expired-pager: drop\n",
	 "t.yaml:1: expired-pager: \"drop\" is not known here: write reject, "
	 "discard or deliver\n"},
	{"sent-count: on\n",
	 "t.yaml:1: sent-count: \"on\" is not known here: write off, parameter or header\n"},
	{"log.level: loud\n",
	 "t.yaml:1: log.level: \"loud\" is not known here: write error, warning, "
	 "notice, info or debug\n"},
	{"media-path: sometimes\n",
	 "t.yaml:1: media-path: \"sometimes\" is not known here: write always, "
	 "never, or a list of: history, charging\n"},
	{"media-path: [history, always]\n",
	 "t.yaml:1: media-path: \"always\" contradicts the rest of the "
	 "list: write always, never, or a list of: history, charging\n"},
	{"media-path: [never, history]\n",
	 "t.yaml:1: media-path: \"history\" contradicts the rest of the "
	 "list: write always, never, or a list of: history, charging\n"},
	/* Texts and addresses. */
	{"domain: sip:example.org\n",
	 "t.yaml:1: domain: \"sip:example.org\" is not a domain: write it as it "
	 "stands in a SIP address, such as example.org\n"},
	{"domain: a..b\n",
	 "t.yaml:1: domain: \"a..b\" is not a domain: write it as it stands in a SIP "
	 "address, such as example.org\n"},
	{"advertise: im.example.org:5060\n",
	 "t.yaml:1: advertise: \"im.example.org:5060\" is not a host: "
	 "write a name or an address, without port\n"},
	{"listen: 127.0.0.1:5060\n",
	 "t.yaml:1: listen: \"127.0.0.1:5060\" does not begin with a transport: "
	 "write it as udp:127.0.0.1:5060; the transports are udp, tcp and tls\n"},
	{"listen: udp\n", "t.yaml:1: listen: \"udp\" does not begin with a transport: write it as "
			  "udp:127.0.0.1:5060; the transports are udp, tcp and tls\n"},
	{"listen: [udp:127.0.0.1:5060,\n  tcp:localhost:5060]\n",
	 "t.yaml:2: listen: \"localhost:5060\" is "
	 "not ADDRESS:PORT: give a numeric address of this machine and a port, such as "
	 "0.0.0.0:5060 or "
	 "[::]:5060\n"},
	{"listen: udp:127.0.0.1\n",
	 "t.yaml:1: listen: \"127.0.0.1\" is not ADDRESS:PORT: give a numeric "
	 "address of this machine and a port, such as 0.0.0.0:5060 or [::]:5060\n"},
	{"listen: udp:127.0.0.1:65536\n",
	 "t.yaml:1: listen: \"127.0.0.1:65536\" is not ADDRESS:PORT: give a "
	 "numeric address of this machine and a port, such as 0.0.0.0:5060 or [::]:5060\n"},
	{"msrp.listen: udp:127.0.0.1:2855\n",
	 "t.yaml:1: msrp.listen: \"udp:127.0.0.1:2855\" does not begin "
	 "with a transport: write it as tcp:127.0.0.1:2855; the transports are tcp and tls\n"},
	{"admin.listen: 8080\n",
	 "t.yaml:1: admin.listen: \"8080\" is not ADDRESS:PORT: write it as "
	 "127.0.0.1:8080 or [::1]:8080\n"},
	{"store: mysql:x\n",
	 "t.yaml:1: store: \"mysql:x\" is not a store: write sqlite:PATH, or memory for a trial\n"},
	{"store: \"sqlite:\"\n",
	 "t.yaml:1: store: \"sqlite:\" does not say where: write sqlite:PATH, or memory for a "
	 "trial\n"},
	{"ims.peers: [a b]\n",
	 "t.yaml:1: ims.peers: \"a b\" is not an element of a core: write HOST or HOST:PORT\n"},
	{"ims.peers: a:0\n",
	 "t.yaml:1: ims.peers: \"a:0\" is not an element of a core: write HOST or HOST:PORT\n"},
	{"ims.next-hop: 127.0.0.1:5070\n",
	 "t.yaml:1: ims.next-hop: \"127.0.0.1:5070\" is not a SIP URI: "
	 "write it as sip:HOST:PORT\n"},
	{"conference.factory: sip:example.org\n",
	 "t.yaml:1: conference.factory: \"sip:example.org\" is not "
	 "the SIP URI of a service: write it as sip:NAME@DOMAIN\n"},
	{"service-uris.history: \"sip:h @example.org\"\n",
	 "t.yaml:1: service-uris.history: \"sip:h "
	 "@example.org\" is not the SIP URI of a service: write it as sip:NAME@DOMAIN\n"},
	{"user-agent.required: IM client\n",
	 "t.yaml:1: user-agent.required: \"IM client\" cannot stand in a "
	 "User-Agent header: write letters, digits and -.!%*_+/ only\n"},
	{"policy.file.types: [text]\n",
	 "t.yaml:1: policy.file.types: \"text\" is not a content type: write "
	 "TYPE/SUBTYPE, TYPE/* or \"*\"\n"},
	/* What does not go together. */
	{"core: ims\n",
	 "t.yaml:1: core: an IMS core is trusted by its addresses, and none is given: set "
	 "ims.peers\n"},
	{"domain: a\nlisten: tls:127.0.0.1:5061\n",
	 "t.yaml:2: listen: tls:127.0.0.1:5061 needs a "
	 "certificate: set tls.certificate and tls.key\n"},
	{"msrp: {listen: tls:127.0.0.1:2856}\n",
	 "t.yaml:1: msrp.listen: tls:127.0.0.1:2856 needs a "
	 "certificate: set tls.certificate and tls.key\n"},
	{"msrp: {listen: []}\n",
	 "t.yaml:1: msrp.listen: media that pass through the server want an address for MSRP: set "
	 "it, or media-path: never\n"},
	{"msrp: {listen: []}\nmedia-path: always\n",
	 "t.yaml:2: msrp.listen: media that pass through the server want an address for MSRP: set "
	 "it, or media-path: never\n"},
	{"tls.key: k.pem\n",
	 "t.yaml:1: tls.key: there is no certificate for it: set tls.certificate, too\n"},
	{"listen: [tcp:127.0.0.1:5060, tls:127.0.0.1:5060]\ntls.certificate: c\n",
	 "t.yaml:1: listen: tcp:127.0.0.1:5060 and tls:127.0.0.1:5060 are the same place: give one "
	 "of them "
	 "another port\n"},
	{"registrar:\n  min-expires: 2h\n",
	 "t.yaml:2: registrar.min-expires: registrar.min-expires (2h) is "
	 "longer than registrar.default-expires (1h): change one of the two\n"},
	{"registrar:\n  default-expires: 2d\n",
	 "t.yaml:2: registrar.default-expires: "
	 "registrar.default-expires (2d) is longer than registrar.max-expires (1d): change one of "
	 "the two\n"},
	{"timers: {min-se: 1h}\n", "t.yaml:1: timers.min-se: timers.min-se (1h) is longer than "
				   "timers.session-expires (30m): change one of the two\n"},
	{"service-uris.exploder: sip:history@example.org\n",
	 "t.yaml:1: service-uris.exploder: "
	 "sip:history@example.org is service-uris.history already: give each function a URI of its "
	 "own\n"},
	/* Not YAML, or not one mapping. */
	{"domain: [a\ncore: ims\n",
	 "t.yaml:2: it is not YAML: did not find expected ',' or ']': correct it "
	 "here or just above\n"},
	{"store: memory:\n",
	 "t.yaml:1: it is not YAML: mapping values are not allowed in this context: "
	 "correct it here or just above\n"},
	{"- a\n- b\n", "t.yaml:1: it is not a list of keys and values: write lines such as domain: "
		       "example.org\n"},
	{"hello\n", "t.yaml:1: it is not a list of keys and values: write lines such as domain: "
		    "example.org\n"},
	{"core: embedded\n---\ncore: embedded\n",
	 "t.yaml:3: a second document begins: remove the --- line\n"},
	{"core: \xff\n",
	 "t.yaml: it is not YAML: invalid leading UTF-8 octet: correct it; the file must be "
	 "UTF-8 text\n"},
	{"a: &a {b: *a}\n",
	 "t.yaml:1: a: there is no such key: remove it; parley.yaml(5) has those there are\n"},
	{"policy: &p {pager: *p}\n",
	 "t.yaml:1: policy.pager.pager: there is no such key: remove it; "
	 "parley.yaml(5) has those there are\n"},
	/* Several at once; what depends on a mistaken value is left out. */
	{"core: imss\nlisten: 5060\ndeferred:\n  expiry: soon\n",
	 "t.yaml:1: core: \"imss\" is not known here: write embedded or ims\n"
	 "t.yaml:2: listen: \"5060\" does not begin with a transport: write it as "
	 "udp:127.0.0.1:5060; the "
	 "transports are udp, tcp and tls\n"
	 "t.yaml:4: deferred.expiry: \"soon\" is not a duration: write numbers with d, h, m, s or "
	 "ms, such "
	 "as \"1h 30m\"; a number alone is seconds\n"},
};


static void test_mistakes(void)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct buf *why = unit_buf(CONFIG_TEXT_MAX);
		struct config *c = NULL;
		int err;

		unit_case("%s", mistakes[i].yaml);
		err = config_decode(&c, str_of(mistakes[i].yaml), "t.yaml", why);
		unit_ok(err == -EINVAL ? 0 : err ? err : -EINVAL);
		unit_buf_is(why, mistakes[i].why);
		assert_null(c);
	}
}


static void test_many_mistakes(void)
{
	struct buf *yaml = unit_buf(1 << 20), *why = unit_buf(CONFIG_TEXT_MAX);
	struct config *c = NULL;
	size_t lines = 0;
	int err;

	for (int i = 0; i < 25; i++)
		buf_printf(yaml, "colour%d: red\n", i);
	unit_must(!yaml->failed);
	err = config_decode(&c, buf_str(yaml), "t.yaml", why);
	unit_ok(err == -EINVAL ? 0 : err);
	for (size_t i = 0; i < why->n; i++)
		lines += why->p[i] == '\n';
	assert_int_equal(lines, CONFIG_MISTAKES_MAX + 1);
	assert_true(
		str_ends(buf_str(why), STR("\nt.yaml: 5 more mistakes: correct these first\n")));
}


static void test_ceilings(void)
{
	struct buf *yaml = unit_buf(2 << 20), *why = unit_buf(CONFIG_TEXT_MAX);
	struct config *c = NULL;
	int err;

	buf_puts(yaml, STR("policy.file.types: ["));
	for (int i = 0; i < OPTION_LIST_MAX + 1; i++)
		buf_puts(yaml, STR("a/b, "));
	buf_puts(yaml, STR("]\ntls.key: "));
	for (int i = 0; i < OPTION_VALUE_MAX + 1; i++)
		buf_putc(yaml, 'x');
	unit_must(!yaml->failed);
	err = config_decode(&c, buf_str(yaml), "t.yaml", why);
	unit_ok(err == -EINVAL ? 0 : err);
	unit_buf_is(why, "t.yaml:1: policy.file.types: it has 1001 items: 1000 are the most\n"
			 "t.yaml:2: tls.key: it is longer than 2048 bytes: shorten it\n");

	buf_clear(yaml);
	buf_clear(why);
	for (unsigned i = 0; i < CONFIG_FILE_MAX + 1; i++)
		buf_putc(yaml, '\n');
	unit_must(!yaml->failed);
	err = config_decode(&c, buf_str(yaml), "t.yaml", why);
	unit_ok(err == -EINVAL ? 0 : err);
	unit_buf_is(why,
		    "t.yaml: it is longer than 1048576 bytes: this is hardly a configuration\n");
}


/** Deeply nested input is refused before the YAML library, whose effort grows with the square of it. */
static void test_deep(void)
{
	for (int depth = CONFIG_DEPTH_MAX; depth <= 500000; depth += 500000 - CONFIG_DEPTH_MAX) {
		struct buf *yaml = unit_buf(2 << 20), *why = unit_buf(CONFIG_TEXT_MAX);
		struct config *c = NULL;
		int err;

		unit_case("%d", depth);
		buf_puts(yaml, STR("core: embedded\nlisten: "));
		for (int i = 0; i < depth; i++)
			buf_putc(yaml, "[{"[i % 2]);
		unit_must(!yaml->failed);
		err = config_decode(&c, buf_str(yaml), "t.yaml", why);
		unit_ok(err == -EINVAL ? 0 : err ? err : -EINVAL);
		if (depth > CONFIG_DEPTH_MAX)
			unit_buf_is(
				why,
				"t.yaml:2: it is nested too deeply: no value needs more than one "
				"list in two sections\n");
	}
}


static void test_restart_keys(void)
{
	static const struct {
		const char *old, *fresh, *keys;
		size_t n;
	} rows[] = {
		{"", "", "", 0},
		{"", "log.level: debug\npolicy.pager.max-size: 9\n", "", 0},
		{"", "log.level: debug\nregistrar.max-contacts: 3\n", "registrar.max-contacts", 1},
		{"", "store: memory\n", "store", 1},
		{"store: \"postgres:password=a\"\n", "store: \"postgres:password=b\"\n", "store",
		 1},
		{"listen: udp:127.0.0.1:5060\n",
		 "listen: udp:127.0.0.1:5062\nadmin.listen: 127.0.0.1:1\n", "listen, admin.listen",
		 2},
		{"listen: udp:127.0.0.1:5060\n", "", "listen", 1},
		{"", "domain: [example.org]\n", "", 0},
		{"", "timers.t1: 1s\n", "timers.t1, timers.linger", 2},
		{"", "media-path: always\nsent-count: header\ntimers.session-expires: 1h\n", "", 0},
		{"", "media-path: never\nmsrp.listen: []\ntimers.min-se: 2m\n", "msrp.listen", 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *keys = unit_buf(4096);
		struct config *old, *fresh;

		unit_case("%zu", i);
		old = config_of(rows[i].old);
		fresh = config_of(rows[i].fresh);
		assert_int_equal(config_restart_keys(old, fresh, keys), rows[i].n);
		unit_buf_is(keys, rows[i].keys);
	}
}


static void remove_file(void *path)
{
	unlink(path);
}


static void test_load(void)
{
	struct buf *why = unit_buf(CONFIG_TEXT_MAX), *expected = unit_buf(4096);
	char *path = unit_storage(64);
	struct config *c = NULL;
	int fd, err;

	snprintf(path, 64, "/tmp/parley-config-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	unit_defer(remove_file, path);
	assert_int_equal(write(fd, "domain: x.example\n", 18), 18);

	unit_ok(config_load(&c, path, why));
	unit_own(c);
	unit_str(c->domains.v[0], "x.example");
	unit_buf_is(why, "");

	assert_int_equal(write(fd, "core: x\n", 8), 8);
	close(fd);
	err = config_load(&c, path, why);
	unit_ok(err == -EINVAL ? 0 : err);
	buf_printf(expected, "%s:2: core: \"x\" is not known here: write embedded or ims\n", path);
	unit_must(!expected->failed);
	unit_buf_is(why, buf_cstr(expected));

	buf_clear(why);
	assert_int_equal(config_load(&c, "/nonexistent/parley.yaml", why), -ENOENT);
	unit_buf_is(why, "/nonexistent/parley.yaml: No such file or directory: give the path of a "
			 "configuration with -c\n");
	buf_clear(why);
	err = config_load(&c, "/", why);
	assert_true(err == -EISDIR);
	unit_buf_is(why, "/: Is a directory: give a readable file\n");
}


/** The table keeps its own promises. */
static void test_table(void)
{
	for (size_t i = 0; i < options_count; i++) {
		const struct option *o = &options[i];

		unit_case("%s", o->key);
		assert_ptr_equal(option_find(o->key), o);
		assert_true(strlen(o->sentence) > 10 &&
			    o->sentence[strlen(o->sentence) - 1] == '.');
		assert_true(o->offset + o->size <= sizeof(struct config));
		assert_true(!o->type->item_size || o->size == sizeof(struct option_list));
		for (size_t j = 0; j < options_count; j++) {
			assert_true(j == i || o->offset != options[j].offset);
			/* No key is a section of another. */
			assert_false(str_starts(str_of(options[j].key), str_of(o->key)) &&
				     options[j].key[strlen(o->key)] == '.');
		}
	}
	assert_null(option_find("core.x"));
}


static void test_man(void)
{
	struct buf *out = unit_buf(CONFIG_TEXT_MAX);

	config_man(out);
	unit_must(!out->failed);
	assert_true(
		str_find_str(
			buf_str(out),
			STR(".TP\n.B deferred.expiry\nHow long a message waits for its "
			    "recipient.\n.br\n"
			    "Takes a duration, from 1m to 3650d.\nDefault: 7d.\nReloadable.\n")) >
		0);
	assert_true(str_find_str(buf_str(out), STR("Default: info.\nReloadable.\n")) > 0);
	assert_true(str_find_str(buf_str(out), STR(".B policy.pager.max\\-size\n")) > 0);
	assert_true(str_find_str(buf_str(out), STR("Default: [text/*, image/*, message/cpim].\n")) >
		    0);
}


UNIT_MAIN(UNIT_TEST(test_empty), UNIT_TEST(test_full), UNIT_TEST(test_round_trip),
	  UNIT_TEST(test_encode), UNIT_TEST(test_secrets), UNIT_TEST(test_derived),
	  UNIT_TEST(test_mistakes), UNIT_TEST(test_many_mistakes), UNIT_TEST(test_ceilings),
	  UNIT_TEST(test_deep), UNIT_TEST(test_restart_keys), UNIT_TEST(test_load),
	  UNIT_TEST(test_table), UNIT_TEST(test_man))
