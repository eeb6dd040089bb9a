/* SPDX-License-Identifier: Apache-2.0 */
/* The services behind the admin API. */

#include "server/operator.h"

#include <errno.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/mem.h"
#include "core/accounts.h"
#include "server/operator_desk.h"
#include "store/account.h"

/** One account request of an operator. */
struct desk_request {
	struct operator_desk *desk;
	struct list_link link;
	struct account_request account;
	struct store_request store;
	admin_user_cb *each;
	admin_done_cb *done;
	void *done_arg;
};


static void request_destroy(void *object)
{
	struct desk_request *q = object;

	account_cancel(&q->account);
	store_cancel(&q->store);
	if (q->desk)
		list_remove(&q->desk->requests, &q->link);
}


static struct desk_request *request_alloc(struct operator_desk *o, admin_user_cb *each,
					  admin_done_cb *done, void *done_arg)
{
	struct desk_request *q = mem_alloc(sizeof(*q), request_destroy);

	if (!q)
		return NULL;
	q->desk = o;
	q->each = each;
	q->done = done;
	q->done_arg = done_arg;
	list_append(&o->requests, &q->link);
	return q;
}


/* A request that was not begun ends here; one that was begun ends in its callback. */
static int begun(struct desk_request *q, int err)
{
	if (err)
		mem_unref(q);
	return err;
}


static void on_done(struct account_request *r, int error, void *arg)
{
	struct desk_request *q = arg;

	(void)r;
	q->done(error, q->done_arg);
	mem_unref(q);
}


static int user_add(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		    struct buf *why, void *arg)
{
	struct operator_desk *o = arg;

	if (!o->p.core)
		return -ENOTSUP;
	if (desk_group_bears(o, user, why))
		return -EINVAL;
	struct desk_request *q = request_alloc(o, NULL, done, done_arg);
	return q ? begun(q, account_add(o->p.core, &q->account, user, password, on_done, q, why))
		 : -ENOMEM;
}


static int user_remove(struct str user, admin_done_cb *done, void *done_arg, struct buf *why,
		       void *arg)
{
	struct operator_desk *o = arg;

	if (!o->p.core)
		return -ENOTSUP;
	struct desk_request *q = request_alloc(o, NULL, done, done_arg);
	return q ? begun(q, account_delete(o->p.core, &q->account, user, on_done, q, why))
		 : -ENOMEM;
}


static int user_passwd(struct str user, struct str password, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg)
{
	struct operator_desk *o = arg;

	if (!o->p.core)
		return -ENOTSUP;
	struct desk_request *q = request_alloc(o, NULL, done, done_arg);
	return q ? begun(q, account_passwd(o->p.core, &q->account, user, password, on_done, q, why))
		 : -ENOMEM;
}


static void on_allowed(struct store_request *r, int error, void *arg)
{
	struct desk_request *q = arg;

	(void)r;
	q->done(error, q->done_arg);
	mem_unref(q);
}


/* In front of an IMS core there are no accounts, but an operator may still say who may use the service. */
static int allow_in_ims(struct operator_desk *o, struct str user, bool allowed,
			struct desk_request *q)
{
	char text[SIP_AOR_MAX];
	struct buf aor;
	int err;

	buf_fixed(&aor, text, sizeof(text));
	err = desk_user(o, user, &aor, NULL);
	if (err)
		return err;
	subscribers_drop(o->p.subscribers, buf_str(&aor));
	return store_account_set_allowed(o->p.store, &q->store, buf_str(&aor), allowed, true,
					 loop_wall_ms(o->p.loop), on_allowed, q);
}


static int user_allow(struct str user, bool allowed, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct desk_request *q = request_alloc(o, NULL, done, done_arg);

	if (!q)
		return -ENOMEM;
	if (!o->p.core)
		return begun(q, allow_in_ims(o, user, allowed, q));
	return begun(q, account_allow(o->p.core, &q->account, user, allowed, on_done, q, why));
}


static void show(const struct desk_request *q, const struct store_account *a)
{
	struct admin_user u = {.address = a->aor, .allowed = a->allowed};

	q->each(&u, q->done_arg);
}


static void on_list(struct account_request *r, int error, void *arg)
{
	struct desk_request *q = arg;
	size_t n = 0;
	const struct store_account *a = error ? NULL : account_list_result(r, &n);

	for (size_t i = 0; i < n; i++)
		show(q, &a[i]);
	q->done(error, q->done_arg);
	mem_unref(q);
}


static int user_list(struct str after, size_t limit, admin_user_cb *each, admin_done_cb *done,
		     void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;

	(void)why;
	if (!o->p.core)
		return -ENOTSUP;
	struct desk_request *q = request_alloc(o, each, done, done_arg);
	if (!q)
		return -ENOMEM;
	size_t max = limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : limit;
	return begun(q, account_list(o->p.core, &q->account, after, max, on_list, q));
}


static void show_binding(const struct operator_desk *o, const struct registration *r,
			 const struct registration_binding *b, admin_registration_cb *each,
			 void *arg)
{
	char text[ADDR_TEXT_MAX + 8];
	struct buf received;
	int64_t left_ms = b->expires_ms - loop_wall_ms(o->p.loop);

	buf_fixed(&received, text, sizeof(text));
	buf_puts(&received, sip_transport_param(b->kind));
	buf_putc(&received, ':');
	addr_encode(&b->peer, &received);
	each(
		&(struct admin_registration){
			.address = registration_aor(r),
			.contact = b->contact,
			.received = buf_str(&received),
			.user_agent = b->user_agent,
			.instance = b->instance,
			.expires_s = left_ms > 0 ? (uint64_t)left_ms / 1000 : 0,
			.q_milli = b->q,
		},
		arg);
}


static void show_registration(const struct operator_desk *o, const struct registration *r,
			      admin_registration_cb *each, void *arg)
{
	for (size_t i = 0; i < registration_count(r); i++)
		show_binding(o, r, registration_binding(r, i), each, arg);
}


static int registration_list(struct str user, admin_registration_cb *each, admin_done_cb *done,
			     void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	char text[SIP_AOR_MAX];
	struct buf aor;

	if (user.n) {
		buf_fixed(&aor, text, sizeof(text));
		int err = desk_user(o, user, &aor, why);
		if (err)
			return err;
		const struct registration *r = registrations_find(o->p.registrations,
								  buf_str(&aor));
		if (r)
			show_registration(o, r, each, done_arg);
	} else {
		for (const struct registration *r = NULL;
		     (r = registrations_next(o->p.registrations, r));)
			show_registration(o, r, each, done_arg);
	}
	done(0, done_arg);
	return 0;
}


static int64_t counted(const char *name)
{
	const struct counter *c = counter_find(str_of(name));

	return c ? c->value : 0;
}


static void status(struct admin_status *ret, void *arg)
{
	struct operator_desk *o = arg;
	struct str trouble = store_trouble(o->p.store);

	buf_clear(&o->domains);
	for (size_t i = 0; i < o->config->domains.n; i++)
		buf_printf(&o->domains, "%s" STR_FMT, i ? " " : "",
			   STR_ARG(o->config->domains.v[i]));
	*ret = (struct admin_status){
		.node = str_of(o->host),
		.core = o->p.core ? STR("embedded") : STR("ims"),
		.domains = buf_str(&o->domains),
		.uptime_ms = loop_now_ms(o->p.loop) - o->started_ms,
		.load = {.connections = sip_transports_connections(sip_transports(o->p.sip)),
			 .transactions = sip_pending(o->p.sip),
			 .registrations = registrations_devices(o->p.registrations),
			 .queue_delay_us = sip_queue_delay_us(o->p.sip),
			 .overloaded = sip_shedding(o->p.sip),
			 .messages = (uint64_t)(counted("im.delivered") + counted("im.relayed"))},
		.store = {.kind = str_of(store_backend_name(o->p.store)),
			  .healthy = trouble.n == 0,
			  .detail = trouble},
		.stopping = o->stopping,
	};
}


static void config(bool json, struct buf *out, void *arg)
{
	struct operator_desk *o = arg;

	config_encode(o->config, json, out);
}


static void destroy(void *object)
{
	struct operator_desk *o = object;

	/* Who asked is told, so that what they keep for the answer is released. */
	for (struct list_link *l; (l = list_first(&o->requests));) {
		struct desk_request *q = container_of(l, struct desk_request, link);

		q->done(-ECANCELED, q->done_arg);
		mem_unref(q);
	}
	for (struct list_link *l; (l = list_first(&o->tasks));)
		desk_task_finish(container_of(l, struct desk_task, link), -ECANCELED);
	buf_done(&o->domains);
	mem_unref(o->config);
}


int operator_alloc(struct operator_desk **ret, const struct operator_params *p)
{
	struct operator_desk *o = mem_alloc(sizeof(*o), destroy);

	if (!o)
		return -ENOMEM;
	list_init(&o->requests);
	list_init(&o->tasks);
	buf_init(&o->domains, SIP_URI_MAX * 8);
	o->p = *p;
	o->started_ms = loop_now_ms(p->loop);
	if (gethostname(o->host, sizeof(o->host) - 1))
		o->host[0] = '\0';
	o->services = (struct admin_services){
		.status = status,
		.config = config,
		.user_add = user_add,
		.user_remove = user_remove,
		.user_passwd = user_passwd,
		.user_allow = user_allow,
		.user_list = user_list,
		.registration_list = registration_list,
		.arg = o,
	};
	operator_settings_services(&o->services);
	operator_document_services(&o->services);
	operator_policy_services(&o->services);
	operator_deferred_services(&o->services);
	operator_history_services(&o->services);
	operator_system_message_services(&o->services);
	operator_insight_services(&o->services);
	operator_session_services(&o->services);
	operator_conference_services(&o->services);
	operator_group_services(&o->services);
	*ret = o;
	return 0;
}


void operator_set_config(struct operator_desk *o, struct config *c)
{
	mem_ref(c);
	mem_unref(o->config);
	o->config = c;
}


void operator_set_stopping(struct operator_desk *o)
{
	o->stopping = true;
}


const struct admin_services *operator_services(struct operator_desk *o)
{
	return &o->services;
}
