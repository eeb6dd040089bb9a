/* SPDX-License-Identifier: Apache-2.0 */
/* XML documents by libxml2, within bounds. */
#include "body/xml.h"

#include <errno.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

struct xml_doc {
	xmlDocPtr tree;
};

/* Of one parse; hangs on the parser's context. */
struct xml_guard {
	unsigned depth, nodes;
	bool too_much, forbidden;
};


static void destroy(void *object)
{
	struct xml_doc *d = object;

	if (d->tree)
		xmlFreeDoc(d->tree);
}


static struct xml_guard *guard_of(void *ctx)
{
	return ((xmlParserCtxtPtr)ctx)->_private;
}


static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int ns_n, const xmlChar **ns, int attributes_n, int defaulted,
		     const xmlChar **attributes)
{
	struct xml_guard *g = guard_of(ctx);

	g->nodes += 1 + (unsigned)attributes_n + (unsigned)ns_n;
	if (++g->depth > XML_DEPTH_MAX || g->nodes > XML_NODES_MAX) {
		g->too_much = true;
		xmlStopParser(ctx);
		return;
	}
	xmlSAX2StartElementNs(ctx, name, prefix, uri, ns_n, ns, attributes_n, defaulted,
			      attributes);
}


static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	guard_of(ctx)->depth--;
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
}


/* Called at the start of <!DOCTYPE>, before any declaration in it is looked at. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	guard_of(ctx)->forbidden = true;
	xmlStopParser(ctx);
}


/* Comments and processing instructions carry nothing that is asked for, and cost memory. */
static void on_comment(void *ctx, const xmlChar *text)
{
	(void)ctx;
	(void)text;
}


static void on_instruction(void *ctx, const xmlChar *target, const xmlChar *data)
{
	(void)ctx;
	(void)target;
	(void)data;
}


static xmlParserCtxtPtr parser_alloc(struct xml_guard *g)
{
	xmlParserCtxtPtr ctx = xmlNewParserCtxt();

	if (!ctx)
		return NULL;
	ctx->_private = g;
	ctx->sax->internalSubset = on_doctype;
	ctx->sax->startElementNs = on_start;
	ctx->sax->endElementNs = on_end;
	ctx->sax->comment = on_comment;
	ctx->sax->processingInstruction = on_instruction;
	return ctx;
}


int xml_decode(struct xml_doc **ret, struct str text)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_COMPACT;
	struct xml_guard guard = {.depth = 0};
	struct xml_doc *d;
	xmlParserCtxtPtr ctx;
	int err = 0;

	if (text.n > XML_SIZE_MAX)
		return -ENOBUFS;
	if (!text.n || memchr(text.p, '\0', text.n))
		return -EBADMSG;

	d = mem_alloc(sizeof(*d), destroy);
	if (!d)
		return -ENOMEM;
	ctx = parser_alloc(&guard);
	if (!ctx) {
		mem_unref(d);
		return -ENOMEM;
	}
	/* RFC 5438 11.1 and its like: "MUST be encoded using UTF-8". What the document says of itself does
	 * not count. */
	d->tree = xmlCtxtReadMemory(ctx, text.p, (int)text.n, NULL, "UTF-8", options);
	if (guard.too_much)
		err = -ENOBUFS;
	else if (ctx->lastError.code == XML_ERR_NO_MEMORY)
		err = -ENOMEM;
	else if (guard.forbidden || !ctx->wellFormed || !ctx->nsWellFormed || !d->tree ||
		 !xmlDocGetRootElement(d->tree))
		err = -EBADMSG;
	xmlFreeParserCtxt(ctx);
	if (err) {
		mem_unref(d);
		return err;
	}
	*ret = d;
	return 0;
}


/* ---- Looking up ---- */

static xmlNodePtr node_of(const struct xml_node *e)
{
	return (xmlNodePtr)(uintptr_t)e;
}


static const struct xml_node *as_node(xmlNodePtr n)
{
	return (const struct xml_node *)n;
}


static bool text_is(const xmlChar *text, struct str s)
{
	return str_eq(str_of((const char *)text), s);
}


const struct xml_node *xml_root(const struct xml_doc *d)
{
	return as_node(xmlDocGetRootElement(d->tree));
}


bool xml_is(const struct xml_node *e, struct str ns, struct str name)
{
	xmlNodePtr n = node_of(e);

	return text_is(n->name, name) && text_is(n->ns ? n->ns->href : NULL, ns);
}


struct str xml_name(const struct xml_node *e)
{
	return str_of((const char *)node_of(e)->name);
}


static const struct xml_node *element_from(xmlNodePtr n)
{
	while (n && n->type != XML_ELEMENT_NODE)
		n = n->next;
	return as_node(n);
}


const struct xml_node *xml_first(const struct xml_node *e)
{
	return element_from(node_of(e)->children);
}


const struct xml_node *xml_next(const struct xml_node *e)
{
	return element_from(node_of(e)->next);
}


const struct xml_node *xml_child(const struct xml_node *e, struct str ns, struct str name)
{
	for (e = xml_first(e); e; e = xml_next(e)) {
		if (xml_is(e, ns, name))
			return e;
	}
	return NULL;
}


int xml_text(const struct xml_node *e, struct arena *a, struct str *ret)
{
	struct buf b = BUF_INIT(XML_SIZE_MAX);
	struct str kept;

	for (xmlNodePtr n = node_of(e)->children; n; n = n->next) {
		if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
			buf_puts(&b, str_of((const char *)n->content));
	}
	kept = b.failed ? STR_NULL : arena_str(a, str_trim(b.n ? buf_str(&b) : STR("")));
	buf_done(&b);
	if (!kept.p)
		return -ENOBUFS;
	*ret = kept;
	return 0;
}


bool xml_attribute(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	for (xmlAttrPtr at = node_of(e)->properties; at; at = at->next) {
		if (at->ns || !text_is(at->name, name))
			continue;
		struct str kept = arena_str(
			a, str_of(at->children ? (const char *)at->children->content : ""));

		if (!kept.p)
			return false;
		*ret = kept;
		return true;
	}
	return false;
}


/* ---- By local name ---- */

bool xml_named(const struct xml_node *e, struct str name)
{
	return text_is(node_of(e)->name, name);
}


static const struct xml_node *named_from(const struct xml_node *e, struct str name)
{
	while (e && !xml_named(e, name))
		e = xml_next(e);
	return e;
}


const struct xml_node *xml_find(const struct xml_node *e, struct str name)
{
	return e ? named_from(xml_first(e), name) : NULL;
}


const struct xml_node *xml_find_next(const struct xml_node *e, struct str name)
{
	return e ? named_from(xml_next(e), name) : NULL;
}


static xmlAttrPtr attribute_named(const struct xml_node *e, struct str name)
{
	xmlAttrPtr found = NULL;

	for (xmlAttrPtr at = node_of(e)->properties; at; at = at->next) {
		if (!text_is(at->name, name))
			continue;
		if (!at->ns)
			return at;
		if (!found)
			found = at;
	}
	return found;
}


int xml_value(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	xmlAttrPtr at = attribute_named(e, name);
	struct buf b = BUF_INIT(XML_SIZE_MAX);
	struct str kept;

	if (!at)
		return -ENOENT;
	for (xmlNodePtr n = at->children; n; n = n->next) {
		if (n->type == XML_TEXT_NODE)
			buf_puts(&b, str_of((const char *)n->content));
	}
	kept = b.failed ? STR_NULL : arena_str(a, str_trim(b.n ? buf_str(&b) : STR("")));
	buf_done(&b);
	if (!kept.p)
		return -ENOBUFS;
	*ret = kept;
	return 0;
}


/* ---- Writing ---- */

/* XML 1.0 section 3.3.3: in a value, line ends and tabs become blanks unless they are references. */
void xml_put_attribute(struct buf *out, struct str name, struct str value)
{
	buf_putc(out, ' ');
	buf_puts(out, name);
	buf_puts(out, STR("=\""));
	while (value.n) {
		size_t n = 0;

		while (n < value.n && !memchr("\t\n\r", value.p[n], 3))
			n++;
		xml_escape(str_upto(value, n), out);
		if (n < value.n)
			buf_printf(out, "&#%d;", value.p[n++]);
		value = str_from(value, n);
	}
	buf_putc(out, '"');
}


void xml_put_element(struct buf *out, struct str name, struct str text)
{
	buf_putc(out, '<');
	buf_puts(out, name);
	buf_putc(out, '>');
	xml_escape(text, out);
	buf_puts(out, STR("</"));
	buf_puts(out, name);
	buf_putc(out, '>');
}


void xml_escape(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		switch (c) {
		case '&':
			buf_puts(out, STR("&amp;"));
			break;
		case '<':
			buf_puts(out, STR("&lt;"));
			break;
		case '>':
			buf_puts(out, STR("&gt;"));
			break;
		case '"':
			buf_puts(out, STR("&quot;"));
			break;
		default:
			buf_putc(out,
				 c < 0x20 && c != '\t' && c != '\n' && c != '\r' ? '?' : (char)c);
		}
	}
}
