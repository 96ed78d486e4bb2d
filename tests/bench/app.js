// The app of the comparisons: it knows nothing of its supervisor but where to listen, and
// ends as Node's documentation advises.
'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => response.end('hello\n'));

server.listen(process.env.LISTEN_FDS ? { fd: 3 } : Number(process.env.PORT), () => {
	if (process.send) process.send('ready');
});

for (const signal of ['SIGTERM', 'SIGINT'])
	process.on(signal, () => server.close(() => process.exit(0)));
