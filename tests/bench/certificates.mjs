// The certificate authority: issuances a second, what a question, an issuance and a revocation cost with few certificates and with many, a night's suspensions, a set of lists, and live OCSP (nonce,
// key in the HSM) beside `openssl ocsp`.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openssl, opensslAuthority } from './answers.mjs';
import { keep, median, output, ratio, turns } from './load.mjs';

const ROUNDS = 5;

// wrk's requests a second with this body; each is answered by a signature of its own, since it has a nonce.
async function posted(bench, url, file) {
	const script = bench.work + '/post.lua';
	writeFileSync(script, `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/ocsp-request"\nlocal f = io.open("${file}", "rb")\nwrk.body = f:read("*a")\nf:close()\n`);
	const said = (await output('wrk', ['-t1', '-c32', '-d1s', '-s', script, url])).toString();
	if (/Non-2xx/.test(said)) throw new Error(`${url}: not every answer was 200\n${said}`);
	return Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]);
}

async function live(bench, url, file) {
	const request = await opensslAuthority(bench, []);
	const got = await turns(ROUNDS, { ours: () => posted(bench, url, file), openssl: () => openssl(bench, request) });
	return { what: 'OCSP live, nonce, key in the HSM', ours: median(got.ours), beside: 'openssl ocsp', theirs: median(got.openssl), ratio: ratio(got.ours, got.openssl), goal: 3 };
}

function costs(small, large) {
	return ['OCSP look-up and signature', 'issuance', 'revocation'].map((what, i) => {
		const times = median(large.map((row, n) => row[i] / small[n][i]));
		return { what: `${what}, many certificates`, value: `${median(large.map((row) => row[i]))} us`, note: `with 10,000: ${median(small.map((row) => row[i]))} us; ${times.toFixed(2)} times`, good: times <= 1.25, goal: '<= 1.25' };
	});
}

export async function certificates(bench) {
	const child = keep(spawn('bash', ['tests/bench/certificates'], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, MOHAR_BUILD: bench.build } }));
	const rates = [], cost = { small: [], large: [] }, rows = [];
	let answered;
	for await (const line of createInterface({ input: child.stdout })) {
		const [what, ...words] = line.split(' '), numbers = words.map(Number);
		if (what === 'issue') rates.push(numbers[0]);
		if (what === 'cost') cost[words[0]].push(numbers.slice(1));
		if (what === 'suspend') rows.push({ what: `suspending ${numbers[0]}`, value: `${numbers[1]} s`, note: '760,000 in five minutes', good: numbers[0] / numbers[1] >= 760000 / 300, goal: '>= 2534/s' });
		if (what === 'lists') rows.push({ what: `${numbers[0]} lists, ${numbers[1]} entries`, value: `${numbers[2]} s`, note: 'a million in a minute', good: numbers[1] / numbers[2] >= 1000000 / 60, goal: '>= 16667/s' });
		if (what === 'live') {
			answered = await live(bench, ...words);
			child.stdin.end('\n');
		}
	}
	await child.ended;
	if (!answered) throw new Error('tests/bench/certificates ended early');
	const rate = median(rates);
	rows.unshift({ what: 'certificates issued', value: `${Math.round(rate)}/s`, note: 'lint, P-256 in SoftHSM, commit, event', good: rate >= 1000, goal: '>= 1000/s' }, ...costs(cost.small, cost.large));
	return [...rows, answered];
}
