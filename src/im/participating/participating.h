/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The Participating Functions (seed 001, 6.1): the originating one in front of the sender, the
 * terminating one in front of the recipient.
 *
 * In order: load the served subscriber; run the gates of the side; then cross over to the terminating
 * function of a recipient served in this process, or forward, or have the message kept for somebody
 * who is away (im/message.h): 202 when it is on disk. Forwarding is as a SIP proxy (RFC 3261 16). The
 * final response goes back to the sender (TPF-GEN-6), and the outcome is announced once.
 */
#ifndef IM_PARTICIPATING_PARTICIPATING_H
#define IM_PARTICIPATING_PARTICIPATING_H

#include "im/im.h"

struct participating;
struct im_focus;
struct im_recorder;

/** Takes a request to the system URI that the originating gates have let pass, and answers it. */
typedef void(participating_answer_cb)(struct im_request *r, void *arg);

/** Counted. `rules` is borrowed and may change. */
int participating_alloc(struct participating **ret, const struct im_params *p,
			const struct im_rules *rules, struct im_events *events);
/** Where INVITEs go whose media pass through here (session.h); NULL: nowhere. Borrowed. */
void participating_set_sessions(struct participating *pf, struct im_sessions *sessions);
void participating_on_answer(struct participating *pf, participating_answer_cb *cb, void *arg);
/** Likewise of requests to the deferred and the history function (IM_RETRIEVAL); NULL: they are nobody. */
void participating_on_retrieval(struct participating *pf, participating_answer_cb *cb, void *arg);
/** NULL: nobody keeps. What is being kept is not waited for any more. */
void participating_set_keeper(struct participating *pf, const struct im_keeper *keeper);
/** NULL: nothing is recorded. What waits for a record is given up. Borrowed. */
void participating_set_recorder(struct participating *pf, const struct im_recorder *recorder);
/** Where requests go that are for a group or a conference (im/focus.h); NULL: they are for nobody. Borrowed. */
void participating_set_focus(struct participating *pf, const struct im_focus *focus);
/** Answers it in time. `r` is borrowed for the call; its side may be changed. */
void participating_receive(struct participating *pf, struct im_request *r);
/** Requests under way. */
size_t participating_under_way(const struct participating *pf);

#endif
