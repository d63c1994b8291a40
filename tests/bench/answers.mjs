// What is answered from memory: OCSP, JWKS and discovery, beside a libmicrohttpd that hands out an answer of the same size and does nothing else, with the
// same transport, threads and limits; OCSP also beside `openssl ocsp`.
import { readFileSync, writeFileSync } from 'node:fs';
import { get, gets, listening, median, output, pause, ratio, start, stop, turns, wrk } from './load.mjs';

const ROUNDS = 9;

// `tls`: the certificate and key that ours uses.
async function bare(bench, port, threads, file, type, tls) {
	const child = start(bench.build + '/tests/bench/bare', [port, threads, file, type, ...(tls ? [bench.certificate, bench.key] : [])]);
	await listening({ port });
	return child;
}

const row = (what, got, name, beside, goal) => ({ what, ours: median(got.ours), beside, theirs: median(got[name]), ratio: ratio(got.ours, got[name]), goal });

async function fetched(bench, url, file, ...more) {
	writeFileSync(file, await output('curl', ['-sSf', '--cacert', bench.env.MOHAR_TLS_CA, ...more, url]));
	return file;
}

// The bytes that a bare answer carries: as many as ours has, its headers counted; the bare one has three short ones.
async function asLarge(bench, url, type) {
	const whole = readFileSync(await fetched(bench, url, bench.work + '/whole', '-i'));
	const own = `HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n`.length;
	writeFileSync(bench.work + '/document', whole.subarray(0, whole.length - own));
	return bench.work + '/document';
}

export async function published(bench) {
	const rows = [];
	for (const [what, path, type] of [['JWKS', '/jwks', 'application/jwk-set+json'], ['discovery', '/.well-known/openid-configuration', 'application/json']]) {
		const url = bench.env.MOHAR_ISSUER + path;
		const other = await bare(bench, bench.ports.bare, bench.threads.idpd, await asLarge(bench, url, type), type, true);
		const got = await turns(ROUNDS, { ours: () => wrk(url), bare: () => wrk(`https://localhost:${bench.ports.bare}${path}`) });
		await stop(other);
		rows.push(row(`${what} over TLS`, got, 'bare', 'bare libmicrohttpd', 0.8));
	}
	return rows;
}

// A little authority of the bench's own for `openssl ocsp`: one certificate, good.
export async function opensslAuthority(bench, more = ['-no_nonce']) {
	const at = (name) => `${bench.work}/${name}`;
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
	await output('openssl', ['req', '-x509', ...key, '-subj', '/CN=bench', '-days', '2', '-keyout', at('o.key'), '-out', at('o.pem')]);
	writeFileSync(at('o.index'), 'V\t491231235959Z\t\t0A1B2C3D4E5F60718293A4B5C6D7E8F9\tunknown\t/CN=Test\n');
	await output('openssl', ['ocsp', '-issuer', at('o.pem'), '-serial', '0x0A1B2C3D4E5F60718293A4B5C6D7E8F9', ...more, '-reqout', at('o.req')]);
	return encodeURIComponent(readFileSync(at('o.req')).toString('base64'));
}

// Its responder often hangs under load after a while: a fresh one each time.
export async function openssl(bench, request) {
	const at = (name) => `${bench.work}/${name}`, port = bench.ports.openssl;
	const child = start('openssl', ['ocsp', '-index', at('o.index'), '-port', port, '-rsigner', at('o.pem'), '-rkey', at('o.key'), '-CA', at('o.pem'), '-ndays', '1'],
		{ stdio: ['ignore', 'ignore', 'ignore'] });
	for (let tries = 0; !await get(port, '/' + request); tries++) {
		if (tries > 200) throw new Error('openssl ocsp does not answer');
		await pause(10);
	}
	const rate = await gets(port, '/' + request);
	await stop(child, 'SIGKILL');
	return rate;
}

export async function ocsp(bench) {
	const request = bench.work + '/ocsp.request', answer = bench.work + '/ocsp.answer';
	const issuer = bench.env.MOHAR_DEMO_DIR + '/tls/service-ca.pem', ca = bench.env.MOHAR_TLS_CA;
	await output('openssl', ['ocsp', '-issuer', issuer, '-cert', bench.certificate, '-no_nonce', '-reqout', request]);
	const url = `${bench.env.MOHAR_PKI_URL}/ocsp/${encodeURIComponent(readFileSync(request).toString('base64'))}`;
	await fetched(bench, url, answer);
	const said = await output('openssl', ['ocsp', '-respin', answer, '-issuer', issuer, '-cert', bench.certificate, '-CAfile', ca, '-no_nonce']);
	if (!/: good/.test(said)) throw new Error(`openssl does not call our answer good: ${said}`);
	const theirRequest = await opensslAuthority(bench);
	const type = 'application/ocsp-response', other = await bare(bench, bench.ports.bare, bench.threads.cad, await asLarge(bench, url, type), type, false);
	const got = await turns(ROUNDS, { ours: () => wrk(url), bare: () => wrk(`http://localhost:${bench.ports.bare}/`), openssl: () => openssl(bench, theirRequest) });
	await stop(other);
	return [row('OCSP GET', got, 'bare', 'bare libmicrohttpd', 0.75), row('OCSP GET', got, 'openssl', 'openssl ocsp')];
}
