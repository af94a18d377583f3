/** A subnet, as far as it limits how many targets fit into it. */
export interface Subnet {
  readonly id: string
  readonly zone: string
  /** Addresses that nobody has. */
  readonly free: number
}

/** The network that targets are in. Failures are RampartErrors. */
export interface Network {
  describeSubnets(ids: readonly string[]): Promise<readonly Subnet[]>
}
