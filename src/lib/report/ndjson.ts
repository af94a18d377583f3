import { encodeEvent } from '../events/codec.js'
import type { Output, Progress } from './progress.js'

/** Every event as one line of NDJSON, and nothing else. */
export function createNdjson(output: Output): Progress {
  return {
    event(event) {
      output.write(encodeEvent(event))
    },
    stop: () => Promise.resolve(),
  }
}
