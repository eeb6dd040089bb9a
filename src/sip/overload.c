/* SPDX-License-Identifier: Apache-2.0 */
/* Overload: the delay is estimated, and new work refused while it is too long. */
#include "sip/overload.h"

#include "base/counter.h"

static struct counter c_refused = COUNTER("sip.shed.refused",
					  "SIP requests answered 503 under overload");
static struct counter c_dropped = COUNTER("sip.shed.dropped",
					  "SIP requests dropped in silence under overload");
static struct counter c_episodes = COUNTER("sip.shed.episodes", "Times that shedding began");
static struct counter g_delay = GAUGE("sip.queue_delay_us",
				      "Estimated delay of a SIP message before it is looked at");


void overload_counters_register(void)
{
	counter_register(&c_refused, 1);
	counter_register(&c_dropped, 1);
	counter_register(&c_episodes, 1);
	counter_register(&g_delay, 1);
}


void overload_init(struct overload *o, struct loop *loop)
{
	*o = (struct overload){
		.loop = loop,
		.bytes_per_ms = OVERLOAD_RATE_FIRST,
		.budget_us = OVERLOAD_BUDGET_MAX_US,
	};
}


/* A datagram as the kernel counts it in its backlog: its buffer is a power of two that holds some 450 bytes
 * of headers beside it, and has a descriptor. Rate and backlog must be in one unit. */
static size_t kernel_size(size_t bytes)
{
	size_t size = 512;

	while (size < bytes + 448)
		size *= 2;
	return size + 256;
}


static bool is_patient(struct overload *o, uint64_t now_us)
{
	if (!o->above_us)
		o->above_us = now_us;
	return now_us - o->above_us < OVERLOAD_PATIENCE_US;
}


static void judge_delay(struct overload *o, uint64_t delay_us, uint64_t now_us)
{
	delay_us += o->reported_us;
	o->delay_us = delay_us > UINT32_MAX ? UINT32_MAX : (uint32_t)delay_us;
	counter_set(&g_delay, o->delay_us);

	if (o->delay_us <= OVERLOAD_TARGET_US) {
		o->above_us = 0;
		o->shedding &= o->delay_us >= OVERLOAD_TARGET_US / 2;
	} else if (!is_patient(o, now_us) && !o->shedding) {
		o->shedding = true;
		counter_add(&c_episodes, 1);
	}
}


/* Only time in which there was always something to do measures how fast it is done: from the end of a
 * batch that left a backlog to the end of the next. An eighth of each measurement is taken in. */
static void measure_rate(struct overload *o, uint64_t now_us)
{
	uint64_t spent = now_us - o->busy_us, rate;

	if (!o->busy_us || !spent || !o->batch_bytes)
		return;
	rate = o->batch_bytes * 1000 / spent;
	o->bytes_per_ms = o->bytes_per_ms - o->bytes_per_ms / 8 + rate / 8;
	if (!o->bytes_per_ms)
		o->bytes_per_ms = 1;
}


static void refill(struct overload *o, uint64_t now_us)
{
	uint64_t earned = (now_us - o->refilled_us) / OVERLOAD_BUDGET_SHARE;

	if (!earned)
		return;
	o->refilled_us = now_us;
	earned += o->budget_us;
	o->budget_us = earned > OVERLOAD_BUDGET_MAX_US ? OVERLOAD_BUDGET_MAX_US : (uint32_t)earned;
}


void overload_batch(struct overload *o, size_t messages, size_t queued)
{
	uint64_t now_us = loop_clock_us(o->loop);

	if (messages) {
		o->batch_us = now_us;
		o->batch_bytes = 0;
		o->seen = 0;
		o->backlog_us = (uint32_t)(queued * 1000 / o->bytes_per_ms);
		refill(o, now_us);
		judge_delay(o, o->backlog_us, now_us);
		return;
	}
	if (!o->batch_us)
		return;
	measure_rate(o, now_us);
	o->busy_us = queued ? now_us : 0;
	if (!queued && o->reported_us <= OVERLOAD_TARGET_US)
		o->above_us = 0;
	o->batch_us = 0;
}


void overload_report(struct overload *o, uint32_t delay_us)
{
	o->reported_us = delay_us;
}


bool overload_message(struct overload *o, size_t bytes)
{
	if (!o->batch_us)
		return false;

	o->batch_bytes += kernel_size(bytes);
	if (++o->seen % OVERLOAD_CLOCK_EVERY == 0) {
		uint64_t now_us = loop_clock_us(o->loop);

		judge_delay(o, o->backlog_us + (now_us - o->batch_us), now_us);
	}
	return o->shedding;
}


enum overload_verdict overload_judge(const struct overload *o)
{
	if (!o->shedding)
		return OVERLOAD_SERVE;
	if (o->budget_us >= OVERLOAD_REFUSAL_US)
		return OVERLOAD_REFUSE;
	return o->delay_us > OVERLOAD_LATE_US ? OVERLOAD_DROP : OVERLOAD_SERVE;
}


void overload_shed(struct overload *o, enum overload_verdict verdict)
{
	if (verdict == OVERLOAD_REFUSE)
		o->budget_us -= OVERLOAD_REFUSAL_US;
	counter_add(verdict == OVERLOAD_REFUSE ? &c_refused : &c_dropped, 1);
}


unsigned overload_retry_s(struct overload *o)
{
	uint64_t r = loop_random_u64(o->loop);

	return OVERLOAD_RETRY_MIN_S +
	       (unsigned)(r % (OVERLOAD_RETRY_MAX_S - OVERLOAD_RETRY_MIN_S + 1));
}
