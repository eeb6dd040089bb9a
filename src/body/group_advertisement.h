/* SPDX-License-Identifier: Apache-2.0 */
/**
 * News of a group, sent to those who might join: application/vnd.poc.group-advertisement+xml (digest e11).
 *
 *     <group-advertisement xmlns="urn:oma:params:xml:ns:poc:group-advertisement">
 *       <note>…</note>
 *       <group type="dialed-in"><display-name>…</display-name><uri>…</uri></group>
 *     </group-advertisement>
 *
 * Read by local names, in whatever namespace.
 */
#ifndef BODY_GROUP_ADVERTISEMENT_H
#define BODY_GROUP_ADVERTISEMENT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define GROUP_ADVERTISEMENT_TYPE STR("application/vnd.poc.group-advertisement+xml")
#define GROUP_ADVERTISEMENT_NS STR("urn:oma:params:xml:ns:poc:group-advertisement")
/** It travels as a message: a note and some groups. */
#define GROUP_ADVERTISEMENT_SIZE_MAX 65536
/** Groups in one of them. */
#define GROUP_ADVERTISEMENT_MAX 16

enum group_advertised {
	GROUP_ADVERTISED_UNSAID, /**< or a value that is not known */
	GROUP_DIALED_IN,         /**< whoever likes joins in */
	GROUP_DIALED_OUT,        /**< members are invited */
};

struct group_advertisement {
	struct str note; /**< empty: none */
	size_t n;
	struct {
		enum group_advertised type;
		struct str display_name; /**< empty: none */
		struct str uri;          /**< never empty */
	} group[GROUP_ADVERTISEMENT_MAX];
};

/**
 * Texts go into `a`. Groups without a URI are left out. -EBADMSG: not such a document, or no group in it;
 * -ENOBUFS; -ENOMEM.
 */
int group_advertisement_decode(struct group_advertisement *ret, struct str text, struct arena *a);
/** Appends the document. */
void group_advertisement_encode(struct buf *out, const struct group_advertisement *g);

#endif
