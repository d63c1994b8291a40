// Signatures through mohar-hsmd and the provider beside bare C_Sign calls on the same token, with the self-check of every signature and without it (a program that
// only the benchmark builds); and beside a floor, which is what no daemon of this shape can go below: bare C_Sign calls in another process, the same check, a line
// written and an answer over a socket, and nothing else. A token, a keys.json and a mohar-hsmd of their own: all callers are this user.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { listening, median, output, start, stop } from './load.mjs';

const ROUNDS = 5, MS = 600, CLIENTS = [1, 2, 4, 8], LABEL = 'idp-token';
const modules = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so', '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so'];

function prepare(bench) {
	const dir = bench.work + '/signing', module = modules.find(existsSync), user = String(userInfo().uid);
	mkdirSync(dir + '/tokens', { recursive: true });
	writeFileSync(dir + '/softhsm.conf', `directories.tokendir = ${dir}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`);
	writeFileSync(dir + '/pin', '12345678', { mode: 0o600 });
	execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'bench', '--pin', '12345678', '--so-pin', '87654321'], { env: { ...process.env, SOFTHSM2_CONF: dir + '/softhsm.conf' }, stdio: 'ignore' });
	const keys = JSON.parse(readFileSync('policies/keys.json', 'utf8'));
	for (const caller of keys.callers) caller.users = [user];
	writeFileSync(dir + '/keys.json', JSON.stringify(keys));
	writeFileSync(dir + '/hsmd.conf', `socket = ${dir}/hsm.sock\nmodule = ${module}\nmodule_config = ${dir}/softhsm.conf\nmodule_folder = ${dir}/tokens\ntoken = bench\nserves = main\npin_file = ${dir}/pin\nkeys = ${dir}/keys.json\njournal = ${dir}/journal\n`);
	return { dir, module, tool: bench.build + '/tests/bench/signing', env: { ...process.env, SOFTHSM2_CONF: dir + '/softhsm.conf' } };
}

const numbers = async (rig, args) => (await output(rig.tool, args.map(String), { env: rig.env })).toString().trim().split(/\s+/).map(Number);
const raw = (rig, threads) => numbers(rig, ['raw', rig.module, 'bench', rig.dir + '/pin', LABEL, threads, MS]);

const floor = (rig, threads, check) => numbers(rig, ['floor', rig.module, 'bench', rig.dir + '/pin', LABEL, threads, MS, check]);

async function through(rig, program, threads) {
	const daemon = start(program, ['--config', rig.dir + '/hsmd.conf'], { env: rig.env });
	await listening({ path: rig.dir + '/hsm.sock' });
	const result = await numbers(rig, ['provider', rig.dir + '/hsm.sock', LABEL, threads, MS]);
	await stop(daemon);
	return result;
}

export async function signing(bench) {
	const rig = prepare(bench), checked = bench.build + '/bin/mohar-hsmd', unchecked = bench.build + '/tests/bench/mohar-hsmd-unchecked', rows = [];
	execFileSync(checked, ['genesis', '--config', rig.dir + '/hsmd.conf'], { env: rig.env, stdio: 'ignore' });
	const daemon = start(checked, ['--config', rig.dir + '/hsmd.conf'], { env: rig.env });
	await listening({ path: rig.dir + '/hsm.sock' });
	await output(rig.tool, ['make', rig.dir + '/hsm.sock', LABEL], { env: rig.env });
	await stop(daemon);
	for (const threads of CLIENTS) {
		const seen = { raw: [], checked: [], unchecked: [], floor: [], unfloored: [] };
		for (let i = 0; i < ROUNDS; i++) {
			seen.raw.push(await raw(rig, threads));
			seen.checked.push(await through(rig, checked, threads));
			seen.floor.push(await floor(rig, threads, 1));
			seen.unchecked.push(await through(rig, unchecked, threads));
			seen.unfloored.push(await floor(rig, threads, 0));
		}
		const rate = (name) => median(seen[name].map(([each]) => each));
		const ratio = (name, beside = 'raw') => median(seen[name].map(([each], i) => each / seen[beside][i][0]));
		const below = (name, under) => rows.push({ what: '  beside the floor', ours: rate(name), beside: 'C_Sign, check, socket', theirs: rate(under), ratio: ratio(name, under) },
			{ what: '  the floor itself', ours: rate(under), beside: 'bare C_Sign', theirs: rate('raw'), ratio: ratio(under) });
		rows.push({ what: `P-256 signature, ${threads} client${threads > 1 ? 's' : ''}`, ours: rate('checked'), beside: 'bare C_Sign', theirs: rate('raw'), ratio: ratio('checked'), goal: 0.5 });
		below('checked', 'floor');
		rows.push({ what: '  the same, not verified', ours: rate('unchecked'), beside: 'bare C_Sign', theirs: rate('raw'), ratio: ratio('unchecked'), goal: 0.8 });
		below('unchecked', 'unfloored');
		if (threads === 1) {
			const added = median(seen.unchecked.map(([, each], i) => each - seen.raw[i][1]));
			rows.push({ what: '  latency added, median', value: `${added.toFixed(0)} us`, note: 'beside the check', goal: '<= 100 us', good: added <= 100 });
		}
	}
	return rows;
}
