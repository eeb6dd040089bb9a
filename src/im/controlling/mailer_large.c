/* SPDX-License-Identifier: Apache-2.0 */
/* One copy of a mailing as a Large Message. */
#include "im/controlling/mailer_large.h"

#include <errno.h>

#include "base/mem.h"
#include "im/controlling/mailer.h"

#define CONTACT_LARGE STR(";+g.oma.sip-im;+g.oma.sip-im.large-message")


void mailer_large_cancel(struct mailer_large *l)
{
	if (!l->p)
		return;
	carrier_done(&l->carrier);
	l->p = NULL;
}


static void finish(struct mailer_large *l, uint16_t status)
{
	mailer_large_cb *done = l->done;
	void *arg = l->arg;

	mailer_large_cancel(l);
	done(status, arg);
}


static void on_over(const struct carrier_end *e, void *arg)
{
	/* What is not on disk any more will not be there tomorrow. */
	if (e->error == -ENOENT)
		finish(arg, 410);
	else if (e->error == -ETIMEDOUT)
		finish(arg, 408);
	else
		finish(arg, e->status && !e->error ? e->status : 503);
}


static const struct carrier_handler handler = {.over = on_over};


static void describe(struct mailer_large *l, const struct store_mailing *what)
{
	struct str type = what->type;
	struct sdp_own own = {
		.direction = SDP_SENDONLY,
		.accept = str_trim(str_cut(&type, ';')),
		.accept_wrapped = STR("*"),
		.max_size = what->size,
	};

	media_end_describe(&l->carrier.media, &own.end);
	sdp_compose(&l->carrier.said, &own);
}


static int invite(struct mailer_large *l, const struct mailer_large_params *p)
{
	return carrier_invite(
		&l->carrier, &(struct sip_invite_params){.dialogs = l->p->dialogs,
							 .dialog = {.local = p->from,
								    .remote = p->uri,
								    .target = p->target->uri,
								    .route = p->target->route,
								    .hop = p->target->hop,
								    .contact_user = MAILER_CONTACT,
								    .contact_params = CONTACT_LARGE,
								    .call_id = p->call_id,
								    .local_tag = p->tag},
							 .headers = p->headers});
}


int mailer_large_start(struct mailer_large *l, const struct mailer_large_params *p,
		       mailer_large_cb *done, void *arg)
{
	int err;

	if (!p->p->msrp || !p->p->dialogs)
		return -EOPNOTSUPP;
	if (p->message_id.n > MAILER_LARGE_ID_MAX)
		return -EINVAL;
	*l = (struct mailer_large){.p = p->p, .done = done, .arg = arg};
	memcpy(l->id, p->message_id.p, p->message_id.n);
	err = carrier_init(&l->carrier,
			   &(struct carrier_params){
				   .sip = p->p->sip,
				   .msrp = p->p->msrp,
				   .secure = p->target->hop && p->target->hop->kind == SIP_TLS,
				   .said_max = MAILER_LARGE_SDP_MAX,
				   .content = {.store = p->p->store,
					       .name = p->what->file,
					       .size = p->what->size,
					       .message = {.message_id = {l->id, p->message_id.n},
							   .content_type = p->what->type}},
				   .handler = &handler,
				   .arg = l,
			   });
	if (!err) {
		describe(l, p->what);
		err = invite(l, p);
	}
	if (err)
		mailer_large_cancel(l);
	return err;
}
