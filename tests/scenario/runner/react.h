/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a peer does by itself with what arrives: it notes which of its requests a response belongs to and
 * what dialog it makes, acknowledges negative answers to INVITE, and follows its habits.
 */
#ifndef RUNNER_REACT_H
#define RUNNER_REACT_H

#include "scenario/runner/peer.h"

void scn_peer_react(struct scn_peer *peer, struct scn_arrival *a);

/** Matches "MESSAGE", "200", "2xx|404", "everything", "retransmissions", "closing", "bytes". */
bool scn_arrival_is(const struct scn_peer *peer, const struct scn_arrival *a, struct str what);
/** A status against "200", "2xx", "200|202". */
bool scn_status_is(unsigned status, struct str what);

/** The dialog that answering this request makes (or is in already). */
struct scn_dialog *scn_dialog_of_incoming(struct scn_peer *peer, struct scn_incoming *in);

#endif
