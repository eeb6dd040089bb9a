/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Types of options: how a scalar of the file becomes a field of struct config, and back.
 *
 * A type with `item_size` is a list: its field is {pointer, count}, and `decode` and `encode` are
 * called for each item. A type with `item_size` 0 and `many` is a set: `decode` is called for each
 * word with the field itself, which starts at zero.
 */
#ifndef SERVER_OPTION_TYPE_H
#define SERVER_OPTION_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "server/options.h"

/** What is wrong with a value, and what to do about it. */
struct option_mistake {
	struct buf what, remedy;
};

/** Room of each; a longer text is cut. */
#define OPTION_MISTAKE_MAX 400

/** Bytes of one scalar: the longest are paths. */
#define OPTION_VALUE_MAX 2048
/** Items of one list. */
#define OPTION_LIST_MAX 1000

enum option_form { OPTION_TEXT, OPTION_BARE /**< a number or true/false: not quoted in JSON */ };

struct option_type {
	const char *name;    /**< for people, with its article: "a duration" */
	const char *example; /**< as it is typed, for options without a default */
	bool many;           /**< a list in the file; one scalar is a list of one */
	size_t item_size;
	enum option_form form;
	/** 0; -EINVAL with the mistake told; -ENOMEM. `text` is borrowed. */
	int (*decode)(const struct option *o, struct str text, void *field, struct arena *arena,
		      struct option_mistake *m);
	/** Nothing put: unset. For an item of a list, the item. A set puts its words, "," between. */
	void (*encode)(const struct option *o, const void *field, struct buf *out);
};

/** "7d", "1h 30m", "500ms", "0s". */
void option_put_duration(uint64_t ms, struct buf *out);
/** A bound or value of a number, in the form that the type is typed in. */
void option_put_number(const struct option *o, uint64_t v, struct buf *out);

/** How a list's field begins, whatever its items are. */
struct option_list {
	void *v;
	size_t n;
};

extern const struct option_type option_bool, option_count, option_bytes, option_duration_s,
	option_duration_ms, option_word, option_text, option_path, option_token, option_host,
	option_store, option_uri, option_user_uri, option_addr, option_domains, option_peers,
	option_listens, option_media_types, option_media_path, option_digest;

#endif
