/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded core: its parts put together. */
#include "core/core.h"

#include <errno.h>

#include "base/mem.h"
#include "core/core_state.h"
#include "sip/uri.h"


static void destroy(void *object)
{
	struct core *c = object;

	core_registrar_stop(c);
	failures_done(&c->failures);
	mem_unref(c->digest);
	mem_unref(c->realm);
	mem_unref(c->service_route);
	mem_unref(c->params.registrations);
	mem_unref(c->params.subscribers);
	mem_unref(c->params.store);
	mem_unref(c->params.loop);
}


static void set_default(uint32_t *v, uint32_t fallback)
{
	if (!*v)
		*v = fallback;
}


static void set_limits(struct core_params *p)
{
	set_default(&p->min_expires_s, CORE_MIN_EXPIRES_S);
	set_default(&p->default_expires_s, CORE_DEFAULT_EXPIRES_S);
	set_default(&p->max_expires_s, CORE_MAX_EXPIRES_S);
	set_default(&p->max_contacts, CORE_MAX_CONTACTS);
	if (p->max_contacts > REGISTRATION_DEVICES_MAX)
		p->max_contacts = REGISTRATION_DEVICES_MAX;
	if (p->default_expires_s > p->max_expires_s)
		p->default_expires_s = p->max_expires_s;
	if (p->min_expires_s > p->max_expires_s)
		p->min_expires_s = p->max_expires_s;
}


/* The secret of a password drawn at random and forgotten. */
static int draw_nobody(struct core *c)
{
	uint8_t password[32];

	loop_random(c->params.loop, password, sizeof(password));
	return digest_secret_init(&c->nobody, STR("nobody"), c->params.realm,
				  (struct str){(const char *)password, sizeof(password)});
}


static int copy_texts(struct core *c, const struct core_params *p)
{
	c->realm = str_dup(p->realm);
	c->service_route = str_dup(p->service_route);
	if (!c->realm || !c->service_route)
		return -ENOMEM;
	c->params.realm = (struct str){c->realm, p->realm.n};
	c->params.service_route = (struct str){c->service_route, p->service_route.n};
	return 0;
}


int core_alloc(struct core **ret, const struct core_params *p)
{
	struct core *c;
	int r;

	if (!p->realm.n)
		return -EINVAL;
	c = mem_alloc(sizeof(*c), destroy);
	if (!c)
		return -ENOMEM;
	core_authentication_register();
	core_registrar_register();
	c->params = *p;
	list_init(&c->registering);
	list_init(&c->failures.order);
	mem_ref(p->loop);
	mem_ref(p->store);
	mem_ref(p->subscribers);
	mem_ref(p->registrations);
	set_limits(&c->params);
	if ((r = copy_texts(c, p)) || (r = failures_init(&c->failures)) ||
	    (r = digest_server_alloc(&c->digest, p->loop)) || (r = draw_nobody(c))) {
		mem_unref(c);
		return r;
	}
	if (p->digest)
		digest_server_offer(c->digest, p->digest);

	*ret = c;
	return 0;
}


struct str core_realm(const struct core *c)
{
	return c->params.realm;
}


int core_user_aor(struct str user, struct str domain, struct buf *ret)
{
	char storage[SIP_URI_MAX];
	struct sip_uri uri;
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	buf_puts(&b, STR("sip:"));
	sip_escape_user(user, &b);
	buf_putc(&b, '@');
	buf_puts(&b, domain);
	if (b.failed)
		return -ENOBUFS;
	if (!user.n || sip_uri_decode(&uri, buf_str(&b)))
		return -EBADMSG;
	return sip_uri_aor(&uri, domain, ret);
}
