/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do, from its Contact's feature parameters (RFC 3840, digest d1). */
#include "sip/param.h"
#include "subscriber/registration.h"

/** Longest list of services looked at; a Universal Profile client's is about 600. */
#define SERVICES_MAX 2048

struct service {
	const char *name; /**< behind the URN's last fixed part */
	uint32_t flags;
};

/** ICSI values: urn:urn-7:3gpp-service.ims.icsi.NAME */
static const struct service services[] = {
	{"oma.cpm.session", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.session.group", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.msg", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.msg.group", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.largemsg", REGISTRATION_IM | REGISTRATION_CPM | REGISTRATION_LARGE},
	{"oma.cpm.deferred", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.filetransfer", REGISTRATION_IM | REGISTRATION_CPM},
	{"oma.cpm.systemmsg", REGISTRATION_IM | REGISTRATION_CPM | REGISTRATION_SYSTEM_MESSAGE},
};

/** Feature tags that are true or absent. */
static const struct service tags[] = {
	{"+g.oma.sip-im", REGISTRATION_IM},
	{"+g.oma.sip-im.large-message", REGISTRATION_IM | REGISTRATION_LARGE},
	{"+g.oma.sip-im.system-message", REGISTRATION_IM | REGISTRATION_SYSTEM_MESSAGE},
	{"+g.gsma.rcs.cpm.pager-large", REGISTRATION_IM | REGISTRATION_CPM | REGISTRATION_LARGE},
};


/* The content of a value: without quotes, escapes of URIs undone ("urn%3Aurn-7%3A…"). */
static struct str plain(struct str value, struct buf *b)
{
	struct str inner = value;

	if (inner.n >= 2 && inner.p[0] == '"')
		inner = (struct str){inner.p + 1, inner.n - 2};
	buf_clear(b);
	sip_unescape(inner, b);
	return b->failed ? STR("") : buf_str(b);
}


static struct str last_part(struct str urn)
{
	static const struct str prefix = STR_INIT("urn:urn-7:3gpp-service.ims.icsi.");

	return str_starts_nocase(urn, prefix) ? str_from(urn, prefix.n) : STR("");
}


static uint32_t icsi_flags(struct str list)
{
	uint32_t flags = 0;

	for (struct str rest = list; rest.p;) {
		struct str name = last_part(str_trim(str_cut(&rest, ',')));

		for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
			if (str_eq_nocase(name, str_of(services[i].name)))
				flags |= services[i].flags;
	}
	return flags;
}


/* joyn and RCS-e clients that speak SIMPLE IM. */
static uint32_t iari_flags(struct str list)
{
	for (struct str rest = list; rest.p;)
		if (str_eq_nocase(str_trim(str_cut(&rest, ',')),
				  STR("urn:urn-7:3gpp-application.ims.iari.rcse.im")))
			return REGISTRATION_IM;
	return 0;
}


static uint32_t tag_flags(struct str name, struct str value)
{
	if (str_eq_nocase(value, STR("FALSE")))
		return 0;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (str_eq_nocase(name, str_of(tags[i].name)))
			return tags[i].flags;
	return 0;
}


static bool lists_message(struct str methods)
{
	for (struct str rest = methods; rest.p;)
		if (str_eq_nocase(str_trim(str_cut(&rest, ',')), STR("MESSAGE")))
			return true;
	return false;
}


uint32_t registration_features(struct str contact_params)
{
	char storage[SERVICES_MAX];
	struct str rest = contact_params, name, value;
	bool methods = false, message = false, services_listed = false;
	uint32_t flags = 0;
	struct buf b;

	buf_fixed(&b, storage, sizeof(storage));
	while (sip_param_next(&rest, &name, &value) > 0) {
		struct str text = plain(value, &b);

		if (str_eq_nocase(name, STR("methods"))) {
			methods = true;
			message = lists_message(text);
		} else if (str_eq_nocase(name, STR("+g.3gpp.icsi-ref"))) {
			services_listed = true;
			flags |= icsi_flags(text);
		} else if (str_eq_nocase(name, STR("+g.3gpp.iari-ref"))) {
			flags |= iari_flags(text);
		} else {
			flags |= tag_flags(name, text);
		}
	}

	if ((flags & REGISTRATION_IM) || message || (!methods && !services_listed))
		flags |= REGISTRATION_PAGER;
	return flags;
}
