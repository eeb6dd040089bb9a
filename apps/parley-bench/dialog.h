/* SPDX-License-Identifier: Apache-2.0 */
/** The generator's side of a session's signalling: INVITE, ACK and BYE of a caller, a callee's answers. */
#ifndef PARLEY_BENCH_DIALOG_H
#define PARLEY_BENCH_DIALOG_H

#include "bench.h"
#include "wire.h"

enum dialog_phase { DIALOG_FREE, DIALOG_INVITE, DIALOG_BYE, DIALOG_STANDS };

struct dialog {
	uint32_t index, generation;
	uint32_t user;      /**< who is called: 0…9999 */
	const char *group;  /**< instead: the address of a group; NULL: none */
	const char *caller; /**< who calls, an AOR; NULL: always the same */
	uint16_t port;      /**< of the caller's own MSRP URI */
	enum dialog_phase phase;
	uint64_t began_ns, sent_ns;
	char contact[160], route[160], to_tag[96];
	char path[256]; /**< of the other end, from its SDP */
};

/** The caller's own MSRP URI in this dialog. */
size_t dialog_own_path(char *out, size_t room, const struct dialog *d);
/** "INVITE", "ACK", "BYE" as the dialog stands; `failed`: the ACK of a refused INVITE. */
size_t dialog_compose(char out[static MESSAGE_ROOM], const char run[static RUN_ID_N + 1],
		      const struct dialog *d, const char *method, bool failed);
/** Takes Contact, Record-Route, the tag of To and a=path out of a 2xx to INVITE. */
void dialog_establish(struct dialog *d, const char *response, size_t n);
/** The method that a response is to: its first letter; '\0' when it cannot be told. */
char dialog_response_method(const char *response, size_t n);
/**
 * The callee's answer: 200; 0 when none is due. `serial` makes its MSRP URI its own, and its address in
 * 127/8, so that the server does not use one connection for all callees. `listens`: it waits for the
 * connection of its peer; else it says it would connect.
 */
size_t dialog_answer(char out[static MESSAGE_ROOM], const char *request, size_t n, uint32_t serial,
		     bool listens);

/** Sets one up and waits for it; dies when it cannot be done in 10 s. */
void dialog_open(struct wire *w, const char run[static RUN_ID_N + 1], struct dialog *d);

#endif
