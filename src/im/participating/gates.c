/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the Participating Functions, in the order of the specification. */

#include "im/participating/gates.h"

#include "subscriber/subscriber.h"


void gate_warn(struct gate_answer *a, struct str host, struct str text)
{
	buf_printf(a->headers, "Warning: 399 " STR_FMT " \"" STR_FMT "\"\r\n", STR_ARG(host), STR_ARG(text));
}


/* 6.1.1.1 step 1: is the Authenticated Originator allowed to send this request? */
static enum gate_verdict originator_allowed(const struct gate_view *v, struct gate_answer *a)
{
	if (v->served && v->served->allowed)
		return GATE_PASS;
	a->status = 403;
	gate_warn(a, v->host, STR("127 Service not authorised"));
	return GATE_REFUSE;
}


/*
 * RFC 3261 16.5: a Request-URI in a domain we are responsible for that names nobody. In front of an
 * IMS core the core has made sure; there every user of the domain is a subscriber.
 */
static enum gate_verdict recipient_known(const struct gate_view *v, struct gate_answer *a)
{
	if (v->served)
		return GATE_PASS;
	a->status = 404;
	return GATE_REFUSE;
}


/* 6.1.2.1 step 5: availability, by the user's registration. RFC 3261 21.4.18. */
static enum gate_verdict recipient_reachable(const struct gate_view *v, struct gate_answer *a)
{
	if (v->reach == IM_REACH_OK)
		return GATE_PASS;
	a->status = 480;
	return GATE_REFUSE;
}


const struct gate gates_originating[] = {
	{"originator-allowed", "OPF-GEN-1a OPF-GEN-1b OPF-GEN-1c OPF-GEN-1d", originator_allowed},
};
const size_t gates_originating_n = sizeof(gates_originating) / sizeof(gates_originating[0]);

const struct gate gates_terminating[] = {
	{"recipient-known", "", recipient_known},
	{"recipient-reachable", "TPF-GEN-5a TPF-GEN-5d", recipient_reachable},
};
const size_t gates_terminating_n = sizeof(gates_terminating) / sizeof(gates_terminating[0]);


const struct gate *gates_run(const struct gate *table, size_t n, const struct gate_view *v,
			     struct gate_answer *a)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].check(v, a) == GATE_REFUSE)
			return &table[i];
	}
	return NULL;
}
