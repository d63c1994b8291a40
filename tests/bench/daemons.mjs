// How much memory each daemon takes while nothing is asked of it, and how long it needs from its start until it is ready. Each is ended and started
// again with the words, and as the user, that the demo started it with.
import { readFileSync, readlinkSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { median, pause } from './load.mjs';

const ROUNDS = 5, SETTLE_MS = 1000, LIMIT_MB = 25, LIMIT_MS = 150;

// A frame: length 6, version 1, op STATUS, id 1; and the reply's field code: tag 5, one byte, 0.
const STATUS = Buffer.from([0, 0, 0, 6, 1, 1, 0, 0, 0, 1]), ANSWERED = Buffer.from([5, 0, 0, 0, 1, 0]);

const pidOf = (bench, name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(bench.env.MOHAR_PIDS, 'utf8'))?.[1]);
const lives = (pid) => { try { process.kill(pid, 0); return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1][0] !== 'Z'; } catch { return false; } };
const parentOf = (pid) => { try { return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]); } catch { return 0; } };
const children = (pid) => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid).map(Number);

// Resident memory in MB: the process and, of mohar-hsmd, its worker.
const resident = (pid) => [pid, ...children(pid)].reduce((sum, each) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, 'utf8'))[1]) / 1024, 0);

async function end(pid) {
	process.kill(pid, 'SIGTERM');
	for (let waited = 0; lives(pid); waited += 5) {
		if (waited > 8000) throw new Error(`process ${pid} does not end`);
		await pause(5);
	}
}

const ready = (port) => new Promise((done) => {
	const socket = connect({ host: '127.0.0.1', port }, () => socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
	socket.on('data', (answer) => { socket.destroy(); done(answer.toString().startsWith('HTTP/1.1 200')); });
	socket.on('error', () => done(false));
	socket.on('end', () => done(false));
});

// STATUS in the words of docs/PROTOCOL.md: an answer with code 0 means that the worker has its token open.
const status = (path) => new Promise((done) => {
	const socket = connect({ path }, () => socket.write(STATUS));
	socket.setTimeout(2000, () => { socket.destroy(); done(false); });
	socket.on('data', (answer) => { socket.destroy(); done(answer.includes(ANSWERED)); });
	socket.on('error', () => done(false));
	socket.on('end', () => done(false));
});

async function readyAt(daemon, from) {
	while (!await (daemon.socket ? status(daemon.socket) : ready(daemon.port))) {
		if (performance.now() - from > 10000) throw new Error(`${daemon.name} is not ready`);
		await pause(1);
	}
	return performance.now() - from;
}

async function restart(bench, daemon) {
	const pid = pidOf(bench, daemon.name), words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1), { uid, gid } = statSync(`/proc/${pid}`);
	const program = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
	await end(pid);
	if (daemon.socket) try { unlinkSync(daemon.socket); } catch { /* it removed it itself */ }
	const from = performance.now();
	const child = spawn(program, words.slice(1), { uid, gid, detached: true, stdio: 'ignore', env: { PATH: process.env.PATH, HOME: bench.env.MOHAR_DEMO_DIR + '/work' } });
	child.unref();
	const text = readFileSync(bench.env.MOHAR_PIDS, 'utf8').replace(new RegExp(`^${daemon.name} \\d+$`, 'm'), `${daemon.name} ${child.pid}`);
	writeFileSync(bench.env.MOHAR_PIDS, text);
	const took = await readyAt(daemon, from);
	await pause(SETTLE_MS);
	return { took, mb: resident(child.pid) };
}

export async function daemons(bench) {
	const list = [
		{ name: 'mohar-hsmd', socket: bench.env.MOHAR_HSM_SOCKET },
		{ name: 'mohar-cad', port: bench.ports.cad },
		{ name: 'mohar-idpd', port: bench.ports.idpd },
		{ name: 'mohar-signerd', port: bench.ports.signerd },
	];
	const rows = [];
	for (const daemon of list) {
		const worked = resident(pidOf(bench, daemon.name)), got = [];
		for (let i = 0; i < ROUNDS; i++) got.push(await restart(bench, daemon));
		const mb = median(got.map((one) => one.mb)), ms = median(got.map((one) => one.took));
		rows.push({ what: `${daemon.name}, idle`, value: `${mb.toFixed(1)} MB`, note: `after the loads ${worked.toFixed(1)} MB`, good: mb < LIMIT_MB, goal: `< ${LIMIT_MB} MB` });
		rows.push({ what: `${daemon.name}, start to ready`, value: `${ms.toFixed(0)} ms`, note: '', good: ms < LIMIT_MS, goal: `< ${LIMIT_MS} ms` });
	}
	return rows;
}
