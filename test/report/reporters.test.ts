import { spawn } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../src/lib/events/codec.js'
import type { Event, EventBody } from '../../src/lib/events/event.js'
import { resultJson } from '../../src/lib/report/result-json.js'
import { asciiGlyphs } from '../../src/lib/terminal/glyphs.js'
import { createMask } from '../../src/lib/terminal/mask.js'
import { fold } from '../../src/lib/view/fold.js'
import { initialView } from '../../src/lib/view/view.js'
import { anyEvent } from '../events/arbitrary.js'
import { play, recorded, recordings, secret, type Played } from './play.js'

const golden = (name: string): string => `../golden/report/${name}`

function sheet({ stdout, stderr }: Played): string {
  return `===== standard error\n${stderr}===== standard output\n${stdout}`
}

const at = (second: number, body: EventBody): Event => ({
  v: 1,
  seq: 1,
  at: new Date(Date.UTC(2026, 10, 20, 9, 0, second)).toISOString(),
  ...body,
})
const progress = (percentage: number): EventBody => ({
  type: 'rollout.progress',
  id: 'r',
  status: 'InProgress',
  percentage,
  remaining: 1,
})

describe.each(recordings)('the recorded run %s', (name) => {
  test('in plain', async () => {
    await expect(sheet(await play('plain', recorded(name)))).toMatchFileSnapshot(golden(`${name}.plain.txt`))
  })

  test('in plain, 40 columns of ASCII', async () => {
    const played = await play('plain', recorded(name), { width: 40, glyphs: asciiGlyphs })
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    expect(`${played.stdout}${played.stderr}`).toMatch(/^[\u0000-\u007f]*$/)
    await expect(sheet(played)).toMatchFileSnapshot(golden(`${name}.plain-40.txt`))
  })

  test('in NDJSON', async () => {
    const played = await play('ndjson', recorded(name))
    const lines = played.stdout.trimEnd().split('\n')
    expect(lines.map((line, index) => decodeEvent(line, index + 1)?.seq)).toEqual(lines.map((_, index) => index + 1))
    await expect(sheet(played)).toMatchFileSnapshot(golden(`${name}.ndjson.txt`))
  })

  test('in quiet', async () => {
    await expect(sheet(await play('quiet', recorded(name)))).toMatchFileSnapshot(golden(`${name}.quiet.txt`))
  })

  test('as the result in JSON', async () => {
    const result = resultJson(recorded(name).reduce(fold, initialView))
    await expect(`${JSON.stringify(result, null, 2)}\n`).toMatchFileSnapshot(golden(`${name}.result.json`))
  })

  test('shows no secret and no terminal sequence that came from outside', async () => {
    for (const mode of ['plain', 'ndjson', 'quiet'] as const) {
      const { stdout, stderr } = await play(mode, recorded(name))
      expect(`${stdout}${stderr}`).not.toContain(secret)
      expect(`${stdout}${stderr}`).not.toContain('\u001b')
    }
  })
})

describe('the streams', () => {
  test('stdout holds the result alone, with and without a terminal', async () => {
    const piped = await play('plain', recorded('healthy'))
    const onTerminal = await play('plain', recorded('healthy'), { stdoutIsTty: true, stderrIsTty: true })
    expect(onTerminal.stdout).toBe(`\n${piped.stdout}`)
    expect((await play('quiet', recorded('healthy'))).stdout).toBe(piped.stdout)
    expect(piped.stdout).toContain('4 of 4 targets proved (launched with the released digests)')
    expect(piped.stdout).toMatch(/^SIMULATED: /)
  })

  test('a terminal that shows both does not get the outcome twice', async () => {
    const message = 'production serves revision 7 again, as before'
    const one = await play('plain', recorded('bad-image'), { stdoutIsTty: true, stderrIsTty: true })
    expect(`${one.stdout}${one.stderr}`.split(message)).toHaveLength(2)
    const two = await play('plain', recorded('bad-image'), { stdoutIsTty: false, stderrIsTty: true })
    expect(two.stderr).toContain(`✗ rolled back (exit code 4): ${message}`)
  })

  test('quiet and NDJSON say on stderr what failed and why, and nothing when all is well', async () => {
    for (const mode of ['quiet', 'ndjson'] as const) {
      expect((await play(mode, recorded('healthy'))).stderr).toBe('')
      expect((await play(mode, recorded('bad-image'))).stderr).toMatch(
        /^✗ rolled back \(exit code 4\): .*\n\nCause: .*\(container-exits\)\n.*No module named 'app.scoring'\n\nNext:\n/s,
      )
    }
  })

  test('leave the result to a command that prints it itself', async () => {
    expect((await play('plain', recorded('healthy'), { result: false })).stdout).toBe('')
  })

  test('stay whole when a secret is a word of the format', async () => {
    const mask = createMask(['rollout', 'done', 'log.line', 'healthy', 'sha256:', '2026-11-20T'])
    const { stdout } = await play('ndjson', recorded('bad-image'), { mask })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line, index) => decodeEvent(line, index + 1)?.type)).toEqual(
      recorded('bad-image').map(({ type }) => type),
    )
  })

  test('of a run that has not ended get no result', async () => {
    expect((await play('quiet', recorded('healthy').slice(0, 20))).stdout).toBe('')
  })

  test('are coloured one by one, and the words stay the same', async () => {
    const plain = await play('plain', recorded('bad-image'))
    const coloured = await play('plain', recorded('bad-image'), { colour: { stdout: false, stderr: true } })
    expect(coloured.stdout).toBe(plain.stdout)
    expect(coloured.stderr).toContain('\u001b[31m✗\u001b[39m')
    // oxlint-disable-next-line no-control-regex -- the colours, taken away again
    expect(coloured.stderr.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain.stderr)
  })

  test('may be closed by their reader without ending the run', async () => {
    const args = ['test/report/player.js', 'test/fixtures/events/healthy.ndjson', 'ndjson', '2']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.once('data', () => child.stdout.destroy())
    const faults: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => faults.push(chunk))
    const code = await new Promise((resolve) => {
      child.on('close', resolve)
    })
    expect({ code, faults: Buffer.concat(faults).toString() }).toEqual({ code: 0, faults: '' })
  })
})

describe('plain lines', () => {
  test('come once per change, and once a minute when nothing changes', async () => {
    const events = [0, 10, 20, 59, 60, 61, 119, 125, 130].map((second) => at(second, progress(second < 130 ? 50 : 75)))
    expect((await play('plain', events)).stderr.trimEnd().split('\n')).toEqual([
      '   0:00  ● rollout     InProgress 50 %, 1 replacement yet to begin',
      '   1:00  ● rampart     still InProgress 50 %, 1 replacement yet to begin; no change for 1m 00s',
      '   2:05  ● rampart     still InProgress 50 %, 1 replacement yet to begin; no change for 2m 05s',
      '   2:10  ● rollout     InProgress 75 %, 1 replacement yet to begin',
    ])
  })

  test('tell of a layer at most at its quarters', async () => {
    const digest = `sha256:${'d'.repeat(64)}` as const
    const sent = (second: number, bytes: number): Event =>
      at(second, { type: 'layer.progress', service: 'api', digest, sent: bytes, total: 1000 })
    const events = [sent(0, 0), sent(1, 260), sent(6, 270), sent(12, 490), sent(13, 500), sent(60, 990), sent(61, 1000)]
    expect((await play('plain', events)).stderr.match(/\d+ % of layer/g)).toEqual([
      '25 % of layer',
      '50 % of layer',
      '75 % of layer',
    ])
  })

  test('tell of a download at most at its quarters', async () => {
    const got = [
      [0, 100],
      [6, 600],
      [7, 1100],
      [20, 1200],
      [30, 2000],
    ] as const
    const events = got.map(([second, received]) =>
      at(second, { type: 'model.progress', service: 'api', model: 'org/name', received, total: 2000 }),
    )
    expect((await play('plain', events)).stderr.match(/api: \d+ % of org\/name downloaded \(.*\)/g)).toEqual([
      'api: 25 % of org/name downloaded (600 B of 2.00 kB)',
      'api: 50 % of org/name downloaded (1.20 kB of 2.00 kB)',
    ])
  })

  test('repeat failed checks with their remedy at the end', async () => {
    const events = [
      at(0, { type: 'check.done', name: 'base', result: 'fail', detail: 'is stale', remedy: 'rampart base build' }),
      at(1, { type: 'check.done', name: 'group', result: 'ok', detail: 'is there' }),
      at(2, {
        type: 'run.finished',
        ending: 'preflight',
        exitCode: 3,
        message: 'nothing was changed',
        next: [],
        duration: 2000,
      }),
    ]
    expect((await play('plain', events)).stderr).toMatch(
      /✗ preflight failed \(exit code 3\): nothing was changed\n\n✗ check failed: base: is stale\n {2}→ rampart base build\n$/,
    )
  })

  test('name targets that are not proved', async () => {
    const events = [
      at(0, {
        type: 'proof',
        proved: 1,
        total: 2,
        targets: [
          { target: 'i-1', proved: true, grade: 'launched', detail: 'revision 8' },
          { target: 'i-2', proved: false, grade: 'launched', detail: 'launched with revision 7' },
        ],
      }),
      at(1, { type: 'run.finished', ending: 'attention', exitCode: 5, message: 'm', next: [], duration: 1000 }),
    ]
    const { stdout, stderr } = await play('plain', events)
    expect(stdout).toContain('1 of 2 targets proved')
    expect(stderr).toContain('✗ not proved: i-2: launched with revision 7')
  })

  test('and results are made of any events, one line each, with no control character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 40 }), fc.constantFrom(20, 40, 100), async (events, width) => {
        const { stdout, stderr } = await play('plain', events, { width })
        // oxlint-disable-next-line no-control-regex -- none but the ends of lines
        expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      }),
      { numRuns: 200 },
    )
  })
})
