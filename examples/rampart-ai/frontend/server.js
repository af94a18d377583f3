// Serves one page and hands its questions on to the backend.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)
const backend = process.env.BACKEND_URL ?? 'http://127.0.0.1:8000'
const page = await readFile(new URL('public/index.html', import.meta.url))
const mostBytes = 100_000

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET' && pathname === '/healthz') return send(response, 200, 'text/plain', 'ok')
    if (request.method === 'GET' && pathname === '/') return send(response, 200, 'text/html; charset=utf-8', page)
    if (request.method === 'POST' && pathname === '/inspect') return await inspect(request, response)
    send(response, 404, 'text/plain', 'not found')
  } catch (error) {
    console.error(`${request.method} ${request.url}: ${error instanceof Error ? error.message : error}`)
    if (!response.headersSent) send(response, 502, 'application/json', JSON.stringify({ detail: 'no answer from the backend' }))
    else response.destroy()
  }
})

async function inspect(request, response) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > mostBytes) return send(response, 413, 'application/json', JSON.stringify({ detail: 'too long' }))
    chunks.push(chunk)
  }
  const answer = await fetch(new URL('/api/v1/inspect', backend), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.concat(chunks),
    signal: AbortSignal.timeout(30_000),
  })
  send(response, answer.status, 'application/json', Buffer.from(await answer.arrayBuffer()))
}

function send(response, status, type, body) {
  response.writeHead(status, { 'content-type': type }).end(body)
}

server.listen(port, () => console.log(`listening on ${server.address().port}`))
// A container's first process gets no default handling of SIGTERM.
process.on('SIGTERM', () => server.close(() => process.exit(0)))
