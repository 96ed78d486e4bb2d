// What clusterd-node.cjs does to an app, without a supervisor: beats come through a pipe.
'use strict';

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const test = require('node:test');

const PRELOAD = path.resolve(__dirname, '../../worker/node/clusterd-node.cjs');
const BEAT = new RegExp('^WATCHDOG=1\nX_CLUSTER_LAG_USEC=\\d+\nX_CLUSTER_CONNECTIONS=\\d+\n' +
	'X_CLUSTER_REQUESTS=\\d+\nX_CLUSTER_ERRORS=\\d+\nSTATUS=loop \\d+ % busy, heap \\d+ MB$');
const FIGURE = /^X_CLUSTER_(\w+)=(\d+)$/gm;

// Starts the app with these handlers; it is killed when the test is over.
async function begin(context, words = [], env = {}) {
	const process_ = spawn(process.execPath, [path.join(__dirname, 'app.cjs'), ...words], {
		env: { PATH: process.env.PATH, NODE_OPTIONS: `--require=${PRELOAD}`, ...env },
		stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
	});
	const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
	const lines = readline.createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
	const app = {
		process: process_,
		agent,
		ended: once(process_, 'exit'),
		line: async () => (await lines.next()).value,
	};
	context.after(() => {
		agent.destroy();
		process_.kill('SIGKILL');
	});
	app.port = Number(await app.line());
	return app;
}

async function get(app, url) {
	const request = http.get({ port: app.port, host: '127.0.0.1', path: url, agent: app.agent });
	const [response] = await once(request, 'response');
	let text = '';
	for await (const part of response) text += part;
	return { text, response, socket: request.socket };
}

// Until nobody listens any more.
async function refused(port) {
	for (;;) {
		const socket = net.connect(port, '127.0.0.1');
		const answer = await once(socket, 'connect').then(() => 'connected', (error) => error.code);
		socket.destroy();
		if (answer === 'ECONNREFUSED') return;
	}
}

const BEATING = { CLUSTER_NOTIFY_FD: '3', WATCHDOG_USEC: '100000' };

// Reads beats until one's figures are as wanted.
async function beatThat(app, isWanted) {
	let text = '';
	for await (const part of app.process.stdio[3]) {
		text += part;
		const beats = text.split(/(?=WATCHDOG=1\n)/);
		text = beats.pop(); // may not be whole
		for (const beat of beats) {
			assert.match(beat, BEAT);
			const pairs = [...beat.matchAll(FIGURE)].map(([, name, value]) => [name, Number(value)]);
			if (isWanted(Object.fromEntries(pairs))) return;
		}
	}
	assert.fail('no such beat');
}

test('beats count connections, requests and errors', async (context) => {
	const app = await begin(context, [], BEATING);
	await get(app, '/');
	await get(app, '/error');
	await beatThat(app, (beat) => beat.CONNECTIONS === 1 && beat.REQUESTS === 2 && beat.ERRORS === 1);
});

test('a beat tells how late the loop ran', async (context) => {
	const app = await begin(context, [], BEATING);
	await get(app, '/block');
	await beatThat(app, (beat) => beat.LAG_USEC >= 200000);
});

test('who ordered no beats gets none, and the app runs', async (context) => {
	const app = await begin(context, [], { CLUSTER_NOTIFY_FD: '3' });
	await get(app, '/');
	app.process.kill('SIGTERM');
	app.agent.destroy();
	assert.strictEqual((await app.process.stdio[3].toArray()).length, 0);
});

test('an app whose supervisor reads no more runs on', async (context) => {
	const app = await begin(context, [], BEATING);
	app.process.stdio[3].destroy();
	await get(app, '/block');
	assert.strictEqual((await get(app, '/')).response.statusCode, 200);
});

test('what was for us is hidden from the app', async (context) => {
	const app = await begin(context, [], {
		...BEATING,
		NODE_OPTIONS: `--require=${PRELOAD} --no-warnings`,
	});
	const seen = JSON.parse((await get(app, '/')).text);
	assert.strictEqual(seen.CLUSTER_NOTIFY_FD, undefined);
	assert.strictEqual(seen.NODE_OPTIONS, '--no-warnings');
});

test('without other options there are none at all', async (context) => {
	const seen = JSON.parse((await get(await begin(context), '/')).text);
	assert.strictEqual(seen.NODE_OPTIONS, undefined);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
	test(`${signal} ends an app without connections`, async (context) => {
		const app = await begin(context, [], BEATING);
		app.process.kill(signal);
		assert.deepStrictEqual(await app.ended, [0, null]);
	});
}

test('a request in hand is answered, and its connection closed', async (context) => {
	const app = await begin(context);
	await get(app, '/');
	const slow = get(app, '/slow');
	assert.strictEqual(await app.line(), 'in hand');
	app.process.kill('SIGTERM');
	await refused(app.port);
	app.process.stdin.write('go on\n');
	const { text, response } = await slow;
	assert.strictEqual(text, 'slow');
	assert.strictEqual(response.headers.connection, 'close');
	assert.deepStrictEqual(await app.ended, [0, null]);
});

test('a kept connection is served in a drain, and told to close', async (context) => {
	const app = await begin(context);
	await get(app, '/');
	app.process.kill('SIGTERM');
	await refused(app.port);
	assert.strictEqual((await get(app, '/')).response.headers.connection, 'close');
	assert.deepStrictEqual(await app.ended, [0, null]);
});

test('one that is idle is closed, but not at once', async (context) => {
	const app = await begin(context);
	const { socket } = await get(app, '/');
	const began = performance.now();
	app.process.kill('SIGTERM');
	await once(socket, 'close');
	assert.ok(performance.now() - began >= 1900);
	assert.deepStrictEqual(await app.ended, [0, null]);
});

test('one that was upgraded goes on until it ends by itself', async (context) => {
	const app = await begin(context);
	const request = http.get({ port: app.port, host: '127.0.0.1', agent: app.agent,
		headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
	const [, socket] = await once(request, 'upgrade');
	app.process.kill('SIGTERM');
	await refused(app.port);
	await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than an idle one has
	socket.write('still here');
	assert.strictEqual(String((await once(socket, 'data'))[0]), 'still here');
	socket.end();
	assert.deepStrictEqual(await app.ended, [0, null]);
});

test('a stream of HTTP/2 is answered, and the session ends', async (context) => {
	const app = await begin(context, ['http2']);
	const session = http2.connect(`http://127.0.0.1:${app.port}`);
	context.after(() => session.destroy());
	const stream = session.request({ ':path': '/slow' });
	assert.strictEqual(await app.line(), 'in hand');
	app.process.kill('SIGTERM');
	await once(session, 'goaway');
	app.process.stdin.write('go on\n');
	let text = '';
	for await (const part of stream) text += part;
	assert.strictEqual(text, 'slow');
	assert.deepStrictEqual(await app.ended, [0, null]);
});

test('a request in hand by TLS is answered, however long it takes', async (context) => {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'preload-'));
	context.after(() => fs.rmSync(folder, { recursive: true }));
	const key = path.join(folder, 'key');
	const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj',
		'/CN=localhost', '-keyout', key, '-out', `${key}.crt`]);
	if (made.status !== 0) return context.skip('no openssl here');
	fs.appendFileSync(key, fs.readFileSync(`${key}.crt`));
	const app = await begin(context, ['https'], { KEY: key });
	const request = https.get({ port: app.port, host: '127.0.0.1', path: '/slow', agent: false,
		rejectUnauthorized: false });
	assert.strictEqual(await app.line(), 'in hand');
	app.process.kill('SIGTERM');
	await refused(app.port);
	await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than an idle one has
	app.process.stdin.write('go on\n');
	const [response] = await once(request, 'response');
	assert.strictEqual(response.headers.connection, 'close');
	assert.strictEqual(String((await response.toArray())[0]), 'slow');
	assert.deepStrictEqual(await app.ended, [0, null]);
});

for (const [words, signal, heard] of [
	[['SIGTERM'], 'SIGTERM', 'SIGTERM'],
	[['SIGINT'], 'SIGTERM', 'SIGINT'],
	[['SIGTERM'], 'SIGINT', 'SIGTERM'],
	[['message'], 'SIGTERM', 'shutdown'],
	[['message', 'SIGINT'], 'SIGTERM', 'SIGINT'],
]) {
	test(`${signal} is left to an app with a handler for ${words.join(' and ')}`, async (context) => {
		const app = await begin(context, words);
		app.process.kill(signal);
		assert.strictEqual(await app.line(), `heard ${heard}`);
		const { response } = await get(app, '/'); // it did not drain
		assert.strictEqual(response.headers.connection, 'keep-alive');
	});
}
