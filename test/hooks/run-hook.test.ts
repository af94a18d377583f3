import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunFacts } from '../../src/lib/domain/run-facts.js'
import { createLines } from '../../src/lib/hooks/lines.js'
import { runHook } from '../../src/lib/hooks/run-hook.js'
import { HeldClock, hookFolder, hookOptions, isAlive, listen, secret } from './support.js'

const digest = `sha256:${'a'.repeat(64)}` as const
const facts: RunFacts = {
  command: 'deploy',
  app: 'rampart-ai',
  environment: 'production',
  simulated: true,
  release: {
    id: 'r-1',
    app: 'rampart-ai',
    environment: 'production',
    images: [{ service: 'back-end', repository: 'registry.example.com/back', digest }],
  },
  revision: { name: 'lt-1', number: '8' },
  from: { name: 'lt-1', number: '7' },
  source: { commit: 'c0ffee', subject: 'It’s "quoted" $HOME `id` \\ end', dirty: false, version: 'v1.2.3-4-gc0ffee' },
}

/** Runs a script as the hook of that name. */
async function run(
  script: string,
  changes: Parameters<typeof hookOptions>[1] = {},
  controller = new AbortController(),
) {
  const directory = await hookFolder({ 'pre-deploy': script })
  const heard = listen(controller)
  const result = runHook('pre-deploy', `${directory}/pre-deploy`, facts, hookOptions(directory, changes), heard.run)
  return { ...heard, directory, result }
}

describe('what a hook is told', () => {
  test('the release as variables, and nothing of what is not known', async () => {
    const environment = { PATH: process.env['PATH'], OWN: 'mine', RAMPART_OUTCOME: 'of another run' }
    const { result, lines } = await run('env | grep -E "^(RAMPART|OWN|AWS)" | sort', { environment })
    expect(await result).toEqual({ outcome: 'done', tail: expect.any(Array) })
    expect(lines()).toEqual(
      [
        'OWN=mine',
        'RAMPART_APP=rampart-ai',
        'RAMPART_COMMAND=deploy',
        'RAMPART_COMMIT=c0ffee',
        `RAMPART_DIGEST_BACK_END=${digest}`,
        'RAMPART_ENVIRONMENT=production',
        'RAMPART_HOOK=pre-deploy',
        `RAMPART_IMAGES=registry.example.com/back@${digest}`,
        `RAMPART_IMAGE_BACK_END=registry.example.com/back@${digest}`,
        'RAMPART_PREVIOUS_REVISION=7',
        'RAMPART_RELEASE=r-1',
        'RAMPART_REVISION=8',
        'RAMPART_REVISION_NAME=lt-1',
        'RAMPART_SIMULATED=true',
        'RAMPART_SUBJECT=It’s "quoted" $HOME `id` \\ end',
        'RAMPART_VERSION=v1.2.3-4-gc0ffee',
      ].toSorted((one, other) => (one < other ? -1 : 1)),
    )
  })

  test('one JSON document on its standard input, of version 1', async () => {
    const { result, directory } = await run('cat > told.json')
    expect(await result).toMatchObject({ outcome: 'done' })
    const { readFile } = await import('node:fs/promises')
    expect(JSON.parse(await readFile(`${directory}/told.json`, 'utf8'))).toEqual({ v: 1, hook: 'pre-deploy', ...facts })
  })

  test('its folder is that of the project, and nobody can be asked', async () => {
    const { result, lines, directory } = await run('pwd -P; exec < /dev/tty && echo a person')
    expect(await result).toMatchObject({ outcome: 'failed' })
    expect(lines()[0]).toMatch(new RegExp(`${directory.split('/').at(-1)}$`))
    expect(lines()).not.toContain('a person')
  })

  test('need not be read, however long it is', async () => {
    const many = {
      ...facts,
      end: { outcome: 'done', exitCode: 0, message: '', problems: ['x'.repeat(1_000_000)], next: [], duration: 1 },
    }
    const directory = await hookFolder({ failed: 'exit 0' })
    const { run: context } = listen()
    const result = await runHook('failed', `${directory}/failed`, many, hookOptions(directory), context)
    expect(result).toEqual({ outcome: 'done', tail: [] })
  })
})

describe('what a hook writes', () => {
  test('comes line by line from both streams, without sequences and secrets', async () => {
    const script = [
      String.raw`printf '\033[31mred\033[0m\n'`,
      `printf 'token ${secret} and hunt'; printf '\\033[1mer2-and-more\\n'`,
      String.raw`printf '10 %%\r50 %%\r100 %%\n'`,
      'echo error >&2',
      'printf last',
    ]
    const { result, lines } = await run(script.join('\n'))
    expect(await result).toMatchObject({ outcome: 'done' })
    const said = lines()
    expect(said.filter((line) => line !== 'error')).toEqual(['red', 'token *** and ***', '100 %', 'last'])
    expect(said).toContain('error')
  })

  test('is bounded in lines, and its last ones are kept', async () => {
    const { result, lines } = await run('seq 1 200000; exit 3')
    const { outcome, why, tail } = await result
    expect({ outcome, why }).toEqual({ outcome: 'failed', why: 'it ended with code 3' })
    expect(lines()).toHaveLength(501)
    expect(lines().slice(-2)).toEqual(['500', 'more output follows that is not shown'])
    expect(tail).toEqual(Array.from({ length: 10 }, (_, n) => String(199_991 + n)))
  })

  test('is bounded in characters; a secret that the cut would halve is hidden whole', async () => {
    const pad = 500 - 6
    const { result, lines } = await run(
      `head -c ${pad} /dev/zero | tr '\\0' x; echo ${secret} tail; head -c 20000000 /dev/zero | tr '\\0' y`,
    )
    await result
    expect(lines()[0]).toBe(`${'x'.repeat(pad)}*** ta`)
    expect(lines()[1]).toBe('y'.repeat(500))
    expect(lines()).toHaveLength(2)
  })

  test('a character that is cut into two reads stays whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'))),
        fc.integer({ min: 1, max: 7 }),
        (texts, size) => {
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''))
          const seen: string[] = []
          const lines = createLines((line) => seen.push(line), 1000)
          for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size))
          lines.end()
          // A decoder takes the mark at the beginning of a stream for its own.
          expect(seen.map((line) => line.replace(/^\uFEFF/, ''))).toEqual(
            texts.map((text) => text.replace(/^\uFEFF/, '')),
          )
        },
      ),
    )
  })
})

describe('how a hook ends', () => {
  test('too late: with all that it started, its children too', async () => {
    const clock = new HeldClock()
    const { result, line, lines } = await run('sleep 300 & echo $!\nsleep 301 & echo up\nwait', {
      clock,
      timeout: 90_000,
    })
    await line('up')
    expect(clock.ring()).toEqual([90_000])
    expect(await result).toMatchObject({ outcome: 'failed', why: 'it ran longer than 90s and was ended' })
    expect(isAlive(Number(lines()[0]))).toBe(false)
  })

  test('with the run: its signal ends it and all that it started', async () => {
    const { result, line, lines, controller, events } = await run('sleep 300 & echo $!\necho up\nwait')
    await line('up')
    controller.abort(new Error('Ctrl-C'))
    expect(await result).toMatchObject({ outcome: 'stopped' })
    expect(isAlive(Number(lines()[0]))).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'hook.finished', hook: 'pre-deploy', outcome: 'stopped' })
  })

  test('although what it left running holds its output open', async () => {
    const { result, lines } = await run('sleep 300 & echo $!\necho bye')
    expect(await result).toMatchObject({ outcome: 'done' })
    const pid = Number(lines()[0])
    // What a hook leaves behind on purpose is not rampart's.
    expect(isAlive(pid)).toBe(true)
    process.kill(pid)
  })

  test.each([
    ['#!/nowhere/interpreter\n', 'it could not be started: the program that its first line names is not there'],
    ['kill -9 $$', 'it was ended by SIGKILL'],
    ['exit 42', 'it ended with code 42'],
  ])('%j: %s', async (script, why) => {
    const { result, events } = await run(script)
    expect(await result).toMatchObject({ outcome: 'failed', why })
    expect(events.at(-1)).toMatchObject({ type: 'hook.finished', outcome: 'failed', reason: why })
  })
})
