/** What a terminal or a reader that has gone away answers, EIO above all (https://man7.org/linux/man-pages/man4/tty_ioctl.4.html). */
const codes: ReadonlySet<string> = new Set([
  'EPIPE',
  'EIO',
  'ENXIO',
  'EBADF',
  'ENOTTY',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])

/** True when a stream failed because whoever was at its other end is no longer there. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(String(error.code))
}

/**
 * Lets nothing but a real fault of these streams end the process: where the reader has gone away, a run has still to
 * leave in order and with its exit code. What listened before is gone, too: oclif throws whatever is no EPIPE.
 */
export function surviveLostReaders(streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.removeAllListeners('error')
    stream.on('error', (error) => {
      if (!isGone(error)) throw error
    })
  }
}
