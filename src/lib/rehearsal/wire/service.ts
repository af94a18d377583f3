/** What a handler may know of the request besides its input. Times are virtual milliseconds since 1970. */
export interface RequestContext {
  readonly now: number
  readonly accountId: string
  readonly region: string
  readonly requestId: string
  /** The address at which this cloud is reached, e.g. `http://127.0.0.1:4599`. */
  readonly endpoint: string
  /** The access key id that signed the request, as the wire read it. */
  readonly accessKeyId?: string
}

/** An error as AWS documents it for the operation. `code` is the wire code, without a `Fault` suffix. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: string
  readonly status: number
  /** Members beside `message` that the error's schema has. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: { status?: number; members?: Record<string, unknown> } = {}) {
    super(message)
    this.code = code
    this.status = options.status ?? 400
    this.members = options.members ?? {}
  }
}

/**
 * One operation of a service: the parsed input of the SDK's own type in, its output out.
 * It runs to its end without waiting, so that the world never changes in the middle of a request.
 */
// The table holds handlers of all inputs; each is typed where it is written.
// oxlint-disable-next-line typescript/no-explicit-any
export type Handler = (input: any, context: RequestContext) => unknown

/** One event of an answer that is a stream, by its name in the SDK's schema; `isError` for those that end it. */
export interface StreamEvent {
  readonly name: string
  readonly value: object
  readonly isError?: boolean
}

/** What a handler gives for an operation whose answer is a stream: it is asked again and again what is due by then. */
export interface EventStream {
  due(now: number): { readonly events: readonly StreamEvent[]; readonly over: boolean }
}

/** An AWS service of the rehearsal: its SDK's schemas give the wire, the handlers give the behaviour. */
export interface Service {
  /** The signing name in a credential scope, e.g. `autoscaling`, `ec2`, `elasticloadbalancing`, `ecr`, `logs`. */
  readonly signingName: string
  readonly protocol: 'awsQuery' | 'ec2Query' | 'awsJson1_0' | 'awsJson1_1' | 'restJson1'
  /** The API version of the query protocols, the `X-Amz-Target` prefix of the JSON ones, the first of REST's paths. */
  readonly target: string
  /** Other protocols in which the same operations are reached, as CloudWatch is by older clients. */
  readonly also?: readonly Pick<Service, 'protocol' | 'target'>[]
  /** The SDK package's namespace, in which each operation has a schema named `<Operation>$`. */
  readonly sdk: Readonly<Record<string, unknown>>
  readonly handlers: Readonly<Record<string, Handler>>
}
