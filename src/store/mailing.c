/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about mailings, made into jobs. */
#include "store/mailing.h"

#include <assert.h>
#include <errno.h>

#include "store/content_area.h"
#include "store/job.h"

#define MAILING(member) offsetof(struct store_mailing, member)
#define RECIPIENT(member) offsetof(struct store_mailing_recipient, member)

static const uint16_t texts[] = {
	MAILING(sender),  MAILING(group), MAILING(call_id), MAILING(message_id), MAILING(from),
	MAILING(headers), MAILING(type),  MAILING(body),    MAILING(file),
};

const struct store_shape store_mailing_shape = {
	sizeof(struct store_mailing),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};

static const uint16_t recipient_texts[] = {
	RECIPIENT(uri),
	RECIPIENT(who),
	RECIPIENT(headers),
};

const struct store_shape store_mailing_recipient_shape = {
	sizeof(struct store_mailing_recipient),
	sizeof(recipient_texts) / sizeof(recipient_texts[0]),
	recipient_texts,
};


static int check_recipient(const struct store_mailing_recipient *r)
{
	struct str keys[] = {r->uri, r->who};
	int error = store_keys_check(keys, 2, STORE_MAILING_TEXT_MAX);

	return error ? error : store_keys_check(&r->headers, 1, STORE_MAILING_HEADERS_MAX);
}


static int check(const struct store_mailing *m)
{
	struct str keys[] = {m->sender, m->group, m->call_id, m->message_id,
			     m->from,   m->type,  m->file};
	int error = store_keys_check(keys, sizeof(keys) / sizeof(keys[0]), STORE_MAILING_TEXT_MAX);

	if (!error)
		error = store_keys_check(&m->headers, 1, STORE_MAILING_HEADERS_MAX);
	if (!error && m->file.n && !content_name_ok(m->file))
		error = -EINVAL;
	if (error)
		return error;
	if (m->body.n > STORE_MAILING_BODY_MAX || m->size > STORE_CONTENT_SIZE_MAX ||
	    m->recipients_n > STORE_MAILING_RECIPIENTS_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; !error && i < m->recipients_n; i++)
		error = check_recipient(&m->recipient[i]);
	return error;
}


static bool copy(struct store_job *j, const struct store_mailing *m)
{
	struct store_mailing *to = &j->in.mailing;
	struct store_mailing_recipient *r = arena_alloc(&j->arena, m->recipients_n * sizeof(*r));

	if (!r || !store_record_copy(&j->arena, to, m, &store_mailing_shape))
		return false;
	for (size_t i = 0; i < m->recipients_n; i++)
		if (!store_record_copy(&j->arena, &r[i], &m->recipient[i],
				       &store_mailing_recipient_shape))
			return false;
	to->recipient = r;
	return true;
}


int store_mailing_add(struct store *s, struct store_request *r, const struct store_mailing *m,
		      store_done_cb *done, void *arg)
{
	int error = check(m);
	struct store_job *j;

	if (error)
		return error;
	assert(m->id && m->id <= INT64_MAX && m->recipients_n);
	j = store_job_alloc(STORE_OP_MAILING_ADD);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, copy(j, m), r, done, arg);
}


int store_mailing_settle(struct store *s, struct store_request *r, uint64_t id, uint32_t position,
			 store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_MAILING_SETTLE);

	if (!j)
		return -ENOMEM;
	j->in.mailing_key = (struct store_mailing_key){.id = id, .position = position};
	return store_job_start(s, j, true, r, done, arg);
}


int store_mailing_list(struct store *s, struct store_request *r, uint64_t after, size_t max,
		       store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_MAILING_LIST);

	if (!j)
		return -ENOMEM;
	assert(max > 0 && max <= STORE_MAILING_PAGE_MAX);
	j->in.mailing_key = (struct store_mailing_key){.id = after, .max = max};
	return store_job_start(s, j, true, r, done, arg);
}


const struct store_mailing *store_mailing_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}
