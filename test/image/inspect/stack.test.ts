import { describe, expect, test } from 'vitest'
import { compareLayers, type KnownLayer } from '../../../src/lib/image/inspect/contents.js'
import type { LayerIndex, LayerRow } from '../../../src/lib/image/inspect/layer-index.js'
import { stackLayers } from '../../../src/lib/image/inspect/stack.js'

const row = (path: string, more: Partial<LayerRow> = {}): LayerRow => ({
  path,
  type: '0',
  size: 5000,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  sha256: 'aa',
  target: '',
  ...more,
})
const link = (path: string, target: string): LayerRow => row(path, { type: '1', size: 0, sha256: '', target })
const index = (...rows: readonly LayerRow[]): LayerIndex => ({ uncompressedBytes: 10_000, rows, secrets: [] })
const layer = (part: KnownLayer['part'], ...rows: readonly LayerRow[]): KnownLayer => ({
  part,
  storedBytes: 10_000,
  instruction: 'RUN chown',
  index: index(...rows),
})

describe('a hard link', () => {
  test.each([
    ['of the same layer', [index(row('d/a'), link('d/b', './d/a'))]],
    ['of a file of an older layer', [index(row('d/a')), index(link('d/b', '/d/a'))]],
    ['of a link of an older layer', [index(row('d/o'), link('d/a', 'd/o')), index(link('d/b', 'd/a'))]],
  ])('%s shows the file under its own name', (_, layers) => {
    const found = stackLayers([...layers, undefined, index()]).below(layers.length + 1, 'd/b')
    expect(found).toMatchObject({ row: { path: 'd/b', type: '0', size: 5000, sha256: 'aa' }, layer: layers.length - 1 })
  })

  test('to nothing shows no file, and one to itself ends', () => {
    expect(stackLayers([index(link('d/b', 'd/gone'))]).below(1, 'd/b')).toMatchObject({ row: { type: '1' } })
    expect(stackLayers([index(link('d/b', 'd/b'))]).below(1, 'd/b')).toMatchObject({ row: { type: '1' } })
  })

  test('that chown broke is one more copy in place, and both cost their bytes', () => {
    const { copies } = compareLayers([
      layer('base', row('d/a'), link('d/b', 'd/a')),
      layer('app', row('d/a', { uid: 7 }), row('d/b', { uid: 7 })),
    ])
    expect(copies).toMatchObject([{ layer: 2, of: 'base', changes: ['owner'], files: 2, bytes: 10_000 }])
  })
})

test('copies that the app can mend come first, and then the largest', () => {
  const { copies } = compareLayers([
    layer('base', row('a', { sha256: '1', size: 90_000 }), row('b', { sha256: '2' }), row('c', { sha256: '3' })),
    layer('base', row('a', { sha256: '1', size: 90_000, uid: 7 })),
    layer('app', row('b', { sha256: '2', mode: 0o600 })),
    layer('app', row('c', { sha256: '3', size: 7000 }), row('x/a', { sha256: '1', size: 90_000 })),
  ])
  expect(copies.map((copy) => [copy.layer, copy.bytes])).toEqual([
    [4, 90_000],
    [4, 7000],
    [3, 5000],
    [2, 90_000],
  ])
})
