/* SPDX-License-Identifier: Apache-2.0 */
/* The two descriptions of a session: ours and the peer's. */
#include "client/session.h"

#include <errno.h>

#include "base/mem.h"
#include "body/mime.h"

/* Both enumerate RFC 4145's values in the same order. */
_Static_assert((int)SDP_SETUP_ACTPASS == (int)MSRP_SETUP_ACTPASS &&
		       (int)SDP_SETUP_HOLDCONN == (int)MSRP_SETUP_HOLDCONN,
	       "a=setup");


struct str session_sdp_find(const struct sip_msg *m)
{
	/* Beside a list of participants, or of those who are told: a part. */
	return sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body);
}


int session_sdp_take(struct parley_session *s, struct str text)
{
	char *copy;
	struct sdp sdp;
	struct sdp_msrp msrp;
	int err;

	if (!text.n)
		return -EBADMSG;
	copy = str_dup(text);
	if (!copy)
		return -ENOMEM;
	err = sdp_decode(&sdp, (struct str){copy, text.n});
	if (!err)
		err = sdp_msrp_decode(&msrp, &sdp);
	if (!err && msrp.port && !msrp.path.n)
		err = -EBADMSG;
	if (err) {
		mem_unref(copy);
		return err;
	}
	mem_unref(s->peer_text);
	s->peer_text = copy;
	s->peer_sdp = sdp;
	s->peer_msrp = msrp;
	return 0;
}


static void own(struct parley_session *s, struct sdp_own *ret, enum sdp_setup setup)
{
	s->setup = setup;
	*ret = (struct sdp_own){
		.direction = s->terms.direction,
		.accept = s->terms.accept,
		.accept_wrapped = s->terms.accept_wrapped,
		.max_size = s->terms.max_size,
		.lines = s->terms.lines,
	};
	media_end(s, &ret->end, setup);
	ret->end.id = s->sdp_id;
	ret->end.version = s->sdp_version;
}


/* RFC 6135 4.2.1: actpass, unless nobody could connect to us. */
int session_sdp_offer(struct parley_session *s)
{
	bool reachable = !s->p->behind_nat && (!s->secure || s->p->certificate_file);
	struct sdp_own o;

	own(s, &o, reachable ? SDP_SETUP_ACTPASS : SDP_SETUP_ACTIVE);
	buf_clear(&s->sdp);
	sdp_compose(&s->sdp, &o);
	return s->sdp.failed ? -ENOMEM : 0;
}


/* RFC 3264 6.1: what they only send we only receive. */
static enum sdp_direction answered_direction(const struct parley_session *s)
{
	enum sdp_direction theirs = sdp_direction_mirror(s->peer_msrp.direction);

	if (s->terms.direction == SDP_SENDRECV || theirs == SDP_INACTIVE)
		return theirs;
	return s->terms.direction;
}


int session_sdp_answer(struct parley_session *s)
{
	bool reachable = !s->p->behind_nat && (!s->secure || s->p->certificate_file);
	enum msrp_setup setup = msrp_setup_answer((enum msrp_setup)s->peer_msrp.setup, reachable);
	struct sdp_own o;

	own(s, &o, (enum sdp_setup)setup);
	o.direction = answered_direction(s);
	buf_clear(&s->sdp);
	sdp_answer(&s->sdp, &s->peer_sdp, s->peer_msrp.at, &o);
	return s->sdp.failed ? -ENOMEM : 0;
}


/* ---- What the peer takes ---- */

static bool lists(struct str list, const struct mime_type *t)
{
	return sdp_types_have(list, t->type, t->subtype);
}


/* RFC 4975 8.6: a type in accept-types may come as it is or in a container, one in accept-wrapped-types only in a
 * container. Whoever says nothing of types takes any. */
int session_sdp_way(const struct parley_session *s, struct str type, bool wrap)
{
	const struct mime_type cpim = {STR("message"), STR("cpim"), STR_NULL};
	struct str accept = s->peer_msrp.accept, wrapped = s->peer_msrp.accept_wrapped;
	struct mime_type t;
	bool plain, inside;

	if (mime_type_decode(&t, type))
		return -EMEDIUMTYPE;
	plain = !accept.p || lists(accept, &t);
	inside = !accept.p ||
		 (lists(accept, &cpim) && (plain || (wrapped.p && lists(wrapped, &t))));
	if (inside && (wrap || !plain))
		return 1;
	return plain ? 0 : -EMEDIUMTYPE;
}
