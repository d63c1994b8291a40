// Passkeys: the only script of these pages. It speaks WebAuthn for the form marked data-passkey: "login", "activate" or "add".
'use strict';

(() => {
	const form = document.querySelector('form[data-passkey]');
	if (!form)
		return;
	const message = document.getElementById('message');
	const button = form.querySelector('button');
	const kind = form.dataset.passkey;
	let waiting = null; // the request that the browser's own suggestions answer; ended before another begins
	let code = '';

	class Refused extends Error {
		constructor(code) {
			super(code);
			this.code = code;
		}
	}

	function tell(which) {
		message.textContent = message.dataset[which];
		message.hidden = false;
		message.focus();
	}

	function reason(error) {
		if (error instanceof TypeError)
			return 'offline';
		if (error instanceof Refused)
			return ['USED', 'EXPIRED', 'NOT_FOUND', 'UNAUTHENTICATED'].includes(error.code) ? 'expired' : error.code === 'UNAVAILABLE' ? 'offline' : 'failed';
		if (error.name === 'InvalidStateError')
			return 'known';
		return error.name === 'NotAllowedError' || error.name === 'AbortError' ? 'cancelled' : 'failed';
	}

	async function post(address, body) {
		const answer = await fetch(address, {
			method: 'POST',
			headers: {'Content-Type': 'application/json', 'Accept': 'application/json'},
			body: JSON.stringify(body),
		});
		const said = await answer.json().catch(() => ({}));
		if (!answer.ok)
			throw new Refused(answer.status >= 500 ? 'UNAVAILABLE' : said.code || (answer.status === 404 ? 'NOT_FOUND' : ''));
		return said;
	}

	function bytes(text) {
		const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
		return Uint8Array.from(plain, c => c.charCodeAt(0)).buffer;
	}

	function text(buffer) {
		return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
	}

	// The JSON forms of WebAuthn Level 3, sections 5.1 and 5.1.8 to 5.1.10, for browsers that lack toJSON and parse...FromJSON.
	function named(list) {
		return (list || []).map(item => ({...item, id: bytes(item.id)}));
	}

	function outward(credential) {
		const response = {clientDataJSON: text(credential.response.clientDataJSON)};
		for (const member of ['attestationObject', 'authenticatorData', 'signature', 'userHandle'])
			if (credential.response[member])
				response[member] = text(credential.response[member]);
		if (credential.response.getTransports)
			response.transports = credential.response.getTransports();
		return {
			id: credential.id, rawId: text(credential.rawId), type: credential.type,
			authenticatorAttachment: credential.authenticatorAttachment || undefined,
			clientExtensionResults: credential.getClientExtensionResults(), response,
		};
	}

	async function ask(mediation) {
		const options = await post(form.dataset.options, {});
		const controller = new AbortController();
		waiting = controller;
		const credential = await navigator.credentials.get({
			mediation, signal: controller.signal,
			publicKey: {...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials)},
		});
		const done = await post(form.dataset.finish, outward(credential));
		location.assign(done.next);
	}

	async function create() {
		const options = await post(form.dataset.options, kind === 'activate' ? {code} : {});
		const credential = await navigator.credentials.create({
			publicKey: {
				...options, challenge: bytes(options.challenge), user: {...options.user, id: bytes(options.user.id)},
				excludeCredentials: named(options.excludeCredentials),
			},
		});
		const body = {name: form.elements.name.value, credential: outward(credential)};
		if (kind === 'activate')
			body.code = code;
		return post(form.dataset.finish, body);
	}

	function finished(done) {
		if (kind === 'add') {
			location.assign(done.next);
			return;
		}
		form.hidden = true;
		const end = document.getElementById('done');
		end.hidden = false;
		end.focus();
	}

	async function submitted(event) {
		event.preventDefault();
		if (button.getAttribute('aria-busy') === 'true')
			return;
		button.setAttribute('aria-busy', 'true');
		message.hidden = true;
		if (waiting)
			waiting.abort();
		try {
			if (kind === 'activate' && !code)
				code = form.elements.code.value.trim();
			if (kind === 'login')
				await ask('optional');
			else
				finished(await create());
		} catch (error) {
			tell(reason(error));
			if (kind === 'activate' && error instanceof Refused)
				askForCode();
		} finally {
			button.removeAttribute('aria-busy');
		}
	}

	// The browser offers passkeys where the field stands; an answer that never comes is no fault.
	async function suggest() {
		if (!PublicKeyCredential.isConditionalMediationAvailable || !await PublicKeyCredential.isConditionalMediationAvailable())
			return;
		try {
			await ask('conditional');
		} catch (error) {
			if (error.name !== 'AbortError' && error.name !== 'NotAllowedError')
				tell(reason(error));
		}
	}

	function askForCode() {
		code = '';
		form.querySelector('[data-code]').hidden = false;
	}

	// What stands behind '#' may be a place on this page: the link that skips the head leads to one.
	function codeBehind() {
		const behind = location.hash.slice(1);
		return document.getElementById(behind) ? '' : behind;
	}

	// The code stands behind '#', so that it reaches no server log; it leaves the address bar at once.
	async function greet() {
		code = codeBehind();
		history.replaceState(null, '', location.pathname + location.search);
		if (!code) {
			askForCode();
			return;
		}
		try {
			const person = await post(form.dataset.peek, {code});
			const greeting = document.getElementById('greeting');
			greeting.querySelector('[data-person]').textContent = person.name;
			greeting.hidden = false;
		} catch (error) {
			tell(reason(error));
			askForCode();
		}
	}

	if (!window.PublicKeyCredential || !navigator.credentials) {
		tell('unsupported');
		return;
	}
	form.hidden = false;
	form.addEventListener('submit', submitted);
	if (kind === 'login')
		suggest();
	if (kind === 'activate') {
		greet();
		addEventListener('hashchange', () => codeBehind() && location.reload());
	}
})();
