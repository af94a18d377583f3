/**
 * Fills `{{name}}` in a template. A line that is nothing but one name takes the value's lines, each with the line's own
 * indentation, and goes when the value is empty; of empty lines that follow each other, one is left. A name without a
 * value is an error of the program.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  const valueOf = (name: string): string => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new Error(`the template names ${name}, which has no value`)
    return value
  }
  const lines = template.split('\n').flatMap((line): readonly string[] => {
    const alone = /^([ \t]*)\{\{(\w+)\}\}$/.exec(line)
    if (alone === null) return [line.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => valueOf(name))]
    const value = valueOf(alone[2] ?? '')
    return value === '' ? [] : value.split('\n').map((one) => (one === '' ? '' : `${alone[1] ?? ''}${one}`))
  })
  const text = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== '')).join('\n')
  return `${text.trimEnd()}\n`
}

/** A value for YAML: plain where that is safe, else in double quotes. https://yaml.org/spec/1.2.2/#732-double-quoted-style */
export function yamlText(text: string): string {
  return /^[A-Za-z_./][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text)
}

/** A list for YAML on one line. */
export function yamlList(items: readonly string[]): string {
  return `[${items.map(yamlText).join(', ')}]`
}
