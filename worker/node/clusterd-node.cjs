// clusterd-node.cjs - loaded into Node.js workers of clusterd before the app.
//
// The supervisor speaks Node's own cluster protocol, so the app needs no change.  This adds
// what that protocol has no words for:
//
//   beats    WATCHDOG=1 from the app's own event loop, with how late the loop runs, open
//            connections, requests and answers of 5xx (sd_notify, see clusterd-worker(7));
//   drain    for apps that have no handler for the drain signal: answers say
//            Connection: close, a kept connection that is idle goes, HTTP/2 says GOAWAY,
//            and the process ends when the last connection has.
//
// An app that handles SIGTERM or SIGINT, or PM2's 'shutdown' message, drains by itself.
// Nothing here throws into the app, keeps its loop alive, or is seen by its children.
'use strict';

const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');
const net = require('node:net');
const { monitorEventLoopDelay, performance } = require('node:perf_hooks');

const IDLE = 2000; // ms without a request after which a kept connection is closed in a drain
const LOOK = 100; // ms between two looks at idle connections, while draining
const RESOLUTION = 20; // ms, of the measured delay of the event loop: the least it reports

const figures = { requests: 0, errors: 0 };
const sockets = new Map(); // open server connection -> {secure, answered, since}
const sessions = new Set(); // of HTTP/2
const servers = new Set();
let draining = 0; // since when; 0: not

// ---- the environment: what was for us is not for the app's children ----

const notifyFd = Number(process.env.CLUSTER_NOTIFY_FD);
const interval = Number(process.env.WATCHDOG_USEC) / 1000 / 2;

delete process.env.CLUSTER_NOTIFY_FD;
if (process.env.NODE_OPTIONS) {
	process.env.NODE_OPTIONS = process.env.NODE_OPTIONS
		.split(' ')
		.filter((word) => word !== `--require=${__filename}`)
		.join(' ');
	if (process.env.NODE_OPTIONS === '') delete process.env.NODE_OPTIONS;
}

// ---- what is counted: for each request as little as can be ----

diagnostics.subscribe('net.server.socket', ({ socket }) => {
	sockets.set(socket, { secure: null, answered: false, since: 0 });
	socket.once('close', () => {
		sockets.delete(socket);
		endWhenDone();
	});
});

diagnostics.subscribe('http.server.response.finish', ({ response, socket }) => {
	figures.requests++;
	if (response.statusCode >= 500) figures.errors++;
	if (draining) noteAnswer(socket, response);
});

// Every server, also those that speak no HTTP.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...words) {
	if (!servers.has(this)) {
		this.on('secureConnection', seeSecure);
		this.on('session', seeSession);
	}
	servers.add(this);
	return listen.apply(this, words);
};

function seeSecure(secure) {
	const state = sockets.get(secure._parent);
	if (state !== undefined) state.secure = secure;
}

function seeSession(session) {
	sessions.add(session);
	session.once('close', () => sessions.delete(session));
	if (draining) session.close();
}

// ---- beats ----

function beatFor(delay) {
	let last = performance.eventLoopUtilization();
	let due = performance.now() + interval;

	return () => {
		const now = performance.eventLoopUtilization();
		// When the loop turns again this may be called before what measures, which then
		// forgets what it has not measured yet.
		const late = Math.max(delay.max / 1e6 - RESOLUTION, performance.now() - due, 0);
		const busy = performance.eventLoopUtilization(now, last).utilization;
		const heap = process.memoryUsage().heapUsed;
		last = now;
		const text = [
			'WATCHDOG=1',
			`X_CLUSTER_LAG_USEC=${Math.round(late * 1000)}`,
			`X_CLUSTER_CONNECTIONS=${sockets.size}`,
			`X_CLUSTER_REQUESTS=${figures.requests}`,
			`X_CLUSTER_ERRORS=${figures.errors}`,
			`STATUS=loop ${Math.round(busy * 100)} % busy, heap ${Math.round(heap / 1048576)} MB`,
		].join('\n');
		delay.reset();
		due = performance.now() + interval;
		try {
			fs.writeSync(notifyFd, text);
		} catch {
			// Full, or the supervisor is away: the next beat will do.
		}
	};
}

if (notifyFd > 2 && interval > 0) {
	const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
	delay.enable();
	setInterval(beatFor(delay), interval).unref();
}

// ---- drain ----

function endWhenDone() {
	if (draining && sockets.size === 0) process.exit(0);
}

// Node's own words for what reads the requests of a connection, which one that was upgraded
// has no more and one of another protocol never has, and for the response it is busy with.
const speaksHttp = (socket) => Boolean(socket.parser);
const inHand = (socket) => socket._httpMessage;

function noteAnswer(socket, response) {
	const state = sockets.get(socket) ?? sockets.get(socket._parent);
	if (state === undefined) return;
	state.since = performance.now();
	state.answered ||= !response.shouldKeepAlive;
}

function closeIdle() {
	const now = performance.now();

	for (const [raw, { secure, answered, since }] of sockets) {
		const socket = secure ?? raw;
		const isIdle = answered || now - Math.max(since, draining) >= IDLE;
		if (speaksHttp(socket) && !inHand(socket) && isIdle) socket.end();
	}
}

function drain() {
	if (draining) return;
	draining = performance.now();
	// The plain close: that of http.Server cuts idle connections at once, and with them
	// requests that are on their way.
	for (const server of servers) net.Server.prototype.close.call(server);
	for (const session of sessions) session.close(); // and answers what it has
	for (const [socket, { secure }] of sockets) {
		const response = inHand(secure ?? socket);
		if (response && !response.headersSent) response.shouldKeepAlive = false;
	}
	diagnostics.subscribe('http.server.request.start', ({ response }) => {
		response.shouldKeepAlive = false;
	});
	setInterval(closeIdle, LOOK);
	endWhenDone();
}

// Node's cluster module listens to messages itself.
const ownListeners = process.listenerCount('message');

// An app that has a handler of its own, be it for the other signal or for PM2's message,
// keeps the word.
function onSignal(signal) {
	if (process.listenerCount(signal) > 1) return;
	const other = signal === 'SIGTERM' ? 'SIGINT' : 'SIGTERM';
	if (process.listenerCount(other) > 1) process.emit(other, other);
	else if (process.listenerCount('message') > ownListeners) process.emit('message', 'shutdown');
	else drain();
}

process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
