/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a large message to many: its pieces to the disk, in whatever order they come. */
#include <errno.h>

#include "base/mem.h"
#include "im/controlling/cpim_gate.h"
#include "im/controlling/large_group_state.h"


static struct str without_params(struct str type)
{
	return str_trim(str_cut(&type, ';'));
}


static bool is_cpim(const struct large_group *g)
{
	return str_eq_nocase(without_params(g->content_type), STR("message/cpim"));
}


/* ---- It begins ---- */

static void on_room(struct store_content_writer *w, void *arg)
{
	struct large_group *g = arg;

	(void)w;
	media_source_let_go(&g->source);
}


static void on_content(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct large_group *g = arg;

	(void)w;
	g->content = NULL;
	large_group_stored(g, error, name);
}


static const struct store_content_handler content_handler = {.room = on_room, .done = on_content};


static int begin(struct large_group *g, const struct msrp_frame *f)
{
	struct str type = str_upto(f->content_type, STORE_MAILING_TEXT_MAX);
	int err;

	g->text = mem_raw(f->message_id.n + type.n + 1);
	if (!g->text)
		return -ENOMEM;
	memcpy(g->text, f->message_id.p, f->message_id.n);
	if (type.n)
		memcpy(g->text + f->message_id.n, type.p, type.n);
	g->message_id = (struct str){g->text, f->message_id.n};
	g->content_type = (struct str){g->text + f->message_id.n, type.n};
	g->report_wanted = f->success_report;
	g->count_wanted = f->include_sent_count;
	err = store_content_create(&g->content, g->c->store, &content_handler, g);
	if (err)
		g->intake.refused = intake_status(err);
	return err;
}


/* One message for each session (digest c11); what comes beside it is not taken. */
static uint16_t on_head(struct msrp_session *s, struct msrp_receive *rc, void *arg)
{
	struct large_group *g = container_of(arg, struct large_group, source);
	const struct msrp_frame *f = rc->frame;

	(void)s;
	if (g->intake.refused)
		return g->intake.refused;
	if (!g->text && intake_is_nothing(f))
		return 0;
	if (g->text && !str_eq(f->message_id, g->message_id))
		return intake_is_nothing(f) ? 0 : 413;
	if (intake_is_larger(f, g->max_size))
		return 413;
	if (g->state != LARGE_GROUP_OPEN)
		return 0; /* it is whole: a chunk sent again (RFC 4975 7.1.1) */
	if (!g->text && begin(g, f))
		return 413;
	intake_begin_chunk(&g->intake, rc, g);
	return 0;
}


/* ---- Its pieces ---- */

/* Nothing of it is kept; what still comes of it is refused as well. */
static uint16_t refuse(struct large_group *g, uint16_t status)
{
	g->intake.refused = status;
	store_content_abandon(g->content);
	g->content = NULL;
	sm_move(&large_group_machine, &g->state, LARGE_GROUP_FAILED);
	media_source_let_go(&g->source);
	return status;
}


/* The beginning, as far as it comes in order, which it does. */
static int keep_head(struct large_group *g, uint64_t at, struct str piece)
{
	if (g->judged || at != g->head.n || g->head.n >= LARGE_GROUP_HEAD_MAX)
		return 0;
	buf_puts(&g->head, str_upto(piece, LARGE_GROUP_HEAD_MAX - g->head.n));
	return g->head.failed ? -ENOMEM : 0;
}


/* 0 or a status: as soon as the head is here, and at the end at the latest. */
static uint16_t judge(struct large_group *g, bool whole)
{
	struct cpim_head_scan scan = {.at = 0};
	size_t n;

	if (g->judged || !is_cpim(g))
		return 0;
	if (!cpim_head_scan(&scan, buf_str(&g->head), &n)) {
		bool more = !whole && g->head.n < LARGE_GROUP_HEAD_MAX;

		return more ? 0 : 400;
	}
	g->judged = true;
	return large_group_judge(g, str_upto(buf_str(&g->head), n));
}


static int take(struct large_group *g, uint64_t at, struct str piece)
{
	int err = 0;

	if (at > g->max_size || piece.n > g->max_size - at)
		err = -EFBIG;
	if (!err)
		err = store_content_write(g->content, at, piece);
	if (!err)
		err = keep_head(g, at, piece);
	return err ? err : intake_add(&g->intake, at, piece.n);
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *rc, struct str piece,
			void *arg)
{
	struct large_group *g = rc->user;
	uint16_t status;
	int err;

	(void)s;
	(void)arg;
	if (!g || !piece.n)
		return 0;
	err = g->intake.refused ? 0 : take(g, rc->offset, piece);
	status = g->intake.refused ? g->intake.refused : err ? intake_status(err) : judge(g, false);
	if (status) {
		intake_end_chunk(&g->intake, rc, 0);
		return g->intake.refused ? status : refuse(g, status);
	}
	media_source_hold(&g->source);
	return 0;
}


/* ---- A chunk ends ---- */

/* "2xx means on disk": the answer waits for it. */
static uint16_t whole(struct large_group *g, struct msrp_receive *rc)
{
	uint16_t status = judge(g, true);

	if (status)
		return refuse(g, status);
	status = intake_defer(&g->intake, rc);
	if (!status)
		return refuse(g, intake_status(-ENOMEM));
	sm_move(&large_group_machine, &g->state, LARGE_GROUP_STORING);
	store_content_finish(g->content, 1);
	return status;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *rc, char flag, void *arg)
{
	struct large_group *g = rc->user;

	(void)s;
	(void)arg;
	if (!g)
		return 200;
	intake_end_chunk(&g->intake, rc, flag);
	if (flag == '#' && g->state == LARGE_GROUP_OPEN)
		refuse(g, 408);
	if (intake_whole(&g->intake))
		return whole(g, rc);
	return flag == '#' || !g->intake.refused ? 200 : g->intake.refused;
}


static void on_broken(struct msrp_session *s, struct msrp_receive *rc, void *arg)
{
	struct large_group *g = rc->user;

	(void)s;
	(void)arg;
	if (g)
		intake_end_chunk(&g->intake, rc, 0);
}


const struct msrp_session_handler large_group_media = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
	.bound = media_source_bound,
	.lost = media_source_lost,
	.own_reports = true,
};
