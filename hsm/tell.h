/* tell: what mohar-hsmd says about itself, as JSON. Used by the operations STATUS and LIST. */
#ifndef MOHAR_HSM_TELL_H
#define MOHAR_HSM_TELL_H

#include "hsm/service.h"

/* One object: token, since, policy, journal, breaker, queue, keys. Appended. */
MUST_USE enum err tell_status(struct service *s, struct writer *json);

/* One array of the keys whose private half uid may use, and all of them for the ceremony. Appended. */
MUST_USE enum err tell_keys(const struct service *s, uid_t uid, struct writer *json);

#endif
