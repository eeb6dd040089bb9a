/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contacts of ours that lead back (OPF-OK-5, TPF-SES-8a; digest f-C 28): the user part of a leg's Contact
 * stands for the remote target of the other leg.
 */

#include <errno.h>

#include "im/participating/session_state.h"
#include "sip/accept_contact.h"
#include "sip/transport.h"

#define PREFIX STR("imp-")


void session_put_token(struct buf *b, const struct im_session *s, enum session_leg_id leg)
{
	buf_puts(b, PREFIX);
	buf_put(b, s->id, IM_SESSION_ID_N);
	buf_putc(b, leg == LEG_A ? 'a' : 'b');
}


/*
 * Seed 002 9.1.1: the client stores the Session Identity "if received in the Contact header as described in
 * [RFC4579]", subscribes to it, and comes back to it when this session is long gone. Of a focus of this
 * process, whose Contact has our own host, it can stand in ours as it is.
 */
struct str session_identity_user(const struct im_session *s, struct str uri, struct str params)
{
	struct sip_uri u;

	if (!sip_feature_on(params, STR("isfocus")) || sip_uri_decode(&u, uri) ||
	    !str_starts(u.user, STR("conf-")) ||
	    !sip_transports_is_ours(sip_transports(s->table->sip), &u))
		return STR_NULL;
	return u.user;
}


/* The dialog whose remote target this Contact stands for. */
static struct sip_dialog *dialog_behind(const struct im_sessions *ss, struct str token)
{
	struct im_session *s = session_find(ss,
					    str_upto(str_from(token, PREFIX.n), IM_SESSION_ID_N));

	if (!s)
		return NULL;
	return session_dialog(s, token.p[SESSION_TOKEN_N - 1] == 'a' ? LEG_B : LEG_A);
}


bool im_session_is_contact(const struct sip_route *route)
{
	struct sip_uri uri;

	return !route->next.p && route->uri_ours && sip_uri_decode(&uri, route->uri) == 0 &&
	       uri.user.n == SESSION_TOKEN_N && str_starts(uri.user, PREFIX);
}


int im_sessions_resolve(const struct im_sessions *ss, const struct sip_route *route,
			struct sip_proxy_target *ret)
{
	struct sip_dialog *d;
	struct sip_uri uri;

	if (!im_session_is_contact(route) || sip_uri_decode(&uri, route->uri))
		return 0;
	d = dialog_behind(ss, uri.user);
	if (!d)
		return -ENOENT;
	*ret = (struct sip_proxy_target){
		.uri = sip_dialog_target(d),
		.route = sip_dialog_route(d),
		.hop = sip_dialog_hop(d),
		.q = 1000,
	};
	return 1;
}
