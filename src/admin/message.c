/* SPDX-License-Identifier: Apache-2.0 */
/* Where a message is, and why. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static void on_step(const struct admin_step *s, void *arg)
{
	admin_request_add(
		arg, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "at_ms",
			       (json_int_t)s->at_ms, "event", admin_json_text(s->event), "kind",
			       admin_json_text(s->kind), "user", admin_json_text(s->user), "sender",
			       admin_json_text(s->sender), "device", admin_json_text(s->device),
			       "reason", admin_json_text(s->reason), "status", (int)s->status,
			       "text", admin_json_text(s->text)));
}


static void on_done(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str id = admin_request_param(r, 0);

	if (error == -ENODATA)
		admin_request_error(r, 404,
				    "write its Call-ID or IMDN Message-ID; what is older stands in "
				    "the log alone",
				    "nothing is known of a message " STR_FMT,
				    STR_ARG(str_upto(id, ADMIN_ID_MAX)));
	else if (error)
		admin_request_failed(r, error, NULL, id);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:O}", "message", admin_json_text(id), "story",
					      admin_request_rows(r)));
}


static void get_message(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, id, s->insight.explain, id, on_step, on_done);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/messages/{id}", "the story of a message, by Call-ID or IMDN Message-ID",
	 get_message},
};


int admin_message_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
