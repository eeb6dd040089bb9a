/* SPDX-License-Identifier: Apache-2.0 */
/* What a REGISTER asks for: Contacts, expiry, Path, outbound. */
#include "core/register_request.h"

#include "sip/name_addr.h"
#include "sip/param.h"


void register_warn(struct buf *headers, const struct core_params *p, const char *text)
{
	buf_printf(headers, "Warning: 399 " STR_FMT " \"%s\"\r\n", STR_ARG(p->realm), text);
}


static uint16_t bad(struct buf *headers, const struct core_params *p, const char *text)
{
	register_warn(headers, p, text);
	return 400;
}


/* RFC 3261 20.19: "between 0 and (2**32)-1. Malformed values SHOULD be treated as equivalent to 3600." */
static uint32_t header_expires(const struct sip_msg *m, uint32_t fallback)
{
	struct str text = sip_msg_header(m, SIP_HDR_EXPIRES);
	uint32_t v;

	if (!text.p)
		return fallback;
	return str_u32(text, &v) ? v : 3600;
}


static size_t count_values(const struct sip_msg *m, enum sip_header_id id)
{
	struct sip_values v = sip_values_first(m, id);
	size_t n = 0;

	for (struct str value; sip_values_next(&v, &value);)
		n++;
	return n;
}


/* ---- Contacts ---- */

/* "<urn:uuid:…>" in quotes: without both. */
static struct str instance_of(struct str params)
{
	struct str v;

	if (!sip_param(params, STR("+sip.instance"), &v))
		return STR("");
	if (v.n >= 2 && v.p[0] == '"')
		v = (struct str){v.p + 1, v.n - 2};
	if (v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>')
		v = (struct str){v.p + 1, v.n - 2};
	return v;
}


/* RFC 5626 11.2: 1 … 2^31 - 1; "one with a reg-id but no instance-id is not valid … it simply ignores the
 * reg-id parameter" (6). */
static uint32_t reg_id_of(struct str params, struct str instance)
{
	struct str v;
	uint32_t id;

	if (!instance.n || !sip_param(params, STR("reg-id"), &v) || !str_u32(v, &id) ||
	    id > INT32_MAX)
		return 0;
	return id;
}


static bool same_twice(const struct register_request *r, const struct register_contact *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (sip_uri_eq(&r->contact[i].uri, &c->uri))
			return true;
	return false;
}


static uint16_t add_contact(struct register_request *r, const struct sip_name_addr *na,
			    uint32_t expires_s, const struct core_params *p, struct buf *headers)
{
	struct register_contact *c = &r->contact[r->n];

	if (r->n == REGISTRATION_DEVICES_MAX) {
		register_warn(headers, p, "Too many contacts");
		return 403;
	}
	if (na->uri.n > SIP_URI_MAX || sip_uri_decode(&c->uri, na->uri))
		return bad(headers, p, "Malformed Contact");
	if ((c->uri.scheme != SIP_URI_SIP && c->uri.scheme != SIP_URI_SIPS) || c->uri.headers.n)
		return bad(headers, p, "Contact must be a SIP URI without headers");
	if (same_twice(r, c))
		return bad(headers, p, "The same Contact twice");

	c->params = na->params;
	c->instance = instance_of(na->params);
	c->reg_id = reg_id_of(na->params, c->instance);
	c->q = (uint16_t)sip_contact_q(na);
	c->expires_s = sip_contact_expires(na, expires_s);
	r->n++;
	return 0;
}


static uint16_t decode_contacts(struct register_request *r, const struct sip_msg *m,
				const struct core_params *p, struct buf *headers)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_CONTACT);
	uint32_t expires_s = header_expires(m, p->default_expires_s);
	uint16_t status = 0;

	for (struct str value; !status && sip_values_next(&v, &value);) {
		struct sip_name_addr na;

		if (r->star || sip_name_addr_decode(&na, value))
			return bad(headers, p, "Malformed Contact");
		if (!na.star) {
			status = add_contact(r, &na, expires_s, p, headers);
			continue;
		}
		/* RFC 3261 10.3 6: "If the request has additional Contact fields or an expiration time other
		 * than zero, the request is invalid". */
		if (r->n || !sip_msg_header(m, SIP_HDR_EXPIRES).p || expires_s)
			return bad(headers, p, "Contact * stands alone and needs Expires: 0");
		r->star = true;
	}
	return status;
}


/* ---- Outbound and Path ---- */

/* RFC 5626 6: not applied when the registrar is not the first hop and the first Path URI has no "ob". */
static bool path_has_ob(const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_PATH);
	struct sip_name_addr na;
	struct sip_uri uri;
	struct str value, ob;
	bool found = false;

	/* The first edge proxy wrote its own, and others put theirs on top (RFC 3327 5.2): the last. */
	while (sip_values_next(&v, &value)) {
		if (sip_name_addr_decode(&na, value) || sip_uri_decode(&uri, na.uri))
			return false;
		found = true;
	}
	return found && sip_uri_param(&uri, STR("ob"), &ob);
}


static uint16_t decode_outbound(struct register_request *r, const struct sip_msg *m,
				const struct core_params *p, struct buf *headers)
{
	size_t flows = 0, lasting = 0;

	for (size_t i = 0; i < r->n; i++) {
		flows += r->contact[i].reg_id && r->contact[i].expires_s;
		lasting += r->contact[i].expires_s > 0;
	}
	if (flows && lasting > 1)
		return bad(headers, p, "More than one Contact with reg-id");

	r->outbound = r->direct || path_has_ob(m);
	for (size_t i = 0; i < r->n && !r->outbound; i++) {
		/* "if the REGISTER request contains the reg-id and the outbound option tag in a Supported
		 * header field, then the registrar MUST respond to the REGISTER request with a 439". */
		if (r->contact[i].reg_id && r->supports_outbound)
			return 439;
		r->contact[i].reg_id = 0;
	}
	return 0;
}


/* RFC 3327 5.3: "The recommended policy is for the registrar to reject the request with a 420 "Bad
 * Extension" response indicating the Path extension." */
static uint16_t check_path(const struct sip_msg *m, struct buf *headers)
{
	if (!sip_msg_header(m, SIP_HDR_PATH).p ||
	    sip_msg_has_token(m, SIP_HDR_SUPPORTED, STR("path")) ||
	    sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("path")))
		return 0;
	buf_puts(headers, STR("Unsupported: path\r\n"));
	return 420;
}


uint16_t register_request_decode(struct register_request *ret, const struct sip_msg *m,
				 const struct core_params *p, struct buf *headers)
{
	uint16_t status = check_path(m, headers);

	ret->star = false;
	ret->n = 0;
	ret->direct = count_values(m, SIP_HDR_VIA) == 1 && !sip_msg_header(m, SIP_HDR_PATH).p;
	ret->supports_outbound = sip_msg_has_token(m, SIP_HDR_SUPPORTED, STR("outbound")) ||
				 sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("outbound"));
	if (!status)
		status = decode_contacts(ret, m, p, headers);
	if (!status)
		status = decode_outbound(ret, m, p, headers);
	return status;
}
