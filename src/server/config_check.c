/* SPDX-License-Identifier: Apache-2.0 */
/* What one option alone cannot tell: values that need each other, or exclude each other. */
#include "server/config_reading.h"

#include "server/option_type.h"


static void check_tls(struct config_reading *r)
{
	static const struct {
		const char *key;
		size_t offset;
	} lists[] = {
		{"listen", offsetof(struct config, listen)},
		{"msrp.listen", offsetof(struct config, msrp_listen)},
	};
	const struct config *c = r->config;

	if (c->tls.key.n && !c->tls.certificate.n)
		config_mistake(r, config_line_of(r, "tls.key"), "tls.key",
			       "there is no certificate for it: set tls.certificate, too");
	for (size_t i = 0; i < 2; i++) {
		const struct config_listens *l = (const void *)((const char *)c + lists[i].offset);

		for (size_t j = 0; j < l->n && !c->tls.certificate.n; j++)
			if (l->v[j].transport == CONFIG_TLS)
				config_mistake(
					r, config_line_of(r, lists[i].key), lists[i].key,
					STR_FMT
					" needs a certificate: set tls.certificate and tls.key",
					STR_ARG(l->v[j].text));
	}
}


static void check_listen(struct config_reading *r, const char *key, const struct config_listens *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < i; j++)
			if ((l->v[i].transport == CONFIG_UDP) ==
				    (l->v[j].transport == CONFIG_UDP) &&
			    addr_port(&l->v[i].addr) && addr_eq(&l->v[i].addr, &l->v[j].addr))
				config_mistake(r, config_line_of(r, key), key,
					       STR_FMT " and " STR_FMT
						       " are the same place: give one of them "
						       "another port",
					       STR_ARG(l->v[j].text), STR_ARG(l->v[i].text));
}


/** `a` must not be above `b`. */
static void check_order(struct config_reading *r, const char *key_a, const char *key_b)
{
	const struct option *a = option_find(key_a), *b = option_find(key_b);
	uint32_t va = *(uint32_t *)config_field_of(r->config, a),
		 vb = *(uint32_t *)config_field_of(r->config, b);
	size_t line = config_line_of(r, key_a) > config_line_of(r, key_b)
			      ? config_line_of(r, key_a)
			      : config_line_of(r, key_b);
	const char *key = line == config_line_of(r, key_a) ? key_a : key_b;
	char storage[2][64];
	struct buf text[2];

	if (va <= vb)
		return;
	buf_fixed(&text[0], storage[0], sizeof(storage[0]));
	buf_fixed(&text[1], storage[1], sizeof(storage[1]));
	option_put_number(a, va, &text[0]);
	option_put_number(b, vb, &text[1]);
	config_mistake(r, line, key,
		       "%s (" STR_FMT ") is longer than %s (" STR_FMT "): change one of the two",
		       key_a, STR_ARG(buf_str(&text[0])), key_b, STR_ARG(buf_str(&text[1])));
}


static void check_service_uris(struct config_reading *r)
{
	static const char *const keys[] = {"conference.factory", "service-uris.exploder",
					   "service-uris.deferred", "service-uris.history",
					   "service-uris.system-message"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct str *a = config_field_of(r->config, option_find(keys[i]));

		for (size_t j = 0; j < i; j++) {
			const struct str *b = config_field_of(r->config, option_find(keys[j]));
			bool second = config_line_of(r, keys[i]) >= config_line_of(r, keys[j]);

			if (str_eq(*a, *b))
				config_mistake(
					r, config_line_of(r, keys[second ? i : j]),
					keys[second ? i : j],
					STR_FMT
					" is %s already: give each function a URI of its own",
					STR_ARG(*a), keys[second ? j : i]);
		}
	}
}


static void check_ims(struct config_reading *r)
{
	if (r->config->core == CONFIG_CORE_IMS && !r->config->ims.peers.n)
		config_mistake(r, config_line_of(r, "core"), "core",
			       "an IMS core is trusted by its addresses, and none is given: set "
			       "ims.peers");
}


static void check_media_path(struct config_reading *r)
{
	size_t at = config_line_of(r, "msrp.listen");

	if (r->config->msrp_listen.n || r->config->media_path & CONFIG_MEDIA_NEVER ||
	    !r->config->media_path)
		return;
	if (config_line_of(r, "media-path") > at)
		at = config_line_of(r, "media-path");
	config_mistake(r, at, "msrp.listen",
		       "media that pass through the server want an address for MSRP: set it, or "
		       "media-path: "
		       "never");
}


void config_check(struct config_reading *r)
{
	check_tls(r);
	check_listen(r, "listen", &r->config->listen);
	check_listen(r, "msrp.listen", &r->config->msrp_listen);
	check_ims(r);
	check_media_path(r);
	check_order(r, "registrar.min-expires", "registrar.default-expires");
	check_order(r, "registrar.default-expires", "registrar.max-expires");
	check_order(r, "timers.min-se", "timers.session-expires");
	check_service_uris(r);
}
