/* The scratch database of tests/unit/lib/db, for this part: a part's helpers are its own objects. */
#include "tests/unit/lib/db/scratch.c"
