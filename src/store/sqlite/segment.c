/* SPDX-License-Identifier: Apache-2.0 */
/* Segments: appended to past the page cache, freed place by place. */
#include "store/sqlite/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/blocks.h"
#include "store/sqlite/history.h"

#define FILE_MODE 0600
#define DIRECTORY_MODE 0700
/** Places that one group frees: those of all its removals. Beyond it they stay until the segment goes. */
#define DOOMED_MAX 65536
/** Digits of a number. */
#define NAME_N 8

#define BELOW "/history"


static void directory_of(const struct sqlite_connection *c, char path[PATH_MAX])
{
	sqlite_content_directory(str_of(c->path), path);
	strncat(path, BELOW, PATH_MAX - strlen(path) - 1);
}


static void path_of(const struct sqlite_connection *c, uint64_t number, char path[PATH_MAX])
{
	size_t n;

	directory_of(c, path);
	n = strlen(path);
	snprintf(path + n, PATH_MAX - n, "/%0*llx", NAME_N, (unsigned long long)number);
}


/* The sentence for the operator is the system's, not that of the database. */
static int failed(struct sqlite_connection *c, int error)
{
	c->code = 0;
	c->system_error = error;
	return -error;
}


void sqlite_segment_open(struct sqlite_segments *s)
{
	s->fd = -1;
	buf_init(&s->doomed, DOOMED_MAX * sizeof(struct sqlite_place));
}


void sqlite_segment_close(struct sqlite_segments *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_done(&s->doomed);
}


/* ---- Appending ---- */

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}


static int make_directory(struct sqlite_connection *c)
{
	char path[PATH_MAX];

	sqlite_content_directory(str_of(c->path), path);
	if (mkdir(path, DIRECTORY_MODE) && errno != EEXIST)
		return -errno;
	strncat(path, BELOW, PATH_MAX - strlen(path) - 1);
	if (mkdir(path, DIRECTORY_MODE))
		return errno == EEXIST ? 0 : -errno;
	path[strlen(path) - strlen(BELOW)] = '\0';
	return sync_path(path);
}


static int open_file(struct sqlite_connection *c, const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, fd = -1;

	if (!c->segments.indirect)
		fd = open(path, flags | O_DIRECT, FILE_MODE);
	if (fd < 0 && (c->segments.indirect || errno == EINVAL)) {
		c->segments.indirect = true;
		fd = open(path, flags, FILE_MODE);
	}
	return fd < 0 ? -errno : fd;
}


static bool has_rows(struct sqlite_connection *c, uint64_t number)
{
	static const char SQL[] = "SELECT 1 FROM history_bundle WHERE segment = ? AND segment > 0 "
				  "LIMIT 1";
	struct sqlite_run run;
	int64_t found = 0;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)number);
	return sqlite_finish_number(&run, &found) || found;
}


static void drop_empty(struct sqlite_connection *c, uint64_t number)
{
	char path[PATH_MAX];

	if (!number || has_rows(c, number))
		return;
	path_of(c, number, path);
	(void)unlink(path);
}


static int next_segment(struct sqlite_connection *c)
{
	struct sqlite_segments *s = &c->segments;
	char path[PATH_MAX];
	int error = sqlite_segment_sync(c), fd;

	if (!error)
		error = make_directory(c);
	if (error)
		return error;
	path_of(c, s->number + 1, path);
	fd = open_file(c, path);
	if (fd < 0)
		return fd;
	if (s->fd >= 0) {
		close(s->fd);
		drop_empty(c, s->number);
	}
	s->fd = fd;
	s->number++;
	s->at = 0;
	s->named = true;
	return 0;
}


static int write_at(int fd, struct str data, uint64_t at)
{
	while (data.n) {
		ssize_t n = pwrite(fd, data.p, data.n, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data = str_from(data, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}


/* A file system may take the flag and refuse the write; or write less, up to where no block ends. */
static int write_blocks(struct sqlite_connection *c, struct str data)
{
	struct sqlite_segments *s = &c->segments;
	int error = write_at(s->fd, data, s->at), flags;

	if (error != -EINVAL || s->indirect)
		return error;
	flags = fcntl(s->fd, F_GETFL);
	if (flags < 0 || fcntl(s->fd, F_SETFL, flags & ~O_DIRECT))
		return -errno;
	s->indirect = true;
	return write_at(s->fd, data, s->at);
}


int sqlite_segment_append(struct sqlite_connection *c, struct str data, struct sqlite_place *ret)
{
	struct sqlite_segments *s = &c->segments;
	int error = 0;

	if (s->fd < 0 || s->at + data.n > SQLITE_SEGMENT_MAX)
		error = next_segment(c);
	s->unsynced = true;
	if (!error)
		error = write_blocks(c, (struct str){data.p, (size_t)blocks_up(data.n)});
	if (error)
		return failed(c, -error);
	*ret = (struct sqlite_place){s->number, s->at, data.n};
	s->at += blocks_up(data.n);
	return 0;
}


/* ---- Reading ---- */

int sqlite_segment_read(struct sqlite_connection *c, const struct sqlite_place *p, char *to)
{
	char path[PATH_MAX];
	uint64_t done = 0;
	int fd, error = 0;

	path_of(c, p->segment, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : failed(c, errno);
	while (!error && done < p->length) {
		ssize_t n = pread(fd, to + done, p->length - done, (off_t)(p->position + done));

		if (n > 0)
			done += (uint64_t)n;
		else if (!n || errno != EINTR)
			error = n ? failed(c, errno) : -ENOENT;
	}
	close(fd);
	return error;
}


/* ---- Around a transaction ---- */

void sqlite_segment_begin(struct sqlite_connection *c)
{
	c->segments.committed_number = c->segments.number;
	c->segments.committed_at = c->segments.at;
}


int sqlite_segment_sync(struct sqlite_connection *c)
{
	struct sqlite_segments *s = &c->segments;
	char path[PATH_MAX];

	if (s->fd < 0 || !s->unsynced)
		return 0;
	if (fdatasync(s->fd))
		return failed(c, errno);
	if (s->named) {
		directory_of(c, path);
		int error = sync_path(path);

		if (error)
			return failed(c, -error);
	}
	s->named = s->unsynced = false;
	return 0;
}


void sqlite_segment_doom(struct sqlite_connection *c, const struct sqlite_place *p)
{
	/* Without memory to remember it, it stays until its segment goes. */
	if (p->segment && buf_reserve(&c->segments.doomed, sizeof(*p)))
		buf_put(&c->segments.doomed, p, sizeof(*p));
}


static bool is_named(struct sqlite_connection *c, const struct sqlite_place *p)
{
	static const char SQL[] = "SELECT 1 FROM history_bundle WHERE segment = ? AND "
				  "position = ? AND segment > 0 LIMIT 1";
	struct sqlite_run run;
	int64_t found = 0;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)p->segment);
	sqlite_bind_int(&run, (int64_t)p->position);
	return sqlite_finish_number(&run, &found) || found;
}


static void free_place(struct sqlite_connection *c, const struct sqlite_place *p)
{
	char path[PATH_MAX];
	int fd;

	if (is_named(c, p))
		return;
	if (p->segment != c->segments.number && !has_rows(c, p->segment)) {
		drop_empty(c, p->segment);
		return;
	}
	path_of(c, p->segment, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)p->position,
			(off_t)blocks_up(p->length));
	close(fd);
}


void sqlite_segment_settle(struct sqlite_connection *c, bool committed)
{
	struct sqlite_segments *s = &c->segments;
	struct str rest = buf_str(&s->doomed);
	struct sqlite_place p;

	if (!committed)
		s->at = s->number == s->committed_number ? s->committed_at : 0;
	for (; committed && rest.n >= sizeof(p); rest = str_from(rest, sizeof(p))) {
		memcpy(&p, rest.p, sizeof(p));
		free_place(c, &p);
	}
	buf_clear(&s->doomed);
}


/* ---- At start ---- */

static int sweep_file(struct sqlite_connection *c, uint64_t number, const char *path)
{
	static const char SQL[] = "SELECT max(position + length) FROM history_bundle "
				  "WHERE segment = ? AND segment > 0";
	struct sqlite_run run;
	int64_t end = 0;
	struct stat st;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, (int64_t)number);
	r = sqlite_finish_number(&run, &end);
	if (r)
		return r;
	if (number > c->segments.number)
		c->segments.number = number;
	if (!end)
		(void)unlink(path);
	else if (stat(path, &st) == 0 && st.st_size > end)
		(void)!truncate(path, end);
	return 0;
}


int sqlite_segment_sweep(struct sqlite_connection *c)
{
	static const char SQL[] = "SELECT max(segment) FROM history_bundle WHERE segment > 0";
	char path[PATH_MAX], *end;
	struct sqlite_run run;
	struct dirent *e;
	int64_t last = 0;
	DIR *d;
	int r;

	sqlite_begin_run(&run, c, SQL);
	r = sqlite_finish_number(&run, &last);
	c->segments.number = (uint64_t)last;
	directory_of(c, path);
	d = opendir(path);
	if (!d)
		return r ? r : errno == ENOENT ? 0 : failed(c, errno);
	while (!r && (e = readdir(d))) {
		uint64_t number = strtoull(e->d_name, &end, 16);

		if (strlen(e->d_name) != NAME_N || *end || !number)
			continue;
		path_of(c, number, path);
		r = sweep_file(c, number, path);
	}
	closedir(d);
	return r;
}
