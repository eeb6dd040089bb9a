/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Templates: what `sends METHOD` and `answers STATUS` put into a message by themselves, and sending it.
 */
#ifndef RUNNER_COMPOSE_H
#define RUNNER_COMPOSE_H

#include "scenario/runner/draft.h"
#include "scenario/runner/peer.h"

struct scn_sending {
	const struct scn_line *line;
	struct str method;
	struct str to; /**< peer or URI; STR_NULL: none said */
	struct str
		in; /**< name of the dialog; STR_NULL: the latest, if the method belongs in one */
	struct str about; /**< ACK, CANCEL: name of the request (`for`) */
	struct str as;
	bool over_given;
	enum scn_over over;
	bool no_credentials;
	const struct scn_header *extra; /**< set before the changes; ended by an empty name */
	const struct scn_change *changes;
};

/** What a MESSAGE or an INVITE carries when the scenario says nothing else; `session` goes on (or is NULL). */
void scn_default_body(struct scn_peer *peer, const struct scn_msrp *session, struct scn_draft *d);
/** Sends; answers a challenge unless told otherwise. False: reported. */
bool scn_request_send(struct scn_peer *peer, const struct scn_sending *s, struct scn_request **ret);
/** The same bytes over the same hop. */
bool scn_request_again(struct scn_peer *peer, const struct scn_request *r);
bool scn_answer(struct scn_peer *peer, struct scn_incoming *in, unsigned status, struct str reason,
		const struct scn_change *changes);
bool scn_answer_again(struct scn_peer *peer, const struct scn_incoming *in);
/** RFC 3261 17.1.1.3. */
bool scn_send_transaction_ack(struct scn_peer *peer, struct scn_request *r,
			      const struct scn_msg *response);
/** Bytes as they are. */
bool scn_bytes_send(struct scn_peer *peer, const struct scn_sending *s, struct str bytes);

#endif
