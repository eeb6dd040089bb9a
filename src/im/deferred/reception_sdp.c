/* SPDX-License-Identifier: Apache-2.0 */
/* What the sender of a large message offers, as far as it is kept with the message, and what it is answered. */
#include <errno.h>

#include "base/mem.h"
#include "im/deferred/reception.h"

/** Of the offer, what is offered again when it is brought (RFC 5547 6). */
static const struct str media_lines[] = {
	STR_INIT("accept-types"),     STR_INIT("accept-wrapped-types"), STR_INIT("file-selector"),
	STR_INIT("file-transfer-id"), STR_INIT("file-disposition"),     STR_INIT("file-date"),
};
/** Our description: one medium, and refused ones. */
#define SAID_MAX 16384


static void put_attribute(struct buf *b, struct str name, struct str value)
{
	buf_puts(b, STR("a="));
	buf_puts(b, name);
	buf_putc(b, ':');
	buf_puts(b, value);
	buf_puts(b, STR("\r\n"));
}


/* RFC 5547: the sender's words of the file, and what it would send. */
int reception_keep_media(struct reception *r, const struct sdp *d, const struct sdp_msrp *o)
{
	struct str section = d->medium[o->at].text, value;
	struct buf lines = BUF_INIT(STORE_DEFERRED_MEDIA_MAX);
	struct buf name = BUF_INIT(STORE_DEFERRED_TEXT_MAX);
	struct sdp_file f = {0};
	int err = 0;

	for (size_t i = 0; i < sizeof(media_lines) / sizeof(media_lines[0]); i++)
		if (sdp_attribute(section, media_lines[i], &value))
			put_attribute(&lines, media_lines[i], value);
	if (o->file_selector.n && sdp_file_decode(&f, o->file_selector) == 0)
		sdp_file_name_put(&name, f.name);
	if (lines.failed || name.failed)
		err = -EBADMSG;
	r->text = err ? NULL : mem_raw(lines.n + name.n + 1);
	if (r->text) {
		r->m.media = (struct str){r->text, lines.n};
		r->m.name = (struct str){r->text + lines.n, name.n};
		if (lines.n)
			memcpy(r->text, lines.p, lines.n);
		if (name.n)
			memcpy(r->text + lines.n, name.p, name.n);
	} else if (!err) {
		err = -ENOMEM;
	}
	if (!err && f.sized && f.size > r->max_size)
		err = -E2BIG;
	buf_done(&lines);
	buf_done(&name);
	return err;
}


static void put_types(struct buf *b, const struct reception *r)
{
	buf_puts(b, STR("message/cpim "));
	buf_puts(b, r->types.n ? r->types : STR("*"));
}


/* a=recvonly; RFC 4975 8.6: max-size is what we take. */
int reception_describe(struct reception *r, const struct sdp *d, const struct sdp_msrp *o)
{
	char storage[RECEPTION_TYPES_MAX + 32];
	struct buf types;
	struct sdp_own own = {.direction = SDP_RECVONLY};

	buf_fixed(&types, storage, sizeof(storage));
	media_end_describe(&r->media, &own.end);
	put_types(&types, r);
	own.accept = r->types.n ? buf_str(&types) : STR("*");
	own.accept_wrapped = r->types.n ? r->types : STR("*");
	own.max_size = r->max_size == UINT64_MAX ? 0 : r->max_size;
	/* RFC 5547 8.2: the answerer copies the file-selector and the file-transfer-id of the offer. */
	struct str media = r->m.media, line;
	struct buf lines = BUF_INIT(STORE_DEFERRED_MEDIA_MAX);

	while ((line = str_cut(&media, '\n')).n)
		if (str_starts(line, STR("a=file-selector:")) ||
		    str_starts(line, STR("a=file-transfer-id:"))) {
			buf_puts(&lines, line);
			buf_putc(&lines, '\n');
		}
	own.lines = buf_str(&lines);
	buf_init(&r->said, SAID_MAX);
	if (d)
		sdp_answer(&r->said, d, o->at, &own);
	else
		sdp_compose(&r->said, &own);
	bool failed = lines.failed || r->said.failed || types.failed;

	buf_done(&lines);
	return failed ? -ENOMEM : 0;
}
