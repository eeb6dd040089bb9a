/* SPDX-License-Identifier: Apache-2.0 */
/* parley-bench: options, the runs of one work, one table. */

#include "bench.h"

#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/** Longer than the 5 s for which answers are kept, so that memory has settled. */
#define WARMUP_S 6
#define SECONDS 4
#define OUTSTANDING 64
/** The bad days of `pager --bad-days`: 1.5 times the capacity; a silent next hop. */
#define OVERLOAD 1.5
#define SILENT_RATE 1000
#define SILENT_SECONDS 16

struct options {
	const char *parleyd;
	bool vs_kamailio, json, bad_days, no_tcp, no_udp;
	unsigned seconds, warmup_s, outstanding;
};

/** One line of the table: a way of doing the work, on both subjects. */
struct row {
	const char *label;
	struct traffic traffic;
	double of_capacity; /**< LOAD_RATE: this many times the subject's own saturation */
};

static const char usage_text[] =
	"Usage: parley-bench WORK [--vs kamailio] [--seconds N] [--json]\n"
	"\n"
	"Work\n"
	"  pager            MESSAGE through the terminating function, all gates, as a proxy\n"
	"  deferred         durable MESSAGE to somebody who is not registered: on disk before 202\n"
	"\n"
	"Options\n"
	"  --vs kamailio    do the same with Kamailio in the same run, and print the ratio\n"
	"  --seconds N      how long each run is measured, after its warm-up (default 4)\n"
	"  --warmup N       seconds before that (default 6)\n"
	"  --outstanding N  open transactions at saturation (default 64)\n"
	"  --bad-days       also: 1.5 times the load, a next hop that is silent, one Call-ID for "
	"all\n"
	"  --transport T    only udp, or only tcp\n"
	"  --parleyd FILE   the server to start (default: the one this was built with)\n"
	"  --json           one JSON object for each row\n"
	"  --version, --help\n"
	"\n"
	"The server runs on core 0, the generator on core 1, on loopback ports 5060, 5070 and "
	"5080.\n"
	"Example:  parley-bench pager --vs kamailio\n";


uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}


void die(const char *fmt, ...)
{
	va_list ap;

	subject_stop_all();
	fputs("parley-bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}


static void on_signal(int signum)
{
	subject_stop_all();
	_exit(128 + signum);
}


static void run_one(struct result *ret, const struct options *o, const struct traffic *t,
		    bool parley)
{
	struct subject s;

	if (parley)
		subject_start_parley(&s, o->parleyd, t);
	else
		subject_start_kamailio(&s, t);
	if (!t->deferred)
		pager_register(&s, t->tcp);
	pager_run(ret, t, &s);
	subject_stop(&s);
}


/* Ours over the peer's: of the CPU for each unit, or of the rates where the disk is what both wait for. */
static double ratio_of(const struct row *row, const struct result *us, const struct result *peer)
{
	if (!peer)
		return 0;
	if (row->traffic.deferred)
		return peer->rate > 0 ? us->rate / peer->rate : 0;
	return peer->cpu_us > 0 ? us->cpu_us / peer->cpu_us : 0;
}


static void print_json(const struct row *row, const struct result *us, const struct result *peer)
{
	static const char numbers[] =
		"\"rate\": %.0f, \"cpu_us\": %.2f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
		"\"lost\": %llu, \"memory_kb\": %llu, \"refused\": %.0f, \"core\": %.3f";

	printf("{\"work\": \"%s\", ", row->label);
	printf(numbers, us->rate, us->cpu_us, us->p50_us, us->p99_us, (unsigned long long)us->lost,
	       (unsigned long long)us->memory_kb, us->refused, us->core_share);
	if (peer) {
		printf(", \"peer\": {\"name\": \"kamailio\", ");
		printf(numbers, peer->rate, peer->cpu_us, peer->p50_us, peer->p99_us,
		       (unsigned long long)peer->lost, (unsigned long long)peer->memory_kb,
		       peer->refused, peer->core_share);
		printf("}, \"ratio\": %.3f", ratio_of(row, us, peer));
	}
	printf("}\n");
}


static void print_line(const char *label, const char *name, const struct result *r, double ratio)
{
	printf("%-22s %-9s %9.0f %8.2f %6.0f%% %8.0f %8.0f %7llu %9.0f %8llu", label, name, r->rate,
	       r->cpu_us, r->core_share * 100, r->p50_us, r->p99_us, (unsigned long long)r->lost,
	       r->refused, (unsigned long long)r->memory_kb / 1024);
	if (ratio > 0)
		printf("   %.3f", ratio);
	printf("\n");
}


static void print(const struct options *o, const struct row *row, const struct result *us,
		  const struct result *peer)
{
	if (o->json) {
		print_json(row, us, peer);
	} else {
		print_line(row->label, "parleyd", us, ratio_of(row, us, peer));
		if (peer)
			print_line("", "kamailio", peer, 0);
	}
	fflush(stdout);
}


/* At a rate that is a multiple of the capacity, each subject gets the multiple of its own. */
static void run_row(const struct options *o, const struct row *row, double *capacity)
{
	struct result r[2];

	for (int i = 0; i < (o->vs_kamailio ? 2 : 1); i++) {
		struct traffic t = row->traffic;

		if (row->of_capacity > 0)
			t.rate = capacity[i] * row->of_capacity;
		run_one(&r[i], o, &t, i == 0);
		if (t.load == LOAD_SATURATION && !t.tcp && !t.one_call_id)
			capacity[i] = r[i].rate;
	}
	print(o, row, &r[0], o->vs_kamailio ? &r[1] : NULL);
}


static void print_head(const struct options *o)
{
	if (!o->json)
		printf("%-22s %-9s %9s %8s %7s %8s %8s %7s %9s %8s   %s\n", "work", "server",
		       "per s", "cpu us", "core", "p50 us", "p99 us", "lost", "refused/s", "MB",
		       o->vs_kamailio ? "ratio" : "");
}


/* The second row is for the ratio: the peer's database with a log like ours, which Kamailio does not ask for itself. */
static void deferred(const struct options *o)
{
	struct row row = {
		.label = "deferred udp",
		.traffic = {.deferred = true,
			    .outstanding = o->outstanding,
			    .warmup_s = o->warmup_s,
			    .seconds = o->seconds},
	};
	double capacity[2] = {0};

	print_head(o);
	run_row(o, &row, capacity);
	if (!o->vs_kamailio)
		return;
	row.label = "deferred udp, peer WAL";
	row.traffic.peer_wal = true;
	run_row(o, &row, capacity);
}


static void pager(const struct options *o)
{
	struct traffic base = {.outstanding = o->outstanding,
			       .warmup_s = o->warmup_s,
			       .seconds = o->seconds};
	struct row rows[5] = {
		{.label = "pager udp", .traffic = base},
		{.label = "pager tcp", .traffic = base},
		{.label = "pager udp, load x1.5", .traffic = base, .of_capacity = OVERLOAD},
		{.label = "pager udp, silent hop", .traffic = base},
		{.label = "pager udp, one Call-ID", .traffic = base},
	};
	double capacity[2] = {0};

	rows[1].traffic.tcp = true;
	rows[2].traffic.load = LOAD_RATE;
	rows[3].traffic.load = LOAD_SILENT;
	rows[3].traffic.rate = SILENT_RATE;
	rows[3].traffic.seconds = SILENT_SECONDS;
	rows[4].traffic.one_call_id = true;
	print_head(o);
	for (int i = 0; i < (o->bad_days ? 5 : 2); i++) {
		if (rows[i].traffic.tcp ? !o->no_tcp : !o->no_udp)
			run_row(o, &rows[i], capacity);
	}
}


static const char *beside(const char *self)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	(void)self;
	if (n <= 0)
		return "parleyd";
	path[n] = '\0';
	char *cut = strstr(path, "/apps/parley-bench/");
	if (!cut)
		return "parleyd";
	memcpy(cut, "/src/server/parleyd", sizeof("/src/server/parleyd"));
	return path;
}


static unsigned number(const char *text, const char *option)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || end == text || v > 100000) {
		fprintf(stderr, "parley-bench: %s wants a number, not '%s'\n", option, text);
		exit(2);
	}
	return (unsigned)v;
}


static int wrong_usage(const char *what)
{
	fprintf(stderr, "parley-bench: %s: see parley-bench --help\n", what);
	return 2;
}


int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"vs", required_argument, NULL, 'v'},
		{"seconds", required_argument, NULL, 's'},
		{"warmup", required_argument, NULL, 'w'},
		{"outstanding", required_argument, NULL, 'n'},
		{"transport", required_argument, NULL, 't'},
		{"parleyd", required_argument, NULL, 'p'},
		{"bad-days", no_argument, NULL, 'b'},
		{"json", no_argument, NULL, 'j'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options o = {.parleyd = beside(argv[0]),
			    .seconds = SECONDS,
			    .warmup_s = WARMUP_S,
			    .outstanding = OUTSTANDING};
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
		switch (c) {
		case 'v':
			if (strcmp(optarg, "kamailio"))
				return wrong_usage("--vs knows kamailio alone");
			o.vs_kamailio = true;
			break;
		case 's':
			o.seconds = number(optarg, "--seconds");
			break;
		case 'w':
			o.warmup_s = number(optarg, "--warmup");
			break;
		case 'n':
			o.outstanding = number(optarg, "--outstanding");
			break;
		case 't':
			o.no_tcp = strcmp(optarg, "udp") == 0;
			o.no_udp = strcmp(optarg, "tcp") == 0;
			if (!o.no_tcp && !o.no_udp)
				return wrong_usage("--transport is udp or tcp");
			break;
		case 'p':
			o.parleyd = optarg;
			break;
		case 'b':
			o.bad_days = true;
			break;
		case 'j':
			o.json = true;
			break;
		case 'V':
			printf("parley-bench %s\n", PARLEY_VERSION);
			return 0;
		case 'h':
			printf("%s", usage_text);
			return 0;
		default:
			return wrong_usage("wrong usage");
		}
	}
	if (optind + 1 != argc ||
	    (strcmp(argv[optind], "pager") && strcmp(argv[optind], "deferred")))
		return wrong_usage("say which work: pager, deferred");

	cpu_set_t core;
	CPU_ZERO(&core);
	CPU_SET(1, &core);
	if (sched_setaffinity(0, sizeof(core), &core))
		die("needs two cores: the server has one of its own");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (strcmp(argv[optind], "deferred") == 0)
		deferred(&o);
	else
		pager(&o);
	return 0;
}
