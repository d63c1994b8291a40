# What programs read at run time: policies, pages, texts, migrations. $(BUILD)/share holds a copy of each under its path
# in the tree, and so does PREFIX/share/mohar after `make install`; the setting `share` names either of them.
SHARE = $(BUILD)/share
SHARED := $(sort $(shell find policies lib $(PARTS) signpage -type f ! -name '*.[ch]' ! -name '*.md' ! -name '.*' 2>/dev/null))

# What the tree no longer has goes from the copy too: a template left behind would be read.
STALE := $(filter-out $(addprefix $(SHARE)/,$(SHARED)),$(shell find $(SHARE) -type f 2>/dev/null))

share: $(addprefix $(SHARE)/,$(SHARED))
	$(if $(STALE),@rm -f $(STALE))

$(SHARE)/%: %
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: share
