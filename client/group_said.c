/* SPDX-License-Identifier: Apache-2.0 */
/* Who says what in a group: the envelope tells. */
#include "client/chat_state.h"

#include <errno.h>

#include "base/mem.h"
#include "client/receive.h"
#include "sip/uri.h"

/** Somebody who has been writing. */
struct writer {
	struct list_link link;
	struct group_chat *group;
	struct composing composing;
	char *uri, *name;
};


/* ---- Who ---- */

static const char *unescaped(struct str value, struct arena *a)
{
	struct buf b = BUF_INIT(ACCOUNT_TEXT_MAX * 4);
	const char *text;

	cpim_unescape(value, &b);
	text = b.failed ? "" : arena_str(a, buf_str(&b)).p;
	buf_done(&b);
	return text;
}


/* What the roster calls them; a nickname stands there, too. */
static const char *name_of(const struct group_chat *g, struct str uri)
{
	const struct roster_person *p = roster_view_find(&g->watch.view, uri);

	return p ? p->name : "";
}


static bool is_anonymous(const struct group_chat *g, struct str uri)
{
	struct sip_uri u;

	if (roster_view_find(&g->watch.view, uri))
		return false; /* the URI tells several of them apart */
	return sip_uri_decode(&u, uri) || str_eq_nocase(u.host, STR("anonymous.invalid"));
}


static bool same(struct str a, struct str b)
{
	struct sip_uri ua, ub;

	return str_eq(a, b) ||
	       (!sip_uri_decode(&ua, a) && !sip_uri_decode(&ub, b) && sip_uri_eq(&ua, &ub));
}


/* RFC 7701 6.2: "If the To header field is different from the chat room URI, the MSRP endpoints know that this is a
 * private message." Clients of RCS write an anonymous To in what is for all (digest d2 8): private is what is to us. */
static bool is_to_us(const struct group_chat *g, const struct cpim *c)
{
	const struct parley_session *s = g->chat->s;
	const struct roster_person *p;
	struct str name, to;

	if (!c->to.p || cpim_address_decode(&name, &to, c->to))
		return false;
	p = roster_view_find(&g->watch.view, to);
	return same(to, str_of(s->p->aor)) || (p && p->own);
}


int group_said_speaker(const struct group_chat *g, struct group_speaker *ret, const struct cpim *c,
		       struct arena *a)
{
	struct str name, uri;
	const char *known;

	if (!c->from.p || cpim_address_decode(&name, &uri, c->from))
		return -EBADMSG;
	known = name_of(g, uri);
	*ret = (struct group_speaker){
		.uri = is_anonymous(g, uri) ? "" : receive_text(a, uri),
		.name = *known ? receive_text(a, str_of(known)) : unescaped(name, a),
		.in_private = is_to_us(g, c),
	};
	return ret->uri && ret->name ? 0 : -ENOMEM;
}


/* ---- Who is writing ---- */

static void writer_destroy(void *object)
{
	struct writer *w = object;

	composing_done(&w->composing);
	mem_unref(w->uri);
	mem_unref(w->name);
}


static void drop(struct writer *w)
{
	list_remove(&w->group->writers, &w->link);
	mem_unref(w);
}


static void on_tell(struct composing *c, bool active, void *arg)
{
	(void)c;
	(void)active;
	(void)arg;
}


static void on_show(struct composing *composing, bool active, void *arg)
{
	struct writer *w = arg;
	struct chat *c = w->group->chat;
	struct parley *p = c->s->p;

	(void)composing;
	account_enter(p);
	mem_ref(w);
	if (chat_handler(c)->person_composing)
		chat_handler(c)->person_composing(c->s, w->uri, w->name, active, c->s->arg);
	if (!active && list_linked(&w->link))
		drop(w);
	mem_unref(w);
	account_leave(p);
}


static const struct composing_handler handler = {.tell = on_tell, .show = on_show};


static struct writer *find(struct group_chat *g, const struct group_speaker *who)
{
	for (struct list_link *k = list_first(&g->writers); k; k = list_next(&g->writers, k)) {
		struct writer *w = container_of(k, struct writer, link);

		if (!strcmp(w->uri, who->uri) && (*who->uri || !strcmp(w->name, who->name)))
			return w;
	}
	return NULL;
}


static struct writer *add(struct group_chat *g, const struct group_speaker *who)
{
	struct writer *w = NULL;

	if (g->writers.count < GROUP_CHAT_WRITERS_MAX)
		w = mem_alloc(sizeof(*w), writer_destroy);
	if (!w)
		return NULL;
	w->group = g;
	w->uri = str_dup(str_of(who->uri));
	w->name = str_dup(str_of(who->name));
	composing_init(&w->composing, loop_timers(g->chat->s->p->loop), &handler, w);
	if (!w->uri || !w->name) {
		mem_unref(w);
		return NULL;
	}
	list_append(&g->writers, &w->link);
	return w;
}


void group_said_composing(struct group_chat *g, const struct group_speaker *who,
			  const struct iscomposing *i)
{
	struct writer *w = find(g, who);

	if (!w && iscomposing_lasts_s(i))
		w = add(g, who);
	if (!w)
		return;
	mem_ref(w);
	composing_take(&w->composing, i);
	mem_unref(w);
}


void group_said_heard(struct group_chat *g, const struct group_speaker *who)
{
	struct writer *w = find(g, who);

	if (!w)
		return;
	mem_ref(w);
	composing_heard(&w->composing);
	mem_unref(w);
}


void group_said_done(struct group_chat *g)
{
	for (struct list_link *k; g->writers.head.next && (k = list_first(&g->writers));)
		drop(container_of(k, struct writer, link));
}
