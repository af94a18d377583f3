import type { StopSignal } from '../terminal/signals.js'

/** What a person who pressed Ctrl-C may want of a rollout. */
export type Wish = 'detach' | 'abort' | 'stay'

interface LeaveOptions {
  /** True while leaving means that something goes on without us, and there is a person who can be asked. */
  readonly mayAsk: () => boolean
  /** Rejects when the person leaves the question. */
  readonly ask: (signal: AbortSignal) => Promise<Wish>
  readonly leave: (signal: StopSignal) => void
  /** Has the rollout go back; it is watched to its end. Never rejects. */
  readonly abort: () => Promise<void>
}

/**
 * What stop signals do: a first Ctrl-C asks what is meant, where there is anybody to ask, and a second one leaves at once.
 * All others leave. False for one that comes when the run is being left already.
 */
export function stopHandler({ mayAsk, ask, leave, abort }: LeaveOptions): (signal: StopSignal) => boolean {
  let question: AbortController | undefined
  let isLeft = false
  const go = (signal: StopSignal): void => {
    isLeft = true
    question?.abort()
    leave(signal)
  }
  const wishOf = async (asking: AbortController): Promise<void> => {
    // Who leaves the question wants to go.
    const wish = await ask(asking.signal).catch((): Wish => 'detach')
    question = undefined
    if (isLeft) return
    if (wish === 'detach') go('SIGINT')
    if (wish === 'abort') await abort()
  }
  return (signal) => {
    if (isLeft) return false
    if (signal === 'SIGINT' && question === undefined && mayAsk()) {
      question = new AbortController()
      void wishOf(question)
    } else go(signal)
    return true
  }
}
