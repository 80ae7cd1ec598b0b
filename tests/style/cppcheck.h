/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of system headers, which cppcheck does not read, in words that it understands.
 * tests/style/lint.sh gives it to cppcheck before each file; nothing is built with it.
 */
#define SEC(name)
#define bpf_object__for_each_program(program, object)                                              \
	for (program = bpf_object__next_program(object, 0); program != 0;                          \
	     program = bpf_object__next_program(object, program))
#define LIBBPF_OPTS(type, name, ...) struct type name = { __VA_ARGS__ }
#define DECLARE_LIBXDP_OPTS(type, name, ...) struct type name = { __VA_ARGS__ }
#define json_array_foreach(array, index, value)                                                    \
	for (index = 0; (value = json_array_get(array, index)) != 0; index++)
#define json_object_foreach(object, key, value)                                                    \
	for (void *at = json_object_iter(object);                                                  \
	     (key = json_object_iter_key(at)) != 0 && (value = json_object_iter_value(at)) != 0;   \
	     at = json_object_iter_next(object, at))
#define yr_rules_foreach(rules, rule) for (rule = (rules)->rules_table; rule != 0; rule++)
#define yr_rule_metas_foreach(rule, meta) for (meta = (rule)->metas; meta != 0; meta++)
