# $(BUILD)/share: what programs read at run time, laid out as `make install` puts it under PREFIX/share/mohar.
#   policies/...             from policies/
#   <part>/web/...           templates, texts, css and js from <part>/web/
#   sql/<part>/*.sql         migrations from anywhere in <part>/, and sql/audit/ from lib/audit/
SHARE = $(BUILD)/share
files = $(sort $(shell find $(1) -type f ! -name '.*' ! -name '*.[ch]' 2>/dev/null))

# $(1) = target, $(2) = source
define share_file
SHARE_FILES += $(1)
$(1): $(2)
	@mkdir -p $$(@D)
	@cp -p $$< $$@
endef
# $(1) = folder in share/sql, $(2) = source folder
share_sql = $(foreach file,$(filter %.sql,$(call files,$(2))),\
	$(eval $(call share_file,$(SHARE)/sql/$(1)/$(notdir $(file)),$(file))))

$(foreach file,$(call files,policies $(addsuffix /web,$(PARTS))),$(eval $(call share_file,$(SHARE)/$(file),$(file))))
$(foreach part,$(PARTS),$(call share_sql,$(part),$(part)))
$(call share_sql,audit,lib/audit)

share: $(SHARE_FILES)
	@mkdir -p $(SHARE)

.PHONY: share
