/* SPDX-License-Identifier: Apache-2.0 */
/* The INVITE by which somebody is asked into a conference: digest g3, f-B, d2 4; RFC 4579 5.3, RFC 5366 5. */
#include <errno.h>

#include "body/mime.h"
#include "body/recipient_list.h"
#include "body/sdp.h"
#include "im/controlling/invitation.h"
#include "im/own.h"
#include "sip/compose.h"

#define REPLACES STR("Replaces: ")
#define ANONYMOUS STR("sip:anonymous@anonymous.invalid")
/** Digits of a boundary: not to be met in SDP or XML by chance. */
#define BOUNDARY_N 24

/** Of the INVITE that began the conference, to all who are invited (digest d1, "Correlation"). */
static const struct str correlation[] = {
	STR_INIT("Contribution-ID"),
	STR_INIT("Conversation-ID"),
	STR_INIT("InReplyTo-Contribution-ID"),
};


/* ---- What all of them say ---- */

static void put_named(struct buf *b, const struct sip_msg *m, struct str name)
{
	struct str value = sip_msg_header_named(m, name);

	if (str_eq(name, STR("Contribution-ID")))
		value = sip_msg_header(m, SIP_HDR_CONTRIBUTION_ID);
	if (!value.n)
		return;
	buf_puts(b, name);
	buf_puts(b, STR(": "));
	for (size_t i = 0; i < value.n; i++)
		buf_putc(b, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
	buf_puts(b, STR("\r\n"));
}


int invitation_keep(struct conference *f, const struct sip_msg *m, struct str history)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);
	char *text;

	for (size_t i = 0; m && i < sizeof(correlation) / sizeof(correlation[0]); i++)
		put_named(&lines, m, correlation[i]);
	/* CTL-IMS: within the trust domain the charging identity is that of the session (RFC 7315 4.6). */
	if (m && f->table->trust)
		sip_put_copy(&lines, m, SIP_HDR_P_CHARGING_VECTOR);
	text = lines.failed ? NULL : mem_raw(lines.n + history.n + 1);
	if (!text) {
		buf_done(&lines);
		return -ENOMEM;
	}
	invitation_done(f);
	if (history.n)
		memcpy(text, history.p, history.n);
	if (lines.n)
		memcpy(text + history.n, lines.p, lines.n);
	f->history = (struct str){text, history.n};
	f->carried = (struct str){text + history.n, lines.n};
	buf_done(&lines);
	return 0;
}


void invitation_done(struct conference *f)
{
	mem_free((void *)f->history.p);
	f->history = f->carried = STR_NULL;
}


/* ---- Header lines ---- */

/* In whose name: of a group the group's, else of who wants them. */
static struct str inviter(const struct invitation_wait *w)
{
	const struct conference *f = w->conference;

	if (f->kind == CONFERENCE_GROUP)
		return f->asserted;
	return w->by.n ? w->by : f->founder;
}


static bool hides(const struct invitation_wait *w)
{
	return w->by_hides && w->conference->kind != CONFERENCE_GROUP;
}


/*
 * The terminating function judges by it (im/own.h) and does not show who hides. RFC 3325 7: elsewhere, outside of the
 * trust domain, it is not said of who hides.
 */
static void put_identity(struct buf *b, const struct invitation_wait *w)
{
	const struct controlling *c = w->conference->table;

	if (hides(w) && !c->trust && !im_addresses_serve(&c->addresses, w->who))
		return;
	buf_puts(b, STR("P-Asserted-Identity: "));
	if (w->conference->group && w->conference->group->display_name.n) {
		sip_quote(w->conference->group->display_name, b);
		buf_putc(b, ' ');
	}
	buf_putc(b, '<');
	buf_puts(b, inviter(w));
	buf_puts(b, STR(">\r\n"));
}


bool invitation_message_replaces(const struct invitation_wait *w)
{
	return !w->bare && (str_starts(w->headers, REPLACES) ||
			    str_find_str(w->headers, STR("\r\nReplaces: ")) >= 0);
}


/* What the list or the Refer-To asked for. */
static void put_asked(struct buf *b, const struct invitation_wait *w)
{
	struct str rest = w->headers;

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (w->bare && str_starts(line, REPLACES))
			continue;
		buf_puts(b, line);
		buf_putc(b, '\n');
	}
}


static void put_lines(struct buf *b, const struct invitation_wait *w)
{
	const struct conference *f = w->conference;

	put_identity(b, w);
	if (hides(w))
		sip_put_header(b, SIP_HDR_PRIVACY, STR("id"));
	sip_put_header(b, SIP_HDR_ACCEPT_CONTACT, STR("*;+g.oma.sip-im"));
	if (f->subject.n)
		sip_put_header(b, SIP_HDR_SUBJECT, f->subject);
	/* RFC 3892 2.2, RFC 4579 5.5. */
	if (w->referred && w->by.n && !w->by_hides) {
		buf_puts(b, STR("Referred-By: <"));
		buf_puts(b, w->by);
		buf_puts(b, STR(">\r\n"));
	}
	buf_puts(b, f->carried);
	put_asked(b, w);
}


/* ---- Body ---- */

bool invitation_message_has_list(const struct invitation_wait *w)
{
	return w->conference->history.n && !w->referred && !w->plain;
}


static void put_boundary(struct buf *b, struct loop *loop)
{
	buf_puthex(b, loop_random_u64(loop), 16);
	buf_puthex(b, loop_random_u64(loop), BOUNDARY_N - 16);
}


static int put_body(struct buf *b, struct buf *type, const struct invitation_wait *w)
{
	struct buf sdp = BUF_INIT(SDP_TEXT_MAX);
	char boundary[BOUNDARY_N];
	struct buf mark;
	int err = participant_sdp(w->p, true, &sdp);

	if (!err && !invitation_message_has_list(w)) {
		buf_puts(type, STR("application/sdp"));
		buf_puts(b, buf_str(&sdp));
	} else if (!err) {
		buf_fixed(&mark, boundary, sizeof(boundary));
		put_boundary(&mark, w->conference->table->loop);
		recipient_list_put_type(type, buf_str(&mark));
		recipient_list_wrap(b,
				    &(struct recipient_content){.type = STR("application/sdp"),
								.content = buf_str(&sdp)},
				    w->conference->history, RECIPIENT_LIST_HISTORY, buf_str(&mark));
	}
	if (!err && (sdp.failed || b->failed || type->failed))
		err = -ENOBUFS;
	buf_done(&sdp);
	return err;
}


/* ---- All of it ---- */

static int send_invite(struct invitation_wait *w, struct str lines, struct str type,
		       struct str body)
{
	struct conference *f = w->conference;
	char user[sizeof("conf-") + CONTROLLING_ID_N];
	struct sip_proxy_target t;
	struct buf contact;
	int err = im_own_target(f->table->own, w->uri, &t);

	if (err)
		return err;
	buf_fixed(&contact, user, sizeof(user));
	buf_puts(&contact, STR("conf-"));
	buf_put(&contact, f->id, sizeof(f->id));
	return sip_invite_send(
		&w->p->inv,
		&(struct sip_invite_params){
			.dialogs = f->table->dialogs,
			.profile = &participant_profile,
			/* f-B: between CF and T-PF the refresher is the T-PF. */
			.session = controlling_session_wish(f->table, SIP_REFRESHER_UAS),
			.dialog = {.local = hides(w) ? ANONYMOUS : inviter(w),
				   .remote = w->uri,
				   .target = t.uri,
				   .route = t.route,
				   .hop = t.hop,
				   .contact_user = buf_str(&contact),
				   /* d2 4: to who is called 1-1 we are no focus. */
				   .contact_params = f->kind == CONFERENCE_ONE_TO_ONE
							     ? STR(";+g.oma.sip-im")
							     : STR(";isfocus;+g.oma.sip-im")},
			.headers = lines,
			.type = type,
			.body = body,
			.arg = w->p,
		});
}


int invitation_message_send(struct invitation_wait *w)
{
	struct buf lines = BUF_INIT(INVITATION_MESSAGE_MAX);
	struct buf body = BUF_INIT(INVITATION_MESSAGE_MAX);
	char text[MIME_BOUNDARY_MAX + 32];
	struct buf type;
	int err;

	buf_fixed(&type, text, sizeof(text));
	put_lines(&lines, w);
	err = lines.failed ? -ENOBUFS : put_body(&body, &type, w);
	if (!err)
		err = send_invite(w, buf_str(&lines), buf_str(&type), buf_str(&body));
	buf_done(&lines);
	buf_done(&body);
	return err;
}
