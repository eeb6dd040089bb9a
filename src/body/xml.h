/* SPDX-License-Identifier: Apache-2.0 */
/**
 * XML documents from strangers: the one door to libxml2.
 *
 * A document is read into a tree once, whole, under these rules: UTF-8 well-formed XML 1.0, no DTD and
 * therefore no entity but the five of XML itself, nothing fetched from anywhere, size, depth and number
 * of nodes below the ceilings. Elements are looked up by namespace and local name.
 *
 * Text that is looked up is copied into the caller's arena, so that it outlives the tree.
 */
#ifndef BODY_XML_H
#define BODY_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

/** A settings or group document of a busy user has some kilobytes. */
#define XML_SIZE_MAX (256 * 1024)
/** The deepest document we know has 9 levels; parsing is recursive in places. */
#define XML_DEPTH_MAX 32
/** Elements and attributes: a tree costs some 100 bytes for each. */
#define XML_NODES_MAX 16384

struct xml_doc; /**< counted */
struct xml_node;

/** -EBADMSG: not such a document; -ENOBUFS: a ceiling is passed; -ENOMEM. */
int xml_decode(struct xml_doc **ret, struct str text);
/** The root element. Nodes are valid as long as the document. */
const struct xml_node *xml_root(const struct xml_doc *d);

/** `e` is this element; `ns` empty: no namespace. */
bool xml_is(const struct xml_node *e, struct str ns, struct str name);
/** Local name. */
struct str xml_name(const struct xml_node *e);
/** First child element with this name, NULL when absent. */
const struct xml_node *xml_child(const struct xml_node *e, struct str ns, struct str name);
/** First child element, and the next sibling element, whatever they are called. */
const struct xml_node *xml_first(const struct xml_node *e);
const struct xml_node *xml_next(const struct xml_node *e);
/**
 * The text of an element with blanks at both ends dropped, what stands in child elements left out.
 * -ENOBUFS: it does not fit into the arena.
 */
int xml_text(const struct xml_node *e, struct arena *a, struct str *ret);
/** Value of an attribute without a namespace; false: absent. */
bool xml_attribute(const struct xml_node *e, struct str name, struct arena *a, struct str *ret);

/**
 * The same by local name alone, whatever the namespace or none: OMA documents are read like that, since
 * the namespaces that are in use differ from release to release.
 */
bool xml_named(const struct xml_node *e, struct str name);
/** The first child so named, and the next sibling of `e` so named; NULL: none. `e` may be NULL. */
const struct xml_node *xml_find(const struct xml_node *e, struct str name);
const struct xml_node *xml_find_next(const struct xml_node *e, struct str name);
/**
 * Value of an attribute, blanks at both ends dropped; of two with this local name the one without a
 * namespace. -ENOENT: absent; -ENOBUFS: it does not fit into the arena. To be used where an absent
 * attribute means something.
 */
int xml_value(const struct xml_node *e, struct str name, struct arena *a, struct str *ret);

/** ---- Writing ---- */
#define XML_DECLARATION STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")

/** Appends ` name="value"`, escaped. */
void xml_put_attribute(struct buf *out, struct str name, struct str value);
/** Appends `<name>text</name>`, escaped. */
void xml_put_element(struct buf *out, struct str name, struct str text);
/** Appends `text` as character data: & < > " escaped, what XML cannot hold replaced by '?'. */
void xml_escape(struct str text, struct buf *out);

#endif
