/* SPDX-License-Identifier: Apache-2.0 */
/* Charging records: gathered in a turn of the loop, appended to a file. */
#include "charging/charging.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "charging/record.h"

/** Texts of a record six times over: every byte may need an escape. */
#define RECORD_MAX (6 * 6 * CHARGING_TEXT_MAX + 512)

enum { WRITTEN, LOST, COUNTS };

static struct counter counts[COUNTS] = {
	[WRITTEN] = COUNTER("charging.written", "charging records written"),
	[LOST] = COUNTER("charging.lost", "charging records that could not be written"),
};

struct charging {
	struct loop *loop;
	struct im_events *events;
	struct im_listener listener;
	char *path;    /**< NULL: off */
	int fd;        /**< -1: not open */
	bool troubled; /**< logged already */
	struct buf gathered;
	unsigned records;
	struct deferred_call flush;
};


void charging_counters_register(void)
{
	counter_register(counts, COUNTS);
}


static void trouble(struct charging *c, const char *what, int error)
{
	if (!c->troubled)
		log_error("charging", "cannot %s %s: %s: records are lost until it can be written",
			  what, c->path, strerror(error));
	c->troubled = true;
}


/* Whole lines or nothing: what was cut off by a full disk is ended before the next record. */
static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w ? errno : ENOSPC;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}


static void flush(void *arg)
{
	struct charging *c = arg;
	bool begin = c->troubled;
	int error = EBADF;

	if (!c->records)
		return;
	if (c->fd >= 0) {
		error = begin ? write_all(c->fd, "\n", 1) : 0;
		if (!error)
			error = write_all(c->fd, c->gathered.p, c->gathered.n);
		if (error)
			trouble(c, "write to", error);
		else
			c->troubled = false;
	}
	counter_add(&counts[error ? LOST : WRITTEN], c->records);
	buf_clear(&c->gathered);
	c->records = 0;
}


static void on_event(const struct im_event *e, void *arg)
{
	struct charging *c = arg;

	if (!c->path)
		return;
	if (c->gathered.max - c->gathered.n < RECORD_MAX)
		flush(c);
	record_encode(&c->gathered, e, loop_wall_ms(c->loop));
	if (c->gathered.failed) {
		/* Out of memory: what is there is lost with it. */
		counter_add(&counts[LOST], c->records + 1);
		buf_clear(&c->gathered);
		c->records = 0;
		return;
	}
	c->records++;
	loop_defer(c->loop, &c->flush, flush, c);
}


static void close_file(struct charging *c)
{
	flush(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->path = mem_unref(c->path);
	c->troubled = false;
}


static void destroy(void *object)
{
	struct charging *c = object;

	close_file(c);
	if (c->events)
		list_remove(&c->events->listeners, &c->listener.link);
	if (c->loop)
		loop_defer_cancel(c->loop, &c->flush);
	buf_done(&c->gathered);
	mem_unref(c->loop);
}


int charging_reopen(struct charging *c, struct str path)
{
	close_file(c);
	if (!path.n)
		return 0;
	c->path = str_dup(path);
	if (!c->path)
		return -ENOMEM;
	c->fd = open(c->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (c->fd >= 0)
		return 0;
	int error = errno;
	trouble(c, "open", error);
	return -error;
}


int charging_alloc(struct charging **ret, struct loop *loop, struct im_events *events,
		   struct str path)
{
	struct charging *c = mem_alloc(sizeof(*c), destroy);

	if (!c)
		return -ENOMEM;
	c->fd = -1;
	buf_init(&c->gathered, CHARGING_GATHER_MAX);
	c->loop = mem_ref(loop);
	if (charging_reopen(c, path) == -ENOMEM) {
		mem_unref(c);
		return -ENOMEM;
	}
	c->events = events;
	c->listener = (struct im_listener){.event = on_event, .arg = c};
	im_events_listen(events, &c->listener);
	*ret = c;
	return 0;
}
