/* SPDX-License-Identifier: Apache-2.0 */
/* Values of feature parameters, compared. */
#include "sip/feature_value.h"

#include <errno.h>
#include <stdint.h>

#include "sip/accept_contact.h"
#include "sip/chars.h"

enum kind { TOKEN, STRING, NUMBER };

/** Numbers in thousandths; beyond these they are taken for the ends of the line. */
#define NUMBER_MAX INT64_C(1000000000000000)

struct filter {
	enum kind kind;
	bool not ;
	struct str text;   /**< TOKEN, STRING */
	int64_t low, high; /**< NUMBER: a range, both ends in it */
};


/* number = [ "+" / "-" ] 1*DIGIT ["." 0*DIGIT]; digits after the third are not looked at. */
static bool decode_number(struct str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-', digits = false;
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	int64_t v = 0, scale = 1000;

	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits = true) {
		v = v * 10 + (s.p[i] - '0') * 1000;
		if (v > NUMBER_MAX)
			v = NUMBER_MAX;
	}
	if (i < s.n && s.p[i] == '.') {
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			v += (s.p[i] - '0') * (scale /= 10);
	}
	if (!digits || i < s.n)
		return false;

	*ret = minus ? -v : v;
	return true;
}


/* numeric = "#" numeric-relation number; numeric-relation = ">=" / "<=" / "=" / (number ":") */
static bool decode_range(struct filter *f, struct str s)
{
	ptrdiff_t colon = str_find(s, ':');

	f->kind = NUMBER;
	f->low = -NUMBER_MAX;
	f->high = NUMBER_MAX;
	if (str_starts(s, STR(">=")))
		return decode_number(str_from(s, 2), &f->low);
	if (str_starts(s, STR("<=")))
		return decode_number(str_from(s, 2), &f->high);
	if (str_starts(s, STR("="))) {
		if (!decode_number(str_from(s, 1), &f->low))
			return false;
		f->high = f->low;
		return true;
	}
	return colon > 0 && decode_number(str_upto(s, (size_t)colon), &f->low) &&
	       decode_number(str_from(s, (size_t)colon + 1), &f->high);
}


static void decode_filter(struct filter *f, struct str s)
{
	*f = (struct filter){.kind = TOKEN, .text = s};
	if (s.n && s.p[0] == '!') {
		f->not = true;
		f->text = str_from(s, 1);
	}
	if (f->text.n && f->text.p[0] == '#' && decode_range(f, str_from(f->text, 1)))
		return;

	f->kind = TOKEN;
	/* A boolean has two values: not the one is the other. */
	if (f->not &&(SIP_IS(f->text, "TRUE") || SIP_IS(f->text, "FALSE"))) {
		f->text = SIP_IS(f->text, "TRUE") ? STR("FALSE") : STR("TRUE");
		f->not = false;
	}
}


/* A list of filters, or one string (which may have commas in it). At most SIP_FEATURE_VALUES_MAX. */
static size_t decode_filters(struct filter *f, struct str s)
{
	size_t n = 0;

	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>') {
		f[0] = (struct filter){.kind = STRING, .text = s};
		return 1;
	}
	while (s.p && n < SIP_FEATURE_VALUES_MAX)
		decode_filter(&f[n++], str_trim(str_cut(&s, ',')));
	return n;
}


/* Is `b` one of what `a` is, when neither is negated? */
static bool same(const struct filter *a, const struct filter *b)
{
	if (a->kind != b->kind)
		return false;

	switch (a->kind) {
	case TOKEN:
		return str_eq_nocase(a->text, b->text);
	case STRING:
		return str_eq(a->text, b->text);
	default:
		return a->low <= b->high && b->low <= a->high;
	}
}


/* All of `part` lies in `whole`, so that nothing of it is left when `whole` is excluded. */
static bool covers(const struct filter *whole, const struct filter *part)
{
	if (whole->kind != NUMBER || part->kind != NUMBER)
		return same(whole, part);
	return whole->low <= part->low && part->high <= whole->high;
}


static bool meet(const struct filter *a, const struct filter *b)
{
	if (a->not &&b->not )
		return true;
	if (a->not )
		return !covers(a, b);
	if (b->not )
		return !covers(b, a);
	return same(a, b);
}


bool sip_feature_values_meet(struct str a, struct str b)
{
	struct filter x[SIP_FEATURE_VALUES_MAX], y[SIP_FEATURE_VALUES_MAX];
	size_t x_n, y_n;

	if (str_eq(a, b))
		return true;

	x_n = decode_filters(x, a);
	y_n = decode_filters(y, b);
	for (size_t i = 0; i < x_n; i++)
		for (size_t j = 0; j < y_n; j++)
			if (meet(&x[i], &y[j]))
				return true;
	return false;
}
