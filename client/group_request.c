/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a focus in a session that stands. */
#include "client/group_request.h"

#include <errno.h>

#include "base/mem.h"
#include "body/recipient_list.h"
#include "client/chat_state.h"
#include "sip/compose.h"
#include "sip/dialog.h"
#include "sip/uri.h"

/** Random digits of the Content-ID of a list. */
#define CONTENT_ID_N 16

struct group_request {
	struct list_link link; /**< of group_chat.requests, until it is answered */
	struct group_chat *group;
	enum parley_request what;
	uint32_t number;
	struct sip_dialog_request sip;
	uint8_t challenges;
	char *headers, *body; /**< of a REFER; body NULL: none */
};


/* ---- Life ---- */

static void destroy(void *object)
{
	struct group_request *r = object;

	sip_dialog_request_cancel(&r->sip);
	mem_unref(r->headers);
	mem_unref(r->body);
}


static int begin(struct group_chat *g, struct group_request **ret, enum parley_request what,
		 uint32_t number)
{
	struct group_request *r;

	if (g->requests.count >= PARLEY_GROUP_REQUESTS_MAX)
		return -ENOBUFS;
	r = mem_alloc(sizeof(*r), destroy);
	if (!r)
		return -ENOMEM;
	r->group = g;
	r->what = what;
	r->number = number;
	list_append(&g->requests, &r->link);
	*ret = r;
	return 0;
}


static void drop(struct group_request *r)
{
	list_remove(&r->group->requests, &r->link);
	mem_unref(r);
}


static void tell(struct group_request *r, uint16_t status)
{
	struct chat *c = r->group->chat;

	if (r->number && chat_handler(c)->answered)
		chat_handler(c)->answered(c->s, r->number, r->what, status, c->s->arg);
}


/* The session, in whose memory the group is, outlives it. */
static void end(struct group_request *r, uint16_t status)
{
	struct parley_session *s = r->group->chat->s;
	struct parley *p = s->p;

	account_enter(p);
	mem_ref(s);
	mem_ref(r);
	drop(r);
	if (!p->closed)
		tell(r, status);
	mem_unref(r);
	mem_unref(s);
	account_leave(p);
}


void group_request_drop_all(struct group_chat *g, bool told)
{
	for (struct list_link *k; g->requests.head.next && (k = list_first(&g->requests));) {
		struct group_request *r = container_of(k, struct group_request, link);

		if (told)
			end(r, 0);
		else
			drop(r);
	}
}


/* ---- REFER ---- */

static int refer(struct group_request *r, struct str further);


/* As in session.c: 407 is the way's and known to the account, 401 is the focus's own. */
static bool authorize(struct group_request *r, const struct sip_msg *m)
{
	struct parley_session *s = r->group->chat->s;
	struct parley *p = s->p;
	int kind = m->status == 407;
	struct credentials *c = kind ? &p->request_auth : &s->own;
	struct sip_dialog *d = s->leg ? sip_invite_dialog(s->leg) : NULL;
	struct buf lines = BUF_INIT(SESSION_TEXT_MAX);
	bool sent = false;

	if (d && (m->status == 401 || m->status == 407) && p->password &&
	    r->challenges++ < GROUP_REQUEST_CHALLENGES_MAX &&
	    !digest_client_take(&c->of[kind], m) &&
	    !digest_answer(&c->of[kind], p->loop, str_of(p->auth_user), str_of(p->password),
			   sip_method_name(SIP_REFER), sip_dialog_target(d), &lines))
		sent = !lines.failed && !refer(r, buf_str(&lines));
	buf_done(&lines);
	return sent;
}


static void on_answered(struct sip_dialog_request *q, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct group_request *r = arg;

	(void)q;
	(void)d;
	(void)error;
	if (m && m->status < 200)
		return;
	if (!m || !authorize(r, m))
		end(r, m ? m->status : 0);
}


static int refer(struct group_request *r, struct str further)
{
	struct parley_session *s = r->group->chat->s;
	struct sip_dialog *d = s->leg ? sip_invite_dialog(s->leg) : NULL;
	struct buf headers = BUF_INIT(GROUP_REQUEST_MAX);
	int err = -ENOTCONN;

	buf_puts(&headers, str_of(r->headers));
	buf_puts(&headers, further);
	if (headers.failed)
		err = -ENOMEM;
	else if (d)
		err = sip_dialog_send(d, &r->sip,
				      &(struct sip_dialog_request_params){
					      .method = SIP_REFER,
					      .headers = buf_str(&headers),
					      .type = r->body ? RESOURCE_LISTS_TYPE : STR_NULL,
					      .body = str_of(r->body),
					      .answered = on_answered,
					      .arg = r,
				      });
	buf_done(&headers);
	return err;
}


/* In <>, with a method of its own: one that the URI brings would be another's (RFC 3261 19.1.1). */
static void put_target(struct buf *b, const struct sip_uri *u, enum parley_request what)
{
	buf_puts(b, STR("Refer-To: <"));
	buf_puts(b, u->text);
	if (what == PARLEY_REMOVE)
		buf_puts(b, STR(";method=BYE"));
	buf_puts(b, STR(">\r\n"));
}


static int put_one(struct buf *headers, const char *uri, enum parley_request what)
{
	struct sip_uri u;
	struct str method;

	if (sip_uri_decode(&u, str_of(uri)) || u.headers.n ||
	    sip_uri_param(&u, STR("method"), &method) || str_find(u.text, '>') >= 0)
		return -EINVAL;
	put_target(headers, &u, what);
	/* RFC 4488 4: no subscription, since the conference's state tells more. */
	buf_puts(headers, STR("Supported: norefersub\r\n"));
	return 0;
}


/* RFC 5368 7: "MUST contain a pointer (i.e., a Content-ID Uniform Resource Locator (URL)". */
static int put_list(struct parley *p, struct buf *headers, struct buf *body,
		    const char *const *uris, size_t n)
{
	struct resource_item items[PARLEY_GROUP_MAX];
	char id[CONTENT_ID_N + 1];
	struct sip_uri u;

	for (size_t i = 0; i < n; i++) {
		if (sip_uri_decode(&u, str_of(uris[i])) || u.headers.n)
			return -EINVAL;
		items[i] = (struct resource_item){.kind = RESOURCE_ENTRY,
						  .uri = u.text,
						  .copy = RESOURCE_TO};
	}
	account_put_random(p, id, CONTENT_ID_N);
	buf_printf(headers,
		   "Refer-To: <cid:%s@%s>\r\n"
		   "Require: multiple-refer, norefersub\r\n"
		   "Content-Disposition: recipient-list\r\n"
		   "Content-ID: <%s@%s>\r\n",
		   id, p->domain, id, p->domain);
	recipient_list_encode(body, NULL, items, n, RECIPIENT_LIST, STR_NULL);
	return 0;
}


static int compose(struct group_request *r, const char *const *uris, size_t n)
{
	struct parley *p = r->group->chat->s->p;
	struct buf headers = BUF_INIT(SESSION_TEXT_MAX), body = BUF_INIT(GROUP_REQUEST_MAX);
	int err = n == 1 ? put_one(&headers, uris[0], r->what)
			 : put_list(p, &headers, &body, uris, n);

	buf_puts(&headers, STR("Refer-Sub: false\r\n"));
	if (!err && !headers.failed && !body.failed) {
		r->headers = str_dup(buf_str(&headers));
		r->body = body.n ? str_dup(buf_str(&body)) : NULL;
	}
	if (!err && (!r->headers || (n > 1 && !r->body)))
		err = -ENOMEM;
	buf_done(&headers);
	buf_done(&body);
	return err;
}


int group_request_refer(struct group_chat *g, enum parley_request what, const char *const *uris,
			size_t n, uint32_t number)
{
	struct group_request *r;
	int err;

	if (!n || n > PARLEY_GROUP_MAX)
		return n ? -ENOBUFS : -EINVAL;
	err = begin(g, &r, what, number);
	if (err)
		return err;
	err = compose(r, uris, n);
	if (!err)
		err = refer(r, STR_NULL);
	if (err)
		drop(r);
	return err;
}


/* ---- NICKNAME ---- */

static void on_named(struct msrp_session *session, uint16_t status, void *arg)
{
	(void)session;
	end(arg, status);
}


int group_request_nickname(struct group_chat *g, const char *name, uint32_t number)
{
	struct parley_session *s = g->chat->s;
	struct buf lines = BUF_INIT(SESSION_TEXT_MAX);
	struct group_request *r;
	int err = begin(g, &r, PARLEY_NICKNAME, number);

	if (err)
		return err;
	msrp_nickname_encode(&lines, str_of(name));
	err = lines.failed ? -ENOMEM
	      : s->msrp
		      ? msrp_session_request(s->msrp, STR("NICKNAME"), buf_str(&lines), on_named, r)
		      : -ENOTCONN;
	buf_done(&lines);
	if (err)
		drop(r);
	return err;
}
