#include "hsm/token/token.h"

enum consequence { LOST, REQUEST, DEVICE };

/* What the codes that we meet mean for us; one that is not here is the device's fault. */
static const struct {
	CK_RV rv;
	enum consequence consequence;
} rows[] = {
	{CKR_SESSION_HANDLE_INVALID, LOST},
	{CKR_SESSION_CLOSED, LOST},
	{CKR_USER_NOT_LOGGED_IN, LOST},
	{CKR_KEY_HANDLE_INVALID, LOST},
	{CKR_OBJECT_HANDLE_INVALID, LOST},
	{CKR_WRAPPING_KEY_HANDLE_INVALID, LOST},
	{CKR_UNWRAPPING_KEY_HANDLE_INVALID, LOST},
	{CKR_DEVICE_ERROR, LOST},
	{CKR_DEVICE_REMOVED, LOST},
	{CKR_TOKEN_NOT_PRESENT, LOST},
	{CKR_TOKEN_NOT_RECOGNIZED, LOST},
	{CKR_OPERATION_ACTIVE, LOST},
	{CKR_OPERATION_NOT_INITIALIZED, LOST},
	{CKR_GENERAL_ERROR, LOST},
	{CKR_FUNCTION_FAILED, LOST},
	{CKR_DATA_INVALID, REQUEST},
	{CKR_DATA_LEN_RANGE, REQUEST},
	{CKR_WRAPPED_KEY_INVALID, REQUEST},
	{CKR_WRAPPED_KEY_LEN_RANGE, REQUEST},
	{CKR_ENCRYPTED_DATA_INVALID, REQUEST},
};

enum err
returned(struct session *s, const char *what, CK_RV rv)
{
	enum consequence c = DEVICE;

	s->lost = false;
	if (rv == CKR_OK)
		return ERR_OK;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rv == rv)
			c = rows[i].consequence;
	/* After any failure the operation may still be active (0x90 for ever): only a fresh session is safe. */
	s->lost = c != REQUEST;
	return err_because(c == REQUEST ? ERR_MALFORMED : ERR_UNAVAILABLE, "%s: 0x%lx", what, rv);
}
