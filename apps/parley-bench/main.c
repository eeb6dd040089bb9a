/* SPDX-License-Identifier: Apache-2.0 */
/* parley-bench: the work that is asked for, on a core of its own; and the way out. */

#include "table.h"

#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}


void die(const char *fmt, ...)
{
	va_list ap;

	subject_stop_all();
	fputs("parley-bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}


static void on_signal(int signum)
{
	subject_stop_all();
	_exit(128 + signum);
}


int main(int argc, char **argv)
{
	struct options o;
	cpu_set_t core;

	options_decode(&o, argc, argv);
	CPU_ZERO(&core);
	CPU_SET(1, &core);
	if (sched_setaffinity(0, sizeof(core), &core))
		die("needs two cores: the server has one of its own");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	o.work->run(&o);
	return 0;
}
