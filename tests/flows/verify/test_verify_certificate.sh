# `mohar verify certificate` over a chain that openssl made: what is valid, what is not, and what nobody here can know.
. tests/tap.sh
mohar=$MOHAR_BUILD/bin/mohar
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

new_key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# $1 = name, $2 = subject, $3 = issuer, $4 = extensions
issue() {
	new_key "$1"
	openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
	printf '%b' "$4" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -days 30 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

ca_ext='basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
leaf_ext='keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\ncertificatePolicies=1.2.3.4\nsubjectKeyIdentifier=hash\n'
new_key root
openssl req -x509 -new -key root.key -subj '/CN=Test Root' -days 60 -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem
new_key other
openssl req -x509 -new -key other.key -subj '/CN=Test Root' -days 60 -addext keyUsage=critical,keyCertSign,cRLSign -out other.pem
issue ca '/CN=Test CA' root "$ca_ext"
issue leaf '/CN=Test Citizen One' ca "$leaf_ext"
issue below '/CN=Test Citizen Two' leaf "$leaf_ext"
cat leaf.pem ca.pem >chain.pem
cat below.pem leaf.pem ca.pem >below-chain.pem
openssl x509 -in leaf.pem -outform DER -out leaf.der

# A list with the leaf on it, one without, and one that has run out.
touch index
cat >ca.conf <<'EOF'
[ca]
default_ca = it
[it]
database = index
crlnumber = number
default_md = sha256
certificate = ca.pem
private_key = ca.key
EOF
echo 01 >number
openssl ca -config ca.conf -gencrl -crldays 5 -out clean.pem 2>/dev/null
openssl ca -config ca.conf -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20200102000000Z -out stale.pem 2>/dev/null
openssl ca -config ca.conf -revoke leaf.pem 2>/dev/null
openssl ca -config ca.conf -gencrl -crldays 5 -out revoked.pem 2>/dev/null
for list in clean stale revoked; do
	openssl crl -in $list.pem -outform DER -out $list.crl
done

# says RESULT STATUS ARGUMENTS...: the command's verdict in JSON, and its exit status
says() {
	local result=$1 status=$2 found=0 output
	shift 2
	output=$("$mohar" verify certificate --json "$@") || found=$?
	echo "$output"
	((found == status)) && [[ $output == *"\"result\":\"$result\""* ]]
}

check 'a chain to the root is valid' says valid 0 --trust root.pem chain.pem
check 'an issuing CA may be trusted itself' says valid 0 --trust ca.pem leaf.der
check 'purpose and policy that it has' says valid 0 --trust root.pem --purpose clientAuth --policy 1.2.3.4 chain.pem
check 'another purpose is invalid' says invalid 1 --trust root.pem --purpose serverAuth chain.pem
check 'another policy is invalid' says invalid 1 --trust root.pem --policy 1.2.3.5 chain.pem
check 'without a trusted certificate it is unknown' says unknown 1 chain.pem
check 'a stranger of the same name is not believed' says unknown 1 --trust other.pem leaf.pem
check 'a missing intermediate makes it unknown' says unknown 1 --trust root.pem leaf.pem
check 'a citizen cannot issue' says unknown 1 --trust root.pem below-chain.pem
check 'before its time it is invalid' says invalid 1 --trust root.pem --at 2020-01-01T00:00:00Z chain.pem
check 'after its time it is invalid' says invalid 1 --trust root.pem --at 2999-01-01T00:00:00Z chain.pem
check 'not on the list: valid' says valid 0 --trust root.pem --crl clean.crl chain.pem
check 'on the list: invalid' says invalid 1 --trust root.pem --crl revoked.crl chain.pem
check 'a stale list tells nothing' says unknown 1 --trust root.pem --crl stale.crl chain.pem
check 'a revoking list counts beside a stale one' says invalid 1 --trust root.pem --crl stale.crl --crl revoked.crl chain.pem
check 'what is no certificate is invalid' says invalid 1 --trust root.pem ca.conf
check 'a file that is not there is refused' says refused 1 --trust root.pem absent.pem
check 'by its form alone: valid' "$mohar" verify --trust root.pem chain.pem
refuse 'by its form alone: expired' "$mohar" verify --trust root.pem --at 2999-01-01T00:00:00Z chain.pem
refuse 'by its form alone: unknown' "$mohar" verify chain.pem
check 'two files at once are wrong usage' says usage 2 --trust root.pem chain.pem leaf.pem
finish
