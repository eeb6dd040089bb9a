/* SPDX-License-Identifier: Apache-2.0 */
/* An INVITE that comes in. */
#include "client/invited.h"

#include <errno.h>

#include "base/mem.h"
#include "client/chat_state.h"
#include "client/receive.h"
#include "client/taking.h"
#include "sip/accept_contact.h"
#include "sip/compose.h"

#define TAG_LARGE STR("+g.oma.sip-im.large-message")

static const struct session_owner no_owner;


/* ---- What it is ---- */

/* Notes A-2: the tag may stand in either. */
static enum parley_mode mode_of(const struct parley_session *s, const struct sip_msg *m)
{
	if (sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, TAG_LARGE) ||
	    sip_msg_has_feature(m, SIP_HDR_CONTACT, TAG_LARGE))
		return PARLEY_LARGE;
	return s->peer_text && s->peer_msrp.file_selector.p ? PARLEY_FILE : PARLEY_CHAT;
}


/* 0, or the status that it is refused with. */
static uint16_t take_offer(struct parley_session *s, const struct sip_msg *m)
{
	struct str text = session_sdp_find(m);
	int err;

	if (!m->body.n) {
		s->we_offered = true;
		return 0;
	}
	if (!text.n)
		return 415;
	err = session_sdp_take(s, text);
	if (err == -ENOMEM)
		return 500;
	if (err == -EBADMSG)
		return 400;
	return err || !s->peer_msrp.port ? 488 : 0;
}


/* What we can do of it: an end of the kind wanted, and something to say there. */
static uint16_t prepare(struct parley_session *s, const struct sip_source *src)
{
	int err = s->mode == PARLEY_CHAT ? chat_init(s) : taking_init(s);

	if (err)
		return 500;
	if (s->mode == PARLEY_CHAT && s->peer_text && chat_judge(s))
		return 488;
	err = media_open(s, &src->peer, s->peer_text ? s->peer_msrp.secure : s->p->media_tls);
	return err == -ENOMEM ? 500 : err == -ENOBUFS ? 486 : err ? 488 : 0;
}


/* ---- The program's word ---- */

static uint64_t size_of(const struct parley_session *s, const struct sdp_file *file)
{
	if (file->sized)
		return file->size;
	if (s->mode == PARLEY_LARGE && s->peer_text && s->peer_msrp.max_size)
		return s->peer_msrp.max_size;
	return PARLEY_SIZE_UNKNOWN;
}


static unsigned ask(struct parley_session *s, const struct sip_msg *m)
{
	const struct parley_handler *h = s->p->handler;
	struct sdp_file file = {.sized = false};
	struct str types = s->peer_text ? s->peer_msrp.accept : STR_NULL;

	if (s->peer_text && s->peer_msrp.accept_wrapped.n)
		types = s->peer_msrp.accept_wrapped;
	if (s->mode == PARLEY_FILE && sdp_file_decode(&file, s->peer_msrp.file_selector))
		return 488;
	if (!h || !h->invitation || !h->session_handler)
		return 488;
	struct parley_invitation i = {
		.from = s->peer,
		.from_name = s->peer_name,
		.to = s->called,
		.subject = s->subject.p,
		.mode = s->mode,
		.name = session_keep(s, file.name).p,
		.type = session_keep(s, file.type.n ? file.type : types).p,
		.size = size_of(s, &file),
		.received_ms = loop_wall_ms(s->p->loop),
		.session = s,
	};
	if (!i.name || !i.type ||
	    (s->mode == PARLEY_CHAT && group_invite_take(&chat_of(s)->group, m, &i)))
		return 500;
	s->handler = h->session_handler;
	return h->invitation(s->p, &i, s->p->arg);
}


static void decide(struct parley_session *s, const struct sip_msg *m)
{
	unsigned status = ask(s, m);

	/* From inside it may have been taken or declined by name. */
	if (s->p->closed || s->state != SESSION_INVITED)
		return;
	if (status >= 200 && status < 300) {
		(void)session_accept(s);
	} else if (status < 200) {
		(void)sip_invite_respond(s->leg, SIP_INVITE, &(struct sip_response){.status = 180});
	} else {
		s->handler = NULL;
		session_decline(s, (uint16_t)status, STR(""));
	}
}


/* ---- Making a session of it ---- */

static int note_peer(struct parley_session *s, const struct sip_msg *m)
{
	s->peer = session_keep(s, receive_sender_uri(m)).p;
	s->peer_name = receive_sender_name(&s->texts, m);
	s->called = session_keep(s, m->to_uri).p;
	s->to = session_keep(s, m->from_uri);
	s->subject = session_keep(s, sip_msg_header(m, SIP_HDR_SUBJECT));
	s->contribution = session_keep(s, str_trim(sip_msg_header(m, SIP_HDR_CONTRIBUTION_ID))).p;
	session_note_identity(s, m);
	return s->peer && s->peer_name && s->called && s->to.p && s->subject.p && s->contribution
		       ? 0
		       : -ENOMEM;
}


static int accept_leg(struct parley_session *s, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_source *src)
{
	char user[2 * ACCOUNT_TEXT_MAX];
	struct buf contact;
	bool large = sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, TAG_LARGE) ||
		     sip_msg_has_feature(m, SIP_HDR_CONTACT, TAG_LARGE);

	buf_fixed(&contact, user, sizeof(user));
	buf_printf(&contact, "%s.%s", s->p->user, s->p->token);
	return sip_invite_accept(
		&s->leg,
		&(struct sip_invite_params){
			.dialogs = s->p->dialogs,
			.profile = &s->p->call_profile,
			.session = {.min_s = SIP_SESSION_MIN_S, .refresher = SIP_REFRESHER_UAS},
			.dialog = {.contact_user = buf_str(&contact),
				   .contact_params = large ? STR(ACCOUNT_TAGS_LARGE)
							   : STR(ACCOUNT_TAGS)},
			.arg = s,
		},
		st, m, src);
}


static void refuse(struct parley_session *s, uint16_t status)
{
	s->handler = NULL;
	session_decline(s, status,
			status == 488   ? STR("nothing in this offer can be taken here")
			: status == 486 ? STR("there are too many sessions here")
					: STR(""));
}


void invited(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m,
	     const struct sip_source *src)
{
	struct parley_session *s;
	uint16_t status;

	if (p->reports_only) {
		receive_refuse(st, 480, STR("this client only waits for reports"));
		return;
	}
	if (session_alloc(&s, p, PARLEY_CHAT, &no_owner, NULL)) {
		receive_refuse(st, 486, STR("there are too many sessions here"));
		return;
	}
	s->state = SESSION_INVITED;
	mem_ref(s);
	if (accept_leg(s, st, m, src)) {
		/* It was answered there. */
		s->owner = &no_owner;
		session_over(s, PARLEY_ENDED_US, &(struct exchange_end){.error = 0});
		mem_unref(s);
		return;
	}
	status = note_peer(s, m) ? 500 : take_offer(s, m);
	s->mode = mode_of(s, m);
	if (!status)
		status = prepare(s, src);
	if (status)
		refuse(s, status);
	else
		decide(s, m);
	mem_unref(s);
}
