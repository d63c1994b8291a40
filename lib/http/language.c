#include "http/exchange.h"

#include <string.h>
#include <strings.h>

/* RFC 9110 12.4.2, in thousandths; 1000 if there is none, 0 for what cannot be read. */
static int
weight_of(struct span parameters)
{
	const char *q = parameters.len == 0 ? NULL : memmem(parameters.ptr, parameters.len, "q=", 2);
	int weight = 0, unit = 1000;

	if (q == NULL)
		return 1000;
	for (q += 2; q < (const char *)parameters.ptr + parameters.len && unit > 0; q++) {
		if (*q >= '0' && *q <= '9') {
			weight += (*q - '0') * unit;
			unit /= 10;
		} else if (*q != '.') {
			break;
		}
	}
	return weight > 1000 ? 0 : weight;
}

/* The language among the known ones, by its primary subtag ("dz-BT" asks for "dz"). */
static const char *
known(struct span tag, const char *const *languages)
{
	size_t len = 0;

	while (len < tag.len && tag.ptr[len] != '-')
		len++;
	for (; *languages != NULL; languages++)
		if (strlen(*languages) == len && strncasecmp(*languages, (const char *)tag.ptr, len) == 0)
			return *languages;
	return NULL;
}

const char *
request_language(const struct request *r, const char *const *languages)
{
	const char *at = request_header(r, "Accept-Language"), *best = languages[0];
	int weight = 0;

	while (at != NULL && *at != '\0') {
		const char *start = at + strspn(at, " \t,");
		const size_t len = strcspn(start, ",");
		const size_t tag = strcspn(start, ";, \t");
		const char *language = known(span_at(start, tag), languages);
		const int w = len < tag ? 0 : weight_of(span_at(start + tag, len - tag));

		if (language != NULL && w > weight) {
			best = language;
			weight = w;
		}
		at = start + len;
	}
	return best;
}
