/* The schema that people and editors read says what profile.c accepts: the same members, the same ones needed, the same words and limits. */
#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "json/jansson.h"
#include "tests/unit/lib/x509/authority.h"
#include "x509/profile.h"

static json_t *schema, *members;

static int
set_up(void **state)
{
	const char *root = getenv("MOHAR_ROOT");
	char path[1024];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/policies/profiles/schema.json", root ? root : ".");
	schema = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	members = json_object_get(schema, "properties");
	assert_non_null(members);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

static const struct json_row *
row_of(const char *name)
{
	for (size_t i = 0; i < profile_table.count; i++)
		if (strcmp(profile_table.rows[i].name, name) == 0)
			return &profile_table.rows[i];
	return NULL;
}

CASE(both_have_the_same_members_of_the_same_types)
{
	static const char *const types[] =
		{[JSON_TEXT] = "string", [JSON_INT] = "integer", [JSON_BOOL] = "boolean", [JSON_TEXTS] = "array"};
	const json_t *required = json_object_get(schema, "required");
	size_t needed = 0;

	assert_int_equal(json_object_size(members), profile_table.count);
	for (size_t i = 0; i < profile_table.count; i++) {
		const struct json_row *row = &profile_table.rows[i];
		const json_t *member = json_object_get(members, row->name), *type = json_object_get(member, "type");
		bool listed = false;

		if (member == NULL)
			fail_msg("the schema has no %s", row->name);
		if (type != NULL)
			assert_string_equal(json_string_value(type), types[row->kind]);
		for (size_t n = 0; n < json_array_size(required); n++)
			listed = listed || strcmp(json_string_value(json_array_get(required, n)), row->name) == 0;
		if (listed != (row->presence == JSON_REQUIRED))
			fail_msg("%s is needed by one of the two only", row->name);
		needed += listed;
		if (row->kind == JSON_INT) {
			assert_int_equal(json_integer_value(json_object_get(member, "minimum")), row->min);
			assert_int_equal(json_integer_value(json_object_get(member, "maximum")), row->max);
		}
		if (row->kind == JSON_TEXT && row->max > 0)
			assert_int_equal(json_integer_value(json_object_get(member, "maxLength")), row->max);
	}
	assert_int_equal(needed, json_array_size(required));
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
}

/* A profile with this one word in this member, and what else it then takes. */
static enum err
verdict(const char *member, const char *word)
{
	char path[] = "/tmp/mohar-profile-XXXXXX";
	AUTO(writer) w = writer_new(4000);
	const bool usage = strcmp(member, "key_usage") == 0, key = strcmp(member, "key_types") == 0,
		   subject = strcmp(member, "subject") == 0, ca = usage && strcmp(word, "keyCertSign") == 0;
	struct profile p;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	writer_format(&w, "{\"name\":\"x\",\"description\":\"x\",\"issuer\":\"x\",\"days\":1,");
	if (!subject)
		writer_format(&w, "\"subject\":[\"CN\"%s%s%s],",
			strcmp(member, "subject_required") == 0 && strcmp(word, "CN") != 0 ? ",\"" : "",
			strcmp(member, "subject_required") == 0 && strcmp(word, "CN") != 0 ? word : "",
			strcmp(member, "subject_required") == 0 && strcmp(word, "CN") != 0 ? "\"" : "");
	if (!key)
		writer_text(&w, "\"key_types\":[\"P-256\"],");
	if (!usage)
		writer_text(&w, "\"key_usage\":[\"digitalSignature\"],");
	if (strcmp(member, "dns_suffixes") == 0)
		writer_text(&w, "\"alternative_names\":[\"dns\"],");
	if (strcmp(word, "ocspSigning") == 0)
		writer_text(&w, "\"no_ocsp_check\":true,");
	writer_format(&w, "\"ca\":%s,\"%s\":[\"%s\"]}", ca ? "true" : "false", member, word);
	assert_ok(file_write(path, writer_span(&w), 0600));
	const enum err e = profile_read(path, &p);

	if (e == ERR_OK)
		profile_free(&p);
	unlink(path);
	return e;
}

/* The enum of a list's items, wherever the schema has it. */
static const json_t *
words_of(const json_t *member)
{
	const json_t *items = json_object_get(member, "items");

	if (json_object_get(member, "$ref") != NULL)
		items = json_object_get(json_object_get(json_object_get(schema, "$defs"), "attributes"), "items");
	if (json_object_get(items, "anyOf") != NULL)
		items = json_array_get(json_object_get(items, "anyOf"), 0);
	return json_object_get(items, "enum");
}

CASE(every_word_of_the_schema_is_taken_and_no_other)
{
	const char *name;
	json_t *member;
	size_t words = 0;

	json_object_foreach(members, name, member)
	{
		if (row_of(name)->kind != JSON_TEXTS)
			continue;
		for (size_t i = 0; i < json_array_size(words_of(member)); i++, words++)
			if (verdict(name, json_string_value(json_array_get(words_of(member), i))) != ERR_OK)
				fail_msg("%s", err_why());
		assert_err(verdict(name, "no such word"), ERR_CONFIG);
	}
	assert_true(words > 40);
	assert_ok(verdict("policies", "1.3.6.1.4.1.99999.1.4"));
	assert_ok(verdict("extended_key_usage", "1.3.6.1.5.5.7.3.36"));
	assert_ok(verdict("qc_statements", "legislation-BT"));
	assert_ok(verdict("dns_suffixes", "gov.example"));
	assert_err(verdict("dns_suffixes", "*.gov.example"), ERR_CONFIG);
	assert_err(verdict("extended_key_usage", "msSmartcardLogin"), ERR_CONFIG);
}

CASE(a_refusal_names_file_line_and_member)
{
	char path[] = "/tmp/mohar-profile-XXXXXX", start[64];
	struct profile p;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_ok(file_write(path,
		SPAN("{\n\"name\":\"x\",\"description\":\"x\",\"issuer\":\"x\",\n\"days\":1,\"subject\":[\"CN\"],\n"
		     "\"key_types\":[\"P-256\"],\n\"key_usage\":[\"digitalsignature\"]\n}\n"),
		0600));
	assert_err(profile_read(path, &p), ERR_CONFIG);
	(void)snprintf(start, sizeof(start), "%s:5: key_usage: ", path);
	if (strncmp(err_why(), start, strlen(start)) != 0)
		fail_msg("%s", err_why());
	unlink(path);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(both_have_the_same_members_of_the_same_types),
	cmocka_unit_test(every_word_of_the_schema_is_taken_and_no_other),
	cmocka_unit_test(a_refusal_names_file_line_and_member))
