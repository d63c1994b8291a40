/* What EST takes from devices: a body in base64, the request in it, and whether its names would be allowed. What is taken is checked to be within what the enrolment says. */
/* covers: ca/est/body.c ca/device/asked.c ca/device/pattern.c */
#include <stdint.h>
#include <string.h>

#include "ca/device/asked.h"
#include "ca/device/pattern.h"
#include "ca/est/body.h"
#include "tests/fuzz/country.h"

static char cn[] = "CN", o[] = "O", c[] = "C", name_of_profile[] = "fuzz";
static char *attributes[] = {c, o, cn};
static const struct profile profile = {.name = name_of_profile, .subject = {attributes, 3}};
static char host[] = "dns:*.sensors.health.test", org[] = "O:Health", dev[] = "uri:urn:dev:*",
	    net[] = "ip:192.0.2.0/24";
static char *patterns[] = {host, org, dev, net};

static void
judge(struct span csr)
{
	const struct json_list allowed = {patterns, 4};
	struct asked a;

	if (asked_read_unsigned(csr, &profile, &a) != ERR_OK)
		return;
	promise(asked_same(&a, &a) == ERR_OK);
	if (patterns_allow(&allowed, a.subject, a.subject_count, a.request.names, a.request.names_count) == ERR_OK)
		for (size_t i = 0; i < a.request.names_count; i++)
			promise(strcmp(a.request.names[i].type, "dns") != 0 ||
				strcasestr(a.request.names[i].value, ".sensors.health.test") != NULL);
	asked_free(&a);
}

/* A certificate that is shown: what it says is what its renewal may ask for. */
static void
show(struct span der)
{
	AUTO(writer) csr = writer_new(MAX_CSR);
	AUTO(writer) answer = writer_new(1 << 18);
	STACK_OF(X509) *list = sk_X509_new_null();
	X509 *x = NULL;
	struct asked a;

	promise(list != NULL);
	if (certificate_parse(der, &x) == ERR_OK && sk_X509_push(list, x) > 0) {
		(void)est_certificates(list, &answer);
		if (asked_of_certificate(x, &csr) == ERR_OK &&
			asked_read_unsigned(writer_span(&csr), &profile, &a) == ERR_OK)
			asked_free(&a);
	}
	sk_X509_free(list);
	X509_free(x);
}

/* A line of what an operator allows, and one of what a device asks. */
static void
match(struct span text)
{
	static char dns[] = "dns", ip[] = "ip", uri[] = "uri";
	static char *kinds[] = {dns, ip, uri};
	const struct profile p = {.name = name_of_profile, .subject = {attributes, 3}, .alternative_names = {kinds, 3}};
	char line[MAX_PATTERN + 2];
	char *patterns_of_line[] = {line};
	const struct json_list one = {patterns_of_line, 1};
	const struct name_part names[] = {{"dns", "s1.sensors.health.test"}, {"ip", "192.0.2.7"}, {"uri", "urn:dev:1"}};

	if (text.len >= sizeof(line))
		return;
	memcpy(line, text.ptr, text.len);
	line[text.len] = '\0';
	(void)pattern_check(line, &p);
	for (size_t i = 0; i < 3; i++) {
		const enum err e = patterns_allow(&one, NULL, 0, &names[i], 1);

		promise(e != ERR_OK || strncmp(line, names[i].type, strlen(names[i].type)) == 0);
	}
	promise(!pattern_matches(line, SPAN(""), false) || line[0] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) der = writer_new(MAX_CSR);

	if (est_body_read(span_at(data, size), &der) == ERR_OK)
		judge(writer_span(&der));
	judge(span_at(data, size));
	if (size > 0) {
		show(span_at(data, size));
		match(span_at(data, size));
	}
	return 0;
}
