const express = require('express');

const app = express();
app.get('/', (request, response) => response.send(`${process.pid}\n`));
app.listen(process.env.PORT);
