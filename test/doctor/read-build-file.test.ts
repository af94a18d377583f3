import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { situate } from '../../src/lib/doctor/build-file.js'
import { walkService } from '../../src/lib/doctor/service-files.js'
import { modelCacheFindings } from '../../src/lib/doctor/model-cache.js'
import { healthMismatches } from '../../src/lib/doctor/health-findings.js'
import { writtenSecrets } from '../../src/lib/doctor/image-findings.js'
import { openVersions } from '../../src/lib/doctor/package-findings.js'
import { hiddenFailures, lateDownloads, recursiveChanges } from '../../src/lib/doctor/file-findings.js'
import { readBuildFile } from '../../src/lib/operations/read-build-file.js'

const read = (text: string, args: Readonly<Record<string, string>> = {}) => readBuildFile(text, 'Dockerfile', args)

describe('any Dockerfile is read', () => {
  test('stages, arguments and what an image inherits from a stage', () => {
    const file = read(
      [
        'ARG TAG=3.12',
        'FROM python:${TAG}-slim AS build',
        'ENV HF_HOME=/models',
        'USER builder',
        'FROM node:24 AS other',
        'USER node:node',
        'FROM build',
        'ARG TAG',
        'WORKDIR app',
        'COPY --from=other /x /y',
        'RUN echo $TAG',
      ].join('\n'),
      { TAG: '3.13' },
    )
    expect(file.steps.flatMap((step) => (step.kind === 'from' ? [step.reference] : []))).toEqual([
      'python:3.13-slim',
      'node:24',
      'build',
    ])
    const { steps, after } = situate(file)
    expect(steps.map(({ kind }) => kind)).toEqual(['from', 'arg', 'workdir', 'copy', 'run'])
    expect(steps.find(({ kind }) => kind === 'copy')).toMatchObject({ local: false, sources: ['/x'] })
    expect(after).toEqual({
      environment: { HF_HOME: '/models' },
      variables: { HF_HOME: '/models', TAG: '3.13' },
      user: 'builder',
      workdir: '/app',
    })
  })

  test('RUN in every form, and the place of each command', () => {
    const file = read(
      [
        'FROM a',
        'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]',
        'RUN one && \\',
        '    # a comment',
        '    two',
        'RUN ["three", "an argument"]',
        'RUN --mount=type=cache,target=/c --mount=type=secret,id=x <<EOF',
        'four',
        '  five',
        'EOF',
        'USER x',
      ].join('\n'),
    )
    const runs = file.steps.flatMap((step) => (step.kind === 'run' ? [step] : []))
    expect(runs.map(({ script }) => script)).toEqual(['one &&     two', "'three' 'an argument'", 'four\n  five'])
    expect(runs.map(({ mounts }) => mounts)).toEqual([[], [], ['/c']])
    expect(runs[0]?.shell).toEqual({ errexit: true, pipefail: true })
    expect(runs[0]?.placeOf('one &&     '.length)).toEqual({ file: 'Dockerfile', line: 5, column: 5 })
    expect(runs[2]?.placeOf('four\n  '.length)).toEqual({ file: 'Dockerfile', line: 9, column: 3 })
    expect(file.steps.at(-1)).toMatchObject({ kind: 'user', value: 'x' })
  })
})

test('no Dockerfile makes the checks throw', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'FROM x',
      'FROM x AS y',
      'FROM y',
      'FROM',
      'ENV A=$B HF_HOME=/x',
      'ENV A',
      'ARG HF_HOME',
      'USER $A',
      'WORKDIR ${A',
      'COPY . .',
      'COPY ["a", "b"]',
      'COPY --from=y a b',
      'COPY',
      'ADD https://x /y',
      'RUN hf download a/b || true',
      'RUN <<EOF',
      'EOF',
      'RUN chown -R a "$HF_HOME" \\',
      'RUN ["a"',
      'RUN useradd -m -d',
      'SHELL []',
      'ONBUILD RUN x',
      'HEALTHCHECK CMD curl http://localhost:$PORT/x',
      'HEALTHCHECK NONE',
      'HEALTHCHECK',
      'EXPOSE x',
      'CMD ["a", "--port", "1"]',
      'ENTRYPOINT serve --port 9000',
      'RUN pip install a b==1 -r c',
      'RUN npm install',
      'RUN git clone https://u:p@h/x',
      'COPY .env x.pem /',
      '# escape=`',
    ),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const app = read(lines.join('\n'))
      const service = walkService({
        name: 's',
        app,
        base: { file: app, repository: 'r', tag: 'latest', inputs: new Map(), text: '' },
        models: [],
        context: '',
        configPath: 'rampart.yml',
        configText: '',
        health: { live: '/live', ready: '/ready', port: 8000 },
        ignoreFile: { path: undefined, expected: '.dockerignore', lets: [] },
      })
      const finders = [
        modelCacheFindings,
        hiddenFailures,
        recursiveChanges,
        lateDownloads,
        healthMismatches,
        openVersions,
        writtenSecrets,
      ]
      const found = finders.flatMap((find) => find(service))
      for (const { place, remedy } of found) {
        expect(place).toMatch(/^Dockerfile:\d+/)
        expect(remedy).toBeTruthy()
      }
    }),
    { numRuns: 400 },
  )
})
