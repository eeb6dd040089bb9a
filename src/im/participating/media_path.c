/* SPDX-License-Identifier: Apache-2.0 */
/* In the media path or not: the decision, at the INVITE. */

#include "im/participating/media_path.h"

#include "body/im_settings.h"
#include "subscriber/operator_policy.h"


bool media_path_concerns(enum im_kind kind)
{
	return kind == IM_SESSION || kind == IM_LARGE || kind == IM_FILE;
}


/* A file is sent in a session; there is no setting of its own (digest e1). */
static bool records(const struct media_path_view *v)
{
	enum im_settings_key key = v->kind == IM_LARGE ? IM_HISTORY_PAGER_LARGE
						       : IM_HISTORY_SESSION;

	return v->rules->history_kept && v->settings && im_settings_on(v->settings, key);
}


/* What is said of the user goes before what is said of all. */
static bool charges(const struct media_path_view *v)
{
	if (v->user && v->user->charging != OPERATOR_UNSET)
		return v->user->charging == OPERATOR_ON;
	return v->service && v->service->charging == OPERATOR_ON;
}


/* A file has one recipient: nobody counts. */
static bool counts(const struct media_path_view *v)
{
	return v->rules->sent_count && v->side == IM_ORIGINATING && v->kind != IM_FILE;
}


enum media_path media_path_decide(const struct media_path_view *v)
{
	uint32_t set = v->rules->media_path;

	if (!set || !media_path_concerns(v->kind))
		return MEDIA_PATH_OUT;
	if (set & IM_MEDIA_PATH_ALWAYS)
		return MEDIA_PATH_ALWAYS;
	if (set & IM_MEDIA_PATH_HISTORY && records(v))
		return MEDIA_PATH_HISTORY;
	if (set & IM_MEDIA_PATH_CHARGING && charges(v))
		return MEDIA_PATH_CHARGING;
	return counts(v) ? MEDIA_PATH_SENT_COUNT : MEDIA_PATH_OUT;
}


struct str media_path_name(enum media_path p)
{
	static const struct str names[] = {
		[MEDIA_PATH_OUT] = STR_INIT("out"),
		[MEDIA_PATH_ALWAYS] = STR_INIT("always"),
		[MEDIA_PATH_HISTORY] = STR_INIT("history"),
		[MEDIA_PATH_CHARGING] = STR_INIT("charging"),
		[MEDIA_PATH_SENT_COUNT] = STR_INIT("sent-count"),
	};

	return names[p];
}
