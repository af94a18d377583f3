/** A parameter as it is now, or was at one time. */
export interface Parameter {
  readonly name: string
  readonly value: string
  /** From 1; rises by one with each change. */
  readonly version: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
  /** The identity that wrote it, as the platform knows it; where it tells. */
  readonly modifiedBy?: string
}

/** Small named texts that every machine sees alike: SSM's Parameter Store. Names are paths; no secrets. */
export interface Parameters {
  get(name: string): Promise<Parameter | undefined>
  /** Those directly beneath the path, by name. */
  list(path: string): Promise<readonly Parameter[]>
  /** False when there is one already, however many ask at once: one of them gets true. */
  create(name: string, value: string): Promise<boolean>
  /** Makes or replaces it. */
  put(name: string, value: string): Promise<void>
  /** Nothing happens when there is none. */
  remove(name: string): Promise<void>
  /** Its versions, the oldest first, as many as the platform keeps; none when there is no such parameter. */
  history(name: string): Promise<readonly Parameter[]>
}
