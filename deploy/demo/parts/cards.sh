# cards: SoftHSM tokens that stand for people's smartcards, each with its own PIN, all of the demo's operator.
CARDS="custodian-1 custodian-2 custodian-3 registrar-1 registrar-2 operator second-operator officer citizen"

cards_make() {
	local card
	mkdir -p "$REAL/cards/tokens"
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$REAL/cards/tokens" >"$REAL/cards/softhsm2.conf"
	for card in $CARDS; do
		printf '%06d\n' $((RANDOM * 32768 % 1000000 + RANDOM % 1000)) | tail -c 7 >"$REAL/cards/$card.pin"
		printf '%08d\n' $((RANDOM * 32768 + RANDOM)) | tail -c 9 >"$REAL/cards/$card.so"
	done
	chmod 600 "$REAL"/cards/*.pin "$REAL"/cards/*.so
	own "$USER_DEMO" "$REAL/cards"
	for card in $CARDS; do
		mohar card init --module "$MODULE" --token "$card" --so-pin "file:$REAL/cards/$card.so" --pin "file:$REAL/cards/$card.pin" || return
		case $card in citizen | officer) continue ;; esac
		mohar_card "$card" card key || return
	done
	note "$(set -- $CARDS && echo $#) cards, the keys of custodians, registrars and operator made on them"
}

# mohar ARG...: the command, as the demo's operator, with the demo's cards.
mohar() {
	as "$USER_DEMO" env SOFTHSM2_CONF="$REAL/cards/softhsm2.conf" MOHAR_CA_URL="$CA_URL" MOHAR_ISSUER="$ISSUER" MOHAR_SIGNER_URL="$SIGNER_URL" \
		MOHAR_TLS_CA="$REAL/tls/root.pem" MOHAR_HSM_SOCKET="$SOCKETS/hsm.sock" "$BIN/mohar" "$@"
}

# mohar_card CARD ARG...: with that card as the one in the reader.
mohar_card() {
	local card=$1
	shift
	MOHAR_CARD_MODULE=$MODULE MOHAR_CARD_TOKEN=$card MOHAR_CARD_PIN=file:$REAL/cards/$card.pin mohar "$@"
}

# mohar_by ORDERER CARD ARG...: a second card signs the order (card enrol).
mohar_by() {
	local by=$1 card=$2
	shift 2
	MOHAR_REGISTRAR_MODULE=$MODULE MOHAR_REGISTRAR_TOKEN=$by MOHAR_REGISTRAR_PIN=file:$REAL/cards/$by.pin mohar_card "$card" "$@"
}

# The people who may order, by their cards' public keys, and this machine's users: from the policy's keys.json to the demo's own.
cards_keys_json() {
	local card role jwk operators='[]'
	for card in $CARDS; do
		case $card in
		custodian-*) role='["custodian"]' ;;
		registrar-*) role='["registrar"]' ;;
		operator) role='["ca-operator","client-operator"]' ;;
		second-operator) role='["ca-operator"]' ;;
		*) continue ;;
		esac
		jwk=$(mohar card show --module "$MODULE" --token "$card" --jwk --json | jq -c .jwk) || return
		operators=$(jq -c --arg name "$card" --argjson roles "$role" --argjson jwk "$jwk" '. + [{name: $name, roles: $roles, jwk: $jwk}]' <<<"$operators") || return
	done
	jq --argjson operators "$operators" --arg ceremony "$USER_CEREMONY" --arg ca "$USER_CA" --arg idp "$USER_IDP" --arg signer "$USER_SIGNER" --arg sign "$SIGN_URL" '
		.operators = $operators
		| .keys |= map(if .activation then .activation.origins = [$sign] else . end)
		| .callers |= map(.users = [{ceremony: $ceremony, ca: $ca, idp: $idp, signer: $signer}[.name]])' \
		"$POLICIES/keys.json" >"$REAL/keys.json" || return
	chmod 644 "$REAL/keys.json"
	note "keys.json names $(jq '.operators | length' "$REAL/keys.json") people's cards, $(jq '.keys | length' "$REAL/keys.json") keys and who may use them"
}
