/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of a probe whose addresses' classes are known. Private to compile/.
 */
#ifndef POLICY_COMPILE_DECIDE_H
#define POLICY_COMPILE_DECIDE_H

#include "compile/compile.h"

/* The first rule whose bit is in all rows; UINT16_MAX: none, or a class is NULL. */
uint16_t image_first(const struct image *image, const struct model_probe *probe,
		     const struct sek_class *src, const struct sek_class *dst);

#endif
