/* routes: the whole surface of mohar-cad in three tables: the API over HTTPS, what devices enrol by over HTTPS, and what
 * certificates point to over HTTP. Used by main.c. */
#ifndef MOHAR_CA_ROUTES_H
#define MOHAR_CA_ROUTES_H

#include "ca/cad.h"
#include "http/server.h"

/* Serves both, and the private listener. The caller stops them in reverse. */
struct servers {
	struct http_server *api, *pki, *device, *private;
};
MUST_USE enum err servers_start(struct cad *c, struct servers *out);
void servers_stop(struct servers *s);

#endif
