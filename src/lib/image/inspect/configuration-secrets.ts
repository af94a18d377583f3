import type { InspectedSecret } from '../../domain/inspection.js'
import type { ImageConfig } from '../image-config.js'
import { argumentsText, instructionText } from './instructions.js'
import { assignmentsOf, secretByVariable, secretInInstruction } from './secret-rules.js'

/** What in an image's configuration looks like a secret: its environment, its labels, the instructions of its history. */
export function secretsOfConfiguration(image: ImageConfig): readonly InspectedSecret[] {
  const common = { path: null, layer: null, part: 'unknown' } as const
  const environment = (image.config?.Env ?? []).flatMap((entry): readonly InspectedSecret[] => {
    const equals = entry.indexOf('=')
    const name = entry.slice(0, Math.max(0, equals))
    const found = secretByVariable(name, entry.slice(equals + 1))
    return found === undefined ? [] : [{ ...found, ...common, where: `ENV ${name}` }]
  })
  const labels = Object.entries(image.config?.Labels ?? {}).flatMap(([name, value]): readonly InspectedSecret[] => {
    const found = secretByVariable(name, value)
    return found === undefined ? [] : [{ ...found, ...common, where: `LABEL ${name}` }]
  })
  const seen = new Set(environment.map(({ where }) => where))
  const history = (image.history ?? []).flatMap((entry, at): readonly InspectedSecret[] => {
    const createdBy = entry.created_by ?? ''
    const text = instructionText(createdBy)
    const keyword = text.split(/\s/, 1)[0] ?? ''
    // The environment has them already, under their names.
    const names = assignmentsOf(text).map(({ name }) => `ENV ${name}`)
    if (keyword === 'LABEL' || (keyword === 'ENV' && names.some((name) => seen.has(name)))) return []
    const found = secretInInstruction(`${argumentsText(createdBy)} ${text}`)
    return found === undefined ? [] : [{ ...found, ...common, where: `history line ${at + 1} (${keyword})` }]
  })
  return [...environment, ...labels, ...history]
}
