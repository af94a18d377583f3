import type { Dependencies } from './requirements.js'
import type { RunPart } from './run-parts.js'
import { directoryOf, relativeTo } from './tree.js'

const target = '/opt/build'

/** The lines of Dockerfile.base that install dependencies; `options` are what the old installation gave pip beside its file. */
export function renderInstall(dependencies: Dependencies, context: string, options: readonly string[]): string {
  const inside = dependencies.files.map((file) => relativeTo(context, file))
  const folders = new Map<string, string[]>()
  for (const file of inside) folders.set(directoryOf(file), [...(folders.get(directoryOf(file)) ?? []), file])
  const copies = [...folders].map(
    ([folder, files]) => `COPY ${files.join(' ')} ${target}/${folder === '' ? '' : `${folder}/`}`,
  )
  return [...copies, `RUN ${command(dependencies, relativeTo(context, dependencies.main), options)}`].join('\n')
}

function command(dependencies: Dependencies, main: string, options: readonly string[]): string {
  const extra = options.length === 0 ? '' : `${options.join(' ')} `
  const tool = (name: string, ...steps: readonly string[]): string =>
    [`pip install --no-cache-dir ${name}`, `cd ${target}/${directoryOf(main)}`.replace(/\/$/, ''), ...steps].join(
      ' \\\n && ',
    )
  switch (dependencies.kind) {
    case 'requirements':
      return `pip install --no-cache-dir ${extra}-r ${target}/${main}`
    case 'uv':
      return tool(
        'uv',
        'uv export --frozen --no-dev --no-emit-project --output-file /tmp/requirements.txt',
        'uv pip install --system --no-cache -r /tmp/requirements.txt',
        'rm /tmp/requirements.txt',
      )
    case 'poetry':
      return tool(
        'poetry',
        'POETRY_VIRTUALENVS_CREATE=false poetry install --only main --no-root --no-interaction --no-cache',
      )
    case 'pipenv': {
      const locked = dependencies.files.some((file) => file.endsWith('.lock'))
      return tool('pipenv', `pipenv install --system ${locked ? '--deploy' : '--skip-lock'}`)
    }
    case 'pyproject':
      return tool('uv', 'uv pip install --system --no-cache -r pyproject.toml')
  }
}

/** What an installation of the old Dockerfile asks of pip beside its requirements file: indexes, and single packages. */
export function pipOptions(parts: readonly RunPart[]): readonly string[] {
  const options: string[] = []
  for (const { words } of parts.filter((part) => part.purpose === 'install')) {
    const from = words.indexOf('install')
    if (
      from < 0 ||
      !/pip/.test(words.slice(0, from).join(' ')) ||
      !words.some((word) => /^(?:-r|--requirement)/.test(word))
    )
      continue
    for (let index = from + 1; index < words.length; index++) {
      const word = words[index] ?? ''
      if (/^(?:-r|--requirement)$/.test(word)) index++
      else if (word !== '--no-cache-dir' && !word.startsWith('-r') && !word.startsWith('--requirement='))
        options.push(word)
    }
  }
  return options
}

/** Whether an installation names packages alone, so that it needs no file of the project. */
export function needsNoFile({ words }: RunPart): boolean {
  return (
    !words.some((word) =>
      /^(?:-r|--requirement|-e|--editable|-c|--constraint)|^\.|\.txt$|^(?:sync|ci|export)$/.test(word),
    ) &&
    /pip/.test(words.join(' ')) &&
    words.slice(words.indexOf('install') + 1).some((word) => !word.startsWith('-'))
  )
}
