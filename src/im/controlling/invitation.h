/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An invitation from its asking to its answer: what invitation.c (whose turn it is, what became of it) and
 * invitation_message.c (the INVITE) know of it. For everybody else: conference.h.
 *
 * In the conference's queue until it is their turn; then a participant of it, who is PARTICIPANT_INVITED and has this
 * as `wait` until the final answer.
 */
#ifndef IM_CONTROLLING_INVITATION_H
#define IM_CONTROLLING_INVITATION_H

#include "im/controlling/conference.h"

struct invitation_wait {
	struct list_link link; /**< in conference.waiting */
	struct conference *conference;
	struct participant *p;                          /**< NULL: in the queue */
	struct str who, uri, display_name, headers, by; /**< in the same block */
	bool bcc, referred;
	bool by_hides; /**< who wants them is anonymous */
	bool plain;    /**< without the list: a body of two parts was refused */
	bool bare;     /**< without Replaces: the dialog it names was not there */
	struct timer ring;
	void (*done)(uint16_t status, void *arg);
	void *arg;
};

/** Header lines and body of one INVITE. */
#define INVITATION_MESSAGE_MAX 60000

/** Sends it: w->p->inv is its leg. -errno: nothing was sent. */
int invitation_message_send(struct invitation_wait *w);
/** The list was in it (and can be left out the next time). */
bool invitation_message_has_list(const struct invitation_wait *w);
/** Replaces was in it (likewise). */
bool invitation_message_replaces(const struct invitation_wait *w);

#endif
