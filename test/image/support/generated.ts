import * as fc from 'fast-check'
import type { Case } from './cases.js'
import type { Files } from './project.js'

const name = fc.constantFrom('a', 'b', 'c.txt', 'x.py', 'd e', 'ü', '.hidden', 'deep', 'file')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const content = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.string({ maxLength: 9 }).map((script) => ({ script })) },
  { weight: 2, arbitrary: fc.constantFrom('a', '../b', '/x.py', '../../../etc', 'nowhere').map((link) => ({ link })) },
)

/** A tree in which no file stands where another path needs a directory. */
const files = fc.array(fc.tuple(path, content), { minLength: 2, maxLength: 12 }).map((entries): Files => {
  const kept = new Map<string, Files[string]>()
  for (const [at, what] of entries) {
    const clashes = Array.from(kept.keys()).some((known) => known.startsWith(`${at}/`) || at.startsWith(`${known}/`))
    if (!clashes && !kept.has(at)) kept.set(at, what)
  }
  return Object.fromEntries(kept)
})

const destination = fc.constantFrom(
  '.', './', '/', '/app', '/app/', 'sub', 'sub/', 'sub/x', '/odd', '/odd/', '/odd/deep/', '/odd/file', '/link', '/link/',
  '/link/sub/', '/new/deep/dir/', '/etc/', '/etc/settings', '/filelink', '/dangling/', '/bin/', '/tmp/x/y', '$BASE_DIR/',
  '/${X:-y}/', '..', '/home/app/a',
) // prettier-ignore
const owner = fc.constantFrom(
  '',
  '',
  '',
  '--chown=app ',
  '--chown=app:staff ',
  '--chown=5:6 ',
  '--chown=1000 ',
  '--chown=$O ',
)
const mode = fc.constantFrom('', '', '', '--chmod=755 ', '--chmod=600 ')
const wildcard = fc.constantFrom('*', '*.py', '?', '[a-c]*', 'a/*', '*/*', '.*', 'nothing*')

// An ignore file leaves most of what is named one by one out, and a build that fails on both sides says little.
const copy = (known: readonly string[], ignored: boolean): fc.Arbitrary<string> =>
  fc
    .record({
      word: fc.constantFrom('COPY', 'COPY', 'ADD'),
      owner,
      mode,
      sources: fc.array(
        fc.oneof(
          { weight: ignored ? 3 : 60, arbitrary: fc.constantFrom(...known) },
          { weight: ignored ? 30 : 8, arbitrary: fc.constant('.') },
          { weight: 20, arbitrary: wildcard },
          { weight: 1, arbitrary: path },
        ),
        { minLength: 1, maxLength: 2 },
      ),
      destination,
      slash: fc.integer({ min: 0, max: 9 }),
    })
    .map(({ word, owner: flags, mode: modes, sources, destination: at, slash }) => {
      // Where several sources go there is nearly always a directory.
      const several = sources.length > 1 || sources.some((source) => /[*?[]/.test(source))
      const to = several && slash > 0 && !/\/$|file|settings/.test(at) ? `${at}/` : at
      // A mode is for COPY: what ADD does with it changed between releases of the engine.
      const start = `${word} ${flags}${word === 'ADD' ? '' : modes}`
      return `${start}${JSON.stringify([...sources, to])}`
    })

const value = fc.constantFrom(
  '1',
  '"two words"',
  "'single $A'",
  '$A',
  '${A:-else}',
  '${B:+set}',
  'a\\ b',
  '"\\"q\\""',
  '$$',
  '',
)
const setting = fc.oneof(
  fc.tuple(fc.constantFrom('A', 'B', 'X'), value).map(([key, text]) => `ENV ${key}=${text}`),
  fc.tuple(fc.constantFrom('A', 'B'), value).map(([key, text]) => `ARG ${key}=${text}`),
  fc.tuple(fc.constantFrom('l', 'of'), value).map(([key, text]) => `LABEL ${key}=${text} other=x`),
  fc.constantFrom('/app', 'rel', '/odd/deep', '/link/w', '/$A', '/tmp').map((to) => `WORKDIR ${to}`),
  fc.constantFrom('ENV O=5:6', 'ARG O=app', 'ENV O=app:staff'),
  fc.constantFrom('app', '5:6', 'app:staff', '0', '1000').map((user) => `USER ${user}`),
  fc.constantFrom('CMD ["a"]', 'CMD run $A', 'ENTRYPOINT ["e"]', 'ENTRYPOINT go', 'EXPOSE 80 90/udp', 'VOLUME /v'),
)

// With exceptions the corpus keeps to what every release of the engine reads alike: before 23.0 a pattern with slashes
// was compared with one directory above a path only, and a directory that an exception could be in was kept even when
// nothing was in it. What newer ones do instead is in dockerignore.test.ts.
const pattern = fc.constantFrom('a', 'b', '*.py', '**/*.txt', '*', 'a/b', '**/ü', 'deep', '/a/', '.*', '**/x.py', 'd e')
const simple = fc.constantFrom('a', 'b', '*.py', '*', 'deep', '.*', 'd e', '?', '[x-z].py', '/file/')
const ignoreFile = (tree: Files): fc.Arbitrary<readonly string[] | null> => {
  const nested = Object.keys(tree).filter((key) => key.includes('/'))
  const patterns = fc.oneof(fc.constant(null), fc.array(pattern, { minLength: 1, maxLength: 4 }))
  if (nested.length === 0) return patterns
  const exceptions = fc.array(
    fc.constantFrom(...nested).map((key) => `!${key}`),
    { minLength: 1, maxLength: 3 },
  )
  const excluded = fc.array(simple, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    patterns,
    fc.tuple(excluded, exceptions).map((lines) => lines.flat()),
  )
}

/** A random context with a random Dockerfile of the subset and a random ignore file. */
export const generatedCase: fc.Arbitrary<Case> = files.chain((tree) => {
  const known = Object.keys(tree).flatMap((key) => [
    key,
    ...(key.includes('/') ? [key.slice(0, key.indexOf('/'))] : []),
  ])
  return ignoreFile(tree).chain((ignore) => {
    const step = fc.oneof({ weight: 3, arbitrary: copy(known, ignore !== null) }, { weight: 2, arbitrary: setting })
    return fc.array(step, { minLength: 1, maxLength: 6 }).map((steps): Case => ({
      name: 'generated',
      dockerfile: ['FROM BASE', ...steps, ''].join('\n'),
      files: ignore === null ? tree : { ...tree, '.dockerignore': ignore.join('\n') },
    }))
  })
})
