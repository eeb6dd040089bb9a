/* SPDX-License-Identifier: Apache-2.0 */
/** The numbered schema files (src/store/schema), put into the program at build time. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

struct sqlite_schema {
	int version; /**< the user_version that this step leads to */
	const char *name;
	const char *sql;
};

extern const struct sqlite_schema sqlite_schemas[];
extern const unsigned sqlite_schemas_n;

#endif
