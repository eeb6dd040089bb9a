/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The checks of the Participating Functions as ordered tables: 6.1.1.1 for the originating side,
 * 6.1.2.1 for the terminating side (seed 001). Each row is a small function over the request and the
 * served subscriber, with the requirement ids it answers for; the first that refuses makes the
 * response (OPF-GEN-5, TPF-GEN-7). Reading a table is reading the specification.
 *
 * Gates never wait: what they look at was loaded before they run.
 */
#ifndef IM_PARTICIPATING_GATES_H
#define IM_PARTICIPATING_GATES_H

#include "base/buf.h"
#include "im/request.h"
#include "im/route.h"

struct subscriber;

/** What a gate may look at. */
struct gate_view {
	const struct im_request *r;
	const struct subscriber *served; /**< whose function this is; NULL: unknown here */
	enum im_reach reach;             /**< terminating: whether the user can be reached now */
	struct str host;                 /**< our name in Warning headers */
};

struct gate_answer {
	uint16_t status;
	struct buf *headers; /**< header lines of the answer */
};

enum gate_verdict { GATE_PASS, GATE_REFUSE };

struct gate {
	const char *name; /**< the reason in logs and events */
	const char *rows; /**< requirement ids */
	enum gate_verdict (*check)(const struct gate_view *v, struct gate_answer *a);
};

extern const struct gate gates_originating[];
extern const size_t gates_originating_n;
extern const struct gate gates_terminating[];
extern const size_t gates_terminating_n;

/** The gate that refused, its answer in `a`; NULL when all let it pass. */
const struct gate *gates_run(const struct gate *table, size_t n, const struct gate_view *v,
			     struct gate_answer *a);

/** Warning: 399 host "text" (digest c14). */
void gate_warn(struct gate_answer *a, struct str host, struct str text);

#endif
