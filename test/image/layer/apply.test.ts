import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RampartError, formatPlace } from '../../../src/lib/errors/rampart-error.js'
import { applyRecipe, encodeImageConfig, type AppliedRecipe, type Base } from '../../../src/lib/image/layer/apply.js'
import { unknownBaseFacts, type BaseFacts } from '../../../src/lib/image/base/base-facts.js'
import { parseChmod } from '../../../src/lib/image/recipe/chmod.js'
import { walkContext } from '../../../src/lib/image/context/context.js'
import { readRecipe } from '../../../src/lib/image/recipe/recipe.js'
import { emptyBase, withProject, type Files } from '../support/project.js'
import { makeTar } from '../support/tar.js'

const unknown: Base = { ...emptyBase, facts: unknownBaseFacts('the base was not read') }

async function apply(
  body: string,
  files: Files = { a: 'a', 'd/x': 'x' },
  base: Base = emptyBase,
  buildArgs: Readonly<Record<string, string>> = {},
): Promise<AppliedRecipe> {
  return withProject(files, async (root) => {
    const recipe = readRecipe(`FROM base\n${body}\n`, 'Dockerfile', buildArgs)
    const context = await walkContext(root, { dockerfile: join(root, 'Dockerfile'), recipe })
    return applyRecipe(recipe, base, context, { created: '2026-01-02T03:04:05Z' })
  })
}

async function problemsOf(body: string, files?: Files, base?: Base): Promise<readonly string[]> {
  try {
    await apply(body, files, base)
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    return error.problems.map(({ place, message }) => `${place === undefined ? '' : formatPlace(place)} ${message}`)
  }
  return []
}

const listed = ({ entries }: AppliedRecipe): readonly string[] =>
  entries.map((entry) => `${entry.path} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid}`)

describe('a base that could not be read', () => {
  test('its well-known directories are left as they are, but for those whose mode would be lost', async () => {
    const applied = await apply(
      'COPY a /usr/local/bin/\nCOPY a /opt/app/\nCOPY a /tmp/\nCOPY a /root/',
      undefined,
      unknown,
    )
    expect(listed(applied)).toEqual([
      'opt/app 755 0:0',
      'opt/app/a 644 0:0',
      'root 700 0:0',
      'root/a 644 0:0',
      'tmp 1777 0:0',
      'tmp/a 644 0:0',
      'usr/local/bin/a 644 0:0',
    ])
    expect(applied.notes).toEqual(['the base was not read'])
  })

  test('so are its working directory and those above it, and the homes of its users', async () => {
    const facts: BaseFacts = { ...unknown.facts, passwd: 'app:x:1:1::/srv/home/app:/bin/sh\n' }
    const base: Base = { ...unknown, config: { ...unknown.config, config: { WorkingDir: '/code/app' } }, facts }
    const applied = await apply('COPY a .\nCOPY a /srv/home/app/\nCOPY a sub/\nCOPY a /code', undefined, base)
    expect(listed(applied)).toEqual([
      'code/a 644 0:0',
      'code/app/a 644 0:0',
      'code/app/sub 755 0:0',
      'code/app/sub/a 644 0:0',
      'srv/home/app/a 644 0:0',
    ])
  })

  test('what may be a link there is refused with the way out', async () => {
    expect(await problemsOf('COPY a /bin/\nCOPY a /lib64/x\nCOPY a /var/run/x', undefined, unknown)).toEqual([
      'Dockerfile:2:1 /bin is a link in most bases, and this base could not be read to know',
      'Dockerfile:3:1 /lib64 is a link in most bases, and this base could not be read to know',
      'Dockerfile:4:1 /var/run is a link in most bases, and this base could not be read to know',
    ])
  })

  test('names of owners are refused with the line, numbers are not', async () => {
    expect(
      await problemsOf(
        'COPY --chown=app a /x/\nUSER app\nWORKDIR /mine\nCOPY --chown=1:staff a /x/',
        undefined,
        unknown,
      ),
    ).toEqual([
      'Dockerfile:2:1 the user app was not found: the base was not read',
      'Dockerfile:4:1 the user app was not found: the base was not read',
      'Dockerfile:5:1 the group staff was not found: the base was not read',
    ])
    expect(listed(await apply('COPY --chown=7:8 a /x/', undefined, unknown))).toEqual(['x 755 7:8', 'x/a 644 7:8'])
  })
})

describe('a base that could be read', () => {
  const facts: BaseFacts = {
    ...emptyBase.facts,
    passwd: 'app:x:10:20::/home/app:\n',
    group: 'staff:x:50:\n',
    directories: new Map([
      ['/odd', { mode: 0o2770, uid: 7, gid: 8 }],
      ['/odd/unsure', undefined],
    ]),
  }
  const base: Base = { ...emptyBase, facts }

  test('the directories above an entry come with what they are in the base, as far as that is sure', async () => {
    expect(listed(await apply('COPY a /odd/unsure/new/', undefined, base))).toEqual([
      'odd 2770 7:8',
      'odd/unsure/new 755 0:0',
      'odd/unsure/new/a 644 0:0',
    ])
  })

  test('unknown users are refused with the line', async () => {
    expect(await problemsOf('COPY --chown=nobody a /\nCOPY --chown=app:nogroup a /', undefined, base)).toEqual([
      'Dockerfile:2:1 the base has no user nobody in its /etc/passwd',
      'Dockerfile:3:1 the base has no group nogroup in its /etc/group',
    ])
  })
})

describe('sources', () => {
  test('everything wrong is said at once, with what left it out', async () => {
    const files: Files = { a: 'a', 'd/x': 'x', '.dockerignore': '# first\nd\n' }
    expect(
      await problemsOf(
        'COPY none /x\nENV X=${y:?missing}\nCOPY d/x /x\nCOPY a d?x /x\nCOPY a .docker* /x\nSTOPSIGNAL NO\nEXPOSE x',
        files,
      ),
    ).toEqual([
      'Dockerfile:2:1 none is not in the build context',
      'Dockerfile:3:1 y: missing',
      'Dockerfile:4:1 d/x is left out of the build context by line 2 of the ignore file: d',
      'Dockerfile:6:1 several sources cannot become the one file /x',
      'Dockerfile:7:1 NO is not a signal',
      'Dockerfile:8:1 x is not a port to expose; write e.g. 8000 or 53/udp',
    ])
  })

  test('a path that no Linux system can open is refused', async () => {
    expect(await problemsOf(`COPY a /${'x'.repeat(256)}\nWORKDIR /${'y/'.repeat(2100)}`)).toEqual([
      `Dockerfile:2:1 the path is too long for a Linux system: /${'x'.repeat(59)}…`,
      `Dockerfile:3:1 the path is too long for a Linux system: /${'y/'.repeat(29)}y…`,
    ])
  })

  test('a wildcard without a match is noted', async () => {
    expect((await apply('COPY a *.none /x/')).notes).toEqual(['nothing in the build context matches *.none'])
  })

  test('an archive is not for ADD, a file that only looks packed is', async () => {
    await withProject({ plain: 'plain' }, async (root) => {
      const tar = makeTar([{ path: 'x', kind: 'file', content: 'x' }])
      writeFileSync(join(root, 'a.tar'), tar)
      writeFileSync(join(root, 'b.tgz'), gzipSync(tar))
      writeFileSync(join(root, 'c.gz'), gzipSync('no archive '.repeat(100)))
      const recipe = readRecipe(
        'FROM b\nADD a.tar /\nADD b.tgz /\nADD c.gz plain /x/\nCOPY a.tar /y/\n',
        'Dockerfile',
        {},
      )
      const context = await walkContext(root, { dockerfile: 'Dockerfile', recipe })
      expect(() => applyRecipe(recipe, emptyBase, context, { created: '' })).toThrow(
        expect.objectContaining({
          problems: [
            expect.objectContaining({ message: 'ADD would unpack the archive a.tar' }),
            expect.objectContaining({ message: 'ADD would unpack the archive b.tgz' }),
          ],
        }),
      )
    })
  })

  test('only what the Dockerfile can reach is walked', async () => {
    const files: Files = { 'src/a': '', 'src/deep/b': '', 'node_modules/x/y': '', 'other/z': '', top: '' }
    await withProject(files, async (root) => {
      const paths = async (body: string): Promise<readonly string[]> => {
        const recipe = readRecipe(`FROM b\n${body}\n`, 'Dockerfile', {})
        const context = await walkContext(root, { dockerfile: 'Dockerfile', recipe })
        return context.entries.map(({ path }) => path)
      }
      expect(await paths('COPY src/deep top /x/')).toEqual(['src', 'src/deep', 'src/deep/b', 'top'])
      expect(await paths('COPY src/* /x/')).toEqual(['src', 'src/a', 'src/deep', 'src/deep/b'])
      expect(await paths('COPY $X /x/')).toHaveLength(10)
      expect(await paths('COPY s* /x/')).toHaveLength(10)
      expect(await paths('COPY src/$X/../../top /x/')).toHaveLength(10)
      expect(await paths('CMD x')).toEqual([])
      spawnSync('ln', ['-s', '../other', join(root, 'src/link')])
      expect(await paths('COPY src/link/z /x/')).toHaveLength(11)
    })
  })

  test('what is neither file nor directory nor link is noted and left out', async () => {
    await withProject({ 'd/a': 'a' }, async (root) => {
      expect(spawnSync('/bin/sh', ['-c', 'mkfifo "$0"', join(root, 'd/pipe')]).status).toBe(0)
      const recipe = readRecipe('FROM b\nCOPY d /d/\n', 'Dockerfile', {})
      const context = await walkContext(root, { dockerfile: 'Dockerfile', recipe })
      const applied = applyRecipe(recipe, emptyBase, context, { created: '' })
      expect(listed(applied)).toEqual(['d 755 0:0', 'd/a 644 0:0'])
      expect(applied.notes).toEqual(['d/pipe is a fifo and was not copied'])
    })
  })

  test('names that are not UTF-8 are refused', async () => {
    await withProject({ a: '' }, async (root) => {
      writeFileSync(Buffer.concat([Buffer.from(`${root}/b`), Buffer.from([0xff])]), '')
      await expect(walkContext(root, { dockerfile: 'Dockerfile' })).rejects.toMatchObject({
        kind: 'usage',
        problems: [{ message: 'its name is not UTF-8, which no image can hold' }],
      })
    })
  })

  test('a context that is no directory is refused', async () => {
    await withProject({ a: '' }, async (root) => {
      await expect(walkContext(join(root, 'a'), { dockerfile: 'x' })).rejects.toMatchObject({ kind: 'usage' })
      await expect(walkContext(join(root, 'none'), { dockerfile: 'x' })).rejects.toMatchObject({ kind: 'usage' })
    })
  })

  test('what cannot be read is named', async () => {
    await withProject({}, async (root) => {
      // Deeper than a path can say; no permission would keep root out.
      const name = 'd'.repeat(200)
      const script = `for i in $(seq 20); do mkdir ${name} && cd ${name} || exit 1; done; echo > ${name}`
      expect(spawnSync('/bin/sh', ['-c', script], { cwd: root }).status).toBe(0)
      await expect(walkContext(root, { dockerfile: 'x' })).rejects.toMatchObject({
        kind: 'usage',
        problems: [{ message: expect.stringContaining('cannot be read (ENAMETOOLONG)') }],
      })
      expect(spawnSync('rm', ['-rf', name], { cwd: root }).status).toBe(0)
    })
  })
})

describe('the configuration', () => {
  const base: Base = {
    ...emptyBase,
    config: {
      ...emptyBase.config,
      created: '2020-01-01T00:00:00Z',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] },
      history: [{ created_by: 'base' }],
      config: { Labels: { of: 'base', rampart: 'base' }, OnBuild: ['ENV FROM_BASE=yes', 'LABEL by=trigger'] },
    },
  }

  test('has one line of history for each instruction, and one of them is the layer', async () => {
    const applied = await apply('ENV a=b\nCOPY a /x\nWORKDIR /y\nCMD ["z"]', undefined, base)
    const config = applied.config({ diffId: `sha256:${'2'.repeat(64)}` })
    expect(config.history?.map(({ created_by, empty_layer }) => [created_by, empty_layer === true])).toEqual([
      ['base', false],
      ['ENV FROM_BASE=yes', true],
      ['LABEL by=trigger', true],
      ['ENV a=b', true],
      ['COPY a /x', true],
      ['WORKDIR /y', false],
      ['CMD ["z"]', true],
    ])
    expect(config.rootfs.diff_ids).toEqual([`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`])
    expect(config.created).toBe('2026-01-02T03:04:05Z')
    expect(config.config?.Env).toContain('FROM_BASE=yes')
    expect(config.config).not.toHaveProperty('OnBuild')
  })

  test('has no layer when nothing is copied', async () => {
    const applied = await apply('ENV a=b\nWORKDIR /', undefined, base)
    expect(applied.entries).toEqual([])
    expect(applied.config().rootfs.diff_ids).toHaveLength(1)
    expect(() => applied.config({ diffId: `sha256:${'2'.repeat(64)}` })).toThrow(RampartError)
  })

  test('labels given from outside win over those of the file and the base', async () => {
    await withProject({}, async (root) => {
      const recipe = readRecipe('FROM b\nLABEL rampart=file other=file\n', 'Dockerfile', {})
      const context = await walkContext(root, { dockerfile: 'Dockerfile', recipe })
      const applied = applyRecipe(recipe, base, context, { created: '', labels: { rampart: 'outside' } })
      expect(applied.config().config?.Labels).toEqual({ of: 'base', by: 'trigger', rampart: 'outside', other: 'file' })
    })
  })

  test('triggers of the base that are outside the subset are refused', async () => {
    const withRun: Base = { ...base, config: { ...base.config, config: { OnBuild: ['RUN x', 'COPY a /b'] } } }
    expect(await problemsOf('CMD x', undefined, withRun)).toEqual(['ONBUILD of the base:1:1 RUN needs a container'])
  })

  test('values of build arguments stay out of the history, and those that no ARG declares are noted', async () => {
    const buildArgs = { TOKEN: 'hush', OTHER: 'x', HTTP_PROXY: 'http://p.test' }
    const applied = await apply('ARG TOKEN=none\nCOPY a /x', undefined, base, buildArgs)
    expect(JSON.stringify(applied.config({ diffId: `sha256:${'2'.repeat(64)}` }))).not.toContain('hush')
    expect(applied.notes).toEqual(['the build argument OTHER is not declared by an ARG and has no effect'])
  })

  test('equal configurations have equal bytes', () => {
    const one = encodeImageConfig({ ...emptyBase.config, config: { Labels: { b: '1', a: '2' }, User: 'x' } })
    const other = encodeImageConfig({ config: { User: 'x', Labels: { a: '2', b: '1' } }, ...emptyBase.config })
    expect(one).toEqual(other)
  })
})

describe('--chmod', () => {
  test.each([
    ['755', 0o644, false, 0o755],
    ['4711', 0o644, false, 0o4711],
    ['u=rwX,go=rX', 0o644, false, 0o644],
    ['u=rwX,go=rX', 0o755, false, 0o755],
    ['u=rwX,go=rX', 0o644, true, 0o755],
    ['go-rwx', 0o755, false, 0o700],
    ['+x', 0o644, false, 0o755],
    ['a=', 0o755, false, 0],
    ['g=u', 0o755, false, 0o775],
    ['u+s,+t', 0o755, true, 0o5755],
    ['u=rw-w,o+w', 0o755, false, 0o457],
  ])('%s of %o (directory: %s)', (text, mode, isDirectory, expected) => {
    expect(parseChmod(text)?.(mode, isDirectory)).toBe(expected)
  })

  test.each(['', '9', '99999', 'x', 'u', 'u=y', 'u=r,,g=r', '77777'])('%j is no mode', (text) => {
    expect(parseChmod(text)).toBeUndefined()
  })
})
