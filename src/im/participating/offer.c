/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's policy on an SDP offer, and the description of what it allows. */

#include "im/participating/offer.h"

#include "body/sdp.h"
#include "im/participating/gates.h"
#include "subscriber/operator_policy.h"

/** Types in all lists of one offer: each is compared with two lists of OPERATOR_TYPES_MAX. Clients name some ten. */
#define OFFERED_TYPES_MAX 128

/** What the MSRP sections of one offer say, line by line. */
struct offered {
	size_t types;   /**< how many were named */
	bool content;   /**< one that is neither wrapper nor the service's own */
	bool allowed;   /**< one of those is allowed */
	bool forbidden; /**< the type of a file is not */
	bool wrapped;   /**< wrappers are spoken of */
	bool unreadable;
	uint64_t size; /**< the largest that was named */
	struct str transport;
};


static enum operator_mode mode_of(enum im_kind kind)
{
	if (kind == IM_LARGE)
		return OPERATOR_LARGE;
	return kind == IM_FILE ? OPERATOR_FILE : OPERATOR_SESSION;
}


/* ---- Types ---- */

static bool is_any(struct str s)
{
	return s.n == 1 && s.p[0] == '*';
}


static bool meet(struct str a, struct str b)
{
	return is_any(a) || is_any(b) || str_eq_nocase(a, b);
}


static bool ranges_meet(const struct operator_type *a, const struct operator_type *b)
{
	return meet(a->type, b->type) && meet(a->subtype, b->subtype);
}


/* Is there anything that `range`, `a` and `b` have in common? NULL: no restriction. */
static bool have_common(const struct operator_type *range, const struct operator_limit *a,
			const struct operator_limit *b)
{
	for (size_t i = 0; i < a->types_n; i++) {
		if (!ranges_meet(range, &a->types[i]))
			continue;
		if (!b || !b->typed)
			return true;
		for (size_t k = 0; k < b->types_n; k++) {
			if (ranges_meet(&a->types[i], &b->types[k]) &&
			    ranges_meet(range, &b->types[k]))
				return true;
		}
	}
	return false;
}


static bool range_allowed(const struct offer_view *v, const struct operator_type *range)
{
	enum operator_mode mode = mode_of(v->kind);
	const struct operator_limit *a = v->service ? &v->service->limit[mode] : NULL;
	const struct operator_limit *b = v->user ? &v->user->limit[mode] : NULL;

	if (a && a->typed)
		return have_common(range, a, b);
	return !b || !b->typed || have_common(range, b, NULL);
}


static bool type_allowed(const struct offer_view *v, const struct operator_type *t)
{
	if (is_any(t->type) || is_any(t->subtype))
		return range_allowed(v, t);
	return operator_allows_type(v->service, v->user, mode_of(v->kind), t->type, t->subtype);
}


static bool is_wrapper(const struct operator_type *t)
{
	return str_eq_nocase(t->type, STR("multipart")) ||
	       (str_eq_nocase(t->type, STR("message")) && str_eq_nocase(t->subtype, STR("cpim")));
}


/* RFC 4975 9: format-entry = ( ( (type "/" subtype) / (type "/" "*") ) *( ";" type-param ) ) / ("*") */
static bool type_decode(struct operator_type *ret, struct str entry)
{
	struct str rest = entry;
	struct str text = str_cut(&rest, ';');
	struct str subtype = text;
	struct str type = str_cut(&subtype, '/');

	*ret = (struct operator_type){text, type, subtype.p ? subtype : STR("*")};
	return type.n && ret->subtype.n && (subtype.p || is_any(type));
}


static void take_types(const struct offer_view *v, struct offered *o, struct str list)
{
	for (struct str rest = str_trim(list); rest.n;) {
		struct str entry = str_cut(&rest, ' ');
		struct operator_type t;

		if (!entry.n)
			continue;
		if (!type_decode(&t, entry) || ++o->types > OFFERED_TYPES_MAX) {
			o->unreadable = true;
			return;
		}
		if (is_wrapper(&t)) {
			o->wrapped = true;
		} else if (!gate_type_always_allowed(t.type, t.subtype)) {
			o->content = true;
			o->allowed = o->allowed || type_allowed(v, &t);
		}
	}
}


/* ---- Sizes ---- */

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n > 0;
}


static void take_size(struct offered *o, struct str digits)
{
	uint64_t size;

	digits = str_trim(digits);
	if (!is_number(digits))
		o->unreadable = true;
	else if (!str_u64(digits, &size))
		o->size = UINT64_MAX; /* more than any limit */
	else if (size > o->size)
		o->size = size;
}


/* ---- Files: RFC 5547 6, selectors separated by a blank, a name in quotes among them ---- */

static size_t selector_length(struct str s)
{
	bool quoted = false;
	size_t n = 0;

	for (; n < s.n && (quoted || s.p[n] != ' '); n++) {
		if (s.p[n] == '"')
			quoted = !quoted;
	}
	return n;
}


/* filetype-selector = "type:" type "/" subtype *(";" ft-parameter) */
static void take_file_type(const struct offer_view *v, struct offered *o, struct str value)
{
	struct operator_type t;

	if (!type_decode(&t, value))
		o->unreadable = true;
	else if (!is_wrapper(&t) && !type_allowed(v, &t))
		o->forbidden = true;
}


static void take_file(const struct offer_view *v, struct offered *o, struct str selectors)
{
	for (struct str rest = str_trim(selectors); rest.n;) {
		size_t n = selector_length(rest);
		struct str value = str_upto(rest, n);
		struct str name = str_cut(&value, ':');

		rest = str_trim(str_from(rest, n));
		if (str_eq_nocase(name, STR("type")))
			take_file_type(v, o, value);
		else if (str_eq_nocase(name, STR("size")))
			take_size(o, value);
	}
}


/* ---- The description ---- */

static void take_attribute(const struct offer_view *v, struct offered *o, struct str a)
{
	struct str value = a;
	struct str name = str_cut(&value, ':');

	if (str_eq_nocase(name, STR("accept-types"))) {
		take_types(v, o, value);
	} else if (str_eq_nocase(name, STR("accept-wrapped-types"))) {
		o->wrapped = true;
		take_types(v, o, value);
	} else if (str_eq_nocase(name, STR("max-size"))) {
		take_size(o, value);
	} else if (str_eq_nocase(name, STR("file-selector"))) {
		take_file(v, o, value);
	}
}


static bool begins_msrp(struct str value, struct offered *o)
{
	struct sdp_medium m;

	if (!sdp_medium_decode(&m, value)) {
		o->unreadable = true;
		return false;
	}
	if (!sdp_medium_is_msrp(&m) || !m.port)
		return false;
	if (!o->transport.n)
		o->transport = m.proto;
	return true;
}


/* Line by line: what a section says twice counts twice, whichever of the two a client would take. */
static void read_offer(const struct offer_view *v, struct offered *o)
{
	bool msrp = false;

	*o = (struct offered){0};
	for (struct str rest = v->sdp; rest.n && !o->unreadable;) {
		struct str line = str_cut(&rest, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (str_find(line, '\r') >= 0 || (line.n && (line.n < 2 || line.p[1] != '=')))
			o->unreadable = true;
		else if (str_starts(line, STR("m=")))
			msrp = begins_msrp(str_from(line, 2), o);
		else if (msrp && str_starts(line, STR("a=")))
			take_attribute(v, o, str_from(line, 2));
	}
}


static bool restricted(const struct offer_view *v)
{
	enum operator_mode mode = mode_of(v->kind);

	return operator_restricts_types(v->service, v->user, mode) ||
	       operator_max_size(v->service, v->user, mode) != OPERATOR_NO_LIMIT;
}


enum offer_verdict offer_judge(const struct offer_view *v)
{
	struct offered o;

	if (!restricted(v))
		return OFFER_CONFORMS;
	read_offer(v, &o);
	if (o.unreadable)
		return OFFER_UNREADABLE;
	if (o.forbidden || (o.content && !o.allowed))
		return OFFER_TYPES;
	return o.size > operator_max_size(v->service, v->user, mode_of(v->kind)) ? OFFER_SIZE
										 : OFFER_CONFORMS;
}


/* ---- Refusing ---- */

/* "text/plain, image/..." as Accept has it, to "text/plain image/...", and any type at all to "*". */
static void put_types(const struct offer_view *v, bool wrapper, const char *attribute,
		      struct buf *sdp)
{
	char storage[2 * STORE_POLICY_VALUE_MAX];
	bool first = true;
	struct buf list;

	buf_fixed(&list, storage, sizeof(storage));
	operator_put_types(v->service, v->user, mode_of(v->kind), &list);
	if (list.failed || !list.n)
		return;
	buf_printf(sdp, "a=%s:%s", attribute, wrapper ? "message/cpim" : "");
	first = !wrapper;
	for (struct str rest = buf_str(&list); rest.n;) {
		struct str type = str_trim(str_cut(&rest, ','));

		if (wrapper && str_eq_nocase(type, STR("message/cpim")))
			continue;
		buf_printf(sdp, "%s" STR_FMT, first ? "" : " ",
			   STR_ARG(str_eq(type, STR("*/*")) ? STR("*") : type));
		first = false;
	}
	buf_puts(sdp, STR("\r\n"));
}


/*
 * RFC 3261 21.4.26: "A message body containing a description of media capabilities MAY be present in the
 * response"; port 0, since nothing is offered (RFC 3264 6).
 */
static void put_supported(const struct offer_view *v, const struct offered *o, struct str host,
			  struct buf *sdp)
{
	uint64_t max = operator_max_size(v->service, v->user, mode_of(v->kind));
	struct str transport = o->transport.n ? o->transport : STR("TCP/MSRP");

	buf_printf(sdp,
		   "v=0\r\no=- 0 0 IN IP4 " STR_FMT "\r\ns=-\r\nc=IN IP4 " STR_FMT
		   "\r\nt=0 0\r\nm=message 0 " STR_FMT " *\r\n",
		   STR_ARG(host), STR_ARG(host), STR_ARG(transport));
	put_types(v, o->wrapped, "accept-types", sdp);
	if (o->wrapped)
		put_types(v, false, "accept-wrapped-types", sdp);
	if (max != OPERATOR_NO_LIMIT)
		buf_printf(sdp, "a=max-size:%llu\r\n", (unsigned long long)max);
}


uint16_t offer_refuse(const struct offer_view *v, enum offer_verdict verdict, struct str host,
		      struct buf *headers, struct buf *sdp)
{
	uint64_t max = operator_max_size(v->service, v->user, mode_of(v->kind));
	struct offered o;

	if (verdict == OFFER_UNREADABLE) {
		buf_printf(headers,
			   "Warning: 399 " STR_FMT
			   " \"the session description cannot be read\"\r\n",
			   STR_ARG(host));
		return 400;
	}
	read_offer(v, &o);
	put_supported(v, &o, host, sdp);
	/* RFC 3261 20.43: 305 is "Incompatible media format". */
	if (verdict == OFFER_TYPES)
		buf_printf(headers,
			   "Warning: 305 " STR_FMT
			   " \"Incompatible media format: this type of content is not "
			   "allowed\"\r\n",
			   STR_ARG(host));
	else
		buf_printf(headers,
			   "Warning: 399 " STR_FMT " \"133 Size exceeded: at most %llu bytes\"\r\n",
			   STR_ARG(host), (unsigned long long)max);
	return 488;
}


bool offer_judge_session(const struct im_session_offer *o, struct im_session_refusal *ret,
			 void *arg)
{
	struct offer_view v = {
		.kind = o->kind, .service = o->service, .user = o->user, .sdp = o->sdp};
	enum offer_verdict verdict = offer_judge(&v);
	const struct str *host = arg;

	if (verdict == OFFER_CONFORMS)
		return true;
	ret->status = offer_refuse(&v, verdict, *host, ret->headers, ret->sdp);
	return false;
}
