import { describe, expect, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import type { Inspection } from '../../src/lib/domain/inspection.js'
import { inspectText } from '../../src/lib/report/inspect-text.js'
import { createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`
const chown = 'RUN useradd app && chown -R app:app /app && chown -R app:app /root/.cache/huggingface'

/** The first seed's defect, as a person meets it. */
const defective: Inspection = {
  service: 'backend',
  source: 'registry',
  image: 'registry.example.com/backend',
  digest: digest('a'),
  platform: 'linux/amd64',
  created: '2026-11-02T10:00:00Z',
  base: {
    name: 'backend-base:latest',
    digest: digest('b'),
    layers: 2,
    by: 'configuration',
    fingerprint: 'f'.repeat(64),
  },
  storedBytes: 1_700_000_000,
  baseBytes: 700_000_000,
  appBytes: 1_000_000_000,
  layers: [
    {
      number: 1,
      part: 'base',
      digest: digest('1'),
      mediaType: 'tar',
      storedBytes: 30_000_000,
      uncompressedBytes: null,
      instruction: 'ADD rootfs.tar /',
      contents: null,
      unread: 'not needed',
    },
    {
      number: 2,
      part: 'base',
      digest: digest('2'),
      mediaType: 'tar',
      storedBytes: 670_000_000,
      uncompressedBytes: 900_000_000,
      instruction: null,
      contents: {
        files: 12,
        bytes: 899_000_000,
        added: { files: 12, bytes: 899_000_000 },
        changed: { files: 0, bytes: 0 },
        copied: { files: 0, bytes: 0 },
        deleted: 0,
      },
      unread: null,
    },
    {
      number: 3,
      part: 'app',
      digest: digest('3'),
      mediaType: 'tar',
      storedBytes: 1_000_000_000,
      uncompressedBytes: 1_100_000_000,
      instruction: chown,
      contents: {
        files: 320,
        bytes: 1_099_000_000,
        added: { files: 10, bytes: 200_000_000 },
        changed: { files: 1, bytes: 900 },
        copied: { files: 309, bytes: 899_000_000 },
        deleted: 2,
      },
      unread: null,
    },
  ],
  copies: [
    {
      layer: 3,
      instruction: chown,
      of: 'base',
      originals: [2],
      changes: ['owner'],
      files: 12,
      bytes: 899_000_000,
      storedBytes: 817_000_000,
      examples: [
        {
          path: '/root/.cache/huggingface/model.safetensors',
          bytes: 800_000_000,
          original: '/root/.cache/huggingface/model.safetensors',
        },
      ],
    },
    {
      layer: 3,
      instruction: chown,
      of: 'app',
      originals: [3],
      changes: ['path'],
      files: 1,
      bytes: 5000,
      storedBytes: 4500,
      examples: [{ path: '/app/copy.bin', bytes: 5000, original: '/app/first.bin' }],
    },
  ],
  largest: {
    folders: [{ path: '/root/.cache/huggingface', files: 12, bytes: 899_000_000 }],
    files: [{ path: '/root/.cache/huggingface/model.safetensors', bytes: 800_000_000, layer: 3 }],
  },
  secrets: [
    { rule: 'env-file', what: 'environment file', path: '/app/.env', where: null, layer: 3, part: 'app' },
    {
      rule: 'secret-variable',
      what: 'value of a variable with a secret name',
      path: null,
      where: 'ENV API_KEY',
      layer: null,
      part: 'unknown',
    },
  ],
  models: [
    { id: 'acme/tiny', revision: 'c'.repeat(40), bytes: 300_000_000, source: 'label', layers: [2, 3] },
    { id: 'acme/stray', revision: null, bytes: 1000, source: 'files', layers: [3] },
  ],
  proof: {
    v: 1,
    proved: true,
    user: 'app',
    uid: 10_001,
    models: [{ id: 'acme/tiny', revision: 'c'.repeat(40), place: '/opt/hf/hub', files: 4, bytes: 300_000_000 }],
    commands: 1,
  },
  budget: {
    verdict: 'over',
    budget: 100_000_000,
    bytes: 1_000_000_000,
    instruction: chown,
    place: 'Dockerfile.app:9:1',
  },
  notes: ['base layers 1 were not read: nothing points to copies of their files; --deep reads them'],
}

const healthy: Inspection = {
  ...defective,
  source: 'plan',
  copies: [],
  secrets: [],
  models: [],
  proof: null,
  notes: [],
  layers: defective.layers.slice(0, 1),
  budget: { verdict: 'within', budget: 100_000_000, bytes: 1_000_000, instruction: null, place: null },
}

const foreign: Inspection = {
  ...healthy,
  service: null,
  source: 'registry',
  base: null,
  baseBytes: null,
  appBytes: null,
  created: null,
  largest: { folders: [], files: [] },
  budget: { verdict: 'unknown', budget: null, bytes: null, instruction: null, place: null },
}

const plain = createPaint(false)

describe('an image for a person', () => {
  test.each([
    ['defective', defective, 100],
    ['defective', defective, 40],
    ['healthy', healthy, 100],
    ['foreign', foreign, 100],
  ])('%s at %i columns', async (name, inspection, width) => {
    const text = inspectText(inspection, { paint: plain, glyphs: unicodeGlyphs, width })
    await expect(`${text}\n`).toMatchFileSnapshot(`../golden/report/inspect-${name}-${width}.txt`)
  })

  test('what comes out of an image can not act on the terminal', () => {
    const [layer] = defective.layers
    if (layer === undefined) throw new Error('the example has layers')
    const wild = 'RUN \u001b]0;owned\u0007\u001b[2Jclear\nsecond'
    const text = inspectText(
      { ...foreign, layers: [{ ...layer, instruction: wild }], notes: [wild], proof: wild },
      { paint: plain, glyphs: asciiGlyphs, width: 100 },
    )
    expect(text).toContain('RUN clear second')
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('\u0007')
  })
})
