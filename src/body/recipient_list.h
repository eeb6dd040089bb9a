/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Lists of recipients in the bodies of requests: invited (RFC 5366), sent to (RFC 5365), referred to
 * (RFC 5368), and what the recipients are told of each other (RFC 5364 section 4).
 *
 * A request with a list has it as its only body, or beside its content in a multipart/mixed:
 *
 *     recipient_list_find(&f, content_type, disposition, body, RECIPIENT_LIST)
 *             → the list to be decoded (resource_lists_decode), and the content to be carried on
 *     resource_items_merge: nobody gets two copies
 *     recipient_list_encode: the content again, with the history beside it
 *
 * All found is a view into the body.
 */
#ifndef BODY_RECIPIENT_LIST_H
#define BODY_RECIPIENT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "body/resource_lists.h"

/** Values of Content-Disposition. */
#define RECIPIENT_LIST STR("recipient-list")
#define RECIPIENT_LIST_HISTORY STR("recipient-list-history")
/** Option tags that go with the three uses. */
#define RECIPIENT_LIST_INVITE_TAG STR("recipient-list-invite")
#define RECIPIENT_LIST_MESSAGE_TAG STR("recipient-list-message")
#define RECIPIENT_LIST_REFER_TAG STR("multiple-refer")

/** Headers and body of a request as they stand; STR_NULL: absent. */
struct recipient_body {
	struct str content_type, content_disposition, content_id;
	struct str body;
};

struct recipient_list {
	struct str xml; /**< the list */
	/** What is not the list: the first other part. STR_NULL: there is none. */
	struct str content_type, content_disposition;
	struct str content;
	/** And how many more there are, not shown here. */
	size_t more;
};

/**
 * The part with this disposition (and the type of resource lists); a list that is the only body needs none to be a
 * RECIPIENT_LIST. -ENOENT: there is none; -EBADMSG: a body that
 * cannot be read, or two such lists; -ENOBUFS: a ceiling of mime.h.
 */
int recipient_list_find(struct recipient_list *ret, const struct recipient_body *b,
			struct str disposition);
/**
 * The list that a Refer-To points to: `cid` is the URL, "cid:cn35t8jf02@example.com" (RFC 5368 6, RFC 2392). Results
 * as above.
 */
int recipient_list_refer(struct recipient_list *ret, const struct recipient_body *b,
			 struct str cid);

/** What goes beside a list. */
struct recipient_content {
	struct str type;        /**< "application/sdp"; empty: the list is alone */
	struct str disposition; /**< empty: none */
	struct str content;
};
/**
 * Appends a multipart/mixed of the content and the entries of `items`; with RECIPIENT_LIST_HISTORY as recipients may
 * see it (resource_lists_encode_history). `boundary` (at most MIME_BOUNDARY_MAX, of letters and digits) must be
 * random: it is not looked for in the content. Without content: the list alone, for a body with
 * Content-Type RESOURCE_LISTS_TYPE and this Content-Disposition.
 */
void recipient_list_encode(struct buf *out, const struct recipient_content *c,
			   const struct resource_item *items, size_t n, struct str disposition,
			   struct str boundary);
/** The same with a list that is encoded already. */
void recipient_list_wrap(struct buf *out, const struct recipient_content *c, struct str xml,
			 struct str disposition, struct str boundary);
/** Appends `multipart/mixed;boundary="…"`. */
void recipient_list_put_type(struct buf *out, struct str boundary);

#endif
