/* routes: the whole surface of mohar-cad in two tables: the API over HTTPS, and what certificates point to over HTTP. Used by main.c. */
#ifndef MOHAR_CA_ROUTES_H
#define MOHAR_CA_ROUTES_H

#include "ca/cad.h"
#include "http/server.h"

/* Serves both, and the private listener. The caller stops them in reverse. */
struct servers {
	struct http_server *api, *pki, *private;
};
MUST_USE enum err servers_start(struct cad *c, struct servers *out);
void servers_stop(struct servers *s);

#endif
