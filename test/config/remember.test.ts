import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, type Config, type ConfigMemory } from '../../src/lib/config/index.js'
import { complete, contextFiles, groupOf, project, small } from './project.js'

/** A memory, and how often it could help. */
function memory(): ConfigMemory & { readonly kept: Map<string, Uint8Array>; hits: number } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    hits: 0,
    get(key) {
      if (kept.has(key)) this.hits += 1
      return Promise.resolve(kept.get(key))
    },
    put(key, bytes) {
      kept.set(key, bytes)
      return Promise.resolve()
    },
  }
}

type Env = Readonly<Record<string, string>>

function loader(files: Readonly<Record<string, string>>): {
  readonly directory: string
  readonly store: ReturnType<typeof memory>
  readonly load: (env?: Env, environment?: string) => Promise<Config>
} {
  const directory = project({ ...contextFiles, ...files })
  const store = memory()
  const path = join(directory, 'rampart.yml')
  const load = (env: Env = {}, environment?: string): Promise<Config> =>
    loadConfig({ path, env, memory: store, ...(environment !== undefined && { environment }) })
  return { directory, store, load }
}

describe('a file that was found sound', () => {
  test('is not read again, and comes to the same', async () => {
    const { store, load } = loader({ 'rampart.yml': complete })
    const first = await load()
    expect(store.hits).toBe(0)
    const second = await load()
    expect(store.hits).toBe(1)
    expect(second).toEqual(first)
    expect(Object.isFrozen(second.services[0]?.base?.models)).toBe(true)
  })

  test('is read again for another environment, region or text', async () => {
    const withoutRegion = small.replace('    region: us-west-2\n', '')
    const one = loader({ 'rampart.yml': withoutRegion })
    expect((await one.load({ AWS_REGION: 'eu-west-1' })).environment.region).toBe('eu-west-1')
    expect((await one.load({ AWS_REGION: 'eu-west-2' })).environment.region).toBe('eu-west-2')
    const two = loader({ 'rampart.yml': complete })
    expect((await two.load()).environment.name).toBe('production')
    expect((await two.load({}, 'staging')).environment.name).toBe('staging')
    expect([one.store.hits, two.store.hits]).toEqual([0, 0])
  })

  const parts = ['backend/requirements.txt', 'backend/Dockerfile.base', 'backend/Dockerfile.app', 'backend']
  test.each(parts)('is read again, and refused, when %s is gone', async (gone) => {
    const { directory, load } = loader({ 'rampart.yml': complete })
    await load()
    rmSync(join(directory, gone), { recursive: true })
    await expect(load()).rejects.toMatchObject({ kind: 'usage' })
  })

  test('is read again, and refused, when .env has become wrong', async () => {
    const { directory, load } = loader({ 'rampart.yml': small })
    await load()
    writeFileSync(join(directory, '.env'), 'nonsense\n')
    await expect(load()).rejects.toMatchObject({ kind: 'usage' })
  })
})

describe('what is never kept', () => {
  test('a file with variables, since their values may be secret', async () => {
    const { store, load } = loader({ 'rampart.yml': small.replace('demo-asg', '"${GROUP:-demo}"'), '.env': 'S=secret' })
    expect(groupOf(await load({ GROUP: 'secret' }))).toBe('secret')
    expect(groupOf(await load())).toBe('demo')
    expect(store.kept.size).toBe(0)
  })

  test('a file with problems', async () => {
    const { store, load } = loader({ 'rampart.yml': `${small}colour: blue\n` })
    await expect(load()).rejects.toMatchObject({ kind: 'usage' })
    expect(store.kept.size).toBe(0)
  })
})
