#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "ca/issue/decide.h"
#include "ca/issue/issue.h"

/* What stands for a request's key: only its bytes and its type matter here. */
static uint8_t spki[] = {0x30, 0x03, 0x01, 0x02, 0x03};

static struct profile citizen, server, authority, responder;

static char *
text(const char *s)
{
	return strdup(s);
}

static void
add(struct json_list *list, const char *item)
{
	list->items = realloc(list->items, (list->count + 1) * sizeof(char *));
	assert_non_null(list->items);
	((char **)list->items)[list->count++] = text(item);
}

static void
drop(struct json_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(((char **)list->items)[i]);
	free(list->items);
	*list = (struct json_list){0};
}

static int
setup(void **state)
{
	struct profile *all[] = {&citizen, &server, &authority, &responder};

	(void)state;
	citizen.name = text("citizen-authentication");
	citizen.registrar_signature = true;
	server.name = text("tls-server");
	authority.name = text("issuing-ca");
	authority.ca = true;
	responder.name = text("ocsp-responder");
	add(&responder.extended_key_usage, "ocspSigning");
	for (size_t i = 0; i < 4; i++) {
		add(&all[i]->key_types, "P-256");
		add(&all[i]->subject, "C");
		add(&all[i]->subject, "CN");
		add(&all[i]->subject, "serialNumber");
	}
	return 0;
}

static int
teardown(void **state)
{
	struct profile *all[] = {&citizen, &server, &authority, &responder};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		free(all[i]->name);
		drop(&all[i]->key_types);
		drop(&all[i]->subject);
		drop(&all[i]->extended_key_usage);
	}
	return 0;
}

/* An order over the key above; subject and the rest as given. */
static void
order(const char *subject, const char *rest, const uint8_t *key, size_t key_len, struct issue_order *out)
{
	AUTO(writer) w = writer_new(16 << 10);
	const struct sha256 hash = sha256_of(span_at(key, key_len));

	writer_format(&w, "{\"profile\":\"x\",\"csr\":\"MDA\",\"subject\":%s%s,\"spki_sha256\":\"", subject, rest);
	base64url_write(&w, sha256_span(&hash));
	writer_text(&w, "\",\"jti\":\"ignored\"}");
	assert_int_equal(json_decode(writer_span(&w), &issue_order_table, out), ERR_OK);
}

#define SUBJECT "[{\"type\":\"serialNumber\",\"value\":\"abc\"},{\"type\":\"CN\",\"value\":\"Test Citizen One\"}]"
#define PERSON ",\"person\":\"123e4567-e89b-42d3-a456-426614174000\""

static enum err
decide(const struct profile *p, const char *subject, const char *rest, const char *key_type)
{
	struct request_facts request = {.spki = {spki, sizeof(spki)}};
	struct issue_order o;
	struct uuid person;
	bool has_person;

	(void)snprintf(request.key_type, sizeof(request.key_type), "%s", key_type);
	order(subject, rest, spki, sizeof(spki), &o);
	const enum err e = issue_decide(p, &o, &request, &has_person, &person);

	json_free(&issue_order_table, &o);
	return e;
}

static void
an_order_is_taken_and_its_subject_put_into_the_profiles_order(void **state)
{
	struct request_facts request = {.spki = {spki, sizeof(spki)}, .key_type = "P-256"};
	struct issue_order o;
	struct uuid person;
	bool has_person = false;

	(void)state;
	order(SUBJECT, PERSON, spki, sizeof(spki), &o);
	assert_int_equal(issue_decide(&citizen, &o, &request, &has_person, &person), ERR_OK);
	assert_true(has_person);
	assert_string_equal(((const struct name_part *)o.subject.items)[0].type, "CN");
	assert_string_equal(((const struct name_part *)o.subject.items)[1].type, "serialNumber");
	json_free(&issue_order_table, &o);
}

static void
a_citizens_certificate_without_a_person_is_refused(void **state)
{
	(void)state;
	assert_int_equal(decide(&citizen, SUBJECT, "", "P-256"), ERR_REFUSED);
	assert_int_equal(decide(&server, SUBJECT, "", "P-256"), ERR_OK);
	assert_int_equal(decide(&citizen, SUBJECT, ",\"person\":\"not-a-uuid\"", "P-256"), ERR_MALFORMED);
}

static void
a_key_other_than_the_signed_for_is_refused(void **state)
{
	static uint8_t other[] = {0x30, 0x00};
	struct request_facts request = {.spki = {spki, sizeof(spki)}, .key_type = "P-256"};
	struct issue_order o;
	struct uuid person;
	bool has_person;

	(void)state;
	order(SUBJECT, PERSON, other, sizeof(other), &o);
	assert_int_equal(issue_decide(&citizen, &o, &request, &has_person, &person), ERR_MISMATCH);
	json_free(&issue_order_table, &o);
	assert_int_equal(decide(&citizen, SUBJECT, PERSON, "RSA-2048"), ERR_REFUSED);
}

static void
a_ca_or_a_responder_is_not_issued_by_order(void **state)
{
	(void)state;
	assert_int_equal(decide(&authority, SUBJECT, "", "P-256"), ERR_REFUSED);
	assert_int_equal(decide(&responder, SUBJECT, "", "P-256"), ERR_REFUSED);
}

static void
two_of_an_attribute_and_an_empty_one_are_refused(void **state)
{
	(void)state;
	assert_int_equal(
		decide(&server,
			"[{\"type\":\"CN\",\"value\":\"a\"},{\"type\":\"C\",\"value\":\"BT\"},{\"type\":\"CN\",\"value\":\"b\"}]",
			"", "P-256"),
		ERR_REFUSED);
	assert_int_equal(decide(&server, "[{\"type\":\"CN\",\"value\":\"\"}]", "", "P-256"), ERR_MALFORMED);
}

static void
the_role_follows_from_the_profile(void **state)
{
	(void)state;
	assert_string_equal(issue_role(&citizen), "registrar");
	assert_string_equal(issue_role(&server), "ca-operator");
}

static void
the_holder_of_a_key_is_the_person_or_else_the_subject(void **state)
{
	static const struct name_part subject[] = {{"CN", "Agency One"}, {"O", "Test"}};
	struct issuance i = {.profile = &server, .subject = subject, .subject_count = 2};
	AUTO(writer) by_subject = writer_new(256);
	AUTO(writer) by_person = writer_new(256);
	struct uuid person;

	(void)state;
	assert_int_equal(issue_holder(&i, &by_subject), ERR_OK);
	assert_string_equal((const char *)writer_span(&by_subject).ptr, "subject:CN=Agency One, O=Test");
	assert_int_equal(uuid_read(SPAN("123e4567-e89b-42d3-a456-426614174000"), &person), ERR_OK);
	i.person = &person;
	assert_int_equal(issue_holder(&i, &by_person), ERR_OK);
	assert_string_equal((const char *)writer_span(&by_person).ptr, "person:123e4567-e89b-42d3-a456-426614174000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_taken_and_its_subject_put_into_the_profiles_order),
		cmocka_unit_test(a_citizens_certificate_without_a_person_is_refused),
		cmocka_unit_test(a_key_other_than_the_signed_for_is_refused),
		cmocka_unit_test(a_ca_or_a_responder_is_not_issued_by_order),
		cmocka_unit_test(two_of_an_attribute_and_an_empty_one_are_refused),
		cmocka_unit_test(the_role_follows_from_the_profile),
		cmocka_unit_test(the_holder_of_a_key_is_the_person_or_else_the_subject),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
