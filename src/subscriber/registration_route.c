/* SPDX-License-Identifier: Apache-2.0 */
/* Where a user's devices are reached, in the order in which a proxy should try them. */
#include "subscriber/registration.h"
#include "subscriber/registration_table.h"


static bool usable(const struct registrations *rs, const struct registration_binding *b,
		   uint32_t flags)
{
	return (!flags || (b->flags & flags)) && b->expires_ms > loop_wall_ms(rs->loop);
}


static bool before(const struct registration_binding *a, const struct registration_binding *b)
{
	return a->q != b->q ? a->q > b->q : a->registered_ms > b->registered_ms;
}


/* RFC 5626 7: "The proxy MUST NOT populate the target set with more than one contact with the same AOR and
 * instance-id at a time." Another binding of the same instance with at least this age is enough. */
static bool superseded(const struct registrations *rs, const struct registration *r, size_t i,
		       uint32_t flags)
{
	const struct registration_binding *b = &r->set->device[i]->b;

	for (size_t k = 0; b->instance.n && k < r->set->n; k++) {
		const struct registration_binding *o = &r->set->device[k]->b;

		if (k == i || !usable(rs, o, flags) || !str_eq(o->instance, b->instance))
			continue;
		if (o->registered_ms > b->registered_ms ||
		    (o->registered_ms == b->registered_ms && k > i))
			return true;
	}
	return false;
}


static void target(struct sip_proxy_target *t, struct sip_hop *hop,
		   const struct registration_binding *b)
{
	bool by_source = b->flags & (REGISTRATION_OUTBOUND | REGISTRATION_RECEIVED);

	*t = (struct sip_proxy_target){
		.uri = b->contact,
		.route = b->path,
		.q = b->q,
		.user = (void *)(uintptr_t)b->id,
	};
	*hop = (struct sip_hop){
		.kind = (enum sip_transport_kind)b->kind,
		.addr = b->peer,
		.flow = b->flow,
		.socket = b->socket,
		.host = STR(""),
	};
	if (b->path.n || !by_source)
		return;
	if (b->kind == SIP_UDP)
		t->hop = hop;
	else
		t->flow = b->flow;
}


size_t registrations_targets(const struct registrations *rs, struct str aor, uint32_t flags,
			     struct registration_targets *ret)
{
	const struct registration *r = registrations_find(rs, aor);
	size_t n = 0;

	ret->n = 0;
	for (size_t i = 0; r && i < r->set->n; i++) {
		const struct registration_binding *b = &r->set->device[i]->b;
		size_t at = n;

		if (!usable(rs, b, flags) || superseded(rs, r, i, flags))
			continue;
		for (; at > 0 && before(b, ret->binding[at - 1]); at--)
			ret->binding[at] = ret->binding[at - 1];
		ret->binding[at] = b;
		n++;
	}

	for (size_t i = 0; i < n; i++)
		target(&ret->target[i], &ret->hop[i], ret->binding[i]);
	return ret->n = n;
}


bool registrations_reachable(const struct registrations *rs, struct str aor, uint32_t flags)
{
	const struct registration *r = registrations_find(rs, aor);

	for (size_t i = 0; r && i < r->set->n; i++)
		if (usable(rs, &r->set->device[i]->b, flags))
			return true;
	return false;
}
