declare module 'dockerode/lib/session.js' {
  import type Docker from 'dockerode'

  /** Opens the session in which BuildKit asks its client for credentials; `done` ends it. */
  export default function withSession(
    docker: Docker,
    auth: { readonly username: string; readonly password: string } | undefined,
    handler: (error: Error | null, id: string | null, done: () => void) => void,
  ): void
}
