/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to system messages: read, compared with the choices, written. */

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "body/system_message.h"
#include "im/system/system_state.h"
#include "subscriber/subscriber.h"

/** Texts of one decoded answer. */
#define ANSWER_MEMORY_MAX 65536

#define ACCEPTED                                                       \
	"Accept: application/vnd.oma.im.system-message-response+xml, " \
	"application/end-user-confirmation-response+xml\r\n"

/** One answer, while the store works on it. */
struct answer {
	struct im_system *system;
	struct list_link link;
	struct sip_server_txn *st;
	struct store_request store;
	struct arena arena;
	struct system_answer decoded;
	char aor[SIP_AOR_MAX];
	size_t aor_n;
};


static void answer_destroy(void *object)
{
	struct answer *a = object;

	store_cancel(&a->store);
	arena_done(&a->arena);
	mem_unref(a->st);
	if (a->system)
		list_remove(&a->system->answers, &a->link);
}


void system_answers_end(struct im_system *s)
{
	for (struct list_link *l; (l = list_first(&s->answers));)
		mem_unref(container_of(l, struct answer, link));
}


static struct str aor_of(const struct answer *a)
{
	return (struct str){a->aor, a->aor_n};
}


static void finish(struct answer *a, uint16_t status, struct str headers)
{
	log_info("system", "answer id=" STR_FMT " status=%u", STR_ARG(a->decoded.id), status);
	(void)sip_reply(a->st, status, headers);
	mem_unref(a);
}


/* Digest c10: "server 200 and clears the gate. Unknown id: 404; wrong option: 400." */
static void finish_error(struct answer *a, int error)
{
	switch (error) {
	case -ENOENT:
		finish(a, 404, STR_NULL);
		break;
	case -EINVAL:
		finish(a, 400,
		       STR("Warning: 399 parley \"the answer is none of the choices\"\r\n"));
		break;
	case -EEXIST:
		finish(a, 400, STR("Warning: 399 parley \"it was answered otherwise before\"\r\n"));
		break;
	default:
		finish(a, 503, STR("Retry-After: 10\r\n"));
	}
}


static void on_written(struct store_request *r, int error, void *arg)
{
	struct answer *a = arg;

	(void)r;
	if (error) {
		finish_error(a, error);
		return;
	}
	subscribers_drop(a->system->p.subscribers, aor_of(a));
	finish(a, 200, STR_NULL);
}


static void write(struct answer *a, struct str choice)
{
	struct im_system *s = a->system;
	int err = store_system_message_mark_answered(s->p.store, &a->store, aor_of(a),
						     a->decoded.id, choice,
						     loop_wall_ms(sip_loop(s->p.sip)), on_written,
						     a);

	if (err)
		finish_error(a, err == -EMSGSIZE ? -EINVAL : err);
}


/* "accept" and "decline" of an EUCR are the first and the second choice: what was to choose from? */
static void on_listed(struct store_request *r, int error, void *arg)
{
	struct answer *a = arg;
	size_t n = 0, i = 0;
	const struct store_system_message *m = error ? NULL : store_system_message_result(r, &n);
	struct system_message asked = {.id = a->decoded.id};

	for (; m && i < n && !str_eq(m[i].id, a->decoded.id);)
		i++;
	if (error || !m || i == n) {
		finish_error(a, error ? error : -ENOENT);
		return;
	}
	asked.options_n = m[i].choices;
	for (unsigned k = 0; k < m[i].choices; k++)
		asked.options[k].id = m[i].choice[k];
	const struct system_option *chosen = system_answer_choice(&asked, &a->decoded);
	struct str choice = chosen ? arena_str(&a->arena, chosen->id) : STR("");
	if (!chosen || !choice.p)
		finish_error(a, chosen ? -ENOMEM : -EINVAL);
	else
		write(a, choice);
}


static void look_up(struct answer *a)
{
	int err;

	if (!a->decoded.eucr) {
		write(a, a->decoded.option);
		return;
	}
	err = store_system_message_list(a->system->p.store, &a->store, aor_of(a), STR(""), STR(""),
					STORE_SYSTEM_MESSAGES_MAX, on_listed, a);
	if (err)
		finish_error(a, err);
}


static bool is_answer_type(const struct sip_media_type *t)
{
	return sip_media_type_is(t, STR("application"),
				 STR("vnd.oma.im.system-message-response+xml")) ||
	       sip_media_type_is(t, STR("application"), STR("end-user-confirmation-response+xml"));
}


static struct answer *answer_alloc(struct im_system *s, const struct im_request *r)
{
	struct answer *a = mem_alloc(sizeof(*a), answer_destroy);

	if (!a)
		return NULL;
	a->arena = (struct arena)ARENA_INIT(ANSWER_MEMORY_MAX);
	a->st = mem_ref(r->st);
	a->aor_n = r->originator.n;
	memcpy(a->aor, r->originator.p, r->originator.n);
	a->system = s;
	list_append(&s->answers, &a->link);
	return a;
}


void im_system_receive(struct im_system *s, struct im_request *r)
{
	struct answer *a;

	if (!r->originator.n) {
		(void)sip_reply(r->st, 403,
				STR("Warning: 399 parley \"127 Service not authorised\"\r\n"));
		return;
	}
	if (!is_answer_type(&r->content)) {
		(void)sip_reply(r->st, 415, STR(ACCEPTED));
		return;
	}
	a = answer_alloc(s, r);
	if (!a) {
		(void)sip_reply(r->st, 500, STR_NULL);
		return;
	}
	int err = system_answer_decode(&a->decoded, r->m->body, &a->arena);
	if (err == -ENOMEM)
		finish(a, 500, STR_NULL);
	else if (err)
		finish(a, 400, STR("Warning: 399 parley \"the answer cannot be read\"\r\n"));
	else
		look_up(a);
}
