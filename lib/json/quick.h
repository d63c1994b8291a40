/* quick: json_decode() for plain messages, at a tenth of the cost: a login is one signature check, and a tree of JSON values costs as much
 * again. Used where every login passes: both ceremonies, client data, and what mohar-hsmd checks of a token before it signs it. It accepts a part of JSON
 * only (printable ASCII, no escapes, whole numbers) and leaves whatever else it meets, errors too, to json_decode(): that alone decides what is refused, and why. */
#ifndef MOHAR_JSON_QUICK_H
#define MOHAR_JSON_QUICK_H

#include "json/json.h"

/* As json_decode(): the same result and the same errors. Rows of kind JSON_TEXT, JSON_INT, JSON_BYTES, JSON_BOOL and JSON_OBJECT are quick. */
MUST_USE enum err quick_decode(struct span text, const struct json_table *table, void *out);

/* The quick half alone: true if text was plain and *out is decoded; false if it says nothing about text, *out being zero. For tests. */
bool quick_try(struct span text, const struct json_table *table, void *out);

#endif
