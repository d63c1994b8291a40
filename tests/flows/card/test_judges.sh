#!/bin/bash
# Programs that we did not write read a card that `mohar card` made, and cannot take its login key for its signing key: OpenSC's pkcs11-tool, NSS, OpenSSL through the pkcs11 engine.
# timeout: 240
. tests/tap.sh
what='judges of cards'
. tests/flows/card/house.sh
have() { type -P "$1" >/dev/null || { skip "$2" "needs $1"; return 1; }; }

person judge 'Test Card Judge'
blank judge >/dev/null
check 'a card' enrol judge judge
printf 'to be signed\n' >"$W/text"
chmod 644 "$W/text"
p11() { as_owner pkcs11-tool --module "$MOHAR_CARD_MODULE" --token-label judge --login --pin 123456 "$@"; }
cert() { p11 --read-object --type cert --id "$1" -o "$W/cert-$1.der" >/dev/null 2>&1 && openssl x509 -inform DER -in "$W/cert-$1.der" -out "$W/cert-$1.pem" && openssl x509 -in "$W/cert-$1.pem" -pubkey -noout >"$W/key-$1.pem"; }
verifies() { openssl dgst -sha256 -verify "$W/key-$1.pem" -signature "$W/$2" "$W/text"; }

# ---- OpenSC ----
if have pkcs11-tool 'OpenSC reads the card'; then
	p11 -O >"$W/objects" 2>&1
	# "Private Key Object; EC | authentication | 01": label and number of each object of a class.
	objects() { awk -v class="$1" '/ Object;/ { inside = index($0, class) == 1; label = "" } inside && /label:/ { sub(/.*label: */, ""); label = $0 } inside && /ID:/ { print label, $2 }' "$W/objects" | sort | paste -sd, -; }
	check 'OpenSC sees two private keys, by name and number' test "$(objects 'Private Key')" = 'authentication 01,signature 02'
	check 'their public halves' test "$(objects 'Public Key')" = 'authentication 01,signature 02'
	check 'their certificates under the same numbers' test "$(objects 'Certificate' | tr ',' '\n' | grep -c '^authentication 01$\|^signature 02$')" = 2
	check 'the signature key is the one that asks each time' test "$(grep -c 'always authenticate' "$W/objects")" = 1
	check 'no key can leave' test "$(grep -c 'never extractable' "$W/objects")" = 2
	openssl dgst -sha256 -binary -out "$W/hash" "$W/text"
	check 'OpenSC signs with the login key' p11 --sign --mechanism ECDSA --signature-format openssl --id 01 -i "$W/hash" -o "$W/opensc-01"
	check 'with the signature key, its PIN asked again' p11 --sign --mechanism ECDSA --signature-format openssl --id 02 -i "$W/hash" -o "$W/opensc-02"
	check 'certificates are read' cert 01
	check 'both' cert 02
	check 'the signature is of the certificate with its number' verifies 01 opensc-01
	check 'the other too' verifies 02 opensc-02
	refuse 'and of no other' verifies 01 opensc-02
	check 'login: digitalSignature and clientAuth' says 'Digital Signature$' openssl x509 -in "$W/cert-01.pem" -noout -ext keyUsage
	check 'which OpenSSL takes for a TLS client' says '^SSL client : Yes' openssl x509 -in "$W/cert-01.pem" -noout -purpose
	check 'signature: nonRepudiation and nothing else' says '^ *Non Repudiation$' openssl x509 -in "$W/cert-02.pem" -noout -ext keyUsage
	check 'which OpenSSL does not take for a TLS client' says '^SSL client : No' openssl x509 -in "$W/cert-02.pem" -noout -purpose
fi

# ---- NSS, as browsers have it ----
if have certutil 'NSS reads the card' && have modutil 'NSS reads the card'; then
	as_owner mkdir "$W/nss"
	as_owner certutil -d "sql:$W/nss" -N --empty-password
	as_owner modutil -dbdir "sql:$W/nss" -add card -libfile "$MOHAR_CARD_MODULE" -mechanisms FRIENDLY -force >/dev/null 2>&1
	as_owner sh -c "umask 077; echo 123456 >'$W/nss/pin'"
	nss() { as_owner certutil -d "sql:$W/nss" "$@" -h judge -f "$W/nss/pin"; }
	judged() { as_owner timeout 20 certutil -d "sql:$W/nss" -V -n "judge:$1" -u C -f "$W/nss/pin" || return 1; }
	nss -L >"$W/nss-certs" 2>&1
	check 'NSS sees both certificates as having keys' test "$(grep -c '^judge:.*u,u,u' "$W/nss-certs")" = 2
	as_owner certutil -d "sql:$W/nss" -A -t T,C,C -n root -i "$MOHAR_ROOT_CA"
	as_owner certutil -d "sql:$W/nss" -A -t ,, -n citizens -i "$MOHAR_CITIZEN_CA"
	check 'it takes the login certificate for a TLS client' says 'certificate is valid' judged authentication
	refuse 'it does not take the signature certificate for one' denies 'invalid\|not approved\|inadequate' judged signature
fi

# ---- OpenSSL ----
if [ -e "$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so" ]; then
	engine() { as_owner env PKCS11_MODULE_PATH="$MOHAR_CARD_MODULE" "$@"; }
	signs() { engine openssl dgst -engine pkcs11 -keyform engine -sha256 -sign "pkcs11:token=judge;object=$1;type=private;pin-value=123456" -out "$W/engine-$1" "$W/text"; }
	check 'OpenSSL signs with the login key, by name' signs authentication
	check 'and it verifies' verifies 01 engine-authentication
else
	skip 'OpenSSL signs with the card' 'needs libengine-pkcs11-openssl'
fi

# ---- weak keys ----
# A key as the chips of CVE-2017-15361 made them: both primes a power of 65537 modulo the product of the first primes.
roca() {
	"$(type -P python3)" - "$1" <<-'END'
	import random, sys
	from cryptography.hazmat.primitives import serialization
	from cryptography.hazmat.primitives.asymmetric import rsa
	M, p = 1, 2
	while p <= 167:
	    M *= p
	    p = next(n for n in range(p + 1, 400) if all(n % d for d in range(2, n)))
	def prime():
	    while True:
	        n = (random.getrandbits(1023 - M.bit_length()) | 3 << (1022 - M.bit_length())) * 2 * M + pow(65537, random.randrange(M), M)
	        if n % 2 and n.bit_length() == 1024 and pow(2, n - 1, n) == 1 and (n - 1) % 65537:
	            return n
	p, q = prime(), prime()
	d = pow(65537, -1, (p - 1) * (q - 1))
	key = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)).private_key(unsafe_skip_rsa_key_validation=True)
	open(sys.argv[1], 'wb').write(key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
	END
}
if python3 -c 'import cryptography' 2>/dev/null && have pkcs11-tool 'a weak key is refused'; then
	person weak 'Test Card Weak'
	blank weak >/dev/null
	roca "$W/roca.der"
	openssl rsa -inform DER -in "$W/roca.der" -pubout -outform DER -out "$W/roca.pub" 2>/dev/null
	chmod 644 "$W"/roca.*
	weak() { as_owner pkcs11-tool --module "$MOHAR_CARD_MODULE" --token-label weak --login --pin 123456 --id 01 --label authentication "$@"; }
	check 'a card whose chip made a weak key' weak --write-object "$W/roca.der" --type privkey --usage-sign
	check 'its public half' weak --write-object "$W/roca.pub" --type pubkey
	refuse 'it is refused, and the counter told what to do with the card' denies 'WEAK KEY, do not give this card out (.*): put it aside' enrol weak weak
	check 'nothing was given for it' test "$(given 'Test Card Weak')" = 0
	if as_owner openssl req -new -key "$W/roca.der" -keyform DER -subj /CN=x -out "$W/weak.csr" 2>/dev/null; then
		refuse 'the authority itself says no too' mohar ca issue --profile citizen-authentication --csr "$W/weak.csr" --subject 'CN=Test Card Weak' --token registrar-1 --pin "file:$CARDS/registrar-1.pin"
	fi
fi
finish
