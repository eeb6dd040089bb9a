/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of a session say besides dialog and body: the header rules of each function and kind. */

#include "im/participating/session_state.h"
#include "sip/accept_contact.h"
#include "sip/auth_header.h"
#include "sip/compose.h"
#include "sip/name_addr.h"

#define TAG_IM STR_INIT("+g.oma.sip-im")
#define TAG_LARGE STR_INIT("+g.oma.sip-im.large-message")
#define CONTACT_IM ";+g.oma.sip-im"
#define CONTACT_LARGE CONTACT_IM ";+g.oma.sip-im.large-message"

/**
 * The rules, as data. Function: whose rows a leg follows. 6.1.2.2.2 wants the IM Address as Request-URI,
 * 6.1.1.2.2 and 6.1.2.4.1 a copy of the received one (notes A-9). Refreshers: digest f-B.
 */
static const struct session_rules rules[SESSION_FUNCTIONS][SESSION_KINDS] = {
	[SESSION_OPF][SESSION_KIND_SESSION] = {.contact = STR_INIT(CONTACT_IM),
					       .tags = {TAG_IM},
					       .invite_refresher = SIP_REFRESHER_UAC,
					       .answer_refresher = SIP_REFRESHER_UAC},
	[SESSION_OPF][SESSION_KIND_LARGE] = {.contact = STR_INIT(CONTACT_LARGE),
					     .tags = {TAG_IM, TAG_LARGE},
					     .invite_refresher = SIP_REFRESHER_UAC,
					     .answer_refresher = SIP_REFRESHER_UAC},
	[SESSION_TPF][SESSION_KIND_SESSION] = {.contact = STR_INIT(CONTACT_IM),
					       .tags = {TAG_IM},
					       .invite_to_address = true,
					       .invite_refresher = SIP_REFRESHER_UAS,
					       .answer_refresher = SIP_REFRESHER_UAS},
	[SESSION_TPF][SESSION_KIND_LARGE] = {.contact = STR_INIT(CONTACT_LARGE),
					     .tags = {TAG_IM, TAG_LARGE},
					     .invite_refresher = SIP_REFRESHER_UAS,
					     .answer_refresher = SIP_REFRESHER_UAS},
};

/** What becomes of a received header line on the other leg; one that the table does not name is carried over. */
enum fate {
	CARRIED,
	OWN,      /**< belongs to a hop or a dialog, or is written by a rule */
	ASSERTED, /**< only from who may assert it (RFC 3325 5, RFC 5502 6, RFC 6050, RFC 7315 4) */
	OF_THE_BODY, /**< describes the body: goes with it */
	REFERS,      /**< may name a dialog of this leg */
	CREDENTIALS, /**< ours are consumed (RFC 3261 22.3) */
};

static const uint8_t fates[SIP_HDR_COUNT] = {
	[SIP_HDR_VIA] = OWN,
	[SIP_HDR_FROM] = OWN,
	[SIP_HDR_TO] = OWN,
	[SIP_HDR_CALL_ID] = OWN,
	[SIP_HDR_CSEQ] = OWN,
	[SIP_HDR_MAX_FORWARDS] = OWN,
	[SIP_HDR_MAX_BREADTH] = OWN,
	[SIP_HDR_ROUTE] = OWN,
	[SIP_HDR_RECORD_ROUTE] = OWN,
	[SIP_HDR_CONTACT] = OWN,
	[SIP_HDR_CONTENT_LENGTH] = OWN,
	[SIP_HDR_CONTENT_TYPE] = OWN,
	[SIP_HDR_CONTENT_DISPOSITION] = OF_THE_BODY,
	[SIP_HDR_CONTENT_ENCODING] = OF_THE_BODY,
	[SIP_HDR_CONTENT_LANGUAGE] = OF_THE_BODY,
	[SIP_HDR_MIME_VERSION] = OF_THE_BODY,
	[SIP_HDR_ACCEPT_CONTACT] = OWN,
	[SIP_HDR_ALLOW] = OWN,
	[SIP_HDR_ALLOW_EVENTS] = OWN,
	[SIP_HDR_PROXY_AUTHORIZATION] = CREDENTIALS,
	[SIP_HDR_PROXY_REQUIRE] = OWN,
	[SIP_HDR_REQUIRE] = OWN,
	[SIP_HDR_SUPPORTED] = OWN,
	[SIP_HDR_SESSION_EXPIRES] = OWN,
	[SIP_HDR_MIN_SE] = OWN,
	[SIP_HDR_FLOW_TIMER] = OWN,
	[SIP_HDR_IDENTITY] =
		OWN, /* RFC 8224 signs From, To and Date; the body it may have covered is another */
	[SIP_HDR_JOIN] = OWN, /* names a dialog of the other leg, as the next does */
	[SIP_HDR_REPLACES] = OWN,
	[SIP_HDR_REFER_TO] = REFERS,
	[SIP_HDR_PATH] = OWN,
	[SIP_HDR_SERVICE_ROUTE] = OWN,
	[SIP_HDR_PRIVACY] = OWN,
	[SIP_HDR_P_ASSERTED_IDENTITY] = OWN,
	[SIP_HDR_P_PREFERRED_IDENTITY] = OWN, /* RFC 3325 9.2: it was for us */
	[SIP_HDR_P_ASSERTED_SERVICE] = ASSERTED,
	[SIP_HDR_P_SERVED_USER] = ASSERTED,
	[SIP_HDR_P_CHARGING_VECTOR] = ASSERTED,
	[SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES] = ASSERTED,
	[SIP_HDR_P_ASSOCIATED_URI] = OWN,
	[SIP_HDR_RACK] = OWN,
	[SIP_HDR_RSEQ] = OWN,
	[SIP_HDR_SERVER] = OWN,
	[SIP_HDR_USER_AGENT] = OWN,
	[SIP_HDR_TIMESTAMP] = OWN,
};


const struct session_rules *session_rules(enum session_function f, enum im_kind kind)
{
	return &rules[f][kind == IM_LARGE ? SESSION_KIND_LARGE : SESSION_KIND_SESSION];
}


/* ---- What is carried over ---- */

static void put_line(struct buf *b, const struct sip_msg *m, const struct sip_line *l)
{
	const char *start = m->p + l->start, *value = m->p + l->value, *end = m->p + l->vend;

	buf_put(b, start, l->name_n);
	buf_puts(b, STR(": "));
	if (!l->folded) {
		buf_put(b, value, (size_t)(end - value));
	} else {
		for (const char *p = value; p < end; p++)
			buf_putc(b, *p == '\r' || *p == '\n' ? ' ' : *p);
	}
	buf_puts(b, STR("\r\n"));
}


static bool is_for_us(const struct sip_msg *m, const struct sip_line *l, struct str realm)
{
	struct auth_credentials c;

	return auth_credentials_decode(&c, str_range(m->p + l->value, m->p + l->vend)) == 0 &&
	       str_eq(c.realm, realm);
}


void session_put_carried(struct buf *b, const struct im_session *s, const struct sip_msg *m,
			 bool body)
{
	for (size_t i = 0; i < m->lines; i++) {
		const struct sip_line *l = &m->line[i];

		switch (fates[l->id]) {
		case OWN:
			break;
		case ASSERTED:
			if (s->table->trust)
				put_line(b, m, l);
			break;
		case OF_THE_BODY:
			if (body)
				put_line(b, m, l);
			break;
		case REFERS:
			session_put_refer_to(b, s, str_range(m->p + l->value, m->p + l->vend));
			break;
		case CREDENTIALS:
			if (!is_for_us(m, l, s->table->addresses.domains[0]))
				put_line(b, m, l);
			break;
		default:
			put_line(b, m, l);
		}
	}
}


/* RFC 3325 9.3: a value of Privacy, several of them divided by ';' (RFC 3323 4.2) or ','. */
bool session_asks_privacy(const struct sip_msg *m)
{
	return m->first[SIP_HDR_PRIVACY] != SIP_LINE_NONE &&
	       sip_msg_has_token(m, SIP_HDR_PRIVACY, STR("id"));
}


/* ---- INVITE of ours ---- */

static bool wants(const struct sip_msg *m, const struct session_rules *r)
{
	for (size_t i = 0; i < SESSION_TAGS_MAX && r->tags[i].n; i++) {
		if (!sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, r->tags[i]))
			return false;
	}
	return true;
}


/* TPF-SES-3 and DRV-15: the tags are there once; what the caller asked for besides stays (RFC 3841). */
static void put_accept_contact(struct buf *b, const struct sip_msg *m,
			       const struct session_rules *r)
{
	if (!wants(m, r)) {
		buf_puts(b, STR("Accept-Contact: *"));
		buf_puts(b, r->contact);
		buf_puts(b, STR("\r\n"));
	}
	sip_put_copy(b, m, SIP_HDR_ACCEPT_CONTACT);
}


/*
 * TPF-SES-9, DRV-15: the Authenticated Originator's IM Address (5.1). In a trust domain what was asserted
 * stays, with `Privacy: id` too (notes A-15). A client is told who calls unless the caller hides
 * (RFC 3325 7: "MUST NOT forward" to an element that is not trusted).
 */
static void put_identity(struct buf *b, const struct im_session *s, const struct im_request *r)
{
	if (s->table->trust) {
		sip_put_copy(b, r->m, SIP_HDR_P_ASSERTED_IDENTITY);
	} else if (r->originator.n && (!r->anonymous || s->to_focus)) {
		/* The focus keeps what they hide from the others; to join they must be known to it. */
		buf_puts(b, STR("P-Asserted-Identity: <"));
		buf_puts(b, r->originator);
		buf_puts(b, STR(">\r\n"));
	}
}


/* What is asked of the callee beyond us. Timers are each leg's own; sip/invite.h answered 420 to what is unknown. */
static void put_require(struct buf *b, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_REQUIRE);
	struct str value;

	while (sip_values_next(&v, &value)) {
		if (!str_eq_nocase(value, STR("timer")) && !str_eq_nocase(value, STR("100rel")))
			sip_put_header(b, SIP_HDR_REQUIRE, value);
	}
}


void session_put_invite_lines(struct buf *b, const struct im_session *s, const struct im_request *r)
{
	put_accept_contact(b, r->m, session_rules(session_function(s, LEG_B), s->kind));
	put_identity(b, s, r);
	sip_put_copy(b, r->m, SIP_HDR_PRIVACY);
	put_require(b, r->m);
	if (!im_sessions_replaces(s->table, r->m, b))
		sip_put_copy(b, r->m, SIP_HDR_REPLACES);
	session_put_carried(b, s, r->m, true);
}


/* ---- Responses of ours on leg A ---- */

/*
 * TPF-OK-2. In a trust domain as it was asserted; of a device of the embedded setting only if it says what
 * its registration proves, and only as long as it does not hide.
 */
static void put_answerer(struct buf *b, const struct im_session *s, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_P_ASSERTED_IDENTITY);
	char text[SIP_AOR_MAX];
	struct sip_name_addr a;
	struct sip_uri uri;
	struct buf aor;
	struct str value;

	/* CTL-OK-4: what our own focus says of itself. */
	if (s->table->trust || s->to_focus) {
		sip_put_copy(b, m, SIP_HDR_P_ASSERTED_IDENTITY);
		return;
	}
	if (s->callee_hides || !s->to_devices)
		return;
	while (sip_values_next(&v, &value)) {
		buf_fixed(&aor, text, sizeof(text));
		if (sip_name_addr_decode(&a, value) == 0 && sip_uri_decode(&uri, a.uri) == 0 &&
		    sip_uri_aor(&uri, s->table->addresses.domains[0], &aor) == 0 &&
		    str_eq(buf_str(&aor), s->report.recipient)) {
			sip_put_header(b, SIP_HDR_P_ASSERTED_IDENTITY, value);
			return;
		}
	}
}


/* TPF-OK-3 with digest f-C 29: `id` in any response of this dialog stays in all that follow. */
static void put_privacy(struct buf *b, const struct im_session *s, const struct sip_msg *m)
{
	sip_put_copy(b, m, SIP_HDR_PRIVACY);
	if (s->callee_hides && !session_asks_privacy(m))
		sip_put_header(b, SIP_HDR_PRIVACY, STR("id"));
}


void session_put_answer_lines(struct buf *b, const struct im_session *s, const struct sip_msg *m,
			      bool body)
{
	/* The leg adds Allow, the engine Server. */
	if (m->status < 300) {
		put_answerer(b, s, m);
		put_privacy(b, s, m);
	}
	/* Digest f-C 54: a redirection goes to who asked, unchanged. */
	if (m->status >= 300)
		sip_put_copy(b, m, SIP_HDR_CONTACT);
	session_put_carried(b, s, m, body);
}


/* TPF-SES-8b, 8c, OPF-SES-1f-2, notes A-30: our tags, and isfocus where the other side is one (RFC 4579 4). */
void session_put_contact_params(struct buf *b, const struct im_session *s, enum session_leg_id leg,
				struct str received)
{
	buf_puts(b, session_rules(session_function(s, leg), s->kind)->contact);
	if (sip_feature_on(received, STR("isfocus")))
		buf_puts(b, STR(";isfocus"));
}


/* Notes A-30: a client knows the Session Identity by isfocus in our Contact (RFC 4579 4). */
void session_contact_learn(struct im_session *s, struct str contact)
{
	struct sip_dialog *d = sip_invite_dialog(s->a.inv);
	char params[SESSION_CONTACT_MAX];
	struct sip_name_addr a;
	struct str identity;
	struct buf b;

	if (!d || sip_name_addr_decode(&a, contact))
		return;
	buf_fixed(&b, params, sizeof(params));
	session_put_contact_params(&b, s, LEG_A, a.params);
	(void)sip_dialog_set_contact_params(d, buf_str(&b));
	identity = session_identity_user(s, a.uri, a.params);
	if (identity.n)
		(void)sip_dialog_set_contact_user(d, identity);
}
