# make install DESTDIR= PREFIX=/usr/local: programs, units, users, data, man pages. Settings and secrets are the
# administrator's: nothing is put into /etc.
SBIN = $(DESTDIR)$(PREFIX)/sbin
BIN = $(DESTDIR)$(PREFIX)/bin
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
DAEMON_PROGRAMS = $(filter-out %/mohar,$(PROGRAMS))
MAN_PAGES := $(wildcard docs/man/*.[1-8])
# The units are written for PREFIX=/usr; a stock server's stays where it is.
RELOCATE = sed 's,=/usr/sbin/mohar-,=$(PREFIX)/sbin/mohar-,'

install: all ## install under PREFIX (/usr/local) in DESTDIR
	install -d $(SBIN) $(BIN) $(UNITS)/mohar-.service.d $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/share/mohar
	$(if $(DAEMON_PROGRAMS),install -m 755 $(DAEMON_PROGRAMS) $(SBIN))
	$(if $(filter %/mohar,$(PROGRAMS)),install -m 755 $(BUILD)/bin/mohar $(BIN))
	for unit in deploy/systemd/*.service; do $(RELOCATE) $$unit >$(UNITS)/$${unit##*/}; done
	install -m 644 deploy/systemd/mohar-.service.d/hardening.conf $(UNITS)/mohar-.service.d
	install -m 644 deploy/systemd/mohar.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/mohar.conf
	cd $(SHARE) && find . -type f -exec install -D -m 644 {} $(abspath $(DESTDIR)$(PREFIX))/share/mohar/{} \;
	$(foreach page,$(MAN_PAGES),install -D -m 644 $(page) $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page));)

.PHONY: install
