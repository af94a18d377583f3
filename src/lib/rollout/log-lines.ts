import { createLogPoller } from '../logs/poll.js'
import type { Clock } from '../ports/clock.js'
import type { LogLine, LogSource } from '../ports/log-source.js'
import type { LineSource } from './log-watch.js'

/** So many pages in one look: what is more waits for the next look, so that a flood costs no more calls than that. */
const mostPages = 5

/**
 * The lines of one log group, asked for with each look: one question for all targets, however many they are. A watch
 * asks and does not tail: a live session is billed by the minute, and a rollout moves in tens of seconds.
 */
export function linesOf(
  source: LogSource,
  group: string,
  { clock, reading }: { readonly clock: Clock } & Pick<LineSource, 'reading'>,
): LineSource {
  return {
    open(since) {
      const poller = createLogPoller(source, { group, since }, clock)
      return {
        async next() {
          const found: LogLine[] = []
          for (let page = 0; page < mostPages; page++) {
            const { lines, more } = await poller.next()
            found.push(...lines)
            if (!more) break
          }
          return found
        },
        lookBack: () => poller.lookBack(),
      }
    },
    ...(reading !== undefined && { reading }),
  }
}
