/* SPDX-License-Identifier: Apache-2.0 */
/* What a request asks for. */
#include "im/retrieval/asked.h"

#include <errno.h>

#include "body/mime.h"
#include "body/resource_lists.h"
#include "im/retrieval/retrieval.h"
#include "sip/uri.h"

/** References and their texts. */
#define ARENA_MAX (512u << 10)


struct str asked_part(const struct sip_msg *m, struct str subtype)
{
	struct mime_type type;
	struct mime_part part;

	if (!m->body.n || mime_type_decode(&type, sip_msg_header(m, SIP_HDR_CONTENT_TYPE)))
		return STR_NULL;
	if (mime_type_is(&type, STR("application"), subtype))
		return m->body;
	if (str_eq_nocase(type.type, STR("multipart")) &&
	    !mime_parts_find(&type, m->body, STR("application"), subtype, &part))
		return part.content;
	return STR_NULL;
}


/* However it is written: the function that the request went to. */
static bool is_of(struct str uri, struct str service, const struct im_addresses *ours)
{
	char text[SIP_AOR_MAX];
	struct sip_uri u;
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	return !sip_uri_decode(&u, uri) && !sip_uri_aor(&u, ours->domains[0], &aor) &&
	       str_eq(buf_str(&aor), service);
}


/* As the store knows people. */
static int settle_peer(struct history_reference *r, struct arena *a,
		       const struct im_addresses *ours)
{
	char text[SIP_AOR_MAX];
	struct sip_uri u;
	struct buf aor;

	if (!r->with.n)
		return 0;
	buf_fixed(&aor, text, sizeof(text));
	if (sip_uri_decode(&u, r->with) || sip_uri_aor(&u, ours->domains[0], &aor) || aor.failed)
		return -EBADMSG;
	r->with = arena_str(a, buf_str(&aor));
	return r->with.p ? 0 : -ENOBUFS;
}


static int take(struct asked *a, struct str uri, struct str service,
		const struct im_addresses *ours)
{
	struct history_reference *r = &a->ref[a->n];
	int err = history_reference_decode(r, uri, &a->arena);

	if (!err && !is_of(r->service, service, ours))
		err = -EBADMSG;
	if (!err)
		err = settle_peer(r, &a->arena, ours);
	if (!err)
		a->n++;
	return err;
}


static int take_all(struct asked *a, const struct resource_lists *lists, struct str service,
		    const struct im_addresses *ours)
{
	int err = 0;

	for (size_t i = 0; !err && i < lists->items_n; i++) {
		if (lists->items[i].kind != RESOURCE_ENTRY)
			continue;
		err = a->n < RETRIEVAL_REFERENCES_MAX ? take(a, lists->items[i].uri, service, ours)
						      : -ENOBUFS;
	}
	/* A list that names nothing is no wish for everything. */
	return !err && !a->n ? -EBADMSG : err;
}


int asked_read(struct asked *ret, const struct sip_msg *m, struct str service,
	       const struct im_addresses *ours)
{
	struct str xml = asked_part(m, STR("resource-lists+xml"));
	struct arena scratch = ARENA_INIT(ARENA_MAX);
	struct resource_lists lists;
	int err;

	*ret = (struct asked){.arena = ARENA_INIT(ARENA_MAX)};
	ret->ref = arena_alloc(&ret->arena, RETRIEVAL_REFERENCES_MAX * sizeof(*ret->ref));
	if (!ret->ref)
		return -ENOMEM;
	if (!xml.p)
		return take(ret, service, service, ours);
	err = resource_lists_decode(&lists, xml, &scratch);
	if (!err)
		err = take_all(ret, &lists, service, ours);
	arena_done(&scratch);
	return err;
}


void asked_done(struct asked *a)
{
	arena_done(&a->arena);
}
