/* SPDX-License-Identifier: Apache-2.0 */
/* Which response is the best: RFC 3261 16.7 steps 6 and 7. */
#include "sip/response_context.h"

#include "sip/compose.h"

static const struct sm_state branch_states[] = {
	[BRANCH_WAITING] = {"waiting",
			    SM_TO(BRANCH_RESOLVING) | SM_TO(BRANCH_TRYING) | SM_TO(BRANCH_DONE)},
	[BRANCH_RESOLVING] = {"resolving", SM_TO(BRANCH_TRYING) | SM_TO(BRANCH_DONE)},
	[BRANCH_TRYING] = {"trying", SM_TO(BRANCH_DONE)},
	[BRANCH_DONE] = {"done", 0},
};
const struct sm_table branch_machine = SM_TABLE("proxy-branch", branch_states);


/**
 * Less is better. 16.7 step 6: "It MUST choose from the 6xx class responses if any exist in the
 * context. If no 6xx class responses are present, the proxy SHOULD choose from the lowest response
 * class stored in the response context." Among 4xx "give preference to responses that provide
 * information affecting resubmission of this request, such as 401, 407, 415, 420, and 484". A 408 of
 * our own making says less than any answer of its class; a 503 says least of all.
 */
static unsigned rank(const struct branch *br)
{
	uint16_t s = br->status;

	if (s >= 600)
		return 0;
	if (s < 300)
		return 1;
	if (s < 400)
		return 2;
	if (s == 401 || s == 407 || s == 415 || s == 420 || s == 484)
		return 3;
	if (s < 500)
		return br->kept.n || s != 408 ? 4 : 5;
	return s == 503 ? 7 : 6;
}


struct branch *context_best(struct sip_proxy *p)
{
	struct branch *best = NULL;

	for (uint8_t i = 0; i < p->n; i++) {
		struct branch *br = &p->branch[i];

		if (br->status && (!best || rank(br) < rank(best)))
			best = br;
	}
	return best;
}


unsigned context_active(const struct sip_proxy *p)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < p->n; i++)
		n += p->branch[i].state == BRANCH_RESOLVING || p->branch[i].state == BRANCH_TRYING;
	return n;
}


/* Step 7: "If the selected response is a 401 (Unauthorized) or 407 (Proxy Authentication Required), the
 * proxy MUST collect any WWW-Authenticate and Proxy-Authenticate header field values from all other 401
 * (Unauthorized) and 407 (Proxy Authentication Required) responses received so far in this response
 * context and add them to this response without modification before forwarding." */
void context_challenges(const struct sip_proxy *p, const struct branch *best, struct buf *lines)
{
	struct sip_msg m;

	if (best->status != 401 && best->status != 407)
		return;
	for (uint8_t i = 0; i < p->n; i++) {
		const struct branch *br = &p->branch[i];

		if (br == best || (br->status != 401 && br->status != 407) || !br->kept.n ||
		    sip_msg_decode(&m, br->kept, false) != SIP_DECODE_OK)
			continue;
		sip_put_copy(lines, &m, SIP_HDR_WWW_AUTHENTICATE);
		sip_put_copy(lines, &m, SIP_HDR_PROXY_AUTHENTICATE);
	}
}
