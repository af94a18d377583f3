import { basename } from 'node:path'
import type { Expectations, Json } from '../domain/verify-plan.js'
import type { HttpAnswer } from '../ports/http.js'
import { jsonJudge, type JsonJudge } from './json-expectations.js'
import { schemaJudge } from './json-schema.js'

/** Tells what of an answer is not as it should be; nothing when all is. */
export type AnswerJudge = (answer: HttpAnswer) => readonly string[]

/** The content of an answer as text. */
const textOf = (answer: HttpAnswer): string => new TextDecoder().decode(answer.body)

const shortest = 200

/** The beginning of an answer, on one line, for evidence. */
export function excerpt(answer: HttpAnswer): string {
  const text = textOf(answer).replaceAll(/\s+/g, ' ').trim()
  if (text === '') return 'an empty answer'
  return text.length > shortest ? `${text.slice(0, shortest)}…` : text
}

/** Makes everything ready that judges answers; reads the schema, and rejects when there is none. */
export async function answerJudge(
  expect: Expectations,
  readText: (path: string) => Promise<string>,
): Promise<AnswerJudge> {
  const ofJson: JsonJudge[] = expect.json.length === 0 ? [] : [jsonJudge(expect.json)]
  if (expect.schema !== undefined) {
    const name = basename(expect.schema)
    const judge = await schemaJudge(expect.schema, await readText(expect.schema))
    ofJson.push((document) => judge(document).map((problem) => `${problem} (${name})`))
  }
  return (answer) => {
    const status = wrongStatus(answer, expect.status)
    // What an error page lacks beside its status is no news.
    if (status !== undefined) return [status]
    const text = textOf(answer)
    const type = (answer.headers['content-type'] ?? 'none').split(';')[0]?.trim().toLowerCase()
    return [
      ...(expect.contentType !== undefined && type !== expect.contentType.toLowerCase()
        ? [`the content type is ${type}, not ${expect.contentType}`]
        : []),
      ...expect.contains.filter((part) => !text.includes(part)).map((part) => `does not hold ${JSON.stringify(part)}`),
      ...expect.absent.filter((part) => text.includes(part)).map((part) => `holds ${JSON.stringify(part)}`),
      ...judgeDocument(answer, text, ofJson),
    ]
  }
}

function wrongStatus({ status, headers }: HttpAnswer, wanted: readonly number[]): string | undefined {
  if (wanted.length === 0 ? status >= 200 && status <= 299 : wanted.includes(status)) return undefined
  const to = headers['location'] === undefined ? '' : ` to ${headers['location']}`
  return `status ${status}${to}, not ${wanted.length === 0 ? '200 to 299' : wanted.join(' or ')}`
}

function judgeDocument(answer: HttpAnswer, text: string, judges: readonly JsonJudge[]): readonly string[] {
  if (judges.length === 0) return []
  if (answer.cut) return [`the answer is larger than ${answer.body.length} bytes, too large to be read as JSON`]
  let document: Json
  try {
    document = JSON.parse(text) as Json
  } catch {
    return ['the answer is not JSON']
  }
  return judges.flatMap((judge) => judge(document))
}
