/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is measured, and the table that is printed: each row is a way of doing the work, done in turn by everybody who
 * takes part.
 */
#ifndef PARLEY_BENCH_TABLE_H
#define PARLEY_BENCH_TABLE_H

#include "bench.h"

/** Who can be under test. */
enum who {
	WHO_PARLEYD,
	WHO_KAMAILIO,
	WHO_FORWARDER, /**< the floor of MSRP */
	WHO_EJABBERD,
	WHO_COPIER, /**< the floor of a group */
	WHO_COUNT
};

struct work;

struct options {
	const struct work *work;
	const char *parleyd;
	bool with[WHO_COUNT];
	bool json, bad_days, no_tcp, no_udp, recorded;
	unsigned seconds, warmup_s, outstanding;
};

/** One line of the table: a way of doing the work, on all subjects. */
struct row {
	const char *label;
	struct traffic traffic;
	double of_capacity; /**< LOAD_RATE: this many times the subject's own saturation */
};

extern const char *const who_names[WHO_COUNT];

void table_head(const struct options *o, bool msrp);
/** At a rate that is a multiple of the capacity, each subject gets the multiple of its own. */
void table_row(const struct options *o, const struct row *row, double *capacity);
/** `us` NULL: the line of ours; else that of a peer, with the ratio to it. */
void table_line(const struct row *row, const char *label, const char *name, const struct result *r,
		const struct result *us);
void table_numbers_json(const struct result *r);
/** `what` it is, in kB. */
void table_memory(const struct options *o, const char *work, const char *what, double kb);
/** Ours over another's: of the CPU for each unit, or of the rates where the disk is what both wait for. */
double table_ratio(const struct row *row, const struct result *us, const struct result *peer);

/** The subject for this traffic, ready. */
void table_start(struct subject *s, const struct options *o, const struct traffic *t, enum who who);
/** One subject does the work once. */
void table_run(struct result *ret, const struct options *o, const struct traffic *t, enum who who);
/** A row that was run already, ours alone. */
void table_alone(const struct options *o, const struct row *row, const struct result *r);

/* ---- options.c ---- */

/** The command line. Comes back with a work to do, or not at all: help, the version, or not understood. */
void options_decode(struct options *ret, int argc, char **argv);

/* ---- works.c: what can be measured, by the name of the command line ---- */

struct work {
	const char *name;
	void (*run)(const struct options *o);
};
extern const struct work works[];
extern const size_t works_n;

#endif
