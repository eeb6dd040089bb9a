/* SPDX-License-Identifier: Apache-2.0 */
/* A notice of failure: the parties change places, as the sender wrote them. */
#include "im/failure_notice.h"

#include "body/imdn.h"


static void put_imdn(struct buf *out, const struct failure_notice *n)
{
	struct str name;
	struct imdn i = {
		.message_id = n->of->message_id,
		.date_time = n->of->date_time,
		.recipient = n->recipient,
		.kind = IMDN_DELIVERY,
		.status = IMDN_FAILED,
	};

	if (n->of->original_to.p)
		(void)cpim_address_decode(&name, &i.original_recipient, n->of->original_to);
	imdn_encode(&i, out);
}


/* 7.2.1.1: an IMDN is constructed "in a similar fashion as an IM, using a CPIM body". */
void failure_notice_encode(const struct failure_notice *n, struct buf *out)
{
	struct buf xml = BUF_INIT(FAILURE_NOTICE_MAX);
	struct str name, to = n->sender, routes[CPIM_ROUTES_MAX];
	size_t routes_n = 0;
	uint8_t at = 0;

	(void)cpim_address_decode(&name, &to, n->of->from);
	/* 8: intermediaries on the way back, in the order in which they stand (IMDN-Route of 6.6). */
	while (routes_n < CPIM_ROUTES_MAX &&
	       cpim_header_next(n->of, CPIM_NS_IMDN, STR("IMDN-Record-Route"), &at,
				&routes[routes_n]))
		routes_n++;
	put_imdn(&xml, n);
	cpim_encode(
		&(struct cpim_params){
			.from = n->recipient,
			.to = to,
			.date_ms = n->now_ms,
			.message_id = n->id,
			.routes = routes,
			.routes_n = routes_n,
			.content_type = IMDN_TYPE,
			.content_disposition = STR("notification"),
			.content = buf_str(&xml),
		},
		out);
	out->failed |= xml.failed;
	buf_done(&xml);
}
