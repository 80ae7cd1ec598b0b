/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a file what its publisher published? By a sum, a file of sums, or a detached signature. The texts are
 * from outside; the file is read as it is.
 */
#ifndef AGENT_FETCH_PROVE_H
#define AGENT_FETCH_PROVE_H

#include <stddef.h>

#define PROVE_HEX 65 /* and the closing 0 */
#define PROVE_SUMS_MAX 65536
#define PROVE_SIGNATURE_MAX 16384

/* SHA-256 in small hexadecimal digits. 0 or -errno. */
int prove_digest(const char *path, char ret_hex[PROVE_HEX]);

/*
 * The sum that a text of sums gives for the file at this URL: "HEX  name" and "HEX *name" (the last part
 * of a path counts), "SHA256 (name) = HEX", or one sum alone. 0; -ENOENT: there is none.
 */
int prove_sum(const char *text, size_t len, const char *url, char ret_hex[PROVE_HEX]);

/*
 * Checks a detached signature: raw or in base64 by an Ed25519, RSA or ECDSA key in PEM (the latter two over
 * SHA-256), or minisign's by minisign's key. 0, or -EBADMSG (another -errno: a file cannot be read), with
 * words.
 */
int prove_signature(const char *path, const char *signature, size_t len, const char *key_path,
		    char *why, size_t why_cap);

#endif
