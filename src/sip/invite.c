/* SPDX-License-Identifier: Apache-2.0 */
/* A call leg: its life, its end, and what the peer has said of itself. */
#include "sip/invite.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/invite_state.h"
#include "sip/name_addr.h"

static struct counter open_now = GAUGE("sip.invite.open", "call legs that are not over");
static struct counter setting_up = GAUGE("sip.invite.setting_up",
					 "call legs whose INVITE is not answered");
static struct counter called = COUNTER("sip.invite.called", "calls begun by us");
static struct counter taken = COUNTER("sip.invite.taken", "calls begun by others");
static struct counter answered = COUNTER("sip.invite.answered", "calls with a 2xx, either way");
static struct counter lost = COUNTER("sip.invite.lost",
				     "calls ended by 408, 481 or silence to a request inside");
static struct counter unacknowledged = COUNTER("sip.invite.unacknowledged",
					       "calls ended because no ACK or PRACK came");
static struct counter expired = COUNTER("sip.invite.expired", "calls ended by the session timer");
struct counter sip_c_invite_glare =
	COUNTER("sip.invite.glare", "modifications that crossed another: 491 or 500, either way");
struct counter sip_c_invite_strays =
	COUNTER("sip.invite.strays", "2xx of forks or of cancelled calls that got ACK and BYE");

#define TO_END (SM_TO(SIP_INVITE_ENDING) | SM_TO(SIP_INVITE_TERMINATED))
static const struct sm_state states[] = {
	[SIP_INVITE_CALLING] = {"calling", SM_TO(SIP_INVITE_CONFIRMED) | TO_END},
	[SIP_INVITE_INCOMING] = {"incoming", SM_TO(SIP_INVITE_ACCEPTED) | TO_END},
	[SIP_INVITE_ACCEPTED] = {"accepted", SM_TO(SIP_INVITE_CONFIRMED) | TO_END},
	[SIP_INVITE_CONFIRMED] = {"confirmed", TO_END},
	[SIP_INVITE_ENDING] = {"ending", SM_TO(SIP_INVITE_TERMINATED)},
	[SIP_INVITE_TERMINATED] = {"terminated", 0},
};
const struct sm_table sip_invite_machine = SM_TABLE("invite", states);


static bool is_setup(uint8_t state)
{
	return state == SIP_INVITE_CALLING || state == SIP_INVITE_INCOMING;
}


void invite_move(struct sip_invite *inv, enum sip_invite_state to)
{
	bool was = is_setup(inv->state);

	sm_move(&sip_invite_machine, &inv->state, to);
	if (was && !is_setup(inv->state))
		counter_add(&setting_up, -1);
	if (was && (to == SIP_INVITE_ACCEPTED || to == SIP_INVITE_CONFIRMED))
		counter_add(&answered, 1);
}


bool invite_keep(struct str *slot, struct str value)
{
	char *p = NULL;

	if (str_eq(*slot, value))
		return true;
	if (value.n) {
		p = mem_raw(value.n);
		if (!p)
			return false;
		memcpy(p, value.p, value.n);
	}
	mem_free((char *)slot->p);
	*slot = (struct str){p, value.n};
	return true;
}


/* ---- What the peer says of itself ---- */

static void note_allow(struct sip_invite *inv, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_ALLOW);
	struct str value;
	uint32_t allow = 0;

	if (m->first[SIP_HDR_ALLOW] == SIP_LINE_NONE)
		return;
	while (sip_values_next(&v, &value))
		allow |= 1u << sip_method_decode(value);
	inv->allow = allow & ~(1u << SIP_METHOD_OTHER);
	inv->allow_known = true;
}


static const struct str option_names[] = {
	[INVITE_TIMER] = STR_INIT("timer"),
	[INVITE_100REL] = STR_INIT("100rel"),
	[INVITE_REPLACES] = STR_INIT("replaces"),
};
#define OPTIONS (sizeof(option_names) / sizeof(option_names[0]))


static uint8_t options_of(const struct sip_msg *m, enum sip_header_id id)
{
	struct sip_values v = sip_values_first(m, id);
	struct str value;
	uint8_t set = 0;

	while (sip_values_next(&v, &value)) {
		for (size_t i = 0; i < OPTIONS; i++) {
			if (str_eq_nocase(value, option_names[i]))
				set |= (uint8_t)(1u << i);
		}
	}
	return set;
}


static void note_contact(struct sip_invite *inv, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_CONTACT);
	struct sip_name_addr a;
	struct str value;

	/* Without memory what it said before stays. */
	if (sip_values_next(&v, &value) && sip_name_addr_decode(&a, value) == 0 &&
	    a.params.n <= SIP_INVITE_CONTACT_PARAMS_MAX)
		(void)invite_keep(&inv->contact_params, a.params);
}


void invite_note(struct sip_invite *inv, const struct sip_msg *m)
{
	note_allow(inv, m);
	if (m->first[SIP_HDR_SUPPORTED] != SIP_LINE_NONE)
		inv->options = options_of(m, SIP_HDR_SUPPORTED);
	inv->options |= options_of(m, SIP_HDR_REQUIRE);
	note_contact(inv, m);
}


bool sip_invite_allows(const struct sip_invite *inv, enum sip_method method)
{
	const uint32_t always = 1u << SIP_INVITE | 1u << SIP_ACK | 1u << SIP_BYE |
				1u << SIP_CANCEL | 1u << SIP_OPTIONS;

	return (inv->allow_known ? inv->allow : always) & (1u << method);
}


bool sip_invite_supports(const struct sip_invite *inv, struct str option)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (str_eq_nocase(option, option_names[i]))
			return inv->options & (1u << i);
	}
	return false;
}


struct str sip_invite_contact_params(const struct sip_invite *inv)
{
	return inv->contact_params;
}


/* ---- What we say of ourselves ---- */

/* RFC 4028 7.1: "MUST include a Supported header field in each request (except ACK), listing the option
 * tag 'timer'". */
void invite_put_supported(struct buf *b, const struct sip_invite *inv)
{
	buf_puts(b, STR("Supported: timer"));
	if (inv->profile->supported.n) {
		buf_puts(b, STR(", "));
		buf_puts(b, inv->profile->supported);
	}
	buf_puts(b, STR("\r\n"));
}


void invite_put_abilities(struct buf *b, const struct sip_invite *inv)
{
	if (inv->profile->allow.n)
		sip_put_header(b, SIP_HDR_ALLOW, inv->profile->allow);
	invite_put_supported(b, inv);
}


static bool lists(struct str list, struct str token)
{
	struct str value;

	while (sip_value_cut(&list, &value)) {
		if (str_eq_nocase(value, token))
			return true;
	}
	return false;
}


uint16_t invite_check_require(const struct sip_invite_profile *p, const struct sip_msg *m,
			      struct buf *why)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_REQUIRE);
	struct str value;
	bool refused = false;

	while (sip_values_next(&v, &value)) {
		if (str_eq_nocase(value, STR("timer")) || lists(p->supported, value))
			continue;
		buf_puts(why, refused ? STR(", ") : STR("Unsupported: "));
		buf_puts(why, value);
		refused = true;
	}
	if (refused)
		buf_puts(why, STR("\r\n"));
	return refused ? 420 : 0;
}


bool invite_refuse(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		   struct sip_session_offer *session)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);
	uint16_t status = invite_check_require(inv->profile, m, &lines);

	if (!status)
		status = sip_session_timer_offered(&inv->timer, session, m);
	if (status == 422)
		sip_session_timer_put_min(&inv->timer, &lines);
	if (status)
		(void)sip_reply(st, lines.failed ? 500 : status, buf_str(&lines));
	buf_done(&lines);
	return status != 0;
}


/* ---- The end ---- */

static void outs_free(struct sip_invite *inv)
{
	struct list_link *l;

	while ((l = list_first(&inv->outs)))
		invite_out_free(container_of(l, struct invite_out, link));
}


static void everything_free(struct sip_invite *inv)
{
	sip_session_timer_stop(&inv->timer);
	outs_free(inv);
	invite_branches_free(inv);
	invite_in_free(inv);
	invite_update_free(inv);
}


void invite_finish(struct sip_invite *inv)
{
	if (inv->state == SIP_INVITE_TERMINATED)
		return;
	mem_ref(inv);
	invite_move(inv, SIP_INVITE_TERMINATED);
	everything_free(inv);
	sip_dialog_leave(&inv->usage);
	counter_add(&open_now, -1);
	if (inv->held) {
		inv->held = false;
		mem_unref(inv);
	}
	mem_unref(inv);
}


void invite_settle(struct sip_invite *inv)
{
	if (inv->state == SIP_INVITE_ENDING && list_empty(&inv->outs) &&
	    list_empty(&inv->branches) && !inv->in)
		invite_finish(inv);
}


void invite_bye(struct sip_invite *inv)
{
	(void)invite_out_start(
		NULL, inv, &(struct invite_request){.method = SIP_BYE, .headers = inv->farewell});
}


/* What is under way when the leg ends. An INVITE must still have its answer, and be acknowledged. */
static void outs_end(struct sip_invite *inv)
{
	struct list_link *l, *next;

	inv->change = NULL;
	for (l = list_first(&inv->outs); l; l = next) {
		struct invite_out *o = container_of(l, struct invite_out, link);

		next = list_next(&inv->outs, l);
		o->silent = true;
		if (o->answered && !o->acked)
			(void)invite_out_ack(o, STR_NULL, STR_NULL);
		if (o->answered)
			invite_out_linger(o);
		else if (o->method != SIP_INVITE || !sip_dialog_request_abort(&o->request))
			invite_out_free(o);
	}
}


static void close_confirmed(struct sip_invite *inv, bool bye)
{
	/* 15.1.2: "The UAS MUST still respond to any pending requests received for that dialog. It is
	 * RECOMMENDED that a 487 (Request Terminated) response be generated". */
	invite_in_refuse(inv, 487, STR_NULL);
	invite_in_free(inv);
	(void)invite_update_respond(inv, &(struct sip_response){.status = 487});
	outs_end(inv);
	if (bye)
		invite_bye(inv);
}


/* From now on only the wire counts. */
static void close_leg(struct sip_invite *inv, const struct sip_invite_farewell *f, bool bye)
{
	enum sip_invite_state was = inv->state;

	if (was == SIP_INVITE_ENDING || was == SIP_INVITE_TERMINATED)
		return;
	if (f)
		(void)invite_keep(&inv->farewell, f->headers);
	sip_session_timer_stop(&inv->timer);
	invite_move(inv, SIP_INVITE_ENDING);
	switch (was) {
	case SIP_INVITE_CALLING:
		invite_branches_free(inv);
		outs_end(inv);
		break;
	case SIP_INVITE_INCOMING:
		invite_in_refuse(inv,
				 f && f->status >= 300 ? f->status
				 : bye                 ? 480
						       : 487,
				 inv->farewell);
		invite_in_free(inv);
		invite_update_free(inv);
		break;
	case SIP_INVITE_ACCEPTED:
		/* 15: "the callee's UA MUST NOT send a BYE on a confirmed dialog until it has received
		 * an ACK for its 2xx response or until the server transaction times out". */
		if (bye && inv->in)
			break;
		close_confirmed(inv, bye);
		break;
	default:
		close_confirmed(inv, bye);
	}
}


static void count_end(enum sip_invite_why why)
{
	if (why == SIP_INVITE_LOST)
		counter_add(&lost, 1);
	else if (why == SIP_INVITE_UNACKNOWLEDGED)
		counter_add(&unacknowledged, 1);
	else if (why == SIP_INVITE_EXPIRED)
		counter_add(&expired, 1);
}


void invite_over(struct sip_invite *inv, const struct sip_invite_ended *e, bool bye)
{
	const struct sip_invite_handler *h = invite_owner(inv);

	mem_ref(inv);
	inv->told = true;
	if (h)
		count_end(e->why);
	close_leg(inv, NULL, bye);
	if (h)
		h->ended(inv, e, inv->arg);
	invite_settle(inv);
	mem_unref(inv);
}


void *sip_invite_end(struct sip_invite *inv, const struct sip_invite_farewell *f)
{
	if (!inv)
		return NULL;
	inv->told = true;
	close_leg(inv, f, true);
	invite_settle(inv);
	return mem_unref(inv);
}


/* ---- Requests inside the dialog ---- */

static void take_bye(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	(void)sip_dialog_reply(inv->usage.dialog, st, &(struct sip_response){.status = 200});
	/* 15: the callee "MUST NOT send a BYE on early dialogs": there is nothing to end, and a final
	 * response to our INVITE must come nevertheless. */
	if (inv->state == SIP_INVITE_ENDING) {
		invite_in_free(inv);
		invite_settle(inv);
	} else if (inv->state != SIP_INVITE_CALLING) {
		invite_over(inv, &(struct sip_invite_ended){.why = SIP_INVITE_BYE, .m = m}, false);
	}
}


static bool take_other(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	const struct sip_invite_handler *h = invite_owner(inv);
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);

	if (h && h->request && h->request(inv, st, m, inv->arg))
		return true;
	if (m->method == SIP_NOTIFY || m->method == SIP_SUBSCRIBE || m->method == SIP_OPTIONS || !h)
		return false;
	/* The dialog layer's 481 would make the peer take the call for lost (RFC 5057). */
	sip_put_header(&lines, SIP_HDR_ALLOW, inv->profile->allow);
	(void)sip_reply(st, 405, buf_str(&lines));
	buf_done(&lines);
	return true;
}


static bool on_request(struct sip_dialog_usage *u, struct sip_server_txn *st,
		       const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct sip_invite *inv = arg;
	bool mine = true;

	(void)u;
	(void)src;
	mem_ref(inv);
	if (m->method == SIP_BYE)
		take_bye(inv, st, m);
	else if (inv->told)
		mine = false;
	else if (m->method == SIP_INVITE)
		invite_take_invite(inv, st, m);
	else if (m->method == SIP_UPDATE)
		invite_take_update(inv, st, m);
	else if (m->method == SIP_PRACK)
		invite_in_prack(inv, st, m);
	else
		mine = take_other(inv, st, m);
	mem_unref(inv);
	return mine;
}


static bool on_ack(struct sip_dialog_usage *u, const struct sip_msg *m, void *arg)
{
	struct sip_invite *inv = arg;

	(void)u;
	mem_ref(inv);
	bool mine = invite_in_ack(inv, m);
	mem_unref(inv);
	return mine;
}


static void on_ended(struct sip_dialog_usage *u, int error, void *arg)
{
	struct sip_invite *inv = arg;
	const struct sip_invite_handler *h = invite_owner(inv);

	(void)u;
	mem_ref(inv);
	inv->told = true;
	invite_finish(inv);
	if (h)
		h->ended(inv,
			 &(struct sip_invite_ended){.why = SIP_INVITE_SHUTDOWN, .error = error},
			 inv->arg);
	mem_unref(inv);
}


const struct sip_dialog_usage_handler invite_usage = {.request = on_request,
						      .ack = on_ack,
						      .ended = on_ended};


/* ---- Life ---- */

static void destroy(void *object)
{
	struct sip_invite *inv = object;

	everything_free(inv);
	sip_dialog_leave(&inv->usage);
	mem_free((char *)inv->contact_params.p);
	mem_free((char *)inv->farewell.p);
	mem_unref(inv->dialogs);
}


/* Takes the reference of the dialog. */
static struct sip_invite *leg_alloc(const struct sip_invite_params *p, struct sip_dialog *d)
{
	struct sip_invite *inv = mem_alloc_in(p->dialogs->slab, sizeof(*inv), destroy);

	if (!inv) {
		mem_unref(d);
		return NULL;
	}
	inv->dialogs = mem_ref(p->dialogs);
	inv->profile = p->profile;
	inv->arg = p->arg;
	list_init(&inv->outs);
	list_init(&inv->branches);
	sip_session_timer_init(&inv->timer, invite_timers(inv), &p->session, &invite_clock, inv);
	sip_dialog_join(d, &inv->usage, &invite_usage, inv);
	mem_unref(d);
	return inv;
}


static void begin(struct sip_invite *inv, enum sip_invite_state state, struct counter *count)
{
	inv->state = state;
	inv->held = true;
	mem_ref(inv);
	counter_add(count, 1);
	counter_add(&open_now, 1);
	counter_add(&setting_up, 1);
}


int sip_invite_send(struct sip_invite **ret, const struct sip_invite_params *p)
{
	struct sip_invite *inv;
	struct sip_dialog *d;
	int err = sip_dialog_alloc(&d, p->dialogs, &p->dialog);

	if (err)
		return err;
	inv = leg_alloc(p, d);
	if (!inv)
		return -ENOMEM;
	inv->uac = true;
	err = invite_out_start(NULL, inv,
			       &(struct invite_request){
				       .method = SIP_INVITE,
				       .initial = true,
				       .headers = p->headers,
				       .type = p->type,
				       .body = p->body,
			       });
	if (err) {
		mem_unref(inv);
		return err;
	}
	begin(inv, SIP_INVITE_CALLING, &called);
	*ret = inv;
	return 0;
}


static int accept_into(struct sip_invite **ret, const struct sip_invite_params *p,
		       struct sip_server_txn *st, const struct sip_msg *m,
		       const struct sip_source *src)
{
	struct sip_session_offer session;
	struct sip_invite *inv;
	struct sip_dialog *d;
	int err = sip_dialog_accept(&d, p->dialogs, st, m, src, &p->dialog);

	if (err)
		return err;
	inv = leg_alloc(p, d);
	if (!inv)
		return -ENOMEM;
	if (invite_refuse(inv, st, m, &session))
		err = -EALREADY;
	else
		err = invite_in_alloc(inv, st, m, &session);
	if (err) {
		mem_unref(inv);
		return err;
	}
	invite_note(inv, m);
	begin(inv, SIP_INVITE_INCOMING, &taken);
	*ret = inv;
	return 0;
}


int sip_invite_accept(struct sip_invite **ret, const struct sip_invite_params *p,
		      struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_source *src)
{
	int err = accept_into(ret, p, st, m, src);

	if (err == -EALREADY)
		return -EBADMSG;
	if (err)
		(void)sip_reply(st, err == -EBADMSG ? 400 : 500, STR_NULL);
	return err;
}


enum sip_invite_state sip_invite_state(const struct sip_invite *inv)
{
	return inv->state;
}


struct sip_dialog *sip_invite_dialog(const struct sip_invite *inv)
{
	return inv->usage.dialog;
}


struct sip_server_txn *sip_invite_txn(const struct sip_invite *inv)
{
	bool waits = inv && inv->state == SIP_INVITE_INCOMING && inv->in && inv->in->initial;

	return waits ? inv->in->st : NULL;
}


void sip_invite_hand_over(struct sip_invite *inv, const struct sip_invite_profile *profile,
			  void *arg)
{
	inv->profile = profile;
	inv->arg = arg;
}


void *sip_invite_arg_of(const struct sip_invite *inv, const struct sip_invite_profile *profile)
{
	return inv->profile == profile ? inv->arg : NULL;
}


struct sip_invite *sip_invite_of_dialog(struct sip_dialog *d)
{
	for (struct list_link *l = list_first(&d->usages); l; l = list_next(&d->usages, l)) {
		struct sip_dialog_usage *u = container_of(l, struct sip_dialog_usage, link);

		if (u->handler == &invite_usage)
			return u->arg;
	}
	return NULL;
}


void sip_invite_counters_register(void)
{
	struct counter *all[] = {&open_now,
				 &setting_up,
				 &called,
				 &taken,
				 &answered,
				 &lost,
				 &expired,
				 &unacknowledged,
				 &sip_c_invite_glare,
				 &sip_c_invite_strays};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		counter_register(all[i], 1);
}
