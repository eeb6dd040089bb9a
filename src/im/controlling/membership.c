/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what in a conference: digest c7 and c9, in order. */
#include "im/controlling/membership.h"

#define BIT(action) (1u << (action))
/** The asker becomes a participant by it. */
#define ENTERS (BIT(MEMBERSHIP_START) | BIT(MEMBERSHIP_JOIN))
/** What only participants do. */
#define FROM_INSIDE (BIT(MEMBERSHIP_INVITE) | BIT(MEMBERSHIP_EXPEL) | BIT(MEMBERSHIP_PRIVATE))
#define ALL (ENTERS | FROM_INSIDE | BIT(MEMBERSHIP_SUBSCRIBE) | BIT(MEMBERSHIP_SEND))

/* Texts of digest c14. */
#define NOT_AUTHORISED "127 Service not authorised"
#define TOO_MANY "102 Too many participants"
#define NOT_ALLOWED "122 Function not allowed"


static bool refuse(const struct membership_view *v, struct membership_answer *a, uint16_t status,
		   const char *text)
{
	a->status = status;
	buf_printf(a->headers, "Warning: 399 " STR_FMT " \"%s\"\r\n", STR_ARG(v->host), text);
	return false;
}


/* ---- The rules ---- */

static bool known(const struct membership_view *v, enum membership_action what, unsigned rights,
		  struct membership_answer *a)
{
	(void)what;
	(void)rights;
	return v->n || refuse(v, a, 403, NOT_AUTHORISED);
}


/* 9.1.1 NOTE: a group that does not allow anonymity does not allow the session. */
static bool anonymity(const struct membership_view *v, enum membership_action what, unsigned rights,
		      struct membership_answer *a)
{
	(void)what;
	return !v->anonymous || (rights & GROUP_BIT(GROUP_ANONYMITY)) ||
	       refuse(v, a, 403, NOT_ALLOWED ": anonymity");
}


/* Of a session without a group: whom nobody has invited has no business there. */
static bool may_join(const struct membership_view *v, enum membership_action what, unsigned rights,
		     struct membership_answer *a)
{
	bool welcome = rights & GROUP_BIT(GROUP_JOIN);

	if (!v->group && what == MEMBERSHIP_JOIN)
		welcome = v->inside || v->invited;
	return welcome || refuse(v, a, 403, NOT_AUTHORISED);
}


static bool may_start(const struct membership_view *v, enum membership_action what, unsigned rights,
		      struct membership_answer *a)
{
	(void)what;
	return (rights & GROUP_BIT(GROUP_INITIATE)) || refuse(v, a, 403, NOT_AUTHORISED);
}


static bool open_now(const struct membership_view *v, enum membership_action what, unsigned rights,
		     struct membership_answer *a)
{
	(void)what;
	(void)rights;
	return !v->group || group_is_open(&v->group->activity, v->now_ms) ||
	       refuse(v, a, 403, NOT_ALLOWED ": the group is closed at this time");
}


/* c7: "session may start/continue only while one is present (if rules define any)". */
static bool key_is_there(const struct membership_view *v, enum membership_action what,
			 unsigned rights, struct membership_answer *a)
{
	(void)what;
	return !v->group || !v->group->has_key_rules || v->key_present ||
	       (rights & GROUP_BIT(GROUP_KEY)) ||
	       refuse(v, a, 403, NOT_ALLOWED ": no key participant is present");
}


static bool from_inside(const struct membership_view *v, enum membership_action what,
			unsigned rights, struct membership_answer *a)
{
	(void)what;
	(void)rights;
	return v->inside || refuse(v, a, 403, NOT_AUTHORISED);
}


static bool may_invite(const struct membership_view *v, enum membership_action what,
		       unsigned rights, struct membership_answer *a)
{
	(void)what;
	return (rights & GROUP_BIT(GROUP_INVITE)) || refuse(v, a, 403, NOT_AUTHORISED);
}


static bool may_expel(const struct membership_view *v, enum membership_action what, unsigned rights,
		      struct membership_answer *a)
{
	bool may = v->group ? (rights & GROUP_BIT(GROUP_EXPEL)) != 0 : v->founder;

	(void)what;
	return may || refuse(v, a, 403, NOT_AUTHORISED);
}


static bool may_write_privately(const struct membership_view *v, enum membership_action what,
				unsigned rights, struct membership_answer *a)
{
	(void)what;
	return (rights & GROUP_BIT(GROUP_PRIVATE_MESSAGE)) || refuse(v, a, 403, NOT_AUTHORISED);
}


/* RFC 7701 6.2: 404 for who is not there; nothing is told to those who may not ask. */
static bool target_is_there(const struct membership_view *v, enum membership_action what,
			    unsigned rights, struct membership_answer *a)
{
	(void)what;
	(void)rights;
	return v->target_inside || refuse(v, a, 404, "no such participant");
}


/* c9 1: "subscriber must be a participant, or (pre-defined) be allowed by allow-conference-state". */
static bool may_see(const struct membership_view *v, enum membership_action what, unsigned rights,
		    struct membership_answer *a)
{
	bool may = v->inside || (v->group && (rights & GROUP_BIT(GROUP_STATE)));

	(void)what;
	return may || refuse(v, a, 403, NOT_AUTHORISED);
}


/* Who is in already takes no second place. */
static bool room(const struct membership_view *v, enum membership_action what, unsigned rights,
		 struct membership_answer *a)
{
	size_t max = membership_max(v->group, v->max_made);
	size_t wanted = v->more + ((BIT(what) & ENTERS) && !v->inside);

	(void)rights;
	return !max || !wanted || (v->participants <= max && wanted <= max - v->participants) ||
	       refuse(v, a, 486, TOO_MANY);
}


static const struct membership_rule rules[] = {
	{"identity", "", ALL, known},
	{"anonymity", "CLI-GEN-5N", ENTERS | BIT(MEMBERSHIP_SEND), anonymity},
	{"join", "", ENTERS | BIT(MEMBERSHIP_SEND), may_join},
	{"start", "", BIT(MEMBERSHIP_START), may_start},
	{"schedule", "", ENTERS, open_now},
	{"key-participant", "", ENTERS, key_is_there},
	{"participant", "", FROM_INSIDE, from_inside},
	{"invite", "", BIT(MEMBERSHIP_INVITE), may_invite},
	{"expel", "", BIT(MEMBERSHIP_EXPEL), may_expel},
	{"private-message", "", BIT(MEMBERSHIP_PRIVATE), may_write_privately},
	{"target", "", BIT(MEMBERSHIP_EXPEL) | BIT(MEMBERSHIP_PRIVATE), target_is_there},
	{"conference-state", "DRV-11", BIT(MEMBERSHIP_SUBSCRIBE), may_see},
	{"full", "", ENTERS | BIT(MEMBERSHIP_INVITE), room},
};
#define RULES (sizeof(rules) / sizeof(rules[0]))


unsigned membership_rights(const struct membership_view *v)
{
	if (!v->group)
		return ~0u;
	return group_rights(v->group,
			    &(struct group_request){
				    .who = v->who,
				    .n = v->n,
				    .anonymous = v->anonymous,
				    .now_ms = v->now_ms,
				    .listed = v->listed,
				    .arg = v->arg,
			    },
			    NULL);
}


const struct membership_rule *membership_judge(const struct membership_view *v,
					       enum membership_action what,
					       struct membership_answer *a)
{
	unsigned rights = membership_rights(v);

	for (size_t i = 0; i < RULES; i++) {
		if ((rules[i].concerns & BIT(what)) && !rules[i].allows(v, what, rights, a))
			return &rules[i];
	}
	return NULL;
}


size_t membership_max(const struct group *g, size_t max_made)
{
	return g ? g->max_participants : max_made;
}
