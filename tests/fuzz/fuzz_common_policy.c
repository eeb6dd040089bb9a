/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules, asked by everybody for everything. */
#include <assert.h>
#include <stdint.h>

#include "base/mem.h"
#include "body/common_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int as_it_is(struct str uri, struct buf *out, void *arg)
{
	(void)arg;
	if (!str_starts(uri, STR("sip:")))
		return -1;
	buf_puts(out, uri);
	return 0;
}


static enum access_listed by_length(struct str anchor, const struct str *callers, size_t n,
				    void *arg)
{
	(void)callers;
	(void)n;
	(void)arg;
	return (enum access_listed)(anchor.n % 3);
}


/* `most` is what the generous combiner says. */
static void ask(const struct access_rules *r, struct access_request *q)
{
	struct access_outcome most, least;

	q->combine = ACCESS_COMBINE_MAX;
	access_evaluate(r, q, &most);
	q->combine = ACCESS_COMBINE_MIN;
	access_evaluate(r, q, &least);
	assert(least.action != ACCESS_NONE && least.action <= ACCESS_ACCEPT);
	assert(most.rule.p || most.action == ACCESS_PASS);
	/* For who does not hide both combine the same rules. */
	if (!q->anonymous)
		assert(most.action >= least.action && most.by == least.by);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str callers[] = {STR_INIT("sip:alice@example.com"),
					     STR_INIT("tel:+15550100"),
					     STR_INIT("sip:mallory@example.net"), STR_INIT("")};
	struct access_rules *r;

	if (access_rules_decode(&r, (struct str){(const char *)data, size},
				size & 1 ? as_it_is : NULL, NULL))
		return 0;
	for (unsigned i = 0; i < 64; i++) {
		struct access_request q = {
			.callers = &callers[i & 3],
			.callers_n = i & 3 ? 1 : 2,
			.anonymous = i & 4,
			.media = (enum access_media)(i >> 3 & 3),
			.listed = i & 32 ? by_length : NULL,
			.sphere = STR("work"),
			.now_ms = INT64_C(1072285200000),
		};

		ask(r, &q);
	}
	mem_unref(r);
	return 0;
}
