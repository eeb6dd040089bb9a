/* SPDX-License-Identifier: Apache-2.0 */
/* The works: which rows each has, and in what sizes. */

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "table.h"

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
/** Of the rate at which a session is recorded, when it goes as fast as it can. */
#define RECORDED_LOAD 0.75
/** Sessions that stand and are silent, as far as the limit of open files allows. */
#define IDLE_SESSIONS 10000
/** A group, and a large one at part of a core's capacity with several who speak; and messages on their way at once. */
#define GROUP_MEMBERS 100
#define GROUP_LARGE 500
#define GROUP_SPEAKERS 10
#define GROUP_LOAD 0.7
#define GROUP_WINDOW 16
/** Approaches to that part, before the run that counts. */
#define GROUP_TRIES 7


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

	table_head(o, false);
	table_row(o, &row, capacity);
	if (!o->with[WHO_KAMAILIO])
		return;
	row.label = "deferred udp, peer WAL";
	row.traffic.peer_wal = true;
	table_row(o, &row, capacity);
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
	table_head(o, false);
	for (int i = 0; i < (o->bad_days ? 5 : 2); i++) {
		if (rows[i].traffic.tcp ? !o->no_tcp : !o->no_udp)
			table_row(o, &rows[i], capacity);
	}
}


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

	table_head(o, false);
	table_row(o, &row, capacity);
	if (!o->with[WHO_PARLEYD] || !n)
		return;
	table_start(&s, o, &row.traffic, WHO_PARLEYD);
	snprintf(what, sizeof(what), "for each of %u, both ends connected", n);
	table_memory(o, "session, silent", what, msrp_idle_kb(&s, n));
	subject_stop(&s);
}


static void recorded_print(const struct options *o, const struct row *row,
			   const struct result *kept, const struct result *plain)
{
	if (o->json) {
		printf("{\"work\": \"%s recorded\", ", row->label);
		table_numbers_json(kept);
		printf(", \"plain\": {");
		table_numbers_json(plain);
		printf("}, \"ratio\": %.3f}\n", table_ratio(row, kept, plain));
	} else {
		table_line(row, row->label, "recorded", kept, NULL);
		table_line(row, "", "plain", plain, kept);
	}
	fflush(stdout);
}


static void recorded_run(struct result *ret, const struct options *o, struct traffic t, bool kept)
{
	t.recorded = kept;
	table_run(ret, o, &t, WHO_PARLEYD);
}


/*
 * Of a conversation that is kept the CPU, over that of the same one that is not: one copy, on disk. As fast as each
 * goes; and both at one rate, for the first may wait for the disk, and what goes faster is not quite the same.
 */
static void recorded_row(const struct options *o, struct row *row)
{
	struct result plain = {0}, kept = {0};

	row->traffic.on_disk = true;
	recorded_run(&plain, o, row->traffic, false);
	recorded_run(&kept, o, row->traffic, true);
	recorded_print(o, row, &kept, &plain);
	row->traffic.load = LOAD_RATE;
	row->traffic.rate = RECORDED_LOAD * kept.rate;
	recorded_run(&plain, o, row->traffic, false);
	recorded_run(&kept, o, row->traffic, true);
	row->label = "  at one rate";
	recorded_print(o, row, &kept, &plain);
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
	table_head(o, true);
	for (int i = 0; i < 3; i++) {
		if (o->recorded)
			recorded_row(o, &rows[i]);
		else
			table_row(o, &rows[i], capacity);
	}
	if (o->recorded)
		return;
	if (!o->with[WHO_PARLEYD])
		return;
	table_start(&s, o, &base, WHO_PARLEYD);
	table_memory(o, "msrp 1 GB", "more at the most than before it", (double)msrp_huge_kb(&s));
	subject_stop(&s);
}


/* What everybody sees while a core is used to GROUP_LOAD: at the rate that is found to use it so. */
static void large_group(const struct options *o, struct row *row, double copy_us)
{
	struct result r;

	row->label = "group of 500, 70 %";
	row->traffic.load = LOAD_RATE;
	row->traffic.members = GROUP_LARGE;
	row->traffic.speakers = GROUP_SPEAKERS;
	row->traffic.rate = GROUP_LOAD * 1e6 / copy_us / (GROUP_LARGE - 1);
	struct traffic tried = row->traffic;
	tried.warmup_s = tried.seconds = 1;
	for (int i = 0; i < GROUP_TRIES; i++) {
		table_run(&r, o, &tried, WHO_PARLEYD);
		tried.rate *= GROUP_LOAD / r.core_share;
	}
	row->traffic.rate = tried.rate;
	table_run(&r, o, &row->traffic, WHO_PARLEYD);
	table_alone(o, row, &r);
}


static void group(const struct options *o)
{
	struct row row = {
		.label = "group of 100",
		.traffic = {.members = GROUP_MEMBERS,
			    .speakers = 1,
			    .outstanding = GROUP_WINDOW,
			    .warmup_s = o->warmup_s,
			    .seconds = o->seconds},
	};
	double capacity[WHO_COUNT] = {0};
	struct subject s;

	table_head(o, false);
	table_row(o, &row, capacity);
	if (!o->with[WHO_PARLEYD] || capacity[WHO_PARLEYD] <= 0)
		return;
	large_group(o, &row, 1e6 / capacity[WHO_PARLEYD]);
	table_start(&s, o, &row.traffic, WHO_PARLEYD);
	table_memory(o, "group of 500, silent", "for each participant",
		     group_idle_kb(&s, GROUP_LARGE));
	subject_stop(&s);
}


const struct work works[] = {
	{"pager", pager}, {"deferred", deferred}, {"session", session},
	{"msrp", msrp},   {"group", group},
};
const size_t works_n = sizeof(works) / sizeof(works[0]);
