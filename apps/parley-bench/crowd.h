/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many who take part in one conversation, each on a connection of their own: some speak, all read, and what is
 * counted are the copies that arrive. How they join and what a message looks like is the protocol's affair:
 * MSRP in a group session (group.c), XMPP in a room (muc.c).
 *
 * Each message carries when it was sent, "#t" and 16 hexadecimal digits at the end of its text, so that a reader
 * knows how long it took without knowing who wrote it.
 */
#ifndef PARLEY_BENCH_CROWD_H
#define PARLEY_BENCH_CROWD_H

#include "bench.h"
#include "measure.h"

#define CROWD_MAX 1000
#define CROWD_STAMP_N 18
/** One message as it leaves. */
#define CROWD_MESSAGE_MAX 2048

struct crowd;

struct crowd_speech {
	/** Message of member `who` with this stamp (CROWD_STAMP_N characters); its bytes. */
	size_t (*compose)(struct crowd *c, unsigned who, const char *stamp,
			  char out[static CROWD_MESSAGE_MAX]);
	/** Takes whole messages from the bytes, tells crowd_heard of each copy; how many bytes are used up. */
	size_t (*take)(struct crowd *c, unsigned who, const char *p, size_t n);
	/** Copies that one message makes among `n` members. */
	unsigned (*copies)(unsigned n);
};

struct crowd_member {
	int fd;
	char *in, *out;
	size_t in_n, out_n;
	bool asked; /**< POLLOUT is awaited */
	void *state;
};

struct crowd {
	const struct crowd_speech *speech;
	const struct subject *subject;
	struct crowd_member member[CROWD_MAX];
	unsigned n;
	int epoll;
	struct measure *measure; /**< NULL: nothing is measured yet */
	uint64_t copies, stanzas;
};

void crowd_open(struct crowd *c, const struct subject *s, const struct crowd_speech *speech);
void crowd_close(struct crowd *c);
/** One more, whose connection stands; `state` is given back to the functions of the speech. Its number. */
unsigned crowd_join(struct crowd *c, int fd, void *state);
/** Bytes for the server, behind what has not left yet. */
void crowd_push(struct crowd *c, unsigned who, const char *p, size_t n);
/** Writes what the kernel takes of it. */
void crowd_flush(struct crowd *c, unsigned who);
/** A copy has arrived: its text ends here. */
void crowd_heard(struct crowd *c, const char *text, size_t n);
/** Reads and writes whatever is ready, waits `wait_ms` at the most for it. */
void crowd_turn(struct crowd *c, int wait_ms);
/** The work: `t->speakers` of them speak, as fast as it goes or at t->rate messages per second. */
void crowd_run(struct result *ret, struct crowd *c, const struct traffic *t);

#endif
