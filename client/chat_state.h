/* SPDX-License-Identifier: Apache-2.0 */
/** Inside a chat: what chat.c and the files of its group (group_chat.h) share. */
#ifndef CLIENT_CHAT_STATE_H
#define CLIENT_CHAT_STATE_H

#include "client/chat.h"
#include "client/chat_said.h"
#include "client/composing.h"
#include "client/group_chat.h"
#include "client/outbox.h"

struct chat {
	struct parley_session *s;
	struct outbox box;
	struct composing composing;
	struct chat_said said;
	struct group_chat group;
	unsigned reports;
	uint32_t numbers;
	unsigned waiting; /**< texts put and not done */
	char message_id[17];
	bool established;
};

/** NULL: the session is no chat. */
struct chat *chat_of(const struct parley_session *s);
/** The program's, or one that does nothing. */
const struct parley_session_handler *chat_handler(const struct chat *c);
/** As parley_session_send; `to` NULL: to all. */
int chat_send(struct chat *c, const char *to, const char *text, uint32_t *ret_number,
	      const char **ret_id);
/** A text on its way, `message_id` empty: no reports. As session_sdp_way; -EMSGSIZE, -ENOMEM… */
int chat_put_text(struct chat *c, const char *to, const char *text, const char *message_id,
		  uint32_t number);
/** A report, or who is writing, of which the program knows nothing. */
int chat_put_own(struct chat *c, struct str type, struct str body);

/* ---- chat_waiting.c ---- */

int chat_waiting_put(struct chat *c, const char *to, const char *text, uint32_t number);
/** All, in order; what cannot be sent has failed. */
void chat_waiting_send(struct chat *c);
/** `tell`: they have failed. */
void chat_waiting_drop(struct chat *c, bool tell);

/* ---- chat_heard.c: as of a session's owner ---- */

uint16_t chat_heard_head(struct parley_session *s, struct msrp_receive *r);
uint16_t chat_heard_body(struct parley_session *s, struct msrp_receive *r, struct str piece);
uint16_t chat_heard_end(struct parley_session *s, struct msrp_receive *r, char flag);
void chat_heard_broken(struct parley_session *s, struct msrp_receive *r);

#endif
