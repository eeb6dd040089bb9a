/* SPDX-License-Identifier: Apache-2.0 */
/* What a REGISTER means for the bindings there are. All or nothing: the first refusal ends it. */
#include <errno.h>

#include "core/register_request.h"
#include "core/source_route.h"
#include "sip/chars.h"
#include "sip/param.h"

/** RFC 3261 10.3 7: an interval of an hour or more is not too brief. */
#define HOUR_S 3600

struct apply {
	const struct register_request *r;
	const struct sip_msg *m;
	const struct sip_source *src;
	const struct core_params *p;
	int64_t now_ms;
	struct registration_update *u;
	const struct registration *now; /**< NULL: none */
	struct buf *headers;
	size_t left;                         /**< bindings that will stay */
	bool kept[REGISTRATION_DEVICES_MAX]; /**< of `now`: neither removed nor replaced so far */
	struct str path;
};


static size_t present(const struct apply *a)
{
	return a->now ? registration_count(a->now) : 0;
}


static void remove_at(struct apply *a, size_t i)
{
	registration_update_remove(a->u, registration_binding(a->now, i));
	a->kept[i] = false;
	a->left--;
}


/* "This algorithm ensures that out-of-order requests from the same UA are ignored." */
static bool out_of_order(const struct apply *a, const struct registration_binding *b)
{
	return str_eq(b->call_id, a->m->call_id) && a->m->cseq.number <= b->cseq;
}


static uint16_t refuse(struct apply *a, uint16_t status, const char *text)
{
	register_warn(a->headers, a->p, text);
	return status;
}


/* RFC 3261 10.3 6. */
static uint16_t remove_all(struct apply *a)
{
	for (size_t i = 0; i < present(a); i++) {
		if (!a->kept[i])
			continue;
		if (out_of_order(a, registration_binding(a->now, i)))
			return refuse(a, 500, "CSeq is not higher than before");
		remove_at(a, i);
	}
	return 0;
}


/* RFC 5626 6: with a reg-id "the corresponding binding is between an AOR and the combination of the
 * instance-id … and the value of reg-id"; otherwise the URIs are compared (RFC 3261 10.3 7). */
static bool is_binding(const struct register_contact *c, const struct registration_binding *b)
{
	struct sip_uri uri;

	if (c->reg_id || (b->flags & REGISTRATION_OUTBOUND))
		return c->reg_id && (b->flags & REGISTRATION_OUTBOUND) && c->reg_id == b->reg_id &&
		       str_eq(c->instance, b->instance);
	return sip_uri_decode(&uri, b->contact) == 0 && sip_uri_eq(&uri, &c->uri);
}


static size_t find_binding(const struct apply *a, const struct register_contact *c)
{
	size_t i = 0;

	while (i < present(a) && !(a->kept[i] && is_binding(c, registration_binding(a->now, i))))
		i++;
	return i;
}


/* Parameters as one line, without those that are kept apart or are the answer's to give. */
static void put_params(struct str params, struct buf *out)
{
	struct str rest = params, name, value;

	while (sip_param_next(&rest, &name, &value) > 0) {
		if (str_eq_nocase(name, STR("q")) || str_eq_nocase(name, STR("expires")))
			continue;
		if (out->n)
			buf_putc(out, ';');
		buf_puts(out, name);
		if (!value.p)
			continue;
		buf_putc(out, '=');
		for (size_t i = 0; i < value.n; i++)
			buf_putc(out, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
	}
}


static uint32_t flags_of(const struct apply *a, const struct register_contact *c, struct str params)
{
	uint32_t flags = registration_features(params);

	if (c->reg_id)
		flags |= REGISTRATION_OUTBOUND;
	else if (a->r->direct && source_route_wanted(a->m, a->src, &c->uri))
		flags |= REGISTRATION_RECEIVED;
	return flags;
}


static uint32_t granted_s(const struct apply *a, const struct register_contact *c)
{
	return c->expires_s < a->p->max_expires_s ? c->expires_s : a->p->max_expires_s;
}


static uint16_t put_binding(struct apply *a, const struct register_contact *c,
			    const struct registration_binding *old)
{
	struct buf params = BUF_INIT(REGISTRATION_BINDING_MAX);
	struct registration_binding b;
	int error = -ENOBUFS;

	put_params(c->params, &params);
	b = (struct registration_binding){
		.contact = c->uri.text,
		.params = buf_str(&params),
		.instance = c->instance,
		.call_id = a->m->call_id,
		.path = a->path,
		.user_agent = str_trim(sip_msg_header(a->m, SIP_HDR_USER_AGENT)),
		.peer = a->src->peer,
		.flow = a->r->direct ? a->src->flow : 0,
		.registered_ms = a->now_ms,
		.expires_ms = a->now_ms + (int64_t)granted_s(a, c) * 1000,
		.cseq = a->m->cseq.number,
		.reg_id = c->reg_id,
		.q = c->q,
		.socket = a->src->socket,
		.kind = (uint8_t)a->src->kind,
	};
	b.flags = flags_of(a, c, b.params);
	if (!params.failed)
		error = registration_update_set(a->u, old, &b);
	buf_done(&params);
	if (error == -ENOBUFS)
		return refuse(a, 403, "Contact, Path and User-Agent are too long");
	return error ? 503 : 0;
}


/* Room for one more. A device that came back with a new address makes room itself: its old binding
 * has the same instance. */
static bool make_room(struct apply *a, const struct register_contact *c)
{
	if (a->left < a->p->max_contacts)
		return true;
	for (size_t i = 0; c->instance.n && i < present(a); i++) {
		if (a->kept[i] && str_eq(registration_binding(a->now, i)->instance, c->instance)) {
			remove_at(a, i);
			return true;
		}
	}
	return false;
}


static uint16_t refuse_brief(struct apply *a)
{
	buf_printf(a->headers, "Min-Expires: %u\r\n", a->p->min_expires_s);
	return 423;
}


/* RFC 3261 10.3 7, for one contact. */
static uint16_t apply_contact(struct apply *a, const struct register_contact *c)
{
	size_t i = find_binding(a, c);
	const struct registration_binding *old = i < present(a) ? registration_binding(a->now, i)
								: NULL;

	/* "If and only if the requested expiration interval is greater than zero AND smaller than one
	 * hour AND less than a registrar-configured minimum". */
	if (c->expires_s > 0 && c->expires_s < HOUR_S && c->expires_s < a->p->min_expires_s)
		return refuse_brief(a);
	if (old && out_of_order(a, old))
		return refuse(a, 500, "CSeq is not higher than before");
	if (!c->expires_s) {
		if (old)
			remove_at(a, i);
		return 0;
	}
	if (old) {
		a->kept[i] = false;
		return put_binding(a, c, old);
	}
	if (!make_room(a, c))
		return refuse(a, 403, "Too many contacts");
	a->left++;
	return put_binding(a, c, NULL);
}


/* What has expired in this second is no longer there. */
static void leave_expired(struct apply *a)
{
	for (size_t i = 0; i < present(a); i++) {
		a->kept[i] = true;
		a->left++;
		if (registration_binding(a->now, i)->expires_ms <= a->now_ms)
			remove_at(a, i);
	}
}


/* Removals first, so that they make room whatever their order. */
static uint16_t apply_contacts(struct apply *a)
{
	uint16_t status = 0;

	for (size_t i = 0; !status && i < a->r->n; i++)
		if (!a->r->contact[i].expires_s)
			status = apply_contact(a, &a->r->contact[i]);
	for (size_t i = 0; !status && i < a->r->n; i++)
		if (a->r->contact[i].expires_s)
			status = apply_contact(a, &a->r->contact[i]);
	return status;
}


/* "preserving the order as indicated in the Path header field values" (RFC 3327 5.3). */
static void put_path(const struct sip_msg *m, struct buf *out)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_PATH);

	for (struct str value; sip_values_next(&v, &value);) {
		if (out->n)
			buf_puts(out, STR(", "));
		for (size_t i = 0; i < value.n; i++)
			buf_putc(out, value.p[i] == '\r' || value.p[i] == '\n' ? ' ' : value.p[i]);
	}
}


uint16_t register_request_apply(const struct register_request *r, const struct sip_msg *m,
				const struct sip_source *src, const struct core_params *p,
				int64_t now_ms, struct registration_update *u,
				const struct registration *now, struct buf *headers)
{
	struct buf path = BUF_INIT(REGISTRATION_BINDING_MAX);
	struct apply a = {
		.r = r,
		.m = m,
		.src = src,
		.p = p,
		.now_ms = now_ms,
		.u = u,
		.now = now,
		.headers = headers,
	};
	uint16_t status;

	if (!r->star && !r->n)
		return 0;
	put_path(m, &path);
	a.path = buf_str(&path);
	leave_expired(&a);
	if (path.failed)
		status = refuse(&a, 403, "Contact, Path and User-Agent are too long");
	else
		status = r->star ? remove_all(&a) : apply_contacts(&a);
	buf_done(&path);
	return status;
}
