import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { walkContext } from '../../../src/lib/image/context/context.js'
import { parseDockerignore } from '../../../src/lib/image/context/dockerignore.js'
import { withProject, type Files } from '../support/project.js'

const tree: Files = {
  'a/b/c': '',
  'a/b/d.txt': '',
  'a/x.py': '',
  'b/c/x.py': '',
  'x.py': '',
  'deep/empty': null,
  'a^b': '',
  'a-b/c': '',
}

async function left(ignore: string): Promise<readonly string[]> {
  return withProject({ ...tree, '.dockerignore': ignore }, async (root) => {
    const context = await walkContext(root, { dockerfile: `${root}/Dockerfile` })
    return context.entries.filter((entry) => entry.kind === 'file').map((entry) => entry.path)
  })
}

const all = ['.dockerignore', 'a-b/c', 'a/b/c', 'a/b/d.txt', 'a/x.py', 'a^b', 'b/c/x.py', 'x.py']
const without = (...paths: readonly string[]): readonly string[] => all.filter((path) => !paths.includes(path))

describe('.dockerignore', () => {
  test.each<readonly [string, readonly string[]]>([
    ['', all],
    ['# a\n\n   \n', all],
    ['x.py', without('x.py')],
    ['a-b', without('a-b/c')],
    ['?-*', without('a-b/c')],
    ['**/x.py', without('x.py', 'a/x.py', 'b/c/x.py')],
    ['*/x.py', without('a/x.py')],
    ['/a/', without('a/b/c', 'a/b/d.txt', 'a/x.py')],
    ['./a/b/../x.py', without('a/x.py')],
    ['a\n!a/b', without('a/x.py')],
    ['a\n!a/b\na/b/c', without('a/x.py', 'a/b/c')],
    ['!a/x.py\na', without('a/b/c', 'a/b/d.txt', 'a/x.py')],
    ['*\n!**/*.py', ['a/x.py', 'b/c/x.py', 'x.py']],
    ['**\n!**/d.txt', ['a/b/d.txt']],
    ['*\n!a/b/**', ['a/b/c', 'a/b/d.txt']],
    ['**/b', without('a/b/c', 'a/b/d.txt', 'b/c/x.py')],
    ['a/**', without('a/b/c', 'a/b/d.txt', 'a/x.py')],
    ['**/*.py\n!b/**/x.py', without('a/x.py', 'x.py')],
    ['[a-b]/[b-c]', without('a/b/c', 'a/b/d.txt', 'b/c/x.py')],
    ['a^b\na[^x]b', without('a^b', 'a-b/c')],
    ['  x.py  ', without('x.py')],
    ['\uFEFFx.py', without('x.py')],
    ['x.py\r\na\r\n', without('x.py', 'a/b/c', 'a/b/d.txt', 'a/x.py')],
  ])('%j', async (ignore, expected) => {
    expect(await left(ignore)).toEqual(expected)
  })

  test('the ignore file beside the Dockerfile wins, whatever it is called', async () => {
    await withProject({ a: '', b: '', '.dockerignore': 'a', 'Dockerfile.app.dockerignore': 'b' }, async (root) => {
      const context = await walkContext(root, { dockerfile: `${root}/Dockerfile.app` })
      expect(context.entries.map(({ path }) => path)).toEqual(['.dockerignore', 'Dockerfile.app.dockerignore', 'a'])
      expect(context.ignoreFile).toBe(`${root}/Dockerfile.app.dockerignore`)
      expect(context.excludedBy('b')).toEqual({ line: 1, pattern: 'b' })
      expect(context.excludedBy('a')).toBeUndefined()
    })
  })

  test('an excluded directory is kept when something in it is taken back, and not otherwise', async () => {
    await withProject({ 'a/b': '', 'c/d': '', '.dockerignore': '*\n!a/b\n!c/none' }, async (root) => {
      const context = await walkContext(root, { dockerfile: `${root}/Dockerfile` })
      expect(context.entries.map(({ path }) => path)).toEqual(['a', 'a/b'])
    })
  })

  test.each([
    ['a\n[', 2],
    ['!', 1],
    ['x\n\n[a-]', 3],
  ])('the malformed pattern in %j is refused with its line', (text, line) => {
    expect(() => parseDockerignore(text, '.dockerignore')).toThrow(
      expect.objectContaining({ kind: 'usage', place: { file: '.dockerignore', line, column: 1 } }),
    )
  })
})

function ask(text: string, of: string): boolean {
  return parseDockerignore(text, 'f').whyIgnored(of) !== undefined
}

describe('properties', () => {
  const part = fc.stringMatching(/^[a-c.é ]{1,4}$/).filter((text) => text.trim() === text && !/^\.\.?$/.test(text))
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  test('a path ignores itself and all below it, and nothing beside it', () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        const below = other === one || other.startsWith(`${one}/`)
        expect(ask(one, other)).toBe(below)
        expect(ask(`/${one}/`, other)).toBe(below)
        expect(ask(`**/${one}`, `x/y/${one}/z`)).toBe(true)
      }),
    )
  })

  test('an exception at the end takes its path back', () => {
    fc.assert(
      fc.property(path, fc.array(path), (one, others) => {
        expect(ask([...others, '**', `!${one}`].join('\n'), one)).toBe(false)
        expect(ask([`!${one}`, ...others, one].join('\n'), one)).toBe(true)
      }),
    )
  })
})
