/* jansson: the library under names that do not meet ours, which share its prefix. Used by decode.c, and by tests that walk vector files. */
#ifndef MOHAR_JSON_JANSSON_H
#define MOHAR_JSON_JANSSON_H

#include "json/json.h"

#define JSON_OBJECT JANSSON_OBJECT
#define json_object jansson_object
#define json_array jansson_array
#include <jansson.h>
#undef JSON_OBJECT
#undef json_object
#undef json_array

/* The library's own test is a macro that would now name our enumerator. */
#undef json_is_object
#define json_is_object(value) ((value) != NULL && json_typeof(value) == JANSSON_OBJECT)

#endif
