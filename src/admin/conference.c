/* SPDX-License-Identifier: Apache-2.0 */
/* Resources about the conferences whose focus this server is. */
#include <errno.h>

#include "admin/resource.h"
#include "base/buf.h"

/** What of a conference's id is repeated to who asked for it. */
#define ID_SHOWN 80


static void failed(struct admin_request *r, int error)
{
	struct str id = str_upto(admin_request_param(r, 0), ID_SHOWN);

	if (error == -ENODATA)
		admin_request_error(r, 404, "list the conferences to see those that run here",
				    "there is no conference " STR_FMT, STR_ARG(id));
	else
		admin_request_failed(r, error, NULL, id);
}


static void on_conference(const struct admin_conference *c, void *arg)
{
	admin_request_add(
		arg,
		json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "id",
			  admin_json_text(c->id), "number", (json_int_t)c->number, "kind",
			  admin_json_text(c->kind), "identity", admin_json_text(c->identity),
			  "group", admin_json_text(c->group), "founder",
			  admin_json_text(c->founder), "subject", admin_json_text(c->subject),
			  "since_ms", (json_int_t)c->since_ms, "participants",
			  (json_int_t)c->participants, "connected", (json_int_t)c->connected,
			  "watchers", (json_int_t)c->watchers, "messages", (json_int_t)c->messages,
			  "copies", (json_int_t)c->copies));
}


static void on_person(const struct admin_person *p, void *arg)
{
	admin_request_add(arg, json_pack("{s:o, s:b, s:o, s:I, s:I, s:I}", "address",
					 admin_json_text(p->address), "anonymous", p->anonymous,
					 "status", admin_json_text(p->status), "since_ms",
					 (json_int_t)p->since_ms, "messages",
					 (json_int_t)p->messages, "bytes", (json_int_t)p->bytes));
}


static void on_list_done(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		admin_request_failed(r, error, NULL, STR(""));
	else
		admin_request_reply_list(r, "conferences");
}


static void get_conferences(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct admin_page page;

	(void)arg;
	if (admin_request_page(r, "write the number of a conference", &page))
		admin_request_ask(r, STR(""), s->conferences.list, page.after, page.limit,
				  on_conference, on_list_done);
}


/* The first row is the conference, the others are the persons in it. */
static void on_shown(int error, void *arg)
{
	struct admin_request *r = arg;
	json_t *rows = admin_request_rows(r), *conference;

	if (error) {
		failed(r, error);
		return;
	}
	conference = json_incref(json_array_get(rows, 0));
	json_array_remove(rows, 0);
	json_object_set(conference, "persons", rows);
	admin_request_reply(r, 200, conference);
}


static void get_conference(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, id, s->conferences.show, id, on_conference, on_person, on_shown);
}


static void on_ended(int error, void *arg)
{
	struct admin_request *r = arg;

	if (error)
		failed(r, error);
	else
		admin_request_reply_named(r, "ended");
}


static void delete_conference(struct admin_request *r, void *arg)
{
	const struct admin_services *s = admin_request_services(r);
	struct str id = admin_request_param(r, 0);

	(void)arg;
	admin_request_ask(r, id, s->conferences.end, id, on_ended);
}


static const struct admin_resource table[] = {
	{"GET", "/v1/conferences", "conferences that run here; ?after=NUMBER&limit=N",
	 get_conferences},
	{"GET", "/v1/conferences/{id}", "one of them, with those who are in it", get_conference},
	{"DELETE", "/v1/conferences/{id}", "end it: everybody is hung up on", delete_conference},
};


int admin_conference_register(struct admin *a)
{
	return admin_register(a, table, sizeof(table) / sizeof(table[0]), NULL);
}
