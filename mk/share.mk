# What programs read at run time: policies, pages, texts, migrations. $(BUILD)/share holds a copy of each under its path
# in the tree, and so does PREFIX/share/mohar after `make install`; the setting `share` names either of them.
SHARE = $(BUILD)/share
SHARED := $(sort $(shell find policies lib $(PARTS) -type f ! -name '*.[ch]' ! -name '*.md' ! -name '.*' 2>/dev/null))

share: $(addprefix $(SHARE)/,$(SHARED))

$(SHARE)/%: %
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: share
