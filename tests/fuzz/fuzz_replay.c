/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over saved inputs, as an ordinary test: each argument is a file or a folder. A
 * short input is tried at every length too, each time in a block of just that size. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

/** Inputs up to this size are tried at every length. */
#define PREFIXES_MAX 600
/** No saved input is larger. */
#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int run(const uint8_t *data, size_t n)
{
	uint8_t *copy = mem_raw(n ? n : 1);

	if (!copy)
		return 1;
	memcpy(copy, data, n);
	LLVMFuzzerTestOneInput(copy, n);
	mem_free(copy);
	return 0;
}


static int replay_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;
	int r = 0;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);

	for (size_t k = 0; n <= PREFIXES_MAX && k < n; k++)
		r |= run(data, k);
	return r | run(data, n);
}


static int replay_folder(const char *path, size_t *count)
{
	char name[4096];
	struct dirent *e;
	DIR *d = opendir(path);
	int r = 0;

	if (!d) {
		perror(path);
		return 1;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		r |= replay_file(name);
		++*count;
	}
	closedir(d);
	return r;
}


int main(int argc, char **argv)
{
	size_t count = 0;
	int r = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			r |= replay_folder(argv[i], &count);
		} else {
			r |= replay_file(argv[i]);
			count++;
		}
	}
	printf("%zu inputs\n", count);
	/* A folder that has lost its inputs proves nothing. */
	return r || count == 0;
}
