export interface ResolvedAddress {
  readonly address: string
  /** Seconds that it may be remembered; undefined where this machine's own files name it. */
  readonly ttl?: number
}

export interface NameAnswer {
  readonly addresses: readonly ResolvedAddress[]
  /** The names that the first leads over, the last first found last. */
  readonly aliases: readonly string[]
  /** True when it is in DNS; false when only this machine knows it. */
  readonly inDns: boolean
}

export interface Dns {
  /** Undefined when nobody knows the name; a RampartError (`unreachable`) when nobody could be asked. */
  resolve(name: string): Promise<NameAnswer | undefined>
}
