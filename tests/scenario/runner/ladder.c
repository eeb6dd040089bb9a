/* SPDX-License-Identifier: Apache-2.0 */
/* What went over the virtual network, in order. */
#include "scenario/runner/ladder.h"

#include "scenario/runner/msrp.h"

/** Bytes shown of what is no message. */
#define BYTES_SHOWN 60


void scn_ladder_add(struct scn_ladder *l, const struct scn_rung *r)
{
	struct scn_rung *copy = scn_alloc(l->arena, sizeof(*copy));

	*copy = *r;
	copy->next = NULL;
	if (l->last)
		l->last->next = copy;
	else
		l->first = copy;
	l->last = copy;
	l->n++;
}


static bool concerns(const struct scn_rung *r, struct str peer)
{
	return !peer.n || str_eq(r->from, peer) || str_eq(r->to, peer);
}


static void print_rung(struct arena *a, const struct scn_rung *r, const char *prefix,
		       struct buf *out)
{
	buf_printf(out, "%s%9.*s  ", prefix, STR_ARG(scn_duration_text(a, r->at_ms)));
	if (!r->over.n) {
		buf_printf(out, STR_FMT ": " STR_FMT "\n", STR_ARG(r->from), STR_ARG(r->what));
		return;
	}
	buf_printf(out, "%8.*s %s %-8.*s %.*s  " STR_FMT "\n", STR_ARG(r->from),
		   r->fault ? "--x" : "-->", STR_ARG(r->to), STR_ARG(r->over), STR_ARG(r->what));
}


void scn_ladder_print(const struct scn_ladder *l, struct str peer, size_t max, const char *prefix,
		      struct buf *out)
{
	size_t all = 0;

	for (const struct scn_rung *r = l->first; r; r = r->next)
		all += concerns(r, peer);
	for (const struct scn_rung *r = l->first; r; r = r->next) {
		if (!concerns(r, peer))
			continue;
		if (all-- <= max)
			print_rung(l->arena, r, prefix, out);
	}
}


struct str scn_ladder_summary(struct arena *a, struct str bytes)
{
	struct scn_msg *m = scn_alloc(a, sizeof(*m));
	struct str start, cseq;

	if (scn_msrp_begins(bytes) && scn_msrp_read(a, m, bytes))
		return scn_msrp_summary(a, m);
	if (!scn_msg_read(a, m, bytes))
		return scn_fmt(a, "\"" STR_FMT "\"%s",
			       STR_ARG(scn_escape(a, str_upto(bytes, BYTES_SHOWN))),
			       bytes.n > BYTES_SHOWN ? "…" : "");
	start = m->request ? str_upto(m->start, m->start.n - 8) : str_from(m->start, 8);
	cseq = scn_header_value(m, STR("CSeq"));
	return scn_fmt(a, STR_FMT " (" STR_FMT ")", STR_ARG(str_trim(start)), STR_ARG(cseq));
}
