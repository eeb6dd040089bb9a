/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about system messages: what the operator tells users, and their answers. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static json_t *answers_json(const struct admin_system_message *m)
{
	json_t *answers = json_array();

	for (size_t i = 0; i < m->answers_n; i++)
		json_array_append_new(answers, admin_json_text(m->answers[i]));
	return answers;
}


static void on_message(const struct admin_system_message *m, void *arg)
{
	admin_request_add(
		arg,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I}", "user",
			  admin_json_text(m->user), "id", admin_json_text(m->id), "text",
			  admin_json_text(m->text), "answers", answers_json(m), "state",
			  admin_json_text(m->state), "answer", admin_json_text(m->answer),
			  "required", m->required, "timeout_s", (json_int_t)m->timeout_s,
			  "created_ms", (json_int_t)m->created_ms, "delivered_ms",
			  (json_int_t)m->delivered_ms, "answered_ms", (json_int_t)m->answered_ms));
}


/* ---- List ---- */

static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, admin_request_query(r, "user"));
	else
		admin_request_reply_page(r, "system_messages", ADMIN_ROWS_MAX);
}


static void get_messages(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_query(r, "user");

	(void)arg;
	admin_request_ask(r, user, s->deferral.system_list, user, ADMIN_ROWS_MAX + 1, on_message,
			  on_list_done);
}


/* ---- Send ---- */

/** A list of strings, or nothing. False: answered. */
static bool answers_of(struct admin_request *r, struct str ret[static ADMIN_ANSWERS_MAX],
		       size_t *ret_n)
{
	json_t *list = json_object_get(admin_request_json(r), "answers");
	size_t n = list ? json_array_size(list) : 0;

	if ((list && !json_is_array(list)) || n > ADMIN_ANSWERS_MAX) {
		admin_request_error(r, 400, "send a list of texts",
				    "\"answers\" is no list, or has more than %d",
				    ADMIN_ANSWERS_MAX);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *j = json_array_get(list, i);
		struct str s = {json_string_value(j), json_string_length(j)};

		if (!s.n || s.n > ADMIN_ANSWER_MAX || memchr(s.p, '\n', s.n) ||
		    memchr(s.p, '\r', s.n)) {
			admin_request_error(
				r, 400, "send a line of text for each",
				"an answer is empty, longer than %d bytes, or has line ends",
				ADMIN_ANSWER_MAX);
			return false;
		}
		ret[i] = s;
	}
	*ret_n = n;
	return true;
}


static bool timeout_of(struct admin_request *r, uint32_t *ret)
{
	const json_t *j = json_object_get(admin_request_json(r), "timeout_s");
	json_int_t s = j ? json_integer_value(j) : 0;

	if (j && (!json_is_integer(j) || s < 1 || s > UINT32_MAX)) {
		admin_request_error(r, 400, "send a number of seconds",
				    "\"timeout_s\" is not a number above 0");
		return false;
	}
	*ret = (uint32_t)s;
	return true;
}


static void on_sent(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = admin_request_param(r, 0);

	if (error == -EDQUOT)
		admin_request_error(r, 409, "wait for answers, or clear some",
				    STR_FMT
				    " has as many system messages waiting as a user may have",
				    STR_ARG(user));
	else if (error)
		admin_request_failed(r, error, NULL, user);
	else
		admin_request_reply_row(r, 201);
}


static void post_message(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0), answers[ADMIN_ANSWERS_MAX];
	struct admin_system_message m = {.answers = answers};

	(void)arg;
	if (!admin_request_string(r, "text", ADMIN_TEXT_MAX, &m.text) ||
	    !answers_of(r, answers, &m.answers_n) || !timeout_of(r, &m.timeout_s))
		return;
	if (m.timeout_s && !m.answers_n) {
		admin_request_error(r, 400, "give answers to choose from, or no timeout",
				    "a time to answer in is no use without answers");
		return;
	}
	m.required = m.answers_n > 0;
	admin_request_ask(r, user, s->deferral.system_send, user, &m, on_message, on_sent);
}


/* ---- Clear ---- */

static void on_cleared(int error, void *arg)
{
	struct admin_request *r = arg;
	struct str user = admin_request_param(r, 0);

	if (error == -ENODATA)
		admin_request_error(r, 404, "list the system messages to see those there are",
				    STR_FMT " has no system message " STR_FMT, STR_ARG(user),
				    STR_ARG(admin_request_param(r, 1)));
	else if (error)
		admin_request_failed(r, error, NULL, user);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:o}", "user", admin_json_text(user),
					      "cleared", admin_request_counted(r)));
}


static void delete_messages(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->deferral.system_clear, user, admin_request_param(r, 1),
			  admin_request_count, on_cleared);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/system-messages", "what users were told, and their answers; ?user=USER",
	 get_messages},
	{"POST", "/v1/users/{user}/system-messages",
	 "tell a user: {\"text\", \"answers\", \"timeout_s\"}", post_message},
	{"DELETE", "/v1/users/{user}/system-messages", "no answer is needed any more, to any",
	 delete_messages},
	{"DELETE", "/v1/users/{user}/system-messages/{id}", "the same for one", delete_messages},
};


int admin_system_message_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
