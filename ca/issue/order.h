/* order: POST /certificates: an operator's or registrar's act becomes a certificate. Used by routes.c. */
#ifndef MOHAR_CA_ISSUE_ORDER_H
#define MOHAR_CA_ISSUE_ORDER_H

#include "http/server.h"

enum err issue_post(void *daemon, struct request *request, struct reply *reply);

#endif
