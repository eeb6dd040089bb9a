/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One run over one configuration file, for the files that make it: config.c reads values,
 * config_mistake.c says what is wrong and where, config_check.c looks at what one option alone cannot tell.
 */
#ifndef SERVER_CONFIG_READING_H
#define SERVER_CONFIG_READING_H

#include <yaml.h>

#include "server/config.h"
#include "server/options.h"

/** "policy.session.max-size" is the longest we have; anything longer is unknown anyway. */
#define CONFIG_KEY_MAX 96

struct config_reading {
	struct config *config;
	const char *name;
	yaml_document_t *doc;
	size_t *lines; /**< of each option: where it is given, 0: it is not */
	struct buf *why;
	size_t mistakes;
	bool no_memory;
};

static inline size_t config_index_of(const struct option *o)
{
	return (size_t)(o - options);
}


static inline void *config_field_of(struct config *c, const struct option *o)
{
	return (char *)c + o->offset;
}


static inline size_t config_line_of(const struct config_reading *r, const char *key)
{
	return r->lines[config_index_of(option_find(key))];
}


/* ---- config_mistake.c ---- */

/** A line of `why`, with the place; `what` may hold ": remedy" at its end. Only the first are told. */
__attribute__((format(printf, 4, 5))) void config_mistake(struct config_reading *r, size_t line,
							  const char *key, const char *what, ...);
/** What an option is and looks like: "give a duration, such as 7d". */
void config_mistake_type(struct config_reading *r, size_t line, const struct option *o,
			 const char *what);
/** A key that there is none of; with the one that was probably meant. */
void config_mistake_key(struct config_reading *r, size_t line, struct str key);

/* ---- config_check.c ---- */

/** All values are there, and each is right by itself: what they say together. */
void config_check(struct config_reading *r);

#endif
