/* SPDX-License-Identifier: Apache-2.0 */
/* REFER to the focus: others are to be invited, or sent away (RFC 3515, 4488, 4579 5.5 and 5.11, 5368). */
#include <errno.h>

#include "im/controlling/adhoc.h"
#include "sip/compose.h"
#include "sip/name_addr.h"
#include "sip/notifier.h"
#include "sip/replaces.h"

/** Seconds of the implicit subscription: an invitation may ring for CONFERENCE_RING_MS, after waiting its turn. */
#define REFERRAL_TIME_S 900
/** Of a 4xx. */
#define REFERRAL_LINES_MAX 2048

/** What REFER may require of us. */
static const struct str options[] = {
	STR_INIT("multiple-refer"),
	STR_INIT("norefersub"),
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/** One request while it is worked on. */
struct referral {
	struct conference *f;
	struct sip_dialog *d;
	struct sip_server_txn *st;
	const struct sip_msg *m;
	const struct sip_source *src;
	struct str who;
	struct adhoc list; /**< whom it is about, each once */
	struct adhoc_invitee one;
	struct buf lines; /**< of the refusal */
};


/* ---- Answers ---- */

static void answer(struct referral *r, uint16_t status, struct str headers)
{
	struct sip_response response = {.status = status, .headers = headers};

	if (r->d)
		(void)sip_dialog_reply(r->d, r->st, &response);
	else
		(void)sip_respond(r->st, &response);
}


static void warn(struct referral *r, const char *text)
{
	buf_printf(&r->lines, "Warning: 399 " STR_FMT " \"%s\"\r\n",
		   STR_ARG(r->f->table->addresses.domains[0]), text);
}


/* RFC 4488 4: "it MUST insert the "Refer-Sub" header field set to "false" in the 2xx". */
static void accept_silently(struct referral *r)
{
	struct buf lines = BUF_INIT(REFERRAL_LINES_MAX);

	buf_puts(&lines, STR("Refer-Sub: false\r\nSupported: norefersub, multiple-refer\r\n"));
	if (!r->d) {
		buf_puts(&lines, STR("Contact: <"));
		buf_puts(&lines, r->f->identity);
		buf_puts(&lines, STR(">;isfocus;+g.oma.sip-im\r\n"));
	}
	answer(r, lines.failed ? 500 : 202, lines.failed ? STR_NULL : buf_str(&lines));
	buf_done(&lines);
}


/* ---- The implicit subscription ---- */

/** Who asked hears what became of it. Lives until both are over: the action, and the subscription. */
struct referral_report {
	struct sip_notifier *notifier; /**< NULL: over */
	uint16_t status;               /**< 100: under way */
	bool done;
};


static void report_release(struct referral_report *r)
{
	if (r->done && !r->notifier)
		mem_free(r);
}


/* RFC 3515 2.4.5: "MUST begin with a SIP Response Status-Line"; 5.3: no more than that is told. */
static struct str report_state(struct sip_notifier *n, bool full, struct buf *body, void *arg)
{
	const struct referral_report *r = arg;

	(void)n;
	(void)full;
	buf_printf(body, "SIP/2.0 %u " STR_FMT "\r\n", r->status, STR_ARG(sip_reason(r->status)));
	return STR("message/sipfrag;version=2.0");
}


static void report_ended(struct sip_notifier *n, void *arg)
{
	struct referral_report *r = arg;

	r->notifier = NULL;
	mem_unref(n);
	report_release(r);
}


static const struct sip_notifier_handler report_handler = {.state = report_state,
							   .ended = report_ended};


/* 2.4.7: "MUST indicate the subscription has been "terminated" with a reason of "noresource"". */
static void report_tell(uint16_t status, void *arg)
{
	struct referral_report *r = arg;

	r->status = status;
	r->done = true;
	if (r->notifier)
		sip_notifier_terminate(r->notifier, SIP_SUBREASON_NORESOURCE, 0);
	else
		report_release(r);
}


/* Of a client that is not found by its Contact: by the way its request came. */
static bool hop_back(struct sip_hop *ret, const struct referral *r)
{
	if (r->d || r->f->table->trust || !r->src)
		return false;
	*ret = (struct sip_hop){.kind = r->src->kind,
				.addr = r->src->peer,
				.flow = r->src->flow,
				.socket = r->src->flow ? SIP_SOCKET_ANY : r->src->socket};
	return true;
}


/* Answers 202, or refuses; NULL: it has been refused. */
static struct referral_report *report_begin(struct referral *r)
{
	struct referral_report *report = mem_raw(sizeof(*report));
	char user[sizeof("conf-") + CONTROLLING_ID_N];
	struct buf contact;
	struct sip_hop hop;

	if (!report) {
		answer(r, 500, STR_NULL);
		return NULL;
	}
	*report = (struct referral_report){.status = 100};
	buf_fixed(&contact, user, sizeof(user));
	buf_puts(&contact, STR("conf-"));
	buf_put(&contact, r->f->id, sizeof(r->f->id));
	if (sip_notifier_accept(&report->notifier,
				&(struct sip_notifier_params){
					.dialogs = r->f->table->dialogs,
					.st = r->st,
					.m = r->m,
					.src = r->src,
					.hop = hop_back(&hop, r) ? &hop : NULL,
					.dialog = r->d,
					.refer = true,
					.default_s = REFERRAL_TIME_S,
					.max_s = REFERRAL_TIME_S,
					.contact_user = buf_str(&contact),
					.contact_params = STR(";isfocus;+g.oma.sip-im"),
					.handler = &report_handler,
					.arg = report,
				})) {
		mem_free(report);
		return NULL;
	}
	return report;
}


/* ---- Whom it is about ---- */

static uint16_t judge_require(struct referral *r)
{
	struct sip_values v = sip_values_first(r->m, SIP_HDR_REQUIRE);
	struct str value;
	bool unknown = false;

	while (sip_values_next(&v, &value)) {
		bool known = false;

		for (size_t i = 0; i < OPTIONS; i++)
			known |= str_eq_nocase(value, options[i]);
		if (known)
			continue;
		sip_put_header(&r->lines, SIP_HDR_UNSUPPORTED, value);
		unknown = true;
	}
	return unknown ? 420 : 0;
}


/* RFC 3515 2.4.2: "400 (Bad Request) if the request contained zero or more than one Refer-To". */
static int refer_to(struct str *ret, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_REFER_TO);
	struct sip_name_addr a;
	struct str value, more;

	if (!sip_values_next(&v, &value) || sip_values_next(&v, &more) ||
	    sip_name_addr_decode(&a, value) || a.star)
		return -EBADMSG;
	*ret = str_trim(a.uri);
	return 0;
}


static uint16_t read_list(struct referral *r, struct str cid)
{
	int err = adhoc_referred(&r->list, &(struct adhoc_params){
						   .body = adhoc_body(r->m),
						   .caller = r->who,
						   .domain = r->f->table->addresses.domains[0],
						   .cid = cid,
					   });

	return err ? adhoc_status(err, r->f->table->addresses.domains[0], &r->lines) : 0;
}


static uint16_t read_one(struct referral *r, struct str uri)
{
	struct sip_uri u;
	int err;

	if (sip_uri_decode(&u, uri))
		return 400;
	/* RFC 3515 2.4.2: who cannot access "non-SIP URIs SHOULD NOT accept REFER requests to them". */
	if (u.scheme != SIP_URI_SIP && u.scheme != SIP_URI_SIPS && u.scheme != SIP_URI_TEL)
		return 416;
	r->list.arena = (struct arena)ARENA_INIT(ADHOC_MEMORY_MAX);
	err = adhoc_address(&r->one, uri, r->f->table->addresses.domains[0], &r->list.arena);
	r->list.invitees = &r->one;
	r->list.n = 1;
	return err ? 400 : 0;
}


static uint16_t read_targets(struct referral *r)
{
	struct str uri;

	if (refer_to(&uri, r->m))
		return 400;
	return str_starts_nocase(uri, STR("cid:")) ? read_list(r, uri) : read_one(r, uri);
}


/* ---- Whether it may be ---- */

static bool is_bye(const struct adhoc_invitee *v)
{
	return str_eq_nocase(v->method, STR("BYE"));
}


static uint16_t judge(struct referral *r, size_t invites, size_t byes, bool inside, size_t more)
{
	struct membership_answer a = {.headers = &r->lines};
	struct membership_view v;

	conference_view(r->f, &v, &r->who);
	v.more = more;
	v.target_inside = inside;
	if ((byes && membership_judge(&v, MEMBERSHIP_EXPEL, &a)) ||
	    (invites && membership_judge(&v, MEMBERSHIP_INVITE, &a)))
		return a.status;
	return 0;
}


static uint16_t judge_targets(struct referral *r)
{
	size_t invites = 0, byes = 0, more = 0;
	bool inside = true;

	for (size_t i = 0; i < r->list.n; i++) {
		const struct adhoc_invitee *v = &r->list.invitees[i];
		bool in = conference_find(r->f, v->who) != NULL;

		if (is_bye(v)) {
			byes++;
			inside &= in;
		} else if (!v->method.p || str_eq_nocase(v->method, STR("INVITE"))) {
			invites++;
			more += !in;
		} else {
			warn(r, "122 Function not allowed: method");
			return 403;
		}
	}
	return judge(r, invites, byes, inside, more);
}


/* ---- What is done ---- */

static void expel(struct referral *r, const struct adhoc_invitee *v)
{
	static const struct str reason = STR_INIT("SIP;cause=200;text=\"Booted\"");
	struct participant *p = conference_find(r->f, v->who);

	if (p)
		participant_leave(p, CONFERENCE_BOOTED, reason, roster_shown(r->f->roster, r->who),
				  &(struct sip_invite_farewell){
					  .headers = STR("Reason: SIP;cause=200;"
							 "text=\"Booted\"\r\n")});
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -EALREADY:
		return 491;
	case -ENOBUFS:
		return 486;
	case -EBADMSG:
		return 404;
	case -ECANCELED:
		return 480;
	default:
		return 500;
	}
}


/* `report` may be NULL: nobody wants to know. */
static void invite(struct referral *r, const struct adhoc_invitee *v,
		   struct referral_report *report)
{
	int err = invitation_send(r->f, &(struct invitation){
						.uri = v->uri,
						.display_name = v->display_name,
						.headers = v->headers,
						.by = r->who,
						.bcc = r->list.listed && v->bcc,
						.referred = true,
						.done = report ? report_tell : NULL,
						.arg = report,
					});

	if (err && report)
		report_tell(status_of(err), report);
}


static void act(struct referral *r, struct referral_report *report)
{
	bool expelled = false;

	for (size_t i = 0; i < r->list.n; i++) {
		const struct adhoc_invitee *v = &r->list.invitees[i];

		if (!is_bye(v)) {
			invite(r, v, report);
			continue;
		}
		expel(r, v);
		expelled = true;
		if (report)
			report_tell(200, report);
	}
	if (expelled)
		conference_review(r->f);
}


/* RFC 5368 8: for several "SHOULD not create an implicit subscription". */
static void accept_it(struct referral *r)
{
	struct referral_report *report = NULL;

	if (r->list.listed || !sip_refer_sub(r->m)) {
		accept_silently(r);
	} else {
		report = report_begin(r);
		if (!report)
			return;
	}
	act(r, report);
}


void referral_receive(struct conference *f, struct sip_dialog *d, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src, struct str who)
{
	struct referral r = {.f = f,
			     .d = d,
			     .st = st,
			     .m = m,
			     .src = src,
			     .who = who,
			     .lines = BUF_INIT(REFERRAL_LINES_MAX)};
	uint16_t status = f->ending ? 480 : judge_require(&r);

	if (!status)
		status = read_targets(&r);
	if (!status)
		status = judge_targets(&r);
	if (status)
		answer(&r, status, r.lines.failed ? STR_NULL : buf_str(&r.lines));
	else
		accept_it(&r);
	adhoc_done(&r.list);
	buf_done(&r.lines);
}
