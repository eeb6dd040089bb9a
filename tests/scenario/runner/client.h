/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The bundled client (libparley) as an actor: it runs on the loop of the case, so its clock is the case's
 * clock and its network the one in memory.
 *
 * To the rest of the runner a client is a peer without sockets. What it tells its user (messages, reports,
 * invitations, outcomes of what was sent) arrives like everything else, as an SCN_TOLD with headers and a
 * body made of what was told: so checks, `ignores` and "what nobody expects fails" hold of it too.
 */
#ifndef RUNNER_CLIENT_H
#define RUNNER_CLIENT_H

#include "parley.h"

#include "scenario/runner/play.h"

/** A chat, or what comes in a session; until its end. */
struct scn_session {
	struct scn_session *next;
	struct scn_client *c;
	struct str name;
	struct parley_session *session; /**< NULL: over */
	enum parley_mode mode;
	struct scn_telling *content; /**< LARGE, FILE: what will be told */
	struct buf bytes;
};

struct scn_client {
	struct scn_client *next;
	struct scn_peer *peer; /**< what the others see of it */
	const struct scn_client_decl *decl;
	struct parley *parley;        /**< NULL: closed */
	bool looks_away;              /**< what it tells is not shown to anybody */
	unsigned answers;             /**< to invitations; 0: 200 */
	struct scn_session *sessions; /**< the latest first */
	enum parley_state awaited;
	bool reached;
};

struct scn_client_message {
	struct str to, name, type, content;
	struct str file; /**< its name; STR_NULL: it is no file */
	bool anonymous, large, reliable_path;
	unsigned reports;
};

/** Its place on the network and its name; the account is opened later. False: reported. */
bool scn_client_place(struct scn_play *p, const struct scn_client_decl *d, unsigned number);
/** When the server is there. False: reported. */
bool scn_client_open(struct scn_client *c);
void scn_client_close(struct scn_client *c);
struct scn_client *scn_client_of(const struct scn_play *p, const struct scn_peer *peer);

/** 0 or -errno, as parley_send; the outcome arrives later under `name`. */
int scn_client_send(struct scn_client *c, const struct scn_client_message *m);
/** ---- Sessions (client_session.c) ---- */
extern const struct parley_session_handler scn_session_handler;
unsigned scn_client_invited(struct parley *p, const struct parley_invitation *i, void *arg);
/** 0 or -errno; what becomes of it is told. */
int scn_client_chat(struct scn_client *c, struct str name, const struct parley_chat_params *params);
/** ---- Groups (client_group.c): callbacks of the session handler, and what else is told ---- */
void scn_group_person(struct parley_session *session, const struct parley_person *p,
		      enum parley_presence before, void *arg);
void scn_group_roster(struct parley_session *session, void *arg);
void scn_group_roster_refused(struct parley_session *session, unsigned status, void *arg);
void scn_group_person_composing(struct parley_session *session, const char *uri, const char *name,
				bool active, void *arg);
void scn_group_answered(struct parley_session *session, uint32_t number, enum parley_request what,
			unsigned status, void *arg);
void scn_group_lost(struct parley_session *session, const struct parley_outcome *o,
		    uint32_t retry_ms, void *arg);
struct scn_telling;
void scn_client_tell_invited_group(struct scn_telling *t, const struct parley_invitation *i);
void scn_client_tell_roster(struct scn_session *s);

/** By name, else the latest that is not over. NULL: none. */
struct scn_session *scn_client_session(const struct scn_client *c, struct str name);
/** Those that are left behind; nothing is told. */
void scn_client_sessions_done(struct scn_client *c);

/** ---- What is told: headers of one message, then it waits for a statement ---- */
struct scn_telling {
	struct scn_client *c;
	struct scn_msg *m;
};
struct scn_telling scn_telling_of(struct scn_client *c, const char *what);
void scn_tell(struct scn_telling *t, const char *name, struct str value);
void scn_tell_text(struct scn_telling *t, const char *name, const char *value);
void scn_tell_number(struct scn_telling *t, const char *name, long long n);
void scn_tell_reports(struct scn_telling *t, unsigned reports);
/** A message in a chat, or outside; the result is whether it was shown. */
bool scn_tell_message(struct scn_client *c, const struct parley_message *m, enum parley_mode mode);
void scn_tell_report(struct scn_client *c, const struct parley_report *r);
void scn_tell_outcome(struct scn_telling *t, const struct parley_outcome *o);
void scn_told(struct scn_telling *t);

/** ---- Of a statement; false: reported ---- */
bool scn_step_client(struct scn_play *p, const struct scn_step *st, struct scn_client **ret);
bool scn_step_session(struct scn_play *p, const struct scn_step *st, struct scn_session **ret);
/** What was told next must be this. */
bool scn_step_told(struct scn_play *p, const struct scn_step *st, const char *what,
		   struct scn_arrival **ret);
bool scn_step_judge(struct scn_play *p, const struct scn_step *st, struct scn_arrival *a,
		    struct str wanted, bool wrong);
/** A user of our domain, a peer, or a URI as it is. */
struct str scn_client_uri(struct scn_play *p, struct str to);

/** True when it is in this state, or gets there within the time. */
bool scn_client_reaches(struct scn_client *c, enum parley_state s, uint64_t within_ms);

#endif
