#include "ca/status/authority_get.h"

#include <string.h>

#include "ca/cad.h"

enum { MAX_AGE = 3600 };

static enum err
bundle(const struct cad *c, struct reply *reply)
{
	struct writer *w = reply_body(reply, "application/x-pem-file");

	for (size_t i = 0; i < c->authorities.count; i++)
		writer_bytes(w, writer_span(&c->authorities.rows[i].pem));
	reply_cache(reply, MAX_AGE, true);
	return writer_done(w);
}

enum err
authority_get(void *daemon, struct request *request, struct reply *reply)
{
	const struct cad *c = daemon;
	const char *file = request_param(request, "file"), *dot = strrchr(file, '.');
	char label[MAX_AUTHORITY_LABEL + 1] = {0};

	if (strcmp(file, "bundle.pem") == 0)
		return bundle(c, reply);
	REQUIRE(dot != NULL && strcmp(dot, ".cer") == 0 && (size_t)(dot - file) < sizeof(label), ERR_NOT_FOUND);
	memcpy(label, file, (size_t)(dot - file));
	const struct authority *a = authority_find(&c->authorities, label);

	REQUIRE(a != NULL, ERR_NOT_FOUND);
	reply_static(reply, "application/pkix-cert", writer_span(&a->der), NULL, NULL);
	reply_cache(reply, MAX_AGE, true);
	return ERR_OK;
}
