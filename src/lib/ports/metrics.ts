/** A metric as CloudWatch names it. */
export interface MetricName {
  readonly namespace: string
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
}

/** What CloudWatch has measured. Rejects with RampartErrors. */
export interface Metrics {
  /**
   * The greatest value of each minute that has one, in no order. Both times are full minutes in milliseconds since 1970;
   * the minute that begins at `to` is not asked for.
   */
  greatest(metric: MetricName, from: number, to: number): Promise<readonly number[]>
}
