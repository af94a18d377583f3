import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheHome, createFileCache } from '../../src/lib/system/file-cache.js'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rampart-state-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const bytes = Buffer.from('some bytes')
const folder = (): string => join(home, 'deep', 'cache')
const cache = (mostBytes = 1e6) => createFileCache({ directory: folder(), mostBytes })
const files = async (): Promise<string[]> => (await readdir(folder())).filter((name) => name !== 'pruned')

describe('a file cache', () => {
  test('gives back what was put, also to the next process', async () => {
    await cache().put('a key/with parts', bytes)
    expect(await cache().get('a key/with parts')).toEqual(bytes)
    expect(await cache().get('another')).toBeUndefined()
  })

  test('is for its owner alone', async () => {
    await cache().put('key', bytes)
    const [name = ''] = await files()
    expect((await stat(join(folder(), name))).mode & 0o777).toBe(0o600)
    expect((await stat(folder())).mode & 0o777).toBe(0o700)
  })

  test.each([
    ['cut off', (file: string) => truncate(file, 20)],
    ['emptied', (file: string) => truncate(file, 0)],
    ['changed', async (file: string) => writeFile(file, (await readFile(file)).fill(7, 40, 41))],
  ])('counts a file that was %s as absent', async (_, damage) => {
    await cache().put('key', bytes)
    const [name = ''] = await files()
    await damage(join(folder(), name))
    expect(await cache().get('key')).toBeUndefined()
    await cache().put('key', bytes)
    expect(await cache().get('key')).toEqual(bytes)
  })

  test('keeps nothing and does not fail where it cannot write', async () => {
    await writeFile(join(home, 'deep'), 'a file where the directory would be')
    await cache().put('key', bytes)
    expect(await cache().get('key')).toBeUndefined()
  })

  test('takes the same key from many at once', async () => {
    const one = cache()
    await Promise.all(Array.from({ length: 20 }, () => one.put('key', bytes)))
    expect(await one.get('key')).toEqual(bytes)
    expect(await files()).toHaveLength(1)
  })

  test('lets the oldest go when it is full, and what a killed run left', async () => {
    const first = cache()
    await first.put('old', Buffer.alloc(600))
    const [name = ''] = await files()
    const past = Date.now() / 1000 - 3 * 86_400
    await utimes(join(folder(), name), past, past)
    await writeFile(join(folder(), `${name}.abcdef`), 'half')
    await utimes(join(folder(), `${name}.abcdef`), past, past)
    await utimes(join(folder(), 'pruned'), past, past)
    await cache(1000).put('new', Buffer.alloc(600))
    expect(await cache().get('new')).toEqual(Buffer.alloc(600))
    expect(await cache().get('old')).toBeUndefined()
    expect(await files()).toHaveLength(1)
  })
})

test('caches are where the system keeps caches', () => {
  expect(cacheHome({ XDG_CACHE_HOME: '/var/cache/me', HOME: '/home/me' })).toBe('/var/cache/me/rampart')
  expect(cacheHome({ XDG_CACHE_HOME: 'relative', HOME: '/home/me' })).toBe('/home/me/.cache/rampart')
  expect(cacheHome({ HOME: '/home/me' })).toBe('/home/me/.cache/rampart')
})
