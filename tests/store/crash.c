/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that is killed: its process, and the pipe it tells by. */
#include "crash.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** Bytes of what is told at once. */
#define TOLD_MAX 64


void crash_tell(const struct crash_worker *w, const void *told, size_t n)
{
	if (write(w->pipe, told, n) != (ssize_t)n)
		_exit(1);
}


__attribute__((noreturn)) static void work(const struct crash *c, const char *url, int pipe,
					   uint32_t first)
{
	struct crash_worker w = {.next = first, .pipe = pipe};
	struct buf why = BUF_INIT(1024);

	w.loop = loop_uv_alloc();
	if (!w.loop || store_open(&w.store, w.loop, str_of(url), &why))
		_exit(2);
	c->begin(&w);
	loop_run(w.loop);
	_exit(3);
}


static bool take(const struct crash *c, int fd, void *arg)
{
	uint64_t told[TOLD_MAX / 8];

	assert_true(c->told_n <= sizeof(told));
	if (read(fd, told, c->told_n) != (ssize_t)c->told_n)
		return false;
	c->take(told, arg);
	return true;
}


void crash_round(const struct crash *c, struct world *w, uint32_t first, void *arg)
{
	size_t target = 1 + (size_t)rand() % c->most, n = 0;
	int ends[2];
	pid_t pid;

	w->store = mem_unref(w->store);
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		work(c, w->url, ends[1], first);
	close(ends[1]);
	while (n < target && take(c, ends[0], arg))
		n++;
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* What was told before the kill counts, also what had not been read yet. */
	while (take(c, ends[0], arg))
		n++;
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(n >= target);
	world_reopen(w);
}
