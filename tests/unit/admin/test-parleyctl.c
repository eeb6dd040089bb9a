/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl, run as people run it, against the admin API of a small server made here. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "desk.h"

#define ARGS_MAX 16
#define OUTPUT_MAX (1u << 20)
#define PATIENCE_MS 20000
/** More than one page of the default size. */
#define MANY_USERS 2345

struct fixture {
	struct desk desk;
	struct loop *loop;
	struct admin *admin;
	struct admin_front *front;
	struct timer patience;
	pid_t pid;
	int status;
	struct buf *out, *err;
	char user[64], password[64];
	bool allowed, many, late;
	bool circle; /**< of many, always the first are told */
	int error;
};


static int change(struct fixture *f, struct str user, admin_done_cb *done, void *done_arg,
		  struct buf *why)
{
	if (str_find(user, ' ') >= 0) {
		buf_puts(why, STR("\"a b\": not a user name"));
		return -EINVAL;
	}
	done(f->error ? f->error : str_eq(user, str_of(f->user)) ? 0 : -ENOENT, done_arg);
	return 0;
}


static int user_add(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg)
{
	struct fixture *f = arg;

	(void)why;
	if (str_eq(user, str_of(f->user))) {
		done(-EEXIST, done_arg);
		return 0;
	}
	snprintf(f->user, sizeof(f->user), STR_FMT, STR_ARG(user));
	snprintf(f->password, sizeof(f->password), STR_FMT, STR_ARG(password));
	return change(f, user, done, done_arg, why);
}


static int user_remove(struct str user, admin_done_cb *done, void *done_arg, struct buf *why,
		       void *arg)
{
	return change(arg, user, done, done_arg, why);
}


static int user_passwd(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg)
{
	struct fixture *f = arg;

	snprintf(f->password, sizeof(f->password), STR_FMT, STR_ARG(password));
	return change(f, user, done, done_arg, why);
}


static int user_allow(struct str user, bool allowed, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	((struct fixture *)arg)->allowed = allowed;
	return change(arg, user, done, done_arg, why);
}


static int user_list(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done,
		     void *done_arg, struct buf *why, void *arg)
{
	struct fixture *f = arg;

	(void)why;
	for (int i = 0; f->many && i < MANY_USERS && limit; i++) {
		char name[32];

		snprintf(name, sizeof(name), "sip:u%05d@x", i);
		if (after.n && !f->circle && str_cmp(str_of(name), after) <= 0)
			continue;
		each(&(struct admin_user){str_of(name), true}, done_arg);
		limit--;
	}
	if (!f->many && f->user[0] && !after.n) {
		each(&(struct admin_user){STR("sip:alice@example.org"), true}, done_arg);
		each(&(struct admin_user){STR("sip:z\xc3\xb6@x"), false}, done_arg);
	}
	done(f->error, done_arg);
	return 0;
}


static int registration_list(struct str user, admin_registration_cb *each, admin_done_cb *done,
			     void *done_arg, struct buf *why, void *arg)
{
	struct admin_registration r = {
		.address = STR("sip:alice@example.org"),
		.contact = STR("sip:alice@192.0.2.1"),
		.received = STR("udp:192.0.2.1:5061"),
		.user_agent = STR("Evil\x1b[2J \xc2\x9b/1"),
		.expires_s = 3725,
		.q_milli = 1000,
	};

	(void)why;
	(void)arg;
	if (!user.n || str_eq(user, STR("alice")))
		each(&r, done_arg);
	done(0, done_arg);
	return 0;
}


static void status(struct admin_status *ret, void *arg)
{
	struct fixture *f = arg;

	*ret = (struct admin_status){
		.node = STR("im1"),
		.core = STR("embedded"),
		.domains = STR("example.org example.net"),
		.uptime_ms = 93784000,
		.load = {.connections = 2,
			 .transactions = 3,
			 .registrations = 4,
			 .queue_delay_us = 1250,
			 .messages = 6},
		.store = {.kind = STR("sqlite"), .healthy = !f->error},
	};
	if (f->error)
		ret->store.detail = STR("disk full");
}


static void config(bool json, struct buf *out, void *arg)
{
	(void)arg;
	buf_puts(out, json ? STR("{\"core\": \"embedded\"}\n") : STR("core: embedded\n"));
}


static void on_child(int signum, void *arg)
{
	struct fixture *f = arg;

	(void)signum;
	if (f->pid && waitpid(f->pid, &f->status, WNOHANG) == f->pid) {
		f->pid = 0;
		loop_stop(f->loop);
	}
}


static void on_patience(struct timer *t, void *arg)
{
	(void)t;
	((struct fixture *)arg)->late = true;
	loop_stop(((struct fixture *)arg)->loop);
}


static void done_fixture(void *arg)
{
	struct fixture *f = arg;

	if (f->pid) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	timer_cancel(&f->patience);
	mem_unref(f->front);
	mem_unref(f->admin);
	mem_unref(f->loop);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));
	struct admin_services services = {.status = status,
					  .config = config,
					  .user_add = user_add,
					  .user_remove = user_remove,
					  .user_passwd = user_passwd,
					  .user_allow = user_allow,
					  .user_list = user_list,
					  .registration_list = registration_list,
					  .arg = f};
	struct addr local;

	f->out = unit_buf(OUTPUT_MAX);
	f->err = unit_buf(OUTPUT_MAX);
	unit_defer(done_fixture, f);
	f->loop = unit_ptr(loop_uv_alloc());
	unit_ok(loop_on_signal(f->loop, SIGCHLD, on_child, f));
	unit_ok(addr_decode(&local, STR("127.0.0.1"), 0));
	desk_init(&f->desk, &services);
	unit_ok(admin_alloc(&f->admin, &services));
	unit_ok(admin_front_open(&f->front, f->admin, f->loop, &local));
	return f;
}


/** A file in memory with this content. */
static int memory_file(const char *content)
{
	int fd = memfd_create("parleyctl", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	lseek(fd, 0, SEEK_SET);
	return fd;
}


static void read_back(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	buf_clear(out);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(out, chunk, (size_t)n);
	close(fd);
	buf_cstr(out);
}


/** Runs it with these words, "|" between, PARLEY_ADMIN being `target` or, when NULL, the server here. */
static int run(struct fixture *f, const char *words, const char *input, const char *target)
{
	char text[1024], here[ADDR_TEXT_MAX], name[] = "parleyctl";
	char *argv[ARGS_MAX + 1] = {name}, *rest = text;
	const char *program = getenv("PARLEYCTL");
	int fds[3] = {memory_file(input), memory_file(""), memory_file("")}, n = 1;

	assert_non_null(program);
	assert_true(strlen(words) < sizeof(text));
	snprintf(text, sizeof(text), "%s", words);
	while (*words && n < ARGS_MAX && (argv[n] = strsep(&rest, "|")))
		n++;
	argv[n] = NULL;
	addr_text(admin_front_local(f->front), here);

	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		for (int i = 0; i < 3; i++)
			dup2(fds[i], i);
		setenv("PARLEY_ADMIN", target ? target : here, 1);
		setenv("TZ", "UTC", 1);
		execv(program, argv);
		_exit(99);
	}
	timer_start(&f->patience, loop_timers(f->loop), PATIENCE_MS, on_patience, f);
	loop_run(f->loop);
	timer_cancel(&f->patience);
	close(fds[0]);
	read_back(fds[1], f->out);
	read_back(fds[2], f->err);
	assert_false(f->late);
	return WIFEXITED(f->status) ? WEXITSTATUS(f->status) : -1;
}


static void expect(struct fixture *f, const char *words, const char *input, int code,
		   const char *out, const char *err)
{
	int got;

	unit_case("%s", words);
	got = run(f, words, input, NULL);
	unit_str(buf_str(f->err), err);
	unit_str(buf_str(f->out), out);
	assert_int_equal(got, code);
}


static void test_status(void)
{
	struct fixture *f = fixture();

	expect(f, "status", "", 0,
	       "node      im1\n"
	       "version   " PARLEY_VERSION "\n"
	       "core      embedded\n"
	       "domain    example.org, example.net\n"
	       "state     running, up 1d 2h\n"
	       "load      4 registrations, 2 connections, 3 transactions, queue 1.250 ms\n"
	       "messages  6 since the start\n"
	       "store     sqlite, healthy\n",
	       "");
	f->error = -EIO;
	run(f, "status", "", NULL);
	assert_true(
		str_ends(buf_str(f->out), STR("\nstore     sqlite, does not work: disk full\n")));
	assert_int_equal(run(f, "--json|status", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out), STR("\"uptime_s\": 93784,\n")) > 0);
}


static void test_config(void)
{
	struct fixture *f = fixture();

	expect(f, "config", "", 0, "core: embedded\n", "");
	expect(f, "config|--json", "", 0, "{\"core\": \"embedded\"}\n", "");
}


static void test_users(void)
{
	struct fixture *f = fixture();

	expect(f, "user|list", "", 0, "no users yet; add one with: parleyctl user add USER\n", "");
	expect(f, "user|add|sip:al/ice@x", "secret\nrest", 0, "added sip:al/ice@x\n", "");
	unit_str(str_of(f->user), "sip:al/ice@x");
	unit_str(str_of(f->password), "secret");
	expect(f, "user|add|sip:al/ice@x|--password|x", "", 1, "",
	       "parleyctl: there is already a user sip:al/ice@x: choose another name, or change "
	       "the password\n");
	expect(f, "user|list", "", 0,
	       "USER                   MAY USE THE SERVICE\n"
	       "sip:alice@example.org  yes\n"
	       "sip:z\xc3\xb6@x               no\n",
	       "");
	expect(f, "user|passwd|sip:al/ice@x|--password=pass word", "", 0,
	       "new password for sip:al/ice@x\n", "");
	unit_str(str_of(f->password), "pass word");
	expect(f, "user|passwd|sip:al/ice@x", "crlf\r\n", 0, "new password for sip:al/ice@x\n", "");
	unit_str(str_of(f->password), "crlf");
	expect(f, "user|allow|sip:al/ice@x", "", 0, "allowed sip:al/ice@x\n", "");
	assert_true(f->allowed);
	expect(f, "user|deny|sip:al/ice@x", "", 0, "denied sip:al/ice@x\n", "");
	assert_false(f->allowed);
	expect(f, "user|del|sip:al/ice@x", "", 0, "deleted sip:al/ice@x\n", "");
	expect(f, "--json|user|del|sip:al/ice@x", "", 0, "{\n  \"user\": \"sip:al/ice@x\"\n}\n",
	       "");
	expect(f, "user|del|bob", "", 1, "",
	       "parleyctl: there is no user bob: list the users to see those there are\n");
	expect(f, "user|del|a b", "", 1, "",
	       "parleyctl: \"a b\": not a user name: write NAME, NAME@DOMAIN or sip:NAME@DOMAIN\n");
	f->error = -EIO;
	expect(f, "user|list", "", 1, "",
	       "parleyctl: the store failed: Input/output error: look at the "
	       "server's log, and at the store in the status\n");
}


static void test_passwords(void)
{
	struct fixture *f = fixture();
	char *input = unit_storage(300);

	expect(f, "user|add|a", "", 1, "",
	       "parleyctl: the password is empty: give one with --password, or on standard "
	       "input\n");
	expect(f, "user|add|a|--password|", "", 1, "",
	       "parleyctl: the password is empty: give one with --password, or on standard "
	       "input\n");
	memset(input, 'x', 257);
	expect(f, "user|add|a", input, 1, "",
	       "parleyctl: the password is longer than 256 bytes: choose a shorter one\n");
	expect(f, "user|add|a", "\xff\n", 1, "",
	       "parleyctl: the user or the password is not text: write UTF-8\n");
	unit_str(str_of(f->user), "");
}


/** All pages are fetched. */
static void test_many_users(void)
{
	struct fixture *f = fixture();
	size_t lines = 0;

	f->many = true;
	assert_int_equal(run(f, "user|list", "", NULL), 0);
	for (size_t i = 0; i < f->out->n; i++)
		lines += f->out->p[i] == '\n';
	assert_int_equal(lines, MANY_USERS + 1);
	assert_true(str_ends(buf_str(f->out), STR("sip:u02344@x  yes\n")));
	f->circle = true;
	expect(f, "user|list", "", 1, "",
	       "parleyctl: the server's list of users does not end: look at the server's log\n");
}


static void test_registrations(void)
{
	struct fixture *f = fixture();
	static const char table[] =
		"USER                   CONTACT              EXPIRES  FROM                AGENT\n"
		"sip:alice@example.org  sip:alice@192.0.2.1  1h 2m    udp:192.0.2.1:5061  Evil?[2J "
		"?/1\n";

	expect(f, "registration|list", "", 0, table, "");
	expect(f, "registration|list|alice", "", 0, table, "");
	expect(f, "registration|list|bob", "", 0, "nobody is registered\n", "");
}


static void remove_file(void *path)
{
	unlink(path);
}


/** What the server was asked, besides what is printed. */
static void expect_asked(struct fixture *f, const char *words, const char *input, const char *asked,
			 const char *out)
{
	buf_clear(f->desk.asked);
	expect(f, words, input, 0, out, "");
	unit_buf_is(f->desk.asked, asked);
}


static void test_settings(void)
{
	struct fixture *f = fixture();
	static const char table[] = "SETTING        IS\n"
				    "barring.pager  on\n"
				    "push           off\n";

	expect_asked(f, "settings|get|al ice/x", "", "settings of al ice/x\n", table);
	expect_asked(f, "settings|set|alice|push=off|history=on", "",
		     "set settings of <alice>: push=off history=on\n", table);
	expect_asked(f, "--json|settings|get|alice", "", "settings of alice\n",
		     "{\n  \"user\": \"alice\",\n  \"settings\": {\n    \"barring.pager\": true,\n"
		     "    \"push\": false\n  }\n}\n");
	expect(f, "settings|set|alice|push", "", 2, "",
	       "parleyctl: \"push\" is no NAME=VALUE: write NAME=VALUE, without blanks around "
	       "\"=\"\n");
	f->desk.error = -EINVAL;
	f->desk.why = "push cannot be \"maybe\": write on or off";
	expect(f, "settings|set|alice|push=maybe", "", 1, "",
	       "parleyctl: push cannot be \"maybe\": write on or off\n");
	f->desk.why = NULL;
	f->desk.error = -ENOENT;
	expect(f, "settings|get|nobody", "", 1, "",
	       "parleyctl: there is no user nobody: list the users to see those there are\n");
}


static void test_documents(void)
{
	struct fixture *f = fixture();
	struct buf *words = unit_buf(1000);
	char *path = unit_storage(64);
	int fd;

	expect_asked(f, "document|list|alice", "", "documents of alice\n",
		     "AUID            NAME   BYTES  CHANGED\n"
		     "resource-lists  index  17     2026-01-02 03:04:05\n");
	expect_asked(f, "document|get|alice|resource-lists|in/dex", "",
		     "get alice resource-lists in/dex\n", "<resource-lists/>");
	expect_asked(f, "document|put|alice|resource-lists|index", "<a>\n</a>\n",
		     "put alice resource-lists index [] <a>\n</a>\n\n",
		     "stored resource-lists index of alice, 17 bytes\n");
	expect_asked(f, "document|delete|alice|resource-lists|index", "",
		     "remove alice resource-lists index\n",
		     "deleted resource-lists index of alice\n");

	snprintf(path, 64, "/tmp/parleyctl-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	unit_defer(remove_file, path);
	close(fd);
	buf_printf(words, "document|get|alice|resource-lists|index|%s", path);
	expect(f, unit_ptr(buf_cstr(words)), "", 0, "", "");
	buf_clear(words);
	buf_printf(words, "document|put|alice|resource-lists|index|%s", path);
	expect_asked(f, unit_ptr(buf_cstr(words)), "",
		     "put alice resource-lists index [] <resource-lists/>\n",
		     "stored resource-lists index of alice, 17 bytes\n");

	expect(f, "document|put|alice|a|b|/nonexistent/x", "", 1, "",
	       "parleyctl: cannot read /nonexistent/x (No such file or directory): name a file "
	       "that can be read\n");
	f->desk.error = -ENODATA;
	expect(f, "document|get|alice|a|b", "", 1, "",
	       "parleyctl: alice has no document a b: list the documents to see those there are\n");
	f->desk.error = -EINVAL;
	f->desk.why = "this is no XML: correct it";
	expect(f, "document|put|alice|a|b", "x", 1, "", "parleyctl: this is no XML: correct it\n");
}


static void test_policy(void)
{
	struct fixture *f = fixture();
	static const char table[] = "POLICY          SET BY   VALUE\n"
				    "pager.max-size  user     2000\n"
				    "charging        default  off\n";

	expect_asked(f, "policy|get", "", "policy of <>\n", table);
	expect_asked(f, "policy|get|alice", "", "policy of <alice>\n", table);
	expect_asked(f, "policy|set|pager.max-size=2000|large.types=text/*,image/*", "",
		     "set policy of <>: pager.max-size=2000 large.types=text/*,image/*\n", table);
	expect_asked(f, "policy|set|alice|charging=on", "", "set policy of <alice>: charging=on\n",
		     table);
	expect(f, "policy|set|alice", "", 2, "",
	       "parleyctl: there is nothing to set: add KEY=VALUE, for instance "
	       "pager.max-size=2000\n");
	expect(f, "policy|set|a=1|b", "", 2, "",
	       "parleyctl: \"b\" is no NAME=VALUE: write NAME=VALUE, without blanks around "
	       "\"=\"\n");
}


static void test_deferred(void)
{
	struct fixture *f = fixture();
	static const char one[] =
		"id         7\n"
		"for        sip:bob@example.org\n"
		"from       sip:alice@example.org\n"
		"kind       pager\n"
		"state      held\n"
		"bytes      5\n"
		"call-id    c1\n"
		"message-id m1\n"
		"since      2026-01-02 03:04:05\n"
		"until      2026-01-02 04:04:05\n"
		"device     urn:uuid:1: waiting, 2 attempts, answered 480, again at 2026-01-02 "
		"04:04:05\n";

	expect_asked(f, "deferred|list|bob", "", "deferred of <bob> after 0 limit 1001\n",
		     "ID  FOR                  FROM                   KIND   BYTES  SINCE          "
		     "      UNTIL                FILE\n"
		     "1   sip:bob@example.org  sip:alice@example.org  pager  5      2026-01-02 "
		     "03:04:05  "
		     "2026-01-02 04:04:05  -\n"
		     "2   sip:bob@example.org  sip:alice@example.org  file   5      2026-01-02 "
		     "03:04:05  "
		     "2026-01-02 04:04:05  cat.jpg\n");
	expect_asked(f, "deferred|show|7", "", "show 7\n", one);
	expect_asked(f, "deferred|show", "", "waiting users after <> limit 1001\n",
		     "USER                 MESSAGES  BYTES\n"
		     "sip:bob@example.org  2         10\n");
	assert_int_equal(run(f, "deferred|show|bob", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out), STR("04:04:05\n\nid         2\n")) > 0);
	expect_asked(f, "deferred|delete|7", "", "withdraw <> 7\n", "withdrew 1 message\n");
	expect_asked(f, "deferred|delete|bob", "", "withdraw <bob> 0\n", "withdrew 2 messages\n");
	expect_asked(f, "deferred|push", "", "push <>\n", "sending to 1 device\n");
	expect_asked(f, "deferred|push|bob", "", "push <bob>\n", "sending to 1 device\n");
	expect_asked(f, "--json|deferred|push|bob", "", "push <bob>\n", "{\n  \"devices\": 1\n}\n");
	f->desk.empty = true;
	expect_asked(f, "deferred|list", "", "deferred of <> after 0 limit 1001\n",
		     "nothing waits\n");
	expect(f, "deferred|show|bob", "", 0, "nothing waits\n", "");
	expect(f, "deferred|push", "", 0, "nobody for whom something waits is registered\n", "");
	f->desk.error = -ENODATA;
	expect(f, "deferred|push|bob", "", 1, "",
	       "parleyctl: bob is not registered: push again when they have registered\n");
}


static void test_sessions(void)
{
	struct fixture *f = fixture();
	static const char one[] = "id          abcd2345abcd2345\n"
				  "kind        session\n"
				  "state       active\n"
				  "from        sip:alice@example.org\n"
				  "to          sip:bob@example.org\n"
				  "function    both\n"
				  "call-id     c1\n"
				  "further     c2\n"
				  "invited     2026-01-02 03:04:05\n"
				  "established 2026-01-02 04:04:05\n"
				  "messages    3\n"
				  "bytes       15\n";

	expect_asked(f, "session|show|abcd2345abcd2345", "", "session abcd2345abcd2345\n", one);
	expect_asked(f, "session|end|abcd2345abcd2345", "", "end abcd2345abcd2345\n",
		     "ended abcd2345abcd2345\n");
	expect_asked(f, "--json|session|end|x", "", "end x\n", "{\n  \"ended\": \"x\"\n}\n");
	assert_int_equal(run(f, "session|list|bob", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out), STR("efgh2345efgh2345  sip:alice@example.org")) >
		    0);
	f->desk.empty = true;
	expect_asked(f, "session|list", "", "sessions of <> after 0 limit 1001\n", "no sessions\n");
	f->desk.error = -ENODATA;
	expect(f, "session|end|x", "", 1, "",
	       "parleyctl: there is no session x: list the sessions to see those that pass through "
	       "here\n");
}


static void test_conferences(void)
{
	struct fixture *f = fixture();
	static const char one[] =
		"id        abcd2345abcd2345\n"
		"kind      group\n"
		"address   sip:conf-abcd2345abcd2345@example.org\n"
		"group     sip:hikers@example.org\n"
		"founder   sip:alice@example.org\n"
		"subject   Sunday tour\n"
		"since     2026-01-02 03:04:05\n"
		"in        2\n"
		"coming    1\n"
		"watchers  1\n"
		"messages  4\n"
		"copies    8\n"
		"\n"
		"PERSON               STATUS     SINCE                MESSAGES  BYTES  ANONYMOUS\n"
		"sip:bob@example.org  connected  2026-01-02 03:04:05  2         10     yes\n";

	expect_asked(f, "conference|show|abcd2345abcd2345", "", "conference abcd2345abcd2345\n",
		     one);
	expect_asked(f, "conference|end|abcd2345abcd2345", "", "end conference abcd2345abcd2345\n",
		     "ended abcd2345abcd2345\n");
	expect_asked(f, "--json|conference|end|x", "", "end conference x\n",
		     "{\n  \"ended\": \"x\"\n}\n");
	assert_int_equal(run(f, "conference|list", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out),
				 STR("abcd2345abcd2345  group   sip:hikers@example.org  "
				     "sip:alice@example.org  2026-01-02 03:04:05  2   4\n")) > 0);
	assert_true(str_find_str(buf_str(f->out), STR("efgh2345efgh2345  ad-hoc  -  ")) > 0);
	f->desk.empty = true;
	expect_asked(f, "conference|list", "", "conferences after 0 limit 1001\n",
		     "no conferences\n");
	f->desk.error = -ENODATA;
	expect(f, "conference|show|x", "", 1, "",
	       "parleyctl: there is no conference x: list the conferences to see those that run "
	       "here\n");
}


static void test_groups(void)
{
	struct fixture *f = fixture();
	static const char one[] = "group    sip:hikers@example.org\n"
				  "name     Hikers\n"
				  "subject  Sunday tour\n"
				  "invite   on\n"
				  "advertise on\n"
				  "max      20\n"
				  "duration 2h\n"
				  "members  sip:alice@example.org  Alice\n"
				  "         tel:+15550100\n";

	expect_asked(f, "group|show|hikers", "", "group hikers\n", one);
	expect_asked(f, "group|create|hikers|alice|sip:b@x.net;a=b|name=Hikers|max=20", "",
		     "create hikers of alice sip:b@x.net;a=b with of <>: name=Hikers max=20\n",
		     one);
	expect_asked(f, "group|add|hikers|carol", "", "add carol to hikers\n", one);
	expect_asked(f, "group|remove|hikers|sip:c@x.net", "", "remove sip:c@x.net from hikers\n",
		     one);
	expect_asked(f, "group|delete|hikers", "", "delete group hikers\n", "deleted hikers\n");
	expect_asked(f, "group|list", "", "groups after <> limit 1001\n",
		     "GROUP                    BYTES  CHANGED\n"
		     "sip:hikers@example.org   17     2026-01-02 03:04:05\n"
		     "sip:skaters@example.org  17     2026-01-02 03:04:05\n");
	f->desk.unknown = true;
	expect(f, "group|add|hikers|alice", "", 0, one,
	       "parleyctl: note: sip:alice@example.org is a member now, but no user here: add the "
	       "user, or remove the member, unless that is as wanted\n");
	f->desk.empty = true;
	expect_asked(f, "group|list", "", "groups after <> limit 1001\n", "no groups\n");
	f->desk.error = -ENODATA;
	expect(f, "group|show|x", "", 1, "",
	       "parleyctl: there is no group x: list the groups to see those there are\n");
}


static void test_system_messages(void)
{
	struct fixture *f = fixture();

	expect_asked(f, "system-message|send|bob|New terms|--answer|yes|--answer=no|--timeout|1h",
		     "", "tell bob \"New terms\" in 3600: yes no\n",
		     "sent sm-1 to sip:bob@example.org\n");
	expect_asked(f, "system-message|send|bob|Hello", "", "tell bob \"Hello\" in 0:\n",
		     "sent sm-1 to sip:bob@example.org\n");
	expect_asked(
		f, "system-message|list", "", "system messages of <>\n",
		"USER                 ID    STATE     ANSWER  SENT                 TEXT\n"
		"sip:bob@example.org  sm-1  answered  yes     2026-01-02 03:04:05  New terms\n");
	expect_asked(f, "system-message|clear|bob", "", "clear bob <>\n", "cleared 3 messages\n");
	expect_asked(f, "system-message|clear|bob|sm-1", "", "clear bob <sm-1>\n",
		     "cleared 3 messages\n");
	expect(f, "system-message|send|bob|x|--answer|a|--timeout|soon", "", 2, "",
	       "parleyctl: --timeout: \"soon\" is not a duration: write numbers with d, h, m, s or "
	       "ms, such as "
	       "\"1h 30m\"; a number alone is seconds\n");
	expect(f, "system-message|list|--answer|yes", "", 2, "",
	       "parleyctl: system-message list takes no answers: leave --answer out\n");
	expect(f, "status|--timeout|1h", "", 2, "",
	       "parleyctl: status takes no timeout: leave --timeout out\n");
}


static void test_insight(void)
{
	struct fixture *f = fixture();

	expect_asked(f, "explain|<m1@x>", "", "explain <m1@x>\n",
		     "message  <m1@x>\n"
		     "from     sip:alice@example.org\n"
		     "\n"
		     "2026-01-02 03:04:05.678  kept on disk\n"
		     "2026-01-02 04:04:05.678  waits: nobody is there\n");
	expect(f, "trace|bob|--seconds|0", "", 2, "",
	       "parleyctl: --seconds \"0\" is no such number: write a number of seconds\n");
	assert_int_equal(run(f, "trace|bob|--seconds|1", "", NULL), 0);
	unit_str(buf_str(f->err), "tracing bob\n");
	unit_str(buf_str(f->out),
		 "2026-01-02 03:04:05.678  udp 192.0.2.1:5060            -->  MESSAGE "
		 "sip:bob@example.org\n"
		 "… 1 lines came too fast and are lost\n"
		 "2026-01-02 03:04:05.678                                ==   pager delivered?\n");
	/* The first question begins it, the next waits from where it stood. */
	assert_true(
		str_starts(buf_str(f->desk.asked), STR("explain <m1@x>\ntrace bob after 0 wait 0\n"
						       "trace bob after 3 wait 1\n")));
	f->desk.error = -ENODATA;
	expect(f, "explain|x", "", 1, "",
	       "parleyctl: nothing is known of a message x: write its Call-ID or IMDN "
	       "Message-ID; what is older stands in the log alone\n");
}


static void test_usage(void)
{
	struct fixture *f = fixture();

	expect(f, "", "", 2, "", "parleyctl: no command is given: see parleyctl --help\n");
	expect(f, "frob", "", 2, "", "parleyctl: there is no command frob: see parleyctl --help\n");
	expect(f, "user", "", 2, "",
	       "parleyctl: user is half a command: go on with add, del, list, passwd, "
	       "allow, deny\n");
	expect(f, "user|frob", "", 2, "",
	       "parleyctl: there is no command user frob: there are add, del, list, "
	       "passwd, allow, deny\n");
	expect(f, "user|add", "", 2, "",
	       "parleyctl: user add takes USER: write parleyctl user add USER\n");
	expect(f, "status|now", "", 2, "",
	       "parleyctl: status takes nothing: write parleyctl status\n");
	expect(f, "status|--password|x", "", 2, "",
	       "parleyctl: status takes no password: leave --password out\n");
	expect(f, "status|--frob", "", 2, "",
	       "parleyctl: there is no option --frob: see parleyctl --help\n");
	expect(f, "status|--admin", "", 2, "",
	       "parleyctl: --admin wants a value: write it behind\n");
	expect(f, "status|--admin|8080", "", 2, "",
	       "parleyctl: --admin \"8080\" is not HOST:PORT: write it as "
	       "HOST:PORT, such as 127.0.0.1:8080\n");
	expect(f, "status|--admin|a/b:80", "", 2, "",
	       "parleyctl: --admin \"a/b:80\" is not HOST:PORT: write it "
	       "as HOST:PORT, such as 127.0.0.1:8080\n");
	expect(f, "--version", "", 0, "parleyctl " PARLEY_VERSION "\n", "");
	assert_int_equal(run(f, "status|--help", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out), STR("\nExample\n  parleyctl user add alice\n")) >
		    0);
	assert_int_equal(f->err->n, 0);
}


/** --admin, before the configuration, before PARLEY_ADMIN. */
static void test_target(void)
{
	struct fixture *f = fixture();
	struct buf *words = unit_buf(1000), *expected = unit_buf(1000);
	uint16_t port = addr_port(admin_front_local(f->front));
	char *path = unit_storage(64);
	int fd;

	snprintf(path, 64, "/tmp/parleyctl-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	unit_defer(remove_file, path);
	dprintf(fd, "admin: {listen: 0.0.0.0:%u}\n", port);

	buf_printf(words, "config|-c|%s", path);
	assert_int_equal(run(f, unit_ptr(buf_cstr(words)), "", "127.0.0.1:1"), 0);
	unit_str(buf_str(f->out), "core: embedded\n");
	buf_clear(words);
	buf_printf(words, "config|--admin|localhost:%u|-c|/nonexistent", port);
	assert_int_equal(run(f, unit_ptr(buf_cstr(words)), "", "127.0.0.1:1"), 0);
	unit_str(buf_str(f->out), "core: embedded\n");

	dprintf(fd, "frob: 1\n");
	close(fd);
	buf_clear(words);
	buf_printf(words, "config|-c|%s", path);
	assert_int_equal(run(f, unit_ptr(buf_cstr(words)), "", "127.0.0.1:1"), 1);
	buf_printf(
		expected,
		"parleyctl: %s:2: frob: there is no such key: remove it; parley.yaml(5) has those "
		"there are\n",
		path);
	unit_buf_is(expected, buf_cstr(f->err));

	assert_int_equal(run(f, "config", "", "127.0.0.1:1"), 1);
	unit_str(buf_str(f->err),
		 "parleyctl: no server answers at 127.0.0.1:1: start parleyd, or name its "
		 "address with --admin HOST:PORT\n");
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_status), UNIT_TEST_PLAIN(test_config), UNIT_TEST_PLAIN(test_users),
	  UNIT_TEST_PLAIN(test_passwords), UNIT_TEST_PLAIN(test_many_users),
	  UNIT_TEST_PLAIN(test_registrations), UNIT_TEST_PLAIN(test_usage),
	  UNIT_TEST_PLAIN(test_target), UNIT_TEST_PLAIN(test_settings),
	  UNIT_TEST_PLAIN(test_documents), UNIT_TEST_PLAIN(test_policy),
	  UNIT_TEST_PLAIN(test_deferred), UNIT_TEST_PLAIN(test_sessions),
	  UNIT_TEST_PLAIN(test_conferences), UNIT_TEST_PLAIN(test_groups),
	  UNIT_TEST_PLAIN(test_system_messages), UNIT_TEST_PLAIN(test_insight))
