/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about system messages, made into jobs; when one is settled. */
#include "store/system_message.h"

#include <assert.h>
#include <errno.h>

#include "store/job.h"

#define CHOICE(i) offsetof(struct store_system_message, choice[i])

static const uint16_t texts[] = {
	offsetof(struct store_system_message, aor),
	offsetof(struct store_system_message, id),
	offsetof(struct store_system_message, text),
	offsetof(struct store_system_message, answer),
	CHOICE(0),
	CHOICE(1),
	CHOICE(2),
	CHOICE(3),
	CHOICE(4),
	CHOICE(5),
	CHOICE(6),
	CHOICE(7),
	CHOICE(8),
	CHOICE(9),
	CHOICE(10),
	CHOICE(11),
	CHOICE(12),
	CHOICE(13),
	CHOICE(14),
	CHOICE(15),
};

_Static_assert(STORE_CHOICES_MAX == 16, "every choice is in the table");

const struct store_shape store_system_message_shape = {
	sizeof(struct store_system_message),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};


bool store_system_message_settled(const struct store_system_message *m)
{
	return m->cleared || m->answer.n || (m->delivered_ms && !m->required);
}


int store_system_message_check_answer(const struct store_system_message *m, struct str answer)
{
	unsigned i = 0;

	while (i < m->choices && !str_eq(m->choice[i], answer))
		i++;
	if (i == m->choices)
		return -EINVAL;
	if (m->answer.n)
		return str_eq(m->answer, answer) ? 1 : -EEXIST;
	return 0;
}


static int check(const struct store_system_message *m)
{
	int error = store_keys_check(&m->aor, 1, STORE_SYSTEM_TEXT_MAX);

	if (!error)
		error = store_keys_check(&m->id, 1, STORE_SYSTEM_ID_MAX);
	if (error || m->text.n > STORE_SYSTEM_TEXT_MAX || m->choices > STORE_CHOICES_MAX)
		return error ? error : -EMSGSIZE;
	for (unsigned i = 0; i < m->choices; i++) {
		if (m->choice[i].n > STORE_CHOICE_LEN_MAX)
			return -EMSGSIZE;
		if (!m->choice[i].n || str_find(m->choice[i], '\n') >= 0)
			return -EINVAL;
	}
	return m->required && !m->choices ? -EINVAL : 0;
}


int store_system_message_add(struct store *s, struct store_request *r,
			     const struct store_system_message *m, store_done_cb *done, void *arg)
{
	struct store_system_message fresh = *m;
	struct store_job *j;
	int error = check(m);

	if (error)
		return error;
	fresh.answer = STR("");
	fresh.delivered_ms = fresh.answered_ms = 0;
	fresh.cleared = false;
	for (unsigned i = m->choices; i < STORE_CHOICES_MAX; i++)
		fresh.choice[i] = STR("");
	j = store_job_alloc(STORE_OP_SYSTEM_MESSAGE_ADD);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j,
			       store_record_copy(&j->arena, &j->in.system_message, &fresh,
						 &store_system_message_shape),
			       r, done, arg);
}


static int start_mark(struct store *s, struct store_request *r, enum store_op op,
		      const struct store_system_mark *m, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);
	struct store_system_mark *to;
	bool copied;

	if (!j)
		return -ENOMEM;
	to = &j->in.system_mark;
	to->now_ms = m->now_ms;
	copied = store_text_copy(&j->arena, &to->aor, m->aor) &&
		 store_text_copy(&j->arena, &to->id, m->id) &&
		 store_text_copy(&j->arena, &to->answer, m->answer);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_system_message_mark_delivered(struct store *s, struct store_request *r, struct str aor,
					struct str id, int64_t now_ms, store_done_cb *done,
					void *arg)
{
	struct store_system_mark m = {.aor = aor, .id = id, .now_ms = now_ms};

	return start_mark(s, r, STORE_OP_SYSTEM_MESSAGE_MARK_DELIVERED, &m, done, arg);
}


int store_system_message_mark_answered(struct store *s, struct store_request *r, struct str aor,
				       struct str id, struct str answer, int64_t now_ms,
				       store_done_cb *done, void *arg)
{
	struct store_system_mark m = {.aor = aor, .id = id, .answer = answer, .now_ms = now_ms};

	return start_mark(s, r, STORE_OP_SYSTEM_MESSAGE_MARK_ANSWERED, &m, done, arg);
}


int store_system_message_clear(struct store *s, struct store_request *r, struct str aor,
			       struct str id, store_done_cb *done, void *arg)
{
	struct store_system_mark m = {.aor = aor, .id = id};

	return start_mark(s, r, STORE_OP_SYSTEM_MESSAGE_CLEAR, &m, done, arg);
}


int store_system_message_delete(struct store *s, struct store_request *r, struct str aor,
				struct str id, store_done_cb *done, void *arg)
{
	struct store_system_mark m = {.aor = aor, .id = id};

	return start_mark(s, r, STORE_OP_SYSTEM_MESSAGE_DELETE, &m, done, arg);
}


int store_system_message_list(struct store *s, struct store_request *r, struct str aor,
			      struct str after_aor, struct str after_id, size_t max,
			      store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_SYSTEM_MESSAGE_LIST);
	struct store_system_page *to;
	bool copied;

	if (!j)
		return -ENOMEM;
	assert(max > 0 && max <= STORE_SYSTEM_MESSAGE_PAGE_MAX);
	to = &j->in.system_page;
	to->max = max;
	copied = store_text_copy(&j->arena, &to->aor, aor) &&
		 store_text_copy(&j->arena, &to->after_aor, after_aor) &&
		 store_text_copy(&j->arena, &to->after_id, after_id);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_system_message_undelivered(struct store *s, struct store_request *r, struct str aor,
				     store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_SYSTEM_MESSAGE_UNDELIVERED);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.aor, aor), r, done, arg);
}


const struct store_system_message *store_system_message_result(const struct store_request *r,
							       size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
