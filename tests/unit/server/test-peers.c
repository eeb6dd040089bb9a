/* SPDX-License-Identifier: Apache-2.0 */
/* ims.peers: an address (any port), an address with a port, a name; and who is none of them. */

#include "server/peers.h"

#include "lib/unit.h"


static bool trusted(const struct peers *ps, const char *hostport)
{
	struct sip_source src = {.kind = SIP_UDP};

	assert_int_equal(addr_decode_hostport(&src.peer, str_of(hostport)), 0);
	return peers_have(ps, NULL, &src);
}


static void test_addresses(void)
{
	static const struct str texts[] = {
		STR_INIT("192.0.2.1"),          STR_INIT("192.0.2.2:5070"),
		STR_INIT("[2001:db8::1]:5060"), STR_INIT("2001:db8::2"),
		STR_INIT("scscf.example.org"),
	};
	struct peers *ps = unit_storage(sizeof(*ps));

	unit_ok(peers_init(ps, texts, sizeof(texts) / sizeof(texts[0])));
	assert_true(trusted(ps, "192.0.2.1:5060"));
	assert_true(trusted(ps, "192.0.2.1:33333"));
	assert_true(trusted(ps, "192.0.2.2:5070"));
	assert_false(trusted(ps, "192.0.2.2:5071"));
	assert_false(trusted(ps, "192.0.2.3:5060"));
	assert_true(trusted(ps, "[2001:db8::1]:5060"));
	assert_false(trusted(ps, "[2001:db8::1]:5061"));
	assert_true(trusted(ps, "[2001:db8::2]:9"));
	peers_done(ps);
}


static void test_nobody(void)
{
	struct peers *ps = unit_storage(sizeof(*ps));
	static const struct str empty[] = {STR_INIT("")};

	unit_ok(peers_init(ps, NULL, 0));
	assert_false(trusted(ps, "127.0.0.1:5060"));
	peers_done(ps);
	int err = peers_init(ps, empty, 1);
	unit_must(err != -ENOMEM);
	assert_int_equal(err, -EINVAL);
}

UNIT_MAIN(UNIT_TEST(test_addresses), UNIT_TEST(test_nobody))
