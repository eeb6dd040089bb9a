/* SPDX-License-Identifier: Apache-2.0 */
/* What is said while a member is away. */
#include "im/controlling/absent.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "body/group.h"
#include "im/controlling/roster.h"
#include "store/content.h"
#include "subscriber/registration.h"

/** What could not be posted since too much waits: again after this. */
#define AGAIN_MS 1000
#define HEADERS "Accept-Contact: *;+g.oma.sip-im\r\n"
#define HEADERS_LARGE "Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\r\n"

static struct counter kept =
	COUNTER("conference.kept", "messages of sessions that were kept for members who were away");
static struct counter lost = COUNTER("conference.not_kept",
				     "messages for members who were away that could not be kept");

struct absent {
	struct absent_params p; /**< fanout NULL: closed */
	struct mailer_linger linger;
	struct list spoken; /**< being said */
	struct list ended;  /**< in the order of their end, not posted yet */
	struct timer again;
	size_t behind; /**< messages whose content waits for the disk */
	bool paused;
};

/** One message. */
struct spoken {
	struct list_link link;
	struct absent *a;
	struct store_mailing_recipient *to; /**< texts of the group, and of `text` */
	size_t to_n;
	uint32_t flags;
	struct buf text; /**< sender, Message-ID, To */
	struct str sender, message_id;
	struct buf body;
	struct store_content_writer *content; /**< NULL: in `body`, or finished */
	char file[STORE_CONTENT_NAME_N];
	bool filed; /**< `file` is the name */
	uint64_t size;
	bool behind, failed, ended;
};


void absent_counters_register(void)
{
	counter_register(&kept, 1);
	counter_register(&lost, 1);
}


/* ---- Holding the speakers ---- */

static void review_pause(struct absent *a)
{
	bool wanted = a->behind || a->ended.count >= ABSENT_WRITING_MAX;

	if (wanted == a->paused || !a->p.fanout)
		return;
	a->paused = wanted;
	if (wanted)
		fanout_pause(a->p.fanout);
	else
		fanout_resume(a->p.fanout);
}


static void set_behind(struct spoken *s, bool behind)
{
	if (s->behind == behind)
		return;
	s->behind = behind;
	if (behind)
		s->a->behind++;
	else
		s->a->behind--;
	review_pause(s->a);
}


/* ---- Life of a message ---- */

static void spoken_destroy(void *object)
{
	struct spoken *s = object;

	set_behind(s, false);
	store_content_abandon(s->content);
	if (s->filed)
		store_content_remove(s->a->p.store, (struct str){s->file, sizeof(s->file)});
	list_remove(s->ended ? &s->a->ended : &s->a->spoken, &s->link);
	buf_done(&s->text);
	buf_done(&s->body);
	mem_free(s->to);
}


static void not_kept(const struct spoken *s, int error)
{
	counter_add(&lost, 1);
	log_error("conference", "a message of " STR_FMT " is not kept for %zu who are away: %s",
		  STR_ARG(s->a->p.group->canonical), s->to_n, strerror(-error));
}


/* ---- For whom ---- */

static bool is_away(const struct absent *a, struct str who)
{
	struct roster_person p;

	if (roster_find(a->p.roster, who, &p) && roster_is_in(p.status))
		return false;
	return !registrations_reachable(a->p.registrations, who, 0);
}


static bool may_have(const struct absent *a, const struct group_member *m)
{
	struct group_request q = {
		.who = &m->canonical,
		.n = 1,
		.now_ms = loop_wall_ms(a->p.loop),
	};

	return group_rights(a->p.group, &q, NULL) & GROUP_BIT(GROUP_OFFLINE_STORAGE);
}


static void add(struct spoken *s, const struct group_member *m)
{
	s->to[s->to_n] = (struct store_mailing_recipient){.position = (uint32_t)s->to_n,
							  .uri = m->uri,
							  .who = m->canonical};
	s->to_n++;
}


static int find_absent(struct spoken *s, const struct fanout_kept *k)
{
	const struct group *g = s->a->p.group;
	const struct group_member *one = k->to.n ? group_member(g, &k->to, 1) : NULL;

	if (k->to.n && !one)
		return -ENOENT; /* somebody who was brought in for this session */
	s->to = mem_raw((g->members_n + 1) * sizeof(*s->to));
	if (!s->to)
		return -ENOMEM;
	if (one)
		add(s, one);
	for (size_t i = 0; !one && i < g->members_n && s->to_n < ABSENT_MEMBERS_MAX; i++) {
		const struct group_member *m = &g->members[i];

		if (m->canonical.n && !str_eq(m->canonical, k->from) &&
		    is_away(s->a, m->canonical) && may_have(s->a, m))
			add(s, m);
	}
	return s->to_n ? 0 : -ENOENT;
}


/* ---- Posting, in order ---- */

static void post_ended(struct absent *a);


static void on_again(struct timer *t, void *arg)
{
	(void)t;
	post_ended(arg);
}


static int post(struct spoken *s)
{
	const struct group *g = s->a->p.group;
	struct buf from = BUF_INIT(STORE_MAILING_TEXT_MAX);
	int err;

	buf_printf(&from, "<" STR_FMT ">", STR_ARG(g->canonical));
	err = from.failed
		      ? -ENOMEM
		      : mailer_post(s->a->p.mailer,
				    &(struct store_mailing){
					    .kind = MAILING_ABSENT,
					    .flags = s->flags | (s->filed ? MAILING_LARGE : 0),
					    .sender = s->sender,
					    .group = g->canonical,
					    .message_id = s->message_id,
					    .from = buf_str(&from),
					    .headers = s->filed ? STR(HEADERS_LARGE) : STR(HEADERS),
					    .type = STR("message/cpim"),
					    .body = s->filed ? STR("") : buf_str(&s->body),
					    .file = s->filed
							    ? (struct str){s->file, sizeof(s->file)}
							    : STR(""),
					    .size = s->size,
					    .received_ms = loop_wall_ms(s->a->p.loop),
					    .recipient = s->to,
					    .recipients_n = s->to_n,
				    },
				    NULL, NULL, NULL);
	buf_done(&from);
	return err;
}


/* From here on the mailing has the content: what the store does not take is an orphan, and goes at the next start. */
static void posted(struct spoken *s, int error)
{
	if (error) {
		not_kept(s, error);
	} else {
		counter_add(&kept, 1);
		s->filed = false;
	}
	mem_unref(s);
}


static void post_ended(struct absent *a)
{
	struct list_link *l;

	mem_ref(a);
	while ((l = list_first(&a->ended)) != NULL) {
		struct spoken *s = container_of(l, struct spoken, link);
		int err;

		if (s->content)
			break;
		err = s->failed ? -EIO : post(s);
		if (err == -ENOBUFS) {
			timer_start(&a->again, loop_timers(a->p.loop), AGAIN_MS, on_again, a);
			break;
		}
		posted(s, err);
	}
	review_pause(a);
	if (!a->p.fanout && !a->ended.count)
		mailer_linger_end(a->p.mailer, &a->linger);
	mem_unref(a);
}


/* ---- The content ---- */

static void on_room(struct store_content_writer *w, void *arg)
{
	(void)w;
	set_behind(arg, false);
}


static void on_filed(struct store_content_writer *w, int error, const struct str *name, void *arg)
{
	struct spoken *s = arg;

	(void)w;
	s->content = NULL;
	set_behind(s, false);
	s->failed = error != 0;
	if (!error) {
		memcpy(s->file, name[0].p, sizeof(s->file));
		s->filed = true;
	}
	post_ended(s->a);
}

static const struct store_content_handler content_handler = {.room = on_room, .done = on_filed};


static int write_piece(struct spoken *s, struct str piece)
{
	int err = 0;

	if (!s->content) {
		err = store_content_create(&s->content, s->a->p.store, &content_handler, s);
		if (!err)
			err = store_content_write(s->content, 0, buf_str(&s->body));
		buf_clear(&s->body);
	}
	if (!err)
		err = store_content_write(s->content, s->size, piece);
	if (!err && store_content_behind(s->content))
		set_behind(s, true);
	return err;
}


/* ---- The sink of the fan-out ---- */

static struct str note(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return b->failed ? STR("") : (struct str){b->p + at, s.n};
}


static int take_facts(struct spoken *s, const struct fanout_kept *k)
{
	struct str id = str_upto(k->message_id, STORE_MAILING_TEXT_MAX);

	buf_init(&s->text, k->from.n + id.n + 1);
	if (!buf_reserve(&s->text, k->from.n + id.n + 1))
		return -ENOMEM;
	s->sender = note(&s->text, k->from);
	s->message_id = note(&s->text, id);
	if (k->message_id.n && (k->notify & CPIM_NOTIFY_NEGATIVE_DELIVERY))
		s->flags |= MAILING_NEGATIVE;
	buf_init(&s->body, MAILER_PAGER_MAX);
	return s->text.failed ? -ENOMEM : 0;
}


static void *on_head(struct fanout *f, const struct fanout_kept *k, void *arg)
{
	struct absent *a = arg;
	struct spoken *s;
	int err;

	(void)f;
	/* RFC 3994: isComposing is of the moment. */
	if (k->kind == FANOUT_COMPOSING || (k->kind == FANOUT_IMDN && !k->to.n))
		return NULL;
	s = mem_alloc(sizeof(*s), spoken_destroy);
	if (!s)
		return NULL;
	s->a = a;
	list_append(&a->spoken, &s->link);
	err = find_absent(s, k);
	if (!err)
		err = take_facts(s, k);
	if (!err)
		return s;
	if (err != -ENOENT)
		not_kept(s, err);
	mem_unref(s);
	return NULL;
}


static void on_piece(void *message, struct str piece)
{
	struct spoken *s = message;

	if (s->failed)
		return;
	if (!s->content && s->size + piece.n <= MAILER_PAGER_MAX)
		buf_puts(&s->body, piece);
	else
		s->failed = write_piece(s, piece) != 0;
	s->failed |= s->body.failed;
	s->size += piece.n;
	if (s->failed) {
		store_content_abandon(s->content);
		s->content = NULL;
		set_behind(s, false);
	}
}


static void on_end(void *message, bool complete)
{
	struct spoken *s = message;
	struct absent *a = s->a;

	if (!complete || !s->size) {
		mem_unref(s);
		return;
	}
	list_remove(&a->spoken, &s->link);
	s->ended = true;
	list_append(&a->ended, &s->link);
	if (s->content)
		store_content_finish(s->content, 1);
	post_ended(a);
}

static const struct fanout_absent sink = {.head = on_head, .piece = on_piece, .end = on_end};


/* ---- Life ---- */

static void absent_destroy(void *object)
{
	struct absent *a = object;

	timer_cancel(&a->again);
	for (struct list_link *l; (l = list_first(&a->spoken));)
		mem_unref(container_of(l, struct spoken, link));
	for (struct list_link *l; (l = list_first(&a->ended));)
		mem_unref(container_of(l, struct spoken, link));
	mem_unref(a->p.mailer);
	mem_unref(a->p.store);
	mem_unref(a->p.group);
	mem_unref(a->p.roster);
	mem_unref(a->p.registrations);
}


/* The mailer stops: what is not on disk yet will not be. */
static void on_cancelled(void *arg)
{
	mem_unref(arg);
}


int absent_open(struct absent **ret, const struct absent_params *p)
{
	struct absent *a = mem_alloc(sizeof(*a), absent_destroy);

	if (!a)
		return -ENOMEM;
	a->p = *p;
	mem_ref(p->mailer);
	mem_ref(p->store);
	mem_ref(p->group);
	mem_ref(p->roster);
	mem_ref(p->registrations);
	list_init(&a->spoken);
	list_init(&a->ended);
	fanout_set_absent(p->fanout, &sink, a);
	*ret = a;
	return 0;
}


void absent_close(struct absent *a)
{
	if (!a)
		return;
	fanout_set_absent(a->p.fanout, NULL, NULL);
	if (a->paused)
		fanout_resume(a->p.fanout);
	a->paused = false;
	a->p.fanout = NULL;
	if (a->ended.count)
		mailer_linger(a->p.mailer, &a->linger, on_cancelled, a);
	else
		mem_unref(a);
}
