/* SPDX-License-Identifier: Apache-2.0 */
/**
 * parley-bench: the same work on parleyd and on a peer, in one run.
 *
 * The subject (the server under test) is started by the bench and owns core 0; the generator, both
 * ends of the traffic in one busy-polling thread, owns core 1; everything stays on loopback. CPU is
 * the kernel's own accounting of the subject's threads in a window after the warm-up. Figures are
 * read at saturation: at low rates the wake-ups of a virtual machine cost more than any server.
 */
#ifndef PARLEY_BENCH_BENCH_H
#define PARLEY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Loopback ports: the subject, the sender, the receiver. */
#define PORT_SUBJECT 5060
#define PORT_SENDER 5070
#define PORT_RECEIVER 5080
/** MSRP: of the subject, and where the receiver's end listens. */
#define PORT_MSRP 2855
#define PORT_MSRP_RECEIVER 7394

/** The admin API of parleyd. */
#define PORT_ADMIN 8089

/** Of ejabberd. */
#define PORT_XMPP 5222
/** Text of a message in a group. */
#define GROUP_TEXT_N 200

/** Processes of one subject: Kamailio has a dozen. */
#define SUBJECT_PIDS_MAX 64

struct traffic;

struct subject {
	const char *name;
	pid_t main;
	pid_t pids[SUBJECT_PIDS_MAX];
	size_t pids_n;
	bool parley;
	char dir[64];
};

struct subject_usage {
	uint64_t cpu_ns;
	uint64_t memory_kb;
};

/**
 * Starts it as this traffic needs it and waits until it serves. Dies with a message when it cannot.
 */
void subject_start_parley(struct subject *s, const char *parleyd, const struct traffic *t);
void subject_start_kamailio(struct subject *s, const struct traffic *t);
/** The floor: copies one TCP connection to another, looks at nothing (forwarder.c). */
void subject_start_forwarder(struct subject *s);
/** One room server of XMPP, its scheduler on one core. */
void subject_start_ejabberd(struct subject *s);
/** The floor of a group: one write() for each copy (copier.c). */
void subject_start_copier(struct subject *s, const struct traffic *t);
void subject_stop(struct subject *s);
struct subject_usage subject_usage(const struct subject *s);
/** Kills whatever is still running; for the way out. */
void subject_stop_all(void);

enum load {
	LOAD_SATURATION, /**< a fixed number outstanding: as fast as it goes */
	LOAD_RATE,       /**< so many per second, retransmitted like a client does */
	LOAD_SILENT,     /**< as LOAD_RATE, and the receiver never answers */
};

struct traffic {
	bool tcp;
	bool one_call_id; /**< the same Call-ID in every message */
	bool deferred;    /**< to a thousand users who are not registered */
	bool session;     /**< INVITE, the server in the media path */
	bool msrp;        /**< inside a session */
	bool on_disk;     /**< parleyd's store is one on disk, though nothing else asks for it */
	bool recorded;    /**< the recipient has history switched on */
	size_t size;      /**< msrp: of a message */
	unsigned members,
		speakers; /**< group: how many are in, how many of them speak; 0: no group */
	bool peer_wal;    /**< deferred: the peer's database has a write-ahead log, as ours */
	enum load load;
	unsigned outstanding;
	double rate;
	unsigned warmup_s, seconds;
};

struct result {
	double rate;       /**< answered with 2xx, per second */
	double cpu_us;     /**< of the subject, for each of them */
	double core_share; /**< of the subject, 1.0 is one core */
	double p50_us, p99_us;
	double refused; /**< answered with another final response, per second */
	uint64_t lost;  /**< never answered within 32 s, or still open when a silent run ends */
	uint64_t memory_kb;
	double retransmitted; /**< share of what was sent */
	double generator;     /**< share of its core that the generator used */
	double bytes_rate;    /**< of bodies, per second */
	double cpu_ns_byte;   /**< of the subject, for each byte of a body */
};

/** The pager traffic of work `pager`, once. */
void pager_run(struct result *ret, const struct traffic *t, const struct subject *s);
/** Registers recipient `user`, 0…9999, with parleyd, as the core's third-party REGISTER does. */
void pager_register(const struct subject *s, bool tcp, unsigned user);
/** The user all messages are for. */
#define USER_RECEIVER 2222

/* ---- What is sent (message.c) ---- */

#define MESSAGE_ROOM 4096
#define RUN_ID_N 6

/** Transaction `index`, use `generation` of it. */
size_t message_compose(char out[static MESSAGE_ROOM], const char run[static RUN_ID_N + 1],
		       uint32_t index, uint32_t generation, const struct traffic *t);
size_t message_answer(char out[static MESSAGE_ROOM], const char *request, size_t n);
/** A response to one of ours: its status, index and generation; 0 when it is something else. */
unsigned message_match(const char *response, size_t n, const char run[static RUN_ID_N + 1],
		       uint32_t *index, uint32_t *generation);
size_t message_register(char out[static MESSAGE_ROOM], bool tcp, unsigned user);
/** Length of the first whole message in a stream; 0: not yet. */
size_t message_frame(const char *p, size_t n);

/* ---- Works of their own (session.c, msrp.c) ---- */

/** INVITE, ACK, BYE in a closed loop. */
void session_run(struct result *ret, const struct traffic *t, const struct subject *s);
/** Messages of t->size through one session; its receiver answers each. */
void msrp_run(struct result *ret, const struct traffic *t, const struct subject *s);
/** Memory that one message of 1 GB adds to the subject at the most, its receiver a slow starter. */
uint64_t msrp_huge_kb(const struct subject *s);
/** Memory of each of `n` sessions that stand and are silent, both ends connected. */
double msrp_idle_kb(const struct subject *s, unsigned n);

/* ---- recorded.c ---- */

/** The recipient `user` has history switched on. */
void recorded_begin(unsigned user);

/* ---- group.c, muc.c ---- */

/** `t->members` in one group session, `t->speakers` of them speak; counted are the copies that arrive. */
void group_run(struct result *ret, const struct traffic *t, const struct subject *s);
/** The same against a server that writes each copy and does nothing else. */
void group_floor_run(struct result *ret, const struct traffic *t, const struct subject *s);
/** Memory of each participant of a session of so many who are silent. */
double group_idle_kb(const struct subject *s, unsigned members);
/** Bytes of one message on its way in. */
size_t group_message_n(void);
/** The same in a room of XMPP. */
void muc_run(struct result *ret, const struct traffic *t, const struct subject *s);

/** The loop of the copier; does not return. */
void copier_run(uint16_t port, unsigned others, size_t message_n) __attribute__((noreturn));
/** The loop of the forwarder; does not return. */
void forwarder_run(uint16_t port, uint16_t to_port) __attribute__((noreturn));

uint64_t clock_ns(void);
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
