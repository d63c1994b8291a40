#include "http/problem.h"

void
problem_write(struct reply *r, enum err e, int status, const char *why)
{
	struct json_writer j = json_to(reply_body(r, "application/problem+json"));

	json_object(&j, NULL);
	json_text(&j, "type", "about:blank");
	json_text(&j, "title", err_text(e));
	json_int(&j, "status", status);
	json_text(&j, "code", err_name(e));
	if (status < 500 && why[0] != '\0')
		json_text(&j, "detail", why);
	json_object_end(&j);
}
