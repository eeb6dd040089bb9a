/* SPDX-License-Identifier: Apache-2.0 */
/* What a mistyped name may have meant. */
#include "server/spelling.h"


size_t spelling_distance(struct str a, struct str b)
{
	size_t row[SPELLING_MAX + 1];

	a = str_upto(a, SPELLING_MAX);
	b = str_upto(b, SPELLING_MAX);
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.n];
}


struct str spelling_nearest(struct str name, const struct str *known, size_t n)
{
	struct str nearest = STR_NULL;
	size_t least = name.n / 3 + 1;

	for (size_t i = 0; i < n; i++) {
		size_t d = spelling_distance(name, known[i]);

		if (d <= least && (d < least || !nearest.n)) {
			least = d;
			nearest = known[i];
		}
	}
	return nearest;
}
