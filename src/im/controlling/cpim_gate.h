/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The head of a CPIM object as a conference takes it (RFC 7701 6, RFC 3862): who says it, for whom it is, and
 * what the others shall see. Pure: bytes in, a verdict out.
 *
 * From. RFC 7701 6.1: the URI must be one by which the speaker is known: their identity, or the one that is
 * shown. What RCS clients write, sip:anonymous@anonymous.invalid, says nothing, and is replaced by the shown one;
 * so is the identity of somebody who is here under an alias. Anything else: 403.
 *
 * To. The conference by one of its names, or anonymous as above: for all. Otherwise participants: private.
 * RFC 7701 allows one of them; here it may be several (digest b row 17). The conference and others together: 403.
 *
 * What is not replaced stays byte for byte as it came ("MUST NOT modify the content received").
 */
#ifndef IM_CONTROLLING_CPIM_GATE_H
#define IM_CONTROLLING_CPIM_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "body/cpim.h"
#include "im/controlling/fanout.h"
#include "sip/uri.h"

/** Finds the end of a head that comes in pieces: its second empty line. Zeroed at the start. */
struct cpim_head_scan {
	size_t at;   /**< bytes looked at */
	size_t line; /**< where the line under way begins */
	uint8_t empty;
};
/** `text`: all so far, from the first byte. True: the head ends at *ret_n. */
bool cpim_head_scan(struct cpim_head_scan *scan, struct str text, size_t *ret_n);

struct cpim_gate {
	struct str who, shown; /**< of the speaker; `who` canonical */
	struct str shown_name; /**< for a From that is replaced; empty: none */
	bool anonymous;
	const struct str *
		names; /**< of the conference, canonical; the first is written where To is replaced */
	size_t names_n;
	struct str domain;
};

struct cpim_verdict {
	struct cpim cpim; /**< views into the head as it came */
	enum fanout_kind kind;
	bool everybody; /**< To is the conference */
	bool replaced;  /**< `out` has another head */
	size_t to_n;    /**< otherwise so many participants: canonical, in `text` */
	struct str to[FANOUT_PRIVATE_MAX];
	struct buf text; /**< fixed, over `room` */
	char room[FANOUT_PRIVATE_MAX * 96];
};

/** 0 or the status: 400 no CPIM head, 403, 404. A replaced head goes to `out`. */
uint16_t cpim_gate_judge(struct cpim_verdict *ret, const struct cpim_gate *g, struct str head,
			 struct buf *out);
/** The kind of content of this type. */
enum fanout_kind cpim_gate_kind(struct str content_type);
/** Canonical form of a CPIM URI, im: and pres: as sip:. -EBADMSG, -ENOBUFS. */
int cpim_gate_canonical(struct str uri, struct str domain, struct buf *out);

#endif
