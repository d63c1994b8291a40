// The signing page's only script. It holds a code from behind '#', asks mohar-signerd, and has the browser speak WebAuthn under this page's own RP ID. What it shows
// is what it has signed: it makes fingerprints and digests itself.
'use strict';

(() => {
	const signer = document.querySelector('meta[name="mohar-signer"]').content;
	const page = document.body.dataset.page;
	const message = document.getElementById('message');
	const form = document.getElementById('form');
	const button = form.querySelector('button[type=submit]');
	const find = (name, within = document) => within.querySelector(`[data-${name}]`);

	class Refused extends Error {
		constructor(code) {
			super(code);
			this.code = code;
		}
	}

	// --- words

	const WORDS = {USED: 'used', NOT_FOUND: 'over', MALFORMED: 'over', REVOKED: 'frozen', EXPIRED: 'over', TOO_MANY: 'busy', UNAVAILABLE: 'offline'};

	function reason(error) {
		if (error instanceof TypeError)
			return 'offline';
		if (error instanceof Refused)
			return WORDS[error.code] || 'failed';
		if (error.name === 'InvalidStateError')
			return 'used';
		return error.name === 'NotAllowedError' || error.name === 'AbortError' ? 'cancelled' : 'failed';
	}

	function tell(which) {
		message.textContent = message.dataset[which];
		message.hidden = false;
		message.focus();
	}

	// Shows the parts that are for this state, and no other.
	function show(state) {
		for (const part of document.querySelectorAll('[data-show]'))
			part.hidden = !part.dataset.show.split(' ').includes(state);
	}

	// --- asking

	async function post(what, body) {
		const answer = await fetch(`${signer}/signing/page/${what}`, {
			method: 'POST', mode: 'cors', credentials: 'omit', referrerPolicy: 'no-referrer',
			headers: {'Content-Type': 'application/json', 'Accept': 'application/json'},
			body: JSON.stringify(body),
		});
		const said = await answer.json().catch(() => ({}));
		if (!answer.ok)
			throw new Refused(answer.status >= 500 ? 'UNAVAILABLE' : said.code || '');
		return said;
	}

	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
	const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
	const hex = (array) => Array.from(array, (b) => b.toString(16).padStart(2, '0')).join('');
	const sha256 = async (array) => new Uint8Array(await crypto.subtle.digest('SHA-256', array));

	function joined(...arrays) {
		const all = new Uint8Array(arrays.reduce((n, a) => n + a.length, 0));
		let at = 0;
		for (const array of arrays) {
			all.set(array, at);
			at += array.length;
		}
		return all;
	}

	// WebAuthn Level 3, 5.1: the JSON form, for browsers that lack toJSON.
	function outward(credential) {
		const response = {clientDataJSON: text(credential.response.clientDataJSON)};
		for (const member of ['attestationObject', 'authenticatorData', 'signature', 'userHandle'])
			if (credential.response[member])
				response[member] = text(credential.response[member]);
		return {
			id: credential.id, rawId: text(credential.rawId), type: credential.type,
			clientExtensionResults: credential.getClientExtensionResults(), response,
		};
	}

	// --- the fingerprint that the registrar compares

	// Where the CBOR item (RFC 8949 3) at this place ends. Credential keys are small maps of numbers and byte strings.
	function itemEnd(data, at) {
		const kind = data[at] >> 5, more = data[at] & 31;
		const width = more < 24 ? 0 : more === 24 ? 1 : more === 25 ? 2 : NaN;
		let n = more, next = at + 1 + width;
		if (width > 0)
			n = data.slice(at + 1, next).reduce((sum, b) => sum * 256 + b, 0);
		if (kind === 2 || kind === 3)
			return next + n;
		for (let i = 0; i < (kind === 4 ? n : kind === 5 ? 2 * n : 0); i++)
			next = itemEnd(data, next);
		return next;
	}

	// The COSE_Key in the authenticator data (WebAuthn 6.1, 6.5.1), as this device gave it.
	function coseKey(data) {
		const begin = 55 + data[53] * 256 + data[54];
		const end = itemEnd(data, begin);
		if (!(data[32] & 0x40) || !(end <= data.length))
			throw new Refused('');
		return data.slice(begin, end);
	}

	// Eighty bits over the passkey's public key and the signing key's, which was told before the passkey was made: as sixteen letters and digits.
	async function fingerprint(key, spki) {
		const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
		const sum = await sha256(joined(new TextEncoder().encode('mohar signing enrolment v1\0'), await sha256(key), spki));
		const bits = Array.from(sum.slice(0, 10), (b) => b.toString(2).padStart(8, '0')).join('');
		return bits.match(/.{5}/g).map((five) => LETTERS[parseInt(five, 2)]).join('').match(/.{4}/g).join('-');
	}

	// --- enrolment

	let code = '';

	async function enrolmentSeen() {
		const seen = await post('enrolment', {code});
		find('name').textContent = seen.name;
		return seen;
	}

	async function registrarAwaited() {
		for (;;) {
			await new Promise((done) => setTimeout(done, 2000));
			const seen = await enrolmentSeen().catch((error) => ({state: error instanceof Refused && error.code === 'NOT_FOUND' ? 'over' : ''}));
			if (seen.state === 'over')
				return tell('over');
			if (seen.state === 'certified') {
				show('certified');
				return document.getElementById('ready').focus();
			}
		}
	}

	async function enrol() {
		const seen = await enrolmentSeen();
		if (seen.state !== 'begun')
			throw new Refused('USED');
		const spki = bytes(seen.spki_sha256);
		const credential = await navigator.credentials.create({
			publicKey: {
				...seen.options, challenge: bytes(seen.options.challenge), user: {...seen.options.user, id: bytes(seen.options.user.id)}, excludeCredentials: [],
			},
		});
		const print = await fingerprint(coseKey(new Uint8Array(credential.response.getAuthenticatorData())), spki);
		await post('credential', {code, credential: outward(credential)});
		find('fingerprint').textContent = print;
		show('answered');
		document.getElementById('compare').focus();
		registrarAwaited();
	}

	async function enrolBegin() {
		const seen = await enrolmentSeen();
		if (seen.state === 'begun')
			return show('begun');
		if (seen.state === 'certified')
			return show('certified');
		throw new Refused('USED');
	}

	// --- signing

	let asked = null, id = '';
	const ALGORITHMS = {'sha-256': 'SHA-256', 'sha-384': 'SHA-384', 'sha-512': 'SHA-512'};

	function documentRow(digest, i) {
		const row = document.getElementById('document').content.cloneNode(true);
		const whole = hex(bytes(digest));
		find('document', row).textContent = asked.names[i] || `${i + 1}`;
		find('algorithm', row).textContent = ALGORITHMS[asked.algorithm] || asked.algorithm;
		find('short', row).textContent = `${whole.slice(0, 8)} … ${whole.slice(-8)}`;
		find('whole', row).textContent = whole.replace(/(.{8})/g, '$1 ').trim();
		return row;
	}

	function requestShown() {
		find('agency').textContent = asked.agency;
		find('description').textContent = asked.description;
		find('until').dateTime = asked.expires;
		find('until').textContent = new Date(asked.expires).toLocaleString(document.documentElement.lang, {dateStyle: 'long', timeStyle: 'short'});
		find('documents').replaceChildren(...asked.digests.map(documentRow));
		show(asked.state);
	}

	// Files are hashed here and go nowhere.
	async function compare(files) {
		const place = document.getElementById('compared');
		const rows = find('documents').children;
		const strangers = [], unread = [];
		for (const file of files) {
			try {
				const sum = text(await crypto.subtle.digest(ALGORITHMS[asked.algorithm], await file.arrayBuffer()));
				const at = asked.digests.indexOf(sum);
				if (at < 0)
					strangers.push(file.name);
				else
					find('same', rows[at]).hidden = false;
			} catch {
				unread.push(file.name);
			}
		}
		const say = (words) => {
			const line = document.createElement('p');
			line.className = strangers.length + unread.length > 0 ? 'message' : 'note';
			line.textContent = words;
			return line;
		};
		place.replaceChildren(...[
			strangers.length > 0 ? say(`${place.dataset.none} ${strangers.join(', ')}`) : null,
			unread.length > 0 ? say(`${place.dataset.unread} ${unread.join(', ')}`) : null,
			strangers.length + unread.length === 0 && files.length > 0 ? say(place.dataset.found) : null,
		].filter(Boolean));
	}

	// Another request under the same address, since this page was shown, is not what was read.
	function sameAsShown(now) {
		return now.algorithm === asked.algorithm && now.description === asked.description && now.agency === asked.agency && now.digests.join() === asked.digests.join();
	}

	// mohar-hsmd's challenge, made again (docs/PROTOCOL.md, Activation) from the digests that stand on this page: what the passkey answers is good for these alone.
	async function challengeShown(given) {
		const digests = asked.digests.map(bytes);
		const generation = new Uint8Array(4), sizes = new Uint8Array(3);
		new DataView(generation.buffer).setUint32(0, given.generation);
		new DataView(sizes.buffer).setUint8(0, digests[0].length);
		new DataView(sizes.buffer).setUint16(1, digests.length);
		return text(await sha256(joined(new TextEncoder().encode('mohar activation v1\0'), bytes(given.instance), bytes(given.nonce), bytes(given.key), generation,
			bytes(given.spki_sha256), sizes, ...digests)));
	}

	function ended(state) {
		show(state);
		document.getElementById('done').focus();
	}

	async function sign() {
		if (!sameAsShown(await post('request', {id, code})))
			throw new Refused('');
		const given = await post('challenge', {id, code});
		const {options, nonce} = given;
		if (await challengeShown(given) !== options.challenge)
			throw new Refused('');
		const credential = await navigator.credentials.get({
			publicKey: {
				...options, challenge: bytes(options.challenge), allowCredentials: options.allowCredentials.map((item) => ({...item, id: bytes(item.id)})),
			},
		});
		try {
			await post('sign', {id, code, nonce, credential: outward(credential)});
		} catch (error) {
			if (error instanceof Refused && (error.code === 'EXPIRED' || error.code === 'USED'))
				return signAgain(error);
			if (error instanceof Refused && error.code === 'REFUSED')
				return tell('foreign');
			throw error;
		}
		ended('signed');
	}

	// Was it the address whose time is over, or only the question to the device?
	async function signAgain(error) {
		asked = await post('request', {id, code});
		if (asked.state === 'pending')
			return tell('again');
		if (asked.state === 'expired')
			return ended('expired');
		throw error;
	}

	async function decline() {
		await post('decline', {id, code});
		ended('declined');
	}

	async function signBegin() {
		asked = await post('request', {id, code});
		requestShown();
	}

	// --- the page

	async function busyWhile(pressed, act) {
		if (form.dataset.busy)
			return;
		form.dataset.busy = 'yes';
		pressed.setAttribute('aria-busy', 'true');
		message.hidden = true;
		try {
			await act();
		} catch (error) {
			tell(reason(error));
		} finally {
			delete form.dataset.busy;
			pressed.removeAttribute('aria-busy');
		}
	}

	// What stands behind '#' may be a place on this page: the link that skips the head leads to one.
	function addressBehind() {
		const behind = location.hash.slice(1);
		return document.getElementById(behind) ? '' : behind;
	}

	function dropping() {
		const drop = document.querySelector('.drop'), input = document.getElementById('files');
		input.addEventListener('change', () => compare(input.files));
		drop.addEventListener('dragover', (event) => {
			event.preventDefault();
			drop.dataset.over = '';
		});
		drop.addEventListener('dragleave', () => delete drop.dataset.over);
		drop.addEventListener('drop', (event) => {
			event.preventDefault();
			delete drop.dataset.over;
			compare(event.dataTransfer.files);
		});
	}

	function start() {
		const behind = addressBehind();
		/* The code leaves the address bar at once; the links to the other language take it along. */
		history.replaceState(null, '', location.pathname);
		for (const link of document.querySelectorAll('.languages a'))
			link.hash = behind;
		if (page === 'sign')
			[id, code = ''] = behind.split('.');
		else
			code = behind;
		if (!code)
			return tell('over');
		if (!window.PublicKeyCredential || !navigator.credentials)
			return tell('unsupported');
		form.addEventListener('submit', (event) => {
			event.preventDefault();
			busyWhile(button, page === 'sign' ? sign : enrol);
		});
		document.getElementById('decline')?.addEventListener('click', (event) => busyWhile(event.currentTarget, decline));
		if (page === 'sign')
			dropping();
		addEventListener('hashchange', () => addressBehind() && location.reload());
		return busyWhile(button, page === 'sign' ? signBegin : enrolBegin);
	}

	if (/^\/(enrol|sign)$/.test(location.pathname) && /^dz\b/.test(navigator.language))
		location.replace(`/dz${location.pathname}${location.hash}`);
	else
		start();
})();
