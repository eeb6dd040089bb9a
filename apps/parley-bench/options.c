/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: which work, and how. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

/** Longer than the 5 s for which answers are kept, so that memory has settled. */
#define WARMUP_S 6
#define SECONDS 4
#define OUTSTANDING 64

static const char usage_text[] =
	"Usage: parley-bench WORK [--vs PEER] [--seconds N] [--json]\n"
	"\n"
	"Work\n"
	"  pager            MESSAGE through the terminating function, all gates, as a proxy\n"
	"  deferred         durable MESSAGE to somebody who is not registered: on disk before 202\n"
	"  session          INVITE to BYE, the server in the media path; memory of silent "
	"sessions\n"
	"  msrp             messages of 200 bytes, 8 kB and 10 MB inside a session, one of 1 GB\n"
	"  group            one who speaks to 100 in a group session; ten to 500; memory of each\n"
	"\n"
	"Options\n"
	"  --vs PEER        do the same with kamailio (group: ejabberd) in the same run, and print "
	"the "
	"ratio\n"
	"  --seconds N      how long each run is measured, after its warm-up (default 4)\n"
	"  --warmup N       seconds before that (default 6)\n"
	"  --outstanding N  open transactions at saturation (default 64)\n"
	"  --bad-days       also: 1.5 times the load, a next hop that is silent, one Call-ID for "
	"all\n"
	"  --recorded       msrp: the same session with history and without, and what it costs\n"
	"  --transport T    only udp, or only tcp\n"
	"  --parleyd FILE   the server to start (default: the one this was built with)\n"
	"  --only WHO       parleyd, kamailio, ejabberd, forwarder or write() alone\n"
	"  --json           one JSON object for each row\n"
	"  --version, --help\n"
	"\n"
	"The server runs on core 0, the generator on core 1, on loopback ports 5060, 5070, 5080, "
	"2855,\n7394 and 8089, ejabberd on 5222.\n"
	"Example:  parley-bench pager --vs kamailio\n          parley-bench group --vs ejabberd\n";


/* The server of the build this is from; installed: whatever PATH has. */
static const char *beside(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

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


__attribute__((noreturn)) static void wrong_usage(const char *what)
{
	fprintf(stderr, "parley-bench: %s: see parley-bench --help\n", what);
	exit(2);
}


static const struct option long_options[] = {
	{"vs", required_argument, NULL, 'v'},
	{"seconds", required_argument, NULL, 's'},
	{"warmup", required_argument, NULL, 'w'},
	{"outstanding", required_argument, NULL, 'n'},
	{"transport", required_argument, NULL, 't'},
	{"parleyd", required_argument, NULL, 'p'},
	{"only", required_argument, NULL, 'o'},
	{"bad-days", no_argument, NULL, 'b'},
	{"recorded", no_argument, NULL, 'r'},
	{"json", no_argument, NULL, 'j'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{0},
};


static void option_decode(struct options *o, int c)
{
	switch (c) {
	case 'v':
		if (strcmp(optarg, "kamailio") && strcmp(optarg, "ejabberd"))
			wrong_usage("--vs knows kamailio, and ejabberd for groups");
		o->with[optarg[0] == 'k' ? WHO_KAMAILIO : WHO_EJABBERD] = true;
		break;
	case 's':
		o->seconds = number(optarg, "--seconds");
		break;
	case 'w':
		o->warmup_s = number(optarg, "--warmup");
		break;
	case 'n':
		o->outstanding = number(optarg, "--outstanding");
		break;
	case 't':
		o->no_tcp = strcmp(optarg, "udp") == 0;
		o->no_udp = strcmp(optarg, "tcp") == 0;
		if (!o->no_tcp && !o->no_udp)
			wrong_usage("--transport is udp or tcp");
		break;
	case 'p':
		o->parleyd = optarg;
		break;
	case 'o':
		if (!only(o, optarg))
			wrong_usage("--only wants parleyd, kamailio, forwarder, "
				    "ejabberd or write()");
		break;
	case 'b':
		o->bad_days = true;
		break;
	case 'r':
		o->recorded = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'V':
		printf("parley-bench %s\n", PARLEY_VERSION);
		exit(0);
	case 'h':
		printf("%s", usage_text);
		exit(0);
	default:
		wrong_usage("wrong usage");
	}
}


void options_decode(struct options *ret, int argc, char **argv)
{
	int c;

	*ret = (struct options){
		.parleyd = beside(),
		.with = {[WHO_PARLEYD] = true, [WHO_FORWARDER] = true, [WHO_COPIER] = true},
		.seconds = SECONDS,
		.warmup_s = WARMUP_S,
		.outstanding = OUTSTANDING};
	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
		option_decode(ret, c);
	for (size_t i = 0; optind + 1 == argc && i < works_n; i++)
		if (strcmp(argv[optind], works[i].name) == 0)
			ret->work = &works[i];
	if (!ret->work)
		wrong_usage("say which work: pager, deferred, session, msrp, group");
}
