// SPDX-License-Identifier: Apache-2.0
/*
 * A map's layout as one number. Called by gate_open() and gate_peek(); pure.
 * Two maps of the same number may be used by the same program; any change of a struct, down to a
 * member's name, gives another. Sizes (max_entries) are not part of it.
 */
#include <bpf/btf.h>
#include <string.h>

#include "install/gate.h"

/* Raise it when the meaning of a value changes while its layout does not. */
#define LAYOUT_ABI 1
#define LAYOUT_DEPTH 16 /* structs in structs; C headers of ours nest 3 deep */

static uint32_t mix(uint32_t hash, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 16777619u;
	return hash;
}

static uint32_t mix_u32(uint32_t hash, uint32_t value)
{
	return mix(hash, &value, sizeof(value));
}

static uint32_t mix_type(uint32_t hash, const struct btf *btf, uint32_t id, int depth);

static uint32_t mix_members(uint32_t hash, const struct btf *btf, const struct btf_type *type,
			    int depth)
{
	const struct btf_member *member = btf_members(type);

	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, member[i].name_off);

		hash = mix(hash, name ? name : "", name ? strlen(name) + 1 : 1);
		hash = mix_u32(hash, btf_member_bit_offset(type, i));
		hash = mix_type(hash, btf, member[i].type, depth);
	}
	return hash;
}

static uint32_t mix_type(uint32_t hash, const struct btf *btf, uint32_t id, int depth)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	if (!type || depth == LAYOUT_DEPTH)
		return mix_u32(hash, 0);
	hash = mix_u32(hash, btf_kind(type));
	if (btf_is_array(type)) {
		hash = mix_u32(hash, btf_array(type)->nelems);
		return mix_type(hash, btf, btf_array(type)->type, depth + 1);
	}
	if (btf_is_ptr(type))
		return hash;
	hash = mix_u32(hash, type->size);
	if (btf_is_composite(type))
		hash = mix_members(hash, btf, type, depth + 1);
	return hash;
}

/* Inner maps are declared by size alone (clang 14); their structs bear the map's name. */
static uint32_t mix_named(uint32_t hash, const struct btf *btf, const char *name, const char *suffix)
{
	char full[2 * BPF_OBJ_NAME_LEN];
	int id;

	snprintf(full, sizeof(full), "%s%s", name, suffix);
	id = btf__find_by_name_kind(btf, full, BTF_KIND_STRUCT);
	return id > 0 ? mix_type(hash, btf, (uint32_t)id, 0) : hash;
}

uint32_t layout_hash(const struct btf *btf, const struct bpf_map *map)
{
	uint32_t hash = mix_u32(2166136261u, LAYOUT_ABI);
	struct bpf_map *inner = bpf_map__inner_map((struct bpf_map *)map);

	hash = mix_u32(hash, bpf_map__type(map));
	hash = mix_u32(hash, bpf_map__key_size(map));
	hash = mix_u32(hash, bpf_map__value_size(map));
	hash = mix_u32(hash, bpf_map__map_flags(map));
	hash = mix_type(hash, btf, bpf_map__btf_key_type_id(map), 0);
	hash = mix_type(hash, btf, bpf_map__btf_value_type_id(map), 0);
	if (!inner)
		return hash;
	hash = mix_named(hash, btf, bpf_map__name(map), "");
	hash = mix_named(hash, btf, bpf_map__name(map), "_key");
	return mix_u32(hash, layout_hash(btf, inner));
}
