const http = require('node:http');
const { WebSocketServer } = require('ws');

const server = http.createServer((request, response) => response.end(`${process.pid}\n`));
new WebSocketServer({ server }).on('connection', (socket) => {
	socket.on('message', (text) => socket.send(`${process.pid} heard ${text}`));
});
server.listen(process.env.PORT);
