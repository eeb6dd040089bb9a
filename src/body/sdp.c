/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions: reading. Writing is in sdp_write.c, files are in sdp_file.c. */
#include "body/sdp.h"

#include <errno.h>

#include "body/mime.h"


struct str sdp_find(struct str content_type, struct str body)
{
	struct mime_part part;
	struct mime_type t;

	if (mime_type_decode(&t, content_type))
		return STR_NULL;
	if (mime_type_is(&t, STR("application"), STR("sdp")))
		return body;
	if (!str_eq_nocase(t.type, STR("multipart")) ||
	    mime_parts_find(&t, body, STR("application"), STR("sdp"), &part))
		return STR_NULL;
	return part.content;
}


bool sdp_line_next(struct str *rest, char *letter, struct str *value)
{
	while (rest->n) {
		struct str line = str_cut(rest, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (!line.n)
			continue;
		*letter = line.p[0];
		*value = str_from(line, 2);
		return true;
	}
	return false;
}


bool sdp_attribute(struct str lines, struct str name, struct str *ret)
{
	struct str value;
	char letter;

	while (sdp_line_next(&lines, &letter, &value)) {
		struct str rest = value, key = str_cut(&rest, ':');

		if (letter != 'a' || !str_eq(key, name))
			continue;
		*ret = rest.p ? rest : (struct str){value.p + value.n, 0};
		return true;
	}
	return false;
}


static struct str cut_word(struct str *rest)
{
	struct str word;

	do {
		word = str_cut(rest, ' ');
	} while (!word.n && rest->p);
	return word;
}


bool sdp_word_next(struct str *rest, struct str *ret)
{
	struct str word = cut_word(rest);

	if (!word.n)
		return false;
	*ret = word;
	return true;
}


/* o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address> */
static bool decode_origin(struct sdp_origin *o, struct str value)
{
	struct str rest = value, net, type;

	o->username = cut_word(&rest);
	o->id = cut_word(&rest);
	o->version = cut_word(&rest);
	net = cut_word(&rest);
	type = cut_word(&rest);
	o->address = str_trim(rest);
	o->v6 = str_eq(type, STR("IP6"));
	return net.n && type.n && o->address.n;
}


/* m=<media> <port>[/<number of ports>] <proto> <fmt> ... */
bool sdp_medium_decode(struct sdp_medium *m, struct str value)
{
	struct str rest = value, port, digits;
	uint32_t number;

	m->media = cut_word(&rest);
	port = cut_word(&rest);
	digits = str_cut(&port, '/');
	m->proto = cut_word(&rest);
	m->formats = rest;
	if (!m->media.n || !m->proto.n || !str_u32(digits, &number) || number > UINT16_MAX)
		return false;
	m->port = (uint16_t)number;
	return true;
}


/* Every line is "x=…"; sections begin at each m=. */
static int split(struct sdp *s)
{
	struct str rest = s->text;

	while (rest.n) {
		const char *at = rest.p;
		struct str line = str_cut(&rest, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (!line.n)
			continue;
		if (line.n < 2 || line.p[1] != '=' || memchr(line.p, '\0', line.n) ||
		    memchr(line.p, '\r', line.n))
			return -EBADMSG;
		if (line.p[0] != 'm')
			continue;
		if (s->n == SDP_MEDIA_MAX ||
		    !sdp_medium_decode(&s->medium[s->n], str_from(line, 2)))
			return -EBADMSG;
		s->medium[s->n++].text.p = at;
	}
	return 0;
}


static void measure(struct sdp *s)
{
	const char *end = s->text.p + s->text.n;

	for (size_t i = s->n; i-- > 0; end = s->medium[i].text.p)
		s->medium[i].text.n = (size_t)(end - s->medium[i].text.p);
	s->session = str_range(s->text.p, end);
}


int sdp_decode(struct sdp *ret, struct str text)
{
	struct str lines, value;
	bool version = false, origin = false, seen = false;
	char letter;

	ret->text = text;
	ret->n = 0;
	if (!text.n || text.n > SDP_TEXT_MAX || split(ret))
		return -EBADMSG;
	measure(ret);

	lines = ret->session;
	while (sdp_line_next(&lines, &letter, &value)) {
		version |= letter == 'v' && str_eq(str_trim(value), STR("0"));
		if (letter == 'o' && !seen) {
			origin = decode_origin(&ret->origin, value);
			seen = true;
		}
	}
	return version && origin ? 0 : -EBADMSG;
}


bool sdp_same_version(const struct sdp *a, const struct sdp *b)
{
	return str_eq(a->origin.username, b->origin.username) &&
	       str_eq(a->origin.id, b->origin.id) && str_eq(a->origin.version, b->origin.version) &&
	       str_eq(a->origin.address, b->origin.address);
}


/* ---- The MSRP medium ---- */

bool sdp_medium_is_msrp(const struct sdp_medium *m)
{
	/* RFC 4975 8.1: "the media field value MUST be "message"". */
	return str_eq_nocase(m->media, STR("message")) &&
	       (str_eq_nocase(m->proto, STR("TCP/MSRP")) ||
		str_eq_nocase(m->proto, STR("TCP/TLS/MSRP")));
}


static ptrdiff_t find_msrp(const struct sdp *s)
{
	ptrdiff_t refused = -1;

	for (size_t i = 0; i < s->n; i++) {
		if (!sdp_medium_is_msrp(&s->medium[i]))
			continue;
		if (s->medium[i].port)
			return (ptrdiff_t)i;
		if (refused < 0)
			refused = (ptrdiff_t)i;
	}
	return refused;
}


/* c=<nettype> <addrtype> <connection-address> */
bool sdp_connection(struct str lines, struct str *ret, bool *v6)
{
	struct str value, rest, type;
	char letter;

	while (sdp_line_next(&lines, &letter, &value)) {
		if (letter != 'c')
			continue;
		rest = value;
		(void)cut_word(&rest);
		type = cut_word(&rest);
		*ret = str_trim(str_cut(&rest, '/')); /* a TTL says nothing here */
		if (v6)
			*v6 = str_eq(type, STR("IP6"));
		return ret->n > 0;
	}
	return false;
}


static bool decode_direction(enum sdp_direction *ret, struct str lines)
{
	struct str value;
	char letter;

	while (sdp_line_next(&lines, &letter, &value)) {
		for (int d = SDP_SENDRECV; letter == 'a' && d <= SDP_INACTIVE; d++) {
			if (!str_eq(value, sdp_direction_name((enum sdp_direction)d)))
				continue;
			*ret = (enum sdp_direction)d;
			return true;
		}
	}
	return false;
}


/* Of the medium, or else of the session. */
static bool attribute(const struct sdp *s, const struct sdp_medium *m, struct str name,
		      struct str *ret)
{
	return sdp_attribute(m->text, name, ret) || sdp_attribute(s->session, name, ret);
}


/* RFC 4145 4, RFC 6135 4. */
static bool decode_setup(struct sdp_msrp *ret, struct str value)
{
	for (int i = SDP_SETUP_ACTIVE; i <= SDP_SETUP_HOLDCONN; i++) {
		if (!str_eq_nocase(str_trim(value), sdp_setup_name((enum sdp_setup)i)))
			continue;
		ret->setup = (enum sdp_setup)i;
		return true;
	}
	return false;
}


/* What a file is like is said of the medium alone. */
static void decode_file(struct sdp_msrp *ret, struct str lines)
{
	const struct {
		struct str name, *value;
	} fields[] = {
		{STR("file-selector"), &ret->file_selector},
		{STR("file-transfer-id"), &ret->file_transfer_id},
		{STR("file-disposition"), &ret->file_disposition},
		{STR("file-date"), &ret->file_date},
		{STR("file-icon"), &ret->file_icon},
		{STR("file-range"), &ret->file_range},
	};
	struct str value;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (sdp_attribute(lines, fields[i].name, &value))
			*fields[i].value = str_trim(value);
	}
}


static int decode_attributes(struct sdp_msrp *ret, const struct sdp *s, const struct sdp_medium *m)
{
	struct str value;

	if (sdp_attribute(m->text, STR("path"), &value))
		ret->path = str_trim(value);
	if (attribute(s, m, STR("accept-types"), &value))
		ret->accept = str_trim(value);
	if (attribute(s, m, STR("accept-wrapped-types"), &value))
		ret->accept_wrapped = str_trim(value);
	decode_file(ret, m->text);
	if (attribute(s, m, STR("max-size"), &value) && !str_u64(str_trim(value), &ret->max_size))
		return -EBADMSG;
	if (attribute(s, m, STR("setup"), &value) && !decode_setup(ret, value))
		return -EBADMSG;
	ret->cema = sdp_attribute(m->text, STR("msrp-cema"), &value);
	return 0;
}


int sdp_msrp_decode(struct sdp_msrp *ret, const struct sdp *s)
{
	ptrdiff_t at = find_msrp(s);
	const struct sdp_medium *m;

	if (at < 0)
		return -ENOENT;
	m = &s->medium[at];
	*ret = (struct sdp_msrp){
		.at = (size_t)at,
		.port = m->port,
		.secure = str_eq_nocase(m->proto, STR("TCP/TLS/MSRP")),
	};
	if (!sdp_connection(m->text, &ret->address, &ret->v6) &&
	    !sdp_connection(s->session, &ret->address, &ret->v6)) {
		ret->address = s->origin.address;
		ret->v6 = s->origin.v6;
	}
	if (!decode_direction(&ret->direction, m->text))
		(void)decode_direction(&ret->direction, s->session);
	return decode_attributes(ret, s, m);
}


struct str sdp_path_last(struct str path)
{
	struct str uri, last = STR("");

	while (sdp_word_next(&path, &uri))
		last = uri;
	return last;
}


/* RFC 4975 8.6: "*", or type "/" ( subtype / "*" ). */
static bool range_has(struct str range, struct str type, struct str subtype)
{
	struct str sub = str_cut(&range, ';'), main = str_cut(&sub, '/');

	if (str_eq(main, STR("*")))
		return true;
	return str_eq_nocase(main, type) &&
	       (str_eq(sub, STR("*")) || str_eq_nocase(str_trim(sub), subtype));
}


bool sdp_types_have(struct str list, struct str type, struct str subtype)
{
	while (list.p) {
		struct str range = cut_word(&list);

		if (range.n && range_has(range, type, subtype))
			return true;
	}
	return false;
}


struct str sdp_setup_name(enum sdp_setup s)
{
	static const struct str names[] = {
		[SDP_SETUP_NONE] = STR_INIT(""),
		[SDP_SETUP_ACTIVE] = STR_INIT("active"),
		[SDP_SETUP_PASSIVE] = STR_INIT("passive"),
		[SDP_SETUP_ACTPASS] = STR_INIT("actpass"),
		[SDP_SETUP_HOLDCONN] = STR_INIT("holdconn"),
	};
	return names[s];
}


struct str sdp_direction_name(enum sdp_direction d)
{
	static const struct str names[] = {
		[SDP_SENDRECV] = STR_INIT("sendrecv"),
		[SDP_SENDONLY] = STR_INIT("sendonly"),
		[SDP_RECVONLY] = STR_INIT("recvonly"),
		[SDP_INACTIVE] = STR_INIT("inactive"),
	};
	return names[d];
}


enum sdp_direction sdp_direction_mirror(enum sdp_direction d)
{
	if (d == SDP_SENDONLY)
		return SDP_RECVONLY;
	return d == SDP_RECVONLY ? SDP_SENDONLY : d;
}
