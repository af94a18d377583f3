export interface AlarmState {
  readonly name: string
  /** CloudWatch's own word: `OK`, `ALARM` or `INSUFFICIENT_DATA`. */
  readonly state: string
  readonly reason: string
}

export interface Alarms {
  /** Those of the named alarms that exist. */
  describeAlarms(names: readonly string[]): Promise<readonly AlarmState[]>
}
