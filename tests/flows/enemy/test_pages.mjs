// Addresses and bodies that a stranger writes for somebody else's browser. timeout: 60
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { absent, call, get, session, sql } from '../idp/client.mjs';

const policy = (answer) => answer.headers['content-security-policy'];

describe('pages', { skip: absent }, () => {
	test('an address that no client registered opens no page of ours to its forms', async () => {
		const evil = encodeURIComponent('https://evil.example/');
		for (const path of ['/', '/activate', '/end_session', '/account'])
			for (const cookie of [undefined, session(2)]) {
				const answer = await get(`${path}?post_logout_redirect_uri=${evil}`, cookie);
				assert.ok(!JSON.stringify(answer.headers).includes('evil.example'), path);
			}
	});

	test('a registered one opens the page that asks, and that alone', async () => {
		const [id, uri] = sql('SELECT id, post_logout_redirect_uris[1] FROM idp.client WHERE cardinality(post_logout_redirect_uris) > 0 LIMIT 1').split('|');
		assert.ok(uri);
		const query = `client_id=${id}&post_logout_redirect_uri=${encodeURIComponent(uri)}`;
		assert.ok(policy(await get(`/end_session?${query}`, session(2))).endsWith(` ${new URL(uri).origin}`));
		assert.ok(!policy(await get(`/?${query}`, session(2))).includes(new URL(uri).origin));
	});

	test('a body that is no form is refused, not thrown at /authorize', async () => {
		for (const body of ['a=b\r\nSet-Cookie: x=y', 'a=<b>', 'a="b"', 'a=b#c', 'a=\u0000', 'a=é']) {
			const answer = await call('POST', '/authorize', { headers: { 'content-type': 'text/plain' }, body });
			assert.equal(answer.status, 400, body);
			assert.equal(answer.headers.location, undefined);
		}
	});
});
