/* activate: a citizen who holds a registrar's activation address registers the first passkey. Used by routes.c.
 *
 *   GET  /activate#CODE        the page; the code stands behind '#', so that it is in no log, and the page's script sends it on
 *   POST /activate/person      {code} -> {name}: whose it is; consumes nothing
 *   POST /activate/options     {code} -> WebAuthn creation options, whose challenge is bound to the code
 *   POST /activate/passkey     {code, name, credential}: consumes the code and stores the passkey in one statement */
#ifndef MOHAR_IDP_ACTIVATE_ACTIVATE_H
#define MOHAR_IDP_ACTIVATE_ACTIVATE_H

#include "idp/idp.h"

enum err activate_handler(void *daemon, struct request *request, struct reply *reply);
enum err activate_person_handler(void *daemon, struct request *request, struct reply *reply);
enum err activate_options_handler(void *daemon, struct request *request, struct reply *reply);
enum err activate_passkey_handler(void *daemon, struct request *request, struct reply *reply);

#endif
