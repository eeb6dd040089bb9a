/* SPDX-License-Identifier: Apache-2.0 */
/* Types of options: scalars of the file to fields of struct config, and back. */
#include "server/option_type.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#include "base/addr.h"
#include "server/config.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit byte_units[] = {
	{"k", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
};

#define UNITS(table) (table), sizeof(table) / sizeof((table)[0])


/** Tells a mistake: `remedy` as it stands, `what` as a format. */
__attribute__((format(printf, 3, 4))) static int wrong(struct option_mistake *m, const char *remedy,
						       const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	buf_vprintf(&m->what, what, ap);
	va_end(ap);
	buf_puts(&m->remedy, str_of(remedy));
	return -EINVAL;
}


/** A value quoted in a message: not all of a long one. */
#define SHOWN(s) (int)((s).n < 80 ? (s).n : 80), (s).p


static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}


static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


/** All of `s`, one or more, are letters, digits or among `also`. */
static bool is_made_of(struct str s, const char *also)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (!s.p[i] || !strchr(also, s.p[i])))
			return false;
	return s.n > 0;
}


static void store_number(const struct option *o, void *field, uint64_t v)
{
	if (o->size == sizeof(uint64_t)) {
		memcpy(field, &v, sizeof(v));
	} else {
		uint32_t v32 = (uint32_t)v;

		assert(o->size == sizeof(v32) && v <= UINT32_MAX);
		memcpy(field, &v32, sizeof(v32));
	}
}


static uint64_t load_number(const struct option *o, const void *field)
{
	uint64_t v = 0;
	uint32_t v32;

	if (o->size == sizeof(v)) {
		memcpy(&v, field, sizeof(v));
		return v;
	}
	memcpy(&v32, field, sizeof(v32));
	return v32;
}


static int store_text(struct arena *arena, struct str text, struct str *ret)
{
	struct str copy = arena_str(arena, text);

	if (!copy.p)
		return -ENOMEM;
	*ret = copy;
	return 0;
}


/* ---- Numbers ---- */

void option_put_duration(uint64_t ms, struct buf *out)
{
	const char *blank = "";

	if (ms == 0)
		buf_puts(out, STR("0s"));
	for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
		uint64_t n = ms / duration_units[i].factor;

		if (!n)
			continue;
		buf_printf(out, "%s%llu%s", blank, (unsigned long long)n, duration_units[i].name);
		ms -= n * duration_units[i].factor;
		blank = " ";
	}
}


void option_put_number(const struct option *o, uint64_t v, struct buf *out)
{
	if (o->type == &option_duration_s)
		option_put_duration(v * 1000, out);
	else if (o->type == &option_duration_ms)
		option_put_duration(v, out);
	else
		buf_putu(out, v);
}


static int store_bounded(const struct option *o, struct str text, uint64_t v, void *field,
			 struct option_mistake *m)
{
	if (v >= o->min && v <= o->max) {
		store_number(o, field, v);
		return 0;
	}

	wrong(m, "give a value from ", STR_FMT " is %s", SHOWN(text),
	      v < o->min ? "too little" : "too much");
	option_put_number(o, o->min, &m->remedy);
	buf_puts(&m->remedy, STR(" to "));
	option_put_number(o, o->max, &m->remedy);
	return -EINVAL;
}


/**
 * "NUMBER[UNIT]" once, or several times (with blanks between or not) when the units are to be added up;
 * a number without a unit stands alone and counts `bare`. -ERANGE when it does not fit.
 */
static int sum_units(struct str s, const struct unit *units, size_t units_n, uint64_t bare,
		     bool several, uint64_t *ret)
{
	uint64_t sum = 0;
	size_t terms = 0;

	for (s = str_trim(s); s.n; s = str_trim(s), terms++) {
		uint64_t n, factor = 0;
		size_t digits = 0, letters;

		while (digits < s.n && is_digit(s.p[digits]))
			digits++;
		letters = digits;
		while (letters < s.n && is_alnum(s.p[letters]) && !is_digit(s.p[letters]))
			letters++;
		if (digits == 0 || (terms && !several))
			return -EINVAL;
		if (!str_u64(str_upto(s, digits), &n))
			return -ERANGE;

		struct str unit = str_range(s.p + digits, s.p + letters);

		for (size_t i = 0; i < units_n; i++)
			if (str_eq(unit, str_of(units[i].name)))
				factor = units[i].factor;
		if (!unit.n && !terms && letters == s.n)
			factor = bare;
		if (!factor)
			return -EINVAL;
		if (n > UINT64_MAX / factor || n * factor > UINT64_MAX - sum)
			return -ERANGE;
		sum += n * factor;
		s = str_from(s, letters);
	}

	if (!terms)
		return -EINVAL;
	*ret = sum;
	return 0;
}


static int decode_duration(const struct option *o, struct str text, void *field,
			   struct arena *arena, struct option_mistake *m)
{
	uint64_t scale = o->type == &option_duration_s ? 1000 : 1, ms;
	int err = sum_units(text, UNITS(duration_units), 1000, true, &ms);

	(void)arena;
	if (err == -EINVAL)
		return wrong(
			m,
			"write numbers with d, h, m, s or ms, such as \"1h 30m\"; a number alone "
			"is seconds",
			"\"" STR_FMT "\" is not a duration", SHOWN(text));
	if (err)
		ms = UINT64_MAX;
	/* A fraction of a second rounds up, so that it is not taken for none. */
	return store_bounded(o, text, ms / scale + (ms % scale != 0), field, m);
}


static int decode_bytes(const struct option *o, struct str text, void *field, struct arena *arena,
			struct option_mistake *m)
{
	uint64_t n;
	int err = sum_units(text, UNITS(byte_units), 1, false, &n);

	(void)arena;
	if (err == -EINVAL)
		return wrong(m, "write a number of bytes, or one with k, M or G, such as 64k",
			     "\"" STR_FMT "\" is not a size", SHOWN(text));
	return store_bounded(o, text, err ? UINT64_MAX : n, field, m);
}


static int decode_count(const struct option *o, struct str text, void *field, struct arena *arena,
			struct option_mistake *m)
{
	uint64_t n;
	int err = sum_units(text, NULL, 0, 1, false, &n);

	(void)arena;
	if (err == -EINVAL)
		return wrong(m, "write digits only", "\"" STR_FMT "\" is not a whole number",
			     SHOWN(text));
	return store_bounded(o, text, err ? UINT64_MAX : n, field, m);
}


static void encode_number(const struct option *o, const void *field, struct buf *out)
{
	option_put_number(o, load_number(o, field), out);
}


/* ---- Words ---- */

static int decode_bool(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	(void)o;
	(void)arena;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq_nocase(text, str_of(words[i]))) {
			*(bool *)field = i % 2;
			return 0;
		}
	}
	return wrong(m, "write true or false", "\"" STR_FMT "\" is neither true nor false",
		     SHOWN(text));
}


static void encode_bool(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	buf_puts(out, *(const bool *)field ? STR("true") : STR("false"));
}


static void put_words(const char *const *words, struct buf *out)
{
	for (size_t i = 0; words[i]; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}


static int decode_word(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	(void)arena;
	for (unsigned i = 0; o->words[i]; i++) {
		if (str_eq(text, str_of(o->words[i]))) {
			store_number(o, field, i);
			return 0;
		}
	}
	wrong(m, "write ", "\"" STR_FMT "\" is not known here", SHOWN(text));
	put_words(o->words, &m->remedy);
	return -EINVAL;
}


static void encode_word(const struct option *o, const void *field, struct buf *out)
{
	buf_puts(out, str_of(o->words[load_number(o, field)]));
}


/** In the order of the bits of enum config_media_path. */
static const char *const media_words[] = {"always", "history", "charging", "never"};


static int decode_media_path(const struct option *o, struct str text, void *field,
			     struct arena *arena, struct option_mistake *m)
{
	static const char remedy[] = "write always, never, or a list of: history, charging";
	uint32_t *set = field, bit = 0, alone = CONFIG_MEDIA_ALWAYS | CONFIG_MEDIA_NEVER;

	(void)o;
	(void)arena;
	for (unsigned i = 0; i < 4; i++)
		if (str_eq(text, str_of(media_words[i])))
			bit = 1u << i;
	if (!bit)
		return wrong(m, remedy, "\"" STR_FMT "\" is not known here", SHOWN(text));
	if (*set && ((*set | bit) & alone))
		return wrong(m, remedy, "\"" STR_FMT "\" contradicts the rest of the list",
			     SHOWN(text));
	*set |= bit;
	return 0;
}


static void encode_media_path(const struct option *o, const void *field, struct buf *out)
{
	uint32_t set = *(const uint32_t *)field;
	const char *comma = "";

	(void)o;
	if (!set)
		buf_puts(out, STR("never"));
	for (unsigned i = 0; i < 4; i++) {
		if (set & 1u << i) {
			buf_printf(out, "%s%s", comma, media_words[i]);
			comma = ",";
		}
	}
}


/** In the order of the bits of enum config_digest. */
static const char *const digest_words[] = {"sha-256", "md5"};


static int decode_digest(const struct option *o, struct str text, void *field, struct arena *arena,
			 struct option_mistake *m)
{
	uint32_t *set = field;

	(void)o;
	(void)arena;
	for (unsigned i = 0; i < 2; i++) {
		if (str_eq_nocase(text, str_of(digest_words[i]))) {
			*set |= 1u << i;
			return 0;
		}
	}
	return wrong(m, "write sha-256, md5 or both", "\"" STR_FMT "\" is not known here",
		     SHOWN(text));
}


static void encode_digest(const struct option *o, const void *field, struct buf *out)
{
	uint32_t set = *(const uint32_t *)field;
	const char *comma = "";

	(void)o;
	for (unsigned i = 0; i < 2; i++) {
		if (set & 1u << i) {
			buf_printf(out, "%s%s", comma, digest_words[i]);
			comma = ",";
		}
	}
}


/* ---- Texts ---- */

static int decode_text(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	(void)o;
	(void)m;
	return store_text(arena, text, field);
}


static void encode_text(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	buf_puts(out, *(const struct str *)field);
}


static int decode_token(const struct option *o, struct str text, void *field, struct arena *arena,
			struct option_mistake *m)
{
	/* RFC 3261 25.1: the characters of token, and "/" between product and version. */
	if (text.n && !is_made_of(text, "-.!%*_+`'~/"))
		return wrong(m, "write letters, digits and -.!%*_+/ only",
			     "\"" STR_FMT "\" cannot stand in a User-Agent header", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


static bool is_hostname(struct str s)
{
	return is_made_of(s, "-.") && is_alnum(s.p[0]) && is_alnum(s.p[s.n - 1]) && s.n <= 253 &&
	       str_find_str(s, STR("..")) < 0;
}


static bool is_host(struct str s)
{
	struct addr ignored;

	return is_hostname(s) || addr_decode(&ignored, s, 0) == 0;
}


static int decode_host(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	if (text.n && !is_host(text))
		return wrong(m, "write a name or an address, without port",
			     "\"" STR_FMT "\" is not a host", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


static int decode_domain(const struct option *o, struct str text, void *field, struct arena *arena,
			 struct option_mistake *m)
{
	if (!is_host(text))
		return wrong(m, "write it as it stands in a SIP address, such as example.org",
			     "\"" STR_FMT "\" is not a domain", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


/** HOST or HOST:PORT, where HOST is a name or an address. */
static bool is_host_maybe_port(struct str s)
{
	ptrdiff_t colon = str_rfind(s, ':');
	uint32_t port;

	if (is_host(s))
		return true;
	return colon > 0 && str_u32(str_from(s, (size_t)colon + 1), &port) && port >= 1 &&
	       port <= 65535 && is_host(str_upto(s, (size_t)colon)) &&
	       (s.p[0] == '[' || str_find(s, ':') == colon);
}


static int decode_peer(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	if (!is_host_maybe_port(text))
		return wrong(m, "write HOST or HOST:PORT",
			     "\"" STR_FMT "\" is not an element of a core", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


/** What follows "sip:" or "sips:"; STR_NULL when it is neither. */
static struct str after_scheme(struct str uri)
{
	if (str_starts_nocase(uri, STR("sip:")))
		return str_from(uri, 4);
	if (str_starts_nocase(uri, STR("sips:")))
		return str_from(uri, 5);
	return STR_NULL;
}


static bool is_clean_uri(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || strchr("<>\"\\^`{|}", s.p[i]))
			return false;
	return s.n > 0;
}


/** Cuts "HOST[:PORT]" out of what follows the "@" or the scheme. */
static struct str hostport_of(struct str rest)
{
	size_t n = 0;

	while (n < rest.n && rest.p[n] != ';' && rest.p[n] != '?')
		n++;
	return str_upto(rest, n);
}


static int decode_uri(const struct option *o, struct str text, void *field, struct arena *arena,
		      struct option_mistake *m)
{
	struct str rest = after_scheme(text);
	ptrdiff_t at = str_find(rest, '@');

	if (text.n &&
	    (!is_clean_uri(text) ||
	     !is_host_maybe_port(hostport_of(str_from(rest, at < 0 ? 0 : (size_t)at + 1)))))
		return wrong(m, "write it as sip:HOST:PORT", "\"" STR_FMT "\" is not a SIP URI",
			     SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


static int decode_user_uri(const struct option *o, struct str text, void *field,
			   struct arena *arena, struct option_mistake *m)
{
	struct str rest = after_scheme(text);
	ptrdiff_t at = str_find(rest, '@');

	if (text.n && (at < 1 || !is_clean_uri(text) ||
		       !is_host_maybe_port(hostport_of(str_from(rest, (size_t)at + 1)))))
		return wrong(m, "write it as sip:NAME@DOMAIN",
			     "\"" STR_FMT "\" is not the SIP URI of a service", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


static int decode_store(const struct option *o, struct str text, void *field, struct arena *arena,
			struct option_mistake *m)
{
	static const char remedy[] = "write sqlite:PATH, or memory for a trial";

	/* In YAML a plain scalar cannot end in ":", so the word alone will do. */
	if (str_eq(text, STR("memory")))
		text = STR("memory:");
	if (str_eq(text, STR("sqlite:")) || str_eq(text, STR("postgres:")))
		return wrong(m, remedy, "\"" STR_FMT "\" does not say where", SHOWN(text));
	if (!str_eq(text, STR("memory:")) && !str_starts(text, STR("sqlite:")) &&
	    !str_starts(text, STR("postgres:")))
		return wrong(m, remedy, "\"" STR_FMT "\" is not a store", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


static int decode_media_type(const struct option *o, struct str text, void *field,
			     struct arena *arena, struct option_mistake *m)
{
	static const char token[] = "!#$%&'*+-.^_`|~";
	struct str subtype = text, type = str_cut(&subtype, '/');

	if (!str_eq(text, STR("*")) && (!is_made_of(type, token) || !is_made_of(subtype, token)))
		return wrong(m, "write TYPE/SUBTYPE, TYPE/* or \"*\"",
			     "\"" STR_FMT "\" is not a content type", SHOWN(text));
	return decode_text(o, text, field, arena, m);
}


/* ---- Addresses ---- */

static int decode_addr(const struct option *o, struct str text, void *field, struct arena *arena,
		       struct option_mistake *m)
{
	struct addr a;

	(void)o;
	(void)arena;
	if (addr_decode_hostport(&a, text))
		return wrong(m, "write it as 127.0.0.1:8080 or [::1]:8080",
			     "\"" STR_FMT "\" is not ADDRESS:PORT", SHOWN(text));
	*(struct addr *)field = a;
	return 0;
}


static void encode_addr(const struct option *o, const void *field, struct buf *out)
{
	(void)o;
	addr_encode(field, out);
}


static const char *const transport_words[] = {
	[CONFIG_UDP] = "udp",
	[CONFIG_TCP] = "tcp",
	[CONFIG_TLS] = "tls",
};


static int decode_listen(const struct option *o, struct str text, void *field, struct arena *arena,
			 struct option_mistake *m)
{
	struct str hostport = text, word = str_cut(&hostport, ':');
	struct config_listen l = {0};
	bool msrp = o->offset == offsetof(struct config, msrp_listen), known = false;

	for (unsigned i = msrp ? CONFIG_TCP : CONFIG_UDP; i <= CONFIG_TLS; i++) {
		if (str_eq(word, str_of(transport_words[i]))) {
			l.transport = i;
			known = true;
		}
	}
	if (!known || !hostport.p)
		return wrong(m,
			     msrp ? "write it as tcp:127.0.0.1:2855; the transports are tcp and tls"
				  : "write it as udp:127.0.0.1:5060; the transports are udp, tcp "
				    "and tls",
			     "\"" STR_FMT "\" does not begin with a transport", SHOWN(text));
	if (addr_decode_hostport(&l.addr, hostport))
		return wrong(m,
			     "give a numeric address of this machine and a port, such as "
			     "0.0.0.0:5060 or [::]:5060",
			     "\"" STR_FMT "\" is not ADDRESS:PORT", SHOWN(hostport));

	if (store_text(arena, text, &l.text))
		return -ENOMEM;
	*(struct config_listen *)field = l;
	return 0;
}


static void encode_listen(const struct option *o, const void *field, struct buf *out)
{
	const struct config_listen *l = field;

	(void)o;
	buf_puts(out, l->text);
}


const struct option_type option_bool = {"true or false", "true", .form = OPTION_BARE,
					.decode = decode_bool, .encode = encode_bool};
const struct option_type option_count = {"a number", "100", .form = OPTION_BARE,
					 .decode = decode_count, .encode = encode_number};
const struct option_type option_bytes = {"a size", "64k", .form = OPTION_BARE,
					 .decode = decode_bytes, .encode = encode_number};
const struct option_type option_duration_s = {"a duration", "1h 30m", .decode = decode_duration,
					      .encode = encode_number};
const struct option_type option_duration_ms = {"a duration", "500ms", .decode = decode_duration,
					       .encode = encode_number};
const struct option_type option_word = {"a word", "off", .decode = decode_word,
					.encode = encode_word};
const struct option_type option_text = {"a text", "text", .decode = decode_text,
					.encode = encode_text};
const struct option_type option_path = {"a file", "server.pem", .decode = decode_text,
					.encode = encode_text};
const struct option_type option_token = {"a word of the User-Agent header", "IM-client",
					 .decode = decode_token, .encode = encode_text};
const struct option_type option_host = {"a host", "im.example.org", .decode = decode_host,
					.encode = encode_text};
const struct option_type option_store = {"a store", "sqlite:/var/lib/parley/parley.db",
					 .decode = decode_store, .encode = encode_text};
const struct option_type option_uri = {"a SIP URI", "sip:127.0.0.1:5070", .decode = decode_uri,
				       .encode = encode_text};
const struct option_type option_user_uri = {"a SIP URI", "sip:service@example.org",
					    .decode = decode_user_uri, .encode = encode_text};
const struct option_type option_addr = {"ADDRESS:PORT", "127.0.0.1:8080", .decode = decode_addr,
					.encode = encode_addr};
const struct option_type option_domains = {
	"a domain or a list of them", "example.org",           true,
	sizeof(struct str),           .decode = decode_domain, .encode = encode_text};
const struct option_type option_peers = {
	"a list of HOST or HOST:PORT", "[127.0.0.1:5070]",   true, sizeof(struct str),
	.decode = decode_peer,         .encode = encode_text};
const struct option_type option_listens = {
	"a list of TRANSPORT:ADDRESS:PORT", "[tcp:127.0.0.1:5060]",  true,
	sizeof(struct config_listen),       .decode = decode_listen, .encode = encode_listen};
const struct option_type option_media_types = {
	"a list of content types",   "[text/plain]",       true, sizeof(struct str),
	.decode = decode_media_type, .encode = encode_text};
const struct option_type option_media_path = {
	"always, never or a list",  "always", true, 0, .decode = decode_media_path,
	.encode = encode_media_path};
const struct option_type option_digest = {"sha-256, md5 or a list", "[sha-256, md5]",       true, 0,
					  .decode = decode_digest,  .encode = encode_digest};
