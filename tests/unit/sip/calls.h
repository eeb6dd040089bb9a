/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of call legs share: an owner that notes what it is told, and a far side that calls, is
 * called, and speaks inside the dialog. One leg at a time.
 */
#ifndef TEST_SIP_CALLS_H
#define TEST_SIP_CALLS_H

#include "engine.h"
#include "sip/invite.h"

struct owner {
	struct sip_dialogs *dialogs;
	struct sip_invite *inv;
	struct sip_invite_profile profile;
	struct sip_session_wish wish;
	unsigned provisional, answered, acked, pracked, modify, modified, withdrawn, requests,
		ended, authorized;
	uint16_t status;         /**< of the last response told, or of `ended` */
	enum sip_invite_why why; /**< of `ended` */
	int error;
	enum sip_method method; /**< of the last modification or request */
	char body[256];         /**< of what was told last */
	bool acked_null;
	/* What it does. */
	bool ends_in_callback; /**< in `answered`, `modify`, `modified`, `ended` */
	bool refreshes;        /**< `modify` is answered at once */
	bool authorizes;
	const char *remote;       /**< whom we call, in place of far; NULL: far */
	const char *prack_answer; /**< given in `pracked` */
	bool takes_requests;
};

extern struct engine *e;
extern struct peer *far;
extern struct owner own;

/** Engine, far side, table of dialogs. */
void calls_open(void);
/** We call far; `body` may be "". */
void call_far(const char *body);
/** Far calls us; `more`: header lines. Our leg is own.inv when it was taken. */
void far_calls(const char *more, const char *body);
/** Far answers message `i` with its tag, Contact, header lines and body. */
void far_answers(unsigned i, unsigned status, const char *tag, const char *more, const char *body);
/** The same as another address of the far side's. */
void far_answers_from(struct peer *p, unsigned i, unsigned status, const char *tag,
		      const char *more, const char *body);
/** A request inside the dialog; ACK too. */
void far_sends(const char *method, unsigned cseq, const char *more, const char *body);
/** The last message far has got begins so. */
bool far_last_is(const char *start);
/** What far has got last, and the i-th from the end (0: the last). */
const char *far_last(void);
unsigned far_n(void);
/** How many of the messages far has got begin so. */
unsigned far_count(const char *start);
/** Index of the last message that begins so; UINT_MAX: none. */
unsigned far_find(const char *start);
/** Milliseconds at which messages that begin so came, ended by -1. */
void far_times(const char *start, const int *at_ms);
int respond(enum sip_method method, unsigned status, const char *body);
int modify(enum sip_method method, const char *body, bool again);
void end_leg(void);
/** An established call: by us, by far (with ACK). Timers of the set-up have run out. */
void talk_as_uac(const char *more);
void talk_as_uas(const char *more);
bool all_quiet(void);

#endif
