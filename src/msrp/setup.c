/* SPDX-License-Identifier: Apache-2.0 */
/* Who connects, and where to. */
#include "msrp/setup.h"

#include <errno.h>

#include "msrp/uri.h"

static const struct str names[] = {
	[MSRP_SETUP_NONE] = STR_INIT(""),
	[MSRP_SETUP_ACTIVE] = STR_INIT("active"),
	[MSRP_SETUP_PASSIVE] = STR_INIT("passive"),
	[MSRP_SETUP_ACTPASS] = STR_INIT("actpass"),
	[MSRP_SETUP_HOLDCONN] = STR_INIT("holdconn"),
};


enum msrp_setup msrp_setup_decode(struct str value)
{
	for (int i = MSRP_SETUP_ACTIVE; i <= MSRP_SETUP_HOLDCONN; i++) {
		if (str_eq_nocase(value, names[i]))
			return (enum msrp_setup)i;
	}
	return MSRP_SETUP_NONE;
}


struct str msrp_setup_name(enum msrp_setup s)
{
	return names[s];
}


enum msrp_setup msrp_setup_answer(enum msrp_setup offer, bool reachable)
{
	switch (offer) {
	case MSRP_SETUP_PASSIVE:
		return MSRP_SETUP_ACTIVE;
	case MSRP_SETUP_ACTPASS:
		/* RFC 6135 4.2: "SHOULD include an a=setup "passive" … if it knows that it is not
		 * located behind a NAT" */
		return reachable ? MSRP_SETUP_PASSIVE : MSRP_SETUP_ACTIVE;
	case MSRP_SETUP_HOLDCONN:
		return MSRP_SETUP_HOLDCONN;
	default:
		return MSRP_SETUP_PASSIVE;
	}
}


enum msrp_role msrp_setup_role(bool we_offered, enum msrp_setup offer, enum msrp_setup answer)
{
	bool offerer_active;

	if (offer == MSRP_SETUP_HOLDCONN || answer == MSRP_SETUP_HOLDCONN)
		return MSRP_PASSIVE;
	/* An answer of another value than active, or of its offer's own, has not been understood: RFC 4975 then. */
	offerer_active = answer != MSRP_SETUP_ACTIVE || offer == MSRP_SETUP_ACTIVE;
	return we_offered == offerer_active ? MSRP_ACTIVE : MSRP_PASSIVE;
}


static bool says_nothing(const struct msrp_location *at)
{
	struct addr a;

	if (!at->c_host.n || at->m_port == 0 || at->m_port == MSRP_PORT_DISCARD)
		return true;
	return addr_decode(&a, at->c_host, 0) == 0 && addr_is_any(&a);
}


/* RFC 6714 4.4: "for address and port equivalence". */
static bool same_place(const struct msrp_uri *uri, uint16_t port, const struct msrp_location *at)
{
	struct addr a, b;

	if (port != at->m_port)
		return false;
	if (addr_decode(&a, uri->host, 0) == 0 && addr_decode(&b, at->c_host, 0) == 0)
		return addr_eq_host(&a, &b);
	return str_eq_nocase(uri->host, at->c_host);
}


int msrp_target_choose(struct msrp_target *ret, const struct msrp_location *at)
{
	struct msrp_path path;
	struct msrp_target t = {0};
	struct msrp_uri uri;

	if (msrp_path_decode(&path, at->path) || msrp_uri_decode(&uri, path.uri[0]))
		return -EBADMSG;
	t.secure = uri.secure;
	t.name = uri.host;
	t.host = uri.host;
	t.port = uri.port ? uri.port : MSRP_PORT_DEFAULT;
	if (path.n == 1 && !says_nothing(at) && !same_place(&uri, t.port, at)) {
		t.rewritten = true;
		t.host = at->c_host;
		t.port = at->m_port;
	}
	if (t.port == MSRP_PORT_DISCARD)
		return -ENOENT;
	t.numeric = addr_decode(&t.addr, t.host, t.port) == 0;
	if (t.numeric && addr_is_any(&t.addr))
		return -ENOENT;
	*ret = t;
	return 0;
}
