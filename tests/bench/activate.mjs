// Remote signatures: ACTIVATE by keys of citizens that are unwrapped already and by such that are not, beside SIGN by a key of the token, all through one mohar-hsmd of
// its own with citizens and passkeys of its own (activate.c), turn by turn.
import { median, output, ratio } from './load.mjs';

const ROUNDS = 5, THREADS = 4;

export async function activate(bench) {
	const text = (await output(bench.build + '/tests/bench/activate', [String(ROUNDS), String(THREADS)], { env: { ...process.env, MOHAR_BUILD: bench.build } })).toString();
	const seen = Object.fromEntries(text.trim().split('\n').map((line) => line.split(' ')).map(([name, ...rates]) => [name, rates.map(Number)]));
	const row = (what, name, plain, goal) => ({ what, ours: median(seen[name]), beside: 'SIGN by a token key', theirs: median(seen[plain]), ratio: ratio(seen[name], seen[plain]), ...goal });
	const cold = median(seen.cold);
	return [
		row('remote signature, key unwrapped', 'hot', 'plain', { goal: 0.7 }),
		row('  the same, with its CHALLENGE', 'whole', 'plain', {}),
		row('  20 documents at once, each', 'many', 'plain', { goal: 0.7 }),
		{ what: 'remote signature, key wrapped', value: `${cold.toFixed(0)}/s`, note: 'unwrapped, then dropped', goal: '>= 800/s', good: cold >= 800 },
	];
}
