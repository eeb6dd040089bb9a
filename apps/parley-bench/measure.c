/* SPDX-License-Identifier: Apache-2.0 */
/* Counting, and the figures made of it. */

#include "measure.h"

#include <string.h>
#include <time.h>


void measure_init(struct measure *m, const struct traffic *t)
{
	memset(m, 0, sizeof(*m));
	m->begin_ns = clock_ns() + t->warmup_s * 1000000000ull;
	m->end_ns = m->begin_ns + t->seconds * 1000000000ull;
}


static struct measure_mark mark_now(const struct measure *m, const struct subject *s)
{
	struct timespec self;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &self);
	return (struct measure_mark){
		.at_ns = clock_ns(),
		.done = m->done,
		.refused = m->refused,
		.sent = m->sent,
		.resent = m->resent,
		.bytes = m->bytes,
		.self_ns = (uint64_t)self.tv_sec * 1000000000ull + (uint64_t)self.tv_nsec,
		.usage = subject_usage(s),
	};
}


bool measure_goes_on(struct measure *m, const struct subject *s)
{
	uint64_t now = clock_ns();

	if (!m->begin.at_ns && now >= m->begin_ns) {
		memset(m->histogram, 0, sizeof(m->histogram));
		m->begin = mark_now(m, s);
	}
	return now < m->end_ns;
}


void measure_done(struct measure *m, uint64_t latency_ns)
{
	uint64_t step = latency_ns / 1000 / MEASURE_STEP_US;

	m->done++;
	m->histogram[step < MEASURE_STEPS ? step : MEASURE_STEPS - 1]++;
}


static double percentile(const struct measure *m, double share)
{
	uint64_t all = 0, sum = 0;

	for (size_t i = 0; i < MEASURE_STEPS; i++)
		all += m->histogram[i];
	for (size_t i = 0; i < MEASURE_STEPS; i++) {
		sum += m->histogram[i];
		if (all && (double)sum >= share * (double)all)
			return (double)(i + 1) * MEASURE_STEP_US;
	}
	return 0;
}


void measure_conclude(struct result *ret, const struct measure *m, const struct subject *s,
		      bool by_sent)
{
	const struct measure_mark *a = &m->begin, b = mark_now(m, s);
	double seconds = (double)(b.at_ns - a->at_ns) / 1e9;
	double cpu_ns = (double)(b.usage.cpu_ns - a->usage.cpu_ns);
	uint64_t sent = b.sent - a->sent, units = by_sent ? sent : b.done - a->done;

	*ret = (struct result){
		.rate = (double)units / seconds,
		.cpu_us = units ? cpu_ns / 1e3 / (double)units : 0,
		.core_share = cpu_ns / 1e9 / seconds,
		.p50_us = percentile(m, 0.50),
		.p99_us = percentile(m, 0.99),
		.refused = (double)(b.refused - a->refused) / seconds,
		.lost = m->lost,
		.memory_kb = b.usage.memory_kb,
		.retransmitted = sent ? (double)(b.resent - a->resent) / (double)sent : 0,
		.generator = (double)(b.self_ns - a->self_ns) / 1e9 / seconds,
		.bytes_rate = (double)(b.bytes - a->bytes) / seconds,
	};
	ret->cpu_ns_byte = b.bytes > a->bytes ? cpu_ns / (double)(b.bytes - a->bytes) : 0;
}
