import { hasWildcard } from './glob.js'
import { joinPath } from './paths.js'
import type { Recipe } from '../recipe/recipe.js'

/**
 * The parts of the context that the recipe's COPY and ADD can reach, as paths relative to it; undefined when that is
 * all of it. A source counts as far as it can be known without the base: up to its first variable, quote or wildcard.
 */
export function sourceRoots(recipe: Recipe): readonly string[] | undefined {
  const roots = new Set<string>()
  for (const step of recipe.steps) {
    if (step.kind !== 'copy') continue
    for (const source of step.sources) {
      const known = joinPath('/', knownPart(source))
      if (known === '/') return undefined
      roots.add(known.slice(1))
    }
  }
  return Array.from(roots)
}

function knownPart(source: string): string {
  const parts = source.split('/')
  const end = parts.findIndex((part) => hasWildcard(part) || /[$'"\\`]/.test(part))
  // What follows could climb out again.
  if (end >= 0 && parts.slice(end).includes('..')) return ''
  return (end < 0 ? parts : parts.slice(0, end)).join('/')
}
