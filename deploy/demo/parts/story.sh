# story: the demo's steps in their order. What is told is what happened: every step checks what it claims.
story_build() {
	say_part "The house"
	step "A private PostgreSQL, one role a daemon" database_make
	step "Smartcards for custodians, registrars, an operator, an officer, a citizen" cards_make
	step "keys.json: who may do what with which key" cards_keys_json
	step "Two HSM tokens: one for the root, one for everything else" hsm_tokens
	say_part "The ceremony"
	step "Genesis: each token is bound to keys.json, for ever" hsm_genesis
	step "The key daemons start" ceremony_daemons
	step "Root and issuing authorities, by two of three custodians" ceremony
	say_part "The daemons"
	step "The certificate authority" authority_up
	step "Certificates of this house's own servers, from that authority" authority_tls
	step "The identity provider" identity_up
	step "Portals and services become clients" clients_add
	step "The signer and its log" signer_up
	step "Two portals: stock Apache with mod_auth_openidc" portals_up
	step "The signing page: static files under their own name and user" signpage_up
}

story_play() {
	say_part "A citizen"
	step "Two registrars enrol a citizen in person; the card gets key and certificate" citizen_enrol
	step "The citizen opens the activation address and makes a passkey" citizen_activate
	step "The same address again is refused" citizen_activate_again
	step "Log in to the land portal, then walk into the complaints portal" citizen_portals
	step "Log in with the smartcard" citizen_card
	say_part "A decision"
	step "An officer is enrolled, appointed, and makes a passkey at the highest level" officer_enrol
	step "A complaint's receipt needs no person: sealed at once" decision_receipt
	step "A land transfer waits for its officer" decision_propose
	step "The officer reads and confirms it in the browser" decision_confirm
	step "Anyone checks it offline: seal, status, log" decision_verify
	step "One changed character is noticed" decision_tamper
	step "Revoked once, it no longer stands anywhere" decision_revoke
	say_part "A citizen's own signature"
	step "A registrar and the citizen make a signing key that only the citizen's passkey opens" signing_enrol
	step "An agency asks; the citizen compares a file, and signs two" signing_sign
	step "A stopped key signs nothing, and signs again when it is let go" signing_freeze
	step "Nothing was issued that is not in the log" log_complete
}

ceremony_daemons() { hsm_root_up && hsmd_up; }

# Two of three custodians are in the room, each with a card; the script's exact bytes are what they approve.
ceremony() {
	local out=$REAL/ceremony
	mkdir -p "$out" && own "$USER_CEREMONY" "$out" || return
	as "$USER_CEREMONY" env SOFTHSM2_CONF="$REAL/cards/softhsm2.conf" "$BIN/mohar" ceremony run "$POLICIES/ceremonies/demo.json" --keys "$REAL/keys.json" \
		--policies "$POLICIES" --root-socket "$SOCKETS/hsm-root.sock" --main-socket "$SOCKETS/hsm.sock" --out "$out" --module "$MODULE" \
		--pki-url "$PKI_URL" --custodian "custodian-1:file:$REAL/cards/custodian-1.pin" --custodian "custodian-2:file:$REAL/cards/custodian-2.pin" || return
	chmod 755 "$out" && own "$USER_DEMO" "$REAL/cards"
	cp "$out/root-ca.pem" "$REAL/tls/root.pem" && cp "$out/citizen-ca.pem" "$out/service-ca.pem" "$REAL/tls/" && chmod 644 "$REAL"/tls/*.pem || return
	hsm_root_down
	openssl verify -CAfile "$REAL/tls/root.pem" "$REAL/tls/citizen-ca.pem" "$REAL/tls/service-ca.pem" || return
	note "the transcript, with every key's attributes read back and two custodians' signatures: $out"
	note "openssl verify agrees: root, citizens' authority, services' authority"
}

# The console's key at the identity provider, which comes later, is there before the daemon that reads it.
authority_up() {
	client_key "$REAL/clients/console" && cp "$REAL/clients/console.jwk" "$REAL/ca/console.jwk" && own "$USER_CA" "$REAL/ca" || return
	conf cad "$USER_CA" && as "$USER_CEREMONY" "$BIN/mohar-cad" migrate --config "$REAL/cad.conf"
}

# tls DAEMON USER FILE [NAME]: key and certificate for a daemon's own listener, by the same path as every other certificate.
tls() {
	local made=$REAL/ca/made
	as "$USER_CA" "$BIN/mohar-cad" issue --config "$REAL/cad.conf" --profile tls-server --dns "${4:-localhost}" --key-out "$made.key" --out "$made.pem" &&
		mv "$made.key" "$REAL/$1/$3.key" && mv "$made.pem" "$REAL/$1/$3.pem" && chmod 600 "$REAL/$1/$3.key" && own "$2" "$REAL/$1"
}

authority_tls() {
	tls ca "$USER_CA" ca && tls idp "$USER_IDP" tls && tls signer "$USER_SIGNER" tls && cad_up || return
	curl -s --cacert "$REAL/tls/root.pem" -o /dev/null "$CA_URL/" || die "the authority's own certificate does not verify"
}

identity_up() {
	cp "$HERE/conf/models.pem" "$REAL/idp/models.pem" && own "$USER_IDP" "$REAL/idp" && conf idpd "$USER_IDP" && as "$USER_CEREMONY" "$BIN/mohar-idpd" migrate --config "$REAL/idpd.conf" && idpd_up || return
	note "$(curl -sf --cacert "$REAL/tls/root.pem" "$ISSUER/.well-known/openid-configuration" | jq -r '.issuer')"
}

signer_up() {
	conf signerd "$USER_SIGNER" && as "$USER_CEREMONY" "$BIN/mohar-signerd" migrate --config "$REAL/signerd.conf" && signerd_up
}

portals_up() {
	portal_make land "Land records" && portal_make complaints "Complaints" && portal_launch land && portal_launch complaints &&
		portal_ready land "$PORTAL_A" && portal_ready complaints "$PORTAL_B"
}

story_end() {
	cat <<-END

	${BOLD}Everything is running.${PLAIN}
	  Identity provider      $ISSUER
	  Certificate authority  $CA_URL, status at $PKI_URL/ocsp; its operators' console at /console (pictures: deploy/demo/run console)
	  Decisions              $SIGNER_URL
	  Signing page           $SIGN_URL (by the addresses that it is given)
	  Land portal            $PORTAL_A
	  Complaints portal      $PORTAL_B
	  Settings for scripts   $DIR/env

	${BOLD}Three things to try${PLAIN}
	  1. Be the citizen. Import $DIR/tls/root.pem into your browser as an authority, open the address that
	         deploy/demo/run invite
	     prints, make a passkey, then go to $PORTAL_A.
	  2. Check the officer's decision with no network, as it was before it was revoked and after:
	         build/bin/mohar verify $DIR/work/land.jwt $DIR/work/receipt.json --trust $DIR/work/jwks.json --offline $DIR/work/bundle.json
	         build/bin/mohar verify $DIR/work/land.jwt $DIR/work/receipt.json --trust $DIR/work/jwks.json --offline $DIR/work/bundle-after.json
	  3. See every daemon, key and certificate, and the whole public log hashed up to its signed root:
	         . $DIR/env && build/bin/mohar status && build/bin/mohar log verify --trust $DIR/work/jwks.json

	  make demo-stop ends it, make demo-clean removes it.
	END
}
