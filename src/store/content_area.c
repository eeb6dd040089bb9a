/* SPDX-License-Identifier: Apache-2.0 */
/* Where contents are: files in a directory, or blocks in memory. */
#include "store/content_area.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define PART ".part"
/** Contents are private to their owner. */
#define DIRECTORY_MODE 0700

struct content_file {
	struct hash_link link;
	struct content_bytes *bytes;
	char name[STORE_CONTENT_NAME_N];
};


static void file_destroy(void *object)
{
	struct content_file *f = object;

	mem_unref(f->bytes);
}


static void drop_spares(struct content_area *a)
{
	while (a->spares)
		blocks_done(&a->spare[--a->spares]);
}


static void area_destroy(void *object)
{
	struct content_area *a = object;
	struct hash_link *l = NULL;
	size_t cursor = 0;

	while ((l = hash_walk(&a->files, &cursor, l))) {
		struct content_file *f = container_of(l, struct content_file, link);

		f->bytes->area = NULL;
		hash_remove(&a->files, l);
		mem_unref(f);
	}
	hash_done(&a->files);
	timer_cancel(&a->rest);
	drop_spares(a);
	mem_free(a->directory);
	mem_unref(a->loop);
}


int content_area_alloc(struct content_area **ret, struct loop *loop, const char *directory)
{
	struct content_area *a = mem_alloc(sizeof(*a), area_destroy);
	int err;

	if (!a)
		return -ENOMEM;
	a->loop = mem_ref(loop);
	err = hash_init(&a->files, 16);
	if (!err && directory) {
		size_t n = strlen(directory) + 1;

		a->directory = mem_raw(n);
		if (a->directory)
			memcpy(a->directory, directory, n);
		else
			err = -ENOMEM;
	}
	if (err) {
		mem_unref(a);
		return err;
	}
	*ret = a;
	return 0;
}


/* ---- Fast writers ---- */

bool content_fast_take(struct content_area *a, struct blocks *ret)
{
	struct blocks b = {0};

	if (a->lent == STORE_CONTENT_FAST_MAX)
		return false;
	if (a->spares)
		b = a->spare[--a->spares];
	else if (!blocks_reserve(&b, STORE_CONTENT_FAST_QUEUE_MAX, STORE_CONTENT_FAST_QUEUE_MAX))
		return false;
	b.n = 0;
	a->lent++;
	*ret = b;
	return true;
}


static void on_rest(struct timer *t, void *arg)
{
	(void)t;
	drop_spares(arg);
}


void content_fast_give(struct content_area *a, struct blocks *b)
{
	a->lent--;
	a->spare[a->spares++] = *b;
	*b = (struct blocks){0};
	timer_start(&a->rest, loop_timers(a->loop), STORE_CONTENT_FAST_REST_MS, on_rest, a);
}


/* ---- In memory ---- */

static struct content_file *find(const struct content_area *a, struct str name)
{
	struct hash_link *l;

	if (name.n != STORE_CONTENT_NAME_N)
		return NULL;
	for (l = hash_first(&a->files, hash_bytes(&a->files.key, name.p, name.n)); l;
	     l = hash_next(l)) {
		struct content_file *f = container_of(l, struct content_file, link);

		if (memcmp(f->name, name.p, name.n) == 0)
			return f;
	}
	return NULL;
}


struct content_bytes *content_memory_find(const struct content_area *a, struct str name)
{
	struct content_file *f = find(a, name);

	return f ? f->bytes : NULL;
}


int content_memory_add(struct content_area *a, struct str name, struct content_bytes *b)
{
	struct content_file *f = mem_alloc(sizeof(*f), file_destroy);

	if (!f)
		return -ENOMEM;
	f->bytes = mem_ref(b);
	memcpy(f->name, name.p, STORE_CONTENT_NAME_N);
	hash_insert(&a->files, &f->link, hash_bytes(&a->files.key, name.p, name.n));
	return 0;
}


void content_memory_remove(struct content_area *a, struct str name)
{
	struct content_file *f = find(a, name);

	if (!f)
		return;
	hash_remove(&a->files, &f->link);
	mem_unref(f);
}


/* ---- On disk ---- */

void content_name_make(struct content_area *a, char ret[STORE_CONTENT_NAME_N])
{
	char text[STORE_CONTENT_NAME_N + 1];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)loop_random_u64(a->loop));
	memcpy(ret, text, STORE_CONTENT_NAME_N);
}


bool content_name_ok(struct str name)
{
	if (name.n != STORE_CONTENT_NAME_N)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("0123456789abcdef", name.p[i]) || !name.p[i])
			return false;
	return true;
}


void content_path(char path[PATH_MAX], const char *directory, struct str name, bool part)
{
	snprintf(path, PATH_MAX, "%s/%.2s/%.*s%s", directory, name.p, (int)name.n - 2, name.p + 2,
		 part ? PART : "");
}


static int make(const char *path)
{
	return mkdir(path, DIRECTORY_MODE) && errno != EEXIST ? -errno : 0;
}


static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}


static void directory_of(char path[PATH_MAX], const char *directory, struct str name)
{
	snprintf(path, PATH_MAX, "%s/%.2s", directory, name.p);
}


int content_make_directory(const char *directory, struct str name)
{
	char path[PATH_MAX];
	struct stat st;
	int err;

	directory_of(path, directory, name);
	if (stat(path, &st) == 0)
		return 0;
	err = make(directory);
	if (!err)
		err = make(path);
	/* The new name must not be lost with the power: what is in it would be. */
	return err ? err : sync_path(directory);
}


int content_unlink(const char *directory, struct str name, bool part)
{
	char path[PATH_MAX];

	if (!content_name_ok(name))
		return -EINVAL;
	content_path(path, directory, name, part);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}


int content_sync_directory(const char *directory, struct str name)
{
	char path[PATH_MAX];

	directory_of(path, directory, name);
	return sync_path(path);
}


int content_link(const char *directory, struct str name, struct str other)
{
	char from[PATH_MAX], to[PATH_MAX];
	int err;

	if (!content_name_ok(name) || !content_name_ok(other))
		return -EINVAL;
	err = content_make_directory(directory, other);
	if (err)
		return err;
	content_path(from, directory, name, false);
	content_path(to, directory, other, false);
	if (link(from, to))
		return -errno;
	err = content_sync_directory(directory, other);
	if (err)
		(void)content_unlink(directory, other, false);
	return err;
}


static int sweep_file(const char *directory, const char *shard, const char *rest,
		      int (*is_named)(struct str name, bool *ret, void *arg), void *arg)
{
	char text[STORE_CONTENT_NAME_N + 1];
	struct str file = str_of(rest), name;
	bool part = str_ends(file, STR(PART)), named = false;
	int err = 0;

	if (part)
		file.n -= sizeof(PART) - 1;
	if (file.n != STORE_CONTENT_NAME_N - 2)
		return 0;
	snprintf(text, sizeof(text), "%.2s%.*s", shard, (int)file.n, file.p);
	name = str_of(text);
	if (!content_name_ok(name))
		return 0; /* not ours */
	if (!part)
		err = is_named(name, &named, arg);
	if (err || named)
		return err;
	log_notice("store", "removing content that belongs to nothing: name=%s", text);
	return content_unlink(directory, name, part);
}


static int sweep_shard(const char *directory, const char *shard,
		       int (*is_named)(struct str name, bool *ret, void *arg), void *arg)
{
	char path[PATH_MAX];
	struct dirent *e;
	int err = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", directory, shard);
	d = opendir(path);
	if (!d)
		return errno == ENOTDIR || errno == ENOENT ? 0 : -errno;
	while (!err && (e = readdir(d)))
		err = sweep_file(directory, shard, e->d_name, is_named, arg);
	closedir(d);
	return err;
}


int content_sweep(const char *directory, int (*is_named)(struct str name, bool *ret, void *arg),
		  void *arg)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	int err = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (e = readdir(d)))
		if (strlen(e->d_name) == 2 && e->d_name[0] != '.')
			err = sweep_shard(directory, e->d_name, is_named, arg);
	closedir(d);
	return err;
}
