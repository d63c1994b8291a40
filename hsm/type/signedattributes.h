/* signedattributes: the signed attributes of a CMS SignerInfo (RFC 5652 5.3, 11), as they are hashed: a DER SET OF. Used by the types of document seals and
 * of time-stamps, which differ in what the content may be. */
#ifndef MOHAR_HSM_TYPE_SIGNEDATTRIBUTES_H
#define MOHAR_HSM_TYPE_SIGNEDATTRIBUTES_H

#include "hsm/type/type.h"

/* Does object begin as a SET OF does? */
bool signedattributes_looks(struct span object);

/* Are these signed attributes of q->evidence, which is the content, by this key and of now: contentType is content_type (the contents of a DER OBJECT IDENTIFIER),
 * messageDigest is the content's hash by the key's digest, an ESS signing certificate is named (RFC 5035), signingTime, if there, is now, algorithm protection, if
 * there, is the key's (RFC 6211), and nothing else is in it? ERR_MALFORMED, ERR_REFUSED, with the clause. */
MUST_USE enum err signedattributes_check(const struct type_question *q, struct span content_type);

#endif
