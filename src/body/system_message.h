/* SPDX-License-Identifier: Apache-2.0 */
/**
 * System messages: what the operator tells a user, with the answers to choose from, and the answer.
 *
 * The original format is lost. There are two forms: our own, for clients of this enabler,
 *
 *     <smsg xmlns="urn:oma:xml:im:system-message" id="sm-17" response="required" timeout="86400">
 *       <subject xml:lang="en">New terms</subject>
 *       <text xml:lang="en">Please accept the new terms of service.</text>
 *       <response-uri>sip:system@im.example.net</response-uri>
 *       <answer-options><option id="yes" xml:lang="en">Accept</option> …</answer-options>
 *     </smsg>
 *     <smsg-response xmlns="urn:oma:xml:im:system-message" id="sm-17"><answer option="yes"/></smsg-response>
 *
 * and, for RCS clients, the End User Confirmation Request of GSMA. That knows exactly two answers,
 * accept and decline; here the first option is "accept" and the second "decline". A message without a
 * choice to make is there an End User Notification. Both forms decode into the same structures.
 */
#ifndef BODY_SYSTEM_MESSAGE_H
#define BODY_SYSTEM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define SYSTEM_MESSAGE_TYPE STR("application/vnd.oma.im.system-message+xml")
#define SYSTEM_ANSWER_TYPE STR("application/vnd.oma.im.system-message-response+xml")
#define SYSTEM_MESSAGE_NS STR("urn:oma:xml:im:system-message")
#define SYSTEM_EUCR_REQUEST_TYPE STR("application/end-user-confirmation-request+xml")
#define SYSTEM_EUCR_ANSWER_TYPE STR("application/end-user-confirmation-response+xml")
#define SYSTEM_EUCR_NOTIFY_TYPE STR("application/end-user-notification-request+xml")

/** Answers to choose from: what a phone can show as buttons, and some more. */
#define SYSTEM_OPTIONS_MAX 16
/** A request with its text; a reader's patience is shorter. */
#define SYSTEM_SIZE_MAX (32 * 1024)

struct system_option {
	struct str id;
	struct str label; /**< empty: show the id */
};

struct system_message {
	struct str id;
	struct str subject; /**< empty: none */
	struct str text;
	struct str lang;         /**< of subject, text and labels; empty: not said */
	struct str response_uri; /**< empty: the answer goes to whom the message came from */
	bool required;           /**< an answer must be given */
	bool pin;                /**< EUCR: the answer must carry the user's PIN */
	bool persistent;         /**< EUCR: stays until answered; else given up after timeout_s */
	uint32_t timeout_s;      /**< 0: not said */
	size_t options_n;
	struct system_option options[SYSTEM_OPTIONS_MAX];
};

struct system_answer {
	struct str id;     /**< of the message */
	struct str option; /**< of an EUCR: "accept" or "decline" */
	struct str pin;    /**< EUCR; empty: none */
	bool eucr;         /**< came in that form */
};

enum system_form { SYSTEM_FORM_OMA, SYSTEM_FORM_EUCR };

/**
 * Either form of a request; texts go into `a`. Of texts in several languages the first is taken.
 * -EBADMSG: not such a document, no id or text, an answer required but none to choose, an option id
 * twice; -ENOBUFS: a ceiling; -ENOMEM.
 */
int system_message_decode(struct system_message *ret, struct str text, struct arena *a);
/** Either form of an answer. */
int system_answer_decode(struct system_answer *ret, struct str text, struct arena *a);

/** The form that `m` takes in EUCR: a confirmation has two options, a notification none or one. */
bool system_message_fits_eucr(const struct system_message *m);
/** Content-Type of what system_message_encode writes. */
struct str system_message_type(const struct system_message *m, enum system_form form);
/** Appends the document. SYSTEM_FORM_EUCR only when it fits. */
void system_message_encode(const struct system_message *m, enum system_form form, struct buf *out);
struct str system_answer_type(const struct system_answer *r);
/** Appends the document, in the form that `r->eucr` says. */
void system_answer_encode(const struct system_answer *r, struct buf *out);

/**
 * The option of `m` that `r` chose; NULL: none of them. "accept" and "decline" stand for the first
 * and the second when the answer came as EUCR.
 */
const struct system_option *system_answer_choice(const struct system_message *m,
						 const struct system_answer *r);

#endif
