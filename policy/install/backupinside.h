/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What backup_write.c and backup_read.c agree upon: head, sum, names. backup.h is what others see.
 */
#ifndef POLICY_INSTALL_BACKUPINSIDE_H
#define POLICY_INSTALL_BACKUPINSIDE_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "install/backup.h"

#define BACKUP_HEX_LEN 64
#define BACKUP_APPLICATION "0x53454b42" /* "SEKB", PRAGMA application_id */

/* A SHA-256 that grows. */
struct backup_sum {
	EVP_MD_CTX *context;
};
int backup_sum_begin(struct backup_sum *sum);
void backup_sum_add(struct backup_sum *sum, const void *bytes, size_t len);
/* Ends it. to: BACKUP_HEX_LEN + 1 bytes. */
void backup_sum_end(struct backup_sum *sum, char *to);

/* The three lines; to has BACKUP_HEAD_LEN + 1 bytes. hex "" leaves the sum blank. */
void backup_head_print(char *to, const char *hex, uint64_t bytes);

/* May a file of lists be called so? One component of letters, digits, '.', '-', '_'; no ".new". */
bool backup_name_good(const char *name);

#endif
