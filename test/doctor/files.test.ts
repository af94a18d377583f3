import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileCheckNames } from '../../src/lib/operations/doctor-files.js'
import { root } from '../support/cli.js'
import { copyExample, type Project } from '../support/project.js'
import { examine, troubles } from './support.js'

const base = 'backend/Dockerfile.base'
const app = 'backend/Dockerfile.app'
const firstModel = 'RUN python /opt/models/fetch_models.py protectai/deberta-v3-base-prompt-injection-v2'
const envBlock = 'ENV HF_HOME=/opt/models/huggingface \\\n    MODELS_FILE'

interface Planted {
  readonly defect: string
  readonly plant: (project: Project) => Promise<void>
  /** The checks that must find it, and no others. */
  readonly found: Readonly<Record<string, 'warn' | 'fail'>>
  /** The place of the first check's finding, from the folder of rampart.yml on. */
  readonly place: RegExp
  readonly detail: RegExp
}

const planted: readonly Planted[] = [
  {
    defect: 'no HF_HOME: root downloads into its own home, the app runs as another user (S1)',
    plant: (project) => project.edit(base, envBlock, 'ENV MODELS_FILE'),
    found: { 'model-cache': 'fail' },
    place: /backend\/Dockerfile\.base:15:5$/,
    detail:
      /\/root\/\.cache\/huggingface\/hub as root; the app runs as 10001 and looks in \/home\/app\/\.cache\/huggingface\/hub/,
  },
  {
    defect: 'HF_HOME is set after the download',
    plant: async (project) => {
      await project.edit(base, envBlock, 'ENV MODELS_FILE')
      await project.edit(base, 'ENV HF_HUB_OFFLINE=1', 'ENV HF_HUB_OFFLINE=1 HF_HOME=/opt/models/huggingface')
    },
    found: { 'model-cache': 'fail' },
    place: /Dockerfile\.base:15:5$/,
    detail: /looks in \/opt\/models\/huggingface\/hub/,
  },
  {
    defect: 'the app looks elsewhere',
    plant: (project) => project.edit(app, 'ENV LOG_LEVEL=info', 'ENV HF_HUB_CACHE=/app/models'),
    found: { 'model-cache': 'fail' },
    place: /Dockerfile\.base:16:5$/,
    detail: /looks in \/app\/models/,
  },
  {
    defect: 'TRANSFORMERS_CACHE is set in the app alone',
    plant: (project) => project.edit(app, 'ENV LOG_LEVEL=info', 'ENV TRANSFORMERS_CACHE=/app/models'),
    found: { 'model-cache': 'warn' },
    place: /Dockerfile\.base:16:5$/,
    detail: /TRANSFORMERS_CACHE differs/,
  },
  {
    defect: 'models in a directory that only root may enter',
    plant: (project) => project.edit(base, 'HF_HOME=/opt/models/huggingface', 'HF_HOME=/root/models'),
    found: { 'model-cache': 'fail' },
    place: /Dockerfile\.base:16:5$/,
    detail: /10001 may not enter/,
  },
  {
    defect: 'models in a cache mount',
    plant: (project) =>
      project.edit(
        base,
        firstModel,
        firstModel.replace('RUN', 'RUN --mount=type=cache,target=/opt/models/huggingface'),
      ),
    found: { 'model-cache': 'fail' },
    place: /Dockerfile\.base:16:\d+$/,
    detail: /nothing in a mount is in the image/,
  },
  {
    defect: '|| true behind a download (S3)',
    plant: (project) => project.edit(base, 'injection-v2 && chmod -R a+rX "$HF_HOME"', 'injection-v2 || true'),
    found: { 'failed-downloads': 'fail' },
    place: /Dockerfile\.base:16:5$/,
    detail: /`\|\| true` follows it/,
  },
  {
    defect: '|| echo behind a download on a continued line',
    plant: (project) =>
      project.edit(
        base,
        'injection-v2 && chmod -R a+rX "$HF_HOME"',
        "injection-v2 \\\n    # best effort\n    || { echo 'model skipped'; }",
      ),
    found: { 'failed-downloads': 'fail' },
    place: /Dockerfile\.base:16:5$/,
    detail: /`\|\| \{ echo 'model skipped'; \}` follows it/,
  },
  {
    defect: '; behind a download',
    plant: (project) => project.edit(base, 'injection-v2 && chmod', 'injection-v2; chmod'),
    found: { 'failed-downloads': 'fail' },
    place: /Dockerfile\.base:16:5$/,
    detail: /another command follows it after `;`/,
  },
  {
    defect: 'a loop that goes on after a failed round, in a heredoc',
    plant: (project) =>
      project.edit(
        base,
        /RUN python \/opt\/models\/fetch_models\.py protectai[^\n]*\n/,
        'RUN <<EOF\nfor id in protectai/deberta-v3-base-prompt-injection-v2; do\n  python /opt/models/fetch_models.py $id\ndone\nEOF\n',
      ),
    found: { 'failed-downloads': 'fail' },
    place: /Dockerfile\.base:18:3$/,
    detail: /a loop ends as its last round does/,
  },
  ...['injection-v2; true', 'injection-v2 || :', 'injection-v2 || /bin/true', 'injection-v2 || exit 0'].map(
    (by): Planted => ({
      defect: `a download that ends well whatever happens: ${by.slice('injection-v2'.length)}`,
      plant: (project) => project.edit(base, 'injection-v2 && chmod -R a+rX "$HF_HOME"', by),
      found: { 'failed-downloads': 'fail' },
      place: /Dockerfile\.base:16:5$/,
      detail: /fails the build goes on/,
    }),
  ),
  {
    defect: 'set +e before a download, in a shell that would give up',
    plant: async (project) => {
      await project.edit(base, 'injection-v2 && chmod -R a+rX "$HF_HOME"', 'injection-v2; chmod -R a+rX "$HF_HOME"')
      await project.edit(base, firstModel, `SHELL ["/bin/bash", "-ec"]\n${firstModel.replace('RUN', 'RUN set +e;')}`)
    },
    found: { 'failed-downloads': 'fail' },
    place: /Dockerfile\.base:17:13$/,
    detail: /another command follows it after `;`/,
  },
  {
    defect: 'packages whose installation may fail',
    plant: (project) => project.edit(base, '-r /opt/requirements.txt', '-r /opt/requirements.txt || :'),
    found: { 'failed-downloads': 'warn' },
    place: /Dockerfile\.base:12:5$/,
    detail: /pip install/,
  },
  {
    defect: 'a pipe into a shell without pipefail',
    plant: (project) =>
      project.edit(base, 'RUN groupadd', 'RUN curl -fsSL https://example.com/setup.sh | bash -\nRUN groupadd'),
    found: { 'failed-downloads': 'warn' },
    place: /Dockerfile\.base:9:5$/,
    detail: /`\| bash -` follows it/,
  },
  {
    defect: 'chown -R over the model cache in the thin image (S4)',
    plant: (project) =>
      project.edit(app, 'ENV LOG_LEVEL=info', 'USER root\nRUN useradd -m x && chown -R x:x /app "$HF_HOME"'),
    found: { 'recursive-chown': 'fail', 'thin-layer': 'warn' },
    place: /backend\/Dockerfile\.app:10:21$/,
    detail:
      /\/opt\/models\/huggingface\/hub\/models--protectai--deberta-v3-base-prompt-injection-v2 a second time, in the thin layer/,
  },
  {
    defect: 'chmod -R over an earlier layer of the base',
    plant: (project) => project.edit(base, '"$HF_HOME/hub/models--knowledgator--gliner-pii-edge-v1.0"', '"$HF_HOME"'),
    found: { 'recursive-chown': 'warn' },
    place: /Dockerfile\.base:17:77$/,
    detail: /in a layer of its own/,
  },
  {
    defect: 'chown -R over what COPY brought',
    plant: (project) => project.edit(app, 'ENV LOG_LEVEL=info', 'RUN chown -R 10001 .'),
    found: { 'recursive-chown': 'warn', 'thin-layer': 'warn' },
    place: /Dockerfile\.app:9:5$/,
    detail: /Dockerfile\.app:7 copied a second time/,
  },
  {
    defect: 'code before downloads (S5)',
    plant: (project) => project.edit(base, 'COPY requirements.txt /opt/requirements.txt', 'COPY . /opt/'),
    found: { 'download-order': 'warn', 'base-inputs': 'warn' },
    place: /Dockerfile\.base:11:1$/,
    detail: /\. is copied before .*Dockerfile\.base:16 downloads models/,
  },
  {
    defect: 'a file in the base that is no input of it',
    plant: async (project) => {
      await project.write('backend/constraints.txt', '')
      await project.edit(base, 'COPY requirements.txt', 'COPY constraints.txt requirements.txt')
    },
    found: { 'base-inputs': 'warn' },
    place: /Dockerfile\.base:11:1$/,
    detail: /copies constraints\.txt, which is not among its inputs/,
  },
  {
    defect: 'an app on another image',
    plant: (project) => project.edit(app, 'FROM rampart-backend-base', 'FROM python:3.12-slim'),
    // The image that is left out carried the cache, too.
    found: { 'from-base': 'fail' },
    place: /Dockerfile\.app:2:1$/,
    detail: /stands on python:3\.12-slim, not on rampart-backend-base/,
  },
  {
    defect: 'an app on another tag of its base',
    plant: (project) => project.edit(app, 'FROM rampart-backend-base', 'ARG TAG=v1\nFROM rampart-backend-base:${TAG}'),
    found: { 'from-base': 'fail' },
    place: /Dockerfile\.app:3:1$/,
    detail: /stands on the tag v1 of rampart-backend-base; rampart builds and checks latest/,
  },
  {
    defect: 'an image from elsewhere without a version (S8)',
    plant: (project) => project.edit(base, 'FROM python:3.12-slim', 'FROM python'),
    found: { 'pinned-images': 'warn' },
    place: /Dockerfile\.base:2:1$/,
    detail: /python is whatever its publisher calls latest/,
  },
  {
    defect: 'an image by the tag latest',
    plant: (project) => project.edit(base, 'FROM python:3.12-slim', 'FROM python:latest'),
    found: { 'pinned-images': 'warn' },
    place: /Dockerfile\.base:2:1$/,
    detail: /python:latest is whatever was pushed last/,
  },
  {
    defect: 'a package without a version in a RUN',
    plant: (project) =>
      project.edit(base, '-r /opt/requirements.txt', '-r /opt/requirements.txt accelerate "einops>=0.7"'),
    found: { 'pinned-packages': 'warn' },
    place: /Dockerfile\.base:12:5$/,
    detail: /accelerate, einops>=0\.7 without a version/,
  },
  {
    defect: 'a package without a version in the requirements',
    plant: (project) => project.edit('backend/requirements.txt', 'torch==2.15.0', 'torch>=2'),
    found: { 'pinned-packages': 'warn' },
    place: /backend\/requirements\.txt:10$/,
    detail: /leaves the version of torch open/,
  },
  {
    defect: 'npm install in place of npm ci',
    plant: (project) => project.edit('frontend/Dockerfile.base', 'RUN npm ci --omit=dev', 'RUN npm install --omit=dev'),
    found: { 'pinned-packages': 'warn' },
    place: /frontend\/Dockerfile\.base:\d+:5$/,
    detail: /npm install may bring other versions/,
  },
  {
    defect: 'a model by its branch',
    plant: (project) =>
      project.edit('rampart.yml', 'revision: 89b085cd330414d3e7d9dd787870f315957e1e9f', 'revision: main'),
    found: { config: 'fail' },
    place: /rampart\.yml:\d+:\d+$/,
    detail: /main/,
  },
  {
    defect: 'no HEALTHCHECK',
    plant: (project) => project.edit(app, /HEALTHCHECK[^\n]*\n[^\n]*\n/, ''),
    found: { 'image-health': 'warn' },
    place: /backend\/Dockerfile\.app:2:1$/,
    detail: /backend has no HEALTHCHECK/,
  },
  {
    defect: 'a HEALTHCHECK on another path (S20)',
    plant: (project) => project.edit(app, ':8000/api/v1/health', ':8000/health'),
    found: { 'image-health': 'warn' },
    place: /backend\/Dockerfile\.app:\d+:1$/,
    detail: /asks \/health; rampart\.yml says that backend answers \/api\/v1\/health/,
  },
  {
    defect: 'a HEALTHCHECK that asks for readiness from the first second',
    plant: async (project) => {
      await project.edit(app, ':8000/api/v1/health', ':8000/api/v1/health/ready')
      await project.edit(app, ' --start-period=120s', '')
    },
    found: { 'image-health': 'warn' },
    place: /backend\/Dockerfile\.app:\d+:1$/,
    detail: /a container that loads counts as unhealthy/,
  },
  {
    defect: 'an app that listens elsewhere than targets are asked',
    plant: (project) => project.edit(app, '"--port", "8000"', '"--port", "8080"'),
    found: { 'image-health': 'fail' },
    place: /backend\/Dockerfile\.app:\d+:1$/,
    detail: /told to listen on 8080; services\.backend\.health\.port is 8000/,
  },
  {
    defect: 'an app that nothing starts',
    plant: (project) => project.edit(app, /^CMD .*$/m, ''),
    found: { 'image-health': 'warn' },
    place: /backend\/Dockerfile\.app:2:1$/,
    detail: /nothing says how backend is started/,
  },
  {
    defect: 'EXPOSE of another port',
    plant: (project) => project.edit(app, 'EXPOSE 8000', 'EXPOSE 80'),
    found: { 'image-health': 'warn' },
    place: /backend\/Dockerfile\.app:\d+:1$/,
    detail: /EXPOSE names 80;/,
  },
  {
    defect: 'models, and no route that says when they are loaded (S18)',
    plant: (project) => project.edit('rampart.yml', /\n *ready: [^\n]*/, ''),
    found: { 'image-health': 'warn' },
    place: /rampart\.yml$/,
    detail: /nothing but \/api\/v1\/health says whether it is ready/,
  },
  {
    defect: 'another model baked than declared (S2)',
    plant: async (project) => {
      await project.edit(
        base,
        'fetch_models.py knowledgator/gliner-pii-edge-v1.0',
        'fetch_models.py urchade/gliner_multi-v2.1',
      )
      await project.edit(base, 'models--knowledgator--gliner-pii-edge-v1.0', 'models--urchade--gliner_multi-v2.1')
      await project.edit('backend/models.json', 'knowledgator/gliner-pii-edge-v1.0', 'urchade/gliner_multi-v2.1')
    },
    found: { models: 'fail' },
    place: /Dockerfile\.base$/,
    detail: /knowledgator\/gliner-pii-edge-v1\.0 is declared/,
  },
  {
    defect: 'a model baked and not declared, by a function under another name',
    plant: (project) =>
      project.edit(
        base,
        '# The app never downloads',
        `RUN python -c "from huggingface_hub import snapshot_download as get; get('unitary/toxic-bert', ignore_patterns=['onnx/*'])"\n# The app never downloads`,
      ),
    found: { models: 'warn' },
    place: /Dockerfile\.base:19:5$/,
    detail: /unitary\/toxic-bert is downloaded and not declared/,
  },
  {
    defect: 'a context without .dockerignore',
    plant: (project) => rm(join(project.directory, 'backend/.dockerignore')),
    found: { 'ignore-file': 'warn' },
    place: /backend\/\.dockerignore$/,
    detail: /backend has no \.dockerignore/,
  },
  {
    defect: 'a .dockerignore that lets secrets in',
    plant: async (project) => {
      await project.write('backend/.env', 'TOKEN=x\n')
      await project.edit('backend/.dockerignore', '.env\n', '')
    },
    found: { 'ignore-file': 'warn' },
    place: /backend\/\.dockerignore$/,
    detail: /lets \.env into the context/,
  },
  {
    defect: 'an app that runs as root',
    plant: (project) => project.edit('frontend/Dockerfile.app', 'USER 1000:1000\n', ''),
    found: { 'runtime-user': 'warn' },
    place: /frontend\/Dockerfile\.app:2:1$/,
    detail: /frontend runs as root/,
  },
  {
    defect: 'a secret in ENV',
    plant: (project) => project.edit(base, 'ENV HF_HOME', 'ENV HF_TOKEN=hf_abcdefghijkl\nENV HF_HOME'),
    found: { secrets: 'fail' },
    place: /Dockerfile\.base:5:1$/,
    detail: /ENV HF_TOKEN puts a secret/,
  },
  {
    defect: 'a secret in ARG',
    plant: (project) => project.edit(base, 'RUN pip install', 'ARG PIP_PASSWORD=hunter2\nRUN pip install'),
    found: { secrets: 'warn' },
    place: /Dockerfile\.base:12:1$/,
    detail: /ARG PIP_PASSWORD puts a secret/,
  },
  {
    defect: 'a token in a RUN',
    plant: (project) =>
      project.edit(
        base,
        'RUN pip install',
        'RUN git clone https://me:hunter2@example.com/private.git /opt/private\nRUN pip install',
      ),
    found: { secrets: 'fail' },
    place: /Dockerfile\.base:12:5$/,
    detail: /a token stands in this git/,
  },
  {
    defect: 'a file of secrets that is copied',
    plant: async (project) => {
      await project.write('backend/.env', 'TOKEN=x\n')
      await project.edit(app, 'ENV LOG_LEVEL=info', 'COPY .env ./\nENV LOG_LEVEL=info')
    },
    found: { secrets: 'fail' },
    place: /Dockerfile\.app:9:1$/,
    detail: /\.env holds secrets/,
  },
  {
    defect: 'a thin image that needs an engine',
    plant: (project) => project.edit(app, 'ENV LOG_LEVEL=info', 'RUN python -m compileall app'),
    found: { 'thin-layer': 'warn' },
    place: /Dockerfile\.app:9:1$/,
    detail: /RUN needs a container/,
  },
  {
    defect: 'an input that is not there',
    plant: (project) => rm(join(project.directory, 'backend/models.json')),
    found: { config: 'fail' },
    place: /rampart\.yml:\d+:\d+$/,
    detail: /models\.json/,
  },
  {
    defect: 'a .dockerignore that Docker cannot read',
    plant: (project) => project.edit('backend/.dockerignore', '.venv', '[venv'),
    found: { 'build-files': 'fail' },
    place: /backend\/\.dockerignore:3:1$/,
    detail: /this is not a pattern: \[venv/,
  },
  {
    defect: 'a configuration with a mistake',
    plant: (project) => project.edit('rampart.yml', 'budget: 100MB', 'budgte: 100MB'),
    found: { config: 'fail' },
    place: /rampart\.yml:27:5$/,
    detail: /budgte|problem/,
  },
]

describe('a defect planted in the files is found, and nothing else', () => {
  test.each(planted)('$defect', async ({ plant, found, place, detail }) => {
    const project = await copyExample()
    await plant(project)
    const seen = await examine(project.config, { offline: true })
    expect(troubles(seen)).toEqual(found)
    const check = seen.checks[Object.keys(found)[0] ?? '']
    expect(check?.place ?? '').toMatch(place)
    expect(`${check?.detail} ${check?.findings.map((one) => one.detail).join(' ')}`).toMatch(detail)
    for (const name of Object.keys(found)) {
      const { remedy, findings = [] } = seen.checks[name] ?? {}
      expect(remedy ?? findings[0]?.detail).toBeTruthy()
    }
    expect(seen.exitCode).toBe(Object.values(found).includes('fail') ? 3 : 0)
    expect(seen.text).not.toMatch(/hf_abcdefghijkl|hunter2/)
  })
})

test('every check of files has a planted defect that it finds', () => {
  const finders = new Set(planted.flatMap(({ found }) => Object.keys(found)))
  expect(fileCheckNames.filter((name) => !finders.has(name))).toEqual([])
  expect(planted.length).toBeGreaterThanOrEqual(20)
})

const examples = readdirSync(join(root, 'examples')).filter((name) =>
  existsSync(join(root, 'examples', name, 'rampart.yml')),
)

test.each(examples)('nothing is found in %s as it is, without AWS and without Docker', async (name) => {
  const seen = await examine(join(root, 'examples', name, 'rampart.yml'))
  expect(troubles(seen)).toEqual({})
  expect(seen.exitCode).toBe(0)
  const skipped = Object.values(seen.checks).filter(({ result }) => result === 'skip')
  expect(skipped.map(({ name: check }) => check)).toEqual(expect.arrayContaining(['docker', 'credentials', 'base']))
  expect(skipped.filter(({ detail }) => detail === '')).toEqual([])
})

describe('nothing is found in', () => {
  test.each<[string, (project: Project) => Promise<void>]>([
    [
      'a download that is tried again, or gives up aloud',
      (project) =>
        project.edit(
          base,
          firstModel,
          `RUN ls / || true; set -e; until true; do sleep 1; done; ${firstModel.slice(4)} || { echo no >&2; exit 1; }; true && true`,
        ),
    ],
    [
      'requirements that others constrain, and packages by address',
      async (project) => {
        await project.edit('backend/requirements.txt', /^torch==.*$/m, 'torch\n-c constraints.txt')
        await project.edit('rampart.yml', 'inputs: [requirements.txt,', 'inputs: [requirements.txt, constraints.txt,')
        await project.write('backend/constraints.txt', 'torch==2.15.0\n')
        await project.edit(
          base,
          'RUN pip install',
          'RUN pip install -U pip uv && pip install ./wheels/x.whl "y @ https://e.com/y.zip" z[all]==1.0 \\\n    git+https://e.com/r.git@0123abc\nCOPY constraints.txt /opt/\nRUN pip install',
        )
      },
    ],
    [
      'a port and a path that variables give',
      async (project) => {
        await project.edit(app, 'ENV LOG_LEVEL=info', 'ENV LOG_LEVEL=info PORT=8000 ROOT=/api/v1')
        await project.edit(
          app,
          /HEALTHCHECK[^\n]*\n[^\n]*\n/,
          'HEALTHCHECK CMD curl -f http://localhost:$PORT$ROOT/health\n',
        )
        await project.edit(app, /CMD \["uvicorn.*/, 'CMD uvicorn app.main:app --port ${PORT}')
      },
    ],
    [
      'a HEALTHCHECK that asks for readiness and gives time to start',
      (project) => project.edit(app, ':8000/api/v1/health', ':8000/api/v1/health/ready'),
    ],
    [
      'secrets that are not there',
      async (project) => {
        await project.write('backend/.env.example', 'TOKEN=\n')
        await project.edit(app, 'ENV LOG_LEVEL=info', 'COPY --chown=10001:10001 .env.example ./\nENV LOG_LEVEL=info')
        await project.edit(
          base,
          'RUN pip install',
          'ARG HF_TOKEN\nRUN git clone --depth 1 https://github.com/acme/x /opt/x\nRUN --mount=type=secret,id=hf HF_TOKEN=$(cat /run/secrets/hf) true\nRUN pip install',
        )
      },
    ],
  ])('%s', async (_name, change) => {
    const project = await copyExample()
    await change(project)
    expect(troubles(await examine(project.config, { offline: true }))).toEqual({})
  })
})

test('what the first seed builds is told from what it should build: its four worst defects at once', async () => {
  const project = await copyExample()
  await project.write(
    base,
    `FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
RUN python -c "from transformers import pipeline; pipeline('text-classification', model='protectai/deberta-v3-base-prompt-injection-v2')" && \\
    python -c "from gliner import GLiNER; GLiNER.from_pretrained('urchade/gliner_multi-v2.1')" || echo "skipped"
`,
  )
  await project.write(
    app,
    `FROM rampart-backend-base:latest
WORKDIR /app
COPY . .
RUN useradd --create-home app && chown -R app:app /app && chown -R app:app /root/.cache
USER app
CMD ["uvicorn", "app.main:app"]
`,
  )
  const seen = await examine(project.config, { offline: true })
  expect(troubles(seen)).toEqual({
    'model-cache': 'fail',
    models: 'fail',
    'failed-downloads': 'fail',
    'recursive-chown': 'fail',
    'thin-layer': 'warn',
    'image-health': 'warn',
  })
  expect(seen.checks['failed-downloads']?.findings.map(({ place }) => place?.replace(/^.*backend/, ''))).toEqual([
    '/Dockerfile.base:5:5',
    '/Dockerfile.base:6:5',
  ])
  expect(seen.checks['recursive-chown']?.findings).toHaveLength(2)
  expect(seen.checks['models']?.findings.map(({ detail }) => detail.split(' ')[0])).toEqual([
    'knowledgator/gliner-pii-edge-v1.0',
    'urchade/gliner_multi-v2.1',
  ])
})
