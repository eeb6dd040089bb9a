/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Whoever sends us a message over a medium that ends here (im/media_end.h). They are held back while the disk is
 * behind, so that what is in memory of a message is bounded, whatever its size; and given up when they say nothing
 * more, or have lost their connection and do not come back.
 *
 *   media_source_init             with the owner
 *   media_source_offer            what they offer can be taken
 *   media_source_open             the medium is there; its MSRP session's handler has this as `arg`, and in it stand
 *                                 media_source_bound and media_source_lost
 *   media_source_watch            their INVITE is answered: from here on silence counts
 *   media_source_hold, _let_go    the disk is behind; has room again
 *   media_source_done             over
 */
#ifndef IM_MEDIA_SOURCE_H
#define IM_MEDIA_SOURCE_H

#include "base/loop.h"
#include "im/media_end.h"

/** A connection that was lost may come back so long, as in any session of this server. */
#define MEDIA_SOURCE_LOST_MS 40000

struct media_source_handler {
	/** The disk is behind with what has come. */
	bool (*behind)(const void *arg);
	/** They wait for us: that they are silent means nothing. */
	bool (*waits)(const void *arg);
	/** "idle", "msrp": for so long nothing came from them, or no connection; or they cannot be reached. */
	void (*given_up)(const char *why, void *arg);
};

struct media_source {
	struct loop *loop;
	struct media_end *media;
	const struct media_source_handler *handler;
	void *arg;
	struct timer guard;
	uint64_t idle_ms, since_ms;
	bool paused, lost;
};

/**
 * Their description in `text` (empty: none), views of it. -EBADMSG: it is not one; -EPROTONOSUPPORT: they would send
 * nothing here.
 */
int media_source_offer(struct sdp *d, struct sdp_msrp *o, struct str text);
/** All is borrowed; `media` is begun by media_source_open, and the owner's to end. */
void media_source_init(struct media_source *s, struct loop *loop, struct media_end *media,
		       const struct media_source_handler *handler, void *arg);
/** As media_end_init; `offer` NULL: we offer. */
int media_source_open(struct media_source *s, struct sip *sip, struct msrp_endpoint *endpoint,
		      const struct sdp_msrp *offer, const struct msrp_session_handler *handler);
/** Without a byte for `idle_ms` they are given up. */
void media_source_watch(struct media_source *s, uint64_t idle_ms);
/** Of a struct msrp_session_handler. */
void media_source_bound(struct msrp_session *m, void *arg);
void media_source_lost(struct msrp_session *m, int error, void *arg);
/** Stops them when the disk is behind. */
void media_source_hold(struct media_source *s);
/** Looks again whether they may go on. */
void media_source_let_go(struct media_source *s);
/** No callback follows. Zeroed: nothing. */
void media_source_done(struct media_source *s);

#endif
