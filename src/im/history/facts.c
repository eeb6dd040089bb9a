/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry of the history says of its content. */
#include "body/cpim.h"
#include "body/imdn.h"
#include "body/iscomposing.h"
#include "body/mime.h"
#include "im/history/history_state.h"


static bool is_type(struct str content_type, struct str wanted)
{
	struct str name = str_trim(str_cut(&content_type, ';'));

	return str_eq_nocase(name, wanted);
}


/* RFC 3994, RFC 5438: they speak about messages and are none. */
bool history_is_nothing(struct str content_type)
{
	return is_type(content_type, ISCOMPOSING_TYPE) || is_type(content_type, IMDN_TYPE);
}


/* Not in the middle of a character. */
static struct str cut_text(struct str text)
{
	size_t n = STORE_HISTORY_SEARCH_MAX;

	if (text.n <= n)
		return text;
	while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return str_upto(text, n);
}


static bool is_said(struct str value)
{
	return value.n && value.n <= STORE_HISTORY_TEXT_MAX && !memchr(value.p, 0, value.n);
}


static struct str said(struct str value)
{
	return is_said(value) ? value : STR("");
}


static void read_cpim(struct history_facts *f, struct str begin)
{
	struct cpim c;

	if (cpim_decode(&c, begin))
		return;
	f->from = said(c.from);
	f->to = said(c.to);
	f->subject = said(c.subject);
	f->message_id = said(c.message_id);
	if (!c.date_time.n || cpim_date_decode(&f->date_ms, c.date_time) || f->date_ms < 0)
		f->date_ms = 0;
	f->content_type = said(c.content_type);
	f->nothing = history_is_nothing(c.content_type);
	if (is_type(c.content_type, STR("text/plain")))
		f->text = cut_text(c.content);
}


void history_facts_read(struct history_facts *ret, struct str content_type, struct str begin)
{
	*ret = (struct history_facts){
		.from = STR(""),
		.to = STR(""),
		.subject = STR(""),
		.message_id = STR(""),
		.content_type = said(content_type),
		.text = STR(""),
	};
	ret->nothing = !begin.n || history_is_nothing(content_type);
	ret->cpim = is_type(content_type, STR("message/cpim"));
	if (ret->cpim)
		read_cpim(ret, begin);
	else if (is_type(content_type, STR("text/plain")))
		ret->text = cut_text(begin);
}


void history_facts_put(const struct history_facts *f, struct store_history_entry *e)
{
	e->cpim = f->cpim;
	e->content_type = f->content_type;
	e->text = f->text;
	e->date_ms = f->date_ms ? f->date_ms : e->date_ms;
	e->from = f->from.n ? f->from : e->from;
	e->to = f->to.n ? f->to : e->to;
	e->subject = f->subject.n ? f->subject : e->subject;
	e->message_id = f->message_id.n ? f->message_id : e->message_id;
}
