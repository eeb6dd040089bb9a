/* SPDX-License-Identifier: Apache-2.0 */
/* An account opened on a loop of its own, until it is told to leave. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"


static void on_registration(struct parley *p, const struct parley_registration *r, void *arg)
{
	struct run *run = arg;

	(void)p;
	switch (r->state) {
	case PARLEY_REGISTERED:
		if (!run->was_registered || run->lost)
			run->handler->registered(run);
		run->was_registered = true;
		run->lost = false;
		break;
	case PARLEY_WAITING:
		if (!run->leaving && r->outcome && !run->lost)
			(void)explain(run->cli, r->outcome, NULL);
		run->lost = true;
		if (!run->was_registered)
			run_leave(run, CLI_FAILED);
		break;
	case PARLEY_REFUSED:
		(void)explain(run->cli, r->outcome, NULL);
		run_leave(run, CLI_FAILED);
		break;
	case PARLEY_IDLE:
		parley_loop_stop(run->loop);
		break;
	default:
		break;
	}
}


static bool on_message(struct parley *p, const struct parley_message *m, void *arg)
{
	struct run *run = arg;

	(void)p;
	return run->handler->message && run->handler->message(run, m);
}


static void on_report(struct parley *p, const struct parley_report *m, void *arg)
{
	struct run *run = arg;

	(void)p;
	if (run->handler->report)
		run->handler->report(run, m);
}


static unsigned on_invitation(struct parley *p, const struct parley_invitation *i, void *arg)
{
	struct run *run = arg;

	(void)p;
	return run->handler->invitation ? run->handler->invitation(run, i) : 488;
}


/* A second signal is impatient: it ends at once. */
static void on_signal(int signum, void *arg)
{
	struct run *run = arg;

	(void)signum;
	if (run->leaving)
		parley_loop_stop(run->loop);
	else
		run->handler->interrupted(run);
}


static void on_timer(struct timer *t, void *arg)
{
	struct run *run = arg;

	(void)t;
	if (!run->leaving)
		run->handler->timeout(run);
}


/* What makes this device another one than that of the same account elsewhere, and the same one tomorrow:
 * machine, user, and the name given to it. */
static void put_device(struct buf *b, const struct cli *c, bool transient)
{
	char machine[64] = "";
	FILE *f = fopen("/etc/machine-id", "re");

	if (f) {
		if (!fgets(machine, sizeof(machine), f))
			machine[0] = '\0';
		fclose(f);
	} else {
		(void)gethostname(machine, sizeof(machine) - 1);
	}
	machine[strcspn(machine, "\n")] = '\0';
	buf_printf(b, "%s %u %s", machine, (unsigned)getuid(),
		   c->account.device ? c->account.device : "");
	/* Beside a client of this account that listens here: it must not take that one's place. */
	if (transient)
		buf_printf(b, " %ld %lld", (long)getpid(), (long long)time(NULL));
}


static int open_account(struct run *r, bool reports_only)
{
	const struct account *a = &r->cli->account;
	char error[PARLEY_ERROR_MAX], device[256];
	struct buf b;
	int err;

	r->callbacks = (struct parley_handler){
		.registration = on_registration,
		.message = on_message,
		.report = on_report,
		.invitation = on_invitation,
		.session_handler = r->handler->sessions,
	};
	buf_fixed(&b, device, sizeof(device));
	put_device(&b, r->cli, reports_only);
	err = parley_open(&r->parley,
			  &(struct parley_params){
				  .loop = r->loop,
				  .account = a->address,
				  .display_name = a->name,
				  .auth_user = a->auth_user,
				  .password = a->password,
				  .server = a->server,
				  .local = a->local,
				  .device = buf_cstr(&b),
				  .expires_s = a->expires_s,
				  .ims = a->core && !strcmp(a->core, "ims"),
				  .access_network = a->access_network,
				  .reports_only = reports_only,
				  .ca_file = a->ca_file,
				  .tls_no_verify = a->no_verify,
				  .media_tls = a->media && !strcmp(a->media, "tls"),
				  .certificate_file = a->certificate,
				  .key_file = a->key,
				  .handler = &r->callbacks,
				  .arg = r,
			  },
			  error);
	if (err == -EINVAL)
		return cli_usage("see parley --help", "%s", error);
	return err ? cli_error("see parley(1)", "the account cannot be opened: %s", error) : CLI_OK;
}


int run_open(struct run *r, struct cli *c, const struct run_handler *h, void *arg,
	     bool reports_only)
{
	int status;

	*r = (struct run){.cli = c, .handler = h, .arg = arg};
	signal(SIGPIPE, SIG_IGN);
	r->loop = parley_loop_open();
	if (!r->loop)
		return cli_error("free some, and try again", "there is no memory");
	status = open_account(r, reports_only);
	if (status == CLI_OK && (loop_on_signal(r->loop, SIGINT, on_signal, r) ||
				 loop_on_signal(r->loop, SIGTERM, on_signal, r)))
		status = cli_error("free some, and try again", "signals cannot be watched");
	return status;
}


int run_loop(struct run *r)
{
	if (!r->leaving)
		parley_loop_run(r->loop);
	return r->status;
}


int run_whole(struct cli *c, const struct run_handler *h, void *arg, int (*begin)(struct run *r))
{
	struct run r;
	int status = run_open(&r, c, h, arg, true);

	if (status == CLI_OK)
		status = begin(&r);
	if (status == CLI_OK)
		status = run_loop(&r);
	run_close(&r);
	return status;
}


void run_timeout(struct run *r, uint32_t seconds)
{
	timer_start(&r->timer, loop_timers(r->loop), (uint64_t)seconds * 1000, on_timer, r);
}


void run_leave(struct run *r, int status)
{
	if (r->leaving)
		return;
	r->leaving = true;
	r->status = status;
	timer_cancel(&r->timer);
	if (parley_unregister(r->parley))
		parley_loop_stop(r->loop);
}


void run_close(struct run *r)
{
	timer_cancel(&r->timer);
	parley_close(r->parley);
	parley_loop_close(r->loop);
}
