/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Declared state machines: each long-lived noun has one table of states and of the moves that are
 * allowed, drawn above it. Moves go through sm_move, which asserts the table (our own mistake is an
 * assertion); a handler that is not sure whether an event still means anything asks sm_may first.
 *
 *     const struct sm_state door_states[] = {
 *             [DOOR_OPEN]   = {"open",   SM_TO(DOOR_CLOSED)},
 *             [DOOR_CLOSED] = {"closed", SM_TO(DOOR_OPEN) | SM_TO(DOOR_LOCKED)},
 *             [DOOR_LOCKED] = {"locked", 0},
 *     };
 *     const struct sm_table door_machine = SM_TABLE("door", door_states);
 */
#ifndef BASE_SM_H
#define BASE_SM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct sm_state {
	const char *name; /**< as the console, the store and the trace write it */
	uint32_t to;      /**< set of SM_TO(state) */
};

struct sm_table {
	const char *name;
	const struct sm_state *states;
	uint8_t count;
};

#define SM_TO(state) (1u << (state))
#define SM_TABLE(name_, tab)                               \
	{                                                  \
		name_, tab, sizeof(tab) / sizeof((tab)[0]) \
	}


static inline bool sm_may(const struct sm_table *t, uint8_t from, uint8_t to)
{
	return from < t->count && to < t->count && (t->states[from].to & SM_TO(to));
}


static inline const char *sm_name(const struct sm_table *t, uint8_t state)
{
	return state < t->count ? t->states[state].name : "?";
}


static inline void sm_move(const struct sm_table *t, uint8_t *state, uint8_t to)
{
	assert(sm_may(t, *state, to));
	*state = to;
}

#endif
