// The benchmarks of `make bench`, in one run and one table: each of ours beside its peer, turn by turn, medians. Ends with status 1 if a goal is missed.
//
//   bench.mjs [exchange|ocsp|certificates|published|assertion|signing|activate|daemons]...
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { activate } from './activate.mjs';
import { ocsp, published } from './answers.mjs';
import { certificates } from './certificates.mjs';
import { daemons } from './daemons.mjs';
import { exchange } from './exchange.mjs';
import { output, stopAll } from './load.mjs';
import { signing } from './signing.mjs';

async function assertion(bench) {
	const [, ours, theirs, ratio] = (await output(bench.build + '/tests/bench/assertion', [])).toString().trim().split(/\s+/).map(Number);
	return [{ what: 'passkey assertion, whole check', ours, beside: 'raw OpenSSL verify', theirs, ratio, goal: 0.8 }];
}

const parts = { exchange, ocsp, certificates, published, assertion, signing, activate, daemons };
const names = process.argv.slice(2);
const env = process.env;
const base = Number(env.MOHAR_DEMO_PORT_BASE);
const bench = {
	env,
	build: env.MOHAR_BUILD,
	work: env.MOHAR_DEMO_DIR + '/bench',
	certificate: env.MOHAR_DEMO_DIR + '/idp/tls.pem',
	key: env.MOHAR_DEMO_DIR + '/idp/tls.key',
	ports: { cad: base + 11, idpd: base + 12, signerd: base + 13, bare: base + 20, peer: base + 21, openssl: base + 22, durable: base + 23 },
	threads: { cad: 2, idpd: 32 },
};

const perSecond = (n) => `${n >= 100 ? Math.round(n) : n.toFixed(1)}/s`;

function cells(row) {
	const good = row.good ?? (row.goal === undefined || row.ratio >= row.goal);
	const goal = row.goal === undefined ? '' : typeof row.goal === 'number' ? `>= ${row.goal}` : row.goal;
	const verdict = goal === '' ? '' : good ? 'reached' : 'MISSED';
	if (row.value !== undefined) return [row.what, row.value, row.note, '', '', goal, verdict];
	return [row.what, perSecond(row.ours), row.beside, perSecond(row.theirs), row.ratio.toFixed(2), goal, verdict];
}

function print(rows) {
	const lines = [['', 'ours', 'beside', '', 'ratio', 'goal', ''], ...rows.map(cells)];
	const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
	const right = [false, true, false, true, true, false, false];
	console.log(`\n${cpus().length} x ${cpus()[0].model}, medians of rounds taken in turn; load, peers and daemons share this machine\n`);
	for (const line of lines) console.log(line.map((cell, i) => right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join('  ').trimEnd());
	return lines.every((line) => line[6] !== 'MISSED');
}

async function main() {
	const unknown = names.find((name) => !(name in parts));
	if (unknown) throw new Error(`no benchmark '${unknown}'; there are ${Object.keys(parts).join(', ')}`);
	mkdirSync(bench.work, { recursive: true });
	const rows = [];
	for (const [name, part] of Object.entries(parts))
		if (names.length === 0 || names.includes(name)) {
			console.error(`bench: ${name}`);
			rows.push(...await part(bench));
		}
	process.exitCode = print(rows) ? 0 : 1;
}

try {
	await main();
} catch (error) {
	console.error(`bench: ${error.stack}`);
	process.exitCode = 2;
} finally {
	await stopAll();
	rmSync(bench.work, { recursive: true, force: true });
}
