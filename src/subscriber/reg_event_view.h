/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What registration documents have told of one user: the rows of RFC 3680 5.2, one for each contact,
 * and how they get into the table. Changes that come while one is being written wait for it.
 */
#ifndef SUBSCRIBER_REG_EVENT_VIEW_H
#define SUBSCRIBER_REG_EVENT_VIEW_H

#include "body/reginfo.h"
#include "subscriber/registration.h"

/** One contact that is active. */
struct reg_event_row {
	struct str id;                       /**< the document's */
	struct registration_binding binding; /**< texts in `text` */
	char *text;
};

struct reg_event_view {
	struct list_link link;               /**< the owner's */
	struct registrations *registrations; /**< a reference */
	struct loop *loop;
	uint32_t max_expires_s;
	char *aor; /**< canonical, NUL at the end */
	struct reg_event_row row[REGISTRATION_DEVICES_MAX];
	size_t rows;
	struct registration_update update;
	bool busy, again;
	bool leaving; /**< dropped by its owner: ends once it has been written */
};

/** Counted. */
int reg_event_view_alloc(struct reg_event_view **ret, struct registrations *rs, struct loop *loop,
			 struct str aor, uint32_t max_expires_s);
/** As a full document does: no contacts are known. */
void reg_event_view_flush(struct reg_event_view *v);
/** One contact of a document: a row more, another, or one less. -ENOMEM, -ENOBUFS: it stays as it was. */
int reg_event_view_apply(struct reg_event_view *v, const struct reginfo_contact *c,
			 const struct sip_source *from);
/** Makes the table say what the rows do. */
void reg_event_view_sync(struct reg_event_view *v);
/** Takes the reference: flushes, syncs, and is gone when that is done. */
void reg_event_view_leave(struct reg_event_view *v);

#endif
