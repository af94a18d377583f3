import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelLoad } from '../../src/lib/domain/model-load.js'
import type { ReadOptions } from '../../src/lib/logs/read-line.js'
import { createLoadTracker } from '../../src/lib/logs/tracker.js'

type Line = readonly [second: number, text: string, stream?: string]

/** What the target has come to after each line that changed it. */
function play(lines: readonly Line[], options?: ReadOptions): readonly ModelLoad[] {
  const tracker = createLoadTracker(options)
  return lines.flatMap(([second, text, stream = 'i-1/backend']) => {
    const load = tracker.see({ target: 'i-1', stream, time: second * 1000, text })
    return load === undefined ? [] : [load]
  })
}

const last = (lines: readonly Line[], options?: ReadOptions): ModelLoad | undefined => play(lines, options).at(-1)

/** `state model done/total`, one for each change. */
const spell = (loads: readonly ModelLoad[]): readonly string[] =>
  loads.map(({ state, model, progress }) =>
    [state, model, progress === undefined ? undefined : `${progress.done}/${progress.total} ${progress.unit}`]
      .filter((part) => part !== undefined)
      .join(' '),
  )

const startUp: readonly Line[] = [
  [0, 'INFO:     Started server process [1]'],
  [0, 'INFO:     Waiting for application startup.'],
]
const up: readonly Line[] = [
  [20, 'INFO:     Application startup complete.'],
  [20, 'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)'],
]

const downloadBar = (percent: number): string => `model.bin:  ${percent}%|█   | ${percent}.0M/100M [00:01<00:12, 5MB/s]`

describe('one process', () => {
  test('models that are loaded before it serves', () => {
    const loads = play([
      ...startUp,
      [2, 'INFO app: Loading ProsusAI/finbert-tone'],
      [4, 'Loading checkpoint shards:  50%|█████     | 1/2 [00:02<00:02,  2.1s/it]'],
      [6, 'Loading checkpoint shards: 100%|██████████| 2/2 [00:04<00:00,  2.1s/it]'],
      [7, 'INFO app: Loaded ProsusAI/finbert-tone in 5.0 s'],
      [8, 'Load pretrained SentenceTransformer: all-MiniLM-L6-v2'],
      ...up,
    ])
    expect(spell(loads)).toEqual([
      'starting',
      'loading ProsusAI/finbert-tone',
      'loading ProsusAI/finbert-tone 1/2 shards',
      'loading ProsusAI/finbert-tone 2/2 shards',
      'loaded ProsusAI/finbert-tone',
      'loading all-MiniLM-L6-v2',
      'ready all-MiniLM-L6-v2',
    ])
    expect(loads.at(-1)).toEqual({ state: 'ready', model: 'all-MiniLM-L6-v2', readyAfter: 20_000, downloads: [] })
  })

  test('models that are loaded beside a server that answers already', () => {
    const loads = play([
      ...startUp,
      [1, 'INFO:     Application startup complete.'],
      [2, 'INFO app: Loading owner/model-1'],
      [9, 'INFO app: Loaded owner/model-1 in 7.0 s'],
      [9, 'INFO app: Loading owner/model-2'],
      [15, 'INFO app: Loaded owner/model-2 in 6.0 s'],
      [16, 'INFO app.readiness: ready, 2 models loaded in 14.0s'],
      [400, 'INFO app: Loading owner/model-3'],
    ])
    expect(spell(loads)).toEqual([
      'starting',
      'ready',
      'loading owner/model-1',
      'ready owner/model-1',
      'loading owner/model-2',
      'ready owner/model-2',
      'ready owner/model-2',
    ])
    expect(loads.at(-1)?.readyAfter).toBe(16_000)
  })

  test('a model whose last bar is drawn just before the server is up', () => {
    const bar = 'Loading weights: 100%|██████████| 197/197 [00:08<00:00, 22.1it/s]'
    expect(
      last([...startUp, [2, 'Load pretrained SentenceTransformer: all-MiniLM-L6-v2'], [19.9, bar], ...up]),
    ).toEqual({
      state: 'ready',
      model: 'all-MiniLM-L6-v2',
      readyAfter: 20_000,
      downloads: [],
    })
  })

  test('a long load beside a server that answers, and one of which nothing is heard any more', () => {
    const answer = 'INFO:     10.0.0.1:1 - "GET /health HTTP/1.1" 200 OK'
    const begin: readonly Line[] = [
      ...startUp,
      [1, 'INFO:     Application startup complete.'],
      [2, 'Loading owner/model-1'],
    ]
    const slow = [10, 50, 90].flatMap((percent): Line[] => [
      [percent, downloadBar(percent)],
      [percent + 20, answer],
    ])
    expect(spell(play([...begin, ...slow])).at(-1)).toBe('downloading owner/model-1 90000000/100000000 bytes')
    expect(last([...begin, ...slow, [400, answer]])).toMatchObject({ state: 'ready', readyAfter: 400_000 })
    expect(last([...begin, ...slow, [130, 'Loaded owner/model-1']])).toMatchObject({ readyAfter: 130_000 })
  })

  test('a path that answers 200 when all is there', () => {
    const options = { readyPaths: ['/health/ready'] }
    const loads = play(
      [
        ...startUp,
        [2, 'Loading owner/model-1'],
        [2.2, 'INFO:     Application startup complete.'],
        [3, 'INFO:     10.0.0.1:1 - "GET /health/ready HTTP/1.1" 503 Service Unavailable'],
        [9, 'INFO:     10.0.0.1:1 - "GET /health/ready HTTP/1.1" 200 OK'],
      ],
      options,
    )
    expect(spell(loads)).toEqual(['starting', 'loading owner/model-1', 'ready owner/model-1'])
    expect(loads.at(-1)?.readyAfter).toBe(9000)
  })

  test('a download while it starts: bytes of all files, and a name that stays', () => {
    const loads = play([
      ...startUp,
      [1, 'Load pretrained SentenceTransformer: owner/model-1'],
      [2, 'config.json: 100%|██████████| 600/600 [00:00<00:00, 1.2MB/s]'],
      [3, 'model.safetensors:  10%|█         | 73.0M/730M [00:01<00:12, 55MB/s]'],
      [4, 'model.safetensors: 100%|██████████| 730M/730M [00:13<00:00, 55MB/s]'],
      ...up,
    ])
    expect(spell(loads)).toEqual([
      'starting',
      'loading owner/model-1',
      'loading owner/model-1',
      'downloading owner/model-1 73000600/730000600 bytes',
      'loading owner/model-1',
      'ready owner/model-1',
    ])
    expect(loads.at(-1)?.downloads).toEqual(['owner/model-1'])
  })

  test('files of a model that no line names', () => {
    const bar = 'model.safetensors:  10%|█         | 73.0M/730M [00:01<00:12, 55MB/s]'
    expect(last([...startUp, [3, bar]])).toEqual({
      state: 'downloading',
      progress: { done: 73_000_000, total: 730_000_000, unit: 'bytes' },
      downloads: ['model.safetensors'],
    })
  })

  test('the bars of one model after the other, neither with a name', () => {
    const loads = play([
      ...startUp,
      [1, 'Loading checkpoint shards: 100%|██████████| 2/2 [00:04<00:00,  2.1s/it]'],
      [2, 'Loading checkpoint shards:  20%|██        | 1/5 [00:02<00:08,  2.1s/it]'],
    ])
    expect(spell(loads)).toEqual(['starting', 'loading 2/2 shards', 'loading 1/5 shards'])
  })

  test('killed by memory, begun again, and killed again', () => {
    const once: readonly Line[] = [
      [0, 'INFO:     Started server process [1]'],
      [3, 'Loading owner/model-1'],
      [9, '/start.sh: line 3:     7 Killed                  uvicorn app.main:app'],
    ]
    const again = once.map(([second, text]): Line => [second + 20, text])
    const loads = play([...once, ...again])
    expect(spell(loads)).toEqual([
      'starting',
      'loading owner/model-1',
      'killed',
      'starting',
      'loading owner/model-1',
      'killed',
    ])
    expect(loads.slice(2).every(({ killed }) => killed === 'killed, most likely out of memory')).toBe(true)
    const mended = last([
      ...once,
      [20, 'INFO:     Started server process [1]'],
      [31, 'INFO:     Application startup complete.'],
    ])
    expect(mended).toEqual({
      state: 'ready',
      readyAfter: 11_000,
      downloads: [],
      killed: 'killed, most likely out of memory',
    })
  })

  test('a container that is started again after it has served', () => {
    const loads = play([
      ...startUp,
      ...up,
      [100, 'INFO:     Started server process [1]'],
      [130, 'INFO:     Application startup complete.'],
    ])
    expect(spell(loads)).toEqual(['starting', 'ready', 'starting', 'ready'])
    expect(loads.at(-1)?.readyAfter).toBe(30_000)
  })

  test('lines of the app’s own', () => {
    const patterns = [
      { means: 'loading', parts: [{ text: 'rules ' }, { placeholder: 'percent', text: '% in' }] },
      { means: 'ready', parts: [{ text: 'engine is up' }] },
    ] as const
    expect(
      spell(
        play(
          [
            [0, 'hello'],
            [1, 'rules 40% in'],
            [9, 'the engine is up'],
          ],
          { patterns },
        ),
      ),
    ).toEqual(['loading 40/100 percent', 'ready'])
  })

  test('what tells nothing changes nothing, and a target is forgotten', () => {
    const tracker = createLoadTracker()
    const line = { target: 'i-1', stream: 'i-1/a', time: 0 }
    expect(tracker.see({ ...line, text: 'hello' })).toBeUndefined()
    expect(tracker.load('i-1')).toBeUndefined()
    expect(tracker.see({ ...line, text: 'Loading owner/model-1' })?.state).toBe('loading')
    expect(tracker.see({ ...line, text: 'Loading owner/model-1' })).toBeUndefined()
    expect(tracker.load('i-1')?.model).toBe('owner/model-1')
    tracker.forget('i-1')
    expect(tracker.load('i-1')).toBeUndefined()
  })
})

const workers = [8, 9, 10, 11] as const

/** gunicorn with four workers, each of which loads the same two models. */
const gunicorn: readonly Line[] = [
  [0, '[2026-01-15 12:00:00 +0000] [1] [INFO] Starting gunicorn 23.0.0'],
  [0, '[2026-01-15 12:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)'],
  ...workers.map((pid): Line => [0, `[2026-01-15 12:00:00 +0000] [${pid}] [INFO] Booting worker with pid: ${pid}`]),
  ...workers.map((pid): Line => [1, `[2026-01-15 12:00:01 +0000] [${pid}] [INFO] Started server process [${pid}]`]),
]

const workerLines = (pid: number): readonly string[] => [
  `[${pid}] Loading owner/model-1`,
  'Loading checkpoint shards:  20%|██        | 1/5 [00:02<00:08,  2.1s/it]',
  'Loading checkpoint shards:  80%|████████  | 4/5 [00:08<00:02,  2.1s/it]',
  `[${pid}] Loaded owner/model-1 in 4.0 s`,
  `[${pid}] Loading owner/model-2`,
  `[${pid}] Loaded owner/model-2 in 2.0 s`,
  `[2026-01-15 12:00:20 +0000] [${pid}] [INFO] Application startup complete.`,
]

const order = ['starting', 'downloading', 'loading', 'loaded', 'ready']

describe('several workers', () => {
  test('whatever their order, nothing goes back: neither the state but to the next model, nor a model’s progress', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 0, maxLength: 40 }), (turns) => {
        const queues = workers.map((pid) => [...workerLines(pid)])
        const lines: Line[] = [...gunicorn]
        // The turns first, then whatever is left, worker by worker.
        for (const turn of [...turns, ...workers.flatMap((_, at) => Array.from({ length: 7 }, () => at))]) {
          const text = queues[turn]?.shift()
          if (text !== undefined) lines.push([2 + lines.length, text])
        }
        const loads = play(lines)
        const furthest = new Map<string, number>()
        const begun = new Set<string>()
        const back = loads.filter((load, at) => {
          const { model = '', progress } = load
          const share = progress === undefined ? 0 : progress.done / progress.total
          const least = furthest.get(model) ?? 0
          furthest.set(model, Math.max(share, least))
          const before = order.indexOf(loads[at - 1]?.state ?? 'starting')
          const isNew = !begun.has(model)
          begun.add(model)
          // Only the next model is a reason to load again.
          return (progress !== undefined && share < least) || (!isNew && order.indexOf(load.state) < before)
        })
        expect(back).toEqual([])
        // Ready when the last of them is, and only then.
        expect(loads.filter((load) => load.state === 'ready')).toHaveLength(1)
        expect(loads.at(-1)).toMatchObject({ state: 'ready', downloads: [] })
      }),
    )
  })

  test('a worker that is replaced later does not make the target start again', () => {
    const lines: readonly Line[] = [
      ...gunicorn,
      ...workers.flatMap((pid) => workerLines(pid).map((text, at): Line => [2 + at, text])),
      [3600, '[2026-01-15 13:00:00 +0000] [99] [INFO] Booting worker with pid: 99'],
      [3601, '[2026-01-15 13:00:01 +0000] [99] [INFO] Started server process [99]'],
      [3602, '[99] Loading owner/model-1'],
    ]
    expect(last(lines)).toEqual({ state: 'ready', model: 'owner/model-2', readyAfter: 8000, downloads: [] })
  })

  test('uvicorn’s parent listens before its workers have loaded', () => {
    const loads = play([
      [0, 'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)', 'a'],
      [0, 'INFO:     Started parent process [1]', 'b'],
      [1, 'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)', 'b'],
      [2, 'INFO:     Started server process [8]', 'b'],
      [2, 'INFO:     Started server process [9]', 'b'],
      [9, 'INFO:     Application startup complete.', 'b'],
      [12, 'INFO:     Application startup complete.', 'b'],
    ])
    expect(spell(loads)).toEqual(['ready', 'starting', 'ready'])
    expect(loads.at(-1)?.readyAfter).toBe(12_000)
  })
})

describe('several containers', () => {
  const backend: readonly Line[] = [...startUp, [2, 'Loading owner/model-1'], [9, 'Loaded owner/model-1 in 7 s'], ...up]
  const other: readonly Line[] = [
    [1, 'INFO:     Started server process [1]', 'i-1/search'],
    [3, 'model.bin:  10%|█         | 73.0M/730M [00:01<00:12, 55MB/s]', 'i-1/search'],
    [4, 'INFO:     Application startup complete.', 'i-1/search'],
  ]

  test('the one that is furthest behind is shown, the downloads of all, and when the last was ready', () => {
    const loads = play([...backend.slice(0, 3), ...other, ...backend.slice(3)])
    expect(loads.at(-1)).toEqual({
      state: 'ready',
      model: 'owner/model-1',
      readyAfter: 20_000,
      downloads: ['model.bin'],
    })
    expect(spell(loads)).toContain('downloading 73000000/730000000 bytes')
  })

  test('one without models is not waited for, and does not make a target ready; that it was killed is told', () => {
    const page: readonly Line[] = up.map(([, text]) => [1, text, 'i-1/page'])
    const options = { withoutModels: ['page'] }
    expect(spell(play([...page, ...backend], options))).toEqual(spell(play(backend, options)))
    expect(spell(play([...page, ...backend]))[0]).toBe('ready')
    const killed: Line = [30, 'Out of memory: Killed process 71 (node)', 'i-1/page']
    expect(last([...backend, ...page, killed], options)?.state).toBe('killed')
  })

  test('however the streams are laid one into the other, the end is the same, and after each line of one as well', () => {
    const noise: readonly Line[] = [
      [0, 'Pulling from backend', 'i-1/cloud-init'],
      [1, 'Pull complete', 'i-1/cloud-init'],
    ]
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 30 }), (turns) => {
        const queues = [[...backend], [...other], [...noise]]
        const lines: Line[] = []
        for (const turn of [...turns, ...[0, 1, 2].flatMap((at) => Array.from({ length: 9 }, () => at))]) {
          const line = queues[turn]?.shift()
          if (line !== undefined) lines.push(line)
        }
        expect(last(lines)).toEqual(last([...backend, ...other, ...noise]))
      }),
    )
  })
})

test('whatever is written, what is kept of it is bounded', () => {
  const tracker = createLoadTracker()
  for (let at = 0; at < 2000; at++) {
    const line = { target: 'i-1', stream: `i-1/${at % 100}`, time: at }
    tracker.see({ ...line, text: `Loading owner/model-${at}` })
    tracker.see({ ...line, text: `file-${at}.bin:  10%|█         | 73.0M/730M [00:01<00:12, 55MB/s]` })
    tracker.see({ ...line, text: `INFO:     Started server process [${at}]` })
  }
  expect(JSON.stringify(tracker.load('i-1')).length).toBeLessThan(20_000)
})
