// What the benchmark starts, and how it measures: every process is a child of ours and ends by its own pid, every load is bounded in time or count.
import { execFile, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const children = new Set();

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Until something accepts at `where` ({port} or {path}); the milliseconds since `from`.
export async function listening(where, from = performance.now(), patience = 5000) {
	while (!await new Promise((done) => {
		const socket = connect(where.path ? where : { host: '127.0.0.1', ...where }, () => { socket.destroy(); done(true); });
		socket.on('error', () => done(false));
	})) {
		if (performance.now() - from > patience) throw new Error(`nothing listens at ${where.path ?? where.port}`);
		await pause(1);
	}
	return performance.now() - from;
}

export function start(command, args, options = {}) {
	const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], ...options });
	child.said = '';
	child.stderr?.on('data', (text) => { child.said = (child.said + text).slice(-2000); });
	return keep(child);
}

export function keep(child) {
	children.add(child);
	child.ended = new Promise((done) => child.on('exit', () => { children.delete(child); done(); }));
	return child;
}

export async function stop(child, signal = 'SIGTERM') {
	child.kill(signal);
	const hard = setTimeout(() => child.kill('SIGKILL'), 3000);
	await child.ended;
	clearTimeout(hard);
}

export const stopAll = () => Promise.all([...children].map((child) => stop(child, 'SIGKILL')));

// wrk's requests a second; an answer other than 200 is no answer.
export async function wrk(url, { seconds = 1, connections = 32 } = {}) {
	const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url]);
	if (/Non-2xx/.test(stdout)) throw new Error(`${url}: not every answer was 200\n${stdout}`);
	return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]);
}

// One GET on a connection of its own: was it answered 200?
export const get = (port, path) => new Promise((done) => {
	let good = false;
	const socket = connect({ host: '127.0.0.1', port }, () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
	socket.once('data', (answer) => { good = /^HTTP\/1\.[01] 200 /.test(answer.toString('latin1', 0, 16)); });
	socket.setTimeout(1000, () => socket.destroy());
	socket.on('error', () => {});
	socket.on('close', () => done(good));
});

// As wrk, for `openssl ocsp`, which wrk silences for ever by a connection that asks nothing: answers a second.
export async function gets(port, path, { seconds = 1, connections = 2 } = {}) {
	const until = performance.now() + seconds * 1000;
	let count = 0;
	await Promise.all(Array.from({ length: connections }, async () => { while (performance.now() < until) count += await get(port, path); }));
	return count / seconds;
}

export const output = async (command, args, options = {}) => (await run(command, args, { maxBuffer: 1 << 24, encoding: 'buffer', ...options })).stdout;

export const median = (numbers) => {
	const sorted = [...numbers].sort((a, b) => a - b), half = sorted.length >> 1;
	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

// Turn by turn, the first turn of each not counted, so that what else the machine does disturbs all alike. `measures` is {name: async () => number}.
export async function turns(rounds, measures) {
	const got = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
	for (let round = -1; round < rounds; round++)
		for (const [name, measure] of Object.entries(measures)) {
			const value = await measure(round);
			if (round >= 0) got[name].push(value);
		}
	return got;
}

// Ours beside another's, by the turn.
export const ratio = (ours, others) => median(ours.map((value, i) => value / others[i]));
