/* SPDX-License-Identifier: Apache-2.0 */
/* The INVITE of a group made on the spot, and what an invitation to a group tells. */
#include "client/chat_state.h"

#include <errno.h>

#include "base/mem.h"
#include "body/recipient_list.h"
#include "sip/accept_contact.h"
#include "sip/compose.h"
#include "sip/dialog.h"
#include "sip/name_addr.h"
#include "sip/replaces.h"
#include "sip/uri.h"

/** Random digits of a boundary between SDP and list. */
#define BOUNDARY_N 32
/** Header fields that one entry asks for. */
#define ENTRY_MAX (SIP_URI_MAX + 1024)
/** List and texts of an invitation. */
#define LIST_MEMORY_MAX 65536


/* ---- The list of members ---- */

static bool is_member(struct str uri)
{
	struct sip_uri u;

	return !sip_uri_decode(&u, uri) && u.scheme != SIP_URI_OTHER && !u.headers.n;
}


/* RFC 3261 25.1, hvalue: what is neither unreserved nor hnv-unreserved is escaped; so are those of the latter. */
static void put_escaped(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c && strchr("-_.!~*'()", c)))
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}


/* Digest b 14: by the Contribution-ID of the chat, which holds end to end; without one by its dialog (RFC 3891),
 * whose tags are seen from the other side. */
static void put_replacing(struct buf *b, const struct parley_session *old)
{
	struct sip_dialog *d = old->leg ? sip_invite_dialog(old->leg) : NULL;

	buf_puts(b, str_of(old->peer));
	if (*old->contribution) {
		buf_puts(b, STR(";method=INVITE?Session-Replaces="));
		put_escaped(b, str_of(old->contribution));
	} else if (d) {
		buf_puts(b, STR(";method=INVITE?Replaces="));
		put_escaped(b, sip_dialog_call_id(d));
		buf_puts(b, STR("%3Bto-tag%3D"));
		put_escaped(b, sip_dialog_remote_tag(d));
		buf_puts(b, STR("%3Bfrom-tag%3D"));
		put_escaped(b, sip_dialog_local_tag(d));
	}
}


static int add_member(struct group_chat *g, struct str uri)
{
	struct str kept = session_keep(g->chat->s, uri);

	if (!kept.p)
		return -ENOMEM;
	g->members[g->members_n++] =
		(struct resource_item){.kind = RESOURCE_ENTRY, .uri = kept, .copy = RESOURCE_TO};
	return 0;
}


static bool is_in(const struct group_chat *g, struct str uri)
{
	for (size_t i = 0; i < g->members_n; i++) {
		if (str_eq(g->members[i].uri, uri))
			return true;
	}
	return false;
}


static int add_extended(struct group_chat *g, struct parley_session *old)
{
	struct buf b = BUF_INIT(ENTRY_MAX);
	int err = -EINVAL;

	if (is_member(str_of(old->peer))) {
		put_replacing(&b, old);
		err = b.failed ? -ENOMEM : add_member(g, buf_str(&b));
	}
	buf_done(&b);
	if (!err)
		g->instead = mem_ref(old);
	return err;
}


static int use_factory(struct parley_session *s)
{
	char text[ACCOUNT_TEXT_MAX];
	struct buf b;

	if (s->to.n)
		return 0;
	buf_fixed(&b, text, sizeof(text));
	buf_printf(&b, "sip:conference-factory@" STR_FMT,
		   STR_ARG(str_from(str_of(s->p->registrar), sizeof("sip:") - 1)));
	s->to = b.failed ? STR_NULL : session_keep(s, buf_str(&b));
	return s->to.p ? 0 : -ENOMEM;
}


int group_invite_list(struct group_chat *g, const struct parley_chat_params *params)
{
	struct parley_session *s = g->chat->s, *old = params->extends;
	int err = use_factory(s);

	if (params->members_n > PARLEY_GROUP_MAX || (old && !chat_of(old)))
		return -EINVAL;
	g->members = arena_alloc(&s->texts, (params->members_n + 1) * sizeof(*g->members));
	if (!g->members)
		return -ENOMEM;
	if (!err && old)
		err = add_extended(g, old);
	for (size_t i = 0; i < params->members_n && !err; i++) {
		struct str uri = str_of(params->members[i]);

		if (!is_member(uri))
			err = -EINVAL;
		else if (!is_in(g, uri) && (!old || !str_eq(uri, str_of(old->peer))))
			err = add_member(g, uri);
	}
	g->anew = true;
	return err;
}


/* RFC 5366 3: "the UAC MUST include the 'recipient-list-invite' option-tag [...] in a Require header field". */
static void put_list(struct group_chat *g, struct buf *headers, struct buf *type, struct buf *body)
{
	struct parley_session *s = g->chat->s;
	char boundary[BOUNDARY_N + 1];

	account_put_random(s->p, boundary, BOUNDARY_N);
	sip_put_header(headers, SIP_HDR_REQUIRE, RECIPIENT_LIST_INVITE_TAG);
	recipient_list_put_type(type, (struct str){boundary, BOUNDARY_N});
	recipient_list_encode(body,
			      &(struct recipient_content){.type = STR("application/sdp"),
							  .content = buf_str(&s->sdp)},
			      g->members, g->members_n, RECIPIENT_LIST,
			      (struct str){boundary, BOUNDARY_N});
}


int group_invite_put(struct group_chat *g, struct buf *headers, struct buf *type, struct buf *body)
{
	if (*g->chat->s->contribution)
		sip_put_header(headers, SIP_HDR_CONTRIBUTION_ID, str_of(g->chat->s->contribution));
	if (g->members_n && g->anew)
		put_list(g, headers, type, body);
	return 0;
}


/* ---- An invitation ---- */

/* RFC 3892 2.2: who wanted it, as the focus says; the group itself is in `from`. */
static const char *referrer(struct parley_session *s, const struct sip_msg *m)
{
	struct str value = sip_msg_header_named(m, STR("Referred-By"));
	struct sip_name_addr a;

	if (!value.n || sip_name_addr_decode(&a, value))
		return "";
	return session_keep(s, a.uri).p;
}


/* Those invited with us, and perhaps what is asked of an entry that is us (digest b 14). */
static int take_history(struct parley_session *s, const struct sip_msg *m,
			struct parley_invitation *ret)
{
	struct recipient_body body = {.content_type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE),
				      .body = m->body};
	struct arena a = ARENA_INIT(LIST_MEMORY_MAX);
	struct recipient_list found;
	struct resource_lists lists;
	const char **uris = NULL;
	size_t n = 0;
	int err = 0;

	if (!recipient_list_find(&found, &body, RECIPIENT_LIST_HISTORY) &&
	    !resource_lists_decode(&lists, found.xml, &a))
		n = lists.items_n < PARLEY_GROUP_MAX ? lists.items_n : PARLEY_GROUP_MAX;
	if (n)
		uris = arena_alloc(&s->texts, n * sizeof(*uris));
	for (size_t i = 0; i < n && uris; i++) {
		uris[i] = session_keep(s, lists.items[i].uri).p;
		if (!uris[i])
			uris = NULL;
	}
	if (n && !uris)
		err = -ENOMEM;
	arena_done(&a);
	ret->others = uris;
	ret->others_n = n;
	return err;
}


static struct parley_session *of_dialog(const struct parley *p, const struct sip_dialog *d)
{
	for (struct list_link *k = list_first(&p->sessions); k && d;
	     k = list_next(&p->sessions, k)) {
		struct parley_session *s = container_of(k, struct parley_session, link);

		if (s->mode == PARLEY_CHAT && s->leg && sip_invite_dialog(s->leg) == d)
			return s;
	}
	return NULL;
}


/* The header; else an entry of the list that has it in its URI. */
static struct parley_session *find_replaced(const struct parley_session *s, const struct sip_msg *m)
{
	const struct str key = STR("Session-Replaces=");
	struct str id = str_trim(sip_msg_header(m, SIP_HDR_SESSION_REPLACES));
	struct sip_replaces r;
	ptrdiff_t at;
	size_t n = 0;

	if (!id.n && !sip_replaces_decode(&r, m))
		return of_dialog(s->p, sip_replaces_find(s->p->dialogs, &r));
	at = id.n ? -1 : str_find_str(m->body, key);
	if (at >= 0) {
		id = str_from(m->body, (size_t)at + key.n);
		while (n < id.n && id.p[n] != '"' && id.p[n] != '&' && id.p[n] != '<' &&
		       id.p[n] > ' ')
			n++;
		id = str_upto(id, n);
	}
	return session_by_contribution(s->p, id);
}


int group_invite_take(struct group_chat *g, const struct sip_msg *m, struct parley_invitation *ret)
{
	struct parley_session *s = g->chat->s, *old = find_replaced(s, m);
	int err;

	ret->group = group_chat_is(g);
	ret->by = ret->group ? referrer(s, m) : "";
	err = !ret->by ? -ENOMEM : ret->group ? take_history(s, m, ret) : 0;
	if (!err && old && old != s && !g->instead) {
		g->instead = mem_ref(old);
		ret->replaces = old;
	}
	return err;
}
