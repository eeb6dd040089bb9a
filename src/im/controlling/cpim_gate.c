/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a CPIM object: speaker, addressees, what the others see. */
#include "im/controlling/cpim_gate.h"

#include <errno.h>

#include "body/imdn.h"
#include "body/iscomposing.h"
#include "body/mime.h"

/* RFC 3323 4.1.1.3 has it as a From that names nobody; RCS clients write it in groups. */
#define NOBODY STR("sip:anonymous@anonymous.invalid")


bool cpim_head_scan(struct cpim_head_scan *scan, struct str text, size_t *ret_n)
{
	while (scan->at < text.n) {
		const char *lf = memchr(text.p + scan->at, '\n', text.n - scan->at);
		size_t end, n;

		if (!lf) {
			scan->at = text.n;
			return false;
		}
		end = (size_t)(lf - text.p);
		n = end - scan->line;
		if (n && text.p[end - 1] == '\r')
			n--;
		scan->at = scan->line = end + 1;
		if (n == 0 && ++scan->empty == 2) {
			*ret_n = end + 1;
			return true;
		}
	}
	return false;
}


enum fanout_kind cpim_gate_kind(struct str content_type)
{
	struct str type = str_trim(str_cut(&content_type, ';'));

	if (str_eq_nocase(type, ISCOMPOSING_TYPE))
		return FANOUT_COMPOSING;
	return str_eq_nocase(type, IMDN_TYPE) ? FANOUT_IMDN : FANOUT_CONTENT;
}


/* RFC 7701 6.1 lets a participant be known by an IM URI (RFC 3860), too: im:user@host is sip:user@host here. */
int cpim_gate_canonical(struct str uri, struct str domain, struct buf *out)
{
	static const struct str same[] = {STR_INIT("im:"), STR_INIT("pres:")};
	char text[SIP_AOR_MAX];
	struct sip_uri u;
	struct buf b;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (!str_starts_nocase(uri, same[i]))
			continue;
		buf_fixed(&b, text, sizeof(text));
		buf_puts(&b, STR("sip:"));
		buf_puts(&b, str_from(uri, same[i].n));
		if (b.failed)
			return -ENOBUFS;
		uri = buf_str(&b);
		break;
	}
	if (sip_uri_decode(&u, uri))
		return -EBADMSG;
	return sip_uri_aor(&u, domain, out);
}


/* The URI of an address header, canonical, in `b`. */
static int address(struct str value, struct str domain, struct buf *b)
{
	struct str name, uri;
	int err = cpim_address_decode(&name, &uri, value);

	return err ? err : cpim_gate_canonical(uri, domain, b);
}


/* ---- From ---- */

/* A second From, in any case or by another prefix, might be the one that somebody else reads. */
static unsigned count_from(const struct cpim *c)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < c->headers; i++)
		n += str_eq_nocase(c->header[i].name, STR("From"));
	return n;
}


static bool is_shown(const struct cpim_gate *g, struct str from)
{
	char text[SIP_AOR_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	return !cpim_gate_canonical(g->shown, g->domain, &b) && str_eq(buf_str(&b), from);
}


/* RFC 7701 6.3: 403 when From "does not "belong" to the sender of the message". */
static uint16_t judge_from(const struct cpim_gate *g, const struct cpim *c, bool *ret_replace)
{
	char text[SIP_AOR_MAX];
	struct str from;
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	if (!c->from.p || count_from(c) != 1 || address(c->from, g->domain, &b))
		return 403;
	from = buf_str(&b);
	*ret_replace = str_eq(from, NOBODY) || (g->anonymous && str_eq(from, g->who));
	if (*ret_replace || str_eq(from, g->who) || is_shown(g, from))
		return 0;
	return 403;
}


/* ---- To ---- */

/* The first name is the Session Identity: in a Contact of ours it stands with the address of a listener as host. */
static struct str without_host(struct str aor)
{
	ptrdiff_t at = str_rfind(aor, '@');

	return at < 0 ? aor : str_upto(aor, (size_t)at + 1);
}


static bool is_conference(const struct cpim_gate *g, struct str to)
{
	for (size_t i = 0; i < g->names_n; i++) {
		if (str_eq(g->names[i], to))
			return true;
	}
	return g->names_n && str_eq(without_host(g->names[0]), without_host(to));
}


/* RFC 7701 6.2: 404 when To "cannot be resolved (e.g., caused by a mistyped URI)". */
static uint16_t add_to(struct cpim_verdict *v, const struct cpim_gate *g, struct str value,
		       bool *ret_replace)
{
	size_t from = v->text.n;
	struct str to;

	if (address(value, g->domain, &v->text))
		return v->to_n || v->everybody ? 403 : 404;
	to = (struct str){v->text.p + from, v->text.n - from};
	if (is_conference(g, to) || str_eq(to, NOBODY)) {
		*ret_replace = !is_conference(g, to);
		v->everybody = true;
	} else if (v->to_n == FANOUT_PRIVATE_MAX) {
		return 403;
	} else {
		v->to[v->to_n++] = to;
	}
	return v->everybody && v->to_n ? 403 : 0;
}


static uint16_t judge_to(struct cpim_verdict *v, const struct cpim_gate *g, bool *ret_replace)
{
	struct str value;
	uint16_t status;
	uint8_t at = 0;

	if (!v->cpim.to.p)
		return 404;
	while (cpim_header_next(&v->cpim, CPIM_NS, STR("To"), &at, &value)) {
		/* Of several names for all, as of no other header, the first counts. */
		if (v->everybody)
			return 403;
		status = add_to(v, g, value, ret_replace);
		if (status)
			return status;
	}
	return 0;
}


/* ---- The head that goes on ---- */

/* A display name that needs no escapes. */
static bool plain_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f || c == '<' || c == '>')
			return false;
	}
	return name.n > 0;
}


static void put_address(struct buf *out, struct str name, struct str uri)
{
	if (plain_name(name)) {
		buf_putc(out, '"');
		buf_puts(out, name);
		buf_puts(out, STR("\" "));
	}
	buf_putc(out, '<');
	buf_puts(out, uri);
	buf_putc(out, '>');
}


struct splice {
	struct str old, name, uri;
};


static void put_spliced(struct buf *out, struct str head, const struct splice *s, size_t n)
{
	const char *at = head.p;

	for (size_t i = 0; i < n; i++) {
		buf_put(out, at, (size_t)(s[i].old.p - at));
		put_address(out, s[i].name, s[i].uri);
		at = s[i].old.p + s[i].old.n;
	}
	buf_put(out, at, (size_t)(head.p + head.n - at));
}


static void replace(const struct cpim_gate *g, const struct cpim *c, struct str head, bool from,
		    bool to, struct buf *out)
{
	struct splice s[2];
	size_t n = 0;

	if (from)
		s[n++] = (struct splice){c->from, g->anonymous ? STR_NULL : g->shown_name,
					 g->shown};
	if (to)
		s[n++] = (struct splice){c->to, STR_NULL, g->names[0]};
	if (n == 2 && s[1].old.p < s[0].old.p) {
		struct splice first = s[1];

		s[1] = s[0];
		s[0] = first;
	}
	put_spliced(out, head, s, n);
}


uint16_t cpim_gate_judge(struct cpim_verdict *ret, const struct cpim_gate *g, struct str head,
			 struct buf *out)
{
	bool from = false, to = false;
	uint16_t status;

	if (cpim_decode_head(&ret->cpim, head))
		return 400;
	buf_fixed(&ret->text, ret->room, sizeof(ret->room));
	ret->everybody = false;
	ret->to_n = 0;
	ret->kind = cpim_gate_kind(ret->cpim.content_type);
	status = judge_from(g, &ret->cpim, &from);
	if (!status)
		status = judge_to(ret, g, &to);
	ret->replaced = !status && (from || to);
	if (ret->replaced)
		replace(g, &ret->cpim, head, from, to && g->names_n, out);
	return status;
}
