/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The IM service settings of a user: application/im-settings+xml to and from bytes, and what several
 * devices want together.
 *
 * A document holds entities, one for each device that published. An entity says of each setting on,
 * off, or nothing. What counts for a request is the sum of the live entities:
 *
 *     struct im_settings sum = {0};
 *
 *     for (each live entity)
 *             im_settings_add(&sum, &entity->settings);
 *     if (im_settings_on(&sum, IM_BARRING_PAGER))
 *             403
 *
 * The format. The appendix that defined it is lost; the elements are those that the 2007 texts and the
 * clients of the period name, in the frame of the PoC settings (RFC 4354):
 *
 *     <im-settings xmlns="urn:oma:xml:im:service-settings">
 *       <entity id="urn:uuid:…">
 *         <service-id>org.openmobilealliance:IM</service-id>
 *         <isb-settings><incoming-session-barring active="false"/></isb-settings>
 *         <ipab-settings><incoming-pager-barring active="false"/></ipab-settings>
 *         <his-settings><hist-activation type="session-mode" active="true"/>
 *                       <hist-activation type="pager-large-mode" active="false"/></his-settings>
 *         <deferred-settings><offline-delivery active="true"/><auto-push active="true"/></deferred-settings>
 *         <vis-settings><vis-status active="true"/></vis-settings>
 *       </entity>
 *     </im-settings>
 *
 * Read besides: any namespace or none; any root whose name ends in "settings"; settings that stand in
 * the root without an entity (an entity with an empty id); <hist-settings> for <his-settings>;
 * <hist-activation> without a type (both modes); <incoming-personal-alert-barring>; the value as text
 * ("active", "on", "true", "1" and their opposites) instead of the attribute. A value that is none of
 * these says nothing. <auto-push> is ours.
 *
 * Encoding writes the form above and nothing else. Who edits one entity decodes, changes it
 * (im_settings_entity), and encodes; elements that are not known here do not survive that, nor do
 * comments: they are outside of what this server keeps.
 */
#ifndef BODY_IM_SETTINGS_H
#define BODY_IM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define IM_SETTINGS_TYPE STR("application/im-settings+xml")
#define IM_SETTINGS_NS STR("urn:oma:xml:im:service-settings")
#define IM_SETTINGS_AUID STR("org.openmobilealliance.im-settings")
/** Devices of one user that publish settings; people have three or four. */
#define IM_SETTINGS_ENTITIES_MAX 16
/** An entity's id is a urn:uuid of 45 characters or an instance-id. */
#define IM_SETTINGS_ID_MAX 256

enum im_settings_key {
	IM_BARRING_SESSION,     /**< isb: IM Session and File Transfer are refused; default off */
	IM_BARRING_PAGER,       /**< ipab: Pager and Large Message Mode are refused; default off */
	IM_HISTORY_SESSION,     /**< default off */
	IM_HISTORY_PAGER_LARGE, /**< default off */
	IM_OFFLINE_DELIVERY,    /**< messages are kept while the user is away; default on */
	IM_PUSH,                /**< and are sent as soon as the user is back; default on */
	IM_VISIBLE,             /**< default on */
};
#define IM_SETTINGS 7

enum im_switch { IM_UNSET, IM_OFF, IM_ON };

struct im_settings {
	uint8_t is[IM_SETTINGS]; /**< enum im_switch, by enum im_settings_key */
};

struct im_settings_entity {
	struct str id; /**< may be empty */
	struct im_settings settings;
};

struct im_settings_doc {
	size_t n;
	struct im_settings_entity entity[IM_SETTINGS_ENTITIES_MAX];
};

/**
 * The ids go into `a`. An id that comes twice is one entity, what stands later wins. -EBADMSG: not such
 * a document; -ENOBUFS: a ceiling; -ENOMEM.
 */
int im_settings_decode(struct im_settings_doc *ret, struct str text, struct arena *a);
/** Appends the document. Settings that are unset are left out. */
void im_settings_encode(const struct im_settings_doc *d, struct buf *out);

/** The entity with this id, added when it is new (the id is borrowed). NULL: the document is full. */
struct im_settings_entity *im_settings_entity(struct im_settings_doc *d, struct str id);

/**
 * One more device: barring holds when every device bars, each of the others when any device has it on;
 * what a device leaves unset counts as the default. `sum` starts all zero.
 */
void im_settings_add(struct im_settings *sum, const struct im_settings *one);
/** All entities of the document. */
void im_settings_sum(struct im_settings *ret, const struct im_settings_doc *d);
/** The setting, or its default when unset. */
bool im_settings_on(const struct im_settings *s, enum im_settings_key which);

/**
 * Names on the command line: "barring.session", "barring.pager", "history.session",
 * "history.pager-large", "offline-delivery", "push", "visible".
 */
struct str im_setting_name(enum im_settings_key which);
/** A bit (1u << enum im_settings_key) for each that is meant: "barring" and "history" mean two. 0: none. */
unsigned im_setting_bits(struct str name);

#endif
