import type { RehearsedService } from '../setup.js'

/** Services without models on Node's usual port are taken for Node servers, all others for uvicorn. */
export function runsOnNode(service: Pick<RehearsedService, 'port'>, models: readonly unknown[]): boolean {
  return models.length === 0 && service.port === 3000
}

const words: Readonly<Record<number, string>> = {
  200: 'OK',
  404: 'Not Found',
  422: 'Unprocessable Entity',
  503: 'Service Unavailable',
}

/** The line that a server writes about one request; `client` is its address with the port. */
export function accessLine(request: {
  readonly node: boolean
  readonly client: string
  /** GET if absent. */
  readonly method?: string
  readonly path: string
  readonly status: number
}): string {
  const { node, client, method = 'GET', path, status } = request
  return node
    ? ` ${method} ${path} ${status} in 11ms`
    : `INFO:     ${client} - "${method} ${path} HTTP/1.1" ${status} ${words[status] ?? ''}`
}
