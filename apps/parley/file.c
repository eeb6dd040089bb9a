/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is sent: opened, described, read while it leaves. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha1.h"

/** A larger one is not read twice for its hash. */
#define HASH_SIZE_MAX (64 << 20)
/** As much of its beginning tells whether it is text. */
#define LOOK_MAX 65536


/* RFC 5547 6: "sha-1:" and the digits in pairs, upper case, with colons between. */
static void put_hash(struct sent_file *f, const uint8_t digest[static SHA1_SIZE])
{
	struct buf b;

	buf_fixed(&b, f->hash, sizeof(f->hash));
	buf_puts(&b, STR("sha-1"));
	for (unsigned i = 0; i < SHA1_SIZE; i++)
		buf_printf(&b, ":%02X", digest[i]);
	if (!buf_cstr(&b))
		f->hash[0] = '\0';
}


static int read_hash(struct sent_file *f)
{
	uint8_t digest[SHA1_SIZE];
	char part[65536];
	struct sha1 *h;
	ssize_t n = 0;

	/* Without one the file is sent all the same. */
	if (sha1_alloc(&h))
		return 0;
	for (off_t at = 0; (n = pread(f->fd, part, sizeof(part), at)) > 0; at += n)
		sha1_put(h, part, (size_t)n);
	sha1_finish(h, digest);
	mem_unref(h);
	if (n < 0)
		return errno;
	put_hash(f, digest);
	return 0;
}


static int describe(struct sent_file *f)
{
	char part[LOOK_MAX];
	ssize_t n = pread(f->fd, part, sizeof(part), 0);
	int err = n < 0 ? errno : 0;

	if (err)
		return err;
	/* A character may be cut where the look ends. */
	for (int cut = 0; cut < 4 && !f->text && n >= cut; cut++)
		f->text = (cut == 0 || n == (ssize_t)sizeof(part)) &&
			  show_is_text((struct str){part, (size_t)(n - cut)});
	return f->size > HASH_SIZE_MAX ? 0 : read_hash(f);
}


int file_open(struct sent_file *f, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct stat st;
	int err = 0;

	*f = (struct sent_file){.fd = open(name, O_RDONLY | O_CLOEXEC),
				.name = slash ? slash + 1 : name};
	if (f->fd < 0 || fstat(f->fd, &st))
		err = errno;
	else if (S_ISDIR(st.st_mode))
		err = EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = EINVAL;
	if (!err) {
		f->size = (uint64_t)st.st_size;
		f->modified_ms = (int64_t)st.st_mtim.tv_sec * 1000;
		err = describe(f);
	}
	if (!err)
		return CLI_OK;
	file_close(f);
	if (err == EINVAL)
		return cli_error("write a file's name, or - for standard input",
				 "%s is no file whose size can be told", name);
	return cli_error("check its name", "%s cannot be read (%s)", name, strerror(err));
}


void file_close(struct sent_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}


long file_read(void *bytes, size_t n, uint64_t offset, void *arg)
{
	const struct sent_file *f = arg;
	ssize_t got = pread(f->fd, bytes, n, (off_t)offset);

	/* Shorter than it was: what was announced cannot be kept. */
	return got > 0 ? (long)got : got == 0 ? -EIO : -errno;
}
