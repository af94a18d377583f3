import { formatBytes } from '../domain/format-bytes.js'
import type { InspectedCopies, InspectedLayer, InspectedModel, Inspection } from '../domain/inspection.js'
import { cleanLine } from '../terminal/clean.js'
import { formatCount } from '../terminal/format.js'
import { fit, isNarrow, sign, type Page } from './page.js'
import { proofWords } from '../words/proof.js'
import { shortDigest } from '../words/run.js'

/** What one image holds, for a person: facts, layers, copies, what is largest, secrets, models and the verdict. */
export function inspectText(found: Inspection, page: Page): string {
  const sections = [
    facts(found, page),
    layerLines(found, page),
    copyLines(found.copies, page),
    largestLines(found),
    secretLines(found, page),
    modelLines(found.models),
    [...proofLines(found, page), verdictLine(found, page)],
    found.notes.map((note) => `${sign(page, 'detail')} ${cleanLine(note)}`),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function facts(found: Inspection, page: Page): readonly string[] {
  const { base, service, source } = found
  const what = source === 'plan' ? 'Plan      ' : 'Image     '
  return [
    `${what} ${page.paint('strong', found.image)}@${found.digest}`,
    ...(service === null ? [] : [`Service    ${service}${source === 'plan' ? ', as it would be pushed now' : ''}`]),
    `Platform   ${found.platform}${found.created === null ? '' : `, made ${cleanLine(found.created)}`}`,
    base === null
      ? 'Base       not known: name it with --base to tell its layers from those of the app'
      : `Base       ${cleanLine(base.name)}${base.digest === null ? '' : ` (${shortDigest(base.digest)})`}, ${formatCount(base.layers, 'layer')}, by the ${base.by}`,
    ...(base?.fingerprint === null || base === null ? [] : [`           fingerprint ${base.fingerprint.slice(0, 12)}`]),
    `Size       ${formatBytes(found.storedBytes)} stored${found.appBytes === null ? '' : `: base ${formatBytes(found.baseBytes ?? 0)}, app ${formatBytes(found.appBytes)}`}`,
  ]
}

function layerLines({ layers }: Inspection, page: Page): readonly string[] {
  const head = page.paint(
    'dim',
    `${'Layer'.padEnd(5)}  ${'Part'.padEnd(7)}  ${'Stored'.padStart(8)}  ${'Unpacked'.padStart(8)}  Instruction`,
  )
  const rows = layers.flatMap((layer) => {
    const size = layer.uncompressedBytes === null ? '-' : formatBytes(layer.uncompressedBytes)
    const row = `${String(layer.number).padStart(5)}  ${layer.part.padEnd(7)}  ${formatBytes(layer.storedBytes).padStart(8)}  ${size.padStart(8)}`
    const instruction = cleanLine(layer.instruction ?? 'not in the history')
    const first = isNarrow(page)
      ? [row, `  ${fit(instruction, page, 2)}`]
      : [`${row}  ${fit(instruction, page, row.length + 2)}`]
    const words = layer.part === 'base' ? '' : newWords(layer)
    return words === '' ? first : [...first, `${isNarrow(page) ? '  ' : ' '.repeat(7)}${words}`]
  })
  return [head, ...rows]
}

/** What a layer holds that is new: `12 files: 10 new (1.20 MB), 2 changed (4 kB)`. */
function newWords({ contents, unread }: InspectedLayer): string {
  if (contents === null) return unread ?? ''
  const parts = [
    ...(contents.added.files > 0 ? [`${contents.added.files} new (${formatBytes(contents.added.bytes)})`] : []),
    ...(contents.changed.files > 0
      ? [`${contents.changed.files} changed (${formatBytes(contents.changed.bytes)})`]
      : []),
    ...(contents.copied.files > 0 ? [`${contents.copied.files} copied (${formatBytes(contents.copied.bytes)})`] : []),
    ...(contents.deleted > 0 ? [`${contents.deleted} deleted`] : []),
  ]
  return `${formatCount(contents.files, 'file')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`
}

function copyLines(copies: readonly InspectedCopies[], page: Page): readonly string[] {
  return copies.flatMap((copy) => {
    const whose = copy.of === 'base' ? "the base's files" : copy.of === 'app' ? "the app's own files" : 'files below it'
    const how = copy.changes.includes('path')
      ? 'the same content at another path'
      : copy.changes.length === 0
        ? 'nothing of them differs'
        : `only ${copy.changes.join(' and ')} changed`
    const instruction = copy.instruction === null ? 'not in the history' : cleanLine(copy.instruction)
    return [
      `${sign(page, 'warn')} copies: layer ${copy.layer} carries ${formatBytes(copy.bytes)} of ${whose} again (${formatCount(copy.files, 'file')}, ${formatBytes(copy.storedBytes)} stored); ${how}`,
      // Whole, however long: it is what has to be changed.
      `  by ${instruction}`,
      ...copy.examples
        .slice(0, 3)
        .map(
          ({ path, bytes, original }) =>
            `  ${formatBytes(bytes).padStart(8)}  ${cleanLine(path)}${original === path ? '' : ` is ${cleanLine(original)}`}`,
        ),
      `  ${sign(page, 'arrow')} ${remedy(copy)}`,
    ]
  })
}

function remedy({ changes, of }: InspectedCopies): string {
  if (changes.includes('path')) return 'use the file where it is, or copy it in one place only'
  const where =
    of === 'base'
      ? 'in the Dockerfile of the base, in the instruction that makes the files'
      : 'with COPY --chown and --chmod'
  return changes.length === 0 || !changes.some((change) => change !== 'time')
    ? 'leave these files alone in this instruction'
    : `set owner and mode ${where}`
}

function sizeLines(
  name: string,
  list: readonly { readonly path: string; readonly bytes: number; readonly layer?: number }[],
): readonly string[] {
  const rows = list
    .slice(0, 5)
    .map(
      ({ path, bytes, layer }) =>
        `  ${formatBytes(bytes).padStart(8)}  ${cleanLine(path)}${layer === undefined ? '' : `, layer ${layer}`}`,
    )
  return rows.length === 0 ? [] : [name, ...rows]
}

function largestLines({ largest }: Inspection): readonly string[] {
  return [...sizeLines('Largest folders', largest.folders), ...sizeLines('Largest files', largest.files)]
}

function secretLines({ secrets, layers }: Inspection, page: Page): readonly string[] {
  const nothing = layers.some(({ unread }) => unread !== null) ? 'nothing in what was read' : 'nothing'
  if (secrets.length === 0) return [`${sign(page, 'ok')} secrets: ${nothing} looks like one`]
  return secrets.map((secret) => {
    const where =
      secret.path === null
        ? cleanLine(secret.where ?? '')
        : `${cleanLine(secret.path)}, layer ${secret.layer ?? ''} (${secret.part})`
    const name = secret.part === 'base' ? 'warn' : 'fail'
    return `${sign(page, name)} secret: ${secret.what} in ${where}`
  })
}

function modelLines(models: readonly InspectedModel[]): readonly string[] {
  return models.map(({ id, revision, bytes, source, layers }, at) => {
    const size = bytes === null ? '' : `, ${formatBytes(bytes)}`
    const where = layers.length === 0 ? '' : ` (${layers.length === 1 ? 'layer' : 'layers'} ${layers.join(', ')})`
    const by = source === 'label' ? '' : ', not named by the label'
    return `${at === 0 ? 'Models     ' : '           '}${cleanLine(id)}${revision === null ? '' : `@${revision.slice(0, 12)}`}${size}${where}${by}`
  })
}

function proofLines({ proof }: Inspection, page: Page): readonly string[] {
  if (proof === null) return [`${sign(page, 'skip')} proof: none recorded`]
  const lines = proofWords(proof) ?? [typeof proof === 'string' ? proof : JSON.stringify(proof)]
  return lines.map((line, at) => {
    const text = cleanLine(line)
    return at === 0 ? `${sign(page, 'ok')} proof: ${fit(text, page, 9)}` : `  ${fit(text, page, 2)}`
  })
}

function verdictLine({ budget }: Inspection, page: Page): string {
  const { verdict, bytes, instruction, place } = budget
  const size = bytes === null ? '' : formatBytes(bytes)
  switch (verdict) {
    case 'within':
      return `${sign(page, 'ok')} budget: within, ${size} of ${formatBytes(budget.budget ?? 0)}`
    case 'over': {
      const whom = instruction === null ? '' : `, most of it by ${cleanLine(instruction)}`
      return `${sign(page, 'fail')} budget: over, ${size} of ${formatBytes(budget.budget ?? 0)}${whom}${place === null ? '' : ` (${place})`}`
    }
    case 'unknown':
      return `${sign(page, 'skip')} budget: ${budget.budget === null ? 'none is set' : 'not judged, because the base is not known'}`
  }
}
