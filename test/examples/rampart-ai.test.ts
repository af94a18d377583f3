import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { requires } from '../support/requires.js'

const root = resolve('examples/rampart-ai')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const config = await loadConfig({ path: join(root, 'rampart.yml'), env: {} })

describe('rampart.yml of the example', () => {
  test('has the services, the group and the health checks of the seed', () => {
    expect(config.services.map(({ name, repository }) => [name, repository])).toEqual([
      ['backend', 'rampart-backend'],
      ['frontend', 'rampart-frontend'],
    ])
    expect(config.services[0]?.health).toEqual({ live: '/api/v1/health', ready: '/api/v1/health/ready', port: 8000 })
    expect(config.environment).toMatchObject({
      region: 'us-west-2',
      target: { kind: 'asg', group: 'rampart-production-asg' },
      rollout: { minHealthy: 100, maxHealthy: 200, warmup: 180_000, bake: 0 },
      logs: { group: '/rampart/production' },
    })
  })

  test('names the models that the image fetches and the app loads', () => {
    const models = JSON.parse(read('backend/models.json')) as { id: string; revision: string; files: string[] }[]
    expect(config.services[0]?.base?.models).toEqual(
      models.map(({ id, revision, files }) => ({ id, revision, files, provide: 'dockerfile' })),
    )
    for (const { id } of models) expect(read('backend/Dockerfile.base')).toContain(`fetch_models.py ${id}`)
  })

  test.each(config.services.map((service) => [service.name, service] as const))(
    '%s: the base is named in FROM, and made of its inputs',
    (_, service) => {
      const { base } = service
      expect(readFileSync(service.dockerfile, 'utf8')).toMatch(new RegExp(`^FROM ${base?.repository}$`, 'm'))
      const recipe = readFileSync(base?.dockerfile ?? '', 'utf8')
      const copied = [...recipe.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
      expect(copied.toSorted()).toEqual([...(base?.inputs ?? [])].toSorted())
    },
  )

  test('no Dockerfile.app runs anything, or changes owners afterwards', () => {
    for (const { dockerfile } of config.services) {
      expect(readFileSync(dockerfile, 'utf8').replaceAll(/^#.*$/gm, '')).not.toMatch(/^\s*RUN|chown -R/m)
    }
  })
})

const python = (...args: string[]): ReturnType<typeof spawnSync> => {
  const cache = mkdtempSync(join(tmpdir(), 'rampart-pycache-'))
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }))
  // Compiled files stay out of the example: they would be part of its build context.
  const env = { ...process.env, PYTHONPYCACHEPREFIX: cache }
  return spawnSync('python3', args, { cwd: join(root, 'backend'), env, encoding: 'utf8' })
}

requires('python3').describe('the backend', () => {
  test('compiles', () => {
    const files = readdirSync(join(root, 'backend'), { recursive: true, encoding: 'utf8' })
    const sources = files.filter((file) => file.endsWith('.py') && !file.startsWith('.venv'))
    expect(sources).toContain('app/main.py')
    expect(python('-m', 'py_compile', ...sources)).toMatchObject({ status: 0, stderr: '' })
  })

  test('passes its own tests, those of the routes too where FastAPI is installed', () => {
    const { status, stderr } = python('-m', 'unittest')
    expect(status, String(stderr)).toBe(0)
    expect(stderr).toMatch(/Ran 5 tests/)
  })
})

describe('the frontend', () => {
  test('serves its page, answers its health check, and hands questions on', async () => {
    const asked: string[] = []
    const backend = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => asked.push(`${request.url} ${text}`))
      request.on('end', () => response.writeHead(200).end('{"answer":1}'))
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void backend.close())
    await once(backend, 'listening')
    const address = backend.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const env = { ...process.env, PORT: '0', BACKEND_URL: `http://127.0.0.1:${port}` }
    const server = spawn(process.execPath, ['server.js'], { cwd: join(root, 'frontend'), env, stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void server.kill('SIGKILL'))
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
    const url = `http://127.0.0.1:${line.replace('listening on ', '')}`
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok')
    expect(await (await fetch(url)).text()).toContain('<title>rampart-ai</title>')
    expect((await fetch(`${url}/other`)).status).toBe(404)
    const answer = await fetch(`${url}/inspect`, { method: 'POST', body: '{"text":"hello"}' })
    expect(await answer.json()).toEqual({ answer: 1 })
    expect(asked).toEqual(['/api/v1/inspect {"text":"hello"}'])
    backend.close()
    backend.closeAllConnections()
    expect((await fetch(`${url}/inspect`, { method: 'POST', body: '{}' })).status).toBe(502)
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  })
})
