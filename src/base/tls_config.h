/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What tls.c asks of a configuration; the rest of the program includes base/tls.h.
 */
#ifndef BASE_TLS_CONFIG_H
#define BASE_TLS_CONFIG_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/str.h"
#include "base/tls.h"

/** A connection under the current certificate; NULL when out of memory. */
SSL *tls_config_session(struct tls_config *c, bool server);
unsigned tls_config_flags(const struct tls_config *c);
bool tls_config_has_certificate(const struct tls_config *c);

/** RFC 5922 section 7.1 and 7.2: one of the certificate's identities is `host`; `of_host`: TLS_HOST_NAMES. */
bool tls_certificate_names(X509 *certificate, struct str host, bool of_host);

#endif
