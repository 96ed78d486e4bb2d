// An untouched Node.js app, as an ES module: it knows nothing of any supervisor.
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import cluster from 'node:cluster';

const answer = (request, response) => {
	if (request.url === '/spin') for (;;);
	if (request.url.startsWith('/slow/'))
		return setTimeout(() => response.end(`${process.pid}\n`), Number(request.url.slice(6)));
	if (request.url === '/error') response.statusCode = 500;
	response.setHeader('X-Cluster-Slot', process.env.CLUSTER_SLOT);
	response.end(JSON.stringify({
		pid: process.pid,
		slot: Number(process.env.CLUSTER_SLOT),
		worker: cluster.isWorker ? cluster.worker.id : null,
		seen: Object.keys(process.env).filter((name) => /^NODE_|CLUSTER_NOTIFY/.test(name)),
		instance: [process.env.NODE_APP_INSTANCE, process.env.pm_id],
	}) + '\n');
};

function hear(host, port, type) {
	const socket = dgram.createSocket(type);
	socket.on('message', (text, { address, port }) =>
		socket.send(`${process.env.CLUSTER_SLOT} ${process.pid} ${text}`, port, address));
	socket.bind(Number(port), host);
}

const words = process.argv.slice(2);
for (const word of words.filter((word) => word.startsWith('udp')))
	hear(word.slice(5), 0, word.slice(0, 4)); // "udp4:127.0.0.1"
for (const port of words.filter((word) => !word.startsWith('udp')))
	http.createServer(answer).listen(...(port.includes(':') ? port.split(':').reverse() : [port]));
if (process.env.SAY_READY) setTimeout(() => process.send('ready'), Number(process.env.SAY_READY));
if (process.env.HANDLE)
	net.connect(process.env.HANDLE, '127.0.0.1', function () {
		process.send({ a: 'handle' }, this);
		process.send({ after: 'it' });
	});
for (const line of (process.env.RAW ?? '').split(' ').filter(Boolean))
	fs.writeSync(process.channel.fd, Buffer.from(line, 'latin1'));
if (process.env.RUBBISH)
	setInterval(() => {
		process.send({ type: 'process:msg', data: 'x'.repeat(1 << 20) });
		process.send(null);
	}, 20);
