import { isJson } from './common-errors.js'
import { jsonOutput } from './json-output.js'
import { type DocumentedError, type Operation, errorOf, httpOf, membersOf } from './schema.js'
import type { Service, ServiceError } from './service.js'
import { xmlElement, xmlMembers } from './xml-output.js'

/** An HTTP answer, whole. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The output of an operation in the shape of the service's protocol. Throws a TypeError when it does not fit its schema. */
export function successAnswer(service: Service, operation: Operation, output: unknown, requestId: string): Answer {
  const headers = headersOf(service.protocol, requestId)
  const { name, output: schema } = operation
  if (service.protocol === 'restJson1') {
    const status = httpOf(service.sdk, name)?.status ?? 200
    return { status, headers, body: schema.isStructSchema() ? JSON.stringify(jsonOutput(schema, output ?? {})) : '' }
  }
  if (isJson(service.protocol)) {
    const body = schema.isStructSchema() ? JSON.stringify(jsonOutput(schema, output ?? {})) : ''
    return { status: 200, headers, body }
  }
  const members = xmlMembers(schema, output)
  const open = `<${name}Response xmlns="${xmlNamespace(service)}">`
  if (service.protocol === 'ec2Query') {
    const body = `${declaration}${open}${xmlElement('requestId', requestId)}${members}</${name}Response>`
    return { status: 200, headers, body }
  }
  const result = schema.isStructSchema() ? `<${name}Result>${members}</${name}Result>` : ''
  const metadata = `<ResponseMetadata>${xmlElement('RequestId', requestId)}</ResponseMetadata>`
  return { status: 200, headers, body: `${open}${result}${metadata}</${name}Response>` }
}

/**
 * An error in the shape of the service's protocol. The status that AWS documents for it holds unless the handler chose
 * one. `queryMode`: the client of a JSON service asked for the error's code on the query protocol too.
 */
export function errorAnswer(service: Service, error: ServiceError, requestId: string, queryMode: boolean): Answer {
  const documented = errorOf(service.sdk, error.code)
  const status = error.status === 400 ? (documented?.status ?? 400) : error.status
  const headers = headersOf(service.protocol, requestId)
  const sender = status < 500
  const code = documented?.queryCode ?? error.code
  if (isJson(service.protocol)) {
    const body = JSON.stringify(jsonError(service, error, documented))
    // https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
    if (service.protocol === 'restJson1') {
      return { status, headers: { ...headers, 'x-amzn-errortype': documented?.name ?? error.code }, body }
    }
    if (!queryMode) return { status, headers, body }
    // https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
    const queryError = `${code};${sender ? 'Sender' : 'Receiver'}`
    return { status, headers: { ...headers, 'x-amzn-query-error': queryError }, body }
  }
  const message = xmlElement('Message', error.message)
  const members = documented === undefined ? '' : xmlMembers(documented.schema, withoutMessage(error.members))
  if (service.protocol === 'ec2Query') {
    const inner = `<Error>${xmlElement('Code', code)}${message}${members}</Error>`
    const body = `${declaration}<Response><Errors>${inner}</Errors>${xmlElement('RequestID', requestId)}</Response>`
    return { status, headers, body }
  }
  const type = xmlElement('Type', sender ? 'Sender' : 'Receiver')
  const inner = `<Error>${type}${xmlElement('Code', code)}${message}${members}</Error>`
  const body = `<ErrorResponse xmlns="${xmlNamespace(service)}">${inner}${xmlElement('RequestId', requestId)}</ErrorResponse>`
  return { status, headers, body }
}

function jsonError(service: Service, error: ServiceError, documented: DocumentedError | undefined): unknown {
  const name = documented?.name ?? error.code
  // JSON 1.1 services send the bare name, JSON 1.0 ones the absolute shape id; clients accept either.
  const absolute = service.protocol === 'awsJson1_0' && documented !== undefined
  const type = absolute ? `${documented.namespace}#${name}` : name
  const key = documented !== undefined && membersOf(documented.schema).some(({ name: member }) => member === 'Message')
  const capital = key || name === 'SerializationException'
  // Some errors of AWS carry no words, ParameterNotFound for one.
  const message = error.message === '' ? {} : { [capital ? 'Message' : 'message']: error.message }
  const members = documented === undefined ? {} : jsonOutput(documented.schema, withoutMessage(error.members))
  return { __type: type, ...(members as object), ...message }
}

function withoutMessage(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name.toLowerCase() !== 'message'))
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

const contentTypes: Readonly<Record<Service['protocol'], string>> = {
  awsQuery: 'text/xml',
  ec2Query: 'text/xml;charset=UTF-8',
  awsJson1_0: 'application/x-amz-json-1.0',
  awsJson1_1: 'application/x-amz-json-1.1',
  restJson1: 'application/json',
}

function headersOf(protocol: Service['protocol'], requestId: string): Readonly<Record<string, string>> {
  return { 'content-type': contentTypes[protocol], 'x-amzn-requestid': requestId }
}

function xmlNamespace(service: Service): string {
  const scheme = service.signingName === 'sts' ? 'https' : 'http'
  return `${scheme}://${service.signingName}.amazonaws.com/doc/${service.target}/`
}
