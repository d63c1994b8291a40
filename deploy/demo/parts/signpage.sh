# signpage: the citizens' signing page: a stock Apache under a user of its own that serves the files of signpage/ and nothing else.
signpage_make() {
	local root=$REAL/sign name value conf
	signpage_bundle "$root/bundle" || return
	tls sign "$USER_SIGN" tls sign.localhost || return
	conf=$(cat "$SHARE/signpage/apache.conf.in")
	for name in ROOT RUN TLS_KEY MODULES SIGN_ORIGIN SIGN_PORT SIGNER_URL; do
		case $name in
		ROOT) value=$root ;;
		RUN) value=$root/run ;;
		TLS_KEY) value=$root/tls.key ;;
		MODULES) value=/usr/lib/apache2/modules ;;
		SIGN_ORIGIN) value=$SIGN_URL ;;
		*) value=${!name} ;;
		esac
		conf=${conf//@$name@/$value}
	done
	case $conf in *@[A-Z]*@*) die "apache.conf.in: a placeholder is left" || return ;; esac
	printf '%s\n' "$conf" >"$root/apache.conf"
	# The page's user may read its files and change none of them.
	mkdir -p "$root/run" && chmod 755 "$root" && chmod 644 "$root/apache.conf" && own "$USER_SIGN" "$root/run" || return
	[ "$ROOT" = no ] || chown -R root:root "$root/bundle" "$root/apache.conf"
	[ "$ROOT" = no ] || chown root:root "$root"
}

signpage_bundle() { bash "$SHARE/signpage/bundle" "$1" "$SIGNER_URL" "$SIGN_URL"; }

signpage_launch() { launch sign "$USER_SIGN" apache2 -f "$REAL/sign/apache.conf" -DFOREGROUND; }
signpage_ready() { await 15 "signing page" curl -sf -o /dev/null -m 2 --cacert "$REAL/tls/root.pem" "$SIGN_URL/sign"; }

# What it serves is what was made, byte for byte; and no other address is anything.
signpage_up() {
	local file root=$REAL/sign/bundle
	signpage_make && signpage_launch && signpage_ready || return
	for file in static/sign.js static/sign.css; do
		fetch "$REAL/work/served" "$SIGN_URL/$file" && cmp "$REAL/work/served" "$root/$file" || return
	done
	for file in "" apache.conf tls.key bundle/sign.html static/; do
		want "$SIGN_URL/$file" "$(curl -s -o /dev/null -m 2 -w '%{http_code}' --cacert "$REAL/tls/root.pem" "$SIGN_URL/$file")" 403 || return
	done
	note "$SIGN_URL: $(wc -l <"$root/SHA256SUMS") static files, as user $USER_SIGN; RP ID sign.localhost"
}

# --- a citizen's own signature

# The registrar begins; the citizen makes a passkey at the address and shows the fingerprint; the registrar compares, and the key is born and certified.
signing_enrol() {
	local begun address shown told
	begun=$(mohar_card registrar-1 citizen signing-key test-citizen-one --begin --json) || return
	address=$(json .url <<<"$begun") || return
	case $address in "$SIGN_URL/enrol#"*) ;; *) die "the address is not the signing page's: $address" || return ;; esac
	shown=$(browser signing "$address" "$REAL/work/signing.passkeys" "$REAL/work/enrol.png") || return
	if mohar_card registrar-1 citizen signing-key test-citizen-one --resume "$(json .ticket <<<"$begun")" --yes 0000-0000-0000-0000 --json; then
		die "a passkey that the citizen's page does not show was bound"
		return
	fi
	told=$(mohar_card registrar-1 citizen signing-key test-citizen-one --resume "$(json .ticket <<<"$begun")" --yes "$(json .fingerprint <<<"$shown")" --json) || return
	echo "$told" >"$REAL/work/signing.json"
	json .certificate <<<"$told" >"$REAL/work/signing.pem" && json .chain <<<"$told" >"$REAL/work/signing-chain.pem" || return
	openssl verify -CAfile "$REAL/tls/root.pem" -untrusted "$REAL/work/signing-chain.pem" "$REAL/work/signing.pem" || return
	note "page and registrar see $(json .fingerprint <<<"$told")"
	note "$(openssl x509 -in "$REAL/work/signing.pem" -noout -subject)"
}

# agency_token AGENCY SCOPE: an access token of its service client for the signer.
agency_token() {
	local id jwk=$REAL/clients/agency-$1.jwk
	id=$(cat "$REAL/clients/agency-$1.id") || return
	"$NODE" -e '
		const { createPrivateKey, sign, randomUUID } = require("node:crypto");
		const [jwk, id, issuer] = [JSON.parse(require("node:fs").readFileSync(process.argv[1])), process.argv[2], process.argv[3]];
		const now = Math.floor(Date.now() / 1000), b64 = (o) => Buffer.from(JSON.stringify(o)).toString("base64url");
		const input = b64({ alg: "ES256", kid: jwk.kid }) + "." + b64({ iss: id, sub: id, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 });
		console.log(input + "." + sign("sha256", Buffer.from(input), { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" }).toString("base64url"));' \
		"$jwk" "$id" "$ISSUER" >"$REAL/work/assertion" || return
	curl -sf -m 5 --cacert "$REAL/tls/root.pem" "$ISSUER/token" -d grant_type=client_credentials -d "scope=$2" --data-urlencode "resource=$SIGNER_URL" -d "client_id=$id" \
		-d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer --data-urlencode "client_assertion=$(cat "$REAL/work/assertion")" | json .access_token
}

# agency_call TOKEN PATH [BODY]
agency_call() {
	local token=$1 path=$2
	shift 2
	curl -sf -m 10 --cacert "$REAL/tls/root.pem" -H "Authorization: Bearer $token" ${1:+-H "Content-Type: application/json" -d "$1"} "$SIGNER_URL$path"
}

# base64url without padding, on standard input
unencoded() {
	local text
	read -r text
	while [ $((${#text} % 4)) -ne 0 ]; do text=$text=; done
	printf '%s' "$text" | basenc --base64url -d
}

# The land agency asks for a signature over two files; the citizen reads, compares one of them with the file in hand, and signs both with one touch.
signing_sign() {
	local token asked answer file n=0 digests=()
	printf 'Deed of transfer, parcel T-1/42\n' >"$REAL/work/deed.txt" && printf 'Plan of parcel T-1/42\n' >"$REAL/work/plan.txt" || return
	for file in deed plan; do digests+=("$(openssl dgst -sha256 -binary "$REAL/work/$file.txt" | basenc --base64url -w0 | tr -d =)"); done
	token=$(agency_token land signatures) || return
	asked=$(agency_call "$token" /signing/requests "$(jq -nc --arg key "$(json .key <"$REAL/work/signing.json")" --arg a "${digests[0]}" --arg b "${digests[1]}" \
		'{$key, description: "Transfer of parcel T-1/42", algorithm: "sha-256", digests: [$a, $b], names: ["deed.txt", "plan.txt"]}')") || return
	browser sign "$(json .sign_url <<<"$asked")" "$REAL/work/signing.passkeys" "$REAL/work/deed.txt" "$REAL/work/sign.png" || return
	answer=$(agency_call "$token" "/signing/requests/$(json .id <<<"$asked")") || return
	want "state" "$(json .state <<<"$answer")" signed || return
	openssl x509 -in "$REAL/work/signing.pem" -noout -pubkey >"$REAL/work/signing.pub" || return
	for file in deed plan; do
		json ".signatures[$n]" <<<"$answer" | unencoded >"$REAL/work/$file.sig" || return
		openssl dgst -sha256 -verify "$REAL/work/signing.pub" -signature "$REAL/work/$file.sig" "$REAL/work/$file.txt" || return
		n=$((n + 1))
	done
	if openssl dgst -sha256 -verify "$REAL/work/signing.pub" -signature "$REAL/work/deed.sig" "$REAL/work/plan.txt"; then
		die "the signature of one file is good for another"
		return
	fi
	note "openssl dgst -verify agrees: both files, by the certified key, and neither for the other"
}

# Stopped, it signs nothing, even for its owner; let go, it signs again.
signing_freeze() {
	local token body
	token=$(agency_token land signatures) || return
	body=$(jq -nc --arg key "$(json .key <"$REAL/work/signing.json")" --arg a "$(printf x | openssl dgst -sha256 -binary | basenc --base64url -w0 | tr -d =)" \
		'{$key, description: "While stopped", algorithm: "sha-256", digests: [$a]}')
	mohar_card registrar-1 citizen signing-freeze test-citizen-one || return
	if agency_call "$token" /signing/requests "$body"; then
		die "a stopped key was asked to sign"
		return
	fi
	mohar_card registrar-1 citizen signing-unfreeze test-citizen-one && agency_call "$token" /signing/requests "$body"
}
