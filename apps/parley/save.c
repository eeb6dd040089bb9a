/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written while it comes. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/** Names tried for a file that is there already: "photo-2.jpg" … */
#define NAMES_MAX 100


/* Whoever sends a file names it: what is a path in the name, or would hide, is not taken over. */
static void put_name(struct buf *b, const char *name)
{
	for (const char *c = name; *c; c++) {
		unsigned char u = (unsigned char)*c;

		buf_putc(b,
			 u < 0x20 || u == 0x7f || u == '/' || u == '\\' || (u == '.' && c == name)
				 ? '_'
				 : *c);
	}
	if (!*name)
		buf_puts(b, STR("message"));
}


bool save_begin(struct saved_file *f, const char *directory, const char *wanted)
{
	char name[200];
	struct buf b, path;

	buf_fixed(&b, name, sizeof(name));
	put_name(&b, wanted);
	if (!buf_cstr(&b)) {
		buf_clear(&b);
		buf_puts(&b, STR("message"));
	}
	f->fd = -1;
	for (int i = 1; i <= NAMES_MAX && f->fd < 0; i++) {
		ptrdiff_t dot = str_rfind(buf_str(&b), '.');
		struct str stem = dot > 0 ? str_upto(buf_str(&b), (size_t)dot) : buf_str(&b);

		buf_fixed(&path, f->path, sizeof(f->path));
		buf_printf(&path, "%s/" STR_FMT, directory, STR_ARG(stem));
		if (i > 1)
			buf_printf(&path, "-%d", i);
		buf_puts(&path, str_from(buf_str(&b), stem.n));
		if (!buf_cstr(&path))
			break;
		f->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (f->fd < 0 && errno != EEXIST)
			break;
	}
	if (f->fd >= 0)
		return true;
	(void)cli_error("check --save", "%s cannot be written (%s)", f->path, strerror(errno));
	return false;
}


bool save_piece(struct saved_file *f, uint64_t offset, const void *bytes, size_t n)
{
	while (n) {
		ssize_t written = pwrite(f->fd, bytes, n, (off_t)offset);

		if (written < 0 && errno != EINTR) {
			(void)cli_error("make room, or choose another --save",
					"%s cannot be written (%s)", f->path, strerror(errno));
			return false;
		}
		if (written < 0)
			continue;
		bytes = (const char *)bytes + written;
		offset += (uint64_t)written;
		n -= (size_t)written;
	}
	return true;
}


bool save_end(struct saved_file *f)
{
	bool whole = close(f->fd) == 0;

	f->fd = -1;
	if (!whole)
		(void)cli_error("check it", "%s was not written in full (%s)", f->path,
				strerror(errno));
	return whole;
}


void save_drop(struct saved_file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	/* Half of a file is none. */
	(void)unlink(f->path);
}
