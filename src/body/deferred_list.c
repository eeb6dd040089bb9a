/* SPDX-License-Identifier: Apache-2.0 */
/* application/vnd.oma.im.deferred-list+xml, encoding. */
#include "body/deferred_list.h"

#include "body/cpim.h"
#include "body/xml.h"


static void put_time(struct buf *out, const char *name, int64_t ms)
{
	buf_printf(out, "<%s>", name);
	cpim_date_encode(ms, out);
	buf_printf(out, "</%s>", name);
}


static void put_party(struct buf *out, const char *name, struct str uri)
{
	buf_printf(out, "<%s", name);
	xml_put_attribute(out, STR("uri"), uri);
	buf_puts(out, STR("/>"));
}


void deferred_list_begin(struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<history-list"));
	xml_put_attribute(out, STR("xmlns"), DEFERRED_LIST_NS);
	buf_puts(out, STR(">"));
}


static void put_reference(struct buf *out, const struct deferred_item *i)
{
	buf_puts(out, STR("<history history-reference=\""));
	xml_escape(i->service, out);
	buf_printf(out, ";id=%llu\">", (unsigned long long)i->id);
}


void deferred_list_put(struct buf *out, const struct deferred_item *i)
{
	const char *mode = i->file ? "offline-file" : i->large ? "large" : "pager";

	put_reference(out, i);
	buf_printf(out, "<size>%llu</size>", (unsigned long long)i->size);
	if (i->expiry_ms)
		put_time(out, "expiry", i->expiry_ms);
	put_time(out, "date", i->date_ms);
	buf_printf(out, "<%s>", mode);
	put_time(out, "time-stamp", i->date_ms);
	put_party(out, "from", i->from.n ? i->from : DEFERRED_LIST_ANONYMOUS);
	put_party(out, "to", i->to);
	if (i->file && i->name.n)
		xml_put_element(out, STR("file-name"), i->name);
	if (i->from.n && !i->file)
		xml_put_element(out, STR("auth-id"), i->from);
	buf_printf(out, "</%s></history>", mode);
}


void deferred_list_end(struct buf *out)
{
	buf_puts(out, STR("</history-list>\n"));
}
