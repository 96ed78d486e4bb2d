// An app for the tests: says its port, then serves.  Its words are the handlers of its own.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');

const handlers = {
	SIGTERM: () => process.on('SIGTERM', () => say('heard SIGTERM')),
	SIGINT: () => process.on('SIGINT', () => say('heard SIGINT')),
	message: () => process.on('message', (text) => say(`heard ${text}`)),
};
const say = (text) => process.stdout.write(`${text}\n`);

const answer = (request, response) => {
	if (request.url === '/error') response.statusCode = 500;
	if (request.url === '/block') for (const until = Date.now() + 300; Date.now() < until; );
	if (request.url !== '/slow') return response.end(JSON.stringify(process.env));
	say('in hand');
	process.stdin.once('data', () => response.end('slow')); // when the test lets it
};
const makers = {
	http2: () => http2.createServer(answer),
	https: () => https.createServer(
		{ key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.KEY) }, answer),
};
const words = process.argv.slice(2);
const server = makers[words[0]]?.() ?? http.createServer(answer);
server.on('upgrade', (request, socket) => {
	socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
	socket.pipe(socket);
});
server.keepAliveTimeout = 60000; // so that whoever closes is not Node
server.listen(0, '127.0.0.1', () => say(server.address().port));
for (const word of words) handlers[word]?.();
