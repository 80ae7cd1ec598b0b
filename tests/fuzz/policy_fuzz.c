// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: any bytes as a policy or a bundle. What is accepted must compile (or be refused with
 * words), decide alike in both ways, be proved or refused with words, and differ from itself in nothing.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "prove/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compile(const struct policy *policy, struct diag *diag)
{
	struct image *image = image_compile(policy, diag);
	json_t *changes = policy_diff(policy, policy);

	if (!image && !diag->error_cnt)
		abort();
	if (!changes || json_array_size(changes))
		abort();
	for (size_t i = 0; image && i < policy->tenant_cnt; i++) {
		struct model_probe probe = { .tenant = policy->tenants[i].id, .proto = 6 };

		for (unsigned int n = 0; n < 16; n++) {
			probe.dir = n & 1 ? SEK_IN : SEK_OUT;
			probe.proto = n & 2 ? 17 : n & 4 ? 1 : 6;
			probe.dport = (uint16_t)(n * 4099);
			if (policy->tenants[i].prefix_cnt)
				probe.src = policy->tenants[i].prefixes[0].addr;
			if (model_decide(policy, &probe) != image_decide(image, &probe))
				abort();
		}
	}
	if (image && policy_prove(policy, image, diag) && !diag->error_cnt)
		abort();
	if (image) {
		json_t *meaning = policy_meaning(policy, image, policy, image, 1);

		if (!meaning || json_array_size(json_object_get(meaning, "packets")))
			abort();
		json_decref(meaning);
		meaning = policy_meaning(NULL, NULL, policy, image, 5);
		if (!meaning)
			abort();
		json_decref(meaning);
	}
	json_decref(changes);
	image_free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag;
	struct policy *policy;

	diag_init(&diag);
	policy = policy_parse((const char *)data, size, "fuzz.yaml", NULL, &diag);
	if (!policy && !diag.error_cnt)
		abort();
	if (policy)
		compile(policy, &diag);
	policy_free(policy);
	diag_free(&diag);
	return 0;
}
