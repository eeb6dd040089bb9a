/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's policy: lists of types and sizes, compiled from configuration and records. */
#include "subscriber/operator_policy.h"

#include <errno.h>

#include "base/log.h"

/** All texts and tables of one policy: eight records of STORE_POLICY_VALUE_MAX and their views. */
#define TEXTS_MAX (128u << 10)

enum what { MAX_SIZE, TYPES, CHARGING };

struct key {
	struct str name;
	enum what what;
	enum operator_mode mode;
};

static const struct key keys[] = {
	{STR_INIT("pager.max-size"), MAX_SIZE, OPERATOR_PAGER},
	{STR_INIT("pager.types"), TYPES, OPERATOR_PAGER},
	{STR_INIT("large.max-size"), MAX_SIZE, OPERATOR_LARGE},
	{STR_INIT("large.types"), TYPES, OPERATOR_LARGE},
	{STR_INIT("session.max-size"), MAX_SIZE, OPERATOR_SESSION},
	{STR_INIT("session.types"), TYPES, OPERATOR_SESSION},
	{STR_INIT("file.max-size"), MAX_SIZE, OPERATOR_FILE},
	{STR_INIT("file.types"), TYPES, OPERATOR_FILE},
	{STR_INIT("charging"), CHARGING, OPERATOR_PAGER},
};


static const struct key *key_find(struct str name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (str_eq(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}


/* ---- Types ---- */

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    str_find(STR("-.!%*_+`'~"), c) < 0)
			return false;
	}
	return s.n > 0;
}


static bool is_any(struct str s)
{
	return s.n == 1 && s.p[0] == '*';
}


/* "text/plain", "text" with any subtype, any type: alone or with any subtype. */
static int type_decode(struct operator_type *ret, struct str text)
{
	struct str rest = text;
	struct str type = str_cut(&rest, '/');
	struct str subtype = rest.p ? rest : STR("*");

	if (!is_token(type) || !is_token(subtype) || (!rest.p && !is_any(type)) ||
	    (is_any(type) && !is_any(subtype)))
		return -EINVAL;
	*ret = (struct operator_type){text, type, subtype};
	return 0;
}


/* Separated by commas or blanks. */
static struct str next_item(struct str *rest)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ' ')
		n++;
	struct str item = str_upto(*rest, n);
	*rest = str_trim(str_from(*rest, n));
	if (rest->n && rest->p[0] == ',')
		*rest = str_from(*rest, 1);
	return item;
}


/* `ret` has room for OPERATOR_TYPES_MAX. Views into `value`. */
static int types_decode(struct operator_type *ret, size_t *count, struct str value)
{
	size_t n = 0;

	for (struct str rest = str_trim(value); rest.n;) {
		if (n == OPERATOR_TYPES_MAX)
			return -ENOBUFS;
		if (type_decode(&ret[n++], next_item(&rest)))
			return -EINVAL;
	}
	*count = n;
	return n ? 0 : -EINVAL;
}


static int limit_types(struct operator_policy *p, struct operator_limit *l,
		       const struct operator_type *types, size_t n)
{
	struct operator_type *copy = arena_alloc(&p->texts, n ? n * sizeof(*copy) : 1);

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct str text = arena_str(&p->texts, types[i].text);

		if (!text.p || type_decode(&copy[i], text))
			return -ENOMEM;
	}
	l->typed = true;
	l->types = copy;
	l->types_n = n;
	return 0;
}


/* ---- Making one ---- */

static void destroy(void *object)
{
	struct operator_policy *p = object;

	arena_done(&p->texts);
}


static struct operator_policy *empty(void)
{
	struct operator_policy *p = mem_alloc(sizeof(*p), destroy);

	if (!p)
		return NULL;
	p->texts = (struct arena)ARENA_INIT(TEXTS_MAX);
	for (size_t i = 0; i < OPERATOR_MODES; i++)
		p->limit[i].max_size = OPERATOR_NO_LIMIT;
	return p;
}


static int configure(struct operator_policy *p, enum operator_mode mode,
		     const struct operator_rule *r)
{
	struct operator_type types[OPERATOR_TYPES_MAX];

	if (r->types_n > OPERATOR_TYPES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < r->types_n; i++) {
		if (type_decode(&types[i], r->types[i]))
			return -EINVAL;
	}
	p->limit[mode].max_size = r->max_size ? r->max_size : OPERATOR_NO_LIMIT;
	return limit_types(p, &p->limit[mode], types, r->types_n);
}


int operator_policy_configured(struct operator_policy **ret,
			       const struct operator_rule rule[OPERATOR_MODES])
{
	struct operator_policy *p = empty();
	int err = p ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < OPERATOR_MODES; i++)
		err = configure(p, (enum operator_mode)i, &rule[i]);
	if (err) {
		mem_unref(p);
		return err;
	}
	*ret = p;
	return 0;
}


static int switch_decode(enum operator_switch *ret, struct str value)
{
	if (str_eq(value, STR("on")) || str_eq(value, STR("true")))
		*ret = OPERATOR_ON;
	else if (str_eq(value, STR("off")) || str_eq(value, STR("false")))
		*ret = OPERATOR_OFF;
	else
		return -EINVAL;
	return 0;
}


/* `p` NULL: it is only looked whether it makes sense. */
static int apply(struct operator_policy *p, struct str name, struct str value)
{
	struct operator_type types[OPERATOR_TYPES_MAX];
	const struct key *k = key_find(name);
	enum operator_switch on;
	uint64_t size;
	size_t n;
	int err;

	value = str_trim(value);
	if (!k)
		return -ENOENT;
	switch (k->what) {
	case MAX_SIZE:
		if (!str_u64(value, &size) || !size)
			return -EINVAL;
		if (p)
			p->limit[k->mode].max_size = size;
		return 0;
	case TYPES:
		err = types_decode(types, &n, value);
		if (err)
			return -EINVAL;
		return p ? limit_types(p, &p->limit[k->mode], types, n) : 0;
	default:
		err = switch_decode(&on, value);
		if (!err && p)
			p->charging = on;
		return err;
	}
}


static int copy_under(struct operator_policy *p, const struct operator_policy *under)
{
	int err = 0;

	p->charging = under->charging;
	for (size_t i = 0; !err && i < OPERATOR_MODES; i++) {
		const struct operator_limit *l = &under->limit[i];

		p->limit[i].max_size = l->max_size;
		if (l->typed)
			err = limit_types(p, &p->limit[i], l->types, l->types_n);
	}
	return err;
}


int operator_policy_alloc(struct operator_policy **ret, const struct operator_policy *under,
			  const struct store_policy *set, size_t n)
{
	struct operator_policy *p = empty();
	int err = p ? 0 : -ENOMEM;

	if (!err && under)
		err = copy_under(p, under);
	for (size_t i = 0; !err && i < n; i++) {
		err = apply(p, set[i].key, set[i].value);
		if (err == -EINVAL || err == -ENOENT) {
			log_warning("policy",
				    "passed over: " STR_FMT "=" STR_FMT " of <" STR_FMT ">",
				    STR_ARG(set[i].key), STR_ARG(set[i].value),
				    STR_ARG(set[i].scope));
			err = 0;
		}
	}
	if (err) {
		mem_unref(p);
		return err;
	}
	*ret = p;
	return 0;
}


int operator_policy_check(struct str key, struct str value, struct buf *why)
{
	int err = apply(NULL, key, value);

	if (err == -ENOENT) {
		buf_printf(why, "there is no policy named " STR_FMT ": take one of", STR_ARG(key));
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			buf_printf(why, " " STR_FMT, STR_ARG(keys[i].name));
	} else if (err) {
		static const char *const form[] = {
			[MAX_SIZE] = "a number of bytes greater than 0",
			[TYPES] = "a list of media types, for instance text/plain,image/*",
			[CHARGING] = "on or off",
		};

		buf_printf(why, STR_FMT " cannot be \"" STR_FMT "\": give %s", STR_ARG(key),
			   STR_ARG(value), form[key_find(key)->what]);
	}
	return err;
}


/* ---- Asking ---- */

static bool within(const struct operator_type *range, struct str type, struct str subtype)
{
	return (is_any(range->type) || str_eq_nocase(range->type, type)) &&
	       (is_any(range->subtype) || str_eq_nocase(range->subtype, subtype));
}


static bool limit_allows(const struct operator_limit *l, struct str type, struct str subtype)
{
	if (!l->typed)
		return true;
	for (size_t i = 0; i < l->types_n; i++) {
		if (within(&l->types[i], type, subtype))
			return true;
	}
	return false;
}


bool operator_allows_type(const struct operator_policy *service, const struct operator_policy *user,
			  enum operator_mode mode, struct str type, struct str subtype)
{
	return (!service || limit_allows(&service->limit[mode], type, subtype)) &&
	       (!user || limit_allows(&user->limit[mode], type, subtype));
}


static bool restricts(const struct operator_limit *l)
{
	for (size_t i = 0; l->typed && i < l->types_n; i++) {
		if (is_any(l->types[i].type))
			return false;
	}
	return l->typed;
}


bool operator_restricts_types(const struct operator_policy *service,
			      const struct operator_policy *user, enum operator_mode mode)
{
	return (service && restricts(&service->limit[mode])) ||
	       (user && restricts(&user->limit[mode]));
}


uint64_t operator_max_size(const struct operator_policy *service,
			   const struct operator_policy *user, enum operator_mode mode)
{
	uint64_t size = service ? service->limit[mode].max_size : OPERATOR_NO_LIMIT;

	if (user && user->limit[mode].max_size < size)
		size = user->limit[mode].max_size;
	return size;
}


static void put_type(const struct operator_type *t, size_t *count, struct buf *out)
{
	buf_printf(out, "%s" STR_FMT "/" STR_FMT, (*count)++ ? ", " : "", STR_ARG(t->type),
		   STR_ARG(t->subtype));
}


/* Those of `a` that `b` allows as they stand; with `narrower`, only those that `b` does not list itself. */
static void put_common(const struct operator_limit *a, const struct operator_limit *b,
		       bool narrower, size_t *count, struct buf *out)
{
	for (size_t i = 0; i < a->types_n; i++) {
		const struct operator_type *t = &a->types[i];
		bool same = false;

		for (size_t k = 0; narrower && k < b->types_n; k++)
			same |= str_eq_nocase(b->types[k].type, t->type) &&
				str_eq_nocase(b->types[k].subtype, t->subtype);
		if (!same && limit_allows(b, t->type, t->subtype))
			put_type(t, count, out);
	}
}


void operator_put_types(const struct operator_policy *service, const struct operator_policy *user,
			enum operator_mode mode, struct buf *out)
{
	static const struct operator_limit nothing_said;
	const struct operator_limit *a = service ? &service->limit[mode] : &nothing_said;
	const struct operator_limit *b = user ? &user->limit[mode] : &nothing_said;
	size_t count = 0;

	if (!a->typed && !b->typed) {
		buf_puts(out, STR("*/*"));
	} else {
		put_common(a, b, false, &count, out);
		if (b->typed)
			put_common(b, a, true, &count, out);
	}
}
