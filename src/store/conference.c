/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about conferences that stand, made into jobs. */
#include "store/conference.h"

#include <errno.h>

#include "store/job.h"

static const uint16_t texts[] = {
	offsetof(struct store_conference, id),
	offsetof(struct store_conference, group),
	offsetof(struct store_conference, founder),
	offsetof(struct store_conference, subject),
};

const struct store_shape store_conference_shape = {
	sizeof(struct store_conference),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};


static int check_id(struct str id)
{
	return id.n ? store_keys_check(&id, 1, STORE_CONFERENCE_ID_MAX) : -EINVAL;
}


static int check(const struct store_conference *c)
{
	struct str keys[] = {c->group, c->founder, c->subject};
	int error = check_id(c->id);

	if (!error)
		error = store_keys_check(keys, sizeof(keys) / sizeof(keys[0]),
					 STORE_CONFERENCE_TEXT_MAX);
	if (!error)
		error = store_keys_check(c->invited, c->invited_n, STORE_CONFERENCE_TEXT_MAX);
	return error || c->invited_n <= STORE_CONFERENCE_INVITED_MAX ? error : -EMSGSIZE;
}


static bool copy(struct store_job *j, const struct store_conference *c)
{
	struct store_conference *to = &j->in.conference;
	struct str *who = arena_alloc(&j->arena, (c->invited_n + 1) * sizeof(*who));

	if (!who || !store_record_copy(&j->arena, to, c, &store_conference_shape))
		return false;
	for (size_t i = 0; i < c->invited_n; i++)
		if (!store_text_copy(&j->arena, &who[i], c->invited[i]))
			return false;
	to->invited = who;
	return true;
}


static int start(struct store *s, struct store_request *r, enum store_op op,
		 const struct store_conference *c, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, copy(j, c), r, done, arg);
}


int store_conference_put(struct store *s, struct store_request *r, const struct store_conference *c,
			 store_done_cb *done, void *arg)
{
	struct store_conference fresh = *c;
	int error = check(c);

	if (error)
		return error;
	fresh.lapses_ms = 0;
	return start(s, r, STORE_OP_CONFERENCE_PUT, &fresh, done, arg);
}


int store_conference_invite(struct store *s, struct store_request *r, struct str id, struct str who,
			    store_done_cb *done, void *arg)
{
	struct store_conference c = {.id = id, .invited = &who, .invited_n = 1};
	int error = check(&c);

	if (error || !who.n)
		return error ? error : -EINVAL;
	return start(s, r, STORE_OP_CONFERENCE_INVITE, &c, done, arg);
}


static int start_id(struct store *s, struct store_request *r, enum store_op op, struct str id,
		    store_done_cb *done, void *arg)
{
	struct store_conference c = {.id = id};
	int error = check_id(id);

	return error ? error : start(s, r, op, &c, done, arg);
}


int store_conference_delete(struct store *s, struct store_request *r, struct str id,
			    store_done_cb *done, void *arg)
{
	return start_id(s, r, STORE_OP_CONFERENCE_DELETE, id, done, arg);
}


int store_conference_get(struct store *s, struct store_request *r, struct str id,
			 store_done_cb *done, void *arg)
{
	return start_id(s, r, STORE_OP_CONFERENCE_GET, id, done, arg);
}


static int start_time(struct store *s, struct store_request *r, enum store_op op, int64_t ms,
		      store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	j->in.now_ms = ms;
	return store_job_start(s, j, true, r, done, arg);
}


int store_conference_lapse(struct store *s, struct store_request *r, int64_t at_ms,
			   store_done_cb *done, void *arg)
{
	return start_time(s, r, STORE_OP_CONFERENCE_LAPSE, at_ms, done, arg);
}


int store_conference_purge(struct store *s, struct store_request *r, int64_t now_ms,
			   store_done_cb *done, void *arg)
{
	return start_time(s, r, STORE_OP_CONFERENCE_PURGE, now_ms, done, arg);
}


const struct store_conference *store_conference_result(const struct store_request *r)
{
	return r->found;
}


size_t store_conference_removed(const struct store_request *r)
{
	return r->found_n;
}
