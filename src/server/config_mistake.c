/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration: the place, the key, what to do about it; and which key was probably meant. */
#include "server/config_reading.h"

#include <stdarg.h>

#include "server/option_type.h"
#include "server/spelling.h"


/** Begins a line of `why`; false when enough of them have been told. */
static bool mistake_begin(struct config_reading *r, size_t line, struct str key)
{
	if (++r->mistakes > CONFIG_MISTAKES_MAX)
		return false;
	buf_puts(r->why, str_of(r->name));
	if (line)
		buf_printf(r->why, ":%zu", line);
	buf_puts(r->why, STR(": "));
	for (size_t i = 0; i < key.n && i < CONFIG_KEY_MAX; i++)
		buf_putc(r->why, (unsigned char)key.p[i] < ' ' || key.p[i] == 127 ? '?' : key.p[i]);
	if (key.n)
		buf_puts(r->why, STR(": "));
	return true;
}


void config_mistake(struct config_reading *r, size_t line, const char *key, const char *what, ...)
{
	va_list ap;

	if (!mistake_begin(r, line, str_of(key)))
		return;
	va_start(ap, what);
	buf_vprintf(r->why, what, ap);
	va_end(ap);
	buf_putc(r->why, '\n');
}


void config_mistake_type(struct config_reading *r, size_t line, const struct option *o,
			 const char *what)
{
	const char *example = o->initial[0] && !o->type->many ? o->initial : o->type->example;

	config_mistake(r, line, o->key, "%s: give %s, such as %s", what, o->type->name, example);
}


static struct str last_part(struct str key)
{
	return str_from(key, (size_t)(str_rfind(key, '.') + 1));
}


/** `candidate` becomes the nearest when it is nearer than what was found so far. */
static void consider(struct str key, struct str candidate, size_t *least, struct str *nearest)
{
	size_t d = spelling_distance(key, candidate);

	if (d < *least) {
		*least = d;
		*nearest = candidate;
	}
}


/**
 * The known key, or section, that was probably meant: one that differs by few letters, else the one
 * key that ends in the same word. Empty: none.
 */
static struct str nearest_key(struct str key)
{
	struct str nearest = STR_NULL;
	size_t least = (key.n < 6 ? 2 : key.n < 12 ? 3 : 4), alike = 0;

	for (size_t i = 0; i < options_count; i++) {
		struct str known = str_of(options[i].key);

		consider(key, known, &least, &nearest);
		for (size_t j = 0; j < known.n; j++)
			if (known.p[j] == '.')
				consider(key, str_upto(known, j), &least, &nearest);
	}
	if (nearest.n)
		return nearest;

	for (size_t i = 0; i < options_count; i++) {
		if (str_eq(last_part(str_of(options[i].key)), last_part(key))) {
			nearest = str_of(options[i].key);
			alike++;
		}
	}
	return alike == 1 ? nearest : STR_NULL;
}


void config_mistake_key(struct config_reading *r, size_t line, struct str key)
{
	struct str nearest = nearest_key(key);

	if (!mistake_begin(r, line, key))
		return;
	if (nearest.n)
		buf_printf(r->why, "there is no such key: did you mean " STR_FMT "?\n",
			   STR_ARG(nearest));
	else
		buf_puts(r->why,
			 STR("there is no such key: remove it; parley.yaml(5) has those there "
			     "are\n"));
}
