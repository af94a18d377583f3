import { loadStates, type ModelLoad } from '../domain/model-load.js'
import { readLine, type ReadOptions } from './read-line.js'
import { createStreamLoad, type StreamLoad } from './stream-load.js'

/** A line, and whose it is. `time` in milliseconds since 1970. */
export interface TargetLine {
  readonly target: string
  /** The log stream: a target has one for each container, and each is followed for itself. */
  readonly stream: string
  readonly time: number
  readonly text: string
}

/**
 * How far each target has come with its models, by its own lines. What it says follows from the lines alone: two that
 * see a stream from its first line on, in its order, agree, whatever comes between from other streams.
 */
export interface LoadTracker {
  /** Takes a line into account: the target's load where the line changed it, otherwise nothing. */
  see(line: TargetLine): ModelLoad | undefined
  load(target: string): ModelLoad | undefined
  /** Drops what is known of a target that is gone. */
  forget(target: string): void
}

/** Streams of one target; a machine has a few containers, and a few logs of its own. */
const mostStreams = 32

const rank = ({ state }: ModelLoad): number => (state === 'killed' ? -1 : loadStates.indexOf(state))

/** Of several containers the one that is furthest behind, with the downloads of all. */
function together(streams: Iterable<StreamLoad>): ModelLoad | undefined {
  const loads = [...streams].flatMap((stream) => stream.load() ?? [])
  const [last] = loads.toSorted((a, b) => rank(a) - rank(b))
  if (last === undefined) return undefined
  const { readyAfter, killed, downloads: _own, ...shown } = last
  const times = loads.map((load) => load.readyAfter ?? 0)
  const why = killed ?? loads.find((load) => load.killed !== undefined)?.killed
  return {
    ...shown,
    ...(readyAfter !== undefined && { readyAfter: Math.max(...times) }),
    downloads: [...new Set(loads.flatMap(({ downloads }) => downloads))].sort(),
    ...(why !== undefined && { killed: why }),
  }
}

/** A tracker that has seen nothing. */
export function createLoadTracker(options: ReadOptions = {}): LoadTracker {
  const bystanders = new Set(options.withoutModels)
  const counts = (stream: string, load: StreamLoad): boolean =>
    load.load()?.state === 'killed' || !stream.split('/').some((part) => bystanders.has(part))
  const targets = new Map<string, { readonly streams: Map<string, StreamLoad>; load: ModelLoad | undefined }>()
  return {
    see({ target, stream, time, text }) {
      const known = targets.get(target) ?? { streams: new Map<string, StreamLoad>(), load: undefined }
      targets.set(target, known)
      const streamLoad = known.streams.get(stream) ?? createStreamLoad()
      if (!known.streams.has(stream) && known.streams.size >= mostStreams) return undefined
      known.streams.set(stream, streamLoad)
      if (!streamLoad.see(time, readLine(text, options))) return undefined
      // In the order of their names, so that nothing depends on which stream was heard first.
      const inOrder = [...known.streams].sort(([a], [b]) => (a < b ? -1 : 1))
      const load = together(inOrder.filter((each) => counts(...each)).map(([, each]) => each))
      const changed = JSON.stringify(load) !== JSON.stringify(known.load)
      known.load = load
      return changed ? load : undefined
    },
    load: (target) => targets.get(target)?.load,
    forget: (target) => {
      targets.delete(target)
    },
  }
}
