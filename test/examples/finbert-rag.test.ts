import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { requires } from '../support/requires.js'

const root = resolve('examples/finbert-rag')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const config = await loadConfig({ path: join(root, 'rampart.yml'), env: {} })

describe('rampart.yml of the example', () => {
  test('has the services, the cluster and the region of the seed', () => {
    expect(config.services.map(({ name, repository }) => [name, repository])).toEqual([
      ['api', 'finbert-rag/api'],
      ['ui', 'finbert-rag/ui'],
    ])
    expect(config.environment).toMatchObject({
      region: 'ap-south-1',
      target: {
        kind: 'ecs',
        cluster: 'finbert-rag-prod',
        services: [
          { name: 'api', service: 'finbert-api' },
          { name: 'ui', service: 'finbert-ui' },
        ],
      },
    })
  })

  test('names the models that the image fetches and the app loads', () => {
    const models = JSON.parse(read('api/models.json')) as { id: string; revision: string; files: string[] }[]
    expect(config.services[0]?.base?.models).toEqual(
      models.map(({ id, revision, files }) => ({ id, revision, files, provide: 'dockerfile' })),
    )
    for (const { id } of models) expect(read('api/Dockerfile.base')).toContain(`fetch_models.py ${id}`)
  })

  test.each(config.services.map((service) => [service.name, service] as const))(
    '%s: the base is named in FROM and made of its inputs, the app runs nothing while it is built',
    (_, service) => {
      const { base } = service
      const app = readFileSync(service.dockerfile, 'utf8')
      expect(app).toMatch(new RegExp(`^FROM ${base?.repository}$`, 'm'))
      expect(app.replaceAll(/^#.*$/gm, '')).not.toMatch(/^\s*RUN|chown -R/m)
      const recipe = readFileSync(base?.dockerfile ?? '', 'utf8')
      const copied = [...recipe.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
      expect(copied.toSorted()).toEqual([...(base?.inputs ?? [])].toSorted())
    },
  )
})

requires('python3').describe('the Python of the example', () => {
  test.each([
    ['api', /Ran 6 tests/],
    ['ui', /Ran 2 tests/],
  ])('%s passes its own tests', (service, ran) => {
    const cache = mkdtempSync(join(tmpdir(), 'rampart-pycache-'))
    onTestFinished(() => rmSync(cache, { recursive: true, force: true }))
    // Compiled files stay out of the example: they would be part of its build context.
    const env = { ...process.env, PYTHONPYCACHEPREFIX: cache }
    const { status, stderr } = spawnSync('python3', ['-m', 'unittest', 'discover'], {
      cwd: join(root, service),
      env,
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(ran)
  })
})
