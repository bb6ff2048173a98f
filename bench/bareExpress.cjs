// What the service is held against: express 5 with Swagger UI and one route that sends given bytes, and nothing else.
// Arguments: a file with the bytes, and an OpenAPI document. Prints its port as one JSON line.
const { readFileSync } = require('node:fs');
const express = require('express');
const swaggerUi = require('swagger-ui-express');

const body = readFileSync(process.argv[2]);
const app = express();
app.use('/docs', swaggerUi.serve, swaggerUi.setup(JSON.parse(readFileSync(process.argv[3], 'utf8'))));
app.get('/livez', (_request, response) => {
  response.json({ status: 'ok' });
});
app.get('/proxy/contexts', (_request, response) => {
  response.type('json').send(body);
});
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    JSON.stringify({ message: 'listening', url: `http://127.0.0.1:${server.address().port}` }) + '\n',
  );
});
