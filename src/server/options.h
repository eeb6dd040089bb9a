/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The table of options: what config.c reads by, config_show.c writes by, and config_man.c explains.
 *
 * An option is a key with dots ("deferred.expiry"), which in the file may be written nested; a type
 * (server/option_type.h) with its bounds; where in struct config it is kept; its default as one would
 * type it; one sentence.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_type;

struct option {
	const char *key;
	const struct option_type *type;
	size_t offset;            /**< in struct config */
	size_t size;              /**< of the field */
	uint64_t min, max;        /**< for numbers, in the field's unit */
	const char *const *words; /**< for words: in the order of the enum, NULL ends them */
	const char *initial; /**< default; items of a list are separated by commas; "" is unset */
	const char *derived; /**< for the manual, when the default depends on other options */
	const char *sentence;
	bool reloadable;
};

extern const struct option options[];
extern const size_t options_count;

/** An option, by its whole key; NULL. */
const struct option *option_find(const char *key);

#endif
