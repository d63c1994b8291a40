#include "ca/cmp/fail.h"

enum cmp_fail
cmp_fail_of(enum err e)
{
	switch (e) {
	case ERR_OK:
		return CMP_OK;
	case ERR_MALFORMED:
	case ERR_TOO_LONG:
	case ERR_UNSUPPORTED:
	case ERR_MISMATCH:
	case ERR_REFUSED:
		return CMP_BAD_CERT_TEMPLATE;
	case ERR_BAD_SIGNATURE:
		return CMP_BAD_POP;
	case ERR_EXISTS:
		return CMP_DUPLICATE_CERT_REQ;
	case ERR_EXPIRED:
	case ERR_USED:
	case ERR_UNAUTHENTICATED:
	case ERR_NOT_FOUND:
		return CMP_NOT_AUTHORIZED;
	case ERR_REVOKED:
		return CMP_CERT_REVOKED;
	case ERR_UNTRUSTED:
		return CMP_SIGNER_NOT_TRUSTED;
	case ERR_UNAVAILABLE:
	case ERR_TOO_MANY:
	case ERR_NO_MEMORY:
		return CMP_SYSTEM_UNAVAIL;
	default:
		return CMP_SYSTEM_FAILURE;
	}
}
