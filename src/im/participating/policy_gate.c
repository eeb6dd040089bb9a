/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's policy on the size and content of a MESSAGE, for both sides. */

#include "body/mime.h"
#include "im/participating/gates.h"
#include "sip/compose.h"
#include "subscriber/subscriber.h"


/* Digest c16: what belongs to the service itself is always allowed. */
bool gate_type_always_allowed(struct str type, struct str subtype)
{
	static const struct str types[][2] = {
		{STR_INIT("message"), STR_INIT("imdn+xml")},
		{STR_INIT("application"), STR_INIT("im-iscomposing+xml")},
		{STR_INIT("application"), STR_INIT("resource-lists+xml")},
		{STR_INIT("application"), STR_INIT("vnd.poc.group-advertisement+xml")},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_eq_nocase(type, types[i][0]) && str_eq_nocase(subtype, types[i][1]))
			return true;
	}
	return false;
}


static const struct operator_policy *of_user(const struct gate_view *v)
{
	return v->served ? v->served->policy : NULL;
}


static bool allowed(const struct gate_view *v, struct str type, struct str subtype)
{
	return operator_allows_type(v->service, of_user(v), OPERATOR_PAGER, type, subtype) ||
	       gate_type_always_allowed(type, subtype);
}


static int leaf(const struct mime_type *t, const struct mime_part *part, unsigned depth, void *arg)
{
	(void)part;
	(void)depth;
	return allowed(arg, t->type, t->subtype) ? 0 : 1;
}


static bool is_container(const struct sip_media_type *t)
{
	return str_eq_nocase(t->type, STR("multipart")) ||
	       (str_eq_nocase(t->type, STR("message")) && str_eq_nocase(t->subtype, STR("cpim")));
}


/* What is in a container counts, every leaf of it. A body that cannot be read conforms to nothing. */
static bool types_conform(const struct gate_view *v)
{
	const struct im_request *r = v->r;

	if (!r->m->body.n)
		return true;
	if (!is_container(&r->content))
		return r->content.type.n && allowed(v, r->content.type, r->content.subtype);
	return mime_walk(sip_msg_header(r->m, SIP_HDR_CONTENT_TYPE), r->m->body, leaf,
			 (void *)(uintptr_t)v) == 0;
}


/* What is compressed shows nobody its type. RFC 3261 20.12: identity is no coding. */
static bool coding_conforms(const struct gate_view *v)
{
	struct str coding = sip_msg_header(v->r->m, SIP_HDR_CONTENT_ENCODING);

	return !coding.n || str_eq_nocase(coding, STR("identity")) ||
	       !operator_restricts_types(v->service, of_user(v), OPERATOR_PAGER);
}


/* RFC 3261 21.4.13: "The server MUST return a list of acceptable formats using the Accept, Accept-Encoding,
 * or Accept-Language header field, depending on the specific problem with the content." */
static enum gate_verdict refuse(const struct gate_view *v, struct gate_answer *a)
{
	a->status = 415;
	buf_puts(a->headers, STR("Accept: "));
	operator_put_types(v->service, of_user(v), OPERATOR_PAGER, a->headers);
	buf_puts(a->headers, STR("\r\n"));
	return GATE_REFUSE;
}


enum gate_verdict gate_operator_policy(const struct gate_view *v, struct gate_answer *a)
{
	const struct im_request *r = v->r;
	uint64_t max = operator_max_size(v->service, of_user(v), OPERATOR_PAGER);

	if (r->m->method != SIP_MESSAGE)
		return GATE_PASS;
	if (im_request_is_answer(r, v->ours) || im_request_is_from_system(r, v->ours) ||
	    r->kind == IM_RETRIEVAL)
		return GATE_PASS;
	if (!types_conform(v)) {
		gate_warn(a, v->host, STR("this type of content is not allowed"));
		return refuse(v, a);
	}
	if (!coding_conforms(v)) {
		gate_warn(a, v->host, STR("content codings are not allowed"));
		a->status = 415;
		buf_puts(a->headers, STR("Accept-Encoding: identity\r\n"));
		return GATE_REFUSE;
	}
	if (r->m->body.n > max) {
		/* The status that the specification has for "size and content" (notes A-20). */
		buf_printf(a->headers,
			   "Warning: 399 " STR_FMT " \"133 Size exceeded: at most %llu bytes\"\r\n",
			   STR_ARG(v->host), (unsigned long long)max);
		return refuse(v, a);
	}
	return GATE_PASS;
}
