import { describe, expect, test } from 'vitest'
import { planOf } from './support.js'

const good = {
  'requirements.txt': 'fastapi\nuvicorn\ntransformers\n',
  'main.py': 'app = FastAPI()\n',
  '.dockerignore': '.git\n',
}
const model = { 'model.py': 'M = AutoModel.from_pretrained("a/b")\n' }
const download = `python -c "from transformers import AutoModel; AutoModel.from_pretrained('a/b')"`

function defectsOf(files: Readonly<Record<string, string>>): readonly string[] {
  const { findings } = planOf({ ...good, ...files }, 'shop')
  return findings.services.flatMap((service) => service.defects.map(({ name, place }) => `${name} at ${place}`))
}

describe('defects of Dockerfiles', () => {
  test.each<readonly [string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'code before models',
      { Dockerfile: `FROM a\nCOPY . .\nRUN ${download}\n`, ...model },
      ['code before downloads at Dockerfile:2'],
    ],
    [
      'code before dependencies',
      { Dockerfile: 'FROM a\nCOPY . /app\nRUN pip install -r /app/requirements.txt\n' },
      ['code before downloads at Dockerfile:2'],
    ],
    [
      'a failure behind echo',
      { Dockerfile: `FROM a\nENV HF_HOME=/m\nRUN ${download} || echo skipped\n`, ...model },
      ['failure ignored at Dockerfile:3'],
    ],
    [
      'a failure behind true',
      { Dockerfile: `FROM a\nENV HF_HOME=/m\nRUN set -x && ${download} || true\n`, ...model },
      ['failure ignored at Dockerfile:3'],
    ],
    [
      'a script that may fail',
      { Dockerfile: 'FROM a\nENV HF_HOME=/m\nRUN python scripts/download_models.py || :\n' },
      ['failure ignored at Dockerfile:3'],
    ],
    ...[
      `${download} && chmod -R a+rX /m || true`,
      `${download}; true`,
      `set +e; ${download}; true`,
      `set -x; ${download} || { echo skipped; exit 0; }`,
      `for m in a/b; do hf download $m; done`,
      `(${download}) 2>/dev/null || :`,
    ].map(
      (run) =>
        [
          `a failure that nobody sees: ${run.replace(download, 'download')}`,
          { Dockerfile: `FROM a\nENV HF_HOME=/m\nRUN ${run}\n`, ...model },
          ['failure ignored at Dockerfile:3'],
        ] as const,
    ),
    [
      'a failure in a here-document',
      { Dockerfile: `FROM a\nENV HF_HOME=/m\nRUN <<EOF\n${download}\necho done\nEOF\n`, ...model },
      ['failure ignored at Dockerfile:4'],
    ],
    [
      'a cache of root',
      { Dockerfile: `FROM a\nRUN ${download}\nUSER app\n`, ...model },
      ['models out of reach at Dockerfile:2'],
    ],
    [
      'HF_HOME below /root',
      { Dockerfile: `FROM a\nENV HF_HOME=/root/hf\nRUN ${download}\nUSER 1000\n`, ...model },
      ['models out of reach at Dockerfile:3'],
    ],
    [
      'the user of the thin image',
      { 'Dockerfile.base': `FROM a\nRUN ${download}\n`, 'Dockerfile.app': 'FROM b\nUSER app\n', ...model },
      ['models out of reach at Dockerfile.base:2'],
    ],
    [
      'chown -R',
      { Dockerfile: 'FROM a\nCOPY main.py .\nRUN useradd app && chown -R app /app\n' },
      ['chown -R at Dockerfile:3'],
    ],
    [
      'chown --recursive',
      { Dockerfile: 'FROM a\nCOPY main.py .\nRUN chown --recursive app /app\n' },
      ['chown -R at Dockerfile:3'],
    ],
    [
      'another model',
      { Dockerfile: `FROM a\nENV HF_HOME=/m\nRUN ${download.replace('a/b', 'a/c')}\n`, ...model },
      ['wrong models baked at Dockerfile:3'],
    ],
    ['no model', { Dockerfile: 'FROM a\nCOPY main.py model.py ./\n', ...model }, ['models not baked at Dockerfile:1']],
    [
      'two recipes',
      { Dockerfile: 'FROM a\nCMD uvicorn main:app --workers 2\n', 'Dockerfile.app': 'FROM a\nCMD uvicorn main:app\n' },
      ['two recipes at Dockerfile.app:2'],
    ],
    ['no ignore file', { Dockerfile: 'FROM a\nCOPY main.py .\n', '.dockerignore': '' }, []],
  ])('%s', (_name, files, expected) => {
    expect(defectsOf(files)).toEqual(expected)
  })

  test('a missing ignore file', () => {
    const { findings } = planOf({ Dockerfile: 'FROM a\nCOPY main.py .\n', 'main.py': 'x = 1\n' }, 'shop')
    expect(findings.services[0]?.defects.map(({ name }) => name)).toEqual(['no .dockerignore'])
  })

  test.each<readonly [string, Readonly<Record<string, string>>]>([
    [
      'dependencies, models, code',
      {
        Dockerfile: `FROM a\nENV HF_HOME=/m\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nRUN ${download}\nCOPY --chown=app . .\nUSER app\n`,
        ...model,
      },
    ],
    ['the cache of the user itself', { Dockerfile: `FROM a\nUSER app\nRUN ${download}\nCOPY . .\n`, ...model }],
    [
      'a shell that gives up by itself',
      {
        Dockerfile: `FROM a\nENV HF_HOME=/m\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN ${download}; echo done\n`,
        ...model,
      },
    ],
    ['an alternative that is none', { Dockerfile: 'FROM a\nRUN command -v curl || apt-get install -y curl\n' }],
    ['words in quotes', { Dockerfile: 'FROM a\nRUN echo "chown -R app /app || true"\n' }],
    ['a chown of one file', { Dockerfile: 'FROM a\nCOPY main.py .\nRUN chown app /app/main.py\n' }],
    ['a comment', { Dockerfile: 'FROM a\n# RUN chown -R app /app\nCOPY main.py .\n' }],
  ])('none in: %s', (_name, files) => {
    expect(defectsOf(files)).toEqual([])
  })

  test('every defect says what mends it and what that saves', () => {
    const { findings } = planOf(
      { ...good, ...model, Dockerfile: `FROM a\nCOPY . .\nRUN ${download} || true\nRUN chown -R app .\nUSER app\n` },
      'shop',
    )
    const defects = findings.services.flatMap((service) => service.defects)
    expect(defects.length).toBeGreaterThanOrEqual(4)
    for (const defect of defects) {
      expect(defect.mend.length).toBeGreaterThan(20)
      expect(defect.saves.length).toBeGreaterThan(10)
    }
  })
})

const pairOf = (dockerfile: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
  const { plan } = planOf({ ...good, Dockerfile: dockerfile, ...more }, 'shop')
  return Object.fromEntries(plan.files.map((file) => [file.path, file.content]))
}

describe('the mended pair', () => {
  test('keeps what the operating system needs, in the base', () => {
    const { 'Dockerfile.base': base = '', 'Dockerfile.app': app = '' } = pairOf(
      [
        'ARG PYTHON=3.11',
        'FROM python:${PYTHON}-slim',
        'ENV DEBIAN_FRONTEND=noninteractive SHOP_MODE=live',
        'RUN apt-get update && apt-get install -y libgomp1 && pip install --upgrade pip',
        'RUN curl -sSf https://example.com/x.sh | sh',
        'COPY requirements.txt .',
        'RUN pip install --extra-index-url https://example.com/simple -r requirements.txt',
        'COPY . .',
        'LABEL team=shop',
        'STOPSIGNAL SIGINT',
        'ENTRYPOINT ["python", "-m"]',
        'CMD ["main"]',
      ].join('\n'),
    )
    expect(base).toContain('ARG PYTHON=3.11\nFROM python:${PYTHON}-slim\n')
    expect(base).toContain('DEBIAN_FRONTEND=noninteractive')
    expect(base).toContain('RUN apt-get update \\\n && apt-get install -y libgomp1 \\\n && pip install --upgrade pip\n')
    expect(base).toContain('RUN curl -sSf https://example.com/x.sh | sh\n')
    expect(base).toContain(
      'pip install --no-cache-dir --extra-index-url https://example.com/simple -r /opt/build/requirements.txt',
    )
    expect(base).not.toMatch(/SHOP_MODE|COPY \. /)
    expect(app).toContain('ENV SHOP_MODE=live\nLABEL team=shop\nSTOPSIGNAL SIGINT\n')
    expect(app).toMatch(/ENTRYPOINT \["python", "-m"\]\nCMD \["main"\]\n$/)
    expect(app).not.toMatch(/^RUN|requirements/m)
  })

  test('gives folders their owner without a copy, and leaves loops whole', () => {
    const { 'Dockerfile.base': base = '' } = pairOf(
      'FROM a\nWORKDIR /srv\nRUN mkdir -p /srv/logs /srv/tmp; for n in 1 2; do echo $n; done\nRUN mkdir /srv/data && useradd -u 1234 web && chown -R web:web /srv && chown -R web /root/.cache\nCOPY . .\nUSER web\n',
    )
    expect(base).toContain('RUN mkdir -p /srv/logs /srv/tmp; for n in 1 2; do echo $n; done\n')
    expect(base).toContain('chown web:web /srv /srv/logs /srv/tmp /srv/data\n')
    expect(base).toContain('--uid 1234 --gid 1234 --create-home web')
    expect(base).not.toMatch(/chown -R|\.cache/)
  })

  test('takes here-documents apart, and leaves whole what `||` joins', () => {
    const { 'Dockerfile.base': base = '' } = pairOf(
      [
        'FROM a',
        'RUN <<EOF',
        'set -e',
        'apt-get update',
        'if true; then',
        '  echo yes',
        'fi',
        'EOF',
        'RUN <<EOF',
        'apt-get install -y curl',
        'pip install -r requirements.txt',
        'EOF',
        'RUN command -v jq || apt-get install -y jq',
        'RUN id app || useradd app',
        'RUN set -ex; pip install -r requirements.txt',
        'COPY . .',
      ].join('\n'),
    )
    expect(base).toContain('RUN <<EOF\nset -e\napt-get update\nif true; then\n  echo yes\nfi\nEOF\n')
    expect(base).toContain('RUN <<EOF\napt-get install -y curl\nEOF\n')
    expect(base).toContain('RUN command -v jq || apt-get install -y jq\n')
    expect(base).not.toMatch(/id app|set -ex/)
  })

  test('says what it could not carry over', () => {
    const { plan } = planOf(
      {
        ...good,
        'setup/run.sh': 'x',
        Dockerfile: 'FROM a AS b\nRUN make\nFROM a\nCOPY --from=b /x /x\nRUN sh setup/run.sh\nCOPY . .\n',
      },
      'shop',
    )
    expect(plan.notes.join('\n')).toMatch(/2 stages/)
    expect(plan.notes.join('\n')).toMatch(/line 4 copies from another stage/)
    expect(plan.notes.join('\n')).toMatch(/line 5 runs a file of the project/)
  })

  test('names the branch in the cache when the code loads by branch and the hub says its commit', () => {
    const commit = '0123456789'.repeat(4)
    const pins = new Map([['a/b', { commit, safetensors: true }]])
    const { plan } = planOf({ ...good, ...model }, 'shop', pins)
    const contents = Object.fromEntries(plan.files.map((file) => [file.path, file.content]))
    expect(contents['rampart.yml']).toContain(`- id: a/b # model.py:1\n          revision: "${commit}"`)
    expect(contents['Dockerfile.base']).toContain(`revision='${commit}', ignore_patterns=['*.bin', `)
    expect(contents['Dockerfile.base']).toContain(`printf %s ${commit} > "$HF_HOME/hub/models--a--b"/refs/main`)
  })
})
