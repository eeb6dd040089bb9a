/* SPDX-License-Identifier: Apache-2.0 */
/* accounts.yaml: the accounts of this user, the first of them the default. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <yaml.h>

#define ACCOUNTS_REMEDY "see parley(1), ACCOUNTS"

enum kind { TEXT, NUMBER, FLAG };

static const struct {
	const char *name;
	enum kind kind;
	size_t at;
} keys[] = {
	{"account", TEXT, offsetof(struct account, address)},
	{"name", TEXT, offsetof(struct account, name)},
	{"password", TEXT, offsetof(struct account, password)},
	{"auth-user", TEXT, offsetof(struct account, auth_user)},
	{"server", TEXT, offsetof(struct account, server)},
	{"local", TEXT, offsetof(struct account, local)},
	{"factory", TEXT, offsetof(struct account, factory)},
	{"device", TEXT, offsetof(struct account, device)},
	{"expires", NUMBER, offsetof(struct account, expires_s)},
	{"core", TEXT, offsetof(struct account, core)},
	{"access-network", TEXT, offsetof(struct account, access_network)},
	{"media", TEXT, offsetof(struct account, media)},
	{"certificate", TEXT, offsetof(struct account, certificate)},
	{"key", TEXT, offsetof(struct account, key)},
	{"ca-file", TEXT, offsetof(struct account, ca_file)},
	{"no-verify", FLAG, offsetof(struct account, no_verify)},
	{"reliable-path", FLAG, offsetof(struct account, reliable_path)},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct reader {
	struct cli *cli;
	const char *path;
	yaml_document_t *doc;
};


static int wrong(const struct reader *r, const yaml_node_t *at, const char *what,
		 const char *detail)
{
	return cli_error(ACCOUNTS_REMEDY, "%s:%zu: %s%s", r->path, at ? at->start_mark.line + 1 : 1,
			 what, detail);
}


/* A scalar as text that lives as long as the command. NULL: it is none. */
static const char *scalar(const struct reader *r, const yaml_node_t *n)
{
	if (!n || n->type != YAML_SCALAR_NODE)
		return NULL;
	return arena_str(&r->cli->memory,
			 (struct str){(const char *)n->data.scalar.value, n->data.scalar.length})
		.p;
}


static int take_value(const struct reader *r, struct account *a, size_t key, const yaml_node_t *n)
{
	const char *text = scalar(r, n);
	char *field = (char *)a + keys[key].at;

	if (!text)
		return wrong(r, n, "one value belongs to ", keys[key].name);
	if (keys[key].kind == TEXT) {
		*(const char **)(void *)field = text;
	} else if (keys[key].kind == NUMBER) {
		if (!str_u32(str_of(text), (uint32_t *)(void *)field))
			return wrong(r, n, "seconds are written in digits: ", text);
	} else if (!strcmp(text, "yes") || !strcmp(text, "true")) {
		*(bool *)(void *)field = true;
	} else if (strcmp(text, "no") && strcmp(text, "false")) {
		return wrong(r, n, "yes or no is expected, not ", text);
	}
	return CLI_OK;
}


static int take_entry(const struct reader *r, struct account *a, const yaml_node_t *entry)
{
	if (!entry || entry->type != YAML_MAPPING_NODE)
		return wrong(r, entry, "an account is written as keys with values", "");
	for (const yaml_node_pair_t *p = entry->data.mapping.pairs.start;
	     p < entry->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
		const char *name = scalar(r, key);
		size_t i = 0;
		int status;

		while (name && i < KEYS && strcmp(keys[i].name, name))
			i++;
		if (!name || i == KEYS)
			return wrong(r, key, "there is no key ", name ? name : "like this");
		status = take_value(r, a, i, yaml_document_get_node(r->doc, p->value));
		if (status != CLI_OK)
			return status;
	}
	if (!a->address)
		return wrong(r, entry, "the key account is missing", "");
	if (a->core && strcmp(a->core, "plain") && strcmp(a->core, "ims"))
		return wrong(r, entry, "core is plain or ims, not ", a->core);
	if (a->media && strcmp(a->media, "tcp") && strcmp(a->media, "tls"))
		return wrong(r, entry, "media is tcp or tls, not ", a->media);
	return CLI_OK;
}


/* "alice" and "alice@example.org" mean sip:alice@example.org. */
static bool is_called(const char *address, const char *name)
{
	struct str whole = str_of(address), asked = str_of(name);
	struct str user = str_from(whole, str_starts_nocase(whole, STR("sip:")) ? 4 : 0);

	if (str_eq_nocase(whole, asked) || str_eq_nocase(user, asked))
		return true;
	return str_eq(str_cut(&user, '@'), asked);
}


/* What the command line said stays. */
static void merge(struct account *into, const struct account *from)
{
	struct account merged = *from;

	for (size_t i = 0; i < KEYS; i++) {
		const char **field, *const *given;

		field = (const char **)(void *)((char *)&merged + keys[i].at);
		given = (const char *const *)(const void *)((const char *)into + keys[i].at);
		if (keys[i].kind == TEXT && keys[i].at != offsetof(struct account, address) &&
		    *given)
			*field = *given;
	}
	*into = merged;
}


static yaml_node_t *find_list(const struct reader *r)
{
	yaml_node_t *root = yaml_document_get_root_node(r->doc);

	if (!root || root->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     p < root->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
		yaml_node_t *value = yaml_document_get_node(r->doc, p->value);

		if (key && value && key->type == YAML_SCALAR_NODE &&
		    value->type == YAML_SEQUENCE_NODE &&
		    !strcmp((const char *)key->data.scalar.value, "accounts"))
			return value;
	}
	return NULL;
}


static int take_document(const struct reader *r)
{
	yaml_node_t *list = find_list(r);
	struct account *mine = &r->cli->account;

	if (!yaml_document_get_root_node(r->doc))
		return CLI_OK; /* empty */
	if (!list)
		return wrong(r, yaml_document_get_root_node(r->doc),
			     "it holds no list called accounts", "");
	for (const yaml_node_item_t *i = list->data.sequence.items.start;
	     i < list->data.sequence.items.top; i++) {
		struct account a = {.address = NULL};
		int status = take_entry(r, &a, yaml_document_get_node(r->doc, *i));

		if (status != CLI_OK)
			return status;
		if (!mine->address || is_called(a.address, mine->address)) {
			merge(mine, &a);
			return CLI_OK;
		}
	}
	return CLI_OK;
}


static int parse(struct cli *c, const char *path, FILE *f)
{
	struct reader r = {c, path, &(yaml_document_t){.nodes.start = NULL}};
	yaml_parser_t parser;
	int status;

	if (!yaml_parser_initialize(&parser))
		return cli_error("free some, and try again", "there is no memory");
	yaml_parser_set_input_file(&parser, f);
	if (yaml_parser_load(&parser, r.doc)) {
		status = take_document(&r);
		yaml_document_delete(r.doc);
	} else {
		status = cli_error(ACCOUNTS_REMEDY, "%s:%zu: this is not YAML (%s)", path,
				   parser.problem_mark.line + 1,
				   parser.problem ? parser.problem : "?");
	}
	yaml_parser_delete(&parser);
	return status;
}


/* $XDG_CONFIG_HOME/parley/accounts.yaml, else ~/.config/…; false: there is no home. */
static bool default_path(char *path, size_t n)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int written;

	/* The XDG Base Directory Specification ignores a relative one. */
	if (xdg && xdg[0] == '/')
		written = snprintf(path, n, "%s/parley/accounts.yaml", xdg);
	else if (home && *home)
		written = snprintf(path, n, "%s/.config/parley/accounts.yaml", home);
	else
		return false;
	return written > 0 && (size_t)written < n;
}


static int read_file(struct cli *c, const char *path, FILE *f)
{
	const char *before = c->account.password;
	struct stat st;
	int status;

	if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode) || st.st_size > CLI_ACCOUNTS_MAX)
		return cli_error(ACCOUNTS_REMEDY, "%s is no file of accounts", path);
	status = parse(c, path, f);
	if (status == CLI_OK && c->account.password != before && (st.st_mode & 077))
		fprintf(stderr, "parley: others can read the password in %s: chmod 600 it\n", path);
	return status;
}


int accounts_load(struct cli *c)
{
	char path[4096];
	FILE *f;
	int status;

	if (c->config)
		snprintf(path, sizeof(path), "%s", c->config);
	else if (!default_path(path, sizeof(path)))
		return CLI_OK;
	f = fopen(path, "re");
	if (!f && !c->config && (errno == ENOENT || errno == ENOTDIR))
		return CLI_OK;
	if (!f)
		return cli_error("check its name and its rights", "%s cannot be read (%s)", path,
				 strerror(errno));
	status = read_file(c, path, f);
	fclose(f);
	return status;
}
