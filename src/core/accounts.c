/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: names and passwords checked, secrets made, caches told. */
#include "core/accounts.h"

#include <assert.h>
#include <errno.h>

#include "core/core_state.h"
#include "sip/chars.h"
#include "sip/uri.h"

enum verb { ACCOUNT_ADD, ACCOUNT_PASSWD, ACCOUNT_DELETE, ACCOUNT_ALLOW, ACCOUNT_LIST };


static int refuse(struct buf *why, struct str name, const char *text)
{
	if (why)
		buf_printf(why, "\"" STR_FMT "\": %s", STR_ARG(str_upto(name, 80)), text);
	return -EINVAL;
}


/* Stricter than SIP: a name that can be typed, and needs no escapes anywhere. */
static bool user_is_good(struct str user)
{
	for (size_t i = 0; i < user.n; i++) {
		char c = user.p[i];

		if (!sip_char_is(c, SIP_CHAR_TOKEN) || strchr("%`'*!", c))
			return false;
	}
	return user.n > 0 && user.n <= ACCOUNT_USER_MAX;
}


int account_name_decode(struct core *c, struct str name, struct buf *ret_aor, struct buf *why)
{
	struct str user = name, domain = c->params.realm;
	ptrdiff_t at;

	if (str_starts_nocase(user, STR("sip:")))
		user = str_from(user, 4);
	at = str_rfind(user, '@');
	if (at >= 0) {
		domain = str_from(user, (size_t)at + 1);
		user = str_upto(user, (size_t)at);
	}

	if (!subscribers_serve_domain(c->params.subscribers, domain))
		return refuse(why, name,
			      "this server does not serve that domain: see \"domain\" in the "
			      "configuration");
	if (!user_is_good(user))
		return refuse(
			why, name,
			"not a user name: 1 to 64 of the letters a-z A-Z, digits, and . - _ + ~");
	return core_user_aor(user, domain, ret_aor) ? refuse(why, name, "not a user name") : 0;
}


static int name_take(struct core *c, struct account_request *r, struct str name, struct buf *why)
{
	struct buf aor;
	int error;

	buf_fixed(&aor, r->aor, sizeof(r->aor));
	error = account_name_decode(c, name, &aor, why);
	r->aor_n = aor.n;
	return error;
}


static struct str aor_of(const struct account_request *r)
{
	return (struct str){r->aor, r->aor_n};
}


/* The user part as the digest has it: what stands between "sip:" and '@'. */
static struct str user_of(const struct account_request *r)
{
	struct str aor = str_from(aor_of(r), 4);

	return str_upto(aor, (size_t)str_rfind(aor, '@'));
}


static void stored(struct store_request *q, int error, void *arg)
{
	struct account_request *r = arg;
	struct core *c = r->core;

	(void)q;
	/* After a failure nobody knows what was written: what is cached is not to be trusted either. */
	if (r->verb != ACCOUNT_LIST)
		subscribers_drop(c->params.subscribers, aor_of(r));
	if (r->verb == ACCOUNT_DELETE && !error)
		registrations_forget(c->params.registrations, aor_of(r));
	r->core = NULL;
	r->done(r, error, r->arg);
}


static void begin(struct core *c, struct account_request *r, enum verb verb, account_done_cb *done,
		  void *arg)
{
	assert(!store_pending(&r->store));
	r->core = c;
	r->verb = verb;
	r->done = done;
	r->arg = arg;
}


static int secret_store(struct core *c, struct account_request *r, struct str password,
			struct buf *why)
{
	struct digest_secret secret;
	struct store_account a;
	int error;

	if (password.n < ACCOUNT_PASSWORD_MIN || password.n > ACCOUNT_PASSWORD_MAX ||
	    memchr(password.p, 0, password.n)) {
		if (why)
			buf_puts(why, STR("the password must have 1 to 256 bytes"));
		return -EINVAL;
	}
	error = digest_secret_init(&secret, user_of(r), c->params.realm, password);
	if (error)
		return error;

	a = (struct store_account){
		.aor = aor_of(r),
		.realm = c->params.realm,
		.ha1_md5 = str_of(secret.ha1[DIGEST_MD5]),
		.ha1_sha256 = str_of(secret.ha1[DIGEST_SHA256]),
		.allowed = true,
		.created_ms = loop_wall_ms(c->params.loop),
	};
	error = r->verb == ACCOUNT_ADD
			? store_account_add(c->params.store, &r->store, &a, stored, r)
			: store_account_set_secret(c->params.store, &r->store, &a, stored, r);
	explicit_bzero(&secret, sizeof(secret));
	return error;
}


int account_add(struct core *c, struct account_request *r, struct str name, struct str password,
		account_done_cb *done, void *arg, struct buf *why)
{
	int error = name_take(c, r, name, why);

	begin(c, r, ACCOUNT_ADD, done, arg);
	return error ? error : secret_store(c, r, password, why);
}


int account_passwd(struct core *c, struct account_request *r, struct str name, struct str password,
		   account_done_cb *done, void *arg, struct buf *why)
{
	int error = name_take(c, r, name, why);

	begin(c, r, ACCOUNT_PASSWD, done, arg);
	return error ? error : secret_store(c, r, password, why);
}


int account_delete(struct core *c, struct account_request *r, struct str name,
		   account_done_cb *done, void *arg, struct buf *why)
{
	int error = name_take(c, r, name, why);

	begin(c, r, ACCOUNT_DELETE, done, arg);
	return error ? error
		     : store_account_delete(c->params.store, &r->store, aor_of(r), stored, r);
}


int account_allow(struct core *c, struct account_request *r, struct str name, bool allowed,
		  account_done_cb *done, void *arg, struct buf *why)
{
	int error = name_take(c, r, name, why);

	begin(c, r, ACCOUNT_ALLOW, done, arg);
	if (error)
		return error;
	/* In the IMS setting there are users without an account: the flag makes one. */
	return store_account_set_allowed(c->params.store, &r->store, aor_of(r), allowed,
					 subscribers_ims(c->params.subscribers),
					 loop_wall_ms(c->params.loop), stored, r);
}


int account_list(struct core *c, struct account_request *r, struct str after, size_t max,
		 account_done_cb *done, void *arg)
{
	begin(c, r, ACCOUNT_LIST, done, arg);
	return store_account_list(c->params.store, &r->store, after, max, stored, r);
}


const struct store_account *account_list_result(const struct account_request *r, size_t *count)
{
	return store_account_result(&r->store, count);
}


void account_cancel(struct account_request *r)
{
	store_cancel(&r->store);
	r->core = NULL;
}
