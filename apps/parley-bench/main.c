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
#include <sys/resource.h>
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

/** Sizes of the messages of `msrp`. What is above the last is more than Kamailio can take in. */
#define MSRP_SMALL 200
#define MSRP_MIDDLE 8192
#define MSRP_LARGE (10u << 20)
/** Large ones on their way at once. */
#define MSRP_LARGE_WINDOW 2
/** Sessions that stand and are silent, as far as the limit of open files allows. */
#define IDLE_SESSIONS 10000

/** Who can be under test. */
enum who { WHO_PARLEYD, WHO_KAMAILIO, WHO_FORWARDER, WHO_COUNT };

static const char *const who_names[WHO_COUNT] = {"parleyd", "kamailio", "forwarder"};

struct options {
	const char *parleyd;
	bool with[WHO_COUNT];
	bool json, bad_days, no_tcp, no_udp;
	unsigned seconds, warmup_s, outstanding;
};

/** One line of the table: a way of doing the work, on all subjects. */
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
	"  session          INVITE to BYE, the server in the media path; memory of silent "
	"sessions\n"
	"  msrp             messages of 200 bytes, 8 kB and 10 MB inside a session, one of 1 GB\n"
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
	"  --only WHO       parleyd, kamailio or forwarder alone\n"
	"  --json           one JSON object for each row\n"
	"  --version, --help\n"
	"\n"
	"The server runs on core 0, the generator on core 1, on loopback ports 5060, 5070, 5080, "
	"2855\nand 7394.\n"
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


static void start(struct subject *s, const struct options *o, const struct traffic *t, enum who who)
{
	if (who == WHO_PARLEYD)
		subject_start_parley(s, o->parleyd, t);
	else if (who == WHO_KAMAILIO)
		subject_start_kamailio(s, t);
	else
		subject_start_forwarder(s);
	if (!t->deferred)
		pager_register(s, t->tcp, USER_RECEIVER);
}


static void run_one(struct result *ret, const struct options *o, const struct traffic *t,
		    enum who who)
{
	struct subject s;

	start(&s, o, t, who);
	if (t->msrp)
		msrp_run(ret, t, &s);
	else if (t->session)
		session_run(ret, t, &s);
	else
		pager_run(ret, t, &s);
	subject_stop(&s);
}


/* Ours over another's: of the CPU for each unit, or of the rates where the disk is what both wait for. */
static double ratio_of(const struct row *row, const struct result *us, const struct result *peer)
{
	if (row->traffic.deferred)
		return peer->rate > 0 ? us->rate / peer->rate : 0;
	return peer->cpu_us > 0 ? us->cpu_us / peer->cpu_us : 0;
}


static void print_numbers(const struct result *r)
{
	printf("\"rate\": %.0f, \"cpu_us\": %.2f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
	       "\"lost\": %llu, \"memory_kb\": %llu, \"refused\": %.0f, \"core\": %.3f, "
	       "\"bytes_rate\": %.0f",
	       r->rate, r->cpu_us, r->p50_us, r->p99_us, (unsigned long long)r->lost,
	       (unsigned long long)r->memory_kb, r->refused, r->core_share, r->bytes_rate);
}


/* Ours first, then "peer" and "ratio", "floor" and "floor_ratio". */
static void print_json(const struct row *row, const struct result r[WHO_COUNT],
		       const bool ran[WHO_COUNT])
{
	static const char *const keys[WHO_COUNT] = {NULL, "peer", "floor"},
				 *const ratios[WHO_COUNT] = {NULL, "ratio", "floor_ratio"};

	printf("{\"work\": \"%s\"", row->label);
	if (ran[WHO_PARLEYD]) {
		printf(", ");
		print_numbers(&r[WHO_PARLEYD]);
	}
	for (int i = 1; i < WHO_COUNT; i++) {
		if (!ran[i])
			continue;
		printf(", \"%s\": {\"name\": \"%s\", ", keys[i], who_names[i]);
		print_numbers(&r[i]);
		printf("}");
		if (ran[WHO_PARLEYD])
			printf(", \"%s\": %.3f", ratios[i], ratio_of(row, &r[0], &r[i]));
	}
	printf("}\n");
}


/* The ratio stands on the line of who it is to. */
static void print_line(const struct row *row, const char *label, const char *name,
		       const struct result *r, const struct result *us)
{
	printf("%-22s %-9s %9.0f %8.2f %6.0f%% %8.0f %8.0f %7llu %9.0f %8llu", label, name, r->rate,
	       r->cpu_us, r->core_share * 100, r->p50_us, r->p99_us, (unsigned long long)r->lost,
	       r->refused, (unsigned long long)r->memory_kb / 1024);
	if (row->traffic.msrp)
		printf(" %8.0f %8.3f", r->bytes_rate / 1e6, r->cpu_ns_byte);
	if (us)
		printf("   %.3f", ratio_of(row, us, r));
	printf("\n");
}


static void print(const struct options *o, const struct row *row, const struct result r[WHO_COUNT],
		  const bool ran[WHO_COUNT])
{
	const char *label = row->label;

	if (o->json) {
		print_json(row, r, ran);
		fflush(stdout);
		return;
	}
	for (int i = 0; i < WHO_COUNT; i++) {
		if (!ran[i])
			continue;
		print_line(row, label, who_names[i], &r[i], i && ran[0] ? &r[0] : NULL);
		label = "";
	}
	fflush(stdout);
}


/* Who takes part: the forwarder knows MSRP alone, and Kamailio no message that its buffer does not hold. */
static bool takes_part(const struct options *o, const struct traffic *t, enum who who)
{
	if (who == WHO_FORWARDER && !t->msrp)
		return false;
	if (who == WHO_KAMAILIO && t->msrp && t->size > MSRP_MIDDLE)
		return false;
	return o->with[who];
}


/* At a rate that is a multiple of the capacity, each subject gets the multiple of its own. */
static void run_row(const struct options *o, const struct row *row, double *capacity)
{
	struct result r[WHO_COUNT] = {0};
	bool ran[WHO_COUNT];

	for (int i = 0; i < WHO_COUNT; i++) {
		struct traffic t = row->traffic;

		ran[i] = takes_part(o, &t, (enum who)i);
		if (!ran[i])
			continue;
		if (row->of_capacity > 0)
			t.rate = capacity[i] * row->of_capacity;
		run_one(&r[i], o, &t, (enum who)i);
		if (t.load == LOAD_SATURATION && !t.tcp && !t.one_call_id)
			capacity[i] = r[i].rate;
	}
	print(o, row, r, ran);
}


static void print_head(const struct options *o, bool msrp)
{
	if (o->json)
		return;
	printf("%-22s %-9s %9s %8s %7s %8s %8s %7s %9s %8s", "work", "server", "per s", "cpu us",
	       "core", "p50 us", "p99 us", "lost", "refused/s", "MB");
	if (msrp)
		printf(" %8s %8s", "MB/s", "ns/byte");
	printf("   %s\n", o->with[WHO_PARLEYD] && (msrp || o->with[WHO_KAMAILIO])
				  ? "ours is so many times this"
				  : "");
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
	double capacity[WHO_COUNT] = {0};

	print_head(o, false);
	run_row(o, &row, capacity);
	if (!o->with[WHO_KAMAILIO])
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
	double capacity[WHO_COUNT] = {0};

	rows[1].traffic.tcp = true;
	rows[2].traffic.load = LOAD_RATE;
	rows[3].traffic.load = LOAD_SILENT;
	rows[3].traffic.rate = SILENT_RATE;
	rows[3].traffic.seconds = SILENT_SECONDS;
	rows[4].traffic.one_call_id = true;
	print_head(o, false);
	for (int i = 0; i < (o->bad_days ? 5 : 2); i++) {
		if (rows[i].traffic.tcp ? !o->no_tcp : !o->no_udp)
			run_row(o, &rows[i], capacity);
	}
}


static void print_memory(const struct options *o, const char *work, const char *what, double kb)
{
	if (o->json)
		printf("{\"work\": \"%s\", \"memory_kb\": %.2f}\n", work, kb);
	else
		printf("%-22s %-9s %.2f kB %s\n", work, "parleyd", kb, what);
	fflush(stdout);
}


/* Each has two sockets here and two in the server, and both processes need a few besides. */
static unsigned idle_sessions(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return 0;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	unsigned most = files.rlim_cur > 400 ? (unsigned)(files.rlim_cur - 400) / 2 : 0;
	return most < IDLE_SESSIONS ? most : IDLE_SESSIONS;
}


static void session(const struct options *o)
{
	struct row row = {
		.label = "session udp",
		.traffic = {.session = true,
			    .outstanding = o->outstanding,
			    .warmup_s = o->warmup_s,
			    .seconds = o->seconds},
	};
	double capacity[WHO_COUNT] = {0};
	unsigned n = idle_sessions();
	char what[64];
	struct subject s;

	print_head(o, false);
	run_row(o, &row, capacity);
	if (!o->with[WHO_PARLEYD] || !n)
		return;
	start(&s, o, &row.traffic, WHO_PARLEYD);
	snprintf(what, sizeof(what), "for each of %u, both ends connected", n);
	print_memory(o, "session, silent", what, msrp_idle_kb(&s, n));
	subject_stop(&s);
}


static void msrp(const struct options *o)
{
	struct traffic base = {.msrp = true,
			       .outstanding = o->outstanding,
			       .warmup_s = o->warmup_s,
			       .seconds = o->seconds};
	struct row rows[3] = {
		{.label = "msrp 200 bytes", .traffic = base},
		{.label = "msrp 8 kB", .traffic = base},
		{.label = "msrp 10 MB", .traffic = base},
	};
	double capacity[WHO_COUNT] = {0};
	struct subject s;

	rows[0].traffic.size = MSRP_SMALL;
	rows[1].traffic.size = MSRP_MIDDLE;
	rows[2].traffic.size = MSRP_LARGE;
	rows[2].traffic.outstanding = MSRP_LARGE_WINDOW;
	print_head(o, true);
	for (int i = 0; i < 3; i++)
		run_row(o, &rows[i], capacity);
	if (!o->with[WHO_PARLEYD])
		return;
	start(&s, o, &base, WHO_PARLEYD);
	print_memory(o, "msrp 1 GB", "more at the most than before it", (double)msrp_huge_kb(&s));
	subject_stop(&s);
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


/* "--only WHO"; false: nobody of that name. */
static bool only(struct options *o, const char *name)
{
	bool known = false;

	for (int i = 0; i < WHO_COUNT; i++) {
		o->with[i] = strcmp(name, who_names[i]) == 0;
		known |= o->with[i];
	}
	return known;
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
		{"only", required_argument, NULL, 'o'},
		{"bad-days", no_argument, NULL, 'b'},
		{"json", no_argument, NULL, 'j'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct options o = {.parleyd = beside(argv[0]),
			    .with = {[WHO_PARLEYD] = true, [WHO_FORWARDER] = true},
			    .seconds = SECONDS,
			    .warmup_s = WARMUP_S,
			    .outstanding = OUTSTANDING};
	static const struct {
		const char *name;
		void (*run)(const struct options *o);
	} works[] = {
		{"pager", pager},
		{"deferred", deferred},
		{"session", session},
		{"msrp", msrp},
	};
	void (*work)(const struct options *o) = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
		switch (c) {
		case 'v':
			if (strcmp(optarg, "kamailio"))
				return wrong_usage("--vs knows kamailio alone");
			o.with[WHO_KAMAILIO] = true;
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
		case 'o':
			if (!only(&o, optarg))
				return wrong_usage("--only wants parleyd, kamailio or forwarder");
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
	for (size_t i = 0; optind + 1 == argc && i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(argv[optind], works[i].name) == 0)
			work = works[i].run;
	if (!work)
		return wrong_usage("say which work: pager, deferred, session, msrp");

	cpu_set_t core;
	CPU_ZERO(&core);
	CPU_SET(1, &core);
	if (sched_setaffinity(0, sizeof(core), &core))
		die("needs two cores: the server has one of its own");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	work(&o);
	return 0;
}
