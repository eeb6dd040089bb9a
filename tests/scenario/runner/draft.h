/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A message while it is being written: the template's headers, then the scenario's changes, then bytes.
 */
#ifndef RUNNER_DRAFT_H
#define RUNNER_DRAFT_H

#include "scenario/runner/peer.h"

struct scn_draft {
	struct arena *arena;
	struct str start; /**< first line when `line` gave one; else made of method and uri */
	struct str method, uri;
	unsigned status;
	struct str reason;
	struct scn_header header[SCN_HEADERS_MAX];
	size_t headers;
	struct str type, body; /**< type of the template's own or of `body TYPE` */
	bool length_given; /**< the scenario says what Content-Length is, or that it is absent */
	bool msrp;         /**< an MSRP frame: tid, flag, and `end` for a whole end-line */
	struct str tid, flag, end;
};

void scn_draft_init(struct scn_draft *d, struct arena *a);
/** One more line at the end. */
void scn_draft_put(struct scn_draft *d, struct str name, struct str value);
/** This once, where the first of the name stood; at the end when there was none. */
void scn_draft_set(struct scn_draft *d, struct str name, struct str value);
/** Before (`top`) or after those of the name. */
void scn_draft_add(struct scn_draft *d, struct str name, struct str value, bool top);
void scn_draft_remove(struct scn_draft *d, struct str name);
struct str scn_draft_value(const struct scn_draft *d, struct str name);
struct str scn_draft_bytes(struct scn_draft *d);

/** What changes say about the sending, not the message. */
struct scn_wire {
	struct addr towards, from;
	bool towards_given, from_given;
	struct scn_pieces pieces;
	uint64_t chunk; /**< MSRP: bytes of each; 0: all in one */
	enum {
		SCN_CREDENTIALS_OWN,
		SCN_CREDENTIALS_NONE,
		SCN_CREDENTIALS_WRONG,
		SCN_CREDENTIALS_USED,
		SCN_CREDENTIALS_AS
	} credentials;
	struct str user, password; /**< as … */
};

/** Makes the changes; those to the finished bytes are left to scn_draft_replace. False: reported. */
bool scn_draft_change(struct scn_play *p, struct scn_draft *d, const struct scn_change *first,
		      struct scn_wire *wire);
bool scn_draft_replace(struct scn_play *p, const struct scn_change *first, struct str *bytes);
/** The text of a <<END as it goes over the wire: CRLF, escapes undone; a `\` at an end joins lines. */
bool scn_here_bytes(struct scn_play *p, const struct scn_line *line, struct str here,
		    struct str *ret);

#endif
