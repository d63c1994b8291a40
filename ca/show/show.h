/* show: GET /certificates/{serial} and GET /certificates?subject=: what was issued, for operators and registrars, who show an act certificate.read as bearer
 * token: subjects are nobody else's business. Used by routes.c. */
#ifndef MOHAR_CA_SHOW_SHOW_H
#define MOHAR_CA_SHOW_SHOW_H

#include "http/server.h"

enum err show_get(void *daemon, struct request *request, struct reply *reply);
enum err show_list(void *daemon, struct request *request, struct reply *reply);

#endif
