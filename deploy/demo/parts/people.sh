# people: enrolling, clients, browsers and decisions: the verbs that a registrar, an operator, an agency's developer and a verifier would type.

# json FILTER: a value of the JSON on standard input; nothing there is a failure.
json() { jq -er "$1"; }

# --- clients

# A private key of a client, as a JWK; and the public half for its registration.
client_key() {
	"$NODE" -e '
		const { generateKeyPairSync, createHash } = require("node:crypto");
		const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const k = privateKey.export({ format: "jwk" });
		const thumb = createHash("sha256").update(JSON.stringify({ crv: k.crv, kty: k.kty, x: k.x, y: k.y })).digest("base64url");
		console.log(JSON.stringify({ ...k, kid: thumb, alg: "ES256", use: "sig" }));' >"$1.jwk" &&
		jq -c '{keys: [del(.d)]}' "$1.jwk" >"$1.jwks" && chmod 600 "$1.jwk" && own "$USER_DEMO" "$1.jwk" "$1.jwks"
}

# client FILE ARG...: registers; keeps identifier and, if there is one, the secret.
client() {
	local file=$REAL/clients/$1 answer
	shift
	answer=$(mohar_card operator client add --json "$@") || return
	json .client_id <<<"$answer" >"$file.id" || return
	jq -r '.client_secret // empty' <<<"$answer" >"$file.secret"
	chmod 600 "$file.secret"
}

clients_add() {
	client_key "$REAL/clients/web" && client_key "$REAL/clients/agency-land" && client_key "$REAL/clients/agency-complaints" &&
		client_key "$REAL/clients/signer" || return
	client land --name "en=Land records" --name "dz=ས་ཆའི་ཐོ།" --sector land --auth client_secret_basic --redirect "http://land.localhost:$PORTAL_A_PORT/cb" \
		--logout "http://land.localhost:$PORTAL_A_PORT/out.html" --scope openid --scope profile --agency land &&
		client complaints --name "en=Complaints" --name "dz=ཉོགས་བཤད།" --sector complaints --auth client_secret_basic \
			--redirect "http://complaints.localhost:$PORTAL_B_PORT/cb" --logout "http://complaints.localhost:$PORTAL_B_PORT/out.html" --scope openid \
			--scope profile --agency complaints &&
		client web --name "en=Test portal" --sector test --auth private_key_jwt --jwks "$REAL/clients/web.jwks" --redirect "$REDIRECT_URI" \
			--logout "http://localhost:$REDIRECT_PORT/out" --scope openid --scope profile --scope offline_access \
			--grant authorization_code --grant refresh_token &&
		client stock --name "en=Stock portal" --sector stock --auth client_secret_basic --redirect "$REDIRECT_URI" \
			--logout "http://localhost:$REDIRECT_PORT/out" --scope openid --scope profile --scope offline_access \
			--grant authorization_code --grant refresh_token &&
		client agency-land --name "en=Land agency" --sector land --auth private_key_jwt --jwks "$REAL/clients/agency-land.jwks" --agency land \
			--scope decisions --scope signatures --grant client_credentials --resource "$SIGNER_URL" &&
		client agency-complaints --name "en=Grievance cell" --sector complaints --auth private_key_jwt --jwks "$REAL/clients/agency-complaints.jwks" \
			--agency complaints --scope decisions --grant client_credentials --resource "$SIGNER_URL" &&
		client signer --id signer --name "en=Decisions" --name "dz=གྲོས་ཆོད།" --sector signer --auth private_key_jwt --jwks "$REAL/clients/signer.jwks" \
			--redirect "$SIGNER_URL/officer/cb" --scope openid --scope offices &&
		client console --id console --name "en=Certificate authority" --name "dz=ལག་ཁྱེར་དབང་འཛིན།" --sector authority --auth private_key_jwt \
			--jwks "$REAL/clients/console.jwks" --redirect "$CA_URL/console/cb" --scope openid --scope offices || return
	cp "$REAL/clients/signer.jwk" "$REAL/signer/client.jwk" && own "$USER_SIGNER" "$REAL/signer" || return
	note "8 clients, each with its sector; portals of different sectors never see the same subject"
}

# --- people: test data, plainly

# enrol_person HANDLE NAME: proofing 3: two registrars, each with a card, over the same facts.
enrol_person() {
	local handle=$1 name=$2 facts
	printf '%011d\n' $((RANDOM * 1000000 + RANDOM)) >"$REAL/work/$handle.number"
	chmod 600 "$REAL/work/$handle.number"
	own "$USER_DEMO" "$REAL/work/$handle.number"
	facts=(--handle "$handle" --name "$name" --number "file:$REAL/work/$handle.number" --birthdate 1990-01-01 --gender other --proofing 3)
	mohar_card registrar-2 citizen countersign "${facts[@]}" --out "$REAL/work/$handle.countersign" &&
		mohar_card registrar-1 citizen add "${facts[@]}" --countersign "$REAL/work/$handle.countersign"
}

# enrol HANDLE NAME CARD PROFILE: and the card gets key and certificate.
enrol() { enrol_person "$1" "$2" && mohar_by registrar-1 "$3" card enrol --profile "$4" --person "$1"; }

# activation HANDLE LEVEL: prints the single-use address.
activation() {
	local told
	told=$(mohar_card registrar-1 citizen activate "$1" --level "$2" --present --json) && json .url <<<"$told"
}

# browser STEP ARG...: one person at a real browser.
browser() {
	mkdir -p "$REAL/work/.pki/nssdb"
	if [ ! -f "$REAL/work/.pki/nssdb/cert9.db" ]; then
		certutil -d "sql:$REAL/work/.pki/nssdb" -N --empty-password
		certutil -d "sql:$REAL/work/.pki/nssdb" -A -t C,, -n mohar -i "$REAL/tls/root.pem"
		own "$USER_DEMO" "$REAL/work"
	fi
	as "$USER_DEMO" env HOME="$REAL/work" XDG_CONFIG_HOME="$REAL/work" MOHAR_NPM="$NPM" "$NODE" "$BROWSER/step.mjs" "$@"
}

citizen_enrol() {
	enrol test-citizen-one "Test Citizen One" citizen citizen-authentication || return
	note "$(mohar card show --module "$MODULE" --token citizen --json | jq -r '[.. | .subject? // empty][0]')"
}

citizen_activate() {
	CITIZEN_ADDRESS=$(activation test-citizen-one 2) || return
	# The address is in a file too, as a message would be: it is for the citizen's eyes.
	echo "$CITIZEN_ADDRESS" >"$REAL/outbox/activation-test-citizen-one"
	browser activate "$CITIZEN_ADDRESS" "$REAL/work/citizen.passkeys" internal || return
	want "passkeys in the database" "$(database_ask "SELECT count(*) FROM idp.credential")" 1
}

citizen_activate_again() {
	browser refused "$CITIZEN_ADDRESS" || return
	want "passkeys in the database" "$(database_ask "SELECT count(*) FROM idp.credential")" 1
}

citizen_portals() {
	local seen land complaints
	seen=$(browser portals "$PORTAL_A/" "$PORTAL_B/" "$REAL/work/citizen.passkeys" "") || return
	echo "$seen" >"$REAL/work/portals.json"
	land=$(json .land.sub <<<"$seen") && complaints=$(json .complaints.sub <<<"$seen") || return
	[ "$land" != "$complaints" ] || die "both portals saw the same subject" || return
	want "the name at the land portal" "$(json .land.name <<<"$seen")" "Test Citizen One" &&
		want "what the land portal asked" "$(jq -c .land.asked <<<"$seen")" '["passkey","consent"]' &&
		want "what the second portal asked" "$(jq -c .complaints.asked <<<"$seen")" '["consent"]' || return
	note "land knows        $land"
	note "complaints knows  $complaints"
	note "one passkey, no second prompt"
}

# The card speaks TLS to its own port: curl holds it, through its PKCS#11 module. What it gets in the end is the citizen's own page.
card_curl() {
	local pin
	pin=$(cat "$REAL/cards/citizen.pin")
	as "$USER_DEMO" env SOFTHSM2_CONF="$REAL/cards/softhsm2.conf" PKCS11_MODULE_PATH="$MODULE" curl -sfL -m 10 --cacert "$REAL/tls/root.pem" \
		-b "$REAL/work/jar" -c "$REAL/work/jar" --cert "pkcs11:token=citizen;id=%01;pin-value=$pin" --key "pkcs11:token=citizen;id=%01;pin-value=$pin" "$@"
}

citizen_card() {
	local page link
	rm -f "$REAL/work/jar"
	page=$(card_curl "$ISSUER/account") && link=$(grep -o "$CARD_URL/card?flow=[A-Za-z0-9_-]*" <<<"$page" | head -n 1) || return
	page=$(card_curl "$link") || return
	grep -q "<h1>Test Citizen One</h1>" <<<"$page" && grep -q 'class="level level-3"' <<<"$page" || die "the card did not open the account at the highest level" || return
	note "chain, purpose and OCSP of the card's certificate were checked; the session is at the highest level"
}

officer_enrol() {
	local address
	enrol test-officer-one "Test Officer One" officer officer &&
		mohar_card registrar-1 citizen appoint test-officer-one --agency land --office land-registrar --title "Registrar of Land" \
			--until 2099-12-31T00:00:00Z || return
	address=$(activation test-officer-one 3) && browser activate "$address" "$REAL/work/officer.passkeys" usb
}

# An operator of the authority, made when one is first wanted, walks through its console.
operator_console() {
	local address
	if [ ! -f "$REAL/work/operator.passkeys" ]; then
		enrol_person test-operator-one "Test Operator One" &&
			mohar_card registrar-1 citizen appoint test-operator-one --agency ca --office ca-operator --title "Operator of the authority" \
				--until 2099-12-31T00:00:00Z || return
		address=$(activation test-operator-one 3) && browser activate "$address" "$REAL/work/operator.passkeys" usb || return
	fi
	browser console "$CA_URL/console" "$REAL/work/operator.passkeys" "$REAL/work"
}

# --- decisions

# decide AGENCY ARG...: as that agency's service client.
decide() {
	local agency=$1
	shift
	MOHAR_AGENCY_CLIENT_ID=$(cat "$REAL/clients/agency-$agency.id") MOHAR_AGENCY_JWK=$REAL/clients/agency-$agency.jwk mohar decision "$@"
}

decision_receipt() {
	local answer
	answer=$(decide complaints create --json --type complaint-receipt --sub "$(json .complaints.sub <"$REAL/work/portals.json")" --outcome received \
		--facts '{"reference":"C-2026-1","category":"water"}') || return
	want "state" "$(json .state <<<"$answer")" sealed
}

decision_propose() {
	local answer
	answer=$(decide land create --json --type land-transfer --sub "$(json .land.sub <"$REAL/work/portals.json")" --outcome approved \
		--facts '{"parcel":"T-1/42","area_square_metres":400,"role":"transferee","instrument":"sale"}') || return
	echo "$answer" >"$REAL/work/proposed.json"
	want "state" "$(json .state <<<"$answer")" pending || return
	note "to be decided by $(json .due <<<"$answer")"
}

decision_confirm() {
	local id
	browser confirm "$(json .confirm_url <"$REAL/work/proposed.json")" "$REAL/work/officer.passkeys" "$REAL/work/confirm.png" || return
	id=$(json .id <"$REAL/work/proposed.json") && decide land show "$id" --out "$REAL/work/land.jwt" || return
	want "kind of token" "$(cut -d. -f1 "$REAL/work/land.jwt" | basenc --base64url -d 2>/dev/null | jq -r .typ)" decision+jwt
}

fetch() { curl -sf --cacert "$REAL/tls/root.pem" -m 5 -o "$1" "$2"; }

# What a verifier needs, fetched once; from here on the network is not asked.
decision_verify() {
	local id
	id=$(json .id <"$REAL/work/proposed.json")
	fetch "$REAL/work/jwks.json" "$SIGNER_URL/jwks" && fetch "$REAL/work/bundle.json" "$SIGNER_URL/bundle" &&
		await 10 "the receipt" fetch "$REAL/work/receipt.json" "$SIGNER_URL/decisions/$id/receipt" || return
	chmod 644 "$REAL"/work/*.json "$REAL/work/land.jwt"
	mohar verify "$REAL/work/land.jwt" "$REAL/work/receipt.json" --trust "$REAL/work/jwks.json" --offline "$REAL/work/bundle.json" --json \
		>"$REAL/work/verdict.json" || { cat "$REAL/work/verdict.json"; return 1; }
	want "verdict" "$(json .result <"$REAL/work/verdict.json")" valid &&
		want "in the log" "$(json '.findings[0].logged' <"$REAL/work/verdict.json")" true || return
	note "$(json '.findings[0] | "\(.agency), \(.office): \(.decision_type) \(.outcome), sealed \(.sealed_at)"' <"$REAL/work/verdict.json")"
	case $(browser verify "$SIGNER_URL/verify?id=$id") in *Valid*) ;; *) die "the public page does not say so" ;; esac
}

# One character of the payload, in the middle of the text.
decision_tamper() {
	local text at other=A
	text=$(cat "$REAL/work/land.jwt")
	at=$((${#text} / 2))
	[ "${text:at:1}" != A ] || other=B
	printf '%s' "${text:0:at}$other${text:at+1}" >"$REAL/work/forged.jwt"
	cmp -s "$REAL/work/land.jwt" "$REAL/work/forged.jwt" && die "nothing was changed" && return 1
	chmod 644 "$REAL/work/forged.jwt"
	if mohar verify "$REAL/work/forged.jwt" --trust "$REAL/work/jwks.json" --offline "$REAL/work/bundle.json" --json >"$REAL/work/forged.json"; then
		die "a forged decision was called valid"
		return
	fi
	want "verdict" "$(json .result <"$REAL/work/forged.json")" invalid
}

decision_revoke() {
	local id
	id=$(json .id <"$REAL/work/proposed.json")
	decide land revoke "$id" --reason "demonstration" && fetch "$REAL/work/bundle-after.json" "$SIGNER_URL/bundle" || return
	if mohar verify "$REAL/work/land.jwt" "$REAL/work/receipt.json" --trust "$REAL/work/jwks.json" --offline "$REAL/work/bundle-after.json" --json \
		>"$REAL/work/revoked.json"; then
		die "a revoked decision was called valid"
		return
	fi
	want "verdict" "$(json .result <"$REAL/work/revoked.json")" invalid &&
		want "in the log all the same" "$(json '.findings[0].logged' <"$REAL/work/revoked.json")" true || return
	note "$(json .why <"$REAL/work/revoked.json")"
}

# Every certificate, login, claim released and decision has its event, and every event its leaf.
log_complete() {
	await 10 "the sequencer" test_empty_outboxes || return
	want "events of certificates" "$(database_ask "SELECT count(*) FROM ca.event WHERE type = 'certificate.issued'")" \
		"$(database_ask "SELECT count(*) FROM ca.certificate")" &&
		want "sealed decisions without an event" "$(database_ask "SELECT count(*) FROM signer.decision d WHERE jws IS NOT NULL AND NOT EXISTS (SELECT 1 FROM signer.event e WHERE e.id = d.event)")" 0 &&
		mohar log verify --trust "$REAL/work/jwks.json" --json >"$REAL/work/log.json" || { cat "$REAL/work/log.json"; return 1; }
	note "$(json '"\(.entries) public entries, hashed up to the signed root"' <"$REAL/work/log.json")"
	note "$(database_ask "SELECT count(*) || ' more about persons, in a tree of their own whose root is among them' FROM log.leaf WHERE tree = 1")"
}
test_empty_outboxes() { [ "$(database_ask "SELECT (SELECT count(*) FROM ca.outbox) + (SELECT count(*) FROM idp.outbox) + (SELECT count(*) FROM signer.outbox)")" = 0 ]; }
