/* SPDX-License-Identifier: Apache-2.0 */
/* The server under test: started on core 0, its CPU and memory read from the kernel. */

#include "bench.h"
#include "subject_config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** How long a subject may take to be up, and to be gone: Kamailio touches its 4 GB first. */
#define START_TRIES 600
#define STOP_TRIES 100
#define TRY_NS 100000000L

static struct subject *running;


static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
}


static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		die("cannot write %s: %s: is the disk full?", path, strerror(errno));
}


/* One that is there already is another's, or was left by one that was killed. */
static void make_dir(struct subject *s)
{
	static unsigned serial;
	int err;

	do {
		snprintf(s->dir, sizeof(s->dir), "/tmp/parley-bench.%ld.%u", (long)getpid(),
			 serial++);
		err = mkdir(s->dir, 0700);
	} while (err && errno == EEXIST);
	if (err)
		die("cannot make a directory in /tmp: %s: is the disk full?", strerror(errno));
}


/* On core 0, in a group of its own, its output in a file; `argv` NULL: the forwarder, or with `t` the copier. */
static pid_t spawn(const struct subject *s, const char *const argv[], const struct traffic *t)
{
	char log[128];

	snprintf(log, sizeof(log), "%s/log", s->dir);
	pid_t pid = fork();
	if (pid < 0)
		die("cannot start a process: %s", strerror(errno));
	if (pid)
		return pid;
	cpu_set_t core;
	CPU_ZERO(&core);
	CPU_SET(0, &core);
	sched_setaffinity(0, sizeof(core), &core);
	setpgid(0, 0);
	if (!argv && t)
		copier_run(PORT_MSRP, t->members - 1, group_message_n());
	if (!argv)
		forwarder_run(PORT_MSRP, PORT_MSRP_RECEIVER);
	int fd = open(log, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	dprintf(fd, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}


static void show_log(const struct subject *s)
{
	char path[128], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", s->dir);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}


/* Anything that is answered will do. */
static const char probe_text[] = "OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
				 "Via: SIP/2.0/%s 127.0.0.1:%d;rport;branch=z9hG4bKprobe%d\r\n"
				 "Max-Forwards: 0\r\n"
				 "From: <sip:probe@127.0.0.1>;tag=1\r\n"
				 "To: <sip:127.0.0.1>\r\n"
				 "Call-ID: probe-%d\r\n"
				 "CSeq: 1 OPTIONS\r\n"
				 "Content-Length: 0\r\n\r\n";


/*
 * Does it serve? That its port takes a connection says nothing: Kamailio listens long before its
 * workers are there, and what is not there yet is neither measured nor stopped.
 */
static bool answers(bool tcp, uint16_t port, int try)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	char text[512], answer[2048];
	int fd = socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in me = {0};
	socklen_t me_n = sizeof(me);
	bool ok = false;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 500000},
		   sizeof(struct timeval));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
		getsockname(fd, (struct sockaddr *)&me, &me_n);
		int n = snprintf(text, sizeof(text), probe_text, tcp ? "TCP" : "UDP",
				 ntohs(me.sin_port), try, try);
		ok = send(fd, text, (size_t)n, MSG_NOSIGNAL) == n &&
		     recv(fd, answer, sizeof(answer), 0) > 0;
	}
	close(fd);
	return ok;
}


/* Until it answers; the log shows why it does not. */
static void await(struct subject *s, bool tcp, uint16_t port)
{
	running = s;
	for (int i = 0; i < START_TRIES; i++) {
		if (answers(tcp, port, i))
			return;
		if (waitpid(s->main, NULL, WNOHANG)) {
			show_log(s);
			die("%s did not start (its log is above): is port %d taken?", s->name,
			    port);
		}
		nap();
	}
	show_log(s);
	die("%s does not answer on port %d", s->name, port);
}


void subject_start_parley(struct subject *s, const char *parleyd, const struct traffic *t)
{
	char path[128], text[1024];

	*s = (struct subject){.name = "parleyd", .parley = true};
	make_dir(s);
	snprintf(path, sizeof(path), "%s/parley.yaml", s->dir);
	subject_parley_yaml(text, sizeof(text), s->dir, t);
	write_file(path, text);
	s->main = spawn(s, (const char *[]){parleyd, "-c", path, NULL}, NULL);
	s->pids[0] = s->main;
	s->pids_n = 1;
	await(s, t->tcp, PORT_SUBJECT);
}


void subject_start_forwarder(struct subject *s)
{
	*s = (struct subject){.name = "forwarder"};
	make_dir(s);
	s->main = spawn(s, NULL, NULL);
	s->pids[0] = s->main;
	s->pids_n = 1;
	running = s;
}


void subject_start_copier(struct subject *s, const struct traffic *t)
{
	*s = (struct subject){.name = "write()"};
	make_dir(s);
	s->main = spawn(s, NULL, t);
	s->pids[0] = s->main;
	s->pids_n = 1;
	running = s;
}


/* It listens when it serves. */
static void await_xmpp(struct subject *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_XMPP)};
	bool up = false;

	running = s;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < START_TRIES && !up; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		up = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
		close(fd);
		if (!up && waitpid(s->main, NULL, WNOHANG)) {
			show_log(s);
			die("ejabberd did not start (its log is above): scripts/install-deps bench "
			    "installs it");
		}
		if (!up)
			nap();
	}
	if (!up)
		die("ejabberd does not listen on port %d", PORT_XMPP);
}


void subject_start_ejabberd(struct subject *s)
{
	char path[128], db[160], config[160], log[160];

	*s = (struct subject){.name = "ejabberd"};
	make_dir(s);
	snprintf(path, sizeof(path), "%s/ejabberd.yml", s->dir);
	write_file(path, subject_ejabberd_yaml);
	snprintf(db, sizeof(db), "\"%s/db\"", s->dir);
	snprintf(config, sizeof(config), "\"%s\"", path);
	snprintf(log, sizeof(log), "\"%s/ejabberd.log\"", s->dir);
	setenv("ERL_LIBS", "/usr/lib/x86_64-linux-gnu", 0);
	s->main = spawn(s,
			(const char *[]){"erl", "+S", "1:1", "+sbwt", "none", "-noinput", "-mnesia",
					 "dir", db, "-ejabberd", "config", config, "log_path", log,
					 "-s", "ejabberd", NULL},
			NULL);
	s->pids[0] = s->main;
	s->pids_n = 1;
	await_xmpp(s);
}


static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	const char *p = strrchr(text, ')');
	int parent = 0;
	return p && sscanf(p + 1, " %*c %d", &parent) == 1 ? parent : 0;
}


static void find_children(struct subject *s)
{
	DIR *proc = opendir("/proc");

	s->pids[0] = s->main;
	s->pids_n = 1;
	for (struct dirent *e; proc && (e = readdir(proc));) {
		pid_t pid = atoi(e->d_name);
		if (pid > 1 && s->pids_n < SUBJECT_PIDS_MAX && parent_of(pid) == s->main)
			s->pids[s->pids_n++] = pid;
	}
	if (proc)
		closedir(proc);
}


/* msilo and nothing besides; in SQLite as Kamailio opens it, or with a write-ahead log: one fsync a message. */
static void prepare_msilo(const struct subject *s, bool wal)
{
	static const char sql[] = "/usr/share/kamailio/db_sqlite";
	char command[512];

	snprintf(command, sizeof(command),
		 "{ echo 'PRAGMA journal_mode=%s;'; cat %s/standard-create.sql "
		 "%s/msilo-create.sql; } | "
		 "sqlite3 '%s/msilo.sqlite' >'%s/log' 2>&1",
		 wal ? "WAL" : "DELETE", sql, sql, s->dir, s->dir);
	if (system(command)) {
		show_log(s);
		die("cannot make msilo's database: scripts/install-deps bench installs what is "
		    "needed");
	}
}


void subject_start_kamailio(struct subject *s, const struct traffic *t)
{
	char cfg[128], pidfile[128], text[4096];

	*s = (struct subject){.name = "kamailio"};
	make_dir(s);
	snprintf(cfg, sizeof(cfg), "%s/kamailio.cfg", s->dir);
	snprintf(pidfile, sizeof(pidfile), "%s/pid", s->dir);
	if (t->deferred)
		prepare_msilo(s, t->peer_wal);
	subject_kamailio_cfg(text, sizeof(text), s->dir, t);
	write_file(cfg, text);
	/* -DD: it stays our child, so that its end is seen. */
	s->main = spawn(s,
			(const char *[]){"kamailio", "-DD", "-f", cfg, "-P", pidfile, "-m", "4096",
					 "-M", "64", "-x", "tlsf", "-X", "tlsf", "-w", s->dir,
					 NULL},
			NULL);
	await(s, t->tcp || t->msrp, t->msrp ? PORT_MSRP : PORT_SUBJECT);
	find_children(s);
}


/* Whoever is of its group, or a child of it that has left the group. */
static void kill_all(struct subject *s)
{
	kill(-s->main, SIGKILL);
	for (size_t i = 1; i < s->pids_n; i++)
		kill(s->pids[i], SIGKILL);
}


void subject_stop(struct subject *s)
{
	char command[128];
	bool gone = false;

	running = NULL;
	find_children(s);
	kill(s->main, SIGTERM);
	for (int i = 0; i < STOP_TRIES && !gone; i++) {
		gone = waitpid(s->main, NULL, WNOHANG) != 0;
		if (!gone)
			nap();
	}
	kill_all(s);
	if (!gone)
		(void)waitpid(s->main, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	(void)!system(command);
}


void subject_stop_all(void)
{
	if (running)
		subject_stop(running);
}


static uint64_t cpu_of(pid_t pid)
{
	char path[320];
	uint64_t sum = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);
	for (struct dirent *e; tasks && (e = readdir(tasks));) {
		unsigned long long ns = 0;
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.32s/schedstat", pid, e->d_name);
		FILE *f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}


static uint64_t resident_kb(pid_t pid)
{
	char path[64];
	unsigned long long pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	FILE *f = fopen(path, "r");
	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}


struct subject_usage subject_usage(const struct subject *s)
{
	struct subject_usage u = {0};

	for (size_t i = 0; i < s->pids_n; i++) {
		uint64_t kb = resident_kb(s->pids[i]);
		u.cpu_ns += cpu_of(s->pids[i]);
		u.memory_kb = kb > u.memory_kb ? kb : u.memory_kb; /* shared memory counts once */
	}
	return u;
}
