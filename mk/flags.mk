# Compiler and linker flags (docs/STYLE.md, C 1). SANITIZE=address,undefined or thread gives a test build.
CC = gcc
AR = gcc-ar
CFLAGS ?= -O2 -g

LANGUAGE = -std=c17 -D_GNU_SOURCE -I. -Ilib
WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Werror

ifdef SANITIZE
# No FORTIFY here: it hides calls from the sanitizers. No -Werror: what they insert makes gcc warn of code that is not
# ours, and the plain build has said what is to be said.
WARNINGS := $(filter-out -Werror,$(WARNINGS)) -w
HARDENING = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_LINK = -fsanitize=$(SANITIZE)
CFLAGS := -O1 -g
else
HARDENING = -fPIE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-ftrivial-auto-var-init=zero -fcf-protection
HARDENING_LINK = -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif

# Looked up when a recipe first needs it, so that `make deps` runs on a machine which has none of them.
PACKAGES = p11-kit-1 libpq
find_packages = pkg-config --cflags $(PACKAGES) | sed 's/-I/-isystem /g' | grep . || \
	echo "libraries that mohar is built on are missing here: \`make deps\` installs them" >&2
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $$(shell $$(find_packages)))$(PACKAGE_CFLAGS)

COMPILE = $(CC) $(LANGUAGE) $(PACKAGE_CFLAGS) $(WARNINGS) $(HARDENING) $(CFLAGS) -MMD -MP
LINK = $(CC) $(HARDENING_LINK) $(CFLAGS) $(LDFLAGS)
