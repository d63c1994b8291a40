# Fuzzing: tests/fuzz/fuzz_<noun>.c is one libFuzzer target. It may call lib/ and any daemon's code: each is an
# archive in a tree of its own, compiled by clang with the sanitizers.
FUZZ = $(BUILD)-fuzz
FUZZ_CFLAGS = $(LANGUAGE) $(PACKAGE_CFLAGS) -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -MMD -MP
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(FUZZ)/bin/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_ARCHIVES := $(patsubst %,$(FUZZ)/%.a,lib $(PARTS))

$(FUZZ)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) '  compile $< (fuzz)'
	$(QUIET)clang $(FUZZ_CFLAGS) -c $< -o $@

# $(1) = part
define fuzz_archive
$(FUZZ)/$(1).a: $$(patsubst %.c,$(FUZZ)/obj/%.o,$$(filter-out $(1)/main.c,$$(call sources,$(1))))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(QUIET)$(AR) rcs $$@ $$^
endef
$(foreach part,lib $(PARTS),$(eval $(call fuzz_archive,$(part))))

$(FUZZ)/bin/%: $(FUZZ)/obj/tests/fuzz/%.o $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(SAY) '  link    $@'
	$(QUIET)clang -fsanitize=fuzzer,address,undefined -o $@ $< -Wl,--start-group $(FUZZ_ARCHIVES) -Wl,--end-group \
		-Wl,--as-needed $(LIBS_idp) $(LIBS_cli)

build-fuzz: $(FUZZ_TARGETS)
fuzz: build-fuzz ## run every fuzz target for TIME seconds, JOBS at once (FILES="fuzz_x ..." for some)
	@tests/fuzz/run --build $(FUZZ) --time $(TIME) --jobs $(or $(JOBS),2) $(or $(FILES),$(notdir $(FUZZ_TARGETS)))

-include $(shell find $(FUZZ)/obj -name '*.d' 2>/dev/null)

.PHONY: build-fuzz fuzz
