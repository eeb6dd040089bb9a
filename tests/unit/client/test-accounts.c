/* SPDX-License-Identifier: Apache-2.0 */
/* accounts.yaml: which entry, which values, and what is said about mistakes. */
#include "cli.h"

#include "lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


static const char *written(const char *text)
{
	char *name = unit_storage(64);
	int fd;

	snprintf(name, 64, "/tmp/parley-accounts-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return name;
}


static void release(void *arg)
{
	struct cli *c = arg;

	arena_done(&c->memory);
	if (c->config)
		unlink(c->config);
}


static struct cli *cli(const char *text, const char *address)
{
	struct cli *c = unit_storage(sizeof(*c));

	c->memory = (struct arena)ARENA_INIT(CLI_ACCOUNTS_MAX);
	c->config = written(text);
	c->account.address = address;
	unit_defer(release, c);
	return c;
}


static const char file[] = "# mine\n"
			   "accounts:\n"
			   "  - account: sip:alice@example.org\n"
			   "    name: Alice Doe\n"
			   "    password: \"se:cret\"\n"
			   "    server: 127.0.0.1:5060;transport=tcp\n"
			   "    expires: 600\n"
			   "    reliable-path: yes\n"
			   "  - account: sip:bob@example.net\n"
			   "    auth-user: bob@ims.example.net\n"
			   "    core: ims\n"
			   "    access-network: 3GPP-E-UTRAN-FDD\n"
			   "    no-verify: true\n";


static void test_which(void)
{
	static const struct {
		const char *asked, *found;
	} rows[] = {
		{NULL, "sip:alice@example.org"},
		{"alice", "sip:alice@example.org"},
		{"bob", "sip:bob@example.net"},
		{"bob@example.net", "sip:bob@example.net"},
		{"SIP:bob@EXAMPLE.net", "sip:bob@example.net"},
		/* Not in the file: nothing of it is used. */
		{"sip:bob@example.org", "sip:bob@example.org"},
		{"sip:carol@example.org", "sip:carol@example.org"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli *c = cli(file, rows[i].asked);

		unit_case("%s", rows[i].asked ? rows[i].asked : "(none)");
		assert_int_equal(accounts_load(c), CLI_OK);
		assert_string_equal(c->account.address, rows[i].found);
	}
}


static void test_values(void)
{
	struct cli *c = cli(file, NULL);

	assert_int_equal(accounts_load(c), CLI_OK);
	assert_string_equal(c->account.name, "Alice Doe");
	assert_string_equal(c->account.password, "se:cret");
	assert_string_equal(c->account.server, "127.0.0.1:5060;transport=tcp");
	assert_int_equal(c->account.expires_s, 600);
	assert_true(c->account.reliable_path);
	assert_false(c->account.no_verify);
	assert_null(c->account.core);

	c = cli(file, "bob");
	assert_int_equal(accounts_load(c), CLI_OK);
	assert_string_equal(c->account.auth_user, "bob@ims.example.net");
	assert_string_equal(c->account.core, "ims");
	assert_string_equal(c->account.access_network, "3GPP-E-UTRAN-FDD");
	assert_true(c->account.no_verify);
	assert_null(c->account.password);
}


static void test_command_line_wins(void)
{
	struct cli *c = cli(file, "alice");

	c->account.server = "192.0.2.1";
	c->account.password = "other";
	assert_int_equal(accounts_load(c), CLI_OK);
	assert_string_equal(c->account.server, "192.0.2.1");
	assert_string_equal(c->account.password, "other");
	assert_string_equal(c->account.name, "Alice Doe");
}


static void test_mistakes(void)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"accounts:\n  - account: sip:a@b\n    passwort: x\n",
		 ":3: there is no key passwort:"},
		{"accounts:\n  - account: sip:a@b\n    expires: soon\n",
		 ":3: seconds are written in digits: soon:"},
		{"accounts:\n  - account: sip:a@b\n    no-verify: maybe\n",
		 ":3: yes or no is expected, not maybe:"},
		{"accounts:\n  - account: sip:a@b\n    core: sun\n",
		 ":2: core is plain or ims, not sun:"},
		{"accounts:\n  - account: [a, b]\n", ":2: one value belongs to account:"},
		{"accounts:\n  - server: x\n", ":2: the key account is missing:"},
		{"accounts:\n  - alice\n", ":2: an account is written as keys with values:"},
		{"accounts: sip:a@b\n", ":1: it holds no list called accounts:"},
		{"- account: sip:a@b\n", ":1: it holds no list called accounts:"},
		{"accounts:\n\t- x\n", ":2: this is not YAML"},
		{"accounts:\n  - [a: b: c\n", "this is not YAML"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cli *c = cli(rows[i].text, NULL);
		char said[1024] = "", *end;
		FILE *f = tmpfile();
		int saved = dup(STDERR_FILENO), status;

		unit_case("row %zu", i);
		assert_non_null(f);
		dup2(fileno(f), STDERR_FILENO);
		status = accounts_load(c);
		fflush(stderr);
		dup2(saved, STDERR_FILENO);
		close(saved);
		rewind(f);
		end = said + fread(said, 1, sizeof(said) - 1, f);
		*end = '\0';
		fclose(f);
		assert_int_equal(status, CLI_FAILED);
		assert_memory_equal(said, "parley: ", 8);
		if (!strstr(said, rows[i].said))
			fail_msg("\"%s\" does not say \"%s\"", said, rows[i].said);
	}
}


static void test_nothing(void)
{
	struct cli *c = cli("", NULL);

	assert_int_equal(accounts_load(c), CLI_OK);
	assert_null(c->account.address);
	c = cli("accounts: []\n", NULL);
	assert_int_equal(accounts_load(c), CLI_OK);
	assert_null(c->account.address);
	c = cli("", NULL);
	unlink(c->config);
	assert_int_equal(accounts_load(c), CLI_FAILED);
	c->config = NULL;
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	assert_int_equal(accounts_load(c), CLI_OK);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_which), UNIT_TEST_PLAIN(test_values),
	  UNIT_TEST_PLAIN(test_command_line_wins), UNIT_TEST_PLAIN(test_mistakes),
	  UNIT_TEST_PLAIN(test_nothing))
