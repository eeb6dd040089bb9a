/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Counters and gauges, declared in a table beside the code they count.
 *
 *     static struct counter c_malformed = COUNTER("sip.malformed", "messages that did not parse");
 *     …
 *     counter_add(&c_malformed, 1);
 *
 * Each table is registered once at start (counter_register); the metrics page (`sip.malformed`
 * becomes parley_sip_malformed_total), the status command and the scenario language's
 * `counter NAME VALUE` all read the same registry. A gauge goes up and down. Names are paths:
 * folder first.
 */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum counter_kind { COUNTER_KIND_COUNTER, COUNTER_KIND_GAUGE };

struct counter {
	const char *name;
	const char *help;
	enum counter_kind kind;
	int64_t value;
	struct counter *next; /**< in the registry */
	int registered;
};

#define COUNTER(n, h)                                                  \
	{                                                              \
		.name = (n), .help = (h), .kind = COUNTER_KIND_COUNTER \
	}
#define GAUGE(n, h)                                                  \
	{                                                            \
		.name = (n), .help = (h), .kind = COUNTER_KIND_GAUGE \
	}


static inline void counter_add(struct counter *c, int64_t by)
{
	c->value += by;
}


static inline void counter_set(struct counter *c, int64_t v)
{
	c->value = v;
}


/** Adds `n` counters, an array, to the registry; again is harmless. */
void counter_register(struct counter *table, size_t n);
/** NULL ends it; in order of name. */
struct counter *counter_next(const struct counter *after);
struct counter *counter_find(struct str name);
/** All to zero: the scenario runner, between two scenarios. */
void counter_reset_all(void);

#endif
