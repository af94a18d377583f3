import type { ModelLoad } from '../domain/model-load.js'
import type { LoadFact, Progress } from './fact.js'

// What one process can make this remember, whatever it writes.
const most = { models: 32, files: 64, downloads: 16, pids: 128 } as const

/** After this long of being ready, a model that a request loads is no part of the start any more. */
const settledAfter = 30_000
/** A model that nothing was heard of for so long, while the server answered, has been loaded without a word. */
const silentFor = 120_000
/** A model that was begun this shortly before the server came up is loaded beside it, not before it. */
const besides = 500

interface ModelTrack {
  readonly name: string
  readonly begunAt: number
  heardAt: number
  loaded: 'no' | 'implied' | 'said'
  fetched: Progress | undefined
  shards: Progress | undefined
  /** Bytes by file, as far as they are known. */
  readonly files: Map<string, { readonly done: number; readonly total: number }>
  downloading: boolean
}

/** The start of one container as its own lines tell it, in their order. */
export interface StreamLoad {
  /** Takes a line into account; true when it changed something. */
  see(time: number, fact: LoadFact | undefined): boolean
  /** Undefined until a line has told anything. */
  load(): ModelLoad | undefined
}

/** The container's process from its begin to its end. */
interface Life {
  readonly models: Map<string, ModelTrack>
  current: ModelTrack | undefined
  /** Whether the process is the parent of others. */
  main: boolean
  readonly processes: Set<string>
  waiting: number
  startedUp: number
  servingAt: number | undefined
  loadedAt: number
  saidReadyAt: number | undefined
  over: boolean
}

const newLife = (): Life => ({
  models: new Map(),
  current: undefined,
  main: false,
  processes: new Set(),
  waiting: 0,
  startedUp: 0,
  servingAt: undefined,
  loadedAt: 0,
  saidReadyAt: undefined,
  over: false,
})

function bytesOf(track: ModelTrack): Progress | undefined {
  const sizes = [...track.files.values()]
  const sum = (key: 'done' | 'total'): number => sizes.reduce((all, size) => all + size[key], 0)
  return sizes.length === 0 ? track.fetched : { done: sum('done'), total: sum('total'), unit: 'bytes' }
}

const share = ({ done, total }: Progress): number => done / total

/** Of two progresses of the same thing the one that is further: several workers may load it one beside the other. */
function further(old: Progress | undefined, now: Progress): Progress {
  return old !== undefined && old.unit === now.unit && share(old) >= share(now) ? old : now
}

/** Follows one stream of lines, from the first line of the container on. */
export function createStreamLoad(): StreamLoad {
  const downloads: string[] = []
  let killed: string | undefined
  let heard = false
  let startedAt: number | undefined
  let life = newLife()

  function begin(time: number): void {
    life = newLife()
    startedAt = time
  }

  /** The model of that name, begun now if it is new; without a name the one that is under way. */
  function model(time: number, name: string | undefined): ModelTrack | undefined {
    const known = name === undefined ? life.current : life.models.get(name)
    if (known !== undefined) return known
    if (life.models.size >= most.models) return undefined
    const track: ModelTrack = {
      name: name ?? '',
      begunAt: time,
      heardAt: time,
      loaded: 'no',
      fetched: undefined,
      shards: undefined,
      files: new Map(),
      downloading: false,
    }
    life.models.set(track.name, track)
    return track
  }

  const unfinished = (): ModelTrack[] => [...life.models.values()].filter(({ loaded }) => loaded === 'no')

  function serving(time: number): void {
    const first = life.servingAt === undefined
    life.servingAt ??= time
    for (const track of unfinished()) {
      if (first ? time - track.begunAt > besides : time - track.heardAt > silentFor) finish(track, time, 'implied')
    }
  }

  function finish(track: ModelTrack, time: number, how: 'implied' | 'said'): void {
    if (track.loaded === 'no') life.loadedAt = Math.max(life.loadedAt, time)
    track.loaded = how
    track.downloading = false
    if (life.current === track && how === 'said') life.current = undefined
  }

  function remember(name: string): void {
    if (!downloads.includes(name) && downloads.length < most.downloads) downloads.push(name)
  }

  /** The model that such a line is about, when it is still a part of the start. */
  function underWay(time: number, fact: { readonly model?: string; readonly progress?: Progress }) {
    if (life.saidReadyAt !== undefined) return undefined
    const ready = readyAt()
    if (ready !== undefined && time - ready > settledAfter) return undefined
    const { current } = life
    // The next bar with another number of shards is of the next model, although neither says its name.
    const next =
      fact.model === undefined &&
      fact.progress?.unit === 'shards' &&
      current?.shards !== undefined &&
      share(current.shards) === 1 &&
      current.shards.total !== fact.progress.total
    if (next) finish(current, time, 'said')
    if (next && current.name === '') life.models.delete('')
    // Of several workers, one loads again what another has loaded: without a name its bars are no news.
    if (fact.model === undefined && life.current === undefined && life.main && life.models.size > 0) return undefined
    const track = model(time, fact.model)
    if (track === undefined || track.loaded === 'said') {
      if (track !== undefined) life.current = track
      return undefined
    }
    track.heardAt = time
    if (track.loaded === 'implied') track.loaded = 'no'
    life.current = track
    return track
  }

  function download(time: number, fact: Extract<LoadFact, { kind: 'downloading' }>): void {
    const track = underWay(time, fact)
    const name = fact.model ?? (track?.name === '' ? undefined : track?.name) ?? fact.file
    if (name !== undefined) remember(name)
    else if (downloads.length === 0) remember('a model')
    if (track === undefined) return
    track.downloading = true
    const file = fact.file ?? ''
    if (fact.progress?.unit !== 'bytes') {
      if (fact.progress !== undefined) track.fetched = further(track.fetched, fact.progress)
      return
    }
    const { done, total } = fact.progress
    const old = track.files.get(file)
    if (old === undefined && track.files.size >= most.files) return
    track.files.set(file, { done: Math.max(done, old?.done ?? 0), total: Math.max(total, old?.total ?? 0) })
    track.downloading = [...track.files.values()].some((each) => each.done < each.total)
  }

  function loading(time: number, fact: Extract<LoadFact, { kind: 'loading' | 'fetching' }>): void {
    const track = underWay(time, fact)
    if (track === undefined) return
    if (fact.kind === 'fetching') track.fetched = further(track.fetched, fact.progress)
    else if (fact.progress !== undefined) track.shards = further(track.shards, fact.progress)
    // Whoever reads the weights has them.
    if (fact.kind === 'loading' && fact.progress !== undefined) track.downloading = false
  }

  function wasLoaded(time: number, fact: Extract<LoadFact, { kind: 'loaded' }>): void {
    if (fact.all === true) {
      for (const track of life.models.values()) finish(track, time, 'said')
      return
    }
    const track = model(time, fact.model)
    if (track !== undefined) finish(track, time, 'said')
  }

  function take(time: number, fact: LoadFact): void {
    switch (fact.kind) {
      case 'started': {
        const id = fact.pid ?? ''
        if (life.over || (fact.main && life.main) || (!fact.main && life.processes.has(id))) begin(time)
        if (fact.main) life.main = true
        else if (life.processes.size < most.pids) life.processes.add(id)
        return
      }
      case 'worker':
        if (life.over) begin(time)
        life.main = true
        return
      case 'waiting':
        life.waiting += 1
        return
      case 'started-up':
        life.startedUp += 1
        if (life.startedUp >= life.processes.size) serving(time)
        return
      case 'serving':
        // The parent of several workers listens before any of them has started up.
        if (life.servingAt !== undefined || (!life.main && life.waiting <= life.startedUp)) serving(time)
        return
      case 'downloading':
        download(time, fact)
        return
      case 'fetching':
      case 'loading':
        loading(time, fact)
        return
      case 'loaded':
        wasLoaded(time, fact)
        return
      case 'ready':
        life.saidReadyAt ??= time
        for (const track of unfinished()) finish(track, time, 'said')
        return
      case 'killed':
        killed = fact.why
        life.over = true
        return
    }
  }

  function readyAt(): number | undefined {
    if (life.over) return undefined
    if (life.saidReadyAt !== undefined) return life.saidReadyAt
    if (life.servingAt === undefined || unfinished().length > 0) return undefined
    return Math.max(life.servingAt, life.loadedAt)
  }

  function shown(): Pick<ModelLoad, 'state' | 'model' | 'progress'> {
    if (life.over) return { state: 'killed' }
    const open = unfinished()
    const track = open.find(({ downloading }) => downloading) ?? open.find((one) => one === life.current) ?? open.at(-1)
    const last = track ?? [...life.models.values()].at(-1)
    const about = last === undefined || last.name === '' ? {} : { model: last.name }
    if (readyAt() !== undefined) return { state: 'ready', ...about }
    if (track === undefined) return { state: last === undefined ? 'starting' : 'loaded', ...about }
    const progress = track.downloading ? bytesOf(track) : (track.shards ?? track.fetched)
    return {
      state: track.downloading ? 'downloading' : 'loading',
      ...about,
      ...(progress !== undefined && { progress }),
    }
  }

  return {
    see(time, fact) {
      startedAt ??= time
      if (fact === undefined) return false
      heard = true
      // A line of a life that is over, but for the one that begins the next, tells nothing of what is now.
      if (life.over && fact.kind !== 'started' && fact.kind !== 'worker' && fact.kind !== 'killed') begin(time)
      take(time, fact)
      return true
    },
    load() {
      if (!heard) return undefined
      const ready = readyAt()
      return {
        ...shown(),
        ...(ready !== undefined && startedAt !== undefined && { readyAfter: Math.max(0, ready - startedAt) }),
        downloads: [...downloads],
        ...(killed !== undefined && { killed }),
      }
    },
  }
}
