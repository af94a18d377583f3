import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRecipe } from '../../src/lib/image/recipe/recipe.js'
import { difference } from '../../src/lib/init/difference.js'
import { readModule } from '../../src/lib/init/python/module.js'
import { planOf, readFiles, repositories, repositoryPath } from './support.js'

const names = [
  'Dockerfile',
  'Dockerfile.base',
  'Dockerfile.app',
  'docker/Dockerfile.api',
  'a/Dockerfile',
  'docker-compose.yml',
  'compose.yaml',
  'requirements.txt',
  'requirements/prod.txt',
  'pyproject.toml',
  'Pipfile',
  'uv.lock',
  'package.json',
  'ui/package.json',
  'models.json',
  'main.py',
  'app/__init__.py',
  'app/urls.py',
  'a/b/c.py',
  '.dockerignore',
  'Makefile',
]
const sources = repositories.map((name) => readFiles(repositoryPath(name)))
const texts = sources.flatMap((files) => Object.values(files))

/** A text of the repositories with pieces cut out, doubled and put in: nearly right is where parsers fall. */
const mangled = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(60), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 6 }),
  )
  .map(([text, cuts]) => cuts.reduce((all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length), text))
const anyText = fc.oneof(mangled, fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom(...texts))
const anyPath = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names) },
  fc
    .array(
      fc.string({ minLength: 1, maxLength: 6 }).filter((part) => !part.includes('/') && part !== '.' && part !== '..'),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join('/')),
)
const anyTree = fc.dictionary(anyPath, anyText, { maxKeys: 12, noNullPrototype: true })

describe('over any repository', () => {
  test('detection and planning never throw, and every path stays inside', () => {
    fc.assert(
      fc.property(anyTree, fc.string(), (files, directory) => {
        const { plan } = planOf(files, directory)
        for (const { path, content } of plan.files) {
          expect(path).not.toMatch(/^\/|(?:^|\/)\.\.(?:\/|$)/)
          expect(content).not.toMatch(/\{\{\w+\}\}|undefined/)
        }
        expect(new Set(plan.files.map((file) => file.path)).size).toBe(plan.files.length)
      }),
      { numRuns: 400 },
    )
  })

  test('Python is read whatever it is, however deep', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(readModule('m.py', text).path).toBe('m.py')
      }),
      { numRuns: 300 },
    )
    for (const open of ['(', '[', '{', 'f(', 'a.', 'not ', 'lambda: ', 'if x:\n '])
      expect(readModule('m.py', open.repeat(5000)).imports.size).toBe(0)
  })
})

describe('over the repositories, some of their files gone', () => {
  const subsets = fc
    .constantFrom(...sources)
    .chain((files) =>
      fc.subarray(Object.keys(files)).map((kept) => Object.fromEntries(kept.map((path) => [path, files[path] ?? '']))),
    )

  test('a thin Dockerfile is one that needs no engine', () => {
    let read = 0
    fc.assert(
      fc.property(subsets, (files) => {
        for (const { path, content } of planOf(files, 'shop').plan.files) {
          if (!path.endsWith('.app')) continue
          read++
          expect(readRecipe(content, path, {}).steps.length).toBeGreaterThan(2)
        }
      }),
      { numRuns: 200 },
    )
    // About half of the subsets hold a service; that none does would prove nothing.
    expect(read).toBeGreaterThan(40)
  })

  test('init finds its own files in order: the second time nothing changes', () => {
    fc.assert(
      fc.property(subsets, (files) => {
        const first = planOf(files, 'shop').plan.files
        const written = { ...files, ...Object.fromEntries(first.map(({ path, content }) => [path, content])) }
        const second = planOf(written, 'shop').plan.files
        for (const { path, content } of second) {
          if (path === 'rampart.yml' || first.length === 2) continue
          expect({ path, content }).toEqual({ path, content: Object.hasOwn(written, path) ? written[path] : '' })
        }
      }),
      { numRuns: 200 },
    )
  })
})

test('differences lead from one text to the other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      const lines = difference(left, right)
      expect(lines.length === 0).toBe(left === right)
    }),
  )
})
