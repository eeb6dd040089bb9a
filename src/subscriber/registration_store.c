/* SPDX-License-Identifier: Apache-2.0 */
/* The table and the store: writing bindings down, and reading them back at start. */
#include <errno.h>

#include "sip/via.h"
#include "subscriber/registration.h"
#include "subscriber/registration_table.h"

/** Bindings read at a time. */
#define RESTORE_PAGE 200


void registration_binding_store(const struct registration_binding *b, struct str aor,
				char source[static REGISTRATION_SOURCE_MAX],
				struct store_binding *ret)
{
	struct buf text;

	buf_fixed(&text, source, REGISTRATION_SOURCE_MAX);
	buf_puts(&text, sip_transport_param((enum sip_transport_kind)b->kind));
	buf_putc(&text, ':');
	addr_encode(&b->peer, &text);
	*ret = (struct store_binding){
		.aor = aor,
		.contact = b->contact,
		.params = b->params,
		.instance = b->instance,
		.call_id = b->call_id,
		.path = b->path,
		.source = buf_str(&text),
		.user_agent = b->user_agent,
		.reg_id = b->reg_id,
		.cseq = b->cseq,
		.socket = b->socket,
		.flags = b->flags,
		.q = b->q,
		.registered_ms = b->registered_ms,
		.expires_ms = b->expires_ms,
	};
}


static bool kind_decode(struct str name, uint8_t *ret)
{
	for (int k = SIP_UDP; k < SIP_TRANSPORT_OTHER; k++) {
		if (str_eq(name, sip_transport_param((enum sip_transport_kind)k))) {
			*ret = (uint8_t)k;
			return true;
		}
	}
	return false;
}


int registration_binding_load(struct registration_binding *ret, const struct store_binding *b)
{
	struct str peer = b->source, kind = str_cut(&peer, ':');
	struct registration_binding r = {
		.contact = b->contact,
		.params = b->params,
		.instance = b->instance,
		.call_id = b->call_id,
		.path = b->path,
		.user_agent = b->user_agent,
		.registered_ms = b->registered_ms,
		.expires_ms = b->expires_ms,
		.cseq = b->cseq,
		.reg_id = b->reg_id,
		.flags = b->flags,
		.q = b->q,
		.socket = (uint16_t)b->socket,
	};

	if (!kind_decode(kind, &r.kind) || addr_decode_hostport(&r.peer, peer) ||
	    registration_text_size(&r) > REGISTRATION_BINDING_MAX)
		return -EBADMSG;
	*ret = r;
	return 0;
}


/* The set with one device more. */
static int add(struct registration *user, struct registration_device *d)
{
	struct registration_set *old = user->set, *fresh;
	size_t n = old ? old->n : 0;

	if (n == REGISTRATION_DEVICES_MAX)
		return -EBADMSG;
	fresh = registration_set_alloc(n + 1);
	if (!fresh)
		return -ENOMEM;
	for (; fresh->n < n; fresh->n++)
		fresh->device[fresh->n] = mem_ref(old->device[fresh->n]);
	fresh->device[fresh->n++] = mem_ref(d);
	registration_device_enter(user, d);
	registration_put_set(user, fresh);
	mem_unref(old);
	return 0;
}


/* A connection has not outlived the process, nor has what was bound to it. */
static bool dead(const struct registration_binding *b)
{
	return (b->flags & REGISTRATION_OUTBOUND) && b->kind != SIP_UDP && !b->path.n;
}


static int restore_one(struct registrations *rs, const struct store_binding *stored)
{
	struct registration_binding b;
	struct registration_device *d;
	struct registration *user;
	int r;

	if (registration_binding_load(&b, stored) || dead(&b))
		return 0;
	user = registration_get(rs, stored->aor, &r);
	if (!user)
		return r;
	d = registration_device_make(&b);
	r = d ? add(user, d) : -ENOMEM;
	mem_unref(d);
	registration_tidy(user);
	return r == -EBADMSG ? 0 : r;
}


static void restored(struct registrations *rs, int error)
{
	mem_ref(rs);
	rs->restoring = false;
	for (struct list_link *k; (k = list_first(&rs->held));) {
		struct registration_change *c = container_of(k, struct registration_change, held);

		list_remove(&rs->held, k);
		registration_run(c->user);
	}
	rs->restored(error, rs->restored_arg);
	mem_unref(rs);
}


static void page_read(struct store_request *q, int error, void *arg);


static int next_page(struct registrations *rs, struct str after, uint32_t position)
{
	return store_binding_list(rs->store, &rs->page, after, position, loop_wall_ms(rs->loop),
				  RESTORE_PAGE, page_read, rs);
}


static void page_read(struct store_request *q, int error, void *arg)
{
	struct registrations *rs = arg;
	size_t n = 0;
	const struct store_binding *b = store_binding_result(q, &n);

	for (size_t i = 0; i < n && !error; i++)
		error = restore_one(rs, &b[i]);
	if (!error && n == RESTORE_PAGE)
		error = next_page(rs, b[n - 1].aor, b[n - 1].position);
	else
		n = 0;
	if (error || !n)
		restored(rs, error);
}


int registrations_restore(struct registrations *rs, void (*done)(int error, void *arg), void *arg)
{
	int r = next_page(rs, STR(""), 0);

	if (r)
		return r;
	rs->restoring = true;
	rs->restored = done;
	rs->restored_arg = arg;
	registration_purge_later(rs);
	return 0;
}
