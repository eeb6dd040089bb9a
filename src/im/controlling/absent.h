/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is said in a group's session while a member is away (digest c7, allow-offline-storage): it is sent on to
 * them as a message of the group, and their own function keeps it until they come.
 *
 *   absent_open       with a group's session: the sink of its fan-out (fanout_set_absent)
 *     head            a message of content begins: for whom? Those members of the group who are neither in the
 *                     session nor registered anywhere, and whose rules have allow-offline-storage. Nobody: it
 *                     passes untouched
 *     piece, piece …  kept in memory up to MAILER_PAGER_MAX, beyond that in a content of the store
 *     end             posted (mailer.h): one mailing for all of them; from then on it outlives the process
 *   absent_close      with the session; what was begun is forgotten
 *
 * In order: mailings of one recipient are sent one after the other, as they were posted; a message that is still being
 * written to disk holds those that end after it.
 *
 * The members are asked about when the message begins: who comes back during it gets it here, not in the session.
 */
#ifndef IM_CONTROLLING_ABSENT_H
#define IM_CONTROLLING_ABSENT_H

#include "im/controlling/fanout.h"
#include "im/controlling/mailer.h"

struct absent;
struct group;
struct registrations;
struct roster;

/** Messages of one session that are on their way to the store; beyond it speakers are paused. */
#define ABSENT_WRITING_MAX 64
/** Absent members of one message: as many as a group can have. */
#define ABSENT_MEMBERS_MAX STORE_MAILING_RECIPIENTS_MAX

struct absent_params {
	struct loop *loop;
	struct mailer *mailer; /**< a reference is taken, as of the next five */
	struct store *store;
	struct fanout *fanout;
	struct group *group;
	struct roster *roster;
	struct registrations *registrations;
};

/** Attaches itself to the fan-out. -ENOMEM. */
int absent_open(struct absent **ret, const struct absent_params *p);
/** Detaches. What has ended is posted all the same. NULL is fine. */
void absent_close(struct absent *a);
void absent_counters_register(void);

#endif
