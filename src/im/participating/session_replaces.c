/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces (RFC 3891) across a session that passes through here: who names a dialog names the one with us. To whom the
 * request goes it is known by that of the other leg.
 */
#include "im/participating/session_state.h"
#include "sip/name_addr.h"
#include "sip/replaces.h"
#include "sip/uri.h"

/** Sessions of this process one behind the other: of the caller, of the callee, of a focus between them. */
#define LEGS_MAX 8


/* Of the other leg; NULL: the dialog is no leg of a session, or there is no other leg yet. */
static struct sip_dialog *beyond(struct sip_dialog *d)
{
	static const struct sip_invite_profile *const ours[] = {
		&session_profile_a,
		&session_profile_focus,
		&session_profile_b,
	};
	const struct sip_invite *inv = sip_invite_of_dialog(d);
	struct session_leg *l = NULL;

	for (size_t i = 0; inv && !l && i < sizeof(ours) / sizeof(ours[0]); i++)
		l = sip_invite_arg_of(inv, ours[i]);
	if (!l)
		return NULL;
	return session_dialog(l->session, session_leg_id(l) == LEG_A ? LEG_B : LEG_A);
}


/* False: it names nothing of ours. */
static bool map(const struct im_sessions *ss, struct sip_replaces *r)
{
	bool ours = false;

	for (int i = 0; i < LEGS_MAX; i++) {
		struct sip_dialog *d = sip_replaces_find(ss->dialogs, r);
		const struct sip_dialog *far = d ? beyond(d) : NULL;

		if (!far)
			break;
		/* RFC 3891 3: its to-tag is the tag of who gets the Replaces. */
		r->call_id = sip_dialog_call_id(far);
		r->to_tag = sip_dialog_remote_tag(far);
		r->from_tag = sip_dialog_local_tag(far);
		ours = true;
	}
	return ours;
}


bool im_sessions_replaces(const struct im_sessions *ss, const struct sip_msg *m, struct buf *b)
{
	struct sip_replaces r;

	if (sip_replaces_decode(&r, m) || !map(ss, &r))
		return false;
	buf_puts(b, STR("Replaces: "));
	sip_replaces_encode(b, &r);
	buf_puts(b, STR("\r\n"));
	return true;
}


/* ---- Refer-To ---- */

/* RFC 3261 25.1: hvalue = *( hnv-unreserved / unreserved / escaped ). */
static void put_escaped(struct buf *b, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || str_find(STR("-_.!~*'()"), c) >= 0;

		if (plain)
			buf_putc(b, c);
		else
			buf_printf(b, "%%%02X", (unsigned char)c);
	}
}


/* hvalue of a Replaces, mapped. False: it stays as it is. */
static bool put_mapped(struct buf *b, const struct im_sessions *ss, struct str escaped)
{
	char plain[SIP_URI_MAX];
	struct buf in, out = BUF_INIT(SESSION_LINES_MAX);
	struct sip_replaces r;
	bool mapped;

	buf_fixed(&in, plain, sizeof(plain));
	sip_unescape(escaped, &in);
	mapped = !in.failed && sip_replaces_decode_value(&r, buf_str(&in)) == 0 && map(ss, &r);
	if (mapped) {
		sip_replaces_encode(&out, &r);
		b->failed |= out.failed;
		put_escaped(b, buf_str(&out));
	}
	buf_done(&out);
	return mapped;
}


/* "hname=hvalue" of a URI, divided by '&' (RFC 3261 19.1.1). */
static void put_headers(struct buf *b, const struct im_sessions *ss, struct str headers)
{
	for (bool first = true; headers.n; first = false) {
		struct str one = str_cut(&headers, '&'), value = one;
		struct str name = str_cut(&value, '=');

		if (!first)
			buf_putc(b, '&');
		if (!str_eq_nocase(name, STR("Replaces"))) {
			buf_puts(b, one);
			continue;
		}
		buf_puts(b, STR("Replaces="));
		if (!put_mapped(b, ss, value))
			buf_puts(b, value);
	}
}


static void put_unfolded(struct buf *b, struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		buf_putc(b, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
}


void session_put_refer_to(struct buf *b, const struct im_session *s, struct str value)
{
	struct sip_name_addr a;
	struct sip_uri u;

	buf_puts(b, STR("Refer-To: "));
	if (sip_name_addr_decode(&a, value) || sip_uri_decode(&u, a.uri) || !u.headers.n) {
		put_unfolded(b, value);
	} else {
		put_unfolded(b, str_range(value.p, u.headers.p));
		put_headers(b, s->table, u.headers);
		put_unfolded(b, str_range(u.headers.p + u.headers.n, value.p + value.n));
	}
	buf_puts(b, STR("\r\n"));
}
