/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the other side of a chat says, put together from its chunks: those of several messages may be interleaved
 * (RFC 4975 7.3.1), each message is known by its Message-ID.
 */
#ifndef CLIENT_CHAT_SAID_H
#define CLIENT_CHAT_SAID_H

#include "base/buf.h"
#include "base/list.h"
#include "body/cpim.h"
#include "client/chat.h"

enum chat_kind { CHAT_TEXT, CHAT_REPORT, CHAT_COMPOSING };

/** One of them; counted. */
struct chat_saying {
	struct list_link link;
	struct chat_said *of;
	char *message_id, *outer_type;
	struct buf bytes;
	/* Once it is whole: */
	enum chat_kind kind;
	bool wrapped;
	struct cpim cpim;
	struct str type, content;
};

struct chat_said {
	struct list partials; /**< of struct chat_saying */
	struct list waiting;  /**< chat.c's: ours that wait */
};

void chat_said_init(struct chat_said *d);
void chat_said_done(struct chat_said *d);
uint16_t chat_said_head(struct chat_said *d, struct msrp_receive *r);
uint16_t chat_said_body(struct msrp_receive *r, struct str piece);
/** *ret: the message, whole and read, a reference; NULL: none yet, or it is refused with the result. */
uint16_t chat_said_end(struct chat_said *d, struct msrp_receive *r, char flag,
		       struct chat_saying **ret);
void chat_said_broken(struct msrp_receive *r);

#endif
