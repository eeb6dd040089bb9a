/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a configuration out, as YAML and as JSON; comparing two. */
#include "server/config.h"

#include "server/option_type.h"
#include "server/options.h"

/** Room for one value in text: it was read from as much, or less, but for what masking adds. */
#define VALUE_MAX (OPTION_VALUE_MAX + 64)

struct writing {
	const struct config *config;
	struct buf *out;
	bool json;
	struct str section; /**< that the last option was in */
	bool first;         /**< of its section */
};


static const void *field_of(const struct config *c, const struct option *o)
{
	return (const char *)c + o->offset;
}


/** A JSON string, which is a double-quoted scalar of YAML too. */
static void put_quoted(struct buf *out, struct str s)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_putc(out, '\\');
		if (c < ' ' || c == 127)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}


/** YAML takes it for text without quotes: neither a number nor true, and no sign of its own in it. */
static bool is_plain(struct str s)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n"};
	bool letter = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(s, str_of(words[i])))
			return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			letter = true;
		else if (!(c >= '0' && c <= '9') && !strchr("-./:@+_", c))
			return false;
	}
	return s.n && letter && s.p[s.n - 1] != ':' && !strchr("-.:@+", s.p[0]);
}


static void put_scalar(struct writing *w, const struct option *o, struct str text)
{
	if (o->type->form == OPTION_BARE)
		buf_puts(w->out, text);
	else if (!w->json && (o->type == &option_word || is_plain(text)))
		buf_puts(w->out, text);
	else
		put_quoted(w->out, text);
}


/**
 * A PostgreSQL connection string may hold a password, in two ways of writing: a URI
 * postgresql://USER:PASSWORD@HOST, and words such as password=PASSWORD (or password='…').
 */
static void put_store(struct str store, struct buf *out)
{
	ptrdiff_t at = str_rfind(store, '@'), slashes = str_find_str(store, STR("//"));
	ptrdiff_t word = str_find_str(store, STR("password"));

	if (!str_starts(store, STR("postgres:"))) {
		buf_puts(out, store);
		return;
	}
	/* Whatever is odd about it is not shown either. */
	if (word >= 0) {
		buf_puts(out, str_upto(store, (size_t)word));
		buf_puts(out, STR("password=***"));
		return;
	}
	if (slashes >= 0 && at > slashes) {
		struct str user = str_from(str_upto(store, (size_t)at), (size_t)slashes + 2);

		buf_puts(out, str_upto(store, (size_t)slashes + 2));
		buf_puts(out, str_cut(&user, ':'));
		if (user.p)
			buf_puts(out, STR(":***"));
		buf_puts(out, str_from(store, (size_t)at));
		return;
	}
	buf_puts(out, store);
}


/** The text of a field, or of an item of it. */
static struct str value_text(const struct option *o, const void *field, struct buf *scratch)
{
	buf_clear(scratch);
	if (o->type == &option_store)
		put_store(*(const struct str *)field, scratch);
	else
		o->type->encode(o, field, scratch);
	return buf_str(scratch);
}


static void put_list(struct writing *w, const struct option *o, const struct option_list *list,
		     struct buf *scratch)
{
	buf_putc(w->out, '[');
	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->v + i * o->type->item_size;

		if (i)
			buf_puts(w->out, STR(", "));
		put_scalar(w, o, value_text(o, item, scratch));
	}
	buf_putc(w->out, ']');
}


static void put_set(struct writing *w, const struct option *o, struct str words)
{
	bool first = true;

	/* "always" and "never" stand for a set, and read better without brackets. */
	if (str_find(words, ',') < 0) {
		put_scalar(w, o, words);
		return;
	}
	buf_putc(w->out, '[');
	while (words.p) {
		if (!first)
			buf_puts(w->out, STR(", "));
		put_scalar(w, o, str_cut(&words, ','));
		first = false;
	}
	buf_putc(w->out, ']');
}


static void put_value(struct writing *w, const struct option *o)
{
	char storage[VALUE_MAX];
	struct buf scratch;
	struct str text;

	buf_fixed(&scratch, storage, sizeof(storage));
	if (o->type->item_size) {
		put_list(w, o, field_of(w->config, o), &scratch);
		return;
	}
	text = value_text(o, field_of(w->config, o), &scratch);
	if (o->type->many)
		put_set(w, o, text);
	else if (!text.n)
		buf_puts(w->out, STR("null"));
	else
		put_scalar(w, o, text);
}


static size_t depth_of(struct str section)
{
	size_t depth = section.n > 0;

	for (size_t i = 0; i < section.n; i++)
		depth += section.p[i] == '.';
	return depth;
}


static void put_indent(struct writing *w, size_t depth)
{
	for (size_t i = 0; i < depth + w->json; i++)
		buf_puts(w->out, STR("  "));
}


static void begin_line(struct writing *w, size_t depth)
{
	if (w->json)
		buf_puts(w->out, w->first ? STR("\n") : STR(",\n"));
	w->first = false;
	put_indent(w, depth);
}


static void put_name(struct writing *w, struct str name)
{
	if (w->json)
		put_quoted(w->out, name);
	else
		buf_puts(w->out, name);
	buf_putc(w->out, ':');
}


/** `s` is `outer`, or within it. */
static bool is_within(struct str s, struct str outer)
{
	return !outer.n || (str_starts(s, outer) && (s.n == outer.n || s.p[outer.n] == '.'));
}


static struct str parent_of(struct str key)
{
	ptrdiff_t dot = str_rfind(key, '.');

	return str_upto(key, dot < 0 ? 0 : (size_t)dot);
}


/** Leaves the sections that `section` is not within. */
static void close_sections(struct writing *w, struct str section)
{
	while (!is_within(section, w->section)) {
		if (w->json) {
			buf_putc(w->out, '\n');
			put_indent(w, depth_of(w->section) - 1);
			buf_putc(w->out, '}');
		}
		w->first = false;
		w->section = parent_of(w->section);
	}
}


static void open_sections(struct writing *w, struct str section)
{
	while (w->section.n < section.n) {
		size_t from = w->section.n + (w->section.n > 0);
		ptrdiff_t dot = str_find(str_from(section, from), '.');
		struct str next = dot < 0 ? section : str_upto(section, from + (size_t)dot);

		begin_line(w, depth_of(w->section));
		put_name(w, str_from(next, from));
		buf_puts(w->out, w->json ? STR(" {") : STR("\n"));
		w->section = next;
		w->first = true;
	}
}


void config_encode(const struct config *c, bool json, struct buf *out)
{
	struct writing w = {
		.config = c, .out = out, .json = json, .section = STR(""), .first = true};

	if (json)
		buf_putc(out, '{');
	for (size_t i = 0; i < options_count; i++) {
		struct str key = str_of(options[i].key), section = parent_of(key);

		close_sections(&w, section);
		open_sections(&w, section);
		begin_line(&w, depth_of(section));
		put_name(&w, str_from(key, section.n + (section.n > 0)));
		buf_putc(out, ' ');
		put_value(&w, &options[i]);
		if (!json)
			buf_putc(out, '\n');
	}
	close_sections(&w, STR("."));
	if (json)
		buf_puts(out, STR("\n}\n"));
}


static bool is_same_list(const struct option *o, const struct option_list *a,
			 const struct option_list *b)
{
	char storage[2][VALUE_MAX];
	struct buf text[2];

	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		buf_fixed(&text[0], storage[0], sizeof(storage[0]));
		buf_fixed(&text[1], storage[1], sizeof(storage[1]));
		o->type->encode(o, (const char *)a->v + i * o->type->item_size, &text[0]);
		o->type->encode(o, (const char *)b->v + i * o->type->item_size, &text[1]);
		if (!str_eq(buf_str(&text[0]), buf_str(&text[1])))
			return false;
	}
	return true;
}


static bool is_same(const struct option *o, const struct config *a, const struct config *b)
{
	struct option_list one = {(void *)(uintptr_t)field_of(a, o), 1};
	struct option_list other = {(void *)(uintptr_t)field_of(b, o), 1};

	if (!o->type->item_size)
		return is_same_list(o, &one, &other);
	return is_same_list(o, field_of(a, o), field_of(b, o));
}


size_t config_restart_keys(const struct config *old, const struct config *fresh, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < options_count; i++) {
		if (options[i].reloadable || is_same(&options[i], old, fresh))
			continue;
		if (n++)
			buf_puts(out, STR(", "));
		buf_puts(out, str_of(options[i].key));
	}
	return n;
}
