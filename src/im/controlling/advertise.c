/* SPDX-License-Identifier: Apache-2.0 */
/* News of a group to its members. */
#include "im/controlling/advertise.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "body/group_advertisement.h"
#include "im/controlling/conference.h"

/** Digest b row 29: the feature tag of advertisements beside that of the service. */
#define ACCEPT_CONTACT \
	STR("Accept-Contact: *;+g.oma.sip-im\r\nAccept-Contact: *;+g.poc.groupad\r\n")


static bool is_news(const struct group *before, const struct str *who)
{
	return !before || !before->advertise || !group_member(before, who, 1);
}


static size_t news_for(struct store_mailing_recipient *to, const struct group *before,
		       const struct group *after)
{
	size_t n = 0;

	for (size_t i = 0; i < after->members_n && n < STORE_MAILING_RECIPIENTS_MAX; i++) {
		const struct group_member *m = &after->members[i];

		if (!m->canonical.n || str_eq(m->canonical, after->canonical) ||
		    !is_news(before, &m->canonical))
			continue;
		to[n] = (struct store_mailing_recipient){.position = (uint32_t)n,
							 .uri = m->uri,
							 .who = m->canonical};
		n++;
	}
	return n;
}


static void put_news(struct buf *out, const struct group *g)
{
	struct group_advertisement a = {.note = g->subject, .n = 1};

	a.group[0].type = g->invite_members ? GROUP_DIALED_OUT : GROUP_DIALED_IN;
	a.group[0].display_name = g->display_name;
	a.group[0].uri = g->uri;
	group_advertisement_encode(out, &a);
}


int advertise_changed(struct mailer *m, const struct group *before, const struct group *after,
		      int64_t now_ms)
{
	struct buf body = BUF_INIT(GROUP_ADVERTISEMENT_SIZE_MAX);
	struct buf from = BUF_INIT(STORE_MAILING_TEXT_MAX);
	struct store_mailing_recipient *to;
	size_t n;
	int err = -ENOMEM;

	if (!after || !after->advertise || !after->members_n)
		return 0;
	to = mem_raw(after->members_n * sizeof(*to));
	if (!to)
		return -ENOMEM;
	n = news_for(to, before, after);
	put_news(&body, after);
	buf_printf(&from, "<" STR_FMT ">", STR_ARG(after->canonical));
	if (!n)
		err = 0;
	else if (!body.failed && !from.failed)
		err = mailer_post(m,
				  &(struct store_mailing){
					  .kind = MAILING_ADVERTISEMENT,
					  .sender = after->canonical,
					  .group = after->canonical,
					  .from = buf_str(&from),
					  .headers = ACCEPT_CONTACT,
					  .type = GROUP_ADVERTISEMENT_TYPE,
					  .body = buf_str(&body),
					  .received_ms = now_ms,
					  .recipient = to,
					  .recipients_n = n,
				  },
				  NULL, NULL, NULL);
	buf_done(&body);
	buf_done(&from);
	mem_free(to);
	return err;
}


void controlling_advertise(struct controlling *c, const struct group *before,
			   const struct group *after)
{
	int err = advertise_changed(c->mailer, before, after, loop_wall_ms(c->loop));

	if (err)
		log_error("conference", "the members of " STR_FMT " are not told of it: %s",
			  STR_ARG(after->canonical), strerror(-err));
}
