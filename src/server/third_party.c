/* SPDX-License-Identifier: Apache-2.0 */
/* Third-party REGISTER: the core tells who is registered. */

#include "server/third_party.h"

#include <errno.h>

#include "base/mem.h"
#include "body/mime.h"
#include "sip/compose.h"
#include "sip/name_addr.h"

/** Expires absent: RFC 3261 10.2.1.1 leaves it to the registrar; the core's own default. */
#define EXPIRES_DEFAULT_S 3600

struct third_party {
	struct loop *loop;
	struct subscribers *subscribers;
	struct registrations *registrations;
	struct reg_events *reg_events;
	uint32_t min_expires_s, max_expires_s;
	struct list notices;
};

/** One REGISTER, until its change is on disk. */
struct notice {
	struct third_party *tp;
	struct list_link link;
	struct sip_server_txn *st;
	struct registration_update update;
	struct registration_binding binding;
	uint32_t expires_s;
	struct str aor;
	char *text; /**< what the texts point into */
};


static void notice_destroy(void *object)
{
	struct notice *n = object;

	registration_update_cancel(&n->update);
	if (n->tp)
		list_remove(&n->tp->notices, &n->link);
	mem_free(n->text);
	mem_unref(n->st);
}


/* A core keeps one registration of each user towards us, whatever its contact says: one binding. */
static int prepare(struct registration_update *u, const struct registration *now, void *arg)
{
	struct notice *n = arg;
	size_t count = now ? registration_count(now) : 0;

	/* The registration documents know more than a REGISTER that refreshes. */
	if (n->expires_s && count && n->tp->reg_events &&
	    reg_events_know(n->tp->reg_events, n->aor))
		return 0;
	for (size_t i = n->expires_s ? 1 : 0; i < count; i++)
		registration_update_remove(u, registration_binding(now, i));
	if (!n->expires_s)
		return 0;
	return registration_update_set(u, count ? registration_binding(now, 0) : NULL, &n->binding);
}


static void tell(const struct notice *n)
{
	struct sip_msg m;

	if (!n->tp->reg_events || sip_server_txn_request(n->st, &m))
		return;
	if (n->expires_s)
		reg_events_watch(n->tp->reg_events, n->aor, &m);
	else
		reg_events_unwatch(n->tp->reg_events, n->aor);
}


static void done(struct registration_update *u, int error, void *arg)
{
	struct notice *n = arg;

	(void)u;
	if (!error)
		tell(n);
	if (error)
		(void)sip_reply(n->st, 503, STR("Retry-After: 10\r\n"));
	else
		(void)sip_reply(n->st, 200, STR_NULL);
	mem_unref(n);
}


static const struct registration_update_handler handler = {.prepare = prepare, .done = done};


/* Not 0: this leaf is the device's REGISTER, in `arg`. */
static int look_at_leaf(const struct mime_type *t, const struct mime_part *leaf, unsigned depth,
			void *arg)
{
	struct sip_msg *inner = arg;

	(void)depth;
	return mime_type_is(t, STR("message"), STR("sip")) &&
	       sip_msg_decode(inner, leaf->content, false) == SIP_DECODE_OK && inner->request &&
	       inner->method == SIP_REGISTER;
}


/*
 * The device's own Contact parameters, from its REGISTER in the body; without it nothing is known of the
 * device, and a user with an IM filter criterion is taken for an IM user. TS 24.229 5.4.1.7A: the body
 * may hold the "service information", the REGISTER and the final response to it, as the filter criterion says;
 * several of them as multipart/mixed.
 */
static struct str device_params(const struct sip_msg *m, struct sip_msg *inner)
{
	struct sip_name_addr contact;
	struct str value = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);

	if (!value.n || mime_walk(value, m->body, look_at_leaf, inner) != 1)
		return REG_EVENT_UNKNOWN_DEVICE;
	struct sip_values v = sip_values_first(inner, SIP_HDR_CONTACT);
	if (!sip_values_next(&v, &value) || sip_name_addr_decode(&contact, value))
		return STR_NULL;
	return contact.params;
}


/* The binding as it will stand; its texts are copied together. */
static int describe(struct notice *n, const struct sip_msg *m, const struct sip_source *src,
		    struct str aor)
{
	struct sip_msg inner;
	struct sip_name_addr contact = {0};
	struct str value = sip_msg_header(m, SIP_HDR_CONTACT);
	struct str params = device_params(m, &inner);

	if (value.n && sip_name_addr_decode(&contact, value))
		return -EBADMSG;
	struct str uri = contact.uri.n ? contact.uri : m->from_uri;
	n->text = mem_raw(uri.n + params.n + m->call_id.n + aor.n + 1);
	if (!n->text)
		return -ENOMEM;
	char *p = n->text;
	n->binding = (struct registration_binding){
		.contact = {p, uri.n},
		.params = {p + uri.n, params.n},
		.call_id = {p + uri.n + params.n, m->call_id.n},
		.peer = src->peer,
		.registered_ms = loop_wall_ms(n->tp->loop),
		.expires_ms = loop_wall_ms(n->tp->loop) + (int64_t)n->expires_s * 1000,
		.cseq = m->cseq.number,
		.flags = registration_features(params),
		.q = 1000,
		.kind = (uint8_t)src->kind,
	};
	memcpy(p, uri.p, uri.n);
	if (params.n)
		memcpy(p + uri.n, params.p, params.n);
	memcpy(p + uri.n + params.n, m->call_id.p, m->call_id.n);
	n->aor = (struct str){p + uri.n + params.n + m->call_id.n, aor.n};
	memcpy((char *)n->aor.p, aor.p, aor.n);
	n->binding.instance = reg_event_instance(n->binding.params);
	return 0;
}


static uint32_t expires_of(const struct third_party *tp, const struct sip_msg *m)
{
	struct sip_name_addr contact;
	struct str value = sip_msg_header(m, SIP_HDR_CONTACT);
	uint32_t expires = EXPIRES_DEFAULT_S;

	(void)str_u32(sip_msg_header(m, SIP_HDR_EXPIRES), &expires);
	if (value.n && sip_name_addr_decode(&contact, value) == 0)
		expires = sip_contact_expires(&contact, expires);
	return expires > tp->max_expires_s ? tp->max_expires_s : expires;
}


/* 0, or the status to answer with. */
static uint16_t whose(const struct third_party *tp, const struct sip_msg *m, struct buf *aor)
{
	struct sip_uri to;

	if (sip_uri_decode(&to, m->to_uri) || sip_uri_aor(&to, STR_NULL, aor))
		return 400;
	return subscribers_serve(tp->subscribers, buf_str(aor)) ? 0 : 404;
}


void third_party_register(struct third_party *tp, struct sip_server_txn *st,
			  const struct sip_msg *m, const struct sip_source *src)
{
	char text[SIP_AOR_MAX];
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	uint16_t status = whose(tp, m, &aor);
	if (status) {
		(void)sip_reply(st, status, STR_NULL);
		return;
	}
	struct notice *n = mem_alloc(sizeof(*n), notice_destroy);
	if (!n) {
		(void)sip_reply(st, 500, STR_NULL);
		return;
	}
	n->tp = tp;
	n->st = mem_ref(st);
	n->expires_s = expires_of(tp, m);
	list_append(&tp->notices, &n->link);
	int err = describe(n, m, src, buf_str(&aor));
	if (!err)
		err = registrations_update(tp->registrations, &n->update, buf_str(&aor), &handler,
					   n);
	if (err) {
		(void)sip_reply(st, err == -EBADMSG ? 400 : 503, STR_NULL);
		mem_unref(n);
	}
}


static void destroy(void *object)
{
	struct third_party *tp = object;

	for (struct list_link *l; (l = list_first(&tp->notices));)
		mem_unref(container_of(l, struct notice, link));
	mem_unref(tp->reg_events);
	mem_unref(tp->registrations);
	mem_unref(tp->subscribers);
}


int third_party_alloc(struct third_party **ret, const struct third_party_params *p)
{
	struct third_party *tp = mem_alloc(sizeof(*tp), destroy);

	if (!tp)
		return -ENOMEM;
	list_init(&tp->notices);
	tp->loop = p->loop;
	tp->subscribers = mem_ref(p->subscribers);
	tp->registrations = mem_ref(p->registrations);
	tp->reg_events = mem_ref(p->reg_events);
	tp->min_expires_s = p->min_expires_s;
	tp->max_expires_s = p->max_expires_s;
	*ret = tp;
	return 0;
}
