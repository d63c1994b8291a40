/* prompt: a secret typed at the terminal. Used by mohar-hsmd for the token's PIN and by `mohar` for the PINs of cards. */
#ifndef MOHAR_BASE_PROMPT_H
#define MOHAR_BASE_PROMPT_H

#include "base/secret.h"

/* Asks for what ("PIN of the card") on the terminal itself, wherever standard input comes from, with the echo off, and puts the terminal as it was whatever ends it:
 * signals that would end or stop the process are held meanwhile and strike afterwards. *out is the line without its newline, perhaps empty; the caller owns it.
 * ERR_NOT_FOUND: no terminal. ERR_REFUSED: nothing typed, or a signal came. ERR_TOO_LONG: more than max bytes. */
MUST_USE enum err prompt_secret(const char *what, size_t max, struct secret **out);

#endif
