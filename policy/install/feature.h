/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel and this host can do for the gateway. Used by `sekisho feature probe`, the
 * agent's feature.probe and its start. Changes nothing on the host.
 */
#ifndef POLICY_INSTALL_FEATURE_H
#define POLICY_INSTALL_FEATURE_H

#include <jansson.h>

#include "text/diag.h"

/*
 * {"kernel":"6.1.0","arch":"x86_64","features":[{"feature","have":bool,"needed":bool,"text"}],
 *  "interface":{...} when one was named, "ready":bool}
 * Loads the real program once, without pins. Owned by the caller; NULL with words in diag.
 */
json_t *feature_probe(const char *interface, struct diag *diag);

#endif
