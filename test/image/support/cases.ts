import type { Files } from './project.js'

/** A build to do twice; `BASE` in the Dockerfile stands for the base's name. */
export interface Case {
  readonly name: string
  readonly dockerfile: string
  readonly files: Files
  readonly buildArgs?: Readonly<Record<string, string>>
}

const app: Files = {
  'app.py': 'print("app")\n',
  'run.sh': { script: '#!/bin/sh\n' },
  'requirements.txt': 'fastapi\n',
  'src/main.py': 'main\n',
  'src/util/helper.py': 'helper\n',
  'src/util/__pycache__/helper.pyc': 'compiled',
  'src/empty': null,
  'src/start': { link: 'main.py' },
  'src/outside': { link: '../../../../etc/passwd' },
  shortcut: { link: 'src/util' },
  'file link': { link: 'app.py' },
  loop: { link: 'loop' },
  'with space/a file': 'spaces\n',
  'ünïcode/ß.txt': 'ß\n',
  '[odd]/x': 'odd\n',
  'a*b': 'star\n',
}

function one(name: string, body: string, more: Files = {}, buildArgs?: Case['buildArgs']): Case {
  return {
    name,
    dockerfile: `FROM BASE\n${body}\n`,
    files: { ...app, ...more },
    ...(buildArgs !== undefined && { buildArgs }),
  }
}

/** Cases written by hand, each for a rule that is easy to get wrong. */
export const trickyCases: readonly Case[] = [
  one('a directory gives its contents', 'COPY src /app/src'),
  one('a directory into one that exists', 'COPY src /odd\nCOPY src/util /odd/deep'),
  one('an existing subdirectory takes the mode and owner of what is copied', 'COPY d /odd', { 'd/deep/x': 'x' }),
  one('a file into a directory without a slash', 'COPY app.py /odd\nCOPY app.py /new'),
  one('a file under another name', 'COPY app.py /srv/other.py\nCOPY app.py /srv/'),
  one('the whole context', 'COPY . .', { '.dockerignore': 'loop\n' }),
  one('the whole context with a link in a circle', 'COPY . /all/'),
  one('a link that is named is followed', 'COPY shortcut /s/\nCOPY ["file link", "/t/"]\nCOPY src/start /u'),
  one('a link in the middle of a source', 'COPY shortcut/helper.py /h/'),
  one('a link in a circle', 'COPY loop /loop'),
  one(
    'links of the base are followed',
    'COPY app.py /bin/\nCOPY src /link/\nCOPY run.sh /bin/tool\nCOPY src /link/new',
  ),
  one('a link of the base to a file', 'COPY app.py /filelink'),
  one('a link of the base to nowhere', 'COPY app.py /dangling\nCOPY app.py /dangling/x/'),
  one('a file over a directory', 'COPY app.py /odd/deep/../../odd/deep'),
  one('a file onto a directory inside a copy', 'COPY d /odd', { 'd/deep': 'file' }),
  one('a directory onto a file', 'COPY src /new\nCOPY app.py /file\nCOPY src /file'),
  one('a directory below a file', 'COPY app.py /file\nCOPY src /file/below/'),
  one('a later copy wins', 'COPY app.py /x/f\nCOPY requirements.txt /x/f\nCOPY run.sh /x/f'),
  one('names of owners', 'COPY --chown=app src /a\nCOPY --chown=app:staff src /b\nCOPY --chown=odd:0 app.py /c/d/e'),
  one('numbers of owners', 'COPY --chown=1234 app.py /a/\nCOPY --chown=5:6 app.py /b/\nCOPY --chown=root:9 app.py /c/'),
  one('an owner without a user', 'COPY --chown=:9 app.py /c/'),
  one('modes', 'COPY --chmod=700 src /a\nCOPY --chmod=0640 app.py /b/\nCOPY --chmod=755 app.py run.sh /c/'),
  one('wildcards', 'COPY *.py r*.s? /a/\nCOPY src/u*/h*.py /b/\nCOPY [a-r]*.py /c/\nCOPY with* /d/'),
  one('a wildcard that matches a directory and a file', 'COPY src/* /a/'),
  one('a wildcard that matches nothing', 'COPY *.nothing app.py /a/'),
  one('a wildcard that matches nothing at all', 'COPY *.nothing /a/'),
  one('a wildcard below a file', 'COPY app.py/* run.sh /a/'),
  one('a wildcard below nothing', 'COPY nothing/* run.sh /a/'),
  one('an escaped wildcard', 'COPY a\\*b /a/\nCOPY [[]odd]/x /b/'),
  one('a malformed wildcard', 'COPY [[]odd[]]/x /b/'),
  one('a source that is not there', 'COPY nothing /a/'),
  one('a source out of the context', 'COPY ../app.py /a/\nCOPY ../../src /b'),
  one('sources with a dot or a slash', 'COPY ./app.py /src/ /a/\nCOPY src/. /b\nCOPY src/util/../main.py /c/'),
  one('destinations with dots', 'WORKDIR /w/x\nCOPY app.py ..\nCOPY app.py ../y\nCOPY app.py ./\nCOPY app.py sub/.'),
  one('spaces and other characters', 'COPY ["with space/a file", "/a b/c d"]\nCOPY ünïcode /ünïcode/'),
  one('WORKDIR adds up', 'WORKDIR rel\nWORKDIR a/b\nCOPY app.py .\nWORKDIR /abs\nWORKDIR ../up\nCOPY app.py x'),
  one('WORKDIR belongs to the user', 'USER app\nWORKDIR /mine/sub\nCOPY app.py ./\nUSER 12:13\nWORKDIR /other'),
  one('WORKDIR that exists', 'USER app\nWORKDIR /odd/deep\nWORKDIR /link/below\nWORKDIR /'),
  one('ENV in both forms', 'ENV A=1 B="two words" C=a\\ b D=\'$A\'\nENV E  the whole  line $A\nENV A=2 F=$A\nENV G=$A'),
  one(
    'ENV sees the base',
    'ENV PATH=/x:$PATH NEW=${BASE_DIR}/sub EMPTY2=$EMPTY\nCOPY app.py $BASE_DIR/\nCOPY src ${NEW}',
  ),
  one(
    'substitutions',
    'ENV a=x e=\nENV r1=${a:-w} r2=${b:-w} r3=${e:-w} r4=${a:+w} r5=${b:+w} r6=${e:+w} r7="${b:-$a}" r8=${b:-"q r"} r9=\\$a r10="\\$a" r11=\'${a}\' r12=$$ r13=$1x r14=${a}b$a-c',
  ),
  one('ARG and build arguments', 'ARG V=1\nARG W\nARG X=$V\nENV V2=$V W2=$W X2=$X\nCOPY app.py /$V/', {}, { V: '7' }),
  {
    name: 'global ARG',
    dockerfile: 'ARG V=3\nARG B=BASE\nFROM $B\nENV A=$V\nARG V\nENV C=$V\nARG D=$V-d\nENV E=$D\n',
    files: app,
  },
  one('ARG over ENV and back', 'ENV V=env\nARG V=arg\nENV A=$V\nENV V=again\nENV B=$V'),
  one('platform arguments', 'ARG TARGETARCH\nARG TARGETOS\nENV T=$TARGETOS-$TARGETARCH U=$TARGETPLATFORM'),
  one('labels', 'LABEL a=b "c d"="e f" of=app\nLABEL g h i\nLABEL k=$BASE_DIR l=\'$BASE_DIR\' m="x\\\ny"'),
  one('CMD and ENTRYPOINT in both forms', 'CMD echo $HOME "x"\nENTRYPOINT ["a", "b \\"c\\" \\u00e9"]'),
  one('ENTRYPOINT takes the CMD of the base away', 'ENTRYPOINT ["x"]'),
  one('ENTRYPOINT leaves the CMD of the file', 'CMD ["y"]\nENTRYPOINT x y'),
  one('CMD that is no JSON', "CMD ['a', 'b']\nENTRYPOINT [ \"a\", ]"),
  one('an empty CMD', 'CMD []\nENTRYPOINT []'),
  one('SHELL', 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD run it\nHEALTHCHECK CMD check it'),
  one('EXPOSE', 'ENV P="80 81/udp"\nEXPOSE $P 443/TCP 9000-9002 127.0.0.1:5000:5001'),
  one('VOLUME and STOPSIGNAL', 'VOLUME /data /logs\nVOLUME ["/a b", "$BASE_DIR"]\nSTOPSIGNAL SIGQUIT'),
  one('STOPSIGNAL by number', 'STOPSIGNAL 9\nUSER ${U:-app}:staff\nMAINTAINER Some $One'),
  one('a health check', 'HEALTHCHECK --interval=1m30s --timeout=2.5s --start-period=0.5h --retries=7 CMD ["a", "b"]'),
  one('a health check in the shell form', 'HEALTHCHECK --interval=5s  cmd curl -f http://localhost/ || exit 1'),
  one('no health check', 'HEALTHCHECK NONE'),
  one(
    'comments, continuations and case',
    '# comment\ncopy app.py \\\n  # inside\n\n   run.sh \\  \n /c/\nenv A=1 \\\n # x\n B=2\n  Label x=y\\\n z',
  ),
  {
    name: 'another escape character',
    dockerfile: '# escape=`\nFROM BASE\nENV A=`$x B="`"" C=a` b D=c:\\d\nCOPY app.py `\n /c/\n',
    files: app,
  },
  {
    name: 'carriage returns',
    dockerfile: 'FROM BASE\r\nCOPY app.py \\\r\n /c/\r\nENV A=b\r\nCMD run it\r\n',
    files: app,
  },
  {
    name: 'a byte order mark',
    dockerfile: '\uFEFFFROM BASE\nCOPY app.py /c/\n',
    files: { ...app, '.dockerignore': '\uFEFFsrc\n' },
  },
  { name: 'FROM with a name', dockerfile: 'FROM --platform=linux/amd64 BASE AS final\nCOPY app.py /\n', files: app },
  { name: 'nothing but FROM', dockerfile: 'FROM BASE\n', files: app },
  one('ADD of plain files', 'ADD --chown=1:2 app.py src /a/'),
  ...(
    [
      ['a directory and an exception below it', 'src\n!src/util\n'],
      ['all and exceptions', '*\n!src/main.py\n!app.py\n'],
      ['all and a directory', '*\n!src\n'],
      ['any depth', '**/*.py\n**/__pycache__\n'],
      ['a later line wins', '!app.py\napp.py\nrequirements.txt\n!requirements.txt\n'],
      ['slashes and white space', '/src/util/\n  run.sh  \n./app.py\n!/src/util/helper.py\n'],
      ['comments and empty lines', '# app.py\n\n   \n #x\nrun.sh\n'],
      ['question marks and classes', '?pp.py\n[r]un.sh\nwith\\ space\n'],
      ['the files that Docker reads itself', 'Dockerfile\n.dockerignore\n'],
      ['double stars in the middle', 'src/**/helper.*\n'],
      ['a directory by double stars', '**/util\n'],
      ['what is below but not itself', 'src/**\n'],
      ['climbing paths', 'src/../app.py\n'],
    ] as const
  ).map(([name, text]) => one(`ignore file: ${name}`, 'COPY . /all/', { '.dockerignore': text, loop: 'no link' })),
  one('an ignore file of the Dockerfile itself', 'COPY . /all/', {
    '.dockerignore': 'app.py\n',
    'Dockerfile.dockerignore': 'src\n',
    loop: 'no link',
  }),
  one('a source that the ignore file leaves out', 'COPY src/main.py /a/', { '.dockerignore': 'src\n' }),
  one('long paths', `COPY deep /deep/`, { [`deep/${'d'.repeat(90)}/${'e'.repeat(120)}/ü${'f'.repeat(100)}`]: 'long' }),
]
