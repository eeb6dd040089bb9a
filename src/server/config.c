/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration: YAML by libyaml, keys and values by the table of options. */
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <yaml.h>

#include "server/option_type.h"
#include "server/options.h"
#include "server/spelling.h"

/** "policy.session.max-size" is the longest we have; anything longer is unknown anyway. */
#define KEY_MAX 96

/** One run over one file. */
struct reading {
	struct config *config;
	const char *name;
	yaml_document_t *doc;
	size_t *lines; /**< of each option: where it is given, 0: it is not */
	struct buf *why;
	size_t mistakes;
	bool no_memory;
};


static void destroy_config(void *object)
{
	struct config *c = object;

	if (c->arena)
		arena_done(c->arena);
	mem_unref(c->arena);
}


static size_t index_of(const struct option *o)
{
	return (size_t)(o - options);
}


static void *field_of(struct config *c, const struct option *o)
{
	return (char *)c + o->offset;
}


static size_t line_of(const struct reading *r, const char *key)
{
	return r->lines[index_of(option_find(key))];
}


/** ---- Mistakes ---- */

/** Begins a line of `why`; false when enough of them have been told. */
static bool mistake_begin(struct reading *r, size_t line, struct str key)
{
	if (++r->mistakes > CONFIG_MISTAKES_MAX)
		return false;
	buf_puts(r->why, str_of(r->name));
	if (line)
		buf_printf(r->why, ":%zu", line);
	buf_puts(r->why, STR(": "));
	for (size_t i = 0; i < key.n && i < KEY_MAX; i++)
		buf_putc(r->why, (unsigned char)key.p[i] < ' ' || key.p[i] == 127 ? '?' : key.p[i]);
	if (key.n)
		buf_puts(r->why, STR(": "));
	return true;
}


/** `what` may hold ": remedy" at its end. */
__attribute__((format(printf, 4, 5))) static void mistake(struct reading *r, size_t line,
							  const char *key, const char *what, ...)
{
	va_list ap;

	if (!mistake_begin(r, line, str_of(key)))
		return;
	va_start(ap, what);
	buf_vprintf(r->why, what, ap);
	va_end(ap);
	buf_putc(r->why, '\n');
}


/** What an option is and looks like: "give a duration, such as 7d". */
static void mistake_type(struct reading *r, size_t line, const struct option *o, const char *what)
{
	const char *example = o->initial[0] && !o->type->many ? o->initial : o->type->example;

	mistake(r, line, o->key, "%s: give %s, such as %s", what, o->type->name, example);
}


/** ---- Keys ---- */

/** Some key begins with `path` and a dot. */
static bool is_section(struct str path)
{
	for (size_t i = 0; i < options_count; i++)
		if (str_starts(str_of(options[i].key), path) && options[i].key[path.n] == '.')
			return true;
	return false;
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


static void mistake_unknown(struct reading *r, size_t line, struct str key)
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
static void read_scalar(struct reading *r, size_t line, const struct option *o, struct str text,
			void *field)
{
	char storage[2][OPTION_MISTAKE_MAX];
	struct option_mistake m;
	int err;

	if (text.n > OPTION_VALUE_MAX) {
		mistake(r, line, o->key, "it is longer than %d bytes: shorten it",
			OPTION_VALUE_MAX);
		return;
	}
	if (has_controls(text)) {
		mistake(r, line, o->key, "it contains a control character: remove that");
		return;
	}

	buf_fixed(&m.what, storage[0], sizeof(storage[0]));
	buf_fixed(&m.remedy, storage[1], sizeof(storage[1]));
	err = o->type->decode(o, text, field, r->config->arena, &m);
	if (err == -ENOMEM)
		r->no_memory = true;
	else if (err)
		mistake(r, line, o->key, STR_FMT ": " STR_FMT, STR_ARG(buf_str(&m.what)),
			STR_ARG(buf_str(&m.remedy)));
}


/** The field starts anew, a list with room for `n` items. False: there is none. */
static bool field_begin(struct reading *r, const struct option *o, size_t n)
{
	struct option_list *list = field_of(r->config, o);

	memset(list, 0, o->size);
	if (!o->type->item_size || !n)
		return true;
	list->v = arena_alloc(r->config->arena, n * o->type->item_size);
	r->no_memory |= !list->v;
	return list->v;
}


/** The next item of a list, or the one field of anything else. */
static void *next_item(struct reading *r, const struct option *o)
{
	struct option_list *list = field_of(r->config, o);

	if (!o->type->item_size)
		return list;
	return (char *)list->v + list->n++ * o->type->item_size;
}


static void read_list(struct reading *r, const struct option *o, const yaml_node_t *n)
{
	size_t count = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);

	if (count > OPTION_LIST_MAX) {
		mistake(r, node_line(n), o->key, "it has %zu items: %d are the most", count,
			OPTION_LIST_MAX);
		return;
	}
	if (count < o->min) {
		mistake_type(r, node_line(n), o, "the list is empty");
		return;
	}
	if (!field_begin(r, o, count))
		return;

	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
	     i++) {
		const yaml_node_t *item = yaml_document_get_node(r->doc, *i);

		if (item->type != YAML_SCALAR_NODE)
			mistake(r, node_line(item), o->key,
				"an item of the list is itself a list or a section: write one "
				"text, "
				"such as %s",
				o->type->example);
		else
			read_scalar(r, node_line(item), o, scalar_of(item), next_item(r, o));
	}
}


static void read_option(struct reading *r, const struct option *o, size_t line,
			const yaml_node_t *n)
{
	size_t *given = &r->lines[index_of(o)];

	if (*given) {
		mistake(r, line, o->key, "it is given in line %zu already: keep one of the two",
			*given);
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
		mistake_type(r, node_line(n), o,
			     n->type == YAML_SEQUENCE_NODE ? "it takes no list"
							   : "it is a section here");
	}
}


static void read_mapping(struct reading *r, struct str path, const yaml_node_t *n);


static void read_pair(struct reading *r, struct str path, const yaml_node_t *key,
		      const yaml_node_t *value)
{
	char storage[KEY_MAX + 1];
	struct buf full;
	const struct option *o = NULL;
	const char *name;

	if (key->type != YAML_SCALAR_NODE) {
		mistake_unknown(r, node_line(key), path);
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
		mistake_unknown(r, node_line(key), name ? buf_str(&full) : scalar_of(key));
	else if (value->type == YAML_MAPPING_NODE)
		read_mapping(r, buf_str(&full), value);
	else if (!is_null(value))
		mistake(r, node_line(key), name,
			"it is a section, and has keys of its own: see "
			"parley.yaml(5) for those there are");
}


static void read_mapping(struct reading *r, struct str path, const yaml_node_t *n)
{
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
		read_pair(r, path, yaml_document_get_node(r->doc, p->key),
			  yaml_document_get_node(r->doc, p->value));
}


/* ---- Defaults ---- */

static void set_default(struct reading *r, const struct option *o)
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
static void derive(struct reading *r, struct str *field, struct str prefix, struct str value)
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
static void derive_defaults(struct reading *r)
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


/* ---- What one option alone cannot tell ---- */

static void check_tls(struct reading *r)
{
	static const struct {
		const char *key;
		size_t offset;
	} lists[] = {
		{"listen", offsetof(struct config, listen)},
		{"msrp.listen", offsetof(struct config, msrp_listen)},
	};
	const struct config *c = r->config;

	if (c->tls.key.n && !c->tls.certificate.n)
		mistake(r, line_of(r, "tls.key"), "tls.key",
			"there is no certificate for it: set tls.certificate, too");
	for (size_t i = 0; i < 2; i++) {
		const struct config_listens *l = (const void *)((const char *)c + lists[i].offset);

		for (size_t j = 0; j < l->n && !c->tls.certificate.n; j++)
			if (l->v[j].transport == CONFIG_TLS)
				mistake(r, line_of(r, lists[i].key), lists[i].key,
					STR_FMT
					" needs a certificate: set tls.certificate and tls.key",
					STR_ARG(l->v[j].text));
	}
}


static void check_listen(struct reading *r, const char *key, const struct config_listens *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < i; j++)
			if ((l->v[i].transport == CONFIG_UDP) ==
				    (l->v[j].transport == CONFIG_UDP) &&
			    addr_port(&l->v[i].addr) && addr_eq(&l->v[i].addr, &l->v[j].addr))
				mistake(r, line_of(r, key), key,
					STR_FMT " and " STR_FMT
						" are the same place: give one of them "
						"another port",
					STR_ARG(l->v[j].text), STR_ARG(l->v[i].text));
}


/** `a` must not be above `b`. */
static void check_order(struct reading *r, const char *key_a, const char *key_b)
{
	const struct option *a = option_find(key_a), *b = option_find(key_b);
	uint32_t va = *(uint32_t *)field_of(r->config, a), vb = *(uint32_t *)field_of(r->config, b);
	size_t line = line_of(r, key_a) > line_of(r, key_b) ? line_of(r, key_a) : line_of(r, key_b);
	const char *key = line == line_of(r, key_a) ? key_a : key_b;
	char storage[2][64];
	struct buf text[2];

	if (va <= vb)
		return;
	buf_fixed(&text[0], storage[0], sizeof(storage[0]));
	buf_fixed(&text[1], storage[1], sizeof(storage[1]));
	option_put_number(a, va, &text[0]);
	option_put_number(b, vb, &text[1]);
	mistake(r, line, key,
		"%s (" STR_FMT ") is longer than %s (" STR_FMT "): change one of the two", key_a,
		STR_ARG(buf_str(&text[0])), key_b, STR_ARG(buf_str(&text[1])));
}


static void check_service_uris(struct reading *r)
{
	static const char *const keys[] = {"conference.factory", "service-uris.exploder",
					   "service-uris.deferred", "service-uris.history",
					   "service-uris.system-message"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct str *a = field_of(r->config, option_find(keys[i]));

		for (size_t j = 0; j < i; j++) {
			const struct str *b = field_of(r->config, option_find(keys[j]));
			bool second = line_of(r, keys[i]) >= line_of(r, keys[j]);

			if (str_eq(*a, *b))
				mistake(r, line_of(r, keys[second ? i : j]), keys[second ? i : j],
					STR_FMT
					" is %s already: give each function a URI of its own",
					STR_ARG(*a), keys[second ? j : i]);
		}
	}
}


static void check_ims(struct reading *r)
{
	if (r->config->core == CONFIG_CORE_IMS && !r->config->ims.peers.n)
		mistake(r, line_of(r, "core"), "core",
			"an IMS core is trusted by its addresses, and none is given: set "
			"ims.peers");
}


static void check_media_path(struct reading *r)
{
	size_t at = line_of(r, "msrp.listen");

	if (r->config->msrp_listen.n || r->config->media_path & CONFIG_MEDIA_NEVER ||
	    !r->config->media_path)
		return;
	if (line_of(r, "media-path") > at)
		at = line_of(r, "media-path");
	mistake(r, at, "msrp.listen",
		"media that pass through the server want an address for MSRP: set it, or "
		"media-path: "
		"never");
}


static void check_whole(struct reading *r)
{
	check_tls(r);
	check_listen(r, "listen", &r->config->listen);
	check_listen(r, "msrp.listen", &r->config->msrp_listen);
	check_ims(r);
	check_media_path(r);
	check_order(r, "registrar.min-expires", "registrar.default-expires");
	check_order(r, "registrar.default-expires", "registrar.max-expires");
	check_order(r, "timers.min-se", "timers.session-expires");
	check_service_uris(r);
}


/* ---- The file ---- */

static int syntax_mistake(struct reading *r, const yaml_parser_t *p)
{
	bool reader = p->error == YAML_READER_ERROR;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	mistake(r, reader ? 0 : p->problem_mark.line + 1, "", "it is not YAML: %s: correct it%s",
		p->problem ? p->problem : "it cannot be read",
		reader ? "; the file must be UTF-8 text" : " here or just above");
	return -EINVAL;
}


/** The one document of `yaml`, walked. */
static int read_document(struct reading *r, yaml_parser_t *p)
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
		mistake(r, node_line(root), "",
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
		mistake(r, node_line(root), "", "a second document begins: remove the --- line");
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


static int read_yaml(struct reading *r, struct str yaml)
{
	yaml_parser_t p;
	size_t deep = too_deep(yaml);
	int err;

	if (deep) {
		mistake(r, deep, "",
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


static int read_config(struct reading *r, struct str yaml)
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
			check_whole(r);
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
	struct reading r = {.name = name, .why = why};
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
