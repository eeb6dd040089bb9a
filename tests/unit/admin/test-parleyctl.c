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

#include "admin/admin.h"
#include "base/loop.h"
#include "lib/unit.h"

#define ARGS_MAX    16
#define OUTPUT_MAX  (1u << 20)
#define PATIENCE_MS 20000
/** More than one page of the default size. */
#define MANY_USERS  2345

struct fixture {
	struct loop *loop;
	struct admin *admin;
	struct admin_front *front;
	struct timer patience;
	pid_t pid;
	int status;
	struct buf *out, *err;
	char user[64], password[64];
	bool allowed, many, late;
	int error;
};


static int change(struct fixture *f, struct str user, admin_done_cb *done, void *done_arg, struct buf *why)
{
	if (str_find(user, ' ') >= 0) {
		buf_puts(why, STR("\"a b\": not a user name"));
		return -EINVAL;
	}
	done(f->error ? f->error : str_eq(user, str_of(f->user)) ? 0 : -ENOENT, done_arg);
	return 0;
}


static int user_add(struct str user, struct str password, admin_done_cb *done, void *done_arg, struct buf *why,
		    void *arg)
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


static int user_remove(struct str user, admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
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


static int user_allow(struct str user, bool allowed, admin_done_cb *done, void *done_arg, struct buf *why,
		      void *arg)
{
	((struct fixture *)arg)->allowed = allowed;
	return change(arg, user, done, done_arg, why);
}


static int user_list(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done, void *done_arg,
		     struct buf *why, void *arg)
{
	struct fixture *f = arg;

	(void)why;
	for (int i = 0; f->many && i < MANY_USERS && limit; i++) {
		char name[32];

		snprintf(name, sizeof(name), "sip:u%05d@x", i);
		if (after.n && str_cmp(str_of(name), after) <= 0)
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
		.address = STR("sip:alice@example.org"), .contact = STR("sip:alice@192.0.2.1"),
		.received = STR("udp:192.0.2.1:5061"), .user_agent = STR("Evil\x1b[2J \xc2\x9b/1"),
		.expires_s = 3725, .q_milli = 1000,
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
		.node = STR("im1"), .core = STR("embedded"), .domains = STR("example.org example.net"),
		.uptime_ms = 93784000,
		.load = {.connections = 2, .transactions = 3, .registrations = 4, .queue_delay_us = 1250,
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
	struct addr local;

	f->out = unit_buf(OUTPUT_MAX);
	f->err = unit_buf(OUTPUT_MAX);
	unit_defer(done_fixture, f);
	f->loop = unit_ptr(loop_uv_alloc());
	unit_ok(loop_on_signal(f->loop, SIGCHLD, on_child, f));
	unit_ok(addr_decode(&local, STR("127.0.0.1"), 0));
	unit_ok(admin_alloc(&f->admin, &(struct admin_services){
		.status = status, .config = config, .user_add = user_add, .user_remove = user_remove,
		.user_passwd = user_passwd, .user_allow = user_allow, .user_list = user_list,
		.registration_list = registration_list, .arg = f}));
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


static void expect(struct fixture *f, const char *words, const char *input, int code, const char *out,
		   const char *err)
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
	       "store     sqlite, healthy\n", "");
	f->error = -EIO;
	run(f, "status", "", NULL);
	assert_true(str_ends(buf_str(f->out), STR("\nstore     sqlite, does not work: disk full\n")));
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
	       "parleyctl: there is already a user sip:al/ice@x: choose another name, or change the password\n");
	expect(f, "user|list", "", 0,
	       "USER                   MAY USE THE SERVICE\n"
	       "sip:alice@example.org  yes\n"
	       "sip:z\xc3\xb6@x               no\n", "");
	expect(f, "user|passwd|sip:al/ice@x|--password=pass word", "", 0, "new password for sip:al/ice@x\n", "");
	unit_str(str_of(f->password), "pass word");
	expect(f, "user|passwd|sip:al/ice@x", "crlf\r\n", 0, "new password for sip:al/ice@x\n", "");
	unit_str(str_of(f->password), "crlf");
	expect(f, "user|allow|sip:al/ice@x", "", 0, "allowed sip:al/ice@x\n", "");
	assert_true(f->allowed);
	expect(f, "user|deny|sip:al/ice@x", "", 0, "denied sip:al/ice@x\n", "");
	assert_false(f->allowed);
	expect(f, "user|del|sip:al/ice@x", "", 0, "deleted sip:al/ice@x\n", "");
	expect(f, "--json|user|del|sip:al/ice@x", "", 0, "{\n  \"user\": \"sip:al/ice@x\"\n}\n", "");
	expect(f, "user|del|bob", "", 1, "",
	       "parleyctl: there is no user bob: list the users to see those there are\n");
	expect(f, "user|del|a b", "", 1, "",
	       "parleyctl: \"a b\": not a user name: write NAME, NAME@DOMAIN or sip:NAME@DOMAIN\n");
	f->error = -EIO;
	expect(f, "user|list", "", 1, "", "parleyctl: the store failed: Input/output error: look at the "
	       "server's log, and at the store in the status\n");
}


static void test_passwords(void)
{
	struct fixture *f = fixture();
	char *input = unit_storage(300);

	expect(f, "user|add|a", "", 1, "",
	       "parleyctl: the password is empty: give one with --password, or on standard input\n");
	expect(f, "user|add|a|--password|", "", 1, "",
	       "parleyctl: the password is empty: give one with --password, or on standard input\n");
	memset(input, 'x', 257);
	expect(f, "user|add|a", input, 1, "",
	       "parleyctl: the password is longer than 256 bytes: choose a shorter one\n");
	expect(f, "user|add|a", "\xff\n", 1, "", "parleyctl: the user or the password is not text: write UTF-8\n");
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
}


static void test_registrations(void)
{
	struct fixture *f = fixture();
	static const char table[] =
		"USER                   CONTACT              EXPIRES  FROM                AGENT\n"
		"sip:alice@example.org  sip:alice@192.0.2.1  1h 2m    udp:192.0.2.1:5061  Evil?[2J ?/1\n";

	expect(f, "registration|list", "", 0, table, "");
	expect(f, "registration|list|alice", "", 0, table, "");
	expect(f, "registration|list|bob", "", 0, "nobody is registered\n", "");
}


static void test_usage(void)
{
	struct fixture *f = fixture();

	expect(f, "", "", 2, "", "parleyctl: no command is given: see parleyctl --help\n");
	expect(f, "frob", "", 2, "", "parleyctl: there is no command frob: see parleyctl --help\n");
	expect(f, "user", "", 2, "", "parleyctl: user is half a command: go on with add, del, list, passwd, "
	       "allow, deny\n");
	expect(f, "user|frob", "", 2, "", "parleyctl: there is no command user frob: there are add, del, list, "
	       "passwd, allow, deny\n");
	expect(f, "user|add", "", 2, "", "parleyctl: user add takes USER: write parleyctl user add USER\n");
	expect(f, "status|now", "", 2, "", "parleyctl: status takes nothing: write parleyctl status\n");
	expect(f, "status|--password|x", "", 2, "",
	       "parleyctl: status takes no password: leave --password out\n");
	expect(f, "status|--frob", "", 2, "", "parleyctl: there is no option --frob: see parleyctl --help\n");
	expect(f, "status|--admin", "", 2, "", "parleyctl: --admin wants a value: write it behind\n");
	expect(f, "status|--admin|8080", "", 2, "", "parleyctl: --admin \"8080\" is not HOST:PORT: write it as "
	       "HOST:PORT, such as 127.0.0.1:8080\n");
	expect(f, "status|--admin|a/b:80", "", 2, "", "parleyctl: --admin \"a/b:80\" is not HOST:PORT: write it "
	       "as HOST:PORT, such as 127.0.0.1:8080\n");
	expect(f, "--version", "", 0, "parleyctl " PARLEY_VERSION "\n", "");
	assert_int_equal(run(f, "status|--help", "", NULL), 0);
	assert_true(str_find_str(buf_str(f->out), STR("\nExample\n  parleyctl user add alice\n")) > 0);
	assert_int_equal(f->err->n, 0);
}


static void remove_file(void *path)
{
	unlink(path);
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
	buf_printf(expected, "parleyctl: %s:2: frob: there is no such key: remove it; parley.yaml(5) has those "
		   "there are\n", path);
	unit_buf_is(expected, buf_cstr(f->err));

	assert_int_equal(run(f, "config", "", "127.0.0.1:1"), 1);
	unit_str(buf_str(f->err), "parleyctl: no server answers at 127.0.0.1:1: start parleyd, or name its "
		 "address with --admin HOST:PORT\n");
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_status), UNIT_TEST_PLAIN(test_config), UNIT_TEST_PLAIN(test_users),
	  UNIT_TEST_PLAIN(test_passwords), UNIT_TEST_PLAIN(test_many_users),
	  UNIT_TEST_PLAIN(test_registrations), UNIT_TEST_PLAIN(test_usage), UNIT_TEST_PLAIN(test_target))
