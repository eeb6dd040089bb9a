/* SPDX-License-Identifier: Apache-2.0 */
/* Services that note what they were asked. */
#include "desk.h"

/** 2026-01-02 03:04:05.678 UTC, and an hour later. */
#define SOME_MS INT64_C(1767323045678)
#define LATER_MS (SOME_MS + 3600000)


static void note(struct desk *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct desk *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(d->asked, fmt, ap);
	va_end(ap);
	buf_putc(d->asked, '\n');
}


/** True: rows may come; else `*ret` is what to return, and `done` has been called if it must. */
static bool begins(struct desk *d, admin_done_cb *done, void *done_arg, struct buf *why, int *ret)
{
	*ret = 0;
	if (d->why) {
		buf_puts(why, str_of(d->why));
		*ret = d->error;
		return false;
	}
	if (d->error) {
		done(d->error, done_arg);
		return false;
	}
	return true;
}


/* ---- Rules ---- */

static int settings(struct desk *d, admin_value_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why)
{
	int ret;

	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	each(&(struct admin_value){.name = STR("barring.pager"), .value = STR("on")}, done_arg);
	each(&(struct admin_value){.name = STR("push"), .value = STR("off")}, done_arg);
	done(0, done_arg);
	return 0;
}


static int settings_get(struct str user, admin_value_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	note(arg, "settings of " STR_FMT, STR_ARG(user));
	return settings(arg, each, done, done_arg, why);
}


static void note_set(struct desk *d, const char *what, struct str user,
		     const struct admin_value *set, size_t n)
{
	buf_printf(d->asked, "%s of <" STR_FMT ">:", what, STR_ARG(user));
	for (size_t i = 0; i < n; i++)
		buf_printf(d->asked, " " STR_FMT "=" STR_FMT "%s", STR_ARG(set[i].name),
			   STR_ARG(set[i].value), set[i].value.p ? "" : "null");
	buf_putc(d->asked, '\n');
}


static int settings_set(struct str user, const struct admin_value *set, size_t n,
			admin_value_cb *each, admin_done_cb *done, void *done_arg, struct buf *why,
			void *arg)
{
	note_set(arg, "set settings", user, set, n);
	return settings(arg, each, done, done_arg, why);
}


static const struct admin_document document = {
	.auid = STR_INIT("resource-lists"),
	.name = STR_INIT("index"),
	.type = STR_INIT("application/resource-lists+xml"),
	.etag = STR_INIT("e1"),
	.size = 17,
	.changed_ms = SOME_MS,
};


static int document_list(struct str user, admin_document_cb *each, admin_done_cb *done,
			 void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "documents of " STR_FMT, STR_ARG(user));
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	if (!d->empty)
		each(&document, done_arg);
	done(0, done_arg);
	return 0;
}


static int document_get(struct str user, struct str auid, struct str name, admin_document_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct admin_document got = document;
	int ret;

	note(arg, "get " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(user), STR_ARG(auid),
	     STR_ARG(name));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	got.body = STR("<resource-lists/>");
	each(&got, done_arg);
	done(0, done_arg);
	return 0;
}


static int document_put(struct str user, const struct admin_document *doc, struct str if_etag,
			admin_document_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	int ret;

	note(arg, "put " STR_FMT " " STR_FMT " " STR_FMT " [" STR_FMT "] " STR_FMT, STR_ARG(user),
	     STR_ARG(doc->auid), STR_ARG(doc->name), STR_ARG(if_etag), STR_ARG(doc->body));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	each(&document, done_arg);
	done(0, done_arg);
	return 0;
}


static int document_remove(struct str user, struct str auid, struct str name, admin_done_cb *done,
			   void *done_arg, struct buf *why, void *arg)
{
	int ret;

	note(arg, "remove " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(user), STR_ARG(auid),
	     STR_ARG(name));
	if (begins(arg, done, done_arg, why, &ret))
		done(0, done_arg);
	return ret;
}


static int policies(struct desk *d, admin_value_cb *each, admin_done_cb *done, void *done_arg,
		    struct buf *why)
{
	int ret;

	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	each(&(struct admin_value){STR("pager.max-size"), STR("2000"), STR("user")}, done_arg);
	each(&(struct admin_value){STR("charging"), STR("off"), STR("default")}, done_arg);
	done(0, done_arg);
	return 0;
}


static int policy_get(struct str user, admin_value_cb *each, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	note(arg, "policy of <" STR_FMT ">", STR_ARG(user));
	return policies(arg, each, done, done_arg, why);
}


static int policy_set(struct str user, const struct admin_value *set, size_t n,
		      admin_value_cb *each, admin_done_cb *done, void *done_arg, struct buf *why,
		      void *arg)
{
	note_set(arg, "set policy", user, set, n);
	return policies(arg, each, done, done_arg, why);
}


/* ---- Deferral ---- */

static const struct admin_device device = {
	.key = STR_INIT("urn:uuid:1"),
	.state = STR_INIT("waiting"),
	.attempts = 2,
	.status = 480,
	.last_ms = SOME_MS,
	.next_try_ms = LATER_MS,
};


static void show(admin_deferred_cb *each, void *done_arg, uint64_t id)
{
	each(&(struct admin_deferred){.id = id,
				      .user = STR("sip:bob@example.org"),
				      .sender = STR("sip:alice@example.org"),
				      .call_id = STR("c1"),
				      .message_id = STR("m1"),
				      .kind = id == 2 ? STR("file") : STR("pager"),
				      .content_type = id == 2 ? STR("image/jpeg") : STR(""),
				      .name = id == 2 ? STR("cat.jpg") : STR(""),
				      .state = STR("held"),
				      .size = 5,
				      .received_ms = SOME_MS,
				      .expires_ms = LATER_MS,
				      .devices = &device,
				      .devices_n = 1},
	     done_arg);
}


static int deferred_list(struct str user, uint64_t after, size_t limit, admin_deferred_cb *each,
			 admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "deferred of <" STR_FMT "> after %llu limit %zu", STR_ARG(user),
	     (unsigned long long)after, limit);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	for (uint64_t id = after + 1; !d->empty && id <= 2 && limit; id++, limit--)
		show(each, done_arg, id);
	done(0, done_arg);
	return 0;
}


static int deferred_users(struct str after, size_t limit, admin_waiting_cb *each,
			  admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "waiting users after <" STR_FMT "> limit %zu", STR_ARG(after), limit);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	if (!d->empty)
		each(&(struct admin_waiting){STR("sip:bob@example.org"), 2, 10}, done_arg);
	done(0, done_arg);
	return 0;
}


static int deferred_show(uint64_t id, admin_deferred_cb *each, admin_done_cb *done, void *done_arg,
			 struct buf *why, void *arg)
{
	int ret;

	note(arg, "show %llu", (unsigned long long)id);
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	show(each, done_arg, id);
	done(0, done_arg);
	return 0;
}


static int count(struct desk *d, uint64_t n, admin_count_cb *each, admin_done_cb *done,
		 void *done_arg, struct buf *why)
{
	int ret;

	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	each(d->empty ? 0 : n, done_arg);
	done(0, done_arg);
	return 0;
}


static int deferred_remove(struct str user, uint64_t id, admin_count_cb *each, admin_done_cb *done,
			   void *done_arg, struct buf *why, void *arg)
{
	note(arg, "withdraw <" STR_FMT "> %llu", STR_ARG(user), (unsigned long long)id);
	return count(arg, id ? 1 : 2, each, done, done_arg, why);
}


static int deferred_push(struct str user, admin_count_cb *each, admin_done_cb *done, void *done_arg,
			 struct buf *why, void *arg)
{
	note(arg, "push <" STR_FMT ">", STR_ARG(user));
	return count(arg, 1, each, done, done_arg, why);
}


static int system_messages(struct desk *d, const char *state, admin_system_message_cb *each,
			   admin_done_cb *done, void *done_arg, struct buf *why)
{
	static const struct str answers[] = {STR_INIT("yes"), STR_INIT("no")};
	int ret;

	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	if (!d->empty)
		each(&(struct admin_system_message){.user = STR("sip:bob@example.org"),
						    .id = STR("sm-1"),
						    .text = STR("New terms"),
						    .answers = answers,
						    .answers_n = 2,
						    .state = str_of(state),
						    .answer = STR("yes"),
						    .required = true,
						    .timeout_s = 3600,
						    .created_ms = SOME_MS,
						    .delivered_ms = LATER_MS},
		     done_arg);
	done(0, done_arg);
	return 0;
}


static int system_list(struct str user, size_t limit, admin_system_message_cb *each,
		       admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	(void)limit;
	note(arg, "system messages of <" STR_FMT ">", STR_ARG(user));
	return system_messages(arg, "answered", each, done, done_arg, why);
}


static int system_send(struct str user, const struct admin_system_message *m,
		       admin_system_message_cb *each, admin_done_cb *done, void *done_arg,
		       struct buf *why, void *arg)
{
	struct desk *d = arg;

	buf_printf(d->asked, "tell " STR_FMT " \"" STR_FMT "\" in %u:", STR_ARG(user),
		   STR_ARG(m->text), m->timeout_s);
	for (size_t i = 0; i < m->answers_n; i++)
		buf_printf(d->asked, " " STR_FMT, STR_ARG(m->answers[i]));
	buf_putc(d->asked, '\n');
	return system_messages(d, "waiting", each, done, done_arg, why);
}


static int system_clear(struct str user, struct str id, admin_count_cb *each, admin_done_cb *done,
			void *done_arg, struct buf *why, void *arg)
{
	note(arg, "clear " STR_FMT " <" STR_FMT ">", STR_ARG(user), STR_ARG(id));
	return count(arg, 3, each, done, done_arg, why);
}


/* ---- Insight ---- */

static void show_session(admin_session_cb *each, void *done_arg, uint64_t number)
{
	each(&(struct admin_session){.id = number == 1 ? STR("abcd2345abcd2345")
						       : STR("efgh2345efgh2345"),
				     .number = number,
				     .kind = STR("session"),
				     .state = STR("active"),
				     .functions = STR("both"),
				     .originator = STR("sip:alice@example.org"),
				     .recipient = STR("sip:bob@example.org"),
				     .caller_call_id = STR("c1"),
				     .callee_call_id = STR("c2"),
				     .since_ms = SOME_MS,
				     .established_ms = LATER_MS,
				     .messages = 3,
				     .bytes = 15},
	     done_arg);
}


static int session_list(struct str user, uint64_t after, size_t limit, admin_session_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "sessions of <" STR_FMT "> after %llu limit %zu", STR_ARG(user),
	     (unsigned long long)after, limit);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	for (uint64_t n = after + 1; !d->empty && n <= 2 && limit; n++, limit--)
		show_session(each, done_arg, n);
	done(0, done_arg);
	return 0;
}


static int session_show(struct str id, admin_session_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	int ret;

	note(arg, "session " STR_FMT, STR_ARG(id));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	show_session(each, done_arg, 1);
	done(0, done_arg);
	return 0;
}


static int session_end(struct str id, admin_done_cb *done, void *done_arg, struct buf *why,
		       void *arg)
{
	int ret;

	note(arg, "end " STR_FMT, STR_ARG(id));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	done(0, done_arg);
	return 0;
}


static void show_conference(admin_conference_cb *each, void *done_arg, uint64_t number)
{
	each(&(struct admin_conference){.id = number == 1 ? STR("abcd2345abcd2345")
							  : STR("efgh2345efgh2345"),
					.number = number,
					.kind = number == 1 ? STR("group") : STR("ad-hoc"),
					.identity = STR("sip:conf-abcd2345abcd2345@example.org"),
					.group = number == 1 ? STR("sip:hikers@example.org")
							     : STR(""),
					.founder = STR("sip:alice@example.org"),
					.subject = STR("Sunday tour"),
					.since_ms = SOME_MS,
					.participants = 3,
					.connected = 2,
					.watchers = 1,
					.messages = 4,
					.copies = 8},
	     done_arg);
}


static int conference_list(uint64_t after, size_t limit, admin_conference_cb *each,
			   admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "conferences after %llu limit %zu", (unsigned long long)after, limit);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	for (uint64_t n = after + 1; !d->empty && n <= 2 && limit; n++, limit--)
		show_conference(each, done_arg, n);
	done(0, done_arg);
	return 0;
}


static int conference_show(struct str id, admin_conference_cb *each, admin_person_cb *person,
			   admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "conference " STR_FMT, STR_ARG(id));
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	show_conference(each, done_arg, 1);
	if (!d->empty)
		person(&(struct admin_person){.address = STR("sip:bob@example.org"),
					      .anonymous = true,
					      .status = STR("connected"),
					      .since_ms = SOME_MS,
					      .messages = 2,
					      .bytes = 10},
		       done_arg);
	done(0, done_arg);
	return 0;
}


static int conference_end(struct str id, admin_done_cb *done, void *done_arg, struct buf *why,
			  void *arg)
{
	int ret;

	note(arg, "end conference " STR_FMT, STR_ARG(id));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	done(0, done_arg);
	return 0;
}


static int trace(struct str user, uint64_t after, unsigned wait_s, admin_trace_cb *each,
		 admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "trace " STR_FMT " after %llu wait %u", STR_ARG(user), (unsigned long long)after,
	     wait_s);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	if (!d->empty && after < 3) {
		each(&(struct admin_trace_line){1, SOME_MS, STR("in"), STR("udp"),
						STR("192.0.2.1:5060"),
						STR("MESSAGE sip:bob@example.org"), STR("c1")},
		     done_arg);
		each(&(struct admin_trace_line){3, SOME_MS, STR("outcome"), STR(""), STR(""),
						STR("pager delivered\x7f"), STR("c1")},
		     done_arg);
	}
	done(0, done_arg);
	return 0;
}


static int explain(struct str id, admin_step_cb *each, admin_done_cb *done, void *done_arg,
		   struct buf *why, void *arg)
{
	int ret;

	note(arg, "explain " STR_FMT, STR_ARG(id));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	each(&(struct admin_step){.at_ms = SOME_MS,
				  .event = STR("held"),
				  .kind = STR("pager"),
				  .user = STR("sip:bob@example.org"),
				  .sender = STR("sip:alice@example.org"),
				  .status = 202,
				  .text = STR("kept on disk")},
	     done_arg);
	each(&(struct admin_step){.at_ms = LATER_MS,
				  .event = STR("waits"),
				  .text = STR("waits: nobody is there")},
	     done_arg);
	done(0, done_arg);
	return 0;
}


/* ---- Groups ---- */

static int group(struct desk *d, admin_group_cb *each, admin_done_cb *done, void *done_arg,
		 struct buf *why)
{
	const struct admin_member members[] = {
		{STR("sip:alice@example.org"), STR("Alice"), d->unknown},
		{STR("tel:+15550100"), STR(""), false},
	};
	int ret;

	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	each(&(struct admin_group){.address = STR("sip:hikers@example.org"),
				   .name = STR("Hikers"),
				   .subject = STR("Sunday tour"),
				   .members = members,
				   .members_n = 2,
				   .invites = true,
				   .advertises = true,
				   .max_participants = 20,
				   .max_duration_s = 7200,
				   .size = 17,
				   .changed_ms = SOME_MS},
	     done_arg);
	done(0, done_arg);
	return 0;
}


static int group_list(struct str after, size_t limit, admin_group_cb *each, admin_done_cb *done,
		      void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;
	int ret;

	note(d, "groups after <" STR_FMT "> limit %zu", STR_ARG(after), limit);
	if (!begins(d, done, done_arg, why, &ret))
		return ret;
	for (size_t i = 0; !d->empty && !after.n && i < 2; i++)
		each(&(struct admin_group){.address = i ? STR("sip:skaters@example.org")
							: STR("sip:hikers@example.org"),
					   .size = 17,
					   .changed_ms = SOME_MS},
		     done_arg);
	done(0, done_arg);
	return 0;
}


static int group_show(struct str address, admin_group_cb *each, admin_done_cb *done, void *done_arg,
		      struct buf *why, void *arg)
{
	note(arg, "group " STR_FMT, STR_ARG(address));
	return group(arg, each, done, done_arg, why);
}


static int group_create(struct str address, const struct str *members, size_t members_n,
			const struct admin_value *set, size_t n, admin_group_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct desk *d = arg;

	buf_printf(d->asked, "create " STR_FMT " of", STR_ARG(address));
	for (size_t i = 0; i < members_n; i++)
		buf_printf(d->asked, " " STR_FMT, STR_ARG(members[i]));
	note_set(d, " with", STR(""), set, n);
	return group(arg, each, done, done_arg, why);
}


static int group_add(struct str address, struct str member, admin_group_cb *each,
		     admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	note(arg, "add " STR_FMT " to " STR_FMT, STR_ARG(member), STR_ARG(address));
	return group(arg, each, done, done_arg, why);
}


static int group_remove(struct str address, struct str member, admin_group_cb *each,
			admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	note(arg, "remove " STR_FMT " from " STR_FMT, STR_ARG(member), STR_ARG(address));
	return group(arg, each, done, done_arg, why);
}


static int group_destroy(struct str address, admin_done_cb *done, void *done_arg, struct buf *why,
			 void *arg)
{
	int ret;

	note(arg, "delete group " STR_FMT, STR_ARG(address));
	if (!begins(arg, done, done_arg, why, &ret))
		return ret;
	done(0, done_arg);
	return 0;
}


void desk_init(struct desk *d, struct admin_services *s)
{
	s->groups = (struct admin_groups){.list = group_list,
					  .show = group_show,
					  .create = group_create,
					  .add = group_add,
					  .remove = group_remove,
					  .destroy = group_destroy};
	d->asked = unit_buf(1 << 20);
	s->rules = (struct admin_rules){
		.settings_get = settings_get,
		.settings_set = settings_set,
		.document_list = document_list,
		.document_get = document_get,
		.document_put = document_put,
		.document_remove = document_remove,
		.policy_get = policy_get,
		.policy_set = policy_set,
	};
	s->deferral = (struct admin_deferral){
		.list = deferred_list,
		.users = deferred_users,
		.show = deferred_show,
		.remove = deferred_remove,
		.push = deferred_push,
		.system_list = system_list,
		.system_send = system_send,
		.system_clear = system_clear,
	};
	s->insight = (struct admin_insight){.trace = trace, .explain = explain};
	s->sessions = (struct admin_sessions){.list = session_list,
					      .show = session_show,
					      .end = session_end};
	s->conferences = (struct admin_conferences){.list = conference_list,
						    .show = conference_show,
						    .end = conference_end};
}
