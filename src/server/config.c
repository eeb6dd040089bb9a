/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration: YAML by libyaml, keys and values by the table of options. */
#include "server/config_reading.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "server/option_type.h"


static void destroy_config(void *object)
{
	struct config *c = object;

	if (c->arena)
		arena_done(c->arena);
	mem_unref(c->arena);
}


/* ---- Keys ---- */

/** Some key begins with `path` and a dot. */
static bool is_section(struct str path)
{
	for (size_t i = 0; i < options_count; i++)
		if (str_starts(str_of(options[i].key), path) && options[i].key[path.n] == '.')
			return true;
	return false;
}


/* ---- Values ---- */

static struct str scalar_of(const yaml_node_t *n)
{
	return (struct str){(const char *)n->data.scalar.value, n->data.scalar.length};
}


/** An empty value, or null: the key is as if it were not there. */
static bool is_null(const yaml_node_t *n)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(scalar_of(n), str_of(words[i])))
			return true;
	return false;
}


static size_t node_line(const yaml_node_t *n)
{
	return n->start_mark.line + 1;
}


static bool has_controls(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return true;
	return false;
}


/** One scalar of an option into `field`: all of it, or an item. */
static void read_scalar(struct config_reading *r, size_t line, const struct option *o,
			struct str text, void *field)
{
	char storage[2][OPTION_MISTAKE_MAX];
	struct option_mistake m;
	int err;

	if (text.n > OPTION_VALUE_MAX) {
		config_mistake(r, line, o->key, "it is longer than %d bytes: shorten it",
			       OPTION_VALUE_MAX);
		return;
	}
	if (has_controls(text)) {
		config_mistake(r, line, o->key, "it contains a control character: remove that");
		return;
	}

	buf_fixed(&m.what, storage[0], sizeof(storage[0]));
	buf_fixed(&m.remedy, storage[1], sizeof(storage[1]));
	err = o->type->decode(o, text, field, r->config->arena, &m);
	if (err == -ENOMEM)
		r->no_memory = true;
	else if (err)
		config_mistake(r, line, o->key, STR_FMT ": " STR_FMT, STR_ARG(buf_str(&m.what)),
			       STR_ARG(buf_str(&m.remedy)));
}


/** The field starts anew, a list with room for `n` items. False: there is none. */
static bool field_begin(struct config_reading *r, const struct option *o, size_t n)
{
	struct option_list *list = config_field_of(r->config, o);

	memset(list, 0, o->size);
	if (!o->type->item_size || !n)
		return true;
	list->v = arena_alloc(r->config->arena, n * o->type->item_size);
	r->no_memory |= !list->v;
	return list->v;
}


/** The next item of a list, or the one field of anything else. */
static void *next_item(struct config_reading *r, const struct option *o)
{
	struct option_list *list = config_field_of(r->config, o);

	if (!o->type->item_size)
		return list;
	return (char *)list->v + list->n++ * o->type->item_size;
}


static void read_list(struct config_reading *r, const struct option *o, const yaml_node_t *n)
{
	size_t count = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);

	if (count > OPTION_LIST_MAX) {
		config_mistake(r, node_line(n), o->key, "it has %zu items: %d are the most", count,
			       OPTION_LIST_MAX);
		return;
	}
	if (count < o->min) {
		config_mistake_type(r, node_line(n), o, "the list is empty");
		return;
	}
	if (!field_begin(r, o, count))
		return;

	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++) {
		const yaml_node_t *item = yaml_document_get_node(r->doc, *i);

		if (item->type != YAML_SCALAR_NODE)
			config_mistake(
				r, node_line(item), o->key,
				"an item of the list is itself a list or a section: write one "
				"text, "
				"such as %s",
				o->type->example);
		else
			read_scalar(r, node_line(item), o, scalar_of(item), next_item(r, o));
	}
}


static void read_option(struct config_reading *r, const struct option *o, size_t line,
			const yaml_node_t *n)
{
	size_t *given = &r->lines[config_index_of(o)];

	if (*given) {
		config_mistake(r, line, o->key,
			       "it is given in line %zu already: keep one of the two", *given);
		return;
	}
	*given = line;

	if (is_null(n)) {
		*given = 0;
	} else if (n->type == YAML_SCALAR_NODE) {
		if (field_begin(r, o, 1))
			read_scalar(r, node_line(n), o, scalar_of(n), next_item(r, o));
	} else if (n->type == YAML_SEQUENCE_NODE && o->type->many) {
		read_list(r, o, n);
	} else {
		config_mistake_type(r, node_line(n), o,
				    n->type == YAML_SEQUENCE_NODE ? "it takes no list"
								  : "it is a section here");
	}
}


static void read_mapping(struct config_reading *r, struct str path, const yaml_node_t *n);


static void read_pair(struct config_reading *r, struct str path, const yaml_node_t *key,
		      const yaml_node_t *value)
{
	char storage[CONFIG_KEY_MAX + 1];
	struct buf full;
	const struct option *o = NULL;
	const char *name;

	if (key->type != YAML_SCALAR_NODE) {
		config_mistake_key(r, node_line(key), path);
		return;
	}

	buf_fixed(&full, storage, sizeof(storage));
	if (path.n) {
		buf_puts(&full, path);
		buf_putc(&full, '.');
	}
	buf_puts(&full, scalar_of(key));
	name = buf_cstr(&full);
	if (name && !memchr(full.p, 0, full.n))
		o = option_find(name);

	if (o)
		read_option(r, o, node_line(key), value);
	else if (!name || !is_section(buf_str(&full)))
		config_mistake_key(r, node_line(key), name ? buf_str(&full) : scalar_of(key));
	else if (value->type == YAML_MAPPING_NODE)
		read_mapping(r, buf_str(&full), value);
	else if (!is_null(value))
		config_mistake(r, node_line(key), name,
			       "it is a section, and has keys of its own: see "
			       "parley.yaml(5) for those there are");
}


static void read_mapping(struct config_reading *r, struct str path, const yaml_node_t *n)
{
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
		read_pair(r, path, yaml_document_get_node(r->doc, p->key),
			  yaml_document_get_node(r->doc, p->value));
}


/* ---- Defaults ---- */

static void set_default(struct config_reading *r, const struct option *o)
{
	struct str rest = str_of(o->initial);
	size_t n = o->initial[0] != 0;

	for (const char *p = o->initial; *p; p++)
		n += *p == ',';
	if (!field_begin(r, o, n) || !n)
		return;

	while (rest.p && !r->no_memory) {
		struct str item = o->type->many ? str_trim(str_cut(&rest, ',')) : rest;

		if (!o->type->many)
			rest = STR_NULL;
		read_scalar(r, 0, o, item, next_item(r, o));
	}
}


/** A text that is still empty becomes prefix + value. */
static void derive(struct config_reading *r, struct str *field, struct str prefix, struct str value)
{
	struct buf b;
	char *p;

	if (field->n)
		return;
	p = arena_alloc(r->config->arena, prefix.n + value.n + 1);
	if (!p) {
		r->no_memory = true;
		return;
	}
	buf_fixed(&b, p, prefix.n + value.n);
	buf_puts(&b, prefix);
	buf_puts(&b, value);
	*field = buf_str(&b);
}


/** The defaults that depend on other options. */
static void derive_defaults(struct config_reading *r)
{
	struct config *c = r->config;

	if (c->domains.n) {
		struct str domain = c->domains.v[0];

		derive(r, &c->conference.factory, STR("sip:conference-factory@"), domain);
		derive(r, &c->service_uris.exploder, STR("sip:exploder@"), domain);
		derive(r, &c->service_uris.deferred, STR("sip:deferred@"), domain);
		derive(r, &c->service_uris.history, STR("sip:history@"), domain);
		derive(r, &c->service_uris.system_message, STR("sip:system@"), domain);
	}
	if (c->ims.peers.n)
		derive(r, &c->ims.next_hop, STR("sip:"), c->ims.peers.v[0]);
	if (c->tls.certificate.n)
		derive(r, &c->tls.key, STR(""), c->tls.certificate);
	if (!c->timers.linger_ms)
		c->timers.linger_ms = 64 *
				      c->timers.t1_ms; /* RFC 3261 17.1.1.2: Timer B is 64*T1 */
}


/* ---- The file ---- */

static int syntax_mistake(struct config_reading *r, const yaml_parser_t *p)
{
	bool reader = p->error == YAML_READER_ERROR;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	config_mistake(r, reader ? 0 : p->problem_mark.line + 1, "",
		       "it is not YAML: %s: correct it%s",
		       p->problem ? p->problem : "it cannot be read",
		       reader ? "; the file must be UTF-8 text" : " here or just above");
	return -EINVAL;
}


/** The one document of `yaml`, walked. */
static int read_document(struct config_reading *r, yaml_parser_t *p)
{
	yaml_document_t doc, second;
	yaml_node_t *root;

	if (!yaml_parser_load(p, &doc))
		return syntax_mistake(r, p);
	r->doc = &doc;
	root = yaml_document_get_root_node(&doc);
	if (root && root->type == YAML_MAPPING_NODE)
		read_mapping(r, STR(""), root);
	else if (root && !is_null(root))
		config_mistake(r, node_line(root), "",
			       "it is not a list of keys and values: write lines such as "
			       "domain: example.org");
	yaml_document_delete(&doc);
	r->doc = NULL;
	if (!root)
		return 0;

	if (!yaml_parser_load(p, &second))
		return syntax_mistake(r, p);
	root = yaml_document_get_root_node(&second);
	if (root)
		config_mistake(r, node_line(root), "",
			       "a second document begins: remove the --- line");
	yaml_document_delete(&second);
	return 0;
}


/** The line in which brackets are open to more than CONFIG_DEPTH_MAX; 0: none. */
static size_t too_deep(struct str yaml)
{
	size_t depth = 0, line = 1;

	for (size_t i = 0; i < yaml.n; i++) {
		char c = yaml.p[i];

		line += c == '\n';
		if (c == ']' || c == '}')
			depth -= depth > 0;
		else if ((c == '[' || c == '{') && ++depth > CONFIG_DEPTH_MAX)
			return line;
	}
	return 0;
}


static int read_yaml(struct config_reading *r, struct str yaml)
{
	yaml_parser_t p;
	size_t deep = too_deep(yaml);
	int err;

	if (deep) {
		config_mistake(r, deep, "",
			       "it is nested too deeply: no value needs more than one list in two "
			       "sections");
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&p))
		return -ENOMEM;
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)(yaml.n ? yaml.p : ""), yaml.n);
	err = read_document(r, &p);
	yaml_parser_delete(&p);
	return err;
}


static int read_config(struct config_reading *r, struct str yaml)
{
	int err;

	for (size_t i = 0; i < options_count && !r->no_memory; i++)
		set_default(r, &options[i]);
	if (r->no_memory)
		return -ENOMEM;

	err = read_yaml(r, yaml);
	if (err == 0) {
		derive_defaults(r);
		/* A value that was not understood is not there; do not complain that it is missing. */
		if (!r->mistakes)
			config_check(r);
	}
	if (r->mistakes > CONFIG_MISTAKES_MAX)
		buf_printf(r->why, "%s: %zu more mistakes: correct these first\n", r->name,
			   r->mistakes - CONFIG_MISTAKES_MAX);
	if (err == -ENOMEM || r->no_memory || r->why->failed)
		return -ENOMEM;
	return r->mistakes ? -EINVAL : 0;
}


static struct config *config_alloc(void)
{
	struct config *c = mem_alloc(sizeof(*c), destroy_config);

	if (!c)
		return NULL;
	c->arena = mem_alloc(sizeof(*c->arena), NULL);
	if (!c->arena)
		return mem_unref(c);
	c->arena->max = CONFIG_ARENA_MAX;
	return c;
}


int config_decode(struct config **ret, struct str yaml, const char *name, struct buf *why)
{
	struct config_reading r = {.name = name, .why = why};
	int err = -ENOMEM;

	if (yaml.n > CONFIG_FILE_MAX) {
		buf_printf(why, "%s: it is longer than %u bytes: this is hardly a configuration\n",
			   name, CONFIG_FILE_MAX);
		return -EINVAL;
	}

	r.config = config_alloc();
	if (r.config)
		r.lines = arena_alloc(r.config->arena, options_count * sizeof(*r.lines));
	if (r.lines)
		err = read_config(&r, yaml);
	if (err) {
		mem_unref(r.config);
		return err;
	}

	*ret = r.config;
	return 0;
}


/** All of a file, at most one byte more than is allowed. */
static int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	while (out->n <= CONFIG_FILE_MAX) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		buf_put(out, chunk, (size_t)n);
	}
	close(fd);
	return err ? err : out->failed ? -ENOMEM : 0;
}


int config_load(struct config **ret, const char *path, struct buf *why)
{
	struct buf text = BUF_INIT(CONFIG_FILE_MAX + 32768);
	int err = read_file(path, &text);

	if (err == 0)
		err = config_decode(ret, buf_str(&text), path, why);
	else if (err != -ENOMEM)
		buf_printf(why, "%s: %s: %s\n", path, strerror(-err),
			   err == -ENOENT   ? "give the path of a configuration with -c"
			   : err == -EACCES ? "let the user that runs the server read it"
					    : "give a readable file");
	buf_done(&text);
	return err;
}
