#!/usr/bin/env node
// What opener.py is for other programs: a server that knows nothing of its supervisor, and
// opens its ports in one of the ways that Node.js apps do.
//
//     ways.mjs WAY PORT
//
// Each port answers every connection with one line, "PID SLOT PORT", and closes.
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const slot = process.env.CLUSTER_SLOT;
const here = fileURLToPath(import.meta.url);

function open(port, options = {}) {
	const server = net.createServer((peer) => peer.end(`${process.pid} ${slot} ${port}\n`));
	return server.listen({ port, host: '127.0.0.1', ...options });
}

const ways = {
	one: (port) => open(port),
	two: (port) => open(port) && open(port + 1),
	again: (port) => open(port).once('listening', function () {
		this.close(() => open(port));
	}),
	// Serves when it was called from a port of its own.
	client: (port) => open(0, { exclusive: true }).once('listening', function () {
		const target = { port: this.address().port, localAddress: '127.0.0.1' };
		net.connect(target, () => open(port)).resume();
	}),
	exclusive: (port) => open(port, { exclusive: true }),
	threads: (port) => new Worker(here, { workerData: ['one', port] }),
	forks: (port) => (cluster.isPrimary ? cluster.fork() && cluster.fork() : open(port)),
	child: (port) => fork(here, ['one', port]),
	own: (port) => open(port) && open(port + 1 + Number(slot)),
	both_families: (port) => open(port, { host: '::' }),
	each_family: (port) => open(port, { host: '0.0.0.0' }) &&
		open(port, { host: '::', ipv6Only: true }),
	drops: (port) => open(port).once('listening', () => {
		process.setgroups([]);
		process.setgid(65534);
		process.setuid(65534);
	}),
};

const [way, port] = isMainThread ? process.argv.slice(2) : workerData;
ways[way](Number(port));
