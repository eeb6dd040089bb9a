/* SPDX-License-Identifier: Apache-2.0 */
/* A message while it is being written. */
#include "scenario/runner/draft.h"

#include "scenario/runner/play.h"


void scn_draft_init(struct scn_draft *d, struct arena *a)
{
	memset(d, 0, sizeof(*d));
	d->arena = a;
}


static bool same_name(struct str a, struct str b)
{
	return str_eq_nocase(scn_header_full(a), scn_header_full(b));
}


static void insert(struct scn_draft *d, size_t at, struct str name, struct str value)
{
	if (d->headers == SCN_HEADERS_MAX)
		scn_die("a message with more than %d headers", SCN_HEADERS_MAX);
	memmove(&d->header[at + 1], &d->header[at], (d->headers - at) * sizeof(d->header[0]));
	d->header[at] = (struct scn_header){name, value};
	d->headers++;
}


void scn_draft_put(struct scn_draft *d, struct str name, struct str value)
{
	insert(d, d->headers, name, value);
}


/** Index of the first or the last of this name; d->headers: none. */
static size_t find(const struct scn_draft *d, struct str name, bool last)
{
	size_t found = d->headers;

	for (size_t i = 0; i < d->headers; i++) {
		if (!same_name(d->header[i].name, name))
			continue;
		found = i;
		if (!last)
			break;
	}
	return found;
}


void scn_draft_remove(struct scn_draft *d, struct str name)
{
	size_t n = 0;

	for (size_t i = 0; i < d->headers; i++)
		if (!same_name(d->header[i].name, name))
			d->header[n++] = d->header[i];
	d->headers = n;
	d->length_given |= same_name(name, STR("Content-Length"));
	if (same_name(name, STR("Content-Type")))
		d->type = STR("");
}


void scn_draft_set(struct scn_draft *d, struct str name, struct str value)
{
	size_t at = find(d, name, false);

	scn_draft_remove(d, name);
	insert(d, at < d->headers ? at : d->headers, name, value);
}


void scn_draft_add(struct scn_draft *d, struct str name, struct str value, bool top)
{
	size_t at = find(d, name, !top);

	d->length_given |= same_name(name, STR("Content-Length"));
	insert(d, at < d->headers && !top ? at + 1 : at, name, value);
}


struct str scn_draft_value(const struct scn_draft *d, struct str name)
{
	size_t at = find(d, name, false);

	return at < d->headers ? d->header[at].value : STR_NULL;
}


/** RFC 4975 9: To-Path and From-Path first, Content-Type last; the end-line behind all. */
static struct str msrp_bytes(struct scn_draft *d)
{
	bool typed = find(d, STR("Content-Type"), false) < d->headers;
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str ret;

	if (d->start.p)
		buf_puts(&b, d->start);
	else if (d->status)
		buf_printf(&b, "MSRP " STR_FMT " %03u%s" STR_FMT, STR_ARG(d->tid), d->status,
			   d->reason.n ? " " : "", STR_ARG(d->reason));
	else
		buf_printf(&b, "MSRP " STR_FMT " " STR_FMT, STR_ARG(d->tid), STR_ARG(d->method));
	buf_puts(&b, STR("\r\n"));
	for (size_t i = 0; i < d->headers; i++)
		buf_printf(&b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(d->header[i].name),
			   STR_ARG(d->header[i].value));
	if (d->body.p && d->type.n && !typed)
		buf_printf(&b, "Content-Type: " STR_FMT "\r\n", STR_ARG(d->type));
	if (d->body.p) {
		buf_puts(&b, STR("\r\n"));
		buf_puts(&b, d->body);
		buf_puts(&b, STR("\r\n"));
	}
	if (d->end.p)
		buf_puts(&b, d->end);
	else
		buf_printf(&b, "-------" STR_FMT STR_FMT "\r\n", STR_ARG(d->tid), STR_ARG(d->flag));
	if (b.failed)
		scn_die("no memory");
	ret = scn_copy(d->arena, buf_str(&b));
	buf_done(&b);
	return ret;
}


struct str scn_draft_bytes(struct scn_draft *d)
{
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str ret;

	if (d->msrp)
		return msrp_bytes(d);
	if (d->start.p)
		buf_puts(&b, d->start);
	else if (d->status)
		buf_printf(&b, "SIP/2.0 %u " STR_FMT, d->status, STR_ARG(d->reason));
	else
		buf_printf(&b, STR_FMT " " STR_FMT " SIP/2.0", STR_ARG(d->method), STR_ARG(d->uri));
	buf_puts(&b, STR("\r\n"));
	for (size_t i = 0; i < d->headers; i++)
		buf_printf(&b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(d->header[i].name),
			   STR_ARG(d->header[i].value));
	if (d->body.n && d->type.n && find(d, STR("Content-Type"), false) == d->headers)
		buf_printf(&b, "Content-Type: " STR_FMT "\r\n", STR_ARG(d->type));
	if (!d->length_given)
		buf_printf(&b, "Content-Length: %zu\r\n", d->body.n);
	buf_puts(&b, STR("\r\n"));
	buf_puts(&b, d->body);
	if (b.failed)
		scn_die("no memory");
	ret = scn_copy(d->arena, buf_str(&b));
	buf_done(&b);
	return ret;
}


bool scn_here_bytes(struct scn_play *p, const struct scn_line *line, struct str here,
		    struct str *ret)
{
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str text;

	if (!scn_put_in(p, line, here, &text))
		return false;
	while (text.n) {
		ptrdiff_t end = str_find(text, '\n');
		struct str one = str_upto(text, end < 0 ? text.n : (size_t)end);
		bool joined = one.n && one.p[one.n - 1] == '\\' &&
			      !(one.n > 1 && one.p[one.n - 2] == '\\');

		buf_puts(&b, scn_unescape(p->arena, joined ? str_upto(one, one.n - 1) : one));
		if (!joined)
			buf_puts(&b, STR("\r\n"));
		text = str_from(text, one.n + 1);
	}
	*ret = scn_copy(p->arena, buf_str(&b));
	buf_done(&b);
	return true;
}


static bool value_of(struct scn_play *p, const struct scn_change *c, struct str *ret)
{
	if (c->here)
		return scn_here_bytes(p, c->line, c->value, ret);
	if (!scn_put_in(p, c->line, c->value, ret))
		return false;
	if (c->quoted)
		*ret = scn_unescape(p->arena, *ret);
	return true;
}


static bool read_addr(struct scn_play *p, const struct scn_change *c, struct str text,
		      struct addr *ret)
{
	const struct scn_peer *peer = scn_peer_find(p, text);

	if (peer) {
		*ret = peer->addr;
		return true;
	}
	return !addr_decode_hostport(ret, text) ||
	       scn_fail(p, c->line, "neither ADDRESS:PORT nor a peer: " STR_FMT, STR_ARG(text));
}


/** "7", "every byte", "at 10,20": lengths, ended by 0; the last one is used again and again. */
static bool read_pieces(struct scn_play *p, const struct scn_change *c, struct str text,
			struct scn_wire *w)
{
	size_t max = text.n + 2, n = 0;
	uint32_t at = 0, before = 0;

	w->pieces.length = scn_alloc(p->arena, (max + 1) * sizeof(*w->pieces.length));
	if (str_eq(text, STR("every byte"))) {
		w->pieces.length[0] = 1;
		return true;
	}
	if (str_u32(text, &at) && at > 0) {
		w->pieces.length[0] = at;
		return true;
	}
	if (!str_starts(text, STR("at ")))
		return scn_fail(p, c->line, "split N, split every byte, or split at N,N");
	for (struct str rest = str_from(text, 3); rest.p; before = at) {
		if (!str_u32(str_trim(str_cut(&rest, ',')), &at) || at <= before)
			return scn_fail(
				p, c->line,
				"split at: numbers of bytes, each larger than the one before");
		w->pieces.length[n++] = at - before;
	}
	w->pieces.length[n] = SIZE_MAX; /* the rest in one */
	return true;
}


static void read_credentials(const struct scn_change *c, struct scn_wire *w)
{
	if (str_eq(c->value, STR("none")))
		w->credentials = SCN_CREDENTIALS_NONE;
	else if (str_eq(c->value, STR("wrong")))
		w->credentials = SCN_CREDENTIALS_WRONG;
	else if (str_eq(c->value, STR("used")))
		w->credentials = SCN_CREDENTIALS_USED;
	else
		w->credentials = SCN_CREDENTIALS_AS;
	w->user = c->name;
	w->password = c->with;
}


static bool set_body(struct scn_play *p, struct scn_draft *d, const struct scn_change *c,
		     struct str value)
{
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str times = STR("1");
	uint32_t n = 0;

	if (c->with.n && !scn_put_in(p, c->line, c->with, &times))
		return false;
	if (!str_u32(times, &n))
		return scn_fail(p, c->line, "not a number: " STR_FMT, STR_ARG(times));
	while (n--)
		buf_puts(&b, value);
	d->body = c->value.p ? scn_copy(p->arena, buf_str(&b)) : STR_NULL;
	buf_done(&b);
	if (c->name.n) {
		scn_draft_remove(d, STR("Content-Type"));
		d->type = c->name;
	}
	return true;
}


static bool read_number(struct scn_play *p, const struct scn_change *c, struct str text,
			uint64_t *ret)
{
	return (str_u64(text, ret) && *ret) ||
	       scn_fail(p, c->line, "not a number of bytes: " STR_FMT, STR_ARG(text));
}


static bool change_one(struct scn_play *p, struct scn_draft *d, const struct scn_change *c,
		       struct scn_wire *w)
{
	struct str v;

	if (!value_of(p, c, &v))
		return false;
	switch (c->op) {
	case SCN_SET:
		scn_draft_set(d, c->name, v);
		break;
	case SCN_ADD:
		scn_draft_add(d, c->name, v, false);
		break;
	case SCN_TOP:
		scn_draft_add(d, c->name, v, true);
		break;
	case SCN_REMOVE:
		scn_draft_remove(d, c->name);
		break;
	case SCN_URI:
		d->uri = v;
		break;
	case SCN_LINE:
		d->start = v;
		break;
	case SCN_BODY:
		return set_body(p, d, c, v);
	case SCN_REPLACE:
		break;
	case SCN_CREDENTIALS:
		read_credentials(c, w);
		break;
	case SCN_TOWARDS:
		w->towards_given = true;
		return read_addr(p, c, v, &w->towards);
	case SCN_FROM:
		w->from_given = true;
		return read_addr(p, c, v, &w->from);
	case SCN_SPLIT:
		return read_pieces(p, c, v, w);
	case SCN_PATTERN:
		d->type = c->name.n ? c->name : d->type;
		return scn_pattern_text(p->arena, v, &d->body) ||
		       scn_fail(p, c->line, "not a size: write 300B, 64KB or 1MB");
	case SCN_FLAG:
		d->flag = v;
		break;
	case SCN_TID:
		d->tid = v;
		break;
	case SCN_END:
		d->end = v;
		break;
	case SCN_CHUNKS:
		return read_number(p, c, v, &w->chunk);
	case SCN_CUT:
		return read_number(p, c, v, &w->pieces.cut);
	case SCN_PAUSE:
		return scn_duration(v, &w->pieces.pause_ms) ||
		       scn_fail(p, c->line, "not a time: " STR_FMT, STR_ARG(v));
	}
	return true;
}


bool scn_draft_change(struct scn_play *p, struct scn_draft *d, const struct scn_change *first,
		      struct scn_wire *wire)
{
	memset(wire, 0, sizeof(*wire));
	for (const struct scn_change *c = first; c; c = c->next)
		if (!change_one(p, d, c, wire))
			return false;
	return true;
}


static struct str replace_all(struct arena *a, struct str s, struct str what, struct str with,
			      size_t *times)
{
	struct buf b = BUF_INIT(SCN_ARENA_MAX);
	struct str ret;
	ptrdiff_t at;

	while (what.n && (at = str_find_str(s, what)) >= 0) {
		buf_puts(&b, str_upto(s, (size_t)at));
		buf_puts(&b, with);
		s = str_from(s, (size_t)at + what.n);
		(*times)++;
	}
	buf_puts(&b, s);
	ret = scn_copy(a, buf_str(&b));
	buf_done(&b);
	return ret;
}


bool scn_draft_replace(struct scn_play *p, const struct scn_change *first, struct str *bytes)
{
	for (const struct scn_change *c = first; c; c = c->next) {
		struct str what, with;
		size_t times = 0;

		if (c->op != SCN_REPLACE)
			continue;
		if (!value_of(p, c, &what) || !scn_put_in(p, c->line, c->with, &with))
			return false;
		*bytes = replace_all(p->arena, *bytes, what, scn_unescape(p->arena, with), &times);
		if (!times)
			return scn_fail(p, c->line,
					"this text does not occur in the message:\n" STR_FMT,
					STR_ARG(*bytes));
	}
	return true;
}
