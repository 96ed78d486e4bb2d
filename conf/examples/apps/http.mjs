import http from 'node:http';

http.createServer((request, response) => response.end(`${process.pid}\n`)).listen(process.env.PORT);
