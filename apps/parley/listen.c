/* SPDX-License-Identifier: Apache-2.0 */
/* parley listen: prints what arrives. */
#include "cli.h"

#include <stdio.h>

struct listen_state {
	uint32_t arrived;
};


static void registered(struct run *r)
{
	if (!show_registered(r->cli))
		run_leave(r, CLI_FAILED);
}


/* One more; false: it could not be shown. */
static bool count(struct run *r, bool shown)
{
	struct listen_state *s = r->arg;

	if (!shown) {
		run_leave(r, CLI_FAILED);
		return false;
	}
	if (++s->arrived == r->cli->count)
		run_leave(r, CLI_OK);
	return true;
}


static bool message(struct run *r, const struct parley_message *m)
{
	if (r->leaving)
		return false;
	return count(r, show_message(r->cli, m));
}


static void report(struct run *r, const struct parley_report *m)
{
	if (!r->leaving)
		(void)count(r, show_report(r->cli, m));
}


static void invitation(struct run *r, const struct parley_invitation *i)
{
	if (!r->leaving)
		(void)count(r, show_invitation(r->cli, i));
}


static void interrupted(struct run *r)
{
	run_leave(r, CLI_OK);
}


static void timeout(struct run *r)
{
	const struct listen_state *s = r->arg;

	if (r->cli->count)
		run_leave(r, cli_error("wait longer with --timeout", "%u of %u arrived within %u s",
				       s->arrived, r->cli->count, r->cli->timeout_s));
	else
		run_leave(r, CLI_OK);
}


static const struct run_handler handler = {
	.registered = registered,
	.message = message,
	.report = report,
	.invitation = invitation,
	.interrupted = interrupted,
	.timeout = timeout,
};


int command_listen(struct cli *c)
{
	struct listen_state s = {.arrived = 0};
	struct run r = {.status = CLI_OK};
	int status = run_open(&r, c, &handler, &s, false);

	if (status == CLI_OK && c->timeout_given)
		run_timeout(&r, c->timeout_s);
	if (status == CLI_OK)
		status = parley_register(r.parley)
				 ? cli_error("free some, and try again", "there is no memory")
				 : run_loop(&r);
	run_close(&r);
	return status;
}
