#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "signer/decision/type.h"

static int
read_land(void **state)
{
	struct decision_type *const t = calloc(1, sizeof(*t));

	assert_int_equal(decision_type_read("policies/decisions/land-transfer.json", t), ERR_OK);
	*state = t;
	return 0;
}

static int
drop_land(void **state)
{
	decision_type_free(*state);
	free(*state);
	return 0;
}

static void
right_facts_fit(void **state)
{
	assert_int_equal(
		facts_check(*state,
			SPAN("{\"parcel\":\"THI-1/22\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\"}")),
		ERR_OK);
	assert_int_equal(
		facts_check(*state,
			SPAN("{\"parcel\":\"A\",\"area_square_metres\":1,\"role\":\"transferor\",\"instrument\":\"gift\","
			     "\"effective\":\"2026-01-31\"}")),
		ERR_OK);
}

/* Each row has one fault; the reason must name the fact. */
static void
wrong_facts_are_refused_by_name(void **state)
{
	static const struct {
		const char *json, *named;
	} faults[] = {
		{"{\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\"}", "parcel"},
		{"{\"parcel\":\"t-1\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\"}",
			"parcel"},
		{"{\"parcel\":\"\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\"}",
			"parcel"},
		{"{\"parcel\":\"T-1\",\"area_square_metres\":0,\"role\":\"transferee\",\"instrument\":\"sale\"}",
			"area"},
		{"{\"parcel\":\"T-1\",\"area_square_metres\":\"400\",\"role\":\"transferee\",\"instrument\":\"sale\"}",
			"area"},
		{"{\"parcel\":\"T-1\",\"area_square_metres\":400,\"role\":\"owner\",\"instrument\":\"sale\"}", "role"},
		{"{\"parcel\":\"T-1\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\",\"effective\":\"2026-02-31\"}",
			"effective"},
		{"{\"parcel\":\"T-1\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\",\"price\":1}",
			"price"},
		{"{\"parcel\":\"T-1\",\"parcel\":\"T-2\",\"area_square_metres\":400,\"role\":\"transferee\",\"instrument\":\"sale\"}",
			"parcel"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		err_forget();
		assert_int_equal(facts_check(*state, span_of(faults[i].json)), ERR_MALFORMED);
		if (strstr(err_why(), faults[i].named) == NULL)
			fail_msg("%s: the reason does not name %s: %s", faults[i].json, faults[i].named, err_why());
	}
}

static void
it_is_due_at_the_end_of_the_last_day(void **state)
{
	unix_time received, due;

	assert_int_equal(time_read(SPAN("2026-01-01T10:00:00Z"), &received), ERR_OK);
	assert_int_equal(time_read(SPAN("2026-01-31T23:59:59Z"), &due), ERR_OK);
	assert_int_equal(decision_due(*state, received), due);
}

static void
every_policy_of_the_house_reads(void **state)
{
	struct decision_type *types;
	size_t count;

	(void)state;
	assert_int_equal(decision_types_read("policies/decisions", &types, &count), ERR_OK);
	assert_true(count >= 2);
	assert_null(decision_type_find(types, count, "nothing-such"));
	decision_types_free(&types, count);
}

/* Writes text to a file, reads it as a type, and expects the reason to name what is wrong. */
static void
refused(const char *text, const char *named)
{
	char path[] = "/tmp/mohar-type-XXXXXX";
	struct decision_type t;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_write(path, span_of(text), 0600), ERR_OK);
	err_forget();
	assert_int_equal(decision_type_read(path, &t), ERR_CONFIG);
	unlink(path);
	if (strstr(err_why(), named) == NULL || strstr(err_why(), path) == NULL)
		fail_msg("the reason names not both %s and the file: %s", named, err_why());
}

static void
a_faulty_policy_is_named_with_its_fault(void **state)
{
#define TYPE(confirmation, fact)                                                                                                            \
	"{\"name\":\"x\",\"version\":1,\"agency\":\"a\",\"title\":{\"en\":\"t\",\"dz\":\"t\"},\"law\":\"l\",\"confirmation\":" confirmation \
	",\"time_limit_days\":1,\"outcomes\":[\"yes\"],\"appeal\":{\"to\":\"b\",\"days\":1},\"retention_years\":1,\"facts\":[" fact         \
	"]}"
	(void)state;
	refused(TYPE("{\"required\":true,\"level\":3}", ""), "office");
	refused(TYPE("{\"required\":false,\"level\":4}", ""), "level");
	refused(TYPE("{\"required\":false,\"level\":1,\"surprise\":1}", ""), "surprise");
	refused(TYPE("{\"required\":false,\"level\":1}", "{\"name\":\"f\",\"kind\":\"colour\",\"required\":true}"),
		"colour");
	refused(TYPE("{\"required\":false,\"level\":1}", "{\"name\":\"f\",\"kind\":\"choice\",\"required\":true}"),
		"choices");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(right_facts_fit, read_land, drop_land),
		cmocka_unit_test_setup_teardown(wrong_facts_are_refused_by_name, read_land, drop_land),
		cmocka_unit_test_setup_teardown(it_is_due_at_the_end_of_the_last_day, read_land, drop_land),
		cmocka_unit_test(every_policy_of_the_house_reads),
		cmocka_unit_test(a_faulty_policy_is_named_with_its_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
