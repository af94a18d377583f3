const loopback = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::([^/\s'"]+))?(\/[^\s'"?#)]*)?/

/** The first URL to this machine in a command, e.g. of a health check. */
export interface Probe {
  /** Undefined when none is named, or a variable names it. */
  readonly port?: number
  readonly path: string
}

/** What a command asks of this machine; undefined when it asks nothing. */
export function probeOf(command: string): Probe | undefined {
  const match = loopback.exec(command)
  if (match === null) return undefined
  const port = Number(match[1] ?? 80)
  return { path: match[2] ?? '/', ...(port >= 1 && { port }) }
}

/** The port that a command names: `--port 8000`, `-p 8000`, `--bind 0.0.0.0:8000`, `PORT=8000`; undefined when none. */
export function portOf(command: string): number | undefined {
  const match =
    /(?:^|\s)(?:--port|--server\.port|--server-port|-p|--http)(?:\s+|=)"?\D{0,12}?(\d{2,5})\b/.exec(command) ??
    /(?:^|\s)(?:--bind|-b|--host)(?:\s+|=)\S*:\D{0,12}?(\d{2,5})\b/.exec(command) ??
    /(?:^|\s)PORT=(\d{2,5})\b/.exec(command)
  const port = Number(match?.[1])
  return port >= 1 && port <= 65_535 ? port : undefined
}
