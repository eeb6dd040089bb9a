/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the dialogs: what dialog.c, dialog_establish.c, dialog_request.c and invite*.c know of each other. */
#ifndef SIP_DIALOG_STATE_H
#define SIP_DIALOG_STATE_H

#include "base/counter.h"
#include "base/hash.h"
#include "base/slab.h"
#include "base/sm.h"
#include "sip/dialog.h"

/** 64 bits of chance, in hexadecimal; a Call-ID has two of them. */
#define SIP_DIALOG_TAG_N 16

struct sip_dialogs {
	struct sip *sip;
	struct loop *loop; /**< a reference */
	bool closed;
	struct hash_table table; /**< by Call-ID and local tag */
	struct list all;
	struct list acks;   /**< those whose next hop is looked up */
	struct slab *slab;  /**< dialogs and what their usages need for a while */
	struct buf message; /**< scratch: a request while it is composed */
	struct buf lines;   /**< scratch: header lines while they are composed */
};

struct sip_dialog {
	struct sip_dialogs *dialogs;
	struct hash_link link;
	struct list_link in_all;
	struct list usages;
	uint8_t state;
	bool secure; /**< our Contact is a sips URI */
	bool has_hop, has_remote_cseq;
	uint32_t local_cseq, remote_cseq;
	struct sip_hop hop; /**< its name is in `text`, where it is needed: with TLS */
	char *text;         /**< what the dialog was made with, in one block */
	size_t text_n;
	/* Copies, inside `text` or in a block of their own; empty: none. */
	struct str call_id, local_tag, remote_tag, local, remote, target, route;
	struct str contact_user, contact_params;
};

extern struct counter sip_c_dialogs_made, sip_c_dialogs_stray, sip_c_dialogs_unordered;

/* dialog.c */
/** A copy in place of what stands there; -ENOMEM leaves it. */
int dialog_text(struct sip_dialog *d, struct str *slot, struct str value);
/** What a dialog is made with. */
struct dialog_texts {
	struct str call_id, local_tag, remote_tag, local, remote, target, route;
	struct str contact_user, contact_params, hop_host;
};
/** Copies all of it, once, into a dialog that has nothing yet. -ENOMEM. */
int dialog_pack(struct sip_dialog *d, const struct dialog_texts *t);
/** A dialog that is in no table yet. */
struct sip_dialog *dialog_alloc(struct sip_dialogs *ds);
/** Into the table. */
void dialog_enter(struct sip_dialog *d);
/** Out of it. */
void dialog_terminate(struct sip_dialog *d);
/** The dialog with exactly these; NULL. `remote` empty finds one that does not know it yet. */
struct sip_dialog *dialog_find(struct sip_dialogs *ds, struct str call_id, struct str local,
			       struct str remote);
void dialog_move(struct sip_dialog *d, enum sip_dialog_state to);
/** Adds `;tag`-ready chance to `b`. */
void dialog_put_chance(struct sip_dialogs *ds, struct buf *b);
/** What a response with this status makes of the dialog; `m`: the request, NULL: its target is settled. */
void dialog_answered(struct sip_dialog *d, const struct sip_msg *m, uint16_t status);

/* dialog_establish.c */
/** INVITE, UPDATE, SUBSCRIBE, NOTIFY, REFER. */
bool dialog_refreshes(enum sip_method m);
/** The Contact of a message as remote target, if it has a good one: -EBADMSG, -ENOMEM. */
int dialog_set_target(struct sip_dialog *d, const struct sip_msg *m);
/** URI of the Contact, if it is a good one; STR_NULL: there is no Contact. -EBADMSG. */
int dialog_target_of(struct str *ret, const struct sip_msg *m);
/** Record-Route as a route set into `text`; `reverse` for a response (12.1.2). -EBADMSG, -ENOMEM. */
int dialog_route_of(struct buf *text, const struct sip_msg *m, bool reverse);
/** The dialog that a response to an INVITE establishes or belongs to; a reference. NULL: none can be. */
struct sip_dialog *dialog_of_response(struct sip_dialog *d, struct sip_dialog_request *r,
				      const struct sip_msg *m);
/** "Contact: <…>…\r\n" for messages that leave to this hop. */
void dialog_put_contact(struct buf *b, const struct sip_dialog *d, const struct sip_hop *hop);

/* dialog_request.c */
void dialog_acks_end(struct sip_dialogs *ds);

#endif
