/* SPDX-License-Identifier: Apache-2.0 */
/* Running a table of gates, and the headers that their answers have in common. */

#include "im/participating/gates.h"


const struct gate *gates_run(const struct gate_table *t, const struct gate_view *v,
			     struct gate_answer *a, enum gate_verdict *ret)
{
	for (size_t i = 0; i < t->n; i++) {
		enum gate_verdict verdict = t->gate[i].check(v, a);

		if (verdict != GATE_PASS) {
			*ret = verdict;
			return &t->gate[i];
		}
	}
	return NULL;
}


void gate_warn(struct gate_answer *a, struct str host, struct str text)
{
	buf_printf(a->headers, "Warning: 399 " STR_FMT " \"" STR_FMT "\"\r\n", STR_ARG(host),
		   STR_ARG(text));
}


void gate_error_info(struct gate_answer *a, struct str host, struct str what)
{
	buf_printf(a->headers,
		   "Error-Info: <https://" STR_FMT "/err/" STR_FMT ">;reason=" STR_FMT "\r\n",
		   STR_ARG(host), STR_ARG(what), STR_ARG(what));
}
