/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: run by each subject in turn, printed for people or as JSON. */

#include "table.h"

#include <stdio.h>

/** A message that is larger is more than Kamailio can take in. */
#define KAMAILIO_MSRP_MAX 8192

const char *const who_names[WHO_COUNT] = {"parleyd", "kamailio", "forwarder", "ejabberd",
					  "write()"};


void table_start(struct subject *s, const struct options *o, const struct traffic *t, enum who who)
{
	if (who == WHO_PARLEYD)
		subject_start_parley(s, o->parleyd, t);
	else if (who == WHO_KAMAILIO)
		subject_start_kamailio(s, t);
	else if (who == WHO_EJABBERD)
		subject_start_ejabberd(s);
	else if (who == WHO_COPIER)
		subject_start_copier(s, t);
	else
		subject_start_forwarder(s);
	if (!t->deferred && !t->members)
		pager_register(s, t->tcp, USER_RECEIVER);
	if (t->recorded)
		recorded_begin(USER_RECEIVER);
}


void table_run(struct result *ret, const struct options *o, const struct traffic *t, enum who who)
{
	struct subject s;

	table_start(&s, o, t, who);
	if (t->members && who == WHO_EJABBERD)
		muc_run(ret, t, &s);
	else if (t->members && who == WHO_COPIER)
		group_floor_run(ret, t, &s);
	else if (t->members)
		group_run(ret, t, &s);
	else if (t->msrp)
		msrp_run(ret, t, &s);
	else if (t->session)
		session_run(ret, t, &s);
	else
		pager_run(ret, t, &s);
	subject_stop(&s);
}


/* Ours over another's: of the CPU for each unit, or of the rates where the disk is what both wait for. */
double table_ratio(const struct row *row, const struct result *us, const struct result *peer)
{
	if (row->traffic.deferred)
		return peer->rate > 0 ? us->rate / peer->rate : 0;
	return peer->cpu_us > 0 ? us->cpu_us / peer->cpu_us : 0;
}


void table_numbers_json(const struct result *r)
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
	static const char *const keys[WHO_COUNT] = {NULL, "peer", "floor", "peer", "floor"},
				 *const ratios[WHO_COUNT] = {NULL, "ratio", "floor_ratio", "ratio",
							     "floor_ratio"};

	printf("{\"work\": \"%s\"", row->label);
	if (ran[WHO_PARLEYD]) {
		printf(", ");
		table_numbers_json(&r[WHO_PARLEYD]);
	}
	for (int i = 1; i < WHO_COUNT; i++) {
		if (!ran[i])
			continue;
		printf(", \"%s\": {\"name\": \"%s\", ", keys[i], who_names[i]);
		table_numbers_json(&r[i]);
		printf("}");
		if (ran[WHO_PARLEYD])
			printf(", \"%s\": %.3f", ratios[i], table_ratio(row, &r[0], &r[i]));
	}
	printf("}\n");
}


/* The ratio stands on the line of who it is to. */
void table_line(const struct row *row, const char *label, const char *name, const struct result *r,
		const struct result *us)
{
	printf("%-22s %-9s %9.0f %8.2f %6.0f%% %8.0f %8.0f %7llu %9.0f %8llu", label, name, r->rate,
	       r->cpu_us, r->core_share * 100, r->p50_us, r->p99_us, (unsigned long long)r->lost,
	       r->refused, (unsigned long long)r->memory_kb / 1024);
	if (row->traffic.msrp)
		printf(" %8.0f %8.3f", r->bytes_rate / 1e6, r->cpu_ns_byte);
	if (us)
		printf("   %.3f", table_ratio(row, us, r));
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
		table_line(row, label, who_names[i], &r[i], i && ran[0] ? &r[0] : NULL);
		label = "";
	}
	fflush(stdout);
}


/* Who takes part: the forwarder knows MSRP alone, and Kamailio no message that its buffer does not hold. */
static bool takes_part(const struct options *o, const struct traffic *t, enum who who)
{
	if ((who == WHO_EJABBERD || who == WHO_COPIER) != (t->members > 0) && who != WHO_PARLEYD)
		return false;
	if (who == WHO_FORWARDER && !t->msrp)
		return false;
	if (who == WHO_KAMAILIO && t->msrp && t->size > KAMAILIO_MSRP_MAX)
		return false;
	return o->with[who];
}


/* At a rate that is a multiple of the capacity, each subject gets the multiple of its own. */
void table_row(const struct options *o, const struct row *row, double *capacity)
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
		table_run(&r[i], o, &t, (enum who)i);
		if (t.load == LOAD_SATURATION && !t.tcp && !t.one_call_id)
			capacity[i] = r[i].rate;
	}
	print(o, row, r, ran);
}


void table_head(const struct options *o, bool msrp)
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


void table_memory(const struct options *o, const char *work, const char *what, double kb)
{
	if (o->json)
		printf("{\"work\": \"%s\", \"memory_kb\": %.2f}\n", work, kb);
	else
		printf("%-22s %-9s %.2f kB %s\n", work, "parleyd", kb, what);
	fflush(stdout);
}


/* Each has two sockets here and two in the server, and both processes need a few besides. */


void table_alone(const struct options *o, const struct row *row, const struct result *r)
{
	struct result all[WHO_COUNT] = {[WHO_PARLEYD] = *r};
	bool ran[WHO_COUNT] = {[WHO_PARLEYD] = true};

	print(o, row, all, ran);
}
