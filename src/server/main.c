/* SPDX-License-Identifier: Apache-2.0 */
/* parleyd: reads the options, starts the server, runs the loop until told to stop. */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/tls.h"
#include "server/config.h"
#include "server/notify.h"
#include "server/server.h"
#include "store/store.h"

/** How long a clean stop waits for what is under way. */
#define STOP_GRACE_MS 5000
/** Messages about a configuration. */
#define WHY_MAX CONFIG_TEXT_MAX

struct parleyd {
	struct loop *loop;
	struct server *server;
	const char *path; /**< of the configuration; NULL: defaults */
	bool stopping;
};

static const char usage_text[] =
	"Usage: parleyd [-c FILE]            run in the foreground, log to stderr\n"
	"       parleyd -t [-c FILE]         check a configuration and stop\n"
	"\n"
	"  -c, --config FILE    read the configuration from FILE (default: every option at its "
	"default)\n"
	"  -t, --test           say what is wrong with the configuration; exit status 1 if "
	"anything is\n"
	"  -v, --verbose        log at debug level\n"
	"  -V, --version        print the version\n"
	"  -h, --help           print this\n"
	"\n"
	"Example:  parleyd -c parley.yaml\n"
	"SIGHUP reloads the configuration and certificates, SIGTERM ends cleanly. See parleyd(8), "
	"parley.yaml(5).\n";


static int load(struct config **ret, const char *path)
{
	struct buf why = BUF_INIT(WHY_MAX);
	int err = path ? config_load(ret, path, &why)
		       : config_decode(ret, STR(""), "defaults", &why);

	if (err)
		fprintf(stderr, "%.*s", (int)why.n, why.p);
	buf_done(&why);
	return err;
}


static bool store_is_good(const struct config *c)
{
	struct buf why = BUF_INIT(WHY_MAX);
	int err = store_check(c->store, &why);

	if (err)
		fprintf(stderr, "parleyd: %.*s\n", (int)why.n, why.p);
	buf_done(&why);
	return !err;
}


/* What a configuration names must be there and fit together, too. */
static bool files_are_good(const struct config *c)
{
	struct tls_params p = {
		.certificate_file = c->tls.certificate.n ? c->tls.certificate.p : NULL,
		.key_file = c->tls.key.n ? c->tls.key.p : NULL,
		.ca_file = c->tls.ca.n ? c->tls.ca.p : NULL,
	};
	struct buf why = BUF_INIT(CONFIG_TEXT_MAX);
	struct tls_config *tls = NULL;

	if (tls_config_alloc(&tls, &p, &why))
		fprintf(stderr, "parleyd: tls: %.*s\n", (int)why.n, why.p);
	buf_done(&why);
	bool good = tls != NULL;
	mem_unref(tls);
	return good;
}


static void stopped(void *arg)
{
	struct parleyd *d = arg;

	loop_stop(d->loop);
}


static void reload(struct parleyd *d)
{
	struct buf why = BUF_INIT(WHY_MAX);
	struct config *fresh = NULL;

	notify_manager("RELOADING=1");
	int err = d->path ? config_load(&fresh, d->path, &why)
			  : config_decode(&fresh, STR(""), "defaults", &why);
	if (!err)
		err = server_reload(d->server, fresh, &why);
	if (err)
		log_error("server", "reload failed, going on as before: " STR_FMT,
			  STR_ARG(str_trim(buf_str(&why))));
	else
		log_notice("server", "reloaded" STR_FMT STR_FMT,
			   STR_ARG(why.n ? STR(": ") : STR("")), STR_ARG(str_trim(buf_str(&why))));
	mem_unref(fresh);
	buf_done(&why);
	notify_manager("READY=1");
}


static void on_signal(int signum, void *arg)
{
	struct parleyd *d = arg;

	if (signum == SIGHUP) {
		reload(d);
	} else if (d->stopping) {
		loop_stop(d->loop); /* asked twice: now */
	} else {
		d->stopping = true;
		notify_manager("STOPPING=1");
		log_notice("server", "stopping: finishing what is under way");
		server_stop(d->server, STOP_GRACE_MS, stopped, d);
	}
}


static int run(struct parleyd *d, struct config *config)
{
	struct buf why = BUF_INIT(WHY_MAX);
	int err;

	d->loop = loop_uv_alloc();
	if (!d->loop) {
		fprintf(stderr, "parleyd: out of memory: free some, or give the service more\n");
		return 1;
	}
	err = server_start(&d->server,
			   &(struct server_params){.loop = d->loop, .config = config, .http = true},
			   &why);
	if (err) {
		fprintf(stderr, "parleyd: %.*s\n", (int)str_trim(buf_str(&why)).n,
			str_trim(buf_str(&why)).p);
		buf_done(&why);
		d->loop = mem_unref(d->loop);
		return 1;
	}
	buf_done(&why);

	(void)loop_on_signal(d->loop, SIGHUP, on_signal, d);
	(void)loop_on_signal(d->loop, SIGTERM, on_signal, d);
	(void)loop_on_signal(d->loop, SIGINT, on_signal, d);
	signal(SIGPIPE, SIG_IGN);
	notify_manager("READY=1");
	loop_run(d->loop);

	d->server = mem_unref(d->server);
	d->loop = mem_unref(d->loop);
	log_notice("server", "stopped");
	log_flush();
	return 0;
}


int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},
		{"verbose", no_argument, NULL, 'v'},      {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},         {0},
	};
	struct parleyd d = {0};
	bool test = false, verbose = false;
	int c;

	opterr = 0; /* the message is ours */
	while ((c = getopt_long(argc, argv, "c:tvVh", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			d.path = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'V':
			printf("parleyd %s\n", PARLEY_VERSION);
			return 0;
		case 'h':
			printf("%s", usage_text);
			return 0;
		default:
			fprintf(stderr,
				"parleyd: '%s' is no option, or lacks its value: see parleyd "
				"--help\n",
				argv[optind - 1]);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "parleyd: '%s' means nothing here: see parleyd --help\n",
			argv[optind]);
		return 2;
	}

	struct config *config = NULL;
	if (load(&config, d.path))
		return 1;
	if (test) {
		bool good = store_is_good(config);

		good = files_are_good(config) && good;
		if (good)
			printf("%s: the configuration is good\n", d.path ? d.path : "defaults");
		mem_unref(config);
		return good ? 0 : 1;
	}
	log_set_level(verbose ? LOG_LEVEL_DEBUG : config->log.level);
	log_set_journal(notify_under_journal());
	int status = run(&d, config);
	mem_unref(config);
	return status;
}
