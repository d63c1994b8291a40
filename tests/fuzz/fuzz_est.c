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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) der = writer_new(MAX_CSR);
	char text[64];

	if (est_body_read(span_at(data, size), &der) == ERR_OK)
		judge(writer_span(&der));
	judge(span_at(data, size));
	if (size < sizeof(text)) {
		memcpy(text, data, size);
		text[size] = '\0';
		(void)pattern_matches(text, SPAN("s1.sensors.health.test"), size % 2 == 0);
		promise(!pattern_matches(text, SPAN(""), false) || text[0] == '\0');
	}
	return 0;
}
