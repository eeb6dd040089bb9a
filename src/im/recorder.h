/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Where the functions of the service meet over a user's history: the Participating Function has a message
 * that has reached its end, or a session that stands, and the History function keeps what its user wants kept
 * (digest c3, "Storage for History"). Neither includes the other; the server joins them (im_set_recorder).
 *
 * A pager message is recorded at its 2xx, which waits until the record is on disk ("2xx means on disk"). A
 * session is recorded as it passes in the media path, from the 200 OK on; its stream waits only when the disk
 * falls behind. A large message that waited on disk is recorded as a pager message is, when a device has it.
 */
#ifndef IM_RECORDER_H
#define IM_RECORDER_H

#include "im/request.h"
#include "store/deferred.h"

struct im_record;
struct im_recording;
struct msrp_tap;

/** Whose Participating Function was here: each user's copy is their own affair. */
enum {
	IM_RECORD_ORIGINATOR = 1 << 0,
	IM_RECORD_RECIPIENT = 1 << 1,
};

/** It is written, or could not be: the log and a counter know. */
typedef void(im_recorded_cb)(struct im_record *k, void *arg);

/** Embedded by the caller; zeroed or finished, it is idle. */
struct im_record {
	void *impl; /**< the recorder's */
	im_recorded_cb *recorded;
	void *arg;
};

/** A MESSAGE that was accepted, or a large message that waited and was delivered. */
struct im_recorded_pager {
	const struct sip_msg *m;
	enum im_kind kind;                /**< what is no message of a person's is not recorded */
	unsigned sides;                   /**< set of IM_RECORD_… */
	struct str originator, recipient; /**< AORs */
	/**
	 * Of a large one, `m` is its INVITE and this how it is held, with its content; it is until `recorded`.
	 * What is on disk becomes the entry's, too, and is not copied. NULL: a MESSAGE.
	 */
	const struct store_deferred *held;
};

/** A session at its 200 OK. */
struct im_recorded_session {
	enum im_kind kind;
	unsigned sides;
	struct str originator, recipient, call_id;
	bool originator_hides; /**< RFC 3323: the recipient was not told */
};

struct im_recorder {
	/**
	 * `p` is borrowed for the call. 0: `recorded` will be called once, never before this returns; `k` may be NULL:
	 * nobody waits. -ENOENT: nobody wants it; another -errno: it could not be. Then nothing is called.
	 */
	int (*pager)(const struct im_recorded_pager *p, struct im_record *k,
		     im_recorded_cb *recorded, void *recorded_arg, void *arg);
	/** No callback follows; it is recorded all the same. */
	void (*cancel)(struct im_record *k, void *arg);
	/** NULL: nobody wants it, or it cannot be. */
	struct im_recording *(*begin)(const struct im_recorded_session *s, void *arg);
	/** Sees what passes; its `arg` is the recording. Side A is the originator. Every member is there. */
	const struct msrp_tap *tap;
	/** The session is over: no call of the tap follows. The recording is the recorder's again. */
	void (*end)(struct im_recording *rec, struct str reason, void *arg);
	void *arg;
};

#endif
