// ACME clients that nobody here wrote: lego, certbot, dehydrated and uacme each complete an order, renew and revoke, by http-01, tls-alpn-01 and dns-01; curl and Chromium accept what they got.
// timeout: 240
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { absent, below, bound, directory, dnsServer, folder, installed, ports, run, webServer } from './house.mjs';

const env = process.env;
const needs = (program) => ({ skip: absent || (installed(program) ? false : `needs ${program}`) });
const home = (name) => {
	const path = join(folder, name);
	mkdirSync(path, { recursive: true });
	return path;
};

// One name, one issuer, our root above it; and what OCSP says of it.
function judged(certificate, ...names) {
	const root = env.MOHAR_ROOT_CA;
	const text = execFileSync('openssl', ['x509', '-in', certificate, '-noout', '-text'], { encoding: 'utf8' });
	for (const name of names) assert.match(text, new RegExp(`(DNS|IP Address):${name.replaceAll('.', '\\.')}`));
	execFileSync('openssl', ['verify', '-purpose', 'sslserver', '-CAfile', root, '-untrusted', certificate, certificate]);
	return execFileSync('openssl', ['x509', '-in', certificate, '-noout', '-serial'], { encoding: 'utf8' }).trim().split('=')[1];
}
function ocsp(certificate) {
	const chain = readFileSync(certificate, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/);
	const issuer = join(folder, 'issuer.pem');
	writeFileSync(issuer, chain[1]);
	return execFileSync('openssl', ['ocsp', '-issuer', issuer, '-cert', certificate, '-url', `${env.MOHAR_PKI_URL}/ocsp`, '-CAfile', env.MOHAR_ROOT_CA, '-no_nonce'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
async function revoked(certificate) {
	for (let i = 0; i < 50 && !ocsp(certificate).includes('revoked'); i++) await new Promise((resolve) => setTimeout(resolve, 100));
	assert.match(ocsp(certificate), /: revoked/);
}
function done({ code, said }) {
	assert.equal(code, 0, said);
	return said;
}

describe('lego', needs('lego'), () => {
	let key, path;
	const words = (more, name) => ['--server', directory, '--accept-tos', '--email', 'admin@land.test', '--path', path, '--eab', '--kid', key.kid, '--hmac', key.hmac, '--domains', name, ...more];
	const lego = async (more, name, end, extra = {}) => done(await run('lego', [...words(more, name), ...end], { env: { LEGO_CA_CERTIFICATES: env.MOHAR_TLS_CA, ...extra } }));
	const http = ['--http', '--http.port', `127.0.0.1:${ports.http}`];

	before(() => {
		key = bound('land.test');
		path = home('lego');
	});

	test('orders by http-01, renews with another key, revokes', async () => {
		const certificate = join(path, 'certificates/www.land.test.crt');
		await lego(http, 'www.land.test', ['run']);
		const first = judged(certificate, 'www.land.test');
		assert.match(ocsp(certificate), /: good/);
		await lego(http, 'www.land.test', ['renew', '--days', '3650', '--no-random-sleep']);
		assert.notEqual(judged(certificate, 'www.land.test'), first);
		await lego([], 'www.land.test', ['revoke', '--keep']);
		await revoked(certificate);
	});

	test('orders by tls-alpn-01', async () => {
		await lego(['--tls', '--tls.port', `127.0.0.1:${ports.tls}`], 'alpn.land.test', ['run']);
		judged(join(path, 'certificates/alpn.land.test.crt'), 'alpn.land.test');
	});

	test('orders by dns-01', async () => {
		const texts = home('lego-texts');
		const hook = join(folder, 'lego-hook');
		writeFileSync(hook, `#!/bin/sh\nname=\${2%.}\ncase $1 in present) echo "$3" >>"${texts}/$name" ;; *) rm -f "${texts}/$name" ;; esac\n`, { mode: 0o755 });
		const dns = await dnsServer({}, texts);
		try {
			await lego(['--dns', 'exec', '--dns.disable-cp', '--dns.resolvers', `127.0.0.1:${ports.dns}`], 'dns.land.test', ['run'], { EXEC_PATH: hook, EXEC_PROPAGATION_TIMEOUT: '5', EXEC_POLLING_INTERVAL: '1' });
		} finally {
			await dns.close();
		}
		judged(join(path, 'certificates/dns.land.test.crt'), 'dns.land.test');
	});

	test('is refused a name that its agency does not have', async () => {
		const { code, said } = await run('lego', [...words(http, 'www.tax.test'), 'run'], { env: { LEGO_CA_CERTIFICATES: env.MOHAR_TLS_CA } });
		assert.notEqual(code, 0);
		assert.match(said, /rejectedIdentifier/);
	});

	test("curl and Chromium accept the certificate of a server on this machine's name", async (t) => {
		const local = home('lego-local');
		const mine = bound('localhost');
		done(await run('lego', ['--server', directory, '--accept-tos', '--email', 'admin@land.test', '--path', local, '--eab', '--kid', mine.kid, '--hmac', mine.hmac, '--domains', 'localhost', ...http, 'run'], { env: { LEGO_CA_CERTIFICATES: env.MOHAR_TLS_CA } }));
		const server = createServer({ cert: readFileSync(join(local, 'certificates/localhost.crt')), key: readFileSync(join(local, 'certificates/localhost.key')) }, (request, response) => response.end('<p>served</p>'));
		await new Promise((resolve) => server.listen(0, 'localhost', resolve));
		const url = `https://localhost:${server.address().port}/`;
		try {
			assert.match(done(await run('curl', ['-sS', '--cacert', env.MOHAR_ROOT_CA, url])), /served/);
			if (!existsSync('/usr/bin/chromium')) {
				t.diagnostic('no Chromium here: curl alone has judged');
				return;
			}
			const user = home('chromium');
			mkdirSync(join(user, '.pki/nssdb'), { recursive: true });
			execFileSync('certutil', ['-d', `sql:${user}/.pki/nssdb`, '-N', '--empty-password']);
			execFileSync('certutil', ['-d', `sql:${user}/.pki/nssdb`, '-A', '-t', 'C,,', '-n', 'root', '-i', env.MOHAR_ROOT_CA]);
			const words = ['--headless', '--disable-gpu', '--disable-dev-shm-usage', ...(process.getuid() === 0 ? ['--no-sandbox'] : []), `--user-data-dir=${user}/profile`, '--dump-dom', url];
			const page = await run('/usr/bin/chromium', words, { env: { HOME: user, XDG_CONFIG_HOME: user } });
			assert.match(page.said, /<p>served<\/p>/);
		} finally {
			server.closeAllConnections();
			server.close();
		}
	});
});

describe('certbot', needs('certbot'), () => {
	let path;
	const certbot = async (...words) => done(await run('certbot', [...words, '-n', '--server', directory, '--config-dir', path, '--work-dir', `${path}/work`, '--logs-dir', `${path}/logs`], { env: { REQUESTS_CA_BUNDLE: env.MOHAR_TLS_CA } }));

	test('orders two names by http-01, renews, revokes by the certificate\'s own key', async () => {
		const key = bound('land.test');
		path = home('certbot');
		const live = join(path, 'live/a.land.test');
		await certbot('certonly', '--agree-tos', '-m', 'admin@land.test', '--eab-kid', key.kid, '--eab-hmac-key', key.hmac, '--standalone', '--http-01-address', '127.0.0.1', '--http-01-port', String(ports.http), '-d', 'a.land.test', '-d', 'b.land.test');
		const first = judged(join(live, 'fullchain.pem'), 'a.land.test', 'b.land.test');
		await certbot('renew', '--force-renewal', '--no-random-sleep-on-renew');
		assert.notEqual(judged(join(live, 'fullchain.pem'), 'a.land.test', 'b.land.test'), first);
		const kept = join(folder, 'certbot-kept.pem');
		writeFileSync(kept, readFileSync(join(live, 'fullchain.pem')));
		await certbot('revoke', '--cert-path', join(live, 'cert.pem'), '--key-path', join(live, 'privkey.pem'), '--reason', 'superseded', '--no-delete-after-revoke');
		await revoked(kept);
	});
});

describe('dehydrated', needs('dehydrated'), () => {
	test('orders by http-01 from a web folder, renews, revokes', async () => {
		const path = home('dehydrated'), web = home('dehydrated/web');
		const key = bound('land.test');
		writeFileSync(join(path, 'config'), `CA=${directory}\nBASEDIR=${path}\nWELLKNOWN=${web}\nCONTACT_EMAIL=admin@land.test\nEAB_KID=${key.kid}\nEAB_HMAC_KEY=${key.hmac}\nCURL_OPTS="--cacert ${env.MOHAR_TLS_CA}"\nKEY_ALGO=prime256v1\nOCSP_MUST_STAPLE=no\n`);
		writeFileSync(join(path, 'domains.txt'), 'dry.land.test\n');
		const server = await webServer(web);
		const dehydrated = async (...words) => done(await run('dehydrated', ['--config', join(path, 'config'), ...words]));
		const certificate = join(path, 'certs/dry.land.test/fullchain.pem');
		try {
			await dehydrated('--register', '--accept-terms');
			await dehydrated('--cron');
			const first = judged(certificate, 'dry.land.test');
			await dehydrated('--cron', '--force');
			assert.notEqual(judged(certificate, 'dry.land.test'), first);
			const kept = join(folder, 'dehydrated-kept.pem');
			writeFileSync(kept, readFileSync(certificate));
			await dehydrated('--revoke', join(path, 'certs/dry.land.test/cert.pem'));
			await revoked(kept);
		} finally {
			await server.close();
		}
	});
});

// uacme believes the system's anchors only: in a namespace of its own, ours stands in their place.
const anchors = '/etc/ssl/certs/ca-certificates.crt';
const own = (words) => ['-rm', 'sh', '-c', `mount --bind "$MOHAR_TLS_CA" ${anchors} && exec "$@"`, 'sh', ...words];
async function namespace() {
	if (absent || !installed('uacme') || !existsSync(anchors)) return absent || `needs uacme and ${anchors}`;
	return (await run('unshare', own(['true']))).code === 0 ? false : 'no namespaces here in which uacme could trust our root';
}

describe('uacme', { skip: await namespace() }, () => {
	test('orders by dns-01 with its hook, renews, revokes', async () => {
		const path = home('uacme'), texts = home('uacme-texts');
		const key = bound('land.test');
		const hook = join(folder, 'uacme-hook');
		writeFileSync(hook, `#!/bin/sh\n[ "$2" = dns-01 ] || exit 1\ncase $1 in begin) echo "$5" >"${texts}/_acme-challenge.$3" ;; *) rm -f "${texts}/_acme-challenge.$3" ;; esac\n`, { mode: 0o755 });
		const dns = await dnsServer({}, texts);
		const uacme = async (...words) => done(await run('unshare', own(['uacme', '-v', '-a', directory, '-c', path, '-y', ...words])));
		const certificate = join(path, 'dns.land.test/cert.pem');
		try {
			await uacme('-e', `${key.kid}:${key.hmac}`, 'new', 'admin@land.test');
			await uacme('-h', hook, '-t', 'EC', 'issue', 'dns.land.test');
			const first = judged(certificate, 'dns.land.test');
			await uacme('-h', hook, '-t', 'EC', '-f', 'issue', 'dns.land.test');
			assert.notEqual(judged(certificate, 'dns.land.test'), first);
			await uacme('revoke', certificate);
			const kept = below(path).find((name) => /revoked-/.test(name)) ?? certificate;
			await revoked(kept);
		} finally {
			await dns.close();
		}
	});
});
