/* SPDX-License-Identifier: Apache-2.0 */
/* Where the head of a message/cpim ends, and what reports it asks for. */
#include "client/envelope.h"

#include "parley.h"

#include "body/cpim.h"


/* Behind the next empty line; 0: it has not come. */
static size_t empty_line(struct str s, size_t from)
{
	bool line = true;

	for (size_t i = from; i < s.n; i++) {
		if (s.p[i] == '\n') {
			if (line)
				return i + 1;
			line = true;
		} else if (s.p[i] != '\r') {
			line = false;
		}
	}
	return 0;
}


/* RFC 3862 2: the message's headers, an empty line, the content's headers, an empty line. */
size_t envelope_size(struct str s)
{
	size_t at = empty_line(s, 0);

	return at ? empty_line(s, at) : 0;
}


unsigned envelope_notify(unsigned reports)
{
	unsigned notify = 0;

	if (reports & PARLEY_REPORT_DELIVERY)
		notify |= CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_NEGATIVE_DELIVERY;
	if (reports & PARLEY_REPORT_DISPLAY)
		notify |= CPIM_NOTIFY_DISPLAY;
	return notify;
}
