/* SPDX-License-Identifier: Apache-2.0 */
/* The IM service settings: one table says where each of them stands in the document. */
#include "body/im_settings.h"

#include <errno.h>

#include "body/xml.h"

#define BIT(which) (1u << (which))
#define BARRING (BIT(IM_BARRING_SESSION) | BIT(IM_BARRING_PAGER))
#define HISTORY (BIT(IM_HISTORY_SESSION) | BIT(IM_HISTORY_PAGER_LARGE))

static const struct {
	struct str name;  /* on the command line */
	struct str group; /* the element around it */
	struct str element;
	struct str type; /* attribute; empty: none */
	bool on;         /* by default */
} settings[IM_SETTINGS] = {
	[IM_BARRING_SESSION] = {STR_INIT("barring.session"), STR_INIT("isb-settings"),
				STR_INIT("incoming-session-barring"), STR_INIT(""), false},
	[IM_BARRING_PAGER] = {STR_INIT("barring.pager"), STR_INIT("ipab-settings"),
			      STR_INIT("incoming-pager-barring"), STR_INIT(""), false},
	[IM_HISTORY_SESSION] = {STR_INIT("history.session"), STR_INIT("his-settings"),
				STR_INIT("hist-activation"), STR_INIT("session-mode"), false},
	[IM_HISTORY_PAGER_LARGE] = {STR_INIT("history.pager-large"), STR_INIT("his-settings"),
				    STR_INIT("hist-activation"), STR_INIT("pager-large-mode"),
				    false},
	[IM_OFFLINE_DELIVERY] = {STR_INIT("offline-delivery"), STR_INIT("deferred-settings"),
				 STR_INIT("offline-delivery"), STR_INIT(""), true},
	[IM_PUSH] = {STR_INIT("push"), STR_INIT("deferred-settings"), STR_INIT("auto-push"),
		     STR_INIT(""), true},
	[IM_VISIBLE] = {STR_INIT("visible"), STR_INIT("vis-settings"), STR_INIT("vis-status"),
			STR_INIT(""), true},
};

/* Names that are read in place of ours. */
static const struct {
	struct str other, ours;
} aliases[] = {
	{STR_INIT("hist-settings"), STR_INIT("his-settings")},
	{STR_INIT("incoming-personal-alert-barring"), STR_INIT("incoming-pager-barring")},
};


static struct str our_name(struct str name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (str_eq(name, aliases[i].other))
			return aliases[i].ours;
	}
	return name;
}


static enum im_switch switch_of(struct str value)
{
	static const struct str on[] = {STR_INIT("active"), STR_INIT("on"), STR_INIT("true"),
					STR_INIT("1"), STR_INIT("yes")};
	static const struct str off[] = {STR_INIT("inactive"), STR_INIT("off"), STR_INIT("false"),
					 STR_INIT("0"), STR_INIT("no")};

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (str_eq_nocase(value, on[i]))
			return IM_ON;
		if (str_eq_nocase(value, off[i]))
			return IM_OFF;
	}
	return IM_UNSET;
}


/* The attribute speaks; where it is absent, the text. */
static int value_decode(const struct xml_node *e, struct arena *a, enum im_switch *ret)
{
	struct str value;
	int err = xml_value(e, STR("active"), a, &value);

	if (err == -ENOENT)
		err = xml_text(e, a, &value);
	if (!err)
		*ret = switch_of(value);
	return err;
}


/* Without a type an activation is about all kinds; a kind that is not known is about none. */
static bool type_fits(struct str wanted, int absent, struct str type)
{
	return !wanted.n || absent || !type.n || str_eq_nocase(wanted, type);
}


static int element_decode(struct im_settings *s, struct str group, const struct xml_node *e,
			  struct arena *a)
{
	struct str name = our_name(xml_name(e)), type = STR_NULL;
	enum im_switch value = IM_UNSET;
	int absent = xml_value(e, STR("type"), a, &type);
	int err = absent && absent != -ENOENT ? absent : value_decode(e, a, &value);

	if (err || value == IM_UNSET)
		return err;
	for (int i = 0; i < IM_SETTINGS; i++) {
		if (str_eq(settings[i].group, group) && str_eq(settings[i].element, name) &&
		    type_fits(settings[i].type, absent, type))
			s->is[i] = (uint8_t)value;
	}
	return 0;
}


static bool is_group(struct str name)
{
	for (int i = 0; i < IM_SETTINGS; i++) {
		if (str_eq(settings[i].group, name))
			return true;
	}
	return false;
}


/* `e` is an entity, or the root of a document that has none. */
static int groups_decode(struct im_settings *s, const struct xml_node *e, struct arena *a)
{
	int err = 0;

	for (const struct xml_node *group = xml_first(e); group && !err; group = xml_next(group)) {
		struct str name = our_name(xml_name(group));

		if (!is_group(name))
			continue;
		for (const struct xml_node *x = xml_first(group); x && !err; x = xml_next(x))
			err = element_decode(s, name, x, a);
	}
	return err;
}


static int entity_decode(struct im_settings_doc *d, const struct xml_node *e, struct arena *a)
{
	struct str id = STR("");
	struct im_settings_entity *entity;
	int err = xml_value(e, STR("id"), a, &id);

	if (err && err != -ENOENT)
		return err;
	if (id.n > IM_SETTINGS_ID_MAX)
		return -ENOBUFS;
	entity = im_settings_entity(d, id);
	return entity ? groups_decode(&entity->settings, e, a) : -ENOBUFS;
}


static int root_decode(struct im_settings_doc *d, const struct xml_node *root, struct arena *a)
{
	struct im_settings bare = {{0}}, none = {{0}};
	int err = 0;

	if (!str_ends(xml_name(root), STR("settings")))
		return -EBADMSG;
	for (const struct xml_node *e = xml_find(root, STR("entity")); e && !err;
	     e = xml_find_next(e, STR("entity")))
		err = entity_decode(d, e, a);
	if (!err)
		err = groups_decode(&bare, root, a);
	if (!err && memcmp(&bare, &none, sizeof(bare))) {
		struct im_settings_entity *entity = im_settings_entity(d, STR(""));

		if (!entity)
			return -ENOBUFS;
		entity->settings = bare;
	}
	return err;
}


int im_settings_decode(struct im_settings_doc *ret, struct str text, struct arena *a)
{
	struct im_settings_doc d = {.n = 0};
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	err = root_decode(&d, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = d;
	return 0;
}


/* ---- Encoding ---- */

static void setting_encode(int i, enum im_switch value, struct buf *out)
{
	buf_putc(out, '<');
	buf_puts(out, settings[i].element);
	if (settings[i].type.n)
		xml_put_attribute(out, STR("type"), settings[i].type);
	xml_put_attribute(out, STR("active"), value == IM_ON ? STR("true") : STR("false"));
	buf_puts(out, STR("/>"));
}


static void tag(struct buf *out, struct str before, struct str name, struct str after)
{
	buf_puts(out, before);
	buf_puts(out, name);
	buf_puts(out, after);
}


/* Settings of one group stand next to each other in the table. */
static void entity_encode(const struct im_settings_entity *e, struct buf *out)
{
	struct str open = STR_NULL;

	buf_puts(out, STR("  <entity"));
	xml_put_attribute(out, STR("id"), e->id);
	buf_puts(out, STR(">\n    <service-id>org.openmobilealliance:IM</service-id>\n"));
	for (int i = 0; i < IM_SETTINGS; i++) {
		enum im_switch value = e->settings.is[i];

		if (value == IM_UNSET)
			continue;
		if (!str_eq(open, settings[i].group)) {
			if (open.n)
				tag(out, STR("</"), open, STR(">\n"));
			open = settings[i].group;
			tag(out, STR("    <"), open, STR(">"));
		}
		setting_encode(i, value, out);
	}
	if (open.n)
		tag(out, STR("</"), open, STR(">\n"));
	buf_puts(out, STR("  </entity>\n"));
}


void im_settings_encode(const struct im_settings_doc *d, struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<im-settings xmlns=\"urn:oma:xml:im:service-settings\">\n"));
	for (size_t i = 0; i < d->n; i++)
		entity_encode(&d->entity[i], out);
	buf_puts(out, STR("</im-settings>\n"));
}


/* ---- What they mean ---- */

struct im_settings_entity *im_settings_entity(struct im_settings_doc *d, struct str id)
{
	struct im_settings_entity *e;

	for (size_t i = 0; i < d->n; i++) {
		if (str_eq(d->entity[i].id, id))
			return &d->entity[i];
	}
	if (d->n == IM_SETTINGS_ENTITIES_MAX)
		return NULL;
	e = &d->entity[d->n++];
	*e = (struct im_settings_entity){.id = id};
	return e;
}


bool im_settings_on(const struct im_settings *s, enum im_settings_key which)
{
	return s->is[which] == IM_UNSET ? settings[which].on : s->is[which] == IM_ON;
}


void im_settings_add(struct im_settings *sum, const struct im_settings *one)
{
	for (int i = 0; i < IM_SETTINGS; i++) {
		bool on = im_settings_on(one, (enum im_settings_key)i);

		/* A device that does not bar may still get the request. */
		if (sum->is[i] != IM_UNSET)
			on = BIT(i) & BARRING ? on && sum->is[i] == IM_ON
					      : on || sum->is[i] == IM_ON;
		sum->is[i] = on ? IM_ON : IM_OFF;
	}
}


void im_settings_sum(struct im_settings *ret, const struct im_settings_doc *d)
{
	*ret = (struct im_settings){{0}};
	for (size_t i = 0; i < d->n; i++)
		im_settings_add(ret, &d->entity[i].settings);
}


struct str im_setting_name(enum im_settings_key which)
{
	return settings[which].name;
}


unsigned im_setting_bits(struct str name)
{
	if (str_eq(name, STR("barring")))
		return BARRING;
	if (str_eq(name, STR("history")))
		return HISTORY;
	for (int i = 0; i < IM_SETTINGS; i++) {
		if (str_eq(name, settings[i].name))
			return BIT(i);
	}
	return 0;
}
