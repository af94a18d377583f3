/** The same promise, given up as soon as the run is to stop; for work that may be left half-way without harm. */
export async function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  // The work's own failure is nobody's business any more once the run has stopped.
  work.catch(() => undefined)
  signal.throwIfAborted()
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => stopped.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
