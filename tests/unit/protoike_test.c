/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/ike: an offer, what is chosen of it, messages that end too early.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/protoasked.h"

static struct protorun run;

static const char offer[] = "\xe4\x7a\x59\x1f\xd0\x57\x58\x7f\x00\x00\x00\x00\x00\x00\x00\x00"
			    "\x01\x10\x02\x00\x00\x00\x00\x00\x00\x00\x00\xa8\x0d\x00\x00\x3c"
			    "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x30\x01\x01\x00\x01"
			    "\x00\x00\x00\x28\x01\x01\x00\x00\x80\x01\x00\x07\x80\x0e\x00\x80"
			    "\x80\x02\x00\x02\x80\x04\x00\x02\x80\x03\x00\x01\x80\x0b\x00\x01"
			    "\x00\x0c\x00\x04\x00\x01\x51\x80\x0d\x00\x00\x14\x4a\x13\x1c\x81"
			    "\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f\x0d\x00\x00\x14"
			    "\x43\x9b\x59\xf8\xba\x67\x6c\x4c\x77\x37\xae\x22\xea\xb8\xf5\x82"
			    "\x0d\x00\x00\x14\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92"
			    "\x15\x52\x9d\x56\x00\x00\x00\x14\x90\xcb\x80\x91\x3e\xbb\x69\x6e"
			    "\x08\x63\x81\xb5\xec\x42\x7b\x1f";
static const char choice[] = "\xe4\x7a\x59\x1f\xd0\x57\x58\x7f\xa0\x0b\x8e\xf0\x90\x2b\xb8\xec"
			     "\x01\x10\x02\x00\x00\x00\x00\x00\x00\x00\x00\x6c\x0d\x00\x00\x3c"
			     "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x30\x01\x01\x00\x01"
			     "\x00\x00\x00\x28\x01\x01\x00\x00\x80\x01\x00\x07\x80\x0e\x00\x80"
			     "\x80\x02\x00\x02\x80\x04\x00\x02\x80\x03\x00\x01\x80\x0b\x00\x01"
			     "\x00\x0c\x00\x04\x00\x01\x51\x80\x00\x00\x00\x14\x4a\x13\x1c\x81"
			     "\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f";

static void field_is(const char *name, struct tx *tx, enum side side, const char *value)
{
	field_says(&run, tx, name, side, 0, value);
}

static void test_exchange(void **state)
{
	uint64_t chosen;
	struct tx *first, *second;
	const char *told;

	protorun_begin(&run, PROTO_IKE, 17);
	protorun_feed(&run, FROM_CLIENT, TEXT(offer), 0, false);
	protorun_feed(&run, FROM_SERVER, TEXT(choice), 0, false);
	first = run.flow.session.first;
	assert_non_null(first);
	second = first->next;
	assert_non_null(second);
	assert_int_equal(first->event_cnt + second->event_cnt, 0);
	field_is("ike.init_spi", first, FROM_CLIENT, "e47a591fd057587f");
	field_is("ike.resp_spi", second, FROM_SERVER, "a00b8ef0902bb8ec");
	field_is("ike.vendor", first, FROM_CLIENT, "4a131c81070358455c5728f20e95452f");
	assert_false(
		field_of(&run, "ike.chosen_sa_attribute")->number(first, FROM_CLIENT, 0, &chosen));
	assert_true(
		field_of(&run, "ike.chosen_sa_attribute")->number(second, FROM_SERVER, 0, &chosen));
	assert_int_equal(chosen, 1ull << 32 | 7);
	told = protorun_log(&run, second, 0);
	assert_non_null(strstr(told, "\"alg_enc\":\"EncAesCbc\",\"alg_enc_raw\":7"));
	assert_non_null(strstr(told, "\"payload\":[\"SecurityAssociation\","));
	assert_non_null(strstr(told, "\"Proposal\",\"Transform\""));
	assert_null(strstr(told, "exchange_type_verbose")); /* of an extended record */
	assert_non_null(strstr(told, "\"sa_life_duration_raw\":86400"));
	json_begin(&run.json);
	run.json.options = 0;
	protos[PROTO_IKE]->log_alert(second, &run.json);
	json_end(&run.json);
	json_newline(&run.json);
	run.json.bytes[run.json.len - 1] = 0;
	assert_non_null(strstr((const char *)run.json.bytes,
			       "\"exchange_type_verbose\":\"Identity Protection\""));
	protorun_end(&run);
}

/* Each payload but the last one cut: nothing is read beyond, and it is told. */
static void test_cut(void **state)
{
	for (size_t len = 28; len < sizeof(offer) - 2; len++) {
		protorun_begin(&run, PROTO_IKE, 17);
		protorun_feed(&run, FROM_CLIENT, slice(offer, len), 0, false);
		assert_non_null(run.flow.session.first);
		protorun_ask(&run, run.flow.session.first);
		protorun_end(&run);
	}
}

static void test_guess(void **state)
{
	enum proto_guess (*guess)(enum side, struct slice) = protos[PROTO_IKE]->guess;

	assert_int_equal(guess(FROM_CLIENT, TEXT(offer)), GUESS_YES);
	assert_int_equal(guess(FROM_CLIENT, slice(offer, sizeof(offer) - 2)), GUESS_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
