#!/bin/bash
# What is said about certificates, everywhere and at the same time: suspension, sharded lists, deltas, OCSP, the proof that they agree. openssl is the judge.
# timeout: 240
. tests/tap.sh

what="the status of certificates"
. tests/flows/ca/house.sh
echo 'crl_shards = 3' | tee -a "$W/one.conf" >>"$W/two.conf"
echo 'ocsp_presign = officer, tls-client' >>"$W/two.conf"
by() { local card=$1; shift; mohar "$@" --token "$card" --pin 123456; }
# By the database's superuser, behind the triggers' back.
forge() { sql "SET session_replication_role = replica; $1"; }

# ---- an earlier version's database ----
mkdir -p "$W/old/ca/store" "$W/old/lib/audit"
cp -r "$SHARE/lib/audit/sql" "$W/old/lib/audit/" && mkdir "$W/old/ca/store/migrations" && cp "$SHARE/ca/store/migrations/001_ca.sql" "$W/old/ca/store/migrations/"
sed "s|^share = .*|share = $W/old|" "$W/one.conf" >"$W/old.conf"
check 'an earlier version made its schema' cad migrate --config "$W/old.conf"
sql "INSERT INTO ca.certificate (serial, issuer, profile, subject, spki_sha256, not_before, not_after, der, issued_at, actor, principal, channel, revoked_at, reason)
	SELECT decode(md5(n::text), 'hex'), 'service-ca', 'tls-client', 'CN=old', sha256(n::text::bytea), now() - interval '1 day', now() + interval '9 days', 'x', now(), 'x', 'x', 'card', now(), 1
	FROM generate_series(1, 3) n; INSERT INTO ca.crl VALUES ('service-ca', 41, now(), now(), 3, 'x')"
check 'which has rows in it when this one comes' cad migrate --config "$W/one.conf"
check 'and they belong to the whole list' test "$(sql 'SELECT count(*) FROM ca.certificate WHERE shard = 0')" = 3
cad issue --config "$W/one.conf" --profile tls-server --dns localhost --key-out "$W/tls/ca.key" --out "$W/tls/ca.pem" >>"$W/log" 2>&1
check 'it serves' serve_one
check 'and a second instance' serve_two
list() { curl -sf "${pki:-$PKI}/crl/$1.crl"; }
crl_text() { list "$1" | openssl crl -inform DER -noout -text; }
number() { list "$1" | openssl crl -inform DER -noout -crlnumber | sed 's/.*0x//'; }
check 'numbers go on where the earlier version ended' test $((16#$(number service-ca))) -ge 42
check 'and what was revoked is in its list' test "$(crl_text service-ca | grep -c 'Serial Number')" = 3

# ---- certificates ----
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/a.key" -subj /CN=ignored -out "$W/a.csr" 2>/dev/null
issue() { by operator ca issue --profile tls-client --csr "$W/a.csr" --subject "CN=Agency One" --json --out "$W/$1.pem" | jq -r .serial; }
serial=$(issue one)
shard=$(sql "SELECT shard FROM ca.certificate WHERE encode(serial, 'hex') = '$serial'")
other=$((shard % 3 + 1))
check 'a certificate names one of three lists' test "$shard" -ge 1 -a "$shard" -le 3
check 'the one that its row has' grep -q "URI:$PKI/crl/service-ca.$shard.crl" <(openssl x509 -in "$W/one.pem" -noout -text)
cp "$W/ceremony/service-ca.pem" "$W/issuer.pem"
ocsp() { openssl ocsp -issuer "$W/${issuer:-issuer}.pem" -serial "0x${1:-$serial}" -url "${pki:-$PKI}/ocsp" -CAfile "$W/ceremony/root-ca.pem" -resp_text 2>&1; }
ocsp_says() { ocsp >"$W/ocsp" && cat "$W/ocsp" && grep -q 'Response verify OK' "$W/ocsp" && grep -q "Cert Status: $1" "$W/ocsp"; }
ocsp_hold() { ocsp_says revoked && grep -q 'certificateHold' "$W/ocsp"; }
entry() { crl_text "$1" | grep -i -A 4 "Serial Number: $serial" | grep -q "$2"; }
absent() { ! crl_text "$1" | grep -qi "Serial Number: $serial"; }
cp_lists() { for l in "$@"; do list "$l" | openssl crl -inform DER; done >"$W/crls.pem"; list root-ca | openssl crl -inform DER >>"$W/crls.pem"; }
verify() { openssl verify -crl_check_all "$@" -CRLfile "$W/crls.pem" -CAfile "$W/ceremony/root-ca.pem" -untrusted "$W/issuer.pem" "$W/one.pem"; }
cp_lists "service-ca.$shard"
check "openssl takes its list" verify -extended_crl
refuse "another list, put in its place, is refused" says 'ifferent CRL scope' bash -c "$(declare -f cp_lists list verify says); PKI=$PKI W=$W; cp_lists service-ca.$other; verify -extended_crl"
check 'the lists are named in a critical extension' test "$(crl_text "service-ca.$shard" | grep -c 'Issuing Distribution Point: critical')" = 1
check 'and the whole list is not' test "$(crl_text service-ca | grep -c 'Issuing Distribution Point')" = 0
cp_lists "service-ca.$shard" && cp "$W/crls.pem" "$W/before.pem"

# ---- suspend, resume ----
refuse 'a registrar does not suspend what is no citizen'"'"'s' says 'takes a ca-operator' by registrar ca suspend "$serial"
refuse 'what is not suspended is not resumed' says 'is not suspended' by operator ca resume "$serial"
pki=$PKI2 check 'good, at the other instance too' ocsp_says good
check 'an operator suspends' by operator ca suspend "$serial"
check 'OCSP says so at once' ocsp_hold
elsewhere() { pki=$PKI2 ocsp_hold; }
check 'and at the other instance' await elsewhere
check 'and show' says suspended by operator ca show "$serial"
check 'its list says certificateHold' await entry "service-ca.$shard" 'Certificate Hold'
check 'and the whole list' await entry service-ca 'Certificate Hold'
check "another list does not" absent "service-ca.$other"
check 'and the delta' await entry "service-ca.$shard.delta" 'Certificate Hold'
cp_lists "service-ca.$shard"
refuse 'openssl refuses it' says 'ertificate revoked' verify -extended_crl
refuse 'twice it is not suspended' says 'suspended or revoked already' by operator ca suspend "$serial"
check 'resumed' by operator ca resume "$serial"
check 'OCSP says good at once' ocsp_says good
elsewhere() { pki=$PKI2 ocsp_says good; }
check 'and at the other instance' await elsewhere
check 'it has left its list' await absent "service-ca.$shard"
check 'and the delta removes it for those who have an older one' await entry "service-ca.$shard.delta" 'Remove From CRL'
check 'mohar ca crl shows a delta' by operator ca list --subject 'Agency One'
check 'with its shard' mohar ca crl service-ca --shard "$shard" --delta --pki-url "$PKI"
held=$(by operator ca suspend "$serial" --json | jq -r .revoked_at)
sleep 1.1 # the date of the revocation is another second's
check 'suspended again, and revoked' by operator ca revoke "$serial" --reason keyCompromise
check 'OCSP says keyCompromise' ocsp_says revoked
check 'for ever: it is not resumed' test "$(by operator ca resume "$serial" 2>&1 | grep -c 'for ever')" = 1
check 'it keeps the date of the hold' test "$(by operator ca show "$serial" --json | jq -r .revoked_at)" = "$held"
refuse 'the database keeps it revoked, whoever asks' says 'for ever' psql -q -h "$W/pg" -U postgres -d mohar -c "UPDATE ca.certificate SET revoked_at = NULL, reason = NULL WHERE encode(serial, 'hex') = '$serial'"
refuse 'and does not let its list be changed' says 'for ever' psql -q -h "$W/pg" -U postgres -d mohar -c "UPDATE ca.certificate SET shard = 0"
check 'every act has its event' test "$(sql "SELECT string_agg(type, ' ' ORDER BY at, type) FROM ca.event WHERE type LIKE 'certificate.%' AND type <> 'certificate.issued'" | tr ' ' '\n' | sort | uniq -c | tr -s ' \n' ' ')" = ' 1 certificate.resumed 1 certificate.revoked 2 certificate.suspended '
check 'and every change its row, of which the trigger makes sure' test "$(sql 'SELECT count(*) FROM ca.status_change')" = 4

# ---- deltas ----
await entry "service-ca.$shard.delta" 'Key Compromise'
{ cat "$W/before.pem"; list "service-ca.$shard.delta" | openssl crl -inform DER; } >"$W/crls.pem"
refuse 'openssl with the old list and the new delta: revoked' says 'ertificate revoked' verify -extended_crl -use_deltas
check 'and with the old list alone: not yet' bash -c "cp $W/before.pem $W/crls.pem; $(declare -f verify); W=$W; verify -extended_crl"

# ---- OCSP ----
issuer=ceremony/citizen-ca check "another CA's serial under this issuer is unknown" ocsp_says unknown
two=$(issue two)
check 'a certificate that has ended is told with how far back that reaches' bash -c "$(declare -f forge sql ocsp); W=$W PKI=$PKI; forge \"UPDATE ca.certificate SET not_after = now() - interval '1 minute' WHERE encode(serial, 'hex') = '$two'\"; ocsp $two | grep -A 1 'Archive Cutoff'"
ahead() { curl -s "http://127.0.0.1:$((base + 12))/metrics" | awk '/^mohar_ocsp_cache_entries/ { exit $2 < 1 }'; }
three=$(issue three)
check 'answers of chosen profiles are signed ahead' await ahead
before=$(sql "SELECT count(*) FROM ca.certificate WHERE profile = 'ocsp-responder-service'")
forge "UPDATE ca.certificate SET not_after = now() + interval '20 days' WHERE profile = 'ocsp-responder-service'"
lists=$(sql "SELECT count(*) FROM ca.revocation_list WHERE issuer = 'citizen-ca'")
kill "$cad" && wait "$cad" 2>/dev/null
check 'started again it serves' serve_one
check "a responder's certificate that is about to end is renewed by itself" test "$(sql "SELECT count(*) FROM ca.certificate WHERE profile = 'ocsp-responder-service'")" -gt "$before"
check 'and answers' ocsp_says revoked
check 'lists were not signed anew for the start' test "$(sql "SELECT count(*) FROM ca.revocation_list WHERE issuer = 'citizen-ca'")" = "$lists"

# ---- the proof ----
check 'database, lists and OCSP agree' cad prove-status --config "$W/one.conf"
proved() { curl -s "http://127.0.0.1:$((base + 2))/metrics" | awk '/^mohar_status_proof_timestamp_seconds/ { t = $2 } /^mohar_status_proof_disagreements/ { d = $2 } END { exit !(t > 0 && d == 0) }'; }
check 'the daemon proves it by itself' await proved
check 'and tells how long its lists last' test "$(curl -s "http://127.0.0.1:$((base + 2))/metrics" | awk '/^mohar_crl_seconds_left/ { print $2 }')" -gt 3600
forge "UPDATE ca.certificate SET revoked_at = now(), reason = 4 WHERE encode(serial, 'hex') = '$three'"
refuse 'a row that was changed by hand is found' says 'not in its list' cad prove-status --config "$W/one.conf"
check 'and is an event' test "$(sql "SELECT count(*) FROM ca.event WHERE type = 'status.disagreement'")" = 1
forge "UPDATE ca.certificate SET revoked_at = NULL, reason = NULL WHERE encode(serial, 'hex') = '$three'"
forge "UPDATE ca.certificate SET revoked_at = NULL, reason = NULL WHERE encode(serial, 'hex') = '$serial'"
refuse 'a revocation that was taken back by hand, too' says 'not revoked in the database' cad prove-status --config "$W/one.conf"
forge "UPDATE ca.certificate SET revoked_at = '$held', reason = 1 WHERE encode(serial, 'hex') = '$serial'"
check 'put right, they agree again' cad prove-status --config "$W/one.conf"
finish
