/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Message/CPIM (RFC 3862) with the header fields of RFC 5438 (IMDN), to and from bytes.
 *
 * A CPIM object is message headers, an empty line, MIME headers of the content, an empty line, the
 * content. Decoding makes views into the bytes given: nothing is copied or allocated, and a forwarded
 * object stays byte for byte as it came (2.2: "MUST NOT be modified, reformatted or reordered").
 * Values keep their escapes (2.3); cpim_unescape undoes them.
 *
 * Headers are looked up by namespace, never by the prefix that a sender happened to choose (3.4).
 * Names are compared exactly, as 2.2 wants. Taken although the document forbids to send it: a line
 * that ends in LF alone, no or several blanks after the colon, blanks at the end of a line.
 */
#ifndef BODY_CPIM_H
#define BODY_CPIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** Message headers of one object; real ones have about ten. */
#define CPIM_HEADERS_MAX 64
/** MIME headers of the content; real ones have about three. */
#define CPIM_MIME_MAX 16
/** NS declarations of one object. */
#define CPIM_NAMESPACES_MAX 16
/** IMDN-Record-Route fields that are copied into an IMDN: intermediaries on one way. */
#define CPIM_ROUTES_MAX 16

/** The default namespace (RFC 3862 section 4) and that of RFC 5438 section 6.1. */
#define CPIM_NS STR("urn:ietf:params:cpim-headers:")
#define CPIM_NS_IMDN STR("urn:ietf:params:imdn")

/** Values of Disposition-Notification (RFC 5438 section 10). */
enum cpim_notify {
	CPIM_NOTIFY_POSITIVE_DELIVERY = 1 << 0,
	CPIM_NOTIFY_NEGATIVE_DELIVERY = 1 << 1,
	CPIM_NOTIFY_PROCESSING = 1 << 2,
	CPIM_NOTIFY_DISPLAY = 1 << 3,
};

struct cpim_header {
	struct str ns;     /**< URI of its namespace */
	struct str name;   /**< without the prefix */
	struct str params; /**< after the colon's first ';' ("lang=fr"); empty: none */
	struct str value;  /**< escapes kept */
};

struct cpim_mime_header {
	struct str name;  /**< any case */
	struct str value; /**< a folded one still holds its line ends */
};

struct cpim {
	uint8_t headers, mime;
	struct cpim_header header[CPIM_HEADERS_MAX];
	struct cpim_mime_header mime_header[CPIM_MIME_MAX];

	/* The first of each; STR_NULL when absent. */
	struct str from, to, date_time, subject;
	struct str message_id, original_to; /**< RFC 5438 */
	unsigned notify; /**< of enum cpim_notify; values not understood are ignored */

	struct str content_type, content_disposition;
	struct str content;
};

/**
 * `text` is the whole object. -EBADMSG: not Message/CPIM: a control character in a header, a name that
 * is none, a prefix never declared, no Content-Type in the content (2.4: "MUST include at least"), a
 * Content-Length beyond the end. -ENOBUFS: more headers than the ceilings above.
 */
int cpim_decode(struct cpim *ret, struct str text);
/** The same of its beginning, while the content is still to come: a Content-Length is not judged. */
int cpim_decode_head(struct cpim *ret, struct str text);
/** Value of the first header with this name; STR_NULL when absent. */
struct str cpim_header(const struct cpim *c, struct str ns, struct str name);
/** The next one after header number `*at` (start with 0); false: no more. */
bool cpim_header_next(const struct cpim *c, struct str ns, struct str name, uint8_t *at,
		      struct str *ret);
/** Value of a MIME header of the content, any case. */
struct str cpim_mime(const struct cpim *c, struct str name);
/**
 * Every header named in a Require header (3.5) is among those that this codec has a field for. What a
 * recipient must not take otherwise.
 */
bool cpim_require_known(const struct cpim *c);

/** [ Formal-name ] "<" URI ">": the name without quotes, escapes kept. -EBADMSG. */
int cpim_address_decode(struct str *ret_name, struct str *ret_uri, struct str value);
/** Undoes the escapes of 2.3 as text in UTF-8. */
void cpim_unescape(struct str value, struct buf *out);

struct cpim_params {
	struct str from_name, from; /**< URI without <>; the name may be empty */
	struct str to_name, to;
	int64_t date_ms; /**< since 1970; negative: no DateTime */
	struct str subject;
	struct str message_id;    /**< empty: none, and no IMDN header at all */
	unsigned notify;          /**< of enum cpim_notify */
	const struct str *routes; /**< IMDN-Route: values as received, in order */
	size_t routes_n;
	struct str content_type;
	struct str content_disposition; /**< empty: none */
	struct str content;
	uint64_t
		following; /**< bytes of content that the caller puts behind what is in `content` */
};
/** Appends the object. Check the buffer. */
void cpim_encode(const struct cpim_params *p, struct buf *out);
/** Appends `ms` since 1970 as RFC 3339 has it: "2026-01-01T00:00:00Z". */
void cpim_date_encode(int64_t ms, struct buf *out);

/** The other way, with any offset and fraction: milliseconds since 1970; -EBADMSG. */
int cpim_date_decode(int64_t *ret_ms, struct str value);

/** Appends the names of these dispositions, comma separated. */
void cpim_notify_encode(unsigned notify, struct buf *out);

#endif
