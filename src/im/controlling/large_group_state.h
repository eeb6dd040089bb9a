/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the files of a large message to many know of each other (large_group.h):
 *
 *     large_group.c          its life, the leg with its sender, what the sender hears
 *     large_group_content.c  its bytes, from MSRP to the disk
 *     large_group_mailing.c  to whom it goes: the mailing that is made of it
 */
#ifndef IM_CONTROLLING_LARGE_GROUP_STATE_H
#define IM_CONTROLLING_LARGE_GROUP_STATE_H

#include "base/sm.h"
#include "im/intake.h"
#include "im/controlling/large_group.h"
#include "im/controlling/mailer.h"
#include "im/media_source.h"
#include "im/report.h"
#include "store/content.h"

enum large_group_state {
	LARGE_GROUP_OPEN,
	LARGE_GROUP_STORING,
	LARGE_GROUP_KEPT,
	LARGE_GROUP_FAILED, /**< refused, or not to be stored: nothing is left of it */
};
extern const struct sm_table large_group_machine;

struct large_group {
	struct list_link link;
	struct controlling *c;
	uint8_t state;
	struct sip_invite *inv; /**< NULL: the sender has left */
	struct media_end media;
	struct buf said; /**< our description */
	struct media_source source;
	uint64_t max_size;
	struct im_report report;

	/* The message. */
	struct store_content_writer *content;
	struct intake intake;
	struct buf head; /**< its beginning, up to LARGE_GROUP_HEAD_MAX */
	bool judged;     /**< the CPIM head was looked at */
	char *text;      /**< of the next two; NULL: nothing has come */
	struct str message_id, content_type;
	bool report_wanted, count_wanted;
	char name[STORE_CONTENT_NAME_N];

	/* Its mailing: texts in the arena. */
	struct arena arena;
	struct store_mailing what;
	struct mailer_posting posting;
	struct timer count;
	uint32_t served;
};

/* ---- large_group.c ---- */
/** All bytes are here and named `name`, or could not be stored (-errno): posts it, answers. */
void large_group_stored(struct large_group *g, int error, const struct str *name);

/* ---- large_group_content.c ---- */
extern const struct msrp_session_handler large_group_media;

/* ---- large_group_mailing.c ---- */
/** Fills in g->what, all but content and type. -ENOENT: nobody; -ENOBUFS: too many; -EBADMSG: From; -ENOMEM. */
int large_group_address(struct large_group *g, const struct large_group_params *p);
/** The head of a CPIM object: whether its From is the sender. 0 or a status. */
uint16_t large_group_judge(struct large_group *g, struct str head);

#endif
