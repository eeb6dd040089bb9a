/* SPDX-License-Identifier: Apache-2.0 */
/* Priorities and weights of SRV records. */
#include "sip/srv_order.h"


static bool is_target(const struct dns_record *r)
{
	return r->type == DNS_SRV && r->target.n && !str_eq(r->target, STR("."));
}


/* Those of weight 0 first within a priority, as the drawing below wants them. */
static bool before(const struct dns_record *a, const struct dns_record *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return a->weight == 0 && b->weight != 0;
}


static size_t sorted(const struct dns_record **ret, const struct dns_record *records, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n && count < DNS_RECORDS_MAX; i++) {
		size_t at = count;

		if (!is_target(&records[i]))
			continue;
		for (; at && before(&records[i], ret[at - 1]); at--)
			ret[at] = ret[at - 1];
		ret[at] = &records[i];
		count++;
	}
	return count;
}


/*
 * RFC 2782: "Compute the sum of the weights of those RRs, and with each RR associate the running sum
 * in the selected order. Then choose a uniform random number between 0 and the sum computed
 * (inclusive), and select the RR whose running sum value is the first in the selected order which is
 * greater than or equal to the random number selected."
 */
static size_t draw(const struct dns_record **r, size_t n, struct loop *loop)
{
	uint32_t sum = 0, running = 0, number;
	size_t i;

	for (i = 0; i < n; i++)
		sum += r[i]->weight;
	number = (uint32_t)(loop_random_u64(loop) % ((uint64_t)sum + 1));
	for (i = 0; i < n - 1; i++) {
		running += r[i]->weight;
		if (running >= number)
			break;
	}
	return i;
}


size_t srv_order(const struct dns_record **ret, size_t max, const struct dns_record *records,
		 size_t n, struct loop *loop)
{
	const struct dns_record *all[DNS_RECORDS_MAX];
	size_t count = sorted(all, records, n), from = 0, out = 0;

	while (from < count && out < max) {
		size_t same = 1, at;

		while (from + same < count && all[from + same]->priority == all[from]->priority)
			same++;
		at = same > 1 ? from + draw(all + from, same, loop) : from;
		ret[out++] = all[at];
		for (; at > from; at--)
			all[at] = all[at - 1];
		from++;
	}
	return out;
}
