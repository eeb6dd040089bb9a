/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the documents of a user: access rules, settings, groups, lists. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"


static bool wants_xml(struct admin_request *r)
{
	return str_eq(admin_request_query(r, "format"), STR("xml"));
}


static json_t *document_json(const struct admin_document *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "auid", admin_json_text(d->auid), "name",
			 admin_json_text(d->name), "type", admin_json_text(d->type), "etag",
			 admin_json_text(d->etag), "size", (json_int_t)d->size, "changed_ms",
			 (json_int_t)d->changed_ms);
}


static void failed(struct admin_request *r, int error)
{
	struct str user = admin_request_param(r, 0);

	if (error == -ENODATA)
		admin_request_error(r, 404, "list the documents to see those there are",
				    STR_FMT " has no document " STR_FMT " " STR_FMT, STR_ARG(user),
				    STR_ARG(admin_request_param(r, 1)),
				    STR_ARG(admin_request_param(r, 2)));
	else if (error == -EDQUOT)
		admin_request_error(r, 409, "delete some first",
				    STR_FMT " has as many documents as a user may have",
				    STR_ARG(user));
	else
		admin_request_failed(r, error, NULL, user);
}


/* ---- Lists ---- */

static void on_listed(const struct admin_document *d, void *arg)
{
	admin_request_add(arg, document_json(d));
}


static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:O}", "user",
					      admin_json_text(admin_request_param(r, 0)),
					      "documents", admin_request_rows(r)));
}


static void get_documents(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->rules.document_list, user, on_listed, on_list_done);
}


/* ---- One ---- */

static void on_document(const struct admin_document *d, void *arg)
{
	json_t *row = document_json(d);

	json_object_set_new(row, "user", admin_json_text(admin_request_param(arg, 0)));
	if (d->body.n)
		json_object_set_new(row, "document", admin_json_text(d->body));
	admin_request_add(arg, row);
}


static void on_got(int error, void *arg)
{
	struct admin_request *r = arg;
	json_t *row = json_array_get(admin_request_rows(r), 0);

	if (error) {
		failed(r, error);
	} else if (row && wants_xml(r)) {
		json_t *text = json_object_get(row, "document");

		admin_request_text(r, str_of(json_string_value(json_object_get(row, "type"))),
				   (struct str){json_string_value(text), json_string_length(text)});
	} else {
		admin_request_reply(r, 200, json_incref(row));
	}
}


static void get_document(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->rules.document_get, user, admin_request_param(r, 1),
			  admin_request_param(r, 2), on_document, on_got);
}


static void on_put(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_row(r, 200);
}


static void put_document(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);
	struct admin_document d = {
		.auid = admin_request_param(r, 1),
		.name = admin_request_param(r, 2),
		.body = admin_request_body(r),
	};

	(void)arg;
	admin_request_ask(r, user, s->rules.document_put, user, &d, admin_request_query(r, "if"),
			  on_document, on_put);
}


static void on_deleted(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply(r, 200,
				    json_pack("{s:o, s:o, s:o}", "user",
					      admin_json_text(admin_request_param(r, 0)), "auid",
					      admin_json_text(admin_request_param(r, 1)), "name",
					      admin_json_text(admin_request_param(r, 2))));
}


static void delete_document(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str user = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, user, s->rules.document_remove, user, admin_request_param(r, 1),
			  admin_request_param(r, 2), on_deleted);
}


#define ONE "/v1/users/{user}/documents/{auid}/{name}"

static const struct admin_resource table[] = {
	{"GET", "/v1/users/{user}/documents", "the documents of a user", get_documents},
	{"GET", ONE, "one, with its text; ?format=xml: the text itself", get_document},
	{"PUT", ONE, "the document itself, checked before it is stored; ?if=ETAG", put_document},
	{"DELETE", ONE, "delete one", delete_document},
};


int admin_document_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
