// An app for the tests: says its port, then serves.  Its words are the handlers of its own.
'use strict';

const http = require('node:http');

const handlers = {
	SIGTERM: () => process.on('SIGTERM', () => say('heard SIGTERM')),
	SIGINT: () => process.on('SIGINT', () => say('heard SIGINT')),
	message: () => process.on('message', (text) => say(`heard ${text}`)),
};
const say = (text) => process.stdout.write(`${text}\n`);

const server = http.createServer((request, response) => {
	if (request.url === '/error') response.statusCode = 500;
	if (request.url === '/block') for (const until = Date.now() + 300; Date.now() < until; );
	if (request.url !== '/slow') return response.end(JSON.stringify(process.env));
	say('in hand');
	process.stdin.once('data', () => response.end('slow')); // when the test lets it
});
server.keepAliveTimeout = 60000; // so that whoever closes is not Node
server.listen(0, '127.0.0.1', () => say(server.address().port));
for (const word of process.argv.slice(2)) handlers[word]();
