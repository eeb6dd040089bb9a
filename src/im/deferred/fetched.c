/* SPDX-License-Identifier: Apache-2.0 */
/* A message that a device has fetched by itself: the same account as of one that was brought. */
#include "im/deferred/fetched.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/deferred/device_queue.h"
#include "im/deferred/push.h"
#include "sip/name_addr.h"
#include "sip/param.h"

struct im_fetch {
	struct list_link link;
	struct deferred *d;
	struct store_request r;
	struct im_record record;
	uint64_t id;
	im_fetched_cb *done; /**< NULL: nobody waits */
	void *arg;
	size_t user_n, key_n;
	char text[]; /**< user, key */
};


static struct str user_of(const struct im_fetch *f)
{
	return (struct str){f->text, f->user_n};
}


static struct str key_of(const struct im_fetch *f)
{
	return (struct str){f->text + f->user_n, f->key_n};
}


static void fetch_destroy(void *object)
{
	struct im_fetch *f = object;

	store_cancel(&f->r);
	if (f->d && f->d->recorder)
		f->d->recorder->cancel(&f->record, f->d->recorder->arg);
	if (f->d)
		list_remove(&f->d->fetches, &f->link);
}


static void finish(struct im_fetch *f, int error)
{
	im_fetched_cb *done = f->done;
	void *arg = f->arg;

	if (error && error != -ENOENT)
		log_warning("deferred", "message %llu was fetched, which could not be noted: %s",
			    (unsigned long long)f->id, strerror(-error));
	mem_unref(f);
	if (done)
		done(arg);
}


static void on_finished(struct store_request *r, int error, void *arg)
{
	(void)r;
	finish(arg, error);
}


/* One message to two devices is told of once. */
static bool had_before(const struct im_fetch *f, const struct store_deferred *m)
{
	for (size_t i = 0; i < m->devices; i++)
		if (m->device[i].state == STORE_DEVICE_DELIVERED &&
		    !str_eq(m->device[i].key, key_of(f)))
			return true;
	return false;
}


static void tell(const struct im_fetch *f, const struct store_deferred *m)
{
	struct deferred *d = f->d;

	deferred_tally(DEFERRED_PUSH_DELIVERED);
	if (!d->events)
		return;
	im_events_tell(d->events, &(struct im_event){
					  .outcome = IM_DELIVERED,
					  .kind = m->kind == STORE_DEFERRED_PAGER   ? IM_PAGER
						  : m->kind == STORE_DEFERRED_LARGE ? IM_LARGE
										    : IM_FILE,
					  .side = IM_TERMINATING,
					  .status = 200,
					  .originator = m->sender,
					  .recipient = m->user,
					  .call_id = m->call_id,
					  .message_id = m->message_id,
					  .reason = STR("fetched"),
					  .icid = STR(""),
					  .size = (size_t)m->size,
				  });
}


/* Is anybody else waited for? */
static void on_marked_got(struct store_request *r, int error, void *arg)
{
	struct im_fetch *f = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (!m || m->state != STORE_DEFERRED_HELD || !settle_complete(f->d, m)) {
		finish(f, error);
		return;
	}
	error = store_deferred_finish(f->d->store, &f->r, f->id, STORE_DEFERRED_DELIVERED,
				      deferred_now(f->d), on_finished, f);
	if (error)
		finish(f, error);
}


static void on_marked(struct store_request *r, int error, void *arg)
{
	struct im_fetch *f = arg;

	(void)r;
	if (!error)
		error = store_deferred_get(f->d->store, &f->r, f->id, on_marked_got, f);
	if (error)
		finish(f, error);
}


static int mark(struct im_fetch *f)
{
	return store_deferred_mark(f->d->store, &f->r, f->id,
				   &(struct store_device){.key = key_of(f),
							  .state = STORE_DEVICE_DELIVERED,
							  .status = 200,
							  .last_ms = deferred_now(f->d)},
				   on_marked, f);
}


static void on_recorded(struct im_record *k, void *arg)
{
	struct im_fetch *f = arg;
	int error = mark(f);

	(void)k;
	if (error)
		finish(f, error);
}


/* Into its recipient's history before it is noted: what is written first is on disk first. */
static void on_got(struct store_request *r, int error, void *arg)
{
	struct im_fetch *f = arg;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, NULL);

	if (m && m->state == STORE_DEFERRED_HELD && !had_before(f, m)) {
		tell(f, m);
		if (push_record(f->d, user_of(f), m, &f->record, on_recorded, f))
			return;
	}
	if (!error)
		error = mark(f);
	if (error)
		finish(f, error);
}


static int fetched(struct im_fetch **ret, struct str user, uint64_t id, struct str device,
		   im_fetched_cb *done, void *done_arg, void *arg)
{
	struct deferred *d = arg;
	struct im_fetch *f = mem_alloc(sizeof(*f) + user.n + device.n, fetch_destroy);
	int err;

	if (!f)
		return -ENOMEM;
	f->d = d;
	f->id = id;
	f->done = done;
	f->arg = done_arg;
	f->user_n = user.n;
	f->key_n = device.n;
	memcpy(f->text, user.p, user.n);
	memcpy(f->text + user.n, device.p, device.n);
	list_append(&d->fetches, &f->link);
	err = store_deferred_get(d->store, &f->r, id, on_got, f);
	if (err) {
		mem_unref(f);
		return err;
	}
	*ret = f;
	return 0;
}


static void forget(struct im_fetch *f, void *arg)
{
	(void)arg;
	f->done = NULL;
}


void fetched_done(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->fetches));)
		mem_unref(container_of(l, struct im_fetch, link));
}


/* ---- Which device it is ---- */

/* "\"<urn:uuid:…>\"" without what is around it. */
static struct str bare_instance(struct str value)
{
	if (value.n >= 2 && value.p[0] == '"')
		value = (struct str){value.p + 1, value.n - 2};
	if (value.n >= 2 && value.p[0] == '<')
		value = (struct str){value.p + 1, value.n - 2};
	return value;
}


static bool same_uri(struct str a, struct str b)
{
	struct sip_uri x, y;

	return !sip_uri_decode(&x, a) && !sip_uri_decode(&y, b) && sip_uri_eq(&x, &y);
}


static struct str registered_key(const struct deferred *d, struct str user, struct str contact,
				 struct str instance)
{
	const struct registration *reg = registrations_find(d->registrations, user);

	for (size_t i = 0; reg && i < registration_count(reg); i++) {
		const struct registration_binding *b = registration_binding(reg, i);

		if ((instance.n && str_eq(b->instance, instance)) || same_uri(b->contact, contact))
			return push_binding_key(b);
	}
	return STR("");
}


static void device_of(const struct im_request *r, struct buf *key, void *arg)
{
	const struct deferred *d = arg;
	struct sip_values values = sip_values_first(r->m, SIP_HDR_CONTACT);
	struct sip_name_addr a;
	struct str value, instance = STR(""), known;

	if (!d->setting->terminates_here) {
		buf_puts(key, QUEUE_KEY_CORE);
		return;
	}
	if (!sip_values_next(&values, &value) || sip_name_addr_decode(&a, value)) {
		buf_puts(key, STR("sip:unknown"));
		return;
	}
	if (sip_param(a.params, STR("+sip.instance"), &instance))
		instance = bare_instance(instance);
	known = registered_key(d, r->originator, a.uri, instance);
	buf_puts(key, known.n ? known : instance.n ? instance : a.uri);
}


/* ---- What it says of itself ---- */

/* Who hides says nothing of themselves in From, but a device may have (RFC 3323 4.1). */
static struct str name_of(const struct store_deferred *m, const struct sip_msg *request)
{
	struct sip_name_addr from;

	if (m->flags & STORED_ANONYMOUS ||
	    sip_name_addr_decode(&from, sip_msg_header(request, SIP_HDR_FROM)))
		return STR("");
	return from.display.n ? from.display : STR("");
}


static struct str kept(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return b->failed ? STR("") : (struct str){b->p + at, s.n};
}


/* A MESSAGE says it in its headers; of a large one there is a record. */
int fetched_describe(const struct store_deferred *m, struct im_held *ret, struct buf *texts,
		     void *arg)
{
	const struct deferred *d = arg;
	struct stored_request sr;
	struct str type;
	int err;

	*ret = (struct im_held){
		.sender = m->flags & STORED_ANONYMOUS ? STR("") : m->sender,
		.sender_name = STR(""),
		.content_type = m->content_type.n ? m->content_type : STR(""),
	};
	if (!m->headers.n || m->content_type.n)
		return 0;
	err = stored_request_open(&sr, m, &d->addresses);
	if (err)
		return err;
	type = sip_msg_header(&sr.m, SIP_HDR_CONTENT_TYPE);
	ret->content_type = type.n ? kept(texts, type) : STR("text/plain");
	ret->sender_name = kept(texts, name_of(m, &sr.m));
	stored_request_close(&sr);
	return texts->failed ? -ENOBUFS : 0;
}


static int withdraw(struct store_request *r, uint64_t id, store_done_cb *done, void *done_arg,
		    void *arg)
{
	return deferred_withdraw(arg, r, id, done, done_arg);
}


void fetched_init(struct deferred *d)
{
	list_init(&d->fetches);
	d->handout = (struct im_handout){
		.describe = fetched_describe,
		.device_of = device_of,
		.fetched = fetched,
		.forget = forget,
		.withdraw = withdraw,
		.arg = d,
	};
}


const struct im_handout *deferred_handout(struct deferred *d)
{
	return &d->handout;
}
