/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes of a message are here. */
#include "im/byte_runs.h"

#include <string.h>


static void take_out(struct byte_runs *r, size_t i)
{
	memmove(&r->run[i], &r->run[i + 1], (r->n - i - 1) * sizeof(r->run[0]));
	r->n--;
}


bool byte_runs_add(struct byte_runs *r, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < r->n;) {
		const struct byte_run *had = &r->run[i];

		if (had->end < start || had->start > end) {
			i++;
			continue;
		}
		start = had->start < start ? had->start : start;
		end = had->end > end ? had->end : end;
		take_out(r, i);
	}
	if (r->n == BYTE_RUNS_MAX)
		return false;
	r->run[r->n++] = (struct byte_run){start, end};
	return true;
}


uint64_t byte_runs_whole(const struct byte_runs *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->run[i].start == 0)
			return r->run[i].end;
	return 0;
}
