/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a subscriber: what the store has, decoded. */
#include "subscriber/profile.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/profile.h"

/** Memory for decoding settings: ids of IM_SETTINGS_ENTITIES_MAX devices. */
#define SETTINGS_MEMORY_MAX 65536


static void destroy(void *object)
{
	struct subscriber *s = object;

	mem_unref(s->access);
	mem_unref(s->policy);
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static void put_secret(char to[static DIGEST_HEX_MAX], struct str ha1)
{
	if (ha1.n < DIGEST_HEX_MAX)
		memcpy(to, ha1.n ? ha1.p : "", ha1.n);
}


/* `a` NULL: a user without an account. */
static struct subscriber *make(struct str aor, const struct store_account *a)
{
	struct str realm = a ? a->realm : STR("");
	struct subscriber *s = mem_alloc(sizeof(*s) + aor.n + realm.n, destroy);
	char *at;

	if (!s)
		return NULL;
	at = (char *)(s + 1);
	s->aor = put(&at, aor);
	s->realm = put(&at, realm);
	s->account = a != NULL;
	s->allowed = a ? a->allowed : true;
	s->answer_due_ms = SUBSCRIBER_NEVER;
	if (a) {
		s->created_ms = a->created_ms;
		put_secret(s->secret.ha1[DIGEST_MD5], a->ha1_md5);
		put_secret(s->secret.ha1[DIGEST_SHA256], a->ha1_sha256);
	}
	return s;
}


/* ---- Decoding ---- */

/* A document was looked at when it was put. One that cannot be read now says nothing: the user is served. */
static int unreadable(const struct subscriber *s, const char *what, int err)
{
	if (err == -ENOMEM || !err)
		return err;
	log_error("subscriber", "<" STR_FMT ">: %s cannot be read and say nothing: put them anew",
		  STR_ARG(s->aor), what);
	return 0;
}


static int take_settings(struct subscriber *s, const struct store_document *d)
{
	struct arena a = ARENA_INIT(SETTINGS_MEMORY_MAX);
	struct im_settings_doc doc;
	int err = 0;

	if (d) {
		err = im_settings_decode(&doc, d->body, &a);
		if (!err)
			im_settings_sum(&s->settings, &doc);
		arena_done(&a);
	}
	return unreadable(s, "the service settings", err);
}


static int take_access(struct subscriber *s, const struct store_document *d, struct str domain)
{
	int err = d ? access_policy_alloc(&s->access, s->aor, domain, d->body) : 0;

	return unreadable(s, "the access rules", err);
}


static int take_policy(struct subscriber *s, const struct store_policy *set, size_t n)
{
	return n ? operator_policy_alloc(&s->policy, NULL, set, n) : 0;
}


/* The time to answer starts at the delivery (store/system_message.h). */
static void take_system_messages(struct subscriber *s, const struct store_system_message *m,
				 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t due = m[i].delivered_ms + (int64_t)m[i].timeout_s * 1000;

		if (m[i].delivered_ms && m[i].timeout_s && due < s->answer_due_ms)
			s->answer_due_ms = due;
	}
}


static int decode(struct subscriber **ret, const struct profile_read_params *params,
		  const struct store_profile *found)
{
	static const struct store_profile nothing;
	const struct store_profile *f = found ? found : &nothing;
	struct subscriber *s;
	int err;

	if (!f->account && params->account_needed)
		return -ENOENT;
	s = make(params->aor, f->account);
	if (!s)
		return -ENOMEM;
	err = take_settings(s, f->settings);
	if (!err)
		err = take_access(s, f->access_rules, params->domain);
	if (!err)
		err = take_policy(s, f->policy, f->policies);
	if (err) {
		mem_unref(s);
		return err;
	}
	take_system_messages(s, f->unanswered, f->unanswered_n);
	*ret = s;
	return 0;
}


/* ---- Reading ---- */

static void finish(struct profile_read *p, int error)
{
	struct subscriber *s = p->made;

	p->made = NULL;
	if (error)
		s = mem_unref(s);
	p->done(p, error, s, p->arg);
}


static void read_next(struct profile_read *p);


static void on_document(struct store_request *r, int error, void *arg)
{
	struct profile_read *p = arg;
	const struct store_document *d = error ? NULL : store_document_result(r, NULL);

	/* -ENOENT: deleted meanwhile. */
	if (!error && d) {
		error = access_policy_add_lists(p->made->access, d->name, d->body);
		error = unreadable(p->made, "lists of people", error);
	}
	if (error && error != -ENOENT)
		finish(p, error);
	else
		read_next(p);
}


static void read_next(struct profile_read *p)
{
	int error;

	if (p->next == p->names_n) {
		finish(p, 0);
		return;
	}
	error = store_document_get(p->params.store, &p->request, p->params.aor,
				   STR(STORE_AUID_RESOURCE_LISTS), p->names[p->next++], on_document,
				   p);
	if (error)
		finish(p, error);
}


static void note_name(struct profile_read *p, struct str name)
{
	char *at = p->texts + p->names_n * STORE_DOCUMENT_NAME_MAX;

	memcpy(at, name.p, name.n);
	p->names[p->names_n++] = (struct str){at, name.n};
}


static void on_list(struct store_request *r, int error, void *arg)
{
	struct profile_read *p = arg;
	size_t n = 0;
	const struct store_document *d = error ? NULL : store_document_result(r, &n);

	for (size_t i = 0; d && i < n && p->names_n < ACCESS_DOCUMENTS_MAX; i++) {
		if (str_eq(d[i].auid, STR(STORE_AUID_RESOURCE_LISTS)) && d[i].name.n &&
		    d[i].name.n <= STORE_DOCUMENT_NAME_MAX)
			note_name(p, d[i].name);
	}
	if (error && error != -ENOENT)
		finish(p, error);
	else
		read_next(p);
}


static void on_profile(struct store_request *r, int error, void *arg)
{
	struct profile_read *p = arg;

	if (!error || error == -ENOENT)
		error = decode(&p->made, &p->params, error ? NULL : store_profile_result(r));
	if (!error && p->made->access && access_policy_wants_lists(p->made->access)) {
		error = store_document_list(p->params.store, &p->request, p->params.aor, on_list,
					    p);
		if (!error)
			return;
	}
	finish(p, error);
}


int profile_read_start(struct profile_read *p, const struct profile_read_params *params,
		       profile_read_cb *done, void *arg)
{
	p->params = *params;
	p->names_n = p->next = 0;
	p->done = done;
	p->arg = arg;
	return store_profile_get(params->store, &p->request, params->aor, on_profile, p);
}


void profile_read_cancel(struct profile_read *p)
{
	store_cancel(&p->request);
	p->made = mem_unref(p->made);
}
