/* SPDX-License-Identifier: Apache-2.0 */
/* Other requests inside the dialogs of a session (MESSAGE, INFO, REFER…): carried from leg to leg (OPF-SES-1c). */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_state.h"
#include "sip/compose.h"

/** One request on its way. */
struct carried {
	struct list_link link;
	struct session_leg *from;
	struct sip_server_txn *st;
	struct sip_dialog *dialog; /**< it came in */
	struct sip_dialog_request request;
};


static void carried_destroy(void *object)
{
	struct carried *c = object;

	sip_dialog_request_cancel(&c->request);
	if (c->from)
		list_remove(&c->from->carried, &c->link);
	mem_unref(c->dialog);
	mem_unref(c->st);
}


static void answer(const struct carried *c, const struct sip_msg *m)
{
	struct buf lines = BUF_INIT(SESSION_LINES_MAX);

	session_put_carried(&lines, c->from->session, m, m->body.n > 0);
	(void)sip_dialog_reply(c->dialog, c->st,
			       &(struct sip_response){
				       .status = m->status,
				       .reason = m->reason,
				       .headers = buf_str(&lines),
				       .type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE),
				       .body = m->body,
			       });
	buf_done(&lines);
}


static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct carried *c = arg;

	(void)r;
	(void)d;
	if (m && m->status < 200)
		return;
	if (m)
		answer(c, m);
	else
		(void)sip_reply(c->st, error == -ETIMEDOUT ? 408 : 503, STR_NULL);
	mem_unref(c);
}


static int carry(struct carried *c, struct sip_dialog *to, const struct sip_msg *m)
{
	const struct im_session *s = c->from->session;
	struct buf lines = BUF_INIT(SESSION_LINES_MAX);

	session_put_carried(&lines, s, m, m->body.n > 0);
	sip_put_copy(&lines, m, SIP_HDR_PRIVACY);
	sip_put_copy(&lines, m, SIP_HDR_REQUIRE);
	sip_put_copy(&lines, m, SIP_HDR_SUPPORTED);
	if (s->table->trust)
		sip_put_copy(&lines, m, SIP_HDR_P_ASSERTED_IDENTITY);
	int err = lines.failed
			  ? -ENOBUFS
			  : sip_dialog_send(to, &c->request,
					    &(struct sip_dialog_request_params){
						    .method = m->method,
						    .headers = buf_str(&lines),
						    .type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE),
						    .body = m->body,
						    .answered = on_answered,
						    .arg = c,
					    });
	buf_done(&lines);
	return err;
}


/* 0, or the status of the refusal. */
static uint16_t start(struct session_leg *from, struct sip_dialog *to, struct sip_server_txn *st,
		      const struct sip_msg *m)
{
	struct carried *c;

	if (!to || sip_dialog_state(to) != SIP_DIALOG_CONFIRMED)
		return 481;
	if (from->carried.count >= SESSION_CARRIED_MAX)
		return 503;
	c = mem_alloc(sizeof(*c), carried_destroy);
	if (!c)
		return 500;
	c->from = from;
	c->st = mem_ref(st);
	c->dialog = mem_ref(sip_invite_dialog(from->inv));
	list_append(&from->carried, &c->link);
	if (carry(c, to, m) == 0)
		return 0;
	mem_unref(c);
	return 500;
}


bool session_on_request(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
			void *arg)
{
	struct session_leg *from = arg;
	enum session_leg_id other = session_leg_id(from) == LEG_A ? LEG_B : LEG_A;
	uint16_t status;

	(void)inv;
	if (m->method == SIP_OPTIONS)
		return false;
	status = start(from, session_dialog(from->session, other), st, m);
	if (status)
		(void)sip_reply(st, status, STR_NULL);
	return true;
}


void session_carried_end(struct session_leg *l, uint16_t status)
{
	struct list_link *k;

	while ((k = list_first(&l->carried))) {
		struct carried *c = container_of(k, struct carried, link);

		(void)sip_reply(c->st, status, STR_NULL);
		mem_unref(c);
	}
}
