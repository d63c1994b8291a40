# mohar. The folder tree is the architecture: lib/ is one archive, each daemon's folder is one program, and a test
# stands in tests/ where its source stands in the tree. A new .c file is found by itself. `make help` lists targets.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BUILD ?= build
# One spelling only, or dependency files name targets that make does not know.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
TIME ?= 60
PREFIX ?= /usr/local
# `make V=1` shows whole commands.
QUIET = $(if $(V),,@)
SAY = @$(if $(V),:,echo)

include mk/flags.mk

# --- what is built: folder, program, and the only libraries it may link
PARTS = hsm ca idp signer cli
PROGRAM_hsm = mohar-hsmd
PROGRAM_ca = mohar-cad
PROGRAM_idp = mohar-idpd
PROGRAM_signer = mohar-signerd
PROGRAM_cli = mohar

CRYPTO = -lcrypto -lfido2 -lcbor -ljansson -lseccomp -lz
SERVICE = -lpq -lmicrohttpd -lgnutls -lcurl -lssl $(CRYPTO)
LIBS_hsm = $(CRYPTO)
LIBS_ca = $(SERVICE) -lldns
LIBS_idp = $(SERVICE) -lqrencode
LIBS_signer = $(SERVICE) -lqrencode
LIBS_cli = $(SERVICE) -lp11
LIBS_lib = $(SERVICE)

sources = $(if $(strip $(1)),$(sort $(shell find $(1) -name '*.c' 2>/dev/null)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

LIB = $(BUILD)/lib/libmohar.a
LIB_SOURCES := $(call sources,lib)
BUILT := $(foreach part,$(PARTS),$(if $(wildcard $(part)/main.c),$(part)))
PROGRAMS := $(foreach part,$(BUILT),$(BUILD)/bin/$(PROGRAM_$(part)))

all: $(LIB) $(PROGRAMS) share ## build the library, every program, and the data they read

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) '  compile $<'
	$(QUIET)$(COMPILE) -c $< -o $@

$(LIB): $(call objects,$(LIB_SOURCES))
	@mkdir -p $(@D)
	@rm -f $@
	$(SAY) '  archive $@'
	$(QUIET)$(AR) rcs $@ $^

# $(1) = folder: the program from its objects
define program
SOURCES_$(1) := $$(call sources,$(1))
$(BUILD)/bin/$(PROGRAM_$(1)): $$(call objects,$$(SOURCES_$(1))) $(LIB)
	@mkdir -p $$(@D)
	$$(SAY) '  link    $$@'
	$$(QUIET)$$(LINK) -o $$@ $$^ -Wl,--as-needed $$(LIBS_$(1))
endef
$(foreach part,$(PARTS),$(eval $(call program,$(part))))

include mk/share.mk
include mk/test.mk
include mk/fuzz.mk
include mk/lint.mk
include mk/install.mk

# --- the whole thing
deps: ## install what is missing to build, run and test
	@deploy/install/dependencies build demo browser test

demo: ## install what is missing, build, and start everything on this machine
	@deploy/install/dependencies build demo browser
	@$(MAKE) -j$$(nproc) all
	@MOHAR_BUILD_DIR=$(abspath $(BUILD)) deploy/demo/run up

demo-stop: ## stop the demo; its data stays
	@MOHAR_BUILD_DIR=$(abspath $(BUILD)) deploy/demo/run stop

demo-clean: ## stop the demo and delete its data
	@MOHAR_BUILD_DIR=$(abspath $(BUILD)) deploy/demo/run clean

clean: ## delete what was built
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(BUILD)-fuzzcov

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile mk/*.mk | sed -E 's/:.*## /\t/' | sort | expand -t 18

.PHONY: all deps demo demo-stop demo-clean clean help

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
