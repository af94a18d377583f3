/** What all clients share. Endpoint and credentials come from the SDK's own environment and profiles. */
export interface ClientOptions {
  readonly region: string
  readonly maxAttempts?: number
}

/**
 * The settings of every client. Ten attempts: a control plane that throttles three calls in ten must not end a
 * rollout, and the SDK's backoff bounds what ten of them can take.
 */
export function clientSettings(options: ClientOptions): { region: string; maxAttempts: number } {
  return { region: options.region, maxAttempts: options.maxAttempts ?? 10 }
}
