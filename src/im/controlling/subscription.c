/* SPDX-License-Identifier: Apache-2.0 */
/* SUBSCRIBE to the state of a conference, by its identity or its group's (DRV-11; digest c9 1). */

#include "im/controlling/conference.h"
#include "sip/accept_contact.h"

/** Warning of a refusal. */
#define HEADERS_MAX 1024


/* Digest e7: an extension of the later family of clients; others are not told. */
static bool tells_own(const struct sip_msg *m)
{
	return sip_msg_has_feature(m, SIP_HDR_CONTACT, STR("+g.3gpp.iari-ref")) ||
	       sip_msg_has_feature(m, SIP_HDR_CONTACT, STR("+g.3gpp.icsi-ref")) ||
	       sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, STR("+g.3gpp.icsi-ref"));
}


void subscription_receive(struct conference *f, struct im_request *r)
{
	char text[HEADERS_MAX];
	struct buf headers;
	struct membership_answer a = {.headers = &headers};
	struct membership_view v;
	struct sip_hop hop;

	buf_fixed(&headers, text, sizeof(text));
	conference_view(f, &v, &r->originator);
	if (membership_judge(&v, MEMBERSHIP_SUBSCRIBE, &a)) {
		(void)sip_reply(r->st, a.status, buf_str(&headers));
		return;
	}
	(void)conference_watchers_subscribe(f->watchers,
					    &(struct conference_subscribe){
						    .st = r->st,
						    .m = r->m,
						    .src = r->src,
						    .hop = admission_hop(f->table, r, &hop),
						    .who = r->originator,
						    .tells_own = tells_own(r->m),
					    });
}
