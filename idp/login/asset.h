/* asset: the static files of the pages (style, script, pictures), read once at start and sent without copying. Used by main.c and routes.c. */
#ifndef MOHAR_IDP_LOGIN_ASSET_H
#define MOHAR_IDP_LOGIN_ASSET_H

#include "idp/idp.h"

enum { MAX_ASSETS = 32, MAX_ASSET = 1 << 20 };

struct assets;

/* Reads every file of folder whose ending is known (.css .js .svg). ERR_CONFIG naming the path. The caller owns *out, and keeps it until the server has stopped. */
MUST_USE enum err assets_read(const char *folder, struct assets **out);
void assets_free(struct assets **a);

/* GET /static/{name}: with an entity tag, cached by browsers for an hour. */
enum err asset_handler(void *daemon, struct request *request, struct reply *reply);

#endif
