/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MSRP as the generator speaks it: one connection, its frames in and its answers out. Large bodies are
 * looked through for their end and not kept.
 */
#ifndef PARLEY_BENCH_CHUNK_H
#define PARLEY_BENCH_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_IN_MAX (1u << 19)
#define CHUNK_OUT_MAX (1u << 20)

struct chunk_end {
	int fd;      /**< -1: none yet */
	bool closed; /**< by the peer */
	char *in, *out;
	size_t in_n, out_n;
	bool in_body;
	bool request;
	char end_line[96]; /**< of the body under way */
	size_t end_line_n;
	char answer[1024]; /**< to the request under way, when its end comes */
	size_t answer_n;
	uint64_t messages;  /**< that came to their end, "$" */
	uint64_t bytes;     /**< of their bodies */
	uint64_t responses; /**< 200 */
	uint64_t refused;   /**< any other response */
	char refusal[48];   /**< the last of them: status and comment */
};

void chunk_open(struct chunk_end *e, int fd);
void chunk_close(struct chunk_end *e);
/** Reads what is there once, counts it, and answers it if `answers`. */
void chunk_read(struct chunk_end *e, bool answers);

/** A SEND on its way out. */
struct chunk_out {
	char head[1024], tail[64];
	size_t head_n, tail_n;
	uint64_t body_n;
	uint64_t off;   /**< bytes of head, body and tail that are gone */
	uint64_t limit; /**< no more of them now, or a block more; 0: no limit */
};

/** `serial` numbers it; `body_n` 0: a SEND without a body, such as binds a connection to a session. */
void chunk_compose(struct chunk_out *o, uint64_t serial, const char *to_path, const char *from_path,
		   uint64_t body_n);
/** Writes what the kernel takes, up to the limit; true when all of it is gone. */
bool chunk_write(struct chunk_out *o, int fd);

#endif
