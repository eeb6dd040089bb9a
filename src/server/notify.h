/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the service manager is told: the protocol of sd_notify(3), one datagram of KEY=VALUE lines to
 * the socket named in NOTIFY_SOCKET. Without that variable nothing happens.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/** "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=…"; several joined by newlines. */
void notify_manager(const char *state);
/** Started by a service manager that reads the journal's level prefixes (JOURNAL_STREAM is set). */
int notify_under_journal(void);

#endif
