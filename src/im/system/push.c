/* SPDX-License-Identifier: Apache-2.0 */
/* Sending system messages to the devices of a user: the oldest first, one at a time. */

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "body/system_message.h"
#include "im/send.h"
#include "im/system/system_state.h"
#include "sip/compose.h"
#include "subscriber/subscriber.h"

/** Headers of one of our MESSAGEs: three addresses, an identity, the rest is short. */
#define HEADERS_MAX 4096

/** One message on its way to all devices of one user. */
struct push {
	struct im_system *system;
	struct list_link link;
	struct store_request store;
	struct im_send send[SIP_PROXY_BRANCHES_MAX];
	size_t waiting; /**< devices that have not answered */
	bool taken;     /**< one of them said 2xx */
	bool again;     /**< something new meanwhile: a message, a device */
	char id[STORE_SYSTEM_ID_MAX];
	size_t id_n;
	char aor[SIP_AOR_MAX];
	size_t aor_n;
};

static void read_oldest(struct push *p);


static void push_destroy(void *object)
{
	struct push *p = object;

	store_cancel(&p->store);
	for (size_t i = 0; i < SIP_PROXY_BRANCHES_MAX; i++)
		im_send_cancel(&p->send[i]);
	if (p->system)
		list_remove(&p->system->pushes, &p->link);
}


void system_pushes_end(struct im_system *s)
{
	for (struct list_link *l; (l = list_first(&s->pushes));)
		mem_unref(container_of(l, struct push, link));
}


static struct str aor_of(const struct push *p)
{
	return (struct str){p->aor, p->aor_n};
}


/* ---- The message ---- */

static void put_random(struct im_system *s, struct buf *b)
{
	buf_puthex(b, loop_random_u64(sip_loop(s->p.sip)), 16);
}


static void put_headers(struct push *p, int64_t created_ms, struct buf *b)
{
	struct im_system *s = p->system;
	struct str from = s->p.addresses->system_message;

	buf_printf(b, "From: <" STR_FMT ">;tag=", STR_ARG(from));
	put_random(s, b);
	buf_printf(b, "\r\nTo: <" STR_FMT ">\r\nCall-ID: ", STR_ARG(aor_of(p)));
	put_random(s, b);
	buf_printf(b, "@" STR_FMT "\r\nCSeq: 1 MESSAGE\r\n", STR_ARG(s->p.addresses->domains[0]));
	buf_printf(b, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(from));
	buf_puts(b, STR("Accept-Contact: *;+g.oma.sip-im.system-message\r\n"));
	/* Notes A-14: requests that a server makes bear User-Agent. */
	sip_put_header(b, SIP_HDR_USER_AGENT, sip_server_value(s->p.sip));
	buf_puts(b, STR("Date: "));
	sip_put_date(b, created_ms);
	buf_puts(b, STR("\r\n"));
}


static void to_body(struct system_message *ret, const struct store_system_message *m,
		    struct str response_uri)
{
	*ret = (struct system_message){
		.id = m->id,
		.text = m->text,
		.response_uri = response_uri,
		.required = m->required,
		.persistent = m->required,
		.timeout_s = m->timeout_s,
		.options_n = m->choices,
	};
	for (size_t i = 0; i < m->choices; i++)
		ret->options[i] = (struct system_option){m->choice[i], m->choice[i]};
}


/* ---- Sending ---- */

static void on_delivered(struct store_request *r, int error, void *arg)
{
	struct push *p = arg;

	(void)r;
	if (error) {
		log_error("system", "the delivery of a system message cannot be written: %s",
			  strerror(-error));
		mem_unref(p);
		return;
	}
	/* The time to answer has begun. */
	subscribers_drop(p->system->p.subscribers, aor_of(p));
	read_oldest(p);
}


static void all_answered(struct push *p)
{
	struct im_system *s = p->system;
	bool again = p->again;

	log_info("system", "system-message id=%.*s result=%s", (int)p->id_n, p->id,
		 p->taken ? "delivered" : "failed");
	p->again = false;
	if (p->taken && store_system_message_mark_delivered(s->p.store, &p->store, aor_of(p),
							    (struct str){p->id, p->id_n},
							    loop_wall_ms(sip_loop(s->p.sip)),
							    on_delivered, p) == 0)
		return;
	/* Nobody took it: the next registration tries again; so does a device that came meanwhile. */
	if (!p->taken && again)
		read_oldest(p);
	else
		mem_unref(p);
}


static void on_sent(struct im_send *send, uint16_t status, const struct sip_msg *m, void *arg)
{
	struct push *p = arg;

	(void)send;
	(void)m;
	if (status >= 200 && status < 300)
		p->taken = true;
	if (--p->waiting == 0)
		all_answered(p);
}


/* One device (or the core): in the form that it understands (digest c10). */
static void send_one(struct push *p, const struct sip_proxy_target *target,
		     const struct system_message *m, int64_t created_ms, bool eucr)
{
	enum system_form form = eucr && system_message_fits_eucr(m) ? SYSTEM_FORM_EUCR
								    : SYSTEM_FORM_OMA;
	struct buf headers = BUF_INIT(HEADERS_MAX), body = BUF_INIT(SYSTEM_SIZE_MAX * 2);

	put_headers(p, created_ms, &headers);
	system_message_encode(m, form, &body);
	if (!headers.failed && !body.failed &&
	    im_send_start(&p->send[p->waiting],
			  &(struct im_send_params){
				  .sip = p->system->p.sip,
				  .method = SIP_MESSAGE,
				  .target = target,
				  .uri = aor_of(p),
				  .headers = buf_str(&headers),
				  .type = system_message_type(m, form),
				  .body = buf_str(&body),
			  },
			  on_sent, p) == 0)
		p->waiting++;
	buf_done(&headers);
	buf_done(&body);
}


/* Embedded core: to each device. In front of an IMS core: once, and the core finds them. */
static void send_all(struct push *p, const struct system_message *m, int64_t created_ms)
{
	const struct im_system_params *s = &p->system->p;
	struct registration_targets found;
	size_t n = registrations_targets(s->registrations, aor_of(p), 0, &found);
	bool eucr = n > 0;

	if (s->setting->terminates_here) {
		for (size_t i = 0; i < n; i++)
			send_one(p, &found.target[i], m, created_ms,
				 found.binding[i]->flags & REGISTRATION_CPM);
		return;
	}
	for (size_t i = 0; i < n; i++)
		eucr = eucr && found.binding[i]->flags & REGISTRATION_CPM;
	struct im_request r = {.kind = IM_SYSTEM, .side = IM_TERMINATING, .recipient = aor_of(p)};
	struct im_targets core;
	s->setting->onward(&r, &core, s->setting->arg);
	if (n && core.n)
		send_one(p, &core.target[0], m, created_ms, eucr);
}


static void on_read(struct store_request *r, int error, void *arg)
{
	struct push *p = arg;
	size_t n = 0;
	const struct store_system_message *m = error ? NULL : store_system_message_result(r, &n);
	struct system_message body;

	if (!m || !n || m->id.n > sizeof(p->id)) {
		mem_unref(p);
		return;
	}
	p->taken = p->again = false;
	p->waiting = 0;
	p->id_n = m->id.n;
	memcpy(p->id, m->id.p, m->id.n);
	to_body(&body, m, p->system->p.addresses->system_message);
	send_all(p, &body, m->created_ms);
	if (!p->waiting)
		mem_unref(p);
}


static void read_oldest(struct push *p)
{
	struct im_system *s = p->system;

	if (!registrations_reachable(s->p.registrations, aor_of(p), 0) ||
	    store_system_message_undelivered(s->p.store, &p->store, aor_of(p), on_read, p))
		mem_unref(p);
}


static struct push *push_find(struct im_system *s, struct str aor)
{
	for (struct list_link *l = list_first(&s->pushes); l; l = list_next(&s->pushes, l)) {
		struct push *p = container_of(l, struct push, link);

		if (str_eq(aor_of(p), aor))
			return p;
	}
	return NULL;
}


void im_system_push(struct im_system *s, struct str aor)
{
	struct push *p = push_find(s, aor);

	if (p) {
		p->again = true;
		return;
	}
	if (s->pushes.count >= IM_SYSTEM_PUSHES_MAX || aor.n > SIP_AOR_MAX ||
	    !registrations_reachable(s->p.registrations, aor, 0))
		return;
	p = mem_alloc(sizeof(*p), push_destroy);
	if (!p)
		return; /* the next registration */
	p->system = s;
	p->aor_n = aor.n;
	memcpy(p->aor, aor.p, aor.n);
	list_append(&s->pushes, &p->link);
	read_oldest(p);
}
