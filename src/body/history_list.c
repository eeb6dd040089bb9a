/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what is kept: history and deferred. */
#include "body/history_list.h"

#include <errno.h>

#include "body/cpim.h"
#include "body/xml.h"


/* ---- Writing ---- */

static void put_time(struct buf *out, const char *name, int64_t ms)
{
	if (!ms)
		return;
	buf_printf(out, "<%s>", name);
	cpim_date_encode(ms, out);
	buf_printf(out, "</%s>", name);
}


static void put_party(struct buf *out, const char *element, struct str uri, struct str name)
{
	if (!uri.n)
		return;
	buf_printf(out, "<%s", element);
	xml_put_attribute(out, STR("uri"), uri);
	if (name.n)
		xml_put_attribute(out, STR("display-name"), name);
	buf_puts(out, STR("/>"));
}


static void put_own(struct buf *out, struct str name, struct str value)
{
	if (value.n)
		xml_put_attribute(out, name, value);
}


/* A text is cut between characters of UTF-8. */
static struct str cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_upto(s, max);
}


static void put_opening(struct buf *out, const struct history_item *i)
{
	buf_puts(out, STR("<history"));
	xml_put_attribute(out, STR("history-reference"), i->reference);
	put_own(out, STR("p:kind"), i->kind);
	if (i->has_direction)
		put_own(out, STR("p:direction"), i->outgoing ? STR("sent") : STR("received"));
	put_own(out, STR("p:type"), i->content_type);
	put_own(out, STR("p:message-id"), i->message_id);
	put_own(out, STR("p:session"), i->session);
	if (i->messages)
		buf_printf(out, " p:messages=\"%llu\"", (unsigned long long)i->messages);
	if (i->incomplete)
		put_own(out, STR("p:incomplete"), STR("true"));
	buf_puts(out, STR(">"));
}


static void put_message(struct buf *out, const struct history_item *i)
{
	const char *element = i->form == HISTORY_ITEM_FILE ? "offline-file" : "pager";

	buf_printf(out, "<%s>", element);
	put_time(out, "time-stamp", i->date_ms);
	put_party(out, "from", i->from, i->from_name);
	put_party(out, "to", i->to, i->to_name);
	if (i->form == HISTORY_ITEM_FILE)
		xml_put_element(out, STR("file-name"), i->name);
	else if (i->from.n)
		xml_put_element(out, STR("auth-id"), i->from);
	buf_printf(out, "</%s>", element);
}


static void put_session(struct buf *out, const struct history_item *i)
{
	buf_puts(out, STR("<conference>"));
	put_time(out, "time-start", i->start_ms);
	put_time(out, "time-end", i->end_ms);
	if (i->name.n)
		xml_put_element(out, STR("recording-name"), i->name);
	buf_puts(out, STR("<conf-list>"));
	put_party(out, "entry", i->from, i->from_name);
	put_party(out, "entry", i->to, i->to_name);
	buf_puts(out, STR("</conf-list></conference>"));
}


void history_list_begin(struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<history-list"));
	xml_put_attribute(out, STR("xmlns"), HISTORY_LIST_NS);
	xml_put_attribute(out, STR("xmlns:p"), HISTORY_LIST_OWN_NS);
	buf_puts(out, STR(">"));
}


void history_list_put(struct buf *out, const struct history_item *i)
{
	put_opening(out, i);
	buf_printf(out, "<size>%llu</size>", (unsigned long long)i->size);
	put_time(out, "expiry", i->expiry_ms);
	if (i->subject.n)
		xml_put_element(out, STR("subject"), i->subject);
	put_time(out, "date", i->date_ms);
	if (i->form == HISTORY_ITEM_SESSION)
		put_session(out, i);
	else
		put_message(out, i);
	if (i->text.n)
		xml_put_element(out, STR("p:text"), cut(i->text, HISTORY_LIST_TEXT_MAX));
	buf_puts(out, STR("</history>"));
}


void history_list_end(struct buf *out, struct str next)
{
	if (next.n)
		xml_put_element(out, STR("p:next"), next);
	buf_puts(out, STR("</history-list>\n"));
}


/* ---- Reading ---- */

static int take_value(struct str *ret, const struct xml_node *e, struct str name, struct arena *a)
{
	int err = xml_value(e, name, a, ret);

	if (err == -ENOENT)
		*ret = STR("");
	return err == -ENOENT ? 0 : err;
}


static int take_text(struct str *ret, const struct xml_node *e, struct arena *a)
{
	*ret = STR("");
	return e ? xml_text(e, a, ret) : 0;
}


static int take_time(int64_t *ret, const struct xml_node *e, struct arena *a)
{
	struct str text;
	int err = take_text(&text, e, a);

	*ret = 0;
	return err || !text.n ? err : cpim_date_decode(ret, text);
}


static int take_number(uint64_t *ret, struct str text)
{
	*ret = 0;
	return !text.n || str_u64(text, ret) ? 0 : -EBADMSG;
}


/* Digest e4: "Also accept a text node URI." */
static int take_party(struct str *uri, struct str *name, const struct xml_node *e, struct arena *a)
{
	*uri = *name = STR("");
	if (!e)
		return 0;
	int err = take_value(uri, e, STR("uri"), a);
	if (!err && !uri->n)
		err = xml_text(e, a, uri);
	return err ? err : take_value(name, e, STR("display-name"), a);
}


static int take_session(struct history_item *i, const struct xml_node *e, struct arena *a)
{
	const struct xml_node *list = xml_find(e, STR("conf-list"));
	const struct xml_node *one = xml_find(list, STR("entry"));
	int err = take_time(&i->start_ms, xml_find(e, STR("time-start")), a);

	i->form = HISTORY_ITEM_SESSION;
	if (!err)
		err = take_time(&i->end_ms, xml_find(e, STR("time-end")), a);
	if (!err)
		err = take_text(&i->name, xml_find(e, STR("recording-name")), a);
	if (!err)
		err = take_party(&i->from, &i->from_name, one, a);
	if (!err && one)
		err = take_party(&i->to, &i->to_name, xml_find_next(one, STR("entry")), a);
	return err;
}


static int take_message(struct history_item *i, const struct xml_node *e, struct arena *a)
{
	const struct xml_node *file = xml_find(e, STR("file-name"));
	const struct xml_node *group = xml_find(e, STR("group-id"));
	int err = take_party(&i->from, &i->from_name, xml_find(e, STR("from")), a);

	if (xml_named(e, STR("offline-file")))
		i->form = HISTORY_ITEM_FILE;
	else if (xml_named(e, STR("pre-defined-group-invitation")))
		i->form = HISTORY_ITEM_INVITED;
	if (!err)
		err = take_party(&i->to, &i->to_name, xml_find(e, STR("to")), a);
	if (!err)
		err = take_text(&i->name, file ? file : group, a);
	if (!err)
		err = take_time(&i->start_ms, xml_find(e, STR("time-stamp")), a);
	return err;
}


static const struct xml_node *form_of(const struct xml_node *e)
{
	static const char *const names[] = {"conference", "pager", "large", "offline-file",
					    "pre-defined-group-invitation"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct xml_node *form = xml_find(e, str_of(names[i]));

		if (form)
			return form;
	}
	return NULL;
}


static int take_own(struct history_item *i, const struct xml_node *e, struct arena *a)
{
	struct str direction, messages, incomplete;
	int err = take_value(&i->kind, e, STR("kind"), a);

	if (!err)
		err = take_value(&direction, e, STR("direction"), a);
	if (!err)
		err = take_value(&i->content_type, e, STR("type"), a);
	if (!err)
		err = take_value(&i->message_id, e, STR("message-id"), a);
	if (!err)
		err = take_value(&i->session, e, STR("session"), a);
	if (!err)
		err = take_value(&messages, e, STR("messages"), a);
	if (!err)
		err = take_value(&incomplete, e, STR("incomplete"), a);
	if (!err)
		err = take_number(&i->messages, messages);
	if (!err)
		err = take_text(&i->text, xml_find(e, STR("text")), a);
	if (err)
		return err;
	i->has_direction = direction.n > 0;
	i->outgoing = str_eq(direction, STR("sent"));
	i->incomplete = str_eq(incomplete, STR("true"));
	return 0;
}


static int take_item(struct history_item *i, const struct xml_node *e, struct arena *a)
{
	const struct xml_node *form = form_of(e);
	struct str size;
	int err = xml_value(e, STR("history-reference"), a, &i->reference);

	if (err == -ENOENT || !form)
		return -EBADMSG;
	if (!err)
		err = take_text(&size, xml_find(e, STR("size")), a);
	if (!err)
		err = take_number(&i->size, size);
	if (!err)
		err = take_time(&i->expiry_ms, xml_find(e, STR("expiry")), a);
	if (!err)
		err = take_text(&i->subject, xml_find(e, STR("subject")), a);
	if (!err)
		err = take_time(&i->date_ms, xml_find(e, STR("date")), a);
	if (!err)
		err = xml_named(form, STR("conference")) ? take_session(i, form, a)
							 : take_message(i, form, a);
	if (!err && !i->date_ms)
		i->date_ms = i->start_ms;
	return err ? err : take_own(i, e, a);
}


static size_t items_in(const struct xml_node *root)
{
	size_t n = 0;

	for (const struct xml_node *e = xml_find(root, STR("history")); e;
	     e = xml_find_next(e, STR("history")))
		n++;
	return n;
}


static int take_list(struct history_list *ret, const struct xml_node *root, struct arena *a)
{
	size_t n = items_in(root), i = 0;
	int err = n > HISTORY_LIST_MAX ? -ENOBUFS : 0;

	if (!xml_named(root, STR("history-list")))
		return -EBADMSG;
	if (!err)
		err = take_text(&ret->next, xml_find(root, STR("next")), a);
	if (err || !n)
		return err;
	ret->item = arena_alloc(a, n * sizeof(*ret->item));
	if (!ret->item)
		return -ENOBUFS;
	memset(ret->item, 0, n * sizeof(*ret->item));
	ret->n = n;
	for (const struct xml_node *e = xml_find(root, STR("history")); !err && e;
	     e = xml_find_next(e, STR("history")))
		err = take_item(&ret->item[i++], e, a);
	return err;
}


int history_list_decode(struct history_list *ret, struct str text, struct arena *a)
{
	struct history_list list = {.next = STR("")};
	struct xml_doc *d;
	int err = xml_decode(&d, text);

	if (err)
		return err;
	err = take_list(&list, xml_root(d), a);
	mem_unref(d);
	if (!err)
		*ret = list;
	return err;
}
