import { RampartError } from '../errors/rampart-error.js'

/** What dockerode rejects with: a status for the engine's refusals, a code for the connection's failures. */
interface EngineError extends Error {
  readonly statusCode?: number
  readonly code?: string
  readonly address?: string
  readonly json?: { readonly message?: string } | null
}

const waysToHaveOne = [
  'start Docker Desktop, or the service: sudo systemctl start docker',
  'install it: https://docs.docker.com/engine/install/',
  'name another machine with one: export DOCKER_HOST=ssh://user@host',
]

/** True when the engine has no such image or container. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as EngineError).statusCode === 404
}

/** A failure of the engine in the program's own terms; what is a RampartError already, or an interruption, stays. */
export function engineFailure(error: unknown, what: string, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason
  if (error instanceof RampartError || !(error instanceof Error)) return error
  const { statusCode, code, address, json } = error as EngineError
  if (statusCode !== undefined) {
    const reason = json?.message ?? error.message.replace(/^\(HTTP code \d+\) /, '').trim()
    return new RampartError('preflight', `The Docker engine could not ${what}: ${reason}`, { cause: error })
  }
  if (code === undefined) return error
  const place = address === undefined ? '' : ` at ${address}`
  if (code === 'EACCES' || code === 'EPERM') {
    return new RampartError('unreachable', `This user may not talk to the Docker engine${place} (${code}).`, {
      next: ['add the user to the group docker and log in again: sudo usermod -aG docker "$USER"'],
      cause: error,
    })
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new RampartError(
      'unreachable',
      `The connection to the Docker engine broke while it was to ${what} (${code}).`,
      {
        next: ['run the same command again'],
        passing: true,
        cause: error,
      },
    )
  }
  return new RampartError('unreachable', `No Docker engine answers${place} (${code}); it is needed to ${what}.`, {
    next: waysToHaveOne,
    cause: error,
  })
}
