import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPlace, RampartError } from '../../../src/lib/errors/rampart-error.js'
import { readRecipe } from '../../../src/lib/image/recipe/recipe.js'

function problemsOf(text: string): readonly string[] {
  try {
    readRecipe(text, 'Dockerfile.app', {})
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    if (error.kind !== 'usage' || error.next.length === 0) throw error
    return error.problems.map(({ place, message }) => `${place === undefined ? '' : formatPlace(place)} ${message}`)
  }
  return []
}

function isReadOrRefused(text: string): boolean {
  try {
    return readRecipe(text, 'Dockerfile', {}).steps.length >= 0
  } catch (error) {
    return error instanceof RampartError
  }
}

describe('what is outside the subset is refused where it stands', () => {
  test.each([
    ['RUN pip install', 'Dockerfile.app:2:1 RUN needs a container'],
    ['  RUN x', 'Dockerfile.app:2:3 RUN needs a container'],
    ['ONBUILD COPY a b', 'Dockerfile.app:2:1 ONBUILD is for base images'],
    ['COPY --from=builder /a /b', 'Dockerfile.app:2:6 COPY --from copies from another image'],
    ['COPY --chown=1 \\\n   --from=x a b', 'Dockerfile.app:3:4 COPY --from copies from another image'],
    ['COPY --parents a b', 'Dockerfile.app:2:6 rampart does not build COPY --parents'],
    ['COPY --chwon=1 a b', 'Dockerfile.app:2:6 --chwon is not a flag of COPY'],
    ['ADD https://x.test/a /b', 'Dockerfile.app:2:5 ADD of a URL downloads while it builds'],
    ['ADD x git@x.test:a.git /b', 'Dockerfile.app:2:7 ADD of a URL downloads while it builds'],
    ['COPY http://x.test/a /b', 'Dockerfile.app:2:6 COPY cannot take a URL'],
    ['COPY <<EOF /b\nRUN x\nEOF', 'Dockerfile.app:2:6 a heredoc is a file that is not in the context'],
    ['COPY a', 'Dockerfile.app:2:6 COPY needs at least one source and a destination'],
    ['COPY ["a", 1]', 'Dockerfile.app:2:6 only strings can stand in this JSON array'],
    ['FROM other', 'Dockerfile.app:2:1 a second FROM begins another stage, and rampart builds one'],
    ['NOTHING x', 'Dockerfile.app:2:1 NOTHING is not an instruction that rampart knows'],
    ['ENV', 'Dockerfile.app:2:4 ENV needs at least one name=value'],
    ['ENV a', 'Dockerfile.app:2:5 ENV needs a value for a'],
    ['ENV a=b c', 'Dockerfile.app:2:9 c has no ='],
    ['LABEL a=b =c', 'Dockerfile.app:2:11 this LABEL has no name'],
    ['ARG =x', 'Dockerfile.app:2:5 this ARG has no name'],
    ['WORKDIR', 'Dockerfile.app:2:8 WORKDIR needs a value'],
    ['SHELL /bin/sh', 'Dockerfile.app:2:7 SHELL needs a JSON array'],
    ['HEALTHCHECK --interval=soon CMD x', 'Dockerfile.app:2:13 --interval is not a duration'],
    ['HEALTHCHECK --retries=0 CMD x', 'Dockerfile.app:2:13 --retries must be a whole number of at least 1'],
    ['HEALTHCHECK --timeout=1us CMD x', 'Dockerfile.app:2:13 --timeout cannot be less than 1ms'],
    ['HEALTHCHECK NONE x', 'Dockerfile.app:2:18 HEALTHCHECK NONE takes no arguments'],
    ['HEALTHCHECK PING', 'Dockerfile.app:2:13 HEALTHCHECK needs CMD or NONE'],
    [
      'LABEL a=b\\\\\nWORKDIR /x',
      'Dockerfile.app:2:11 this line ends in \\\\, which Docker does not read as a continuation',
    ],
  ])('%j', (line, expected) => {
    expect(problemsOf(`FROM base\n${line}\n`)).toEqual([expected])
  })

  test('all problems are said at once', () => {
    expect(problemsOf('COPY a b\nFROM base AS one\nRUN x\nCOPY --from=one /a /b\nENV x\nCMD x\n')).toEqual([
      'Dockerfile.app:1:1 COPY stands before FROM',
      'Dockerfile.app:3:1 RUN needs a container',
      'Dockerfile.app:4:6 COPY --from copies from another image',
      'Dockerfile.app:5:5 ENV needs a value for x',
    ])
  })

  test.each([
    ['', 'Dockerfile.app:1:1 there is no FROM'],
    ['# only a comment\n', 'Dockerfile.app:1:1 there is no FROM'],
    ['FROM scratch', 'Dockerfile.app:1:6 FROM scratch has no base to put a layer on'],
    ['FROM a b', 'Dockerfile.app:1:6 FROM takes an image, and a name after AS'],
    ['FROM UPPER', 'Dockerfile.app:1:6 UPPER is not an image reference'],
    ['ARG V\nFROM $V', 'Dockerfile.app:2:6 the base $V is empty'],
    ['FROM --plat=x a', 'Dockerfile.app:1:6 --plat is not a flag of FROM'],
    ['FROM ${a', 'Dockerfile.app:1:6 a } is missing'],
  ])('%j', (text, expected) => {
    expect(problemsOf(text)).toEqual([expected])
  })
})

describe('the base is known before it is read', () => {
  test.each([
    ['FROM base', {}, 'base'],
    ['ARG V=1\nARG R=host:5000/x\nFROM $R/base:${V}', {}, 'host:5000/x/base:1'],
    ['ARG V=1\nFROM base:$V', { V: '2' }, 'base:2'],
    ['ARG V\nFROM base:${V:-latest} AS x', {}, 'base:latest'],
    ['ARG A=$TARGETARCH\nFROM --platform=$TARGETPLATFORM base-$A', {}, 'base-amd64'],
  ])('%j %j', (text, buildArgs, reference) => {
    expect(readRecipe(text, 'Dockerfile', buildArgs).from).toMatchObject({ reference })
  })

  test('the platform can be another', () => {
    const { from } = readRecipe('FROM --platform=$BUILDPLATFORM a', 'Dockerfile', {}, 'linux/arm64/v8')
    expect(from.platform).toBe('linux/arm64/v8')
  })
})

describe('instructions keep their words', () => {
  test('flags, JSON and quotes', () => {
    const { steps } = readRecipe(
      'FROM b\nCOPY --link --chown="a b":c --chmod=u=rwX ["x y", "z"]\nENV a="1 2" b=3\\ 4\nCMD [ "x" ] \nARG p q="r s"\n',
      'Dockerfile',
      {},
    )
    expect(steps).toMatchObject([
      {
        kind: 'copy',
        add: false,
        sources: ['x y'],
        destination: 'z',
        chown: 'a b:c',
        chmod: 'u=rwX',
        link: true,
      },
      {
        kind: 'env',
        pairs: [
          { key: 'a', value: '"1 2"' },
          { key: 'b', value: '3\\ 4' },
        ],
      },
      { kind: 'cmd', command: { form: 'exec', words: ['x'] } },
      { kind: 'arg', items: [{ name: 'p' }, { name: 'q', value: '"r s"' }] },
    ])
  })

  test('any text is read or refused, never more', () => {
    const piece = fc.constantFrom(
      ...'FROM base|COPY a b|RUN x|ENV a=b|\n|\\|"|\'| |#|[|]|--from=|--|$|{|}|<<EOF|EOF|HEALTHCHECK|# escape=`|`|,|ü|\r'.split(
        '|',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        expect(isReadOrRefused(pieces.join(''))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})
