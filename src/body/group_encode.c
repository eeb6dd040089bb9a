/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: written, as the example of digest e3 is. */
#include "body/group.h"

#include "body/cpim.h"
#include "body/xml.h"


static void put_number(struct buf *out, struct str name, uint32_t n)
{
	char digits[16];
	struct buf b;

	if (!n)
		return;
	buf_fixed(&b, digits, sizeof(digits));
	buf_putu(&b, n);
	xml_put_element(out, name, buf_str(&b));
	buf_putc(out, '\n');
}


static void put_true(struct buf *out, struct str name, bool value)
{
	if (!value)
		return;
	xml_put_element(out, name, STR("true"));
	buf_putc(out, '\n');
}


static void put_text(struct buf *out, struct str name, struct str text)
{
	if (!text.n)
		return;
	xml_put_element(out, name, text);
	buf_putc(out, '\n');
}


static void put_members(struct buf *out, const struct group_member *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, STR("<entry"));
		xml_put_attribute(out, STR("uri"), m[i].uri);
		if (m[i].display_name.n) {
			buf_putc(out, '>');
			xml_put_element(out, STR("display-name"), m[i].display_name);
			buf_puts(out, STR("</entry>\n"));
		} else {
			buf_puts(out, STR("/>\n"));
		}
	}
}


static void put_list(struct buf *out, const struct group *g)
{
	buf_puts(out, STR("<list>\n"));
	put_members(out, g->members, g->members_n);
	for (size_t i = 0; i < g->externals_n; i++) {
		buf_puts(out, STR("<external"));
		xml_put_attribute(out, STR("anchor"), g->externals[i]);
		buf_puts(out, STR("/>\n"));
	}
	buf_puts(out, STR("</list>\n"));
}


static void put_schedule(struct buf *out, const struct group_activity *a)
{
	if (!a->scheduled)
		return;
	buf_puts(out, STR("<ext:schedule>\n"));
	for (size_t i = 0; i < a->windows_n; i++) {
		buf_puts(out, STR("<ext:from>"));
		cpim_date_encode(a->windows[i].from_ms, out);
		buf_puts(out, STR("</ext:from><ext:until>"));
		cpim_date_encode(a->windows[i].until_ms, out);
		buf_puts(out, STR("</ext:until>\n"));
	}
	buf_puts(out, STR("</ext:schedule>\n"));
}


static void put_activity(struct buf *out, const struct group_activity *a)
{
	if (!a->max_duration_s && !a->min_participants && !a->required_n && !a->originator &&
	    !a->scheduled)
		return;
	buf_puts(out, STR("<ext:session-active-policy>\n"));
	put_number(out, STR("ext:max-duration"), a->max_duration_s);
	put_number(out, STR("ext:min-participant-count"), a->min_participants);
	if (a->required_n) {
		buf_puts(out, STR("<ext:required-participants-list>\n"));
		put_members(out, a->required, a->required_n);
		buf_puts(out, STR("</ext:required-participants-list>\n"));
	}
	put_true(out, STR("ext:session-originator"), a->originator);
	put_schedule(out, a);
	buf_puts(out, STR("</ext:session-active-policy>\n"));
}


static void put_condition(struct buf *out, const struct group_grant *r)
{
	buf_puts(out, STR("<cp:conditions>"));
	switch (r->whom) {
	case GROUP_FOR_ONE:
		buf_puts(out, STR("<cp:identity><cp:one"));
		xml_put_attribute(out, STR("id"), r->uri);
		buf_puts(out, STR("/></cp:identity>"));
		break;
	case GROUP_FOR_MEMBERS:
		buf_puts(out, STR("<is-list-member/>"));
		break;
	case GROUP_FOR_OTHERS:
		buf_puts(out, STR("<ocp:other-identity/>"));
		break;
	}
	buf_puts(out, STR("</cp:conditions>\n"));
}


/* Those of the first release stand in the group's namespace and in every rule; the others are extensions. */
static void put_action(struct buf *out, enum group_right right, bool allowed)
{
	struct str prefix = right > GROUP_KEY ? STR("ext:") : STR("");
	struct str name = group_right_name(right);

	if (!allowed && prefix.n)
		return;
	buf_printf(out, "<" STR_FMT STR_FMT ">%s</" STR_FMT STR_FMT ">\n", STR_ARG(prefix),
		   STR_ARG(name), allowed ? "true" : "false", STR_ARG(prefix), STR_ARG(name));
}


static void put_rule(struct buf *out, const struct group_grant *r, size_t number)
{
	buf_puts(out, STR("<cp:rule id=\"rule"));
	buf_putu(out, number);
	buf_puts(out, STR("\">\n"));
	put_condition(out, r);
	buf_puts(out, STR("<cp:actions>\n"));
	for (int i = 0; i < GROUP_RIGHTS; i++)
		put_action(out, (enum group_right)i, r->rights & GROUP_BIT(i));
	buf_puts(out, STR("</cp:actions>\n</cp:rule>\n"));
}


static void put_age(struct buf *out, const struct group *g)
{
	if (!g->min_age && !g->max_age)
		return;
	buf_puts(out, STR("<ext:age-restrictions>\n"));
	put_number(out, STR("ext:min-age"), g->min_age);
	put_number(out, STR("ext:max-age"), g->max_age);
	buf_puts(out, STR("</ext:age-restrictions>\n"));
}


void group_encode(struct buf *out, const struct group *g, const struct group_grant *grants,
		  size_t n)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<group xmlns=\"urn:oma:xml:poc:list-service\""
			  " xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\""
			  " xmlns:ocp=\"urn:oma:xml:xdm:common-policy\""
			  " xmlns:ext=\"urn:oma:xml:xdm:extensions\">\n<list-service"));
	xml_put_attribute(out, STR("uri"), g->uri);
	buf_puts(out, STR(">\n"));
	put_text(out, STR("display-name"), g->display_name);
	put_list(out, g);
	put_true(out, STR("invite-members"), g->invite_members);
	put_number(out, STR("max-participant-count"), g->max_participants);
	put_text(out, STR("ext:subject"), g->subject);
	put_activity(out, &g->activity);
	put_true(out, STR("ext:automatic-group-advertisement"), g->advertise);
	put_true(out, STR("ext:searchable"), g->searchable);
	put_age(out, g);
	buf_puts(out, STR("<cp:ruleset>\n"));
	for (size_t i = 0; i < n; i++)
		put_rule(out, &grants[i], i + 1);
	buf_puts(out, STR("</cp:ruleset>\n</list-service>\n</group>\n"));
}
