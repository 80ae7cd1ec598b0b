/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy says of names, as the kernel asks it: profiles with a phase for each quarter of an hour
 * of the week, and which addresses have which profile.
 */
#ifndef POLICY_COMPILE_NAMES_H
#define POLICY_COMPILE_NAMES_H

#include "compile/compile.h"

/* One profile. false: the week has more than SEK_NAME_PHASES_MAX different phases. */
bool name_profile_build(const struct policy *policy, const struct model_names *names,
			struct sek_name_profile *profile);

/*
 * Fills image->name_profiles (0 is none; equal ones are shared), image->name_groups and what the
 * tenants say of them. 0, -ENOMEM, or -ENOSPC with words.
 */
int names_build(const struct policy *policy, struct image *image, struct diag *diag);

#endif
