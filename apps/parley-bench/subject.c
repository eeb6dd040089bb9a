/* SPDX-License-Identifier: Apache-2.0 */
/* The server under test: started on core 0, its CPU and memory read from the kernel. */

#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** How long a subject may take to be up, and to be gone. */
#define START_TRIES 100
#define TRY_NS 100000000L

static struct subject *running;

static const char parley_yaml[] = "domain: ims.example.org\n"
				  "core: ims\n"
				  "listen: [udp:127.0.0.1:5060, tcp:127.0.0.1:5060]\n"
				  "ims: {peers: [127.0.0.1], next-hop: 'sip:127.0.0.1:5080'}\n"
				  "store: '%s%s%s'\n"
				  "deferred: {quota: 0}\n"
				  "admin: {listen: 127.0.0.1:8089}\n"
				  "log: {level: notice}\n"
				  /* what Kamailio keeps by default: answers for 5 s */
				  "timers: {linger: 5s}\n";

/* The kindest Kamailio: no service, no database, its fast allocator, shared memory touched beforehand. */
static const char kamailio_cfg[] =
	"#!KAMAILIO\n"
	"debug=-1\nlog_stderror=no\nfork=yes\n"
	"%s"
	"shm_force_alloc=yes\nauto_aliases=no\ndns=no\nrev_dns=no\n"
	"loadmodule \"kex.so\"\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\n"
	"loadmodule \"rr.so\"\nloadmodule \"pv.so\"\nloadmodule \"maxfwd.so\"\n"
	"loadmodule \"textops.so\"\nloadmodule \"siputils.so\"\n"
	"modparam(\"rr\", \"enable_double_rr\", 0)\n"
	"%s"
	"request_route {\n"
	"  if (!mf_process_maxfwd_header(\"10\")) { sl_send_reply(\"483\",\"Too Many Hops\"); "
	"exit; }\n"
	"  %s\n"
	"  exit;\n"
	"}\n";


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


static void make_dir(struct subject *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/parley-bench.XXXXXX");
	if (!mkdtemp(s->dir))
		die("cannot make a directory in /tmp: %s: is the disk full?", strerror(errno));
}


/* On core 0, its output in a file. */
static pid_t spawn(const struct subject *s, const char *const argv[])
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


void subject_start_parley(struct subject *s, const char *parleyd, const struct traffic *t)
{
	char path[128], text[1024];

	*s = (struct subject){.name = "parleyd", .parley = true};
	make_dir(s);
	snprintf(path, sizeof(path), "%s/parley.yaml", s->dir);
	snprintf(text, sizeof(text), parley_yaml,
		 t->deferred ? "sqlite:" : "memory:", t->deferred ? s->dir : "",
		 t->deferred ? "/parley.db" : "");
	write_file(path, text);
	s->main = spawn(s, (const char *[]){parleyd, "-c", path, NULL});
	s->pids[0] = s->main;
	s->pids_n = 1;
	running = s;
	nap();
	nap();
	if (waitpid(s->main, NULL, WNOHANG)) {
		show_log(s);
		die("parleyd did not start (its log is above): is port %d taken?", PORT_SUBJECT);
	}
}


static bool read_pid(const char *path, pid_t *ret)
{
	FILE *f = fopen(path, "r");
	int pid = 0;

	if (!f)
		return false;
	bool ok = fscanf(f, "%d", &pid) == 1 && pid > 1;
	fclose(f);
	*ret = pid;
	return ok;
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
static void prepare_msilo(const struct subject *s, bool wal, char *modules, size_t n)
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
	snprintf(modules, n,
		 "loadmodule \"db_sqlite.so\"\nloadmodule \"msilo.so\"\n"
		 "modparam(\"msilo\", \"db_url\", \"sqlite:///%s/msilo.sqlite\")\n"
		 "modparam(\"msilo\", \"check_time\", 3600)\nmodparam(\"msilo\", \"clean_period\", "
		 "1000)\n",
		 s->dir);
}


void subject_start_kamailio(struct subject *s, const struct traffic *t)
{
	char cfg[128], pidfile[128], text[4096], modules[1024] = "";

	*s = (struct subject){.name = "kamailio"};
	make_dir(s);
	snprintf(cfg, sizeof(cfg), "%s/kamailio.cfg", s->dir);
	snprintf(pidfile, sizeof(pidfile), "%s/pid", s->dir);
	if (t->deferred)
		prepare_msilo(s, t->peer_wal, modules, sizeof(modules));
	snprintf(text, sizeof(text), kamailio_cfg,
		 t->tcp ? "listen=tcp:127.0.0.1:5060\ntcp_children=1\n"
			: "children=1\nlisten=udp:127.0.0.1:5060\ndisable_tcp=yes\nmaxbuffer="
			  "4194304\nudp4_raw=0\n",
		 modules,
		 t->deferred ? "t_newtran();\n  if (m_store(\"$ru\")) t_reply(\"202\", "
			       "\"Accepted\"); else "
			       "t_reply(\"503\", \"Not Stored\");"
			     : "loose_route();\n  t_relay();");
	write_file(cfg, text);
	pid_t starter = spawn(s, (const char *[]){"kamailio", "-f", cfg, "-P", pidfile, "-m",
						  "4096", "-M", "64", "-x", "tlsf", "-X", "tlsf",
						  "-w", s->dir, NULL});
	int status = 0;
	waitpid(starter, &status, 0);
	if (status) {
		show_log(s);
		die("kamailio did not start (its log is above): scripts/install-deps bench "
		    "installs it");
	}
	int tries = 0;
	while (!read_pid(pidfile, &s->main)) {
		if (++tries > START_TRIES)
			die("kamailio did not write its pid: see %s/log", s->dir);
		nap();
	}
	running = s;
	for (int i = 0; i < 20; i++) /* its workers come up one by one */
		nap();
	find_children(s);
}


void subject_stop(struct subject *s)
{
	char command[128];

	running = NULL;
	kill(s->main, SIGTERM);
	for (int i = 0; i < START_TRIES; i++) {
		if (waitpid(s->main, NULL, WNOHANG) > 0 || kill(s->main, 0))
			break;
		nap();
	}
	for (size_t i = 0; i < s->pids_n; i++)
		kill(s->pids[i], SIGKILL);
	(void)waitpid(s->main, NULL, WNOHANG);
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
