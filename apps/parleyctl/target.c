/* SPDX-License-Identifier: Apache-2.0 */
/* Where the admin API is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl.h"
#include "server/config.h"

#define DEFAULT_TARGET "127.0.0.1:8080"


/** HOST:PORT with a name or an address; it becomes part of a URL. */
static bool is_target(struct str s)
{
	ptrdiff_t colon = str_rfind(s, ':');
	uint32_t port;
	struct addr ignored;

	if (s.n >= CTL_TARGET_MAX || colon < 1 || !str_u32(str_from(s, (size_t)colon + 1), &port) ||
	    port < 1 || port > 65535)
		return false;
	if (addr_decode_hostport(&ignored, s) == 0)
		return true;
	for (size_t i = 0; i < (size_t)colon; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
			    s.p[i]))
			return false;
	return true;
}


static int take(struct ctl *c, const char *from, const char *text)
{
	if (!is_target(str_of(text))) {
		ctl_error("write it as HOST:PORT, such as " DEFAULT_TARGET,
			  "%s \"%s\" is not HOST:PORT", from, text);
		return CTL_USAGE;
	}
	memcpy(c->target, text, strlen(text) + 1);
	return CTL_OK;
}


/** The server listens on all addresses: this machine's own is one of them. */
static struct addr reachable(struct addr a)
{
	struct addr loopback = a;

	if (addr_is_any(&a))
		addr_decode(&loopback, a.sa.sa_family == AF_INET6 ? STR("::1") : STR("127.0.0.1"),
			    addr_port(&a));
	return loopback;
}


static int from_config(struct ctl *c, const char *path)
{
	struct buf why = BUF_INIT(CONFIG_TEXT_MAX);
	struct config *config;
	struct addr a;
	int err = config_load(&config, path, &why);

	if (err) {
		for (struct str rest = str_trim(buf_str(&why)); rest.n;) {
			struct str line = str_cut(&rest, '\n');

			fprintf(stderr, "parleyctl: " STR_FMT "\n", STR_ARG(line));
		}
		if (!why.n)
			ctl_no_memory();
		buf_done(&why);
		return CTL_FAILED;
	}
	a = reachable(config->admin_listen);
	addr_text(&a, c->target);
	mem_unref(config);
	buf_done(&why);
	return CTL_OK;
}


int ctl_find_target(struct ctl *c, const char *admin, const char *config)
{
	const char *environment = getenv("PARLEY_ADMIN");

	if (admin)
		return take(c, "--admin", admin);
	if (config)
		return from_config(c, config);
	if (environment && *environment)
		return take(c, "PARLEY_ADMIN", environment);
	return take(c, "", DEFAULT_TARGET);
}
